"""Words of an index that look like a mistyped one, found without reading the others.

What tells most words apart, how many letters and which, is held as numbers of the most frequent words: these take a few
tens of milliseconds to make of the index's bytes, where making texts of all words took seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialist.index.segment import Words

_MOST = 200_000
_ASCII = 128
_FIRST_DIGIT, _LAST_DIGIT = b"09"


@dataclass(frozen=True, slots=True)
class _Held:
    """The chosen words of one segment: their places there, counts, lengths in characters, and kinds of characters."""

    words: Words
    places: NDArray[np.int64]
    counts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    kinds: NDArray[np.uint64]


class AlikeWords:
    """The most frequent words of some segments by likeness; words of digits alone are left out."""

    def __init__(self, tables: Sequence[Words], most: int = _MOST) -> None:
        hashes = np.concatenate([np.asarray(one.hashes) for one in tables])
        every = np.concatenate([np.asarray(one.counts, dtype=np.int64) for one in tables])
        if len(tables) > 1:
            _, first, number = np.unique(hashes, return_index=True, return_inverse=True)
            counts = np.bincount(number, weights=every, minlength=len(first)).astype(np.int64)
        else:
            first, counts = np.arange(len(every)), every
        chosen = _most_frequent(counts, most)
        self._held = []
        begin = 0
        for one in tables:
            own = chosen[(first[chosen] >= begin) & (first[chosen] < begin + len(one))]
            places = first[own] - begin
            order = np.argsort(places)
            self._held.append(_held(one, places[order], counts[own][order]))
            begin += len(one)

    def find(self, word: str, reach: int) -> dict[str, int]:
        """The words that may be within so many edits of a word, and how often each occurs; all that are, and others."""
        mask = np.uint64(kinds_of(word))
        found: dict[str, int] = {}
        for one in self._held:
            near = np.abs(one.lengths - len(word)) <= reach
            near &= np.bitwise_count(one.kinds ^ mask) <= 2 * reach
            at = np.flatnonzero(near)
            found |= zip(one.words.folded_at(one.places[at]), one.counts[at].tolist(), strict=True)
        return found


def kinds_of(word: str) -> int:
    """A bit for every kind of character in a word: two words an edit apart differ in at most two bits."""
    mask = 0
    for char in word:
        mask |= 1 << (ord(char) & 63)
    return mask


def _most_frequent(counts: NDArray[np.int64], most: int) -> NDArray[np.intp]:
    """The places of the highest counts, so many at most; of equal ones those that come first."""
    if len(counts) <= most:
        return np.arange(len(counts))
    least = np.partition(counts, len(counts) - most)[len(counts) - most]
    above = np.flatnonzero(counts > least)
    return np.concatenate((above, np.flatnonzero(counts == least)[: most - len(above)]))


def _held(words: Words, places: NDArray[np.int64], counts: NDArray[np.int64]) -> _Held:
    text, sizes = words.folded_bytes(places)
    there = sizes > 0
    places, counts, sizes = places[there], counts[there], sizes[there]
    if not len(sizes):
        return _Held(words, places, counts, sizes, np.empty(0, dtype=np.uint64))
    begins = np.cumsum(sizes) - sizes
    kinds = np.bitwise_or.reduceat(np.uint64(1) << (text & np.uint8(63)).astype(np.uint64), begins)
    highest, lowest = np.maximum.reduceat(text, begins), np.minimum.reduceat(text, begins)
    lengths = sizes.astype(np.int64)
    kept = (lowest < _FIRST_DIGIT) | (highest > _LAST_DIGIT)
    # Of the few words with other letters than a to z one byte is no character: these are read.
    other = np.flatnonzero(highest >= _ASCII)
    for at, word in zip(other.tolist(), words.folded_at(places[other]), strict=True):
        kinds[at], lengths[at], kept[at] = kinds_of(word), len(word), not word.isdigit()
    return _Held(words, places[kept], counts[kept], lengths[kept], kinds[kept])
