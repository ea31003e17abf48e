"""A view as text for a terminal: wrapped, aligned, and free of anything that a terminal would obey."""

from __future__ import annotations

from collections.abc import Iterator

from trialist.views.nodes import (
    Block,
    Cell,
    Flag,
    Labelled,
    Node,
    Notice,
    Section,
    Table,
    Value,
    View,
    Weight,
)
from trialist.views.safe import one_line, pad, width_of, wrap

FLAGS_TITLE = "Questions answered from the record"
"""The heading of the flags where they stand at the end, after what a patient reads first."""

_RULES = "=-~."
_MAX_LABEL = 34
_GAP = "  "
_MIN_COLUMN = 6
_TALLEST_ROW = 14  # a row of a table that wraps to more lines is read more easily as a block


def render_text(view: View, *, width: int = 100) -> str:
    """A view as text of at most `width` columns (at least 30), ending in a line break."""
    width = max(width, 30)
    lines = [*_heading(view.title, 0, width), ""]
    flags = [line for flag in view.flags for line in _flag(flag, width)]
    if flags and view.kind == "record":
        lines.extend([*flags, ""])
    for section in view.sections:
        lines.extend(_section(section, 1, width))
    if flags and view.kind == "public":
        lines.extend([*_heading(FLAGS_TITLE, 1, width), *flags])
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines) + "\n"


def _heading(title: str, level: int, width: int) -> list[str]:
    lines = wrap(one_line(title), width)
    rule = _RULES[min(level, len(_RULES) - 1)]
    return [*lines, rule * min(width, max(map(width_of, lines)))]


def _flag(flag: Flag, width: int) -> Iterator[str]:
    yield from _hanging(f"{flag.label}: {flag.state.value} ", flag.because, width)


def _hanging(before: str, text: str, width: int) -> Iterator[str]:
    """A text after a lead, its further lines indented by two."""
    lines = wrap(f"{one_line(before)} — {one_line(text)}", width)
    yield lines[0]
    if len(lines) > 1:
        rest = " ".join(lines[1:])
        yield from (f"  {line}" for line in wrap(rest, width - 2))


