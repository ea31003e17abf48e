"""The policy `narrative`: ages by name, names of one thing, diagnoses by description, classes of drugs, what is half told."""

import pytest

from trialist.evaluation.policy import NARRATIVE, STRICT, Policy
from trialist.evaluation.terms import is_same_name
from trialist.evaluation.verdict import Assessment, Class, Result

from support.judging import judge, noted, only


def judged(text: str, line: str, kind: str = "Exclusion", policy: Policy = NARRATIVE) -> Assessment:
    verdict = judge(line, noted(text), kind, policy)
    one = only(verdict)
    if any(item.kind in {"absence", "inference", "manner"} for item in one.assumptions):
        assert verdict.verdict is not Class.ELIGIBLE
    return one


@pytest.mark.parametrize(
    ("age", "line", "wanted"),
    [
        ("78-year-old woman", "Children", Result.NOT_MET),
        ("4-year-old boy", "Children", Result.MET),
        ("15-year-old boy", "Children", Result.UNKNOWN),  # a child to some, to others none
        ("24-year-old man", "Adult patients", Result.MET),
        ("62-year-old man", "Elderly patients", Result.UNKNOWN),
        ("71-year-old man", "Elderly patients", Result.MET),
        ("24-year-old man", "Pediatric patients with asthma", Result.NOT_MET),
        ("5-week-old girl", "Neonates", Result.NOT_MET),
        ("9-day-old girl", "Neonates", Result.MET),
        ("78-year-old woman", "Girls or boys 4 months to 15 years 6 months of age", Result.NOT_MET),
        ("14-year-old girl", "Girls or boys 4 months to 15 years 6 months of age", Result.MET),
        ("5-week-old girl", "Age: 7 weeks to 3 years", Result.NOT_MET),
        ("24-year-old man", "Adolescents 13-16 years", Result.NOT_MET),
    ],
)
def test_groups_of_age(age: str, line: str, wanted: Result) -> None:
    one = judged(f"A {age} has a fever.", line, "Inclusion")
    assert one.result is wanted


def test_a_group_among_alternatives_is_of_whom_the_rest_is_said() -> None:
    one = judged("A 9-year-old boy has a fever.", "Children or relatives who dislike needles")
    assert one.result is not Result.NOT_MET


def test_a_group_is_told_as_an_assumption_and_read_by_no_other_policy() -> None:
    one = judged("A 24-year-old man has a fever.", "Children", "Inclusion")
    assert "manner" in [item.kind for item in one.assumptions]
    assert judged("A 24-year-old man has a fever.", "Children", "Inclusion", STRICT).result is Result.UNKNOWN


@pytest.mark.parametrize(
    ("told", "line", "wanted"),
    [
        # one thing by two names
        ("has idiopathic pulmonary fibrosis", "Diagnosis of IPF", Result.NOT_MET),
        ("has an ischemic stroke", "Cerebral infarction", Result.NOT_MET),
        # a description that is one by published criteria
        ("has facial droop, and CT shows occlusion of the left middle cerebral artery", "Ischemic stroke", Result.NOT_MET),
        ("has scaly red plaques, and the PASI score is 14", "Psoriasis", Result.NOT_MET),
        ("has a urethral discharge with intracellular gram-negative diplococci", "Gonorrhea", Result.NOT_MET),
        ("has cirrhosis and a nodule with arterial enhancement and washout", "Hepatocellular carcinoma", Result.NOT_MET),
        ("drinks a bottle of vodka daily", "Alcohol abuse", Result.NOT_MET),
        ("reports intravenous drug use", "Substance abuse", Result.NOT_MET),
        # one of the class, however the class is called
        ("takes prednisolone", "Use of a corticosteroid medication", Result.NOT_MET),
        ("takes amphotericin B", "Any antifungal agent", Result.NOT_MET),
        ("takes tenofovir", "Antiviral drugs", Result.NOT_MET),
        # what is low is impaired, and may be what the words are
        ("has a creatinine clearance of 41 mL/min", "Renal impairment", Result.NOT_MET),
        ("has a creatinine clearance of 41 mL/min", "Renal failure", Result.UNKNOWN),
        ("has a creatinine clearance of 91 mL/min", "Renal impairment", Result.MET),
        # an overt stroke is what a note calls one
        ("had a stroke two years ago", "History of overt stroke", Result.NOT_MET),
        # another allergy is no sign of this one
        ("is allergic to penicillin", "Allergy to cranberry", Result.MET),
        ("is allergic to penicillin", "Allergy to beta-lactams", Result.NOT_MET),
        # the heart rate speaks of no disease of the heart, nor an immunization of the immunity
        ("has a heart rate of 84/min", "Heart failure", Result.MET),
        ("has had all immunizations", "Immunodeficiency", Result.MET),
    ],
)  # fmt: skip
def test_what_a_note_tells_otherwise(told: str, line: str, wanted: Result) -> None:
    one = judged(f"A 58-year-old man {told}.", line)
    assert one.result is wanted


@pytest.mark.parametrize(
    ("who", "line", "wanted"),
    [
        ("54-year-old postmenopausal woman", "Pregnancy or lactation", Result.MET),
        ("72-year-old woman", "Pregnant or breast-feeding women", Result.MET),
        ("6-year-old girl", "Pregnancy", Result.MET),
        ("31-year-old woman", "Pregnancy", Result.UNKNOWN),
    ],
)
def test_who_cannot_be_pregnant(who: str, line: str, wanted: Result) -> None:
    assert judged(f"A {who} has a fever.", line).result is wanted


NURSING_OR = "Women who are pregnant, nursing, or, of childbearing potential, unwilling to use a condom or other contraception"


def test_who_nurses_is_excluded_whatever_she_promises() -> None:
    assert judged("A 31-year-old woman is breastfeeding.", NURSING_OR).result is Result.NOT_MET


def test_what_is_asked_of_women_and_men_together_excludes_neither() -> None:
    line = "Women of childbearing potential and non-sterile fertile men must agree to use contraception"
    for policy in (STRICT, NARRATIVE):
        assert judged("A 58-year-old man has asthma.", line, "Inclusion", policy).result is not Result.NOT_MET


def test_what_is_told_and_open_is_not_decided_by_silence_on_the_rest() -> None:
    line = "Recent antibiotic therapy for a carbuncle of the neck"
    one = judged("A 58-year-old man had clindamycin.", line)
    assert one.result is not Result.MET


def test_a_sentence_that_takes_a_part_of_itself_back_is_left_open() -> None:
    line = "Active cancer except a basalioma. Former cancers are not an exclusion"
    assert (
        judged("A 58-year-old man. A melanoma was removed two years ago.", line).result is not Result.NOT_MET
    )


def test_an_inference_shows_all_that_it_rests_on() -> None:
    told = "A 62-year-old man has headache. He has tremor at rest. He has cogwheel rigidity. He has bradykinesia."
    one = judged(told, "Parkinson's disease")
    shown = {item.fact.surface.casefold() for item in one.evidence if item.fact is not None}
    assert {"tremor at rest", "cogwheel rigidity", "bradykinesia"} <= shown


def test_what_the_patient_agrees_to_is_shown_where_it_is_asked() -> None:
    told = "A 58-year-old man. He will provide informed consent, and will comply with the trial protocol."
    one = judged(told, "Expected lack of compliance in the view of the doctor")
    assert one.evidence


def test_names_of_one_thing() -> None:
    assert is_same_name("ipf", "idiopathic pulmonary fibrosis")
    assert is_same_name("asthma", "asthma")
    assert not is_same_name("asthma", "ipf")
    assert not is_same_name("asthma", "copd")
