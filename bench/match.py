"""How fast patients and trials meet: one patient against many open trials, many patients against one trial, the judge beside both.

python bench/match.py [--studies N] [--patients N] [--asked N] [--judged N] [--workers N] [--state DIR]

Trials are invented studies, no two the same, all taken to be open, each with the text and the fields of its own, parsed before
the clock starts: twenty minutes of both processors for 60,000, kept in `--state DIR` and gone on with there. The net is built
of them, written, opened again and asked for `--asked` different invented patients: what all trials come to, their order, the
facts to ask for first, near misses, and the judge's verdicts on what is shown. The judge alone has `--judged` of the same
trials in the same run, every outcome is compared with its own, and so it is with patients against one trial. Times are of the
processor; beside them, in brackets, of the clock.
"""

from __future__ import annotations

import argparse
import pickle
import random
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from decimal import Decimal
from itertools import islice
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
from trialist.evaluation.verdict import Class
from trialist.index.net_file import NetFile, NetStudy, write_net
from trialist.patient.extents import DateRange, ValueRange
from trialist.patient.facts import Fact, FactKind, Origin, Patient, Reference, Sex, Status
from trialist.record import Study
from trialist.registry.eligibility import criteria_of_study
from trialist.registry.judging import MOST_TOLD

CHUNK = 400
SHOWN = 20
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


def kept_trials(state: Path, first: int, count: int) -> list[Trial]:
    """The same, read from the state where they were parsed before."""
    path = state / f"{first:06d}-{count}.pickle"
    if not path.exists():
        beside = path.with_suffix(".beside")
        beside.write_bytes(pickle.dumps(trials_of(first, count), pickle.HIGHEST_PROTOCOL))
        beside.replace(path)
    found: list[Trial] = pickle.loads(path.read_bytes())  # our own, of the directory that was named
    return found


def compiled(state: Path, first: int, count: int) -> tuple[Part, float, float]:
    """The part of some studies, with the seconds that parsing and compiling took."""
    began = time.process_time()
    trials = kept_trials(state, first, count)
    parsed = time.process_time()
    part = part_of(trials)
    return part, parsed - began, time.process_time() - parsed


def written(asked: argparse.Namespace, state: Path, directory: Path) -> None:
    """Build the net of so many studies, and say what it cost."""
    joiner, parsing, compiling, joining = Joiner(), 0.0, 0.0, 0.0
    firsts = range(0, asked.studies, CHUNK)
    sizes = [min(CHUNK, asked.studies - first) for first in firsts]
    with ProcessPoolExecutor(asked.workers, mp_context=get_context("spawn")) as pool:
        for part, parsed, spent in pool.map(compiled, [state] * len(sizes), firsts, sizes):
            began = time.process_time()
            joiner.add(part)
            joining += time.process_time() - began
            parsing, compiling = parsing + parsed, compiling + spent
    began = time.process_time()
    members = [NetStudy(number, 1, 0) for number in range(asked.studies)]
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


class Clock:
    """Seconds of the processor and of the clock since it was made."""

    def __init__(self) -> None:
        self.began = time.process_time(), time.perf_counter()

    def spent(self) -> tuple[float, float]:
        """What was spent of both."""
        return time.process_time() - self.began[0], time.perf_counter() - self.began[1]


