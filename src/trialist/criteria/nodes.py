"""What a criterion says, as frozen values: intervals, times, typed atoms, and the expressions that join them.

An expression states what the sentence says, never what it does: polarity belongs to the criterion, and no exclusion is
turned round here. What was not understood is an `Opaque` inside the expression, where it makes the answer unknown
instead of being dropped. Where a sentence has two readings, `Alternatives` keeps both: only what they agree on is decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import Any, TypeVar

from trialist.criteria.quick import quick


@quick
@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters `start` to `end` (exclusive) of the raw text."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a span: {self.start} to {self.end}")


@quick
@dataclass(frozen=True, slots=True)
class Interval:
    """Numbers between two bounds; a bound that is None is open. Never empty, never without any bound."""

    lower: Decimal | None = None
    upper: Decimal | None = None
    lower_inclusive: bool = True
    upper_inclusive: bool = True

    def __post_init__(self) -> None:
        if self.lower is None and self.upper is None:
            raise ValueError("an interval needs a bound")
        if self.lower is not None and self.upper is not None:
            if self.lower > self.upper:
                raise ValueError(f"an interval from {self.lower} to {self.upper} is empty")
            if self.lower == self.upper and not (self.lower_inclusive and self.upper_inclusive):
                raise ValueError("an interval of one number includes it")

    def holds(self, value: Decimal) -> bool:
        """Whether a number lies in the interval."""
        if self.lower is not None and (
            value < self.lower or (value == self.lower and not self.lower_inclusive)
        ):
            return False
        return not (
            self.upper is not None
            and (value > self.upper or (value == self.upper and not self.upper_inclusive))
        )


class Basis(StrEnum):
    """What a quantity is measured against."""

    ABSOLUTE = "absolute"
    X_ULN = "xULN"
    X_LLN = "xLLN"
    X_BASELINE = "xBaseline"
    PERCENT_PREDICTED = "percentPredicted"
    PER_KG = "perKg"
    Z_SCORE = "zScore"
    PERCENTILE = "percentile"


class Direction(StrEnum):
    """On which side of its anchor a window lies."""

    BEFORE = "before"
    AFTER = "after"
    DURING = "during"


@quick
@dataclass(frozen=True, slots=True)
class Window:
    """A time beside an anchor: `length` in `unit` (UCUM, or `half-life`) before or after it.

    `length` None with a direction is the whole time before, after or during the anchor. `anchor_assumed` says that
    the text names none. `or_half_lives` is the other arm of "14 days or 5 half-lives".
    """

    anchor: str
    direction: Direction
    length: Interval | None = None
    unit: str = ""
    anchor_assumed: bool = False
    or_half_lives: Decimal | None = None

    def __post_init__(self) -> None:
        if (self.length is None) != (self.unit == ""):
            raise ValueError("a window has a length and its unit, or neither")


@quick
@dataclass(frozen=True, slots=True)
class Demographic:
    """`kind` is age, sex, residence, language or ethnicity; an age has an interval and a unit, the others values.

    `assumed` names what the text does not write; "field" that the registry's own ages said on which side a bound lies.
    """

    kind: str
    span: Span
    interval: Interval | None = None
    unit: str = ""
    values: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.interval is None) == (not self.values):
            raise ValueError("a demographic atom has an interval or values")


@quick
@dataclass(frozen=True, slots=True)
class Quantity:
    """A measured variable within an interval. `variable` is an id of `rules/variables.toml`, `unit` UCUM.

    `variable` "" is a measure that no table knows; `surface` then has its words.

    `aggregate` says what counts ("" the latest result, "ever" any, "change" how far it moved); `assumed` names what the text does not write ("unit",
    "variable", "comparator"). `method` is how it is measured, as written, or "at rest", "in sitting position", "on room air"; no such examination is asked for.
    """

    variable: str
    interval: Interval
    unit: str
    span: Span
    basis: Basis = Basis.ABSOLUTE
    aggregate: str = ""
    time: Window | None = None
    assumed: tuple[str, ...] = ()
    surface: str = ""
    method: str = ""

    def __post_init__(self) -> None:
        if not self.variable and not self.surface:
            raise ValueError("a quantity is of something")


@quick
@dataclass(frozen=True, slots=True)
class Ordinal:
    """A place on a scale of `rules/scales.toml`: the allowed steps, in the scale's order. `version` "" is unspecified."""

    scale: str
    allowed: tuple[str, ...]
    span: Span
    version: str = ""
    time: Window | None = None
    assumed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.allowed:
            raise ValueError("an ordinal atom allows something")


