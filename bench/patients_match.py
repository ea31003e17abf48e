"""Every Synthea patient against all real studies that take people: without an error, and the fast way beside the judge.

python bench/patients_match.py [--judged N] [--read N] [--every N] [--patients N]

All real records are read from ../shared/data and those open on the day are taken, the newest copy of each. For every patient
all of them are decided (`many`); each N-th trial is decided by the judge too, and both must say the same. `--read N` prints N
results criterion by criterion, to be read by hand. Times are of the processor.
"""

from __future__ import annotations

import argparse
import io
import json
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import islice

import zstandard

from patients import SHARED
from patients_invented import NAMES, raws, study_of
from trialist.criteria.witness import read_witness
from trialist.evaluation.derived import derive
from trialist.evaluation.evaluate import evaluate
from trialist.evaluation.many import Many, outcome_of
from trialist.evaluation.parts import Trial
from trialist.evaluation.terms import read_terms
from trialist.evaluation.verdict import Class
from trialist.patient.facts import Patient
from trialist.patient.fhir import read_fhir
from trialist.registry.eligibility import criteria_of_study

AS_OF = date(2026, 1, 1)
OPEN = (b"RECRUITING", b"NOT_YET_RECRUITING", b"ENROLLING_BY_INVITATION", b"AVAILABLE")
OPEN_XML = (b"Recruiting", b"Not yet recruiting", b"Enrolling by invitation", b"Available")


def is_open(name: str, raw: bytes) -> bool:
    """Whether a document says that its study takes people."""
    if name == "xml":
        return any(b"<overall_status>" + one + b"<" in raw for one in OPEN_XML)
    return any(b'"overallStatus":' + gap + b'"' + one + b'"' in raw for one in OPEN for gap in (b"", b" "))


def open_trials(every: int) -> Iterator[Trial]:
    """The trials that take people, each once."""
    seen: set[str] = set()
    place = 0
    for name in NAMES:
        for raw in raws(name):
            if not is_open(name, raw):
                continue
            study = study_of(name, raw)
            if study is None or str(study.nct_id) in seen:
                continue
            seen.add(str(study.nct_id))
            place += 1
            if place % every == 0:
                yield Trial(criteria_of_study(study), read_witness(study))


def patients() -> Iterator[tuple[str, Patient]]:
    """The Synthea patients, by the names of their files, with what follows from their facts."""
    path = SHARED / "patients" / "synthea-r4.tar.zst"
    packed = zstandard.ZstdDecompressor().stream_reader(path.open("rb"))
    with tarfile.open(fileobj=io.BufferedReader(packed), mode="r|") as files:
        for member in files:
            found = files.extractfile(member) if member.isfile() else None
            if found is not None:
                content = found.read()
                if json.loads(content).get("entry"):
                    for one in read_fhir(content, read_terms(), AS_OF):
                        yield member.name.rsplit("/", 1)[-1], derive(one, AS_OF).patient


def show(name: str, patient: Patient, trial: Trial) -> None:
    """One result, criterion by criterion."""
    verdict = evaluate(trial.criteria, patient, AS_OF, fields=trial.fields)
    print(f"\n{name} x {verdict.nct_id}: {verdict.verdict}, born {patient.birth}, {patient.sex}")
    for one in verdict.assessments:
        if one.counts:
            print(f"  [{one.criterion_id} {one.effect}] {one.text[:200]}\n      -> {one.sentence[:260]}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--judged", type=int, default=100)
    parser.add_argument("--read", type=int, default=0)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--patients", type=int, default=None)
    given = parser.parse_args()
    trials = list(open_trials(given.every))
    began = time.process_time()
    many = Many.of(trials)
    print(
        f"{len(trials):,} open trials, {many.shapes:,} different criteria, ready in {time.process_time() - began:.0f} s"
    )
    people = list(islice(patients(), given.patients))
    counts: Counter[Class] = Counter()
    spent = []
    differing = compared = 0
    for place, (name, patient) in enumerate(people):
        began = time.process_time()
        outcomes = many.outcomes(patient, AS_OF)
        spent.append(time.process_time() - began)
        counts.update(one.verdict for one in outcomes)
        for at in range(place % given.judged, len(trials), given.judged):
            compared += 1
            told = outcome_of(evaluate(trials[at].criteria, patient, AS_OF, fields=trials[at].fields))
            differing += told != outcomes[at]
        if place < given.read:  # of the trials of which most could be decided, another one each time
            most = sorted(range(len(trials)), key=lambda at: (-outcomes[at].decided, at))
            show(name, patient, trials[most[3 * place % len(trials)]])
    spent.sort()
    print(f"{len(people)} patients x {len(trials):,} trials without an error: {dict(counts)}")
    print(
        f"median {spent[len(spent) // 2]:.2f} s a patient; beside the judge {compared:,}, of which differ {differing}"
    )


if __name__ == "__main__":
    main()
