"""Which of several results counts: the latest that is known, if it is recent enough, or those within a criterion's window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trialist.criteria.nodes import Direction, Window
from trialist.evaluation.known import Known, day_of
from trialist.evaluation.policy import days_fresh
from trialist.evaluation.times import PRESENT_ANCHORS, day_within, is_present
from trialist.evaluation.truth import Truth
from trialist.evaluation.verdict import Assumption
from trialist.patient.facts import Fact, FactKind

_KINDS = {
    FactKind.MEASUREMENT: "measurement",
    FactKind.GRADE: "grade",
    FactKind.RESULT: "result",
    FactKind.COUNT: "grade",
}


_DAYS = {"d": 1, "wk": 7, "mo": 31, "a": 366}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The results that count (those that may be the latest); `why` is said where none does, and then they are only shown."""

    facts: tuple[Fact, ...]
    why: str = ""
    assumptions: tuple[Assumption, ...] = ()


def choose(facts: Sequence[Fact], window: Window | None, known: Known) -> Chosen:
    """The results that count for a criterion with a window, or without one by how long such results hold still."""
    if window is not None and not is_present(window):
        inside = [one for one in facts if day_within(window, day_of(one), known.anchors) is Truth.TRUE]
        if inside:
            latest = _latest(inside)
            reach = _days_before(window)
            if reach and not all(_is_fresh(one, known, reach) for one in latest):
                return Chosen(latest, f"stale: the latest that is old enough is of {day_of(latest[0])}")
            return Chosen(latest)
        return Chosen(_latest(facts), "no result that surely lies within the time asked for")
    dated = [one for one in facts if day_of(one) is not None]
    if not dated:
        if known.policy.assumes_absence:
            said = Assumption("undated", "a result without a day was taken to be recent")
            return Chosen(tuple(facts), assumptions=(said,))
        return Chosen(tuple(facts), "the day of the result is not recorded")
    latest = _latest(dated)
    stale = [one for one in latest if not _is_fresh(one, known)]
    if stale:
        days = days_fresh(_KINDS[stale[0].kind], stale[0].id)
        return Chosen(latest, f"stale: the latest is of {day_of(stale[0])}, and {days} days are the most")
    return Chosen(latest)


def _days_before(window: Window) -> int:
    """How long ago a result has to be at least, where "at least 2 weeks before" sets no other end; 0 for other windows."""
    length = window.length
    is_open = length is not None and length.upper is None and window.direction is Direction.BEFORE
    if length is None or length.lower is None or not is_open or window.anchor not in PRESENT_ANCHORS:
        return 0
    return math.ceil(length.lower * _DAYS.get(window.unit, 0))


def _is_fresh(fact: Fact, known: Known, reach: int = 0) -> bool:
    """Whether a result is not too old for its kind, counted from so many days ago."""
    days = days_fresh(_KINDS[fact.kind], fact.id)
    day = day_of(fact)
    if days == 0:
        return True
    return day is not None and day.earliest is not None and (known.as_of - day.earliest).days <= days + reach


def _latest(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """Those that no other one is surely later than."""
    return tuple(
        one for one in facts if not any(_is_later(other, one) for other in facts if other is not one)
    )


def _is_later(one: Fact, other: Fact) -> bool:
    first, second = day_of(one), day_of(other)
    if first is None or second is None:
        return False
    if first.earliest is not None and second.latest is not None and first.earliest > second.latest:
        return True
    if one.moment is None or other.moment is None:
        return False
    return first.exact is not None and first == second and one.moment > other.moment
