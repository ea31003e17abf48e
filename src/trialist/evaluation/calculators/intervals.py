"""Intervals of exact numbers: what is known of a value that was measured, rounded, bounded or not given at all.

Every operation answers the smallest interval that holds all results, so that whatever is decided on an interval is decided
for each value in it. Sums, products and quotients are exact fractions; powers that are no fraction carry 40 digits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction

from trialist.evaluation.truth import Truth
from trialist.vocabulary.units import to_decimal

End = Fraction | float
"""An end of an interval: a fraction, or one of the two float infinities."""

INFINITY = float("inf")
_WORKING = Context(prec=56)
_KEPT = Context(prec=40)


@dataclass(frozen=True, slots=True)
class Interval:
    """All numbers between two ends; infinite ends are never included."""

    lower: End
    upper: End
    has_lower: bool = True
    has_upper: bool = True

    def __post_init__(self) -> None:
        if (
            self.lower is self.upper
            and self.has_lower
            and self.has_upper
            and isinstance(self.lower, Fraction)
        ):
            return
        if not isinstance(self.lower, float) and not isinstance(self.upper, float):
            # Most are finite, and comparing fractions with infinities is dear.
            if self.lower < self.upper or (self.lower == self.upper and self.has_lower and self.has_upper):
                return
            raise ValueError("an interval holds at least one number")
        if self.lower > self.upper or (self.lower == self.upper and not (self.has_lower and self.has_upper)):
            raise ValueError("an interval holds at least one number")
        if (self.lower == -INFINITY and self.has_lower) or (self.upper == INFINITY and self.has_upper):
            raise ValueError("an infinite end is not included")
        if self.lower == INFINITY or self.upper == -INFINITY:
            raise ValueError("an interval holds numbers")

    @property
    def is_point(self) -> bool:
        """Whether it holds one number only."""
        return self.lower is self.upper or self.lower == self.upper

    @property
    def point(self) -> Fraction:
        """Its one number; raises ValueError when there are more."""
        if not isinstance(self.lower, Fraction) or not self.is_point:
            raise ValueError("the interval holds more than one number")
        return self.lower

    def __add__(self, other: Interval) -> Interval:
        return Interval(
            self.lower + other.lower,
            self.upper + other.upper,
            self.has_lower and other.has_lower,
            self.has_upper and other.has_upper,
        )

    def __neg__(self) -> Interval:
        return Interval(-self.upper, -self.lower, self.has_upper, self.has_lower)

    def __sub__(self, other: Interval) -> Interval:
        return self + -other

    def __mul__(self, other: Interval) -> Interval:
        if self.lower is self.upper and other.lower is other.upper:  # nearly all are a value times a limit
            product = self.lower * other.lower
            return Interval(product, product)
        return _spanned(
            (_times(one, two), _is_reached(one, has_one, two, has_two))
            for one, has_one in self._ends()
            for two, has_two in other._ends()
        )

    def __truediv__(self, other: Interval) -> Interval:
        return self * other.inverse()

    def inverse(self) -> Interval:
        """One divided by it; every number where it reaches over zero."""
        if self.lower < 0 < self.upper or self.lower == self.upper == 0:
            return EVERYTHING
        ends: list[tuple[End, bool]] = []
        for end, has in self._ends():
            if end == 0:
                ends.append((-INFINITY if self.upper == 0 else INFINITY, False))
            else:
                ends.append((Fraction(0) if isinstance(end, float) else 1 / end, has))
        return _spanned(ends)

    def power(self, exponent: Interval) -> Interval:
        """It to a power; it must not be negative, and the exponent must be bounded."""
        if self.lower < 0:
            raise ValueError("a power of a negative number")
        return _spanned(
            (_power(one, two), has_one and has_two)
            for one, has_one in self._ends()
            for two, has_two in exponent._ends()
        )

    def compare(self, symbol: str, other: Interval) -> Truth:
        """Whether `self symbol other` holds for all, for none, or for some of the numbers."""
        if symbol in (">", ">="):
            return other.compare("<" if symbol == ">" else "<=", self)
        if symbol == "==":
            if self.is_point and other.is_point:
                return Truth.TRUE if self.lower == other.lower else Truth.FALSE
            return Truth.UNKNOWN if self.overlaps(other) else Truth.FALSE
        strict = symbol == "<"
        touch_above = self.has_upper and other.has_lower
        if self.upper < other.lower or (self.upper == other.lower and not (strict and touch_above)):
            return Truth.TRUE
        touch_below = self.has_lower and other.has_upper
        if self.lower > other.upper or (self.lower == other.upper and (strict or not touch_below)):
            return Truth.FALSE
        return Truth.UNKNOWN

    def overlaps(self, other: Interval) -> bool:
        """Whether there is a number in both."""
        for one, two in ((self, other), (other, self)):
            if one.upper < two.lower or (one.upper == two.lower and not (one.has_upper and two.has_lower)):
                return False
        return True

    def holds(self, other: Interval) -> bool:
        """Whether every number of the other is in it."""
        low = self.lower < other.lower or (
            self.lower == other.lower and (self.has_lower or not other.has_lower)
        )
        high = self.upper > other.upper or (
            self.upper == other.upper and (self.has_upper or not other.has_upper)
        )
        return low and high

    def _ends(self) -> tuple[tuple[End, bool], tuple[End, bool]]:
        return (self.lower, self.has_lower), (self.upper, self.has_upper)


EVERYTHING = Interval(-INFINITY, INFINITY, False, False)


def point(value: Fraction | Decimal | int | str) -> Interval:
    """The interval of one number."""
    exact = Fraction(value)
    return Interval(exact, exact)


def hull(intervals: Iterable[Interval]) -> Interval:
    """The smallest interval that holds all of them (at least one)."""
    return _spanned(end for interval in intervals for end in interval._ends())


def smallest(intervals: Iterable[Interval]) -> Interval:
    """What the smallest of several numbers may be."""
    every = list(intervals)
    lower, upper = min(one.lower for one in every), min(one.upper for one in every)
    has_lower = any(one.has_lower for one in every if one.lower == lower)
    has_upper = all(one.has_upper for one in every if one.upper == upper)
    return Interval(lower, upper, has_lower, has_upper)


def largest(intervals: Iterable[Interval]) -> Interval:
    """What the largest of several numbers may be."""
    return -smallest(-one for one in intervals)


def shown(value: Fraction, digits: int = 6) -> str:
    """A number for people: exact when it is short, else so many significant digits."""
    exact = to_decimal(value)
    rounded = Context(prec=digits).plus(exact)
    short = exact if Fraction(exact) == value and len(exact.as_tuple().digits) <= digits + 2 else rounded
    return f"{short.normalize():f}" if short else "0"


def interval_words(interval: Interval, digits: int = 6) -> str:
    """An interval for people: `30`, `30 to 40`, `30 to below 40`, `≥ 30`, `any number`."""
    if interval.is_point:
        return shown(interval.point, digits)
    low = shown(interval.lower, digits) if isinstance(interval.lower, Fraction) else ""
    high = shown(interval.upper, digits) if isinstance(interval.upper, Fraction) else ""
    if low and high:
        above = "" if interval.has_lower else "above "
        below = "" if interval.has_upper else "below "
        return f"{above}{low} to {below}{high}"
    if low:
        return f"{'≥' if interval.has_lower else '>'} {low}"
    if high:
        return f"{'≤' if interval.has_upper else '<'} {high}"
    return "any number"


def _spanned(ends: Iterable[tuple[End, bool]]) -> Interval:
    every = list(ends)
    lower, upper = min(end for end, _ in every), max(end for end, _ in every)
    has_lower = any(has for end, has in every if end == lower) and lower != -INFINITY
    has_upper = any(has for end, has in every if end == upper) and upper != INFINITY
    if lower == upper:  # both open ends of nothing else: the limit itself, as for 0 x (1, 2)
        has_lower = has_upper = True
    return Interval(lower, upper, has_lower, has_upper)


def _times(one: End, two: End) -> End:
    return Fraction(0) if one == 0 or two == 0 else one * two


def _is_reached(one: End, has_one: bool, two: End, has_two: bool) -> bool:
    """Whether a product of two ends is itself a result: zero times anything is."""
    if one == 0 or two == 0:
        return (one == 0 and has_one) or (two == 0 and has_two)
    return has_one and has_two


def _power(base: End, exponent: End) -> End:
    if isinstance(exponent, float):
        raise ValueError("an exponent without end")
    if exponent == 0 or base == 1:
        return Fraction(1)
    if isinstance(base, float) or base == 0:
        return Fraction(0) if (base == 0) == (exponent > 0) else INFINITY
    if exponent.denominator == 1 and abs(exponent) <= 8:
        return base**exponent.numerator
    root = _exact_root(base, exponent.denominator)
    if root is not None and abs(exponent.numerator) <= 8:
        return root**exponent.numerator
    logarithm = _WORKING.ln(_WORKING.divide(Decimal(base.numerator), Decimal(base.denominator)))
    scaled = _WORKING.multiply(logarithm, Decimal(exponent.numerator))
    return Fraction(_KEPT.plus(_WORKING.exp(_WORKING.divide(scaled, Decimal(exponent.denominator)))))


def _exact_root(base: Fraction, degree: int) -> Fraction | None:
    """The square or cube root of a fraction where it is one."""
    if degree not in (2, 3):
        return None
    found = []
    for whole in (base.numerator, base.denominator):
        near = int(
            _WORKING.power(Decimal(whole), _WORKING.divide(Decimal(1), Decimal(degree))) + Decimal("0.5")
        )
        if near**degree != whole:
            return None
        found.append(near)
    return Fraction(found[0], found[1])
