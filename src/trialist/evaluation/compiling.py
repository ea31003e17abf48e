"""Criteria → one net in which whatever they share stands once: leaves that the judge answers, junctions of codes, and shapes.

A leaf is an atom, or a part that only the judge can answer as a whole (an exception takes facts away from what it is taken
from). A junction has a row of `codes.tables` and two members; lists are folded in pairs. A shape is what a criterion asks
beside its expression: its polarity, its guard, and what leaves its decision to a reader. Equal leaves, junctions and shapes
are one, whichever criteria they come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from trialist.criteria.criterion import Criterion, Polarity, Population
from trialist.criteria.nodes import (
    Alternatives,
    And,
    AtLeast,
    Attestation,
    Concept,
    Demographic,
    ExceptWhen,
    Exposure,
    Expr,
    Interval,
    Not,
    Opaque,
    Or,
    Span,
    atoms,
)
from trialist.criteria.witness import Witness
from trialist.evaluation import codes
from trialist.evaluation.caution import as_asked, is_plain_list, only_sure, without_sexes
from trialist.evaluation.evaluate import is_kind_of, with_exceptions
from trialist.evaluation.spanless import spanless

NONE = -1
_NOWHERE = Span(0, 0)
_UNREAD = Opaque("", _NOWHERE)


class Junction(NamedTuple):
    """A row of `codes.tables`, and the places of its members (the second NONE for rows of one)."""

    row: int
    first: int
    second: int = NONE


class Several(NamedTuple):
    """`least` of the members have to hold; with 0 all of them are readings of one sentence."""

    least: int
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Healthy:
    """The registry's "no healthy volunteers" as a leaf."""


class Shape(NamedTuple):
    """What a criterion does with the code of its `expr`; places are of the net, NONE where there is nothing to ask.

    `sure` is the expression of ages, measures, grades and tests alone, `denied` and `listed` the conditions of which one that
    is absent, or there, lets a sentence decide that was understood in part. `sexless` is the expression without its sexes.
    """

    expr: int
    is_exclusion: bool = False
    guard: int = NONE
    sure: int = NONE
    denied: int = NONE
    listed: int = NONE
    sexless: int = NONE
    asks_sex: bool = False
    is_inverted: bool = False
    is_unheaded: bool = False


