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
from trialist.criteria.lexicon import SEXES, Hit, glue_words, modifiers, names, things, word_set
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
    Not,
    Ordinal,
    Quantity,
    ReproState,
    Result,
    Span,
    Trialwise,
)
from trialist.criteria.piece import Piece
from trialist.criteria.quantities import Bound, find_bounds
from trialist.criteria.quick import replace
from trialist.criteria.relations import relate
from trialist.criteria.statements import attestation, find_statements, possible_topics
from trialist.criteria.steps import Steps, alone
from trialist.criteria.tokens import Token, tokenise
from trialist.criteria.windows import OPENS_A_TIME, read_window, whole_time

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
_CONSENT = frozenset({"consent", "icf"})  # one of them is in every name of that anchor
# Conditions that are also everyday words of statements about a study ("comorbidity that may interfere").
_NOT_OF_PERSONS = frozenset({"comorbidity", "healthy", "relapse", "disease_progression"})
_LONE_LETTERS = frozenset(
    {"a", "s", "t", "es", "ies"}
)  # an article, what is left of a genitive, or of `therapy(ies)`
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
        _claim(owner, Piece("atom", piece.first, piece.last, expr=piece.expr))
    free = [bound for bound in bounds if not any(owner[bound.first : bound.last])]
    for found in attach_bounds(clause, free, hits):
        _claim(owner, Piece("atom", found.first, found.last, expr=found.expr))
    yield
    _claim_normals(clause, owner, hits)
    if not clause.words.isdisjoint(_CONSENT):
        _claim_whole_times(clause, owner, only="consent")
    _claim_statements(clause, owner, hits)
    yield
    _claim_windows(clause, owner, free)
    yield
    for hit_group in hits:
        hit = hit_group[0]
        if not any(owner[hit.first : hit.last]):
            found_piece = _denied_by_its_form(clause, owner, _from_hits(clause, hit_group))
            if found_piece is not None:
                _claim(owner, found_piece)
    yield
    _claim_denied_names(clause, owner)
    _claim_rest(clause, owner)
    _claim_instances(clause, owner)
    return [one for one in relate(clause, _in_order(clause, owner)) if one.kind != "glue"]


def _claim(owner: list[Piece | None], piece: Piece) -> bool:
    """Take the free tokens of a piece."""
    places = [place for place in range(piece.first, piece.last) if owner[place] is None]
    for place in places:
        owner[place] = piece
    return bool(places)


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
        if best and best[0].entry.kind == "negation" and _is_nitric_oxide(tokens, place, text):
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


_GIVERS = frozenset({"providing", "donor", "donors", "donating", "releasing", "donator", "synthase"})


def _is_nitric_oxide(tokens: Sequence[Token], place: int, text: str) -> bool:
    """`NO-providing therapy`, `NO donors`: no negation."""
    behind = tokens[place + 1].text if place + 1 < len(tokens) else ""
    return behind in _GIVERS and text[tokens[place].start : tokens[place].end] == "NO"


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
        _claim(
            owner, Piece("atom", first, last, clause.said(first, last), expr=expr, entry_id=statement.kind)
        )


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
            _claim(owner, Piece("atom", hit.first, hit.last, expr=shared))
            shares = hit.first
            continue
        found = _NORMAL.match(clause.text, tokens[hit.last - 1].end)
        before = tokens[hit.first - 1].text if hit.first else ""
        first, last = hit.first, hit.last
        if found is not None and found.end() <= tokens[-1].end:
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
            _claim(owner, replace(named, expr=Not(named.expr)))


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


def _claim_rest(clause: Clause, owner: list[Piece | None]) -> None:
    """Joints, parentheses, sentence ends and unknown words among the tokens that are left."""
    glue = glue_words()
    _claim_topic(clause, owner)
    _claim_proxies(clause, owner)
    for place, (sort, said, _, _) in enumerate(clause.tokens):
        if owner[place] is not None:
            continue
        if said in _ASKED:
            kind, said = _small_word(clause, place)
        elif said in _OF_ONE_KIND:
            kind, said = _OF_ONE_KIND[said]
        else:
            kind, said = "word", said.lower()
        if said == "disease" and kind == "word" and place and _denies(owner[place - 1]):
            pass  # `without evidence of disease`
        elif kind == "word" and (sort == "punct" or said in glue or said in _LONE_LETTERS):
            kind = "glue"
        owner[place] = Piece("word" if kind == "unread" else kind, place, place + 1, said)


def _denies(piece: Piece | None) -> bool:
    return piece is not None and piece.kind == "negation"


_KINDS = {
    **dict.fromkeys(("(", "[", "{"), "open"),
    **dict.fromkeys((")", "]", "}"), "close"),
    **dict.fromkeys((*_EXAMPLES, "including", "includes", "include"), "examples"),
    **dict.fromkeys(("if", "when", "provided", "where"), "condition_word"),
    "defined": "defined",
}


# Words of which their neighbours say what they are (`_small_word`), and those that are always the same.
_OR_MORE = frozenset({"greater", "worse", "higher", "equivalent", "equivalents"})
_ASKED = _OR_MORE | {"or", "no", "but", "such", ".", "more", "less", "fewer", "lower"}
_OF_ONE_KIND = {
    **{word: (kind, word) for word, kind in _KINDS.items()},
    **{word: ("sex", sex) for word, sex in SEXES.items()},
    **{word: ("joint", joint) for word, joint in _JOINTS.items()},
}


