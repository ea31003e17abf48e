"""Whether the server is well, its figures, and the documents that say what it answers."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from starlette.requests import Request
from starlette.responses import Response

from trialist import __version__
from trialist.api.own_answers import answered
from trialist.serving.lanes import Lanes
from trialist.serving.metrics import Meter, exposition
from trialist.serving.served import Serving

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


class State:
    """The paths for whoever runs the server."""

    def __init__(self, serving: Serving, lanes: Lanes, meter: Meter) -> None:
        self._serving = serving
        self._lanes = lanes
        self._meter = meter

    async def health(self, _request: Request, _params: Mapping[str, str]) -> Response:
        """Well, when a record can be read; else the error says what is not."""
        served = self._serving.now
        await self._lanes.read(served.records.state)
        told = {
            "status": "ok",
            "version": __version__,
            "studies": served.studies,
            "generation": served.finder.index.generation,
            "data_timestamp": served.timestamp,
        }
        return answered(orjson.dumps(told), headers={"cache-control": "no-store"})

    async def metrics(self, _request: Request, _params: Mapping[str, str]) -> Response:
        """Figures of all workers together."""
        served = self._serving.now
        gauges = {
            "trialist_studies": ("Studies that can be searched.", float(served.studies)),
            "trialist_index_segments": (
                "Segments of the search index.",
                float(len(served.finder.index.segments)),
            ),
            "trialist_searches_at_once": (
                "Searches that the worker asked runs or has waiting.",
                float(self._lanes.quick.taken + self._lanes.costly.taken),
            ),
        }
        told = {
            "trialist_build_info": {"version": __version__},
            "trialist_index_info": {
                "generation": served.finder.index.generation,
                "data_timestamp": served.timestamp,
            },
        }
        text = exposition(self._meter, gauges, told)
        return answered(text.encode(), _PROMETHEUS, {"cache-control": "no-store"})
