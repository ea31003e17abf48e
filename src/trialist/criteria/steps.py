"""Work that many do step by step, all of them one step before any of them the next.

Reading an item goes through most of the code and the tables of this package, which is more than the nearest memory of a processor holds:
an item that is read twice in a row takes a third less time the second time. So the items of a text take their steps together, and
what a step needs is still at hand for the next item. No run depends on another.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, TypeVar

_Found = TypeVar("_Found")
Steps = Generator[None, None, _Found]
"""A run that stops behind each of its steps, and returns what it found."""

TOGETHER = 32
"""Runs that take their steps together: of more, what they hold themselves would take the room."""


def together(runs: Sequence[Steps[_Found]]) -> Steps[list[_Found]]:
    """What several runs find, in their order: one run, of which a step is a step of each."""
    found: list[Any] = [None] * len(runs)
    for first in range(0, len(runs), TOGETHER):
        going = list(enumerate(runs[first : first + TOGETHER], first))
        while going:
            left = []
            for place, run in going:
                try:
                    next(run)
                except StopIteration as end:
                    found[place] = end.value
                else:
                    left.append((place, run))
            going = left
            yield
    return found


def alone(run: Steps[_Found]) -> _Found:
    """What one run finds."""
    while True:
        try:
            next(run)
        except StopIteration as end:
            found: _Found = end.value
            return found
