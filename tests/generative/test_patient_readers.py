"""Any input: a patient, or a clear error; every quote stands where it says; nothing is later than the day of reading."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from trialist.errors import TrialistError
from trialist.evaluation.derived import derive
from trialist.evaluation.tagging import tag_sentence
from trialist.patient.extents import DateRange
from trialist.patient.facts import Status
from trialist.patient.fhir import read_fhir
from trialist.patient.form import read_form
from trialist.patient.note import read_note

from support.fact_lines import DAY, TERMS

WORDS = st.sampled_from(
    [
        "A 47-year-old woman",
        "He has",
        "She denies",
        "no",
        "not",
        "without",
        "family history of",
        "his mother had",
        "possible",
        "history of",
        "asthma",
        "HIV positive",
        "HBsAg negative",
        "platelets 48 x 10^9/L",
        "ALT 95 U/L",
        "creatinine 1.4 mg/dL",
        "BP 120/80",
        "on prednisone",
        "was treated with rituximab",
        "2 years ago",
        "on 2025-05-01",
        "since 2019",
        "for 3 weeks",
        "allergic to penicillin",
        "NKDA",
        "smoker",
        "pregnant",
        "grade III acute GVHD",
        "ECOG 1",
        "at risk of",
        "stroke",
        ", ",
        "; ",
        ". ",
        "\n",
        "and",
        "or",
        "but",
        "urine",
        "5 packs per day for 3 years",
        "\n\nFamily History:\n",
        "Plan:",
        "donor is",
        "5",
        "<",
        "é",
        "µ",
        "(",
        ")",
        "'",
        "1/2/2024",
        "32 March 2025",
    ]
)


def check(patient, text=""):
    for fact in patient.facts:
        if fact.origin.quote:
            assert text[fact.origin.start : fact.origin.end] == fact.origin.quote
        if fact.date is not None and fact.date.earliest is not None and fact.status is not Status.PLANNED:
            assert fact.date.earliest <= DAY
    derive(patient, DAY)


@settings(max_examples=100, deadline=None)
@given(st.lists(WORDS, max_size=25), st.booleans())
def test_any_note(words, is_dated):
    text = " ".join(words)
    check(read_note(text, TERMS, tag_sentence, DAY, DateRange.on(DAY) if is_dated else None), text)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_text(text):
    check(read_note(text, TERMS, tag_sentence, DAY, DateRange.on(DAY)), text)
    for read in (read_form, read_fhir):
        try:
            read(text, TERMS, DAY)
        except TrialistError as error:
            assert error.message


KEYS = st.sampled_from(
    [
        "values",
        "grades",
        "conditions",
        "drugs",
        "name",
        "value",
        "on",
        "born",
        "age",
        "sex",
        "dead",
        "label",
        "normal",
        "status",
        "as_of",
        "x",
    ]
)
LEAVES = st.sampled_from(
    [
        "alt",
        "95 U/L",
        "ecog",
        "1",
        "asthma",
        "2025-02-30",
        "2025",
        "none",
        "yes",
        ">5",
        "7-40",
        "",
        "female",
        "2031",
    ]
)


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        LEAVES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
        max_leaves=10,
    )
)
def test_any_form(form):
    try:
        check(read_form(json.dumps(form), TERMS, DAY))
    except TrialistError as error:
        assert error.message


NAMES = st.sampled_from(
    ["resourceType", "id", "code", "coding", "valueQuantity", "value", "unit", "status", "subject", "reference", "effectiveDateTime", "entry", "resource",
     "component", "referenceRange", "high", "system", "birthDate", "gender", "onsetDateTime"]
)  # fmt: skip
VALUES = st.sampled_from(
    ["Patient", "Observation", "Condition", "Bundle", "final", "http://loinc.org", "1742-6", "U/L", "Patient/p", "p", "2025-01-01", "male"]
) | st.integers(-5, 500) | st.booleans() | st.none()  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        VALUES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
        max_leaves=20,
    )
)
def test_any_json_as_fhir(value):
    try:
        for patient in read_fhir(json.dumps(value), TERMS, DAY):
            check(patient)
    except TrialistError as error:
        assert error.message
