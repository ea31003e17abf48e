"""One trial against many patients, fast: the judge answers the leaves that facts touch, and codes are joined for many at once.

As in `many`. What excludes by a fact that the trial elsewhere permits is asked of the judge criterion by criterion; the whole
trial is, where it has cohorts, or where text and field may tell ages apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

import numpy as np

from trialist.criteria.criterion import CriterionSet, Modality
from trialist.criteria.witness import Witness
from trialist.evaluation import codes
from trialist.evaluation.answers import Answer
from trialist.evaluation.compiling import Healthy, Junction, Net, Several, fields_of
from trialist.evaluation.evaluate import answer_expr, assess, evaluate, has_headings
from trialist.evaluation.fields import (
    Sides,
    ages_disagree,
    ages_may_differ,
    field_assessments,
    sides_of,
    sides_of_fields,
)
from trialist.evaluation.known import Known
from trialist.evaluation.leaves import Touching, answer_leaf, blank, code_of_leaf
from trialist.evaluation.persons import answer_age
from trialist.evaluation.policy import STRICT, Policy
from trialist.evaluation.running import EXCLUDES, OPEN, Run, Runner, result_names, tree_of
from trialist.evaluation.touching import PERSONAL, keys_of_criterion, keys_of_facts
from trialist.evaluation.truth import Truth
from trialist.evaluation.verdict import Class, Result, Verdict
from trialist.evaluation.weigh import unread_needs
from trialist.patient.facts import Patient

_TOGETHER = 256


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
        self._criteria, self._fields = criteria, fields
        counted = [one for one in criteria.criteria if one.counts and one.modality is Modality.REQUIRED]
        told = field_assessments(fields, blank(is_covered=False))
        self.named = [
            *((one.criterion_id, one.plain) for one in told),
            *((one.id, one.plain) for one in criteria.criteria if one.counts),
        ]
        """The ids of all that counts and what each says, the registry's fields first."""
        self._net = Net()
        is_headed, sex = has_headings(criteria), None if fields is None else fields.sex
        shapes = [self._net.field(one) for one in fields_of(fields)] if fields is not None else []
        texts = [self._net.shape(one, is_headed=is_headed, sex=sex) for one in counted]
        self._ids = [*(one.criterion_id for one in told), *(one.id for one in counted)]
        self._shapes = [*shapes, *texts]
        self._is_open = bool(unread_needs(criteria, fields))
        self._permissive = [
            (one, keys_of_criterion(one) - {PERSONAL})
            for one in criteria.criteria
            if one.modality is Modality.PERMISSIVE
        ]
        self._has_cohorts = any(one.scope for one in counted)
        self._sides: tuple[tuple[Sides, ...], Sides] | None = None
        if fields is not None and ages_may_differ(counted, fields):
            sides = (sides_of(one.expr) for one in counted)
            self._sides = tuple(one for one in sides if one is not None), sides_of_fields(fields)
        self._runner = Runner(tree_of(self._net.nodes, self._net.shapes))
        self._leaves = [
            at for at, one in enumerate(self._net.nodes) if not isinstance(one, Junction | Several)
        ]
        self._touching = Touching((at, self._net.nodes[at]) for at in self._leaves)
        self._blanks = {
            is_covered: self._filled(blank(is_covered=is_covered), self._leaves, None)
            for is_covered in (False, True)
        }

    def screen(
        self, patients: Iterable[Patient], as_of: date, policy: Policy = STRICT
    ) -> Iterator[ScreenOutcome]:
        """What the trial comes to for each patient; the same as the judge's verdicts."""
        waiting = iter(patients)
        while some := list(islice(waiting, _TOGETHER)):
            yield from self._screened(some, as_of, policy)

    def _filled(self, known: Known, leaves: Sequence[int], start: codes.Codes | None) -> codes.Codes:
        found = np.zeros(self._runner.size, np.uint8) if start is None else start.copy()
        for at in leaves:
            found[at] = code_of_leaf(self._net.nodes[at], known)
        return found

    def _screened(self, patients: Sequence[Patient], as_of: date, policy: Policy) -> Iterator[ScreenOutcome]:
        columns, everybody = [], []
        for one in patients:
            known = Known(one, as_of, policy)
            keys = keys_of_facts(known)
            everybody.append((known, keys))
            touched = self._touching.places(keys)
            columns.append(self._filled(known, touched, self._blanks[known.is_covered]))
        run = self._runner.run(self._runner.fill(np.array(columns).T.copy()))
        for at, patient in enumerate(patients):
            own = Run(run.effects[:, at], run.codes[:, at], run.waits[:, at])
            if self._is_plain(everybody[at][0]):
                yield self._outcome(self._permitted(own, *everybody[at]))
            else:
                yield screen_outcome(evaluate(self._criteria, patient, as_of, policy, self._fields))

    def _is_plain(self, known: Known) -> bool:
        """Whether nothing acts on the whole trial: a death, cohorts, silence, ages that text and field tell apart."""
        if known.patient.is_dead is True or self._has_cohorts or known.policy.takes_silence:
            return False
        return self._sides is None or not ages_disagree(
            *self._sides, lambda interval, unit: answer_age(interval, unit, known).truth
        )

    def _permitted(self, run: Run, known: Known, keys: frozenset[str]) -> Run:
        """The same with what excludes by a fact that the trial elsewhere permits left to a reader."""
        permissions = [one for one, own in self._permissive if not own.isdisjoint(keys)]
        excluding = np.flatnonzero(run.effects == EXCLUDES).tolist() if permissions else []
        if not excluding:
            return run
        allowed = {
            item.fact
            for told in (assess(one, known) for one in permissions)
            for item in told.evidence
            if told.truth is not Truth.FALSE and item.fact is not None
        }
        effects, found = run.effects.copy(), run.codes.copy()
        for shape in excluding if allowed else []:
            if any(item.fact in allowed for item in self._answer(shape, known).evidence if item.fact):
                effects[shape], found[shape] = OPEN, codes.TO_BE_READ
        return Run(effects, found, run.waits)

    def _answer(self, shape: int, known: Known) -> Answer:
        node = self._net.nodes[self._net.shapes[shape].expr]
        return (
            answer_leaf(node, known)
            if isinstance(node, Healthy)
            else answer_expr(self._net.exprs[shape], known)
        )

    def _outcome(self, run: Run) -> ScreenOutcome:
        names, effects, found = result_names(run), run.effects.tolist(), run.codes.tolist()
        results = tuple(
            (one, Result.NOT_APPLICABLE if shape is None else Result(names[shape]))
            for one, shape in zip(self._ids, self._shapes, strict=True)
        )
        excluding = [
            one
            for one, shape in zip(self._ids, self._shapes, strict=True)
            if shape is not None and effects[shape] == EXCLUDES and not found[shape] & codes.ABSENCE
        ]
        own = {one for one in self._shapes if one is not None}
        is_assumed = any(effects[one] == EXCLUDES for one in own)
        waits = [found[one] for one in own if effects[one] == OPEN]
        data = is_assumed or any(one & codes.DATA for one in waits)
        persons = self._is_open or any(one & codes.PERSON for one in waits)
        if excluding:
            return ScreenOutcome(Class.EXCLUDED, False, tuple(excluding), results)
        if data or persons:
            return ScreenOutcome(Class.UNDETERMINED, not data, (), results)
        return ScreenOutcome(Class.ELIGIBLE, False, (), results)
