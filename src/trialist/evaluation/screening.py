"""One trial against many patients, fast: the judge answers the leaves that facts touch, and codes are joined for many at once.

As in `many`. What excludes by a fact that the trial elsewhere permits, and ages where text and field tell them apart, are asked
of the judge criterion by criterion; the whole trial is, where it has cohorts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice

import numpy as np

from trialist.criteria.criterion import CriterionSet, Modality
from trialist.criteria.nodes import Demographic
from trialist.criteria.witness import Witness
from trialist.evaluation import codes
from trialist.evaluation.ages import AgesAsked
from trialist.evaluation.answers import Answer
from trialist.evaluation.compiling import Healthy, Junction, Net, Several, fields_of
from trialist.evaluation.evaluate import answer_expr, assess, evaluate, has_headings, settle
from trialist.evaluation.fields import (
    Sides,
    ages_disagree,
    ages_may_differ,
    field_assessments,
    reconcile_ages,
    sides_of,
    sides_of_fields,
)
from trialist.evaluation.known import Known
from trialist.evaluation.leaves import Touching, answer_leaf, blank, code_of_leaf
from trialist.evaluation.policy import STRICT, Policy
from trialist.evaluation.running import EXCLUDES, OPEN, Run, Runner, results_of, tree_of
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
        sex = None if fields is None else fields.sex
        is_headed = self._is_headed = has_headings(criteria)
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
        aged = [one for one in counted if sides_of(one.expr) is not None]
        self._ages = replace(criteria, criteria=tuple(aged))
        self._sides: tuple[tuple[Sides, ...], Sides] | None = None
        if fields is not None and ages_may_differ(counted, fields):
            sides = (sides_of(one.expr) for one in counted)
            self._sides = tuple(one for one in sides if one is not None), sides_of_fields(fields)
        self._runner = Runner(tree_of(self._net.nodes, self._net.shapes))
        self._leaves = [
            at for at, one in enumerate(self._net.nodes) if not isinstance(one, Junction | Several)
        ]
        self._touching = Touching((at, self._net.nodes[at]) for at in self._leaves)
        self._blanks = {is_covered: self._codes(blank(is_covered=is_covered)) for is_covered in (False, True)}

    def screen(
        self, patients: Iterable[Patient], as_of: date, policy: Policy = STRICT
    ) -> Iterator[ScreenOutcome]:
        """What the trial comes to for each patient; the same as the judge's verdicts."""
        waiting, ages = iter(patients), AgesAsked()
        while some := list(islice(waiting, _TOGETHER)):
            yield from self._screened(some, as_of, policy, ages)

    def _codes(self, known: Known) -> codes.Codes:
        """The codes of all leaves."""
        found = np.zeros(self._runner.size, np.uint8)
        for at in self._leaves:
            found[at] = code_of_leaf(self._net.nodes[at], known)
        return found

    def _touched(self, known: Known, keys: frozenset[str], ages: AgesAsked) -> codes.Codes:
        """The codes of all leaves, of which the judge is asked about those that facts touch."""
        found = self._blanks[known.is_covered].copy()
        for at in self._touching.places(keys):
            leaf = self._net.nodes[at]
            if isinstance(leaf, Demographic) and leaf.kind == "age":
                found[at] = ages.code_of(leaf, known)
            else:
                found[at] = code_of_leaf(leaf, known)
        return found

    def _screened(
        self, patients: Sequence[Patient], as_of: date, policy: Policy, ages: AgesAsked
    ) -> Iterator[ScreenOutcome]:
        columns, everybody = [], []
        for one in patients:
            known = Known(one, as_of, policy)
            keys = keys_of_facts(known)
            everybody.append((known, keys))
            columns.append(self._touched(known, keys, ages))
        run = self._runner.run(self._runner.fill(np.array(columns).T.copy()))
        for at, patient in enumerate(patients):
            own = Run(run.effects[:, at], run.codes[:, at], run.waits[:, at])
            known, keys = everybody[at]
            if self._is_plain(known):
                yield self._outcome(self._permitted(own, known, keys), self._ages_apart(known, ages))
            else:
                yield screen_outcome(evaluate(self._criteria, patient, as_of, policy, self._fields))

    def _is_plain(self, known: Known) -> bool:
        """Whether nothing acts on the whole trial: a death, cohorts, silence."""
        return not (known.patient.is_dead is True or self._has_cohorts or known.policy.takes_silence)

    def _ages_apart(self, known: Known, ages: AgesAsked) -> frozenset[str]:
        """The ids of the ages of the text and of the fields that decide nothing, because they differ for this patient."""
        if self._sides is None or not ages_disagree(
            *self._sides, lambda interval, unit: ages.truth_of(interval, unit, known)
        ):
            return frozenset()
        texts = [
            settle(one, known, is_headed=self._is_headed, fields=self._fields) for one in self._ages.criteria
        ]
        fields = field_assessments(self._fields, known)
        after = reconcile_ages(self._ages, texts, fields, known)
        pairs = zip([*texts, *fields], [*after[0], *after[1]], strict=True)
        return frozenset(one.criterion_id for one, other in pairs if one is not other)

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

    def _outcome(self, run: Run, apart: frozenset[str]) -> ScreenOutcome:
        effects, found = run.effects.tolist(), run.codes.tolist()
        shown = results_of(effects, found)
        pairs = list(zip(self._ids, self._shapes, strict=True))
        results = tuple((one, _shown(one, shape, shown, apart)) for one, shape in pairs)
        asked = [(one, shape) for one, shape in pairs if shape is not None and one not in apart]
        excluding = [
            one for one, shape in asked if effects[shape] == EXCLUDES and not found[shape] & codes.ABSENCE
        ]
        own = {shape for _, shape in asked}
        is_assumed = any(effects[one] == EXCLUDES for one in own)
        waits = [found[one] for one in own if effects[one] == OPEN]
        data = is_assumed or any(one & codes.DATA for one in waits)
        persons = self._is_open or bool(apart) or any(one & codes.PERSON for one in waits)
        if excluding:
            return ScreenOutcome(Class.EXCLUDED, False, tuple(excluding), results)
        if data or persons:
            return ScreenOutcome(Class.UNDETERMINED, not data, (), results)
        return ScreenOutcome(Class.ELIGIBLE, False, (), results)


def _shown(criterion_id: str, shape: int | None, results: Sequence[Result], apart: frozenset[str]) -> Result:
    if criterion_id in apart:
        return Result.CONFLICT
    return Result.NOT_APPLICABLE if shape is None else results[shape]
