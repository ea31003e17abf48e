"""Answers: ready ones, streams, and the one that says that nothing is new."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from trialist.serving.asked import is_known_to_client
from trialist.serving.lanes import Lanes
from trialist.serving.served import Served

JSON = "application/json"
CSV = "text/csv"
YAML = "application/yaml"
ZIP = "application/zip"
FHIR = "application/fhir+json"
RIS = "application/x-research-info-systems"


def content(
    body: bytes, media_type: str, served: Served, headers: Mapping[str, str] | None = None
) -> Response:
    """A ready answer, with the tag of the state it was made from."""
    return Response(body, 200, {"content-type": media_type, "etag": served.etag, **(headers or {})})


def not_modified(scope: Scope, served: Served) -> Response | None:
    """The empty answer for a client that holds what is served, else None. Ask only where the answer would be 200."""
    if not is_known_to_client(scope, served.etag):
        return None
    return Response(status_code=304, headers={"etag": served.etag})


class Departure:
    """Whether the client of a request has gone."""

    def __init__(self, receive: Receive) -> None:
        self._waiting = asyncio.create_task(self._wait(receive))

    @staticmethod
    async def _wait(receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    @property
    def is_wanted(self) -> bool:
        """Whether anybody still waits for the answer."""
        return not self._waiting.done()

    def close(self) -> None:
        """Stop looking."""
        self._waiting.cancel()


class Streamed(Response):
    """An answer sent piece by piece: the next is made while one is sent, so that two are in memory at a time."""

    def __init__(
        self,
        pieces: Iterator[bytes],
        lanes: Lanes,
        media_type: str,
        served: Served,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(None, 200, {"content-type": media_type, "etag": served.etag, **headers})
        del self.headers["content-length"]
        self._pieces = pieces
        self._lanes = lanes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; a client that goes away ends it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body"})
            return
        departure = Departure(receive)
        try:
            async for piece in made_ahead(self._pieces, self._lanes.read_next):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                if not departure.is_wanted:
                    return
            await send({"type": "http.response.body"})
        finally:
            departure.close()


Next = Callable[[Iterator[bytes]], "asyncio.Future[bytes | None]"]


async def made_ahead(pieces: Iterator[bytes], read_next: Next) -> AsyncIterator[bytes]:
    """The pieces, each made in a thread while the one before is in use."""
    coming = read_next(pieces)
    try:
        while (piece := await coming) is not None:
            coming = read_next(pieces)
            yield piece
    finally:
        coming.cancel()
