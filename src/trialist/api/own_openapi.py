"""The OpenAPI 3.1 document of the project's own API, made of the tables that requests are read by."""

from __future__ import annotations

from typing import Any

from trialist import __version__, errors
from trialist.api.own_parameters import Parameter
from trialist.api.own_refusals import BEYOND
from trialist.api.own_routes import ROUTES, OwnRoute
from trialist.api.own_schemas import SCHEMAS
from trialist.serving.statuses import STATUSES

_ABOUT = (
    "What the registry's own API does not have: scoped counts, highlights, distances, reasons, views, likenesses and typing "
    "ahead. Everything is answered from this machine; no request leaves it. Beside it the paths of ClinicalTrials.gov's "
    "API v2 stand under /api/v2. Every refusal has one shape: "
    '{"error": {"code", "message", "hint", "where"?}}.'
)


def openapi_document() -> dict[str, Any]:
    """The document as values that JSON can hold."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "trialist",
            "version": __version__,
            "summary": "Clinical trials on one's own machine",
            "description": _ABOUT,
        },
        "servers": [{"url": "/"}],
        "paths": {route.full_path: {route.method: _operation(route)} for route in ROUTES},
        "components": {"schemas": SCHEMAS},
    }


def _operation(route: OwnRoute) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if route.schema:
        schema = {"$ref": f"#/components/schemas/{route.schema}"}
    elif route.media_type == "application/json":
        schema = {"type": "object"}
    found: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": route.about,
        "responses": {
            "200": {"description": "The answer.", "content": {route.media_type: {"schema": schema}}},
            **{str(status): _refusal(status, kinds) for status, kinds in statuses_of(route).items()},
        },
    }
    if route.body:
        body = {"schema": {"$ref": f"#/components/schemas/{route.body}"}}
        found["requestBody"] = {"required": True, "content": {"application/json": body}}
    if route.parameters:
        found["parameters"] = [_parameter(one) for one in route.parameters]
    return found


def statuses_of(route: OwnRoute) -> dict[int, list[str]]:
    """The statuses that a route may refuse with, and the codes that come with each."""
    found: dict[int, list[str]] = {}
    for kind in route.errors:
        found.setdefault(STATUSES[kind], []).append(kind.code)
    for status in (404, 414, 500):
        if status != 404 or any(one.is_in_path for one in route.parameters):
            found.setdefault(status, []).append(BEYOND[status][0])
    return dict(sorted(found.items()))


def _refusal(status: int, codes: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": " or ".join(codes),
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    if status == STATUSES[errors.ServerBusyError]:
        found["headers"] = {"retry-after": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return found


def _parameter(parameter: Parameter) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": parameter.name,
        "in": "path" if parameter.is_in_path else "query",
        "required": parameter.is_in_path,
        "description": parameter.about,
        "schema": dict(parameter.schema),
    }
    if not parameter.is_in_path:
        found["allowEmptyValue"] = True  # a blank value is one that was not given, as forms send it
    if parameter.example:
        found["example"] = parameter.example
    return found
