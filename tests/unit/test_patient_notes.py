from datetime import date

import pytest

from trialist.errors import LimitExceededError
from trialist.evaluation.tagging import tag_sentence
from trialist.patient.extents import DateRange
from trialist.patient.facts import Certainty, Subject
from trialist.patient.note import LONGEST_NOTE, read_note

from support.cases import each_case
from support.fact_lines import DAY, TERMS, patient_lines

NOTED = DateRange.on(DAY)


def read(text, noted=NOTED):
    return read_note(text, TERMS, tag_sentence, DAY, noted)


@each_case("patient_notes.toml")
def test_notes(case):
    lines = [line.replace("@2025-06-01", "@N") for line in patient_lines(read(case.input))]
    assert lines == case.expect, case.why


@each_case("patient_names.toml")
def test_names(case):
    lines = []
    for one in TERMS.read_name(case.input):
        words = [f"{one.subject}:"] if one.subject is not Subject.PATIENT else []
        words += ["not"] if one.is_negated else []
        words += [
            str(one.kind),
            one.id or f"~{one.broader}",
            *one.steps,
            *(f"+{word}" for word in one.qualifiers),
            *one.route,
        ]
        words += ["history"] if one.is_history else []
        words += ["suspected"] if one.certainty is Certainty.SUSPECTED else []
        lines.append(" ".join(words))
    assert lines == case.expect, case.why


def test_every_quote_is_what_stands_there():
    text = "Problems:\n1. Severe asthma since 2010.\n2) Platelets 48 x 10^9/L.\n\nFamily history: stroke.\n- He takes warfarin."
    patient = read(text)
    assert len(patient.facts) == 4
    for fact in patient.facts:
        assert text[fact.origin.start : fact.origin.end] == fact.origin.quote
        assert str(fact.recorded) == "2025-06-01"
    assert [fact.subject for fact in patient.facts if fact.id == "stroke"] == [Subject.FAMILY]


def test_without_the_day_of_the_note_nothing_relative_is_dated():
    patient = read(
        "A 50-year-old man had a stroke 2 years ago and pneumonia in 2019. Platelets 48 x 10^9/L.", None
    )
    assert patient.birth is None
    assert patient_lines(patient) == [
        "sex male",
        "condition stroke [active]",
        "condition pneumonia [active] @2019",
        "measurement platelets 48 10*9/L",
    ]


def test_what_a_note_says_of_later_days_is_listed():
    patient = read("Stroke on 2027-01-01.")
    assert [one.reason for one in patient.unresolved] == ["future-date"]


@pytest.mark.parametrize(
    "text", ["", "\n\n", ".", "x" * 10_000, "((((", "\u0000", "no no no no", "1 2 3 4 5 " * 500]
)
def test_any_text_is_read(text):
    assert read(text).birth is None


def test_too_long_a_text_is_refused():
    with pytest.raises(LimitExceededError):
        read("a" * (LONGEST_NOTE + 1))


def test_the_same_note_gives_the_same_facts():
    text = "A 47-year-old woman with severe asthma, on prednisone, no diabetes. ALT 90 U/L on 2025-05-01."
    assert read(text) == read(text)
    assert read(text).facts[-1].date == DateRange.on(date(2025, 5, 1))
