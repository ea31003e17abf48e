"""The log: one JSON object a line. What was asked for stays out of it unless the settings say otherwise."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, BinaryIO

import orjson
from starlette.types import Scope

from trialist.settings import now


class Entry:
    """One request as it is answered: `route` is the table's path that it took, "" for none."""

    __slots__ = ("route", "scope", "sent", "status")

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.route = ""
        self.status = 0
        self.sent = 0


_EVERY_SECONDS = 0.2
_MOST_LINES = 20_000
_CLOSE_SECONDS = 2.0


class AccessLog:
    """Writes lines to a stream; to none where there is none.

    A thread writes them, some times a second: whoever reads the log and stops reading must not stop the server. Lines that
    then find no place are counted, and the count is told once there is place again.
    """

    def __init__(
        self, out: BinaryIO | None, *, log_queries: bool = False, clock: Callable[[], datetime] = now
    ) -> None:
        """With `log_queries` a line has the address as it was sent, else only the route: an id or a query can tell a disease."""
        self._out = out
        self._log_queries = log_queries
        self._clock = clock
        self._lock = threading.Lock()
        self._lines: list[bytes] = []
        self._lost = 0
        self._ending = threading.Event()
        self._writer = threading.Thread(target=self._write_all, name="log", daemon=True)
        if out is not None:
            self._writer.start()

    def write(self, entry: Entry, seconds: float) -> None:
        """Log a request that has been answered; a status of 0 says that it was not."""
        if self._out is None:
            return
        scope = entry.scope
        line: dict[str, Any] = {
            "at": self._at(),
            "event": "request",
            "method": scope["method"][:20],
            "route": entry.route,
            "status": entry.status,
            "bytes": entry.sent,
            "ms": round(seconds * 1000, 1),
        }
        if self._log_queries:
            line["path"] = (scope.get("raw_path") or b"").decode("latin-1")
            line["query"] = scope["query_string"].decode("latin-1")
        self._line(line)

    def tell(self, event: str, message: str, **more: object) -> None:
        """Log something that is no request."""
        if self._out is not None:
            self._line({"at": self._at(), "event": event, "message": message, **more})

    def _at(self) -> str:
        return self._clock().isoformat(timespec="milliseconds")

    def _line(self, line: dict[str, Any]) -> None:
        packed = orjson.dumps(line) + b"\n"
        with self._lock:
            if len(self._lines) < _MOST_LINES:
                self._lines.append(packed)
            else:
                self._lost += 1

    def close(self) -> None:
        """Write what is left, if somebody takes it within two seconds."""
        self._ending.set()
        if self._writer.is_alive():
            self._writer.join(_CLOSE_SECONDS)

    def _write_all(self) -> None:
        assert self._out is not None
        ends = False
        while not ends:
            ends = self._ending.wait(_EVERY_SECONDS)
            with self._lock:
                lines, self._lines = self._lines, []
                lost, self._lost = self._lost, 0
            if lost:
                told = {"at": self._at(), "event": "lines_lost", "message": f"{lost} lines found no place"}
                lines.append(orjson.dumps(told) + b"\n")
            if lines:
                try:
                    self._out.write(b"".join(lines))
                    self._out.flush()
                except (OSError, ValueError):  # nobody reads any more
                    return
