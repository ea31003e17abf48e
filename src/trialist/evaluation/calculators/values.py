"""The values that calculations are made of; each remembers which inputs it still waits for.

A value is a number (an interval), a level (which of several it may be), a flag (three-valued), or a series of
measurements by day with the truth about each day. `needs` names the inputs that are absent or not exact enough and on
which the value still depends: what is decided needs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from trialist.evaluation.calculators.intervals import Interval, hull
from trialist.evaluation.truth import Truth

Need = frozenset[str]
"""Names of inputs, any one of which would do."""

Needs = frozenset[Need]
"""All of these."""

NOTHING: Needs = frozenset()


@dataclass(frozen=True, slots=True)
class Number:
    """A number, as far as it is known, in the unit of the input or step it belongs to."""

    interval: Interval
    needs: Needs = NOTHING

    def __post_init__(self) -> None:
        if self.interval.is_point and self.needs:
            object.__setattr__(self, "needs", NOTHING)


@dataclass(frozen=True, slots=True)
class Level:
    """One of several named levels; `options` are those it may be, in the order of the scale."""

    options: tuple[str, ...]
    needs: Needs = NOTHING

    def __post_init__(self) -> None:
        if not self.options:
            raise ValueError("a level is one of some")
        if len(self.options) == 1 and self.needs:
            object.__setattr__(self, "needs", NOTHING)

    def as_number(self) -> Number:
        """Levels that are numerals, as a number; raises ValueError for others."""
        ends = [Fraction(option) for option in self.options]
        return Number(Interval(min(ends), max(ends)), self.needs)


@dataclass(frozen=True, slots=True)
class Flag:
    """Whether something is so."""

    truth: Truth
    needs: Needs = NOTHING

    def __post_init__(self) -> None:
        if self.truth.is_decided and self.needs:
            object.__setattr__(self, "needs", NOTHING)


@dataclass(frozen=True, slots=True)
class Series:
    """Measurements by day, counted from the day of transplantation; None when none were given at all."""

    values: Mapping[int, Interval] | None
    name: str

    @property
    def needs(self) -> Needs:
        """The series itself: another day's value could always change what is said of the days without one."""
        return frozenset({frozenset({self.name})})


@dataclass(frozen=True, slots=True)
class Daily:
    """Whether something is so, day by day; days that are not in `days` were not measured."""

    days: Mapping[int, Truth]
    needs: Needs
    is_given: bool = True


Value = Number | Level | Flag | Series | Daily


def is_open(value: Value) -> bool:
    """Whether a level or a flag is not decided."""
    return (isinstance(value, Level) and len(value.options) > 1) or (
        isinstance(value, Flag) and not value.truth.is_decided
    )


def needs_of(values: Iterable[Value]) -> Needs:
    """What several values wait for, together."""
    found: Needs = NOTHING
    for value in values:
        found |= value.needs
    return found


def any_needs(one: Needs, other: Needs) -> Needs:
    """What is needed when the needs of either would do: each pair as alternatives, without those that ask for more."""
    pairs = {first | second for first in one for second in other}
    return frozenset(pair for pair in pairs if not any(less < pair for less in pairs))


def joined(values: Iterable[Value], needs: Needs) -> Value:
    """What a value may be that is one of these; `needs` is what decides which."""
    every = list(values)
    together = needs | needs_of(every)
    if all(isinstance(value, Flag) for value in every):
        truths = {value.truth for value in every if isinstance(value, Flag)}
        return Flag(truths.pop() if len(truths) == 1 else Truth.UNKNOWN, together)
    if all(isinstance(value, Level) for value in every):
        options = (option for value in every if isinstance(value, Level) for option in value.options)
        return Level(tuple(dict.fromkeys(options)), together)
    numbers = [value.as_number() if isinstance(value, Level) else value for value in every]
    return Number(hull(value.interval for value in numbers if isinstance(value, Number)), together)
