"""Which words may stand for which: concepts, their synonyms and where each comes from.

A term is looked up by its folded words without stop words and without blanks, so that `non-small`, `nonsmall` and
`of the` make no difference. A short form with several meanings leads to several concepts and never joins them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import orjson

from trialist.errors import NotBuiltError
from trialist.vocabulary.text import fold_text

Words = tuple[str, ...]

STOP_WORDS = frozenset(
    {
        "of",
        "the",
        "to",
        "with",
        "for",
        "in",
        "and",
        "by",
        "on",
        "an",
        "or",
        "at",
        "from",
        "as",
        "due",
        "after",
    }
)
"""Words that no term is recognised by, folded."""

LONGEST_TERM = 10
"""A term has at most this many words that are no stop words."""

_FORMAT = 1
_FIELD, _ROW = "\x1f", "\x1e"


@dataclass(frozen=True, slots=True)
class Synonym:
    """One way to say a concept: folded `words`, the `text` as its source has it, the `source` and how often it was seen.

    `count` is None where the source does not count.
    """

    words: Words
    text: str
    source: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Concept:
    """One meaning: the term it is called by and all terms that may stand for it, the preferred one among them.

    `parts` are ids of concepts whose conjunction means this one. `is_modifier` says that it means something only beside
    another concept ("acute"), `broader` the ids of concepts above it.
    """

    concept_id: str
    preferred: str
    synonyms: tuple[Synonym, ...]
    parts: tuple[str, ...] = ()
    is_modifier: bool = False
    broader: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.concept_id or not self.preferred or not self.synonyms:
            raise ValueError("a concept needs an id, a preferred term and at least one synonym")


@dataclass(frozen=True, slots=True)
class Veto:
    """Someone's word that two terms are no synonyms, or that a concept is not to be used: give the pair or the id."""

    term: str = ""
    synonym: str = ""
    concept_id: str = ""

    def __post_init__(self) -> None:
        if bool(self.term and self.synonym) == bool(self.concept_id) or bool(self.term) != bool(self.synonym):
            raise ValueError("a veto names a term and a synonym, or a concept")


def synonym_of(text: str, source: str, count: int | None = None) -> Synonym:
    """A synonym with its words folded from its text."""
    return Synonym(tuple(fold_text(text)), text, source, count)


def term_key(words: Sequence[str]) -> str:
    """What a term is looked up by; stop words count only where there is nothing else."""
    return "".join([word for word in words if word not in STOP_WORDS]) or "".join(words)


