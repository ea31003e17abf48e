"""Values with units: conversion into the unit that is asked for, comparison with an interval, and words for people.

Two numbers are only ever compared in one unit. Where no conversion is certain there is none: pure numbers of different kinds
(a score and a percentage), milliequivalents of what has two charges, amounts and masses of a substance nobody has weighed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from trialist.criteria.lexicon import variables
from trialist.criteria.nodes import Interval as Asked
from trialist.evaluation.calculators.intervals import INFINITY, Interval, shown
from trialist.evaluation.truth import Truth
from trialist.patient.extents import ValueRange
from trialist.vocabulary.units import Unit, can_convert, convert_exactly, find_unit, read_substances

_MOST_KEPT = 4096
"""So many numbers of criteria are kept as they were last read; numbers of patients never are."""
_PLAIN = frozenset({"", "1", "{score}", "{points}", "{times}", "{ratio}", "{INR}", "{count}"})
_PERCENT = frozenset({"%", "%{predicted}", "%{total}"})
_PARTS = frozenset({"L/L", "l/l"})


@cache
def _table() -> Mapping[str, Any]:
    file = resources.files("trialist.evaluation") / "tables" / "substances.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def known_range(value: ValueRange) -> Interval:
    """What a value may be, as an interval of fractions."""
    if value.exact is not None:
        one = _exactly(value.exact)
        return Interval(one, one)
    lower = -INFINITY if value.lower is None else _exactly(value.lower)
    upper = INFINITY if value.upper is None else _exactly(value.upper)
    return Interval(
        lower,
        upper,
        value.lower_inclusive and value.lower is not None,
        value.upper_inclusive and value.upper is not None,
    )


def _exactly(number: Decimal) -> Fraction:
    """The same number; of whole numbers a fraction is made without asking what kind of number it is given."""
    return Fraction(*number.as_integer_ratio())


@lru_cache(_MOST_KEPT)
def asked_range(asked: Asked) -> Interval:
    """What a criterion allows, as an interval of fractions."""
    lower = -INFINITY if asked.lower is None else Fraction(asked.lower)
    upper = INFINITY if asked.upper is None else Fraction(asked.upper)
    return Interval(
        lower,
        upper,
        asked.lower_inclusive and asked.lower is not None,
        asked.upper_inclusive and asked.upper is not None,
    )


def compare(value: Interval, asked: Interval) -> Truth:
    """Whether all, none, or some of the numbers that a value may be are allowed."""
    if asked.holds(value):
        return Truth.TRUE
    return Truth.UNKNOWN if asked.overlaps(value) else Truth.FALSE


def converted(value: Interval, unit: str, target: str, variable: str) -> Interval | None:
    """A value in another unit; None where no conversion is certain."""
    if unit == target or (unit in _PLAIN and target in _PLAIN):
        return value
    if unit in _PERCENT and target in _PERCENT:
        return value
    if _is_linear(variable, unit, target):
        return _linear(value, variable)
    if unit in _PARTS and target == "%":
        return _scaled(value, Fraction(100), Fraction(0))
    one, other = _unit(unit, variable), _unit(target, variable)
    if one is None or other is None or not _is_certain(one, other, variable):
        return None
    substance = _table()["substance"].get(variable, "")
    if substance not in read_substances():
        substance = ""
    if not can_convert(one, other, substance):
        return None

    def end(number: Fraction | float) -> Fraction | float:
        return number if isinstance(number, float) else convert_exactly(number, one, other, substance)

    return Interval(end(value.lower), end(value.upper), value.has_lower, value.has_upper)


def _unit(code: str, variable: str) -> Unit | None:
    """The unit of a code; one of enzyme activity may be written as international units."""
    row = variables().get(variable, {})
    if row.get("dimension") == "enzyme":
        code = code.replace("[IU]", "U").replace("[iU]", "U")
    return find_unit(code)


def _is_certain(one: Unit, other: Unit, variable: str) -> bool:
    if one.dimension == () and other.dimension == ():
        return one.code == other.code
    if ("eq" in one.code) != ("eq" in other.code):
        return variable in _table()["monovalent"]["variables"].split()
    return True


def _is_linear(variable: str, unit: str, target: str) -> bool:
    row = _table()["linear"].get(variable)
    return row is not None and (unit, target) == (row["from"], row["to"])


def _linear(value: Interval, variable: str) -> Interval:
    row = _table()["linear"][variable]
    return _scaled(value, Fraction(row["scale"]), Fraction(row["offset"]))


def _scaled(value: Interval, scale: Fraction, offset: Fraction) -> Interval:
    def end(number: Fraction | float) -> Fraction | float:
        return number if isinstance(number, float) else number * scale + offset

    return Interval(end(value.lower), end(value.upper), value.has_lower, value.has_upper)


_UNIT_WORDS: Mapping[str, str] = {
    "a": "years",
    "mo": "months",
    "wk": "weeks",
    "d": "days",
    "h": "hours",
    "10*9/L": "×10⁹/L",
    "10*3/uL": "×10³/µL",
    "10*6/L": "×10⁶/L",
    "mm[Hg]": "mmHg",
    "Cel": "°C",
    "[degF]": "°F",
    "kg/m2": "kg/m²",
    "mL/min/{1.73_m2}": "mL/min/1.73 m²",
    "1": "",
    "{score}": "",
    "{times}": "",
    "{pack_years}": "pack-years",
    "%{predicted}": "% of predicted",
}


def unit_words(unit: str) -> str:
    """A unit for people."""
    found = _UNIT_WORDS.get(unit)
    if found is not None:
        return found
    said = unit.replace("[IU]", "IU").replace("{", "").replace("}", "").replace("10*", "×10^")
    return "µ" + said[1:] if said.startswith("u") and len(said) > 1 and said[1] in "gmLM" else said


def amount_words(number: str, unit: str) -> str:
    """A number and its unit for people."""
    said = unit_words(unit)
    return f"{number}{said}" if said.startswith("%") else f"{number} {said}".rstrip()


def number_words(value: Interval, digits: int = 4) -> str:
    """What a value may be, for people."""
    if value.is_point:
        return shown(value.point, digits)
    if isinstance(value.lower, float):
        return f"{'≤' if value.has_upper else '<'}{_end(value.upper, digits)}"
    if isinstance(value.upper, float):
        return f"{'≥' if value.has_lower else '>'}{_end(value.lower, digits)}"
    return f"{_end(value.lower, digits)} to {_end(value.upper, digits)}"


def _end(number: Fraction | float, digits: int) -> str:
    return "" if isinstance(number, float) else shown(number, digits)


@lru_cache(_MOST_KEPT)
def _asked_words(number: Decimal, unit: str, times: str) -> str:
    plain = shown(Fraction(number), 12)
    return f"{plain} × {times}" if times else amount_words(plain, unit)


def relation_words(asked: Asked, truth: Truth, unit: str, times: str = "") -> str:
    """What a comparison came to: `above 2 × ULN`, `not above 2 × ULN`, `below 50 ×10⁹/L`, `outside 4 to 70 years`."""

    def said(number: Decimal) -> str:
        return _asked_words(number, unit, times)

    low, high = asked.lower, asked.upper
    if low is not None and high is not None:
        if low == high:
            return f"{'' if truth is Truth.TRUE else 'not '}exactly {said(low)}"
        inside = f"{shown(Fraction(low), 12)} to {said(high)}"
        return f"within {inside}" if truth is Truth.TRUE else f"outside {inside}"
    if low is not None:
        if truth is Truth.TRUE:
            return f"{'at least' if asked.lower_inclusive else 'above'} {said(low)}"
        return f"{'below' if asked.lower_inclusive else 'not above'} {said(low)}"
    if high is None:
        return ""
    if truth is Truth.TRUE:
        return f"{'at most' if asked.upper_inclusive else 'below'} {said(high)}"
    return f"{'above' if asked.upper_inclusive else 'not below'} {said(high)}"
