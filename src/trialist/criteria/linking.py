"""Whether two things in one member belong together: linked by a word, one the method of the other, one name of two parts."""

from __future__ import annotations

from collections.abc import Sequence

from trialist.criteria.clause import Clause
from trialist.criteria.gather import CUES
from trialist.criteria.lexicon import word_set
from trialist.criteria.nodes import (
    Alternatives,
    Biomarker,
    Concept,
    Count,
    Exposure,
    Expr,
    Judgement,
    Or,
    Ordinal,
    Quantity,
    ReproState,
    Result,
    Span,
)
from trialist.criteria.piece import Piece
from trialist.criteria.qualify import MODIFIERS, Modifiers, qualify
from trialist.criteria.quick import replace

_METHODS = word_set("methods")
_LINKS = word_set("linking_two_things")
# Behind a joint these begin a statement of its own.
_PERSONS = frozenset(
    {
        "patients",
        "patient",
        "subjects",
        "subject",
        "participants",
        "individuals",
        "persons",
        "those",
        "people",
    }
)
_JOINED_BY = frozenset({",", ";", "and", "or", "and/or", "/", "(", ")"})


def begins_anew(clause: Clause, pieces: Sequence[Piece]) -> bool:
    """`…, or patients with X`, `… or evidence of X`: what was said of the member before ends."""
    first = next((one for one in pieces if one.kind in MODIFIERS), None)
    if first is not None and first.kind in {
        "history",
        "given",
        "current",
        "planned",
        "family",
        "allergy",
    }:
        return True
    if not pieces:
        return False
    if pieces[0].kind == "certainty" and pieces[0].text.lower().endswith((" of", " with")):
        return True
    tokens = clause.tokens
    place = pieces[0].first
    while place and tokens[place - 1].text not in _JOINED_BY:
        place -= 1
        if tokens[place].text in _PERSONS and tokens[place - 1].text in {"or", "and", ",", ";"}:
            return True
    return False


_OF_THE_HEART = frozenset({"heart_failure", "hfref", "hfpef"})


def is_linked(clause: Clause, piece: Piece, before: Sequence[Piece], last: Expr) -> bool:
    """Whether a thing behind another in one member says more of the same people, and not something that was not read."""
    expr = piece.expr
    tokens = clause.tokens
    behind = max([one.last for one in before if one.expr is not None], default=0)
    if (
        isinstance(last, (Or, Alternatives))
        and isinstance(expr, (Concept, Exposure, Result))
        and behind == piece.first
    ):
        return piece.entry_id == "parenthesis"
    if isinstance(expr, (Result, Biomarker, ReproState)) and piece.entry_id != "parenthesis":
        return behind < piece.first or not isinstance(last, (Concept, Exposure, Result))
    if not isinstance(expr, (Concept, Exposure)) or piece.entry_id == "parenthesis":
        return True
    if isinstance(last, Concept) and last.domain == "allergy":
        return False
    is_nyha = isinstance(last, Ordinal) and last.scale == "nyha"
    if is_nyha and piece.entry_id in _OF_THE_HEART and behind == piece.first:
        return True  # `NYHA class II-III heart failure`
    between = [token.text for token in tokens[behind : piece.first]]
    cued = bool(before) and before[-1].kind in CUES | {"certainty", "status", "severity"}
    if isinstance(last, (Quantity, Ordinal, Count)) or isinstance(expr, Exposure):
        return (
            not isinstance(last, (Exposure, Concept, Quantity, Ordinal, Count))
            or (bool(before) and any(one.kind in CUES for one in before[-2:]))
            or bool(between[-1:] and between[-1] in _LINKS)
            or is_method(clause, piece, [last])
        )
    if isinstance(last, (Concept, Exposure)):
        return cued or bool(set(between[-3:]) & _LINKS)
    return True


def is_method(clause: Clause, piece: Piece, parts: list[Expr]) -> bool:
    """Whether a piece is how the one before was measured or seen (`LVEF < 40% by echocardiography`)."""
    return (
        isinstance(piece.expr, Exposure)
        and piece.entry_id in _METHODS
        and bool(parts)
        and isinstance(parts[-1], (Quantity, Concept))
        and _word_before(clause, piece.first) in {"by", "on", "via", "using", "through", "per"}
    )


def _word_before(clause: Clause, place: int) -> str:
    """The word before a place, past those that say nothing of a method."""
    tokens = clause.tokens
    while place > 1 and tokens[place - 1].text in {
        "the",
        "a",
        "an",
        "screening",
        "baseline",
        "either",
        "any",
    }:
        place -= 1
    return tokens[place - 1].text if place else ""


def begins_a_line(last: Expr, name: str) -> bool:
    """`… anti-androgens Peyronie's disease`: a name with a capital behind one in small letters stood in a line of its own."""
    first = getattr(last, "surface", "")
    return name[:1].isupper() and name[1:2].islower() and first[:1].islower()


