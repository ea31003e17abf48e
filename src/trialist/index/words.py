"""Texts → numbers of words, many texts at a time.

The words are those of `vocabulary.text.split_words`; they are found in the bytes of all texts at once, which is several
times as fast as splitting text by text. A text that is not plain (other letters, apostrophes, HTML entities) is split by
`split_words` itself first.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np

from trialist.index.arrays import Array
from trialist.index.hashing import BOUNDARY, hash_spelling, hash_word
from trialist.vocabulary.text import SEPARATING_SIGNS, fold_word, split_words

_BLOCK = 1 << 19
"""Bytes that are looked at in one go; so many powers are kept."""
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)
_MIX = np.uint64(0xD6E8FEB86659FD93)
_SHIFT = np.uint64(32)
_IS_WORD = np.zeros(256, dtype=np.uint8)
_IS_WORD[[byte for byte in range(256) if byte >= 128 or chr(byte).isalnum() or byte == ord("'")]] = 1


@cache
def _kept_powers(base: int) -> Array:
    return _powers(base, 2 * _BLOCK)


def _powers(base: int, count: int) -> Array:
    """1, base, base², … modulo 2^64."""
    factors = np.full(count, base, dtype=np.uint64)
    factors[0] = 1
    return np.multiply.accumulate(factors)


class Words:
    """Spellings and their numbers in this process, in the order of their first use; 0 is the boundary.

    `folded`, `hashes` and `spellings` say of each number the folded form, its hash and the number of the spelling.
    """

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget every word."""
        self.written = 0
        self.listed: list[str] = [""]
        self.folded: list[str] = [""]
        self.hashes = array("Q", [BOUNDARY])
        self.spellings = bytearray([0])
        self._sizes = np.zeros(1024, dtype=np.uint32)
        self._resize(1 << 16)

    def __len__(self) -> int:
        """How many spellings are known."""
        return len(self.listed) - 1

    def _resize(self, slots: int) -> None:
        """An empty table of so many places (a power of two) for the hashes known so far."""
        self._mask = np.uint64(slots - 1)
        self._keys = np.zeros(slots, dtype=np.uint64)
        self._numbers = np.zeros(slots, dtype=np.uint32)

    def numbers(self, texts: Sequence[str]) -> tuple[Array, Array]:
        """The numbers of all words of the texts in their order, and for each word the place of its text."""
        numbers, owners = [np.empty(0, dtype=np.uint32)], [np.empty(0, dtype=np.int64)]
        for first, data, starts in _blocks(texts):
            begin, end = _find_words(data)
            if len(begin):
                numbers.append(self._look_up(data, begin, end))
                owners.append(starts.searchsorted(begin, "right") - 1 + first)
        return np.concatenate(numbers), np.concatenate(owners)

    def _look_up(self, data: Array, begin: Array, end: Array) -> Array:
        """The numbers of the words at these places; new words get theirs."""
        up, down = _kept_powers(_BASE), _kept_powers(_INVERSE)
        if len(data) > len(up):
            up, down = _powers(_BASE, len(data)), _powers(_INVERSE, len(data))
        sums = np.zeros(len(data) + 1, dtype=np.uint64)
        np.cumsum(data * up[: len(data)], out=sums[1:])
        keys = (sums[end] - sums[begin]) * down[begin]
        length = (end - begin).astype(np.uint64)
        keys ^= keys >> _SHIFT
        keys = (keys + length) * _MIX
        keys ^= keys >> _SHIFT
        keys |= np.uint64(keys == 0)
        found = self._known(keys)
        missing = np.flatnonzero(found == 0)
        if len(missing):
            new, at = np.unique(keys[missing], return_index=True)
            order = np.argsort(at)  # numbers in the order of first use, whatever the hashes
            for key, place in zip(new[order].tolist(), missing[at[order]].tolist(), strict=True):
                word = data[begin[place] : end[place]].tobytes().decode("utf-8", "surrogatepass")
                self._add(word, key, int(length[place]))
            found[missing] = self._known(keys[missing])
        if (self._sizes[found] != length).any():
            raise ValueError("two words of different length have one number")
        return found

    def _known(self, keys: Array) -> Array:
        """The numbers of hashes, 0 for unknown ones."""
        found = np.zeros(len(keys), dtype=np.uint32)
        waiting = np.arange(len(keys))
        slots = keys & self._mask
        while len(waiting):
            held = self._keys[slots]
            hit = held == keys[waiting]
            found[waiting[hit]] = self._numbers[slots[hit]]
            on = ~hit & (held != 0)
            waiting, slots = waiting[on], (slots[on] + np.uint64(1)) & self._mask
        return found

    def _add(self, word: str, key: int, size: int) -> None:
        number = len(self.listed)
        folded = fold_word(word)
        self.listed.append(word)
        self.folded.append(folded)
        self.hashes.append(hash_word.__wrapped__(folded))
        self.spellings.append(hash_spelling(word, folded))
        if number >= len(self._sizes):
            self._sizes = np.concatenate([self._sizes, np.zeros_like(self._sizes)])
        self._sizes[number] = size
        if 2 * number > len(self._keys):
            keys, numbers = self._keys[self._keys != 0], self._numbers[self._keys != 0]
            self._resize(4 * len(self._keys))
            for known, place in zip(keys.tolist(), numbers.tolist(), strict=True):
                self._put(known, place)
        self._put(key, number)

    def _put(self, key: int, number: int) -> None:
        mask = int(self._mask)
        slot = key & mask
        while self._keys[slot]:
            slot = (slot + 1) & mask
        self._keys[slot] = key
        self._numbers[slot] = number


def _plain(text: str) -> str:
    """A text of which the bytes that are letters, digits, apostrophes or not ASCII make the words."""
    plain = text if text.isascii() else SEPARATING_SIGNS.sub(" ", text)
    if plain.isascii() and "'" not in plain and "&" not in plain and "`" not in plain:
        return plain
    return " ".join(split_words(text))


def _blocks(texts: Sequence[str]) -> Iterator[tuple[int, Array, Array]]:
    """The texts joined by blanks in blocks: the place of the first one, the bytes, and where each begins."""
    first, size = 0, 0
    parts: list[bytes] = []
    for place, text in enumerate(texts):
        part = _plain(text).encode("utf-8", "surrogatepass")
        if parts and size + len(part) > _BLOCK:
            yield first, *_joined(parts)
            first, size, parts = place, 0, []
        size += len(part) + 1
        parts.append(part)
    if parts:
        yield first, *_joined(parts)


def _joined(parts: Sequence[bytes]) -> tuple[Array, Array]:
    sizes = np.fromiter(map(len, parts), dtype=np.int64, count=len(parts)) + 1
    return np.frombuffer(b" ".join(parts), dtype=np.uint8), np.cumsum(sizes) - sizes


def _find_words(data: Array) -> tuple[Array, Array]:
    """Where words begin and end in bytes."""
    edge = np.zeros(len(data) + 2, dtype=np.int8)
    edge[1:-1] = _IS_WORD[data]
    change = np.diff(edge)
    return np.flatnonzero(change == 1), np.flatnonzero(change == -1)
