"""`/stats/…`: how large the studies are, and how the values of their fields are spread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from trialist.api.refusals import plain_text, refusal
from trialist.errors import TrialistError, UnknownFieldError
from trialist.query.filters import split_list, trimmed
from trialist.query.live import live_message
from trialist.serving.answers import JSON, content, not_modified
from trialist.serving.asked import plain_params_of
from trialist.serving.lanes import Lanes
from trialist.serving.served import Served, Serving


class FieldStatistics:
    """The paths of statistics."""

    def __init__(self, serving: Serving, lanes: Lanes) -> None:
        self._serving = serving
        self._lanes = lanes

    async def size(self, request: Request) -> Response:
        """`/stats/size`: of the studies' JSON."""
        plain_params_of(request.scope, ())
        return await self._told(request, lambda served: served.statistics.size())

    async def field_values(self, request: Request) -> Response:
        """`/stats/field/values`: the values of fields."""
        given = plain_params_of(request.scope, ("types", "fields"))
        types, fields = _list(given, "types"), _list(given, "fields")
        return await self._told(request, lambda served: served.statistics.field_values(types, fields))

    async def field_sizes(self, request: Request) -> Response:
        """`/stats/field/sizes`: the lengths of lists."""
        fields = _list(plain_params_of(request.scope, ("fields",)), "fields")
        return await self._told(request, lambda served: served.statistics.field_sizes(fields))

    async def _told(self, request: Request, tell: Callable[[Served], Any]) -> Response:
        served = self._serving.now
        # The first question to an index whose statistics were not prepared takes long, and a lane of its own.
        body = await self._lanes.search(lambda _: orjson.dumps(tell(served)), is_costly=True)
        return not_modified(request.scope, served) or content(body, JSON, served)


def _list(given: dict[str, str], name: str) -> list[str] | None:
    return split_list(given[name]) if trimmed(given.get(name, "")) else None


def statistics_refusal(error: TrialistError) -> Response:
    """As `refusal`, but a field that there is not has no statistics to be found: 404."""
    if isinstance(error, UnknownFieldError):
        return plain_text(live_message(error), 404)
    return refusal(error)
