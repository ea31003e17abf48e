"""The policy `narrative`: what a note is silent on, what it is not, and what silence never does."""

import pytest

from trialist.criteria import parse_criteria
from trialist.evaluation.evaluate import evaluate
from trialist.evaluation.policy import NARRATIVE, STRICT, find_policy
from trialist.evaluation.verdict import Class, Result
from trialist.patient.facts import Patient

from support.judging import DAY, judge, noted, only

NOTE = """A 58-year-old woman with heart failure takes furosemide. Her blood pressure is 130/80 mmHg.
She will provide informed consent, and will comply with the protocol."""


def patient(text: str = NOTE) -> Patient:
    return noted(text)


def result(line: str, kind: str = "Exclusion", policy=NARRATIVE, of: Patient | None = None) -> Result:
    one = only(judge(line, of or patient(), kind, policy))
    if one.result is Result.MET and one.rests_on_absence:
        assert any(item.kind == "absence" for item in one.assumptions)
    return one.result


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("Asthma", Result.MET),
        ("History of stroke", Result.MET),
        ("Treatment with rituximab", Result.MET),
        ("Allergy to penicillin", Result.MET),
        ("Participation in another clinical trial", Result.MET),
        ("Tattoos", Result.MET),  # not understood, and no word of it is there
        ("Heart failure", Result.NOT_MET),
        (
            "Uncontrolled heart failure",
            Result.UNKNOWN,
        ),  # it is there: silence does not say that it is controlled
        ("Platelets < 100 x 10^9/L", Result.UNKNOWN),
        ("Positive HIV test", Result.UNKNOWN),
        ("EGFR mutation", Result.UNKNOWN),
        ("Pregnancy", Result.MET),  # nobody is asked at 58
        ("Life expectancy less than 3 months", Result.MET),
        ("Any reason in the opinion of the investigator", Result.MET),
        ("Planned surgery", Result.MET),
        ("Intraoperative unresectability", Result.UNKNOWN),  # only the operation will show it
    ],
)
def test_exclusions(line: str, wanted: Result):
    assert result(line) is wanted
    assert result(line, policy=STRICT) in (wanted, Result.UNKNOWN)


def test_silence_says_nothing_of_a_pregnancy_that_could_be():
    assert result("Pregnancy", of=patient("A 31-year-old woman with asthma.")) is Result.UNKNOWN


def test_a_word_of_it_in_the_note_is_not_silence():
    doubted = patient("A 58-year-old woman. Possible asthma.")
    assert result("Asthma", of=doubted) is Result.UNKNOWN


def test_who_is_not_known_from_a_note_is_silent_on_nothing():
    assert result("Asthma", of=Patient()) is Result.UNKNOWN


def test_what_is_required_and_not_mentioned_excludes_nobody():
    verdict = judge("Asthma", patient(), "Inclusion")
    assert verdict.verdict is Class.UNDETERMINED


def test_nobody_is_eligible_by_silence():
    criteria = parse_criteria(
        "Inclusion Criteria:\n\n* Age 18 years or older\n\nExclusion Criteria:\n\n* Asthma"
    )
    verdict = evaluate(criteria, patient(), DAY, NARRATIVE)
    assert verdict.verdict is Class.UNDETERMINED
    assert verdict.is_open_for_persons_only
    assert [one.what for one in verdict.confirmations] == ["what the note does not state"]


def test_consent_is_promised_and_ability_is_not():
    assert result("Written informed consent", "Inclusion") is Result.MET
    assert result("Able to swallow tablets", "Inclusion") is Result.UNKNOWN


def test_it_has_a_name_and_is_not_the_default():
    assert find_policy("narrative") is NARRATIVE
    assert not STRICT.takes_silence


def note(text: str, line: str, kind: str = "Exclusion", policy=NARRATIVE) -> Result:
    return result(line, kind, policy, patient(text))


def test_a_reading_that_is_doubted_as_a_whole_stands_and_is_told():
    line = "Recent or confirmed history of opioid use or alcohol abuse"
    (one,) = judge(line, patient()).assessments
    assert one.result is Result.MET
    assert any(item.kind == "manner" and "what was read" in item.words for item in one.assumptions)
    assert result(line, policy=STRICT) is Result.UNKNOWN


def test_taking_part_elsewhere_is_no_promise_and_a_plan_is_not_silent():
    elsewhere = "Participation in the 6 weeks before, or planned participation, in another trial of a drug"
    assert result(elsewhere) is Result.MET
    line = "Planning to leave the city or to be away for long in the course of the study"
    assert result(line) is Result.UNKNOWN


