"""What the parsed criteria of all studies tell, subject by subject, in one mapped file.

`<directory>/current.json` names the chunks and the table in force and is replaced in one step, as the index's is. Chunks that
were written by a build that was broken off are taken up by the next one.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialist.errors import NotBuiltError
from trialist.index.arrays import Array, ArrayFile, ArrayWriter, starts_of
from trialist.index.criteria_chunk import EXCLUDES, LAYOUT, LOWER_INCLUDED, UPPER_INCLUDED, CriteriaChunk
from trialist.index.current import CURRENT, Absent, content_in_force, write_current

_ABSENT = Absent(
    "the criteria have not been parsed",
    "the parsed criteria are damaged",
    "the criteria were parsed by another version of trialist",
    build="Parse them: trialist index",
    anew="Parse them anew: trialist index --full",
)
_AN_HOUR = 3600
Members = Mapping[int, int]
Numbers = NDArray[np.uint32]
Span = tuple[float, float, bool, bool]
"""Lower and upper end, and whether each belongs to it."""


class CriteriaTable:
    """The parsed criteria in force when it was opened; `NotBuiltError` when there are none or they are of another layout."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        content = read_current(directory)
        self.generation: str = content["generation"]
        self.stamp: str = content["stamp"]
        self.figures: dict[str, int] = content["figures"]
        self.problems: dict[str, str] = content["problems"]
        self._chunk_names: list[str] = content["chunks"]
        self._keys = {key: place for place, key in enumerate(content["keys"])}
        self._arrays = ArrayFile(directory / content["file"], content["table"])
        self._chunks: dict[int, CriteriaChunk] = {}

    def is_current(self) -> bool:
        """Whether nothing else has been swapped in since."""
        try:
            return bool(read_current(self.directory)["generation"] == self.generation)
        except NotBuiltError:
            return True

    @property
    def numbers(self) -> Numbers:
        """The NCT numbers of all studies, ascending."""
        return self._arrays["number"]

    @property
    def versions(self) -> Array:
        """Their version ids."""
        return self._arrays["version"]

    def document(self, number: int, version: int) -> bytes | None:
        """What was parsed of a version of a study, as JSON; None where there is nothing, empty where parsing failed."""
        place = int(np.searchsorted(self.numbers, number))
        if place == len(self.numbers) or self.numbers[place] != number or self.versions[place] != version:
            return None
        chunk = int(self._arrays["chunk"][place])
        if chunk not in self._chunks:
            self._chunks[chunk] = CriteriaChunk(self.directory, self._chunk_names[chunk])
        return self._chunks[chunk].document(int(self._arrays["place"][place]))

    def parsed(self, numbers: Array, versions: Array) -> NDArray[np.bool_]:
        """Which of these versions of studies have been parsed."""
        at = np.searchsorted(self.numbers, numbers)
        at[at == len(self.numbers)] = 0
        if not len(self.numbers):
            return np.zeros(len(numbers), dtype=bool)
        found: NDArray[np.bool_] = (self.numbers[at] == numbers) & (self.versions[at] == versions)
        return found

    def telling(self, key: str, asked: Span, *, excludes: bool) -> Numbers:
        """The studies that allow, or exclude, all of a stretch of a subject's values."""
        run = self._run("row_start", key)
        if run is None:
            return np.empty(0, dtype=np.uint32)
        lower, upper, flags = (self._arrays[name][run] for name in ("lower", "upper", "flags"))
        low, high, low_in, high_in = asked
        found = (flags & EXCLUDES != 0) == excludes
        found &= (lower < low) | (
            (lower == low) & ((flags & LOWER_INCLUDED != 0) | (not low_in) | math.isinf(low))
        )
        found &= (upper > high) | (
            (upper == high) & ((flags & UPPER_INCLUDED != 0) | (not high_in) | math.isinf(high))
        )
        numbers: Numbers = self._arrays["row_number"][run][found]
        return numbers

    def speaking(self, subject: str, sides: int) -> Numbers:
        """The studies whose criteria speak of a subject on one of these sides."""
        run = self._run("side_start", subject)
        if run is None:
            return np.empty(0, dtype=np.uint32)
        numbers: Numbers = self._arrays["side_number"][run][self._arrays["side"][run] & sides != 0]
        return numbers

    def spoken_of(self, sides: int) -> dict[str, Numbers]:
        """Every subject that some study speaks of on one of these sides, with the studies."""
        found = {key: self.speaking(key, sides) for key in self._keys if "@" not in key}
        return {key: numbers for key, numbers in found.items() if len(numbers)}

    def _run(self, starts: str, key: str) -> slice | None:
        place = self._keys.get(key)
        if place is None:
            return None
        first, last = self._arrays[starts][place : place + 2].tolist()
        return slice(first, last)

    @cached_property
    def bytes(self) -> int:
        """The size of everything on disk."""
        return sum(file.stat().st_size for file in self.directory.iterdir())


def read_current(directory: Path) -> Mapping[str, Any]:
    """The content of `current.json`; `NotBuiltError` when there is none of this layout."""
    return content_in_force(directory, LAYOUT, _ABSENT)


def open_chunks(directory: Path, stamp: str) -> list[CriteriaChunk]:
    """The whole chunks of a stamp that stand in a directory, by name; what is damaged or broken off is left out."""
    found = []
    for file in sorted(directory.glob("chunk-*.json")):
        with suppress(OSError, ValueError, KeyError):
            chunk = CriteriaChunk(directory, file.stem)
            if chunk.stamp == stamp:
                found.append(chunk)
    return found


