"""Where the inputs of calculators are found among a patient's facts, as of a day: the latest that is near enough, or nothing.

Nothing has a default, and nothing is taken from silence: an input that no fact gives is not given.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Any

from trialist.evaluation.amounts import known_range
from trialist.evaluation.calculators import DayValues, Given, Input, InputKind, Interval, Quantity
from trialist.evaluation.calculators.intervals import hull, point
from trialist.evaluation.kinship import narrower
from trialist.evaluation.known import day_of
from trialist.patient.facts import (
    Certainty,
    Fact,
    FactKind,
    Patient,
    Status,
    Subject,
    age_on,
    index_facts,
    known_on,
)
from trialist.vocabulary.units import can_convert, convert_exactly, find_unit, parse_unit

_TRANSPLANTS = ("allo_hct", "haplo_hct", "cord_transplant", "hct")


@cache
def read_derived() -> Mapping[str, Any]:
    """`tables/derived.toml` as it is."""
    file = resources.files("trialist.evaluation") / "tables" / "derived.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


class FactsOn:
    """The patient's own facts of a day by kind and id, to which derived ones are added on the way."""

    def __init__(self, patient: Patient, as_of: date) -> None:
        self.patient = patient
        self._by_id = index_facts(
            fact for fact in patient.facts if fact.subject is Subject.PATIENT and known_on(fact, as_of)
        )

    def facts(self, kind: FactKind, fact_id: str) -> Sequence[Fact]:
        """The facts of a kind and id."""
        return self._by_id.get((kind, fact_id), ())

    def of_kind(self, kind: FactKind) -> Sequence[Fact]:
        """All facts of a kind."""
        return [fact for (one, _), facts in self._by_id.items() if one is kind for fact in facts]

    def add(self, facts: Iterable[Fact]) -> None:
        """Let further facts be found."""
        for fact in facts:
            self._by_id.setdefault((fact.kind, fact.id), []).append(fact)


@dataclass(frozen=True, slots=True)
class Found:
    """An input's value, and the facts that it is of."""

    given: Given
    facts: tuple[Fact, ...] = ()


def find_input(spec: Input, known: FactsOn, day: date) -> Found | None:
    """The value of an input on a day; None where no fact gives one."""
    match spec.kind:
        case InputKind.NUMBER:
            return _number(spec, known, day)
        case InputKind.CHOICE:
            return _choice(spec, known, day)
        case InputKind.FLAG:
            return _flag(spec, known, day)
        case InputKind.SERIES:
            return _series(spec, known, day)
        case InputKind.DAYS:
            return _days(spec, known, day)


def lead_facts(name: str, known: FactsOn) -> Sequence[Fact]:
    """The dated facts of an input, of whatever kind it is, that are recorded."""
    found = [
        one for one in (*_measured(name, known), *_graded(name, known)) if one.origin.document != "derived"
    ]
    return [one for one in found if one.date is not None and one.date.exact is not None]


def transplant_day(known: FactsOn) -> date | None:
    """The day of the one transplantation; None when there is none, or more than one, or no day."""
    days = {
        fact.date.exact if fact.date is not None else None
        for name in _TRANSPLANTS
        for fact in known.facts(FactKind.EXPOSURE, name)
        if not fact.negated and fact.status is not Status.PLANNED
    }
    return days.pop() if len(days) == 1 else None


def _measured(name: str, known: FactsOn) -> list[Fact]:
    own = read_derived()["measured"].get(name, name)
    found = [one for one in known.facts(FactKind.MEASUREMENT, own) if _is_sure(one)]
    if name == "measured_creatinine_clearance":
        found = [one for one in found if one.origin.document != "derived"]
    return found


def _graded(name: str, known: FactsOn) -> list[Fact]:
    own = read_derived()["graded"].get(name, name)
    return [one for one in known.facts(FactKind.GRADE, own) if _is_sure(one)]


def _is_sure(fact: Fact) -> bool:
    return not fact.negated and fact.certainty is not Certainty.SUSPECTED


def near(name: str, facts: Sequence[Fact], day: date) -> tuple[Fact, ...]:
    """The latest facts that are at most so many days before a day as the table allows, all of the same day."""
    windows = read_derived()["windows"]
    most: int = windows.get(name, windows["default"])
    dated = [
        (of.exact, one)
        for one in facts
        if (of := day_of(one)) is not None and of.exact is not None and 0 <= (day - of.exact).days <= most
    ]
    latest = max((when for when, _ in dated), default=None)
    return tuple(one for when, one in dated if when == latest)


def _number(spec: Input, known: FactsOn, day: date) -> Found | None:
    if spec.name == "age":
        return _age(known, day)
    if spec.name in read_derived()["multiples"]:
        return _multiple(spec, known, day)
    if spec.name == "days_since_transplant":
        zero = transplant_day(known)
        return None if zero is None else Found(Quantity(point((day - zero).days), parse_unit("d")))
    facts = near(spec.name, _measured(spec.name, known), day)
    quantities = [one for one in (_quantity(spec, fact) for fact in facts) if one is not None]
    if not quantities or len(quantities) < len(facts) or spec.unit is None:
        return None
    joined = hull([one.interval for one in quantities])
    return Found(Quantity(joined, spec.unit), facts)


def _quantity(spec: Input, fact: Fact) -> Quantity | None:
    """A fact's value in the input's unit; None when it cannot be."""
    unit = find_unit(fact.unit)
    if fact.value is None or unit is None or spec.unit is None or (not fact.unit and spec.unit.code != "1"):
        return None
    if not can_convert(unit, spec.unit, spec.substance):
        return None
    value = known_range(fact.value)
    ends = [
        end if isinstance(end, float) else convert_exactly(end, unit, spec.unit, spec.substance)
        for end in (value.lower, value.upper)
    ]
    return Quantity(Interval(ends[0], ends[1], value.has_lower, value.has_upper), spec.unit)