@pytest.mark.parametrize(
    ("text", "line", "wanted"),
    [
        ("A 40-year-old man vomits blood; he has hematemesis.", "Esophageal varices", Result.UNKNOWN),
        ("A 40-year-old man has a headache.", "Esophageal varices", Result.MET),
        ("A 40-year-old man has a cough.", "Chest CT shows emphysema", Result.UNKNOWN),
        (
            "A 40-year-old man has a cough. CT of the chest was normal.",
            "Chest CT shows emphysema",
            Result.MET,
        ),
        ("A 40-year-old man with hypertension.", "Hyperkalemia", Result.MET),
        ("A 40-year-old man with hypertension.", "Hypertension", Result.NOT_MET),
        (
            "A 40-year-old man has a cough.",
            "Impaired renal function (creatinine clearance < 20 ml/min)",
            Result.MET,
        ),
        (
            "A 40-year-old man. Creatinine clearance 15 mL/min.",
            "Impaired renal function (creatinine clearance < 20 ml/min)",
            Result.NOT_MET,
        ),
        (
            "A 40-year-old man. Serum creatinine 1.3 mg/dL.",
            "Chronic increase of serum creatinine > 2 mg/dl",
            Result.MET,
        ),
        (
            "A 40-year-old man. Serum creatinine 2.9 mg/dL.",
            "Chronic increase of serum creatinine > 2 mg/dl",
            Result.UNKNOWN,
        ),
    ],
)
def test_what_silence_says_of_causes_examinations_and_definitions(text: str, line: str, wanted: Result):
    assert note(text, line) is wanted
    assert note(text, line, policy=STRICT) in (wanted, Result.UNKNOWN)


def test_an_infection_by_one_kind_of_organism_is_none_by_another():
    text = "A 40-year-old man has a CMV infection."
    assert note(text, "Uncontrolled bacterial or fungal infection") is Result.MET
    assert note(text, "Uncontrolled bacterial or fungal infection", policy=STRICT) is Result.UNKNOWN
    assert note(text, "Viral infection") is not Result.MET


def test_what_is_asked_of_who_was_transplanted_alone_is_asked_of_nobody_else():
    line = "Patients who have had a stem cell transplant must be at least 30 days after the infusion"
    grafted = "A 40-year-old man had an allogeneic stem cell transplant."
    assert result(line, "Inclusion") is Result.NOT_APPLICABLE
    assert note(grafted, line, "Inclusion") is not Result.NOT_APPLICABLE
    assert result("Active acute GVHD grades II-IV") is Result.NOT_APPLICABLE
    assert note(grafted, "Active acute GVHD grades II-IV") is Result.UNKNOWN
    assert result("Active acute GVHD grades II-IV", policy=STRICT) is Result.UNKNOWN
    assert result("Active acute GVHD grades II-IV", "Inclusion") is not Result.NOT_APPLICABLE


def test_who_passes_because_it_is_not_asked_is_confirmed_by_a_person():
    text = "Inclusion Criteria:\n\n* Heart failure\n\nExclusion Criteria:\n\n* Active acute GVHD grades II-IV"
    verdict = evaluate(parse_criteria(text), patient(), DAY, NARRATIVE)
    assert verdict.verdict is Class.UNDETERMINED
    assert "what the note does not state" in [one.what for one in verdict.confirmations]


def test_what_has_to_be_given_up_is_a_promise():
    line = "Patients must discontinue taking any NSAIDs within one month of treatment"
    assert result(line, "Inclusion") is Result.MET
    assert note("A 40-year-old man has a cough.", line, "Inclusion") is Result.UNKNOWN
    assert result(line, "Inclusion", STRICT) is not Result.MET


def test_all_words_of_a_requirement_may_be_signs_that_are_told():
    text = "A 40-year-old man with snoring and excessive sleepiness."
    assert note(text, "Snoring and sleepiness", "Inclusion") is Result.MET
    assert note("A 40-year-old man with snoring.", "Snoring and sleepiness", "Inclusion") is not Result.MET


def test_the_words_of_a_sign_go_on_beyond_a_name():
    text = "A 40-year-old man sustained a skull fracture."
    assert note(text, "Craniofacial fracture", "Inclusion") is Result.MET
    assert (
        note("A 40-year-old man sustained a fracture of the ankle.", "Craniofacial fracture", "Inclusion")
        is Result.UNKNOWN
    )
