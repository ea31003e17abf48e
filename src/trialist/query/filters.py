"""The plain filters of the registry's API, `filter.*` and `postFilter.*` → nodes."""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum
from typing import assert_never, cast

from trialist.errors import InvalidParameterError
from trialist.query.agg_filters import NOTHING
from trialist.query.live import parameter_error
from trialist.query.nodes import Area, Distance, DistanceUnit, Node, Or, Term
from trialist.query.operands import shown
from trialist.record.catalogue import search_areas
from trialist.record.enums import enums
from trialist.record.nct_id import parse_nct_id

NCT_IDS = "NCTIdSearch"
_GEO = re.compile(
    r"distance\((-?[0-9]{1,18}(?:\.[0-9]{1,18})?),(-?[0-9]{1,18}(?:\.[0-9]{1,18})?),"
    r"([0-9]{1,17}(?:\.[0-9]{1,18})?)(km|mi)?\)"
)
_SYNONYM = re.compile(r"([A-Za-z]+):[0-9]{1,18}")


class Filter(StrEnum):
    """The filters, by their names behind the prefix."""

    OVERALL_STATUS = "overallStatus"
    GEO = "geo"
    IDS = "ids"
    ADVANCED = "advanced"
    SYNONYMS = "synonyms"


_BLANKS = " \t\r\n\v\f"


def trimmed(text: str) -> str:
    """A parameter without the blanks around it; one that is empty then counts as not given.

    Control characters other than tabs and line ends stay: they are no blanks but rubbish, and are refused as such.
    """
    return text.strip(_BLANKS)


def split_list(text: str) -> list[str]:
    """The items of a list parameter: commas or bars between them, blanks around them dropped."""
    return [trimmed(item) for item in re.split(r"[,|]", text)]


def any_of(nodes: tuple[Node, ...]) -> Node:
    """One node as it is, several joined by OR."""
    return nodes[0] if len(nodes) == 1 else Or(nodes)


def incorrect_item(name: str, place: int, item: str, hint: str) -> InvalidParameterError:
    """An item of a list parameter that has not its form; places count from 1."""
    live = f"Item {place} in parameter `{name}` has incorrect format"
    return parameter_error(f"{name}: item {place}, {shown(item)!r}, is malformed", live, hint=hint)


def parse_filter(name: Filter, text: str) -> tuple[Node, str]:
    """The node of a plain filter, and a note where it cannot match anything, else "".

    `ADVANCED` is an expression and belongs to the parser.
    """
    match name:
        case Filter.OVERALL_STATUS:
            return _statuses(text), ""
        case Filter.GEO:
            return Area("LocationGeoPoint", parse_geo(text)), ""
        case Filter.IDS:
            return _ids(text), ""
        case Filter.SYNONYMS:
            return _synonyms(text)
        case Filter.ADVANCED:
            raise ValueError("an advanced filter is an expression: use parse_query")
        case _:
            assert_never(name)


def _statuses(text: str) -> Node:
    """`RECRUITING,COMPLETED`; unlike `AREA[OverallStatus]`, the spelling must be exact."""
    legal = enums()["Status"].values
    items = list(dict.fromkeys(split_list(text)))
    for item in items:
        if item not in legal:
            raise parameter_error(
                f"overallStatus has no value {shown(item)!r}",
                f"Invalid value in parameter `overallStatus`: `{item}`",
                hint=f"Its values are {', '.join(legal)}.",
            )
    return Area("OverallStatus", any_of(tuple(Term(item) for item in items)))


def _ids(text: str) -> Node:
    found: dict[str, None] = {}
    for place, item in enumerate(split_list(text), 1):
        nct_id = parse_nct_id(item)
        if nct_id is None:
            raise incorrect_item("ids", place, item, "Write NCT and eight digits.")
        found[nct_id] = None
    return Area(NCT_IDS, any_of(tuple(Term(one) for one in found)))


def _synonyms(text: str) -> tuple[Node, str]:
    """The ids of synonyms come from the registry's own site and are published nowhere, so none can match."""
    for place, item in enumerate(split_list(text), 1):
        form = _SYNONYM.fullmatch(item)
        if form is None or form[1] not in search_areas():
            raise incorrect_item("synonyms", place, item, "Write pairs such as ConditionSearch:1651367.")
    return NOTHING, "synonyms: the registry's ids of synonyms are not known here, so nothing matches"


def parse_geo(text: str) -> Distance:
    """`distance(42.36,-71.06,50mi)` → a distance; a radius without a unit is in metres, as in the registry's API."""
    hint = "Write distance(latitude,longitude,radius) with the radius in km or mi."
    live = "Parameter `geo` has incorrect format"
    found = _GEO.fullmatch(text.strip())
    if found is None:
        raise parameter_error(f"geo: {shown(text)!r} is not a distance around a point", live, hint=hint)
    lat, lon, radius, unit = found.groups()
    try:
        return Distance(Decimal(lat), Decimal(lon), Decimal(radius), cast("DistanceUnit", unit or "m"))
    except ValueError as error:
        raise parameter_error(f"geo: {error}", live, hint=hint) from None
