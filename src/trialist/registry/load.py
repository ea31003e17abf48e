"""Sources → store: one load, resumable, in batches."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain, islice
from pathlib import Path

from trialist import __version__
from trialist.demo.registry import DEFAULT_AS_OF
from trialist.errors import InvalidParameterError, Level, Problem, SourceUnreadableError
from trialist.registry.preparing import Chunk, DemoChunk, FoundChunk, prepare_all
from trialist.settings import Settings
from trialist.sources.containers import Progress, source_files
from trialist.sources.ctgov import parse_found
from trialist.sources.found import Found, Limits
from trialist.sources.read import read_source
from trialist.store import Batch, Load, SqliteWriter
from trialist.store.packing import TRAIN_FROM, TRAIN_WITH, train_dictionary

_CHUNK_PIECES = 64
_CHUNK_BYTES = 1 << 20
_BATCH_CHUNKS = 8  # 500 studies or 8 MB a transaction: short enough to lose little, long enough to write fast
_SAMPLE_BYTES = 24 << 20
_SERIAL_BELOW = 8 << 20  # starting workers takes longer than reading so little
_MOST_DEMO = 1_000_000

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """How far a load is: bytes of the sources (studies for the demo) done and in all, and the load's counts so far."""

    done: int
    total: int
    unit: str
    load: Load


Report = Callable[[LoadProgress], None]


def load_sources(
    paths: Sequence[Path],
    settings: Settings,
    clock: Clock,
    *,
    is_full: bool = False,
    report: Report | None = None,
) -> Load:
    """Load files, directories and archives into the registry; the finished load with its counts.

    With `is_full` the sources together are the whole registry, and studies they do not contain are marked as missing.
    The same sources after an interruption go on where they stopped. `SourceUnreadableError` when a path cannot be read
    (then nothing is loaded) or when no study came out of any; `StoreWriteError`, `RegistryBusyError` from the store.
    """
    if not paths:
        raise InvalidParameterError("nothing to load", hint="Name at least one file or directory.")
    files = [(path, file) for path in paths for file in source_files(path)]
    total = sum(_size(file) for _, file in files)
    fingerprint = _fingerprint(files, is_full, settings)
    limits = Limits(study_bytes=settings.max_study_bytes)
    progress = Progress()
    sources = tuple(str(path) for path in paths)
    with SqliteWriter(settings.registry) as store:
        load = store.begin_load(sources, fingerprint, is_full=is_full, code_version=__version__, at=clock())
        pieces = chain.from_iterable(read_source(path, limits=limits, progress=progress) for path in paths)
        remaining = islice(pieces, load.taken, None)
        sample, rest = _sample_for(store, remaining)
        workers = settings.load_workers if total > _SERIAL_BELOW else 1
        chunks = _chunks(chain(sample, rest))
        _train(store, sample)
        for batch in _joined(prepare_all(chunks, settings.registry, workers)):
            load = store.add_batch(load, batch)
            if report:
                report(LoadProgress(progress.done, total, "B", load))
        complete = is_full and load.counts.loaded > 0 and not _has_damage(store, load)
        load = store.finish_load(load, mark_missing=complete, at=clock())
        if not load.counts.loaded:
            raise _nothing_loaded(store, load, paths)
    return load


