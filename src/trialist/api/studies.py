"""`/studies`: the studies that a request finds, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from trialist.api.answers import CSV, JSON, Departure, Streamed, content, not_modified
from trialist.api.asked import params_of
from trialist.api.lanes import Check, Lanes
from trialist.api.paging import Layout, Render, json_layout, pieces_of
from trialist.api.rendering import columns_of, render_of
from trialist.api.served import Served, Serving
from trialist.query.params import read_params
from trialist.query.study_query import Format, StudyQuery
from trialist.registry.paging import Page
from trialist.settings import Settings

_LONG_QUERY = 1_000
"""Queries of more bytes are read in a thread."""


class Studies:
    """The path of searches."""

    def __init__(self, serving: Serving, lanes: Lanes, settings: Settings) -> None:
        self._serving = serving
        self._lanes = lanes
        self._settings = settings

    async def answer(self, request: Request) -> Response:
        """The page that is asked for."""
        scope = request.scope
        served = self._serving.now
        params = params_of(scope)
        if len(scope["query_string"]) > _LONG_QUERY:
            query, render = await self._lanes.read(lambda: self._read(params))
        else:
            query, render = self._read(params)
        known = not_modified(scope, served)
        if known is not None:
            return known
        page = await self._page(served, query, request)
        layout, headers = layout_of(query, page)
        media_type = CSV if query.format is Format.CSV else JSON
        pieces = pieces_of([hit.number for hit in page.hits], served.records.read, render, layout)
        return await self._sent(pieces, media_type, served, headers)

    def _read(self, params: Mapping[str, str]) -> tuple[StudyQuery, Render]:
        query = read_params(params)
        query = replace(query, page_size=min(query.page_size, self._settings.max_page_size))
        return query, render_of(query)

    async def _sent(
        self, pieces: Iterator[bytes], media_type: str, served: Served, headers: Mapping[str, str]
    ) -> Response:
        """A short answer whole, a long one as a stream."""
        first = await self._lanes.read_next(pieces) or b""
        second = await self._lanes.read_next(pieces)
        if second is None:
            return content(first, media_type, served, headers)
        return Streamed(_put_back((first, second), pieces), self._lanes, media_type, served, headers)

    async def _page(self, served: Served, query: StudyQuery, request: Request) -> Page:
        found = served.pager.known(query)
        if found is not None:
            return found
        departure = Departure(request.receive)
        try:
            most = self._settings.max_query_cost
            cost = await self._lanes.search(lambda _: served.finder.cost(query, most))

            def search(check: Check) -> Page:
                return served.pager.page(query, most_cost=most, check=check)

            return await self._lanes.search(search, cost=cost, is_wanted=lambda: departure.is_wanted)
        finally:
            departure.close()


def layout_of(query: StudyQuery, page: Page) -> tuple[Layout, dict[str, str]]:
    """How a page is laid out, and the headers that say of a table what JSON says in itself."""
    total = page.total if query.count_total else None
    if query.format is Format.JSON:
        return json_layout(total, page.next_token), {}
    headers = {} if total is None else {"x-total-count": str(total)}
    if page.next_token is not None:
        headers["x-next-page-token"] = page.next_token
    head = columns_of(query.fields).header() if query.page_token is None else b""
    return Layout(head, b"", b""), headers


def _put_back(taken: tuple[bytes, ...], rest: Iterator[bytes]) -> Iterator[bytes]:
    yield from taken
    yield from rest
