"""The parameters of the registry's site, as its search pages have them in their address → those of its API v2.

Programs copy these addresses. What only shapes the page (`rank`, `page`, `limit`, `sort`, `viewType`, `locStr`, which is
what the site shows for a point) finds nothing and is passed over; a name that the site does not have is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from trialist.query.live import parameter_error

_QUERIES = ("cond", "term", "intr", "titles", "outc", "spons", "lead", "id", "locn")
_DATES = {
    "start": "StartDate",
    "primComp": "PrimaryCompletionDate",
    "studyComp": "CompletionDate",
    "firstPost": "StudyFirstPostDate",
    "resFirstPost": "ResultsFirstPostDate",
    "lastUpdPost": "LastUpdatePostDate",
}
_PLACES = {"country": "LocationCountry", "state": "LocationState", "city": "LocationCity"}
_OF_THE_PAGE = frozenset({"rank", "page", "limit", "sort", "viewType", "locStr", "checkSpell", "from"})
_POINT = ("lat", "lng", "distance")
_SPAN = re.compile(r"([0-9-]{0,10})_([0-9-]{0,10})")
_AGES = re.compile(r"([0-9]{1,3} ?[a-zA-Z]{0,10})?_([0-9]{1,3} ?[a-zA-Z]{0,10})?")
_NUMBER = re.compile(r"-?[0-9]{1,4}(?:\.[0-9]{1,20})?")
_LENGTH = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,9})?)(mi|km)?")
_MILES = "50"
"""How far the site looks around a point when it is not told."""

SITE_PARAMETERS = frozenset({*_QUERIES, *_DATES, *_PLACES, *_POINT, *_OF_THE_PAGE, "ageRange", "aggFilters"})
"""Every name that is known."""


def api_params(given: Mapping[str, str]) -> dict[str, str]:
    """The same request for the API; `InvalidParameterError` for what cannot be read."""
    for name in given:
        if name not in SITE_PARAMETERS:
            raise parameter_error(f"{name[:60]!r} is not a parameter", f"`{name[:200]}` is unknown parameter")
    said = {name: text.strip() for name, text in given.items() if text.strip()}
    found = {f"query.{name}": said[name] for name in _QUERIES if name in said}
    advanced = [_within(_DATES[name], name, said[name]) for name in _DATES if name in said]
    if "ageRange" in said:
        advanced += _ages(said["ageRange"])
    places = [f"AREA[{area}]{_quoted(said[name])}" for name, area in _PLACES.items() if name in said]
    if places:
        advanced.append(f"SEARCH[Location]({' AND '.join(places)})")
    if advanced:
        found["filter.advanced"] = " AND ".join(advanced)
    if "lat" in said or "lng" in said:
        found["filter.geo"] = _around(said)
    if "aggFilters" in said:
        found["aggFilters"] = said["aggFilters"]
    return found


def _within(piece: str, name: str, text: str) -> str:
    span = _SPAN.fullmatch(text)
    if span is None:
        raise parameter_error(
            f"{name} is {text[:60]!r}; write 2020-01-01_2021-12-31, either side may be empty"
        )
    return f"AREA[{piece}]RANGE[{span[1] or 'MIN'}, {span[2] or 'MAX'}]"


def _ages(text: str) -> list[str]:
    span = _AGES.fullmatch(text)
    if span is None:
        raise parameter_error(f"ageRange is {text[:60]!r}; write 18y_64y, either side may be empty")
    lowest, highest = span.groups()
    return [
        *([f"AREA[MinimumAge]RANGE[{lowest}, MAX]"] if lowest else []),
        *([f"AREA[MaximumAge]RANGE[MIN, {highest}]"] if highest else []),
    ]


def _around(said: Mapping[str, str]) -> str:
    lat, lng = said.get("lat", ""), said.get("lng", "")
    length = _LENGTH.fullmatch(said.get("distance", _MILES))
    if not _NUMBER.fullmatch(lat) or not _NUMBER.fullmatch(lng) or length is None:
        raise parameter_error("lat and lng are degrees, and distance a number of miles")
    return f"distance({lat},{lng},{length[1]}{length[2] or 'mi'})"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", " ").replace('"', r"\"") + '"'
