"""Normalised text → tokens: numbers, words, signs, each with its place.

A hyphen inside a word separates its parts and is no token, so that `child-bearing` and `child bearing` are the same two words.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

# A token behind blanks. Of which kind it is, its first character says.
_SCALES = (
    "ECOG", "KPS", "ASA", "NYHA", "WHO", "PS", "[Aa]ged?", "AGED?", "[Ss]tatus", "[Ss]core", "[Gg]rade", "[Ss]tage", "[Cc]lass",
)  # fmt: skip
_TOKEN = re.compile(
    r"\s*("
    + "|".join(
        (
            # most words are found at once: those of letters alone, and those with which none of what follows begins
            r"[A-Za-z]{3,}+(?![\w'])",
            r"[bdfhj-rt-zBDFHJLMOQRTUVXYZ]\w*(?:'\w+)*",
            *(f"{word}(?=[0-9])" for word in _SCALES),
            r"[eE](?<![A-Za-z].)\.?[ ]?[gG]\.(?![A-Za-z])",
            r"[iI](?<![A-Za-z].)\.[ ]?[eE]\.?(?![A-Za-z])",
            r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?(?![0-9])",
            r"[0-9]+(?:\.[0-9]+)?",
            r"\.(?<![\w.].)[0-9]+",
            r"[^\W\d_]\w*(?:'\w+)*",
            r"[^\s]",
        )
    )
    + ")",
    re.DOTALL,
)
_OPS = frozenset("≥≤<>=±≠")
_DIGITS = frozenset("0123456789")


# Roman numbers on both sides: `II-IV` is a range.
_STEP_BEFORE = re.compile(r"(?<![A-Za-z])[IVX]{1,4}[abcABC]?$")
_STEP_BEHIND = re.compile(r"[IVX]{1,4}[abcABC]?(?![A-Za-z])")


# A number with its unit before a hyphen.
_UNIT_BEFORE = re.compile(
    r"(?<![A-Za-z0-9])[0-9]+(?:\.[0-9]+)?[ ]?(?:m|cm|mm|mg|g|kg|ml|mL|y|yr|yrs|years|mo|months|weeks|wk|d|days|h|hrs?|hours|mmHg)$"
)


class Token(NamedTuple):
    """A word in lower case, a number, a sign (`op`) or other punctuation; `start` and `end` in the normalised text."""

    kind: str
    text: str
    start: int
    end: int


def tokenise(text: str, start: int = 0, end: int | None = None) -> list[Token]:
    """The tokens of a part of a text, in order."""
    found: list[Token] = []
    add, make, find = found.append, tuple.__new__, text.find
    stop = len(text) if end is None else end
    last = start
    for said in _TOKEN.findall(text, start, stop):
        first = find(said, last)  # only blanks stand before it
        last = first + len(said)
        kind, word = sort_of(said)
        if said not in "-_" or not _joins(text, first, start, stop):
            add(make(Token, (kind, word, first, last)))
    return found


@lru_cache(1 << 14)
def sort_of(said: str) -> tuple[str, str]:
    """Of which kind a token is, and its text."""
    begins = said[0]
    if begins.isalpha():
        return "word", said.lower() if "." not in said else "e.g" if begins in "eE" else "i.e"
    if begins in _DIGITS or (begins == "." and len(said) > 1):
        return "num", said
    if begins in _OPS:
        return "op", said
    if begins.isalnum() and not begins.isdecimal():  # a Roman number of one sign, a raised digit
        return "word", said.lower()
    return "punct", said


def _joins(text: str, place: int, start: int, stop: int) -> bool:
    """Whether a hyphen joins two parts of a word."""
    if place <= start or place + 1 >= stop:
        return False
    before, behind = text[place - 1], text[place + 1]
    if _STEP_BEFORE.search(text[max(start, place - 6) : place]) and _STEP_BEHIND.match(text, place + 1):
        return False
    if behind.isdigit() and before.isalpha() and _UNIT_BEFORE.search(text[max(start, place - 12) : place]):
        return False  # `150m-550m`
    return (
        (before.isalnum() or before in "+)")
        and behind.isalnum()
        and not (before.isdigit() and behind.isdigit())
    )
