"""The answer to an atom or an expression: its truth with everything that led there, and how answers combine.

What is kept is what decided: the true members of an Or that is true, the false members of an And that is false, and of
what stays open everything that would settle it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TypeVar

from trialist.criteria.quick import quick
from trialist.evaluation.calculators.intervals import Interval
from trialist.evaluation.truth import Truth, all_of, any_of, at_least, not_
from trialist.evaluation.verdict import POLICY_ASSUMPTIONS, Assumption, Calculation, Evidence, Need

_T = TypeVar("_T")


@quick
@dataclass(frozen=True, slots=True)
class Answer:
    """Whether something holds for a patient. `words` says why, without a full stop; `is_conflict`: open by contradiction.

    `needs` are only those of what is open. `compared` are the values that were held against the limits of an atom.
    """

    truth: Truth
    words: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()
    calculations: tuple[Calculation, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    needs: tuple[Need, ...] = ()
    is_conflict: bool = False
    compared: tuple[Interval, ...] = ()

    @property
    def rests_on_absence(self) -> bool:
        """Whether the policy's assumption that something is absent stands behind it."""
        return any(one.kind == "absence" for one in self.assumptions)

    @property
    def is_assumed(self) -> bool:
        """Whether an assumption of the policy stands behind it: an absence, or what a reader infers."""
        return any(one.kind in POLICY_ASSUMPTIONS for one in self.assumptions)


def opposite(answer: Answer) -> Answer:
    """The answer to the opposite question."""
    return Answer(
        not_(answer.truth),
        answer.words,
        answer.evidence,
        answer.calculations,
        answer.assumptions,
        answer.needs,
        answer.is_conflict,
        answer.compared,
    )


def all_hold(answers: Sequence[Answer]) -> Answer:
    """Whether all hold."""
    return _joined(all_of(one.truth for one in answers), answers, decided_by=Truth.FALSE)


def one_holds(answers: Sequence[Answer]) -> Answer:
    """Whether one holds."""
    return _joined(any_of(one.truth for one in answers), answers, decided_by=Truth.TRUE)


def so_many_hold(count: int, answers: Sequence[Answer]) -> Answer:
    """Whether at least so many hold."""
    truth = at_least(count, [one.truth for one in answers])
    return _merged(truth, answers if truth.is_decided else _open(answers))


def if_agreed(answers: Sequence[Answer], why: Need) -> Answer:
    """What all readings of one sentence say; where they differ, or one is open, it is open."""
    truths = {one.truth for one in answers}
    if len(truths) == 1 and Truth.UNKNOWN not in truths:
        return _merged(truths.pop(), answers)
    found = _merged(Truth.UNKNOWN, answers)
    is_settled = Truth.UNKNOWN not in truths
    needs = (why,) if is_settled else found.needs
    words = (f"{why.what}: the readings differ",) if is_settled else found.words
    return replace(found, needs=needs, words=words)


def _joined(truth: Truth, answers: Sequence[Answer], *, decided_by: Truth) -> Answer:
    if truth is decided_by:
        kept: Sequence[Answer] = [one for one in answers if one.truth is truth]
        # One sure reason is enough: what rests on assumptions is only told where nothing else decides.
        sure = [one for one in kept if not one.is_assumed]
        return _merged(truth, sure or kept)
    return _merged(truth, answers if truth.is_decided else _open(answers))


def _open(answers: Sequence[Answer]) -> Sequence[Answer]:
    return [one for one in answers if one.truth is Truth.UNKNOWN]


def _merged(truth: Truth, answers: Sequence[Answer]) -> Answer:
    is_open = truth is Truth.UNKNOWN
    open_ = _open(answers) if is_open else ()
    return Answer(
        truth,
        _each_once(one.words for one in answers),
        _each_once(one.evidence for one in answers),
        _each_once(one.calculations for one in answers),
        _each_once(one.assumptions for one in answers),
        _each_once(one.needs for one in open_),
        is_open and any(one.is_conflict for one in answers),
        tuple(chain.from_iterable(one.compared for one in answers)),
    )


def _each_once(told: Iterable[tuple[_T, ...]]) -> tuple[_T, ...]:
    """All that is told, in its order and each thing once."""
    some = [one for one in told if one]
    if not some:
        return ()
    return (
        some[0] if len(some) == 1 and len(some[0]) == 1 else tuple(dict.fromkeys(chain.from_iterable(some)))
    )
