"""The landscape of a search: how many of the studies found are what, each count a link to those studies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trialist.errors import InvalidParameterError, LimitExceededError, QuerySyntaxError, UnknownFieldError
from trialist.pages.addresses import Pairs, changed, written
from trialist.pages.asked import Asked
from trialist.pages.find import PATH as FIND
from trialist.pages.find import given_of
from trialist.pages.find_asked import read_search
from trialist.pages.illnesses import asking_for, illnesses
from trialist.pages.maps import MapShown, map_shown
from trialist.pages.shown import Shown
from trialist.query.hits import Selection
from trialist.record.study import GeoPoint
from trialist.registry.searching import Facet
from trialist.serving.statuses import STATUSES
from trialist.views.bars import Columns, Row, columns_of, filled_years, in_ranges, rows_of
from trialist.views.world import Spot
from trialist.vocabulary.places import country_middle

PATH = "/landscape"
_MOST_NAMES = 15
_SPONSORS = {
    "OTHER": "Universities, hospitals and others",
    "INDUSTRY": "Companies",
    "NIH": "U.S. National Institutes of Health",
    "FED": "Other offices of the United States",
    "OTHER_GOV": "Other governments",
    "NETWORK": "Networks",
    "INDIV": "Single persons",
    "UNKNOWN": "Not known",
    "AMBIG": "Not clear",
}
_UNREADABLE = (InvalidParameterError, QuerySyntaxError, UnknownFieldError, LimitExceededError)
_CHARTS = (
    ("status", "By status", 20),
    ("phase", "By phase", 10),
    ("type", "By kind of study", 5),
    ("sponsor-class", "By kind of sponsor", 10),
    ("condition", "Most frequent conditions", _MOST_NAMES),
    ("intervention", "Most frequent treatments", _MOST_NAMES),
    ("intervention-type", "By kind of treatment", 12),
)
"""Charts whose bars are values of a facet: the facet, which is also the parameter, title, and how many bars."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: its rows, `missing` studies without a value, `more` values that are not drawn."""

    id: str
    title: str
    rows: tuple[Row, ...]
    missing: int
    more: int
    columns: Columns | None = None


@dataclass(frozen=True, slots=True)
class LandscapePage:
    """`landscape.html`. `failure` is what is wrong with the search, and what to do, "" where nothing is."""

    title: str
    total: int
    sentence: str
    charts: tuple[Chart, ...]
    map: MapShown | None
    find_url: str
    feed_url: str
    failure: tuple[str, str]


def landscape_page(asked: Asked) -> Shown:
    """`/landscape`, with the parameters of a search."""
    given = changed(given_of(asked), {}, but=("page", "view", "size", "col", "sort"))
    find_url = written(FIND, given)
    try:
        search = read_search(asked)
        asked.weigh(asked.served.finder, search.query)
        selection = asked.served.finder.select(
            search.query, most_cost=asked.settings.max_query_cost, check=asked.check
        )
    except _UNREADABLE as error:
        page = LandscapePage(
            "We could not read this search", 0, "", (), None, find_url, "", (error.message, error.hint)
        )
        return Shown("landscape.html", page, STATUSES[type(error)])
    countries = _facet(asked, selection, "country", 250)
    page = LandscapePage(
        "The landscape of this search" if given else "The landscape of all studies",
        selection.total,
        search.sentence,
        tuple(_charts(asked, selection, given, countries)),
        _map(asked, given, countries),
        find_url,
        written("/feed", given),
        ("", ""),
    )
    return Shown("landscape.html", page)


def _facet(asked: Asked, selection: Selection, name: str, most: int) -> Facet:
    asked.check()
    return asked.served.finder.facets(selection, [name], most=most)[name]


def _charts(asked: Asked, selection: Selection, given: Pairs, countries: Facet) -> Iterator[Chart]:
    for name, title, most in _CHARTS:
        is_condition = name == "condition"
        facet = _facet(asked, selection, name, asking_for(most) if is_condition else most)
        if is_condition:
            facet = illnesses(facet, most)
        if facet.counts:
            yield _chart(facet, title, given)
    yield _chart(countries, "By country", given, _MOST_NAMES)
    yield from _years(_facet(asked, selection, "start-year", 200), given)
    yield from _people(_facet(asked, selection, "EnrollmentCount", 1_000_000), given)


def _chart(facet: Facet, title: str, given: Pairs, most: int = 1_000) -> Chart:
    counts = [
        (
            _SPONSORS.get(one.value, one.label) if facet.name == "sponsor-class" else one.label,
            one.count,
            written(FIND, changed(given, {facet.name: one.value})),
        )
        for one in facet.counts[:most]
    ]
    return Chart(
        facet.name, title, rows_of(counts, facet.studies), facet.missing, max(0, facet.distinct - len(counts))
    )


def _years(facet: Facet, given: Pairs) -> Iterator[Chart]:
    counts = [
        (str(year), count, written(FIND, changed(given, {facet.name: str(year)})) if count else "")
        for year, count in filled_years((int(one.value), one.count) for one in facet.counts)
    ]
    if counts:
        known = sum(count for _, count, _ in counts)
        earlier = facet.studies - facet.missing - known
        rows = rows_of(counts, facet.studies)
        yield Chart("start-year", "By the year they began", rows, facet.missing, earlier, columns_of(counts))


def _people(facet: Facet, given: Pairs) -> Iterator[Chart]:
    """How many people studies have, in ranges; a link asks for the range in the query language."""
    kept = dict(given).get("q", "")
    counts = []
    for first, last, count in in_ranges((int(float(one.value)), one.count) for one in facet.counts):
        asked_for = f"AREA[EnrollmentCount]RANGE[{first}, {'MAX' if last is None else last}]"
        query = f"({kept}) AND {asked_for}" if kept else asked_for
        name = (
            f"{first:,} or more"
            if last is None
            else f"{first:,}"
            if first == last
            else f"{first:,} to {last:,}"
        )
        counts.append((name, count, written(FIND, changed(given, {"q": query})) if count else ""))
    if counts:
        rows = rows_of(counts, facet.studies)
        yield Chart("people", "By the number of people", rows, facet.missing, 0, columns_of(counts, 6))


def _map(asked: Asked, given: Pairs, countries: Facet) -> MapShown | None:
    spots = [
        Spot(
            GeoPoint(*middle), one.label, one.count, 0, written(FIND, changed(given, {"country": one.value}))
        )
        for one in countries.counts
        if (middle := country_middle(one.value)) is not None
    ]
    return map_shown(asked, PATH, spots, "Studies by country", "study", whole=True) if spots else None
