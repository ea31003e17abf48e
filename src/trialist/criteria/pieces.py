"""Tokens → pieces: what each stretch of a clause is before anything is joined.

A piece is an atom (already typed), a window of time, a modifier of its neighbours (history, active, severe …), a negation or
exception, a joint (and, or, comma …), or words nobody knows. Words of no consequence give none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from trialist.criteria.attach import attach_bounds
from trialist.criteria.attach_steps import read_ordinals
from trialist.criteria.clause import Clause
from trialist.criteria.lexicon import Hit, modifiers, names, things
from trialist.criteria.nodes import (
    Basis,
    Biomarker,
    Concept,
    Exposure,
    Expr,
    Interval,
    Judgement,
    Not,
    Quantity,
    ReproState,
    Result,
    Span,
    Trialwise,
)
from trialist.criteria.piece import Piece, claim
from trialist.criteria.pieces_words import (
    claim_instances,
    claim_manuals,
    claim_rest,
    in_order,
    is_nitric_oxide,
)
from trialist.criteria.quantities import Bound, find_bounds
from trialist.criteria.quick import replace
from trialist.criteria.relations import relate
from trialist.criteria.statements import attestation, find_statements, possible_topics
from trialist.criteria.steps import Steps, alone
from trialist.criteria.tokens import Token, tokenise
from trialist.criteria.windows import OPENS_A_TIME, read_window, whole_time

_CONSENT = frozenset({"consent", "icf"})  # one of them is in every name of that anchor
# Conditions that are also everyday words of statements about a study ("comorbidity that may interfere").
_NOT_OF_PERSONS = frozenset(
    {"ambulatory", "outpatient", "ulcer", "comorbidity", "healthy", "relapse", "disease_progression"}
)


def read_pieces(clause: Clause) -> list[Piece]:
    """The pieces of a clause in their order, without overlaps."""
    return alone(pieces_in_steps(clause))


def pieces_in_steps(clause: Clause) -> Steps[list[Piece]]:
    """What `read_pieces` gives."""
    tokens, text = clause.tokens, clause.text
    bounds = find_bounds(tokens, text)
    yield
    hits = _hits(clause, bounds)
    yield
    bounds = [bound for bound in bounds if not _is_covered(bound, hits)]
    owner: list[Piece | None] = [None] * len(tokens)
    for piece in read_ordinals(clause, hits):
        claim(owner, Piece("atom", piece.first, piece.last, expr=piece.expr))
    free = [bound for bound in bounds if not any(owner[bound.first : bound.last])]
    for found in attach_bounds(clause, free, hits):
        claim(owner, Piece("atom", found.first, found.last, expr=found.expr))
    yield
    _claim_normals(clause, owner, hits)
    if not clause.words.isdisjoint(_CONSENT):
        _claim_whole_times(clause, owner, only="consent")
    _claim_statements(clause, owner, hits)
    yield
    _claim_windows(clause, owner, free)
    claim_manuals(clause, owner)
    yield
    for hit_group in hits:
        hit = hit_group[0]
        if not any(owner[hit.first : hit.last]):
            found_piece = _denied_by_its_form(clause, owner, _from_hits(clause, hit_group))
            if found_piece is not None:
                claim(owner, found_piece)
        elif hit.entry.kind == "negation":
            _claim_denial_of_a_trial(clause, owner, hit)
    yield
    _claim_denied_names(clause, owner)
    claim_rest(clause, owner)
    claim_instances(clause, owner)
    return [one for one in relate(clause, in_order(clause, owner)) if one.kind != "glue"]


def _claim_denial_of_a_trial(clause: Clause, owner: list[Piece | None], hit: Hit) -> None:
    """`no other investigational agents`: of the two words that deny, one is of what is denied."""
    follows = owner[hit.first + 1] if hit.last - hit.first > 1 else None
    if owner[hit.first] is not None or follows is None or not isinstance(follows.expr, Trialwise):
        return
    if clause.tokens[hit.first].text in {"no", "not"}:
        claim(owner, Piece("negation", hit.first, hit.first + 1))


def _hits(clause: Clause, bounds: Sequence[Bound]) -> list[list[Hit]]:
    """What the tables know of each stretch, the longest first, without overlaps."""
    found: list[list[Hit]] = []
    after = 0
    inside = {at: bound for bound in bounds for at in range(bound.first, bound.last)}
    tokens, text = clause.tokens, clause.text
    known = names()
    starts, at = known.starts, known.at
    for place, (kind, said, _, _) in enumerate(tokens):
        if said not in starts or place < after or kind == "punct":
            continue
        best = _required(tokens, place, text) if said == "requiring" else at(tokens, place, text)
        if best and best[0].entry.kind == "negation" and is_nitric_oxide(tokens, place, text):
            best = []
        bound = inside.get(place)
        if bound is not None and bound.shape == "around":
            bound = None
        if best and (bound is None or (place <= bound.first and best[0].last > bound.last)):
            found.append(best)
            after = best[0].last
    return found


def _required(tokens: Sequence[Token], place: int, text: str) -> list[Hit]:
    """What the tables know of a stretch that begins with `requiring`, which is no status where its object follows."""
    found = [*things().at(tokens, place, text), *modifiers().at(tokens, place, text)]
    found = [hit for hit in found if not _has_an_object(tokens, hit)]
    longest = max((hit.last for hit in found), default=0)
    return [hit for hit in found if hit.last == longest]


def _has_an_object(tokens: Sequence[Token], hit: Hit) -> bool:
    """`requiring treatment with steroids`: what is required is named behind it."""
    behind = tokens[hit.last].text if hit.last < len(tokens) else ""
    return hit.entry.kind == "status" and behind in {
        "with",
        "by",
        "for",
        "of",
        "in",
        "using",
        "or",
        "and",
        "/",
    }


def _is_covered(bound: Bound, hits: Sequence[Sequence[Hit]]) -> bool:
    """Whether a bare number belongs to a name (`type 2 diabetes`)."""
    return bound.shape in {"bare", "range"} and any(
        group[0].first <= bound.first < group[0].last and group[0].last - group[0].first > 1 for group in hits
    )


def _claim_statements(clause: Clause, owner: list[Piece | None], hits: Sequence[Sequence[Hit]]) -> None:
    tokens = clause.tokens
    possible = possible_topics(tokens)
    if not possible:
        return
    taken = [(tokens[piece.first].start, tokens[piece.last - 1].end) for piece in owner if piece is not None]
    known = [
        (tokens[hit.first].start, tokens[hit.last - 1].end)
        for group in hits
        for hit in group
        if hit.entry.kind == "condition" and hit.entry.id not in _NOT_OF_PERSONS
    ]
    for statement in find_statements(tokens, clause.text, clause.low, sorted(set(taken)), known, possible):
        places = [
            at
            for at, token in enumerate(tokens)
            if token.start >= statement.start and token.end <= statement.end
        ]
        places = [at for at in places if owner[at] is None]
        while places and tokens[places[0]].text in {"or", "and", ","}:
            places.pop(0)  # what joins a statement with the one before is no part of it
        if not places:
            continue
        first, last = places[0], places[-1] + 1
        span = clause.span(first, last)
        expr: Expr
        if statement.kind == "attestation":
            expr = attestation(statement, span, clause.said(first, last))
        elif statement.kind == "judgement":
            topic = "investigator" if statement.topic == "words" else statement.topic
            expr = Judgement(topic, clause.said(first, last), span)
        else:
            expr = Trialwise(statement.topic, span, surface=clause.said(first, last))
        clause.rules.append(f"{statement.kind}/{statement.topic}")
        claim(owner, Piece("atom", first, last, clause.said(first, last), expr=expr, entry_id=statement.kind))


_NORMAL = re.compile(
    r"[ ]?(?:is |are |was |must be |values? |levels? )*(?:(?:with)?in (?:the )?(?:(?:institutional|laboratory|local|institution'?s|reference) )*normal (?:range|limits?)s?\b"
    r"|normal(?:[ ]for age)?(?=[ ]?(?:\Z|[\n,;.)]|and\b|or\b))(?! or (?:below|less|lower|above|greater|higher|up)\b))",
    re.IGNORECASE,
)
_NORMALITY = {"normal": "normal", "abnormal": "abnormal"}
_RAISED = frozenset({"elevated", "increased", "raised"})
_JOINS_MEASURES = frozenset({"or", "and", "/", ","})
_NEEDED_FOR_NORMAL = _RAISED | _NORMALITY.keys()


def _measure_alone(group: Sequence[Hit], owner: Sequence[Piece | None]) -> Hit | None:
    """The measure at a place that nothing else could be, and that nobody has read."""
    hit = next((one for one in group if one.entry.kind == "variable"), None)
    if hit is None or any(owner[hit.first : hit.last]):
        return None
    return hit if all(one.entry.kind in {"variable", "test_words"} for one in group) else None


def _claim_normals(clause: Clause, owner: list[Piece | None], hits: Sequence[Sequence[Hit]]) -> None:
    """A measure without a number: `TSH within normal limits`, `abnormal TSH`, `elevated creatinine`."""
    tokens = clause.tokens
    if clause.words.isdisjoint(_NEEDED_FOR_NORMAL):
        return
    shares = -1  # where a measure begins behind which its normality stands
    for hit in reversed([one for group in hits if (one := _measure_alone(group, owner)) is not None]):
        between = {token.text for token in tokens[hit.last : max(shares, hit.last)]}
        if shares >= 0 and between and between <= _JOINS_MEASURES:
            # `SGOT or SGPT normal`
            shared = Result(hit.entry.id, "normal", clause.span(hit.first, hit.last))
            claim(owner, Piece("atom", hit.first, hit.last, expr=shared))
            shares = hit.first
            continue
        found = _NORMAL.match(clause.text, tokens[hit.last - 1].end, tokens[-1].end)
        before = tokens[hit.first - 1].text if hit.first else ""
        first, last = hit.first, hit.last
        if found is not None:
            while last < len(tokens) and tokens[last].start < found.end():
                last += 1
            shares = first
            expr: Expr = Result(hit.entry.id, "normal", clause.span(first, last))
        elif before in _NORMALITY and owner[first - 1] is None:
            first -= 1
            expr = Result(hit.entry.id, _NORMALITY[before], clause.span(first, last))
        elif before in _RAISED and owner[first - 1] is None:
            first -= 1
            above = Interval(lower=Decimal(1), lower_inclusive=False)
            span = clause.span(first, last)
            expr = Quantity(hit.entry.id, above, "1", span, basis=Basis.X_ULN, assumed=("limit",))
        else:
            continue
        clause.rules.append("normal")
        claim(owner, Piece("atom", first, last, expr=expr))


def _claim_windows(clause: Clause, owner: list[Piece | None], bounds: Sequence[Bound]) -> None:
    """The windows of time among the bounds that no variable took."""
    tokens = clause.tokens
    used: set[int] = set()
    for place, bound in enumerate(bounds):
        if place in used or any(owner[bound.first : bound.last]):
            continue
        other = _half_lives(tokens, bounds, place)
        timed = read_window(tokens, bound, clause.text, other, clause.excludes)
        if timed is None:
            continue
        if other is not None:
            used.add(place + 1)
        claim(
            owner, Piece("window", timed.first, timed.last, clause.said(timed.first, timed.last), timed=timed)
        )
    _claim_whole_times(clause, owner)


def _claim_whole_times(clause: Clause, owner: list[Piece | None], only: str = "") -> None:
    """Times without a number; `only` those beside one anchor (`at the time of signing consent` is no consent)."""
    tokens = clause.tokens
    if clause.words.isdisjoint(OPENS_A_TIME):
        return
    after = 0
    for place, token in enumerate(tokens):
        if token[1] not in OPENS_A_TIME or owner[place] is not None or place < after:
            continue
        timed = whole_time(tokens, place, clause.text)
        if (
            timed is not None
            and timed.last > place
            and only in {"", timed.window.anchor}
            and not any(owner[timed.first : timed.last])
        ):
            claim(
                owner,
                Piece("window", timed.first, timed.last, clause.said(timed.first, timed.last), timed=timed),
            )
            after = timed.last


def _half_lives(tokens: Sequence[Token], bounds: Sequence[Bound], place: int) -> Bound | None:
    """The second arm of `14 days or 5 half-lives`."""
    if place + 1 >= len(bounds):
        return None
    following = bounds[place + 1]
    between = {token.text for token in tokens[bounds[place].last : following.first]}
    is_half = following.unit is not None and following.unit.dimension == "half_lives"
    return following if is_half and between <= {"or", "and", ",", "/", "(", "at", "least", "and/or"} else None


def _from_hits(clause: Clause, group: Sequence[Hit]) -> Piece | None:
    """The piece that the entries for a stretch stand for; the first kind in this order that fits."""
    hit = group[0]
    entry = (hit if len(group) == 1 else min(reversed(group), key=_order)).entry
    kind = entry.kind
    said = clause.said(hit.first, hit.last)
    if kind in _THINGS:
        if entry.id == "malignancy" and _is_another(clause, hit):
            entry = replace(entry, id="second_malignancy")
        expr = _thing(kind, entry.id, entry.row, said, clause.span(hit.first, hit.last))
        return Piece("atom", hit.first, hit.last, said, expr, entry_id=entry.id)
    if kind in _STATES:
        state = _STATES[kind]
        expr = ReproState(state, clause.span(hit.first, hit.last))
        return Piece("atom", hit.first, hit.last, said, expr, entry_id=state)
    if kind in _MEASURES:
        return Piece("measure", hit.first, hit.last, said, entry_id=hit.entry.id)
    if _BLANKS.issuperset(one.entry.kind for one in group):
        return Piece("glue", hit.first, hit.last, said)
    return Piece(hit.entry.kind, hit.first, hit.last, said, entry_id=hit.entry.id)


_THINGS = ("serology", "condition", "drug", "procedure", "marker")
_STATES = {
    "pregnancy_planned": "planning_pregnancy",
    "pregnant": "pregnant",
    "lactating": "lactating",
    "child_bearing": "child_bearing_potential",
    "postmenopausal": "postmenopausal",
    "sterile": "sterile",
}
_MEASURES = ("variable", "scale")
_BLANKS = frozenset({"blank", "test_words"})
_ORDER = {kind: place for place, kind in enumerate((*_THINGS, *_STATES, *_MEASURES))}


def _order(hit: Hit) -> int:
    """Which kinds of entries for one stretch go before others; the kinds without a place come last."""
    return _ORDER.get(hit.entry.kind, len(_ORDER))


def _denied_by_its_form(clause: Clause, owner: list[Piece | None], piece: Piece | None) -> Piece | None:
    """`non-pregnant`, `non-smoker`: the piece, turned by the first part of its word."""
    if piece is None or not piece.first or clause.tokens[piece.first - 1].text != "non":
        return piece
    at = piece.first - 1
    if owner[at] is not None or clause.tokens[at].end + 1 < clause.tokens[at + 1].start:
        return piece
    turned = isinstance(piece.expr, ReproState) or piece.entry_id == "smoking"
    turned = turned or (piece.last - piece.first == 1 and clause.tokens[piece.first].text in _OF_PERSONS)
    if not turned or piece.expr is None:
        return piece
    return replace(piece, first=at, text=clause.said(at, piece.last), expr=Not(piece.expr))


_DENIED_NAMES = frozenset(
    {
        *("obese", "diabetic", "diabetics", "hypertensive", "cirrhotic", "asthmatic", "asthmatics"),
        *("smoker", "smokers", "pregnant", "lactating", "nursing"),
    }
)


_DENIALS_IN_A_WORD = frozenset(f"non{name}" for name in _DENIED_NAMES)


def _claim_denied_names(clause: Clause, owner: list[Piece | None]) -> None:
    """`nondiabetic patients`, `nonsmokers`: what is denied within one word."""
    if clause.words.isdisjoint(_DENIALS_IN_A_WORD):
        return
    for place, token in enumerate(clause.tokens):
        rest = token.text[3:]
        if owner[place] is not None or not token.text.startswith("non") or rest not in _DENIED_NAMES:
            continue
        hits = things().at(tokenise(rest), 0, rest)
        moved = [replace(hit, first=place, last=place + 1) for hit in hits]
        named = _from_hits(clause, moved) if moved else None
        if named is not None and named.expr is not None:
            claim(owner, replace(named, expr=Not(named.expr)))


_OF_PERSONS = frozenset({"obese", "diabetic", "diabetics", "hypertensive", "cirrhotic", "asthmatic"})
_OTHERS = frozenset({"other", "another", "second", "additional", "different"})


def _is_another(clause: Clause, hit: Hit) -> bool:
    """`no other concurrent active malignancy`: one besides that which the study is about."""
    tokens = clause.tokens
    place = hit.first
    while place and hit.first - place < 5:
        place -= 1
        if tokens[place].text in _OTHERS:
            return True
        if tokens[place].kind != "word" or tokens[place].text in {"and", "or", "of", "with"}:
            return False
    return False


def _thing(kind: str, entry_id: str, row: Mapping[str, Any], said: str, span: Span) -> Expr:
    """The atom for an entry; a name narrower than its entry has no id of its own, only a broader one; mere kin neither."""
    exact, broader = ("", entry_id) if row.get("narrower") else (entry_id, "")
    broader = "" if row.get("kin") else broader
    match kind:
        case "serology":
            return Result(entry_id, "", span)
        case "condition":
            return Concept("condition", said, span, concept_id=exact, broader=broader)
        case "marker":
            return Biomarker(entry_id, "", span)
        case _:
            return Exposure(row.get("kind") or "procedure", said, span, concept_id=exact, broader=broader)
