"""What is known of a number or of a day: the range in which it lies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from trialist.record.dates import PartialDate

EARLIEST_YEAR = 1850
"""No fact about a living person is older."""


@dataclass(frozen=True, slots=True)
class ValueRange:
    """The numbers that a value may be; a bound that is None is not known.

    One exact number has both bounds equal and included; "<5" is `ValueRange(None, 5, upper_inclusive=False)`.
    Never empty, never without any bound, bounds finite.
    """

    lower: Decimal | None
    upper: Decimal | None
    lower_inclusive: bool = True
    upper_inclusive: bool = True

    def __post_init__(self) -> None:
        for bound in (self.lower, self.upper):
            if bound is not None and not bound.is_finite():
                raise ValueError(f"a value is a finite number, not {bound}")
        if self.lower is None or self.upper is None:
            if self.lower is self.upper:
                raise ValueError("a value has a bound")
            return
        closed = self.lower_inclusive and self.upper_inclusive
        if self.lower > self.upper or (self.lower == self.upper and not closed):
            raise ValueError(f"no number lies between {self.lower} and {self.upper}")

    @classmethod
    def exactly(cls, value: Decimal | int | str) -> ValueRange:
        """One number."""
        number = Decimal(value)
        return cls(number, number)

    @property
    def exact(self) -> Decimal | None:
        """The number when there is only one, else None."""
        return self.lower if self.lower is not None and self.lower == self.upper else None

    def __str__(self) -> str:
        if self.lower is None:
            return f"{'≤' if self.upper_inclusive else '<'}{_plain(self.upper)}"
        if self.upper is None:
            return f"{'≥' if self.lower_inclusive else '>'}{_plain(self.lower)}"
        if self.lower == self.upper:
            return _plain(self.lower)
        left = "" if self.lower_inclusive else ">"
        right = "" if self.upper_inclusive else "<"
        return f"{left}{_plain(self.lower)}–{right}{_plain(self.upper)}"


@dataclass(frozen=True, slots=True)
class DateRange:
    """The days that a date may be, both ends included; an end that is None is not known.

    "2024-03" is 1 to 31 March 2024; "before 2020" is `DateRange(None, date(2019, 12, 31))`. Never without any end.
    """

    earliest: date | None
    latest: date | None

    def __post_init__(self) -> None:
        if self.earliest is None and self.latest is None:
            raise ValueError("a date has an end that is known")
        if self.earliest is not None and self.latest is not None and self.earliest > self.latest:
            raise ValueError(f"no day lies between {self.earliest} and {self.latest}")
        for end in (self.earliest, self.latest):
            if end is not None and not EARLIEST_YEAR <= end.year < 9999:
                raise ValueError(f"{end} is no day of a living person's record")

    @classmethod
    def on(cls, day: date) -> DateRange:
        """One day."""
        return cls(day, day)

    @classmethod
    def of(cls, partial: PartialDate) -> DateRange:
        """A date of which the day, or the month and the day, may not be given."""
        return cls(partial.earliest, partial.latest)

    @property
    def exact(self) -> date | None:
        """The day when there is only one, else None."""
        return self.earliest if self.earliest is not None and self.earliest == self.latest else None

    def __str__(self) -> str:
        if self.earliest is None:
            return f"until {self.latest}"
        if self.latest is None:
            return f"from {self.earliest}"
        if self.earliest == self.latest:
            return str(self.earliest)
        for partial in (
            PartialDate(self.earliest.year, self.earliest.month),
            PartialDate(self.earliest.year),
        ):
            if (partial.earliest, partial.latest) == (self.earliest, self.latest):
                return str(partial)
        return f"{self.earliest} to {self.latest}"


def _plain(number: Decimal | None) -> str:
    """A number without an exponent and without idle zeros behind the point of an integer."""
    return "" if number is None else f"{number:f}"
