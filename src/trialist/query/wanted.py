"""A term and how far it may be expanded → every sequence of words that may stand for it.

Both engines ask this module what a term means, and each finds the sequences in its own way. The levels are those of the
registry's search documentation: None as written; Term any lexical variant; Concept also synonyms; Relaxation also all
parts of the term apart from each other; Lossy some of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product

from trialist.query.nodes import Coverage, Expansion
from trialist.record.enums import enums
from trialist.record.nct_id import parse_nct_id
from trialist.vocabulary.decompose import decompose
from trialist.vocabulary.text import fold_text, fold_words, split_words
from trialist.vocabulary.thesaurus import STOP_WORDS, Thesaurus, Words
from trialist.vocabulary.variants import term_variants

MOST_COMBINATIONS = 24
"""A phrase of several known terms has at most so many combinations of their synonyms."""
MOST_PARTS = 64
"""Of a longer run of words the first so many are looked for apart; the rest only as part of the whole phrase."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a term: a text says it with any of `plain`, or where synonyms count any of `alternatives`.

    A part of several words is also said by all of `words`, wherever they stand.
    """

    plain: tuple[Words, ...]
    alternatives: tuple[Words, ...]
    words: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What may stand for a term.

    `exact` is the sequence of spellings where nothing else may. `plain` are the term's own variants, `phrases` also its
    synonyms, nearest first: each must stand unbroken in one value. `parts` is empty where the term may not be broken;
    else all of them (or one of them, if `lossy`) must be found somewhere in the searched fields. No words at all:
    nothing is found.
    """

    words: Words
    exact: Words = ()
    plain: tuple[Words, ...] = ()
    phrases: tuple[Words, ...] = ()
    parts: tuple[Part, ...] = ()
    lossy: bool = False


@lru_cache(maxsize=4096)
def expand_term(
    text: str, *, quoted: bool, expansion: Expansion, coverage: Coverage, thesaurus: Thesaurus
) -> Wanted:
    """Every sequence of words that may stand for a term. A phrase in quotes is never broken into parts."""
    spelled = tuple(split_words(text))
    words = tuple(fold_words(spelled))
    if expansion is Expansion.NONE:
        return Wanted(words, exact=spelled)
    plain = term_variants(words) if words else ()
    if expansion is Expansion.TERM or not words or (len(words) == 1 and parse_nct_id(words[0])):
        return Wanted(words, plain=plain, phrases=plain)
    phrases = tuple(dict.fromkeys([*plain, *_synonyms(words, thesaurus)]))
    breakable = expansion in (Expansion.RELAXATION, Expansion.LOSSY) and not quoted
    if not breakable or coverage is not Coverage.CONTAINS:
        return Wanted(words, plain=plain, phrases=phrases)
    parts = _parts(words, thesaurus)
    if len(parts) == 1 and not parts[0].words and set(parts[0].alternatives) <= set(phrases):
        parts = ()  # nothing that the unbroken term would not find
    return Wanted(words, plain=plain, phrases=phrases, parts=parts, lossy=expansion is Expansion.LOSSY)


def _synonyms(words: Words, thesaurus: Thesaurus) -> Iterator[Words]:
    """The synonyms of the whole, then the whole with its known terms replaced by their synonyms."""
    for synonym in thesaurus.synonyms_of(words):
        yield from term_variants(synonym.words)
    segments = thesaurus.segments(words)
    if len(segments) < 2 or len(words) > MOST_PARTS:
        return
    choices: list[tuple[Words, ...]] = []
    combinations = 1
    for start, end in segments:
        own = words[start:end]
        others = [synonym.words for synonym in thesaurus.synonyms_of(own)] if own[0] not in STOP_WORDS else []
        room = max(1, MOST_COMBINATIONS // combinations)
        choices.append(tuple(dict.fromkeys([own, *others]))[:room])
        combinations *= len(choices[-1])
    for chosen in product(*choices):
        yield tuple(word for segment in chosen for word in segment)


def _parts(words: Words, thesaurus: Thesaurus) -> tuple[Part, ...]:
    words = words[:MOST_PARTS]
    own = [words[start:end] for start, end in thesaurus.segments(words)]
    found = []
    for alternatives in decompose(thesaurus, words):
        given = [run for run in own if run in alternatives]
        plain = tuple(variant for run in given for variant in term_variants(run)) or alternatives[:1]
        found.append(Part(plain, alternatives, _words_of(given[0], thesaurus) if given else ()))
    return tuple(found)


def _words_of(run: Words, thesaurus: Thesaurus) -> tuple[Part, ...]:
    """The words of a known term of several words, each with what may stand for it by itself."""
    singles = [word for word in run if word not in STOP_WORDS]
    if len(singles) < 2:
        return ()
    return tuple(
        Part(
            term_variants((word,)),
            tuple(
                dict.fromkeys(
                    [*term_variants((word,)), *(item.words for item in thesaurus.synonyms_of((word,)))]
                )
            ),
        )
        for word in singles
    )


@cache
def enum_words(enum_name: str) -> Mapping[Words, str]:
    """How the values of an enumeration may be said, by value or label in any case: folded words → value."""
    found: dict[Words, str] = {}
    for value, known in enums()[enum_name].values.items():
        for text in (value, known.label, *known.exceptions.values()):
            found.setdefault(tuple(fold_text(text)), value)
    return found


def enum_values_said(enum_name: str, sequences: Sequence[Words]) -> tuple[str, ...]:
    """The values of an enumeration that one of these sequences says in full."""
    known = enum_words(enum_name)
    return tuple(dict.fromkeys(known[words] for words in sequences if words in known))
