"""Beginnings of words → conditions, interventions, places and sponsors that studies name: the table for typing ahead.

It is made of what the segments in force hold, and kept beside them as `completions-<generation>`. Spellings that differ
in case, signs, plural or British spelling are one entry, shown as most studies write it (as MeSH does, where it knows it).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from trialist.errors import NotBuiltError
from trialist.index.arrays import Array, ArrayFile
from trialist.index.live import LiveIndex
from trialist.vocabulary.text import fold_words, split_words

KINDS = {
    "condition": ("ConditionMeshTerm", "Condition"),
    "intervention": ("InterventionMeshTerm", "InterventionName", "InterventionOtherName"),
    "place": ("LocationCity", "LocationState", "LocationCountry"),
    "sponsor": ("LeadSponsorName", "CollaboratorName"),
}
"""What can be completed, and the fields its names stand in; where the first is MeSH's, its spelling is shown."""

FREE = frozenset({"condition", "intervention"})
"""Kinds whose names everybody writes as they like."""
LAYOUT = 2
KEY_BYTES = 24
KEY = f"S{KEY_BYTES}"
INNER, ALIAS = 0.25, 0.5
"""What a study counts where the text typed begins not the name but a later word of it, or begins a synonym."""
TABLE, ARRAYS = "table.json", "arrays.bin"
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


def table_of(index: LiveIndex) -> Path:
    """Where the table of an index stands."""
    return index.directory / f"{_PREFIX}{index.generation}"


def tables_beside(index: LiveIndex, *, with_unfinished: bool = False) -> list[Path]:
    """The tables in the index's directory, whosever they are."""
    found = sorted(index.directory.glob(f"{_PREFIX}*"))
    return found if with_unfinished else [one for one in found if one.suffix == ""]


def read_content(directory: Path) -> Mapping[str, Any] | None:
    """What a table says of itself; None where there is none of this layout, or the one it changes is not there."""
    try:
        content: Mapping[str, Any] = orjson.loads((directory / TABLE).read_bytes())
        if content["layout"] != LAYOUT:
            return None
        base = content["base"]
        return None if base and read_content(directory.with_name(base)) is None else content
    except (OSError, ValueError, KeyError):
        return None


def has_completions(index: LiveIndex) -> bool:
    """Whether the table of this very index is there."""
    return read_content(table_of(index)) is not None


@dataclass(frozen=True, slots=True)
class _Hit:
    """A key that begins so: whether it is no whole name, what it counts, and whose it is."""

    is_part: bool
    score: float
    owner: int
    synonym: int
    count: int


