"""Parameters of the project's own API → what is asked of the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from trialist.api.own_parameters import (
    AS_OF,
    CHOICES,
    DEFAULT_FACETS,
    FACET_NAMES,
    FACET_SIZE,
    MOST_FACETS,
    PAGE,
    QUERY,
    SHOWN,
    read_boolean,
    read_day,
    read_names,
    read_whole,
)
from trialist.errors import InvalidParameterError
from trialist.query.filters import trimmed
from trialist.query.params import read_params
from trialist.query.study_query import StudyQuery
from trialist.record.study import GeoPoint
from trialist.registry.answering import MOST_TEXTS, Shown
from trialist.registry.searching import (
    CRITERIA_CHOICES,
    Choices,
    Finder,
    PlaceFound,
    describe_request,
    facet_names,
    sort_named,
    with_choices,
    with_criteria,
)
from trialist.vocabulary.thesaurus import Veto

_REGISTRYS = frozenset({*(one.name for one in QUERY), "sort", "geoDecay", "pageToken"})
"""The parameters that the registry's API has too."""
_NAMED = {one.name: one for one in (*CHOICES, *PAGE, *SHOWN)}


@dataclass(frozen=True, slots=True)
class Searched:
    """A request for studies: the finder with the request's own vetoes, what is asked, and from where."""

    finder: Finder
    query: StudyQuery
    near: GeoPoint | None
    place: PlaceFound | None

    @property
    def notes(self) -> list[str]:
        """What whoever asks should know."""
        unchecked = () if self.place is None else self.place.unchecked
        said = (
            [f"near: not known as a country or region, and not checked: {', '.join(unchecked)}"]
            if unchecked
            else []
        )
        return [*self.query.notes, *said, *self.finder.criteria_notes(self.query)]

    @property
    def sentence(self) -> str:
        """What is asked, in English."""
        return describe_request(self.query)


def read_searched(finder: Finder, params: Mapping[str, str]) -> Searched:
    """What a request asks; `InvalidParameterError` or `QuerySyntaxError` for what cannot be read."""
    finder = finder.vetoing(read_vetoes(params.get("veto", "")))
    asked = {name: text for name, text in params.items() if name in _REGISTRYS}
    if "sort" in asked:
        asked["sort"] = sort_named(asked["sort"])
    query = read_params(asked, own_areas=True)
    size = read_whole(params, _NAMED["pageSize"])
    near, place = finder.place(params.get("near", ""), option="near")
    choices = Choices(
        status=params.get("status", ""),
        phase=params.get("phase", ""),
        study_type=params.get("type", ""),
        sex=params.get("sex", ""),
        age=params.get("age", ""),
        results=params.get("results", ""),
        near=near,
        within=params.get("within", ""),
        open_sites=read_boolean(params, _NAMED["openSites"]),
    )
    query = with_choices(replace(query, page_size=size or query.page_size), choices, mark="")
    chosen = {
        name: [one for one in params.get(name, "").split("|") if trimmed(one)] for name in CRITERIA_CHOICES
    }
    query = with_criteria(query, chosen, mark="")
    if near is None and query.geo is not None:
        near = GeoPoint(float(query.geo.lat), float(query.geo.lon))
    return Searched(finder, query, near, place)


def read_vetoes(text: str) -> list[Veto]:
    """`gvhd=graft vs host|ALL=all` → pairs of terms that are no synonyms."""
    found = []
    for pair in text.split("|"):
        term, _, synonym = (part.strip() for part in pair.partition("="))
        if not pair.strip():
            continue
        if not term or not synonym:
            raise InvalidParameterError(
                f"veto is {pair[:60]!r}", hint="Write two terms: veto=gvhd=graft vs host"
            )
        found.append(Veto(term, synonym))
    return found


def read_shown(params: Mapping[str, str], near: GeoPoint | None, today: date) -> Shown:
    """What is to be shown of each hit."""
    return Shown(
        read_day(params, AS_OF) or today,
        near,
        MOST_TEXTS if read_boolean(params, _NAMED["highlights"]) else 0,
        read_boolean(params, _NAMED["why"]),
        read_boolean(params, _NAMED["explain"]),
    )


def read_facets(params: Mapping[str, str], default: Sequence[str] = DEFAULT_FACETS) -> tuple[list[str], int]:
    """The facets to count, and how many values of each to show."""
    names = facet_names(read_names(params, FACET_NAMES) or default, FACET_NAMES.name)
    if len(names) > MOST_FACETS:
        raise InvalidParameterError(f"facets: {len(names)} at once", hint=f"At most {MOST_FACETS}.")
    size = read_whole(params, FACET_SIZE)
    return names, 10 if size is None else size


def place_json(near: GeoPoint | None, place: PlaceFound | None) -> dict[str, Any] | None:
    """The place that distances are from; None for none."""
    if near is None:
        return None
    return {
        "lat": near.lat,
        "lon": near.lon,
        "place": None if place is None else place.place.label,
        "others": [] if place is None else [one.label for one in place.others],
    }
