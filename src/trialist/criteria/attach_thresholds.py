"""A number and its variable → a threshold: in which unit, on which side, a change or a value, of each variable or of any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from trialist.criteria.attach_fits import CONCENTRATIONS
from trialist.criteria.attached import Attached
from trialist.criteria.clause import Clause
from trialist.criteria.lexicon import variables
from trialist.criteria.nodes import (
    Alternatives,
    And,
    Basis,
    Expr,
    Interval,
    Or,
    Quantity,
    Span,
)
from trialist.criteria.quantities import Bound
from trialist.criteria.quick import replace

PARTS = frozenset({",", ";", ".", "and", "or", "but"})


def shared_threshold(parts: list[Expr], between: set[str], bound: Bound, excludes: bool) -> Expr:
    """Several variables with one threshold. Who writes "ALT or AST below" as a requirement may mean both: two readings."""
    either, both = Or(tuple(parts)), And(tuple(parts))
    says_or = "or" in between
    if says_or and ("/" in between or "and" not in between):
        asks_below = bound.interval.lower is None
        return either if excludes or not asks_below else Alternatives((either, both))
    if excludes:
        return either if "and" not in between else Alternatives((either, both))
    return both


def quantity(
    clause: Clause, bound: Bound, variable_id: str, span: Span, assumed: tuple[str, ...] = ()
) -> Expr:
    """A threshold of one variable; `assumed` with what the text does not write."""
    row = variables()[variable_id]
    interval = bound.interval
    unit = bound.unit.ucum if bound.unit is not None else ""
    if unit == "%" and "share" in row:  # a share of the cells, and not how many there are
        variable_id = row["share"]
        row = variables()[variable_id]
    if bound.shape == "bare":
        interval, extra = _without_comparison(clause, bound, row["harm"])
        assumed = (*assumed, *extra)
    elif bound.shape in {"better", "worse"}:
        value = interval.lower if interval.lower is not None else interval.upper
        up = (bound.shape == "better") == (row["harm"] == "low")
        interval = Interval(lower=value) if up else Interval(upper=value)
    basis = bound.basis
    if basis in {Basis.X_ULN, Basis.X_LLN, Basis.X_BASELINE}:
        unit = "1"
    elif (
        not unit
        and row["unit"] == "%"
        and all(value is None or value <= 1 for value in (interval.lower, interval.upper))
    ):
        unit, assumed = "1", (*assumed, "unit")
    elif not unit and variable_id == "pt" and interval.lower is None:
        assumed = (*assumed, "unit")  # below a number: a share of the normal rather than seconds
    elif not unit and row["unit"]:
        unit, assumed = row["unit"], (*assumed, "unit")
    elif not unit and row["dimension"] == "cell_concentration":
        unit, assumed = _counted_in(row, interval), (*assumed, "unit")
    clause.rules.append(f"quantity/{variable_id}")
    aggregate = "change" if _is_a_change(clause, bound) else ""
    return Quantity(variable_id, interval, unit, span, basis=basis, aggregate=aggregate, assumed=assumed)


def _is_a_change(clause: Clause, bound: Bound) -> bool:
    """`a decrease in haemoglobin of more than 2 g/dL`: how much it changed, not how high it is."""
    lead = clause.tokens[max(0, bound.first - 9) : bound.first]
    after = max((at for at, token in enumerate(lead) if token.text in PARTS), default=-1)
    said = {token.text for token in lead[after + 1 :]}
    behind = clause.tokens[bound.last].text if bound.last < len(clause.tokens) else ""
    return bool(said & _CHANGES) or behind in _CHANGES


def with_change(clause: Clause, one: Attached) -> Attached:
    """A change with the word that says so."""
    if not isinstance(one.expr, Quantity) or not one.expr.aggregate:
        return one
    at = next(
        (at for at in range(one.first - 1, max(-1, one.first - 6), -1) if clause.tokens[at].text in _CHANGES),
        None,
    )
    return one if at is None else replace(one, first=at)


_CHANGES = frozenset(
    {
        "stable",
        "stability",
        "variation",
        "change",
        "changes",
        "decrease",
        "reduction",
        "loss",
        "gain",
        "drop",
        "fall",
        "rise",
        "decline",
        "increase",
        "fluctuation",
    }
)


def _counted_in(row: Mapping[str, Any], interval: Interval) -> str:
    """The unit of a count of cells that is written without one: only one of the two usual ones gives a count that exists."""
    values = [value for value in (interval.lower, interval.upper) if value]
    low, high = Decimal(str(row["low"])), Decimal(str(row["high"]))
    for unit, factor in (("10*9/L", 1), ("/uL", 1000)):
        if values and all(low <= value / factor <= high for value in values):
            return unit
    return ""


def _without_comparison(clause: Clause, bound: Bound, harm: str) -> tuple[Interval, tuple[str, ...]]:
    """`within 2 x ULN` is at most twice; a sign `=` or none before a threshold was lost, or the number is meant exactly."""
    tokens = clause.tokens
    value = bound.interval.lower
    if bound.first > 0 and tokens[bound.first - 1].text == "within" and value is not None:
        return Interval(upper=value), ()
    clause.defects.append(("lost_comparator", tokens[bound.first].start, tokens[bound.last - 1].end, "", 0.6))
    return bound.interval, ("comparator",)


def with_equivalent(clause: Clause, one: Attached, bounds: Sequence[Bound], place: int) -> Attached:
    """Take the same threshold in another unit behind it: `(or 177 µmol/L)`."""
    tokens = clause.tokens
    if place + 1 >= len(bounds) or tokens[one.last - 1].text == ")":
        return one
    following = bounds[place + 1]
    between = {token.text for token in tokens[one.last : following.first]}
    opened = one.last < len(tokens) and tokens[one.last].text in {"(", "["}
    closing = next(
        (
            at
            for at in range(following.last, min(len(tokens), following.last + 3))
            if tokens[at].text in {")", "]"}
        ),
        None,
    )
    own = bounds[place].unit
    other = following.unit
    if not opened or closing is None or own is None or other is None or own.ucum == other.ucum:
        return one
    is_same = own.dimension == other.dimension or {own.dimension, other.dimension} <= CONCENTRATIONS
    if (
        is_same
        and own.dimension not in {"time"}
        and between <= {"(", "[", "or", "i.e", ".", ",", "approximately", "=", "~"}
    ):
        return replace(one, last=closing + 1)
    return one
