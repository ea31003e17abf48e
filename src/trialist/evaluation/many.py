"""One patient against many trials, fast: the judge answers what facts touch once, and codes are joined by arrays.

All criteria are compiled into one net (`compiling`): an atom that stands in ten thousand trials is one leaf. What a leaf comes
to for a patient of whom no fact touches it is worked out once and kept; for a patient the judge answers the touched leaves, and
those that ask age, birth or sex. Everything above the leaves is a table of codes, level by level, and a sum a trial.

Nothing is decided here that the judge does not decide: leaves are answered by `evaluate.answer_expr`, and tables are made of
`answers`. Where text and field tell ages differently and the patient is between them the judge is asked about those criteria.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from trialist.evaluation import codes
from trialist.evaluation.ages import Ages
from trialist.evaluation.allowed import Allowed
from trialist.evaluation.answered import Answered, Leaves
from trialist.evaluation.columns import Columns, Texts, columns_of, lists_in, texts_in, tree_in
from trialist.evaluation.compiling import NONE
from trialist.evaluation.evaluate import settle
from trialist.evaluation.fields import (
    field_assessments,
    life_assessments,
    reconcile_ages,
)
from trialist.evaluation.known import Known
from trialist.evaluation.parts import Trial, ages_of, part_of
from trialist.evaluation.policy import STRICT, Policy
from trialist.evaluation.running import OPEN, Counts, Numbers, Run, Runner, packed_of
from trialist.evaluation.touching import keys_of_facts
from trialist.evaluation.verdict import Class, Effect, Verdict
from trialist.patient.facts import Patient


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

    nct_ids: Texts
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
            self.nct_ids[at].decode(),
            _CLASSES[self.classes[at]],
            bool(self.for_persons_only[at]),
            int(self.excluded_by[at]),
            int(self.decided[at]),
            int(self.open[at]),
        )

    def is_of(self, trials: Numbers, verdict: Class) -> npt.NDArray[np.bool_]:
        """Which of some trials have a class."""
        found: npt.NDArray[np.bool_] = self.classes[trials] == _CLASSES.index(verdict)
        return found

    def order(
        self, trials: Numbers, *, on_topic: Sequence[bool], metres: Numbers | None, updated: Numbers
    ) -> Numbers:
        """Some trials, best first: class, what only persons hold up, topic, the share decided, distance, newness, id."""
        classes = self.classes[trials]
        ranks = np.where(classes == 1, np.where(self.for_persons_only[trials], 1, 2), classes.astype(np.int8))
        ranks = np.where(classes == 2, 3, ranks)
        every = self.decided[trials] + self.open[trials]
        share = self.decided[trials] / np.maximum(1, every)
        far = np.zeros(len(trials)) if metres is None else metres
        names = self.nct_ids.array()[trials]
        keys = (names, -updated.astype(np.int64), far, -share, ~np.array(on_topic, bool), ranks)
        found: Numbers = trials[np.lexsort(keys)]
        return found


class Many:
    """Trials made ready for questions about patients: the columns of a net, in memory or mapped from a file."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.ids = texts_in(columns, "id")
        self.shapes = len(columns["minimum"])
        """How many different criteria there are."""
        self.slots = lists_in(columns, "slot")
        self.runner = Runner(tree_in(columns))
        self.leaves = Leaves(columns)
        self.leaf_places = self.leaves.places
        self._allowed = Allowed(columns, self.runner)
        self._ages = Ages(columns)
        self._age_texts = texts_in(columns, "age")
        self._aged = lists_in(columns, "age_trial")
        self.main = columns["main"].astype(np.int64)
        self._main_ends = np.append(self.main[1:], len(self.slots))
        self._cohort_trials = columns["cohort_trial"].astype(np.int64)
        self._cohort_slots = columns["cohort_slot"].astype(np.int64)
        self._is_unread = columns["unread"] != 0
        self._blanks: dict[bool, codes.Codes] = {}

    @classmethod
    def of(cls, trials: Iterable[Trial]) -> Many:
        """The same of trials that are at hand."""
        return cls(columns_of(part_of(trials)))

    def __len__(self) -> int:
        return len(self.ids)

    def names(self, trials: Numbers) -> list[str]:
        """The ids of some trials."""
        return [self.ids[at].decode() for at in trials.tolist()]

    @cached_property
    def need_keys(self) -> tuple[npt.NDArray[np.uint64], Numbers]:
        """The numbers of the keys of needs, ascending, and for each need the place of its own."""
        keys, places = np.unique(self.columns["need_of"], return_inverse=True)
        return keys, places.astype(np.int64)

    def outcomes(self, patient: Patient, as_of: date, policy: Policy = STRICT) -> Outcomes:
        """What each trial comes to for a patient, in the trials' order; the same as the judge's verdicts."""
        return self.tally(Known(patient, as_of, policy)).outcomes

    def tally(
        self, known: Known, among: Numbers | None = None, check: Callable[[], None] = lambda: None
    ) -> Tally:
        """What each trial comes to, and what it rests on; with `among`, places of trials, only these are right.

        `check` is called along the way, and what it raises ends it.
        """
        if known.policy.takes_silence:
            raise ValueError("what a note does not say is asked of the judge, trial by trial")
        touched = self.leaves.touching.places(keys_of_facts(known))
        if among is not None:
            touched = touched[self._asks(among)[self.leaf_places[touched]]]
        answered = self.leaves.answer(known, touched, self._blank(is_covered=known.is_covered), check)
        run = self.runner.run(self.runner.fill(answered.codes))
        sums = self._sums(run.counts())
        self._permit(answered, run, sums)
        odd = self._tell_ages_apart(known, sums)
        life = packed_of(life_assessments(known))
        return Tally(self, known, answered, run, odd, sums, self._weighed(sums, life))

    def _asks(self, trials: Numbers) -> npt.NDArray[np.bool_]:
        """The places of the net that some trials ask."""
        firsts, counts = self.main[trials], (self._main_ends - self.main)[trials]
        slots = np.repeat(firsts - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        shapes = np.unique(np.concatenate([self.slots.of(slots)[0], self._allowed.shapes_of(trials)]))
        places = self.runner.tree.shapes[shapes][:, [0, 2, 3, 4, 5, 6]]
        return self.runner.reached(np.unique(places[places != NONE]))

    def _blank(self, *, is_covered: bool) -> codes.Codes:
        """The codes of the leaves for a patient of whom nothing is known (or nothing in a long record)."""
        found = self._blanks.get(is_covered)
        if found is None:
            found = self._blanks[is_covered] = np.zeros(self.runner.size, np.uint8)
            found[self.leaf_places] = self.columns[f"blank_{int(is_covered)}"]
        return found

    def _sums(self, counts: Counts) -> Counts:
        """The counts of shapes summed for each slot."""
        return Counts(*(self._summed(one) for one in counts))

    def _summed(self, values: Numbers) -> Numbers:
        starts = self.slots.starts[:-1]
        is_full = starts < self.slots.starts[1:]
        found = np.zeros(len(starts), np.int64)
        if is_full.any():
            found[is_full] = np.add.reduceat(values[self.slots.joined], starts[is_full])
        return found

    def _permit(self, answered: Answered, run: Run, sums: Counts) -> None:
        """What excludes by a fact that the trial elsewhere permits is open for a reader."""
        slots, shapes = self._allowed.opened(
            answered, self.leaf_places, run, self.slots, (self.main, self._main_ends)
        )
        before = Run(run.effects[shapes], run.codes[shapes], run.waits[shapes]).counts()
        for column, was, is_ in zip(sums, before, _TO_BE_READ, strict=True):
            np.add.at(column, slots, is_ - was)

    def _tell_ages_apart(self, known: Known, sums: Counts) -> set[int]:
        """Where text and field name different ages and the patient is between them, neither decides.

        Returns the trials of which other data is missing by that.
        """
        odd: set[int] = set()
        for rules in self._ages.that_disagree(known).values():
            ages, fields = ages_of(self._age_texts[rules[0]])  # the others come to the same
            trials = np.concatenate([self._aged[one] for one in rules]).astype(np.int64)
            texts = [settle(one, known, is_headed=True, fields=fields) for one in ages.criteria]
            before = field_assessments(fields, known)
            after = reconcile_ages(ages, texts, before, known)
            if after != (texts, before):
                was, is_ = packed_of([*texts, *before]), packed_of([*after[0], *after[1]])
                _change(sums, self.main[trials], was, is_)
                if (was.needs_data != is_.needs_data).any():
                    odd.update(trials.tolist())
        return odd

    def _weighed(self, sums: Counts, life: Counts) -> Outcomes:
        """The verdicts, of what the slots of a trial come to."""
        main = Counts(*(one[self.main] + more for one, more in zip(sums, life, strict=True)))
        data, persons = main.needs_data > 0, (main.needs_persons > 0) | self._is_unread
        data |= main.assumed > 0
        more_data, more_persons = self._of_cohorts(sums)
        data, persons = data | more_data, persons | more_persons
        classes = np.where(main.excludes > 0, 2, np.where(data | persons, 1, 0)).astype(np.uint8)
        return Outcomes(self.ids, classes, (classes == 1) & ~data, main.excludes, main.decided, main.open)

    def _of_cohorts(self, sums: Counts) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Whether the cohorts of each trial leave data, or a person, to be asked."""
        is_held_up, is_closed, own = self.cohorts(sums)

        def any_of(which: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
            return np.bincount(self._cohort_trials[which], minlength=len(self)) > 0

        data, persons = (
            any_of(~is_closed & (own.needs_data > 0)),
            any_of(~is_closed & (own.needs_persons > 0)),
        )
        persons |= ~any_of(~is_closed) | ~(data | persons)  # all closed, or which one is meant
        return data & is_held_up, persons & is_held_up

    def cohorts(self, sums: Counts) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], Counts]:
        """Which trials have cohorts of which none is wholly open to the patient; which cohorts are closed; their counts."""
        own = Counts(*(one[self._cohort_slots] for one in sums))
        is_closed = own.excludes > 0
        is_whole = ~is_closed & (own.open == 0) & (own.assumed == 0)
        every = np.bincount(self._cohort_trials, minlength=len(self)) > 0
        return every & ~(np.bincount(self._cohort_trials[is_whole], minlength=len(self)) > 0), is_closed, own

    def open_slots(self, sums: Counts, trials: Numbers) -> tuple[Numbers, Numbers]:
        """The slots of which something may be missing for some trials, and the places of their trials."""
        is_held_up, is_closed, _ = self.cohorts(sums)
        is_asked = np.zeros(len(self), bool)
        is_asked[trials] = True
        which = ~is_closed & (is_held_up & is_asked)[self._cohort_trials]
        return (
            np.concatenate([self.main[trials], self._cohort_slots[which]]),
            np.concatenate([trials, self._cohort_trials[which]]),
        )


@dataclass(frozen=True)
class Tally:
    """What trials come to for one patient, with the codes and counts that it rests on.

    `odd` are the trials of which the leaves that were asked do not tell all that is missing.
    """

    many: Many
    known: Known
    answered: Answered
    run: Run
    odd: set[int]
    sums: Counts
    outcomes: Outcomes

    def is_odd(self, trials: Numbers) -> npt.NDArray[np.bool_]:
        """Which of some trials miss something else than their leaves tell."""
        return np.isin(trials, np.array(sorted(self.odd), np.int64))


_TO_BE_READ = Run(
    np.array([OPEN], np.uint8), np.array([codes.TO_BE_READ], np.uint8), np.zeros(1, bool)
).counts()


def _change(sums: Counts, slots: Any, before: Counts, after: Counts) -> None:
    for column, one, other in zip(sums, before, after, strict=True):
        column[slots] += (other - one).sum()
