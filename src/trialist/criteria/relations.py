"""Pieces that belong together before a clause is read: what a time stands beside, and what a treatment or a trial is for.

A name behind `before` or `at the time of` says when, and is not asked for itself; what stands behind `after` was there as well, and is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trialist.criteria.clause import Clause
from trialist.criteria.nodes import Concept, Direction, Exposure, ReproState, Window
from trialist.criteria.piece import Piece
from trialist.criteria.windows import Timed

_TREATMENTS = frozenset(
    {"treatment", "treatments", "therapy", "therapies", "treated", "medication", "medications"}
)
_NOUNS = _TREATMENTS - {"treated"}
_QUALIFYING = frozenset({"status", "severity", "glue", "certainty"})
_BEFORE_AN_EVENT = _QUALIFYING | {"planned", "current", "history", "given", "route"}
_RELATIONS = {
    "before": Direction.BEFORE,
    "prior": Direction.BEFORE,
    "preceding": Direction.BEFORE,
    "until": Direction.BEFORE,
    "time": Direction.DURING,
}
_LONGEST_LEAD = 4  # small words between `before` and the name behind it


def relate(clause: Clause, pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces with treatments named by what they are for, and with the times that stand beside a name."""
    return _beside_events(clause, _without_aims(_with_purposes(clause, list(pieces))))


def _with_purposes(clause: Clause, pieces: list[Piece]) -> list[Piece]:
    """`treatment for cancer` and `cancer treatment` are treatments, not a cancer."""
    out: list[Piece] = []
    place = 0
    while place < len(pieces):
        piece = pieces[place]
        end = _purpose(clause, pieces, place)
        if end is not None:
            out.append(_treatment(clause, piece.first, pieces[end].last))
            place = end + 1
            continue
        if (
            out
            and piece.kind == "glue"
            and piece.text.lower() in _NOUNS
            and isinstance(out[-1].expr, Concept)
            and out[-1].last == piece.first
        ):
            piece = _treatment(clause, out.pop().first, piece.last)
        out.append(piece)
        place += 1
    return out


def _purpose(clause: Clause, pieces: Sequence[Piece], place: int) -> int | None:
    """Where the condition stands that a treatment is for."""
    piece = pieces[place]
    if piece.kind != "glue" or piece.text not in _TREATMENTS or piece.last >= len(clause.tokens):
        return None
    if clause.tokens[piece.last].text != "for":
        return None
    end = place + 2
    while end < len(pieces) and pieces[end].kind in _QUALIFYING:
        end += 1
    return end if end < len(pieces) and isinstance(pieces[end].expr, Concept) else None


def _treatment(clause: Clause, first: int, last: int) -> Piece:
    said = clause.said(first, last)
    return Piece("atom", first, last, said, expr=Exposure("treatment", said, clause.span(first, last)))


def _without_aims(pieces: list[Piece]) -> list[Piece]:
    """`another trial for the treatment of anxiety or depression`: what the other trial is about is asked of nobody."""
    out: list[Piece] = []
    place = 0
    while place < len(pieces):
        out.append(pieces[place])
        place += 1
        if out[-1].entry_id != "trialwise" or place >= len(pieces) or pieces[place].kind != "glue":
            continue
        if pieces[place].text not in {"for", "of", "about", "on", "in"}:
            continue
        end = place
        while end < len(pieces) and (
            pieces[end].kind in {*_QUALIFYING, "joint", "word"} or isinstance(pieces[end].expr, Concept)
        ):
            end += 1
        while end > place and pieces[end - 1].kind == "joint":
            end -= 1
        if end == len(pieces) or pieces[end].kind in {"window", "joint", "stop", "close"}:
            place = end
    return out


def _beside_events(clause: Clause, pieces: list[Piece]) -> list[Piece]:
    """`anticoagulants prior to myocardial infarction`: the infarction says when."""
    out: list[Piece] = []
    place = 0
    while place < len(pieces):
        piece = pieces[place]
        direction = _relation(clause, pieces, place)
        end = _event(pieces, place) if direction is not None else None
        if direction is None or end is None or not _has_main(out):
            out.append(piece)
            place += 1
            continue
        first, last = piece.first, pieces[end].last
        timed = (
            replace(piece.timed, last=last)
            if piece.timed is not None
            else Timed(Window("event", direction), first, last)
        )
        out.append(Piece("window", first, last, clause.said(first, last), timed=timed))
        place = end + 1
    return out


def _relation(clause: Clause, pieces: Sequence[Piece], place: int) -> Direction | None:
    """On which side of the name behind it a word puts something; a window beside an event not named yet counts as well."""
    piece = pieces[place]
    if piece.kind == "window" and piece.timed is not None:
        window = piece.timed.window
        return window.direction if window.anchor == "event" and piece.last == piece.timed.last else None
    if piece.kind not in {"glue", "history", "word"}:
        return None
    tokens = clause.tokens
    said = tokens[piece.first].text
    if said not in _RELATIONS or piece.last - piece.first > 1:
        return None
    before = tokens[piece.first - 1].text if piece.first else ""
    behind = tokens[piece.last].text if piece.last < len(tokens) else ""
    if (said == "prior" and behind != "to") or (
        said == "following" and before in {"the", "of", "any", "these"}
    ):
        return None
    if said == "time" and behind != "of":
        return None
    return _RELATIONS[said]


def _event(pieces: Sequence[Piece], place: int) -> int | None:
    """The place of the name right behind a word that relates to it."""
    at = place + 1
    while at < len(pieces) and pieces[at].kind in _BEFORE_AN_EVENT and at - place <= _LONGEST_LEAD:
        at += 1
    if at < len(pieces) and pieces[at].kind == "word":
        at += 1
        while at < len(pieces) and pieces[at].kind == "word" and at - place <= _LONGEST_LEAD:
            at += 1
    if at < len(pieces) and isinstance(pieces[at].expr, Concept | Exposure | ReproState):
        return at
    return None


def _has_main(before: Sequence[Piece]) -> bool:
    """Whether something stands before in the same member that can have a time."""
    said = before[:-1] if before and before[-1].kind == "joint" and before[-1].text == "," else before
    for piece in reversed(said):
        if piece.kind in {"stop", "joint", "open"}:
            return False
        if piece.expr is not None or piece.kind == "word":
            return True
    return False
