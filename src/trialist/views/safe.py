"""Text from a record made harmless for a reader's screen: control characters visible, width measured."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

# Controls move cursors and colours, bidi overrides make a text read other than it is: both are shown, none is sent.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_SPACES = re.compile(r"[ \t\xa0]+")


def _visible(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"<U+{code:04X}>"


def safe(text: str) -> str:
    """Text with its line breaks, and every other control character as a visible sign; tabs become spaces."""
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\t", "    ")
    return _UNSAFE.sub(_visible, text)


def one_line(text: str) -> str:
    """Safe text on one line, runs of space made one."""
    return _SPACES.sub(" ", safe(text).replace("\n", " ")).strip()


@lru_cache(maxsize=4096)
def _char_width(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def width_of(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return len(text) if text.isascii() else sum(map(_char_width, text))


def pad(text: str, width: int) -> str:
    """Text filled with spaces to a width."""
    return text + " " * (width - width_of(text))


def wrap(text: str, width: int, *, hang: int = 0) -> list[str]:
    """Text as lines of at most `width` columns: its own line breaks kept, long words cut, never an empty list.

    Every line but the first is indented by `hang`.
    """
    width = max(width, 2)
    rest = " " * min(hang, width // 2)
    lines: list[str] = []
    for part in safe(text).split("\n"):
        lines.extend(_wrap_line(part, width, rest if lines else "", rest))
    return lines


def _wrap_line(text: str, width: int, first: str, rest: str) -> Iterator[str]:
    if len(first) + width_of(text) <= width:
        yield (first + text).rstrip()
        return
    own = text[: len(text) - len(text.lstrip(" "))][: (width - len(rest)) // 2]
    line, used = first + own, len(first + own)
    is_fresh = True
    for word in text.split():
        size = width_of(word)
        if not is_fresh and used + 1 + size <= width:
            line, used = f"{line} {word}", used + 1 + size
            continue
        if not is_fresh:
            yield line
            line, used = rest + own, len(rest + own)
        while used + size > width:
            head, word = _cut(word, width - used)
            yield line + head
            line, used, size = rest + own, len(rest + own), width_of(word)
        line, used, is_fresh = line + word, used + size, False
    yield line.rstrip()


def _cut(word: str, width: int) -> tuple[str, str]:
    """A word in two, the first part at most so wide, and at least one character."""
    used = 0
    for place, char in enumerate(word):
        used += width_of(char)
        if used > width and place:
            return word[:place], word[place:]
    return word, ""
