"""The server: a parent that holds the sockets and keeps its workers alive."""

from __future__ import annotations

import multiprocessing
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType

from trialist.errors import InvalidParameterError, NotBuiltError
from trialist.registry.records import Records
from trialist.registry.searching import Finder
from trialist.serving.access_log import AccessLog
from trialist.serving.surface import MakeSurface
from trialist.serving.worker import run_worker
from trialist.settings import Settings

_BACKLOG = 2048
_MOST_DEATHS = 5
_DEATHS_SECONDS = 60.0
_TICK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; port 0 is any free one."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The address as a browser wants it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


class Worker:
    """One worker as its parent sees it."""

    def __init__(
        self, settings: Settings, surfaces: Sequence[MakeSurface], listening: socket.socket, meters: Path
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.listening = listening
        self.is_ready = False
        self.running: BaseProcess = context.Process(
            target=run_worker, args=(settings, surfaces, listening, theirs, meters), name="trialist-worker"
        )
        self.running.start()
        theirs.close()

    def hear(self) -> None:
        """Take up what the worker says; `NotBuiltError` when it cannot serve."""
        try:
            said, message, hint = self.pipe.recv()
        except (EOFError, OSError):
            return
        if said == "failed":
            raise NotBuiltError(message, hint=hint)
        self.is_ready = True

    def tell_to_stop(self) -> None:
        """Tell it to end what it has begun and go."""
        self.pipe.close()

    def end(self, seconds: float) -> None:
        """Wait for its end, and end it when it takes longer."""
        self.running.join(max(0.0, seconds))
        if self.running.is_alive():
            self.running.kill()
            self.running.join()


class Server:
    """The parent of the workers. `run` serves until SIGTERM or SIGINT."""

    def __init__(
        self,
        settings: Settings,
        surfaces: Sequence[MakeSurface],
        host: str,
        port: int,
        workers: int,
        log: AccessLog,
    ) -> None:
        """`NotBuiltError` when there is nothing to serve, `InvalidParameterError` for an address that is taken or none."""
        if not 1 <= workers <= 256:
            raise InvalidParameterError("--workers must be from 1 to 256")
        if not 0 <= port <= 65_535:
            raise InvalidParameterError("--port must be from 0 to 65535")
        check_built(settings)
        self._settings = settings
        self._surfaces = tuple(surfaces)
        self._log = log
        self._sockets = listen(host, port, workers)
        self.address = Address(host, self._sockets[0].getsockname()[1])
        self._meters = tempfile.TemporaryDirectory(prefix="trialist-")
        self._workers: list[Worker] = []
        self._deaths: list[float] = []
        self._is_stopping = False

    def run(self, announce: Callable[[Address], None]) -> int:
        """Serve; `announce` is called once, when all workers answer. The exit code: 0, or 70 when workers keep dying."""
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            self._workers = [self._start(listening) for listening in self._sockets]
            announced = False
            while not self._is_stopping:
                self._wait()
                if not self._revive():
                    return 70
                if not announced and all(worker.is_ready for worker in self._workers):
                    announced = True
                    announce(self.address)
            return 0
        finally:
            self._end()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _start(self, listening: socket.socket) -> Worker:
        return Worker(self._settings, self._surfaces, listening, Path(self._meters.name))

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._is_stopping = True

    def _wait(self) -> None:
        """Wait a moment, or until a worker says something or dies."""
        pipes: dict[Connection, Worker] = {
            worker.pipe: worker for worker in self._workers if not worker.is_ready
        }
        sentinels = [worker.running.sentinel for worker in self._workers]
        for one in wait([*pipes, *sentinels], _TICK_SECONDS):
            if isinstance(one, Connection):
                pipes[one].hear()

    def _revive(self) -> bool:
        """Start others for workers that have died; False when they die again and again."""
        for place, worker in enumerate(self._workers):
            if worker.running.is_alive() or self._is_stopping:
                continue
            code = worker.running.exitcode
            self._log.tell("worker_died", f"a worker ended with {code} and is started again")
            moment = time.monotonic()
            self._deaths = [*(at for at in self._deaths if moment - at < _DEATHS_SECONDS), moment]
            if len(self._deaths) > _MOST_DEATHS:
                self._log.tell("gave_up", "workers die again and again; nothing is served any more")
                return False
            worker.pipe.close()
            self._workers[place] = self._start(worker.listening)
        return True

    def _end(self) -> None:
        """Take no more connections, let the workers end what they have begun, and go."""
        for listening in self._sockets:
            listening.close()
        for worker in self._workers:
            worker.tell_to_stop()
        ends = time.monotonic() + self._settings.stop_seconds + 5
        for worker in self._workers:
            worker.end(ends - time.monotonic())
        self._meters.cleanup()


def check_built(settings: Settings) -> None:
    """`NotBuiltError` that says what to run when a registry cannot be served."""
    Records(settings.registry)
    Finder(settings.registry)


def listen(host: str, port: int, workers: int) -> list[socket.socket]:
    """A listening socket for each worker; `InvalidParameterError` for an address that is taken or none.

    On Linux each worker has a queue of its own and the system spreads connections evenly; elsewhere they share one.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError, OverflowError) as error:
        raise InvalidParameterError(
            f"there is no address {host!r}", hint="Write --host 127.0.0.1, or 0.0.0.0 for all."
        ) from error
    family, _, _, _, address = found[0]
    try:
        probe = _bound(family, address, shared=False)
        if sys.platform != "linux":
            probe.listen(_BACKLOG)
            return [probe] * workers
        # A first socket that shares with none found the address free; its place is taken by those that share.
        address = (*address[:1], probe.getsockname()[1], *address[2:])
        probe.close()
        sockets = [_bound(family, address, shared=True) for _ in range(workers)]
    except (OSError, OverflowError) as error:
        raise InvalidParameterError(
            f"cannot listen on {host} port {port}: {getattr(error, 'strerror', None) or error}",
            hint="Choose another: --port 8001, or --port 0 for any that is free.",
        ) from error
    for one in sockets:
        one.listen(_BACKLOG)
    return sockets


def _bound(family: socket.AddressFamily, address: tuple[object, ...], *, shared: bool) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        made.bind(address)
    except BaseException:
        made.close()
        raise
    return made
