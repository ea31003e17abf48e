"""The policy `narrative`: what a note is silent on, what it is not, and what silence never does."""

from datetime import date

import pytest

from trialist.criteria import parse_criteria
from trialist.evaluation.evaluate import evaluate
from trialist.evaluation.policy import NARRATIVE, STRICT, find_policy
from trialist.evaluation.tagging import tag_sentence
from trialist.evaluation.terms import read_terms
from trialist.evaluation.verdict import Class, Result
from trialist.patient.extents import DateRange
from trialist.patient.facts import Patient
from trialist.patient.note import read_note

DAY = date(2026, 3, 10)
NOTE = """A 58-year-old woman with heart failure takes furosemide. Her blood pressure is 130/80 mmHg.
She will provide informed consent, and will comply with the protocol."""


def patient(text: str = NOTE) -> Patient:
    return read_note(text, read_terms(), tag_sentence, DAY, DateRange.on(DAY))


def result(line: str, kind: str = "Exclusion", policy=NARRATIVE, of: Patient | None = None) -> Result:
    criteria = parse_criteria(f"{kind} Criteria:\n\n* {line}")
    verdict = evaluate(criteria, of or patient(), DAY, policy)
    (one,) = [item for item in verdict.assessments if item.counts]
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
        ("Pregnancy", Result.UNKNOWN),
        ("Life expectancy less than 3 months", Result.MET),
        ("Any reason in the opinion of the investigator", Result.MET),
        ("Planned surgery", Result.MET),
        ("Intraoperative unresectability", Result.UNKNOWN),  # only the operation will show it
    ],
)
def test_exclusions(line: str, wanted: Result):
    assert result(line) is wanted
    assert result(line, policy=STRICT) in (wanted, Result.UNKNOWN)


def test_a_word_of_it_in_the_note_is_not_silence():
    doubted = patient("A 58-year-old woman. Possible asthma.")
    assert result("Asthma", of=doubted) is Result.UNKNOWN


def test_who_is_not_known_from_a_note_is_silent_on_nothing():
    assert result("Asthma", of=Patient()) is Result.UNKNOWN


def test_what_is_required_and_not_mentioned_excludes_nobody():
    verdict = evaluate(parse_criteria("Inclusion Criteria:\n\n* Asthma"), patient(), DAY, NARRATIVE)
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