KNOWN_OR_SUSPECTED = "known or suspected"
"""The certainty of what counts whether it is known or only suspected."""


@quick
@dataclass(frozen=True, slots=True)
class Concept:
    """A condition, finding or allergy of a person (or of the family).

    `concept_id` is an id of the rules, "" when only the words are known; `broader` then names a concept that surely
    contains it. `examples` are named in the text without limiting it. `not_caused_by` keeps causal negation. `method` is
    how it is seen, as written; of an allergy, what it is called (`intolerance`).
    """

    domain: str
    surface: str
    span: Span
    concept_id: str = ""
    broader: str = ""
    status: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    certainty: str = ""
    subject: str = ""
    temporality: str = ""
    caused_by: str = ""
    not_caused_by: str = ""
    examples: tuple[str, ...] = ()
    time: Window | None = None
    method: str = ""


@quick
@dataclass(frozen=True, slots=True)
class Exposure:
    """A drug, class of drugs, procedure, device or vaccine that someone had, has or will have.

    `role` is prior, current, required (whether it is given or not), planned or "" (any time); `kind` drug, class, procedure, device, radiation, cells, vaccine.
    """

    kind: str
    surface: str
    span: Span
    concept_id: str = ""
    broader: str = ""
    role: str = ""
    route: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    response: str = ""
    examples: tuple[str, ...] = ()
    time: Window | None = None


@quick
@dataclass(frozen=True, slots=True)
class Result:
    """A test with an outcome: positive, negative, detectable, undetectable, normal, abnormal."""

    test: str
    outcome: str
    span: Span
    time: Window | None = None


@quick
@dataclass(frozen=True, slots=True)
class Biomarker:
    """A gene or protein and what is asked of it: mutated, amplified, rearranged, overexpressed, wild-type, positive."""

    gene: str
    variant: str
    span: Span


@quick
@dataclass(frozen=True, slots=True)
class ReproState:
    """pregnant, lactating, child_bearing_potential, postmenopausal, sterile, planning_pregnancy."""

    state: str
    span: Span
    time: Window | None = None


@quick
@dataclass(frozen=True, slots=True)
class Trialwise:
    """Being in another trial (`other_trial`), having taken an `investigational_product`, being in one part of this study (`study_part`), or having been in it before (`this_trial`).

    `surface` has the words: of which kind, whether it is intended, which part.
    """

    kind: str
    span: Span
    time: Window | None = None
    surface: str = ""


@quick
@dataclass(frozen=True, slots=True)
class Attestation:
    """What a person has to agree to or be able to do: consent, assent, compliance, contraception and the like.

    `affirmed` False is the refusal or inability as the text states it. `surface` has its words, `by` everybody who is named as giving it.
    """

    topic: str
    span: Span
    by: str = "patient"
    affirmed: bool = True
    surface: str = ""


@quick
@dataclass(frozen=True, slots=True)
class Judgement:
    """What only the investigator can say: suitability, clinical significance, life expectancy, whether somebody recovered."""

    topic: str
    surface: str
    span: Span
    interval: Interval | None = None
    unit: str = ""


@quick
@dataclass(frozen=True, slots=True)
class Count:
    """So many of something: episodes, lesions, lines of therapy."""

    of: str
    interval: Interval
    span: Span
    time: Window | None = None


@quick
@dataclass(frozen=True, slots=True)
class Opaque:
    """Words that were not understood; their truth is unknown. `time` is when it is asked for, where that was read beside them."""

    text: str
    span: Span
    time: Window | None = None


Atom = (
    Demographic
    | Quantity
    | Ordinal
    | Concept
    | Exposure
    | Result
    | Biomarker
    | ReproState
    | Trialwise
    | Attestation
    | Judgement
    | Count
    | Opaque
)


@quick
@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    of: tuple[Expr, ...]

    def __post_init__(self) -> None:
        if len(self.of) < 2:
            raise ValueError(_NO_JUNCTION)


@quick
@dataclass(frozen=True, slots=True)
class Or:
    """At least one of them."""

    of: tuple[Expr, ...]

    def __post_init__(self) -> None:
        if len(self.of) < 2:
            raise ValueError(_NO_JUNCTION)


