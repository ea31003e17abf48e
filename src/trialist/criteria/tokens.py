"""Normalised text → tokens: numbers, words, signs, each with its place.

A hyphen inside a word separates its parts and is no token, so that `child-bearing` and `child bearing` are the same two words.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"(?P<scale>(?:ECOG|KPS|ASA|NYHA|WHO|PS|[Aa]ged?|AGED?|[Ss]tatus|[Ss]core|[Gg]rade|[Ss]tage|[Cc]lass)(?=[0-9]))"
    r"|(?P<latin>(?<![A-Za-z])(?:[eE]\.?[ ]?[gG]\.|[iI]\.[ ]?[eE]\.?)(?![A-Za-z]))"
    r"|(?P<num>[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?(?![0-9])|[0-9]+(?:\.[0-9]+)?|(?<![\w.])\.[0-9]+)"
    r"|(?P<word>[^\W\d_](?:\w|(?<=\w)'(?=\w))*)"
    r"|(?P<op>[≥≤<>=±≠])"
    r"|(?P<punct>[^\s])",
)


# Roman numbers on both sides: `II-IV` is a range.
_STEP_BEFORE = re.compile(r"(?<![A-Za-z])[IVX]{1,4}[abcABC]?$")
_STEP_BEHIND = re.compile(r"[IVX]{1,4}[abcABC]?(?![A-Za-z])")


class Token(NamedTuple):
    """A word in lower case, a number, a sign (`op`) or other punctuation; `start` and `end` in the normalised text."""

    kind: str
    text: str
    start: int
    end: int


def tokenise(text: str, start: int = 0, end: int | None = None) -> list[Token]:
    """The tokens of a part of a text, in order."""
    found: list[Token] = []
    add, make = found.append, tuple.__new__
    stop = len(text) if end is None else end
    for match in _TOKEN.finditer(text, start, stop):
        kind = match.lastgroup
        said = match.group()
        first, last = match.span()
        if kind == "word" or kind == "scale":
            add(make(Token, ("word", said.lower(), first, last)))
        elif kind == "latin":
            add(make(Token, ("word", "e.g" if said[0] in "eE" else "i.e", first, last)))
        elif kind != "punct" or said not in "-_" or not _joins(text, first, start, stop):
            add(make(Token, (kind, said, first, last)))
    return found


def _joins(text: str, place: int, start: int, stop: int) -> bool:
    """Whether a hyphen joins two parts of a word."""
    if place <= start or place + 1 >= stop:
        return False
    before, behind = text[place - 1], text[place + 1]
    if _STEP_BEFORE.search(text[max(start, place - 6) : place]) and _STEP_BEHIND.match(text, place + 1):
        return False
    return (
        (before.isalnum() or before in "+)")
        and behind.isalnum()
        and not (before.isdigit() and behind.isdigit())
    )
