"""The calculators on cases: from text as a coordinator writes it to the answer in words."""

from __future__ import annotations

import pytest

from trialist.evaluation.calculators import (
    Unknown,
    answer_words,
    ask_family,
    calculate,
    decide_flag,
    decide_level,
    decide_number,
    family_inputs,
    find_definition,
    parse_given,
    parse_quantity,
    read_definitions,
    read_families,
)

from support.cases import CASES, Case, read_cases

FILES = sorted(file.name for file in CASES.glob("calculators_*.toml"))
ALL = [case for name in FILES for case in read_cases(name)]
DEFINITIONS = [case for case in ALL if case.input["of"] not in read_families()]
FAMILIES = [case for case in ALL if case.input["of"] in read_families()]


def given(inputs, written):
    specs = {one.name: one for one in inputs}
    return {
        key: parse_given(specs[key], text) for key, text in written.items() if key not in {"of", "is", "step"}
    }


def told(outcome) -> str:
    words = answer_words(outcome)
    if isinstance(outcome, Unknown):
        words += "; missing " + ", ".join(
            "|".join(one.name for one in need.inputs) for need in outcome.missing
        )
    return words


@pytest.mark.parametrize("case", DEFINITIONS, ids=lambda case: case.id)
def test_calculators(case: Case) -> None:
    definition = find_definition(case.input["of"])
    outcome = calculate(definition, given(definition.inputs, case.input))
    if "step" in case.input:
        (line,) = (line for line in outcome.trace if line.name == case.input["step"])
        assert line.result == case.expect, case.why
    else:
        assert told(outcome) == case.expect, case.why


@pytest.mark.parametrize("case", FAMILIES, ids=lambda case: case.id)
def test_families(case: Case) -> None:
    family = read_families()[case.input["of"]]
    found = ask_family(family, given(family_inputs(family), case.input))
    asked = case.input["is"]
    if asked == "yes":
        decision = decide_flag(found.counted)
    elif asked[0] in "<>":
        symbol, _, threshold = asked.partition(" ")
        decision = decide_number(found.counted, symbol, parse_quantity(threshold))
    else:
        decision = decide_level(found.counted, asked.split(","))
    words = str(decision.truth) if decision.truth.is_decided else f"unknown: {decision.reason}"
    assert words == case.expect, case.why


def test_every_definition_and_family_has_cases():
    tested = {case.input["of"] for case in ALL}
    as_recorded = {"ecog-as-recorded/1982", "karnofsky-as-recorded/1949"}  # asked through their families
    assert set(read_definitions()) - as_recorded <= tested
    assert set(read_families()) <= tested
