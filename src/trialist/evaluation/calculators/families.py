"""Questions with several published answers: every method that applies is asked, and only what they agree on is decided."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from trialist.evaluation.calculators.calculate import calculate
from trialist.evaluation.calculators.definitions import read_definitions
from trialist.evaluation.calculators.given import Given, Quantity
from trialist.evaluation.calculators.intervals import EVERYTHING, Interval
from trialist.evaluation.calculators.nodes import (
    Calculated,
    Definition,
    Family,
    Input,
    NotApplicable,
    Outcome,
    Unknown,
)
from trialist.evaluation.truth import Truth, truth_of
from trialist.vocabulary.units import convert_exactly, parse_unit


@dataclass(frozen=True, slots=True)
class FamilyOutcome:
    """What each definition of a family says, those that count, and those that were asked but do not."""

    family: Family
    counted: tuple[Outcome, ...]
    passed_over: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a threshold is met, and in words why; `is_method_sensitive` when the methods answer differently."""

    truth: Truth
    reason: str
    is_method_sensitive: bool = False


def family_definitions(family: Family) -> tuple[Definition, ...]:
    """The definitions of a family, preferred ones first."""
    return tuple(read_definitions()[one] for one in (*family.prefer, *family.members))


def family_inputs(family: Family) -> tuple[Input, ...]:
    """Everything that one of the definitions asks for, each once."""
    found = {one.name: one for definition in family_definitions(family) for one in definition.inputs}
    return tuple(found.values())


def ask_family(family: Family, given: Mapping[str, Given]) -> FamilyOutcome:
    """Every definition of the family on these values; each takes the inputs that it asks for."""
    definitions = read_definitions()

    def ask(name: str) -> Outcome:
        definition = definitions[name]
        own = {one.name for one in definition.inputs}
        return calculate(definition, {key: value for key, value in given.items() if key in own})

    preferred = [ask(name) for name in family.prefer]
    for outcome in preferred:
        if isinstance(outcome, Calculated):
            others = tuple(one for one in preferred if one is not outcome)
            return FamilyOutcome(family, (outcome,), others)
    members = [ask(name) for name in family.members]
    counted = [one for one in members if not isinstance(one, NotApplicable)]
    if family.known_only and any(isinstance(one, Calculated) for one in counted):
        counted = [one for one in counted if isinstance(one, Calculated)]
    rest = [one for one in (*preferred, *members) if not any(one is other for other in counted)]
    return FamilyOutcome(family, tuple(counted), tuple(rest))


def decide_number(outcomes: Collection[Outcome], symbol: str, threshold: Quantity) -> Decision:
    """Whether all answers compare so (`<`, `<=`, `>`, `>=`) with a threshold.

    Raises `InvalidParameterError` when an answer's unit is of another kind than the threshold's.
    """
    truths = []
    for outcome in outcomes:
        interval = _interval(outcome)
        if interval is not None:
            truths.append(interval.compare(symbol, _in_unit_of(outcome, threshold)))
    return _agreed(outcomes, truths)


def decide_level(outcomes: Collection[Outcome], allowed: Collection[str]) -> Decision:
    """Whether all answers are one of the allowed levels."""
    truths = []
    for outcome in outcomes:
        options = _options(outcome)
        inside = [option in allowed for option in options]
        truths.append(truth_of(None if not inside or (any(inside) and not all(inside)) else inside[0]))
    return _agreed([one for one in outcomes if not isinstance(one, NotApplicable)], truths)


def decide_flag(outcomes: Collection[Outcome]) -> Decision:
    """Whether all answers are yes."""
    truths = [
        truth_of(one.value) if isinstance(one, Calculated) and isinstance(one.value, bool) else Truth.UNKNOWN
        for one in outcomes
        if not isinstance(one, NotApplicable)
    ]
    return _agreed(outcomes, truths)


def _agreed(outcomes: Collection[Outcome], truths: list[Truth]) -> Decision:
    applicable = [one for one in outcomes if not isinstance(one, NotApplicable)]
    if not applicable or not truths:
        return Decision(Truth.UNKNOWN, "no method applies to this patient")
    if len(set(truths)) == 1 and truths[0].is_decided:
        return Decision(
            truths[0],
            "all methods that apply agree" if len(truths) > 1 else "the method that applies says so",
        )
    if {Truth.TRUE, Truth.FALSE} <= set(truths):
        return Decision(Truth.UNKNOWN, "the methods answer differently", is_method_sensitive=True)
    return Decision(Truth.UNKNOWN, "a method is missing something")


def _interval(outcome: Outcome) -> Interval | None:
    if isinstance(outcome, Calculated) and isinstance(outcome.value, Interval):
        return outcome.value
    if isinstance(outcome, Unknown):
        return outcome.possible if isinstance(outcome.possible, Interval) else EVERYTHING
    return None


def _options(outcome: Outcome) -> tuple[str, ...]:
    if isinstance(outcome, Calculated) and isinstance(outcome.value, str):
        return (outcome.value,)
    if isinstance(outcome, Unknown) and isinstance(outcome.possible, tuple):
        return outcome.possible
    return ()


def _in_unit_of(outcome: Outcome, threshold: Quantity) -> Interval:
    unit = outcome.unit if isinstance(outcome, Calculated | Unknown) and outcome.unit else parse_unit("1")
    ends = [
        end if isinstance(end, float) else convert_exactly(end, threshold.unit, unit)
        for end in (threshold.interval.lower, threshold.interval.upper)
    ]
    return Interval(ends[0], ends[1], threshold.interval.has_lower, threshold.interval.has_upper)
