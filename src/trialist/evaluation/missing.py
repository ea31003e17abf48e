"""Of the trials that are open for a patient: which data each is missing, counted over all of them; by arrays.

What an open junction misses is what its open members miss. Leaves that were asked have the judge's needs; those that no fact
touches have a blank patient's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import orjson

from trialist.evaluation.answered import Told
from trialist.evaluation.codes import DATA, TRUTH, UNKNOWN
from trialist.evaluation.columns import Array, Lists, lists_in, telling_key, texts_in
from trialist.evaluation.compiling import NONE
from trialist.evaluation.fields import life_assessments
from trialist.evaluation.many import Tally
from trialist.evaluation.parts import key_number, need_told
from trialist.evaluation.running import OPEN
from trialist.evaluation.verdict import Need, Who


class MissingFact(NamedTuple):
    """A fact that is missing: what, code and unit, its key; in how many trials it is the only one missing, and in how many."""

    what: str
    code: str
    unit: str
    key: str
    settles: int
    missing_in: int


def count_missing(tally: Tally, trials: Array, most: int | None) -> list[MissingFact]:
    """What is missing in trials that are open, that which settles most first; `trials` are places in the net."""
    if not len(trials):
        return []
    many, needs = tally.many, _Needs(tally)
    owners, found = _missed(tally, needs, trials)
    keys = needs.keys()[found]
    # A trial that misses what no fact has a name for is settled by no other one.
    blocked = trials[tally.sums.assumed[many.main[trials]] > 0]
    owners, keys = _with(owners, blocked), _with(keys, np.full(len(blocked), needs.nameless))
    for need in needs.of_life:
        owners, keys = _with(owners, trials), _with(keys, np.full(len(trials), needs.keys()[need]))
    size = needs.key_count
    pairs = _distinct(owners * size + keys)
    owners, keys = pairs // size, pairs % size
    is_alone = np.bincount(owners)[owners] == 1
    missing_in = np.bincount(keys, minlength=size)
    settles = np.bincount(keys[is_alone], minlength=size)
    # What has no name is told to nobody, and takes nobody's place among the first.
    missing_in[needs.nameless] = settles[needs.nameless] = 0
    leading = _leading(settles, missing_in, most)
    present = _distinct(_with(found, np.array(needs.of_life, np.int64)))
    facts = []
    for at in leading.tolist():
        rows = [orjson.loads(needs.text(one)) for one in present[needs.keys()[present] == at].tolist()]
        key, name = rows[0][0], min((what, code, unit) for _, what, code, unit in rows)
        facts.append(MissingFact(*name, key, int(settles[at]), int(missing_in[at])))
    facts.sort(key=lambda one: (-one.settles, -one.missing_in, one.key or f"words/{one.what}"))
    return facts[:most]


def _distinct(values: Array) -> Array:
    """Each value once, ascending. Of millions, sorting finds them sooner than the table that `unique` makes."""
    ordered = np.sort(values)
    is_new = np.ones(len(ordered), bool)
    is_new[1:] = ordered[1:] != ordered[:-1]
    found: Array = ordered[is_new]
    return found


def _with(some: Array, more: Array) -> Array:
    found: Array = np.concatenate([some, more]).astype(np.int64)
    return found


def _leading(settles: Array, missing_in: Array, most: int | None) -> Array:
    """The keys that may be among the first, those that are equal to the last of them included."""
    order = settles.astype(np.int64) << 32 | missing_in
    least = np.partition(order, -most)[-most] if most is not None and len(order) > most else 0
    return np.flatnonzero((order >= least) & (missing_in > 0))


class _Needs:
    """Needs of data as numbers: those of the net's columns, behind them those that only this patient has."""

    def __init__(self, tally: Tally) -> None:
        columns = tally.many.columns
        self._stored = texts_in(columns, "need")
        self._numbers = columns["need_number"]
        self._more: dict[bytes, int] = {}
        self._known_keys, self._stored_keys = tally.many.need_keys
        self._more_keys: dict[int, int] = {}
        self.nameless = len(self._known_keys)
        self.blank = lists_in(columns, f"missing_{int(tally.known.is_covered)}")
        self.asked = self._of_told(tally.answered.told)
        life = [need for one in life_assessments(tally.known) for need in one.missing]
        self.of_life = self._numbers_of([need for need in life if need.who is Who.DATA])
        self._keys = _with(self._stored_keys, np.array([self._key(one) for one in self._more], np.int64))

    def keys(self) -> Array:
        """The numbers of the keys of all needs."""
        return self._keys

    @property
    def key_count(self) -> int:
        """One more than the largest number of a key."""
        return self.nameless + 1 + len(self._more_keys)

    def text(self, need: int) -> bytes:
        """A need as it is told."""
        stored = len(self._stored)
        return self._stored[need] if need < stored else list(self._more)[need - stored]

    def _of_told(self, told: Mapping[int, Told]) -> dict[int, list[int]]:
        """The numbers of the needs of leaves; those that are alike have the very same ones, which are looked up once."""
        each = {id(one.needs): one.needs for one in told.values()}
        numbers = iter(self._numbers_of([need for needs in each.values() for need in needs]))
        of = {at: list(islice(numbers, len(needs))) for at, needs in each.items()}
        return {at: of[id(one.needs)] for at, one in told.items()}

    def _numbers_of(self, needs: Sequence[Need]) -> list[int]:
        """The numbers of needs: those of the net, else the next behind them."""
        texts = [need_told(one) for one in needs]
        asked = np.array([key_number(one) for one in texts], np.uint64)
        at = np.minimum(np.searchsorted(self._numbers, asked), max(0, len(self._numbers) - 1))
        is_stored = self._numbers[at] == asked if len(self._numbers) else np.zeros(len(asked), bool)
        return [
            place if stored else self._more.setdefault(text, len(self._stored) + len(self._more))
            for place, stored, text in zip(at.tolist(), is_stored.tolist(), texts, strict=True)
        ]

    def _key(self, told: bytes) -> int:
        number = key_number(telling_key(told))
        at = int(np.searchsorted(self._known_keys, np.uint64(number)))
        if at < len(self._known_keys) and self._known_keys[at] == np.uint64(number):
            return at
        return self._more_keys.setdefault(number, self.nameless + 1 + len(self._more_keys))


