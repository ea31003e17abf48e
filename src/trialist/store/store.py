"""The promises of the store, as values and two protocols.

- A study's JSON is kept byte for byte as it was read; every distinct version is kept.
- Records that differ in nothing but the day of the registry's data (`VersionHolder`, which every download sets anew in
  every record) are one version; the bytes kept are those of the latest day.
- The current version of a study is the one with the latest `LastUpdatePostDate`; among equal dates the registry's own
  shape (v2) comes before one converted from older shapes, then the later day of data, then the one seen last.
- A load is a row; its batches are transactions: readers see a batch whole or not at all.
- A study that a full load did not contain is marked, never deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from trialist.errors import Level, Problem
from trialist.record.study import Study

SHAPES = ("xml", "v1", "v2")
"""Where a record's JSON came from; later ones are closer to the registry's own and win among equal dates."""


@dataclass(frozen=True, slots=True)
class StoredStudy:
    """One version of one study as the store holds it.

    `raw` is its JSON; `missing_since` the id of the full load that first did not contain the study any more, or None.
    """

    nct_id: str
    raw: bytes
    version: int
    missing_since: int | None = None

    @property
    def study(self) -> Study:
        """The study, parsed."""
        return Study.from_json(self.raw)


@dataclass(frozen=True, slots=True)
class Version:
    """A row of a study's history, oldest first: `number` counts from 1, `first_load` brought it, `size` is in bytes."""

    nct_id: str
    number: int
    last_update_post_date: str
    shape: str
    text_hash: str
    size: int
    first_load: int
    first_seen_at: datetime
    is_current: bool


@dataclass(frozen=True, slots=True)
class StoredProblem:
    """A problem and the load that met it; `count` is above 1 where like ones are counted together (INFO)."""

    load: int
    problem: Problem
    count: int


@dataclass(frozen=True, slots=True)
class LoadCounts:
    """What a load did. `read` = `added` + `updated` + `unchanged` + `older` + `rejected`.

    `added`: new studies · `updated`: a new current version · `older`: a version new to the store that is not the current
    one · `unchanged`: a version known before · `rejected`: pieces that gave no study · `missing`: studies that this full
    load did not contain and that were not marked before · `problems`: by (level, code).
    """

    added: int = 0
    updated: int = 0
    older: int = 0
    unchanged: int = 0
    rejected: int = 0
    missing: int = 0
    problems: Mapping[tuple[Level, str], int] = field(default_factory=dict)

    @property
    def read(self) -> int:
        """Pieces read."""
        return self.added + self.updated + self.older + self.unchanged + self.rejected

    @property
    def loaded(self) -> int:
        """Studies read, new or not."""
        return self.read - self.rejected


@dataclass(frozen=True, slots=True)
class Load:
    """A load: `sources` as given, `taken` pieces of them done, `state` "running", "finished" or "abandoned"."""

    number: int
    sources: tuple[str, ...]
    is_full: bool
    code_version: str
    state: str
    started_at: datetime
    finished_at: datetime | None
    taken: int
    counts: LoadCounts


@dataclass(frozen=True, slots=True)
class StoreState:
    """What changes whenever a load writes: the last load, its state, and how many pieces of it are done."""

    load: int
    state: str
    taken: int


@dataclass(frozen=True, slots=True)
class PackedStudy:
    """A study ready to be written: checked, hashed and compressed. Dates are "" when the record does not tell them."""

    nct_id: str
    text_hash: bytes
    last_update_post_date: str
    data_date: str
    shape: str
    aliases: tuple[str, ...]
    size: int
    packed: bytes
    dictionary: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction writes: studies in reading order, problems, and how many pieces it takes the load further."""

    studies: Sequence[PackedStudy]
    problems: Sequence[Problem]
    rejected: int
    taken: int


@dataclass(frozen=True, slots=True)
class StoreStats:
    """Numbers of a store: `raw_bytes` is the JSON of all versions, `packed_bytes` the same compressed, `disk_bytes` the files."""

    studies: int
    versions: int
    missing: int
    aliases: int
    loads: int
    problems: int
    raw_bytes: int
    packed_bytes: int
    disk_bytes: int
    latest_update: str


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What `verify` looked at and found; `findings` is empty for a sound store."""

    versions: int
    studies: int
    findings: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


class StudyReader(Protocol):
    """Reading: any number of processes at once, also while one writes."""

    def get(self, nct_id: str) -> StoredStudy | None:
        """The current version by id or alias, or None."""

    def get_version(self, nct_id: str, number: int) -> StoredStudy | None:
        """One version, counted from 1 as `versions` lists them, or None."""

    def scan(self) -> Iterator[StoredStudy]:
        """The current version of every study by ascending id, as of one moment."""

    def current(self) -> dict[int, int]:
        """The NCT numbers of the studies the registry still has, ascending, and the version of each that is current."""

    def read(self, numbers: Iterable[int]) -> Iterator[bytes]:
        """The JSON of the current versions of these studies, in this order; one that is not there is passed over."""

    def versions(self, nct_id: str) -> tuple[Version, ...]:
        """All versions of a study, oldest first; () when there is no such study."""

    def problems(self, load: int | None = None) -> Iterator[StoredProblem]:
        """The problems of one load, or of all, in the order they were met."""

    def loads(self) -> tuple[Load, ...]:
        """All loads, oldest first."""

    def state(self) -> StoreState:
        """What changes whenever a load writes; cheap to ask."""

    def data_date(self) -> str:
        """The latest day of the registry's own data (`yyyy-MM-dd`) that a record was seen in, "" when none tells it."""

    def nearest(self, nct_id: str, most: int = 5) -> tuple[str, ...]:
        """Known ids that look most like one that is not known."""

    def dictionary(self) -> tuple[int, bytes] | None:
        """The compression dictionary for new studies with its number, or None when there is none yet."""

    def stats(self) -> StoreStats:
        """Numbers of the store."""


class StudyWriter(StudyReader, Protocol):
    """Writing: one process at a time."""

    def begin_load(
        self, sources: tuple[str, ...], fingerprint: str, *, is_full: bool, code_version: str, at: datetime
    ) -> Load:
        """Start a load, or take up the unfinished one of the same fingerprint and code version."""

    def add_dictionary(self, content: bytes) -> int:
        """Keep a trained dictionary for the studies to come and return its number."""

    def add_batch(self, load: Load, batch: Batch) -> Load:
        """Write a batch in one transaction; the load, further on."""

    def finish_load(self, load: Load, *, mark_missing: bool, at: datetime) -> Load:
        """End a load; with `mark_missing`, mark the studies that it did not contain."""
