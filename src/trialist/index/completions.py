"""Beginnings of words → conditions, interventions, places and sponsors that studies name: the table for typing ahead.

It is made of what the segments in force hold, and kept beside them as `completions-<generation>`. Spellings that differ
in case, signs, plural or British spelling are one entry, shown as most studies write it (as MeSH does, where it knows it).
"""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson

from trialist.errors import NotBuiltError
from trialist.index.arrays import Array, ArrayFile, ArrayWriter, starts_of
from trialist.index.live import LiveIndex
from trialist.index.segment import Segment, ValueField
from trialist.vocabulary.text import fold_words, split_words
from trialist.vocabulary.thesaurus import Thesaurus

KINDS = {
    "condition": ("ConditionMeshTerm", "Condition"),
    "intervention": ("InterventionMeshTerm", "InterventionName", "InterventionOtherName"),
    "place": ("LocationCity", "LocationState", "LocationCountry"),
    "sponsor": ("LeadSponsorName", "CollaboratorName"),
}
"""What can be completed, and the fields its names stand in; where the first is MeSH's, its spelling is shown."""

_FREE = frozenset({"condition", "intervention"})
"""Kinds whose names everybody writes as they like."""
LAYOUT = 1
_KEY_BYTES = 24
_KEY = f"S{_KEY_BYTES}"
_MOST_WORDS = 6
"""An entry is found by the beginnings of so many of its words."""
_LONGEST_RARE = 60
"""A condition or intervention that one study alone names is kept if its name has no more characters."""
_INNER, _ALIAS = 0.25, 0.5
"""What a study counts where the text typed begins not the name but a later word of it, or begins a synonym."""
_MOST_SPELLINGS = 3
_LONGEST_ASKED = 100
_PREFIX = "completions-"


@dataclass(frozen=True, slots=True)
class Completion:
    """A name that begins, or of which a word begins, with what was typed.

    `studies` name it, in the fields `pieces`. `synonym` is what was found instead where the name itself does not begin so.
    """

    kind: str
    text: str
    studies: int
    pieces: tuple[str, ...]
    synonym: str = ""


def plain_text(text: str) -> str:
    """The words of a text in small letters without accents, single blanks between them."""
    words = " ".join(split_words(text)).casefold()
    if words.isascii():
        return words
    flat = unicodedata.normalize("NFKD", words)
    return "".join(char for char in flat if not unicodedata.combining(char))


# Making the table


class _Entries:
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


def _entries_of(index: LiveIndex, kind: str) -> _Entries:
    found = _Entries(folds=kind in _FREE)
    first = 0
    for segment, alive in zip(index.segments, index.alive, strict=True):
        if kind == "place":
            _add_places(found, segment, alive, first)
        else:
            for place, piece in enumerate(KINDS[kind]):
                _add_values(found, segment.field(piece), alive, first, place, piece.endswith("MeshTerm"))
        first += segment.studies
    return found


def _add_values(
    found: _Entries, field: object, alive: Array, first: int, place: int, is_preferred: bool
) -> None:
    if not isinstance(field, ValueField):
        return
    start, studies = field.study_pairs()
    value = np.repeat(np.arange(len(field)), _sizes(start))
    kept = alive[studies]
    value, studies = value[kept], studies[kept]
    counts = np.bincount(value, minlength=len(field)).tolist()
    numbers = np.full(len(field), -1, dtype=np.int64)
    for number, (text, count) in enumerate(zip(field.texts(), counts, strict=True)):
        if count:
            numbers[number] = found.add(" ".join(text.split()), count, place, is_preferred=is_preferred)
    named = numbers[value] >= 0
    found.pairs.append(_pairs(numbers[value[named]], studies[named].astype(np.int64) + first))


def _add_places(found: _Entries, segment: Segment, alive: Array, first: int) -> None:
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


@dataclass(frozen=True, slots=True)
class _Key:
    """A text by whose beginning an entry is found: what a study counts there, and the synonym it is, if it is one."""

    plain: str
    owner: int
    weight: float
    synonym: str = ""


def _keys_of(entries: _Entries, kept: Sequence[int], counts: Array, thesaurus: Thesaurus) -> Iterator[_Key]:
    taught: set[str] = set()
    for owner, number in enumerate(kept):
        plain = plain_text(entries.text(number))
        words = plain.split()
        for at in range(min(len(words), _MOST_WORDS)):
            yield _Key(" ".join(words[at:]), owner, _INNER if at else 1.0)
        others = {plain_text(one) for one in entries.spellings[number]} - {plain}
        for other in sorted(others)[:_MOST_SPELLINGS]:
            yield _Key(other, owner, 1.0)
        if entries.folds and counts[number] > 1:
            yield from _synonyms(words, owner, thesaurus, taught, entries.numbers)


