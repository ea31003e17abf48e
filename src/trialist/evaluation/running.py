"""A compiled net, run: codes of leaves → codes of all junctions → what each shape does. Everything is arrays.

The first axis of every array of codes is the place in the net, or the shape; a second one, where there is one, is patients.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from trialist.evaluation import codes
from trialist.evaluation.codes import ABSENCE, CONFLICT, DATA, FALSE, PERSON, TO_BE_READ, TRUE, TRUTH, UNKNOWN
from trialist.evaluation.compiling import NONE, Junction, Several, Shape
from trialist.evaluation.verdict import Assessment, Effect, Result, Who

Numbers = npt.NDArray[np.int64]

NO_EFFECT, ALLOWS, EXCLUDES, OPEN = range(4)

_BITS = 20
_MASK = (1 << _BITS) - 1


class Counts(NamedTuple):
    """How much of each kind there is, three kinds packed in a number: sums of them are sums of all kinds."""

    first: Numbers
    second: Numbers

    @property
    def excludes(self) -> Numbers:
        """How many exclude surely."""
        return self.first & _MASK

    @property
    def assumed(self) -> Numbers:
        """How many exclude only if what is not recorded is absent."""
        return self.first >> _BITS & _MASK

    @property
    def needs_data(self) -> Numbers:
        """How many are open and data would settle them."""
        return self.first >> 2 * _BITS & _MASK

    @property
    def needs_persons(self) -> Numbers:
        """How many are open and a person can settle them."""
        return self.second & _MASK

    @property
    def decided(self) -> Numbers:
        """How many are decided."""
        return self.second >> _BITS & _MASK

    @property
    def open(self) -> Numbers:
        """How many are open."""
        return self.second >> 2 * _BITS & _MASK


class Run(NamedTuple):
    """What each shape does, and the code that it does it by; `waits`: it is its guard that is open."""

    effects: codes.Codes
    codes: codes.Codes
    waits: npt.NDArray[np.bool_]

    def counts(self) -> Counts:
        """The same to be added up."""
        is_out, is_open = self.effects == EXCLUDES, self.effects == OPEN
        is_assumed = is_out & (self.codes & ABSENCE != 0)
        is_data, is_person = (is_open & (self.codes & one != 0) for one in (DATA, PERSON))
        is_decided = is_out | (self.effects == ALLOWS)
        return Counts(
            _packed(is_out & ~is_assumed, is_assumed, is_data), _packed(is_person, is_decided, is_open)
        )


def _packed(*kinds: npt.NDArray[np.bool_]) -> Numbers:
    found: Numbers = kinds[0].astype(np.int64)
    for place, kind in enumerate(kinds[1:], 1):
        found |= kind.astype(np.int64) << place * _BITS
    return found


def packed_of(assessments: Iterable[Assessment]) -> Counts:
    """The same of the judge's assessments, added up."""
    kinds = [0] * 6
    for one in assessments:
        if not one.counts:
            continue
        if one.effect is Effect.EXCLUDES:
            kinds[1 if one.rests_on_absence else 0] += 1
        elif one.effect is Effect.OPEN:
            kinds[2] += any(need.who is Who.DATA for need in one.missing)
            kinds[3] += any(need.who is not Who.DATA for need in one.missing)
            kinds[5] += 1
        kinds[4] += one.effect in (Effect.EXCLUDES, Effect.ALLOWS)
    first, second = (sum(kinds[at + place] << place * _BITS for place in range(3)) for at in (0, 3))
    return Counts(np.array([first], np.int64), np.array([second], np.int64))


class Tree(NamedTuple):
    """The nodes of a net as arrays (a negative row is no junction of a table), what joins more than two, and the shapes."""

    rows: npt.NDArray[np.int8]
    first: npt.NDArray[np.int32]
    second: npt.NDArray[np.int32]
    depth: npt.NDArray[np.uint16]
    several: list[tuple[int, Several]]
    shapes: npt.NDArray[np.int32]


class Level(NamedTuple):
    """The junctions of one depth: they look at what is less deep only."""

    places: npt.NDArray[np.intp]
    rows: npt.NDArray[np.int8]
    first: npt.NDArray[np.int32]
    second: npt.NDArray[np.int32]
    several: list[tuple[int, Several]]


