"""Tables as text: as a grid where it fits; wide ones a few columns at a time; and where neither reads well, a block a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from trialist.views.nodes import Block, Cell, Table, Value
from trialist.views.safe import one_line, pad, width_of, wrap

GAP = "  "
_MIN_COLUMN = 6
_MIN_GROUP = 8  # a column of numbers in a table that is split
_WORDS_KEPT = (
    40,
    28,
    18,
)  # words up to so long are not cut, the longest limit first that leaves room for all columns
_TALLEST_ROW = 14  # a row of a table that wraps to more lines is read more easily as a block
_SAID_ONCE_FROM = 3  # rows; from so many on, what all of them say is said above them


def value_words(value: Value) -> str:
    """A value with its label and our note to it."""
    text = f"{one_line(value.label)}: {value.text}" if value.label else value.text
    return f"{text} — {value.note}" if value.note else text


def block_lines(block: Block, width: int) -> Iterator[str]:
    """A paragraph or an item of a list, indented by its depth."""
    indent = "  " + "  " * min(block.depth, 6)
    lead = f"{one_line(block.marker)} " if block.marker else ""
    hang = indent + " " * len(lead)
    for place, line in enumerate(wrap(block.text, width - len(hang))):
        yield f"{hang if place else indent + lead}{line}".rstrip()


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What is left of a table to be laid out: its heads and texts, and how wide the columns want to be."""

    heads: list[str]
    rows: list[list[str]]
    lead: int  # the first columns, which say what a row is about
    natural: list[int]  # the longest line of a column's cells and head
    cells: list[int]  # the longest line of its cells
    words: list[int]  # the longest word of both

    def only(self, places: Sequence[int]) -> _Sheet:
        """Some of the columns."""
        return _Sheet(
            [self.heads[place] for place in places],
            [[row[place] for place in places] for row in self.rows],
            sum(1 for place in places if place < self.lead),
            [self.natural[place] for place in places],
            [self.cells[place] for place in places],
            [self.words[place] for place in places],
        )


def _sheet(table: Table) -> _Sheet:
    heads = [one_line(column.label) for column in table.columns]
    rows = [["\n".join(map(value_words, cell)) for cell in row] for row in table.rows]
    cells, natural, words = [], [], []
    for place, head in enumerate(heads):
        texts = {row[place] for row in rows}
        cells.append(max(1, *(width_of(line) for text in texts for line in text.split("\n"))))
        natural.append(max(cells[-1], width_of(head)))
        texts.add(head)
        words.append(max((width_of(word) for text in texts for word in text.split()), default=1))
    return _Sheet(heads, rows, table.heads, natural, cells, words)


def table_lines(table: Table, width: int) -> Iterator[str]:
    """A table, its caption first."""
    yield from wrap(one_line(table.caption), width)
    whole = _sheet(table)
    kept = list(range(len(whole.heads)))
    if sum(whole.natural) + len(GAP) * (len(whole.heads) - 1) > width:
        once, kept = _said_once(whole)
        for place in once:
            text = f"{whole.heads[place]} in every row: {whole.rows[0][place]}"
            yield from wrap(text, width, hang=2)
    sheet = whole.only(kept) if len(kept) < len(whole.heads) else whole
    widths = _widths(sheet, width)
    if widths is not None:
        grid = _wrapped(sheet, widths)
        if _is_low(grid):
            yield from _grid(grid, widths)
            return
    parts = _split(sheet, width)
    if parts is not None:
        yield from parts
        return
    yield from _row_blocks(table, whole, kept, width)


def _said_once(sheet: _Sheet) -> tuple[list[int], list[int]]:
    """The columns whose cells are all the same, and the others; never the first, nor the columns of numbers."""
    places = range(len(sheet.heads))
    if len(sheet.rows) < _SAID_ONCE_FROM:
        return [], list(places)
    last = sheet.lead or len(sheet.heads)
    once = [
        place
        for place in places
        if 0 < place < last and sheet.rows[0][place] and len({row[place] for row in sheet.rows}) == 1
    ]
    return once, [place for place in places if place not in once]


def _widths(sheet: _Sheet, width: int) -> list[int] | None:
    """A width for each column so that the table fits, or None where the columns would be too narrow to read."""
    room = width - len(GAP) * (len(sheet.heads) - 1)
    if sum(sheet.natural) <= room:
        return sheet.natural
    for longest in _WORDS_KEPT:
        least = [
            min(natural, max(_MIN_COLUMN, min(longest, word)))
            for natural, word in zip(sheet.natural, sheet.words, strict=True)
        ]
        if sum(least) <= room:
            return _shared(sheet.natural, least, room)
    return None


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


_Grid = list[list[list[str]]]
"""Rows of cells of lines, the heads being the first row."""


def _wrapped(sheet: _Sheet, widths: list[int], hang: int = 0) -> _Grid:
    return [
        [
            wrap(text, size, hang=hang if place < sheet.lead else 0)
            for place, (text, size) in enumerate(zip(row, widths, strict=True))
        ]
        for row in [sheet.heads, *sheet.rows]
    ]


def _is_low(grid: _Grid) -> bool:
    return max((len(cell) for row in grid[1:] for cell in row), default=0) <= _TALLEST_ROW


