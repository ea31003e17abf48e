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

from trialist.index.kernels import list_marked
from trialist.query.masks import Mask, Scores
from trialist.query.nodes import Node

Key: TypeAlias = tuple[int, Node, str, bool]
"""The place of a segment in its index, a node, the search area it is asked in, and whether it is scored."""

MOST_BYTES = 128_000_000
_MOST_SEEN = 4_096


@dataclass(frozen=True, slots=True)
class Kept:
    """What a node finds in a segment of so many studies, as their places or as bits, whichever is smaller.

    `scores` has the score of each study found, in their order; None when nobody asked how well they fit.
    """

    studies: int
    places: NDArray[np.uint32] | None
    bits: NDArray[np.uint8] | None
    scores: Scores | None

    @classmethod
    def of(cls, mask: Mask, score: Scores | None) -> Kept:
        """What was found, in its smaller form."""
        places, scores = list_marked(mask, score, len(mask) // 32)
        return cls(len(mask), places, np.packbits(mask) if places is None else None, scores)

    @property
    def size(self) -> int:
        """The bytes it takes."""
        arrays = (self.places, self.bits, self.scores)
        return sum(one.nbytes for one in arrays if one is not None)

    def answer(self) -> tuple[Mask, Scores | None]:
        """The studies found, and their scores, 0 elsewhere; None for these when nobody asked for them."""
        if self.bits is not None:
            mask = np.unpackbits(self.bits, count=self.studies).view(np.bool_)
        else:
            mask = np.zeros(self.studies, dtype=bool)
            mask[self.places] = True
        if self.scores is None:
            return mask, None
        score = np.zeros(self.studies, dtype=np.float32)
        score[np.flatnonzero(mask) if self.places is None else self.places] = self.scores
        return mask, score


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
