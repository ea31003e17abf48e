"""The files of `tables/`: inputs, definitions and families, read and checked.

A file with an unknown key, a repeated id, a formula that names what nobody gives, or a level that is compared with a word
it cannot be, is refused when it is read: such a table would answer wrongly without a sound.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Any

from trialist.errors import InvalidParameterError
from trialist.evaluation.calculators.expression import Expression, iter_compared_words, parse_expression
from trialist.evaluation.calculators.intervals import EVERYTHING, INFINITY, Interval
from trialist.evaluation.calculators.nodes import (
    Case,
    Definition,
    Family,
    Guard,
    Input,
    InputKind,
    Scale,
    Step,
)
from trialist.vocabulary.units import parse_unit

_INPUT_KEYS = {"title", "kind", "unit", "substance", "least", "above", "most", "plausible", "choices", "bare"}
_CALCULATOR_KEYS = {
    "id",
    "like",
    "title",
    "families",
    "result",
    "source",
    "checked",
    "notes",
    "guards",
    "step",
    "same_unit",
}
_STEP_KEYS = {"name", "title", "unit", "decimals", "is", "first"}
_FAMILY_KEYS = {"title", "members", "prefer", "known_only", "note"}


@cache
def read_inputs() -> Mapping[str, Input]:
    """Every input that a calculator may ask for, by name."""
    return {name: _input(name, row) for name, row in _read("inputs.toml").items()}


@cache
def read_definitions() -> Mapping[str, Definition]:
    """Every definition by its id, in the order of the files."""
    found: dict[str, Definition] = {}
    for file in sorted(_folder().iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".toml") or file.name in {"inputs.toml", "families.toml", "scales.toml"}:
            continue
        for definition in parse_definitions(file.read_text(encoding="utf-8"), file.name):
            if definition.id in found:
                raise ValueError(f"{file.name}: {definition.id} is there already")
            found[definition.id] = definition
    return found


@cache
def read_families() -> Mapping[str, Family]:
    """Every family by its name; each names definitions that are there."""
    found = {}
    for name, row in _read("families.toml").items():
        _refuse_other(row, _FAMILY_KEYS, name)
        members = tuple(row["members"])
        family = Family(
            name,
            row["title"],
            members,
            tuple(row.get("prefer", ())),
            row.get("known_only", False),
            row.get("note", ""),
        )
        for member in (*family.members, *family.prefer):
            if name not in read_definitions()[member].families:
                raise ValueError(f"{member} does not say that it belongs to {name}")
        found[name] = family
    return found


@cache
def read_scales() -> Mapping[str, Scale]:
    """Every ordinal scale by its name."""
    found = {}
    for name, row in _read("scales.toml").items():
        _refuse_other(row, {"title", "age", "source", "checked", "levels"}, name)
        levels = tuple((level, meaning) for level, meaning in row["levels"])
        found[name] = Scale(name, row["title"], levels, row["source"], row["checked"], row.get("age", ""))
    return found


def find_definition(name: str) -> Definition:
    """A definition by its id, or by its id without the version where only one has it.

    Raises `InvalidParameterError`, with the nearest names, for what is not there or not one.
    """
    definitions = read_definitions()
    if name in definitions:
        return definitions[name]
    same = [one for one in definitions.values() if one.id.split("/")[0] == name]
    if len(same) == 1:
        return same[0]
    if same:
        raise InvalidParameterError(
            f"{name!r} has several definitions", hint=f"Choose one: {', '.join(one.id for one in same)}"
        )
    known = [*definitions, *(one.split("/")[0] for one in definitions), *read_families(), *read_scales()]
    nearest = difflib.get_close_matches(name, sorted(set(known)), 3, 0.5)
    raise InvalidParameterError(
        f"no calculator is called {name[:60]!r}",
        hint=f"Did you mean {', '.join(nearest)}?" if nearest else "`trialist calc` lists them.",
    )


def parse_definitions(text: str, file: str) -> list[Definition]:
    """The definitions of one file's text; raises ValueError for a file that is not as it should be."""
    table = tomllib.loads(text)
    if set(table) != {"calculator"} or not table["calculator"]:
        raise ValueError(f"{file} must hold [[calculator]] tables and nothing else")
    rows: dict[str, Mapping[str, Any]] = {}
    for row in table["calculator"]:
        rows[row["id"]] = _completed(row, rows, file)
    if len(rows) != len(table["calculator"]):
        raise ValueError(f"{file}: an id is used twice")
    return [_definition(row, file) for row in rows.values()]


