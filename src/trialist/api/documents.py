"""What the API says of itself and of its data as a whole."""

from __future__ import annotations

from functools import cache

import orjson
from starlette.requests import Request
from starlette.responses import Response

from trialist.api.v2_openapi import openapi_yaml
from trialist.query.filters import trimmed
from trialist.query.params import read_boolean
from trialist.registry import catalogue_documents
from trialist.serving.answers import JSON, YAML, content, not_modified
from trialist.serving.asked import plain_params_of
from trialist.serving.lanes import Lanes
from trialist.serving.served import API_VERSION, Serving


class Documents:
    """Paths that answer one document each."""

    def __init__(self, serving: Serving, lanes: Lanes) -> None:
        self._serving = serving
        self._lanes = lanes

    async def version(self, request: Request) -> Response:
        """`/version`: the version of the API, and the day of the data."""
        plain_params_of(request.scope, ())
        timestamp = self._serving.now.timestamp
        return self._sent(request, orjson.dumps({"apiVersion": API_VERSION, "dataTimestamp": timestamp}))

    async def metadata(self, request: Request) -> Response:
        """`/studies/metadata`: the fields, as a tree."""
        given = plain_params_of(request.scope, ("includeIndexedOnly", "includeHistoricOnly"))
        indexed, historic = (
            read_boolean(name, trimmed(given.get(name, "")) or "false")
            for name in ("includeIndexedOnly", "includeHistoricOnly")
        )
        return self._sent(request, _metadata(indexed=indexed, historic=historic))

    async def search_areas(self, request: Request) -> Response:
        """`/studies/search-areas`: what searches look in."""
        plain_params_of(request.scope, ())
        return self._sent(request, _search_areas())

    async def enums(self, request: Request) -> Response:
        """`/studies/enums`: the enumerations."""
        plain_params_of(request.scope, ())
        return self._sent(request, _enums())

    async def openapi(self, request: Request) -> Response:
        """`/api/oas/v2`: the OpenAPI document of this API."""
        plain_params_of(request.scope, ())
        return self._sent(request, _openapi(), YAML)

    def _sent(self, request: Request, body: bytes, media_type: str = JSON) -> Response:
        served = self._serving.now
        return not_modified(request.scope, served) or content(body, media_type, served)


@cache
def _metadata(*, indexed: bool, historic: bool) -> bytes:
    return orjson.dumps(
        catalogue_documents.metadata(include_indexed_only=indexed, include_historic_only=historic)
    )


@cache
def _search_areas() -> bytes:
    return orjson.dumps(catalogue_documents.search_areas())


@cache
def _enums() -> bytes:
    return orjson.dumps(catalogue_documents.enums())


@cache
def _openapi() -> bytes:
    return openapi_yaml().encode()
