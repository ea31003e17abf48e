"""The words of a field's texts, study after study → its postings, word after word; the loops are in `kernels_build.c`."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import POINTER, Structure, byref, c_int64, c_void_p, sizeof
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from trialist.index.arrays import Array
from trialist.index.kernels import address, compiled
from trialist.index.layout import MOST_IN_POSTING
from trialist.index.words import Words


class _Stream(Structure):
    _fields_ = (
        *((name, c_void_p) for name in ("token", "start", "doc", "form_of", "spelling_of", "form")),
        *((name, c_int64) for name in ("tokens", "studies", "words", "forms", "most")),
    )


@cache
def _library() -> Any:
    found = compiled()
    found.stream_size.restype = c_int64
    if found.stream_size() != sizeof(_Stream):
        raise ImportError("the compiled part of trialist is of another version: install it again")
    found.count_tokens.argtypes = (POINTER(_Stream), c_void_p, c_void_p)
    found.place_tokens.argtypes = (
        *(POINTER(_Stream), c_void_p, c_void_p, c_void_p, c_int64, c_void_p, c_int64),
    )
    found.count_tokens.restype = found.place_tokens.restype = c_int64
    return found


@dataclass(frozen=True, slots=True)
class Stream:
    """The words of one field: for every study of `docs` a run that begins at `starts` and opens with a boundary.

    Every value ends with a boundary.
    """

    tokens: Array
    docs: Array
    starts: Array

    @classmethod
    def of(cls, texts: Sequence[bytes], words: Words) -> Stream:
        """The stream of texts, each of which counts as a study."""
        tokens, starts = words.split(texts)
        return cls(tokens, np.arange(len(texts), dtype=np.uint32), starts)


class Sorter:
    """Sorts streams of words that are known by now."""

    def __init__(self, words: Words) -> None:
        self._hashes = np.frombuffer(words.form_hashes, dtype=np.uint64)
        self._forms = np.frombuffer(words.forms, dtype=np.uint32)
        self._spellings = np.frombuffer(bytes(words.spellings), dtype=np.uint8)
        # Of every form: tokens, postings, the last study, how often that has it (`Form` in C).
        self._known = np.zeros((len(self._hashes), 4), dtype=np.uint32)

    def sort(self, stream: Stream) -> dict[str, Array]:
        """The postings of a field, by word, then study, then position.

        `terms` holds the hashes of the words in order, `postings` and `tokens` how many of each belong to it; `docs` and
        `frequency` are a posting's study and how many tokens it has; `position` and `spelling` belong to tokens. `had_by`
        lists the studies that have a value, `lengths` how many words each has.
        """
        asked = self._asked(stream)
        lengths = np.empty(len(stream.docs), dtype=np.uint32)
        occurring = np.empty(min(len(self._hashes), len(stream.tokens)), dtype=np.uint32)
        count = _library().count_tokens(byref(asked), address(occurring), address(lengths))
        if count < 0:
            raise ValueError("words of a field have numbers that no word has")
        occurring = occurring[:count]
        forms = occurring[np.argsort(self._hashes[occurring])]
        tokens, postings = self._known[forms, 0].copy(), self._known[forms, 1].copy()
        self._known[forms, 0] = np.cumsum(tokens, dtype=np.int64) - tokens
        self._known[forms, 1] = np.cumsum(postings, dtype=np.int64) - postings
        self._known[forms, 2:] = 0
        found = self._place(stream, asked, int(postings.sum(dtype=np.int64)))
        self._known[forms] = 0
        return {
            "terms": self._hashes[forms],
            "postings": postings,
            "tokens": tokens,
            **found,
            "had_by": stream.docs,
            "lengths": lengths,
        }

    def _asked(self, stream: Stream) -> _Stream:
        if len(stream.tokens) >= 1 << 32 or len(stream.docs) != len(stream.starts):
            raise ValueError("more words than a chunk can have")
        return _Stream(
            *(address(stream.tokens, np.uint32), address(stream.starts, np.int64)),
            *(address(stream.docs, np.uint32), address(self._forms), address(self._spellings)),
            *(address(self._known), len(stream.tokens), len(stream.docs)),
            *(len(self._forms), len(self._hashes), MOST_IN_POSTING),
        )

    def _place(self, stream: Stream, asked: _Stream, postings: int) -> dict[str, Array]:
        docs, frequency = np.empty(postings, dtype=np.uint32), np.empty(postings, dtype=np.uint8)
        longest = np.diff(stream.starts, append=len(stream.tokens)).max(initial=0)
        position = np.empty(len(stream.tokens), dtype=np.uint16 if longest <= 65536 else np.uint32)
        spelling = np.empty(len(stream.tokens), dtype=np.uint8)
        failed = _library().place_tokens(
            *(byref(asked), address(docs), address(frequency), address(position)),
            *(int(position.dtype == np.uint32), address(spelling), postings),
        )
        if failed:
            raise ValueError("words of a field do not stand where they were counted")
        return {"docs": docs, "frequency": frequency, "position": position, "spelling": spelling}
