"""What a process remembers of words for speed, and how it forgets those of a patient."""

from __future__ import annotations

from collections.abc import Iterable

from trialist.criteria.open_words import by_its_end
from trialist.criteria.statements import met_by
from trialist.criteria.tokens import sort_of
from trialist.index.hashing import hash_word
from trialist.query.slots import slots_of
from trialist.query.wanted import expand_term
from trialist.vocabulary.text import forget_words
from trialist.vocabulary.variants import term_variants

_READING = (sort_of, by_its_end, met_by)
_REMEMBERING = (expand_term, slots_of, term_variants, hash_word, *_READING)


def forget_texts(texts: Iterable[str]) -> None:
    """Remember no longer any word of these texts: what is said of a patient does not stay in this process.

    Memories that cannot let go of one word are emptied; they fill again within a few searches.
    """
    forget_words(texts)
    for one in _REMEMBERING:
        one.cache_clear()


def forget_reading() -> None:
    """Remember no longer any word that was read, of whatever document: for whoever has read one about a patient."""
    for one in _READING:
        one.cache_clear()