def _synonyms(
    words: Sequence[str],
    owner: int,
    thesaurus: Thesaurus,
    taught: set[str],
    named: Mapping[tuple[str, ...], int],
) -> Iterator[_Key]:
    """Ways to say an entry that no study of its kind uses itself; a concept belongs to the commonest name for it."""
    folded = fold_words(words)
    if thesaurus.is_ambiguous(folded):
        return
    for concept in thesaurus.concepts_of(folded):
        if concept.concept_id in taught:
            continue
        taught.add(concept.concept_id)
        for synonym in concept.synonyms:
            if synonym.words not in named and not thesaurus.is_ambiguous(synonym.words):
                yield _Key(plain_text(synonym.text), owner, _ALIAS, synonym.text)


def write_completions(index: LiveIndex, thesaurus: Thesaurus) -> None:
    """Write the table of an index beside it, and remove those of other generations; nothing if it is there already."""
    target = index.directory / f"{_PREFIX}{index.generation}"
    if _is_sound(target):
        return
    beside = index.directory / f"{_PREFIX}{index.generation}.{os.getpid()}"
    beside.mkdir()
    try:
        with ArrayWriter(beside / "arrays.bin") as out:
            for kind in KINDS:
                _write_kind(out, kind, _entries_of(index, kind), thesaurus)
        content = {"layout": LAYOUT, "generation": index.generation, "table": out.table}
        (beside / "table.json").write_bytes(orjson.dumps(content))
        shutil.rmtree(target, ignore_errors=True)
        beside.replace(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    for other in index.directory.glob(f"{_PREFIX}*"):
        if other != target:
            shutil.rmtree(other, ignore_errors=True)


def _write_kind(out: ArrayWriter, kind: str, entries: _Entries, thesaurus: Thesaurus) -> None:
    counts = entries.count()
    # The commonest first, so that a concept's synonyms lead to the name that most studies use.
    order = sorted(range(len(counts)), key=lambda number: (-int(counts[number]), entries.text(number)))
    kept = [
        number
        for number in order
        if counts[number] > 1 or kind not in _FREE or len(entries.text(number)) <= _LONGEST_RARE
    ]
    _write_texts(out, f"{kind}/text", (entries.text(number) for number in kept))
    out.add(f"{kind}/count", counts[kept].astype(np.uint32))
    out.add(f"{kind}/pieces", np.array([entries.pieces[number] for number in kept], dtype=np.uint8))
    plains: list[bytes] = []
    owners: list[int] = []
    weights: list[float] = []
    synonyms: list[str] = []
    synonym_of: list[int] = []
    for key in _keys_of(entries, kept, counts, thesaurus):
        if key.plain:
            plains.append(key.plain.encode()[:_KEY_BYTES])
            owners.append(key.owner)
            weights.append(key.weight)
            if key.synonym:
                synonyms.append(key.synonym)
            synonym_of.append(len(synonyms) if key.synonym else 0)
    key_array, owner = np.array(plains, dtype=_KEY), np.array(owners, dtype=np.uint32)
    score = counts[kept][owner] * np.array(weights) if kept else np.empty(0)
    sorted_by = np.argsort(key_array, kind="stable")
    best_first = np.lexsort((owner, -score))
    rank = np.empty(len(owner), dtype=np.uint32)
    rank[best_first] = np.arange(len(owner), dtype=np.uint32)
    out.add(f"{kind}/owner", owner[sorted_by])
    out.add(f"{kind}/rank", rank[sorted_by])
    out.add(f"{kind}/synonym", np.array(synonym_of, dtype=np.uint32)[sorted_by])
    out.add(f"{kind}/begins", (np.array(weights) != _INNER).astype(np.uint8)[sorted_by])
    out.add(f"{kind}/key", key_array[sorted_by])
    _write_texts(out, f"{kind}/synonyms", synonyms)


def _write_texts(out: ArrayWriter, name: str, texts: Iterable[str]) -> None:
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    out.add(name, np.frombuffer(b"".join(encoded), dtype=np.uint8))
    sizes = np.fromiter(map(len, encoded), dtype=np.int64, count=len(encoded))
    out.add(f"{name}_start", starts_of(sizes))


# Reading it


def _is_sound(directory: Path) -> bool:
    try:
        return bool(orjson.loads((directory / "table.json").read_bytes())["layout"] == LAYOUT)
    except (OSError, ValueError, KeyError):
        return False


def has_completions(index: LiveIndex) -> bool:
    """Whether the table of this very index is there."""
    return _is_sound(index.directory / f"{_PREFIX}{index.generation}")


class Completions:
    """The table of an index; while that is still being made, the one before it.

    `NotBuiltError` when there is none.
    """

    def __init__(self, index: LiveIndex) -> None:
        own = index.directory / f"{_PREFIX}{index.generation}"
        others = [one for one in index.directory.glob(f"{_PREFIX}*") if one.suffix == ""]
        found = next((one for one in (own, *sorted(others)) if _is_sound(one)), None)
        if found is None:
            raise NotBuiltError("nothing is ready for typing ahead", hint="Make it ready: trialist index")
        content = orjson.loads((found / "table.json").read_bytes())
        self.generation: str = content["generation"]
        self._arrays = ArrayFile(found / "arrays.bin", content["table"])

    def find(self, text: str, kinds: Sequence[str] = tuple(KINDS), most: int = 10) -> list[Completion]:
        """Of each kind the `most` names that begin so, those of most studies first; a whole name before all others."""
        typed = plain_text(text[:_LONGEST_ASKED])
        folded = " ".join(fold_words(typed.split()))
        asked = [one for one in dict.fromkeys((typed, folded)) if one]
        found: list[Completion] = []
        for kind in kinds:
            ranked = sorted(hit for one in asked for hit in self._hits(kind, one, 4 * most))
            kept: dict[int, Completion] = {}
            for _, _, owner, synonym in ranked:
                if owner not in kept and len(kept) < most:
                    kept[owner] = self._completion(kind, owner, synonym)
            found += kept.values()
        return found

    def _hits(self, kind: str, typed: str, most: int) -> Iterator[tuple[bool, int, int, int]]:
        """Whether it is no whole name, its rank, its owner and synonym, of the best keys that begin so."""
        keys = self._arrays[f"{kind}/key"]
        wanted = typed.encode()
        first, last = _range(keys, wanted)
        ranks = self._arrays[f"{kind}/rank"][first:last]
        places = np.arange(len(ranks))
        if len(ranks) > most and len(wanted) <= _KEY_BYTES:
            whole = int(np.searchsorted(keys[first:last], np.array(wanted, dtype=_KEY), "right"))
            best = np.argpartition(ranks, most)[:most]
            places = np.unique(np.concatenate([best, np.arange(min(whole, 4 * most))]))
        owners, synonyms = self._arrays[f"{kind}/owner"], self._arrays[f"{kind}/synonym"]
        for place in places.tolist():
            at = first + place
            owner, synonym = int(owners[at]), int(synonyms[at])
            if len(wanted) > _KEY_BYTES and not self._begins(kind, owner, synonym, typed):
                continue
            is_whole = bytes(keys[at]) == wanted and bool(self._arrays[f"{kind}/begins"][at])
            yield not is_whole, int(ranks[place]), owner, synonym

    def _begins(self, kind: str, owner: int, synonym: int, typed: str) -> bool:
        name = self._text(kind, "synonyms", synonym - 1) if synonym else self._text(kind, "text", owner)
        return f" {typed}" in f" {plain_text(name)}"

    def _text(self, kind: str, name: str, number: int) -> str:
        start = self._arrays[f"{kind}/{name}_start"]
        span = slice(int(start[number]), int(start[number + 1]))
        return bytes(self._arrays[f"{kind}/{name}"][span]).decode("utf-8", "surrogatepass")

    def _completion(self, kind: str, owner: int, synonym: int) -> Completion:
        fields = int(self._arrays[f"{kind}/pieces"][owner])
        return Completion(
            kind,
            self._text(kind, "text", owner),
            int(self._arrays[f"{kind}/count"][owner]),
            tuple(piece for place, piece in enumerate(KINDS[kind]) if fields >> place & 1),
            self._text(kind, "synonyms", synonym - 1) if synonym else "",
        )


def _range(keys: Array, wanted: bytes) -> tuple[int, int]:
    """Where the keys that begin so stand."""
    cut = wanted[:_KEY_BYTES]
    lower = np.array(cut, dtype=_KEY)
    upper = np.array(cut + b"\xff" * (_KEY_BYTES - len(cut)), dtype=_KEY)
    return int(keys.searchsorted(lower, "left")), int(keys.searchsorted(upper, "right"))
