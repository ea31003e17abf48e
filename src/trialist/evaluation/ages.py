"""The rules of ages of a net: in which of them the text and the registry's field say different things of a patient."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from trialist.evaluation.calculators.intervals import Interval as Amounts
from trialist.evaluation.columns import Array, Columns, texts_in
from trialist.evaluation.known import Known
from trialist.evaluation.likeness import Limits, Standing, read_interval, read_limits, standing
from trialist.evaluation.persons import answer_age
from trialist.evaluation.truth import Truth

_UNDECIDED = 0
_SAID = {Truth.UNKNOWN: _UNDECIDED, Truth.TRUE: 1, Truth.FALSE: 2}


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
