"""Counts as bars: lengths in per cent of the longest, columns over years, and numbers gathered into ranges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trialist.views.axis import Axis, axis_for

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 640, 240, 66, 28, 12
ENROLLMENT_EDGES = (0, 1, 10, 20, 50, 100, 200, 500, 1_000, 5_000, 10_000, 100_000)
"""Where ranges of the number of people begin; the last has no end."""


@dataclass(frozen=True, slots=True)
class Row:
    """A count: its name, the address behind it ("" for none), its bar in per cent of the longest, its share of all."""

    name: str
    count: int
    url: str
    length: float
    share: float | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: where it stands, how high it is, the same in words, and the address behind it."""

    x: float
    y: float
    width: float
    height: float
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns over an axis of names; `names` are those that are written; `left` is where the first column begins."""

    width: int
    height: int
    left: int
    up: Axis
    columns: tuple[Column, ...]
    names: tuple[tuple[float, str], ...]


def rows_of(counts: Iterable[tuple[str, int, str]], whole: int) -> tuple[Row, ...]:
    """Names, counts and addresses as rows."""
    listed = list(counts)
    most = max((count for _, count, _ in listed), default=0)
    return tuple(
        Row(
            name,
            count,
            url,
            round(100 * count / most, 1) if most else 0.0,
            100 * count / whole if whole else None,
        )
        for name, count, url in listed
    )


def columns_of(counts: Sequence[tuple[str, int, str]], most_names: int = 9) -> Columns | None:
    """Names, counts and addresses as columns from left to right; None where there is nothing to count."""
    if not counts or not any(count for _, count, _ in counts):
        return None
    up = axis_for([0, max(count for _, count, _ in counts)], _HEIGHT - _BOTTOM, _TOP, zero=True)
    step = (_WIDTH - _LEFT - 8) / len(counts)
    every = -(-len(counts) // most_names)
    columns, names = [], []
    for place, (name, count, url) in enumerate(counts):
        x, y = _LEFT + place * step, up.at(count)
        label = f"{name}: {count:,}"
        columns.append(
            Column(round(x + step * 0.1, 1), y, round(step * 0.8, 1), round(up.start - y, 1), label, url)
        )
        if place % every == 0:
            names.append((round(x + step / 2, 1), name))
    return Columns(_WIDTH, _HEIGHT, _LEFT, up, tuple(columns), tuple(names))


def in_ranges(
    values: Iterable[tuple[int, int]], edges: Sequence[int] = ENROLLMENT_EDGES
) -> tuple[tuple[int, int | None, int], ...]:
    """Values with how often each occurs, gathered: first and last value of a range (None for no end), and how many.

    Ranges before the first and after the last that has any are left out; values below the first edge count in the first.
    """
    counts = [0] * len(edges)
    for value, often in values:
        place = max(0, sum(value >= edge for edge in edges) - 1)
        counts[place] += often
    used = [place for place, count in enumerate(counts) if count]
    if not used:
        return ()
    ends = [*(edge - 1 for edge in edges[1:]), None]
    return tuple((edges[place], ends[place], counts[place]) for place in range(used[0], used[-1] + 1))


def filled_years(counts: Iterable[tuple[int, int]], most: int = 60) -> tuple[tuple[int, int], ...]:
    """Years with their counts, ascending, those between without any as 0; of a longer time the last `most` years."""
    known = dict(counts)
    if not known:
        return ()
    last = max(known)
    first = max(min(known), last - most + 1)
    return tuple((year, known.get(year, 0)) for year in range(first, last + 1))
