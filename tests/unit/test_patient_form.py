import json
import re
from pathlib import Path

import jsonschema
import pytest

from trialist.errors import InvalidParameterError, LimitExceededError, SourceUnreadableError
from trialist.patient.form import read_form
from trialist.patient.form_schema import form_schema, parts, top
from trialist.patient.form_text import read_form_text

from support.fact_lines import DAY, TERMS, patient_lines

SHEET = """
label: A-17
as_of: 2025-06-01
born: 1980-06
sex: female
transplant_day: 2025-01-05
values:
  - {name: ALT, value: 95 U/L, normal: -40, on: 2025-05-30}
  - {name: platelets, value: <20 10*9/L, day: 28}
  - {name: serum creatinine, value: 95 umol/L, on: 2025-05}
grades:
  - {name: ecog, value: 1}
  - {name: agvhd_skin_stage, value: 2|3, day: 40}
conditions:
  - acute GVHD
  - {name: hypertension, since: 2019-05, status: active, also: "resistant, uncontrolled", severity: severe}
  - {name: HIV, absent: yes}
  - {name: breast cancer, of: family}
  - Quux syndrome
drugs:
  - {name: methylprednisolone, from: 2025-02-10, until: 2025-02-20, dose: 2 mg/kg/d, route: intravenous}
  - {name: mesenchymal stromal cells, absent: yes}
procedures:
  - {name: allogeneic stem cell transplantation, on: 2025-01-05}
results:
  - {name: hbsag, value: not detected, on: 2025-05-01}
  - {name: HIV, value: negative}
markers:
  - {name: FLT3, value: mutated}
allergies: none
states:
  - {name: pregnant, value: no}
findings:
  - {name: severe_abdominal_pain, value: yes, day: 41}
statements:
  - {name: consent, value: yes}
trials:
  - {name: other_trial, absent: yes}
about:
  - {name: language, value: German}
judgements:
  - {name: life_expectancy, value: ">6 mo"}
seen_from: 2015-01-01
seen_to: 2025-05-30
"""

EXPECTED = [
    "born 1980-06",
    "sex female",
    "measurement alt 95 U/L (normal -40) @2025-05-30",
    "measurement platelets <20 10*9/L @2025-02-02",
    "measurement creatinine 95 umol/L @2025-05",
    "grade ecog 1",
    "grade agvhd_skin_stage 2/3 @2025-02-14",
    "condition acute_gvhd",
    "condition hypertension [active] +resistant +uncontrolled +severe @2019-05",
    "not condition hiv",
    "family: condition breast_cancer",
    "condition “Quux syndrome”",
    "exposure methylprednisolone 2 mg/kg/d [ended] +intravenous @2025-02-10 ..2025-02-20",
    "not exposure msc",
    "exposure allo_hct @2025-01-05",
    "result hbsag =negative @2025-05-01",
    "result hiv =negative",
    "biomarker flt3 =mutated",
    "not allergy *",
    "not state pregnant",
    "flag severe_abdominal_pain @2025-02-15",
    "attestation consent",
    "not trial other_trial",
    "demographic language =german",
    "judgement life_expectancy >6 mo",
]


def test_a_form_with_everything():
    patient = read_form(SHEET, TERMS, DAY)
    assert sorted(patient_lines(patient)) == sorted(EXPECTED)
    assert [one.reason for one in patient.unresolved] == ["unknown-concept"]
    assert patient.label == "A-17"
    assert all(str(fact.recorded) == "2025-06-01" for fact in patient.facts)


def test_the_same_as_json():
    as_json = json.dumps(
        {
            "born": "1980",
            "values": [{"name": "alt", "value": "95 U/L"}],
            "grades": [{"name": "ecog", "value": 1}],
        }
    )
    assert patient_lines(read_form(as_json, TERMS, DAY)) == [
        "born 1980",
        "measurement alt 95 U/L",
        "grade ecog 1",
    ]


@pytest.mark.parametrize(
    ("age", "born"),
    [("44", "1980-06-02 to 1981-06-01"), ("8 months", "2024-09-02 to 2024-10-01"), ("0 days", "2025-06-01")],
)
def test_an_age_is_a_birth(age, born):
    assert patient_lines(read_form(f"age: {age}", TERMS, DAY)) == [f"born {born}"]


