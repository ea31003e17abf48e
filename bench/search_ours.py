"""Runs queries over one registry's index, in a process of its own, and says in JSON how long each took.

    python bench/search_ours.py REGISTRY QUERIES [--profile ID …]

With `--profile` it prints instead where the time of these queries goes, each on its first run.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import random
import resource
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from search_data import Row, read_rows, words_alone
from trialist.query.pages import write_token
from trialist.registry.searching import Finder

REPEATS = 5
SLOW = 1.0
"""A query that takes longer than this many seconds is not repeated."""


def in_some_order(rows: Sequence[Row]) -> list[Row]:
    """The same shuffled order for every engine, so that no kind always pays for what a kind after it uses too."""
    shuffled = list(rows)
    random.Random(0).shuffle(shuffled)
    return shuffled


def params_of(finder: Finder, row: Row) -> dict[str, str]:
    """The parameters, with the token of the page where a row begins deep inside of what is found."""
    if not row.offset:
        return dict(row.params)
    return {**row.params, "pageToken": write_token(finder.index.generation, row.offset, [])}


def ask(finder: Finder, row: Row, params: dict[str, str]) -> tuple[float, int]:
    """Seconds from the parameters to ten hits with the total, and the facets where the row has some; the total."""
    began = time.perf_counter()
    selection = finder.select(params)
    page = selection.page()
    if row.facets:
        finder.facets(selection, row.facets)
    return time.perf_counter() - began, page.total


def measure(registry: Path, rows: Sequence[Row]) -> dict[str, Any]:
    began = time.perf_counter()
    finder = Finder(registry)
    opened = time.perf_counter() - began
    assert finder.thesaurus is not None  # read on first use
    with_synonyms = time.perf_counter() - began
    finder.open_all()
    ready = time.perf_counter() - began
    asked = [(row, params_of(finder, row)) for row in in_some_order(rows)]
    found = {row.id: [*ask(finder, row, params)] for row, params in asked}
    # What nobody asks like this stands apart, so that it warms nothing for the others' first runs.
    bare = [(row, dict(row.params)) for row in map(words_alone, in_some_order(rows)) if row.words]
    found |= {row.id: [*ask(finder, row, params)] for row, params in bare}
    for row, params in [*asked, *bare]:
        first = found[row.id][0]
        repeats = [ask(finder, row, params)[0] for _ in range(REPEATS)] if first <= SLOW else [first]
        found[row.id].append(statistics.median(repeats))
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {
        "opened": opened,
        "with_synonyms": with_synonyms,
        "ready": ready,
        "studies": finder.index.studies,
        "segments": len(finder.index.segments),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "own": int(status["RssAnon"].split()[0]) * 1024,
        "mapped": int(status["RssFile"].split()[0]) * 1024,
        "rows": found,
    }


def profile(registry: Path, rows: Sequence[Row]) -> None:
    finder = Finder(registry)
    finder.search({"query.cond": "warming"})  # modules and the thesaurus are read before the clock starts
    for row in rows:
        params = params_of(finder, row)
        watch = cProfile.Profile()
        watch.enable()
        seconds, total = ask(finder, row, params)
        watch.disable()
        print(
            f"\n{row.id} {params} {list(row.facets) or ''}: {total:,} found, {seconds * 1e3:.1f} ms while profiled"
        )
        for line in _top(watch):
            print(line)


def _top(watch: cProfile.Profile) -> list[str]:
    entries = pstats.Stats(watch).stats.items()
    ordered = sorted(entries, key=lambda entry: -entry[1][2])[:8]
    return [
        f"  {own * 1e3:8.1f} ms own {whole * 1e3:8.1f} ms in all {calls:6} calls  {Path(file).name}:{line} {name}"
        for (file, line, name), (_, calls, own, whole, _) in ordered
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("registry", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("--profile", nargs="*", default=())
    parser.add_argument("--cold", action="store_true", help="open, ask once and stop")
    arguments = parser.parse_args()
    rows = read_rows(arguments.queries)
    if arguments.profile:
        named = {row.id: row for row in rows}
        profile(arguments.registry, [named[one] for one in arguments.profile])
    elif arguments.cold:
        began = time.perf_counter()
        finder = Finder(arguments.registry)
        opened = time.perf_counter() - began
        finder.search({"query.cond": "asthma"})
        print(json.dumps({"opened": opened, "answered": time.perf_counter() - began}))
    else:
        print(json.dumps(measure(arguments.registry, rows)))


if __name__ == "__main__":
    main()
