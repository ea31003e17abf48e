"""Ages and durations with their unit, as the registry writes them (`18 Years`, `6 Months`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from trialist.record.unparsed import Unparsed


class AgeUnit(StrEnum):
    """The units of the registry's ages."""

    YEAR = "year"
    MONTH = "month"
    WEEK = "week"
    DAY = "day"
    HOUR = "hour"
    MINUTE = "minute"


# A year is 365.25 days and a month a twelfth of it, so that 12 months equal 1 year and 24 months 2 years exactly.
_DAYS = {
    AgeUnit.YEAR: Fraction(1461, 4),
    AgeUnit.MONTH: Fraction(1461, 48),
    AgeUnit.WEEK: Fraction(7),
    AgeUnit.DAY: Fraction(1),
    AgeUnit.HOUR: Fraction(1, 24),
    AgeUnit.MINUTE: Fraction(1, 1440),
}
_FORM = re.compile(r"([0-9]{1,6}) (Year|Month|Week|Day|Hour|Minute)s?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Age:
    """A whole number of units. Equal only in the same unit; compare by `days`."""

    count: int
    unit: AgeUnit

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ValueError("an age is not negative")

    @property
    def days(self) -> Fraction:
        """The duration in days, exact: a year counts 365.25 days and a month a twelfth of a year."""
        return self.count * _DAYS[self.unit]

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"


def parse_age(text: object) -> Age | Unparsed:
    """`18 Years`, `1 Month` (any case) → `Age`; anything else → `Unparsed`."""
    found = _FORM.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return Unparsed(text, "not an age of the form '18 Years'")
    return Age(int(found[1]), AgeUnit(found[2].lower()))
