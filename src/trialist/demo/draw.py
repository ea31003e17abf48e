"""Seeded draws: the same integers in, the same choices out, on every platform and Python.

Only `random.Random(int).random()` is used, whose sequence Python promises to keep; every choice is built on it here,
because the algorithms of `choices`, `shuffle` and `gauss` may change between versions. Quantiles are interpolated
with additions and multiplications only, so that no library function can round differently elsewhere.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")

_MASK = (1 << 64) - 1
# Small enough to stay in the processor's cache: tables that are asked often cost more by their size than by their
# arithmetic. What is rarer than one in a thousand becomes one in a thousand.
_BINS = 1024
FINE_BINS = 2048  # for measured distributions, whose tails matter


def mix(*parts: int) -> int:
    """One 64-bit integer of several, well stirred (the finaliser of splitmix64 after each part)."""
    state = 0
    for part in parts:
        state = (state + (part & _MASK) + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


class Weighted:
    """Values with weights, laid out in bins of equal chance; every value has one bin at least."""

    __slots__ = ("bins",)

    def __init__(self, pairs: Iterable[tuple[Any, float]]) -> None:
        taken = [(value, weight) for value, weight in pairs if weight > 0]
        total = sum(weight for _, weight in taken)
        self.bins: list[Any] = []
        for value, weight in taken:
            self.bins += [value] * max(1, int(weight / total * _BINS + 0.5))


class Quantiles:
    """A measured distribution: values at given probabilities and straight lines between them, in bins."""

    __slots__ = ("bins",)

    def __init__(self, at: Sequence[float], values: Sequence[float]) -> None:
        self.bins: list[int] = []
        for place in range(FINE_BINS):
            share = (place + 0.5) / FINE_BINS
            upper = min(bisect_right(at, share), len(at) - 1)
            low, high = at[upper - 1], at[upper]
            start = values[upper - 1]
            self.bins.append(int(start + (share - low) / (high - low) * (values[upper] - start)))


class Draw:
    """A stream of choices. `unit()` is the one source; everything else is arithmetic on it.

    A slot is read quickly and called slowly: hence `unit = self.unit` first.
    """

    __slots__ = ("_seed", "unit")

    def __init__(self, *parts: int) -> None:
        source = Random(mix(*parts))
        # Seeds with an integer as `Random.seed` does, without its questions about other types.
        self._seed: Callable[[int], None] = super(Random, source).seed
        self.unit: Callable[[], float] = source.random

    def restart(self, *parts: int) -> None:
        """Go on as a new `Draw` of these parts would: seeding again takes half the time of a new source."""
        self._seed(mix(*parts))

    def squared(self) -> float:
        """The square of a draw, small more often than large; multiplied out, since `**` may round differently."""
        unit = self.unit
        drawn = unit()
        return drawn * drawn

    def cubed(self) -> float:
        """The cube of a draw: mostly small."""
        unit = self.unit
        drawn = unit()
        return drawn * drawn * drawn

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        unit = self.unit
        return unit() < probability

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices, all equally likely."""
        unit = self.unit
        return choices[int(unit() * len(choices))]

    def between(self, low: int, high: int) -> int:
        """An integer of low…high, both included."""
        unit = self.unit
        return low + int(unit() * (high - low + 1))

    def weighted(self, table: Weighted) -> Any:
        """One of the values by its weight."""
        unit, bins = self.unit, table.bins
        return bins[int(unit() * len(bins))]

    def some(self, choices: Sequence[T], count: int) -> list[T]:
        """Up to `count` different choices, in the order of `choices` turned round at a random place.

        Steps of a random stride: cheap, and enough for lists in which neighbours have nothing to do with each other.
        """
        size = len(choices)
        count = min(count, size)
        if count <= 0:
            return []
        at = int(self.unit() * size)
        stride = 1 + int(self.unit() * max(1, size // count - 1))
        return [choices[(at + stride * step) % size] for step in range(count)]

    def measured(self, table: Quantiles) -> int:
        """An integer of a measured distribution."""
        unit, bins = self.unit, table.bins
        return bins[int(unit() * FINE_BINS)]
