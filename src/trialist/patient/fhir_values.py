"""FHIR's data types → ranges, dates, codes: each either what it says or the reason why it says nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from trialist.patient.elements import Element
from trialist.patient.extents import DateRange, ValueRange
from trialist.patient.facts import Code, Reference, birth_from_age
from trialist.record.dates import PartialDate, parse_partial_date
from trialist.record.unparsed import Unparsed

UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,12})?)?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)
_COMPARATORS = frozenset({"<", "<=", ">=", ">"})
_NUMBER_TEXT = re.compile(
    r"\s*(?P<sign><=|>=|<|>|≤|≥)?\s*(?P<low>[+-]?\d{1,12}(?:\.\d{1,12})?)"
    r"(?:\s*(?:-|–|to)\s*(?P<high>\d{1,12}(?:\.\d{1,12})?))?\s*(?P<unit>(?:(?<=\s)10[*^]|[^\d\s]).{0,30})?\s*",
    re.ASCII,
)
_AGE_UNITS = {
    "a": "a",
    "mo": "mo",
    "wk": "wk",
    "d": "d",
    "year": "a",
    "years": "a",
    "months": "mo",
    "weeks": "wk",
    "days": "d",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something says nothing: a code of `UNRESOLVED_REASONS` and a sentence."""

    reason: str
    why: str


@dataclass(frozen=True, slots=True)
class Amount:
    """A value and its unit as it was written ("" when none was)."""

    value: ValueRange
    unit: str


@dataclass(frozen=True, slots=True)
class When:
    """A day or the days it may be; the moment (UTC) where the time is given with a zone."""

    days: DateRange
    moment: datetime | None = None


@lru_cache(maxsize=4096)
def read_when(text: str) -> When | Trouble:
    """`2024`, `2024-03`, `2024-03-01` or an instant; anything else is the trouble with it."""
    found = _MOMENT.fullmatch(text)
    partial = parse_partial_date(found[1] if found is not None else text)
    if isinstance(partial, Unparsed):
        return Trouble("impossible-date", f"{text[:40]!r} is {partial.reason}")
    days = _days(partial)
    if isinstance(days, Trouble) or found is None:
        return days if isinstance(days, Trouble) else When(days)
    hour, minute, second, zone = int(found[2]), int(found[3]), int(found[4] or 0), found[5]
    if hour > 24 or minute > 59 or second > 60:
        return Trouble("impossible-date", f"{text[:40]!r} is no time of a day")
    if zone is None:
        return When(days)
    offset = timedelta(0)
    if zone != "Z":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6])) * (-1 if zone[0] == "-" else 1)
    start = datetime(partial.year, partial.month, partial.day, tzinfo=UTC)
    return When(days, start + timedelta(hours=hour, minutes=minute, seconds=second) - offset)


def _days(partial: PartialDate) -> DateRange | Trouble:
    try:
        return DateRange.of(partial)
    except ValueError as error:
        return Trouble("impossible-date", str(error))


def read_codes(concept: Element) -> tuple[tuple[Code, ...], str]:
    """The codes of a CodeableConcept and its words: its text, else the display of a code, else ""."""
    codes = tuple(
        Code(one.text("system"), one.text("code"), one.text("display"))
        for one in concept.children("coding")
        if one.has("code") or one.has("display")
    )
    words = concept.text("text") or next((one.display for one in codes if one.display), "")
    return codes, words


def read_quantity(quantity: Element) -> Amount | Trouble:
    """A Quantity (also Age, Duration, SimpleQuantity) with its comparator."""
    number = quantity.number("value")
    if number is None:
        return Trouble("no-value", "a quantity without a number")
    unit = quantity.text("code") if quantity.text("system") in {UCUM, ""} else ""
    unit = unit or quantity.text("unit")
    comparator = quantity.text("comparator")
    if comparator and comparator not in _COMPARATORS:
        return Trouble("unread-value", f"the comparator {comparator[:10]!r} is not read")
    return Amount(_compared(comparator, number), unit)


def _compared(comparator: str, number: Decimal) -> ValueRange:
    match comparator:
        case "<" | "<=" | "≤":
            return ValueRange(None, number, upper_inclusive=comparator != "<")
        case ">" | ">=" | "≥":
            return ValueRange(number, None, lower_inclusive=comparator != ">")
        case _:
            return ValueRange.exactly(number)


def read_range(found: Element) -> Amount | Trouble:
    """A Range of two quantities in one unit."""
    ends: list[Decimal | None] = []
    units: set[str] = set()
    for name in ("low", "high"):
        end = found.child(name)
        amount = read_quantity(end) if end is not None else None
        if isinstance(amount, Trouble):
            return amount
        ends.append(None if amount is None else amount.value.exact)
        units |= {amount.unit} if amount is not None else set()
    if len(units) > 1:
        return Trouble("unknown-unit", f"a range from one unit to another: {' and '.join(sorted(units))}")
    try:
        return Amount(ValueRange(ends[0], ends[1]), next(iter(units), ""))
    except ValueError as error:
        return Trouble("impossible-value", str(error))


