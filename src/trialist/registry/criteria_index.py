"""Store → parsed criteria: of what has changed since the last time, or of everything when the rules have.

Studies are parsed in chunks by several processes. Each chunk is kept as soon as it is done, so that a build that was broken
off goes on where it was; what was in force stays readable until everything is there.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import orjson

from trialist.criteria.encode import encode_set
from trialist.criteria.mentions import mentions
from trialist.criteria.stamp import rules_stamp
from trialist.criteria.stance import Stance, read_voices
from trialist.criteria.steps import Steps, alone, together
from trialist.criteria.subjects import Stretch
from trialist.criteria.told import Told, tell_all
from trialist.criteria.witness import read_witness
from trialist.errors import Level, NotBuiltError, Problem, Where
from trialist.index.build import Progress, pool_of
from trialist.index.criteria_chunk import (
    EXCLUDES,
    LOWER_INCLUDED,
    UPPER_INCLUDED,
    ParsedStudy,
    Row,
    chunk_name,
    write_chunk,
)
from trialist.index.criteria_table import CriteriaTable, live_places, open_chunks, read_current, swap_in
from trialist.record import Study
from trialist.registry.criteria_table import criteria_directory
from trialist.registry.eligibility import criteria_of_study_in_steps
from trialist.settings import Settings
from trialist.store import SqliteReader

CHUNK = 400
"""Studies parsed at a time: what a build that is broken off has to do again, a process."""
_ALONE = 200
_TOGETHER = 8
"""Studies that take the steps of parsing together."""
_AHEAD = 3


@dataclass(frozen=True, slots=True)
class CriteriaBuilt:
    """What a build did: studies parsed now, studies in all, bytes on disk, figures of all, studies that were not parsed.

    `figures` count `available` texts, `criteria`, those `typed` and `structured`, `characters` and those `lost`, and by
    kind `computability.…`, `defect.…`, `finding.…`.
    """

    parsed: int
    studies: int
    size: int
    figures: dict[str, int]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class CriteriaState:
    """Whether there are parsed criteria that can be read, and how many studies of the store have none, or older ones."""

    is_built: bool
    studies: int = 0
    missing: int = 0
    is_of_these_rules: bool = False

    @property
    def is_current(self) -> bool:
        """Whether every study is parsed as it is, by the rules in force."""
        return self.is_built and self.is_of_these_rules and not self.missing

    def sentence(self) -> str:
        """The state in words, with the way out."""
        if not self.is_built:
            return "The criteria have not been parsed: `trialist index` parses them."
        if self.is_current:
            return f"The criteria of all {self.studies:,} studies are parsed."
        why = (
            f"of {self.missing:,} studies are not parsed as they are now"
            if self.missing
            else "were parsed by other rules"
        )
        return f"The criteria {why}: `trialist index` parses them."


def read_criteria_state(registry: Path) -> CriteriaState:
    """How the parsed criteria of a registry stand to its store; `NotBuiltError` when there is no registry."""
    with closing(SqliteReader(registry)) as store:
        state = store.current()
    try:
        table = CriteriaTable(criteria_directory(registry))
    except NotBuiltError:
        return CriteriaState(False, missing=len(state))
    known = dict(zip(table.numbers.tolist(), table.versions.tolist(), strict=True))
    missing = sum(known.get(number) != version for number, version in state.items())
    return CriteriaState(True, len(known), missing, table.stamp == rules_stamp())


def build_criteria(
    settings: Settings, *, full: bool = False, report: Callable[[Progress], None] = lambda _: None
) -> CriteriaBuilt:
    """Bring the parsed criteria to what the store holds; with `full` everything is parsed again.

    `NotBuiltError` when there is no registry.
    """
    with closing(SqliteReader(settings.registry)) as store:
        state = store.current()
    directory, stamp = criteria_directory(settings.registry), rules_stamp()
    directory.mkdir(exist_ok=True)
    if full:
        for file in directory.glob("chunk-*.json"):
            file.unlink()
    chunks = open_chunks(directory, stamp)
    have: set[int] = set()
    for chunk, places in zip(chunks, live_places(chunks, state), strict=True):
        have.update(chunk.numbers[places].tolist())
    missing = sorted(state.keys() - have)
    if missing or not _is_in_force(directory, stamp, len(state)):
        _parse_all(settings, [(number, state[number]) for number in missing], directory, stamp, report)
        swap_in(directory, stamp, open_chunks(directory, stamp), state)
    return _told(directory, len(missing))


def _is_in_force(directory: Path, stamp: str, studies: int) -> bool:
    try:
        table = CriteriaTable(directory)
        return read_current(directory)["stamp"] == stamp and len(table.numbers) == studies
    except (NotBuiltError, OSError):
        return False


def _told(directory: Path, parsed: int) -> CriteriaBuilt:
    table = CriteriaTable(directory)
    problems = [
        Problem(Level.ERROR, "criteria-unparsed", Where(nct_id=nct_id), said)
        for nct_id, said in sorted(table.problems.items())
    ]
    return CriteriaBuilt(parsed, len(table.numbers), table.bytes, table.figures, tuple(problems))


def _parse_all(
    settings: Settings,
    members: Sequence[tuple[int, int]],
    directory: Path,
    stamp: str,
    report: Callable[[Progress], None],
) -> None:
    """Parse these studies (number, version) chunk by chunk; no more chunks wait than are worked on."""
    workers = settings.load_workers if len(members) > _ALONE else 1
    size = min(CHUNK, max(1, -(-len(members) // workers)))
    parts = [members[first : first + size] for first in range(0, len(members), size)]
    waiting: list[tuple[int, Future[None]]] = []
    done = 0
    with pool_of(workers) as pool:
        try:
            for part in parts:
                waiting.append(
                    (len(part), pool.submit(parse_chunk, settings.registry, directory, stamp, part))
                )
                if len(waiting) >= workers + _AHEAD:
                    done += _finished(*waiting.pop(0))
                    report(Progress("parsed", done, len(members)))
            while waiting:
                done += _finished(*waiting.pop(0))
                report(Progress("parsed", done, len(members)))
        finally:
            for _, future in waiting:
                future.cancel()


def _finished(size: int, future: Future[None]) -> int:
    future.result()
    return size


def parse_chunk(registry: Path, directory: Path, stamp: str, members: Sequence[tuple[int, int]]) -> None:
    """Parse some studies and keep what was parsed; runs in a worker."""
    gc.disable()  # what is parsed holds no cycles, and looking for some takes a quarter of the time
    try:
        with closing(SqliteReader(registry)) as store:
            raws = store.read([number for number, _ in members])
            studies = parse_together(members, raws)
        write_chunk(directory, chunk_name(stamp, members), stamp, studies)
    finally:
        gc.enable()
    gc.collect()


def parse_together(members: Sequence[tuple[int, int]], raws: Iterable[bytes]) -> list[ParsedStudy]:
    """What is kept of some studies (number, version), each as `parse_stored` gives it."""
    found: list[ParsedStudy] = []
    pairs = zip(members, raws, strict=True)
    while group := list(islice(pairs, _TOGETHER)):
        runs = [_stored_in_steps(number, version, raw) for (number, version), raw in group]
        found += alone(together(runs))
    return found


def parse_stored(number: int, version: int, raw: bytes) -> ParsedStudy:
    """What is kept of one version of a study; an empty document and a problem where parsing failed."""
    return alone(_stored_in_steps(number, version, raw))


def _stored_in_steps(number: int, version: int, raw: bytes) -> Steps[ParsedStudy]:
    try:
        study = Study.from_json(raw)
        yield
        found = yield from criteria_of_study_in_steps(study)
        yield
        voices = read_voices(found, read_witness(study))
        yield
        told = tell_all(voices)
        yield
        cover = found.coverage
        figures = {
            "available": int(found.available),
            "criteria": cover.criteria,
            "typed": cover.typed,
            "structured": cover.structured,
            "characters": cover.characters,
            "lost": cover.lost,
        }
        for kind, count in cover.by_computability.items():
            figures[f"computability.{kind}"] = count
        for one in found.criteria:
            for defect in one.defects:
                figures[f"defect.{defect.kind}"] = figures.get(f"defect.{defect.kind}", 0) + 1
        for finding in found.findings:
            figures[f"finding.{finding.kind}"] = figures.get(f"finding.{finding.kind}", 0) + 1
        return ParsedStudy(
            number,
            version,
            orjson.dumps(encode_set(found)),
            [row_of(one) for one in told],
            {subject: int(side) for subject, side in mentions(found).items()},
            {name: count for name, count in figures.items() if count},
        )
    except Exception as error:  # noqa: BLE001  # one study must not end the build of 600,000; it is counted and told
        return ParsedStudy(number, version, b"", problem=f"the criteria could not be parsed: {error!r}"[:300])


def row_of(told: Told) -> Row:
    """What is told of a stretch as a row of the table."""
    lower, upper = ends_of(told.stretch)
    flags = told.stretch.lower_inclusive * LOWER_INCLUDED | told.stretch.upper_inclusive * UPPER_INCLUDED
    return Row(told.key, lower, upper, flags | (told.stance is Stance.EXCLUDES) * EXCLUDES)


def ends_of(stretch: Stretch) -> tuple[float, float]:
    """The ends of a stretch as numbers; open ones infinite."""
    return (
        float("-inf") if stretch.lower is None else float(stretch.lower),
        float("inf") if stretch.upper is None else float(stretch.upper),
    )