def _missed(tally: Tally, needs: _Needs, trials: Array) -> tuple[Array, Array]:
    """Pairs of a trial and a need; a pair may stand there more than once."""
    many, run = tally.many, tally.run
    slots, trial_of = many.open_slots(tally.sums, trials)
    shapes, owners = many.slots.of(slots)
    is_open = (run.effects[shapes] == OPEN) & (run.codes[shapes] & DATA != 0)
    shapes, owners = shapes[is_open], trial_of[owners[is_open]]
    is_asked = np.zeros(many.shapes, bool)
    is_asked[shapes] = True
    asked, place = np.flatnonzero(is_asked), (np.cumsum(is_asked) - 1)[shapes]
    columns = many.runner.tree.shapes[asked]
    sources = np.where(run.waits[asked], columns[:, 2], columns[:, 0])
    of_shape = _of_nodes(tally, needs, sources)
    found, at = of_shape.of(place)
    return owners[at].astype(np.int64), found.astype(np.int64)


def _of_nodes(tally: Tally, needs: _Needs, sources: Array) -> Lists:
    """The needs of some places of the net, as lists in their order."""
    runner, codes = tally.many.runner, tally.answered.codes
    is_open = codes & TRUTH == UNKNOWN
    wanted = tally.many.runner.reached(sources) & is_open
    begins, counts = np.zeros(runner.size, np.int64), np.zeros(runner.size, np.int64)
    pool = _of_leaves(tally, needs, wanted, begins, counts)
    for level in runner.levels:
        own = wanted[level.places]
        places, first = level.places[own], level.first[own]
        second = runner.tree.second[places]
        one = np.where(is_open[first], counts[first], 0)
        other = np.where((second != NONE) & is_open[second], counts[second], 0)
        is_first = other == 0
        begins[places] = np.where(is_first, begins[first], begins[second])
        counts[places] = one + other
        both = (one > 0) & (other > 0)
        joined = _gathered(
            np.stack([begins[first[both]], begins[second[both]]], 1).reshape(-1),
            np.stack([one[both], other[both]], 1).reshape(-1),
        )
        begins[places[both]] = len(pool) + np.cumsum(counts[places[both]]) - counts[places[both]]
        more, length = [pool[joined]], len(pool) + len(joined)
        for place, node in level.several:
            if wanted[place]:
                members = [one for one in node.members if is_open[one]]
                more += [pool[begins[one] : begins[one] + counts[one]] for one in members]
                begins[place], counts[place] = length, counts[members].sum()
                length += int(counts[place])
        pool = np.concatenate([pool, *more])
    starts = np.concatenate([[0], np.cumsum(counts[sources])])
    return Lists(starts, pool[_gathered(begins[sources], counts[sources])])


def _of_leaves(tally: Tally, needs: _Needs, wanted: Array, begins: Array, counts: Array) -> Array:
    """The needs of the leaves that are wanted; where those of each begin is written down."""
    places = tally.many.leaf_places
    leaves = np.flatnonzero(wanted[places])
    is_asked = np.isin(leaves, np.fromiter(tally.answered.told, np.int64, len(tally.answered.told)))
    quiet = leaves[~is_asked]
    pool, owners = needs.blank.of(quiet)
    lengths = np.bincount(owners, minlength=len(quiet)) if len(quiet) else np.zeros(0, np.int64)
    begins[places[quiet]] = np.cumsum(lengths) - lengths
    counts[places[quiet]] = lengths
    more = [needs.asked[at] for at in leaves[is_asked].tolist()]
    lengths = np.array([len(one) for one in more], np.int64)
    begins[places[leaves[is_asked]]] = len(pool) + np.cumsum(lengths) - lengths
    counts[places[leaves[is_asked]]] = lengths
    return _with(pool, np.array([one for each in more for one in each], np.int64))


def _gathered(begins: Array, counts: Array) -> Array:
    """The places of runs, end to end."""
    shifts = np.repeat(begins - (np.cumsum(counts) - counts), counts)
    found: Array = np.arange(len(shifts)) + shifts
    return found
