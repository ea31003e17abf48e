"""`/studies`: the studies that a request finds, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain

from starlette.requests import Request
from starlette.responses import Response

from trialist.api.rendering import columns_of, render_of
from trialist.query.params import read_params
from trialist.query.study_query import Format, StudyQuery
from trialist.registry.paging import Page
from trialist.serving.answers import CSV, JSON, Departure, Streamed, content, not_modified
from trialist.serving.asked import params_of
from trialist.serving.lanes import COSTLY, Check, Lanes
from trialist.serving.paging import Begun, Layout, Render, begin, json_layout, pieces_of
from trialist.serving.served import Served, Serving
from trialist.settings import Settings

_LONG_QUERY = 1_500
"""Queries of more bytes are read in a thread, and their pages are not kept."""
_SHORT_PAGE = 100


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
        is_long = len(scope["query_string"]) > _LONG_QUERY
        if is_long:
            query, render = await self._lanes.read(lambda: self._read(params))
        else:
            query, render = self._read(params)
        known = not_modified(scope, served)
        if known is not None:
            return known
        return await self._found(
            Search(served, query, render, self._settings.max_query_cost, not is_long), request
        )

    def _read(self, params: Mapping[str, str]) -> tuple[StudyQuery, Render]:
        query = read_params(params)
        query = replace(query, page_size=min(query.page_size, self._settings.max_page_size))
        return query, render_of(query)

    async def _found(self, search: Search, request: Request) -> Response:
        page = search.known()
        if page is not None:
            begun = await self._lanes.read(lambda: search.begin(page))
        else:
            departure = Departure(request.receive)
            try:
                begun = await self._searched(search, departure)
            finally:
                departure.close()
        media_type = CSV if search.query.format is Format.CSV else JSON
        if begun.page.rest is None:
            return content(begun.page.first, media_type, search.served, begun.headers)
        pieces = chain((begun.page.first,), begun.page.rest)
        return Streamed(pieces, self._lanes, media_type, search.served, begun.headers)

    async def _searched(self, search: Search, departure: Departure) -> Answered:
        def is_wanted() -> bool:
            return departure.is_wanted

        begun = await self._lanes.search(search.run_if_cheap, is_wanted=is_wanted)
        if begun is None:
            begun = await self._lanes.search(search.run, is_costly=True, is_wanted=is_wanted)
        return begun


@dataclass(frozen=True, slots=True)
class Answered:
    """The beginning of an answer."""

    page: Begun
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Search:
    """One request over one state of the registry: what runs in threads."""

    served: Served
    query: StudyQuery
    render: Render
    most_cost: int
    keep: bool

    def known(self) -> Page | None:
        """The page if no search is needed to tell it."""
        return self.served.pager.known(self.query) if self.keep else None

    def run_if_cheap(self, check: Check) -> Answered | None:
        """Search and begin the answer, unless that is costly."""
        if self.served.finder.cost(self.query, self.most_cost) > COSTLY:
            return None
        return self.run(check)

    def run(self, check: Check) -> Answered:
        """Search and begin the answer."""
        page = self.served.pager.page(self.query, most_cost=self.most_cost, check=check, keep=self.keep)
        return self.begin(page)

    def begin(self, page: Page) -> Answered:
        """The beginning of the answer that shows a page."""
        layout, headers = layout_of(self.query, page)
        numbers = [hit.number for hit in page.hits]
        # Long pages are for programs that read everything once.
        source = self.served.shown if len(numbers) <= _SHORT_PAGE else self.served.records
        return Answered(begin(pieces_of(numbers, source.read, self.render, layout)), headers)


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
