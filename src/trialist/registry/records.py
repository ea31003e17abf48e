"""`Records`: the records of one registry for many threads, and what a reader must know to notice a change."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from trialist.errors import InvalidParameterError, StudyNotFoundError
from trialist.store import SqliteReader, StoredStudy, StoreState, Version

__all__ = ["Records", "Resolved", "StoreState", "StoredStudy", "Version"]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A study found by an id; `by_alias` when the id is not its own but one it had before."""

    stored: StoredStudy
    by_alias: bool


class Records:
    """The records of a registry, for as many threads as like; `NotBuiltError` when there is no registry.

    Each thread that reads has a connection of its own, which is given back when the thread ends.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._own = threading.local()
        self._frozen_at: tuple[int, int, bool] | None = None
        moment = self._reader.moment()
        self._frozen_at = moment if moment[2] else None

    @property
    def _reader(self) -> SqliteReader:
        opened: tuple[SqliteReader, object] | None = getattr(self._own, "opened", None)
        if opened is None or opened[1] != self._frozen_at:
            if opened is not None:
                opened[0].close()
            opened = self._own.opened = (SqliteReader(self.directory), self._frozen_at)
        return opened[0]

    def get(self, nct_id: str) -> Resolved | None:
        """The current version of a study that the registry still has, by its canonical id or an alias, or None."""
        found = self._reader.get(nct_id)
        if found is None or found.missing_since is not None:
            return None
        return Resolved(found, by_alias=found.nct_id != nct_id)

    def get_known(self, nct_id: str) -> StoredStudy:
        """The current version of a study by id (any spelling) or alias, also of one that the registry has no longer.

        `StudyNotFoundError` offers the nearest known ids.
        """
        found = self._reader.get(nct_id)
        if found is None:
            raise StudyNotFoundError(nct_id, self._reader.nearest(nct_id))
        return found

    def versions(self, nct_id: str) -> tuple[Version, ...]:
        """The versions of a study by its canonical id, oldest first; () when it is not known."""
        return self._reader.versions(nct_id)

    def get_version(self, nct_id: str, number: int) -> StoredStudy:
        """One version of a study, 1 being the oldest; `InvalidParameterError` when there are not so many."""
        found = self._reader.get_version(nct_id, number)
        if found is None:
            most = len(self.versions(nct_id))
            raise InvalidParameterError(
                f"{nct_id} has no version {number}", hint=f"Its versions are numbered 1 to {most}."
            )
        return found

    def read(self, numbers: Sequence[int]) -> Iterator[bytes]:
        """The JSON of the current versions of these studies, in this order; one that is not there is passed over."""
        return self._reader.read(numbers)

    def numbers(self) -> list[int]:
        """The NCT numbers of the studies that the registry still has, ascending."""
        return list(self._reader.current())

    def first_number(self) -> int | None:
        """The smallest NCT number of the studies that the registry still has; None when it has none."""
        return self._reader.first_number()

    def state(self) -> StoreState:
        """What changes whenever the store does. On a read-only volume other files are noticed here, and opened anew."""
        if self._frozen_at is not None:
            self._frozen_at = self._reader.moment()
        return self._reader.state()

    def data_date(self) -> str:
        """The latest day of the registry's own data that a record names, or "" when none does."""
        return self._reader.data_date()

    def last_load_ended(self) -> datetime | None:
        """When the last load that was finished ended."""
        ended = [load.finished_at for load in self._reader.loads() if load.finished_at is not None]
        return max(ended, default=None)
