"""Studies → a segment of the index: collected chunk by chunk in several processes, then merged field by field."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any, Protocol

import numpy as np
import orjson

from trialist.index.arrays import ArrayFile, ArrayWriter, Table
from trialist.index.chunks import write_chunk
from trialist.index.digests import join_digests, write_digest_chunk
from trialist.index.documents import Collector
from trialist.index.layout import LAYOUT_VERSION, kinds
from trialist.index.merge import Chunk, Merged, merge_field, merge_words, site_studies
from trialist.index.words import shared_words
from trialist.vocabulary.learned import Learner

CHUNK = 10_000
"""Studies collected before they are written; sets how much memory a process takes."""
_MOST_WORDS = 1_200_000


class Source(Protocol):
    """Where the studies come from. It is sent to other processes, so it is opened there."""

    def read(self, numbers: Sequence[int]) -> Iterator[bytes]:
        """The JSON of these studies (NCT numbers), in this order."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a build is: `done` of `total` studies collected, or fields merged."""

    stage: str
    done: int
    total: int


Report = Callable[[Progress], None]


def build_segment(
    source: Source,
    numbers: Sequence[int],
    versions: Sequence[int],
    directory: Path,
    *,
    workers: int = 1,
    report: Report = lambda _: None,
) -> Learner:
    """Write a segment of these studies (ascending NCT numbers, with their version ids) into a new directory.

    Returned is what the studies teach about synonyms.
    """
    directory.mkdir(parents=True)
    (directory / "fields").mkdir()
    scratch = directory / "chunks"
    scratch.mkdir()
    shared_words().restart()  # what another build has written is not in the files of this one
    tasks = [(first, numbers[first : first + CHUNK]) for first in range(0, len(numbers), CHUNK)]
    with pool_of(workers if len(tasks) > 1 else 1) as pool:
        chunks, digests, learner = _collect(pool, source, tasks, scratch, len(numbers), report)
        joined = pool.submit(join_digests, digests, directory)
        fields = _merge(pool, chunks, directory / "fields", report)
        joined.result()
    sources = [chunk.open() for chunk in chunks]
    sources += [ArrayFile(*field.words) for field in fields if field.words is not None]
    words = merge_words(sources, fields, directory / "words.bin")
    for field in fields:
        if field.words is not None:
            field.words[0].unlink()
    with ArrayWriter(directory / "studies.bin") as out:
        out.add("nct", np.asarray(numbers, dtype=np.uint32))
        out.add("version", np.asarray(versions, dtype=np.uint64))
        out.add("site_study", site_studies(chunks) if chunks else np.empty(0, dtype=np.uint32))
    _write_directory(directory, len(numbers), out.table, words, fields)
    shutil.rmtree(scratch)
    return learner


class _Here(Executor):
    """Runs everything in the calling process: for little, starting others takes longer than the work."""

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """The result of a call, there already."""
        done: Future[Any] = Future()
        done.set_result(work(*arguments, **named))
        return done


def pool_of(workers: int) -> Executor:
    """So many processes, which end with the one that asks them; one is the calling process itself."""
    if workers == 1:
        return _Here()
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_end_with_parent)


def _end_with_parent() -> None:
    """Let a worker end when the process that asks it has gone, however that ended; else it would wait for ever."""
    parent = parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(1)

        Thread(target=watch, daemon=True).start()


def _write_directory(
    directory: Path, studies: int, table: Table, words: Table, fields: Sequence[Merged]
) -> None:
    content = {
        "layout": LAYOUT_VERSION,
        "studies": studies,
        "tables": {"studies": table, "words": words},
        "fields": {field.piece: field.table for field in fields},
    }
    (directory / "segment.json").write_bytes(orjson.dumps(content))


def _collect(
    pool: Executor,
    source: Source,
    tasks: Sequence[tuple[int, Sequence[int]]],
    scratch: Path,
    total: int,
    report: Report,
) -> tuple[list[Chunk], list[tuple[Path, Table]], Learner]:
    waiting: list[Future[tuple[Table, Table, int, Learner]]] = [
        pool.submit(collect_chunk, source, first, list(part), scratch / f"{first}.bin")
        for first, part in tasks
    ]
    chunks, digests = [], []
    first_site = 0
    learner = Learner()
    for (first, part), future in zip(tasks, waiting, strict=True):
        table, digest_table, sites, learned = future.result()
        learner.merge(learned)
        digests.append((digest_file(scratch / f"{first}.bin"), digest_table))
        chunks.append(Chunk(scratch / f"{first}.bin", table, first, len(part), first_site, sites))
        first_site += sites
        report(Progress("read", first + len(part), total))
    waiting.clear()
    return chunks, digests, learner


def collect_chunk(
    source: Source, first: int, numbers: Sequence[int], file: Path
) -> tuple[Table, Table, int, Learner]:
    """Write the chunk of these studies and its digests; where the arrays of both stand, its sites, what it teaches.

    Runs in a worker.
    """
    words = shared_words()
    if len(words) > _MOST_WORDS:
        words.restart()
    collector, learner = Collector(first, words), Learner()
    for raw in source.read(numbers):
        collector.collect(raw)
        learner.learn(collector.parts())
    if collector.next_doc != first + len(numbers):
        raise ValueError(f"{file.name}: {len(numbers)} studies asked for, {collector.next_doc - first} came")
    table, sites = write_chunk(collector, words, file), len(collector.site_study)
    digests = write_digest_chunk(collector, reader_of(source, first, numbers), digest_file(file))
    return table, digests, sites, learner


def digest_file(chunk: Path) -> Path:
    """Where the digests of a chunk stand."""
    return chunk.with_suffix(".digests")


def reader_of(source: Source, first: int, numbers: Sequence[int]) -> Callable[[int], Mapping[str, Any]]:
    """What reads the record of a study of a chunk by its number in the segment."""

    def read(doc: int) -> Mapping[str, Any]:
        record: Mapping[str, Any] = orjson.loads(next(iter(source.read([numbers[doc - first]]))))
        return record

    return read


def _merge(pool: Executor, chunks: Sequence[Chunk], directory: Path, report: Report) -> list[Merged]:
    largest_first = sorted(kinds(), key=lambda piece: -_bytes_of(chunks, piece))
    waiting = [pool.submit(merge_field, chunks, piece, directory) for piece in largest_first]
    found = []
    for done, future in enumerate(waiting, 1):
        merged = future.result()
        if merged is not None:
            found.append(merged)
        report(Progress("merged", done, len(waiting)))
    return sorted(found, key=lambda field: field.piece)


def _bytes_of(chunks: Sequence[Chunk], piece: str) -> int:
    size = 0
    for chunk in chunks:
        for name in ("position", "docs", "had", "found"):
            size += int(chunk.table.get(f"{piece}/{name}", ("", 0, 0))[2])
    return size


def total_bytes(directory: Path) -> int:
    """The size of a segment's files."""
    return sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())
