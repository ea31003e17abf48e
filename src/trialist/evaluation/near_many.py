"""Of the trials that exclude a patient: which may be near misses. The judge is asked about these alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from trialist.evaluation import codes
from trialist.evaluation.columns import Array, texts_in
from trialist.evaluation.compiling import Healthy
from trialist.evaluation.many import Tally
from trialist.evaluation.near import NEVER, may_come_of_age, near_days, reason_of
from trialist.evaluation.running import EXCLUDES


def may_be_near(tally: Tally, trials: Array) -> Iterator[int]:
    """Those of some trials that exclude which may do so by one thing that changes, in their order; perhaps too many, never too few.

    What is excluded by is looked at when its trial's turn comes: whoever has enough asks for no more.
    """
    many, run = tally.many, tally.run
    shapes, owners = many.slots.of(many.main[trials])
    excludes = run.effects[shapes] == EXCLUDES
    shapes, owners = shapes[excludes], owners[excludes]
    is_minimum = many.columns["minimum"][shapes] != 0
    minimums = np.bincount(owners[is_minimum], minlength=len(trials))
    excluded_by = tally.outcomes.excluded_by[trials]
    is_by_age = excluded_by <= minimums
    of_age = np.zeros(len(trials), bool)
    of_age[is_by_age] = _may_come_of_age(tally, trials[is_by_age])
    is_alone = (excluded_by == 1)[owners] & ~is_minimum
    of_shape = _may_pass(tally, np.unique(shapes[is_alone]))
    passes = np.zeros(len(trials), bool)
    passes[owners[is_alone & of_shape[shapes]]] = True
    for at in np.flatnonzero(of_age | passes).tolist():
        yield int(trials[at])


def _may_pass(tally: Tally, shapes: Array) -> Array:
    """For every shape of the net: whether it is one of these, and what it excludes by may pass."""
    tree = tally.many.runner.tree
    exprs, is_exclusion = tree.shapes[shapes, 0], tree.shapes[shapes, 1] != 0
    reasons = _reasons(tally, exprs)
    found = np.zeros(len(tree.shapes), bool)
    days, washout = near_days(tally.known), reasons.washout[exprs]
    found[shapes] = is_exclusion & (washout >= days.start) & (washout < days.stop)
    found[shapes] |= (reasons.is_close & ~reasons.is_other)[exprs]
    return found


class _Reasons(NamedTuple):
    """By place of the net what `Reason` says of it."""

    washout: Array
    is_close: Array
    is_other: Array


def _reasons(tally: Tally, places: Array) -> _Reasons:
    """What may change in some places of the net: in those of their members that make them true, or false."""
    runner, is_wanted, same = tally.many.runner, _decisive(tally, places), _is_same(tally)
    reasons = _Reasons(np.full(runner.size, NEVER), np.zeros(runner.size, bool), np.ones(runner.size, bool))
    _of_leaves(tally, is_wanted, reasons)
    for level in runner.levels:
        own = np.flatnonzero(is_wanted[level.places] & _IS_LIST[level.rows])
        place, first, second = level.places[own], level.first[own], level.second[own]
        of_first, of_second = same(place, first), same(place, second)
        reasons.washout[place] = np.maximum(
            np.where(of_first, reasons.washout[first], 0), np.where(of_second, reasons.washout[second], 0)
        )
        for column in reasons[1:]:
            column[place] = (of_first & column[first]) | (of_second & column[second])
    return reasons


_IS_LIST = np.isin(np.arange(5), (codes.ALL, codes.ANY))
"""By row of the tables: whether it joins a list. What is joined otherwise is no reason that may pass."""


def _is_same(tally: Tally) -> Callable[[Array, Array], Array]:
    """What says which members come to the same truth as what they are joined to."""
    truth = tally.answered.codes & codes.TRUTH

    def same(place: Array, member: Array) -> Array:
        found: Array = truth[place] == truth[member]
        return found

    return same


def _decisive(tally: Tally, places: Array) -> Array:
    """The places of the net that make some of them what they are: themselves, and of lists the members of their truth."""
    runner, same = tally.many.runner, _is_same(tally)
    found = np.zeros(runner.size, bool)
    found[places] = True
    for level in reversed(runner.levels):
        own = np.flatnonzero(found[level.places] & _IS_LIST[level.rows])
        place = level.places[own]
        for member in (level.first[own], level.second[own]):
            found[member[same(place, member)]] = True
    return found


def _of_leaves(tally: Tally, is_wanted: Array, reasons: _Reasons) -> None:
    """Write down what may change in the leaves that are wanted. By what no fact touches nothing ends."""
    leaves, told = tally.many.leaves, tally.answered.told
    for at in np.flatnonzero(is_wanted[leaves.places]).tolist():
        place = leaves.places[at]
        asked, leaf = told.get(at), leaves.leaf(at)
        if asked is None:
            reasons.washout[place] = 0
        elif not isinstance(leaf, Healthy):
            holds = asked.code & codes.TRUTH == codes.TRUE
            for column, one in zip(
                reasons, reason_of(leaf, asked.facts, tally.known, holds=holds), strict=True
            ):
                column[place] = one


def _may_come_of_age(tally: Tally, trials: Array) -> Array:
    told = texts_in(tally.many.columns, "minimum_age")
    known: dict[bytes, bool] = {b"": False}
    found = []
    for one in (told[at] for at in trials.tolist()):
        if one not in known:
            number, unit = one.decode().split(" ")
            known[one] = may_come_of_age((Decimal(number), unit), tally.known)
        found.append(known[one])
    return np.array(found, bool)
