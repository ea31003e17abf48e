"""Text of the ClinicalTrials.gov XML -> text of the API v2: unwrapped CommonMark with backslash escapes.

The XML prints a `<textblock>` in a fixed way: lines of at most about 100 columns; paragraphs and list items apart by
an empty line; the text two columns right of its tag, a list item two columns right of the text around it, an item's
own text and paragraphs after its marker ("-  " or "1. "). What begins like an item and is not set in is a paragraph.
The v2 text of the same block has one line a paragraph, "* " bullets and "1. " numbers, no empty line between the
items of a list, and a backslash before characters that CommonMark would read as markup.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SPECIAL = re.compile(r"[<>\[\]*~^&`\\_|]")
_START = re.compile(r"(\d{1,9})([.)])(?=\s|$)|([-+])(?=\s|$)")
_STARTERS = frozenset("0123456789-+")
_BREAK = re.compile(r"\r\n?")
_EMPTY_LINES = re.compile(r"\n(?:[ \t]*\n)+")
_ITEM = re.compile(r"(-)  (?=\S)|(\d{1,3}\.) (?=\S)")

# Code point -> the plain character that v2 has for it; filled from the mapping when that is read.
plain_characters: dict[int, str] = {}


def plain_text(text: str) -> str:
    """The text without the space around it, and with the plain characters that v2 has for typographic ones."""
    text = text.strip()
    return text if text.isascii() else text.translate(plain_characters)


def escape_markup(text: str) -> str:
    """One paragraph with a backslash before each character that CommonMark would read as markup."""
    if not text.isascii():
        text = text.translate(plain_characters)
    text = _SPECIAL.sub(r"\\\g<0>", text)
    start = _START.match(text) if text[:1] in _STARTERS else None
    if start is not None:
        text = f"{start[1]}\\{start[2]}{text[start.end() :]}" if start[1] else "\\" + text
    return text


def convert_line(text: str) -> str:
    """Markup that the XML prints as it was entered, without wrapping: each line is a paragraph of its own."""
    if "\n" not in text and "\r" not in text:
        return escape_markup(text.strip())
    lines = (line.strip() for line in _BREAK.sub("\n", text).split("\n"))
    return "\n\n".join(escape_markup(line) for line in lines if line)


@dataclass(slots=True)
class _Level:
    """A text that lists can stand in: the block itself, or a list item."""

    column: int  # where its text begins in the XML
    indent: int  # where its text begins in CommonMark
    open_list: str = ""  # the kind of the list its last part belongs to


def convert_block(text: str) -> str:
    """A hard-wrapped `<textblock>` -> CommonMark."""
    text = _BREAK.sub("\n", text).expandtabs(8)
    before_tag = text.rpartition("\n")[2]
    parts = [part.strip("\n") for part in _EMPTY_LINES.split(text) if part.strip()]
    if not parts:
        return ""
    column = len(before_tag) + 2 if "\n" in text and not before_tag.strip() else min(map(_indent, parts))
    levels = [_Level(column, 0)]
    out: list[str] = []
    for part in parts:
        out.append(_print_part(part, levels, first=not out))
    return "".join(out)


def _indent(part: str) -> int:
    return len(part) - len(part.lstrip())


def _print_part(part: str, levels: list[_Level], *, first: bool) -> str:
    """One paragraph or item, with the break before it; `levels` is left as the next part finds it."""
    column = _indent(part)
    whole = " ".join(line.strip() for line in part.split("\n")).strip()
    while len(levels) > 1 and column < levels[-1].column:
        levels.pop()
    level = levels[-1]
    item = _ITEM.match(whole)
    if item is not None and item[2] and column <= level.column:
        item = None  # a paragraph that begins with a number
    if item is None:
        level.open_list = ""
        return ("" if first else "\n\n") + " " * level.indent + escape_markup(whole)
    kind = "-" if item[1] else "1."
    marker = "* " if item[1] else f"{item[2]} "
    gap = "" if first else "\n" if level.open_list == kind else "\n\n"
    level.open_list = kind
    levels.append(_Level(column + item.end(), level.indent + len(marker)))
    return gap + " " * level.indent + marker + escape_markup(whole[item.end() :].lstrip())