def _grid(grid: _Grid, widths: list[int], *, is_close: bool = False) -> Iterator[str]:
    """The lines of a grid; rows that take several lines are parted by an empty one, unless they stand close."""
    is_tall = not is_close and any(len(cell) > 1 for row in grid[1:] for cell in row)
    for place, row in enumerate(grid):
        for line in range(max(len(cell) for cell in row)):
            parts = (cell[line] if line < len(cell) else "" for cell in row)
            yield GAP.join(pad(part, size) for part, size in zip(parts, widths, strict=True)).rstrip()
        if place == 0:
            yield GAP.join("-" * size for size in widths)
        elif is_tall and place < len(grid) - 1:
            yield ""


def _split(sheet: _Sheet, width: int) -> list[str] | None:
    """A table with columns that say what a row is about, some of its other columns at a time; None where that fails.

    The first part shows every row and all that says what it is about; the later ones repeat as much of that as tells the
    rows apart, and leave out rows without any entry.
    """
    lead = _lead(sheet, width)
    if not lead:
        return None
    count = len(sheet.heads) - lead
    lines: list[str] = []
    place = lead
    while place < len(sheet.heads):
        kept = lead if not lines else _telling(sheet, lead)
        part = _part(sheet, kept, place, width)
        found = _part_lines(sheet, kept, part, width, is_first=not lines)
        if found is None:
            return None
        if len(part) < count:
            first, last = part[0] - lead + 1, part[-1] - lead + 1
            which = f"s {first:,} to {last:,}" if last > first else f" {first:,}"
            lines.extend([*([""] if lines else []), f"[column{which} of {count:,}]"])
        lines.extend(found)
        place = part[-1] + 1
    return lines


def _part_lines(sheet: _Sheet, lead: int, part: range, width: int, *, is_first: bool) -> list[str] | None:
    """Some columns beside those that say what a row is about; None where they come out too narrow or too tall."""
    lead_widths = _lead_widths(sheet, lead, width)
    room = width - sum(lead_widths) - len(GAP) * (lead + len(part) - 1)
    least = [_group_width(sheet, place) for place in part]
    wanted = [max(sheet.natural[place], size) for place, size in zip(part, least, strict=True)]
    if sum(least) > room:
        return None
    chosen = sheet.only([*range(lead), *part])
    if not is_first:
        chosen = replace(chosen, rows=[row for row in chosen.rows if any(row[lead:])])
    widths = [*lead_widths, *_shared(wanted, least, room)]
    grid = _wrapped(chosen, widths, hang=2)
    return list(_grid(grid, widths, is_close=True)) if _is_low(grid) else None


def _lead_widths(sheet: _Sheet, lead: int, width: int) -> list[int]:
    heads = sheet.only(range(lead))
    room = width // (2 if lead > 1 else 3)
    return _shared(heads.natural, _least(heads), max(room - len(GAP) * lead, sum(_least(heads))))


def _telling(sheet: _Sheet, lead: int) -> int:
    """The fewest leading columns that tell the rows as well apart as all of them."""
    wanted = len({tuple(row[:lead]) for row in sheet.rows})
    return next(
        count for count in range(1, lead + 1) if len({tuple(row[:count]) for row in sheet.rows}) == wanted
    )


def _part(sheet: _Sheet, lead: int, start: int, width: int) -> range:
    """As many columns from `start` on as there is room for, one at least."""
    left = width - sum(_lead_widths(sheet, lead, width)) - len(GAP) * lead
    end = start
    while end < len(sheet.heads):
        left -= _group_width(sheet, end) + (len(GAP) if end > start else 0)
        if left < 0 and end > start:
            break
        end += 1
    return range(start, end)


def _least(sheet: _Sheet) -> list[int]:
    return [
        min(natural, max(_MIN_COLUMN, min(_WORDS_KEPT[-1], word)))
        for natural, word in zip(sheet.natural, sheet.words, strict=True)
    ]


def _lead(sheet: _Sheet, width: int) -> int:
    """How many columns are repeated in every part: as many of those that say what a row is about as half the width holds."""
    least = _least(sheet)[: sheet.lead]
    count = len(least)
    while count and sum(least[:count]) + len(GAP) * count > width // 2:
        count -= 1
    return count if count < len(sheet.heads) else 0


def _group_width(sheet: _Sheet, place: int) -> int:
    """The width of a column where many stand beside each other: its cells unbroken if they are short."""
    longest = _WORDS_KEPT[-1]
    return max(_MIN_GROUP, min(longest, sheet.cells[place]), min(longest, sheet.words[place]))


def _row_blocks(table: Table, whole: _Sheet, shown: list[int], width: int) -> Iterator[str]:
    """A table as one block a row: `[1] Column: text`, empty cells left out."""
    for number, (row, texts) in enumerate(zip(table.rows, whole.rows, strict=True), 1):
        lead = f"[{number:,}] "
        for place in shown:
            if not row[place]:
                continue
            yield from _cell_block(whole.heads[place], row[place], texts[place], lead, width)
            lead = "    "
        if number < len(table.rows):
            yield ""


def _cell_block(head: str, cell: Cell, text: str, lead: str, width: int) -> Iterator[str]:
    blocks = cell[0].blocks if len(cell) == 1 else ()
    if blocks:
        yield from (
            f"{lead if not place else '    '}{line}" for place, line in enumerate(wrap(f"{head}:", width - 4))
        )
        for block in blocks:
            yield from (f"    {line}" for line in block_lines(block, width - 4))
        return
    lines = wrap(f"{head}:\n{text}" if "\n" in text else f"{head}: {text}", width - len(lead), hang=2)
    for place, line in enumerate(lines):
        yield f"{lead if not place else '    '}{line}".rstrip()
