"""The ASGI application: the routes of its surfaces, and what holds for every request around them."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
import uuid
from collections.abc import Sequence
from pathlib import Path

from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Message, Receive, Scope, Send

from trialist.serving.access_log import AccessLog, Entry
from trialist.serving.asked import canonical_path, header
from trialist.serving.encoding import PackingSend, choose_encoding
from trialist.serving.lanes import Lanes
from trialist.serving.metrics import Meter
from trialist.serving.served import Serving
from trialist.serving.surface import Ground, MakeSurface, Surface, surface_of
from trialist.settings import Settings


class Application:
    """Answers requests from one registry, as the surfaces that it is made of say."""

    def __init__(
        self,
        settings: Settings,
        surfaces: Sequence[MakeSurface],
        log: AccessLog | None = None,
        meters: Path | None = None,
    ) -> None:
        """`NotBuiltError` when the registry that the settings name has no store or no index.

        `meters` is a directory in which all workers of a server count; without it this one counts alone.
        """
        self.settings = settings
        self.log = log or AccessLog(None, log_queries=settings.log_queries)
        self.serving = Serving(settings.registry, self.log.tell)
        self.lanes = Lanes(settings)
        self.meter = Meter(meters)
        ground = Ground(self.serving, self.lanes, settings, self.meter)
        self.surfaces: list[Surface] = [make(ground) for make in surfaces]
        self.routes: list[BaseRoute] = [route for surface in self.surfaces for route in surface.routes]
        self.meter.open([route.path for route in self.routes if isinstance(route, Route)])
        self._watching: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or begin and end with the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._watching = asyncio.create_task(self.serving.watch(self.lanes.readers))
                await send({"type": "lifespan.startup.complete"})
            else:
                if self._watching is not None:
                    self._watching.cancel()
                self.lanes.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.monotonic()
        entry = Entry(scope)
        surface = surface_of(self.surfaces, scope["path"])

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
                given = {name for name, _ in message["headers"]}
                common = [one for one in surface.headers if one[0] not in given]
                message["headers"] = [*message["headers"], *common]
            elif message["type"] == "http.response.body":
                entry.sent += len(message.get("body", b""))
            await send(message)

        encoding = choose_encoding(header(scope, b"accept-encoding"))
        packing: Send = PackingSend(counted, encoding, self.lanes.readers) if encoding else counted
        try:
            await self._route(surface, scope, receive, packing, entry)
        except Exception as error:
            bug = self._tell_bug(error)
            if entry.status:
                raise  # too late for an answer; the connection is cut, so that nobody takes the part for the whole
            response = surface.refused(scope, 500, bug)
            await response(scope, receive, counted)
        finally:
            seconds = time.monotonic() - began
            self.log.write(entry, seconds)
            self.meter.count(entry.route, entry.status, seconds, entry.sent)

    async def _route(
        self, surface: Surface, scope: Scope, receive: Receive, send: Send, entry: Entry
    ) -> None:
        response = self._refused_at_once(surface, scope)
        if response is not None:
            await response(scope, receive, send)
            return
        status = 404
        for route in surface.routes:
            match, found = route.matches(scope)
            if match is Match.NONE:
                continue
            entry.route = getattr(route, "path", "")
            if match is Match.PARTIAL:
                status = 405
                break
            scope.update(found)
            await route.handle(scope, receive, send)
            return
        response = surface.refused(scope, status, "")
        await response(scope, receive, send)

    def _refused_at_once(self, surface: Surface, scope: Scope) -> Response | None:
        """The answer that needs no route, if this request gets one; else the path is made canonical."""
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
        if len(raw_path) + len(scope["query_string"]) > self.settings.max_request_bytes:
            text = f"The address is longer than {self.settings.max_request_bytes} bytes"
            return surface.refused(scope, 414, text)
        if scope["method"] == "OPTIONS":
            return Response(status_code=204, headers=_preflight(surface, scope))
        if scope["method"] not in surface.methods:
            return surface.refused(scope, 405, "")
        path = canonical_path(raw_path)
        if path is None:
            return surface.refused(scope, 404, "")
        scope["path"] = path
        return None

    def _tell_bug(self, error: Exception) -> str:
        """Log an error that nobody thought of under a short id; its text may tell of a query, and stays out of the log."""
        bug = uuid.uuid4().hex[:12]
        last = traceback.extract_tb(error.__traceback__)[-1]
        self.log.tell("bug", f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}", id=bug)
        # The way to it, without the error's own text, which may quote what was told of a patient.
        way = "".join(traceback.format_tb(error.__traceback__))
        logging.getLogger("trialist.serving").debug("bug %s\n%s", bug, way)
        return bug


def _preflight(surface: Surface, scope: Scope) -> dict[str, str]:
    """What an OPTIONS request is told: of a known path the methods that it has."""
    headers = dict(surface.preflight)
    path = canonical_path(scope.get("raw_path") or scope["path"].encode())
    if "allow" in headers and path is not None:
        asked = {**scope, "path": path}
        route = next((one for one in surface.routes if one.matches(asked)[0] is not Match.NONE), None)
        methods = getattr(route, "methods", None)
        if methods:
            headers["allow"] = ", ".join([*sorted(methods), "OPTIONS"])
    return headers
