"""Store → index: what has changed since the last build, or everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from trialist.errors import NotBuiltError
from trialist.index.build import Progress, Report
from trialist.index.current import CURRENT
from trialist.index.live import Built, LiveIndex, Taught, write_index
from trialist.registry.completing import refresh_completions
from trialist.registry.sites import TOWNS
from trialist.registry.synonyms import make_synonyms
from trialist.settings import Settings
from trialist.store import SqliteReader
from trialist.vocabulary.learned import Learner
from trialist.vocabulary.places import write_towns

__all__ = ["Built", "IndexState", "Progress", "build_search_index", "index_directory", "read_index_state"]

_ALONE = 2_000
"""So many studies one process indexes sooner than several would start."""


def index_directory(registry: Path) -> Path:
    """Where a registry keeps its search index."""
    return registry / "index"


@dataclass(frozen=True, slots=True)
class IndexState:
    """Whether there is a search index that can be read, and how it stands to the store.

    `studies` are in the index; `changed` are in the store and not, or in another version, in the index; `gone` the other
    way round.
    """

    is_built: bool
    studies: int = 0
    segments: int = 0
    changed: int = 0
    gone: int = 0

    @property
    def is_current(self) -> bool:
        """Whether the index says what the store holds."""
        return self.is_built and not self.changed and not self.gone

    def sentence(self) -> str:
        """The state in words, with the way out."""
        if not self.is_built:
            return "There is no search index yet: `trialist index` builds it."
        if self.is_current:
            return f"The search index holds all {self.studies:,} studies."
        return (
            f"The search index is older than the registry ({self.changed:,} studies new or changed, {self.gone:,} gone): "
            "`trialist index` brings it up to date."
        )


def read_index_state(registry: Path) -> IndexState:
    """How the index of a registry stands to its store; `NotBuiltError` when there is no registry."""
    if not (index_directory(registry) / CURRENT).exists():
        return IndexState(is_built=False)
    try:
        index = LiveIndex(index_directory(registry))
    except NotBuiltError:
        return IndexState(is_built=False)
    with closing(SqliteReader(registry)) as store:
        state = store.current()
    known: dict[int, int] = {}
    for segment, alive in zip(index.segments, index.alive, strict=True):
        known.update(zip(segment.nct[alive].tolist(), segment.version[alive].tolist(), strict=True))
    changed = sum(known.get(number) != version for number, version in state.items())
    return IndexState(True, index.studies, len(index.segments), changed, len(known.keys() - state.keys()))


@dataclass(frozen=True, slots=True)
class StoreSource:
    """The studies of a store, opened in the process that reads them."""

    directory: Path

    def read(self, numbers: Sequence[int]) -> Iterator[bytes]:
        """The JSON of these studies, in this order."""
        with closing(SqliteReader(self.directory)) as store:
            yield from store.read(numbers)


def build_search_index(settings: Settings, *, full: bool = False, report: Report = lambda _: None) -> Built:
    """Bring the search index to what the store holds; what was in force stays readable until the new one is ready.

    `NotBuiltError` when there is no registry.
    """
    with closing(SqliteReader(settings.registry)) as store:
        state = store.current()

    def teach(learner: Learner) -> Taught:
        return make_synonyms(settings.registry, learner.concepts())

    built = write_index(
        index_directory(settings.registry),
        StoreSource(settings.registry),
        state,
        teach=teach,
        full=full,
        workers=settings.load_workers if len(state) > _ALONE else 1,
        report=report,
    )
    refresh_completions(index_directory(settings.registry))
    if len(state) > _ALONE:  # of few studies there are few towns, and the file takes longer than their index
        write_towns(index_directory(settings.registry) / TOWNS)
    return built
