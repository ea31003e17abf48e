"""The site as a surface: its table of addresses, and what holds for every page."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from datetime import date
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Scope

from trialist.errors import TrialistError
from trialist.pages.asked import Asked, DearError
from trialist.pages.failures import error_page, private_page, refused_page
from trialist.pages.layout import layout_of
from trialist.pages.posted import is_own, read_body, read_pairs_of
from trialist.pages.rendering import render
from trialist.pages.routes import ROUTES, Row
from trialist.pages.shown import Shown, moved
from trialist.pages.static_files import ROOT, static_files
from trialist.serving.answers import Departure
from trialist.serving.asked import is_known_to_client, read_pairs
from trialist.serving.lanes import Check
from trialist.serving.served import Served
from trialist.serving.surface import Ground, Surface, answering
from trialist.settings import Settings, now

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src {images}; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def headers_of(settings: Settings) -> tuple[tuple[bytes, bytes], ...]:
    """What goes with every answer of the site: nothing but its own files runs or loads, and nobody is told where a reader came from.

    Pictures come from the site itself, and from the tile server that the settings name, if they name one.
    """
    address = urlsplit(settings.map_tiles)
    images = f"'self' {address.scheme}://{address.netloc}" if settings.map_tiles else "'self'"
    return (
        (b"content-security-policy", _POLICY.format(images=images).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"permissions-policy", b"geolocation=(self), camera=(), microphone=(), browsing-topics=()"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"vary", b"accept-encoding"),
    )


_MOST_FORM_BYTES = 16_384
_MATCHING = frozenset(row.path for row in ROUTES if row.takes_patient)
_WAYS = tuple((row.nav, row.path) for row in ROUTES if row.nav)


def site_surface(ground: Ground) -> Surface:
    """The site over one registry."""
    site = Site(ground)
    routes: list[BaseRoute] = [
        answering(
            row.path,
            site.endpoint(row),
            site.failed_privately if row.takes_patient else site.failed,
            ("POST",) if row.takes_form else ("GET", "HEAD"),
        )
        for row in ROUTES
    ]
    routes.append(answering(f"{ROOT}{{mark}}/{{name:path}}", static_file, site.failed))
    return Surface(
        "",
        routes,
        site.refused,
        ("GET", "HEAD", "POST"),
        headers_of(ground.settings),
        (("allow", "GET, HEAD, POST"),),
    )


async def static_file(request: Request) -> Response:
    """A file, to be kept for a year: another one has another address. An old address gets the file of today."""
    files = static_files()
    found = files.found.get(request.path_params["name"])
    if found is None:
        return Response("Not found", 404, {"content-type": "text/plain; charset=utf-8"})
    is_current = request.path_params["mark"] == files.mark
    kept = "public, max-age=31536000, immutable" if is_current else "no-cache"
    return Response(found.body, 200, {"content-type": found.media_type, "cache-control": kept})


class Site:
    """What the pages of one worker share."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def endpoint(self, row: Row) -> Callable[[Request], Awaitable[Response]]:
        """What answers requests for the page of a row."""

        async def endpoint(request: Request) -> Response:
            served, today = self._ground.serving.now, now().date()
            tag = _tag(served, today)
            if not row.takes_form and is_known_to_client(request.scope, tag):
                return Response(status_code=304, headers={"etag": tag})
            if not row.takes_form:
                given = read_pairs(request.scope["query_string"])
            elif not is_own(request.scope):
                return self._told(refused_page(403, ""))
            else:
                given = await self._posted(row, request)
            response = await self._made(row, request, served, today, given)
            if row.takes_form:
                response.headers["cache-control"] = "no-store"
            elif response.status_code == 200 and "etag" not in response.headers:
                response.headers["etag"] = tag
                response.headers["cache-control"] = "no-cache"
            return response

        return endpoint

    async def _posted(self, row: Row, request: Request) -> list[tuple[str, str]]:
        """What a posted form says; `LimitExceededError` for one that is longer than any of ours."""
        settings = self._ground.settings
        most = settings.max_patient_bytes if row.takes_patient else _MOST_FORM_BYTES
        body = await read_body(request, most, settings.patience_seconds)
        content_type = request.headers.get("content-type", "")
        return await self._ground.lanes.read(lambda: read_pairs_of(body, content_type))

    async def _made(
        self, row: Row, request: Request, served: Served, today: date, given: list[tuple[str, str]]
    ) -> Response:
        ground = self._ground

        def make(check: Check, *, in_costly_lane: bool = False) -> Response:
            asked = Asked(
                served, ground.settings, ground.lanes, request.path_params, tuple(given), today, check,
                in_costly_lane,
            )  # fmt: skip
            found = row.make(asked)
            return found if isinstance(found, Response) else self._response(found, served, row, request)

        if not row.searches:
            return await ground.lanes.read(lambda: make(_go_on))
        departure = Departure(request.receive)
        try:
            try:
                return await ground.lanes.search(make, is_wanted=lambda: departure.is_wanted)
            except DearError:
                return await ground.lanes.search(
                    lambda check: make(check, in_costly_lane=True),
                    is_costly=True,
                    is_wanted=lambda: departure.is_wanted,
                )
        finally:
            departure.close()

    def _response(self, shown: Shown, served: Served, row: Row, request: Request) -> Response:
        address = request.scope["path"]
        body = render(shown.template, page=shown.page, site=layout_of(served, _WAYS, address))
        headers = {"content-type": shown.media_type, **shown.headers}
        if address.split("/")[1] == "match":
            # Without it a browser says of a form's post only that its origin is "null", and own and foreign look the same.
            headers["referrer-policy"] = "same-origin"
        return Response(body, shown.status, headers)

    def failed(self, error: TrialistError) -> Response:
        """The page for an error of the tree."""
        return self._told(error_page(error))

    def failed_privately(self, error: TrialistError) -> Response:
        """The same without the error's own words, which may quote what was told of a patient."""
        return self._told(private_page(error))

    def refused(self, scope: Scope, status: int, detail: str) -> Response:
        """The page for what no route answers; from an address that takes only posts of the Match pages, the way to their form."""
        if status == 405 and scope["path"] in _MATCHING and scope["method"] in ("GET", "HEAD"):
            return moved("/match")
        response = self._told(refused_page(status, detail))
        if status == 405:
            response.headers["allow"] = "GET, HEAD"
        return response

    def _told(self, shown: Shown) -> Response:
        layout = layout_of(self._ground.serving.now, _WAYS, "")
        body = render(shown.template, page=shown.page, site=layout)
        headers = {"content-type": shown.media_type, "cache-control": "no-store", **shown.headers}
        return Response(body, shown.status, headers)


def _go_on() -> None:
    """Pages that read and do not search take no long time."""


def _tag(served: Served, today: date) -> str:
    """Another tag whenever a page may be another one: with the registry's state, the day, and the site's own files."""
    said = f"{served.etag} {today} {static_files().mark}"
    return f'"{hashlib.sha256(said.encode()).hexdigest()[:20]}"'
