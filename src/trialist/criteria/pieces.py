"""Tokens → pieces: what each stretch of a clause is before anything is joined.

A piece is an atom (already typed), a window of time, a modifier of its neighbours (history, active, severe …), a negation or
exception, a joint (and, or, comma …), or words nobody knows. Words of no consequence give none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from trialist.criteria.attach import attach_bounds
from trialist.criteria.attach_steps import read_ordinals
from trialist.criteria.clause import Clause
from trialist.criteria.lexicon import SEXES, Hit, glue_words, modifiers, things
from trialist.criteria.nodes import (
    Attestation,
    Basis,
    Biomarker,
    Concept,
    Demographic,
    Exposure,
    Expr,
    Interval,
    Judgement,
    Ordinal,
    Quantity,
    ReproState,
    Result,
    Span,
    Trialwise,
)
from trialist.criteria.quantities import Bound, find_bounds
from trialist.criteria.statements import find_statements, possible_statements
from trialist.criteria.tokens import Token
from trialist.criteria.windows import OPENS_A_TIME, Timed, read_window, whole_time

_JOINTS = {
    ",": ",",
    ";": ";",
    "and": "and",
    "or": "or",
    "/": "/",
    "&": "and",
    "plus": "and",
    "nor": "or",
    "as well as": "and",
    "but": "but",
    "•": ";",
    "+": "and",
}
# Conditions that are also everyday words of statements about a study ("comorbidity that may interfere").
_NOT_OF_PERSONS = frozenset({"comorbidity", "healthy", "relapse", "disease_progression"})
_LONE_LETTERS = frozenset({"a", "s", "t"})  # an article, and what is left of a genitive
_EXAMPLES = frozenset(
    {
        "e.g",
        "eg",
        "i.e",
        "ie",
        "like",
        "namely",
        "example",
        "examples",
        "especially",
        "particularly",
        "notably",
    }
)


@dataclass(slots=True)
class Piece:
    """A stretch of tokens `first` to `last` (exclusive) and what it is; `expr` for atoms, `timed` for windows."""

    kind: str
    first: int
    last: int
    text: str = ""
    expr: Expr | None = None
    timed: Timed | None = None
    entry_id: str = ""


def read_pieces(clause: Clause) -> list[Piece]:
    """The pieces of a clause in their order, without overlaps."""
    tokens, text = clause.tokens, clause.text
    bounds = find_bounds(tokens, text)
    hits = _hits(clause, bounds)
    bounds = [bound for bound in bounds if not _is_covered(bound, hits)]
    owner: list[Piece | None] = [None] * len(tokens)
    for piece in read_ordinals(clause, hits):
        _claim(owner, Piece("atom", piece.first, piece.last, expr=piece.expr))
    free = [bound for bound in bounds if not any(owner[bound.first : bound.last])]
    for found in attach_bounds(clause, free, hits):
        _claim(owner, Piece("atom", found.first, found.last, expr=found.expr))
    _claim_normals(clause, owner, hits)
    _claim_whole_times(clause, owner, only="consent")
    _claim_statements(clause, owner, hits)
    _claim_windows(clause, owner, free)
    for hit_group in hits:
        hit = hit_group[0]
        if not any(owner[hit.first : hit.last]):
            found_piece = _from_hits(clause, hit_group)
            if found_piece is not None:
                _claim(owner, found_piece)
    _claim_rest(clause, owner)
    ordered: list[Piece] = []
    before: Piece | None = None
    for one in owner:
        if one is not before and one is not None:
            ordered.append(one)
            before = one
    if any(one.kind == "glue" and one.text in _TREATMENTS for one in ordered):
        ordered = _with_purposes(clause, ordered)
    return [one for one in ordered if one.kind != "glue"]


def _with_purposes(clause: Clause, pieces: list[Piece]) -> list[Piece]:
    """`treatment for cancer` is a treatment, not a cancer."""
    out: list[Piece] = []
    place = 0
    while place < len(pieces):
        piece = pieces[place]
        last = piece.last - 1
        if (
            piece.kind == "glue" and piece.text in _TREATMENTS and clause.tokens[last + 1].text == "for"
            if last + 1 < len(clause.tokens)
            else False
        ):
            end = place + 2
            while end < len(pieces) and pieces[end].kind in {"status", "severity", "glue", "certainty"}:
                end += 1
            target = pieces[end] if end < len(pieces) else None
            if target is not None and isinstance(target.expr, Concept):
                said = clause.said(piece.first, target.last)
                expr = Exposure("treatment", said, clause.span(piece.first, target.last))
                out.append(Piece("atom", piece.first, target.last, said, expr=expr))
                place = end + 1
                continue
        out.append(piece)
        place += 1
    return out


_TREATMENTS = frozenset(
    {"treatment", "treatments", "therapy", "therapies", "treated", "medication", "medications"}
)


def _claim(owner: list[Piece | None], piece: Piece) -> bool:
    """Take the free tokens of a piece."""
    took = False
    for place in range(piece.first, piece.last):
        if owner[place] is None:
            owner[place] = piece
            took = True
    return took


def _hits(clause: Clause, bounds: Sequence[Bound]) -> list[list[Hit]]:
    """What the tables know of each stretch, the longest first, without overlaps."""
    found: list[list[Hit]] = []
    after = 0
    inside = {
        at: bound for bound in bounds if bound.shape != "around" for at in range(bound.first, bound.last)
    }
    tokens, text = clause.tokens, clause.text
    named, limiting = things(), modifiers()
    names, limits = named.starts, limiting.starts
    for place, (kind, said, _, _) in enumerate(tokens):
        if place < after or kind == "punct":
            continue
        best = named.at(tokens, place, text) if said in names else []
        if said in limits and (others := limiting.at(tokens, place, text)):
            if not best or others[0].last > best[0].last:
                best = others
            elif others[0].last == best[0].last:
                best = [*best, *others]
        if not best:
            continue
        longest = best[0].last
        bound = inside.get(place)
        if bound is not None and (place > bound.first or longest <= bound.last):
            continue
        found.append(best)
        after = longest
    return found


def _is_covered(bound: Bound, hits: Sequence[Sequence[Hit]]) -> bool:
    """Whether a bare number belongs to a name (`type 2 diabetes`)."""
    return bound.shape in {"bare", "range"} and any(
        group[0].first <= bound.first < group[0].last and group[0].last - group[0].first > 1 for group in hits
    )


def _claim_statements(clause: Clause, owner: list[Piece | None], hits: Sequence[Sequence[Hit]]) -> None:
    tokens = clause.tokens
    if not tokens or not (possible := possible_statements(tokens)):
        return
    taken = [(tokens[piece.first].start, tokens[piece.last - 1].end) for piece in owner if piece is not None]
    known = [
        (tokens[hit.first].start, tokens[hit.last - 1].end)
        for group in hits
        for hit in group
        if hit.entry.kind == "condition" and hit.entry.id not in _NOT_OF_PERSONS
    ]
    for statement in find_statements(tokens, clause.low, possible, sorted(set(taken)), known):
        places = [
            at
            for at, token in enumerate(tokens)
            if token.start >= statement.start and token.end <= statement.end
        ]
        places = [at for at in places if owner[at] is None]
        if not places:
            continue
        first, last = places[0], places[-1] + 1
        span = clause.span(first, last)
        expr: Expr
        if statement.kind == "attestation":
            expr = Attestation(statement.topic, span, affirmed=statement.affirmed)
        elif statement.kind == "judgement":
            expr = Judgement("investigator", clause.said(first, last), span)
        else:
            expr = Trialwise(statement.topic, span)
        clause.rules.append(f"{statement.kind}/{statement.topic}")
        _claim(
            owner, Piece("atom", first, last, clause.said(first, last), expr=expr, entry_id=statement.kind)
        )


_NORMAL = re.compile(
    r"[ ]?(?:is |are |was |values? |levels? )?(?:with)?in (?:the )?normal (?:range|limits?)s?\b",
    re.IGNORECASE,
)
_NORMALITY = {"normal": "normal", "abnormal": "abnormal"}


def _claim_normals(clause: Clause, owner: list[Piece | None], hits: Sequence[Sequence[Hit]]) -> None:
    """A measure without a number: `TSH within normal limits`, `abnormal TSH`, `elevated creatinine`."""
    tokens = clause.tokens
    for group in hits:
        hit = next((one for one in group if one.entry.kind == "variable"), None)
        if hit is None or any(owner[hit.first : hit.last]):
            continue
        if any(one.entry.kind not in {"variable", "test_words"} for one in group):
            continue
        found = _NORMAL.match(clause.text, tokens[hit.last - 1].end)
        before = tokens[hit.first - 1].text if hit.first else ""
        first, last = hit.first, hit.last
        if found is not None and found.end() <= tokens[-1].end:
            while last < len(tokens) and tokens[last].start < found.end():
                last += 1
            expr: Expr = Result(hit.entry.id, "normal", clause.span(first, last))
        elif before in _NORMALITY and owner[first - 1] is None:
            first -= 1
            expr = Result(hit.entry.id, _NORMALITY[before], clause.span(first, last))
        elif before in {"elevated", "increased", "raised"} and owner[first - 1] is None:
            first -= 1
            above = Interval(lower=Decimal(1), lower_inclusive=False)
            span = clause.span(first, last)
            expr = Quantity(hit.entry.id, above, "1", span, basis=Basis.X_ULN, assumed=("limit",))
        else:
            continue
        clause.rules.append("normal")
        _claim(owner, Piece("atom", first, last, expr=expr))


def _claim_windows(clause: Clause, owner: list[Piece | None], bounds: Sequence[Bound]) -> None:
    """The windows of time among the bounds that no variable took."""
    tokens = clause.tokens
    used: set[int] = set()
    for place, bound in enumerate(bounds):
        if place in used or any(owner[bound.first : bound.last]):
            continue
        other = _half_lives(tokens, bounds, place)
        timed = read_window(tokens, bound, clause.text, other)
        if timed is None:
            continue
        if other is not None:
            used.add(place + 1)
        _claim(
            owner, Piece("window", timed.first, timed.last, clause.said(timed.first, timed.last), timed=timed)
        )
    _claim_whole_times(clause, owner)


def _claim_whole_times(clause: Clause, owner: list[Piece | None], only: str = "") -> None:
    """Times without a number; `only` those beside one anchor (`at the time of signing consent` is no consent)."""
    tokens = clause.tokens
    after = 0
    for place, token in enumerate(tokens):
        if token[1] not in OPENS_A_TIME or place < after or owner[place] is not None:
            continue
        timed = whole_time(tokens, place, clause.text)
        if (
            timed is not None
            and timed.last > place
            and only in {"", timed.window.anchor}
            and not any(owner[timed.first : timed.last])
        ):
            _claim(
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
    by_kind = {hit.entry.kind: hit for hit in group}
    hit = group[0]
    span = clause.span(hit.first, hit.last)
    said = clause.said(hit.first, hit.last)
    for kind in ("serology", "condition", "drug", "procedure", "marker"):
        if kind in by_kind:
            entry = by_kind[kind].entry
            return Piece(
                "atom",
                hit.first,
                hit.last,
                said,
                _thing(kind, entry.id, entry.row, said, span),
                entry_id=entry.id,
            )
    for kind, state in (
        ("pregnancy_planned", "planning_pregnancy"), ("pregnant", "pregnant"), ("lactating", "lactating"),
        ("child_bearing", "child_bearing_potential"), ("postmenopausal", "postmenopausal"), ("sterile", "sterile"),
    ):  # fmt: skip
        if kind in by_kind:
            return Piece("atom", hit.first, hit.last, said, ReproState(state, span), entry_id=state)
    if "variable" in by_kind or "scale" in by_kind:
        return Piece("measure", hit.first, hit.last, said, entry_id=hit.entry.id)
    if set(by_kind) <= {"blank", "test_words"}:
        return Piece("glue", hit.first, hit.last, said)
    return Piece(hit.entry.kind, hit.first, hit.last, said, entry_id=hit.entry.id)


def _thing(kind: str, entry_id: str, row: Mapping[str, Any], said: str, span: Span) -> Expr:
    """The atom for an entry; a name narrower than its entry has no id of its own, only a broader one."""
    exact, broader = ("", entry_id) if row.get("narrower") else (entry_id, "")
    match kind:
        case "serology":
            return Result(entry_id, "", span)
        case "condition":
            return Concept("condition", said, span, concept_id=exact, broader=broader)
        case "marker":
            return Biomarker(entry_id, "", span)
        case _:
            return Exposure(row.get("kind") or "procedure", said, span, concept_id=exact, broader=broader)


def _claim_rest(clause: Clause, owner: list[Piece | None]) -> None:
    """Joints, parentheses, sentence ends and unknown words among the tokens that are left."""
    glue = glue_words()
    _claim_topic(clause, owner)
    for place, token in enumerate(clause.tokens):
        if owner[place] is not None:
            continue
        said = token[1]
        kind = "word"
        if said in _SMALL_WORDS:
            kind, said = _small_word(clause, place)
        if kind == "word" and (said in glue or said in _LONE_LETTERS or token[0] == "punct"):
            kind = "glue"
        owner[place] = Piece("word" if kind == "unread" else kind, place, place + 1, said)


_KINDS = {
    **dict.fromkeys(("(", "[", "{"), "open"),
    **dict.fromkeys((")", "]", "}"), "close"),
    **dict.fromkeys((*_EXAMPLES, "including", "includes", "include"), "examples"),
    **dict.fromkeys(("if", "when", "provided", "where"), "condition_word"),
    "defined": "defined",
}


def _small_word(clause: Clause, place: int) -> tuple[str, str]:
    """What kind of piece a single token is, and how it is called."""
    said = clause.tokens[place].text
    if said in _JOINTS:
        return "joint", _JOINTS[said]
    if said in SEXES:
        return "sex", SEXES[said]
    if said in _KINDS:
        return _KINDS[said], said
    if said == "such" and _next_is(clause, place, "as"):
        return "examples", said
    if said == "." and place + 1 < len(clause.tokens):
        initial = (
            place > 0 and len(clause.tokens[place - 1].text) == 1 and clause.tokens[place - 1].kind == "word"
        )
        return ("glue" if initial else "stop"), said  # `H. pylori` is one name
    if said in _COMPARATIVES and _next_is(clause, place, "than"):
        return "unread", said
    return "word", said


_COMPARATIVES = frozenset({"more", "less", "greater", "fewer", "higher", "lower"})
_SMALL_WORDS = frozenset({*_JOINTS, *SEXES, *_KINDS, *_COMPARATIVES, "such", "."})


def _claim_topic(clause: Clause, owner: list[Piece | None]) -> None:
    """`Renal function: creatinine …`: the words before a colon only announce the measure behind it."""
    tokens = clause.tokens
    colon = next((at for at, token in enumerate(tokens[:6]) if token.text == ":" and owner[at] is None), None)
    if colon is None or colon + 1 >= len(tokens):
        return
    behind = owner[colon + 1]
    if (
        behind is None
        or behind.kind != "atom"
        or not isinstance(behind.expr, (Quantity, Ordinal, Demographic))
    ):
        return
    if all(one is None for one in owner[:colon]):
        _claim(owner, Piece("glue", 0, colon + 1))


def _next_is(clause: Clause, place: int, word: str) -> bool:
    return place + 1 < len(clause.tokens) and clause.tokens[place + 1].text == word
