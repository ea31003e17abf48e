"""Several sources of concepts made one thesaurus, each synonym telling its source.

Sources come in the order of their authority: the project's own table, NLM's files, what the studies themselves say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from trialist.vocabulary.text import fold_text, read_table, split_words
from trialist.vocabulary.thesaurus import (
    LONGEST_TERM,
    STOP_WORDS,
    Concept,
    Synonym,
    Thesaurus,
    synonym_of,
    term_key,
)

OWN_TABLE = "trialist"
"""The source of every synonym of `tables/synonyms.toml`."""

LEAST_SHARE = 0.2
"""A short form leads to a meaning, and may stand for it, when at least this share of its uses has that meaning."""

LEAST_COUNT = 3
"""… and when it was seen at least so often."""


def read_own_concepts() -> Iterator[Concept]:
    """The concepts of the project's own table."""
    for concept_id, row in read_table("synonyms.toml")["concept"].items():
        synonyms = {text: synonym_of(text, OWN_TABLE) for text in row["terms"]}
        yield Concept(
            concept_id,
            row["terms"][0],
            tuple(synonyms.values()),
            tuple(row.get("parts", ())),
            row.get("modifier", False),
        )


@cache
def never_synonyms() -> frozenset[str]:
    """Keys of short forms whose folded spelling is an everyday word."""
    return frozenset(term_key(fold_text(text)) for text in read_table("synonyms.toml")["never"])


@cache
def generic_names() -> frozenset[str]:
    """Keys of names of interventions that say nothing by themselves."""
    return frozenset(term_key(fold_text(text)) for text in read_table("synonyms.toml")["generic"])


def is_short_form(text: str) -> bool:
    """Whether a term looks like an abbreviation: one written word of up to eight characters, half of them capital."""
    words = split_words(text)
    letters = "".join(words)
    capitals = sum(char.isupper() for char in letters)
    return (
        " " not in text.strip()
        and 2 <= len(letters) <= 8
        and capitals >= 2
        and 2 * capitals >= len(letters.rstrip("s")) - 1
    )


@dataclass(slots=True)
class _Growing:
    """A concept while sources add to it."""

    first: Concept
    is_kept: bool
    synonyms: dict[tuple[str, ...], Synonym] = field(default_factory=dict)
    broader: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Claim:
    """A source's word that a short form has a meaning."""

    place: int
    rank: int
    synonym: Synonym


class _Combiner:
    def __init__(self) -> None:
        self.growing: list[_Growing] = []
        self.owners: dict[str, int] = {}
        self.claims: defaultdict[str, list[_Claim]] = defaultdict(list)
        self.never = never_synonyms()
        self.salts = frozenset(read_table("synonyms.toml")["salts"])

    def add(self, concept: Concept, rank: int) -> None:
        """Join a concept to the one that has its preferred term, or begin it; long terms belong to who came first."""
        place = self._place_of(concept)
        if place is None:
            place = len(self.growing)
            self.growing.append(_Growing(concept, rank == 0 or bool(concept.broader)))
        growing = self.growing[place]
        growing.broader.update(dict.fromkeys(concept.broader))
        for synonym in concept.synonyms:
            key = term_key(synonym.words)
            if not key or key in self.never or _length(synonym) > LONGEST_TERM:
                continue
            if is_short_form(synonym.text):
                self.claims[key].append(_Claim(place, rank, synonym))
            elif self.owners.setdefault(key, place) == place:
                growing.synonyms.setdefault(synonym.words, synonym)

    def _place_of(self, concept: Concept) -> int | None:
        """Where the concept is that this one is about: by its preferred term, that without its salt, or its long forms."""
        if not is_short_form(concept.preferred):
            words = fold_text(concept.preferred)
            place = self.owners.get(term_key(words))
            if place is None and len(words) == 2 and words[1] in self.salts:
                place = self.owners.get(words[0])
            return place
        keys = [term_key(synonym.words) for synonym in concept.synonyms if not is_short_form(synonym.text)]
        owners = {self.owners[key] for key in keys if key in self.owners}
        return owners.pop() if len(owners) == 1 else None

    def settle(self) -> dict[str, list[int]]:
        """Decide what each short form means; gives all keys and the places of the concepts they lead to."""
        index = {key: [place] for key, place in self.owners.items()}
        for key, claims in self.claims.items():
            owner = self.owners.get(key)
            for claim in _settled(claims):
                places = index.setdefault(key, [])
                if owner is not None and claim.place != owner and claim.rank > 0:
                    continue
                if claim.place not in places:
                    places.append(claim.place)
                self.growing[claim.place].synonyms.setdefault(claim.synonym.words, claim.synonym)
        return index


def _length(synonym: Synonym) -> int:
    return sum(word not in STOP_WORDS for word in synonym.words)


def _settled(claims: Sequence[_Claim]) -> Iterator[_Claim]:
    """The claims to a short form that hold: the first source's own, else those with enough of its uses."""
    own = [claim for claim in claims if claim.rank == 0]
    if own:
        yield from own
        yield from (claim for claim in claims if claim.rank and claim.place in {first.place for first in own})
        return
    uses: defaultdict[int, int] = defaultdict(int)
    for claim in claims:
        uses[claim.place] += LEAST_COUNT if claim.synonym.count is None else claim.synonym.count
    total = sum(uses.values())
    for claim in sorted(claims, key=lambda claim: -uses[claim.place]):
        if uses[claim.place] >= LEAST_COUNT and uses[claim.place] >= LEAST_SHARE * total:
            yield claim


def combine(*sources: Iterable[Concept]) -> Thesaurus:
    """One thesaurus from sources in the order of their authority.

    A concept joins an earlier one when its preferred term is a term of that one; a long term belongs to the concept that
    had it first. A short form leads to every meaning with at least `LEAST_SHARE` of its uses, unless the first source
    has it: then only to what that says. Meanings of one short form stay apart.
    """
    combiner = _Combiner()
    for rank, source in enumerate(sources):
        for concept in source:
            combiner.add(concept, rank)
    index = combiner.settle()
    kept: list[Concept] = []
    moved: dict[int, int] = {}
    for place, growing in enumerate(combiner.growing):
        if len(growing.synonyms) > 1 or (growing.synonyms and growing.is_kept):
            moved[place] = len(kept)
            synonyms = tuple(growing.synonyms.values())
            kept.append(replace(growing.first, synonyms=synonyms, broader=tuple(growing.broader)))
    settled = {key: [moved[place] for place in places if place in moved] for key, places in index.items()}
    return Thesaurus.of(kept, {key: places for key, places in settled.items() if places})
