"""One patient against many trials, fast: the judge answers what facts touch once, and codes are joined by arrays.

All criteria are compiled into one net (`compiling`): an atom that stands in ten thousand trials is one leaf. What a leaf comes
to for a patient of whom no fact touches it is worked out once and kept; for a patient the judge answers the touched leaves, and
those that ask age, birth or sex. Everything above the leaves is a table of codes, level by level, and a sum a trial.

Nothing is decided here that the judge does not decide: leaves are answered by `evaluate.answer_expr`, and tables are made of
`answers`. Where facts act across criteria (permissions, ages that text and field tell differently) the judge is asked about
those criteria.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from trialist.criteria.criterion import Criterion, CriterionSet, Modality
from trialist.criteria.nodes import Demographic
from trialist.criteria.witness import Witness
from trialist.evaluation import codes
from trialist.evaluation.compiling import Net, fields_of
from trialist.evaluation.evaluate import answer_expr, assess, has_headings, settle
from trialist.evaluation.fields import ages_may_differ, field_assessments, life_assessments, reconcile_ages
from trialist.evaluation.known import Known
from trialist.evaluation.leaves import Touching, blank, code_of_leaf
from trialist.evaluation.policy import STRICT, Policy
from trialist.evaluation.running import EXCLUDES, OPEN, Counts, Numbers, Run, Runner, packed_of
from trialist.evaluation.spanless import spanless
from trialist.evaluation.touching import PERSONAL, keys_of_criterion, keys_of_facts
from trialist.evaluation.truth import Truth
from trialist.evaluation.verdict import Class, Effect, Verdict
from trialist.evaluation.weigh import unread_needs
from trialist.patient.facts import Fact, Patient


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial comes to: its class, whether only persons stand in the way, and how many criteria are decided and open."""

    nct_id: str
    verdict: Class
    for_persons_only: bool
    excluded_by: int
    decided: int
    open: int

    @property
    def share_decided(self) -> float:
        """Of the criteria that count for this patient the part that is decided; 0 where none counts."""
        every = self.decided + self.open
        return self.decided / every if every else 0.0


def outcome_of(verdict: Verdict) -> Outcome:
    """The same of a whole verdict: what the fast way is held against."""
    counted = [one for one in verdict.assessments if one.counts and not one.scope]
    return Outcome(
        verdict.nct_id,
        verdict.verdict,
        verdict.is_open_for_persons_only,
        len(verdict.excluded_by),
        sum(one.effect in (Effect.ALLOWS, Effect.EXCLUDES) for one in counted),
        sum(one.effect is Effect.OPEN for one in counted),
    )


_CLASSES = (Class.ELIGIBLE, Class.UNDETERMINED, Class.EXCLUDED)


@dataclass(frozen=True)
class Outcomes(Sequence[Outcome]):
    """What all trials come to, as columns in the trials' order; an `Outcome` is made where one is looked at.

    `classes` are places in eligible, undetermined, excluded.
    """

    nct_ids: Sequence[str]
    classes: npt.NDArray[np.uint8]
    for_persons_only: npt.NDArray[np.bool_]
    excluded_by: npt.NDArray[np.int64]
    decided: npt.NDArray[np.int64]
    open: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.nct_ids)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        return Outcome(
            self.nct_ids[at],
            _CLASSES[self.classes[at]],
            bool(self.for_persons_only[at]),
            int(self.excluded_by[at]),
            int(self.decided[at]),
            int(self.open[at]),
        )

    def order(self) -> list[int]:
        """The places of the trials, best first: class, what only persons hold up, the share decided, then the order given."""
        ranks = np.where(self.classes == 1, np.where(self.for_persons_only, 1, 2), self.classes)
        ranks = np.where(self.classes == 2, 3, ranks)
        share = self.decided / np.maximum(1, self.decided + self.open)
        found: list[int] = np.lexsort((-share, ranks)).tolist()
        return found


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial as it is given: its criteria and what the registry's own fields say."""

    criteria: CriterionSet
    fields: Witness | None = None


