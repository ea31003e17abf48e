"""The numbers that terms and ranges mean in fields of numbers, dates, ages and NCT ids."""

from __future__ import annotations

import math
from datetime import datetime
from typing import assert_never

from trialist.index.layout import EPOCH
from trialist.query.nodes import AgeBound, Bound, DateBound, NumberBound, Range, TermBound
from trialist.query.values import parse_age, parse_date, parse_number
from trialist.record.catalogue import fields_by_piece

_MINUTES = 1440


def bounds_of_term(piece: str, text: str) -> tuple[float, float] | None:
    """The lowest and highest number that a term means in a field of numbers, dates or ages; None for no such term."""
    field = fields_by_piece().get(piece)
    kind = field.type if field is not None else "short"
    if kind in ("NormalizedDate", "PartialDate", "DateTimeMinutes"):
        if "T" in text:
            minute = _minute(text)
            return (minute, minute)
        date = parse_date(text)
        if date is None:
            return None
        last = date.latest.toordinal() - EPOCH + (1 - 0.5 / _MINUTES if kind == "DateTimeMinutes" else 0)
        return (date.earliest.toordinal() - EPOCH, last)
    if kind == "NormalizedTime":
        age = parse_age(text)
        return None if age is None else (float(age.days), float(age.days))
    number = parse_number(text)
    return None if number is None else (float(number), float(number))


def bounds_of_range(node: Range) -> tuple[float, float]:
    """The lowest and highest number of a range."""
    lower = -math.inf if node.lower is None else _edge(node.lower, upper=False)
    upper = math.inf if node.upper is None else _edge(node.upper, upper=True)
    return lower, upper


def _edge(bound: Bound, *, upper: bool) -> float:
    match bound:
        case DateBound(date):
            # The last minute of the day, which no day itself exceeds.
            return (
                date.latest.toordinal() - EPOCH + 1 - 0.5 / _MINUTES
                if upper
                else date.earliest.toordinal() - EPOCH
            )
        case AgeBound():
            return float(bound.days)
        case NumberBound(number):
            return float(number)
        case TermBound(text):
            return _minute(text)
        case _:
            assert_never(bound)


def _minute(text: str) -> float:
    minute = datetime.fromisoformat(text)
    return minute.toordinal() - EPOCH + (minute.hour * 60 + minute.minute) / _MINUTES


def id_number(bound: Bound | None) -> int | None:
    """The number of an NCT id; None for an open end."""
    return int(bound.text[3:]) if isinstance(bound, TermBound) else None
