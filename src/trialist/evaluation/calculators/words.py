"""Values in words, as traces and notes show them; rounding is for showing only and never decides."""

from __future__ import annotations

from fractions import Fraction

from trialist.evaluation.calculators.intervals import Interval, interval_words
from trialist.evaluation.calculators.values import Daily, Flag, Level, Number, Series, Value
from trialist.evaluation.truth import Truth

_TRUTHS = {Truth.TRUE: "yes", Truth.FALSE: "no", Truth.UNKNOWN: "not known"}


def value_words(value: Value, decimals: int | None = None) -> str:
    """A value for people; `decimals` rounds a number."""
    match value:
        case Number(interval=interval):
            return interval_words(rounded(interval, decimals))
        case Level(options=options):
            return either_words(options)
        case Flag(truth=truth):
            return _TRUTHS[truth]
        case Series(values=values):
            if values is None:
                return "not given"
            return (
                ", ".join(f"day {day}: {interval_words(one)}" for day, one in sorted(values.items()))
                or "none"
            )
        case Daily(days=days):
            held = [str(day) for day, truth in sorted(days.items()) if truth is Truth.TRUE]
            return f"on days {', '.join(held)}" if held else "on no measured day"


def either_words(options: tuple[str, ...]) -> str:
    """`II`, `II or III`, `I, II or III`."""
    return options[0] if len(options) == 1 else f"{', '.join(options[:-1])} or {options[-1]}"


def formula_words(value: Value) -> str:
    """A value as it stands in a formula: in brackets when it is more than one word."""
    words = value_words(value)
    return f"[{words}]" if " " in words else words


def rounded(interval: Interval, decimals: int | None) -> Interval:
    """An interval with its ends rounded for showing."""
    if decimals is None:
        return interval
    lower, upper = (
        end if isinstance(end, float) else Fraction(round(end, decimals))
        for end in (interval.lower, interval.upper)
    )
    if lower == upper:
        return Interval(lower, upper)
    return Interval(lower, upper, interval.has_lower, interval.has_upper)
