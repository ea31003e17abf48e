"""A trial → the patients: what its criteria come to for each, and how the number shrinks criterion by criterion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from trialist.criteria import CriterionSet
from trialist.criteria.witness import Witness
from trialist.evaluation.policy import STRICT, Policy
from trialist.evaluation.screening import Screening
from trialist.evaluation.verdict import Class, Result
from trialist.patient.facts import Patient


@dataclass(frozen=True, slots=True)
class Screened:
    """One patient: the class, what excludes, and how many criteria are open for want of data or of a person's word."""

    label: str
    verdict: Class
    for_persons_only: bool
    excluded_by: tuple[str, ...]
    results: tuple[tuple[str, Result], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One criterion of the funnel: how many it excludes of those left, and of these how many stay and are open at it."""

    criterion_id: str
    plain: str
    before: int
    excluded: int
    open: int
    after: int


@dataclass(frozen=True, slots=True)
class Funnel:
    """A trial and its patients: each patient, and the criteria in their order with who is left after each."""

    nct_id: str
    as_of: date
    policy: str
    patients: tuple[Screened, ...]
    steps: tuple[Step, ...]

    def count(self, verdict: Class) -> int:
        """How many patients have a class."""
        return sum(one.verdict is verdict for one in self.patients)


def screen(
    criteria: CriterionSet,
    fields: Witness | None,
    patients: Iterable[tuple[str, Patient]],
    as_of: date,
    policy: Policy = STRICT,
) -> Funnel:
    """All patients against one trial; labels are the caller's."""
    screening = Screening(criteria, fields)
    labels: list[str] = []

    def unlabelled() -> Iterator[Patient]:
        for label, patient in patients:
            labels.append(label)
            yield patient

    found = []
    for place, outcome in enumerate(screening.screen(unlabelled(), as_of, policy)):
        found.append(
            Screened(
                labels[place],
                outcome.verdict,
                outcome.for_persons_only,
                outcome.excluded_by,
                outcome.results,
            )
        )
    return Funnel(criteria.nct_id, as_of, policy.name, tuple(found), _funnel(screening.named, found))


def _funnel(named: Sequence[tuple[str, str]], found: Sequence[Screened]) -> tuple[Step, ...]:
    """Who is left after each criterion, in the order of the text; whoever is excluded leaves at the first that excludes."""
    steps = []
    left = list(found)
    for criterion_id, plain in named:
        out = [one for one in left if criterion_id in one.excluded_by]
        stays = [one for one in left if criterion_id not in one.excluded_by]
        open_ = sum(dict(one.results).get(criterion_id) in (Result.UNKNOWN, Result.CONFLICT) for one in stays)
        steps.append(Step(criterion_id, plain, len(left), len(out), open_, len(stays)))
        left = stays
    return tuple(steps)
