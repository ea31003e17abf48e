"""An answer as a small number: its truth, and what of it reaches the verdict. Tables say how such numbers combine.

A code keeps the truth, whether it is open by contradiction, who can settle what is open, and whether the policy's assumption
of absence stands behind it. The tables are made by asking `answers` for every pair, so that they cannot say anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from trialist.evaluation.answers import Answer, all_hold, if_agreed, one_holds, opposite, so_many_hold
from trialist.evaluation.caution import left_open
from trialist.evaluation.truth import Truth
from trialist.evaluation.verdict import Assumption, Evidence, Need, Who

FALSE, TRUE, UNKNOWN = range(3)
TRUTH = 3
CONFLICT, DATA, PERSON, ABSENCE = 4, 8, 16, 32
SIZE = 64
TO_BE_READ = UNKNOWN | PERSON
"""Open, and a person has to read it."""

ALL, ANY, NOT, REFUSED, AGREED = range(5)
"""The rows of `tables`: all hold, one holds, the opposite, a refusal inside a longer sentence, two readings agree."""

_MOST_KEPT = 4096
"""So many rows of what joins more than two are kept, as all of `tables` are: codes beside codes, and nothing of whose they are."""
_TRUTHS = (Truth.FALSE, Truth.TRUE, Truth.UNKNOWN)
_NEEDS = {DATA: Need(Who.DATA, "", ""), PERSON: Need(Who.READER, "", "")}
_ASSUMED = (Assumption("absence", ""),)

Codes = npt.NDArray[np.uint8]


def code_of(answer: Answer) -> int:
    """The code of an answer; only what is open needs anything."""
    found = _TRUTHS.index(answer.truth) | (ABSENCE if answer.rests_on_absence else 0)
    if found & TRUTH == UNKNOWN:
        found |= CONFLICT if answer.is_conflict else 0
        for need in answer.needs:
            found |= DATA if need.who is Who.DATA else PERSON
    return found


def answer_of(code: int) -> Answer:
    """An answer with a code."""
    return Answer(
        _TRUTHS[code & TRUTH],
        (),
        assumptions=_ASSUMED if code & ABSENCE else (),
        needs=tuple(need for bit, need in _NEEDS.items() if code & bit),
        is_conflict=bool(code & CONFLICT),
    )


@lru_cache(_MOST_KEPT)
def so_many(count: int, codes: tuple[int, ...]) -> int:
    """Whether at least so many hold."""
    return code_of(so_many_hold(count, [answer_of(one) for one in codes]))


@lru_cache(_MOST_KEPT)
def agreed(codes: tuple[int, ...]) -> int:
    """What several readings of a sentence say together."""
    return code_of(if_agreed([answer_of(one) for one in codes], _NEEDS[PERSON]))


@cache
def kept() -> Codes:
    """As `tables`: which of two answers' evidence stays in what they come to together: 1 the first's, 2 the second's."""
    marks = [(Evidence(str(bit), "", ""),) for bit in (1, 2)]

    def of(answer: Answer) -> int:
        return sum(int(one.words) for one in answer.evidence)

    found = np.zeros((5, SIZE, SIZE), np.uint8)
    for code, answer in _every():
        first = replace(answer, evidence=marks[0])
        found[NOT, code, :], found[REFUSED, code, :] = of(opposite(first)), of(_refused(first))
        for other, second in _every():
            for row, join in _PAIRS.items():
                found[row, code, other] = of(join((first, replace(second, evidence=marks[1]))))
    return found


@lru_cache(_MOST_KEPT)
def kept_of_several(count: int, codes: tuple[int, ...]) -> tuple[int, ...]:
    """The places of the answers whose evidence stays, where at least `count` have to hold; with 0 they are readings."""
    answers = [
        replace(answer_of(code), evidence=(Evidence(str(at), "", ""),)) for at, code in enumerate(codes)
    ]
    found = so_many_hold(count, answers) if count else if_agreed(answers, _NEEDS[PERSON])
    return tuple(int(one.words) for one in found.evidence)


def _refused(answer: Answer) -> Answer:
    return left_open(answer, _NEEDS[PERSON]) if answer.truth is Truth.FALSE else answer


@cache
def tables() -> Codes:
    """By row, code and code: the code of both together; rows of one code leave the second out."""
    found = np.zeros((5, SIZE, SIZE), np.uint8)
    for code, answer in _every():
        found[NOT, code, :] = code_of(opposite(answer))
        found[REFUSED, code, :] = code_of(_refused(answer))
        for other, second in _every():
            for row, join in _PAIRS.items():
                found[row, code, other] = code_of(join((answer, second)))
    return found


_PAIRS: dict[int, Callable[[Sequence[Answer]], Answer]] = {
    ALL: all_hold,
    ANY: one_holds,
    AGREED: lambda two: if_agreed(two, _NEEDS[PERSON]),
}


def _every() -> list[tuple[int, Answer]]:
    """Every code that an answer can have, with such an answer."""
    found = [(code, answer_of(code)) for code in range(SIZE) if code & TRUTH != TRUTH]
    return [(code, answer) for code, answer in found if code_of(answer) == code]