def read_number_text(text: str) -> Amount | Trouble:
    """A number written as text: `<5 mg/dL`, `3-5`, `12.5`."""
    found = _NUMBER_TEXT.fullmatch(text)
    if found is None or (found["sign"] and found["high"]):
        return Trouble("unread-value", f"{text[:60]!r} is no number")
    low = Decimal(found["low"])
    if not found["high"]:
        return Amount(_compared(found["sign"] or "", low), (found["unit"] or "").strip())
    try:
        return Amount(ValueRange(low, Decimal(found["high"])), (found["unit"] or "").strip())
    except ValueError as error:
        return Trouble("impossible-value", str(error))


def read_reference(ranges: Iterator[Element], unit: str) -> tuple[Reference | None, list[Trouble]]:
    """The range of normal of a result in the result's unit. Ranges of other kinds are passed over; two are ambiguous."""
    troubles: list[Trouble] = []
    found: set[Reference] = set()
    for one in ranges:
        kind = one.child("type")
        codes = {code.code for code in read_codes(kind)[0]} if kind is not None else set()
        if codes and not codes & {"normal", "N"}:
            continue
        ends: list[Decimal | None] = []
        for name in ("low", "high"):
            end = one.child(name)
            amount = read_quantity(end) if end is not None else None
            if isinstance(amount, Amount) and amount.unit and unit and amount.unit != unit:
                troubles.append(
                    Trouble(
                        "unknown-unit",
                        f"the range of normal is in {amount.unit[:40]}, the result in {unit[:40]}",
                    )
                )
                amount = None
            ends.append(amount.value.exact if isinstance(amount, Amount) else None)
        if ends != [None, None]:
            try:
                found.add(Reference(*ends))
            except ValueError as error:
                troubles.append(Trouble("impossible-value", str(error)))
    if len(found) > 1:
        troubles.append(
            Trouble("contradiction", "several ranges of normal, and nothing says which one counts")
        )
        return None, troubles
    return next(iter(found), None), troubles


@dataclass(frozen=True, slots=True)
class Spell:
    """When something began and ended, as far as an element says it."""

    start: When | None = None
    end: When | None = None
    troubles: tuple[Trouble, ...] = ()


def read_choice_of_time(element: Element, name: str, birth: DateRange | None) -> Spell:
    """`onset[x]`, `effective[x]`, `performed[x]` and the like: a dateTime, instant, Period, Age or Range of ages."""
    for suffix in ("DateTime", "Instant", "Date"):
        if element.has(name + suffix):
            text = element.text(name + suffix)
            if not text:
                return Spell()
            when = read_when(text)
            return Spell(troubles=(when,)) if isinstance(when, Trouble) else Spell(when)
    period = element.child(name + "Period")
    if period is not None:
        return read_period(period)
    for suffix in ("Age", "Range"):
        child = element.child(name + suffix)
        if child is not None:
            amount = read_quantity(child) if suffix == "Age" else read_range(child)
            return _at_age(amount, birth)
    for suffix in ("String", "Timing"):
        if element.has(name + suffix):
            return Spell(
                troubles=(Trouble("impossible-date", f"a time given as {suffix.lower()} is not read"),)
            )
    return Spell()


def read_period(period: Element) -> Spell:
    """A Period; an end before the start makes both unknown."""
    ends: list[When | None] = []
    troubles: list[Trouble] = []
    for name in ("start", "end"):
        when = read_when(period.text(name)) if period.has(name) else None
        if isinstance(when, Trouble):
            troubles.append(when)
            when = None
        ends.append(when)
    start, end = ends
    if start is not None and end is not None and _is_before(end.days, start.days):
        troubles.append(Trouble("impossible-date", f"it ends ({end.days}) before it begins ({start.days})"))
        start = end = None
    return Spell(start, end, tuple(troubles))


def _is_before(one: DateRange, other: DateRange) -> bool:
    return one.latest is not None and other.earliest is not None and one.latest < other.earliest


def _at_age(amount: Amount | Trouble, birth: DateRange | None) -> Spell:
    """The days at which a person born then has an age."""
    if isinstance(amount, Trouble):
        return Spell(troubles=(amount,))
    unit = _AGE_UNITS.get(amount.unit, "")
    low, high = amount.value.lower, amount.value.upper
    if (
        not unit
        or low is None
        or high is None
        or birth is None
        or birth.earliest is None
        or birth.latest is None
    ):
        return Spell(
            troubles=(Trouble("impossible-date", "an age without a unit, an end or a birth to count from"),)
        )
    if not 0 <= low <= high <= 130 * 366:
        return Spell(troubles=(Trouble("impossible-date", f"nobody is {amount.value} old"),))
    span = {"a": 366, "mo": 31, "wk": 7, "d": 1}[unit]
    least = {"a": 365, "mo": 28, "wk": 7, "d": 1}[unit]
    try:
        first = date.fromordinal(birth.earliest.toordinal() + int(low) * least)
        last = date.fromordinal(birth.latest.toordinal() + (int(high) + 1) * span)
        days = DateRange(first, last)
        birth_from_age(int(low), int(high), unit, days)
    except (ValueError, OverflowError):
        return Spell(troubles=(Trouble("impossible-date", f"nobody is {amount.value} {unit} old"),))
    return Spell(When(days))
