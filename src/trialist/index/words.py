"""Texts → numbers of words, many texts at a time.

The words are those of `vocabulary.text.split_words`; they are found in the bytes of all texts at once, which is several
times as fast as splitting text by text. A text that is not plain (other letters, apostrophes, HTML entities) is split by
`split_words` itself first.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

import numpy as np

from trialist.index.arrays import Array
from trialist.index.hashing import BOUNDARY, hash_spelling, hash_word
from trialist.index.kernels import FoundWords, WordTable, find_words, look_up_words, put_words, word_table
from trialist.vocabulary.text import SEPARATING_SIGNS, fold_word, split_words

_BLOCK = 1 << 19
"""Bytes that are looked at in one go."""
_IS_WORD = np.zeros(256, dtype=np.uint8)
_IS_WORD[[byte for byte in range(256) if byte >= 128 or chr(byte).isalnum() or byte == ord("'")]] = 1


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
        self._keys = np.zeros(slots, dtype=np.uint64)
        self._numbers = np.zeros(slots, dtype=np.uint32)

    def numbers(self, texts: Sequence[str]) -> tuple[Array, Array]:
        """The numbers of all words of the texts in their order, and for each word the place of its text."""
        numbers, owners = [np.empty(0, dtype=np.uint32)], [np.empty(0, dtype=np.int64)]
        for first, data, starts in _blocks(texts):
            found = find_words(data, _IS_WORD, starts, self._table())
            if not found.numbers.all():
                self._learn(data, found)
            numbers.append(found.numbers)
            owners.append(found.owners + first)
        return np.concatenate(numbers), np.concatenate(owners)

    def _table(self) -> WordTable:
        return word_table(self._keys, self._numbers, self._sizes)

    def _learn(self, data: Array, found: FoundWords) -> None:
        """Give numbers to the words that have none yet, in the order of their first use, whatever their hashes."""
        missing = np.flatnonzero(found.numbers == 0)
        new, at = np.unique(found.keys[missing], return_index=True)
        order = np.argsort(at)
        first = missing[at[order]]
        begins, ends = found.begins[first].tolist(), found.ends[first].tolist()
        start = len(self.listed)
        for begin, end in zip(begins, ends, strict=True):
            self._add(data[begin:end].tobytes().decode("utf-8", "surrogatepass"), end - begin)
        numbers = np.arange(start, len(self.listed), dtype=np.uint32)
        if 2 * len(self.listed) > len(self._keys):
            kept = self._keys != 0
            keys, known = self._keys[kept], self._numbers[kept]
            self._resize(1 << (4 * len(self.listed)).bit_length())
            put_words(self._table(), keys, known)
        put_words(self._table(), new[order], numbers)
        found.numbers[missing] = look_up_words(self._table(), found.keys[missing])
        lengths = (found.ends - found.begins)[missing]
        if (self._sizes[found.numbers[missing]] != lengths).any():
            raise ValueError("two words of different length have one hash")

    def _add(self, word: str, size: int) -> None:
        number = len(self.listed)
        folded = fold_word(word)
        self.listed.append(word)
        self.folded.append(folded)
        self.hashes.append(hash_word.__wrapped__(folded))
        self.spellings.append(hash_spelling(word, folded))
        if number >= len(self._sizes):
            self._sizes = np.concatenate([self._sizes, np.zeros_like(self._sizes)])
        self._sizes[number] = size


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
