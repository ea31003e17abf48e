"""The index of a registry on disk: a set of segments, swapped as a whole.

`<registry>/index/current.json` names the segments and the thesaurus in force; it is replaced in one step, so a reader
has either the old set or the new one. A reader keeps its segments mapped for as long as it wants them, deleted or not.
The first segment is the main one; each later one holds studies that came or changed since, which count there only.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trialist.errors import NotBuiltError
from trialist.index.arrays import Array
from trialist.index.build import Report, Source, build_segment, total_bytes
from trialist.index.current import CURRENT, Absent, content_in_force, write_current
from trialist.index.layout import LAYOUT_VERSION
from trialist.index.segment import Segment
from trialist.vocabulary.learned import Learner

_MOST_SEGMENTS = 8
_LARGEST_SHARE = 0.1
"""A small segment is added for at most this share of changed studies; beyond it everything is built anew."""


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did: studies written, studies in all, segments, bytes on disk; `kind` is full, added or unchanged."""

    kind: str
    written: int
    studies: int
    segments: int
    size: int


@dataclass(frozen=True, slots=True)
class Taught:
    """Two files: what the studies teach about synonyms, and the thesaurus made of it and other sources."""

    learned: bytes
    thesaurus: bytes


_ABSENT = Absent(
    "there is no search index",
    "the search index is damaged",
    "the search index was made by another version of trialist",
    build="Build it: trialist index",
    anew="Build it anew: trialist index --full",
)


