"""Masks over the studies or sites of a segment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Mask: TypeAlias = NDArray[np.bool_]
Scores: TypeAlias = NDArray[np.float32]


def all_of(masks: Iterable[Mask]) -> Mask:
    """What is in every mask; the first of them is used up. `ValueError` without any."""
    found: Mask | None = None
    for mask in masks:
        if found is None:
            found = mask
        else:
            found &= mask
    if found is None:
        raise ValueError("nothing to join")
    return found


def any_of(masks: Iterable[Mask]) -> Mask:
    """What is in some mask; the first of them is used up. `ValueError` without any."""
    found: Mask | None = None
    for mask in masks:
        if found is None:
            found = mask
        else:
            found |= mask
    if found is None:
        raise ValueError("nothing to join")
    return found
