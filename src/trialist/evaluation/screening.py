"""One trial against many patients, fast: criteria that no fact of a patient touches have the answer of a blank patient.

As in `many`, the judge settles every criterion that is touched, and trials whose criteria act on each other go to it whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from trialist.criteria.criterion import CriterionSet, Modality
from trialist.criteria.witness import Witness
from trialist.evaluation.evaluate import evaluate, has_headings, settle
from trialist.evaluation.fields import field_assessments, life_assessments, reconcile_ages
from trialist.evaluation.known import Known
from trialist.evaluation.policy import SCREENING, STRICT, Policy
from trialist.evaluation.touching import PERSONAL, keys_of_criterion, keys_of_facts
from trialist.evaluation.verdict import Assessment, Class, Result, Verdict
from trialist.evaluation.weigh import weigh
from trialist.patient.facts import Patient


@dataclass(frozen=True, slots=True)
class ScreenOutcome:
    """What a trial comes to for a patient: the class, what excludes, and the result of every criterion that counts."""

    verdict: Class
    for_persons_only: bool
    excluded_by: tuple[str, ...]
    results: tuple[tuple[str, Result], ...]


def screen_outcome(verdict: Verdict) -> ScreenOutcome:
    """The same of a whole verdict."""
    return ScreenOutcome(
        verdict.verdict,
        verdict.is_open_for_persons_only,
        verdict.excluded_by,
        tuple((one.criterion_id, one.result) for one in verdict.assessments if one.counts),
    )


class Screening:
    """A trial made ready for many patients."""

    def __init__(self, criteria: CriterionSet, fields: Witness | None) -> None:
        self._whole = criteria
        self._criteria = replace(criteria, criteria=tuple(one for one in criteria.criteria if one.counts))
        self._fields = fields
        self._is_headed = has_headings(criteria)
        self._acts = any(one.modality is Modality.PERMISSIVE for one in criteria.criteria)
        self._keys = [keys_of_criterion(one) for one in self._criteria.criteria]
        self._blanks: dict[bool, list[Assessment]] = {}

    @property
    def named(self) -> list[tuple[str, str]]:
        """The ids of all that counts and what each says, the registry's fields first."""
        known = Known(Patient(), date(2000, 1, 1), STRICT)
        fields = [(one.criterion_id, one.plain) for one in field_assessments(self._fields, known)]
        return [*fields, *((one.id, one.plain) for one in self._criteria.criteria)]

    def screen(self, patient: Patient, as_of: date, policy: Policy = STRICT) -> ScreenOutcome:
        """What the trial comes to for a patient; the same as the judge's verdict."""
        if self._acts:
            return screen_outcome(evaluate(self._whole, patient, as_of, policy, self._fields))
        known = Known(patient, as_of, policy)
        touched = keys_of_facts(known)
        blank = self._blank(is_covered=known.is_covered)
        assessments = [
            self._settle(place, known) if PERSONAL in keys or not keys.isdisjoint(touched) else blank[place]
            for place, keys in enumerate(self._keys)
        ]
        texts, fields = reconcile_ages(
            self._criteria, assessments, field_assessments(self._fields, known), known
        )
        return screen_outcome(weigh(self._criteria, known, [*life_assessments(known), *fields, *texts]))

    def _settle(self, place: int, known: Known) -> Assessment:
        return settle(self._criteria.criteria[place], known, is_headed=self._is_headed, fields=self._fields)

    def _blank(self, *, is_covered: bool) -> list[Assessment]:
        found = self._blanks.get(is_covered)
        if found is None:
            day = date(2000, 1, 1)
            known = Known(
                Patient(first_seen=date(1980, 1, 1), last_seen=day), day, SCREENING if is_covered else STRICT
            )
            found = [self._settle(place, known) for place in range(len(self._keys))]
            self._blanks[is_covered] = found
        return found
