"""Connections: uvicorn's HTTP protocol with limits on how long and how slowly a client may speak and listen."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_HIGH = re.compile(rb"[\x80-\xff]")


def _escaped(found: re.Match[bytes]) -> bytes:
    return b"%%%02X" % found[0][0]


class LimitedProtocol(HttpToolsProtocol):
    """A connection that is closed when its client does not come to the point.

    A request's head must come within `patience` seconds and be no longer than `most_head_bytes`; what is sent must be
    taken up within `patience` as soon as more waits than the buffers hold. Bytes beyond ASCII in an address, which some
    clients send, are taken for UTF-8 that should have been escaped.
    """

    patience = 20.0
    most_head_bytes = 65_536
    most_connections = 20_000

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_bytes = 0
        self._in_head = True
        self._impatient: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    # Beginnings and ends

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it too
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self.most_connections:
            self._refuse(b"503 Service Unavailable", b"Too many connections", b"retry-after: 1\r\n")
            return
        self._impatient = self.loop.call_later(self.patience, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the timers."""
        for timer in (self._impatient, self._stalled):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    # What comes

    def data_received(self, data: bytes) -> None:
        """Read on, within the limits of a head."""
        if self.transport.is_closing():
            return
        if self._in_head:
            self._head_bytes += len(data)
            if not data.isascii():
                line, end, rest = data.partition(b"\r\n")
                data = _HIGH.sub(_escaped, line) + end + rest
        super().data_received(data)
        if self._in_head and self._head_bytes > self.most_head_bytes and not self.transport.is_closing():
            self._refuse(b"431 Request Header Fields Too Large", b"The request's head is too long")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = True
        if self._impatient is None:
            self._impatient = self.loop.call_later(self.patience, self._head_is_late)

    def on_headers_complete(self) -> None:
        """A request's head is there."""
        self._in_head = False
        self._head_bytes = 0
        self._be_patient()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A request is there; what follows is the head of another."""
        super().on_message_complete()
        self._in_head = True

    def on_response_complete(self) -> None:
        """A request is answered; one whose body is still to come is not waited for."""
        super().on_response_complete()
        if not self._in_head and not self.transport.is_closing():
            self.transport.close()

    def _be_patient(self) -> None:
        if self._impatient is not None:
            self._impatient.cancel()
            self._impatient = None

    def _head_is_late(self) -> None:
        self._impatient = None
        if not self.transport.is_closing():
            self._refuse(b"408 Request Timeout", b"The request did not come in time")

    # What goes

    def pause_writing(self) -> None:
        """The client does not keep up."""
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(self.patience, self._client_is_stuck)

    def resume_writing(self) -> None:
        """The client has taken up what was sent."""
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _client_is_stuck(self) -> None:
        self._stalled = None
        self.transport.abort()

    def _refuse(self, status: bytes, text: bytes, more: bytes = b"") -> None:
        self._be_patient()
        self.transport.write(
            b"HTTP/1.1 %b\r\ncontent-type: text/plain; charset=UTF-8\r\ncontent-length: %d\r\nconnection: close\r\n%b\r\n%b"
            % (status, len(text), more, text)
        )
        self.transport.close()


def limited(patience: float, most_head_bytes: int, most_connections: int) -> type[LimitedProtocol]:
    """A protocol with these limits."""
    limits = {"patience": patience, "most_head_bytes": most_head_bytes, "most_connections": most_connections}
    return type("Connection", (LimitedProtocol,), limits)
