"""What the API says of itself and of its data as a whole."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response

from trialist.api.answers import JSON, content, not_modified
from trialist.api.asked import plain_params_of
from trialist.api.lanes import Lanes
from trialist.api.served import API_VERSION, Serving


class Documents:
    """Paths that answer one document each."""

    def __init__(self, serving: Serving, lanes: Lanes) -> None:
        self._serving = serving
        self._lanes = lanes

    async def version(self, request: Request) -> Response:
        """`/version`: the version of the API, and the day of the data."""
        plain_params_of(request.scope, ())
        served = self._serving.now
        body = orjson.dumps({"apiVersion": API_VERSION, "dataTimestamp": served.timestamp})
        return not_modified(request.scope, served) or content(body, JSON, served)
