"""The same words written otherwise, joined, apart or mistyped: sources are `tables/compounds.toml` and a vocabulary.

Everything here takes and gives words in their normal form (`text.fold_word`).
"""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from trialist.vocabulary.text import read_table

MOST_VARIANTS = 16
"""No sequence of words has more variants than this, itself included."""

_LETTERS_THEN_NUMBER = re.compile(r"([a-z]{1,6})([0-9]{1,4}[a-z]?)")
_NUMBER_THEN_LETTERS = re.compile(r"([0-9]{1,5})([a-z]{1,4})")

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Compounds:
    """`tables/compounds.toml`, made ready."""

    prefixes: frozenset[str]
    split: frozenset[str]
    longest_prefix: int
    least_rest: int
    whole: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    joined: Mapping[str, tuple[str, str]]
    greek: tuple[str, ...]
    units: frozenset[str]
    numbered: frozenset[str]
    other_number: Mapping[str, str]


@cache
def _compounds() -> _Compounds:
    table = read_table("compounds.toml")
    pairs = frozenset((first, second) for first, second in table["pairs"])
    numbers = {str(value): roman for value, roman in enumerate(table["roman"], 1)}
    return _Compounds(
        prefixes=frozenset(table["prefixes"]),
        split=frozenset(table["split"]),
        longest_prefix=max(map(len, table["split"])),
        least_rest=table["least_rest"],
        whole=frozenset(table["whole"]),
        pairs=pairs,
        joined={first + second: (first, second) for first, second in pairs},
        greek=tuple(table["greek"]),
        units=frozenset(table["units"]),
        numbered=frozenset(table["numbered"]),
        other_number={**numbers, **{roman: number for number, roman in numbers.items()}},
    )


@lru_cache(maxsize=65_536)
def term_variants(words: Words) -> tuple[Words, ...]:
    """The ways to write a sequence of folded words, itself first: compounds joined and split, numbers after `type`.

    At most `MOST_VARIANTS`, those with the fewest changes, always in the same order.
    """
    found: dict[Words, None] = {words: None}
    waiting = [words]
    for current in waiting:
        for start, end, instead in _edits(current):
            variant = current[:start] + instead + current[end:]
            if variant not in found:
                found[variant] = None
                waiting.append(variant)
                if len(found) == MOST_VARIANTS:
                    return tuple(found)
    return tuple(found)


def joined_word(first: str, second: str) -> str | None:
    """The one word that two folded words are also written as (`post` `operative`), or None."""
    compounds = _compounds()
    is_prefix = first in compounds.prefixes and len(second) >= compounds.least_rest and second.isalpha()
    is_pair = (first, second) in compounds.pairs
    is_greek = second in compounds.greek and len(first) <= 5 and first.isalnum()
    is_number = _LETTERS_THEN_NUMBER.fullmatch(first + second) and first.isalpha() and second[0].isdigit()
    is_unit = second in compounds.units and first.isdigit()
    return first + second if is_prefix or is_pair or is_greek or is_number or is_unit else None


def _edits(words: Words) -> Iterator[tuple[int, int, Words]]:
    """Single changes to a sequence, left to right: the words from start to end may also be written as these."""
    compounds = _compounds()
    for place, word in enumerate(words):
        if place + 1 < len(words):
            joined = joined_word(word, words[place + 1])
            if joined is not None:
                yield place, place + 2, (joined,)
            other = compounds.other_number.get(words[place + 1])
            if other is not None and word in compounds.numbered:
                yield place + 1, place + 2, (other,)
        split = _split(word, compounds)
        if split is not None:
            yield place, place + 1, split


def _split(word: str, compounds: _Compounds) -> Words | None:
    """The two words that one word is also written as, or None."""
    known = compounds.joined.get(word)
    if known is not None:
        return known
    if not word.isalpha():
        match = _LETTERS_THEN_NUMBER.fullmatch(word)
        if match is not None:
            return match.group(1), match.group(2)
        match = _NUMBER_THEN_LETTERS.fullmatch(word)
        return match.groups() if match is not None and match.group(2) in compounds.units else None
    for length in range(min(compounds.longest_prefix, len(word) - compounds.least_rest), 1, -1):
        if word[:length] in compounds.split:
            return None if word in compounds.whole else (word[:length], word[length:])
    for greek in compounds.greek:
        if word.endswith(greek) and 2 <= len(word) - len(greek) <= 5:
            return word[: -len(greek)], greek
    return None


def reach_of(word: str) -> int:
    """How many edits may lie between a mistyped word and what was meant."""
    return 2 if len(word) > 4 else 1


def nearest_words(word: str, vocabulary_counts: Mapping[str, int], limit: int = 3) -> tuple[str, ...]:
    """Up to `limit` words of a vocabulary that an unknown word may have meant, the likeliest first.

    They are within two edits of it, one below five letters; `vocabulary_counts` is how often each folded word occurs.
    """
    reach = reach_of(word)
    found = []
    for known, count in vocabulary_counts.items():
        if known == word or known.isdigit() or abs(len(known) - len(word)) > reach:
            continue
        distance = edit_distance(word, known, reach)
        if distance is not None:
            found.append((_cost(word, known, distance, count), known))
    return tuple(known for _, known in heapq.nsmallest(limit, found))


def _cost(word: str, known: str, distance: int, count: int) -> float:
    """An edit weighs as much as a thousandfold frequency; mistyping seldom begins with the first letter."""
    return 3 * distance - math.log10(count + 1) + (0 if word[:1] == known[:1] else 1.5)


def edit_distance(word: str, other: str, most: int = 2) -> int | None:
    """Insertions, deletions, replacements and swaps of neighbours between two words; None when more than `most`."""
    while word and other and word[0] == other[0]:
        word, other = word[1:], other[1:]
    while word and other and word[-1] == other[-1]:
        word, other = word[:-1], other[:-1]
    if abs(len(word) - len(other)) > most:
        return None
    before: list[int] = []
    above = list(range(len(other) + 1))
    for row, char in enumerate(word, 1):
        current = [row]
        for column, against in enumerate(other, 1):
            cost = min(above[column] + 1, current[-1] + 1, above[column - 1] + (char != against))
            if row > 1 and column > 1 and char == other[column - 2] and word[row - 2] == against:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        if min(current) > most:
            return None
        before, above = above, current
    return above[-1] if above[-1] <= most else None
