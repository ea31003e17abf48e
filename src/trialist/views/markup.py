r"""The registry's prose: the part of CommonMark it uses, as blocks, and plain text.

Seen in the registry's texts: paragraphs parted by empty lines, bullets `* ` nested by two or more spaces, numbered
items `1. `, and backslash escapes (`\>`, `\[`, `\*` …). Whatever is not one of these is text and stays as written.
Lines within a paragraph are kept as lines; they are joined only where a form had wrapped them in mid-sentence.
"""

from __future__ import annotations

import re

from trialist.views.nodes import Block

_ESCAPE = re.compile(
    r"\\?&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});|\\([!-/:-@\[-`{-~])"
)
_ITEM = re.compile(r"([ \t]*)(?:(?:\\(?=-))?([*•·▪●‣◦⁃–-])[ \t\xa0]+|([0-9]{1,3}[.)])[ \t\xa0]+)(?=\S)")
_WRAPPED_FROM = 58  # shorter lines were ended by their author, not by a form that wraps at about 70
_DANGLING = re.compile(
    r"(?:\b(?:of|the|an?|to|with|in|for|by|than|that|which|from|at|on|is|are|be|as|into|their|between|least|most)"
    r"|[=<>≤≥])$",
    re.IGNORECASE,
)
_HANGING = re.compile(_DANGLING.pattern.replace("of|", "of|who|have|has|", 1), re.IGNORECASE)
_AMOUNT_OPEN = re.compile(
    r"(?:\b(?:range|value|level|score|total|mean|average|number|count|dose|minimum|maximum) of"
    r"|\b(?:than|between|at least|at most)|[=<>≤≥])$",
    re.IGNORECASE,
)
_GLUED = re.compile(r"(?:(?<=[a-z]{3}[.;])|(?<=\w\w\)[.;]))-[ \t]*(?=[A-Z][a-z])")


def unescape(text: str) -> str:
    r"""Text with its escapes undone: `\>` → `>`, `&lt;` → `<`; what is not an escape stays.

    An escaped reference (`\&lt;`) is undone too: such texts came with it into the registry, and nobody means to read it.
    """
    if "\\" not in text and "&" not in text:
        return text
    return _ESCAPE.sub(_plain, text)


def _plain(found: re.Match[str]) -> str:
    if found[2]:
        return found[2]
    from html.entities import html5  # a big table, and few texts need it

    name = found[1]
    if not name.startswith("#"):
        return html5.get(f"{name};", f"&{name};")
    number = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
    # A code that is no character, and a surrogate, cannot be written: the reference stays as it is.
    return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else f"&{name};"


def parse_markup(text: str) -> tuple[Block, ...]:
    """A prose text → its paragraphs and list items, unescaped; no block when there is nothing but space."""
    return tuple(_mended(_read_blocks(text)))


class _Open:
    """A block being read: its lines still escaped."""

    __slots__ = ("depth", "indent", "lines", "marker", "source")

    def __init__(self, line: str, marker: str, source: str, depth: int, indent: int) -> None:
        self.lines = [line]
        self.marker = marker
        self.source = source
        self.depth = depth
        self.indent = indent


def _read_blocks(text: str) -> list[_Open]:
    blocks: list[_Open] = []
    after_gap = True
    for raw in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        line = raw.rstrip()
        if not line.strip():
            after_gap = True
            continue
        found = _ITEM.match(line)
        if found and _starts_item(found, blocks):
            depth, indent = _depth(blocks, len(found[1].expandtabs(4)))
            marker = found[3] or "•"
            blocks.append(_Open(line[found.end() :], marker, found[2] or "", depth, indent))
        elif after_gap or not blocks:
            blocks.append(_paragraph(line, blocks))
        elif _is_wrapped(blocks[-1].lines[-1], line):
            blocks[-1].lines[-1] += " " + line.strip()
        else:
            blocks[-1].lines.append(line.strip())
        after_gap = False
    return blocks


def _starts_item(found: re.Match[str], blocks: list[_Open]) -> bool:
    """Whether a marker is one: a hyphen or a number in the middle of a sentence is not."""
    last = blocks[-1].lines[-1] if blocks else ""
    if found[2] in {"-", "–"} or found[3]:
        return not (_AMOUNT_OPEN.search(last) and found.string[found.end() : found.end() + 1].isdigit())
    return True


def _paragraph(line: str, blocks: list[_Open]) -> _Open:
    """A paragraph; one that is indented below a list item belongs to it and keeps its depth."""
    indent = len(line) - len(line.lstrip())
    depth = 0
    if indent and blocks and blocks[-1].indent >= 0 and indent > blocks[-1].indent:
        depth = blocks[-1].depth + 1
    return _Open(line.strip(), "", "", depth, -1)


def _depth(blocks: list[_Open], indent: int) -> tuple[int, int]:
    """Depth of an item by its indentation, from the items of the same list before it."""
    for earlier in reversed(blocks):
        if earlier.indent < 0:
            if earlier.depth == 0:
                break
            continue
        if indent >= earlier.indent + 2:
            return earlier.depth + 1, indent
        if indent >= earlier.indent:
            return earlier.depth, earlier.indent
    return 0, indent


def _is_wrapped(before: str, line: str) -> bool:
    """Whether a line goes on with the sentence of the one before it, which a form had wrapped."""
    first = line.strip()[:1]
    return len(before) >= _WRAPPED_FROM and bool(_HANGING.search(before)) and not first.isupper()


def _mended(blocks: list[_Open]) -> list[Block]:
    """Blocks as values, with what the registry's own conversion broke put right."""
    whole: list[_Open] = []
    for place, block in enumerate(blocks):
        after = blocks[place + 1] if place + 1 < len(blocks) else None
        if whole and _is_false_item(whole[-1], block, after):
            whole[-1].lines[-1] += " " + " ".join(block.lines)
        else:
            whole.append(block)
    found: list[Block] = []
    for block in whole:
        parts = _GLUED.split("\n".join(block.lines))
        for place, part in enumerate(parts):
            text = unescape(part).strip()
            if text or block.marker:
                marker = block.marker if place == 0 else "•"
                found.append(Block(text, marker, block.depth))
    return found


def _is_false_item(before: _Open, block: _Open, after: _Open | None) -> bool:
    """Whether an item is the rest of a sentence that was wrapped where a hyphen happened to stand, or mid-word.

    Only where nothing else reads well: the line before hangs (`… a plaque range of`), is as long as a wrapped line, and
    the item does not open a list in which the following items look the same.
    """
    if block.source != "*" or block.depth != before.depth:
        return False
    last, first = before.lines[-1], block.lines[0][:1]
    follows_alike = after is not None and after.marker and after.lines[0][:1].isupper() is False
    if _AMOUNT_OPEN.search(last) and first.isdigit():
        return not follows_alike
    return bool(
        before.marker
        and len(last) >= _WRAPPED_FROM
        and first.islower()
        and _DANGLING.search(last)
        and not follows_alike
    )


def plain_text(blocks: tuple[Block, ...]) -> str:
    """Blocks as one text: a block a line, items with their marker, what is nested indented."""
    return "\n".join("  " * block.depth + f"{block.marker} {block.text}".lstrip() for block in blocks)
