"""The ASGI application: one table of routes, and what holds for every request around it."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
import uuid
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trialist.api import documents, downloads, history, statistics, studies, study
from trialist.api.access_log import AccessLog, Entry
from trialist.api.asked import canonical_path, header
from trialist.api.encoding import PackingSend, choose_encoding
from trialist.api.lanes import Lanes
from trialist.api.metrics import Meter
from trialist.api.own import own_endpoints
from trialist.api.own_refusals import own_refusal, own_refused
from trialist.api.refusals import no_such_method, no_such_path, plain_text, refusal
from trialist.api.served import Serving
from trialist.errors import TrialistError
from trialist.settings import Settings

_COMMON_HEADERS = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"etag, x-total-count, x-next-page-token"),
    (b"vary", b"accept-encoding"),
)
_PREFLIGHT_HEADERS = {
    "allow": "GET, HEAD, OPTIONS",
    "access-control-allow-methods": "GET, HEAD, OPTIONS",
    "access-control-allow-headers": "*",
    "access-control-max-age": "86400",
}
Refuse = Callable[[TrialistError], Response]


class Application:
    """Answers requests from one registry; made by `create_app`."""

    def __init__(self, settings: Settings, log: AccessLog, meters: Path | None = None) -> None:
        """`meters` is a directory in which all workers of a server count."""
        self.settings = settings
        self.log = log
        self.serving = Serving(settings.registry, log.tell)
        self.lanes = Lanes(settings)
        self.meter = Meter(meters)
        self.routes: list[BaseRoute] = routes(self)
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

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
                message["headers"] = [*message["headers"], *_COMMON_HEADERS]
            elif message["type"] == "http.response.body":
                entry.sent += len(message.get("body", b""))
            await send(message)

        encoding = choose_encoding(header(scope, b"accept-encoding"))
        packing: Send = PackingSend(counted, encoding, self.lanes.readers) if encoding else counted
        try:
            await self._route(scope, receive, packing, entry)
        except Exception as error:
            bug = self._tell_bug(error)
            if entry.status:
                raise  # too late for an answer; the connection is cut, so that nobody takes the part for the whole
            response = own_refused(scope, 500, bug) or plain_text(f"Internal error {bug}", 500)
            await response(scope, receive, counted)
        finally:
            seconds = time.monotonic() - began
            self.log.write(entry, seconds)
            self.meter.count(entry.route, entry.status, seconds, entry.sent)

    async def _route(self, scope: Scope, receive: Receive, send: Send, entry: Entry) -> None:
        response = self._refused_at_once(scope)
        if response is not None:
            await response(scope, receive, send)
            return
        for route in self.routes:
            match, found = route.matches(scope)
            if match is Match.NONE:
                continue
            scope.update(found)
            entry.route = getattr(route, "path", "")
            if match is Match.PARTIAL:
                break
            await route.handle(scope, receive, send)
            return
        response = own_refused(scope, 404) or no_such_path()
        await response(scope, receive, send)

    def _refused_at_once(self, scope: Scope) -> Response | None:
        """The answer that needs no route, if this request gets one; else the path is made canonical."""
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
        if len(raw_path) + len(scope["query_string"]) > self.settings.max_request_bytes:
            text = f"The address is longer than {self.settings.max_request_bytes} bytes"
            return own_refused(scope, 414, text) or plain_text(text, 414)
        if scope["method"] == "OPTIONS":
            return Response(status_code=204, headers=_PREFLIGHT_HEADERS)
        if scope["method"] not in ("GET", "HEAD"):
            return own_refused(scope, 405) or no_such_method()
        path = canonical_path(raw_path)
        if path is None:
            return own_refused(scope, 404) or no_such_path()
        scope["path"] = path
        return None

    def _tell_bug(self, error: Exception) -> str:
        """Log an error that nobody thought of under a short id; its text may tell of a query, and stays out of the log."""
        bug = uuid.uuid4().hex[:12]
        last = traceback.extract_tb(error.__traceback__)[-1]
        self.log.tell("bug", f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}", id=bug)
        logging.getLogger("trialist.api").debug("bug %s", bug, exc_info=error)
        return bug


def get(path: str, endpoint: Callable[[Request], Awaitable[Response]], refuse: Refuse = refusal) -> Route:
    """A route for GET and HEAD whose errors of the tree become answers."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            response = await endpoint(request)
        except TrialistError as error:
            response = refuse(error)
        await response(scope, receive, send)

    route = Route(path, _Endpoint(answered))
    route.methods = {"GET", "HEAD"}
    return route


class _Endpoint:
    """An endpoint that Starlette takes for an ASGI application, not for a function of a request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def routes(app: Application) -> list[BaseRoute]:
    """Every path that is answered; the first that fits counts."""
    v2 = studies.Studies(app.serving, app.lanes, app.settings)
    one = study.OneStudy(app.serving, app.lanes)
    about = documents.Documents(app.serving, app.lanes)
    stats = statistics.FieldStatistics(app.serving, app.lanes)
    whole = downloads.Downloads(app.serving, app.lanes, app.settings)
    past = history.History(app.serving, app.lanes)
    refuse = statistics.statistics_refusal
    table: Sequence[BaseRoute] = (
        get("/api/v2/studies", v2.answer),
        get("/api/v2/version", about.version),
        get("/api/v2/studies/metadata", about.metadata),
        get("/api/v2/studies/search-areas", about.search_areas),
        get("/api/v2/studies/enums", about.enums),
        get("/api/v2/studies/download", whole.whole),
        get("/api/v2/studies/{nct_id}", one.answer),
        get("/api/v2/stats/size", stats.size),
        get("/api/v2/stats/field/values", stats.field_values, refuse),
        get("/api/v2/stats/fieldValues", stats.field_values, refuse),
        get("/api/v2/stats/field/sizes", stats.field_sizes, refuse),
        get("/api/v2/stats/listSizes", stats.field_sizes, refuse),
        get("/api/oas/v2", about.openapi),
        get("/api/int/studies/download", whole.found),
        get("/api/int/studies/{nct_id}", past.study),
        get("/api/int/studies/{nct_id}/history/{number}", past.version),
    )
    endpoints = own_endpoints(app.serving, app.lanes, app.settings, app.meter)
    own = [get(path, endpoint, own_refusal) for path, endpoint in endpoints]
    return [*table, *own]


def create_app(settings: Settings, log: AccessLog | None = None, meters: Path | None = None) -> Application:
    """The application over the registry that the settings name; `NotBuiltError` when it has no store or no index.

    `meters` is a directory in which all workers of a server count; without it this one counts alone.
    """
    return Application(settings, log or AccessLog(None, log_queries=settings.log_queries), meters)
