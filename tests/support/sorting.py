"""The judge of `index/sorting.py`: the same postings by sorting arrays of numbers."""

from __future__ import annotations

import numpy as np

from trialist.index.arrays import Array
from trialist.index.layout import MOST_IN_POSTING
from trialist.index.sorting import Stream
from trialist.index.words import Words


class Ranks:
    """For the words of a collector, by their small numbers: the rank of the folded word's hash, and the spelling."""

    def __init__(self, words: Words) -> None:
        hashes = np.frombuffer(words.hashes, dtype=np.uint64)
        self.hashes, ranks = np.unique(hashes, return_inverse=True)
        self.rank = ranks.astype(np.uint64)
        self.spelling = np.frombuffer(bytes(words.spellings), dtype=np.uint8)


def sort_text(stream: Stream, ranks: Ranks) -> dict[str, Array]:
    """The postings of a field, by word, then study, then position.

    `terms` holds the hashes of the words in order, `postings` and `tokens` how many of each belong to it; `docs` and
    `frequency` are a posting's study and how many tokens it has; `position` and `spelling` belong to tokens. `had_by`
    lists the studies that have a value, `lengths` how many words each has.
    """
    tokens, docs, starts = stream.tokens, stream.docs, stream.starts
    lengths = np.diff(np.append(starts, len(tokens)))
    places = np.arange(len(tokens), dtype=np.int64)
    # Sorting numbers that hold the word's rank above the token's place is far quicker than sorting by two keys.
    key = ranks.rank[tokens] << np.uint64(32) | places.astype(np.uint64)
    key.sort()
    order = (key & np.uint64(0xFFFFFFFF)).astype(np.int64)
    rank = key >> np.uint64(32)
    doc = np.repeat(docs, lengths)[order]
    position = (places - np.repeat(starts, lengths))[order]
    opens = np.ones(len(order), dtype=bool)
    opens[1:] = (rank[1:] != rank[:-1]) | (doc[1:] != doc[:-1])
    opens = _split_long(opens)
    first = np.flatnonzero(opens)
    frequency = np.diff(np.append(first, len(order)))
    found, at = np.unique(rank[first], return_index=True)
    return {
        "terms": ranks.hashes[found.astype(np.int64)],
        "postings": np.diff(np.append(at, len(first))).astype(np.uint32),
        "tokens": np.add.reduceat(frequency, at).astype(np.uint32),
        "docs": doc[first],
        "frequency": frequency.astype(np.uint8),
        "position": position.astype(np.uint16 if position.max() < 65536 else np.uint32),
        "spelling": ranks.spelling[tokens[order]],
        "had_by": docs,
        "lengths": np.add.reduceat((tokens != 0).astype(np.uint32), starts).astype(np.uint32),
    }


def _split_long(opens: Array) -> Array:
    """A new posting also after every `MOST_IN_POSTING` tokens of one."""
    first = np.flatnonzero(opens)
    length = np.diff(np.append(first, len(opens)))
    if length.max() <= MOST_IN_POSTING:
        return opens
    within = np.arange(len(opens)) - np.repeat(first, length)
    split: Array = within % MOST_IN_POSTING == 0
    return split
