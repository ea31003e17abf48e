"""What a run of words asks for, part by part, and every way in which a text may say each part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from trialist.vocabulary.thesaurus import STOP_WORDS, Concept, Thesaurus, Words
from trialist.vocabulary.variants import term_variants

MOST_ALTERNATIVES = 200
"""A part has at most so many alternatives; those of the first source come first."""

Part = tuple[Words, ...]


def decompose(thesaurus: Thesaurus, words: Sequence[str]) -> tuple[Part, ...]:
    """The parts of a run of folded words, in the order of their first words.

    A part is all folded sequences any of which may stand for it: what was asked first, its variants, its synonyms. Stop
    words go unless there is nothing else. A concept made of parts becomes these, and its own terms are alternatives for
    each of them, so that every way to say it gives the same parts; a text that names a kind of something names it.
    """
    asked: dict[str, dict[Words, None]] = {}
    known: dict[str, tuple[Concept, ...]] = {}
    spare = all(word in STOP_WORDS for word in words)
    singles: list[str] = []
    for start, end in thesaurus.segments(words):
        run = tuple(words[start:end])
        if run[0] in STOP_WORDS and end - start == 1 and not spare:
            continue
        concepts = thesaurus.concepts_of(run)
        if len(concepts) == 1 and concepts[0].parts:
            for leaf in leaves(thesaurus, concepts[0]):
                asked.setdefault(leaf.concept_id, {})
                known[leaf.concept_id] = (leaf,)
        else:
            key = " ".join(concept.concept_id for concept in concepts) or f"={run[0]}"
            asked.setdefault(key, {})[run] = None
            known[key] = concepts
        singles.append("" if concepts else run[0])
    for first, second in pairwise(singles):
        if first and second:
            for variant in term_variants((first, second)):
                if len(variant) == 1:
                    asked[f"={first}"][variant] = None
                    asked[f"={second}"][variant] = None
                elif variant[0] == first and len(variant) == 2:
                    asked[f"={second}"][variant[1:]] = None
    implied = _implied(thesaurus, known)
    return tuple(_part(thesaurus, given, known[key], implied.get(key, ())) for key, given in asked.items())


def leaves(thesaurus: Thesaurus, concept: Concept) -> tuple[Concept, ...]:
    """The concepts without parts of their own that a concept is made of; itself when it has none that are known."""
    found: dict[str, Concept] = {}
    waiting = [concept]
    seen = {concept.concept_id}
    while waiting:
        current = waiting.pop(0)
        below = [part for part in map(thesaurus.concept, current.parts) if part is not None]
        if not below:
            found[current.concept_id] = current
        waiting.extend(part for part in below if part.concept_id not in seen)
        seen.update(part.concept_id for part in below)
    return tuple(found.values())


def _implied(thesaurus: Thesaurus, known: dict[str, tuple[Concept, ...]]) -> dict[str, list[Concept]]:
    """For every part the concepts that imply it: made of parts that are all asked for, or a kind of what it names."""
    found: dict[str, list[Concept]] = {}
    asked = set(known)
    for composite in thesaurus.composites:
        if thesaurus.concept(composite.concept_id) is None:
            continue
        parts = leaves(thesaurus, composite)
        is_asked = {part.concept_id for part in parts} <= asked
        for part in parts:
            if part.concept_id in asked and (is_asked or not part.is_modifier):
                found.setdefault(part.concept_id, []).append(composite)
    return found


def _part(
    thesaurus: Thesaurus, given: Iterable[Words], concepts: Sequence[Concept], implied: Sequence[Concept]
) -> Part:
    found: dict[Words, None] = {}
    given = tuple(given)
    for words in given:
        found.update(dict.fromkeys(term_variants(words)))
    for concept in concepts:
        for synonym in concept.synonyms:
            if thesaurus.is_ambiguous(synonym.words):
                continue
            if not any(thesaurus.is_vetoed(words, synonym.words) for words in given):
                found.update(dict.fromkeys(term_variants(synonym.words)))
    own = {" ".join(words) for words in found}
    for concept in implied:
        for synonym in concept.synonyms:
            for words in term_variants(synonym.words):
                if not any(f" {term} " in f" {' '.join(words)} " for term in own):
                    found[words] = None
    return tuple(found)[:MOST_ALTERNATIVES]