@quick
@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; unknown stays unknown."""

    of: Expr


@quick
@dataclass(frozen=True, slots=True)
class AtLeast:
    """At least `count` of them."""

    count: int
    of: tuple[Expr, ...]

    def __post_init__(self) -> None:
        if not 1 <= self.count <= len(self.of):
            raise ValueError(f"at least {self.count} of {len(self.of)} cannot be asked")


@quick
@dataclass(frozen=True, slots=True)
class ExceptWhen:
    """The first, and not the exception."""

    main: Expr
    exception: Expr


@quick
@dataclass(frozen=True, slots=True)
class Alternatives:
    """Readings between which the sentence does not decide, the likeliest first."""

    readings: tuple[Expr, ...]

    def __post_init__(self) -> None:
        if len(self.readings) < 2:
            raise ValueError(_NO_JUNCTION)


Expr = And | Or | Not | AtLeast | ExceptWhen | Alternatives | Atom


_NO_JUNCTION = "a junction joins at least two"


_BELOW: Mapping[type, Callable[[Any], tuple[Expr, ...]]] = {
    And: attrgetter("of"),
    Or: attrgetter("of"),
    AtLeast: attrgetter("of"),
    Alternatives: attrgetter("readings"),
    Not: lambda expr: (expr.of,),
    ExceptWhen: attrgetter("main", "exception"),
}


def children(expr: Expr) -> tuple[Expr, ...]:
    """The expressions directly below one; none below an atom."""
    below = _BELOW.get(type(expr))
    return () if below is None else below(expr)


def nodes(expr: Expr) -> Iterator[Expr]:
    """An expression and all its parts, each before its own."""
    yield expr
    for one in children(expr):
        yield from nodes(one)


def atoms(expr: Expr) -> Iterator[Atom]:
    """Every atom of an expression from left to right, those of all alternatives included."""
    below = _BELOW.get(type(expr))
    if below is None:
        alone: Any = expr
        return iter((alone,))
    found: list[Any] = []
    _gather(below(expr), found)
    return iter(found)


def _gather(parts: tuple[Expr, ...], found: list[Any]) -> None:
    if _BELOW.keys().isdisjoint(map(type, parts)):  # atoms alone, as most are
        found.extend(parts)
        return
    for one in parts:
        below = _BELOW.get(type(one))
        if below is None:
            found.append(one)
        else:
            _gather(below(one), found)


_REBUILT: Mapping[type, Callable[[Any, Callable[[Expr], Expr]], Any]] = {
    And: lambda expr, change: And(tuple([change(one) for one in expr.of])),
    Or: lambda expr, change: Or(tuple([change(one) for one in expr.of])),
    AtLeast: lambda expr, change: AtLeast(expr.count, tuple([change(one) for one in expr.of])),
    Alternatives: lambda expr, change: Alternatives(tuple([change(one) for one in expr.readings])),
    Not: lambda expr, change: Not(change(expr.of)),
    ExceptWhen: lambda expr, change: ExceptWhen(change(expr.main), change(expr.exception)),
}


_Kind = TypeVar("_Kind", bound=Expr)


def rebuilt(expr: _Kind, change: Callable[[Expr], Expr]) -> _Kind:
    """The expression with each of the parts directly below it changed, joined as they were; an atom as it is."""
    joined = _REBUILT.get(type(expr))
    return expr if joined is None else joined(expr, change)


def mapped(expr: Expr, change: Callable[[Atom], Expr]) -> Expr:
    """The expression with every atom changed, joined as before; those of all alternatives and of exceptions included."""
    joined = _REBUILT.get(type(expr))
    if joined is None:
        alone: Any = expr
        return change(alone)
    found: Expr = joined(expr, lambda one: mapped(one, change))
    return found


def conjuncts(expr: Expr) -> tuple[Expr, ...]:
    """What has to hold together: the parts of a conjunction, or the expression alone."""
    return expr.of if isinstance(expr, And) else (expr,)


def join_all(parts: list[Expr]) -> Expr:
    """One expression for several that all hold; nested junctions of the kind are opened."""
    if len(parts) == 1:
        return parts[0]
    if And not in map(type, parts):
        return And(tuple(parts))
    return And(tuple([one for part in parts for one in (part.of if isinstance(part, And) else (part,))]))


def join_any(parts: list[Expr]) -> Expr:
    """One expression for several of which one holds; nested junctions of the kind are opened."""
    if len(parts) == 1:
        return parts[0]
    if Or not in map(type, parts):
        return Or(tuple(parts))
    return Or(tuple([one for part in parts for one in (part.of if isinstance(part, Or) else (part,))]))
