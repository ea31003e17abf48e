"""A surface: the routes that belong together, and how they refuse. An application is made of one or several."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from trialist.errors import TrialistError
from trialist.serving.lanes import Lanes
from trialist.serving.metrics import Meter
from trialist.serving.served import Serving
from trialist.settings import Settings

Refuse = Callable[[TrialistError], Response]
RefuseAtAll = Callable[[Scope, int, str], Response]
"""The answer to what no route answers: a status of 404, 405, 414 or 500, and a detail, "" for none."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What the surfaces of one worker stand on."""

    serving: Serving
    lanes: Lanes
    settings: Settings
    meter: Meter


@dataclass(frozen=True, slots=True)
class Surface:
    """Routes, the first that fits counting, and what holds for all of them.

    `root` is the first part of the paths that belong to it ("api"), "" for all that belong to no other. `headers` go with
    every answer, `preflight` with that to OPTIONS.
    """

    root: str
    routes: Sequence[BaseRoute]
    refused: RefuseAtAll
    methods: tuple[str, ...] = ("GET", "HEAD")
    headers: Sequence[tuple[bytes, bytes]] = ()
    preflight: Sequence[tuple[str, str]] = ()


MakeSurface = Callable[[Ground], Surface]
"""Makes a surface in a worker; a function of a module, so that it can be named to another process."""


def surface_of(surfaces: Sequence[Surface], path: str) -> Surface:
    """The surface that a path belongs to; the last one where it belongs to none."""
    first = next((part for part in path.split("/") if part), "")
    return next((one for one in surfaces if one.root == first or not one.root), surfaces[-1])


def answering(
    path: str,
    endpoint: Callable[[Request], Awaitable[Response]],
    refuse: Refuse,
    methods: tuple[str, ...] = ("GET", "HEAD"),
) -> Route:
    """A route whose errors of the tree become answers."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            response = await endpoint(request)
        except TrialistError as error:
            response = refuse(error)
        await response(scope, receive, send)

    route = Route(path, _Endpoint(answered))
    route.methods = set(methods)
    return route


class _Endpoint:
    """An endpoint that Starlette takes for an ASGI application, not for a function of a request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)
