"""Every number, comparison, and and or of the calculators' tables is held by a case: changed a little, a case fails."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from trialist.evaluation.calculators import calculate, find_definition, parse_given, read_definitions
from trialist.evaluation.calculators.expression import Expression, ExpressionError, parse_expression
from trialist.evaluation.calculators.nodes import Definition
from trialist.evaluation.calculators.render import answer_words

from support.cases import CASES, read_cases

TABLES = Path(sys.modules["trialist.evaluation.calculators"].__file__).parent / "tables"
OTHER_SIDE = {"<=": "<", ">=": ">", "<": "<=", ">": ">="}

# Changes that change nothing. K of U25 is the same from either side at 12 years (the exponent is 0). Where a mild SOS
# criterion becomes moderate, the moderate column, asked first, has two as soon as it would matter.
EQUIVALENT = {
    (
        "ckid-u25-creatinine/2021",
        "male_k 50.8 if age >= 18 else 39.0 * (1.008 if age < 12 else 1.045) ** (age - 12): < at 44",
    ),
    (
        "ckid-u25-creatinine/2021",
        "female_k 41.4 if age >= 18 else 36.1 * (1.008 if age < 12 else 1.023) ** (age - 12): < at 44",
    ),
    (
        "sos-severity-adult/ebmt-2016",
        "is_mild at_least(2, days_since_first_symptoms > 7, 2 <= bilirubin < 3, transaminase_multiple <= 2, weight_gain < 5, creatinine_multiple < 1.2): 3 -> (4) at 60",
    ),
    (
        "sos-severity-adult/ebmt-2016",
        "is_mild at_least(2, days_since_first_symptoms > 7, 2 <= bilirubin < 3, transaminase_multiple <= 2, weight_gain < 5, creatinine_multiple < 1.2): 5 -> (6) at 105",
    ),
    (
        "sos-severity-adult/ebmt-2016",
        "is_mild at_least(2, days_since_first_symptoms > 7, 2 <= bilirubin < 3, transaminase_multiple <= 2, weight_gain < 5, creatinine_multiple < 1.2): < at 58",
    ),
    (
        "sos-severity-adult/ebmt-2016",
        "is_mild at_least(2, days_since_first_symptoms > 7, 2 <= bilirubin < 3, transaminase_multiple <= 2, weight_gain < 5, creatinine_multiple < 1.2): < at 103",
    ),
}


def mutants(text: str) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(text, mode="eval").body):
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            start, end = node.col_offset, node.end_col_offset
            whole = 10 if "karnofsky" in text or "lansky" in text else max(1, node.value // 100)
            steps = (whole, -whole) if isinstance(node.value, int) else (node.value / 100, -node.value / 100)
            for step in steps:
                other = f"({round(node.value + step, 9)})"
                yield f"{text[start:end]} -> {other} at {start}", text[:start] + other + text[end:]
    for found in re.finditer(r"<=|>=|<|>", text):
        yield (
            f"{found[0]} at {found.start()}",
            text[: found.start()] + OTHER_SIDE[found[0]] + text[found.end() :],
        )
    for found in re.finditer(r" (and|or) ", text):
        other = " or " if found[1] == "and" else " and "
        yield f"{found[1]} at {found.start()}", text[: found.start()] + other + text[found.end() :]


def mutated(definition: Definition, own: set[str]) -> Iterator[tuple[str, Definition]]:
    """The definition with one place of its own row changed, for every such place."""

    def each(expression: Expression | None) -> Iterator[tuple[str, Expression]]:
        for name, text in mutants(expression.text) if expression is not None else ():
            yield f"{expression.text}: {name}", parse_expression(text)

    for place, guard in enumerate(definition.guards if "guards" in own else ()):
        for name, other in each(guard.holds):
            guards = list(definition.guards)
            guards[place] = replace(guard, holds=other)
            yield f"guard {name}", replace(definition, guards=tuple(guards))
    for place, step in enumerate(definition.steps):
        if step.name not in own:
            continue
        steps = list(definition.steps)
        for name, other in each(step.formula):
            steps[place] = replace(step, formula=other)
            yield f"{step.name} {name}", replace(definition, steps=tuple(steps))
        for line, case in enumerate(step.cases):
            for name, other in each(case.when):
                cases = list(step.cases)
                cases[line] = replace(case, when=other)
                steps[place] = replace(step, cases=tuple(cases))
                yield f"{step.name} {name}", replace(definition, steps=tuple(steps))


def own_parts() -> dict[str, set[str]]:
    """What each row of the tables says itself, and does not have from the row it is like."""
    found = {}
    for file in TABLES.glob("*.toml"):
        for row in tomllib.loads(file.read_text(encoding="utf-8")).get("calculator", ()):
            found[row["id"]] = {step["name"] for step in row.get("step", ())} | set(row)
    return found


def given(definition: Definition, written):
    specs = {one.name: one for one in definition.inputs}
    return {key: parse_given(specs[key], text) for key, text in written.items() if key not in {"of", "step"}}


pytestmark = pytest.mark.heavy

OWN = own_parts()
ANSWERS: dict[str, list] = {}
for name in sorted(file.name for file in CASES.glob("calculators_*.toml")):
    for case in read_cases(name):
        if "is" not in case.input:
            ANSWERS.setdefault(find_definition(case.input["of"]).id, []).append(case)


def is_noticed(definition: Definition) -> bool:
    for case in ANSWERS.get(definition.id, ()):
        try:
            outcome = calculate(definition, given(definition, case.input))
        except (ExpressionError, TypeError):
            return True
        shown = {line.name: line.result for line in outcome.trace}
        found = shown[case.input["step"]] if "step" in case.input else answer_words(outcome)
        if found != case.expect.split("; missing")[0]:
            return True
    return False


@pytest.mark.parametrize("name", [name for name in read_definitions() if name in ANSWERS])
def test_a_changed_table_is_noticed(name):
    silent = [what for what, other in mutated(read_definitions()[name], OWN[name]) if not is_noticed(other)]
    assert [what for what in silent if (name, what) not in EQUIVALENT] == []
