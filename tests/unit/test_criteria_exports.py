"""Criteria in other people's forms: valid, whole, and honest about what they cannot say."""

from __future__ import annotations

import json
import re
import warnings

import pytest
from fhir.resources.bundle import Bundle
from hypothesis import given, settings
from hypothesis import strategies as st

from trialist.criteria import CriterionSet, parse_criteria
from trialist.criteria.exports import Exported, export_circe, export_cql, export_fhir
from trialist.demo import generate_study
from trialist.record.study import Study

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it is written for an older pydantic, which warns of that
    from ohdsi_cohort_schemas import validate_schema_only

TEXT = """Inclusion Criteria:
- Age 4 to 70 years
- ECOG performance status 0-2
- Creatinine clearance > 30 mL/min
- Adults able to give informed consent
- Grimblish of the third kind

Exclusion Criteria:
- ALT or AST > 2 x ULN
- Diabetes
- Myocardial infarction within 6 months before screening
- Active hepatitis B
- Patients with HIV infection are allowed
"""
EXPORTS = {"fhir": export_fhir, "circe": export_circe, "cql": export_cql}


def is_sound(kind: str, exported: Exported) -> None:
    """Refused by a validator of others, or by what this asks, when something is wrong."""
    if kind == "fhir":
        Bundle.model_validate_json(json.dumps(exported.document))
    elif kind == "circe":
        validate_schema_only(exported.document)
    else:
        text = exported.document
        assert text.startswith("library ")
        defined = re.findall(r'^define "((?:[^"\\]|\\.)*)":', text, re.MULTILINE)
        parameters = re.findall(
            r'^parameter "((?:[^"\\]|\\.)*)" (?:Boolean|Decimal|Quantity|String)$', text, re.MULTILINE
        )
        code = "\n".join(
            line for line in text.splitlines() if not line.startswith(("//", "parameter", "define"))
        )
        tokens = re.findall(r'"((?:[^"\\]|\\.)*)"|\'(?:[^\'\\]|\\.)*\'', code)
        named = {name for name in tokens if name}
        assert named <= {*defined, *parameters}
        assert len(defined) == len(set(defined))
        assert len(parameters) == len(set(parameters))


@pytest.mark.parametrize("kind", EXPORTS)
def test_every_export_is_sound_and_names_what_it_leaves_out(kind: str) -> None:
    exported = EXPORTS[kind](parse_criteria(TEXT))
    is_sound(kind, exported)
    told = {one.criterion: one.what for one in exported.left_out}
    assert "decides nothing" in told["E5"]
    assert "I5" in told  # not understood


@pytest.mark.parametrize("kind", EXPORTS)
def test_invented_studies(kind: str) -> None:
    for number in range(12):
        study = Study.from_record(generate_study(number, seed=3))
        text = study["EligibilityCriteria"]
        is_sound(kind, EXPORTS[kind](parse_criteria(text if isinstance(text, str) else None, study)))


@pytest.mark.parametrize("kind", EXPORTS)
@settings(max_examples=30, deadline=None)
@given(text=st.text(max_size=200))
def test_any_text(kind: str, text: str) -> None:
    is_sound(kind, EXPORTS[kind](parse_criteria(text)))


@pytest.mark.parametrize("kind", EXPORTS)
def test_a_study_without_a_text_is_not_open_to_everybody(kind: str) -> None:
    exported = EXPORTS[kind](parse_criteria(None))
    is_sound(kind, exported)
    assert "nothing is known" in exported.left_out[0].what
    if kind == "cql":
        assert '"Meets inclusion":\n  null as Boolean' in exported.document
        assert '"Meets exclusion":\n  null as Boolean' in exported.document


def parsed() -> CriterionSet:
    return parse_criteria(TEXT)


def test_cql_keeps_units_bounds_and_what_is_not_known() -> None:
    text = export_cql(parsed()).document
    assert "(\"creatinine clearance\" > 30 'mL/min')" in text
    assert '("age in years" >= 4.0 and "age in years" <= 70.0)' in text
    assert "in { '0', '1', '2' }" in text
    assert '("ALT as a multiple of the upper limit of normal" > 2.0)' in text
    assert 'define "I5":\n  (null as Boolean)' in text
    assert '"Meets inclusion" and not "Meets exclusion"' in text


def test_fhir_keeps_polarity_codes_and_ranges() -> None:
    variable, group = (entry["resource"] for entry in export_fhir(parsed()).document["entry"])
    by_id = {one["linkId"]: one for one in variable["characteristic"]}
    assert by_id["I1"]["definitionByTypeAndValue"]["valueRange"]["low"]["value"] == 4
    assert not by_id["I1"].get("exclude")
    assert by_id["E1"]["exclude"] is True
    assert by_id["E1"]["definitionByCombination"]["code"] == "any-of"
    quantity = by_id["I3"]["definitionByTypeAndValue"]
    assert quantity["type"]["coding"][0]["code"] == "2164-2"
    assert quantity["valueQuantity"]["comparator"] == ">"
    assert by_id["E3"]["timeFromEvent"][0]["range"]["low"]["value"] == -6
    assert {one["exclude"] for one in group["characteristic"]} == {True, False}


def test_circe_turns_exclusions_round_and_leaves_out_whole_criteria() -> None:
    exported = export_circe(parsed())
    rules = {one["name"]: one["expression"] for one in exported.document["InclusionRules"]}
    assert rules["I1 (inclusion)"]["DemographicCriteriaList"] == [
        {"Age": {"Value": 4, "Extent": 70, "Op": "bt"}}
    ]
    excluded = rules["E1 (exclusion)"]
    assert (excluded["Type"], excluded["Count"]) == ("AT_MOST", 0)
    assert "RangeHighRatio" in json.dumps(excluded)
    told = {one.criterion for one in exported.left_out}
    assert {"I4", "I5", "E4"} <= told
    assert "E4 (exclusion)" not in rules
    window = json.dumps(rules["E3 (exclusion)"])
    assert '"Days": 183' in window
