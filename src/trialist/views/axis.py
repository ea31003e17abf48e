"""Axes of plots: where a number lies, and round numbers to write beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

_NARROWEST = 0.2
"""The least length of an axis, as a share of its largest number."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A round number of an axis: where it lies, and its text."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` at `start` to `high` at `end`, in equal steps or, `is_log`, in equal ratios; a mark every `step`."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False
    step: float = 0.0

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.is_log and self.low <= 0):
            raise ValueError(f"no axis goes from {self.low} to {self.high}")

    def at(self, value: float) -> float:
        """Where a value lies, rounded to a tenth; beyond the ends it lies on them."""
        value = min(max(value, self.low), self.high)
        if self.is_log:
            share = log10(value / self.low) / log10(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """The round numbers between the ends."""
        values = _powers(self.low, self.high) if self.is_log else _steps(self.low, self.high, self.step)
        return tuple(Tick(self.at(value), number_text(value)) for value in values)


def axis_for(
    values: Sequence[float], start: float, end: float, *, zero: bool = False, is_log: bool = False
) -> Axis:
    """An axis on which all values lie, its ends round; with `zero` also 0.

    Without it 0 is left out where values far from it would be squeezed, but nothing is looked at so closely that a
    difference of a few per cent fills the picture.
    """
    low, high = min(values), max(values)
    if is_log and low > 0:
        first, last = floor(log10(low)), ceil(log10(high))
        return Axis(10.0**first, 10.0 ** max(last, first + 1), start, end, True)
    if zero or 0 < low < 0.5 * high:
        low = min(low, 0.0)
    if zero or 0 > high > 0.5 * low:
        high = max(high, 0.0)
    if low == high == 0:
        return Axis(0.0, 1.0, start, end, step=_step(0.0, 1.0))
    missing = _NARROWEST * max(abs(low), abs(high)) - (high - low)
    if missing > 0:  # then all lie on one side of 0, and the axis is longer towards it
        low, high = (low - missing, high) if high > 0 else (low, high + missing)
    step = _step(low, high)
    return Axis(floor(low / step) * step, ceil(high / step) * step, start, end, step=step)


def number_text(value: float) -> str:
    """`1,200`, `0.05`, `1e-07`: a round number in few signs."""
    if value == 0:
        return "0"
    if abs(value) >= 1e7 or abs(value) < 1e-4:
        return f"{value:.3g}"
    return f"{value:,.6f}".rstrip("0").rstrip(".")


def _step(low: float, high: float, most: int = 5) -> float:
    rough = (high - low) / most
    power: float = 10.0 ** floor(log10(rough))
    for factor in (1, 2, 2.5, 5):
        if factor * power >= rough * (1 - 1e-9):
            return factor * power
    return 10 * power


def _steps(low: float, high: float, step: float) -> list[float]:
    step = step or _step(low, high)
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [round(count * step, 12) for count in range(first, last + 1)]


def _powers(low: float, high: float) -> list[float]:
    first, last = round(log10(low)), round(log10(high))
    every = max(1, ceil((last - first) / 6))
    return [10.0**power for power in range(first, last + 1, every)]
