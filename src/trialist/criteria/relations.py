"""Pieces that belong together before a clause is read: what a time stands beside, and what a treatment or a trial is for.

A name behind `before` or `at the time of` says when, and is not asked for itself; what stands behind `after` was there as well, and is.
"""

from __future__ import annotations

from collections.abc import Sequence

from trialist.criteria.clause import Clause
from trialist.criteria.lexicon import anchors
from trialist.criteria.nodes import Concept, Direction, Exposure, Not, Ordinal, Quantity, ReproState, Window
from trialist.criteria.piece import Piece
from trialist.criteria.quick import replace
from trialist.criteria.windows import Timed

_TREATMENTS = frozenset(
    {"treatment", "treatments", "therapy", "therapies", "treated", "medication", "medications"}
)
_MEDICATION = frozenset({"concomitant_medication", "prior_therapy"})
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
    related = list(pieces)
    words = clause.words
    ids = {one.entry_id for one in related}
    if not (words.isdisjoint(_TREATMENTS) and ids.isdisjoint(_MEDICATION)):
        related = _with_purposes(clause, related)
    if "trialwise" in ids:
        related = _without_aims(related)
    kinds = {one.kind for one in related}
    is_timed = "window" in kinds
    if is_timed or not words.isdisjoint(_RELATIONS):
        is_timed, related = True, _beside_events(clause, related)
    if not words.isdisjoint(_NAIVE):
        related = _with_naive(clause, related)
    if (is_timed or "on" in words) and "joint" in kinds:
        related = _with_places(clause, related)
    return related if words.isdisjoint(_PERSONS) else _with_limits(clause, related)


_NAIVE = frozenset({"naive", "naïve"})


def _with_naive(clause: Clause, pieces: list[Piece]) -> list[Piece]:
    """`chemotherapy-naive`: who never had it."""
    out: list[Piece] = []
    for piece in pieces:
        last = out[-1] if out else None
        is_naive = piece.kind == "word" and piece.text in _NAIVE and last is not None
        if is_naive and last is not None and last.last == piece.first and isinstance(last.expr, Exposure):
            said = clause.said(last.first, piece.last)
            never = Not(replace(last.expr, role="prior"))
            out[-1] = replace(last, last=piece.last, text=said, expr=never)
        else:
            out.append(piece)
    return out


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
    is_treatment = piece.kind == "glue" and piece.text in _TREATMENTS
    if not (is_treatment or piece.entry_id in _MEDICATION) or piece.last >= len(clause.tokens):
        return None
    if clause.tokens[piece.last].text not in {"for", "of"}:
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
        named = "of" in {token.text for token in clause.tokens[piece.last - 1 : piece.last + 1]}
        is_open = window.anchor == "event" or (named and window.anchor in {"onset", "diagnosis", "last_dose"})
        return window.direction if is_open else None
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
    words = 0
    while at < len(pieces) and pieces[at].kind == "word" and words <= _LONGEST_LEAD:
        at, words = at + 1, words + 1
    if words and (at == len(pieces) or pieces[at].kind in {"stop", "joint", "close", "window"}):
        return at - 1
    behind = next((one for one in pieces[at + 1 :] if one.kind != "glue"), None) if words else None
    if words and pieces[at].kind == "glue" and (behind is None or behind.kind in {"stop", "joint", "close"}):
        return at
    if at < len(pieces) and isinstance(pieces[at].expr, (Concept, Exposure, ReproState)):
        return at
    return None


_PERSONS = frozenset(
    {
        "patients",
        "subjects",
        "participants",
        "those",
        "individuals",
        "women",
        "men",
        "children",
        "adults",
        "persons",
    }
)
_MOMENTS = frozenset({"screening", "baseline", "randomization", "randomisation", "enrollment", "enrolment"})
_WHO = frozenset({"with", "without", "who", "receiving", "taking", "on", "undergoing", "not", "having"})


def _with_limits(clause: Clause, pieces: list[Piece]) -> list[Piece]:
    """`NT-proBNP ≥ 125 for patients without atrial fibrillation`: a threshold for some of them alone."""
    tokens = clause.tokens
    for at, piece in enumerate(pieces):
        if piece.kind != "glue" or piece.text not in {"for", "in"} or piece.last + 1 >= len(tokens):
            continue
        if tokens[piece.last].text not in _PERSONS or tokens[piece.last + 1].text not in _WHO:
            continue
        before = next((one for one in reversed(pieces[:at]) if one.kind not in {"glue", "window"}), None)
        if before is not None and isinstance(before.expr, (Quantity, Ordinal)):
            pieces[at] = replace(piece, kind="condition_word")
    return pieces


def _with_places(clause: Clause, pieces: list[Piece]) -> list[Piece]:
    """`positive at screening or admission`: the second is a time as well, and nothing that somebody has had."""
    out: list[Piece] = []
    joint: Piece | None = None
    for at, piece in enumerate(pieces):
        if out and (out[-1].kind != "glue" or out[-1].text != "the"):
            joint = out[-1]  # the last that is no article
        if joint is None or joint.kind != "joint":
            out.append(piece)
            continue
        if piece.kind == "current" and piece.text.lower() == "on":
            piece = replace(piece, kind="glue", text="the")
        first = next((one for one in reversed(out) if one.kind not in {"glue", "joint"}), None)
        if (
            first is None
            or joint.text not in {"or", "and", "/"}
            or first.kind != "window"
            or first.timed is None
            or first.timed.window.direction is not Direction.DURING
            or (piece.expr is None and piece.text not in _MOMENTS)
        ):
            out.append(piece)
            continue
        behind = next(
            (one for one in pieces[at + 1 :] if one.kind != "glue" or one.text in {"of", "for"}), None
        )
        hits = anchors().at(clause.tokens, piece.first, clause.text)
        if (
            hits
            and hits[0].last >= piece.last
            and (behind is None or behind.kind in {"joint", "stop", "close", "window"})
        ):
            window = Window(hits[0].entry.id, Direction.DURING)
            timed = Timed(window, piece.first, piece.last)
            piece = Piece("window", piece.first, piece.last, piece.text, timed=timed)
        out.append(piece)
    return out


def _has_main(before: Sequence[Piece]) -> bool:
    """Whether something stands before in the same member that can have a time."""
    said = before[:-1] if before and before[-1].kind == "joint" and before[-1].text == "," else before
    for piece in reversed(said):
        if piece.kind in {"stop", "joint", "open"}:
            return False
        if piece.expr is not None or piece.kind == "word":
            return True
    return False
