"""Ages for many trials, and of many patients: limits that stand alike to an age, and patients who are equally old, are asked once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from trialist.criteria.nodes import Demographic, Interval
from trialist.evaluation.calculators.intervals import Interval as Amounts
from trialist.evaluation.columns import Columns, lists_in, texts_in
from trialist.evaluation.compiling import NONE
from trialist.evaluation.known import Known
from trialist.evaluation.leaves import code_of_leaf
from trialist.evaluation.likeness import Limits, read_interval, read_limits, standing
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


Pattern = tuple[object, ...]
"""All that the judge's answer to a rule depends on; rules with the same one come to the same for a patient."""


class Ages:
    """The rules of ages: limits and ages, each once; where a limit of a field meets one of the text's ages."""

    def __init__(self, columns: Columns) -> None:
        self._told, self._units = texts_in(columns, "age_limit"), texts_in(columns, "age_unit")
        self._fields = columns["age_field"].reshape(-1, 2)
        self._texts, self._asked = lists_in(columns, "age_text"), columns["age_asked"].reshape(-1, 4)
        self._rules = columns["age_rule"]
        self._of_field, self._of_text = columns["age_of_field"], columns["age_of_text"]

    @cached_property
    def _limits(self) -> list[tuple[str, Limits]]:
        return [
            (unit.decode(), read_limits(told)) for unit, told in zip(self._units, self._told, strict=True)
        ]

    def that_disagree(self, known: Known) -> dict[Pattern, list[int]]:
        """The rules of which one limit allows this patient and one does not; those of a pattern together."""
        said, stands = self._said(known)
        truths = np.append(np.array([_SAID[one] for one in said], np.uint8), _UNDECIDED)
        field, text = truths[self._of_field], truths[self._of_text]
        disagree = (field != text) & (field != _UNDECIDED) & (text != _UNDECIDED)
        found: dict[Pattern, list[int]] = {}
        ages: dict[int, Pattern] = {}
        for rule in np.unique(self._rules[disagree]).tolist():
            texts = self._texts[rule].tolist()
            for one in texts:
                if one not in ages:
                    besides, whole, low, high = self._asked[one].tolist()
                    ages[one] = besides, _at(stands, whole), _at(said, low), _at(said, high)
            limits = tuple(_at(said, one) for one in self._fields[rule].tolist())
            found.setdefault((limits, *(ages[one] for one in texts)), []).append(rule)
        return found

    def _said(self, known: Known) -> tuple[list[Truth], list[object]]:
        """What each limit says, and how it stands to the age; of those that stand alike the judge is asked about one."""
        compared: dict[str, tuple[Amounts, ...]] = {}
        answers: dict[object, Truth] = {}
        said: list[Truth] = []
        stands: list[object] = []
        for at, (unit, limits) in enumerate(self._limits):
            if unit not in compared:
                compared[unit] = answer_age(read_interval(self._told[at]), unit, known).compared
            key = unit, standing(limits, compared[unit])
            if key not in answers:
                answers[key] = answer_age(read_interval(self._told[at]), unit, known).truth
            said.append(answers[key])
            stands.append(key)
        return said, stands


def _at(values: Sequence[object], number: int) -> object:
    return None if number == NONE else values[number]
