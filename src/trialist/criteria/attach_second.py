"""What a bound takes from the one before it: its comparison, or the words that name its measure."""

from __future__ import annotations

from collections.abc import Sequence

from trialist.criteria.attach_pairs import sex_behind
from trialist.criteria.attached import Attached
from trialist.criteria.clause import Clause
from trialist.criteria.nodes import And, Basis, Demographic, Interval, Quantity
from trialist.criteria.quantities import Bound
from trialist.criteria.quick import replace
from trialist.criteria.tokens import Token
from trialist.vocabulary.written_units import find_unit

_JOINED = frozenset({"and", "or", ",", ";", "/"})
_CONCENTRATIONS = frozenset({"mass_concentration", "molar_concentration", "activity_concentration", "enzyme"})


def with_comparison_before(clause: Clause, bound: Bound, leader: Bound | None, found: Attached) -> Bound:
    """`≥ 13 g/dL for men and 12 g/dL for women`, `≥ 9 g/dL or 5.6 mmol/L`: a comparison that is said once, of two numbers."""
    if leader is None or bound.shape != "bare" or leader.shape != "compared":
        return bound
    if bound.basis is not leader.basis or bound.basis not in {Basis.ABSOLUTE, Basis.X_ULN}:
        return bound
    between = [token.text for token in clause.tokens[found.last : bound.first]]
    value = bound.interval.lower
    if value is None or not (
        _is_of_the_other_sex(clause.tokens, bound, leader, found, between)
        or _is_in_another_unit(bound, leader, found, between)
    ):
        return bound
    one = leader.interval
    interval = (
        Interval(lower=value, lower_inclusive=one.lower_inclusive)
        if one.lower is not None
        else Interval(upper=value, upper_inclusive=one.upper_inclusive)
    )
    return replace(bound, interval=interval, shape="compared", written=leader.written)


def _is_of_the_other_sex(
    tokens: Sequence[Token], bound: Bound, leader: Bound, found: Attached, between: Sequence[str]
) -> bool:
    if not between or len(between) > 2 or not set(between) <= _JOINED:
        return False
    who = found.expr.of[0] if isinstance(found.expr, And) else None
    if not isinstance(who, Demographic) or who.kind != "sex":
        return False
    if (bound.unit and bound.unit.ucum) != (leader.unit and leader.unit.ucum):
        return False
    other = sex_behind(tokens, _past_parenthesis(tokens, bound.last))
    return other is not None and other[0] not in who.values


def _past_parenthesis(tokens: Sequence[Token], place: int) -> int:
    """Where a number in another unit in parentheses ends (`48 kg (106 lbs) for women`); the place itself where there is none."""
    words = [token.text for token in tokens[place : place + 6]]
    if (
        words[:1] != ["("]
        or ")" not in words
        or not any(token.kind == "num" for token in tokens[place : place + 3])
    ):
        return place
    return place + words.index(")") + 1


def _is_in_another_unit(bound: Bound, leader: Bound, found: Attached, between: Sequence[str]) -> bool:
    own, other = leader.unit, bound.unit
    if list(between) != ["or"] or own is None or other is None or own.ucum == other.ucum:
        return False
    if not isinstance(found.expr, Quantity) or not found.expr.variable or own.dimension == "time":
        return False
    return own.dimension == other.dimension or {own.dimension, other.dimension} <= _CONCENTRATIONS


def read_second(clause: Clause, bound: Bound, before: Quantity) -> Attached | None:
    """`PRA < 10% or > 80%`: a second threshold of a measure that no table knows, named once before both."""
    if bound.shape not in {"compared", "behind"} or before.variable or not before.surface:
        return None
    own = find_unit(before.unit) if before.unit else None
    behind = clause.tokens[bound.last].text if bound.last < len(clause.tokens) else "."
    if (own is not None and own.dimension == "time") or (
        bound.unit is None and behind.isalnum() and behind not in _JOINED
    ):
        return None  # `IQ < 70 or > 2 grades behind`
    if bound.basis is not before.basis or (bound.unit and bound.unit.dimension) != (own and own.dimension):
        return None
    clause.rules.append("quantity/second")
    unit = bound.unit.ucum if bound.unit is not None else ""
    span = clause.span(bound.first, bound.last)
    expr = Quantity("", bound.interval, unit, span, basis=bound.basis, surface=before.surface)
    return Attached(bound.first, bound.last, expr)
