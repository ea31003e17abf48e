"""The nodes of a query: frozen values that refuse nonsense when they are built.

Nodes say what is asked, not where it stood in a text, so two queries that mean the same are equal. Behaviour lives
beside them: `parse.py` makes nodes from text, `render.py` text from nodes, `english.py` a sentence. Values asked of
fields with a form of their own are kept in that form: a `Term` under `AREA[Phase]` is an enumeration's value
(`PHASE3`), under a date `yyyy`, `yyyy-MM` or `yyyy-MM-dd`, under a boolean `true` or `false`, under an age `18 years`,
under a number or `:size` the number as typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Literal, TypeAlias, assert_never

from trialist.query.areas import ValueKind, resolve_area
from trialist.record.ages import Age, AgeUnit
from trialist.record.dates import PartialDate

METRES = {"km": Decimal(1000), "mi": Decimal("1609.344"), "m": Decimal(1)}
_LARGEST = Decimal(10) ** 18
_SMALLEST_EXPONENT = -18


class Document(StrEnum):
    """What must hold together: a study, or one of its locations."""

    STUDY = "Study"
    LOCATION = "Location"


class Coverage(StrEnum):
    """How much of a value a term must cover."""

    FULL_MATCH = "FullMatch"
    STARTS_WITH = "StartsWith"
    ENDS_WITH = "EndsWith"
    CONTAINS = "Contains"


class Expansion(StrEnum):
    """How far from its spelling a term may be found."""

    NONE = "None"
    TERM = "Term"
    CONCEPT = "Concept"
    RELAXATION = "Relaxation"
    LOSSY = "Lossy"


DistanceUnit: TypeAlias = Literal["km", "mi", "m"]


def _refuse_unless(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _is_sound(number: Decimal) -> bool:
    """Whether a number has at most 18 digits on either side of its point, which is what the language can write."""
    if not number.is_finite():
        return False
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= _SMALLEST_EXPONENT and abs(number) < _LARGEST


@dataclass(frozen=True, slots=True)
class Term:
    """A run of words, or a phrase in quotes; blanks single, escapes removed.

    A term without any letter or digit (`*`) is legal and matches nothing.
    """

    text: str
    quoted: bool = False

    def __post_init__(self) -> None:
        _refuse_unless(bool(self.text), "a term is not empty")
        _refuse_unless(self.text == " ".join(self.text.split()), "a term's words are apart by single blanks")


@dataclass(frozen=True, slots=True)
class And:
    """All operands hold."""

    operands: tuple[Node, ...]

    def __post_init__(self) -> None:
        _refuse_unless(len(self.operands) > 1, "AND joins at least two")
        _refuse_unless(
            not any(isinstance(one, And) for one in self.operands), "AND stands not directly in AND"
        )


@dataclass(frozen=True, slots=True)
class Or:
    """At least one operand holds."""

    operands: tuple[Node, ...]

    def __post_init__(self) -> None:
        _refuse_unless(len(self.operands) > 1, "OR joins at least two")
        _refuse_unless(not any(isinstance(one, Or) for one in self.operands), "OR stands not directly in OR")


@dataclass(frozen=True, slots=True)
class Not:
    """Every study but those of the operand."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Area:
    """The operand is looked for in this search area, piece or dotted path; with `size` in the length of its list."""

    area: str
    operand: Node
    size: bool = False

    def __post_init__(self) -> None:
        target = resolve_area(self.area)
        _refuse_unless(target.has_sizes or not self.size, f"{self.area} is not a list and has no size")


@dataclass(frozen=True, slots=True)
class SearchIn:
    """The operand holds within one study, or within one and the same location of a study."""

    document: Document
    operand: Node


@dataclass(frozen=True, slots=True)
class Covered:
    """Terms in the operand cover a value so far."""

    coverage: Coverage
    operand: Node


@dataclass(frozen=True, slots=True)
class Expanded:
    """Terms in the operand are expanded so far."""

    expansion: Expansion
    operand: Node


TILTABLE = frozenset({ValueKind.DATE, ValueKind.TIME, ValueKind.NUMBER})
"""The kinds of values that `TILT` can order by."""


