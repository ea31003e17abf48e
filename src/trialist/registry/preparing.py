"""Chunks of pieces → batches ready to be written: parsed, checked, hashed and compressed. Runs in worker processes."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from trialist.demo.registry import FIRST_NUMBER, generate_studies
from trialist.errors import Level, Problem, Where
from trialist.record import check
from trialist.record.identity import Identity, identify, read_sound
from trialist.record.nct_id import nct_id_of
from trialist.sources.ctgov import Parsed, parse_found
from trialist.sources.found import Found, Syntax
from trialist.store import Batch, PackedStudy, SqliteReader
from trialist.store.packing import Packer, text_hash


class Chunk(Protocol):
    """A share of a load that one worker takes at a time."""

    @property
    def size(self) -> int:
        """The number of pieces."""

    def pieces(self) -> Iterable[Found | Problem]:
        """The pieces in reading order."""


@dataclass(frozen=True, slots=True)
class FoundChunk:
    """Pieces that a source yielded."""

    found: tuple[Found | Problem, ...]

    @property
    def size(self) -> int:
        """The number of pieces."""
        return len(self.found)

    def pieces(self) -> Iterable[Found | Problem]:
        """The pieces in reading order."""
        return self.found


@dataclass(frozen=True, slots=True)
class DemoChunk:
    """Invented studies, made where they are used."""

    start: int
    size: int
    seed: int
    as_of: date

    def pieces(self) -> Iterator[Found | Problem]:
        """The pieces in reading order."""
        made = generate_studies(self.size, seed=self.seed, start=self.start, as_of=self.as_of)
        for number, raw in enumerate(made, self.start):
            yield Found(raw, Where(source="demo", nct_id=nct_id_of(FIRST_NUMBER + number)))


def prepare(chunk: Chunk, packer: Packer) -> Batch:
    """Everything that can be done with a chunk without the store."""
    studies: list[PackedStudy] = []
    problems: list[Problem] = []
    rejected = 0
    for piece in chunk.pieces():
        if isinstance(piece, Problem):
            problems.append(piece)
            rejected += piece.level is Level.ERROR
            continue
        sound = read_sound(piece.raw) if piece.syntax is Syntax.JSON else None
        if sound is not None:
            studies.append(_packed(piece.raw, sound, "v2", packer))
            continue
        for parsed in parse_found(piece):
            packed, found = _pack(parsed, packer)
            problems += found
            if packed is None:
                rejected += 1
            else:
                studies.append(packed)
    return Batch(studies, problems, rejected, chunk.size)


def _pack(parsed: Parsed, packer: Packer) -> tuple[PackedStudy | None, list[Problem]]:
    study, problems = parsed.study, list(parsed.problems)
    if study is None:
        return None, problems
    problems += check(study, parsed.where)
    identity = identify(study)
    if identity is None or any(problem.level is Level.ERROR for problem in problems):
        return None, problems
    return _packed(study.raw, identity, parsed.shape, packer), problems


def _packed(raw: bytes, identity: Identity, shape: str, packer: Packer) -> PackedStudy:
    return PackedStudy(
        nct_id=identity.nct_id,
        text_hash=text_hash(raw, identity.data_date),
        last_update_post_date=identity.last_update_post_date,
        data_date=identity.data_date,
        shape=shape,
        aliases=identity.aliases,
        size=len(raw),
        packed=packer.pack(raw),
        dictionary=packer.number,
    )


def prepare_all(chunks: Iterable[Chunk], directory: Path, workers: int) -> Iterator[Batch]:
    """The batch of each chunk, in order; with more than one worker in as many processes, never far ahead.

    Studies are compressed with the latest dictionary of the store in `directory`.
    """
    if workers < 2:
        here = _packer_of(directory)
        for chunk in chunks:
            yield prepare(chunk, here)
        return
    context = multiprocessing.get_context("spawn")
    # Workers read the dictionary themselves: starting a process with more than a pipe holds can block forever.
    with ProcessPoolExecutor(workers, context, _start_worker, (directory,)) as pool:
        with _interrupts_held_back():
            for _ in range(workers):
                pool.submit(abs, 0)  # a task for which no worker is free starts one: now all are started
        waiting: deque[Future[Batch]] = deque()
        try:
            for chunk in chunks:
                waiting.append(pool.submit(_prepare_there, chunk))
                if len(waiting) > workers + 2:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Keep an interrupt for later; processes started meanwhile never get one, as the main process decides for all.

    A worker that is interrupted while it starts would leave the pool waiting for it.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _packer_of(directory: Path) -> Packer:
    reader = SqliteReader(directory)
    try:
        return Packer(*(reader.dictionary() or (0, b"")))
    finally:
        reader.close()


_packer = Packer()


def _start_worker(directory: Path) -> None:
    global _packer  # a worker process has one packer, set once as it starts
    _packer = _packer_of(directory)
    # A record is thousands of objects and no cycles: the collector would walk them again and again, a quarter of the time.
    gc.freeze()
    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where signals cannot be held back as the worker starts
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Workers would wait forever for a main process that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _prepare_there(chunk: Chunk) -> Batch:
    batch = prepare(chunk, _packer)
    gc.collect()
    return batch
