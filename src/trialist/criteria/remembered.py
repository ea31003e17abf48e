"""Lines that were read before: a criterion that many studies share word for word is read once, and moved to its place.

A reading is remembered by everything it depends on: the words, what stands right before and behind them, the heading, the side,
the people, and how the words became what they are (escapes and signs). What depends on more than that is read anew: an age whose
sign the registry's own fields restore, a list number that ran into its line, a line in the middle of others. So a
remembered reading is the one that `read_item` gives; the tests hold them against each other.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, cast

from trialist.criteria.criterion import Defect
from trialist.criteria.nodes import (
    Alternatives,
    And,
    AtLeast,
    Demographic,
    ExceptWhen,
    Expr,
    Not,
    Or,
    Span,
    atoms,
)
from trialist.criteria.normalise import Normalised
from trialist.criteria.split import Item
from trialist.criteria.statement import Reading, read_item
from trialist.criteria.witness import Witness

_MOST = 12_000
"""Lines in each of two generations: what was not asked for while so many others came is forgotten. About 50 MB when full."""
_LONGEST = 600
"""Longer lines hardly ever recur."""
_Key = tuple[object, ...]
_Kept = tuple[int, Reading]


class Memory:
    """Readings by all they depend on; the less used half is forgotten when there are too many."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._young: dict[_Key, _Kept] = {}
        self._old: dict[_Key, _Kept] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def read(self, normalised: Normalised, item: Item, witness: Witness, topic: str) -> Reading:
        """What `read_item` gives, remembered where that may be."""
        key = _key(normalised, item, topic)
        if key is None:
            return read_item(normalised, item, witness, topic)
        place = normalised.raw_start(item.start)
        kept = self._young.get(key) or self._old.get(key)
        if kept is None:
            reading = read_item(normalised, item, witness, topic)
            if not _needs_fields(reading):
                self._keep(key, (place, reading))
            return reading
        self._keep(key, kept)
        return _moved_reading(kept[1], place - kept[0])

    def _keep(self, key: _Key, kept: _Kept) -> None:
        self._young[key] = kept
        if len(self._young) >= self._most:
            self._old, self._young = self._young, {}

    def forget(self) -> None:
        """Begin anew."""
        self._young, self._old = {}, {}


MEMORY = Memory()
"""That of this process."""


def _key(normalised: Normalised, item: Item, topic: str) -> _Key | None:
    """All that the reading of an item depends on; None where it cannot be said."""
    text, start, end = normalised.text, item.start, item.end
    if item.glued is not None or not 0 < end - start <= _LONGEST:
        return None
    before = text[max(0, start - 2) : start]
    if before[-1:] not in ("", "\n", " ") or before[:1].isalnum() or "=" in text[max(0, start - 3) : start]:
        return None
    behind = text[end : end + 2]
    if behind and behind[0] != "\n":
        return None
    return (
        text[start:end],
        before[-1:] if before[-1:] != " " else before,
        len(behind),
        topic,
        item.polarity,
        item.population,
        item.stated,
        normalised.low.is_small,
        _mapping(normalised, start, end),
    )


def _mapping(normalised: Normalised, start: int, end: int) -> tuple[tuple[int, int, bool], ...]:
    """How the places of a stretch became what they are, counted from where it begins; empty where every character stands for itself."""
    starts, fixed = normalised.starts, normalised.fixed
    first, last = bisect_right(starts, start) - 1, bisect_right(starts, end) - 1
    if first == last and not fixed[first]:
        return ()
    origin = normalised.raw_start(start)
    found = [
        (starts[at] - start, normalised.origins[at] - origin, fixed[at]) for at in range(first, last + 1)
    ]
    if not fixed[first]:
        found[0] = (0, 0, False)
    if fixed[last]:
        found.append((starts[last + 1] - start, normalised.origins[last + 1] - origin, False))
    return tuple(found)


def _needs_fields(reading: Reading) -> bool:
    """Whether the registry's own ages had, or could have, a say in a reading."""
    return any(
        isinstance(one, Demographic) and ("comparator" in one.assumed or "field" in one.assumed)
        for one in atoms(reading.expr)
    )


# --- moving what was read to another place ----------------------------------------------------------------------------


def _moved_reading(reading: Reading, by: int) -> Reading:
    if not by:
        return reading
    return Reading(
        expr=_moved(reading.expr, by),
        plain=reading.plain,
        modality=reading.modality,
        population=reading.population,
        guard=None if reading.guard is None else _moved(reading.guard, by),
        defects=tuple(
            Defect(one.kind, _moved_span(one.span, by), one.repair, one.confidence) for one in reading.defects
        ),
        notes=reading.notes,
        computability=reading.computability,
        confidence=reading.confidence,
        understood=reading.understood,
        stated=reading.stated,
        incomplete=reading.incomplete,
    )


def _moved_span(span: Span, by: int) -> Span:
    return Span(span.start + by, span.end + by)


def _moved(expr: Expr, by: int) -> Expr:
    """An expression with all its places moved."""
    junction = _JUNCTIONS.get(type(expr))
    if junction is not None:
        return junction(expr, by)
    kind: Any = type(expr)
    values, at = _layout(kind)
    found = list(values(expr))
    found[at] = _moved_span(found[at], by)
    moved: Expr = kind(*found)
    return moved


@cache
def _layout(kind: Hashable) -> tuple[Callable[[Any], tuple[Any, ...]], int]:
    """What gives all values of an atom of a kind, and which of them is its place."""
    names = [one.name for one in fields(cast("type[Any]", kind))]
    return attrgetter(*names), names.index("span")


def _all_moved(parts: tuple[Expr, ...], by: int) -> tuple[Expr, ...]:
    return tuple([_moved(one, by) for one in parts])


_JUNCTIONS: Mapping[type, Callable[[Any, int], Expr]] = {
    And: lambda expr, by: And(_all_moved(expr.of, by)),
    Or: lambda expr, by: Or(_all_moved(expr.of, by)),
    Not: lambda expr, by: Not(_moved(expr.of, by)),
    AtLeast: lambda expr, by: AtLeast(expr.count, _all_moved(expr.of, by)),
    ExceptWhen: lambda expr, by: ExceptWhen(_moved(expr.main, by), _moved(expr.exception, by)),
    Alternatives: lambda expr, by: Alternatives(_all_moved(expr.readings, by)),
}
