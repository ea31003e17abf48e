"""Texts of dates, ages, numbers and places in a query → values."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import cast

from trialist.query.nodes import METRES, AgeBound, Distance, DistanceUnit
from trialist.record.ages import AgeUnit
from trialist.record.dates import PartialDate, parse_partial_date

_AMERICAN = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,18})?")
_AMOUNT = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?) ?([^\W\d_]+)")
_RADIUS = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?) ?(km|mi|m)", re.IGNORECASE)

_UNITS = {
    **{str(unit): unit for unit in AgeUnit},
    **{f"{unit}s": unit for unit in AgeUnit},
    "y": AgeUnit.YEAR,
    "m": AgeUnit.MONTH,
    "w": AgeUnit.WEEK,
    "d": AgeUnit.DAY,
}
DATE_FORMS = "2022, 2022-06, 2022-06-30 or 06/30/2022"
AGE_FORMS = "18 years, 6 months, 3 weeks or 28 days (short 18y, 6m, 3w, 28d), hours or minutes"


def parse_date(text: str) -> PartialDate | None:
    """`2022`, `2022-06`, `2022-06-30` or `06/30/2022` → a date; anything else, and impossible days, → None."""
    american = _AMERICAN.fullmatch(text)
    if american:
        month, day, year = american.groups()
        text = f"{year}-{month:0>2}-{day:0>2}"
    found = parse_partial_date(text)
    return found if isinstance(found, PartialDate) else None


def parse_amount(text: str) -> tuple[Decimal, str] | None:
    """`18 Fortnights` → the amount and the word, whatever it is; anything of another form → None."""
    found = _AMOUNT.fullmatch(text)
    return (Decimal(found[1]), found[2]) if found else None


def parse_age(text: str) -> AgeBound | None:
    """`18 Years`, `1 month`, `28d` → an age; another form or unit → None."""
    found = parse_amount(text)
    unit = _UNITS.get(found[1].lower()) if found else None
    return AgeBound(found[0], unit) if found and unit else None


def parse_number(text: str) -> Decimal | None:
    """A decimal number without an exponent, at most 18 digits on either side of its point; else None."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def parse_distance(lat: str, lon: str, radius: str) -> Distance | str:
    """A place from its three texts, or one sentence saying what is wrong with them."""
    north, east, reach = parse_number(lat), parse_number(lon), _RADIUS.fullmatch(radius)
    if north is None or abs(north) > 90:
        return "the latitude is a number from -90 to 90"
    if east is None or abs(east) > 180:
        return "the longitude is a number from -180 to 180"
    if reach is None:
        return f"the radius is a number and one of the units {', '.join(METRES)}"
    return Distance(north, east, Decimal(reach[1]), cast("DistanceUnit", reach[2].lower()))
