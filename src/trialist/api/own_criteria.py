"""A study's eligibility criteria as they were understood."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from trialist.api.own_answers import answered
from trialist.api.study import canonical_id
from trialist.registry.criteria import criteria_document
from trialist.serving.lanes import Lanes
from trialist.serving.served import Serving


class Criteria:
    """The path of one study's criteria."""

    def __init__(self, serving: Serving, lanes: Lanes) -> None:
        self._serving = serving
        self._lanes = lanes

    async def study(self, request: Request, params: Mapping[str, str]) -> Response:
        """The criteria: as they are kept parsed, or parsed now where they are not."""
        served = self._serving.now
        nct_id = canonical_id(request.path_params["nct"])

        def document() -> bytes:
            finder = served.finder
            return criteria_document(served.records.get_known(nct_id), finder.criteria, finder.resolve_mesh)

        return answered(await self._lanes.read(document))
