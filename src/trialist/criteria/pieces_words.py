"""Words that no table took → pieces: joints, parentheses, ends of sentences and of lines, words of no consequence, words nobody knows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from trialist.criteria.clause import Clause
from trialist.criteria.lexicon import SEXES, glue_words, word_set
from trialist.criteria.nodes import (
    Attestation,
    Concept,
    Demographic,
    Opaque,
    Ordinal,
    Quantity,
)
from trialist.criteria.piece import Piece, claim
from trialist.criteria.tokens import Token

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
_GIVERS = frozenset({"providing", "donor", "donors", "donating", "releasing", "donator", "synthase"})


def is_nitric_oxide(tokens: Sequence[Token], place: int, text: str) -> bool:
    """`NO-providing therapy`, `NO donors`: no negation."""
    behind = tokens[place + 1].text if place + 1 < len(tokens) else ""
    return behind in _GIVERS and text[tokens[place].start : tokens[place].end] == "NO"


def claim_rest(clause: Clause, owner: list[Piece | None]) -> None:
    """Joints, parentheses, sentence ends and unknown words among the tokens that are left."""
    glue = glue_words()
    _claim_topic(clause, owner)
    _claim_proxies(clause, owner)
    if "disease" in clause.words:
        _claim_states_of_disease(clause, owner)
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


STATE_OF_DISEASE = "state_of_disease"
"""The entry of "unresectable disease": what a study's disease has to be, in the words of the text."""


def is_a_state_of_disease(piece: Piece) -> bool:
    """`unresectable`, `locally advanced`: what is said of the disease that a study is about."""
    return piece.kind == "status" and piece.text.lower().replace(" ", "_") in word_set("states_of_disease")


def _claim_states_of_disease(clause: Clause, owner: list[Piece | None]) -> None:
    """`unresectable disease`: the disease that a study is about, in a state that the words name."""
    tokens = clause.tokens
    for place in range(1, len(tokens)):
        before = owner[place - 1]
        if tokens[place].text != "disease" or before is None or owner[place] is not None:
            continue
        behind = tokens[place + 1].text if place + 1 < len(tokens) else ""
        if not is_a_state_of_disease(before) or behind in _NOT_A_STATE:
            continue
        first, last = before.first, place + 1
        expr = Concept("condition", clause.said(first, last), clause.span(first, last))
        one = Piece("atom", first, last, expr.surface, expr=expr, entry_id=STATE_OF_DISEASE)
        owner[first:last] = [one] * (last - first)


_NOT_A_STATE = frozenset(
    {
        "progression",
        "activity",
        "free",
        "characteristics",
        "status",
        "duration",
        "control",
        "severity",
        "process",
        "state",
        "-",
        "/",
        "modifying",
        "of",
    }
)


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


_MANUAL = re.compile(
    r"(?:\bDiagnostic (?:and|&) Statistical Manual(?: (?:of|for) Mental (?:Disorders?|Diseases?))?|\bDSM(?:[- ](?:[345]|III|IV|V)\b)?|\bInternational (?:Statistical )?Classification of Diseases)"
    r"(?:[ ]?[,-]?[ ]?(?:[345]|III|IV|V|10|TR|R|(?:the )?(?:[345]th|3rd|10th|third|fourth|fifth|tenth) (?:edition|ed\.?|revision)|text[ -]revis(?:ion|ed)|\((?:DSM|ICD)[^()]{0,14}\)|\[(?:DSM|ICD)[^\[\]]{0,14}\])(?![A-Za-z0-9]))*",
    re.IGNORECASE,
)
_OF_MANUALS = frozenset({"statistical", "dsm", "classification"})


def claim_manuals(clause: Clause, owner: list[Piece | None]) -> None:
    """`the Diagnostic and Statistical Manual of Mental Disorders, 5th Edition (DSM-5)`: by which book something is told is one name."""
    if clause.words.isdisjoint(_OF_MANUALS):
        return
    tokens = clause.tokens
    for found in _MANUAL.finditer(clause.text, tokens[0].start, tokens[-1].end):
        inside = [at for at, token in enumerate(tokens) if found.start() <= token.start < found.end()]
        if len(inside) > 1 and not any(owner[inside[0] : inside[-1] + 1]):
            first, last = inside[0], inside[-1] + 1
            said = clause.said(first, last)
            unread = Opaque(said, clause.span(first, last))
            claim(owner, Piece("atom", first, last, said, expr=unread, entry_id="manual"))


def claim_instances(clause: Clause, owner: list[Piece | None]) -> None:
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


def in_order(clause: Clause, owner: Sequence[Piece | None]) -> list[Piece]:
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
    if said == "no" and is_nitric_oxide(clause.tokens, place, clause.text):
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
        claim(owner, Piece("glue", first, last))


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
        claim(owner, Piece("glue", 0, colon + 1))


def _next_is(clause: Clause, place: int, word: str) -> bool:
    return place + 1 < len(clause.tokens) and clause.tokens[place + 1].text == word
