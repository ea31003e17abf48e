"""Partial dates: a year, a month or a day, as the registry writes them (`2022`, `2022-06`, `2022-06-30`)."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime

from trialist.record.unparsed import Unparsed

_FORM = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_MINUTES = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")


@dataclass(frozen=True, slots=True, order=True)
class PartialDate:
    """A calendar date of which the day, or the month and the day, may not be given.

    Ordered by the parts that are given; a missing part sorts before any value (`2022 < 2022-01 < 2022-01-01`).
    """

    year: int
    month: int = 0
    day: int = 0

    def __post_init__(self) -> None:
        if self.day and not self.month:
            raise ValueError("a day needs a month")
        date(self.year, self.month or 1, self.day or 1)

    @property
    def earliest(self) -> date:
        """The first day that this date may mean."""
        return date(self.year, self.month or 1, self.day or 1)

    @property
    def latest(self) -> date:
        """The last day that this date may mean."""
        month = self.month or 12
        return date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])

    @property
    def is_full(self) -> bool:
        """Whether the day is given."""
        return bool(self.day)

    def __str__(self) -> str:
        parts = [f"{self.year:04d}"]
        if self.month:
            parts.append(f"{self.month:02d}")
        if self.day:
            parts.append(f"{self.day:02d}")
        return "-".join(parts)


def parse_partial_date(text: object) -> PartialDate | Unparsed:
    """`yyyy`, `yyyy-MM` or `yyyy-MM-dd` → `PartialDate`; anything else, and impossible days, → `Unparsed`."""
    found = _FORM.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return Unparsed(text, "not a date of the form yyyy, yyyy-MM or yyyy-MM-dd")
    year, month, day = (int(part) if part is not None else None for part in found.groups())
    if year == 0 or month == 0 or day == 0:
        return Unparsed(text, "not a day of the calendar")
    try:
        return PartialDate(year or 0, month or 0, day or 0)
    except ValueError:
        return Unparsed(text, "not a day of the calendar")


def parse_minutes(text: object) -> datetime | Unparsed:
    """`yyyy-MM-ddTHH:mm` → a datetime without a zone (the registry gives none); anything else → `Unparsed`."""
    if isinstance(text, str) and _MINUTES.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return Unparsed(text, "not a minute of the calendar")
    return Unparsed(text, "not a time of the form yyyy-MM-ddTHH:mm")
