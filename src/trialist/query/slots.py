"""Sequences of words and values of enumerations as the index holds them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from trialist.index.hashing import BOUNDARY, hash_spelling, hash_word
from trialist.index.layout import LOCATIONS
from trialist.index.postings import Slot
from trialist.index.segment import Segment
from trialist.query.looked import Looked
from trialist.query.nodes import Coverage
from trialist.query.wanted import Wanted
from trialist.record.catalogue import fields_by_piece
from trialist.record.enums import enum_values
from trialist.vocabulary.text import split_words
from trialist.vocabulary.thesaurus import Words


def said_of(one: Looked, wanted: Wanted) -> tuple[Words, ...]:
    """The sequences that may say the value of an enumeration."""
    if wanted.exact:
        return (wanted.words,)
    return wanted.phrases if one.synonyms else wanted.plain


def is_of_sites(one: Looked) -> bool:
    """Whether a field stands in one location."""
    return one.field.path.startswith(LOCATIONS + ".")


@lru_cache(maxsize=65_536)
def slots_of(words: Words, coverage: Coverage) -> tuple[Slot, ...]:
    """A sequence of folded words as the index holds it, with the ends of the value where it must reach them."""
    return _anchored([Slot(hash_word(word)) for word in words], coverage)


def exact_slots(wanted: Wanted, coverage: Coverage, segment: Segment) -> tuple[tuple[Slot, ...], bool]:
    """A sequence of words as they are spelled, nothing when a spelling is unknown, and whether it may find too much.

    It may where another spelling of a word has the same number; what is found must then be read to be sure.
    """
    slots = []
    doubtful = False
    for word, spelled in zip(wanted.words, wanted.exact, strict=True):
        number, known = hash_spelling(spelled, word), segment.words.spellings(hash_word(word))
        if spelled not in known:
            return (), False
        slots.append(Slot(hash_word(word), number))
        doubtful |= any(other != spelled and hash_spelling(other, word) == number for other in known)
    return _anchored(slots, coverage), doubtful


def stands_exactly(text: str, spelled: Words, coverage: Coverage) -> bool:
    """Whether words stand in a text as they are spelled, one behind the other."""
    words = tuple(split_words(text))
    places = range(len(words) - len(spelled) + 1)
    if coverage in (Coverage.FULL_MATCH, Coverage.STARTS_WITH):
        places = places[:1]
    if coverage in (Coverage.FULL_MATCH, Coverage.ENDS_WITH):
        places = range(max(places.start, len(words) - len(spelled)), places.stop)
    return any(words[place : place + len(spelled)] == spelled for place in places)


def enum_slots(value: str) -> tuple[Slot, ...]:
    """An enumeration's value as the words of a whole value."""
    return slots_of(tuple(value.lower().split("_")), Coverage.FULL_MATCH)


def _anchored(slots: list[Slot], coverage: Coverage) -> tuple[Slot, ...]:
    if not slots:
        return ()
    if coverage in (Coverage.FULL_MATCH, Coverage.STARTS_WITH):
        slots.insert(0, Slot(BOUNDARY))
    if coverage in (Coverage.FULL_MATCH, Coverage.ENDS_WITH):
        slots.append(Slot(BOUNDARY))
    return tuple(slots)


def codes_of(piece: str) -> Mapping[object, int]:
    """The bits of an enumeration's or a boolean's values."""
    field = fields_by_piece()[piece]
    values: tuple[Any, ...] = enum_values(field.type) if field.is_enum else (False, True)
    return {value: code for code, value in enumerate(values)}