@pytest.mark.parametrize(
    ("sheet", "said"),
    [
        ("valus: []", "valus.*values"),
        ("values: [{name: alt, valeu: 3}]", "valeu.*value"),
        ("values: [{name: alt}]", "value is missing"),
        ("values: [{name: ATL, value: 3 U/L}]", "'ATL' is not known"),
        ("values: [{name: alt, value: 95}]", None),
        ("values: [{name: creatinine, value: 1.1}]", "needs a unit"),
        ("values: [{name: creatinine, value: 95 kg}]", "cannot be in kg"),
        ("values: [{name: alt, value: high}]", "no number"),
        ("values: [{name: alt, value: -3 U/L}]", "cannot be"),
        ("values: [{name: alt, value: 3 U/L, on: 2025-02-30}]", "2025-02-30"),
        ("values: [{name: alt, value: 3 U/L, on: 2031-01-01}]", "day of reading"),
        ("values: [{name: alt, value: 3 U/L, day: 4}]", "transplant_day"),
        ("values: [{name: alt, value: 3 U/L, on: 2025, day: 4}]", "one of them"),
        ("values: [{name: alt, value: 3 U/L, normal: up to 40}]", "no range of normal"),
        ("values: [{name: alt, value: 3 U/L, normal: 40-7}]", "empty"),
        ("values: {name: alt}", "list"),
        ("values: [alt]", "keys and what they say"),
        ("grades: [{name: ecog, value: 7}]", "'7' is not known"),
        ("sex: other", "'other' is not known"),
        ("born: 1980\nage: 45", "one of them"),
        ("born: 2031", "after"),
        ("age: old", "no age"),
        ("age: 180", "nobody"),
        ("states: [{name: pregnant, value: perhaps}]", "neither yes nor no"),
        ("conditions: [{name: x, since: 2020, until: 2019}]", "before it begins"),
        ("conditions: [{name: x, since: 1970}]\nborn: 1980", "before the birth"),
        ("results: [{name: hbsag, value: borderline}]", "not known"),
        ("seen_from: 2025-01-02\nseen_to: 2025-01-01", "before"),
        ("seen_from: 2025", "whole day"),
        ("label: [a]", "one text"),
        ("- a", "form"),
        ("", "form"),
    ],
)
def test_what_the_form_does_not_have_is_refused_with_the_way_out(sheet, said):
    if said is None:
        assert patient_lines(read_form(sheet, TERMS, DAY)) == ["measurement alt 95 U/L"]
        return
    with pytest.raises(InvalidParameterError) as error:
        read_form(sheet, TERMS, DAY)
    assert re.search(said, f"{error.value.message} {error.value.hint}")


@pytest.mark.parametrize(
    "sheet",
    [
        "a: [",
        "a: &x 1\nb: *x",
        "born: 1980\nborn: 1990",
        "? [a]\n: b",
        b"\xff",
        "a: !!python/object:os.system x\n\tb",
        "a: \x01",
    ],
)
def test_what_is_no_yaml_or_more_than_texts_is_refused(sheet):
    with pytest.raises((SourceUnreadableError, InvalidParameterError)) as error:
        read_form(sheet, TERMS, DAY)
    assert error.value.message


def test_limits():
    with pytest.raises(LimitExceededError):
        read_form("a" * 1_000_001, TERMS, DAY)
    with pytest.raises(LimitExceededError):
        read_form("[" * 5_000, TERMS, DAY)


def test_the_schema_is_published_and_has_every_key():
    published = json.loads(
        (Path(__file__).parents[2] / "docs" / "reference" / "patient-form.schema.json").read_text()
    )
    assert published == form_schema()
    assert set(published["properties"]) == set(top()) | set(parts())


def test_the_schema_accepts_what_is_read_and_refuses_what_is_refused():
    check = jsonschema.Draft202012Validator(form_schema())
    jsonschema.Draft202012Validator.check_schema(form_schema())
    assert not list(check.iter_errors(read_form_text(SHEET)))
    for sheet in (
        "valus: []",
        "values: [{name: alt, valeu: 3}]",
        "values: [{name: alt}]",
        "values: {name: alt}",
        "values: [alt]",
    ):
        assert list(check.iter_errors(read_form_text(sheet))), sheet
