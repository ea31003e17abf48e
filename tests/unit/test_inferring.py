"""What the policy `narrative` infers and leaves out, where it may not, and that no other policy does."""

import pytest

from trialist.evaluation.inferring import infer, read_inferences
from trialist.evaluation.policy import NARRATIVE, SCREENING, STRICT, Policy
from trialist.evaluation.terms import read_terms
from trialist.evaluation.verdict import Class, Verdict
from trialist.patient.facts import FactKind
from trialist.patient.note_rules import read_rules

from support.judging import DAY, judge, noted, only

PROMISE = "She will provide informed consent, and will comply with the protocol."


def judged(text: str, line: str, kind: str = "Exclusion", policy: Policy = NARRATIVE) -> Verdict:
    return judge(line, noted(text), kind, policy)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("A 61-year-old man. His blood pressure is 162/95 mmHg.", "hypertension"),
        ("A 40-year-old man takes tacrolimus.", "immunodeficiency"),
        ("A 44-year-old woman with fever, headache and nuchal rigidity.", "meningitis"),
        (
            "A 30-year-old woman has photosensitivity, oral ulcers, thrombocytopenia and a positive ANA.",
            "sle",
        ),
        (
            "A 66-year-old man who smokes heavily is a heavy smoker with dyspnea and a barrel-shaped chest.",
            "copd",
        ),
        ("A 52-year-old woman after hysterectomy.", "sterile"),
        ("A 70-year-old woman with melena.", "gi_bleeding"),
    ],
)
def test_what_follows(text: str, wanted: str):
    found = [one for one in infer(noted(text), DAY) if one.fact.id == wanted]
    assert found
    assert found[0].used or wanted == "postmenopausal"
    assert found[0].fact.note
    assert found[0].fact.origin.document == "inferred"


@pytest.mark.parametrize(
    ("text", "unwanted", "why"),
    [
        ("A 61-year-old man. His blood pressure is 128/80 mmHg.", "hypertension", "not high"),
        ("A 9-year-old boy. His blood pressure is 145/95 mmHg.", "hypertension", "the limit is of adults"),
        ("A 44-year-old woman with fever and headache. No nuchal rigidity.", "meningitis", "one is denied"),
        ("Her mother takes tacrolimus.", "immunodeficiency", "it is the mother"),
        (
            "A 61-year-old man with no hypertension. His blood pressure is 162/95 mmHg.",
            "hypertension",
            "the note denies it",
        ),
        (
            "A 61-year-old man, possible hypertension. His blood pressure is 162/95 mmHg.",
            "hypertension",
            "the note doubts it",
        ),
    ],
)
def test_what_does_not_follow(text: str, unwanted: str, why: str):
    assert not [one for one in infer(noted(text), DAY) if one.fact.id == unwanted], why


@pytest.mark.parametrize("policy", [STRICT, SCREENING])
def test_no_other_policy_infers(policy: Policy):
    one = only(judged("A 61-year-old man. His blood pressure is 162/95 mmHg.", "Hypertension", policy=policy))
    assert one.effect == "open"
    assert not one.is_assumed


def test_an_exclusion_by_inference_leaves_the_trial_open():
    verdict = judged("A 61-year-old man. His blood pressure is 162/95 mmHg.", "Hypertension")
    one = only(verdict)
    assert one.effect == "excludes"
    assert [item.kind for item in one.assumptions] == ["inference"]
    assert any("162/95" in item.origin for item in one.evidence)
    assert verdict.verdict is Class.UNDETERMINED
    assert any("inferred" in need.why for need in verdict.missing)


def test_a_requirement_met_by_inference_makes_nobody_eligible():
    verdict = judged("A 61-year-old man. His blood pressure is 162/95 mmHg.", "Hypertension", "Inclusion")
    assert only(verdict).effect == "allows"
    assert verdict.verdict is Class.UNDETERMINED


def test_what_is_inferred_fails_no_requirement_through_a_without():
    text = "A 61-year-old man. His blood pressure is 162/95 mmHg."
    assert only(judged(text, "No hypertension", "Inclusion")).effect == "open"


@pytest.mark.parametrize(
    ("line", "kind", "effect"),
    [
        ("Autoimmune disease based on medical history and physical examination", "Exclusion", "allows"),
        ("Asthma as defined by the Global Society of Lungs", "Exclusion", "allows"),
        (
            "Informed consent obtained from the patient or legally authorized representative",
            "Inclusion",
            "allows",
        ),
        ("Able to provide written informed consent", "Inclusion", "allows"),
        ("Allergy to contrast", "Exclusion", "allows"),
        ("Unable to undergo MRI", "Exclusion", "allows"),
        ("Abnormal blood counts (platelets less than 100,000/ul)", "Exclusion", "open"),
        ("Any other serious underlying disease", "Exclusion", "open"),
        ("Not considered a candidate for zorbology", "Inclusion", "open"),
        ("CXZD", "Exclusion", "open"),  # an abbreviation may stand in the note in full
    ],
)
def test_how_a_sentence_is_taken(line: str, kind: str, effect: str):
    assert only(judged(f"A 58-year-old woman has migraine. {PROMISE}", line, kind)).effect == effect


def test_an_event_of_another_time_was_the_only_one():
    text = "A 72-year-old man had a myocardial infarction 2 years ago."
    line = "Myocardial infarction within 3 months"
    assert only(judged(text, line)).effect == "allows"
    assert only(judged(text, line, policy=STRICT)).effect == "open"


def test_a_test_of_pregnancy_is_not_asked_of_a_man():
    line = "Pregnant or lactating. The patient must have a negative pregnancy test."
    assert only(judged("A 40-year-old man has migraine.", line)).effect == "none"
    assert only(judged("A 40-year-old woman has migraine.", line)).effect == "open"


def test_the_table_is_of_things_that_exist():
    terms = read_terms()
    rules = read_inferences()
    assert len(rules) > 60
    for rule in rules:
        assert rule.why
        assert 0 <= rule.least <= len(rule.needs), rule.name
        if rule.id and rule.kind in (FactKind.CONDITION, FactKind.EXPOSURE):
            assert rule.id in terms.concepts, rule.name
        for key in (key for need in rule.needs for key in need if key.interval is not None):
            assert key.id in terms.variables, (rule.name, key.id)


def test_every_sign_has_one_name():
    rules = read_rules()
    assert rules.loose_findings <= set(rules.finding_ids.values())
    text = "A 40-year-old man has alopecia and a stiff neck."
    assert only(judged(text, "Night sweats")).effect == "allows"
    assert (
        only(judged(text, "Kernig sign")).effect != "excludes"
    )  # speaks for the same disease, and is another sign


def test_an_alternative_that_is_there_decides_by_assumption_where_another_was_not_understood():
    text = "A 40-year-old man has asthma and takes tacrolimus."
    line = "Zorbology, or asthma treated with tacrolimus"
    assert only(judged(text, line, policy=STRICT)).effect == "open"
    one = only(judged(text, line))
    assert one.effect == "excludes"
    assert one.is_assumed
    verdict = judged(text, line)
    assert verdict.verdict is Class.UNDETERMINED