class LiveIndex:
    """The segments in force when it was opened; `NotBuiltError` when there is no index or it is of another version."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        content = read_current(directory)
        self.generation: str = content["generation"]
        self.segments = tuple(Segment(directory / name) for name in content["segments"])
        self.thesaurus_file: Path = directory / content["thesaurus"]
        self.learned_file: Path = directory / content["learned"]
        self.gone = np.asarray(content["gone"], dtype=np.uint32)
        self.alive = alive_of(self.segments, self.gone)
        self.is_whole = tuple(bool(alive.all()) for alive in self.alive)
        self.studies = int(sum(alive.sum() for alive in self.alive))

    def open_all(self) -> None:
        """Map all files, so that the index can be read whatever is built meanwhile and swept away."""
        for segment in self.segments:
            segment.open_all()

    def versions(self, numbers: Sequence[int]) -> list[int]:
        """The version in which each of these studies (NCT numbers) is in force; 0 where it is not."""
        asked = np.array(numbers, np.int64)
        found = np.zeros(len(asked), np.uint64)
        for segment, alive in zip(self.segments, self.alive, strict=True):
            if len(segment.nct):
                at = np.minimum(np.searchsorted(segment.nct, asked), len(segment.nct) - 1)
                is_here = (segment.nct[at] == asked) & alive[at]
                found[is_here] = segment.version[at[is_here]]
        versions: list[int] = found.tolist()
        return versions

    def is_current(self) -> bool:
        """Whether no other set has been swapped in since."""
        try:
            return bool(read_current(self.directory)["generation"] == self.generation)
        except NotBuiltError:
            return True


def read_current(directory: Path) -> Mapping[str, Any]:
    """The content of `current.json`; `NotBuiltError` when there is none of this version."""
    return content_in_force(directory, LAYOUT_VERSION, _ABSENT)


def alive_of(segments: Sequence[Segment], gone: Array) -> tuple[Array, ...]:
    """Of each segment the studies that no later segment holds and that have not gone."""
    found = []
    for place, segment in enumerate(segments):
        alive = ~np.isin(segment.nct, gone)
        for later in segments[place + 1 :]:
            alive &= ~np.isin(segment.nct, later.nct)
        found.append(alive)
    return tuple(found)


def write_index(
    directory: Path,
    source: Source,
    state: Mapping[int, int],
    *,
    teach: Callable[[Learner], Taught],
    full: bool = False,
    workers: int = 1,
    report: Report = lambda _: None,
) -> Built:
    """Bring the index to `state` (NCT number → version id): a new small segment if that will do, else everything.

    `teach` makes files of synonyms from what all studies teach; a small segment leaves those in force. What is in force
    stays readable throughout; a build that is broken off leaves it as it was.
    """
    directory.mkdir(parents=True, exist_ok=True)
    before = None if full else _open_or_none(directory)
    changed, gone = _difference(before, state)
    if before is not None and not changed and not (gone - _known_gone(directory)):
        return Built("unchanged", 0, len(state), len(before.segments), _size(directory, before))
    small = (
        before is not None
        and len(changed) <= max(100, _LARGEST_SHARE * len(state))
        and len(before.segments) < _MOST_SEGMENTS
    )
    numbers = sorted(changed if small else state)
    name = f"segment-{uuid.uuid4().hex[:12]}"
    kept: list[str] = (
        [segment.directory.name for segment in before.segments] if before is not None and small else []
    )
    try:
        learner = Learner()
        if numbers or not kept:
            versions = [state[number] for number in numbers]
            learner = build_segment(
                source, numbers, versions, directory / name, workers=workers, report=report
            )
            kept = [*kept, name]
        if before is not None and small:
            learned, thesaurus = before.learned_file.name, before.thesaurus_file.name
        else:
            learned, thesaurus = _write_taught(directory, teach(learner))
        _swap(directory, kept, learned, thesaurus, sorted(gone) if small else [])
    except BaseException:
        shutil.rmtree(directory / name, ignore_errors=True)
        raise
    _sweep(directory)
    now = LiveIndex(directory)
    kind = "added" if small else "full"
    return Built(kind, len(numbers), now.studies, len(now.segments), _size(directory, now))


def replace_thesaurus(directory: Path, taught: Taught) -> None:
    """Put other synonyms in force over the same segments."""
    content = read_current(directory)
    _swap(directory, content["segments"], *_write_taught(directory, taught), content["gone"])
    _sweep(directory)


def _write_taught(directory: Path, taught: Taught) -> tuple[str, str]:
    names = (f"learned-{uuid.uuid4().hex[:12]}.zst", f"thesaurus-{uuid.uuid4().hex[:12]}.zst")
    for name, content in zip(names, (taught.learned, taught.thesaurus), strict=True):
        (directory / name).write_bytes(content)
    return names


def _open_or_none(directory: Path) -> LiveIndex | None:
    try:
        return LiveIndex(directory)
    except NotBuiltError:
        return None


def _known_gone(directory: Path) -> set[int]:
    return set(read_current(directory)["gone"])


def _difference(before: LiveIndex | None, state: Mapping[int, int]) -> tuple[set[int], set[int]]:
    """The studies that are new or changed, and those that are gone."""
    if before is None:
        return set(state), set()
    known: dict[int, int] = {}
    every: set[int] = set()
    for segment, alive in zip(before.segments, before.alive, strict=True):
        known.update(zip(segment.nct[alive].tolist(), segment.version[alive].tolist(), strict=True))
        every.update(segment.nct.tolist())
    changed = {number for number, version in state.items() if known.get(number) != version}
    return changed, every - set(state)


def _swap(
    directory: Path, segments: Sequence[str], learned: str, thesaurus: str, gone: Sequence[int]
) -> None:
    content = {
        "layout": LAYOUT_VERSION,
        "generation": uuid.uuid4().hex[:16],
        "segments": list(segments),
        "learned": learned,
        "thesaurus": thesaurus,
        "gone": list(gone),
    }
    write_current(directory, content)


def _sweep(directory: Path) -> None:
    """Delete what is not in force: former segments and what broken-off builds left."""
    content = read_current(directory)
    kept = {CURRENT, content["learned"], content["thesaurus"], *content["segments"]}
    for entry in directory.iterdir():
        if entry.name in kept:
            continue
        if entry.is_dir() and entry.name.startswith("segment-"):
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.name.startswith(("thesaurus-", "learned-", CURRENT)):
            entry.unlink(missing_ok=True)


def _size(directory: Path, index: LiveIndex) -> int:
    aside: tuple[Path, ...] = (index.thesaurus_file, index.learned_file)
    return sum(total_bytes(segment.directory) for segment in index.segments) + sum(
        file.stat().st_size for file in aside
    )
