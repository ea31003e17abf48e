"""Dates and stretches of time in a reader's words."""

from __future__ import annotations

from datetime import date

from trialist.record.dates import PartialDate

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_MANY_MONTHS = 24


def in_words(day: PartialDate) -> str:
    """`2024-02-10` → `10 February 2024`, `2024-02` → `February 2024`."""
    parts = [str(day.day)] if day.day else []
    if day.month:
        parts.append(_MONTHS[day.month - 1])
    return " ".join([*parts, str(day.year)])


def plural(count: int, word: str) -> str:
    """`1 month`, `2 months`, `1,200 sites`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def months_between(earlier: PartialDate, later: PartialDate) -> int:
    """Calendar months from one date to another: December to January is one."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def ago(day: PartialDate, as_of: date) -> str:
    """How long before `as_of` a date lies: `12 days ago`, `this month`, `14 months ago`, `3 years ago`.

    Of a day, months and years that are complete count; of a month, those of the calendar.
    """
    now = PartialDate(as_of.year, as_of.month, as_of.day)
    if day.earliest > as_of:
        return "in the future"
    if not day.month:
        years = as_of.year - day.year
        return f"{plural(years, 'year')} ago" if years else "this year"
    months = months_between(day, now) - (day.is_full and day.day > as_of.day)
    if months == 0 and day.is_full:
        days = (as_of - day.earliest).days
        return f"{plural(days, 'day')} ago" if days else "today"
    if months == 0:
        return "this month"
    return f"{_span(months)} ago"


def ahead(day: PartialDate, as_of: date) -> str:
    """How long after `as_of` a date lies: `in 1 month`, `this month`, `in 2027`."""
    if not day.month:
        return f"in {day.year}"
    months = months_between(PartialDate(as_of.year, as_of.month, as_of.day), day)
    return f"in {_span(months)}" if months > 0 else "this month"


def _span(months: int) -> str:
    return plural(months, "month") if months < _MANY_MONTHS else plural(months // 12, "year")