def is_compound(clause: Clause, piece: Piece, before: Sequence[Piece], last: Expr) -> bool:
    """Whether two names stand side by side with nothing between them (`HIV vaccine`, `insulin dependent diabetes`)."""
    if not isinstance(piece.expr, (Concept, Exposure)) or not isinstance(last, (Concept, Exposure)):
        return False
    if piece.entry_id == "parenthesis" or begins_a_line(last, piece.expr.surface):
        return False
    return (
        (
            max([one.last for one in before if one.expr is not None], default=-1) == piece.first
            or _is_made_of(clause, last, piece)
        )
        and not (isinstance(last, Concept) and last.domain == "allergy")
        and last.time is None
    )


_MADE_OF = frozenset({"based", "containing"})


def _is_made_of(clause: Clause, last: Expr, piece: Piece) -> bool:
    """`oxaliplatin-based chemotherapy`: one treatment, of which the drug is a part."""
    at = piece.first - 1
    if at < 1 or clause.tokens[at].text not in _MADE_OF or not isinstance(piece.expr, Exposure):
        return False
    return isinstance(last, Exposure) and last.span.end == clause.span(at - 1, at).end


def compound(clause: Clause, last: Expr, piece: Piece, modifiers: Modifiers) -> Expr:
    """One name of two: a kind of the second; what is made of the first is a kind of both, and the first says more."""
    assert isinstance(last, (Concept, Exposure))
    assert isinstance(piece.expr, (Concept, Exposure))
    made_of = clause.tokens[piece.first - 1].text if piece.first else ""
    if made_of in _MADE_OF and isinstance(last, Exposure):
        end = max(last.span.end, piece.expr.span.end)
        surface = f"{last.surface}-{made_of} {piece.expr.surface}"
        broader = last.concept_id or last.broader or getattr(piece.expr, "concept_id", "")
        drug = replace(last, surface=surface, span=Span(last.span.start, end), concept_id="", broader=broader)
        return qualify(drug, modifiers) if modifiers else drug
    span = Span(last.span.start, max(last.span.end, piece.expr.span.end))
    name = piece.expr
    said = piece.text if piece.kind == "widened" else name.surface
    whole = replace(
        name,
        surface=f"{last.surface} {said}",
        span=span,
        concept_id="",
        broader=name.concept_id or name.broader,
    )
    return qualify(whole, modifiers) if modifiers else whole


_REACTIONS = frozenset(
    {
        "allergy",
        "allergies",
        "hypersensitivity",
        "intolerance",
        "anaphylaxis",
        "allergic reaction",
        "allergic reactions",
    }
)


def as_allergy(parts: list[Expr], piece: Piece) -> bool:
    """`penicillin hypersensitivity`: make the thing named right before what somebody cannot bear; whether that was so."""
    last = parts[-1] if parts else None
    if piece.kind != "allergy" or not isinstance(last, Exposure) or piece.text.lower() not in _REACTIONS:
        return False
    parts[-1] = Concept("allergy", last.surface, last.span, concept_id=last.concept_id, time=last.time)
    return True


def same_infection(clause: Clause, parts: list[Expr], piece: Piece, expr: Expr) -> bool:
    """`active infection with hepatitis B`: make one thing of the two; whether that was so."""
    general = parts[-1] if parts else None
    if not (
        isinstance(general, Concept)
        and isinstance(expr, Concept)
        and general.concept_id == "infection"
        and expr.domain == "condition"
        and clause.tokens[piece.first - 1].text in {"with", "by", "of", "to"}
    ):
        return False
    parts[-1] = replace(
        expr, status=(*general.status, *expr.status), severity=(*general.severity, *expr.severity)
    )
    return True


def is_named_by(last: Expr, before: Sequence[Piece], first: int) -> bool:
    """`KRAS G12C inhibitor`: whether a gene or a test right before a treatment is a part of its name."""
    is_outcome = isinstance(last, Result) and bool(last.outcome)
    return (
        isinstance(last, (Biomarker, Result))
        and not is_outcome
        and bool(before)
        and before[-1].expr is not None
        and before[-1].last == first
    )


def speaks_of_others(clause: Clause, piece: Piece) -> bool:
    """`pregnant and those who are not …`: whether a negation stands in a statement about other persons."""
    tokens = clause.tokens
    place = piece.first
    while place and tokens[place - 1].text not in _JOINED_BY and piece.first - place < 5:
        place -= 1
    return place > 0 and tokens[place].text in _PERSONS and tokens[place - 1].text in {"and", "or", ",", ";"}


def is_about_the_product(last: Expr, before: Sequence[Piece], piece: Piece) -> bool:
    """`excipients of the investigational product`, `precluding the use of the experimental device`: which product, and no use of it."""
    if isinstance(last, Judgement):
        return bool(before) and before[-1].expr is last and piece.first - before[-1].last <= 1
    return isinstance(last, Concept) and last.domain == "allergy"