def _completed(row: Mapping[str, Any], rows: Mapping[str, Mapping[str, Any]], file: str) -> Mapping[str, Any]:
    """A row that is `like` an earlier one: what it does not say itself is as there.

    Of the steps, one with the name of an earlier one stands in its place, the others come after.
    """
    if "like" not in row:
        return row
    if row["like"] not in rows:
        raise ValueError(f"{file}: {row['id']} is like nothing before it")
    pattern = {key: value for key, value in rows[row["like"]].items() if key not in {"families", "like"}}
    own = {step["name"]: step for step in row.get("step", ())}
    steps = [own.pop(step["name"], step) for step in pattern["step"]]
    return {**pattern, **row, "step": [*steps, *own.values()]}


def _definition(row: Mapping[str, Any], file: str) -> Definition:
    where = f"{file}: {row.get('id')}"
    _refuse_other(row, _CALCULATOR_KEYS, where)
    steps = tuple(_step(step, where) for step in row["step"])
    guards = tuple(Guard(parse_expression(one["holds"]), one["otherwise"]) for one in row.get("guards", ()))
    names = [step.name for step in steps]
    inputs = read_inputs()
    if len(set(names)) != len(names) or set(names) & set(inputs) or row["result"] not in names:
        raise ValueError(f"{where}: steps have names of their own, and the result is one of them")
    asked: dict[str, Input] = {}
    known: set[str] = set()
    for expression in (guard.holds for guard in guards):
        _ask(expression, known, asked, where)
    for step in steps:
        for expression in step.expressions:
            _ask(expression, known, asked, where)
        known.add(step.name)
    for step in steps:
        if step.unit:
            parse_unit(step.unit)
    return Definition(
        id=row["id"],
        title=row["title"],
        source=row["source"],
        checked=row["checked"],
        result=row["result"],
        inputs=tuple(asked.values()),
        steps=steps,
        guards=guards,
        families=tuple(row.get("families", ())),
        notes=tuple(row.get("notes", ())),
        same_unit=tuple(row.get("same_unit", ())),
    )


def _ask(expression: Expression, known: set[str], asked: dict[str, Input], where: str) -> None:
    """Note the inputs of a formula, in the order in which they stand in it."""
    inputs = read_inputs()
    for name in sorted(expression.names, key=expression.text.index):
        if name in known:
            continue
        if name not in inputs:
            raise ValueError(f"{where}: {name} is neither an input nor an earlier step")
        asked[name] = inputs[name]
    choices = {choice for one in asked.values() for choice in one.choices}
    for word in iter_compared_words(expression):
        if word not in choices:
            raise ValueError(f"{where}: nothing can be {word!r}")


def _step(row: Mapping[str, Any], where: str) -> Step:
    _refuse_other(row, _STEP_KEYS, where)
    cases = tuple(
        Case(_levels(case["is"]), parse_expression(case["when"]) if "when" in case else None)
        for case in row.get("first", ())
    )
    return Step(
        name=row["name"],
        title=row.get("title", row["name"].replace("_", " ")),
        unit=row.get("unit", ""),
        decimals=row.get("decimals"),
        formula=parse_expression(row["is"]) if "is" in row else None,
        cases=cases,
    )


def _levels(written: str | list[str]) -> tuple[str, ...]:
    return (written,) if isinstance(written, str) else tuple(written)


def _input(name: str, row: Mapping[str, Any]) -> Input:
    _refuse_other(row, _INPUT_KEYS, name)
    kind = InputKind(row.get("kind", "number"))
    lower = row.get("least", row.get("above"))
    domain = Interval(
        Fraction(lower) if lower is not None else -INFINITY,
        Fraction(row["most"]) if "most" in row else INFINITY,
        "least" in row,
        "most" in row,
    )
    unit = row.get("unit", "1" if kind in (InputKind.NUMBER, InputKind.SERIES) else "")
    plausible = row.get("plausible")
    return Input(
        name=name,
        title=row["title"],
        kind=kind,
        unit=parse_unit(unit) if unit not in ("", "*") else None,
        substance=row.get("substance", ""),
        domain=domain if lower is not None or "most" in row else EVERYTHING,
        plausible=Interval(Fraction(plausible[0]), Fraction(plausible[1])) if plausible else domain,
        choices=tuple(row.get("choices", ())),
        is_bare=row.get("bare", False),
    )


def _refuse_other(row: Mapping[str, Any], keys: Iterable[str], where: str) -> None:
    other = set(row) - set(keys)
    if other:
        raise ValueError(f"{where}: unknown keys {sorted(other)}")


def _folder() -> Any:
    return resources.files("trialist.evaluation.calculators") / "tables"


def _read(name: str) -> Mapping[str, Any]:
    # Decimals, not binary numbers: 0.1 in a table is a tenth.
    return tomllib.loads((_folder() / name).read_text(encoding="utf-8"), parse_float=Decimal)
