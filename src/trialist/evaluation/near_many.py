"""Of the trials that exclude a patient: which may be near misses. The judge is asked about these alone."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import numpy as np

from trialist.evaluation.columns import Array, texts_in
from trialist.evaluation.compiling import NONE
from trialist.evaluation.many import Tally
from trialist.evaluation.near import may_come_of_age, may_pass
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
    alone: dict[int, list[int]] = {}
    for owner, shape in zip(owners[is_alone].tolist(), shapes[is_alone].tolist(), strict=True):
        alone.setdefault(owner, []).append(shape)
    touched = _touched(tally)
    passes: dict[int, bool] = {}
    for at in sorted({*alone, *np.flatnonzero(of_age).tolist()}):
        for shape in alone.get(at, ()):
            if shape not in passes:
                passes[shape] = _may_pass(tally, shape, touched)
        if of_age[at] or any(passes[shape] for shape in alone.get(at, ())):
            yield int(trials[at])


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
