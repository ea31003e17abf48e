"""Heads of lists: `at least two of the following:` and what stands below them → one expression, or a mere heading."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from trialist.criteria.criterion import Computability, Modality, Polarity
from trialist.criteria.lexicon import glue_words, word_set
from trialist.criteria.nodes import (
    Alternatives,
    AtLeast,
    Attestation,
    Demographic,
    Expr,
    Not,
    Opaque,
    Ordinal,
    Quantity,
    Result,
    atoms,
    join_all,
    join_any,
)
from trialist.criteria.statement import Reading, with_expr

_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "either": 1, "any": 1}
_COUNT = re.compile(
    r"\b(?:at least|≥|minimum of|a minimum of)[ ]?(?P<least>one|two|three|four|five|[1-6])(?:[ ]\(?[1-6]\)?)?[ ](?:or more[ ])?(?:\w+[ ]){0,3}?(?:of|from|criteri|following)|"
    r"\b(?P<more>one|two|three|four|[1-6])(?:[ ]\([1-6]\))?[ ]or[ ]more[ ](?:of|from|\w+)|\b(?P<plain>one|two|three|four|any|either)(?:[ ]one)?(?:[ ]\([1-6]\))?[ ](?:\w+[ ]){0,2}?(?:of|from)[ ](?:the[ ])?(?:\w+[ ]){0,3}?(?:following|these|below|criteria)|"
    r"\b(?P<either>either)[ ]*:|\bone of\b[^.]{0,40}:[ ]*$|(?P<anyof>\bany of\b)",
    re.IGNORECASE,
)
_ALL = re.compile(
    r"\b(?:all|each|both)\b[^.]{0,30}\b(?:following|of these|criteria|below|conditions)\b|\bboth\b[^.]{0,20}:",
    re.IGNORECASE,
)
_DEFINES = re.compile(
    r"\b(?:defined (?:as|by)|as (?:defined|evidenced|demonstrated|determined|indicated|documented|shown) by|including|as follows|criteria|requirements?|must (?:have|meet|be|fulfill?|satisfy)|"
    r"adequate|sufficient|acceptable|laborator\w+|parameters|values|function|organ|characterized by|meet(?:s|ing)?|fulfil\w*)\b",
    re.IGNORECASE,
)
_EMPTY = word_set("of_lists")
_JOINED = re.compile(
    r"\b(?:with|and|plus|who have|having|have|has|meeting|meets?)\b[^.;,]{0,40}$", re.IGNORECASE
)

# `Obesity-related`: what the items are about, and nothing that is asked for.
_NAMES_A_GROUP = re.compile(r"\W*(?:\w+[- /]){0,5}\w+[- ](?:related|specific)\W*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Composed:
    """The head's reading; `owns_children` says that they decide only through it."""

    reading: Reading
    owns_children: bool


def compose(text: str, polarity: Polarity, head: Reading, below: Sequence[Reading]) -> Composed:
    """A head of a list with the items below it."""
    if _NAMES_A_GROUP.fullmatch(text):
        return Composed(_header(head), owns_children=False)
    parts = [one.expr for one in below if one.modality in {Modality.REQUIRED, Modality.HEADER} and _says(one)]
    count = _COUNT.search(text)
    every = _ALL.search(text)
    is_head = (
        text.rstrip().endswith((":", "-"))
        or count is not None
        or every is not None
        or bool(re.search(r"following\W*$", text, re.IGNORECASE))
    )
    if not parts or not is_head:
        return Composed(head, owns_children=False)
    least = _least(count) if count is not None else 1
    own = _own_part(text, head, count)
    if polarity is Polarity.EXCLUSION:
        if every is not None:
            return Composed(_joined(head, own, _all(parts)), owns_children=True)
        if least > 1 and least <= len(parts):
            return Composed(_joined(head, own, AtLeast(least, tuple(parts))), owns_children=True)
        if count is not None and own is not None and _JOINED.search(text[: count.start()]):
            return Composed(_joined(head, own, _any(parts)), owns_children=True)
        return Composed(_header(head), owns_children=False)
    if every is not None and count is None:
        return Composed(head if own is not None else _header(head), owns_children=False)
    if count is not None:
        combined = AtLeast(least, tuple(parts)) if 1 < least <= len(parts) else _any(parts)
        return Composed(_joined(head, own, combined), owns_children=True)
    if _are_thresholds(parts) or _DEFINES.search(text):
        return Composed(_header(head), owns_children=False)
    if len(parts) == 1:
        return Composed(_header(head), owns_children=False)
    return Composed(_joined(head, None, Alternatives((_any(parts), _all(parts)))), owns_children=True)


def _least(count: re.Match[str]) -> int:
    said = next((one for one in count.groups() if one), "one").lower()
    return int(said) if said.isdigit() else _NUMBERS.get(said, 1)


def _own_part(text: str, head: Reading, count: re.Match[str] | None) -> Expr | None:
    """What a head says besides naming the list; None when nothing of it was understood."""
    if not head.understood or re.search(r"\bdefined (?:as|by)\b", text, re.IGNORECASE):
        return None  # the list says what its name means
    if all(isinstance(one, Opaque) for one in atoms(head.expr)):
        rest = text if count is None else text[: count.start()] + " " + text[count.end() :]
        words = [
            word
            for word in re.findall(r"[A-Za-z][A-Za-z'-]+|[0-9]+", rest.lower())
            if word not in glue_words() and word not in _EMPTY
        ]
        return head.expr if words and count is not None else None
    return head.expr


def _says(reading: Reading) -> bool:
    return reading.modality is not Modality.HEADER or reading.understood


def _header(head: Reading) -> Reading:
    """A head that only heads: it decides nothing, its items do."""
    return replace(head, modality=Modality.HEADER)


def _joined(head: Reading, own: Expr | None, combined: Expr) -> Reading:
    expr = combined if own is None else join_all([own, combined])
    reading = with_expr(head, expr, Modality.REQUIRED)
    if head.modality is Modality.PERMISSIVE:
        reading = replace(reading, modality=Modality.PERMISSIVE)
    return (
        reading
        if reading.computability is not Computability.OPAQUE
        else replace(reading, modality=Modality.REQUIRED)
    )


def _any(parts: Sequence[Expr]) -> Expr:
    return join_any(list(parts))


def _all(parts: Sequence[Expr]) -> Expr:
    return join_all(list(parts))


def _are_thresholds(parts: Sequence[Expr]) -> bool:
    """Whether most items are thresholds or statements that hold together, not names of alternatives."""
    kinds = [
        isinstance(part, Not)
        or any(isinstance(one, (Quantity, Ordinal, Attestation, Demographic, Result)) for one in atoms(part))
        for part in parts
    ]
    return sum(kinds) * 2 > len(kinds)
