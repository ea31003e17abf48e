"""What is known of a patient, as calculators take it: typed values, read from text or built by callers.

Nothing is guessed: a number without a unit is refused unless its input says that one unit is meant, text that is no value
is refused, and values that cannot be are refused. What is only implausible is for `calculate` to set aside.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from trialist.errors import InvalidParameterError
from trialist.evaluation.calculators.intervals import INFINITY, Interval, hull, interval_words, point
from trialist.evaluation.calculators.nodes import Input, InputKind
from trialist.evaluation.calculators.values import NOTHING, Flag, Level, Needs, Number, Series, Value
from trialist.evaluation.truth import Truth, truth_of
from trialist.vocabulary.units import Unit, can_convert, convert_exactly, find_unit, parse_unit

LARGEST_DAY = 40_000
"""Days from the transplantation, either way; more than a century is no day."""

_NUMBER = r"(?:[0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})"
_BOUND = re.compile(rf"\s*(<=|>=|<|>|≤|≥)?\s*([+-]?{_NUMBER})(?:\s*(?:-|–|to|\.\.)\s*([+-]?{_NUMBER}))?\s*")
_DAY_VALUE = re.compile(rf"\s*[dD]?([+-]?[0-9]{{1,6}})\s*:\s*((?:<=|>=|<|>|≤|≥)?\s*[+-]?{_NUMBER})\s*[,;]?")
_DAY = re.compile(r"\s*[dD]?([+-]?[0-9]{1,6})\s*[,;]?")
_YES, _NO = {"yes", "y", "true", "1"}, {"no", "n", "false", "0"}
_ABSENT = {"", "unknown", "?"}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number, or what is known of it, and its unit."""

    interval: Interval
    unit: Unit

    @classmethod
    def of(cls, value: Decimal | int | str, unit: str) -> Quantity:
        """An exact number in a unit."""
        return cls(point(value), parse_unit(unit))


@dataclass(frozen=True, slots=True)
class DayValues:
    """Measurements in one unit by day; several on one day stand for all between the least and the greatest."""

    values: Mapping[int, Interval]
    unit: Unit


Given = Quantity | DayValues | frozenset[int] | str | tuple[str, ...] | bool | None
"""A number, a series, days, a choice (or several it may be), yes or no; None for what is not known."""


def parse_given(spec: Input, text: str) -> Given:
    """What somebody wrote for an input → a typed value; raises `InvalidParameterError` with what would be right."""
    plain = text.strip()
    if plain.lower() in _ABSENT:
        return None
    match spec.kind:
        case InputKind.NUMBER:
            return _read_quantity(spec, plain)
        case InputKind.SERIES:
            return _read_series(spec, plain)
        case InputKind.DAYS:
            return _read_days(spec, plain)
        case InputKind.FLAG:
            if plain.lower() not in _YES | _NO:
                raise _refused(spec, text, "It is yes, no or unknown.")
            return plain.lower() in _YES
        case InputKind.CHOICE:
            return _read_choice(spec, plain)


def parse_quantity(text: str) -> Quantity:
    """A number and its unit as somebody wrote them (`30 mL/min`); raises `InvalidParameterError`."""
    found = _BOUND.match(text.strip())
    unit = find_unit(text.strip()[found.end() :]) if found is not None else None
    if found is None or unit is None or found[1] or found[3]:
        raise InvalidParameterError(
            f"{text[:60]!r} is no number with a unit", hint="Write it like 30 mL/min or 2 mg/dL."
        )
    return Quantity(point(found[2]), unit)


def value_of(spec: Input, given: Given) -> Value:
    """A typed value in the input's own unit; raises `InvalidParameterError` for one of another kind, or impossible."""
    needs: Needs = frozenset({frozenset({spec.name})})
    match spec.kind, given:
        case InputKind.NUMBER, None:
            return Number(spec.domain, needs)
        case InputKind.NUMBER, Quantity():
            interval = in_domain(spec, _converted(spec, given.interval, given.unit))
            return Number(interval, NOTHING if interval.is_point else needs)
        case InputKind.SERIES, None:
            return Series(None, spec.name)
        case InputKind.SERIES, DayValues():
            each = {
                day: in_domain(spec, _converted(spec, one, given.unit)) for day, one in given.values.items()
            }
            return Series(each, spec.name)
        case InputKind.DAYS, None:
            return Series(None, spec.name)
        case InputKind.DAYS, frozenset():
            return Series({day: point(0) for day in given}, spec.name)
        case InputKind.FLAG, bool() | None:
            return Flag(truth_of(given), needs if given is None else NOTHING)
        case InputKind.CHOICE, None:
            return Level(spec.choices, needs)
        case InputKind.CHOICE, str() if given in spec.choices:
            return Level((given,))
        case InputKind.CHOICE, tuple() if given and set(given) <= set(spec.choices):
            return Level(tuple(choice for choice in spec.choices if choice in given), needs)
        case _:
            raise InvalidParameterError(f"{spec.name}: {given!r} is no {spec.kind}", hint=_example(spec))


def in_domain(spec: Input, interval: Interval) -> Interval:
    """The part of an interval that there can be; raises `InvalidParameterError` when there is none."""
    if spec.domain.holds(interval):
        return interval
    if not spec.domain.overlaps(interval):
        raise InvalidParameterError(
            f"{spec.name}: {interval_words(interval)} cannot be", hint=f"{spec.title}: {_domain_words(spec)}."
        )
    lower = max((interval.lower, not interval.has_lower), (spec.domain.lower, not spec.domain.has_lower))
    upper = min((interval.upper, interval.has_upper), (spec.domain.upper, spec.domain.has_upper))
    return Interval(lower[0], upper[0], not lower[1], upper[1])


