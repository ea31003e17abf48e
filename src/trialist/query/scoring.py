"""How well a study fits: what a hit is worth by the way it was found.

The sums are made where words are looked up (`index/kernels.c`): for one term the fields of a study are joined by the
cube root of the sum of cubes, so that the best field counts most and the others a little; in a field a hit is
worth its area's weight, times how rare all that may stand for the term is there, times its impact, 0 to 255, as a share.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weights:
    """How much a hit counts by the way it was found, 1 being the term as it was asked; and what newness adds at most."""

    synonym: float = 0.95
    broken: float = 0.1
    recency: float = 0.25


DEFAULT_WEIGHTS = Weights()
