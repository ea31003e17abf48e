"""Texts → numbers of words, many texts at a time.

The words are those of `vocabulary.text.split_words`; `words.c` finds them in the bytes of the texts and numbers them.
"""

from __future__ import annotations

import weakref
from array import array
from collections.abc import Sequence
from ctypes import POINTER, Structure, byref, c_int64, c_ubyte, c_void_p
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialist.index.arrays import Array
from trialist.index.hashing import BOUNDARY, hash_spelling, hash_word
from trialist.index.kernels import address, compiled
from trialist.vocabulary.text import character_table, fold_word, read_entities

_BLOCK = 1 << 22
"""Bytes of texts that are joined in one go."""


class Column(Structure):
    """An array that grows."""

    _fields_ = (("at", c_void_p), ("count", c_int64), ("room", c_int64))


@cache
def _library() -> Any:
    found = compiled()
    found.book_open.argtypes, found.book_open.restype = (), c_void_p
    for name, kind in (
        ("book_close", None),
        ("book_words", c_int64),
        ("book_text", c_void_p),
        ("book_ends", c_void_p),
    ):
        getattr(found, name).argtypes, getattr(found, name).restype = (c_void_p,), kind
    found.split_texts.argtypes = (c_void_p, c_void_p, c_void_p, c_void_p, c_int64, POINTER(Column), c_void_p)
    found.split_texts.restype = c_int64
    for name in ("digest_texts", "hash_texts"):
        getattr(found, name).argtypes = (c_void_p, c_void_p, c_int64, c_void_p)
        getattr(found, name).restype = None
    found.column_close.argtypes, found.column_close.restype = (POINTER(Column),), None
    return found


@cache
def character_classes() -> NDArray[np.uint8]:
    """Of every code point whether it separates words (0), belongs to them (1) or is an apostrophe (2)."""
    return np.frombuffer(character_table(), dtype=np.uint8)


class Book:
    """The compiled table of words; `at` is its place in memory as long as this lives."""

    def __init__(self) -> None:
        library = _library()
        self.at: int = library.book_open()
        if not self.at:
            raise MemoryError
        weakref.finalize(self, library.book_close, self.at)

    def __len__(self) -> int:
        found: int = _library().book_words(self.at)
        return found

    def texts(self, first: int) -> list[str]:
        """The words from this one on, counted from 0."""
        count = len(self)
        if first == count:
            return []
        library = _library()
        held: Any = (c_int64 * count).from_address(library.book_ends(self.at))
        ends = np.frombuffer(held, dtype=np.int64)
        begin = int(ends[first - 1]) if first else 0
        held = (c_ubyte * (int(ends[-1]) - begin)).from_address(library.book_text(self.at) + begin)
        found = bytes(held)
        places = [0, *(ends[first:] - begin).tolist()]
        return [found[start:end].decode("utf-8", "surrogatepass") for start, end in pairwise(places)]


class Words:
    """Spellings and their numbers in this process, in the order of their first use; 0 is the boundary.

    `folded`, `hashes`, `forms` and `spellings` say of each number the folded form, its hash and number (of which
    `form_hashes` has the hash), and the number of the spelling; of the words found since the last `learn` they say
    nothing yet.
    """

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget every word."""
        self.written = 0
        self.book = Book()
        self.listed: list[str] = [""]
        self.folded: list[str] = [""]
        self.hashes = array("Q", [BOUNDARY])
        self.forms = array("I", [0])
        self.form_hashes = array("Q", [BOUNDARY])
        self._form_of = {BOUNDARY: 0}
        self.spellings = bytearray([0])

    def __len__(self) -> int:
        """How many spellings are known."""
        return len(self.book)

    def learn(self) -> None:
        """Say what is to be said of the words that are new."""
        for word in self.book.texts(len(self.listed) - 1):
            folded = fold_word(word)
            self.listed.append(word)
            self.folded.append(folded)
            number = hash_word.__wrapped__(folded)
            self.hashes.append(number)
            form = self._form_of.setdefault(number, len(self._form_of))
            if form == len(self.form_hashes):
                self.form_hashes.append(number)
            self.forms.append(form)
            self.spellings.append(hash_spelling(word, folded))

    def split(self, texts: Sequence[bytes]) -> tuple[Array, Array]:
        """The numbers of the words of texts, each text between two boundaries, and where those of each begin.

        `ValueError` when two words have one hash.
        """
        starts, tokens, library = np.empty(len(texts), dtype=np.int64), Column(), _library()
        first, size = 0, 0
        try:
            for place, text in enumerate(texts, 1):
                size += len(text)
                if size < _BLOCK and place < len(texts):
                    continue
                failed = self._split(library, texts[first:place], tokens, starts[first:place])
                if failed == -1:
                    raise MemoryError
                if failed:
                    raise ValueError("two words of different length have one hash")
                first, size = place, 0
            held = (c_ubyte * (4 * tokens.count)).from_address(tokens.at) if tokens.count else b""
            found = np.frombuffer(held, dtype=np.uint32).copy()
        finally:
            library.column_close(byref(tokens))
        self.learn()
        return found, starts

    def _split(self, library: Any, texts: Sequence[bytes], tokens: Column, starts: Array) -> int:
        """Append the words of some texts; 0, or why not."""
        read = [_without_entities(text) if b"&" in text and b";" in text else text for text in texts]
        ends = np.cumsum([len(text) for text in read], dtype=np.int64)
        joined = np.frombuffer(b"".join(read), dtype=np.uint8)
        failed: int = library.split_texts(
            *(self.book.at, address(character_classes()), address(joined), address(ends), len(read)),
            *(byref(tokens), address(starts)),
        )
        return failed


@cache
def shared_words() -> Words:
    """The words that this process has met in a build, shared by all that it was asked to do for it."""
    return Words()


def _without_entities(text: bytes) -> bytes:
    return read_entities(text.decode("utf-8", "surrogatepass")).encode("utf-8", "surrogatepass")


def digest_texts(text: Array, ends: Array) -> NDArray[np.uint64]:
    """The numbers (`hashing.hash_value`) of texts that stand one behind the other, each ending where `ends` says."""
    return _of_texts(_library().digest_texts, text, ends)


def hash_texts(text: Array, ends: Array) -> NDArray[np.uint64]:
    """Other numbers of such texts, which tell them apart but are written nowhere."""
    return _of_texts(_library().hash_texts, text, ends)


def _of_texts(compute: Any, text: Array, ends: Array) -> NDArray[np.uint64]:
    found = np.empty(len(ends), dtype=np.uint64)
    if len(ends) and (int(ends[-1]) != len(text) or (np.diff(ends, prepend=0) < 0).any()):
        raise ValueError("texts do not end where they are said to")
    compute(address(text, np.uint8), address(ends, np.int64), len(ends), address(found))
    return found
