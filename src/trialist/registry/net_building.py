"""Parsed criteria → the net that matching asks: of all studies that take people now, compiled in several processes."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from trialist.criteria.witness import read_witness
from trialist.evaluation.columns import columns_of
from trialist.evaluation.parts import Joiner, Part, Trial, part_of
from trialist.index.build import Progress, pool_of
from trialist.index.net_file import NetStudy, write_net
from trialist.query.choices import Choices, with_choices
from trialist.query.params import read_params
from trialist.registry.criteria_net import CriteriaNet, net_directory, net_stamp, open_net
from trialist.registry.criteria_sets import CriteriaSets
from trialist.registry.criteria_table import open_criteria
from trialist.registry.judging import OPEN_STATUSES
from trialist.registry.searching import Finder
from trialist.registry.sites import open_sites
from trialist.settings import Settings
from trialist.store import SqliteReader

CHUNK = 400
"""Studies compiled at a time."""
_ALONE = 200
_AHEAD = 3


@dataclass(frozen=True, slots=True)
class NetBuilt:
    """What a build did: trials in the net, how many different criteria they have, bytes on disk; `is_new`: it was built now."""

    trials: int
    criteria: int
    size: int
    is_new: bool


def open_ids(finder: Finder) -> list[str]:
    """The studies that take people now, or have a site that does."""
    found: dict[str, None] = {}
    for choices in (Choices(status=OPEN_STATUSES), Choices(open_sites=True)):
        found.update(dict.fromkeys(finder.ids(with_choices(read_params({}), choices))))
    return sorted(found)


def build_net(
    settings: Settings, *, full: bool = False, report: Callable[[Progress], None] = lambda _: None
) -> NetBuilt:
    """Bring the net to the studies that are open by the search index; `NotBuiltError` where there is no index."""
    registry = settings.registry
    with closing(SqliteReader(registry)) as store:
        state = store.current()
    numbers = [int(one[3:]) for one in open_ids(Finder(registry))]
    members = [(number, state[number]) for number in numbers if number in state]
    net = None if full else open_net(registry)
    is_new = net is None or net.file.state() != dict(members)
    if is_new:
        joined, studies = _compile_all(settings, members, report)
        write_net(net_directory(registry), net_stamp(), studies, columns_of(joined))
        net = CriteriaNet(registry)
    assert net is not None
    shapes = len(net.file.columns["minimum"])
    return NetBuilt(len(net.file), shapes, net.file.file.stat().st_size, is_new)


def _compile_all(
    settings: Settings, members: Sequence[tuple[int, int]], report: Callable[[Progress], None]
) -> tuple[Part, list[NetStudy]]:
    workers = settings.load_workers if len(members) > _ALONE else 1
    size = min(CHUNK, max(1, -(-len(members) // workers)))
    chunks = [members[first : first + size] for first in range(0, len(members), size)]
    waiting: list[Future[tuple[Part, list[NetStudy]]]] = []
    joiner = Joiner()
    studies: list[NetStudy] = []

    def take(future: Future[tuple[Part, list[NetStudy]]]) -> None:
        part, own = future.result()
        joiner.add(part)
        studies.extend(own)
        report(Progress("compiled", len(studies), len(members)))

    with pool_of(workers) as pool:
        try:
            for chunk in chunks:
                waiting.append(pool.submit(compile_chunk, settings.registry, chunk))
                if len(waiting) >= workers + _AHEAD:
                    take(waiting.pop(0))
            while waiting:
                take(waiting.pop(0))
        finally:
            for future in waiting:
                future.cancel()
    return joiner.part, studies


def compile_chunk(registry: Path, members: Sequence[tuple[int, int]]) -> tuple[Part, list[NetStudy]]:
    """Compile some studies (number, version); runs in a worker."""
    gc.disable()  # expressions hold no cycles, and looking for some takes a quarter of the time
    try:
        sets = CriteriaSets(open_criteria(registry))
        trials, studies = [], []
        with closing(SqliteReader(registry)) as store:
            for number, _ in members:
                stored = store.get(f"NCT{number:08d}")
                if stored is None:
                    continue
                study = stored.study
                trials.append(Trial(sets.of_stored(stored), read_witness(study)))
                day = study.last_update_post_date
                sites = tuple(
                    (one.point.lat, one.point.lon) for one in open_sites(study) if one.point is not None
                )
                studies.append(
                    NetStudy(number, stored.version, 0 if day is None else day.latest.toordinal(), sites)
                )
        return part_of(trials), studies
    finally:
        gc.enable()
        gc.collect()