def _section(section: Section, level: int, width: int) -> Iterator[str]:
    yield from _heading(section.title, level, width)
    if section.path:
        yield from wrap(
            f"{' → '.join(one_line(step) for step in section.path)}"
            + (f"  ({one_line(section.place)})" if section.place else ""),
            width,
        )
    if section.about:
        yield from wrap(section.about, width)
    if section.path or section.about:
        yield ""
    labels = [
        one_line(node.label)
        for node in section.content
        if isinstance(node, Labelled) and node.label != section.title and _is_short(node)
    ]
    column = min(_MAX_LABEL, width // 2, max(map(width_of, labels), default=0))
    open_line = False
    for node in section.content:
        if isinstance(node, Labelled) and node.label == section.title and _is_short(node):
            yield from (line for value in node.values for line in _wrapped_value(value, width))
            yield ""
            open_line = False
            continue
        if isinstance(node, Labelled) and _is_short(node):
            yield from _labelled(node, column, width)
            open_line = True
            continue
        if open_line:
            yield ""
        yield from _node(node, level, column, width)
        open_line = False
    if open_line or not section.content:
        yield ""


def _is_short(node: Labelled) -> bool:
    return not any(value.blocks for value in node.values)


def _node(node: Node, level: int, column: int, width: int) -> Iterator[str]:
    match node:
        case Labelled():
            yield from _prose(node, width)
        case Table():
            yield from _table(node, width)
        case Notice():
            sign = "! " if node.weight is Weight.WARNING else "· "
            yield from (
                f"{sign if not place else '  '}{line}"
                for place, line in enumerate(wrap(node.text, width - 2))
            )
        case Section():
            yield from _section(node, level + 1, width)
            return
    yield ""


def _words(value: Value) -> str:
    """A value with its label and our note to it."""
    text = f"{one_line(value.label)}: {value.text}" if value.label else value.text
    return f"{text} — {value.note}" if value.note else text


def _labelled(node: Labelled, column: int, width: int) -> Iterator[str]:
    """`Label   value`, the values one a line, wrapped beside the label; narrow screens get the value below."""
    room = width - column - len(_GAP)
    names = wrap(one_line(node.label), column)
    lines = [line for value in node.values for line in _wrapped_value(value, max(room, 10))]
    for place in range(max(len(names), len(lines))):
        name = names[place] if place < len(names) else ""
        line = lines[place] if place < len(lines) else ""
        yield f"{pad(name, column)}{_GAP}{line}".rstrip()


def _wrapped_value(value: Value, width: int) -> list[str]:
    lines = wrap(_words(value), width)
    return (
        lines[:1] + [f"  {line}" for line in wrap("\n".join(lines[1:]), width - 2)]
        if len(lines) > 1
        else lines
    )


def _prose(node: Labelled, width: int) -> Iterator[str]:
    yield from wrap(one_line(node.label), width)
    for value in node.values:
        if not value.blocks:
            yield from (f"  {line}" for line in wrap(_words(value), width - 2))
            continue
        before: Block | None = None
        for block in value.blocks:
            if before is not None and not (before.is_item and block.is_item):
                yield ""
            yield from _block(block, width)
            before = block
        if value.note:
            yield from (f"  {line}" for line in wrap(f"({value.note})", width - 2))


def _block(block: Block, width: int) -> Iterator[str]:
    indent = "  " + "  " * min(block.depth, 6)
    lead = f"{one_line(block.marker)} " if block.marker else ""
    hang = indent + " " * len(lead)
    for place, line in enumerate(wrap(block.text, width - len(hang))):
        yield f"{hang if place else indent + lead}{line}".rstrip()


def _table(table: Table, width: int) -> Iterator[str]:
    yield from wrap(one_line(table.caption), width)
    heads = [one_line(column.label) for column in table.columns]
    rows = [[_cell_text(cell) for cell in row] for row in table.rows]
    widths = _widths(heads, rows, width)
    if widths is not None:
        grid = [[wrap(text, size) for text, size in zip(row, widths, strict=True)] for row in [heads, *rows]]
        if max(len(cell) for row in grid[1:] for cell in row) <= _TALLEST_ROW:
            yield from _grid(grid, widths)
            return
    yield from _row_blocks(table, heads, rows, width)


def _cell_text(cell: Cell) -> str:
    return "\n".join(_words(value) for value in cell)


def _widths(heads: list[str], rows: list[list[str]], width: int) -> list[int] | None:
    """A width for each column so that the table fits, or None where the columns would be too narrow to read."""
    natural, least = [], []
    for place, head in enumerate(heads):
        texts = [head] + [row[place] for row in rows]
        natural.append(max(1, *(width_of(line) for text in texts for line in text.split("\n"))))
        words = (width_of(word) for text in texts for word in text.split())
        least.append(max(_MIN_COLUMN, min(18, max(words, default=1))))
    room = width - len(_GAP) * (len(heads) - 1)
    if sum(natural) <= room:
        return natural
    least = [min(low, high) for low, high in zip(least, natural, strict=True)]
    if sum(least) > room:
        return None
    return _shared(natural, least, room)


def _shared(natural: list[int], least: list[int], room: int) -> list[int]:
    """Every column its least, and the rest of the room to those that want more, evenly."""
    widths = list(least)
    left = room - sum(least)
    wanting = [place for place, size in enumerate(widths) if size < natural[place]]
    while left and wanting:
        share = max(1, left // len(wanting))
        for place in wanting:
            more = min(share, natural[place] - widths[place], left)
            widths[place] += more
            left -= more
        wanting = [place for place in wanting if widths[place] < natural[place]]
    return widths


def _grid(grid: list[list[list[str]]], widths: list[int]) -> Iterator[str]:
    is_tall = any(len(cell) > 1 for row in grid[1:] for cell in row)
    for place, row in enumerate(grid):
        for line in range(max(len(cell) for cell in row)):
            parts = (cell[line] if line < len(cell) else "" for cell in row)
            yield _GAP.join(pad(part, size) for part, size in zip(parts, widths, strict=True)).rstrip()
        if place == 0:
            yield _GAP.join("-" * size for size in widths)
        elif is_tall and place < len(grid) - 1:
            yield ""


def _row_blocks(table: Table, heads: list[str], rows: list[list[str]], width: int) -> Iterator[str]:
    """A wide table as one block a row: `[1] Column: text`, empty cells left out."""
    for number, (row, texts) in enumerate(zip(table.rows, rows, strict=True), 1):
        lead = f"[{number}] "
        for head, cell, text in zip(heads, row, texts, strict=True):
            if not cell:
                continue
            yield from _cell_block(head, cell, text, lead, width)
            lead = "    "
        if number < len(rows):
            yield ""


def _cell_block(head: str, cell: Cell, text: str, lead: str, width: int) -> Iterator[str]:
    blocks = cell[0].blocks if len(cell) == 1 else ()
    if blocks:
        yield from (
            f"{lead if not place else '    '}{line}" for place, line in enumerate(wrap(f"{head}:", width - 4))
        )
        for block in blocks:
            yield from (f"    {line}" for line in _block(block, width - 4))
        return
    room = width - len(lead)
    several = "\n" in text
    lines = wrap(f"{head}:\n{text}" if several else f"{head}: {text}", room - 2)
    for place, line in enumerate(lines):
        yield f"{lead if not place else '    '}{'  ' if place else ''}{line}".rstrip()