def told(spent: list[tuple[float, float]]) -> str:
    """Median and worst of some times."""
    middle = [sorted(one)[len(spent) // 2] for one in zip(*spent, strict=True)]
    most = [max(one) for one in zip(*spent, strict=True)]
    return f"median {middle[0]:.3f} s ({middle[1]:.3f}), worst {most[0]:.3f} s ({most[1]:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (
        ("studies", 60_000),
        ("patients", 1_000),
        ("asked", 20),
        ("judged", 300),
        ("workers", 2),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--state", type=Path, help="where parsed criteria are kept")
    parser.add_argument(
        "--part", choices=("build", "match", "screen"), help="only this; match and screen want a state"
    )
    asked = parser.parse_args()
    with TemporaryDirectory() as kept:
        state = asked.state or Path(kept)
        state.mkdir(parents=True, exist_ok=True)
        directory = state / f"net-{asked.studies}"
        if asked.part in (None, "build"):
            written(asked, state, directory)
        if asked.part in (None, "match"):
            match_all(asked, state, directory)
        if asked.part in (None, "screen"):
            screen_all(asked, state)


def match_all(asked: argparse.Namespace, state: Path, directory: Path) -> None:
    """One patient after the other against all trials."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    clock = Clock()
    many = Many(NetFile(directory, "bench").columns)
    sample = kept_trials(state, 0, min(CHUNK, asked.studies))[: asked.judged]
    print(
        f"{len(many):,} trials, {many.shapes:,} different criteria, {len(many.leaves):,} leaves, {many.runner.size:,} places; "
        f"opened in {clock.spent()[0]:.3f} s"
    )
    every = np.arange(len(many))
    whole, tallied, touched, shown = [], [], [], 0
    differ = 0
    for seed in range(asked.asked):
        who = patient_of(seed)
        clock = Clock()
        known = Known(who, AS_OF, STRICT)
        tally = many.tally(known)
        first = clock.spent()
        outcomes = tally.outcomes
        ordered = outcomes.order(
            every, on_topic=[False] * len(every), metres=None, updated=np.zeros(len(every))
        )
        count_missing(tally, every[outcomes.classes == 1], MOST_TOLD)
        near = list(islice(may_be_near(tally, ordered[outcomes.is_of(ordered, Class.EXCLUDED)]), SHOWN))
        spent = clock.spent()
        # What is shown is judged; trials that are at hand stand for those that would be.
        shown_clock = Clock()
        for one in sample[: SHOWN + len(near)]:
            evaluate(one.criteria, who, AS_OF, fields=one.fields)
        more = shown_clock.spent()
        if seed:
            whole.append((spent[0] + more[0], spent[1] + more[1]))
            tallied.append(first)
        else:
            print(f"the first patient, with what is read once: {spent[0]:.3f} s ({spent[1]:.3f})")
        touched.append(len(tally.answered.told))
        shown += len(near)
        verdicts = [
            outcome_of(evaluate(one.criteria, who, AS_OF, fields=one.fields))
            for one in sample[seed :: asked.asked]
        ]
        differ += verdicts != [outcomes[at] for at in range(seed, len(sample), asked.asked)]
    print(
        f"one patient x {len(many):,} trials: {told(whole)} (promise 1 s); of it what they come to: {told(tallied)}"
    )
    print(
        f"leaves touched: median {sorted(touched)[len(touched) // 2]:,}; near misses looked at: {shown / asked.asked:.0f} a patient, the first {SHOWN} at most"
    )
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"memory at most {most / 1e6:.2f} GB, {before / 1e6:.2f} of it before (promise 2 GB)")
    clock = Clock()
    for one in sample:
        evaluate(one.criteria, who, AS_OF, fields=one.fields)
    judge = clock.spent()[0] / len(sample)
    print(
        f"the judge alone: {judge * 1000:.1f} ms a trial, so {judge * len(many):.0f} s for all; patients of whom {len(sample)} "
        f"trials, shared among them, came to something else: {differ}"
    )


def screen_all(asked: argparse.Namespace, state: Path) -> None:
    """All patients against one trial; several trials, one after the other."""
    people = [patient_of(seed) for seed in range(asked.patients)]
    few = people[:: max(1, len(people) // 50)]
    spent, alone, differ = [], [], 0
    for trial in kept_trials(state, 0, min(CHUNK, asked.studies))[:12]:
        clock = Clock()
        screened = list(Screening(trial.criteria, trial.fields).screen(people, AS_OF))
        spent.append(clock.spent())
        clock = Clock()
        judged = [screen_outcome(evaluate(trial.criteria, one, AS_OF, fields=trial.fields)) for one in few]
        alone.append(clock.spent()[0] / len(few) * len(people))
        differ += judged != screened[:: max(1, len(people) // 50)]
    print(
        f"{len(people):,} patients, read before, x one trial, {len(spent)} trials: {told(spent)} (promise 1 s); the judge alone "
        f"{sorted(alone)[len(alone) // 2]:.2f} s; trials that differ: {differ}"
    )


if __name__ == "__main__":
    main()
