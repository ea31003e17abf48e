"""The policy `narrative`: what a disease or a drug is a kind of, what is acute, what nobody diagnosed, what shows only later."""

import pytest

from trialist.evaluation.classes import read_classes
from trialist.evaluation.policy import NARRATIVE, STRICT, Policy
from trialist.evaluation.terms import read_terms
from trialist.evaluation.verdict import Assessment, Class, Result

from support.judging import judge, noted, only


def judged(text: str, line: str, kind: str = "Exclusion", policy: Policy = NARRATIVE) -> Assessment:
    verdict = judge(line, noted(text), kind, policy)
    assert verdict.verdict is not Class.ELIGIBLE
    return only(verdict)


@pytest.mark.parametrize(
    ("told", "line", "wanted"),
    [
        # by definition it is one
        ("has Parkinson's disease", "Neurodegenerative disease", Result.NOT_MET),
        ("has epilepsy", "Seizure disorder", Result.NOT_MET),
        ("has angina", "Ischemic heart disease", Result.NOT_MET),
        ("takes diazepam", "Benzodiazepines", Result.NOT_MET),
        ("takes warfarin", "Vitamin K antagonists", Result.NOT_MET),
        ("takes acyclovir", "Antiviral therapy", Result.NOT_MET),
        # it may be one, or be given for it: silence says nothing
        ("has Crohn's disease", "Autoimmune disease", Result.UNKNOWN),
        ("has HIV infection", "Immunosuppression", Result.UNKNOWN),
        ("has pneumonia", "Respiratory infection", Result.UNKNOWN),
        ("takes insulin", "Diabetes mellitus", Result.UNKNOWN),
        ("takes prednisone", "Immunosuppressive therapy", Result.UNKNOWN),
        ("underwent cholecystectomy", "Major surgery", Result.UNKNOWN),
        ("has a history of depression", "Active mood disorder", Result.UNKNOWN),
        ("has possible Parkinson's disease", "Neurodegenerative disease", Result.UNKNOWN),
        # what is another thing stays absent by silence
        ("takes warfarin", "Antiviral therapy", Result.MET),
        ("has Parkinson's disease", "Ischemic heart disease", Result.MET),
        ("has no epilepsy", "Benzodiazepines", Result.MET),
    ],
)
def test_kinds(told: str, line: str, wanted: Result):
    assert judged(f"A 58-year-old man {told}.", line).result is wanted
    assert judged(f"A 58-year-old man {told}.", line, policy=STRICT).result is not Result.MET


def test_what_was_stopped_long_ago_is_not_taken_now():
    one = judged("A 58-year-old man stopped diazepam 2 years ago.", "Current use of benzodiazepines")
    assert one.result is not Result.NOT_MET


def test_the_family_s_drugs_are_not_the_patient_s():
    assert judged("A 58-year-old man. His mother takes diazepam.", "Benzodiazepines").result is Result.MET


def test_the_classes_are_of_things_that_exist():
    concepts = read_terms().concepts
    assert all(one in concepts for row in read_classes() for one in row.ids)


@pytest.mark.parametrize(
    ("text", "line", "wanted"),
    [
        ("A man was hospitalized with chest pain.", "Any acute illness", Result.NOT_MET),
        ("A man was hospitalized with chest pain.", "Moderate or severe acute illness", Result.NOT_MET),
        (
            "A man was hospitalized with chest pain.",
            "Acute disease at the time of enrolment. Acute disease is defined as a moderate or severe illness.",
            Result.NOT_MET,
        ),
        ("A man with fever and chills.", "Any acute illness", Result.NOT_MET),
        ("A man with fever and chills.", "Moderate or severe acute illness", Result.UNKNOWN),
        ("A man with back pain.", "Any acute illness", Result.UNKNOWN),
        (
            "A man with back pain was hospitalized 2 years ago. He has diarrhea.",
            "Any acute illness",
            Result.UNKNOWN,
        ),
        ("A man with fever and chills.", "History of acute illness", Result.UNKNOWN),
    ],
)
def test_acute_illness(text: str, line: str, wanted: Result):
    assert judged(text, line).result is wanted


def test_signs_are_no_diagnosis_that_somebody_made():
    text = "A 66-year-old man who is a heavy smoker with dyspnea and a barrel-shaped chest."
    assert judged(text, "COPD").result is Result.NOT_MET
    assert judged(text, "Diagnosis of COPD").result is Result.UNKNOWN
    assert judged(text, "Diagnosis or suspicion of COPD").result is Result.NOT_MET


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("MRI images unable to be processed", Result.NOT_APPLICABLE),
        ("Lost to follow-up", Result.NOT_APPLICABLE),
        ("Failure to provide a urine sample", Result.NOT_APPLICABLE),
        ("Failure to provide informed consent", Result.UNKNOWN),
        ("Failure to thrive", Result.MET),
    ],
)
def test_what_only_the_study_shows(line: str, wanted: Result):
    assert judged("A 58-year-old man has migraine.", line).result is wanted


def test_a_clouded_mind_is_no_silence_on_coma():
    assert judged("A drowsy 58-year-old man.", "Coma").result is Result.UNKNOWN
    assert judged("A 58-year-old man with migraine.", "Coma").result is Result.MET


def test_what_is_left_open_shows_what_the_note_tells_of_it():
    one = judged("A 58-year-old man has a lung mass.", "Stage IV lung cancer", "Inclusion")
    assert one.result is Result.UNKNOWN
    assert [item.fact.surface for item in one.evidence if item.fact] == ["lung mass"]
    assert not judged("A 58-year-old man has migraine.", "Stage IV lung cancer", "Inclusion").evidence