class Many:
    """Trials made ready for questions about patients. Building compiles every criterion once; asking compiles nothing."""

    def __init__(self, trials: Iterable[Trial]) -> None:
        self.net = Net()
        self._ids: list[str] = []
        self._unread: list[bool] = []
        self._slots: list[list[int]] = []  # the shapes of each trial, then of each of its cohorts
        self._cohorts: list[tuple[int, int]] = []  # the trial and the slot of each cohort
        self._main: list[int] = []
        self._permissive: dict[object, int] = {}
        self._permissions: list[Criterion] = []
        self._permitted_by: dict[str, list[int]] = {}
        self._permitting: dict[int, list[int]] = {}  # permission -> trials
        self._slots_of: dict[int, list[int]] = {}  # of trials that permit something
        self._age_numbers: dict[object, int] = {}
        self._age_sets: list[tuple[CriterionSet, Witness]] = []
        self._aged: list[list[int]] = []
        for trial in trials:
            self._add(trial)
        self._slot_ends = np.cumsum([0, *map(len, self._slots)], dtype=np.int64)
        self._members = np.fromiter((one for slot in self._slots for one in slot), np.int32)
        self._cohort_trials = np.array([trial for trial, _ in self._cohorts], np.int64)
        self._cohort_slots = np.array([slot for _, slot in self._cohorts], np.int64)
        self._main_slots = np.array(self._main, np.int64)
        self._is_unread = np.array(self._unread, bool)
        self._runner = Runner(self.net)
        self._touching = Touching((at, self.net.nodes[at]) for at in self._runner.leaves)
        self._blanks: dict[bool, codes.Codes] = {}

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def shapes(self) -> int:
        """How many different criteria there are."""
        return len(self.net.shapes)

    def _add(self, trial: Trial) -> None:
        criteria, fields = trial.criteria, trial.fields
        at = len(self._ids)
        self._ids.append(criteria.nct_id)
        self._unread.append(bool(unread_needs(criteria)))
        required = [one for one in criteria.criteria if one.counts and one.modality is Modality.REQUIRED]
        is_headed, sex = has_headings(criteria), None if fields is None else fields.sex
        by_scope: dict[tuple[tuple[str, str], ...], list[int]] = {(): []}
        for one in required:
            shape = self.net.shape(one, is_headed=is_headed, sex=sex)
            of_scope = by_scope.setdefault(one.scope, [])
            if shape is not None:
                of_scope.append(shape)
        if fields is not None:
            by_scope[()] += [self.net.field(one) for one in fields_of(fields)]
            self._add_ages(at, trial, [one for one in required if not one.scope and _is_age(one)])
        self._main.append(len(self._slots))
        for scope, shapes in by_scope.items():
            if scope:
                self._cohorts.append((at, len(self._slots)))
            self._slots.append(shapes)
        self._add_permissions(at, criteria)

    def _add_ages(self, at: int, trial: Trial, ages: list[Criterion]) -> None:
        fields = trial.fields
        if fields is None or not ages_may_differ(ages, fields):
            return
        told = (tuple(map(_age_key, ages)), fields.minimum_age, fields.maximum_age)
        number = self._age_numbers.setdefault(told, len(self._age_sets))
        if number == len(self._age_sets):
            only = Witness(minimum_age=fields.minimum_age, maximum_age=fields.maximum_age)
            self._age_sets.append((replace(trial.criteria, criteria=tuple(ages)), only))
            self._aged.append([])
        self._aged[number].append(at)

    def _add_permissions(self, at: int, criteria: CriterionSet) -> None:
        for one in criteria.criteria:
            if one.modality is Modality.PERMISSIVE:
                told = (spanless(one.expr), one.text, one.polarity, one.population)
                number = self._permissive.setdefault(told, len(self._permissions))
                if number == len(self._permissions):
                    self._permissions.append(one)
                    for key in keys_of_criterion(one):
                        self._permitted_by.setdefault(key, []).append(number)
                trials = self._permitting.setdefault(number, [])
                if not trials or trials[-1] != at:
                    trials.append(at)
                self._slots_of[at] = list(range(self._main[at], len(self._slots)))

    def outcomes(self, patient: Patient, as_of: date, policy: Policy = STRICT) -> Outcomes:
        """What each trial comes to for a patient, in the trials' order; the same as the judge's verdicts."""
        if policy.takes_silence:
            raise ValueError("what a note does not say is asked of the judge, trial by trial")
        known = Known(patient, as_of, policy)
        found = self._blank(is_covered=known.is_covered).copy()
        keys = keys_of_facts(known)
        for at in self._touching.places(keys):
            found[at] = code_of_leaf(self.net.nodes[at], known)
        run = self._runner.run(self._runner.fill(found))
        sums = self._sums(run.counts())
        self._permit(known, keys, run, sums)
        self._tell_ages_apart(known, sums)
        return self._weighed(sums, packed_of(life_assessments(known)))

    def _blank(self, *, is_covered: bool) -> codes.Codes:
        """The codes of the leaves for a patient of whom nothing is known (or nothing in a long record)."""
        found = self._blanks.get(is_covered)
        if found is None:
            known = blank(is_covered=is_covered)
            found = self._blanks[is_covered] = np.zeros(self._runner.size, np.uint8)
            for at in self._runner.leaves:
                found[at] = code_of_leaf(self.net.nodes[at], known)
        return found

    def _sums(self, counts: Counts) -> Counts:
        """The counts of shapes summed for each slot."""
        return Counts(*(self._summed(one) for one in counts))

    def _summed(self, values: Numbers) -> Numbers:
        totals = np.zeros(len(self._members) + 1, np.int64)
        np.cumsum(values[self._members], out=totals[1:])
        return np.diff(totals[self._slot_ends])

    def _permit(self, known: Known, keys: frozenset[str], run: Run, sums: Counts) -> None:
        """What excludes by a fact that the trial elsewhere permits is open for a reader."""
        allowed: dict[int, set[Fact]] = {}
        for number in sorted({one for key in keys - {PERSONAL} for one in self._permitted_by.get(key, ())}):
            told = assess(self._permissions[number], known)
            facts = {item.fact for item in told.evidence if item.fact is not None}
            if facts and told.truth is not Truth.FALSE:
                for at in self._permitting[number]:
                    allowed.setdefault(at, set()).update(facts)
        used: dict[int, set[Fact]] = {}
        for at, facts in allowed.items():
            for slot in self._slots_of[at]:
                for shape in self._slots[slot]:
                    if run.effects[shape] != EXCLUDES:
                        continue
                    if shape not in used:
                        answer = answer_expr(self.net.exprs[shape], known)
                        used[shape] = {item.fact for item in answer.evidence if item.fact is not None}
                    if not facts.isdisjoint(used[shape]):
                        before = Run(run.effects[[shape]], run.codes[[shape]]).counts()
                        _change(sums, slot, before, _TO_BE_READ)

    def _tell_ages_apart(self, known: Known, sums: Counts) -> None:
        """Where text and field name different ages and the patient is between them, neither decides."""
        for (ages, fields), trials in zip(self._age_sets, self._aged, strict=True):
            texts = [settle(one, known, is_headed=True, fields=fields) for one in ages.criteria]
            before = field_assessments(fields, known)
            after = reconcile_ages(ages, texts, before, known)
            if after != (texts, before):
                slots = self._main_slots[trials]
                _change(sums, slots, packed_of([*texts, *before]), packed_of([*after[0], *after[1]]))

    def _weighed(self, sums: Counts, life: Counts) -> Outcomes:
        """The verdicts, of what the slots of a trial come to."""
        main = Counts(*(one[self._main_slots] + more for one, more in zip(sums, life, strict=True)))
        data, persons = main.needs_data > 0, (main.needs_persons > 0) | self._is_unread
        data |= main.assumed > 0
        more_data, more_persons = self._of_cohorts(sums)
        data, persons = data | more_data, persons | more_persons
        classes = np.where(main.excludes > 0, 2, np.where(data | persons, 1, 0)).astype(np.uint8)
        return Outcomes(self._ids, classes, (classes == 1) & ~data, main.excludes, main.decided, main.open)

    def _of_cohorts(self, sums: Counts) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Whether the cohorts of each trial leave data, or a person, to be asked."""
        own = Counts(*(one[self._cohort_slots] for one in sums))
        is_closed = own.excludes > 0
        is_whole = ~is_closed & (own.open == 0) & (own.assumed == 0)

        def any_of(which: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
            return np.bincount(self._cohort_trials[which], minlength=len(self)) > 0

        is_held_up = any_of(np.ones(len(own.first), bool)) & ~any_of(is_whole)
        data, persons = (
            any_of(~is_closed & (own.needs_data > 0)),
            any_of(~is_closed & (own.needs_persons > 0)),
        )
        persons |= ~any_of(~is_closed) | ~(data | persons)  # all closed, or which one is meant
        return data & is_held_up, persons & is_held_up


_TO_BE_READ = Run(np.array([OPEN], np.uint8), np.array([codes.TO_BE_READ], np.uint8)).counts()


def _change(sums: Counts, slots: Any, before: Counts, after: Counts) -> None:
    for column, one, other in zip(sums, before, after, strict=True):
        column[slots] += (other - one).sum()


def _is_age(criterion: Criterion) -> bool:
    return isinstance(criterion.expr, Demographic) and criterion.expr.kind == "age"


def _age_key(criterion: Criterion) -> object:
    is_inverted = any(one.kind == "inverted_polarity" for one in criterion.defects)
    guard = None if criterion.guard is None else spanless(criterion.guard)
    return spanless(criterion.expr), criterion.polarity, guard, criterion.population, is_inverted
