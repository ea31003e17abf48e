"""What one study holds in a field, and how its values compare with what is asked; slow, and straight from the record.

Where a rule comes from is said beside it: "registry" is the registry's search documentation, "recorded" an answer of its
API that was recorded, "decided" this project's own choice where both are silent.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from trialist.query.areas import LOCATIONS_PATH, ValueKind, kind_of
from trialist.query.nodes import AgeBound, Bound, DateBound, NumberBound, Range, TermBound
from trialist.query.values import parse_age, parse_date, parse_number
from trialist.record.ages import Age
from trialist.record.catalogue import Field
from trialist.record.dates import PartialDate, parse_minutes
from trialist.record.derived import counted_lists, derived_numbers
from trialist.record.nct_id import nct_number, parse_nct_id
from trialist.record.study import Study
from trialist.record.unparsed import Unparsed

Rank = tuple[ValueKind, Fraction]
"""Where a value stands among those of its kind; values of two kinds have no order."""

_MINUTES_A_DAY = 24 * 60


def sites_of(study: Study) -> list[Study]:
    """For every location object of a study, a record with this one location and nothing else."""
    return [
        Study.from_record({"protocolSection": {"contactsLocationsModule": {"locations": [site]}}})
        for site in _present(study["Location"])
    ]


def values_of(study: Study, site: Study | None, field: Field) -> list[Any]:
    """The values of a field; those of a location come from `site` alone where one is given.

    Decided: what cannot be read as the catalogue says is no value, an empty text is one. A structure's values are the
    objects there, an empty one too.
    """
    if field.indexed_only:
        # Decided: lengths and years belong to the study as a whole, also those of lists below its locations.
        return list(derived_numbers(study.record).get(field.piece, ()))
    is_of_site = field.path == LOCATIONS_PATH or field.path.startswith(LOCATIONS_PATH + ".")
    # Decided: inside SEARCH[Location] a field that is not of the locations is the study's, the same for all its sites.
    source = site if site is not None and is_of_site else study
    return _present(source[field.piece])


def _present(found: Any) -> list[Any]:
    several = found if isinstance(found, tuple) else (found,)
    return [value for value in several if value is not None and not isinstance(value, Unparsed)]


def sizes_of(study: Study, field: Field) -> list[int]:
    """The lengths of a list, one for every object that could have it; one that is not there has the length 0.

    Registry: `:size` asks the length of a list. Decided: no object, no length.
    """
    return derived_numbers(study.record).get(counted_lists()[field.piece], [])


def equals_term(value: Any, kind: ValueKind, text: str) -> bool:
    """Whether a value that is no text is what a term says; the parser has given the term the form of its kind."""
    match kind:
        case ValueKind.ENUM:
            # Registry: an enumeration's field is asked by its value. Recorded: in any case (`Interventional`).
            return bool(value.casefold() == text.casefold())
        case ValueKind.BOOLEAN:
            # Recorded: true or false.
            return text.casefold() == ("true" if value else "false")
        case ValueKind.NUMBER:
            # Registry: equality. Decided: of the numbers as they are written, so 97.50 is 97.5.
            number = parse_number(text)
            return number is not None and rank_of(value, kind) == (kind, Fraction(number))
        case ValueKind.DATE | ValueKind.TIME:
            return _is_in_period(value, text)
        case ValueKind.AGE:
            # Registry: durations are compared, whatever their unit.
            age = parse_age(text)
            return age is not None and bool(value.days == age.days)
        case _:
            # Decided: a place is found by DISTANCE, never by a term.
            return False


def _is_in_period(value: PartialDate | datetime, text: str) -> bool:
    """Whether a date's earliest day, or a time, lies in a year, month, day or minute.

    Recorded: AREA[StartDate]2022 finds all of the year. Decided: months alike; a date without a day counts as its first.
    """
    minute = parse_minutes(text)
    if isinstance(minute, datetime):
        return value == minute
    period = parse_date(text)
    if period is None:
        return False
    day = value.earliest if isinstance(value, PartialDate) else value.date()
    return period.earliest <= day <= period.latest


def is_within(value: Any, kind: ValueKind, asked: Range) -> bool:
    """Whether a value lies in a range, both ends included (registry)."""
    own = rank_of(value, kind)
    if own is None:
        return False
    lower = own if asked.lower is None else _bound_rank(asked.lower, kind, is_upper=False)
    upper = own if asked.upper is None else _bound_rank(asked.upper, kind, is_upper=True)
    if lower is None or upper is None or lower[0] is not own[0] or upper[0] is not own[0]:
        return False
    return lower[1] <= own[1] <= upper[1]


def rank_of(value: Any, kind: ValueKind) -> Rank | None:
    """Where a value stands among its kind, or None for kinds without an order."""
    match value:
        case PartialDate():
            # Decided: a date without a day counts as its first day.
            return kind, _minutes(value.earliest)
        case datetime():
            return kind, _minutes(value.date()) + value.hour * 60 + value.minute
        case Age():
            # Registry: a year is more than six months.
            return kind, value.days
        case str() if kind is ValueKind.NCT_ID:
            nct_id = parse_nct_id(value)
            return None if nct_id is None else (kind, Fraction(nct_number(nct_id)))
        case int() | float() if kind is ValueKind.NUMBER:
            # The number that the record's digits say, not the nearest binary fraction.
            return kind, Fraction(Decimal(repr(value)))
        case _:
            return None


def _bound_rank(bound: Bound, kind: ValueKind, *, is_upper: bool) -> Rank | None:
    """Where an end of a range stands among values of a kind; None when it is of another kind.

    Registry: a range includes its ends. Decided: an upper end without a day, or without a time, goes to the end of it.
    """
    match bound:
        case DateBound(day) if kind in (ValueKind.DATE, ValueKind.TIME):
            if is_upper:
                return kind, _minutes(day.latest) + _MINUTES_A_DAY - 1
            return kind, _minutes(day.earliest)
        case AgeBound() if kind is ValueKind.AGE:
            return kind, bound.days
        case NumberBound(number) if kind is ValueKind.NUMBER:
            return kind, Fraction(number)
        case TermBound(text) if kind is ValueKind.NCT_ID:
            return rank_of(text, kind)
        case TermBound(text) if kind is ValueKind.TIME:
            return rank_of(parse_minutes(text), kind)
        case _:
            return None


def _minutes(day: date) -> Fraction:
    return Fraction(day.toordinal() * _MINUTES_A_DAY)


def kinds_with_words(field: Field) -> bool:
    """Whether terms are looked for in a field's words: texts and NCT ids."""
    return kind_of(field) in (ValueKind.TEXT, ValueKind.NCT_ID)
