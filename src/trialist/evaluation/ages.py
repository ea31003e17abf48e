"""Ages for many trials, and of many patients: limits that stand alike to an age, and patients who are equally old, are asked once."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from trialist.criteria.nodes import Demographic, Interval
from trialist.evaluation.calculators.intervals import Interval as Amounts
from trialist.evaluation.columns import Array, Columns, texts_in
from trialist.evaluation.known import Known
from trialist.evaluation.leaves import code_of_leaf
from trialist.evaluation.likeness import Limits, Standing, read_interval, read_limits, standing
from trialist.evaluation.persons import AGE_UNITS, answer_age
from trialist.evaluation.truth import Truth
from trialist.patient.facts import age_on

_UNDECIDED = 0
_SAID = {Truth.UNKNOWN: _UNDECIDED, Truth.TRUE: 1, Truth.FALSE: 2}


class AgesAsked:
    """What was answered to ages, once for all patients of a day who are equally old; made for one question, and gone with it."""

    def __init__(self) -> None:
        self._codes: dict[object, int] = {}
        self._truths: dict[object, Truth] = {}
        self._asked: list[object] = []

    def code_of(self, leaf: Demographic, known: Known) -> int:
        """The code of what the judge answers to an age."""
        key = id(leaf), *_years(known, leaf.unit)
        found = self._codes.get(key)
        if found is None:
            self._asked.append(leaf)  # so that nothing else gets its id
            found = self._codes[key] = code_of_leaf(leaf, known)
        return found

    def truth_of(self, interval: Interval, unit: str, known: Known) -> Truth:
        """Whether an age lies within limits."""
        key = id(interval), unit, *_years(known, unit)
        found = self._truths.get(key)
        if found is None:
            self._asked.append(interval)
            found = self._truths[key] = answer_age(interval, unit, known).truth
        return found


def _years(known: Known, unit: str) -> tuple[object, ...]:
    """All that the answer to an age depends on: whether a birth is known, and how old that makes the patient."""
    birth = known.patient.birth
    if birth is None or unit not in AGE_UNITS:
        return (birth is None,)
    age = age_on(birth, known.as_of, unit)
    return (False,) if age is None else (False, age.lower, age.upper)


class Ages:
    """The limits of all rules, each once, and where those of a field meet those of a text."""

    def __init__(self, columns: Columns) -> None:
        self._told, self._units = texts_in(columns, "age_limit"), texts_in(columns, "age_unit")
        self._rules = columns["age_rule"]
        self._of_field, self._of_text = columns["age_of_field"], columns["age_of_text"]

    @cached_property
    def _limits(self) -> list[tuple[str, Limits]]:
        return [
            (unit.decode(), read_limits(told)) for unit, told in zip(self._units, self._told, strict=True)
        ]

    def that_disagree(self, known: Known) -> Array:
        """The rules of which one limit allows this patient and one does not, ascending."""
        said = self._said(known)
        field, text = said[self._of_field], said[self._of_text]
        found: Array = np.unique(
            self._rules[(field != text) & (field != _UNDECIDED) & (text != _UNDECIDED)].astype(np.int64)
        )
        return found

    def _said(self, known: Known) -> Array:
        """What each limit says; the judge is asked once for all of a unit that stand alike to the patient's age."""
        found = np.zeros(len(self._told), np.uint8)
        compared: dict[str, tuple[Amounts, ...]] = {}
        answers: dict[tuple[str, Standing], int] = {}
        for at, (unit, limits) in enumerate(self._limits):
            if unit not in compared:
                compared[unit] = answer_age(read_interval(self._told[at]), unit, known).compared
            key = unit, standing(limits, compared[unit])
            if key not in answers:
                answers[key] = _SAID[answer_age(read_interval(self._told[at]), unit, known).truth]
            found[at] = answers[key]
        return found
