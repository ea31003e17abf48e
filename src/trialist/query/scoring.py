"""How well a study fits: what a hit is worth by field, rarity and the way it was found."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trialist.query.masks import Mask, Scores

POWER = 4
"""Fields are joined by the fourth root of the sum of fourth powers: the best counts most, the others a little."""

_LEAST = 1e-4


@dataclass(frozen=True, slots=True)
class Weights:
    """How much a hit counts by the way it was found, 1 being the term as it was asked; and what newness adds at most."""

    synonym: float = 0.9
    broken: float = 0.1
    recency: float = 0.15


DEFAULT_WEIGHTS = Weights()


def rarity(studies: int, found: int) -> float:
    """The inverse document frequency of BM25 (Robertson and Zaragoza 2009, section 3.1), never negative."""
    return math.log(1 + (max(studies - found, 0) + 0.5) / (found + 0.5))


class Sums:
    """For every study the sum of the powers of what its fields score for one term; above 0 wherever something was added."""

    def __init__(self, studies: int) -> None:
        self._powers = np.zeros(studies, dtype=np.float32)

    def add(self, studies: NDArray[Any], impact: NDArray[np.uint8], worth: float) -> None:
        """Take the hits of one field: `worth` times the impact, as a share of 255.

        A study that comes twice counts once, as the last time.
        """
        self._powers[studies] += _powers_of(max(worth, _LEAST))[impact]

    def found(self) -> Mask:
        """The studies to which something was added."""
        return self._powers > 0

    def add_to(self, score: Scores, marked: Mask, share: float) -> None:
        """Add a share of what was summed up to the scores of the marked studies."""
        studies = np.flatnonzero(marked)
        score[studies] += self._powers[studies] ** np.float32(1 / POWER) * np.float32(share)


def _powers_of(worth: float) -> Scores:
    """The power of what each impact is worth; the least impact still is something."""
    steps = np.arange(256, dtype=np.float32)
    steps[0] = 1
    found: Scores = (steps * np.float32(worth / 255)) ** POWER
    return found
