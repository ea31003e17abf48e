"""Where words stand in one field: single words, phrases, exact spellings, and how much each says of a study.

Everything here is about *units*: the studies of a field that is held as text, the distinct values of one that is held
as values. A phrase is found by its rarest words: their units are intersected, then the places of their words compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from trialist.index.arrays import Array, ArrayFile
from trialist.index.hashing import BOUNDARY
from trialist.index.layout import MOST_IN_POSTING

_PLACE_BITS = 24
"""A place in a unit's stream of words needs fewer bits than this: the largest study read has 32 MiB."""


class Slot(NamedTuple):
    """One place of a phrase: the hash of a folded word, and the number of its spelling if that matters."""

    word: int
    spelling: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """Units, ascending (a unit with very many mentions may come twice), and how much the words say of each, 0 to 255."""

    units: Array
    impact: Array


NOWHERE = Found(np.empty(0, dtype=np.uint32), np.empty(0, dtype=np.uint8))


class _Run:
    """The postings of one word in one field."""

    __slots__ = ("_start", "docs", "slot", "span")

    def __init__(self, postings: Postings, slot: Slot, at: int) -> None:
        self.slot = slot
        self.span = postings.span(at)
        self.docs = postings.docs(self.span)
        self._start: Array | None = None

    def starts(self, postings: Postings, at: int) -> Array:
        """Where the tokens of each posting begin, and where the last end."""
        if self._start is None:
            frequency = postings.arrays["frequency"][self.span]
            found = np.empty(len(frequency) + 1, dtype=np.int64)
            found[0] = 0
            np.cumsum(frequency, out=found[1:])
            found += int(postings.token_start[at])
            self._start = found
        return self._start


class Postings:
    """The words of one field."""

    def __init__(self, arrays: ArrayFile) -> None:
        self.arrays = arrays
        self.terms = arrays["terms"]
        self.posting_start = arrays["posting_start"]
        self.token_start = arrays["token_start"]
        self._low, self._high = arrays["docs_low"], arrays["docs_high"]
        self._impact = arrays["impact"]

    def at(self, word: int) -> int:
        """The place of a word among the field's words, or -1."""
        found = int(self.terms.searchsorted(np.uint64(word)))
        return found if found < len(self.terms) and int(self.terms[found]) == word else -1

    def span(self, at: int) -> slice:
        """Where the postings of a word stand."""
        return slice(int(self.posting_start[at]), int(self.posting_start[at + 1]))

    def docs(self, span: slice) -> Array:
        """The units of postings."""
        low = self._low[span]
        if not len(self._high):
            return low
        found = self._high[span].astype(np.uint32)
        found <<= 16
        found |= low
        return found

    def count(self, word: int) -> int:
        """How many postings a word has."""
        at = self.at(word)
        return 0 if at < 0 else int(self.posting_start[at + 1]) - int(self.posting_start[at])

    def all(self) -> Array:
        """The units that have a value."""
        at = self.at(BOUNDARY)
        return NOWHERE.units if at < 0 else self.docs(self.span(at))

    def find(self, slots: Sequence[Slot], places: Sequence[int]) -> Found:
        """The units in which these words, at these places among the field's words, stand one behind the other."""
        if len(slots) == 1 and not slots[0].spelling:
            span = self.span(places[0])
            return Found(self.docs(span), self._impact[span])
        return self._find_phrase(slots, places)

    def _find_phrase(self, slots: Sequence[Slot], places: Sequence[int]) -> Found:
        sizes = [int(self.posting_start[at + 1]) - int(self.posting_start[at]) for at in places]
        order = sorted(range(len(slots)), key=sizes.__getitem__)
        rarest = order[0]
        runs = {at: _Run(self, slot, at) for at, slot in zip(places, slots, strict=True)}
        docs = _distinct(runs[places[rarest]].docs)
        for other in order[1:]:
            if not len(docs):
                return NOWHERE
            docs = docs[_are_in(docs, runs[places[other]].docs)]
        if not len(docs):
            return NOWHERE
        keys = self._keys(runs[places[rarest]], places[rarest], slots[rarest], docs)
        for other in order[1:]:
            if not len(keys):
                return NOWHERE
            shift = other - rarest
            held = self._keys(runs[places[other]], places[other], slots[other], docs)
            keys = _common(keys + shift, held) - shift
        hit = _distinct(keys >> _PLACE_BITS)
        units = docs[hit]
        run = runs[places[rarest]]
        return Found(units, self._impact[run.span][_places_in(units, run.docs)])

    def _keys(self, run: _Run, at: int, slot: Slot, docs: Array) -> Array:
        """The places of a word in these units, as one ascending number each: place of the unit in `docs`, place in it."""
        starts = run.starts(self, at)
        posting = _places_in(docs, run.docs)
        first = starts[posting]
        last = starts[posting + 1]
        if (last - first == MOST_IN_POSTING).any():  # such a study may have further postings
            last = starts[run.docs.searchsorted(docs, "right")]
        tokens, owner = ranges(first, last)
        keys = owner << _PLACE_BITS
        keys += self.arrays["position"][tokens]
        if slot.spelling:
            keys = keys[self.arrays["spelling"][tokens] == slot.spelling]
        return keys


def ranges(first: Array, last: Array) -> tuple[Array, Array]:
    """The numbers from each `first` up to its `last`, one range after another, and which range each belongs to."""
    size = (last - first).astype(np.int64)
    owner = np.repeat(np.arange(len(size)), size)
    ends = np.cumsum(size)
    numbers = np.arange(int(ends[-1]) if len(ends) else 0)
    numbers += np.repeat(first.astype(np.int64) - (ends - size), size)
    return numbers, owner


def _distinct(ascending: Array) -> Array:
    if len(ascending) < 2:
        return ascending
    kept = np.empty(len(ascending), dtype=bool)
    kept[0] = True
    np.not_equal(ascending[1:], ascending[:-1], out=kept[1:])
    return ascending if kept.all() else ascending[kept]


_FEW = 16
"""Looking up one item costs about as much as passing over so many."""


def _are_in(wanted: Array, known: Array) -> Array:
    """Which of `wanted` are among `known`; both ascending small numbers."""
    if not len(known) or not len(wanted):
        return np.zeros(len(wanted), dtype=bool)
    if len(wanted) * _FEW > len(known):
        marked = np.zeros(max(int(known[-1]), int(wanted[-1])) + 1, dtype=bool)
        marked[known] = True
        return marked[wanted]
    at = known.searchsorted(wanted)
    at[at == len(known)] = 0
    found: Array = known[at] == wanted
    return found


def _places_in(wanted: Array, known: Array) -> Array:
    """The first place of each of `wanted` in `known`; both ascending small numbers, all of them there."""
    if len(wanted) * _FEW > len(known):
        places = np.empty(int(known[-1]) + 1, dtype=np.int32)
        places[known[::-1]] = np.arange(len(known) - 1, -1, -1, dtype=np.int32)
        return places[wanted]
    return known.searchsorted(wanted)


def _common(first: Array, second: Array) -> Array:
    """What stands in both of two ascending arrays of distinct numbers."""
    found: Array
    if len(first) * _FEW < len(second):
        at = second.searchsorted(first)
        at[at == len(second)] = 0
        found = first[second[at] == first]
        return found
    both = np.concatenate([first, second])
    both.sort(kind="stable")  # two ascending runs are merged, not sorted
    found = both[:-1][both[1:] == both[:-1]]
    return found
