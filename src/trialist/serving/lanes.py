"""Threads for what takes long, so that the loop that answers everybody never waits: lanes for searches and for reading."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TypeVar

from trialist.errors import ServerBusyError
from trialist.settings import Settings

COSTLY = 5_000
"""Searches that cost more, in the units of `query.cost`, have a lane of their own."""

_READERS = 4
_GRACE_SECONDS = 1.0
_Result = TypeVar("_Result")
Check = Callable[[], None]


class Lane:
    """So many threads, and so many places to wait for one; who comes when they are taken is refused."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._most = threads + waiting
        self._lock = threading.Lock()
        self.taken = 0

    async def run(self, work: Callable[[], _Result]) -> _Result:
        """The result of the work, done in a thread; `ServerBusyError` at once when all places are taken."""
        if self.taken >= self._most:
            raise ServerBusyError("too many searches at once", hint="Try again in a moment.")
        with self._lock:
            self.taken += 1
        running = self._threads.submit(work)
        running.add_done_callback(
            self._give_back
        )  # when the thread ends, even if nobody waits for it any more
        return await asyncio.wrap_future(running)

    def _give_back(self, _: object) -> None:
        with self._lock:
            self.taken -= 1

    def close(self) -> None:
        """Let go of what waits; what runs ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class Lanes:
    """The threads of one worker."""

    def __init__(self, settings: Settings) -> None:
        self._seconds = settings.max_query_seconds
        self.quick = Lane("search", settings.parallel_searches, settings.waiting_searches)
        self.costly = Lane("costly", 1, max(1, settings.waiting_searches // 8))
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="read")

    @property
    def readers(self) -> Executor:
        """Threads for reading records and packing answers."""
        return self._readers

    async def read(self, work: Callable[[], _Result]) -> _Result:
        """The result of something that reads records or makes documents of them."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, work)

    def read_next(self, pieces: Iterator[bytes]) -> asyncio.Future[bytes | None]:
        """The next piece of a stream as it will be, None for its end."""
        return asyncio.get_running_loop().run_in_executor(self._readers, next, pieces, None)

    async def search(
        self,
        work: Callable[[Check], _Result],
        *,
        is_costly: bool = False,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> _Result:
        """The result of a search, which gets a check to call all along.

        `ServerBusyError` when there is no place to wait, or when it has taken too long, waiting included. A search that
        nobody wants any more ends at its next check.
        """
        ends = time.monotonic() + self._seconds

        def check() -> None:
            if time.monotonic() > ends:
                raise self._too_long()
            if not is_wanted():
                raise ServerBusyError("the client has gone")

        def checked() -> _Result:
            check()
            return work(check)

        lane = self.costly if is_costly else self.quick
        return await self._in_time(lane.run(checked))

    async def _in_time(self, answer: Awaitable[_Result]) -> _Result:
        try:
            # A search between two checks may overrun; the client is answered all the same.
            return await asyncio.wait_for(answer, self._seconds + _GRACE_SECONDS)
        except TimeoutError:
            raise self._too_long() from None

    def _too_long(self) -> ServerBusyError:
        return ServerBusyError(
            f"this search took longer than {self._seconds:g} seconds",
            hint="Ask for less at once, or try again in a moment.",
        )

    def close(self) -> None:
        """Let go of all threads."""
        self.quick.close()
        self.costly.close()
        self._readers.shutdown(wait=False, cancel_futures=True)
