"""Loading at scale, as a share of its floor; the size of the store; reading single studies.

    python bench/load.py [--studies 100000] [--file NDJSON]

The floor is what no loader can do without, measured in the same run on the same file: reading it, parsing every study
with orjson and compressing every study with zstd at the store's level and with the store's dictionary, nothing else. It
is measured in one process, and for fairness also shared by as many processes as the load uses.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from pathlib import Path

import orjson
import zstandard

from measure import describe_machine, print_rows, run_measured
from trialist.demo.registry import generate_studies
from trialist.record.nct_id import nct_id_of
from trialist.store import SqliteReader
from trialist.store.packing import LEVEL, TRAIN_WITH, train_dictionary


def write_source(file: Path, count: int) -> None:
    with file.open("wb") as out:
        for raw in generate_studies(count):
            out.write(raw + b"\n")


def floor(file: Path, dictionary: bytes, start: int, end: int) -> float:
    """Seconds to read, parse and compress the lines that begin in [start, end)."""
    trained = zstandard.ZstdCompressionDict(dictionary)
    trained.precompute_compress(level=LEVEL)
    compressor = zstandard.ZstdCompressor(level=LEVEL, dict_data=trained, write_checksum=True)
    began = time.perf_counter()
    with file.open("rb", buffering=1 << 20) as lines:
        lines.seek(start)
        if start:
            lines.readline()
        while lines.tell() < end and (line := lines.readline()):
            orjson.loads(line)
            compressor.compress(line)
    return time.perf_counter() - began


def shared_floor(file: Path, dictionary: bytes, processes: int) -> float:
    size = file.stat().st_size
    edges = [size * part // processes for part in range(processes + 1)]
    with ProcessPoolExecutor(processes) as pool:
        list(pool.map(abs, range(processes)))  # the processes are there before the clock starts
        began = time.perf_counter()
        parts = [pool.submit(floor, file, dictionary, *edge) for edge in pairwise(edges)]
        for part in parts:
            part.result()
        return time.perf_counter() - began


def time_get(registry: Path, ids: list[str]) -> list[float]:
    reader = SqliteReader(registry)
    reader.get(ids[0])
    times = []
    for nct_id in ids:
        began = time.perf_counter()
        found = reader.get(nct_id)
        times.append(time.perf_counter() - began)
        assert found is not None
    return sorted(times)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--studies", type=int, default=100_000)
    parser.add_argument("--file", type=Path, help="an NDJSON file to load instead of invented studies")
    parser.add_argument("--workers", type=int, default=min(4, os.cpu_count() or 1))
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="trialist-bench-"))
    try:
        file = arguments.file or folder / "studies.ndjson"
        if not arguments.file:
            write_source(file, arguments.studies)
        measure(file, folder / "registry", arguments.workers)
    finally:
        shutil.rmtree(folder)


def measure(file: Path, registry: Path, workers: int) -> None:
    size = file.stat().st_size
    with file.open("rb") as lines:
        dictionary = train_dictionary([line for line, _ in zip(lines, range(TRAIN_WITH), strict=False)])
    environment = {**os.environ, "TRIALIST_LOAD_WORKERS": str(workers)}  # noqa: TID251  # a bench passes it on
    command = [sys.executable, "-m", "trialist", "load", str(file), "--registry", str(registry)]
    alone = floor(file, dictionary, 0, size)
    shared = shared_floor(file, dictionary, workers)
    seconds, peak = run_measured(command, environment)
    again, again_peak = run_measured(command, environment)
    reader = SqliteReader(registry)
    stats = reader.stats()
    ids = [nct_id_of(row[0]) for row in reader.connection.execute("SELECT nct_number FROM study")]
    times = time_get(registry, random.Random(0).sample(ids, min(5000, len(ids))))

    print(f"{describe_machine()}; {stats.studies:,} studies, {size / 1e6:,.0f} MB, {workers} workers\n")
    rate = size / seconds / 1e6
    print_rows(
        [
            ("floor, one process", f"{size / alone / 1e6:.0f} MB/s", ""),
            (f"floor, {workers} processes", f"{size / shared / 1e6:.0f} MB/s", ""),
            (
                "load, whole command",
                f"{rate:.0f} MB/s",
                f"{stats.studies / seconds:,.0f} studies/s, {seconds:.1f} s",
            ),
            ("load as a share of the floor in one process", f"{alone / seconds:.0%}", "promised: ≥ 60 %"),
            (f"load as a share of the floor in {workers} processes", f"{shared / seconds:.0%}", ""),
            ("peak memory of the load, all its processes", f"{peak / 1e6:.0f} MB", "promised: ≤ 500 MB"),
            ("the same load again", f"{size / again / 1e6:.0f} MB/s", f"peak {again_peak / 1e6:.0f} MB"),
            (
                "store as a share of the raw bytes",
                f"{stats.disk_bytes / stats.raw_bytes:.1%}",
                "promised: ≤ 20 %",
            ),
            ("get by id, median", f"{times[len(times) // 2] * 1e3:.3f} ms", "promised: ≤ 0.2 ms"),
            ("get by id, 99th percentile", f"{times[len(times) * 99 // 100] * 1e3:.3f} ms", ""),
        ]
    )


if __name__ == "__main__":
    main()
