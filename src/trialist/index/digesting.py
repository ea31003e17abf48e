"""Digests for a segment that has none: built by an older version, or kept where nothing can be written beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from trialist.index.arrays import Table
from trialist.index.build import CHUNK, Source, pool_of, reader_of
from trialist.index.digests import join_digests, write_digest_chunk
from trialist.index.documents import Collector
from trialist.index.segment import Segment
from trialist.index.words import Words


def write_digests(source: Source, segment: Segment, directory: Path, *, workers: int = 1) -> None:
    """Write the digests of a segment into a directory, from the studies it was built of."""
    numbers = segment.nct.tolist()
    parts = [(first, numbers[first : first + CHUNK]) for first in range(0, len(numbers), CHUNK)]
    with TemporaryDirectory() as scratch, pool_of(workers if len(parts) > 1 else 1) as pool:
        files = [Path(scratch) / f"{first}.digests" for first, _ in parts]
        waiting = [
            pool.submit(digest_chunk, source, first, part, file)
            for (first, part), file in zip(parts, files, strict=True)
        ]
        chunks = [(file, future.result()) for file, future in zip(files, waiting, strict=True)]
        join_digests(chunks, directory)


def digest_chunk(source: Source, first: int, numbers: Sequence[int], file: Path) -> Table:
    """Write the digests of a chunk of studies; where its arrays stand. Runs in a worker."""
    collector = Collector(first, Words())
    for raw in source.read(numbers):
        collector.collect(raw)
    if collector.next_doc != first + len(numbers):
        raise ValueError(f"{len(numbers)} studies asked for, {collector.next_doc - first} came")
    return write_digest_chunk(collector, reader_of(source, first, numbers), file)
