"""A study as a reader sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from trialist import views
from trialist.api.own_answers import answered
from trialist.api.own_asked import place_json
from trialist.api.own_parameters import AS_OF, read_day
from trialist.api.study import canonical_id
from trialist.serving.lanes import Lanes
from trialist.serving.served import Serving


class Views:
    """The paths of the views of one study."""

    def __init__(self, serving: Serving, lanes: Lanes, today: Callable[[], date]) -> None:
        self._serving = serving
        self._lanes = lanes
        self._today = today

    async def public(self, request: Request, params: Mapping[str, str]) -> Response:
        """The view for patients and those who help them."""
        served = self._serving.now
        nct_id = canonical_id(request.path_params["nct"])
        as_of = read_day(params, AS_OF) or self._today()

        def document() -> bytes:
            near, place = served.finder.place(params.get("near", ""), option="near")
            stored = served.records.get_known(nct_id)
            view = views.public_view(stored.study, as_of=as_of, near=near)
            gone = stored.missing_since is not None
            return _written(view, gone=gone, near=place_json(near, place))

        return await self._answer(document)

    async def record(self, request: Request, params: Mapping[str, str]) -> Response:
        """The whole record, module by module."""
        served = self._serving.now
        nct_id = canonical_id(request.path_params["nct"])

        def document() -> bytes:
            stored = served.records.get_known(nct_id)
            return _written(views.record_view(stored.study), gone=stored.missing_since is not None, near=None)

        return await self._answer(document)

    async def _answer(self, document: Callable[[], bytes]) -> Response:
        return answered(await self._lanes.read(document))


def _written(view: views.View, *, gone: bool, near: dict[str, Any] | None) -> bytes:
    return orjson.dumps({**views.render_json(view), "no_longer_in_the_registry": gone, "near": near})
