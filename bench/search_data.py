"""What bench/search.py searches: invented and real studies, loaded and indexed; and the queries.

python bench/search_data.py REGISTRY        builds the index of a registry, as a process that can be measured
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from measure import run_measured
from trialist.demo.registry import generate_studies, generate_study
from trialist.registry.indexing import Built, Progress, build_search_index
from trialist.settings import read_settings
from trialist.store import SqliteReader

REAL = Path(__file__).resolve().parents[2] / "shared/data/registry"
CORES = 2
CHANGED = 1_000
_LATER = "2026-07-15"


@dataclass(frozen=True, slots=True)
class Row:
    """One query of the file."""

    id: str
    kind: str
    params: Mapping[str, str]
    words: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    facets: tuple[str, ...] = ()
    offset: int = 0


def read_rows(file: Path) -> list[Row]:
    rows = []
    for found in tomllib.loads(file.read_text())["queries"]:
        listed = {name: _as_tuple(found.get(name, ())) for name in ("words", "fields", "facets")}
        rows.append(Row(found["id"], found["kind"], found["params"], offset=found.get("offset", 0), **listed))
    ids = [row.id for row in rows]
    if len(set(ids)) < len(ids):
        raise SystemExit(f"{file}: an id stands twice: {sorted({one for one in ids if ids.count(one) > 1})}")
    return rows


_CLAUSE = re.compile(r'(-?)(?:"([^"]+)"|(\S+))')


def clauses(words: str) -> list[list[tuple[bool, str]]]:
    """`a "b c" OR d -e` → [[a, b c], [d, not e]]."""
    return [
        [(bool(minus), quoted or word) for minus, quoted, word in _CLAUSE.findall(part)]
        for part in words.split(" OR ")
    ]


def quoted(text: str) -> str:
    return f'"{text}"'


_AREAS = {"elig": "EligibilitySearch"}
ALONE = "words alone: "


def words_alone(row: Row) -> Row:
    """The query of the engines beside ours in our language: every word or phrase by itself, with no synonyms."""
    params: dict[str, str] = {}
    for field, words in zip(row.fields, row.words, strict=True):
        said = " OR ".join(
            "(" + " AND ".join(("NOT " if minus else "") + quoted(text) for minus, text in clause) + ")"
            for clause in clauses(words)
        )
        said = f"EXPANSION[Term]({said})"
        if field in _AREAS:
            params["query.term"] = f"AREA[{_AREAS[field]}]{said}"
        else:
            params[f"query.{field}"] = said
    return replace(row, id=ALONE + row.id, params=params)


def _as_tuple(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one size of the registry."""

    folder: Path
    studies: int

    @property
    def registry(self) -> Path:
        """The registry's directory."""
        return self.folder / "registry"

    def source_files(self) -> list[Path]:
        """The files of invented studies, each written by one process."""
        return [self.folder / f"invented-{part}.ndjson" for part in range(CORES)]


def real_files() -> list[Path]:
    """The real studies beside the checkout, the oldest form first: of a study in several the newest version counts."""
    return [
        file
        for name in ("*.xml.tar.zst", "*.as-v2.ndjson.zst", "studies.v2.ndjson.zst")
        for file in sorted(REAL.glob(name))
    ]


def write_part(file: Path, start: int, count: int) -> None:
    beside = file.with_suffix(".part")
    with beside.open("wb", buffering=1 << 20) as out:
        for raw in generate_studies(count, start=start):
            out.write(raw + b"\n")
    beside.rename(file)


def load(file: Path, registry: Path) -> None:
    command = [sys.executable, "-m", "trialist", "load", str(file), "--registry", str(registry)]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise SystemExit(f"{file} was not loaded: {done.stderr.decode()}")


def prepare(place: Place) -> None:
    """Invent and load the studies, unless an earlier run has done it."""
    done = place.folder / "loaded"
    if done.exists():
        return
    place.folder.mkdir(parents=True, exist_ok=True)
    each = -(-place.studies // CORES)
    began = time.perf_counter()
    with ProcessPoolExecutor(CORES) as pool:
        waiting = [
            pool.submit(write_part, file, part * each, min(each, place.studies - part * each))
            for part, file in enumerate(place.source_files())
            if not file.exists()
        ]
        for part in waiting:
            part.result()
    print(f"  invented in {time.perf_counter() - began:.0f} s", flush=True)
    began = time.perf_counter()
    for file in [*real_files(), *place.source_files()]:
        load(file, place.registry)
    print(f"  loaded in {time.perf_counter() - began:.0f} s", flush=True)
    done.touch()


def build(registry: Path, *, full: bool) -> dict[str, Any]:
    """Build the index in a process of its own: seconds, peak memory of all its processes, and what was built."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "built.json"
        command = [sys.executable, __file__, str(registry), str(answer), "full" if full else "changed"]
        seconds, peak = run_measured(command, dict(os.environ))  # noqa: TID251  # a bench passes it on
        return {**json.loads(answer.read_text()), "with_start": seconds, "peak": peak}


def build_here(registry: Path, answer: Path, *, full: bool) -> None:
    settings = replace(read_settings(registry=registry), load_workers=CORES)
    marks: list[tuple[str, float]] = []
    began = time.perf_counter()

    def note(progress: Progress) -> None:
        if progress.done == progress.total:
            marks.append((progress.stage, round(time.perf_counter() - began, 2)))

    built: Built = build_search_index(settings, full=full, report=note)
    seconds = time.perf_counter() - began
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    processor = sum(one.ru_utime + one.ru_stime for one in used)
    with closing(SqliteReader(registry)) as store:
        raw = store.connection.execute(
            "SELECT sum(v.size) FROM study s JOIN version v USING (version_id) WHERE s.missing_since IS NULL"
        ).fetchone()[0]
    digests = sum(file.stat().st_size for file in registry.rglob("digests.bin"))
    found = {"kind": built.kind, "written": built.written, "studies": built.studies, "size": built.size}
    found["digests"] = digests
    answer.write_text(
        json.dumps({**found, "seconds": seconds, "processor": processor, "raw": raw, "stages": marks})
    )


def warm(folder: Path) -> None:
    """Read every file below a folder once, so that the system's cache has it."""
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb", buffering=0) as content:
                while content.read(1 << 24):
                    pass


def cool(folder: Path) -> None:
    """Ask the system to forget every file below a folder, so that the next open is cold."""
    os.sync()
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as content:
                os.posix_fadvise(content.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def write_changed(file: Path, studies: int) -> int:
    """Later versions of up to a thousand of the invented studies, evenly spread: another title, a later update."""
    count = min(CHANGED, studies // 20)
    with file.open("wb") as out:
        for number in range(0, count * (studies // count), studies // count):
            study = generate_study(number)
            protocol = study["protocolSection"]
            protocol["identificationModule"]["briefTitle"] += " (Amended)"
            protocol["statusModule"]["lastUpdateSubmitDate"] = _LATER
            protocol["statusModule"]["lastUpdatePostDateStruct"] = {"date": _LATER, "type": "ACTUAL"}
            out.write(orjson.dumps(study) + b"\n")
    return count


def current_numbers(registry: Path) -> list[int]:
    with closing(SqliteReader(registry)) as store:
        return sorted(store.current())


if __name__ == "__main__":
    build_here(Path(sys.argv[1]), Path(sys.argv[2]), full=sys.argv[3] == "full")
