"""The names that studies give conditions, interventions, places and sponsors, and how many studies give each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trialist.index.arrays import Array
from trialist.index.completions import FREE, KINDS, plain_text
from trialist.index.hashing import hash_value
from trialist.index.segment import Segment, ValueField
from trialist.vocabulary.text import fold_words, split_words


class Entries:
    """The names of one kind, by their words: folded ones where lexical variants may meet, else as they are written."""

    def __init__(self, *, folds: bool) -> None:
        self.folds = folds
        self.numbers: dict[tuple[str, ...], int] = {}
        self.texts: list[str] = []
        self.spellings: list[dict[str, int]] = []
        self.pieces: list[int] = []
        self.pairs: list[Array] = []

    def add(self, text: str, count: int, field: int, *, is_preferred: bool = False) -> int:
        """The number of a name, -1 for one without words; `count` says how often it is spelled so."""
        key = tuple(fold_words(split_words(text)) if self.folds else plain_text(text).split())
        if not key:
            return -1
        number = self.numbers.setdefault(key, len(self.texts))
        if number == len(self.texts):
            self.texts.append("")
            self.spellings.append({})
            self.pieces.append(0)
        if is_preferred:
            self.texts[number] = self.texts[number] or text
        spellings = self.spellings[number]
        spellings[text] = spellings.get(text, 0) + count
        self.pieces[number] |= 1 << field
        return number

    def hashes(self) -> Array:
        """A number for each, by which another table of the kind knows the same name."""
        keys = (hash_value(" ".join(key).encode("utf-8", "surrogatepass")) for key in self.numbers)
        return np.fromiter(keys, dtype=np.uint64, count=len(self.numbers))

    def count(self) -> Array:
        """How many studies name each."""
        if not self.pairs:
            return np.zeros(len(self.texts), dtype=np.int64)
        pairs = np.unique(np.concatenate(self.pairs))
        return np.bincount((pairs >> 32).astype(np.int64), minlength=len(self.texts))

    def text(self, number: int) -> str:
        """A name as it is shown."""
        spellings = self.spellings[number]
        return self.texts[number] or max(spellings, key=lambda one: (spellings[one], one))


def _pairs(numbers: Array, studies: Array) -> Array:
    return numbers.astype(np.int64) << 32 | studies.astype(np.int64)


def _sizes(start: Array) -> Array:
    """How long each of several runs is."""
    return start[1:].astype(np.int64) - start[:-1].astype(np.int64)


def entries_of(segments: Sequence[Segment], masks: Sequence[Array], kind: str) -> Entries:
    """The names of a kind in the marked studies of some segments."""
    found = Entries(folds=kind in FREE)
    first = 0
    for segment, mask in zip(segments, masks, strict=True):
        if mask.any():
            if kind == "place":
                _add_places(found, segment, mask, first)
            else:
                for place, piece in enumerate(KINDS[kind]):
                    _add_values(found, segment.field(piece), mask, first, place, piece.endswith("MeshTerm"))
        first += segment.studies
    return found


def _add_values(
    found: Entries, field: object, alive: Array, first: int, place: int, is_preferred: bool
) -> None:
    if not isinstance(field, ValueField):
        return
    start, studies = field.study_pairs()
    kept = np.flatnonzero(alive[studies])
    if 20 * len(kept) < len(studies):
        value = start.searchsorted(kept, "right") - 1
    else:
        value = np.repeat(np.arange(len(field)), _sizes(start))[kept]
    studies = studies[kept]
    counts = np.bincount(value, minlength=len(field))
    named_at = np.flatnonzero(counts)
    texts = field.texts() if 4 * len(named_at) > len(field) else None
    numbers = np.full(len(field), -1, dtype=np.int64)
    for number, count in zip(named_at.tolist(), counts[named_at].tolist(), strict=True):
        text = field.value(number) if texts is None else texts[number]
        numbers[number] = found.add(" ".join(text.split()), count, place, is_preferred=is_preferred)
    named = numbers[value] >= 0
    found.pairs.append(_pairs(numbers[value[named]], studies[named].astype(np.int64) + first))


def _add_places(found: Entries, segment: Segment, alive: Array, first: int) -> None:
    """Towns with what they lie in, states with their country, countries; each by the sites that name them so."""
    fields = [segment.field(piece) for piece in KINDS["place"]]
    texts = [["", *field.texts()] if isinstance(field, ValueField) else [""] for field in fields]
    values = [_of_sites(field, segment.sites) for field in fields]
    studies = segment.site_study.astype(np.int64)
    kept = alive[studies]
    for size in (3, 2, 1):
        parts = [one[kept] for one in values[-size:]]
        code = parts[0]
        for one, names in zip(parts[1:], texts[len(texts) - size + 1 :], strict=True):
            code = code * len(names) + one
        known = parts[0] > 0
        _, at, inverse, often = np.unique(
            code[known], return_index=True, return_inverse=True, return_counts=True
        )
        said = [
            [names[number] for number in one[known][at].tolist()]
            for one, names in zip(parts, texts[-size:], strict=True)
        ]
        labels = (
            ", ".join(" ".join(name.split()) for name in row if name) for row in zip(*said, strict=True)
        )
        found_at = [
            found.add(label, count, 3 - size) for label, count in zip(labels, often.tolist(), strict=True)
        ]
        numbers = np.array(found_at, dtype=np.int64)
        told = numbers[inverse] >= 0
        found.pairs.append(_pairs(numbers[inverse][told], studies[kept][known][told] + first))


def _of_sites(field: object, sites: int) -> Array:
    """The value of every site, from 1; 0 where it has none."""
    found = np.zeros(sites, dtype=np.int64)
    if isinstance(field, ValueField):
        start, holders = field.site_pairs()
        found[holders] = np.repeat(np.arange(len(field)), _sizes(start)) + 1
    return found
