"""What follows from a patient's facts by published formulas and definitions: further facts, each with its trace.

A derived fact says by which definition it was worked out (`origin.resource`) and is of the day of what it was worked out from. What
misses something is no fact; it is told with what is missing. Where a question has several published answers, only what all
that apply agree on becomes a fact. Recorded facts stay what they are: who evaluates prefers them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from trialist.errors import InvalidParameterError
from trialist.evaluation.calculators import (
    Calculated,
    Definition,
    Given,
    Input,
    Interval,
    NotApplicable,
    Outcome,
    Unknown,
    calculate,
    decide_flag,
    find_definition,
    render_outcome,
)
from trialist.evaluation.calculators.intervals import End
from trialist.evaluation.derived_inputs import (
    FactsOn,
    Found,
    find_input,
    lead_facts,
    read_derived,
    transplant_day,
)
from trialist.evaluation.steroid_course import read_course
from trialist.evaluation.truth import Truth
from trialist.patient.extents import DateRange, ValueRange
from trialist.patient.facts import Certainty, Fact, FactKind, Origin, Patient, Status
from trialist.vocabulary.units import to_decimal


@dataclass(frozen=True, slots=True)
class Derivation:
    """One definition on one day: what came out, from which facts; `fact` is None where it is not known.

    `trace` is how it was worked out, line by line, or what is missing.
    """

    rule: str
    definition_id: str
    day: date
    outcome: Outcome
    used: tuple[Fact, ...]
    fact: Fact | None = None

    @property
    def trace(self) -> str:
        """The lines of the calculation, with what is missing, its notes and its source."""
        return render_outcome(self.outcome)


@dataclass(frozen=True, slots=True)
class Derived:
    """The patient with all derived facts, and how each was, or could not be, worked out."""

    patient: Patient
    derivations: tuple[Derivation, ...]


class _Work:
    """The facts so far, what was worked out, and the inputs that were looked up: several definitions ask for the same."""

    def __init__(self, patient: Patient, as_of: date) -> None:
        self._waiting: list[Fact] = []
        self._found: dict[tuple[str, date], Found | None] = {}
        self.known = FactsOn(patient, as_of)
        self.derivations: list[Derivation] = []

    def find(self, spec: Input, day: date) -> Found | None:
        """The value of an input on a day."""
        key = (spec.name, day)
        if key not in self._found:
            self._found[key] = find_input(spec, self.known, day)
        return self._found[key]

    def add(self, derivations: Sequence[Derivation]) -> None:
        """Note what was worked out; its facts may be used after the next `refresh`."""
        self.derivations += derivations
        self._waiting += [one.fact for one in derivations if one.fact is not None]

    def refresh(self) -> None:
        """Let what was worked out so far be used by what comes next."""
        self.known.add(self._waiting)
        self._waiting, self._found = [], {}


def derive(patient: Patient, as_of: date) -> Derived:
    """Everything that follows from the facts known on a day. Facts that were derived before are worked out anew."""
    own = replace(patient, facts=tuple(one for one in patient.facts if one.origin.document != "derived"))
    work = _Work(own, as_of)
    for name, row in read_derived()["rule"].items():
        if row.get("builds_on_derived"):
            work.refresh()
        work.add(list(_apply(name, row, work, as_of)))
    facts = tuple(one.fact for one in work.derivations if one.fact is not None)
    return Derived(replace(own, facts=(*own.facts, *facts)), tuple(work.derivations))


def _apply(name: str, row: Mapping[str, Any], work: _Work, as_of: date) -> Iterator[Derivation]:
    """One rule on the latest day that its lead has facts of, or on every such day."""
    known = work.known
    if "needs" in row and not any(_is_there(one, known) for one in row["needs"].split()):
        return
    if row.get("after_transplant") and transplant_day(known) is None:
        return
    kind, _, fact_id = row["to"].partition(" ")
    days = _days(row["lead"].split(), known, as_of)
    for day in days if row.get("every_day") else days[-1:]:
        if not _is_recorded(FactKind(kind), fact_id, known, day):
            yield from _on_day(name, row, work, day)


def _on_day(name: str, row: Mapping[str, Any], work: _Work, day: date) -> Iterator[Derivation]:
    kind, _, fact_id = row["to"].partition(" ")
    found = [_ask(name, one, work, day) for one in row["definitions"].split()]
    applicable = [one for one in found if one is not None and not isinstance(one.outcome, NotApplicable)]
    if not applicable:
        return
    if row.get("family") and kind == FactKind.CONDITION:
        yield from _decided(applicable, fact_id, day)
    elif row.get("family"):
        yield from _either(applicable, FactKind(kind), fact_id)
    else:
        for one in applicable:
            yield replace(one, fact=_fact(one, FactKind(kind), fact_id, row.get("method", "")))


def _is_recorded(kind: FactKind, fact_id: str, known: FactsOn, day: date) -> bool:
    """Whether the record itself says it of that day."""
    return any(
        one.origin.document != "derived" and one.date is not None and one.date.exact == day
        for one in known.facts(kind, fact_id)
    )


def _is_there(condition: str, known: FactsOn) -> bool:
    return any(
        not one.negated and one.certainty is not Certainty.SUSPECTED
        for one in known.facts(FactKind.CONDITION, condition)
    )


def _days(leads: Sequence[str], known: FactsOn, as_of: date) -> list[date]:
    """The days of which a lead has recorded facts, in order; the day of evaluation where there is no lead."""
    if not leads:
        return [as_of]
    days = {
        one.date.exact
        for lead in leads
        for one in lead_facts(lead, known)
        if one.date is not None and one.date.exact is not None and one.date.exact <= as_of
    }
    return sorted(day for day in days if day is not None)


def _ask(rule: str, definition_id: str, work: _Work, day: date) -> Derivation | None:
    definition = find_definition(definition_id)
    given: dict[str, Given] = {}
    used: list[Fact] = []
    course = read_course(work.known, day) if rule == "steroid_refractory_agvhd" else None
    for spec in definition.inputs:
        if course is not None and spec.name in course.given:
            given[spec.name] = course.given[spec.name]
            continue
        found = work.find(spec, day)
        if found is not None:
            given[spec.name] = found.given
            used += found.facts
    if course is not None:
        used += course.facts
    return _calculated(rule, definition, given, tuple({id(one): one for one in used}.values()), day)


def _calculated(
    rule: str, definition: Definition, given: dict[str, Given], used: tuple[Fact, ...], day: date
) -> Derivation | None:
    """The outcome; values that cannot be are left out one by one, so that they are told as missing."""
    for name in ("", *given):
        try:
            values = {key: value for key, value in given.items() if key != name}
            return Derivation(rule, definition.id, day, calculate(definition, values), used)
        except InvalidParameterError:
            continue
    return None


def _decided(found: Sequence[Derivation], fact_id: str, day: date) -> Iterator[Derivation]:
    """A condition that all definitions with an answer agree on, when none that applies is open."""
    decision = decide_flag([one.outcome for one in found])
    for place, one in enumerate(found):
        fact = None
        if decision.truth.is_decided and place == 0:
            fact = Fact(
                FactKind.CONDITION,
                fact_id,
                Origin("derived", resource=" + ".join(other.definition_id for other in found)),
                surface=fact_id.replace("_", " "),
                status=Status.ACTIVE if decision.truth is Truth.TRUE else Status.UNSTATED,
                negated=decision.truth is Truth.FALSE,
                recorded=DateRange.on(day),
                note=decision.reason,
            )
        yield replace(one, fact=fact)


def _either(found: Sequence[Derivation], kind: FactKind, fact_id: str) -> Iterator[Derivation]:
    """A grade as far as the published answers agree: every step that one of them gives."""
    steps = tuple(dict.fromkeys(step for one in found for step in _steps(one.outcome)))
    is_known = all(_steps(one.outcome) for one in found) and steps
    for place, one in enumerate(found):
        fact = None
        if is_known and place == 0:
            fact = Fact(
                kind,
                fact_id,
                Origin("derived", resource=" + ".join(other.definition_id for other in found)),
                surface=fact_id.replace("_", " "),
                steps=steps,
                date=DateRange.on(one.day),
            )
        yield replace(one, fact=fact)


def _steps(outcome: Outcome) -> tuple[str, ...]:
    """The levels that an outcome leaves, fewer than all; none when it says nothing."""
    if isinstance(outcome, Calculated) and isinstance(outcome.value, str):
        return tuple(outcome.value.split("/"))
    if isinstance(outcome, Unknown) and isinstance(outcome.possible, tuple):
        every = {level for case in outcome.definition.result_step.cases for level in case.levels}
        return outcome.possible if set(outcome.possible) < every else ()
    return ()


def _fact(one: Derivation, kind: FactKind, fact_id: str, method: str) -> Fact | None:
    """The fact that an outcome is: a value, a grade (perhaps one of several), or a condition; None where nothing is known."""
    said: dict[str, Any] = {
        "id": fact_id,
        "origin": Origin("derived", resource=one.definition_id),
        "surface": one.outcome.definition.title,
        "method": method,
    }
    outcome = one.outcome
    if kind is FactKind.GRADE:
        steps = _steps(outcome)
        return Fact(kind, steps=steps, date=DateRange.on(one.day), **said) if steps else None
    if isinstance(outcome, Calculated) and isinstance(outcome.value, bool):
        status = Status.ACTIVE if outcome.value else Status.UNSTATED
        return Fact(kind, negated=not outcome.value, status=status, recorded=DateRange.on(one.day), **said)
    if isinstance(outcome, Calculated) and isinstance(outcome.value, Interval):
        unit = outcome.unit.code if outcome.unit is not None else "1"
        unit = "{score}" if fact_id == "hct_ci" else unit
        return Fact(kind, value=_range(outcome.value), unit=unit, date=DateRange.on(one.day), **said)
    return None


def _range(value: Interval) -> ValueRange:
    return ValueRange(_end(value.lower), _end(value.upper), value.has_lower, value.has_upper)


def _end(end: End) -> Decimal | None:
    return to_decimal(end) if isinstance(end, Fraction) else None
