"""The project's own API, `/api/trialist/v1`: its paths and who answers them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from functools import cached_property

import orjson
from starlette.requests import Request
from starlette.responses import Response

from trialist.api.own_answers import answered
from trialist.api.own_criteria import Criteria
from trialist.api.own_match import Matches
from trialist.api.own_openapi import openapi_document
from trialist.api.own_page import HEADERS, page_of
from trialist.api.own_parameters import read_parameters
from trialist.api.own_routes import ROUTES, OwnRoute
from trialist.api.own_search import Searches
from trialist.api.own_state import State
from trialist.api.own_views import Views
from trialist.serving.lanes import Lanes
from trialist.serving.metrics import Meter
from trialist.serving.served import Serving
from trialist.settings import Settings, now

Endpoint = Callable[[Request], Awaitable[Response]]
_METHODS = {"get": ("GET", "HEAD"), "post": ("POST",)}
_Answer = Callable[[Request, Mapping[str, str]], Awaitable[Response]]


def own_endpoints(
    serving: Serving, lanes: Lanes, settings: Settings, meter: Meter
) -> list[tuple[str, Endpoint, tuple[str, ...]]]:
    """Path, endpoint and methods of everything in the table of routes."""
    searches = Searches(serving, lanes, settings, _today)
    views = Views(serving, lanes, _today)
    state = State(serving, lanes, meter)
    matches = Matches(serving, lanes, _today)
    told = _Told()
    answers: dict[str, _Answer] = {
        "search": searches.search,
        "facets": searches.facets,
        "similar": searches.similar,
        "criteria": Criteria(serving, lanes).study,
        "match": matches.match,
        "explain": matches.explain,
        "suggest": searches.suggest,
        "public_view": views.public,
        "record_view": views.record,
        "health": state.health,
        "metrics": state.metrics,
        "document": told.document,
        "page": told.page,
    }
    return [
        (route.full_path, _endpoint(route, answers[route.name]), _METHODS[route.method]) for route in ROUTES
    ]


def _today() -> date:
    return now().date()


def _endpoint(route: OwnRoute, answer: _Answer) -> Endpoint:
    """What reads the parameters that the table says, and answers."""

    async def endpoint(request: Request) -> Response:
        return await answer(request, read_parameters(request.scope["query_string"], route.parameters))

    return endpoint


class _Told:
    """The documents that say what is answered; they are the same for as long as the server runs."""

    @cached_property
    def _document(self) -> bytes:
        return orjson.dumps(openapi_document(), option=orjson.OPT_INDENT_2)

    @cached_property
    def _page(self) -> bytes:
        examples = {route.full_path: route.example for route in ROUTES if route.example}
        return page_of(openapi_document(), examples).encode()

    async def document(self, _request: Request, _params: Mapping[str, str]) -> Response:
        """The OpenAPI document."""
        return answered(self._document)

    async def page(self, _request: Request, _params: Mapping[str, str]) -> Response:
        """The page."""
        return answered(self._page, "text/html; charset=utf-8", HEADERS)