@dataclass(frozen=True, slots=True)
class Tilt:
    """The operand's studies, those with higher values of a date or number first."""

    area: str
    operand: Node

    def __post_init__(self) -> None:
        _refuse_unless(
            resolve_area(self.area).kind in TILTABLE, f"{self.area} is neither a date nor a number"
        )


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no value in the area."""


@dataclass(frozen=True, slots=True)
class All:
    """Every study."""


@dataclass(frozen=True, slots=True)
class DateBound:
    """A date, perhaps only a year or a month: a lower bound from its first day, an upper one to its last."""

    date: PartialDate


@dataclass(frozen=True, slots=True)
class AgeBound:
    """An age or a duration: an amount of units."""

    amount: Decimal
    unit: AgeUnit

    def __post_init__(self) -> None:
        _refuse_unless(_is_sound(self.amount) and not self.amount.is_signed(), "an age is not negative")

    @property
    def days(self) -> Fraction:
        """The duration in days, exact, by the measures of `record.ages`."""
        return Fraction(self.amount) * Age(1, self.unit).days

    def __str__(self) -> str:
        return f"{self.amount:f} {self.unit}{'' if self.amount == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class NumberBound:
    """A number."""

    number: Decimal

    def __post_init__(self) -> None:
        _refuse_unless(_is_sound(self.number), "a number of at most 18 digits on either side of its point")

    def __str__(self) -> str:
        return f"{self.number:f}"


_TERM_BOUND = re.compile(r"NCT[0-9]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")


@dataclass(frozen=True, slots=True)
class TermBound:
    """A text with an order: an NCT id (`NCT00000591`), or a minute (`2020-05-06T18:45`)."""

    text: str

    def __post_init__(self) -> None:
        _refuse_unless(_TERM_BOUND.fullmatch(self.text) is not None, "neither an NCT id nor a minute")


Bound: TypeAlias = DateBound | AgeBound | NumberBound | TermBound


@dataclass(frozen=True, slots=True)
class Range:
    """A value from `lower` to `upper`, both included; None is open (`MIN`, `MAX`), so both None is "has a value".

    A bound has the type of the field: `2022` is a `DateBound` under a date and a `NumberBound` under a number. A lower
    bound above the upper one is legal and matches nothing.
    """

    lower: Bound | None
    upper: Bound | None

    def __post_init__(self) -> None:
        numbers = {type(one) for one in (self.lower, self.upper) if isinstance(one, AgeBound | NumberBound)}
        others = any(isinstance(one, DateBound | TermBound) for one in (self.lower, self.upper))
        _refuse_unless(len(numbers) + others < 2, "both ends of a range are of one kind")


@dataclass(frozen=True, slots=True)
class Distance:
    """A place within a radius around a point, in degrees north and east."""

    lat: Decimal
    lon: Decimal
    radius: Decimal
    unit: DistanceUnit

    def __post_init__(self) -> None:
        numbers = (self.lat, self.lon, self.radius)
        _refuse_unless(all(map(_is_sound, numbers)), "a place is given by numbers")
        _refuse_unless(abs(self.lat) <= 90, "a latitude is from -90 to 90")
        _refuse_unless(abs(self.lon) <= 180, "a longitude is from -180 to 180")
        _refuse_unless(not self.radius.is_signed(), "a radius is not negative")
        _refuse_unless(self.unit in METRES, "a radius is in km, mi or m")

    @property
    def metres(self) -> float:
        """The radius in metres; a mile is the international one, 1,609.344 m."""
        return float(self.radius * METRES[self.unit])


Node: TypeAlias = (
    Term | And | Or | Not | Area | SearchIn | Covered | Expanded | Tilt | Missing | All | Range | Distance
)


def operands_of(node: Node) -> tuple[Node, ...]:
    """The nodes directly below one."""
    match node:
        case And(operands) | Or(operands):
            return operands
        case Not(operand):
            return (operand,)
        case Area() | SearchIn() | Covered() | Expanded() | Tilt():
            return (node.operand,)
        case Term() | Missing() | All() | Range() | Distance():
            return ()
        case _:
            assert_never(node)


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it, each before its operands, in the order of the text."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(reversed(operands_of(one)))
