"""`Pager`: pages of searches for programs that turn one page after the other, without searching anew for each."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace

from trialist.query.matching import Check, go_on
from trialist.query.pages import Ordered, Page
from trialist.query.study_query import DEFAULT_PAGE_SIZE, Format, MarkupFormat, StudyQuery
from trialist.registry.searching import Finder

__all__ = ["Page", "Pager"]

_MOST_PAGES = 512
_LARGEST_KEPT_PAGE = 100
_MOST_BYTES = 64 << 20


class Pager:
    """Pages of one finder's searches; small first pages and whole orders are kept, the latest asked for first.

    A request that goes on from a page is likely to go on to the end, so that the order of all that it finds is made
    once. What is kept takes at most 64 MB.
    """

    def __init__(self, finder: Finder) -> None:
        self.finder = finder
        self._lock = threading.Lock()
        self._pages: OrderedDict[StudyQuery, Page] = OrderedDict()
        self._orders: OrderedDict[StudyQuery, Ordered] = OrderedDict()
        self._bytes = 0

    def known(self, query: StudyQuery) -> Page | None:
        """The page that a request asks for if no search is needed to tell it."""
        key = _asked_of(query)
        with self._lock:
            page = self._pages.get(replace(key, page_size=query.page_size)) if not query.page_token else None
            if page is not None:
                self._pages.move_to_end(replace(key, page_size=query.page_size))
                return page
            order = self._orders.get(key)
            if order is not None:
                self._orders.move_to_end(key)
        return None if order is None else order.page(query.page_token, query.page_size)

    def page(self, query: StudyQuery, *, most_cost: int, check: Check = go_on, keep: bool = True) -> Page:
        """The page that a request asks for; see `Finder.select` for the limits.

        Without `keep` nothing is remembered: for requests that would take more memory than they are worth.
        """
        if not keep:
            return self.finder.select(query, most_cost=most_cost, check=check).page()
        found = self.known(query)
        if found is not None:
            return found
        selection = self.finder.select(query, most_cost=most_cost, check=check)
        if query.page_token is not None:
            order = selection.ordered()
            self._keep_order(_asked_of(query), order)
            return order.page(query.page_token, query.page_size)
        page = selection.page()
        if len(page.hits) <= _LARGEST_KEPT_PAGE:
            self._keep_page(replace(_asked_of(query), page_size=query.page_size), page)
        return page

    def _keep_page(self, key: StudyQuery, page: Page) -> None:
        with self._lock:
            self._pages[key] = page
            while len(self._pages) > _MOST_PAGES:
                self._pages.popitem(last=False)

    def _keep_order(self, key: StudyQuery, order: Ordered) -> None:
        with self._lock:
            before = self._orders.pop(key, None)
            self._bytes += order.size - (before.size if before else 0)
            self._orders[key] = order
            while self._bytes > _MOST_BYTES and self._orders:
                _, dropped = self._orders.popitem(last=False)
                self._bytes -= dropped.size


def _asked_of(query: StudyQuery) -> StudyQuery:
    """What decides which studies are found and in which order."""
    return replace(
        query,
        page_size=DEFAULT_PAGE_SIZE,
        page_token=None,
        count_total=False,
        fields=None,
        format=Format.JSON,
        markup_format=MarkupFormat.MARKDOWN,
        notes=(),
    )
