"""Windows of time against what is known of days: inside, outside, or not known.

A month is a month of the calendar, not 30 days: six months before 31 August are 28 (or 29) February. Hours are only as exact
as days are: an event of the same day may lie up to 24 hours before or after.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from trialist.criteria.nodes import Direction, Interval, Window
from trialist.evaluation.truth import Truth, all_of, truth_of
from trialist.patient.extents import DateRange

PRESENT_ANCHORS = frozenset(
    {"screening", "enrolment", "consent", "randomisation", "baseline", "first_dose", "study", ""}
)
"""Anchors that lie on the day of evaluation, as far as can be known then."""

_HOURS: Mapping[str, Decimal] = {
    "h": Decimal(1),
    "min": Decimal(1) / 60,
    "s": Decimal(1) / 3600,
    "ms": Decimal(0),
}
_FIRST, _LAST = date(1850, 1, 1), date(9998, 12, 31)


@dataclass(frozen=True, slots=True)
class Anchors:
    """The day of evaluation, and the days of the patient's own that windows may stand beside, by the anchor's id."""

    as_of: date
    own: Mapping[str, DateRange]

    def find(self, anchor: str) -> DateRange | None:
        """The day or days of an anchor; None when it is not known."""
        if anchor in PRESENT_ANCHORS:
            return DateRange.on(self.as_of)
        return self.own.get(anchor)


def shift(day: date, count: Decimal, unit: str) -> date:
    """A day so many units later (earlier when negative); clipped to the days there are. Fractions count in days."""
    if unit in ("a", "mo") and count == count.to_integral_value():
        months = day.year * 12 + day.month - 1 + int(count) * (12 if unit == "a" else 1)
        year, month = divmod(months, 12)
        if year < _FIRST.year:
            return _FIRST
        if year > _LAST.year:
            return _LAST
        return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
    per = {"a": Decimal("365.25"), "mo": Decimal("30.4375"), "wk": Decimal(7), "d": Decimal(1)}[unit]
    days = count * per
    whole = int(days.to_integral_value(rounding="ROUND_FLOOR"))
    try:
        return min(max(day + timedelta(days=whole), _FIRST), _LAST)
    except OverflowError:
        return _FIRST if whole < 0 else _LAST


@dataclass(frozen=True, slots=True)
class Bounds:
    """The first and last days of a window (both included), each as a range; None where the window is open on that side."""

    first: DateRange | None
    last: DateRange | None


def bounds_of(window: Window, anchors: Anchors) -> Bounds | None:
    """The days of a window in days, weeks, months or years; None when its anchor is not known, or it is in other units."""
    at = anchors.find(window.anchor)
    if at is None or at.earliest is None or at.latest is None:
        return None
    if window.length is None:
        return _without_length(window.direction, at)
    if window.unit not in {"a", "mo", "wk", "d"} or window.direction is Direction.DURING:
        return None
    length = window.length
    near = length.lower if length.lower is not None else Decimal(0)
    if window.direction is Direction.BEFORE:
        last = _range(at, -near, window.unit, -1 if _is_open_below(length) else 0)
        if length.upper is None:
            return Bounds(None, last)
        return Bounds(_range(at, -length.upper, window.unit, 0 if length.upper_inclusive else 1), last)
    first = _range(at, near, window.unit, 1 if _is_open_below(length) else 0)
    if length.upper is None:
        return Bounds(first, None)
    return Bounds(first, _range(at, length.upper, window.unit, 0 if length.upper_inclusive else -1))


def _is_open_below(length: Interval) -> bool:
    return length.lower is not None and not length.lower_inclusive


def _without_length(direction: Direction, at: DateRange) -> Bounds:
    if direction is Direction.BEFORE:
        return Bounds(None, at)
    return Bounds(at, None) if direction is Direction.AFTER else Bounds(at, at)


def _range(at: DateRange, count: Decimal, unit: str, later: int) -> DateRange:
    days = timedelta(days=later)
    first, last = at.earliest or _FIRST, at.latest or _LAST
    return DateRange(shift(first, count, unit) + days, shift(last, count, unit) + days)


def not_before(day: DateRange, bound: DateRange | None) -> Truth:
    """Whether a day surely lies on or after a bound; true for no bound."""
    if bound is None:
        return Truth.TRUE
    if day.earliest is not None and bound.latest is not None and day.earliest >= bound.latest:
        return Truth.TRUE
    surely_before = day.latest is not None and bound.earliest is not None and day.latest < bound.earliest
    return Truth.FALSE if surely_before else Truth.UNKNOWN


def not_after(day: DateRange, bound: DateRange | None) -> Truth:
    """Whether a day surely lies on or before a bound; true for no bound."""
    if bound is None:
        return Truth.TRUE
    if day.latest is not None and bound.earliest is not None and day.latest <= bound.earliest:
        return Truth.TRUE
    surely_after = day.earliest is not None and bound.latest is not None and day.earliest > bound.latest
    return Truth.FALSE if surely_after else Truth.UNKNOWN


def day_within(window: Window, day: DateRange | None, anchors: Anchors) -> Truth:
    """Whether something that happened on a day lies in a window."""
    if day is None:
        return Truth.UNKNOWN
    if window.unit in _HOURS:
        return _within_hours(window, day, anchors)
    bounds = bounds_of(window, anchors)
    if bounds is None:
        return Truth.UNKNOWN
    inside = all_of((not_before(day, bounds.first), not_after(day, bounds.last)))
    if window.or_half_lives is None:
        return inside
    # "14 days or 5 half-lives": longer or shorter is not kept, and half-lives are not known; only the days before it help.
    return Truth.UNKNOWN


def _within_hours(window: Window, day: DateRange, anchors: Anchors) -> Truth:
    at = anchors.find(window.anchor)
    length = window.length
    if at is None or at.exact is None or length is None or day.earliest is None or day.latest is None:
        return Truth.UNKNOWN
    if window.direction is Direction.DURING:
        return Truth.UNKNOWN
    sign = 1 if window.direction is Direction.BEFORE else -1
    gaps = sorted(((at.exact - end).days * sign) for end in (day.earliest, day.latest))
    least, most = Decimal(gaps[0] - 1) * 24, Decimal(gaps[1] + 1) * 24
    hour = _HOURS[window.unit]
    lower = (length.lower if length.lower is not None else Decimal(0)) * hour
    upper = None if length.upper is None else length.upper * hour
    if most <= lower or (upper is not None and least >= upper):
        return Truth.FALSE
    return truth_of(True if least >= lower and (upper is None or most <= upper) else None)


def stretch_within(
    window: Window, start: DateRange | None, end: DateRange | None, goes_on_to: date | None, anchors: Anchors
) -> Truth:
    """Whether something that lasted overlaps a window: from a start to an end, or known to go on to a day.

    True as soon as one known moment of it surely lies inside; false when all of it surely lies outside.
    """
    if window.unit in _HOURS or window.or_half_lives is not None:
        moments = [day_within(window, one, anchors) for one in (start, end) if one is not None]
        if goes_on_to is not None:
            moments.append(day_within(window, DateRange.on(goes_on_to), anchors))
        return Truth.TRUE if Truth.TRUE in moments else Truth.UNKNOWN
    bounds = bounds_of(window, anchors)
    if bounds is None:
        return Truth.UNKNOWN
    last_known = end if end is not None else None if goes_on_to is None else DateRange.on(goes_on_to)
    moments = [
        all_of((not_before(one, bounds.first), not_after(one, bounds.last)))
        for one in (start, last_known)
        if one is not None
    ]
    if Truth.TRUE in moments:
        return Truth.TRUE
    # It began before the window and was still there after the window began.
    if start is not None and last_known is not None:
        spans = all_of((not_after(start, bounds.last), not_before(last_known, bounds.first)))
        if spans is Truth.TRUE:
            return Truth.TRUE
    began_later = start is not None and not_after(start, bounds.last) is Truth.FALSE
    ended_earlier = end is not None and not_before(end, bounds.first) is Truth.FALSE
    return Truth.FALSE if began_later or ended_earlier else Truth.UNKNOWN


def covered_days(window: Window, anchors: Anchors) -> tuple[date | None, date | None] | None:
    """The surest first and last day that a statement of absence must cover; None when that cannot be said."""
    if window.unit in _HOURS or window.unit == "half-life" or window.or_half_lives is not None:
        return None
    bounds = bounds_of(window, anchors)
    if bounds is None:
        return None
    first = bounds.first.earliest if bounds.first is not None else None
    last = bounds.last.latest if bounds.last is not None else None
    return first, last


def is_present(window: Window | None) -> bool:
    """Whether a window says no more than "at screening" or "before enrolment": the present state."""
    return window is None or (
        window.length is None and window.anchor in PRESENT_ANCHORS and window.direction is not Direction.AFTER
    )
