"""The store in SQLite: opening and reading."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

from trialist.errors import Level, NotBuiltError, Problem, RegistryBusyError, StoreWriteError, Where
from trialist.record.nct_id import nct_id_of, nct_number, parse_nct_id
from trialist.store.packing import Unpacker
from trialist.store.store import (
    SHAPES,
    Load,
    LoadCounts,
    StoredProblem,
    StoredStudy,
    StoreState,
    StoreStats,
    Version,
)

FILE_NAME = "studies.sqlite"
SCHEMA_VERSION = 1
_PAGE_BYTES = 16 * 1024  # most packed records fit into a page
_BUSY_SECONDS = 30.0

# The current version of a study is the first in this order.
CURRENT_FIRST = (
    "last_update_post_date DESC, shape DESC, data_date DESC, seen_load DESC, seen_order DESC, version_id DESC"
)
COUNTED = ("added", "updated", "older", "unchanged", "rejected", "missing")
LOAD_COLUMNS = (
    "load_id", "sources", "is_full", "code_version", "state", "started_at", "finished_at", "taken", *COUNTED
)  # fmt: skip
OLDEST_FIRST = "v.last_update_post_date, v.data_date, v.first_load, v.shape, v.version_id"


def connect(directory: Path, *, write: bool, create: bool = False) -> sqlite3.Connection:
    """A connection to the store in a directory.

    `NotBuiltError` when there is none (and `create` is not set) or a newer trialist made it; `StoreWriteError` when the
    directory cannot be made or written.
    """
    file = directory / FILE_NAME
    if not file.is_file() and not create:
        raise NotBuiltError(
            f"there is no registry in {directory}", hint="Run `trialist load PATH…` or `trialist demo` first."
        )
    try:
        if create:
            directory.mkdir(parents=True, exist_ok=True)
        mode = "rwc" if create else "rw" if write else "ro"
        # SQLite keeps an index of its log beside the file, and would have to make it where nothing can be made.
        frozen = "&immutable=1" if not write and is_frozen(directory) else ""
        connection = sqlite3.connect(
            f"{file.absolute().as_uri()}?mode={mode}{frozen}",
            uri=True,
            isolation_level=None,
            timeout=_BUSY_SECONDS,
        )
    except (OSError, sqlite3.Error) as error:
        raise StoreWriteError(
            f"cannot open the registry in {directory}: {error}", hint="Check the path and its permissions."
        ) from error
    with store_errors(directory):
        if write:
            _prepare(connection)
        _check_schema(connection, directory)
    return connection


def is_frozen(directory: Path) -> bool:
    """Whether the store can only be read, and nobody who could write here has it open: a read-only volume or image."""
    return not os.access(directory, os.W_OK) and not (directory / f"{FILE_NAME}-wal").exists()


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may cost the last batch, never the store
    connection.execute("PRAGMA wal_autocheckpoint = 2000")
    connection.execute("PRAGMA cache_size = -65536")
    connection.execute("BEGIN IMMEDIATE")
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
        script = (resources.files("trialist.store") / "schema.sql").read_text(encoding="utf-8")
        for statement in _statements(script):
            connection.execute(statement)
        connection.execute("INSERT INTO meta VALUES ('schema', ?)", (str(SCHEMA_VERSION),))
    connection.execute("COMMIT")


def _statements(script: str) -> Iterator[str]:
    """The statements of a script one by one: `executescript` would commit the transaction around them."""
    text = ""
    for line in script.splitlines():
        text += line.partition("--")[0] + "\n"
        if sqlite3.complete_statement(text):
            yield text
            text = ""


def _check_schema(connection: sqlite3.Connection, directory: Path) -> None:
    try:
        row = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        row = None
    if row is None:
        raise NotBuiltError(f"the registry in {directory} was never finished", hint="Load it again.")
    if int(row[0]) != SCHEMA_VERSION:
        raise NotBuiltError(
            f"the registry in {directory} was made by another version of trialist (layout {row[0]}, not {SCHEMA_VERSION})",
            hint="Use that version, or load into a new directory.",
        )


@contextmanager
def store_errors(directory: Path) -> Iterator[None]:
    """Turn what SQLite raises into the tree of errors."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        text = str(error)
        if "locked" in text:
            raise RegistryBusyError(
                f"another process is writing to {directory}", hint="Wait for it to end and try again."
            ) from error
        if isinstance(error, sqlite3.OperationalError) and (
            "full" in text or "disk" in text or "readonly" in text
        ):
            raise StoreWriteError(
                f"cannot write to {directory}: {text}",
                hint="Make room or fix the disk, then run the same command again: it goes on where it stopped.",
            ) from error
        if "malformed" in text or "not a database" in text:
            raise StoreWriteError(
                f"the registry in {directory} is damaged: {text}",
                hint="Restore it, or load into a new directory.",
            ) from error
        raise