def is_plausible(spec: Input, value: Value) -> bool:
    """Whether a value is believed: every measurement may be one that happens."""
    match value:
        case Number(interval=interval):
            return spec.plausible.overlaps(interval)
        case Series(values=values) if values is not None and spec.kind is InputKind.SERIES:
            return all(spec.plausible.overlaps(interval) for interval in values.values())
        case _:
            return True


def is_undecided(value: Value) -> bool:
    """Whether an input as it was given leaves something open."""
    if isinstance(value, Flag):
        return value.truth is Truth.UNKNOWN
    return bool(value.needs)


def _converted(spec: Input, interval: Interval, unit: Unit) -> Interval:
    if spec.unit is None:
        return Interval(
            interval.lower * unit.scale, interval.upper * unit.scale, interval.has_lower, interval.has_upper
        )
    if not can_convert(unit, spec.unit, spec.substance):
        raise InvalidParameterError(
            f"{spec.name}: {unit.code} cannot be expressed in {spec.unit.code}", hint=_example(spec)
        )
    ends = [
        end if isinstance(end, float) else convert_exactly(end, unit, spec.unit, spec.substance)
        for end in (interval.lower, interval.upper)
    ]
    return Interval(ends[0], ends[1], interval.has_lower, interval.has_upper)


def _read_quantity(spec: Input, text: str) -> Quantity:
    found = _BOUND.match(text)
    if found is None:
        raise _refused(spec, text, _example(spec))
    unit = _read_unit(spec, text[found.end() :], text)
    return Quantity(_read_interval(spec, text, *found.groups()), unit)


def _read_interval(spec: Input, text: str, sign: str | None, first: str, second: str | None) -> Interval:
    low = Fraction(first)
    if sign and second:
        raise _refused(spec, text, "A bound or a range, not both.")
    if second is not None:
        if Fraction(second) < low:
            raise _refused(spec, text, "A range goes from the smaller to the greater number.")
        return Interval(low, Fraction(second))
    if sign in ("<", "<=", "≤"):
        return Interval(-INFINITY, low, False, sign != "<")
    if sign in (">", ">=", "≥"):
        return Interval(low, INFINITY, sign != ">", False)
    return Interval(low, low)


def _read_unit(spec: Input, written: str, text: str) -> Unit:
    if not written.strip():
        if spec.unit is None or not (spec.is_bare or spec.unit.code == "1"):
            raise _refused(spec, text, f"It needs a unit: {_example(spec)}")
        return spec.unit
    unit = find_unit(written)
    if unit is None:
        raise _refused(spec, text, f"{written.strip()!r} is not a known unit. {_example(spec)}")
    return unit


def _read_series(spec: Input, text: str) -> DayValues:
    at = 0
    values: dict[int, Interval] = {}
    while found := _DAY_VALUE.match(text, at):
        day = _read_day(spec, found[1])
        bound = _BOUND.fullmatch(found[2])
        if bound is None:
            raise _refused(spec, text, _example(spec))
        interval = _read_interval(spec, text, *bound.groups())
        values[day] = hull([values[day], interval]) if day in values else interval
        at = found.end()
    if not values:
        raise _refused(spec, text, _example(spec))
    return DayValues(values, _read_unit(spec, text[at:], text))


def _read_days(spec: Input, text: str) -> frozenset[int]:
    if text.lower() in {"none", "never"}:
        return frozenset()
    at = 0
    days = set()
    while found := _DAY.match(text, at):
        days.add(_read_day(spec, found[1]))
        at = found.end()
    if text[at:].strip() or not days:
        raise _refused(spec, text, _example(spec))
    return frozenset(days)


def _read_choice(spec: Input, text: str) -> str | tuple[str, ...]:
    """One choice, in any case; or several it may be, with `|` between them."""
    by_word = {choice.lower(): choice for choice in spec.choices}
    chosen = [by_word.get(part.strip().removesuffix("%").strip().lower()) for part in text.split("|")]
    found = tuple(dict.fromkeys(one for one in chosen if one is not None))
    if None in chosen:
        raise _refused(spec, text, _example(spec))
    return found[0] if len(found) == 1 else found


def _read_day(spec: Input, text: str) -> int:
    day = int(text)
    if abs(day) > LARGEST_DAY:
        raise _refused(spec, text, "Days are counted from the transplantation.")
    return day


def _refused(spec: Input, text: str, hint: str) -> InvalidParameterError:
    return InvalidParameterError(f"{spec.name}: {text[:60]!r} cannot be read", hint=hint)


def _example(spec: Input) -> str:
    unit = spec.unit.code if spec.unit is not None and spec.unit.code != "1" else ""
    return {
        InputKind.NUMBER: f"Write a number and its unit, such as {spec.name}=1.5{unit or 'mg/dL'}.",
        InputKind.SERIES: f"Write days and values, such as {spec.name}='12:0.3 13:0.6 {unit}'.",
        InputKind.DAYS: f"Write days, such as {spec.name}='12 15', or {spec.name}=none.",
        InputKind.FLAG: "It is yes, no or unknown.",
        InputKind.CHOICE: f"It is one of {', '.join(spec.choices)}.",
    }[spec.kind]


def _domain_words(spec: Input) -> str:
    return interval_words(spec.domain) + (f" {spec.unit}" if spec.unit else "")
