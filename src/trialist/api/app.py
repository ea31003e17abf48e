"""The API as a surface: one table of routes, and what holds for every request to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Scope

from trialist.api import documents, downloads, history, statistics, studies, study
from trialist.api.own import own_endpoints
from trialist.api.own_refusals import own_refusal, own_refused
from trialist.api.refusals import no_such_method, no_such_path, plain_text, refusal
from trialist.serving.access_log import AccessLog
from trialist.serving.application import Application
from trialist.serving.surface import Ground, Refuse, Surface, answering
from trialist.settings import Settings

_METHODS = ("GET", "HEAD", "POST")
_COMMON_HEADERS = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"etag, x-total-count, x-next-page-token"),
    (b"vary", b"accept-encoding"),
)
_PREFLIGHT_HEADERS = (
    ("allow", "GET, HEAD, OPTIONS"),
    ("access-control-allow-methods", "GET, HEAD, POST, OPTIONS"),
    ("access-control-allow-headers", "*"),
    ("access-control-max-age", "86400"),
)


def get(path: str, endpoint: Callable[[Request], Awaitable[Response]], refuse: Refuse = refusal) -> Route:
    """A route for GET and HEAD whose errors of the tree become answers."""
    return answering(path, endpoint, refuse)


def api_surface(ground: Ground) -> Surface:
    """The API over one registry."""
    return Surface(
        "api",
        routes(ground),
        _refused,
        methods=_METHODS,
        headers=_COMMON_HEADERS,
        preflight=_PREFLIGHT_HEADERS,
    )


def _refused(scope: Scope, status: int, detail: str) -> Response:
    own = own_refused(scope, status, detail)
    if own is not None:
        return own
    match status:
        case 404:
            return no_such_path()
        case 405:
            return no_such_method()
        case 500:
            return plain_text(f"Internal error {detail}", 500)
        case _:
            return plain_text(detail, status)


def routes(ground: Ground) -> list[BaseRoute]:
    """Every path that is answered; the first that fits counts."""
    serving, lanes, settings = ground.serving, ground.lanes, ground.settings
    v2 = studies.Studies(serving, lanes, settings)
    one = study.OneStudy(serving, lanes)
    about = documents.Documents(serving, lanes)
    stats = statistics.FieldStatistics(serving, lanes)
    whole = downloads.Downloads(serving, lanes, settings)
    past = history.History(serving, lanes)
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
    endpoints = own_endpoints(serving, lanes, settings, ground.meter)
    own = [answering(path, endpoint, own_refusal, methods) for path, endpoint, methods in endpoints]
    return [*table, *own]


def create_app(settings: Settings, log: AccessLog | None = None, meters: Path | None = None) -> Application:
    """The application that is the API alone; see `Application`."""
    return Application(settings, (api_surface,), log, meters)
