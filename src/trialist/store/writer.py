"""The store in SQLite: loads and their batches. One writer at a time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import astuple, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from trialist.errors import Level, Problem, RegistryBusyError
from trialist.record.nct_id import nct_number
from trialist.store.packing import is_same_json
from trialist.store.sqlite import CURRENT_FIRST, LOAD_COLUMNS, SqliteReader, connect, store_errors
from trialist.store.store import SHAPES, Batch, Load, PackedStudy

if TYPE_CHECKING:
    from collections.abc import Iterator

_COLUMNS = ", ".join(LOAD_COLUMNS)
_LOCK_NAME = "writer.lock"
_MAX_ALIASES = 100  # far beyond any real study; a record with more would be damage


class SqliteWriter(SqliteReader):
    """Writes a store; see `store.StudyWriter`. Open it with `with`: it holds the right to write until closed."""

    def __init__(self, directory: Path) -> None:
        connection = connect(directory, write=True, create=True)
        try:
            self._lock = _take_lock(directory)
        except BaseException:
            connection.close()
            raise
        super().__init__(directory, connection)

    def __enter__(self) -> SqliteWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up the right to write."""
        super().close()
        self._lock.close()

    def begin_load(
        self, sources: tuple[str, ...], fingerprint: str, *, is_full: bool, code_version: str, at: datetime
    ) -> Load:
        """Start a load, or take up the unfinished one of the same fingerprint and code version."""
        with self._transaction():
            row = self._connection.execute(
                f"SELECT {_COLUMNS} FROM load WHERE state = 'running' AND fingerprint = ? AND is_full = ?"
                " AND code_version = ?",
                (fingerprint, is_full, code_version),
            ).fetchone()
            resumed = row[0] if row else None
            self._connection.execute(
                "UPDATE load SET state = 'abandoned' WHERE state = 'running' AND load_id IS NOT ?", (resumed,)
            )
            if row is None:
                values = (json.dumps(sources), fingerprint, is_full, code_version, at.isoformat())
                row = self._connection.execute(
                    "INSERT INTO load (sources, fingerprint, is_full, code_version, started_at, state)"
                    f" VALUES (?, ?, ?, ?, ?, 'running') RETURNING {_COLUMNS}",
                    values,
                ).fetchone()
        return self._load(row)

    def add_dictionary(self, content: bytes) -> int:
        """Keep a trained dictionary for the studies to come and return its number."""
        with self._transaction():
            number = self._connection.execute(
                "INSERT INTO dictionary (content) VALUES (?)", (content,)
            ).lastrowid
        return number or 0

    def add_batch(self, load: Load, batch: Batch) -> Load:
        """Write a batch in one transaction; the load, further on."""
        with self._transaction():
            added = updated = older = unchanged = 0
            for place, study in enumerate(batch.studies):
                outcome = self._write(load.number, load.counts.read + place, study)
                added += outcome == "added"
                updated += outcome == "updated"
                older += outcome == "older"
                unchanged += outcome == "unchanged"
            self._write_problems(load.number, batch.problems)
            if load.is_full:
                self._see_damaged(load.number, batch.problems)
            counts = replace(
                load.counts,
                added=load.counts.added + added,
                updated=load.counts.updated + updated,
                older=load.counts.older + older,
                unchanged=load.counts.unchanged + unchanged,
                rejected=load.counts.rejected + batch.rejected,
            )
            further = replace(load, taken=load.taken + batch.taken, counts=counts)
            self._connection.execute(
                "UPDATE load SET taken = ?, added = ?, updated = ?, older = ?, unchanged = ?, rejected = ?"
                " WHERE load_id = ?",
                (further.taken, *astuple(counts)[:5], load.number),
            )
        return further

    def _write(self, load: int, order: int, study: PackedStudy) -> str:
        """One study; what it was to the store: added, updated, older or unchanged."""
        execute = self._connection.execute
        number = nct_number(study.nct_id)
        known = execute("SELECT version_id FROM study WHERE nct_number = ?", (number,)).fetchone()
        same = self._same_version(number, study) if known else None
        if same:
            version = same[0]
            self._see_again(version, same, load, order, study)
        else:
            version = self._add_version(number, load, order, study)
        if not known:
            execute("INSERT INTO study VALUES (?, ?, ?, NULL)", (number, version, load))
            self._write_aliases(number, study.aliases)
            return "added"
        current = execute(
            f"SELECT version_id FROM version WHERE nct_number = ? ORDER BY {CURRENT_FIRST}", (number,)
        ).fetchone()[0]
        execute(
            "UPDATE study SET version_id = ?, seen_load = ?, missing_since = NULL WHERE nct_number = ?",
            (current, load, number),
        )
        if current != known[0]:  # then it is the one just written: nothing else was touched
            self._write_aliases(number, study.aliases)
        if same:
            return "unchanged" if current == known[0] else "updated"
        return "updated" if current == version else "older"

    def _same_version(self, number: int, study: PackedStudy) -> tuple[int, int, str] | None:
        """The version that says the same, as (id, shape, day of the data): by its text, else by its JSON."""
        columns = "SELECT version_id, shape, data_date"
        found = self._connection.execute(
            f"{columns} FROM version WHERE nct_number = ? AND text_hash = ?", (number, study.text_hash)
        ).fetchone()
        if found:
            return cast("tuple[int, int, str]", found)
        raw = self.unpack(study.dictionary, study.packed)
        rows = self._connection.execute(
            f"{columns}, dictionary_id, packed FROM version JOIN content USING (version_id)"
            " WHERE nct_number = ? AND last_update_post_date = ? ORDER BY version_id",
            (number, study.last_update_post_date),
        )
        for version, shape, data_date, dictionary, packed in rows:
            if is_same_json(raw, self.unpack(dictionary, packed)):
                return version, shape, data_date
        return None

    def _add_version(self, number: int, load: int, order: int, study: PackedStudy) -> int:
        self._connection.execute(
            "INSERT INTO version (nct_number, text_hash, last_update_post_date, data_date, shape, size, first_load,"
            " seen_load, seen_order) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                study.text_hash,
                study.last_update_post_date,
                study.data_date,
                SHAPES.index(study.shape),
                study.size,
                load,
                load,
                order,
            ),
        )
        version: int = self._connection.execute("SELECT last_insert_rowid()").fetchone()[0]
        self._connection.execute(
            "INSERT INTO content VALUES (?, ?, ?)", (version, study.dictionary, study.packed)
        )
        return version

    def _see_again(
        self, version: int, known: tuple[int, int, str], load: int, order: int, study: PackedStudy
    ) -> None:
        """Note that a version was met again; its bytes change only for those of a later day of data."""
        _, shape, data_date = known
        self._connection.execute(
            "UPDATE version SET seen_load = ?, seen_order = ?, shape = ? WHERE version_id = ?",
            (load, order, max(shape, SHAPES.index(study.shape)), version),
        )
        if study.data_date > data_date:
            self._connection.execute(
                "UPDATE version SET data_date = ?, text_hash = ?, size = ? WHERE version_id = ?",
                (study.data_date, study.text_hash, study.size, version),
            )
            self._connection.execute(
                "UPDATE content SET dictionary_id = ?, packed = ? WHERE version_id = ?",
                (study.dictionary, study.packed, version),
            )

    def _write_aliases(self, number: int, aliases: Sequence[str]) -> None:
        self._connection.execute("DELETE FROM alias WHERE nct_number = ?", (number,))
        self._connection.executemany(
            "INSERT OR IGNORE INTO alias VALUES (?, ?)",
            [(nct_number(alias), number) for alias in aliases[:_MAX_ALIASES] if nct_number(alias) != number],
        )

    def _write_problems(self, load: int, problems: Sequence[Problem]) -> None:
        counted: dict[tuple[str, str], tuple[Problem, int]] = {}
        rows = []
        for problem in problems:
            if problem.level is Level.INFO:
                key = (problem.code, problem.where.path)
                first, count = counted.get(key, (problem, 0))
                counted[key] = (first, count + 1)
            else:
                rows.append(_problem_row(load, problem, 1))
        rows += [_problem_row(load, first, count) for first, count in counted.values()]
        self._connection.executemany(
            "INSERT INTO problem (load_id, level, code, source, member, position, position_unit, nct_id, path, message,"
            " excerpt, count) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (load_id, code, path) WHERE level = 'info' DO UPDATE SET count = count + excluded.count",
            rows,
        )

    def _see_damaged(self, load: int, problems: Sequence[Problem]) -> None:
        """A study whose record is damaged in a full load is there all the same: it is not missing."""
        numbers = {
            nct_number(problem.where.nct_id)
            for problem in problems
            if problem.level is Level.ERROR and problem.where.nct_id
        }
        self._connection.executemany(
            "UPDATE study SET seen_load = ?, missing_since = NULL WHERE nct_number = ?",
            [(load, number) for number in sorted(numbers)],
        )

    def finish_load(self, load: Load, *, mark_missing: bool, at: datetime) -> Load:
        """End a load; with `mark_missing`, mark the studies that it did not contain."""
        with self._transaction():
            missing = 0
            if mark_missing:
                missing = self._connection.execute(
                    "UPDATE study SET missing_since = ? WHERE seen_load <> ? AND missing_since IS NULL",
                    (load.number, load.number),
                ).rowcount
            row = self._connection.execute(
                "UPDATE load SET state = 'finished', finished_at = ?, missing = ? WHERE load_id = ?"
                f" RETURNING {_COLUMNS}",
                (at.isoformat(), missing, load.number),
            ).fetchone()
        with store_errors(self.directory):
            self._connection.execute("PRAGMA optimize")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return self._load(row)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with store_errors(self.directory):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def _problem_row(load: int, problem: Problem, count: int) -> tuple[object, ...]:
    where = problem.where
    place = (where.source, where.member, where.position, where.position_unit, where.nct_id, where.path)
    return (load, problem.level.value, problem.code, *place, problem.message, problem.excerpt, count)


def _take_lock(directory: Path) -> sqlite3.Connection:
    """The right to write: an open transaction on a file of its own, which the system ends when the process dies."""
    try:
        lock = sqlite3.connect(directory / _LOCK_NAME, isolation_level=None, timeout=0.0)
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            with store_errors(directory):
                raise
        raise RegistryBusyError(
            f"another process is writing to {directory}", hint="Wait for it to end and try again."
        ) from error
    return lock
