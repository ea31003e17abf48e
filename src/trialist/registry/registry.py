"""`Registry`: one open registry, one call a use case."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from trialist.errors import InvalidParameterError, StudyNotFoundError
from trialist.record.nct_id import parse_nct_id
from trialist.store import (
    Load,
    SqliteReader,
    StoredProblem,
    StoredStudy,
    StoreStats,
    VerifyReport,
    Version,
    verify_store,
)

__all__ = ["Load", "Registry", "StoreStats", "StoredProblem", "StoredStudy", "VerifyReport", "Version"]


class Registry:
    """A registry on disk, open for reading; other processes may read and one may write at the same time.

    Open it with `with Registry(directory) as registry`. `NotBuiltError` when there is none in the directory.
    """

    def __init__(self, directory: Path) -> None:
        self._store = SqliteReader(directory)

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the files back."""
        self._store.close()

    def get(self, nct_id: str) -> StoredStudy:
        """The current version of a study by id (any spelling) or alias.

        `StudyNotFoundError` offers the nearest known ids.
        """
        found = self._store.get(nct_id)
        if found is None:
            raise self._not_found(nct_id)
        return found

    def get_version(self, nct_id: str, number: int) -> StoredStudy:
        """One version of a study, 1 being the oldest; `InvalidParameterError` when there are not so many."""
        found = self._store.get_version(nct_id, number)
        if found is None:
            most = len(self.versions(nct_id))
            raise InvalidParameterError(
                f"{nct_id} has no version {number}", hint=f"Its versions are numbered 1 to {most}."
            )
        return found

    def versions(self, nct_id: str) -> tuple[Version, ...]:
        """The versions of a study by id or alias, oldest first; `StudyNotFoundError` when it is not known."""
        return self._store.versions(self.get(nct_id).nct_id)

    def scan(self, *, with_missing: bool = True) -> Iterator[StoredStudy]:
        """The current version of every study by ascending id, as of one moment."""
        return (study for study in self._store.scan() if with_missing or study.missing_since is None)

    def problems(self, load: int | None = None) -> Iterator[StoredProblem]:
        """The problems of one load, or of all."""
        if load is not None and load not in {known.number for known in self._store.loads()}:
            raise InvalidParameterError(f"there is no load {load}", hint="`trialist stats` lists the loads.")
        return self._store.problems(load)

    def loads(self) -> tuple[Load, ...]:
        """All loads, oldest first."""
        return self._store.loads()

    def stats(self) -> StoreStats:
        """Numbers of the registry."""
        return self._store.stats()

    def verify(self) -> VerifyReport:
        """Read and check everything."""
        return verify_store(self._store)

    def _not_found(self, nct_id: str) -> StudyNotFoundError:
        digits = "".join(char for char in nct_id if char in "0123456789")[:8]
        meant = parse_nct_id(nct_id) or (f"NCT{digits:0>8}" if digits else "")
        return StudyNotFoundError(nct_id, self._store.nearest(meant) if meant else ())
