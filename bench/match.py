"""How fast patients and trials meet: one patient against many open trials, many patients against one trial, the judge beside both.

python bench/match.py [--studies N] [--pool N] [--patients N] [--judged N]

Trials are invented: each draws its criteria from those of `--pool` invented studies (all parsed before the clock starts), with
an age and a sex of its own. Patients are invented too. The judge alone is timed on `--judged` of the same trials and patients
in the same run, and every outcome is compared with its own. Times are of the processor, not of the clock.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

from trialist.criteria.criterion import Criterion, CriterionSet, Modality, Polarity, Population
from trialist.criteria.lexicon import tables, variables
from trialist.criteria.nodes import Demographic, Interval, Span
from trialist.criteria.witness import Witness
from trialist.demo import generate_study
from trialist.evaluation.evaluate import evaluate
from trialist.evaluation.many import Many, Trial, outcome_of
from trialist.evaluation.screening import Screening, screen_outcome
from trialist.patient.extents import DateRange, ValueRange
from trialist.patient.facts import Fact, FactKind, Origin, Patient, Reference, Sex, Status
from trialist.record import Study
from trialist.registry.eligibility import criteria_of_study

AS_OF = date(2026, 3, 10)
_LABS = (
    "alt",
    "ast",
    "bilirubin",
    "creatinine",
    "hemoglobin",
    "platelets",
    "anc",
    "wbc",
    "inr",
    "potassium",
    "sodium",
    "lvef",
    "egfr",
)


def is_age(one: Criterion) -> bool:
    return isinstance(one.expr, Demographic) and one.expr.kind == "age"


def pool_of(count: int) -> tuple[list[Criterion], CriterionSet]:
    found: list[Criterion] = []
    last = None
    for number in range(count):
        last = criteria_of_study(Study.from_record(generate_study(number)))
        found += [one for one in last.criteria if not one.scope and not is_age(one)]
    assert last is not None
    return found, replace(last, findings=(), residue=())


def trials_of(count: int, pool: list[Criterion], shell: CriterionSet, seed: int = 1) -> Iterator[Trial]:
    chosen = random.Random(seed)
    for number in range(count):
        drawn = chosen.sample(pool, min(len(pool), chosen.randint(8, 24)))
        criteria = tuple(replace(one, id=f"C{place}", parent_id="") for place, one in enumerate(drawn))
        nct_id = f"NCT98{number:06d}"
        least, most = chosen.choice((0, 12, 18, 18, 18, 21, 40)), chosen.choice((None, 65, 75, 80))
        if chosen.random() < 0.7:
            upper = None if most is None else Decimal(most)
            age = Demographic("age", Span(0, 1), Interval(Decimal(least), upper), "a")
            text = f"Age {least} to {most or 'any'} years"
            first = replace(
                criteria[0],
                polarity=Polarity.INCLUSION,
                expr=age,
                guard=None,
                defects=(),
                text=text,
                population=Population.PATIENT,
                modality=Modality.REQUIRED,
                counts=True,
            )
            criteria = (first, *criteria[1:])
        fields = Witness(
            nct_id,
            (Decimal(least), "a"),
            None if most is None else (Decimal(most), "a"),
            chosen.choice(("ALL", "ALL", "ALL", "FEMALE", "MALE")),
            False,
        )
        yield Trial(replace(shell, nct_id=nct_id, criteria=criteria, available=True), fields)


def patient_of(seed: int) -> Patient:
    chosen = random.Random(seed)
    origin = Origin("form")

    def day() -> DateRange:
        return DateRange.on(date(2026, chosen.randint(1, 3), chosen.randint(1, 9)))

    facts = [
        Fact(FactKind.CONDITION, one, origin, date=day(), status=chosen.choice(list(Status)[:2]))
        for one in chosen.sample(sorted(tables()["condition"]), 8)
    ]
    facts += [
        Fact(FactKind.EXPOSURE, one, origin, date=day(), status=Status.ACTIVE)
        for one in chosen.sample(sorted(tables()["drug"]), 6)
    ]
    facts += [
        Fact(
            FactKind.MEASUREMENT,
            one,
            origin,
            value=ValueRange.exactly(chosen.randint(1, 100)),
            unit=variables()[one]["unit"] or "mg/dL",
            reference=Reference(None, Decimal(40)),
            date=day(),
        )
        for one in _LABS
    ]
    facts.append(Fact(FactKind.GRADE, "ecog", origin, steps=(str(chosen.randint(0, 3)),), date=day()))
    return Patient(
        tuple(facts), DateRange.on(date(chosen.randint(1940, 2010), 5, 5)), chosen.choice(list(Sex))
    )


def timed(work: object) -> float:
    began = time.process_time()
    work()  # type: ignore[operator]
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, default in (("studies", 60_000), ("pool", 600), ("patients", 1_000), ("judged", 300)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    pool, shell = pool_of(asked.pool)
    began = time.process_time()
    many = Many(trials_of(asked.studies, pool, shell))
    print(
        f"{len(many):,} trials, {many.shapes:,} different criteria; made ready in {time.process_time() - began:.1f} s"
    )
    many.outcomes(patient_of(0), AS_OF)
    spent = sorted(timed(lambda seed=seed: many.outcomes(patient_of(seed), AS_OF)) for seed in range(1, 8))
    print(
        f"one patient x {len(many):,} trials: median {spent[3]:.2f} s, worst {spent[-1]:.2f} s (promise 1 s)"
    )
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB (promise 2 GB)")
    sample = list(trials_of(asked.judged, pool, shell))
    person = patient_of(3)
    began = time.process_time()
    verdicts = [outcome_of(evaluate(one.criteria, person, AS_OF, fields=one.fields)) for one in sample]
    judge = (time.process_time() - began) / len(sample)
    same = verdicts == many.outcomes(person, AS_OF)[: len(sample)]
    print(
        f"the judge alone: {judge * 1000:.1f} ms a trial, so {judge * len(many):.0f} s for all; the same outcomes: {same}"
    )
    trial = sample[0]
    people = [patient_of(seed) for seed in range(asked.patients)]
    screening = Screening(trial.criteria, trial.fields)
    began = time.process_time()
    screened = list(screening.screen(people, AS_OF))
    spent_on = time.process_time() - began
    few = people[: asked.judged]
    began = time.process_time()
    judged = [screen_outcome(evaluate(trial.criteria, one, AS_OF, fields=trial.fields)) for one in few]
    alone = (time.process_time() - began) / len(few) * len(people)
    print(
        f"{len(people):,} patients x one trial: {spent_on:.2f} s (promise 1 s); the judge alone {alone:.2f} s; the same: {judged == screened[: len(few)]}"
    )


if __name__ == "__main__":
    main()
