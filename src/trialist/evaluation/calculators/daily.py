"""Truth day by day: runs of consecutive days or measurements, and distance from other days.

Days are whole numbers counted from the day of transplantation (day 0). A day without a measurement is unknown, never
false and never passed over, except where a definition counts measurements instead of days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from trialist.evaluation.calculators.intervals import EVERYTHING, INFINITY, Interval, point
from trialist.evaluation.calculators.values import Daily, Flag, Level, Number, Series, Value, needs_of
from trialist.evaluation.truth import Truth, all_of, not_


def compare_daily(series: Series, symbol: str, bound: Number) -> Daily:
    """Whether each measurement compares so."""
    if series.values is None:
        return Daily({}, series.needs, is_given=False)
    opposite = symbol == "!="
    days = {
        day: value.compare("==" if opposite else symbol, bound.interval)
        for day, value in series.values.items()
    }
    return Daily({day: not_(truth) if opposite else truth for day, truth in days.items()}, series.needs)


def combine_daily(values: list[Value], combine: Callable[[list[Truth]], Truth]) -> Daily:
    """Several daily truths as one, day by day; a plain flag holds or fails on all days."""
    dailies = [value for value in values if isinstance(value, Daily)]
    flags = [value for value in values if isinstance(value, Flag)]
    if len(dailies) + len(flags) != len(values):
        raise TypeError("conditions by day go together with conditions only")
    every = sorted({day for daily in dailies for day in daily.days})
    always = [flag.truth for flag in flags]
    days = {
        day: combine([*(daily.days.get(day, Truth.UNKNOWN) for daily in dailies), *always]) for day in every
    }
    return Daily(days, needs_of(values), any(daily.is_given for daily in dailies))


def apart_daily(values: list[Value]) -> Daily:
    """`apart(condition, days, n)`: false on days less than n after one of the days; unknown when these are not given."""
    daily, others, gap = _daily(values[0]), values[1], _whole(values[2])
    if not isinstance(others, Series):
        raise TypeError("apart() measures the distance from a list of days")
    if others.values is None:
        days = {day: _both(truth, Truth.UNKNOWN) for day, truth in daily.days.items()}
        return Daily(days, daily.needs | others.needs, daily.is_given)
    near = {day for other in others.values for day in range(other, other + gap)}
    days = {day: Truth.FALSE if day in near else truth for day, truth in daily.days.items()}
    return Daily(days, daily.needs, daily.is_given)


def _after(values: list[Value]) -> Value:
    """`after(condition, day)`: the condition on later days only; not known where the day is not exact enough."""
    daily, first = _daily(values[0]), values[1]
    if not isinstance(first, Number):
        first = first.as_number() if isinstance(first, Level) else first
    if not isinstance(first, Number):
        raise TypeError("after() wants a day")
    later = {}
    for day, truth in daily.days.items():
        is_later = point(day).compare(">", first.interval)
        if is_later is not Truth.FALSE:
            later[day] = all_of((truth, is_later))
    return Daily(later, daily.needs | first.needs, daily.is_given)


def _after_nadir(values: list[Value]) -> Value:
    """`after_nadir(condition)`: the condition on the days after the first one on which it fails.

    Counts that were never low have no nadir: then nothing is known.
    """
    daily = _daily(values[0])
    low = [day for day, truth in daily.days.items() if truth is Truth.FALSE]
    days = {day: truth for day, truth in daily.days.items() if low and day > min(low)}
    return Daily(days, daily.needs, daily.is_given)


def _run(values: list[Value]) -> Value:
    """`run(condition, n)`: whether it holds on n consecutive calendar days.

    False when no such run can lie within the measured span and none has begun at its end; what came before the first
    measurement is not judged.
    """
    daily, length = _daily(values[0]), _whole(values[1])
    return _flag_of(_windows_by_day(daily, length), daily)


def _run_day(values: list[Value]) -> Value:
    """`run_day(condition, n)`: the first day of the first run of n consecutive calendar days."""
    daily, length = _daily(values[0]), _whole(values[1])
    return _first_day(_windows_by_day(daily, length), daily)


def _values_run(values: list[Value]) -> Value:
    """`values_run(condition, n)`: whether it holds for n consecutive measurements, each on a day of its own."""
    daily, length = _daily(values[0]), _whole(values[1])
    return _flag_of(_windows_by_value(daily, length), daily)


def _values_run_day(values: list[Value]) -> Value:
    """`values_run_day(condition, n)`: the day of the first of n consecutive measurements."""
    daily, length = _daily(values[0]), _whole(values[1])
    return _first_day(_windows_by_value(daily, length), daily)


def _lasting(values: list[Value]) -> Value:
    """`lasting(condition, n)`: whether it holds at every measurement over n days or more.

    Between two measurements nothing is asked. False when no such span can be, and none has begun at the end.
    """
    daily, length = _daily(values[0]), _whole(values[1])
    days = sorted(daily.days)
    spans = {
        days[first]: all_of(daily.days[day] for day in days[first : last + 1])
        for first in range(len(days))
        for last in range(len(days) - 1, first, -1)
        if days[last] - days[first] >= length
    }
    return _flag_of(spans, daily)


def _windows_by_day(daily: Daily, length: int) -> dict[int, Truth]:
    """Each possible first day of a run and whether one begins there."""
    if not daily.days:
        return {}
    first, last = min(daily.days), max(daily.days)
    return {
        day: all_of(daily.days.get(later, Truth.UNKNOWN) for later in range(day, day + length))
        for day in range(first, last - length + 2)
    }


def _windows_by_value(daily: Daily, length: int) -> dict[int, Truth]:
    days = sorted(daily.days)
    return {
        days[place]: all_of(daily.days[day] for day in days[place : place + length])
        for place in range(len(days) - length + 1)
    }


def _flag_of(windows: Mapping[int, Truth], daily: Daily) -> Flag:
    truths = set(windows.values())
    if Truth.TRUE in truths:
        return Flag(Truth.TRUE)
    is_over = bool(daily.days) and daily.days[max(daily.days)] is Truth.FALSE
    return Flag(Truth.FALSE if is_over and truths <= {Truth.FALSE} else Truth.UNKNOWN, daily.needs)


def _first_day(windows: Mapping[int, Truth], daily: Daily) -> Number:
    """The day on which the first run begins: between the first on which one may and the first on which one does.

    A run may also begin on the last measured days and end after them, or begin after them.
    """
    possible = [day for day, truth in windows.items() if truth is not Truth.FALSE]
    sure = [day for day, truth in windows.items() if truth is Truth.TRUE]
    if sure:
        return Number(Interval(Fraction(min(possible)), Fraction(min(sure))), daily.needs)
    if not daily.days:
        return Number(EVERYTHING, daily.needs)
    last = max(daily.days)
    failed = [day for day, truth in daily.days.items() if truth is Truth.FALSE]
    unfinished = max(failed, default=min(daily.days) - 1) + 1
    return Number(
        Interval(Fraction(min([*possible, unfinished, last + 1])), INFINITY, True, False), daily.needs
    )


def _both(one: Truth, two: Truth) -> Truth:
    return all_of((one, two))


def _daily(value: Value) -> Daily:
    if not isinstance(value, Daily):
        raise TypeError("a condition by day is wanted, such as neutrophils_by_day >= 0.5")
    return value


def _whole(value: Value) -> int:
    if not isinstance(value, Number) or value.interval.point.denominator != 1:
        raise TypeError("a whole number is wanted")
    return int(value.interval.point)


DAILY_FUNCTIONS: Mapping[str, Callable[[list[Value]], Value]] = {
    "after": _after,
    "after_nadir": _after_nadir,
    "run": _run,
    "run_day": _run_day,
    "values_run": _values_run,
    "values_run_day": _values_run_day,
    "lasting": _lasting,
}
"""The functions over days, by their name in formulas."""
