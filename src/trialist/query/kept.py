"""What parts of requests have found, kept for the requests that ask them again with other filters or for other pages.

People narrow down what they have found: the words stay, and filters, facets and pages change. So each query of a request
is kept by itself, apart from the filters beside it.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from trialist.index.kernels import pack_marked, spread_marked
from trialist.query.masks import Mask, Scores
from trialist.query.nodes import Node

Key: TypeAlias = tuple[int, Node, str, bool]
"""The place of a segment in its index, a node, the search area it is asked in, and whether it is scored."""

MOST_BYTES = 128_000_000
_MOST_SEEN = 4_096


@dataclass(frozen=True, slots=True)
class Kept:
    """What a node finds in a segment of so many studies: a bit for each study, and the scores of those found, in order.

    `scores` is None when nobody asked how well they fit.
    """

    studies: int
    bits: NDArray[np.uint64]
    scores: Scores | None

    @classmethod
    def of(cls, mask: Mask, score: Scores | None) -> Kept:
        """What was found, packed."""
        return cls(len(mask), *pack_marked(mask, score))

    @property
    def size(self) -> int:
        """The bytes it takes."""
        return self.bits.nbytes + (0 if self.scores is None else self.scores.nbytes)

    def answer(self) -> tuple[Mask, Scores | None]:
        """The studies found, and their scores, 0 elsewhere; None for these when nobody asked for them."""
        return spread_marked(self.bits, self.scores, self.studies)


class KeptAnswers:
    """Answers of one index under one thesaurus, those last asked for first; safe to share between threads."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes = most_bytes
        self.size = 0
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._seen: OrderedDict[Key, None] = OrderedDict()
        self._lock = Lock()

    def find(self, key: Key) -> Kept | None:
        """What is kept under a key."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def is_asked_again(self, key: Key) -> bool:
        """Whether a key was asked about before, and not long ago.

        Some queries are cheap only because a filter leaves little to look at. What such a one finds everywhere is worth
        finding out when it comes again, and not before.
        """
        with self._lock:
            again = key in self._seen
            self._seen[key] = None
            self._seen.move_to_end(key)
            if len(self._seen) > _MOST_SEEN:
                self._seen.popitem(last=False)
            return again

    def keep(self, key: Key, mask: Mask, score: Scores | None) -> None:
        """Keep what a key's node finds among all studies; what was asked for longest ago gives way."""
        kept = Kept.of(mask, score)
        if kept.size > self.most_bytes // 8:
            return
        with self._lock:
            before = self._kept.pop(key, None)
            self.size += kept.size - (before.size if before else 0)
            self._kept[key] = kept
            while self.size > self.most_bytes:
                self.size -= self._kept.popitem(last=False)[1].size
