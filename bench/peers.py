"""SQLite FTS5, PostgreSQL and tantivy behind one small interface, over the documents of a registry.

A document has one text for each of five areas: the values of the area's fields one after the other, as these engines
know no fields with weights of their own. All stem English words and rank by their own measure.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import orjson

from peer_documents import AREAS, read_documents
from search_data import Row, clauses, quoted
from search_ours import REPEATS, SLOW, in_some_order

BATCH = 5_000
LONGEST = 500_000
"""PostgreSQL holds a megabyte of one text's words; the rest of a longer text is left out."""
POSTGRES = Path("/usr/lib/postgresql")
TANTIVY = "tantivy==0.27.0"
Answers = dict[str, list[float]]
"""Query id → seconds of the first run, total, median seconds of the repeats."""


class Peer(Protocol):
    """An engine that holds the documents and answers queries with the ten best and the total."""

    name: str

    def build(self, documents: Path) -> None:
        """Make the index anew from the documents."""
        ...

    def ask(self, rows: Sequence[Row]) -> Answers:
        """Ask every query once, and then each a few times again."""
        ...

    def size(self) -> int:
        """Bytes on disk."""
        ...


def _bytes_below(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


class Fts5:
    """SQLite's FTS5: for each area a table without content, so that no query reads another area's words."""

    name = "SQLite FTS5"

    def __init__(self, folder: Path) -> None:
        self.file = folder / "fts5.sqlite3"

    def build(self, documents: Path) -> None:
        """Make the index anew from the documents."""
        self.file.unlink(missing_ok=True)
        with closing(sqlite3.connect(self.file, isolation_level=None)) as store:
            store.execute("PRAGMA journal_mode = off")
            store.execute("PRAGMA synchronous = off")
            store.execute("PRAGMA cache_size = -262144")
            for area in AREAS:
                store.execute(
                    f"CREATE VIRTUAL TABLE {area} USING fts5(text, content='', tokenize='porter unicode61')"
                )
            lines = read_documents(documents)
            while batch := [orjson.loads(line) for line in islice(lines, BATCH)]:
                store.execute("BEGIN")
                for area in AREAS:
                    pairs = ((one["id"], one[area]) for one in batch)
                    store.executemany(f"INSERT INTO {area} (rowid, text) VALUES (?, ?)", pairs)
                store.execute("COMMIT")
            for area in AREAS:
                store.execute(f"INSERT INTO {area} ({area}) VALUES ('optimize')")

    def ask(self, rows: Sequence[Row]) -> Answers:
        """Ask every query once, and then each a few times again."""
        with closing(sqlite3.connect(self.file)) as store:
            store.execute("PRAGMA mmap_size = 34359738368")
            store.execute("PRAGMA cache_size = -262144")
            answers: Answers = {row.id: [*self._once(store, row)] for row in rows}
            for row in rows:
                first = answers[row.id][0]
                again = [self._once(store, row)[0] for _ in range(REPEATS)] if first <= SLOW else [first]
                answers[row.id].append(statistics.median(again))
            return answers

    def _once(self, store: sqlite3.Connection, row: Row) -> tuple[float, int]:
        best, many = self._statements(row.fields)
        said = [self._match(words) for words in row.words]
        began = time.perf_counter()
        store.execute(best, said).fetchall()
        total = store.execute(many, said).fetchone()[0]
        return time.perf_counter() - began, total

    @staticmethod
    def _statements(fields: Sequence[str]) -> tuple[str, str]:
        # Of two areas the first ranks, and what the second finds is read once: a join would ask it for every study.
        first, *others = fields
        asked = f"{first} MATCH ?"
        asked += "".join(f" AND +rowid IN (SELECT rowid FROM {area} WHERE {area} MATCH ?)" for area in others)
        return (
            f"SELECT rowid, rank FROM {first} WHERE {asked} ORDER BY rank LIMIT 10",
            f"SELECT count(*) FROM {first} WHERE {asked}",
        )

    @staticmethod
    def _match(words: str) -> str:
        parts = []
        for clause in clauses(words):
            part = " AND ".join(quoted(text) for negated, text in clause if not negated)
            parts.append(
                "(" + part + ")" + "".join(f" NOT {quoted(text)}" for negated, text in clause if negated)
            )
        return " OR ".join(f"({part})" for part in parts)

    def size(self) -> int:
        """Bytes on disk."""
        return self.file.stat().st_size


class Postgres:
    """PostgreSQL as Debian packages it, in a cluster of its own that runs only while it is needed.

    A `tsvector` column with a GIN index for each area; no parallel workers, as the others have none either; memory as
    one would give it on a machine of its own.
    """

    name = "PostgreSQL"
    settings = (
        "listen_addresses = ''", "fsync = off", "full_page_writes = off", "autovacuum = off", "jit = off",
        "shared_buffers = 1GB", "work_mem = 256MB", "maintenance_work_mem = 1GB", "max_wal_size = 8GB",
        "max_parallel_workers_per_gather = 0", "max_parallel_maintenance_workers = 1", "effective_cache_size = 8GB",
        "default_toast_compression = lz4",
    )  # fmt: skip

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "postgres"
        self.data = self.folder / "data"
        binaries = sorted(POSTGRES.glob("*/bin"), key=lambda path: int(path.parent.name))
        if not binaries:
            raise FileNotFoundError(f"no PostgreSQL below {POSTGRES}: apt-get install -y postgresql")
        self.binaries = binaries[-1]

    def _run(self, program: str, *arguments: str) -> None:
        """Run one of its programs, which refuse to be root."""
        command = [str(self.binaries / program), *arguments]
        if os.geteuid() == 0:
            command = ["su", "postgres", "-s", "/bin/sh", "-c", f"cd / && exec {shlex.join(command)}"]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if done.returncode:
            raise SystemExit(f"{program} failed: {done.stderr.decode()}")

    def _psql(self) -> list[str]:
        user = "postgres"
        options = ["--no-psqlrc", "--no-align", "--tuples-only", "--quiet", "--set=ON_ERROR_STOP=1"]
        return [str(self.binaries / "psql"), *options, "-h", str(self.folder), "-U", user, "postgres"]

    def _start(self) -> None:
        log = str(self.folder / "log")
        self._run(
            "pg_ctl", "-D", str(self.data), "-l", log, "-o", f"-k {self.folder}", "-w", "-t", "60", "start"
        )

    def _stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "stop")

    def build(self, documents: Path) -> None:
        """Make the index anew from the documents."""
        if (self.data / "postmaster.pid").exists():
            self._stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        self._run(
            "initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"
        )
        with (self.data / "postgresql.conf").open("a") as out:
            out.write("\n".join(["", *self.settings, ""]))
        self._start()
        try:
            self._fill(documents)
        finally:
            self._stop()

    def _fill(self, documents: Path) -> None:
        columns = ", ".join(f"{area} tsvector" for area in AREAS)
        texts = ", ".join(f"{area} text" for area in AREAS)
        made = ", ".join(f"to_tsvector('english', {area})" for area in AREAS)
        filling = subprocess.Popen(self._psql(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        if filling.stdin is None:
            raise RuntimeError("psql takes no input")
        with filling.stdin as out:
            out.write(f"CREATE TABLE documents (id int PRIMARY KEY, {columns});\n".encode())
            # A word too long for a tsvector is left out, with a notice each time.
            out.write(
                f"SET client_min_messages = warning; CREATE TEMP TABLE batch (id int, {texts});\n".encode()
            )
            lines = read_documents(documents)
            while batch := list(islice(lines, BATCH)):
                out.write(b"COPY batch FROM STDIN;\n")
                for line in batch:
                    out.write(self._copied(orjson.loads(line)))
                out.write(
                    f"\\.\nINSERT INTO documents SELECT id, {made} FROM batch; TRUNCATE batch;\n".encode()
                )
            for area in AREAS:
                out.write(f"CREATE INDEX ON documents USING gin ({area});\n".encode())
            out.write(b"VACUUM ANALYZE documents;\n")
        if filling.wait():
            raise SystemExit("psql failed")

    @staticmethod
    def _copied(found: dict[str, Any]) -> bytes:
        values = [str(found["id"]), *(found[area][:LONGEST] for area in AREAS)]
        escaped = (value.replace("\\", "\\\\").replace("\t", " ").replace("\n", "\\n") for value in values)
        return ("\t".join(one.replace("\r", " ").replace("\0", " ") for one in escaped) + "\n").encode()

    def ask(self, rows: Sequence[Row]) -> Answers:
        """Ask every query once, and then each a few times again."""
        self._start()
        try:
            answers = {name: [times[0], total] for name, times, total in self._timed(rows, 1)}
            quick = [row for row in rows if answers[row.id][0] <= SLOW]
            again = {name: statistics.median(times) for name, times, _ in self._timed(quick, REPEATS)}
        finally:
            self._stop()
        for name, found in answers.items():
            found.append(again.get(name, found[0]))
        return answers

    def _timed(self, rows: Sequence[Row], repeats: int) -> list[tuple[str, list[float], int]]:
        """Time by psql's own `\\timing`, which begins when a statement is sent and ends when its answer is there."""
        script = "\\timing on\n"
        for row in rows:
            script += f"\\echo @{row.id}\n" + f"{self._statement(row)};\n" * repeats
        done = subprocess.run(self._psql(), input=script.encode(), stdout=subprocess.PIPE, check=True)
        answers = []
        for part in done.stdout.decode().split("@")[1:]:
            name, *lines = part.splitlines()
            times = [float(line.split()[1]) / 1e3 for line in lines if line.startswith("Time:")]
            hits = [line for line in lines if "|" in line]
            answers.append((name, times, int(hits[0].split("|")[2]) if hits else 0))
        return answers

    @staticmethod
    def _statement(row: Row) -> str:
        asked = [
            (area, f"websearch_to_tsquery('english', $words${words}$words$)")
            for area, words in zip(row.fields, row.words, strict=True)
        ]
        rank = " + ".join(f"ts_rank({area}, {query})" for area, query in asked)
        where = " AND ".join(f"{area} @@ {query}" for area, query in asked)
        # The window counts what is found in the same pass: a count of its own would read everything twice.
        return f"SELECT id, {rank} AS fits, count(*) OVER () FROM documents WHERE {where} ORDER BY fits DESC LIMIT 10"

    def size(self) -> int:
        """Bytes on disk."""
        return _bytes_below(self.data / "base")


class Tantivy:
    """Tantivy with a bare query, in a Python that has it: the floor, as it is Rust and knows no more than words."""

    name = "tantivy"

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "tantivy"
        self.script = Path(__file__).with_name("peer_tantivy.py")
        self.python = sys.executable
        if importlib.util.find_spec("tantivy") is None:
            home = folder / "tantivy-python"
            self.python = str(home / "bin" / "python")
            if not home.exists():
                subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
                subprocess.run([self.python, "-m", "pip", "install", "--quiet", TANTIVY], check=True)

    def build(self, documents: Path) -> None:
        """Make the index anew from the documents."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        command = [self.python, str(self.script), "build", str(self.folder)]
        building = subprocess.Popen(command, stdin=subprocess.PIPE)
        if building.stdin is None:
            raise RuntimeError("the process takes no input")
        with building.stdin as out:
            for line in read_documents(documents):
                out.write(line + b"\n")
        if building.wait():
            raise SystemExit("tantivy failed")

    def ask(self, rows: Sequence[Row]) -> Answers:
        """Ask every query once, and then each a few times again."""
        asked = json.dumps([[row.id, self._query(row)] for row in rows])
        command = [self.python, str(self.script), "ask", str(self.folder)]
        done = subprocess.run(command, input=asked.encode(), stdout=subprocess.PIPE, check=True)
        answers: Answers = json.loads(done.stdout)
        return answers

    @staticmethod
    def _query(row: Row) -> str:
        areas = []
        for area, words in zip(row.fields, row.words, strict=True):
            parts = [
                " ".join(f"{'-' if negated else '+'}{area}:{quoted(text)}" for negated, text in clause)
                for clause in clauses(words)
            ]
            areas.append(" ".join(f"({part})" for part in parts) if len(parts) > 1 else parts[0])
        return areas[0] if len(areas) == 1 else " ".join(f"+({area})" for area in areas)

    def size(self) -> int:
        """Bytes on disk."""
        return _bytes_below(self.folder)


ENGINES: tuple[type[Fts5] | type[Postgres] | type[Tantivy], ...] = (Fts5, Postgres, Tantivy)


def ask_peer(peer: Peer, rows: Sequence[Row]) -> Answers:
    """The answers to the queries that have words, in the order in which ours were asked."""
    return peer.ask([row for row in in_some_order(rows) if row.words])
