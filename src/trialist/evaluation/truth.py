"""Truth with a third value: unknown. Kleene's tables, on which every evaluation stands."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Truth(StrEnum):
    """True, false, or not known."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"

    @property
    def is_decided(self) -> bool:
        """Whether it is known."""
        return self is not Truth.UNKNOWN


def truth_of(value: bool | None) -> Truth:
    """True, false, and None for not known."""
    if value is None:
        return Truth.UNKNOWN
    return Truth.TRUE if value else Truth.FALSE


def not_(truth: Truth) -> Truth:
    """The opposite; what is unknown stays unknown."""
    return {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE, Truth.UNKNOWN: Truth.UNKNOWN}[truth]


def all_of(truths: Iterable[Truth]) -> Truth:
    """False when one is false, true when all are true (also when there are none), else unknown."""
    known = list(truths)
    return at_least(len(known), known)


def any_of(truths: Iterable[Truth]) -> Truth:
    """True when one is true, false when all are false (also when there are none), else unknown."""
    return at_least(1, truths)


def at_least(count: int, truths: Iterable[Truth]) -> Truth:
    """Whether at least so many are true, as far as that can be said whatever the unknown ones turn out to be."""
    known = list(truths)
    sure = known.count(Truth.TRUE)
    if sure >= count:
        return Truth.TRUE
    return Truth.FALSE if sure + known.count(Truth.UNKNOWN) < count else Truth.UNKNOWN
