"""Every query of the bench over every record of a registry: the index against the judge.

    python bench/judge_queries.py REGISTRY [--queries FILE] [--processes N] [--every N] [--kept FILE]

The registry must be indexed; `bench/live_answers.py --work DIR` leaves one of all real records. Printed are, for each query on
which they differ, the studies; then how many pairs were judged. Exit status 1 if there was a difference. A long run: about
0.1 ms a pair; with `--kept`, what was judged is written to a file after every 500 studies, and a run that was stopped goes on
from there if the queries, the studies and the code are the same. What the judge reads of the study at hand is remembered from query to query; nothing else of it is changed.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from measure import describe_machine
from search_data import Row, current_numbers, read_rows
from trialist.query import scan
from trialist.query.hits import FILTER_AREA
from trialist.query.params import read_params
from trialist.registry.searching import Finder
from trialist.store import SqliteReader

HERE = Path(__file__).parent
CHUNK = 500

_readable = scan._readable
_framed = lru_cache(maxsize=200_000)(scan._framed)


def rows_of(queries: Path) -> list[Row]:
    """The rows that differ in what they ask, not only in the page or the facets wanted."""
    known: dict[str, Row] = {}
    for row in read_rows(queries):
        known.setdefault(repr(sorted(row.params.items())), row)
    return list(known.values())


def judge(registry: Path, queries: Path, numbers: Sequence[int]) -> list[list[int]]:
    """For each query the studies among these that the judge takes."""
    known: dict[tuple[str, bool], Any] = {}

    def readable(context: Any, *, as_spelled: bool) -> Any:
        """The words of an area of the study at hand; those of its sites are read anew each time."""
        if context.site is not None:
            return _readable(context, as_spelled=as_spelled)
        key = context.area, as_spelled
        if key not in known:
            known[key] = _readable(context, as_spelled=as_spelled)
        return known[key]

    scan._readable = readable
    scan._framed = lambda words: _framed(tuple(words))
    finder = Finder(registry)
    asked = [read_params(dict(row.params)) for row in rows_of(queries)]
    found: list[list[int]] = [[] for _ in asked]
    with closing(SqliteReader(registry)) as store:
        for number, raw in zip(numbers, store.read(numbers), strict=True):
            record = orjson.loads(raw)
            known.clear()
            for query, taken in zip(asked, found, strict=True):
                nodes = [
                    *((one.node, one.area) for one in query.queries),
                    *((node, FILTER_AREA) for node in query.filters),
                ]
                if scan.matches_all(record, nodes, finder.thesaurus):
                    taken.append(number)
    return found


class Verdicts:
    """What was judged, chunk by chunk, kept in a file if there is one: a line that says of what, then a line a chunk."""

    def __init__(self, file: Path | None, subject: str) -> None:
        self._file = file
        self._known: dict[int, list[list[int]]] = {}
        if file is None:
            return
        lines = file.read_bytes().splitlines() if file.exists() else []
        if not lines or orjson.loads(lines[0]) != subject:
            file.write_bytes(orjson.dumps(subject) + b"\n")
            return
        for line in lines[1:]:
            try:
                place, found = orjson.loads(line)
            except orjson.JSONDecodeError:  # the line that a stopped run was writing
                continue
            self._known[place] = found

    def get(self, place: int) -> list[list[int]] | None:
        """For each query the studies taken of the chunk at a place; None when it was not judged yet."""
        return self._known.get(place)

    def add(self, place: int, found: list[list[int]]) -> None:
        """Keep what was judged."""
        self._known[place] = found
        if self._file is not None:
            with self._file.open("ab") as stream:
                stream.write(b"\n" + orjson.dumps([place, found]))


def subject_of(queries: Path, numbers: Sequence[int]) -> str:
    """A digest of everything a verdict depends on: queries, studies, and the source code."""
    digest = hashlib.sha256(queries.read_bytes() + orjson.dumps(list(numbers)))
    for file in sorted(Path(scan.__file__).parents[1].rglob("*")):
        if file.suffix in (".py", ".toml", ".c", ".h"):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("registry", type=Path)
    parser.add_argument("--queries", type=Path, default=HERE / "search_queries.toml")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--every", type=int, default=1, help="judge every so manieth study only")
    parser.add_argument("--kept", type=Path, help="a file for what was judged, to go on from")
    arguments = parser.parse_args()
    rows = rows_of(arguments.queries)
    numbers = current_numbers(arguments.registry)[:: arguments.every]
    began = time.perf_counter()
    judged: list[set[int]] = [set() for _ in rows]
    chunks = [numbers[at : at + CHUNK] for at in range(0, len(numbers), CHUNK)]
    verdicts = Verdicts(arguments.kept, subject_of(arguments.queries, numbers))
    with ProcessPoolExecutor(arguments.processes) as pool:
        waiting = {
            pool.submit(judge, arguments.registry, arguments.queries, chunk): place
            for place, chunk in enumerate(chunks)
            if verdicts.get(place) is None
        }
        for one in as_completed(waiting):
            verdicts.add(waiting[one], one.result())
            done = sum(verdicts.get(place) is not None for place in range(len(chunks)))
            print(f"\r{done * CHUNK:>9,} of {len(numbers):,} studies", end="", file=sys.stderr, flush=True)
    for place in range(len(chunks)):
        for taken, more in zip(judged, verdicts.get(place) or (), strict=True):
            taken.update(more)
    print(file=sys.stderr)
    finder = Finder(arguments.registry)
    known, wrong, hits = set(numbers), 0, 0
    for row, taken in zip(rows, judged, strict=True):
        found = set(finder.select(row.params).numbers.tolist()) & known
        hits += len(taken)
        if found != taken:
            wrong += 1
            some = sorted(found ^ taken)[:10]
            print(f"{row.id}: the judge takes {len(taken)}, the index {len(found)}: {some}")
    seconds = time.perf_counter() - began
    print(describe_machine())
    print(
        f"{len(rows)} queries × {len(numbers):,} studies = {len(rows) * len(numbers):,} pairs, {hits:,} of them hits: "
        f"{wrong} queries differ ({seconds:,.0f} s)"
    )
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
