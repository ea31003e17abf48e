"""The course of first-line steroid treatment of acute GVHD, from doses and grades by day → the inputs of its definitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from trialist.errors import InvalidParameterError
from trialist.evaluation.amounts import known_range
from trialist.evaluation.calculators import Calculated, Given, Interval, Quantity, calculate, find_definition
from trialist.evaluation.calculators.intervals import point
from trialist.evaluation.derived_inputs import FactsOn, near
from trialist.patient.facts import Fact, FactKind, Status
from trialist.vocabulary.units import can_convert, convert_exactly, find_unit, parse_unit

_STEROIDS = ("methylprednisolone", "prednisone", "dexamethasone")
_GRADES = ("0", "I", "II", "III", "IV")
_BASELINE_DAYS = 3
_NEAR = 3
_SCHEMES = ("agvhd-grade/magic-2016", "MAGIC", "")


@dataclass(frozen=True, slots=True)
class Course:
    """What the definitions ask of a course of steroids, as far as it is known, and the facts it was read from."""

    given: dict[str, Given]
    facts: tuple[Fact, ...]


def read_course(known: FactsOn, day: date) -> Course | None:
    """The course up to a day; None without a systemic steroid of which the first day is known."""
    steroids = [
        one for name in _STEROIDS for one in known.facts(FactKind.EXPOSURE, name) if _is_systemic(one)
    ]
    started = [
        (one.date.exact, one) for one in steroids if one.date is not None and one.date.exact is not None
    ]
    started = [(at, one) for at, one in started if at is not None and at <= day]
    if not started or len(started) < len(steroids):
        return None
    first, steroid = min(started, key=lambda one: one[0])
    grades = _grades(known)
    given: dict[str, Given] = {}
    used: list[Fact] = [steroid]
    dose = _dose(steroid, known, first)
    if dose is not None:
        given["first_line_dose"] = dose
    end = steroid.end.exact if steroid.end is not None else None
    last = min(day, end) if end is not None else day
    given["steroid_days"] = Quantity(point((last - first).days), parse_unit("d"))
    before = [(at, fact) for at, fact in grades if 0 <= (first - at).days <= _BASELINE_DAYS]
    if not before:
        return Course(given, tuple(used))
    start = max(before, key=lambda one: one[0])[1]
    used.append(start)
    after = [(at, fact) for at, fact in grades if first < at <= day]
    used += [fact for _, fact in after]
    _respond(given, _step(start), [((at - first).days, _step(fact)) for at, fact in after])
    return Course(given, tuple(dict.fromkeys(used)))


def _is_systemic(fact: Fact) -> bool:
    local = {"topical", "inhaled", "ophthalmic", "intranasal"}
    return not fact.negated and fact.status is not Status.PLANNED and not local & set(fact.route)


def _grades(known: FactsOn) -> list[tuple[date, Fact]]:
    """Overall grades with one step and a day; of several schemes one: a recorded grade, else MAGIC's."""
    found = [
        (one.date.exact, one)
        for one in known.facts(FactKind.GRADE, "agvhd_grade")
        if not one.negated and len(one.steps) == 1 and one.date is not None and one.date.exact is not None
    ]
    recorded = [(at, one) for at, one in found if at is not None and one.origin.document != "derived"]
    derived = [(at, one) for at, one in found if at is not None and one.origin.resource in _SCHEMES]
    have = {at for at, _ in recorded}
    return sorted([*recorded, *((at, one) for at, one in derived if at not in have)], key=lambda one: one[0])


def _step(fact: Fact) -> int:
    return _GRADES.index(fact.steps[0])


def _respond(given: dict[str, Given], start: int, after: Sequence[tuple[int, int]]) -> None:
    """Progression, and the response on the days that definitions name."""
    worse = [day for day, step in after if step > start]
    given["agvhd_progressed"] = bool(worse) if after else None
    if worse:
        given["agvhd_progression_day"] = Quantity(point(min(worse)), parse_unit("d"))
    for due in (7, 14, 28):
        responses = _around(start, after, due)
        if responses:
            given[f"response_by_day_{due}"] = responses[0] if len(responses) == 1 else responses


def _around(start: int, after: Sequence[tuple[int, int]], due: int) -> tuple[str, ...]:
    """The response on a day: that of the day itself, else all that the grades right before and behind it allow."""
    own = [step for day, step in after if day == due]
    if own:
        return (_response(start, own[-1]),)
    before = [step for day, step in after if due - _NEAR <= day < due]
    behind = [step for day, step in after if due < day <= due + _NEAR]
    if not before or not behind:
        return ()
    low, high = sorted((before[-1], behind[0]))
    return tuple(dict.fromkeys(_response(start, step) for step in range(low, high + 1)))


def _response(start: int, step: int) -> str:
    if step == 0:
        return "complete"
    if step < start:
        return "partial"
    return "none" if step == start else "progression"


def _dose(steroid: Fact, known: FactsOn, first: date) -> Quantity | None:
    """The starting dose as mg/kg/d of methylprednisolone, by the equivalents of `tables/steroids.toml`."""
    unit = find_unit(steroid.unit) if steroid.unit else None
    if steroid.value is None or unit is None:
        return None
    given: dict[str, Given] = {"steroid": steroid.id}
    per_kilogram = parse_unit("mg/kg/d")
    if can_convert(unit, per_kilogram):
        # A dose per kilogram is the dose of one kilogram.
        dose = known_range(steroid.value) * point(convert_exactly(Fraction(1), unit, per_kilogram))
        given |= {
            "steroid_dose": Quantity(dose, parse_unit("mg/d")),
            "weight": Quantity(point(1), parse_unit("kg")),
        }
        return _as_methylprednisolone(given)
    given["steroid_dose"] = Quantity(known_range(steroid.value), unit)
    weights = near("weight", known.facts(FactKind.MEASUREMENT, "weight"), first)
    if len(weights) == 1 and weights[0].value is not None and (of := find_unit(weights[0].unit)) is not None:
        given["weight"] = Quantity(known_range(weights[0].value), of)
    return _as_methylprednisolone(given)


def _as_methylprednisolone(given: dict[str, Given]) -> Quantity | None:
    try:
        outcome = calculate(find_definition("methylprednisolone-equivalent/standard"), given)
    except InvalidParameterError:
        return None
    if isinstance(outcome, Calculated) and isinstance(outcome.value, Interval) and outcome.unit is not None:
        return Quantity(outcome.value, outcome.unit)
    return None
