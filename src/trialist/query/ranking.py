"""The distinct values of a field over all segments of an index, the most frequent first.

Among values that equally many studies have, the one whose first study has the lowest number comes first, then the one
whose text does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trialist.index.arrays import Array
from trialist.index.digests import Digests
from trialist.index.hashing import hash_value
from trialist.index.segment import Segment, ValueField
from trialist.record.catalogue import Field

MOST_VALUES = 250
"""How many values, or sizes, are told of a field."""


@dataclass(frozen=True, slots=True)
class Held:
    """One segment of a live index with what statistics need: the studies that count, and the digests."""

    segment: Segment
    alive: Array
    digests: Digests


@dataclass(frozen=True, slots=True)
class Ranked:
    """Distinct values of a field: how many, the most frequent as (studies, first study, text), the longest likewise."""

    unique: int
    top: list[tuple[int, int, str]]
    longest: tuple[int, int, str] | None


def rank_values(field: Field, held: Sequence[Held]) -> Ranked:
    """The values of a field that is held as distinct values, of all segments together."""
    parts = [part for one in held for part in _Part.of(one, field.piece)]
    if not parts:
        return Ranked(0, [], None)
    main, *small = sorted(parts, key=len, reverse=True)
    added: dict[str, tuple[int, int]] = {}
    for part in small:
        for at in np.flatnonzero(part.counts).tolist():
            text, count, first = part.values.value(at), int(part.counts[at]), int(part.first[at])
            place = main.find(text)
            if place is not None:
                main.counts[place] += count
                main.first[place] = min(first, int(main.first[place]))
            else:
                before = added.get(text, (0, first))
                added[text] = before[0] + count, min(first, before[1])
    chosen = first_ranks(main.counts, main.first)
    top = [(int(main.counts[at]), int(main.first[at]), main.values.value(at)) for at in chosen]
    top += [(count, first, text) for text, (count, first) in added.items()]
    longest = min(
        [*main.longest(), *((-len(text), first, text) for text, (_, first) in added.items())], default=None
    )
    return Ranked(
        int(np.count_nonzero(main.counts)) + len(added),
        most_frequent(top),
        None if longest is None else (-longest[0], *longest[1:]),
    )


class _Part:
    """The distinct values of one segment: how many studies that count have each, and the first of these."""

    def __init__(self, values: ValueField, counts: Array, first: Array) -> None:
        self.values, self.counts, self.first = values, counts, first

    @classmethod
    def of(cls, one: Held, piece: str) -> list[_Part]:
        """Of a segment; [] when the field has no value there."""
        values = one.segment.field(piece)
        if not isinstance(values, ValueField):
            return []
        start, studies = values.study_pairs()
        kept = one.alive[studies]
        before = np.zeros(len(kept) + 1, dtype=np.int64)
        np.cumsum(kept, out=before[1:])
        counts = before[start[1:]] - before[start[:-1]]
        # The studies of a value stand in order, so the first that counts is that behind those kept before.
        numbers = np.append(one.segment.nct[studies[kept]], np.uint32(0xFFFFFFFF))
        first = numbers[before[start[:-1]]]
        first[counts == 0] = 0xFFFFFFFF
        return [cls(values, counts, first)]

    def __len__(self) -> int:
        return len(self.counts)

    def find(self, text: str) -> int | None:
        """The number of a value; they stand in the order of their texts' numbers."""
        wanted = hash_value(text.encode("utf-8", "surrogatepass"))
        low, high = 0, len(self.values)
        while low < high:
            middle = (low + high) // 2
            number = hash_value(self.values.value(middle).encode("utf-8", "surrogatepass"))
            if number == wanted:
                return middle
            low, high = (middle + 1, high) if number < wanted else (low, middle)
        return None

    def longest(self) -> list[tuple[int, int, str]]:
        """The longest value that counts, as (minus its length, first study, text); [] when there is none."""
        sizes = self.values.sizes().astype(np.int64)
        sizes[self.counts == 0] = -1
        found: list[tuple[int, int, str]] = []
        # No text has more characters than bytes.
        for at in np.argsort(-sizes, kind="stable").tolist():
            if sizes[at] < 0 or (found and sizes[at] < -found[0][0]):
                break
            text = self.values.value(at)
            found = [min([*found, (-len(text), int(self.first[at]), text)])]
        return found


def first_ranks(counts: Array, first: Array) -> list[int]:
    """Which values may be among those told: the most frequent, and those equal to the last of them."""
    order = np.lexsort((first, -counts.astype(np.int64)))
    order = order[counts[order] > 0]
    if len(order) > MOST_VALUES:
        last = order[MOST_VALUES - 1]
        end = MOST_VALUES
        while end < len(order) and counts[order[end]] == counts[last] and first[order[end]] == first[last]:
            end += 1
        order = order[:end]
    found: list[int] = order.tolist()
    return found


def most_frequent(top: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Those of the values that are told, in order."""
    return sorted(top, key=lambda one: (-one[0], one[1], one[2]))[:MOST_VALUES]
