"""Query text → tokens with their places.

Keywords are upper case; any other spelling is a word. A backslash makes the next character an ordinary one, so that
`\\AND` is a word and a word may hold a bracket; before a blank, or at the end, it is ignored (rules of the registry's
search documentation).
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from trialist.errors import QuerySyntaxError

KEYWORDS = frozenset(
    {
        "AND", "OR", "NOT", "AREA", "SEARCH", "COVERAGE", "COVER", "EXPANSION", "EXPAND", "TILT",
        "RANGE", "DISTANCE", "MISSING", "ALL", "MIN", "MAX",
    }
)  # fmt: skip
SPECIAL = frozenset('()[],"\\')
"""The characters that an ordinary word holds only behind a backslash."""


class Kind(StrEnum):
    """The kinds of tokens."""

    OPEN = "("
    CLOSE = ")"
    LEFT = "["
    RIGHT = "]"
    COMMA = ","
    KEYWORD = "keyword"
    WORD = "word"
    STRING = "string"
    END = "end"


class Token(NamedTuple):
    """A token: its text without quotes and escapes, and where it stands."""

    kind: Kind
    text: str
    start: int
    end: int


_TOKEN = re.compile(
    r"""\s++
    | (?P<mark>[()\[\],])
    | (?P<word>(?:[^\s()\[\],"\\]|\\\S)++)
    | "(?P<string>(?:[^"\\]|\\.)*+)"
    | \\(?=\s|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def read_tokens(text: str) -> list[Token]:
    """All tokens of a query, the last of kind `END`; an unterminated quote is refused."""
    tokens: list[Token] = []
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise QuerySyntaxError(
                f"the quote at character {place + 1} is never closed",
                place,
                len(text),
                text=text,
                hint='Close it with ", or write \\" for a quote that is part of the text.',
            )
        start, place = place, found.end()
        if found.lastgroup == "mark":
            tokens.append(Token(Kind(found["mark"]), found["mark"], start, place))
        elif found.lastgroup == "word":
            word = found["word"]
            kind = Kind.KEYWORD if word in KEYWORDS else Kind.WORD
            tokens.append(Token(kind, _ESCAPE.sub(r"\1", word), start, place))
        elif found.lastgroup == "string":
            tokens.append(Token(Kind.STRING, _ESCAPE.sub(r"\1", found["string"]), start, place))
    tokens.append(Token(Kind.END, "", len(text), len(text)))
    return tokens