class Thesaurus:
    """An immutable lookup of concepts by the terms that stand for them; see `combine` for how it is made."""

    def __init__(
        self,
        rows: Sequence[str],
        index: Mapping[str, int | list[int]],
        composites: Sequence[int],
        version: str,
        *,
        vetoed_pairs: frozenset[tuple[str, str]] = frozenset(),
        vetoed_ids: frozenset[str] = frozenset(),
    ) -> None:
        """Use `of` or `from_json`; `rows` are packed concepts, opened when asked for."""
        self._rows = rows
        self._index = index
        self._composite_places = composites
        self._vetoed_pairs = vetoed_pairs
        self._vetoed_ids = vetoed_ids
        self._opened: dict[int, Concept] = {}
        self._content_version = version

    @classmethod
    def of(cls, concepts: Sequence[Concept], index: Mapping[str, Sequence[int]]) -> Thesaurus:
        """A thesaurus of concepts and, for each term's key, the places of the concepts it leads to."""
        rows = [_pack(concept) for concept in concepts]
        compact = {
            key: places[0] if len(places) == 1 else list(places) for key, places in sorted(index.items())
        }
        composites = [place for place, concept in enumerate(concepts) if concept.parts]
        digest = hashlib.blake2b(orjson.dumps([_FORMAT, rows, compact]), digest_size=12).hexdigest()
        return cls(rows, compact, composites, digest)

    def to_json(self) -> bytes:
        """Everything but the vetoes, which are the caller's to keep."""
        return orjson.dumps(
            {
                "format": _FORMAT,
                "version": self._content_version,
                "rows": self._rows,
                "index": self._index,
                "composites": self._composite_places,
            }
        )

    @classmethod
    def from_json(cls, content: bytes) -> Thesaurus:
        """The thesaurus that `to_json` wrote; `NotBuiltError` when it is of another format or none at all."""
        try:
            read = orjson.loads(content)
            if read["format"] != _FORMAT:
                raise KeyError("format")
            return cls(read["rows"], read["index"], read["composites"], read["version"])
        except (ValueError, KeyError, TypeError) as error:
            message = f"this is no thesaurus of format {_FORMAT}: {error}"
            raise NotBuiltError(message, hint="Build the search index anew.") from error

    def without(self, vetoes: Iterable[Veto]) -> Thesaurus:
        """The same thesaurus with these vetoes, besides those it has; a vetoed pair holds in both directions."""
        pairs, ids = set(self._vetoed_pairs), set(self._vetoed_ids)
        for veto in vetoes:
            if veto.concept_id:
                ids.add(veto.concept_id)
            else:
                first, second = term_key(fold_text(veto.term)), term_key(fold_text(veto.synonym))
                pairs |= {(first, second), (second, first)}
        return Thesaurus(
            self._rows,
            self._index,
            self._composite_places,
            self._content_version,
            vetoed_pairs=frozenset(pairs),
            vetoed_ids=frozenset(ids),
        )

    @cached_property
    def version(self) -> str:
        """A hash of all that decides what is a synonym of what, vetoes included."""
        if not self._vetoed_pairs and not self._vetoed_ids:
            return self._content_version
        told = repr((self._content_version, sorted(self._vetoed_pairs), sorted(self._vetoed_ids)))
        return hashlib.blake2b(told.encode(), digest_size=12).hexdigest()

    def __len__(self) -> int:
        """How many concepts there are, vetoed ones included."""
        return len(self._rows)

    def __iter__(self) -> Iterator[Concept]:
        """All concepts that are not vetoed."""
        return (
            concept
            for concept in map(self._open, range(len(self._rows)))
            if concept.concept_id not in self._vetoed_ids
        )

    def concept(self, concept_id: str) -> Concept | None:
        """The concept with this id, or None."""
        place = self._places_by_id.get(concept_id)
        return None if place is None or concept_id in self._vetoed_ids else self._open(place)

    def concepts_of(self, words: Sequence[str]) -> tuple[Concept, ...]:
        """The concepts that folded words may mean, by any term of theirs; several for an ambiguous short form."""
        found = self._index.get(term_key(words))
        if found is None:
            return ()
        places = [found] if isinstance(found, int) else found
        return tuple(
            concept for concept in map(self._open, places) if concept.concept_id not in self._vetoed_ids
        )

    def synonyms_of(self, words: Sequence[str]) -> tuple[Synonym, ...]:
        """All other ways to say what folded words may mean, each with its source; without the words themselves.

        A way that may also mean something else (ED: erectile dysfunction, emergency department) is none of them.
        """
        key = term_key(words)
        found: dict[Words, Synonym] = {}
        for concept in self.concepts_of(words):
            for synonym in concept.synonyms:
                other = term_key(synonym.words)
                if (
                    synonym.words != tuple(words)
                    and (key, other) not in self._vetoed_pairs
                    and not self._is_ambiguous(other)
                ):
                    found.setdefault(synonym.words, synonym)
        return tuple(found.values())

    def is_ambiguous(self, words: Sequence[str]) -> bool:
        """Whether a term has several meanings, so that it may not stand for any one of them."""
        return self._is_ambiguous(term_key(words))

    def _is_ambiguous(self, key: str) -> bool:
        found = self._index.get(key)
        return isinstance(found, list) and len(found) > 1

    def segments(self, words: Sequence[str]) -> tuple[tuple[int, int], ...]:
        """A covering of words from left to right: the longest known term that begins at each place, else one word."""
        found = []
        start = 0
        while start < len(words):
            end = self._longest(words, start)
            found.append((start, end))
            start = end
        return tuple(found)

    def _longest(self, words: Sequence[str], start: int) -> int:
        """The end of the longest known term that begins here."""
        if words[start] in STOP_WORDS:
            return start + 1
        for end in range(min(len(words), start + LONGEST_TERM + 4), start + 1, -1):
            if words[end - 1] not in STOP_WORDS and self.concepts_of(words[start:end]):
                return end
        return start + 1

    @cached_property
    def composites(self) -> tuple[Concept, ...]:
        """The concepts that are made of parts."""
        return tuple(map(self._open, self._composite_places))

    @cached_property
    def _places_by_id(self) -> Mapping[str, int]:
        return {row[: row.index(_FIELD)]: place for place, row in enumerate(self._rows)}

    def is_vetoed(self, first: Sequence[str], second: Sequence[str]) -> bool:
        """Whether someone said that these two terms are no synonyms."""
        return (term_key(first), term_key(second)) in self._vetoed_pairs

    def _open(self, place: int) -> Concept:
        found = self._opened.get(place)
        if found is None:
            found = self._opened[place] = _unpack(self._rows[place])
        return found


def _pack(concept: Concept) -> str:
    head = _FIELD.join(
        (
            concept.concept_id,
            concept.preferred,
            ",".join(concept.parts),
            "1" if concept.is_modifier else "",
            ",".join(concept.broader),
        )
    )
    rows = [
        f"{item.text}{_FIELD}{item.source}{_FIELD}{'' if item.count is None else item.count}"
        for item in concept.synonyms
    ]
    return _ROW.join((head, *rows))


def _unpack(row: str) -> Concept:
    head, *rows = row.split(_ROW)
    concept_id, preferred, parts, is_modifier, broader = head.split(_FIELD)
    synonyms = []
    for packed in rows:
        text, source, count = packed.split(_FIELD)
        synonyms.append(synonym_of(text, source, int(count) if count else None))
    return Concept(
        concept_id,
        preferred,
        tuple(synonyms),
        tuple(parts.split(",")) if parts else (),
        bool(is_modifier),
        tuple(broader.split(",")) if broader else (),
    )
