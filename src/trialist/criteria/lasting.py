"""How long something goes on: `insomnia for more than a month` is no insomnia of more than a month ago."""

from __future__ import annotations

from collections.abc import Sequence

from trialist.criteria.clause import Clause
from trialist.criteria.nodes import And, Concept, Direction, Exposure, Expr, Quantity
from trialist.criteria.piece import Piece
from trialist.criteria.quick import replace

_DURATION = "duration of "
_ENDED = frozenset(
    {
        "off",
        "stopped",
        "free",
        "without",
        "no",
        "not",
        "ago",
        "since",
        "following",
        "past",
        "last",
        "previous",
        "preceding",
        "starting",
        "started",
    }
)
_COMPARED = frozenset(
    {
        "least",
        "more",
        "less",
        "longer",
        "shorter",
        "greater",
        "over",
        "minimum",
        "most",
        ">",
        "≥",
        ">=",
        "<",
        "≤",
        "<=",
    }
)


def with_duration(clause: Clause, pieces: Sequence[Piece], expr: Expr) -> Expr:
    """One thing and, where its time is how long it has gone on, that as a measure of its own beside it."""
    if not isinstance(expr, Concept | Exposure) or expr.time is None or not clause.words.isdisjoint(_ENDED):
        return expr
    window = expr.time
    windows = [one for one in pieces if one.kind == "window"]
    if len(windows) != 1 or clause.tokens[windows[0].first].text != "for":
        return expr
    words_of = {token.text for token in clause.tokens[windows[0].first : windows[0].last]}
    if clause.excludes and words_of.isdisjoint(_COMPARED):
        return expr  # `treatment with A for a month before the visit` says since when it may not be given
    if window.length is None or window.direction is not Direction.BEFORE or window.or_half_lives is not None:
        return expr
    words = " ".join((_DURATION.strip(), *expr.status, expr.surface))
    return And((replace(expr, time=None), Quantity("", window.length, window.unit, expr.span, surface=words)))


def is_a_length(one: Quantity) -> bool:
    """Whether a measure is the duration of what stands beside it."""
    return not one.variable and one.surface.startswith(_DURATION)