class _Table:
    """One file of names; `changes` say by how much their counts have changed since."""

    def __init__(self, directory: Path, changes: ArrayFile | None = None) -> None:
        content = read_content(directory) or {}
        self.arrays = ArrayFile(directory / ARRAYS, content["table"])
        self._changes = changes

    def hits(self, kind: str, typed: str, most: int) -> Iterator[_Hit]:
        """The best keys that begin so."""
        keys = self.arrays[f"{kind}/key"]
        wanted = typed.encode()
        first, last = _range(keys, wanted)
        ranks = self.arrays[f"{kind}/rank"][first:last]
        places = np.arange(len(ranks))
        if len(ranks) > most and len(wanted) <= KEY_BYTES:
            whole = int(np.searchsorted(keys[first:last], np.array(wanted, dtype=KEY), "right"))
            best = np.argpartition(ranks, most)[:most]
            places = np.unique(np.concatenate([best, np.arange(min(whole, 4 * most))]))
        owners, synonyms = self.arrays[f"{kind}/owner"], self.arrays[f"{kind}/synonym"]
        for place in places.tolist():
            at = first + place
            owner, synonym = int(owners[at]), int(synonyms[at])
            if len(wanted) > KEY_BYTES and not self._begins(kind, owner, synonym, typed):
                continue
            begins = bool(self.arrays[f"{kind}/begins"][at])
            count = int(self.arrays[f"{kind}/count"][owner]) + self._change(kind, "change", owner)
            if count > 0:
                weight = (ALIAS if synonym else 1.0) if begins else INNER
                yield _Hit(not (begins and bytes(keys[at]) == wanted), count * weight, owner, synonym, count)

    def _change(self, kind: str, name: str, owner: int) -> int:
        if self._changes is None:
            return 0
        changed = self._changes[f"{kind}/changed"]
        at = int(changed.searchsorted(owner))
        is_changed = at < len(changed) and changed[at] == owner
        return int(self._changes[f"{kind}/{name}"][at]) if is_changed else 0

    def _begins(self, kind: str, owner: int, synonym: int, typed: str) -> bool:
        name = self._text(kind, "synonyms", synonym - 1) if synonym else self._text(kind, "text", owner)
        return f" {typed}" in f" {plain_text(name)}"

    def _text(self, kind: str, name: str, number: int) -> str:
        start = self.arrays[f"{kind}/{name}_start"]
        span = slice(int(start[number]), int(start[number + 1]))
        return bytes(self.arrays[f"{kind}/{name}"][span]).decode("utf-8", "surrogatepass")

    def completion(self, kind: str, hit: _Hit) -> Completion:
        """What a hit stands for."""
        fields = int(self.arrays[f"{kind}/pieces"][hit.owner]) | self._change(kind, "more_pieces", hit.owner)
        return Completion(
            kind,
            self._text(kind, "text", hit.owner),
            hit.count,
            tuple(piece for place, piece in enumerate(KINDS[kind]) if fields >> place & 1),
            self._text(kind, "synonyms", hit.synonym - 1) if hit.synonym else "",
        )


class Completions:
    """The table of an index; while that is still being made, the one before it.

    `NotBuiltError` when there is none.
    """

    def __init__(self, index: LiveIndex) -> None:
        found = {one: read_content(one) for one in (table_of(index), *tables_beside(index))}
        directory, content = next(((one, has) for one, has in found.items() if has is not None), (None, None))
        if directory is None or content is None:
            raise NotBuiltError("nothing is ready for typing ahead", hint="Make it ready: trialist index")
        self.generation: str = content["generation"]
        try:
            self._tables = [_Table(directory)]
            if content["base"]:
                self._tables.insert(0, _Table(directory.with_name(content["base"]), self._tables[0].arrays))
        except (OSError, KeyError):  # swept away meanwhile
            raise NotBuiltError("nothing is ready for typing ahead", hint="Ask again in a moment") from None

    def find(self, text: str, kinds: Sequence[str] = tuple(KINDS), most: int = 10) -> list[Completion]:
        """Of each kind the `most` names that begin so, those of most studies first; a whole name before all others."""
        typed = plain_text(text[:_LONGEST_ASKED])
        folded = " ".join(fold_words(typed.split()))
        asked = [one for one in dict.fromkeys((typed, folded)) if one]
        found: list[Completion] = []
        for kind in kinds:
            ranked = sorted(
                ((hit.is_part, -hit.score, place, hit.owner, hit.synonym), hit)
                for place, table in enumerate(self._tables)
                for one in asked
                for hit in table.hits(kind, one, 4 * most)
            )
            kept: dict[tuple[int, int], Completion] = {}
            for (_, _, place, owner, _), hit in ranked:
                if (place, owner) not in kept and len(kept) < most:
                    kept[place, owner] = self._tables[place].completion(kind, hit)
            found += kept.values()
        return found


def _range(keys: Array, wanted: bytes) -> tuple[int, int]:
    """Where the keys that begin so stand."""
    cut = wanted[:KEY_BYTES]
    lower = np.array(cut, dtype=KEY)
    upper = np.array(cut + b"\xff" * (KEY_BYTES - len(cut)), dtype=KEY)
    return int(keys.searchsorted(lower, "left")), int(keys.searchsorted(upper, "right"))
