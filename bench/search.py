"""Searching at full size, beside SQLite FTS5, PostgreSQL and tantivy over the same documents.

    python bench/search.py [--studies 600000] [--small 60000] [--work DIR] [--only ours|peers] [--reuse]
                           [--peer-studies N] [--queries FILE] [--profile N]

Invents and loads the studies (and the real ones, where they are beside the checkout), builds the index, asks the
queries of `search_queries.toml`. What is invented, loaded and built for the peers stays in the work directory, so that
later runs are quick; the index is built anew unless `--reuse`. Full size takes about 45 GB there.

A query counts with its first run in a freshly opened process, as nothing then remembers its answer; the index's files
are in the system's cache. Every engine asks the same queries in the same shuffled order, in one process and one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from measure import describe_machine, print_rows
from peer_documents import write_documents
from peers import ENGINES, Answers, Peer, ask_peer
from search_data import (
    ALONE,
    Place,
    Row,
    build,
    cool,
    load,
    prepare,
    read_rows,
    real_files,
    warm,
    write_changed,
)
from trialist.registry.indexing import index_directory

HERE = Path(__file__).resolve().parent
APART = ("facets", "geo filter", "nct lookup")
"""Kinds with a promise of their own; the first is not ten hits with the total and nothing else."""
MS = 1e3


def share(values: Iterable[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def ours(arguments: argparse.Namespace, registry: Path, *options: str) -> Any:
    command = [sys.executable, str(HERE / "search_ours.py"), str(registry), str(arguments.queries), *options]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


# Ours


def run_ours(arguments: argparse.Namespace, rows: Sequence[Row], place: Place) -> dict[str, Any]:
    """Build and ask at one size; everything that was measured."""
    print(f"\n{place.studies:,} invented studies", flush=True)
    prepare(place)
    figures = place.folder / "built.json"
    if arguments.reuse and figures.exists():
        built = json.loads(figures.read_text())
    else:
        built = build(place.registry, full=True)
        figures.write_text(json.dumps(built))
    index = index_directory(place.registry)
    cool(index)
    cold = ours(arguments, place.registry, "--cold")
    warm(index)
    found: dict[str, Any] = ours(arguments, place.registry)
    return {**found, "built": built, "cold": cold}


def print_ours(found: dict[str, Any], rows: Sequence[Row]) -> None:
    built, times = found["built"], found["rows"]
    stages = ", ".join(f"{stage} by {seconds:.0f} s" for stage, seconds in built["stages"])
    page = [times[row.id][0] for row in rows if row.kind != "facets"]
    again = [times[row.id][2] for row in rows if row.kind != "facets"]
    print(f"\n{found['studies']:,} studies, {len(rows)} queries, {found['segments']} segment(s)\n")
    figures = [
        ("index built on 2 cores", f"{built['seconds']:.1f} s", f"promised: ≤ 480 s; {stages}"),
        (
            "  processor time of it",
            f"{built['processor']:.1f} s",
            f"{built['processor'] / built['written'] * MS:.2f} ms a study",
        ),
        (
            "peak memory of the build, all its processes",
            f"{built['peak'] / 1e6:,.0f} MB",
            "promised: ≤ 3,000 MB",
        ),
        (
            "index as a share of the raw JSON",
            f"{(built['size'] - built['digests']) / built['raw']:.1%}",
            f"promised: ≤ 50 %; {(built['size'] - built['digests']) / 1e6:,.0f} of {built['raw'] / 1e6:,.0f} MB",
        ),
        (
            "  digests for statistics of values, beside it",
            f"{built['digests'] / built['raw']:.1%}",
            f"{built['digests'] / 1e6:,.0f} MB, made in the same build",
        ),
        ("open, files out of the cache", f"{found['cold']['opened']:.2f} s", ""),
        (
            "  and until the first answer, synonyms read",
            f"{found['cold']['answered']:.2f} s",
            "promised: ≤ 1 s",
        ),
        ("open, files in the cache", f"{found['opened'] * MS:.0f} ms", ""),
        ("  and the synonyms", f"{found['with_synonyms'] * MS:.0f} ms", ""),
        ("  and all made ready, as a server does at its start", f"{found['ready'] * MS:.0f} ms", ""),
        (
            "ten hits with the total, p50",
            f"{share(page, 0.5) * MS:.2f} ms",
            "promised: ≤ 5 ms; all kinds but facets",
        ),
        ("ten hits with the total, p95", f"{share(page, 0.95) * MS:.2f} ms", "promised: ≤ 40 ms"),
        ("the same again (median of 5), p50", f"{share(again, 0.5) * MS:.2f} ms", ""),
        ("the same again (median of 5), p95", f"{share(again, 0.95) * MS:.2f} ms", ""),
    ]
    for kind, promised in zip(APART, (60, 20, 1), strict=True):
        of_kind = [times[row.id][0] for row in rows if row.kind == kind]
        if of_kind:
            slowest = f"slowest {max(of_kind) * MS:.2f} ms"
            measured = f"{share(of_kind, 0.95) * MS:.2f} ms"
            figures.append((f"{kind}, p95", measured, f"promised: ≤ {promised} ms; {slowest}"))
    searching = (
        f"{found['own'] / 1e6:,.0f} MB its own, {found['mapped'] / 1e6:,.0f} MB mapped files at the end"
    )
    figures.append(("peak memory of searching", f"{found['peak'] / 1e6:,.0f} MB", searching))
    print_rows(figures)
    print_kinds(times, rows)
    print_slowest(times, rows)


def kinds_of(rows: Sequence[Row]) -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = {}
    for row in rows:
        kinds.setdefault(row.kind, []).append(row.id)
    return kinds


def print_kinds(times: Answers, rows: Sequence[Row]) -> None:
    print(
        f"\n{'kind':<20}{'queries':>8}{'p50 ms':>10}{'p95 ms':>10}{'max ms':>10}{'again p50':>12}{'again p95':>12}"
    )
    for kind, ids in kinds_of(rows).items():
        first, again = ([times[one][which] * MS for one in ids] for which in (0, 2))
        print(
            f"{kind:<20}{len(ids):>8}{share(first, 0.5):>10.2f}{share(first, 0.95):>10.2f}{max(first):>10.2f}"
            f"{share(again, 0.5):>12.2f}{share(again, 0.95):>12.2f}"
        )


def print_slowest(times: Answers, rows: Sequence[Row]) -> None:
    asked = {row.id: row for row in rows}
    print(f"\n{'the ten slowest':<58}{'first ms':>10}{'again ms':>10}{'found':>10}")
    for name in sorted(asked, key=lambda one: -times[one][0])[:10]:
        first, total, again = times[name]
        print(f"{name:<58}{first * MS:>10.1f}{again * MS:>10.1f}{int(total):>10,}   {_asked(asked[name])}")


def _asked(row: Row) -> str:
    said = " ".join(f"{name}={value}" for name, value in row.params.items()) or "everything"
    return (said if len(said) < 80 else f"{said[:79]}…") + (
        f" by {', '.join(row.facets)}" if row.facets else ""
    )


def print_growth(small: dict[str, Any], large: dict[str, Any], rows: Sequence[Row]) -> None:
    few, many = small["studies"], large["studies"]
    print(f"\nfrom {few:,} to {many:,} studies, {many / few:.1f} times as many\n")
    print(f"{'kind':<20}{'p50 ms':>10}{'':>10}{'times':>8}{'p95 ms':>12}{'':>10}{'times':>8}")
    for kind, ids in {
        **kinds_of(rows),
        "all but facets": [row.id for row in rows if row.kind != "facets"],
    }.items():
        line = f"{kind:<20}"
        for part, width in ((0.5, 10), (0.95, 12)):
            before, after = (
                share([found["rows"][one][0] * MS for one in ids], part) for found in (small, large)
            )
            line += f"{before:>{width}.2f}{after:>10.2f}{after / before:>8.1f}"
        print(line)


# A thousand changed studies


def run_incremental(
    arguments: argparse.Namespace, rows: Sequence[Row], place: Place, before: dict[str, Any]
) -> None:
    """Change studies in a copy of the registry, build, and ask again; the copy is deleted."""
    copy = place.folder / "changed"
    shutil.rmtree(copy, ignore_errors=True)
    try:
        # No file of an index is ever changed, so its copy may share them.
        shutil.copytree(place.registry, copy, ignore=shutil.ignore_patterns("index"))
        subprocess.run(
            ["cp", "-al", str(index_directory(place.registry)), str(index_directory(copy))], check=True
        )
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "changed.ndjson"
            count = write_changed(file, place.studies)
            load(file, copy)
        built = build(copy, full=False)
        if built["kind"] != "added" or built["written"] != count:
            raise SystemExit(f"{count} changed studies were to be added, but the build says {built}")
        warm(index_directory(copy))
        after = ours(arguments, copy)
    finally:
        shutil.rmtree(copy, ignore_errors=True)
    ids = [row.id for row in rows if row.kind != "facets"]
    print(f"\n{count:,} changed studies in {built['studies']:,}\n")
    figures = [
        (
            "indexed in",
            f"{built['seconds']:.1f} s",
            f"promised: ≤ 20 s; {built['with_start']:.1f} s with the start",
        ),
        ("peak memory, all processes", f"{built['peak'] / 1e6:,.0f} MB", ""),
    ]
    for part in (0.5, 0.95):
        was, is_now = (share([found["rows"][one][0] for one in ids], part) * MS for found in (before, after))
        figures.append(
            (
                f"ten hits with the total after it, p{part * 100:.0f}",
                f"{is_now:.2f} ms",
                f"before {was:.2f} ms",
            )
        )
    print_rows(figures)


# Peers


def run_peers(arguments: argparse.Namespace, rows: Sequence[Row], place: Place) -> dict[str, Answers]:
    """Build what is not there yet, and ask; answers by engine."""
    folder = arguments.work / f"peers-{place.studies}-{arguments.peer_studies or 'all'}"
    documents = folder / "documents"
    began = time.perf_counter()
    count = write_documents(place.registry, documents, arguments.peer_studies)
    print(f"\n{count:,} documents for the others, written in {time.perf_counter() - began:.0f} s")
    if arguments.peer_studies:
        print("  these are fewer than ours searches, which is to their advantage")
    answers = {}
    for engine in ENGINES:
        try:
            peer: Peer = engine(folder)
        except (FileNotFoundError, subprocess.CalledProcessError) as error:
            print(f"  {engine.name} is left out: {error}")
            continue
        figures = folder / f"{engine.__name__.lower()}.json"
        if not figures.exists() or json.loads(figures.read_text())["documents"] != count:
            began = time.perf_counter()
            peer.build(documents)
            seconds = time.perf_counter() - began
            figures.write_text(json.dumps({"documents": count, "seconds": seconds, "size": peer.size()}))
        built = json.loads(figures.read_text())
        print(
            f"  {engine.name:<14} built in {built['seconds']:>7.1f} s, {built['size'] / 1e6:>8,.0f} MB",
            flush=True,
        )
        warm(folder)
        answers[engine.name] = ask_peer(peer, rows)
    return answers


def print_peers(found: dict[str, Any] | None, answers: dict[str, Answers], rows: Sequence[Row]) -> None:
    ids = [row.id for row in rows if row.words]
    engines = {**_both_of_ours(found, ids), **answers}
    print(f"\nthe {len(ids)} queries that all can express: the first run of each, ten hits with the total\n")
    print(
        f"{'':<14}{'p50 ms':>10}{'p95 ms':>10}{'max ms':>10}{'again p50':>12}{'again p95':>12}{'found, median':>15}"
    )
    for name, times in engines.items():
        first, again = ([times[one][which] * MS for one in ids] for which in (0, 2))
        totals = statistics.median(times[one][1] for one in ids)
        print(
            f"{name:<14}{share(first, 0.5):>10.2f}{share(first, 0.95):>10.2f}{max(first):>10.2f}"
            f"{share(again, 0.5):>12.2f}{share(again, 0.95):>12.2f}{totals:>15,.0f}"
        )
    if found:
        print()
        print_rows([_against(name, found["rows"], times, ids) for name, times in answers.items()])
    print()
    for kind, named in kinds_of([row for row in rows if row.words]).items():
        line = "".join(
            f"{name:>16} {share([times[one][0] * MS for one in named], 0.95):>9.2f}"
            for name, times in engines.items()
        )
        print(f"{kind:<14} p95 ms {line}")
    for name, times in answers.items():
        slowest = max(ids, key=lambda one: times[one][0])
        print(
            f"slowest of {name}: {slowest}, {times[slowest][0] * MS:.1f} ms, {int(times[slowest][1]):,} found"
        )


def _both_of_ours(found: dict[str, Any] | None, ids: Sequence[str]) -> dict[str, Answers]:
    """Ours as people ask it, with synonyms and relaxation, and as the others are asked: the words alone."""
    if not found:
        return {}
    return {"ours": found["rows"], "words alone": {one: found["rows"][ALONE + one] for one in ids}}


def _against(name: str, mine: Answers, theirs: Answers, ids: Sequence[str]) -> tuple[str, str, str]:
    at_p95 = share([theirs[one][0] for one in ids], 0.95) / share([mine[one][0] for one in ids], 0.95)
    at_p50 = share([theirs[one][0] for one in ids], 0.5) / share([mine[one][0] for one in ids], 0.5)
    if name == "tantivy":
        return (
            f"ours as a multiple of {name}, at p95",
            f"{1 / at_p95:.2f} ×",
            f"promised: ≤ 3; at p50 {1 / at_p50:.2f}",
        )
    return (f"{name} as a multiple of ours, at p95", f"{at_p95:.2f} ×", f"promised: ≥ 5; at p50 {at_p50:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--studies", type=int, default=600_000, help="invented studies; all real ones are added"
    )
    parser.add_argument(
        "--small", type=int, default=60_000, help="the smaller registry of the growth; 0 for none"
    )
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "trialist-search")
    parser.add_argument("--only", choices=("ours", "peers"))
    parser.add_argument(
        "--reuse", action="store_true", help="ask the index that is there instead of building it anew"
    )
    parser.add_argument("--peer-studies", type=int, default=0, help="fewer documents for the others")
    parser.add_argument("--queries", type=Path, default=HERE / "search_queries.toml")
    parser.add_argument(
        "--profile", type=int, default=0, help="show where the time of so many slowest queries goes"
    )
    arguments = parser.parse_args()
    rows = read_rows(arguments.queries)
    large = Place(arguments.work / str(arguments.studies), arguments.studies)
    busy = os.getloadavg()[0]
    print(
        f"{describe_machine()}; {len(real_files())} files of real studies; page cache warm, one process, one thread"
    )
    if busy > 0.5:
        print(f"others use this machine (load {busy:.1f}): every time is longer than it would be")
    found = None
    if arguments.only != "peers":
        found = run_ours(arguments, rows, large)
        print_ours(found, rows)
        if arguments.profile:
            slowest = sorted((row.id for row in rows), key=lambda one: -found["rows"][one][0])[
                : arguments.profile
            ]
            command = [
                sys.executable,
                str(HERE / "search_ours.py"),
                str(large.registry),
                str(arguments.queries),
            ]
            subprocess.run([*command, "--profile", *slowest], check=True)
        run_incremental(arguments, rows, large, found)
        if 0 < arguments.small < arguments.studies:
            small = run_ours(arguments, rows, Place(arguments.work / str(arguments.small), arguments.small))
            print_growth(small, found, rows)
    if arguments.only != "ours":
        prepare(large)
        print_peers(found, run_peers(arguments, rows, large), rows)


if __name__ == "__main__":
    main()