class Net:
    """What was compiled so far. Places count leaves and junctions together, members before what joins them."""

    def __init__(self) -> None:
        self.nodes: list[Expr | Healthy | Junction | Several] = []
        self.shapes: list[Shape] = []
        self.exprs: list[Expr] = []
        self._places: dict[object, int] = {}
        self._numbers: dict[Shape, int] = {}

    def _put(self, node: Expr | Healthy | Junction | Several) -> int:
        found = self._places.get(node)
        if found is None:
            found = self._places[node] = len(self.nodes)
            self.nodes.append(node)
        return found

    def place(self, expr: Expr) -> int:
        """The place of an expression without spans."""
        match expr:
            case And(of):
                return self._folded(codes.ALL, self._members(with_exceptions(of)))
            case ExceptWhen(main, exception) if is_kind_of(exception, main) is None:
                denied = self._put(Junction(codes.NOT, self.place(exception)))
                return self._folded(codes.ALL, [self.place(main), denied])
            case Or(of):
                return self._folded(codes.ANY, [self.place(one) for one in of])
            case Not(of):
                return self._put(Junction(codes.NOT, self.place(of)))
            case AtLeast(count, of):
                return self._put(Several(count, tuple(self.place(one) for one in of)))
            case Alternatives(readings):
                members = [self.place(one) for one in readings]
                if len(members) == 2:
                    return self._put(Junction(codes.AGREED, *members))
                return self._put(Several(0, tuple(members)))
            case _:
                return self._put(expr)

    def _members(self, parts: Sequence[Expr]) -> list[int]:
        """The members of an And: that a person refuses says little inside of a longer sentence."""
        found = []
        for one in parts:
            place = self.place(one)
            is_refusal = isinstance(one, Attestation)
            found.append(self._put(Junction(codes.REFUSED, place)) if is_refusal else place)
        return found

    def _folded(self, row: int, members: Sequence[int]) -> int:
        """A list joined in pairs, so that a long one is not deep; both joins do not care for grouping."""
        left = list(members)
        while len(left) > 1:
            pairs = [
                self._put(Junction(row, left[at], left[at + 1])) if at + 1 < len(left) else left[at]
                for at in range(0, len(left), 2)
            ]
            left = pairs
        return left[0]

    def shape(self, criterion: Criterion, *, is_headed: bool, sex: str | None) -> int | None:
        """The number of what a criterion asks that counts and is required; `sex` is the registry's, None without fields.

        What is asked of a donor or a caregiver has to be confirmed of them; of others nothing is asked: None.
        """
        if criterion.population in (Population.DONOR, Population.CAREGIVER):
            return self.field(_UNREAD)
        if criterion.population is not Population.PATIENT:
            return None
        expr = spanless(as_asked(criterion))
        is_sex_only, sexless = self._sexes(criterion, expr, sex)
        shape = Shape(
            self.place(expr),
            criterion.polarity is Polarity.EXCLUSION,
            NONE if criterion.guard is None else self.place(spanless(criterion.guard)),
            *self._caution(criterion),
            sexless,
            is_sex_only,
            any(one.kind == "inverted_polarity" for one in criterion.defects),
            not is_headed and not isinstance(criterion.expr, Demographic),
        )
        return self._number(shape, expr)

    def permission(self, criterion: Criterion) -> int | None:
        """The number of what a sentence allows of patients, which has no effect of its own; None where it is about others."""
        if criterion.population is not Population.PATIENT:
            return None
        expr = spanless(as_asked(criterion))
        sure, denied, listed = self._caution(criterion)
        return self._number(Shape(self.place(expr), sure=sure, denied=denied, listed=listed), expr)

    def field(self, expr: Expr | Healthy) -> int:
        """The number of a field of the registry, asked as an inclusion."""
        place = self._put(expr) if isinstance(expr, Healthy) else self.place(expr)
        return self._number(Shape(place), _UNREAD)

    def _number(self, shape: Shape, expr: Expr) -> int:
        found = self._numbers.get(shape)
        if found is None:
            found = self._numbers[shape] = len(self.shapes)
            self.shapes.append(shape)
            self.exprs.append(expr)
        return found

    def _caution(self, criterion: Criterion) -> tuple[int, int, int]:
        """The places that say whether a sentence understood in part may decide."""
        expr = criterion.expr
        if not any(isinstance(one, Opaque) for one in atoms(expr)):
            return NONE, NONE, NONE
        sure = self.place(spanless(only_sure(expr)))
        of = expr.of if isinstance(expr, And | Or) else ()
        plain = [self.place(spanless(one)) for one in of if isinstance(one, Concept | Exposure)]
        denied = listed = NONE
        if plain and isinstance(expr, And) and criterion.polarity is Polarity.INCLUSION:
            denied = self._folded(codes.ALL, plain)
        if plain and is_plain_list(criterion):
            listed = self._folded(codes.ANY, plain)
        return sure, denied, listed

    def _sexes(self, criterion: Criterion, expr: Expr, sex: str | None) -> tuple[bool, int]:
        """Whether a sex alone would exclude where the field does not ask for it, and the expression without sexes."""
        is_plain = isinstance(criterion.expr, Demographic)
        if (sex is None and is_plain) or sex in {"MALE", "FEMALE"}:
            return False, NONE
        if not any(isinstance(one, Demographic) and one.kind == "sex" for one in atoms(criterion.expr)):
            return False, NONE
        if criterion.polarity is Polarity.EXCLUSION:
            return is_plain, NONE
        return False, self.place(spanless(without_sexes(expr)))


def fields_of(fields: Witness) -> list[Expr | Healthy]:
    """The registry's fields that limit who may take part, as expressions."""
    found: list[Expr | Healthy] = []
    if fields.minimum_age is not None:
        number, unit = fields.minimum_age
        found.append(Demographic("age", _NOWHERE, Interval(lower=number), unit))
    if fields.maximum_age is not None:
        number, unit = fields.maximum_age
        found.append(Demographic("age", _NOWHERE, Interval(upper=number), unit))
    if fields.sex in {"MALE", "FEMALE"}:
        found.append(Demographic("sex", _NOWHERE, values=(fields.sex.lower(),)))
    if fields.healthy_volunteers is False:
        found.append(Healthy())
    return found
