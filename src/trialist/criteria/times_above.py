"""The time that stands above a list once, and is of everything in it: `Excluded within 30 days of study entry:`."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from trialist.criteria.clause import Clause
from trialist.criteria.lexicon import word_set
from trialist.criteria.nodes import (
    Concept,
    Direction,
    Exposure,
    Expr,
    Quantity,
    Result,
    Span,
    Window,
    atoms,
    mapped,
)
from trialist.criteria.pieces import read_pieces
from trialist.criteria.quick import replace
from trialist.criteria.tokens import tokenise

_OF_EXCLUSIONS = (Concept, Exposure, Result, Quantity)
_MEASURES = (Quantity, Result)
_FOR_A_PERSON = frozenset({"adequate", "inadequate", "acceptable"})
_NOT_PAST = frozenset({"current", "planned", "required"})


def with_time_above(clause: Clause, expr: Expr) -> Expr:
    """A reading with the time of the line above it, where that line says nothing else and no part has a time of its own."""
    if not clause.topic_text:
        return expr
    found = list(atoms(expr))
    timed = _OF_EXCLUSIONS if clause.excludes else _MEASURES
    if not all(isinstance(one, timed) and _can_be_timed(one) for one in found):
        return expr
    if len(found) > 1 and any(isinstance(one, Exposure) and _is_a_lone_word(one) for one in found):
        return expr  # `seasonal or pandemic influenza vaccine`: the noun is of both
    window = _time_of(
        clause.topic_text, clause.excludes and not all(isinstance(one, _MEASURES) for one in found)
    )
    return expr if window is None else _timed(expr, window)


def _is_a_lone_word(one: Exposure) -> bool:
    return not one.concept_id and not one.broader and " " not in one.surface.strip()


def has_time_of(heading: str, expr: Expr) -> bool:
    """Whether a heading says a time alone and the parts of a reading have it."""
    times = {_time_of(heading, True), _time_of(heading, False)} - {None}
    return bool(times) and all(getattr(one, "time", None) in times for one in atoms(expr))


def _can_be_timed(one: Any) -> bool:
    is_free = one.time is None and getattr(one, "role", "") not in _NOT_PAST
    return is_free and not getattr(one, "aggregate", "") and getattr(one, "temporality", "") != "current"


@lru_cache(256)  # many items share what stands above them
def _time_of(said: str, of_things: bool) -> Window | None:
    """The one time that a line says, where its other words only announce a list."""
    # whether an organ's function is adequate is for a person, and the time behind it part of that
    tokens = [token for token in tokenise(said) if token.text not in _FOR_A_PERSON]
    pieces = read_pieces(Clause(tokens, said, Span))
    windows = [one for one in pieces if one.kind == "window" and one.timed is not None]
    if len(windows) != 1 or windows[0].timed is None:
        return None
    only, window = windows[0], windows[0].timed.window
    words = word_set("timed_above_exclusions" if of_things else "timed_above_measures")
    rest = [token.text for at, token in enumerate(tokens) if not only.first <= at < only.last]
    is_back = window.direction is Direction.BEFORE and window.length is not None
    bounded = is_back and window.length is not None and window.length.upper is not None
    return window if bounded and words.issuperset(rest) else None


def _timed(expr: Expr, window: Window) -> Expr:
    return mapped(expr, lambda one: replace(one, time=window) if isinstance(one, _OF_EXCLUSIONS) else one)
