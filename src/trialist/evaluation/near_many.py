"""Of the trials that exclude a patient: which may be near misses. The judge is asked about these alone."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from trialist.evaluation.columns import Array, texts_in
from trialist.evaluation.compiling import NONE
from trialist.evaluation.many import Tally
from trialist.evaluation.near import may_come_of_age, may_pass
from trialist.evaluation.running import EXCLUDES


def may_be_near(tally: Tally, trials: Array) -> Array:
    """Which of some trials that exclude may do so by one thing that changes; perhaps too many, never too few."""
    many, run = tally.many, tally.run
    shapes, owners = many.slots.of(many.main[trials])
    excludes = run.effects[shapes] == EXCLUDES
    shapes, owners = shapes[excludes], owners[excludes]
    is_minimum = many.columns["minimum"][shapes] != 0
    asked, place = np.unique(shapes[~is_minimum], return_inverse=True)
    touched = _touched(tally)
    changing = np.array([_may_pass(tally, one, touched) for one in asked.tolist()], bool)
    found = tally.outcomes.excluded_by[trials] == 1
    found &= _any_of(owners[~is_minimum][changing[place]], len(trials))
    minimums = np.bincount(owners[is_minimum], minlength=len(trials))
    found |= (tally.outcomes.excluded_by[trials] <= minimums) & _may_come_of_age(tally, trials)
    near: Array = trials[found]
    return near


def _any_of(owners: Array, count: int) -> Array:
    found: Array = np.bincount(owners, minlength=count) > 0
    return found


def _touched(tally: Tally) -> Array:
    """The places of the net that a fact of the patient bears on."""
    many = tally.many
    found = np.zeros(many.runner.size, bool)
    found[many.leaf_places[np.fromiter(tally.answered.told, np.int64, len(tally.answered.told))]] = True
    tree = many.runner.tree
    for level in many.runner.levels:
        second = tree.second[level.places]
        found[level.places] = found[level.first] | ((second != NONE) & found[second])
        for place, node in level.several:
            found[place] = found[list(node.members)].any()
    return found


def _may_pass(tally: Tally, shape: int, touched: Array) -> bool:
    many = tally.many
    row = many.runner.tree.shapes[shape]
    place = int(row[0])
    if not touched[place] or not many.is_expression(place):
        return False
    return may_pass(many.expr_at(place), tally.known, is_exclusion=bool(row[1]))


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