# What a statement begins with; in the midst of a line, behind a word in small letters, a line end was lost before it.
_BEGINNINGS = frozenset(
    {"Any", "History", "Known", "Patients", "Subjects", "Participants", "Presence", "Previous", "Prior", "Current", "Evidence", "Pregnant", "Pregnancy",
     "Uncontrolled", "Inability", "Unable", "Women", "Metastatic", "Unstable", "Participation", "Use", "Must", "Associated", "Significant", "Severe", "No"}
)  # fmt: skip


def _claim_instances(clause: Clause, owner: list[Piece | None]) -> None:
    """`infectious diseases: HIV, hepatitis, tuberculosis`: a colon between names opens a list of instances."""
    if not clause.excludes or ":" not in clause.words:
        return
    for place, token in enumerate(clause.tokens):
        if token.text != ":" or not 0 < place < len(owner) - 1:
            continue
        before, behind = owner[place - 1], owner[place + 1]
        named = before is not None and behind is not None and isinstance(before.expr, Concept)
        if named and behind is not None and isinstance(behind.expr, Concept):
            owner[place] = Piece("examples", place, place + 1, ":")


_SMALL = frozenset(
    [
        "with",
        "the",
        "for",
        "not",
        "who",
        "have",
        "has",
        "are",
        "from",
        "this",
        "than",
        "without",
        "their",
        "that",
        "any",
        "all",
        "had",
        "was",
        "were",
        "such",
        "nor",
    ]
)


_BEGINNINGS_IN_SMALL = frozenset(word.lower() for word in _BEGINNINGS)


def _in_order(clause: Clause, owner: Sequence[Piece | None]) -> list[Piece]:
    """Each piece once, the lost ends of lines between them (`… sexual activity Any history of …`)."""
    out: list[Piece] = []
    tokens, text = clause.tokens, clause.text
    last: Piece | None = None
    if clause.words.isdisjoint(_BEGINNINGS_IN_SMALL):
        before_it = [None, *owner]
        return [
            one for one, other in zip(owner, before_it, strict=False) if one is not other and one is not None
        ]
    for place, piece in enumerate(owner):
        if piece is last or piece is None:
            continue
        _, said, start, end = tokens[place]
        if said in _BEGINNINGS_IN_SMALL and place and text[start:end] in _BEGINNINGS:
            before = tokens[place - 1]
            small = text[before.start : before.end]
            if small.islower() and len(small) > 2 and small not in _JOINTS and small not in _SMALL:
                out.append(Piece("stop", place, place, "."))
        out.append(piece)
        last = piece
    return out


def _is_or_more(clause: Clause, place: int) -> bool:
    """`severe or worse`: nothing less than what stands before."""
    tokens = clause.tokens
    first = place if tokens[place].text == "or" else place - 1
    if first < 0 or first + 1 >= len(tokens) or tokens[first].text != "or":
        return False
    behind = tokens[first + 2] if first + 2 < len(tokens) else None
    is_bound = behind is not None and (behind.text in {"than", "or"} or behind.kind in {"num", "op"})
    return tokens[first + 1].text in _OR_MORE and not is_bound


def _small_word(clause: Clause, place: int) -> tuple[str, str]:
    """What kind of piece a single token is, and how it is called."""
    token = clause.tokens[place]
    said = token.text.lower()
    if _is_or_more(clause, place):
        return "glue", said
    if said == "no" and _is_nitric_oxide(clause.tokens, place, clause.text):
        return "unread", said
    if said == "but" and _next_is(clause, place, "not") and _next_is(clause, place + 1, "limited"):
        return "glue", said
    if said in _OF_ONE_KIND:
        return _OF_ONE_KIND[said]
    if said == "such" and _next_is(clause, place, "as"):
        return "examples", said
    if said == "." and place + 1 < len(clause.tokens):
        initial = (
            place > 0 and len(clause.tokens[place - 1].text) == 1 and clause.tokens[place - 1].kind == "word"
        )
        return ("glue" if initial else "stop"), said  # `H. pylori` is one name
    if said in {"more", "less", "greater", "fewer", "higher", "lower"} and _next_is(clause, place, "than"):
        return "unread", said
    return "word", said


_PROXIES = word_set("proxies")
_PROXY_NOUNS = _PROXIES - {"legal", "legally", "authorized", "authorised", "acceptable", "designated"}
_OF_PROXIES = frozenset(
    {"(", ")", "/", "or", "and/or", "'s", "s", "their", "the", "his", "her", "a", "an", "of", "by", ","}
)


def _claim_proxies(clause: Clause, owner: list[Piece | None]) -> None:
    """`the patient or a legally authorized representative gives consent`: who else may give it is no other criterion."""
    if clause.words.isdisjoint(_PROXIES):
        return
    statements = [one for one in owner if one is not None and isinstance(one.expr, Attestation)]
    if not any(
        isinstance(one.expr, Attestation) and one.expr.topic in {"consent", "assent"} for one in statements
    ):
        return
    tokens = clause.tokens
    for place, token in enumerate(tokens):
        if owner[place] is not None or token.text not in _PROXIES:
            continue
        first, last = place, place + 1
        while last < len(tokens) and owner[last] is None and tokens[last].text in _PROXIES | _OF_PROXIES:
            last += 1
        while tokens[last - 1].text in {",", "(", "or", "of", "by", "the", "a", "and/or", "/"}:
            last -= 1
        if not any(one.text in _PROXY_NOUNS for one in tokens[first:last]):
            continue  # `of legal age to give consent`
        if first and tokens[first - 1].text in {"or", "and/or", "/"} and owner[first - 1] is None:
            first -= 1
        _claim(owner, Piece("glue", first, last))


def _claim_topic(clause: Clause, owner: list[Piece | None]) -> None:
    """`Renal function: creatinine …`: the words before a colon only announce the measure behind it."""
    if ":" not in clause.words:
        return
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
