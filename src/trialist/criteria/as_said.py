"""What a name leaves out of the words: what an intolerance is called, that others are meant than what is studied."""

from __future__ import annotations

from collections.abc import Sequence

from trialist.criteria.clause import Clause
from trialist.criteria.nodes import (
    Concept,
    Exposure,
    Expr,
    ReproState,
    atoms,
    mapped,
)
from trialist.criteria.piece import Piece
from trialist.criteria.quick import replace

_LINKS = frozenset({"to", "of", "for", "against", "with", "history", "any", "known", "in"})
_BETWEEN = frozenset(
    {"and", "or", "and/or", "/", ",", "(", ")", "to", "of", "severe", "any", "known", "other", "the", "a"}
)


def with_allergies_as_said(clause: Clause, pieces: Sequence[Piece], expr: Expr) -> Expr:
    """Every allergy with what it is called: `hypersensitivity`, `intolerance or allergy`."""
    if not any(isinstance(one, Concept) and one.domain == "allergy" for one in atoms(expr)):
        return expr
    runs = _runs(clause, [one for one in pieces if one.kind == "allergy"])
    if not runs:
        return expr
    places = [(clause.span(first, first + 1).start, _name(clause, first, last)) for first, last in runs]

    def called(atom: Expr) -> Expr:
        if not isinstance(atom, Concept) or atom.domain != "allergy" or atom.method:
            return atom
        before = [name for start, name in places if start <= atom.span.start]
        return replace(atom, method=before[-1] if before else places[0][1])

    return mapped(expr, called)


def _runs(clause: Clause, found: Sequence[Piece]) -> list[tuple[int, int]]:
    """The stretches of words for an allergy; those with only joints between them are one."""
    runs: list[tuple[int, int]] = []
    for one in found:
        if runs and all(clause.tokens[at].text in _BETWEEN for at in range(runs[-1][1], one.first)):
            runs[-1] = (runs[-1][0], one.last)
        else:
            runs.append((one.first, one.last))
    return runs


def _name(clause: Clause, first: int, last: int) -> str:
    while last - first > 1 and clause.tokens[last - 1].text in _LINKS:
        last -= 1
    said = " ".join(clause.said(first, last).split())
    return said if said.isupper() else said[:1].lower() + said[1:]


def with_others(clause: Clause, pieces: Sequence[Piece], expr: Expr) -> Expr:
    """`evidence of other neurologic disorders`: others than the one studied, where nothing is named before it."""
    if "other" not in clause.words or not isinstance(expr, Concept | Exposure) or expr.concept_id in _OTHERS:
        return expr
    first = next((one.first for one in pieces if one.expr is not None), len(clause.tokens))
    if (
        not any(token.text == "other" for token in clause.tokens[:first])
        or "other" in expr.surface.lower().split()
    ):
        return expr
    return replace(expr, status=("other", *expr.status))


_OTHERS = frozenset({"second_malignancy"})


def is_a_duration(clause: Clause, pieces: Sequence[Piece], found: Sequence[Expr]) -> bool:
    """`on dialysis for less than 3 months`: how long something goes on was read as when it was."""
    timed = [
        getattr(one, "time", None)
        for one in found
        if not isinstance(one, ReproState) or one.state != "postmenopausal"  # which is one from a day on
    ]
    if all(one is None or one.length is None for one in timed):
        return False
    return any(
        piece.kind == "window"
        and piece.timed is not None
        and piece.timed.window.length is not None
        and clause.tokens[piece.first].text == "for"
        for piece in pieces
    )
