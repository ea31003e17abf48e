"""Searches, counts, likenesses and typing ahead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from trialist.api.own_answers import answered
from trialist.api.own_asked import Searched, place_json, read_facets, read_searched, read_shown
from trialist.api.own_parameters import MOST_SIMILAR, SUGGEST, read_names, read_text, read_whole
from trialist.api.study import canonical_id
from trialist.errors import InvalidParameterError
from trialist.registry.answering import Shown, facet_json, hits_json, next_token
from trialist.registry.completing import KINDS
from trialist.registry.found import costs_json, suggestions_json
from trialist.serving.answers import Departure
from trialist.serving.lanes import COSTLY, Check, Lanes
from trialist.serving.served import Served, Serving
from trialist.settings import Settings

_ASK_WITH = {
    "condition": "query.cond",
    "intervention": "query.intr",
    "place": "near",
    "sponsor": "query.spons",
}


class Searches:
    """The paths that ask the index."""

    def __init__(self, serving: Serving, lanes: Lanes, settings: Settings, today: Callable[[], date]) -> None:
        self._serving = serving
        self._lanes = lanes
        self._settings = settings
        self._today = today

    async def search(self, request: Request, params: Mapping[str, str]) -> Response:
        """A page of studies, each with what is worth knowing of it."""
        served = self._serving.now
        shown = read_shown(params, None, self._today())
        names, size = read_facets(params, ())

        def found(searched: Searched, check: Check) -> dict[str, Any]:
            return self._page(served, searched, check, shown, names, size)

        return await self._answer(request, served, params, found)

    def _page(
        self, served: Served, asked: Searched, check: Check, shown: Shown, names: list[str], size: int
    ) -> dict[str, Any]:
        finder, query, most = asked.finder, asked.query, self._settings.max_query_cost
        facets: list[dict[str, Any]] = []
        if names or finder is not served.finder:
            selection = finder.select(query, most_cost=most, check=check, facets=names)
            page = selection.page()
            facets += map(facet_json, finder.facets(selection, names, most=size, check=check).values())
        else:
            page = served.pager.page(query, most_cost=most, check=check)
        shown = Shown(shown.as_of, asked.near, shown.highlights, shown.why, shown.explain)
        hits = []
        for hit in hits_json(finder, served.records.read, query, page.hits, shown):
            check()
            hits.append(hit)
        return {
            "total": page.total,
            "query": asked.sentence,
            "near": place_json(asked.near, asked.place),
            "notes": asked.notes,
            "suggestions": suggestions_json(finder.suggest(query)),
            "costs": [] if page.total else costs_json(finder.costs(query, check=check)),
            "hits": hits,
            "facets": facets,
            "next_page": next_token(page),
        }

    async def facets(self, request: Request, params: Mapping[str, str]) -> Response:
        """How many of the studies found have each value."""
        served = self._serving.now
        names, size = read_facets(params)

        def found(asked: Searched, check: Check) -> dict[str, Any]:
            most = self._settings.max_query_cost
            selection = asked.finder.select(asked.query, most_cost=most, check=check, facets=names)
            facets = asked.finder.facets(selection, names, most=size, check=check)
            return {
                "total": selection.total,
                "query": asked.sentence,
                "near": place_json(asked.near, asked.place),
                "notes": asked.notes,
                "facets": list(map(facet_json, facets.values())),
            }

        return await self._answer(request, served, params, found)

    async def similar(self, request: Request, params: Mapping[str, str]) -> Response:
        """The studies most like one, among those that the other parameters ask for."""
        served = self._serving.now
        nct_id = canonical_id(request.path_params["nct"])
        shown = read_shown(params, None, self._today())
        most = read_whole(params, MOST_SIMILAR) or 0

        def found(asked: Searched, check: Check) -> dict[str, Any]:
            study = served.records.get_known(nct_id).study
            check()
            among = asked.query if asked.query.queries or asked.query.filters else None
            likest = asked.finder.similar(study, among=among, most=most)
            told = Shown(shown.as_of, asked.near, highlights=0, why=False)
            hits = list(hits_json(asked.finder, served.records.read, asked.query, likest, told))
            return {"similar_to": study.nct_id, "near": place_json(asked.near, asked.place), "hits": hits}

        return await self._answer(request, served, params, found)

    async def _answer(
        self,
        request: Request,
        served: Served,
        params: Mapping[str, str],
        found: Callable[[Searched, Check], dict[str, Any]],
    ) -> Response:
        """The document that a search makes, within the limits of all searches."""
        departure = Departure(request.receive)
        try:
            most = self._settings.max_query_cost

            def read(_: Check) -> tuple[Searched, int]:
                asked = read_searched(served.finder, params)
                return asked, asked.finder.cost(asked.query, most)

            asked, cost = await self._lanes.search(read)

            def document(check: Check) -> bytes:
                return orjson.dumps(found(asked, check))

            body = await self._lanes.search(
                document, is_costly=cost > COSTLY, is_wanted=lambda: departure.is_wanted
            )
        finally:
            departure.close()
        return answered(body)

    async def suggest(self, request: Request, params: Mapping[str, str]) -> Response:
        """Names that begin as typed."""
        served = self._serving.now
        typed, kinds, most = (
            read_text(params, SUGGEST[0]),
            read_names(params, SUGGEST[1]),
            read_whole(params, SUGGEST[2]),
        )
        for kind in kinds:
            if kind not in KINDS:
                raise InvalidParameterError(
                    f"kinds: {kind[:60]!r} is not known", hint=f"There is {', '.join(KINDS)}."
                )
        found = await self._lanes.read(
            lambda: served.finder.complete(typed, kinds or tuple(KINDS), most=most or 0)
        )
        rows = [
            {
                "kind": one.kind,
                "text": one.text,
                "studies": one.studies,
                "pieces": list(one.pieces),
                "synonym": one.synonym or None,
                "parameter": _ASK_WITH[one.kind],
            }
            for one in found
        ]
        return answered(orjson.dumps({"q": typed, "suggestions": rows}))
