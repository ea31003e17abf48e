"""The parameters of a search on the site → what is asked of the registry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from trialist.errors import InvalidParameterError
from trialist.pages.asked import Asked
from trialist.query.nodes import Area
from trialist.query.params import read_params
from trialist.query.study_query import GeoDecay, StudyQuery
from trialist.record.study import GeoPoint
from trialist.registry.searching import (
    Choices,
    PlaceFound,
    describe_request,
    facet_filter,
    sites_where,
    sort_named,
    with_choices,
)
from trialist.vocabulary.places import where_of

WORDS: Mapping[str, str] = {
    "cond": "query.cond",
    "intr": "query.intr",
    "q": "query.term",
    "title": "query.titles",
    "sponsor": "query.spons",
    "outcome": "query.outc",
    "id": "query.id",
}
"""Parameters of the site that hold words or the query language → those of the registry's API."""

FACETS: Mapping[str, str] = {
    "status": "Status",
    "country": "Country",
    "phase": "Phase",
    "type": "Kind of study",
    "age": "Age group",
    "healthy": "Takes healthy people",
    "results": "Has results",
    "condition": "Condition",
    "intervention-type": "Kind of treatment",
    "sponsor-class": "Kind of sponsor",
    "start-year": "Year it began",
}
"""Facets that are counted beside results: name, which is also the parameter, and heading."""

FILTERS: tuple[str, ...] = (*FACETS, "state", "city", "facility", "intervention", "purpose", "masking")
"""Facets that may filter; those that are not counted are reached by links."""

SITE_FILTERS = ("country", "state", "city", "facility")
"""Those that speak of a site; several of them must hold of one and the same."""

SINGLE = ("place", "within", "years", "sex", "open", "sort", "size", "view", "page")
"""The other parameters, of each of which one counts."""

SORTS: Mapping[str, tuple[str, str]] = {
    "": ("Best match", ""),
    "updated": ("Changed last", "updated:desc"),
    "posted": ("Added last", "posted:desc"),
    "start": ("Started last", "start:desc"),
    "completion": ("Ends last", "completion:desc"),
    "enrollment": ("Most people", "enrollment:desc"),
}
"""Orders: parameter → what it is called, and what is asked."""

SIZES = (10, 20, 50, 100)
DISTANCES = ("25km", "50km", "100km", "200km", "500km")
_MOST_PAGES = 5_000
_MILD = GeoDecay(least=0.75)
"""Nearness counts as in the registry's API, but never so much that a study about something else comes before one far away."""
_CODE_LETTERS = 3
_POINT = re.compile(r"latitude -?[0-9.]+, longitude -?[0-9.]+")
_AT_PLACE = re.compile(
    r"that mention “([^”]*)” \(in exactly this spelling\) as a whole value of location (?:country|state|city|facility)"
)
_COUNTRY_WORDS = "query.locn"


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked: the query, the place that distances are from, and the sentence that says it back."""

    query: StudyQuery
    near: GeoPoint | None
    place: PlaceFound | None
    sentence: str
    notes: tuple[str, ...]


def read_search(asked: Asked) -> Search:
    """What a request asks; `InvalidParameterError` or `QuerySyntaxError` for what cannot be read."""
    params = {name: text for own, name in WORDS.items() if (text := asked.text(own))}
    near, place = None, None
    if where := asked.text("place"):
        found = where_of(where)
        is_country = found is not None and bool(found.countries) and len(where) > _CODE_LETTERS
        try:
            near, place = (None, None) if is_country else asked.served.finder.place(where, option="Place")
        except InvalidParameterError:
            if found is None:
                raise
            is_country = True
        if is_country:  # a country, not one of the towns that have its name; or a region that is no town
            params[_COUNTRY_WORDS] = f'"{where}"' if '"' not in where else where
    if sort := SORTS.get(asked.text("sort"), ("", ""))[1]:
        params["sort"] = sort_named(sort)
    query = read_params(params)
    at_sites = _site_areas(asked)
    choices = Choices(
        sex=asked.text("sex"),
        age=asked.text("years"),
        near=near,
        within=asked.text("within") if near is not None else "",
        open_sites=asked.text("open") == "1" and not at_sites,
    )
    query = with_choices(query, choices, mark="")
    filters = tuple(
        facet_filter(name, values, FACETS.get(name, name))
        for name in FILTERS
        if (values := asked.texts(name)) and not (at_sites and name in SITE_FILTERS)
    )
    if at_sites:
        filters = (*filters, sites_where(at_sites, only_open=asked.text("open") == "1"))
    query = replace(
        query,
        filters=(*query.filters, *filters),
        page_size=page_size(asked),
        geo_decay=_MILD if near else query.geo_decay,
    )
    notes = [*query.notes]
    if place is not None:
        notes += _place_notes(place)
    sentence = _AT_PLACE.sub(r"with a site in \1", describe_request(query))
    if place is not None:
        sentence = _POINT.sub(lambda _: place.place.label, sentence)
    return Search(query, near, place, sentence, tuple(notes))


def _site_areas(asked: Asked) -> list[Area]:
    """What one and the same site must be, where more than its country is asked, or its country and that it is open."""
    given = [(name, values) for name in SITE_FILTERS if (values := asked.texts(name))]
    if not given or (len(given) == 1 and asked.text("open") != "1"):
        return []
    found = [facet_filter(name, values, name) for name, values in given]
    return [node for node in found if isinstance(node, Area)]


def _place_notes(found: PlaceFound) -> list[str]:
    notes = [f"Distances are from {found.place.label}."]
    if found.others:
        others = "; ".join(one.label for one in found.others)
        notes.append(f"There are other places of this name: {others}.")
    if found.unchecked:
        notes.append(f"We do not know this place, and left it out: {', '.join(found.unchecked)}.")
    return notes


def page_size(asked: Asked) -> int:
    """How many studies a page has."""
    text = asked.text("size")
    return int(text) if text in map(str, SIZES) else SIZES[0]


def page_number(asked: Asked) -> int:
    """Which page is asked, 1 being the first; `InvalidParameterError` for what is no number of a page."""
    text = asked.text("page", "1")
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= _MOST_PAGES):
        raise InvalidParameterError(
            f"there is no page {text[:20]!r}", hint="Begin with the first page, or narrow the search."
        )
    return int(text)