class Runner:
    """The junctions of a net in levels, so that all of a level are looked up together; and its shapes as columns."""

    def __init__(self, tree: Tree) -> None:
        self.size = len(tree.rows)
        self.tree = tree
        self.levels = _levels(tree)
        self._shapes = tree.shapes

    def fill(self, found: codes.Codes) -> codes.Codes:
        """The codes of all places, of those of the leaves; works in place."""
        tables = codes.tables()
        for level in self.levels:
            if len(level.places):
                rows = level.rows if found.ndim == 1 else level.rows[:, None]
                found[level.places] = tables[rows, found[level.first], found[level.second]]
            for place, node in level.several:
                found[place] = _several(node, found)
        return found

    def reached(self, places: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """These places, and all that they are joined of."""
        found = np.zeros(self.size, bool)
        found[places] = True
        second = self.tree.second
        for level in reversed(self.levels):
            own = found[level.places]
            found[level.first[own]] = True
            other = second[level.places[own]]
            found[other[other != NONE]] = True
            for place, node in level.several:
                if found[place]:
                    found[list(node.members)] = True
        return found

    def run(self, found: codes.Codes) -> Run:
        """What each shape does by the codes of all places."""
        columns = self._shapes.T if found.ndim == 1 else self._shapes.T[:, :, None]
        expr, guard, sure, denied, listed, sexless = (self._shapes[:, at] for at in (0, 2, 3, 4, 5, 6))
        is_exclusion, asks_sex, is_inverted, is_unheaded = (columns[at] != 0 for at in (1, 7, 8, 9))
        has_guard, has_sure, has_denied, has_listed, has_sexless = (
            columns[at] != NONE for at in (2, 3, 4, 5, 6)
        )
        own = found[expr]
        truth = own & TRUTH
        # What was understood in part is left to a reader, where nothing sure decides it.
        stands = found[sure] & TRUTH == truth
        stands |= has_denied & (truth == FALSE) & (found[denied] & TRUTH == FALSE)
        stands |= has_listed & (truth == TRUE) & (found[listed] & TRUTH == TRUE)
        own = np.where(has_sure & (truth != UNKNOWN) & ~stands, TO_BE_READ | own & ABSENCE, own)
        own = np.where(is_inverted, TO_BE_READ | own & ABSENCE, own)
        truth = own & TRUTH
        is_open = truth == UNKNOWN
        is_met = (truth == TRUE) != is_exclusion
        # Only if the guard holds does it exclude; if it does not, nothing was asked.
        guards = found[guard]
        waits = has_guard & (guards & TRUTH == UNKNOWN) & ~is_open & ~is_met
        own = np.where(waits, guards, own)
        effects = np.where(is_open | waits, OPEN, np.where(is_met, ALLOWS, EXCLUDES))
        effects = np.where(has_guard & (guards & TRUTH == FALSE), NO_EFFECT, effects)
        # No headings, or a sex that the field does not ask for: a reader has to say.
        to_read = is_unheaded & ((effects == ALLOWS) | (effects == EXCLUDES))
        by_sex = asks_sex | (has_sexless & (found[sexless] & TRUTH != FALSE))
        to_read |= by_sex & (effects == EXCLUDES)
        effects = np.where(to_read, OPEN, effects)
        own = np.where(to_read, TO_BE_READ, own)
        return Run(effects.astype(np.uint8), own.astype(np.uint8), waits)


def _several(node: Several, found: codes.Codes) -> Any:
    members = found[list(node.members)]
    if members.ndim == 1:
        return _joined(node.least, tuple(members.tolist()))
    return [_joined(node.least, tuple(column)) for column in members.T.tolist()]


def _joined(count: int, members: tuple[int, ...]) -> int:
    return codes.so_many(count, members) if count else codes.agreed(members)


def _levels(tree: Tree) -> list[Level]:
    order = np.argsort(tree.depth, kind="stable")
    ends = np.cumsum(np.bincount(tree.depth, minlength=1))
    by_depth: dict[int, list[tuple[int, Several]]] = {}
    for place, node in tree.several:
        by_depth.setdefault(int(tree.depth[place]), []).append((place, node))
    found = []
    for depth in range(1, len(ends)):
        places = order[ends[depth - 1] : ends[depth]]
        places = places[tree.rows[places] >= 0]
        second = np.maximum(tree.second[places], 0)
        found.append(Level(places, tree.rows[places], tree.first[places], second, by_depth.get(depth, [])))
    return found


def tree_of(nodes: Sequence[object], shapes: Sequence[Shape]) -> Tree:
    """The nodes and shapes of a net as arrays; what is no junction is a leaf."""
    rows = np.full(len(nodes), -1, np.int8)
    first, second = (np.full(len(nodes), NONE, np.int32) for _ in range(2))
    depth = np.zeros(len(nodes), np.uint16)
    several: list[tuple[int, Several]] = []
    for at, node in enumerate(nodes):
        if isinstance(node, Junction):
            rows[at], first[at], second[at] = node
            depth[at] = 1 + max(depth[node.first], 0 if node.second == NONE else depth[node.second])
        elif isinstance(node, Several):
            several.append((at, node))
            depth[at] = 1 + max(depth[one] for one in node.members)
    return Tree(rows, first, second, depth, several, np.array(shapes, np.int32).reshape(-1, 10))


_RESULTS = (Result.NOT_APPLICABLE, Result.MET, Result.NOT_MET, Result.UNKNOWN)


def results_of(effects: Iterable[int], found: Iterable[int]) -> list[Result]:
    """The results of shapes that have these effects by these codes."""
    return [
        Result.CONFLICT if effect == OPEN and code & CONFLICT else _RESULTS[effect]
        for effect, code in zip(effects, found, strict=True)
    ]
