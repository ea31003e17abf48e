"""The registry's site's own paths for a study's versions, which programs use that follow what changes in a study."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from trialist.api.study import canonical_id, find
from trialist.query.filters import trimmed
from trialist.query.live import parameter_error
from trialist.query.params import read_boolean
from trialist.registry.history import history, history_version
from trialist.registry.registry import Registry
from trialist.serving.answers import JSON, content, not_modified
from trialist.serving.asked import plain_params_of
from trialist.serving.lanes import Lanes
from trialist.serving.served import Serving


class History:
    """The paths of versions."""

    def __init__(self, serving: Serving, lanes: Lanes) -> None:
        self._serving = serving
        self._lanes = lanes

    async def study(self, request: Request) -> Response:
        """`/api/int/studies/{nctId}`: the study, and with `history=true` what each of its versions changed."""
        given = plain_params_of(request.scope, ("history",))
        wants_history = read_boolean("history", trimmed(given.get("history", "")) or "false")

        def tell(registry: Registry, nct_id: str) -> Any:
            found = history(registry, nct_id)
            return found if wants_history else {"study": found["study"]}

        return await self._told(request, tell)

    async def version(self, request: Request) -> Response:
        """`/api/int/studies/{nctId}/history/{n}`: one version, 0 being the oldest."""
        plain_params_of(request.scope, ())
        text = request.path_params["number"]
        if not re.fullmatch(r"[0-9]{1,6}", text):
            raise parameter_error(
                f"{text[:60]!r} is not the number of a version", "Parameter `version` has incorrect format"
            )
        return await self._told(
            request, lambda registry, nct_id: history_version(registry, nct_id, int(text))
        )

    async def _told(self, request: Request, tell: Callable[[Registry, str], Any]) -> Response:
        served = self._serving.now
        nct_id = canonical_id(request.path_params["nct_id"])

        def write() -> bytes:
            own = find(served, nct_id).stored.nct_id
            with Registry(self._serving.directory) as registry:
                return orjson.dumps(tell(registry, own))

        body = await self._lanes.read(write)
        return not_modified(request.scope, served) or content(body, JSON, served)
