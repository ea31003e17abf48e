"""What is served: one state of a registry, and the watch that takes up the next one."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from trialist import __version__
from trialist.errors import NotBuiltError, TrialistError
from trialist.registry.kept_records import KeptRecords
from trialist.registry.paging import Pager
from trialist.registry.records import Records, StoreState
from trialist.registry.searching import Finder
from trialist.registry.statistics import Statistics

API_VERSION = "2.0.5"
"""The version of the registry's API whose answers these are."""

WATCH_SECONDS = 1.0
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Served:
    """One state of a registry. Requests take it once and keep it to their end, whatever comes into force meanwhile.

    `shown` are the records that pages of hits show, as they were in this state. `etag` is another one whenever an answer
    may be; `timestamp` is the day of the registry's data, as `/version` tells it.
    """

    finder: Finder
    pager: Pager
    records: Records
    shown: KeptRecords
    statistics: Statistics
    state: StoreState
    etag: str
    timestamp: str

    @property
    def studies(self) -> int:
        """How many studies can be searched."""
        return self.finder.index.studies


def open_served(directory: Path) -> Served:
    """The state of a registry now; `NotBuiltError` when it has no store or no index."""
    records = Records(directory)
    for attempt in range(_ATTEMPTS):
        try:
            finder = Finder(directory)
            finder.open_all()
            break
        except FileNotFoundError as error:  # another index came into force and swept this one away
            if attempt == _ATTEMPTS - 1:
                raise NotBuiltError(
                    f"the search index in {directory} is damaged: {error}",
                    hint="Build it anew: trialist index --full",
                ) from error
    state = records.state()
    statistics = Statistics(directory, finder.index)
    return Served(
        finder,
        Pager(finder),
        records,
        KeptRecords(records),
        statistics,
        state,
        _etag(finder, state),
        _timestamp(records),
    )


def _etag(finder: Finder, state: StoreState) -> str:
    said = f"{__version__} {finder.mark} {state}"
    return f'"{hashlib.sha256(said.encode()).hexdigest()[:16]}/{__version__}"'


def _timestamp(records: Records) -> str:
    """The latest day that the records name as that of their data, or the moment the last load ended."""
    day = records.data_date()
    if _DAY.fullmatch(day):
        return f"{day}T00:00:00"
    ended = records.last_load_ended() or datetime(1970, 1, 1, tzinfo=UTC)
    return ended.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


class Serving:
    """The state in force. `watch` replaces it when a load or a build has ended; no request waits for that."""

    def __init__(self, directory: Path, report: Callable[[str, str], None]) -> None:
        """`report` is told what was taken up and what could not be, as an event's name and a sentence."""
        self.directory = directory
        self.now = open_served(directory)
        self._report = report
        self._refused = ""

    async def watch(self, threads: Executor) -> None:
        """Make ready what is in force, and look once a second whether something else is; until it is cancelled."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(threads, self.now.finder.make_ready)
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            await loop.run_in_executor(threads, self.refresh)

    def refresh(self) -> None:
        """Take up what is in force now; what cannot be opened leaves everything as it was."""
        try:
            found = self._refreshed()
        except (TrialistError, OSError) as error:
            if str(error) != self._refused:
                self._refused = str(error)
                self._report("refresh_failed", f"{error}; going on with what was served before")
            return
        self._refused = ""
        if found is not self.now:
            swapped = found.finder is not self.now.finder
            self.now = found
            if swapped:
                self._report("index_taken_up", f"serving {found.studies:,} studies of another index")

    def _refreshed(self) -> Served:
        now = self.now
        if now.finder.refreshed() is not now.finder:
            found = open_served(self.directory)
            found.finder.make_ready()
            return found
        state = now.records.state()
        if state == now.state:
            return now
        # While a load runs its batches come by the second, and finding the latest day reads the whole table.
        timestamp = now.timestamp if state.state == "running" else _timestamp(now.records)
        shown = KeptRecords(now.records)
        return replace(now, shown=shown, state=state, etag=_etag(now.finder, state), timestamp=timestamp)