def _age(known: FactsOn, day: date) -> Found | None:
    """The age in years: completed years, and up to the next birthday."""
    birth = known.patient.birth
    age = age_on(birth, day) if birth is not None else None
    if age is None or age.lower is None or age.upper is None:
        return None
    return Found(Quantity(Interval(Fraction(age.lower), Fraction(age.upper)), parse_unit("a")))


def _multiple(spec: Input, known: FactsOn, day: date) -> Found | None:
    """A multiple of the upper limit of normal: needs every one of the results named, each with its own range."""
    found: list[tuple[Interval, Fact]] = []
    names = read_derived()["multiples"][spec.name].split()
    for name in names:
        for fact in near(name, _measured(name, known), day):
            if (
                fact.value is None
                or fact.reference is None
                or not fact.reference.high
                or fact.reference.high <= 0
            ):
                return None
            found.append((known_range(fact.value) * point(1 / Fraction(fact.reference.high)), fact))
    if len({fact.id for _, fact in found}) < len(names) or spec.unit is None:
        return None
    greatest = Interval(
        max(one.lower for one, _ in found),
        max(one.upper for one, _ in found),
        all(one.has_lower for one, _ in found),
        all(one.has_upper for one, _ in found),
    )
    return Found(Quantity(greatest, spec.unit), tuple(fact for _, fact in found))


def _choice(spec: Input, known: FactsOn, day: date) -> Found | None:
    if spec.name == "sex":
        return None if known.patient.sex is None else Found(str(known.patient.sex))
    facts = near(spec.name, _graded(spec.name, known), day)
    steps = {step for one in facts for step in one.steps}
    options = tuple(choice for choice in spec.choices if choice in steps)
    if not options or len(options) < len(steps):
        return None
    return Found(options[0] if len(options) == 1 else options, facts)


def _flag(spec: Input, known: FactsOn, day: date) -> Found | None:
    facts = [one for one in known.facts(FactKind.FLAG, spec.name) if one.certainty is not Certainty.SUSPECTED]
    dated = near(spec.name, facts, day) or tuple(one for one in facts if one.date is None)
    said = {not one.negated for one in dated}
    if len(said) == 1:
        return Found(said.pop(), dated)
    if spec.name == "severe_gvhd":
        return _severe_gvhd(known, day)
    names = read_derived()["conditions"].get(spec.name, "").split()
    stated = [
        one for name in names for one in _conditions(name, known) if one.certainty is not Certainty.SUSPECTED
    ]
    there = tuple(one for one in stated if not one.negated)
    if there:
        return Found(True, there)
    denied = tuple(one for one in stated if one.negated and one.date is None)
    return Found(False, denied) if names and {one.id for one in denied} >= set(names) else None


def _severe_gvhd(known: FactsOn, day: date) -> Found | None:
    """Whether acute GVHD is of grade III or IV, from the latest grade; no where GVHD is denied."""
    grades = near("agvhd_grade", _graded("agvhd_grade", known), day)
    severe = {step in {"III", "IV"} for one in grades for step in one.steps}
    if len(severe) == 1:
        return Found(severe.pop(), grades)
    denied = tuple(
        one
        for name in ("gvhd", "acute_gvhd")
        for one in known.facts(FactKind.CONDITION, name)
        if one.negated and one.date is None
    )
    return Found(False, denied) if denied and not grades else None


def _conditions(name: str, known: FactsOn) -> list[Fact]:
    return [
        one for own in (name, *narrower("condition", name)) for one in known.facts(FactKind.CONDITION, own)
    ]


def _series(spec: Input, known: FactsOn, day: date) -> Found | None:
    """Values by day since the transplantation; several of one day stand for all between the least and the greatest."""
    zero = transplant_day(known)
    name = read_derived()["series"].get(spec.name)
    if zero is None or name is None or spec.unit is None:
        return None
    values: dict[int, Interval] = {}
    used: list[Fact] = []
    for fact in _measured(name, known):
        quantity = _quantity(spec, fact)
        at = fact.date.exact if fact.date is not None else None
        if quantity is None or at is None or at > day:
            continue
        number = (at - zero).days
        values[number] = hull([values[number], quantity.interval]) if number in values else quantity.interval
        used.append(fact)
    return Found(DayValues(values, spec.unit), tuple(used)) if values else None


def _days(spec: Input, known: FactsOn, day: date) -> Found | None:
    """The days of transfusions or growth factors, where the record has any, or denies them all."""
    zero = transplant_day(known)
    word = read_derived()["days"].get(spec.name)
    if zero is None or word is None:
        return None
    facts = [one for one in known.of_kind(FactKind.EXPOSURE) if _is_given(one, word)]
    if facts and all(one.negated and one.date is None for one in facts):
        return Found(frozenset(), tuple(facts))
    given = [one for one in facts if not one.negated and one.status is not Status.PLANNED]
    days = [one.date.exact if one.date is not None else None for one in given]
    if not given or None in days:
        return None
    return Found(frozenset((one - zero).days for one in days if one is not None and one <= day), tuple(given))


def _is_given(fact: Fact, word: str) -> bool:
    if word in (fact.id, fact.broader):
        return True
    is_blood = "blood_products" in (fact.id, fact.broader)
    return is_blood and word in fact.surface.casefold()
