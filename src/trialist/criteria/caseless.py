"""Patterns for which capitals are small letters, tried on a text that is in small letters already.

Where `re` has to ignore case it compares letter after letter at every place of a text. The same pattern in small letters, on the
text in small letters, finds the same places two to four times as fast. Where a text has a letter of which that is not true (a
dotless i, a long s) the pattern ignores case as ever.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import NamedTuple

# Letters that `re` takes for an ASCII one, or for the micro sign, and `str.lower` does not; and one that becomes two.
_ODD = re.compile("[\u0130\u0131\u017f\u03bc\u039c]")
_PART = re.compile(r"\\.|\(\?P[<=]\w+[>)]|[^\\(]+|\(", re.DOTALL)


class Low(NamedTuple):
    """A text to look in: in small letters, every place as before, or (`is_small` False) as it is written."""

    text: str
    is_small: bool

    def part(self, start: int, end: int) -> Low:
        """A part of the text."""
        return Low(self.text[start:end], self.is_small)


def lowered(text: str) -> Low:
    """A text to look in with patterns for which capitals are small letters."""
    small = text.lower()
    if text.isascii() or (len(small) == len(text) and _ODD.search(text) is None):
        return Low(small, is_small=True)
    return Low(text, is_small=False)


class Caseless:
    """A pattern for which capitals are small letters; what it finds in a `Low` counts by its places."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    @cached_property
    def _any_case(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.IGNORECASE)

    @cached_property
    def _small(self) -> re.Pattern[str]:
        parts = _PART.findall(self.pattern)
        return re.compile("".join(part if part[0] in "\\(" else part.lower() for part in parts))

    def of(self, low: Low) -> re.Pattern[str]:
        """The pattern to look in a text with."""
        return self._small if low.is_small else self._any_case