class SqliteReader:
    """Reads a store; see `store.StudyReader`."""

    def __init__(self, directory: Path, connection: sqlite3.Connection | None = None) -> None:
        self.directory = directory
        self._connection = connection or connect(directory, write=False)
        self._unpackers: dict[int, Unpacker] = {}

    def close(self) -> None:
        """Give the files back."""
        self._connection.close()

    def get(self, nct_id: str) -> StoredStudy | None:
        """The current version by id or alias, or None."""
        number = _number(nct_id)
        if number is None:
            return None
        found = self._get(number)
        if found is None:
            row = self._connection.execute(
                "SELECT nct_number FROM alias WHERE alias_number = ? ORDER BY nct_number", (number,)
            ).fetchone()
            found = self._get(row[0]) if row else None
        return found

    def _get(self, number: int) -> StoredStudy | None:
        row = self._connection.execute(
            "SELECT s.nct_number, c.dictionary_id, c.packed, c.version_id, s.missing_since"
            " FROM study s JOIN content c ON c.version_id = s.version_id WHERE s.nct_number = ?",
            (number,),
        ).fetchone()
        return self._stored(row) if row else None

    def _stored(self, row: tuple[int, int, bytes, int, int | None]) -> StoredStudy:
        number, dictionary, packed, version_id, missing_since = row
        return StoredStudy(nct_id_of(number), self.unpack(dictionary, packed), version_id, missing_since)

    def moment(self) -> tuple[int, int, bool]:
        """What is another one when the files of the store are: a reader of a read-only volume is not told otherwise."""
        found = (self.directory / FILE_NAME).stat()
        return found.st_mtime_ns, found.st_size, is_frozen(self.directory)

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection, for `verify`, which looks behind the promises."""
        return self._connection

    def unpack(self, dictionary: int, packed: bytes) -> bytes:
        """A packed record's bytes."""
        unpacker = self._unpackers.get(dictionary)
        if unpacker is None:
            row = self._connection.execute(
                "SELECT content FROM dictionary WHERE dictionary_id = ?", (dictionary,)
            ).fetchone()
            unpacker = self._unpackers[dictionary] = Unpacker(row[0] if row else b"")
        return unpacker.unpack(packed)

    def get_version(self, nct_id: str, number: int) -> StoredStudy | None:
        """One version, counted from 1 as `versions` lists them, or None."""
        ids = self._version_ids(nct_id)
        if not 0 < number <= len(ids):
            return None
        row = self._connection.execute(
            "SELECT v.nct_number, c.dictionary_id, c.packed, c.version_id, s.missing_since"
            " FROM version v JOIN content c USING (version_id) JOIN study s USING (nct_number) WHERE c.version_id = ?",
            (ids[number - 1],),
        ).fetchone()
        return self._stored(row)

    def _version_ids(self, nct_id: str) -> list[int]:
        rows = self._connection.execute(
            f"SELECT version_id FROM version v WHERE nct_number = ? ORDER BY {OLDEST_FIRST}",
            (_number(nct_id),),
        )
        return [row[0] for row in rows]

    def scan(self) -> Iterator[StoredStudy]:
        """The current version of every study by ascending id, as of one moment."""
        rows = self._connection.execute(
            "SELECT s.nct_number, c.dictionary_id, c.packed, c.version_id, s.missing_since"
            " FROM study s JOIN content c ON c.version_id = s.version_id ORDER BY s.nct_number"
        )
        return map(self._stored, rows)

    def current(self) -> dict[int, int]:
        """The NCT numbers of the studies the registry still has, ascending, and the version of each that is current."""
        rows = self._connection.execute(
            "SELECT nct_number, version_id FROM study WHERE missing_since IS NULL ORDER BY nct_number"
        )
        return dict(rows.fetchall())

    def first_number(self) -> int | None:
        """The smallest NCT number of the studies the registry still has; None when it has none."""
        found = self._connection.execute("SELECT MIN(nct_number) FROM study WHERE missing_since IS NULL")
        number: int | None = found.fetchone()[0]
        return number

    def read(self, numbers: Iterable[int]) -> Iterator[bytes]:
        """The JSON of the current versions of these studies, in this order; one that is not there is passed over."""
        for number in numbers:
            found = self._get(number)
            if found is not None:
                yield found.raw

    def versions(self, nct_id: str) -> tuple[Version, ...]:
        """All versions of a study, oldest first; () when there is no such study."""
        rows = self._connection.execute(
            "SELECT v.nct_number, v.last_update_post_date, v.shape, v.text_hash, v.size, v.first_load, l.started_at,"
            " s.version_id = v.version_id FROM version v JOIN study s USING (nct_number)"
            f" JOIN load l ON l.load_id = v.first_load WHERE v.nct_number = ? ORDER BY {OLDEST_FIRST}",
            (_number(nct_id),),
        )
        return tuple(
            Version(
                nct_id_of(row[0]),
                place,
                row[1],
                SHAPES[row[2]],
                row[3].hex(),
                row[4],
                row[5],
                datetime.fromisoformat(row[6]),
                bool(row[7]),
            )
            for place, row in enumerate(rows, 1)
        )

    def problems(self, load: int | None = None) -> Iterator[StoredProblem]:
        """The problems of one load, or of all, in the order they were met."""
        rows = self._connection.execute(
            "SELECT load_id, level, code, source, member, position, position_unit, nct_id, path, message, excerpt, count"
            " FROM problem WHERE ? IS NULL OR load_id = ? ORDER BY load_id, problem_id",
            (load, load),
        )
        for row in rows:
            problem = Problem(Level(row[1]), row[2], Where(*row[3:9]), row[9], row[10])
            yield StoredProblem(row[0], problem, row[11])

    def loads(self) -> tuple[Load, ...]:
        """All loads, oldest first."""
        rows = self._connection.execute(
            f"SELECT {', '.join(LOAD_COLUMNS)} FROM load ORDER BY load_id"
        ).fetchall()
        return tuple(self._load(row) for row in rows)

    def _load(self, row: tuple[Any, ...]) -> Load:
        values = dict(zip(LOAD_COLUMNS, row, strict=True))
        by_kind = self._connection.execute(
            "SELECT level, code, sum(count) FROM problem WHERE load_id = ? GROUP BY level, code ORDER BY level, code",
            (values["load_id"],),
        )
        ended = values["finished_at"]
        return Load(
            number=values["load_id"],
            sources=tuple(json.loads(values["sources"])),
            is_full=bool(values["is_full"]),
            code_version=values["code_version"],
            state=values["state"],
            started_at=datetime.fromisoformat(values["started_at"]),
            finished_at=datetime.fromisoformat(ended) if ended else None,
            taken=values["taken"],
            counts=LoadCounts(
                **{name: values[name] for name in COUNTED},
                problems={(Level(kind[0]), kind[1]): kind[2] for kind in by_kind},
            ),
        )

    def state(self) -> StoreState:
        """What changes whenever a load writes; cheap to ask."""
        row = self._connection.execute(
            "SELECT load_id, state, taken FROM load ORDER BY load_id DESC LIMIT 1"
        ).fetchone()
        return StoreState(*row) if row else StoreState(0, "", 0)

    def data_date(self) -> str:
        """The latest day of the registry's own data (`yyyy-MM-dd`) that a record was seen in, "" when none tells it."""
        row = self._connection.execute("SELECT coalesce(max(data_date), '') FROM version").fetchone()
        return str(row[0])

    def nearest(self, nct_id: str, most: int = 5) -> tuple[str, ...]:
        """Known ids that look most like one that is not known: one slip of the finger away, then neighbours."""
        number = _number(nct_id)
        if number is None:
            return ()
        found = [near for near in (number, *_one_slip_away(number)) if self._has(near)]
        for order, comparison in (("DESC", "<"), ("ASC", ">")):
            rows = self._connection.execute(
                f"SELECT nct_number FROM study WHERE nct_number {comparison} ? ORDER BY nct_number {order} LIMIT ?",
                (number, most),
            )
            found += sorted((row[0] for row in rows), key=lambda near: abs(near - number))
        first = found[: most - 2] + sorted(found[most - 2 :], key=lambda near: abs(near - number))
        return tuple(nct_id_of(near) for near in dict.fromkeys(first))[:most]

    def _has(self, number: int) -> bool:
        row = self._connection.execute("SELECT 1 FROM study WHERE nct_number = ?", (number,)).fetchone()
        return row is not None

    def dictionary(self) -> tuple[int, bytes] | None:
        """The compression dictionary for new studies with its number, or None when there is none yet."""
        row = self._connection.execute(
            "SELECT dictionary_id, content FROM dictionary ORDER BY dictionary_id DESC"
        ).fetchone()
        return (row[0], row[1]) if row else None

    def stats(self) -> StoreStats:
        """Numbers of the store."""
        row = self._connection.execute(
            "SELECT (SELECT count(*) FROM study), (SELECT count(*) FROM version),"
            " (SELECT count(*) FROM study WHERE missing_since IS NOT NULL), (SELECT count(*) FROM alias),"
            " (SELECT count(*) FROM load), (SELECT coalesce(sum(count), 0) FROM problem),"
            " (SELECT coalesce(sum(size), 0) FROM version), (SELECT coalesce(sum(length(packed)), 0) FROM content),"
            " (SELECT coalesce(max(v.last_update_post_date), '') FROM study s JOIN version v USING (version_id))"
        ).fetchone()
        disk = sum(file.stat().st_size for file in self.directory.glob(FILE_NAME + "*"))
        names = (
            "studies",
            "versions",
            "missing",
            "aliases",
            "loads",
            "problems",
            "raw_bytes",
            "packed_bytes",
        )
        return StoreStats(**dict(zip(names, row, strict=False)), disk_bytes=disk, latest_update=row[8])


def _number(nct_id: str) -> int | None:
    canonical = parse_nct_id(nct_id)
    return nct_number(canonical) if canonical else None


def _one_slip_away(number: int) -> Iterator[int]:
    """The numbers that differ in one digit or have two neighbouring digits swapped: what fingers do."""
    digits = f"{number:08d}"
    for place in range(7):
        if digits[place] != digits[place + 1]:
            yield int(digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :])
    for place in range(8):
        for digit in "0123456789":
            if digit != digits[place]:
                yield int(digits[:place] + digit + digits[place + 1 :])