def load_demo(
    count: int, settings: Settings, clock: Clock, *, seed: int = 0, report: Report | None = None
) -> Load:
    """Invent `count` studies (NCT99000000 and up; the same seed gives the same ones) and load them."""
    if not 0 < count <= _MOST_DEMO:
        raise InvalidParameterError(f"cannot invent {count} studies", hint=f"Ask for 1 to {_MOST_DEMO:,}.")
    fingerprint = f"demo {count} {seed} {DEFAULT_AS_OF}"
    with SqliteWriter(settings.registry) as store:
        load = store.begin_load(
            (fingerprint,), fingerprint, is_full=False, code_version=__version__, at=clock()
        )
        chunks = _demo_chunks(load.taken, count, seed, DEFAULT_AS_OF)
        wanted = min(count, TRAIN_WITH // 2)
        sample = [] if store.dictionary() else list(DemoChunk(0, wanted, seed, DEFAULT_AS_OF).pieces())
        workers = settings.load_workers if count - load.taken > 2_000 else 1
        _train(store, sample)
        for batch in _joined(prepare_all(chunks, settings.registry, workers)):
            load = store.add_batch(load, batch)
            if report:
                report(LoadProgress(load.taken, count, "studies", load))
        return store.finish_load(load, mark_missing=False, at=clock())


def _demo_chunks(start: int, end: int, seed: int, as_of: date) -> Iterator[Chunk]:
    for place in range(start, end, _CHUNK_PIECES):
        yield DemoChunk(place, min(_CHUNK_PIECES, end - place), seed, as_of)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0  # gone meanwhile, or a broken link: reading it will tell


def _fingerprint(files: Sequence[tuple[Path, Path]], is_full: bool, settings: Settings) -> str:
    """Tells whether the sources are those of an interrupted load: names, sizes and times of all files."""
    digest = hashlib.sha256(f"{is_full} {settings.max_study_bytes}".encode())
    for path, file in files:
        try:
            found = file.stat()
            line = f"{path.absolute()}\0{file}\0{found.st_size}\0{found.st_mtime_ns}\n"
        except OSError:
            line = f"{path.absolute()}\0{file}\n"
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _sample_for(
    store: SqliteWriter, pieces: Iterator[Found | Problem]
) -> tuple[list[Found | Problem], Iterator[Found | Problem]]:
    """The first pieces, to train a dictionary on when the store has none, and the rest."""
    sample: list[Found | Problem] = []
    if store.dictionary() is None:
        held = 0
        for piece in pieces:
            sample.append(piece)
            held += len(piece.raw) if isinstance(piece, Found) else 0
            if len(sample) >= TRAIN_WITH or held >= _SAMPLE_BYTES:
                break
    return sample, pieces


def _train(store: SqliteWriter, sample: Iterable[Found | Problem]) -> None:
    """Give the store a dictionary if it has none and the sample is large enough for one."""
    found = [piece for piece in sample if isinstance(piece, Found)]
    if store.dictionary() is not None or len(found) < TRAIN_FROM:
        return
    parsed = chain.from_iterable(map(parse_found, found))
    trained = train_dictionary([one.study.raw for one in parsed if one.study is not None])
    if trained:
        store.add_dictionary(trained)


def _chunks(pieces: Iterable[Found | Problem]) -> Iterator[Chunk]:
    held: list[Found | Problem] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece.raw) if isinstance(piece, Found) else 0
        if len(held) >= _CHUNK_PIECES or size >= _CHUNK_BYTES:
            yield FoundChunk(tuple(held))
            held, size = [], 0
    if held:
        yield FoundChunk(tuple(held))


def _joined(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Several chunks' batches as one transaction."""
    waiting = iter(batches)
    while group := list(islice(waiting, _BATCH_CHUNKS)):
        yield Batch(
            [study for batch in group for study in batch.studies],
            [problem for batch in group for problem in batch.problems],
            sum(batch.rejected for batch in group),
            sum(batch.taken for batch in group),
        )


def _has_damage(store: SqliteWriter, load: Load) -> bool:
    """Whether some study may have been in the sources without being recognised: then none can be called missing."""
    return any(
        stored.problem.level is Level.ERROR and not stored.problem.where.nct_id
        for stored in store.problems(load.number)
    )


def _nothing_loaded(store: SqliteWriter, load: Load, paths: Sequence[Path]) -> SourceUnreadableError:
    names = ", ".join(str(path) for path in paths)
    first = next((item.problem for item in store.problems(load.number)), None)
    reason = f": {first.message}" if first else ""
    return SourceUnreadableError(
        f"no study could be read from {names}{reason}", hint="`trialist problems` lists what was found there."
    )
