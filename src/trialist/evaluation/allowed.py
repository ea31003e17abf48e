"""What a trial allows in one sentence does not surely exclude in another: by arrays, for all trials of a net.

The facts that an expression rests on go up the net as its codes do: a table made of `answers` says of which members of a
junction they stay. Facts are bits; what has more of them than a number has bits is gone through again.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from trialist.evaluation import codes
from trialist.evaluation.answered import Answered
from trialist.evaluation.codes import FALSE, TRUTH
from trialist.evaluation.columns import Array, Columns, Lists
from trialist.evaluation.running import EXCLUDES, Run, Runner
from trialist.patient.facts import Fact

_WORD = 64
_EXPR = 0
_FIRST, _SECOND = 1, 2

Leaf = tuple[int, frozenset[int]]
"""The place of a leaf, and the numbers of the facts that its answer rests on."""


class Allowed:
    """What the trials of a net allow."""

    def __init__(self, columns: Columns, runner: Runner) -> None:
        self._trials, self._shapes = columns["permission_trial"].astype(np.int64), columns["permission_shape"]
        self._runner = runner
        self._exprs = runner.tree.shapes[:, _EXPR]

    def shapes_of(self, trials: Array) -> Array:
        """The shapes of what some trials allow."""
        found: Array = self._shapes[np.isin(self._trials, trials)]
        return found

    @cached_property
    def _places(self) -> Array:
        """Where in the net what is allowed is looked for."""
        return self._runner.reached(np.unique(self._exprs[self._shapes]))

    @cached_property
    def _allowing(self) -> Array:
        """The trials that allow anything."""
        found: Array = np.unique(self._trials)
        return found

    def opened(
        self, answered: Answered, leaf_places: Array, run: Run, slots: Lists, of_trial: tuple[Array, Array]
    ) -> tuple[Array, Array]:
        """Slots and shapes that exclude by a fact that their trial allows; `of_trial` has the first and last slots."""
        is_allowed = run.codes[self._shapes] & TRUTH != FALSE
        told = [(int(leaf_places[at]), one.facts) for at, one in answered.told.items() if one.facts]
        numbers = _Numbers()
        for place, facts in told:
            if self._places[place]:
                for fact in facts:
                    numbers.put(fact)
        leaves = [(place, own) for place, facts in told if (own := numbers.among(facts))]
        trials, exprs = self._trials[is_allowed], self._exprs[self._shapes[is_allowed]]
        asked, shapes, owners = self._excluding(run, slots, of_trial)
        found = np.zeros(len(shapes), bool)
        for first in range(0, len(numbers), _WORD):
            rests = self._rests(answered.codes, leaves, first)
            allowed = np.zeros(len(of_trial[0]), np.uint64)
            np.bitwise_or.at(allowed, trials, rests[exprs])
            found |= rests[self._exprs[shapes]] & allowed[owners] != 0
        return asked[found], shapes[found]

    def _excluding(self, run: Run, slots: Lists, of_trial: tuple[Array, Array]) -> tuple[Array, Array, Array]:
        """What excludes in the trials that allow anything: slots, shapes, trials."""
        trials = self._allowing
        counts = (of_trial[1] - of_trial[0])[trials]
        own = np.repeat(of_trial[0][trials] - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        shapes, at = slots.of(own)
        excludes = np.flatnonzero(run.effects[shapes] == EXCLUDES)
        at = at[excludes]
        return own[at], shapes[excludes], np.repeat(trials, counts)[at]

    def _rests(self, found: codes.Codes, leaves: list[Leaf], first: int) -> Array:
        """On which of 64 facts, those from a number on, each place of the net rests."""
        rests = np.zeros(self._runner.size, np.uint64)
        for place, numbers in leaves:
            rests[place] = sum(1 << one - first for one in numbers if 0 <= one - first < _WORD)
        kept = codes.kept()
        for level in self._runner.levels:
            one, other = rests[level.first], rests[level.second]
            touched = np.flatnonzero(one | other)
            rows, firsts, seconds = level.rows[touched], level.first[touched], level.second[touched]
            stays = kept[rows, found[firsts], found[seconds]]
            joined = np.where(stays & _FIRST != 0, one[touched], np.uint64(0))
            joined |= np.where(stays & _SECOND != 0, other[touched], np.uint64(0))
            rests[level.places[touched]] = joined
            for place, node in level.several:
                members = list(node.members)
                own = rests[members]
                if own.any():
                    stay = codes.kept_of_several(node.least, tuple(found[members].tolist()))
                    rests[place] = np.bitwise_or.reduce(own[list(stay)]) if stay else 0
        return rests


class _Numbers:
    """Numbers of facts; equal ones have the same, and the very same one is not compared."""

    def __init__(self) -> None:
        self._same: dict[int, int] = {}
        self._equal: dict[Fact, int] = {}
        self._among: dict[int, tuple[tuple[Fact, ...], frozenset[int]]] = {}

    def __len__(self) -> int:
        return len(self._equal)

    def put(self, fact: Fact) -> None:
        if id(fact) not in self._same:
            self._same[id(fact)] = self._equal.setdefault(fact, len(self._equal))

    def among(self, facts: tuple[Fact, ...]) -> frozenset[int]:
        """The numbers of those of some facts that have one; of the very same facts they are looked up once."""
        known = self._among.get(id(facts))
        if known is None:
            found = {self._number(one) for one in facts}
            known = self._among[id(facts)] = facts, frozenset(found - {-1})
        return known[1]

    def _number(self, fact: Fact) -> int:
        found = self._same.get(id(fact))
        if found is None:
            found = self._same[id(fact)] = self._equal.get(fact, -1)
        return found
