"""The table for typing ahead, written beside an index: a whole one, or what has changed since the whole one was made.

A whole table takes a look at every name there is. Where few studies have come, changed or gone since, a table of changes
is written instead: by how much each known name is given more or less often, and the names that are new.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from trialist.index.arrays import Array, ArrayFile, ArrayWriter, starts_of
from trialist.index.completion_entries import Entries, entries_of
from trialist.index.completions import (
    ALIAS,
    ARRAYS,
    FREE,
    INNER,
    KEY,
    KEY_BYTES,
    KINDS,
    LAYOUT,
    TABLE,
    plain_text,
    read_content,
    table_of,
    tables_beside,
)
from trialist.index.live import LiveIndex, alive_of
from trialist.vocabulary.text import fold_words
from trialist.vocabulary.thesaurus import Thesaurus

_MOST_WORDS = 6
"""An entry is found by the beginnings of so many of its words."""
_LONGEST_RARE = 60
"""A condition or intervention that one study alone names is kept if its name has no more characters."""
_MOST_SPELLINGS = 3
SMALL_SHARE = 0.02
"""While no larger share of the studies has changed since the whole table was made, changes are written."""


def write_completions(index: LiveIndex, thesaurus: Thesaurus, *, small_share: float | None = None) -> None:
    """Write the table of an index beside it, and remove those that are not in use; nothing if it is there already."""
    target = table_of(index)
    if read_content(target) is None:
        beside = target.with_name(f"{target.name}.{os.getpid()}")
        beside.mkdir()
        try:
            share = SMALL_SHARE if small_share is None else small_share
            _write(index, thesaurus, beside, share)
            shutil.rmtree(target, ignore_errors=True)
            beside.replace(target)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    kept = {target.name, (read_content(target) or {}).get("base")}
    for other in tables_beside(index, with_unfinished=True):
        if other.name not in kept:
            shutil.rmtree(other, ignore_errors=True)


def _write(index: LiveIndex, thesaurus: Thesaurus, directory: Path, small_share: float) -> None:
    changes = _changes(index, small_share * index.studies)
    with ArrayWriter(directory / ARRAYS) as out:
        for kind in KINDS:
            if changes is None:
                _write_kind(out, kind, entries_of(index.segments, index.alive, kind), thesaurus)
            else:
                _write_changes(out, kind, index, thesaurus, changes)
    content = {
        "layout": LAYOUT,
        "generation": index.generation,
        "table": out.table,
        "base": None if changes is None else changes.base.name,
        "segments": [segment.directory.name for segment in index.segments],
        "gone": index.gone.tolist(),
        "thesaurus": index.thesaurus_file.name,
    }
    (directory / TABLE).write_bytes(orjson.dumps(content))


@dataclass(frozen=True, slots=True)
class _Changes:
    """A whole table, and by segment the studies that it counts and should not, and the other way round."""

    base: Path
    arrays: ArrayFile
    gone: Sequence[Array]
    come: Sequence[Array]


def _changes(index: LiveIndex, most: float) -> _Changes | None:
    """What has changed since a whole table was made; None where there is none, or more than `most` studies have."""
    names = [segment.directory.name for segment in index.segments]
    for base in tables_beside(index):
        content = read_content(base)
        if content is None or content["base"] or content["thesaurus"] != index.thesaurus_file.name:
            continue
        held: Mapping[str, Any] = content
        if not base.name.endswith(held["generation"]):
            continue
        count = len(held["segments"])
        if not count or names[:count] != held["segments"]:
            continue
        before = alive_of(index.segments[:count], np.asarray(held["gone"], dtype=np.uint32))
        gone = [old & ~now for old, now in zip(before, index.alive[:count], strict=True)]
        come = [now & ~old for old, now in zip(before, index.alive[:count], strict=True)]
        come += index.alive[count:]
        if sum(int(mask.sum()) for mask in [*gone, *come]) <= most:
            return _Changes(base, ArrayFile(base / ARRAYS, held["table"]), gone, come)
    return None


def _write_changes(
    out: ArrayWriter, kind: str, index: LiveIndex, thesaurus: Thesaurus, changes: _Changes
) -> None:
    hashes, hashed = changes.arrays[f"{kind}/hash"], changes.arrays[f"{kind}/hashed"]
    size = len(hashes)
    change, pieces = np.zeros(size, dtype=np.int32), np.zeros(size, dtype=np.uint8)

    def owners_of(entries: Entries) -> Array:
        """The places of names in the whole table, -1 for those that it has not."""
        wanted = entries.hashes()
        at = np.minimum(hashes.searchsorted(wanted), max(size - 1, 0))
        if not size:
            return np.full(len(wanted), -1, dtype=np.int64)
        return np.where(hashes[at] == wanted, hashed[at].astype(np.int64), -1)

    lost = entries_of(index.segments[: len(changes.gone)], changes.gone, kind)
    found = entries_of(index.segments, changes.come, kind)
    for entries, sign in ((lost, -1), (found, 1)):
        owners = owners_of(entries)
        known = owners >= 0
        np.add.at(change, owners[known], sign * entries.count()[known].astype(np.int32))
        if sign > 0:
            np.bitwise_or.at(pieces, owners[known], np.array(entries.pieces, dtype=np.uint8)[known])
    changed = np.flatnonzero((change != 0) | (pieces != 0))
    out.add(f"{kind}/changed", changed.astype(np.uint32))
    out.add(f"{kind}/change", change[changed])
    out.add(f"{kind}/more_pieces", pieces[changed])
    _write_kind(out, kind, found, thesaurus, owners_of(found) >= 0)


@dataclass(frozen=True, slots=True)
class _Key:
    """A text by whose beginning an entry is found: what a study counts there, and the synonym it is, if it is one."""

    plain: str
    owner: int
    weight: float
    synonym: str = ""


def _keys_of(entries: Entries, kept: Sequence[int], counts: Array, thesaurus: Thesaurus) -> Iterator[_Key]:
    taught: set[str] = set()
    for owner, number in enumerate(kept):
        plain = plain_text(entries.text(number))
        words = plain.split()
        for at in range(min(len(words), _MOST_WORDS)):
            yield _Key(" ".join(words[at:]), owner, INNER if at else 1.0)
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
                yield _Key(plain_text(synonym.text), owner, ALIAS, synonym.text)


def _write_kind(
    out: ArrayWriter, kind: str, entries: Entries, thesaurus: Thesaurus, known: Array | None = None
) -> None:
    """Write the table of some names; those that are known are left out."""
    counts = entries.count()
    # The commonest first, so that a concept's synonyms lead to the name that most studies use.
    order = sorted(range(len(counts)), key=lambda number: (-int(counts[number]), entries.text(number)))
    kept = [
        number
        for number in order
        if (known is None or not known[number])
        and (counts[number] > 1 or kind not in FREE or len(entries.text(number)) <= _LONGEST_RARE)
    ]
    _write_texts(out, f"{kind}/text", (entries.text(number) for number in kept))
    out.add(f"{kind}/count", counts[kept].astype(np.uint32))
    out.add(f"{kind}/pieces", np.array([entries.pieces[number] for number in kept], dtype=np.uint8))
    hashes = entries.hashes()[kept]
    by_hash = np.argsort(hashes)
    out.add(f"{kind}/hash", hashes[by_hash])
    out.add(f"{kind}/hashed", by_hash.astype(np.uint32))
    plains: list[bytes] = []
    owners: list[int] = []
    weights: list[float] = []
    synonyms: list[str] = []
    synonym_of: list[int] = []
    for key in _keys_of(entries, kept, counts, thesaurus):
        if key.plain:
            plains.append(key.plain.encode()[:KEY_BYTES])
            owners.append(key.owner)
            weights.append(key.weight)
            if key.synonym:
                synonyms.append(key.synonym)
            synonym_of.append(len(synonyms) if key.synonym else 0)
    key_array, owner = np.array(plains, dtype=KEY), np.array(owners, dtype=np.uint32)
    score = counts[kept][owner] * np.array(weights) if kept else np.empty(0)
    sorted_by = np.argsort(key_array, kind="stable")
    best_first = np.lexsort((owner, -score))
    rank = np.empty(len(owner), dtype=np.uint32)
    rank[best_first] = np.arange(len(owner), dtype=np.uint32)
    out.add(f"{kind}/owner", owner[sorted_by])
    out.add(f"{kind}/rank", rank[sorted_by])
    out.add(f"{kind}/synonym", np.array(synonym_of, dtype=np.uint32)[sorted_by])
    out.add(f"{kind}/begins", (np.array(weights) != INNER).astype(np.uint8)[sorted_by])
    out.add(f"{kind}/key", key_array[sorted_by])
    _write_texts(out, f"{kind}/synonyms", synonyms)


def _write_texts(out: ArrayWriter, name: str, texts: Iterable[str]) -> None:
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    out.add(name, np.frombuffer(b"".join(encoded), dtype=np.uint8))
    sizes = np.fromiter(map(len, encoded), dtype=np.int64, count=len(encoded))
    out.add(f"{name}_start", starts_of(sizes))