def live_places(chunks: Sequence[CriteriaChunk], state: Members) -> list[NDArray[np.intp]]:
    """For each chunk the places of the studies that stand so in the state, each study in one chunk only."""
    numbers = np.fromiter(state, dtype=np.uint32, count=len(state))
    versions = np.fromiter(state.values(), dtype=np.uint64, count=len(state))
    order = np.argsort(numbers)
    numbers, versions = numbers[order], versions[order]
    taken = np.zeros(len(numbers), dtype=bool)
    found = []
    for chunk in chunks:
        at = np.searchsorted(numbers, chunk.numbers)
        inside = at < len(numbers)
        at[~inside] = 0
        if len(numbers):
            inside &= (numbers[at] == chunk.numbers) & (versions[at] == chunk.versions) & ~taken[at]
        taken[at[inside]] = True
        found.append(np.flatnonzero(inside))
    return found


def swap_in(directory: Path, stamp: str, chunks: Sequence[CriteriaChunk], state: Members) -> None:
    """Join the chunks' rows of the state's studies into a new table, put it in force and delete what is not any more."""
    kept = [
        (chunk, places)
        for chunk, places in zip(chunks, live_places(chunks, state), strict=True)
        if len(places)
    ]
    name = f"table-{uuid.uuid4().hex[:12]}.bin"
    keys: dict[str, int] = {}
    with ArrayWriter(directory / name) as out:
        _write_studies(out, kept)
        _write_runs(out, kept, keys)
    content = {
        "layout": LAYOUT,
        "generation": uuid.uuid4().hex[:16],
        "stamp": stamp,
        "file": name,
        "table": out.table,
        "keys": list(keys),
        "chunks": [chunk.name for chunk, _ in kept],
        "figures": _figures(kept),
        "problems": {
            f"NCT{number:08d}": said
            for chunk, places in kept
            for number, said in chunk.problems.items()
            if number in set(chunk.numbers[places].tolist())
        },
    }
    write_current(directory, content)
    _sweep(directory, {name, *(f"{chunk.name}{end}" for chunk, _ in kept for end in (".bin", ".json"))})


def _sweep(directory: Path, keep: Collection[str]) -> None:
    """Delete what is not in force; what another build may just be writing stays for an hour."""
    written = (directory / CURRENT).stat().st_mtime
    for entry in directory.iterdir():
        is_ours = entry.name.startswith(("chunk-", "table-", CURRENT)) and entry.name != CURRENT
        with suppress(FileNotFoundError):
            if is_ours and entry.name not in keep:
                is_whole = entry.suffix in (".json", ".bin")
                if is_whole or entry.stat().st_mtime < written - _AN_HOUR:
                    entry.unlink()


_Kept = Sequence[tuple[CriteriaChunk, NDArray[np.intp]]]


def _figures(kept: _Kept) -> dict[str, int]:
    """The figures of all studies in force, added up."""
    found: dict[str, int] = {}
    for chunk, places in kept:
        for figure, count in chunk.figures(places).items():
            found[figure] = found.get(figure, 0) + count
    return dict(sorted(found.items()))


def _joined(parts: Sequence[Array], kind: str) -> Array:
    return np.concatenate([np.empty(0, dtype=kind), *parts]).astype(kind)


def _write_studies(out: ArrayWriter, kept: _Kept) -> None:
    number = _joined([chunk.numbers[places] for chunk, places in kept], "<u4")
    order = np.argsort(number, kind="stable")
    out.add("number", number[order])
    out.add("version", _joined([chunk.versions[places] for chunk, places in kept], "<u8")[order])
    out.add("place", _joined([places for _, places in kept], "<u2")[order])
    owner = [np.full(len(places), at, dtype=np.uint32) for at, (_, places) in enumerate(kept)]
    out.add("chunk", _joined(owner, "<u4")[order])


def _write_runs(out: ArrayWriter, kept: _Kept, keys: dict[str, int]) -> None:
    """The rows by subject, then by study; `<name>_start` says where the rows of each subject begin."""
    for chunk, _ in kept:
        for key in chunk.keys:
            keys.setdefault(key, len(keys))
    for name, columns in (("row", ("lower", "upper", "flags")), ("side", ("side",))):
        own_keys: list[Array] = []
        numbers: list[Array] = []
        values: dict[str, list[Array]] = {column: [] for column in columns}
        for chunk, places in kept:
            lives = np.zeros(len(chunk.numbers), dtype=bool)
            lives[places] = True
            study = chunk.arrays[f"{name}_study"]
            at = lives[study]
            own = np.array([keys[one] for one in chunk.keys] or [0], dtype=np.uint16)
            own_keys.append(own[chunk.arrays[f"{name}_key"][at]])
            numbers.append(chunk.numbers[study[at]])
            for column in columns:
                values[column].append(chunk.arrays[column][at])
        joined, by_number = _joined(own_keys, "<u2"), _joined(numbers, "<u4")
        order = np.lexsort((by_number, joined))
        out.add(f"{name}_start", starts_of(np.bincount(joined, minlength=len(keys))))
        out.add(f"{name}_number", by_number[order])
        for column in columns:
            kind = "<f8" if column in ("lower", "upper") else "|u1"
            out.add(column, _joined(values[column], kind)[order])
