"""Sequences of words looked for in the fields of a segment: what is asked of the compiled loops, made ready for them."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trialist.index import kernels
from trialist.index.arrays import Array, ArrayFile
from trialist.index.hashing import BOUNDARY
from trialist.index.kernels import BLOCK


class Slot(NamedTuple):
    """One place of a phrase: the hash of a folded word, and the number of its spelling if that matters."""

    word: int
    spelling: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Sequences that all say one thing; those from `nearest` on count as synonyms."""

    sequences: tuple[tuple[Slot, ...], ...]
    nearest: int


class Sought(NamedTuple):
    """A field in which the sequences of a group are looked for, and what a hit there is worth."""

    piece: str
    weight: float
    group: int


class Sequences:
    """The sequences of some groups as the loops read them."""

    def __init__(self, groups: Sequence[Group]) -> None:
        known: dict[int, int] = {BOUNDARY: -1}
        words, spellings, ends = array("i"), array("B"), array("i")
        self.spans: list[tuple[int, int, int]] = []
        """Of each group the first sequence, the first that is a synonym, and the end."""
        for group in groups:
            first = len(ends)
            for sequence in group.sequences:
                for word, spelling in sequence:
                    words.append(known.setdefault(word, len(known) - 1))
                    spellings.append(spelling)
                ends.append(len(words))
            self.spans.append((first, min(first + group.nearest, len(ends)), len(ends)))
        self.asked = array("Q", list(known)[1:])
        self._kept = (words, spellings, ends)

    def into(self, request: kernels.Request) -> None:
        """Point a request at them."""
        words, spellings, ends = self._kept
        request.slot_word, request.slot_spelling = words.buffer_info()[0], spellings.buffer_info()[0]
        request.sequence_end = ends.buffer_info()[0]
        request.asked, request.asked_count = self.asked.buffer_info()


def block_tokens(frequency: Array) -> NDArray[np.int64]:
    """The first token of every `kernels.BLOCK`th posting."""
    if not len(frequency):
        return np.empty(0, dtype=np.int64)
    sums = np.add.reduceat(frequency, np.arange(0, len(frequency), BLOCK), dtype=np.int64)
    found = np.cumsum(sums)
    found -= sums
    return found


def field_arrays(
    arrays: ArrayFile, studies: tuple[Array, Array] | None, sites: tuple[Array, Array] | None
) -> kernels.FieldArrays:
    """The arrays of a field with words; `studies` and `sites` are those who hold its values, if it is held as values."""
    found = kernels.FieldArrays()
    found.posting_start = kernels.numbers(arrays["posting_start"])
    found.block_token = kernels.numbers(arrays["block_token"])
    found.low, found.high = (
        kernels.address(arrays["docs_low"], np.uint16),
        kernels.address(arrays["docs_high"], np.uint8),
    )
    for name in ("frequency", "impact", "spelling"):
        setattr(found, name, kernels.address(arrays[name], np.uint8))
    position = arrays["position"]
    found.position = kernels.address(position, np.uint16, np.uint32)
    found.wide_position = int(position.dtype == np.uint32)
    found.postings, found.tokens = len(arrays["docs_low"]), len(position)
    if (
        len(arrays["docs_high"]) not in (0, found.postings)
        or any(len(arrays[name]) != found.postings for name in ("frequency", "impact"))
        or len(arrays["spelling"]) != found.tokens
        or len(arrays["block_token"]) * BLOCK < found.postings
    ):
        kernels.refuse()
    if studies is not None:
        found.is_values = 1
        found.studies = kernels.holders(*studies)
        found.study_impact = kernels.address(arrays["study_impact"], np.uint8)
        found.sites = kernels.holders(*(studies if sites is None else sites))
    return found
