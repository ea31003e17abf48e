"""How fast patients and trials meet: one patient against many open trials, many patients against one trial, the judge beside both.

python bench/match.py [--studies N] [--patients N] [--judged N] [--workers N]

Trials are invented studies, each with the text and the fields of its own, parsed before the clock starts. The net is built of
them, written, opened again and asked; so is the judge, alone, on `--judged` of the same trials and patients in the same run,
and every outcome is compared with its own. Patients are invented too. Times are of the processor, not of the clock.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from trialist.criteria.lexicon import tables, variables
from trialist.criteria.witness import read_witness
from trialist.demo import generate_study
from trialist.evaluation.columns import columns_of
from trialist.evaluation.evaluate import evaluate
from trialist.evaluation.known import Known
from trialist.evaluation.many import Many, outcome_of
from trialist.evaluation.missing import count_missing
from trialist.evaluation.near_many import may_be_near
from trialist.evaluation.parts import Joiner, Part, Trial, part_of
from trialist.evaluation.policy import STRICT
from trialist.evaluation.screening import Screening, screen_outcome
from trialist.index.net_file import NetFile, NetStudy, write_net
from trialist.patient.extents import DateRange, ValueRange
from trialist.patient.facts import Fact, FactKind, Origin, Patient, Reference, Sex, Status
from trialist.record import Study
from trialist.registry.eligibility import criteria_of_study

CHUNK = 400
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


def trials_of(first: int, count: int) -> list[Trial]:
    found = []
    for number in range(first, first + count):
        study = Study.from_record(generate_study(number))
        found.append(Trial(criteria_of_study(study), read_witness(study)))
    return found


def compiled(first: int, count: int) -> tuple[Part, float, float]:
    """The part of some studies, with the seconds that parsing and compiling took."""
    began = time.process_time()
    trials = trials_of(first, count)
    parsed = time.process_time()
    part = part_of(trials)
    return part, parsed - began, time.process_time() - parsed


def written(studies: int, workers: int, directory: Path) -> None:
    """Build the net of so many studies, and say what it cost."""
    joiner, parsing, compiling = Joiner(), 0.0, 0.0
    firsts = range(0, studies, CHUNK)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        sizes = [min(CHUNK, studies - first) for first in firsts]
        joining = 0.0
        for part, parsed, spent in pool.map(compiled, firsts, sizes):
            began = time.process_time()
            joiner.add(part)
            joining += time.process_time() - began
            parsing, compiling = parsing + parsed, compiling + spent
    began = time.process_time()
    members = [NetStudy(number, 1, 0) for number in range(studies)]
    write_net(directory, "bench", members, columns_of(joiner.part))
    writing = time.process_time() - began
    print(
        f"parsed in {parsing:.1f} s; net built in {compiling + joining + writing:.1f} s (compiling {compiling:.1f}, joining "
        f"{joining:.1f}, writing {writing:.1f}), {NetFile(directory, 'bench').file.stat().st_size / 1e6:.1f} MB"
    )


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


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, default in (("studies", 60_000), ("patients", 1_000), ("judged", 300), ("workers", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    with TemporaryDirectory() as kept:
        written(asked.studies, asked.workers, Path(kept))
        ask(asked, Path(kept))


def ask(asked: argparse.Namespace, directory: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    many = Many(NetFile(directory, "bench").columns)
    print(
        f"{len(many):,} trials, {many.shapes:,} different criteria, {len(many.leaves):,} leaves; opened in "
        f"{time.process_time() - began:.3f} s"
    )
    many.outcomes(patient_of(0), AS_OF)
    spent, touched = [], []
    for seed in range(1, 8):
        known = Known(patient_of(seed), AS_OF, STRICT)
        began = time.process_time()
        tally = many.tally(known)
        spent.append(time.process_time() - began)
        touched.append(len(tally.answered.told))
    print(
        f"one patient x {len(many):,} trials: median {sorted(spent)[3]:.2f} s, worst {max(spent):.2f} s (promise 1 s); "
        f"{sorted(touched)[3]:,} leaves asked"
    )
    every = np.arange(len(many))
    began = time.process_time()
    count_missing(tally, every[tally.outcomes.classes == 1], 10)
    missing = time.process_time() - began
    began = time.process_time()
    near = may_be_near(tally, every[tally.outcomes.classes == 2])
    print(
        f"facts to ask for first: {missing:.2f} s; near misses to look at: {len(near):,} in {time.process_time() - began:.2f} s"
    )
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"memory at most {most / 1e6:.2f} GB, {before / 1e6:.2f} of it for building (promise 2 GB)")
    sample = trials_of(0, min(asked.judged, asked.studies))
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
