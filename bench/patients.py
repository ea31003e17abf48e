"""How well patients are read and matched: notes against expert labels, and how fast documents are read.

python bench/patients.py notes [--errors N]     the development half of the expert-labelled pairs of notes and criteria
python bench/patients.py blind --registry DIR   the project's own vignettes beside criteria of the registry's studies
python bench/patients.py read                   every Synthea bundle: what became of each resource, and how long it took
python bench/patients.py invented [--studies N] patients made from real criteria: whoever satisfies one must meet it, and so on

Gold and bundles are read from ../shared/data; nothing of them is written anywhere. The rules were tuned with these pairs in
sight, so the figures are development figures. The labels take in part what a note does not mention for absent. The first table
is the policy `strict`, the second `narrative`, which reads a note as its reader does and tells each assumption. A label is the
result of the evaluation and nothing else; an exclusion that is met because of the patient's sex is called not applicable, and what
excludes by silence alone is open. The patients are parted in halves by a hash: the rules of decisions 79 and 94 were made with
the first in sight and measured on the second before that was read; both have been read by now, and those of
decision 95 were made with both in sight. The project's own pairs are labelled by the conventions of those experts, by one reader,
before the evaluation had seen them: `first` led to the rules of decision 101, `second` was made after them. Bounds are of 2,000 samples.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import re
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from random import Random

import zstandard

from patients_blind import read_rows
from trialist.criteria import parse_criteria
from trialist.criteria.criterion import Criterion, Modality, Population
from trialist.criteria.nodes import Demographic, Opaque, atoms
from trialist.evaluation.evaluate import assess
from trialist.evaluation.invented import invent_for
from trialist.evaluation.known import Known
from trialist.evaluation.policy import NARRATIVE, STRICT, Policy
from trialist.evaluation.tagging import tag_sentence
from trialist.evaluation.terms import read_terms
from trialist.evaluation.verdict import Assessment, Result
from trialist.patient.extents import DateRange
from trialist.patient.facts import Patient
from trialist.patient.fhir import read_fhir
from trialist.patient.note import read_note

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data"
ERRORS = Path(__file__).with_name("patients_errors.tsv")
NOTED = date(2025, 6, 1)
INCLUDED, NOT_INCLUDED, EXCLUDED, NOT_EXCLUDED, OPEN, NOT_APPLICABLE = (
    "included", "not included", "excluded", "not excluded", "not enough information", "not applicable",
)  # fmt: skip
FOUR = {
    INCLUDED: "for",
    NOT_EXCLUDED: "for",
    NOT_APPLICABLE: "n/a",
    OPEN: "open",
    NOT_INCLUDED: "against",
    EXCLUDED: "against",
}
LETTERS = {"I": INCLUDED, "N": NOT_INCLUDED, "E": EXCLUDED, "F": NOT_EXCLUDED, "O": OPEN, "A": NOT_APPLICABLE}
DISQUALIFYING = {NOT_INCLUDED, EXCLUDED}


@dataclass(frozen=True)
class Pair:
    """A note, a criterion, and what experts said: the label, and the sentences it rests on."""

    patient_id: str
    note: str
    kind: str
    criterion: str
    label: str
    sentences: frozenset[int]


@dataclass(frozen=True)
class Answered:
    """A pair, what we say, and which sentences we rest on."""

    pair: Pair
    label: str
    sentences: frozenset[int]
    why: str


def read_pairs() -> list[Pair]:
    packed = (SHARED / "gold" / "trialgpt-pairs-dev.ndjson.zst").read_bytes()
    lines = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed)).read().decode().splitlines()
    rows = [json.loads(line) for line in lines]
    return [
        Pair(
            row["patient_id"],
            row["note"],
            row["criterion_type"],
            row["criterion_text"] or "",
            row["expert_eligibility"],
            frozenset(int(one) for one in re.findall(r"\d+", row["expert_sentences"] or "")),
        )
        for row in rows
    ]


def read_patient(note: str) -> Patient:
    patient = read_note(note, read_terms(), tag_sentence, NOTED, DateRange.on(NOTED))
    return replace(patient, first_seen=date(NOTED.year - 10, 1, 1), last_seen=NOTED)


def answer(pair: Pair, patient: Patient, policy: Policy) -> Answered:
    """What we say of a pair under a policy."""
    heading = "Inclusion Criteria" if pair.kind == "inclusion" else "Exclusion Criteria"
    found = parse_criteria(f"{heading}:\n\n* {pair.criterion}")
    if pair.kind == "inclusion" and found.criteria and all(map(_is_permission, found.criteria)):
        return Answered(pair, OPEN, frozenset(), "a permission: it requires nothing and excludes nobody")
    known = Known(patient, NOTED, policy)
    assessments = [one for one in (assess(criterion, known) for criterion in found.criteria) if one.counts]
    sentences = frozenset(place for one in assessments for place in _sentences(one, pair.note))
    why = " | ".join(one.sentence for one in assessments)
    return Answered(pair, _label(pair.kind, assessments), sentences, why)


def _is_permission(one: Criterion) -> bool:
    """Whether a sentence allows something other than ages and sexes."""
    is_plain = all(isinstance(atom, Demographic) for atom in atoms(one.expr))
    return one.modality is Modality.PERMISSIVE and not is_plain


def _label(kind: str, assessments: list[Assessment]) -> str:
    results = [
        Result.UNKNOWN if _is_by_silence(one) and one.result is Result.NOT_MET else one.result
        for one in assessments
        if one.result is not Result.NOT_APPLICABLE
    ]
    if assessments and not results:
        return NOT_APPLICABLE
    if not assessments:  # nothing is asked of a patient: "Both genders are eligible"
        return INCLUDED if kind == "inclusion" else NOT_EXCLUDED
    if kind == "inclusion":
        if Result.NOT_MET in results:
            return NOT_INCLUDED
        return INCLUDED if results and all(one is Result.MET for one in results) else OPEN
    if Result.NOT_MET in results:
        return EXCLUDED
    if results and all(one is Result.MET for one in results):
        said = [one.sentence.lower() for one in assessments]
        by_sex = all("the patient is male" in one or "asked is male: does not exclude" in one for one in said)
        return NOT_APPLICABLE if by_sex else NOT_EXCLUDED
    return OPEN


def _is_by_silence(one: Assessment) -> bool:
    return any(assumption.kind == "absence" for assumption in one.assumptions)


def _sentences(one: Assessment, note: str) -> Iterator[int]:
    for evidence in one.evidence:
        fact = evidence.fact
        if fact is not None and fact.origin.quote:
            line = note.rfind("\n", 0, fact.origin.start) + 1
            number = re.match(r"\d+", note[line:])
            if number is not None:
                yield int(number.group())
        elif fact is None:
            yield 0  # birth and sex stand in the first sentence of these notes


def rate(hits: int, all_: int) -> str:
    return f"{hits / all_:.3f} ({hits}/{all_})" if all_ else "-"


def report(answered: list[Answered], errors: int) -> None:
    total = len(answered)
    right = [one for one in answered if one.label == one.pair.label]
    four = [one for one in answered if FOUR[one.label] == FOUR[one.pair.label]]
    merged = [one for one in answered if _merged(one.label) == _merged(one.pair.label)]
    majority = {"inclusion": OPEN, "exclusion": NOT_EXCLUDED}
    floor = sum(majority[one.pair.kind] == one.pair.label for one in answered)
    print(f"pairs {total}, patients {len({one.pair.patient_id for one in answered})}")
    print(f"six classes   {rate(len(right), total)}    majority of the kind {rate(floor, total)}")
    print(
        f"four states   {rate(len(four), total)}    not applicable and not excluded as one {rate(len(merged), total)}"
    )
    for label in (INCLUDED, NOT_INCLUDED, EXCLUDED, NOT_EXCLUDED, OPEN, NOT_APPLICABLE):
        of = [one for one in answered if one.label == label]
        hits = sum(one.pair.label == label for one in of)
        every = sum(one.pair.label == label for one in answered)
        print(f"  {label.ljust(24)} precision {rate(hits, len(of)).ljust(18)} recall {rate(hits, every)}")
    said = [one for one in answered if one.label in DISQUALIFYING]
    gold = [one for one in answered if one.pair.label in DISQUALIFYING]
    both = [one for one in said if one.pair.label in DISQUALIFYING]
    print(f"disqualifying precision {rate(len(both), len(said))}  recall {rate(len(both), len(gold))}")
    common = sum(len(one.sentences & one.pair.sentences) for one in answered)
    print(
        f"evidence sentences precision {rate(common, sum(len(one.sentences) for one in answered))}  "
        f"recall {rate(common, sum(len(one.pair.sentences) for one in answered))}"
    )
    labels = [INCLUDED, NOT_INCLUDED, EXCLUDED, NOT_EXCLUDED, OPEN, NOT_APPLICABLE]
    table = Counter((one.pair.label, one.label) for one in answered)
    print("\nexperts \\ ours".ljust(25) + "".join(label[:12].rjust(14) for label in labels))
    for row in labels:
        print(row.ljust(24) + "".join(str(table[row, column]).rjust(14) for column in labels))
    worst = sorted((one for one in answered if one.label != one.pair.label), key=_badness)
    for one in worst[:errors]:
        print(f"\n{one.pair.patient_id} [{one.pair.kind}] experts: {one.pair.label}; ours: {one.label}")
        print(f"  {' '.join(one.pair.criterion.split())[:300]}\n  -> {one.why[:400]}")


def _merged(label: str) -> str:
    return NOT_EXCLUDED if label == NOT_APPLICABLE else label


def _badness(one: Answered) -> tuple[int, str, str]:
    """A wrong disqualification first, then a missed one, then a wrong inclusion."""
    if one.label in DISQUALIFYING:
        return 0, one.pair.patient_id, one.pair.criterion
    if one.pair.label in DISQUALIFYING:
        return 1, one.pair.patient_id, one.pair.criterion
    return (2 if one.label == INCLUDED else 3), one.pair.label, one.pair.patient_id


def half_of(patient_id: str) -> str:
    return "first" if hashlib.md5(b"half" + patient_id.encode()).digest()[0] % 2 == 0 else "second"


def report_halves(answered: list[Answered]) -> None:
    """Six classes in each half of the patients, and how sure the whole figure is."""
    for half in ("first", "second"):
        of = [one for one in answered if half_of(one.pair.patient_id) == half]
        right = sum(one.label == one.pair.label for one in of)
        merged = sum(_merged(one.label) == _merged(one.pair.label) for one in of)
        said = [one for one in of if one.label in DISQUALIFYING]
        gold = sum(one.pair.label in DISQUALIFYING for one in of)
        both = sum(one.pair.label in DISQUALIFYING for one in said)
        print(
            f"{half.ljust(6)} half   six classes {rate(right, len(of))}  as one {rate(merged, len(of))}  "
            f"disqualifying precision {rate(both, len(said))} recall {rate(both, gold)}"
        )
    by_patient: dict[str, list[bool]] = {}
    for one in answered:
        by_patient.setdefault(one.pair.patient_id, []).append(one.label == one.pair.label)
    random, rows = Random(79), list(by_patient.values())
    drawn = []
    for _ in range(2000):
        sample = [hit for row in random.choices(rows, k=len(rows)) for hit in row]
        drawn.append(sum(sample) / len(sample))
    drawn.sort()
    print(f"six classes, 95 of 100 samples of patients: {drawn[50]:.3f} to {drawn[1949]:.3f}")


def score_notes(errors: int) -> None:
    pairs = read_pairs()
    began = time.process_time()
    patients = {pair.patient_id: read_patient(pair.note) for pair in pairs}
    reading = time.process_time() - began
    for policy in (STRICT, NARRATIVE):
        print(f"\npolicy {policy.name}")
        answered = [answer(pair, patients[pair.patient_id], policy) for pair in pairs]
        report(answered, errors if policy is NARRATIVE else 0)
        report_halves(answered)
    causes = Counter(line.split("\t")[1] for line in ERRORS.read_text().splitlines() if line[0].isdigit())
    print(
        f"\n{causes.total()} errors read one by one: {', '.join(f'{name} {count}' for name, count in causes.most_common())}"
    )
    print(f"{reading / len(patients) * 1000:.1f} ms a note, {len(patients)} notes")


def score_blind(directory: Path, errors: int) -> None:
    """The project's own pairs, set by set."""
    by_set: dict[str, list[Pair]] = {}
    for row in read_rows(directory):
        pair = Pair(row.patient_id, row.note, row.kind, row.criterion, LETTERS[row.label], row.sentences)
        by_set.setdefault(row.draw, []).append(pair)
    for name, pairs in by_set.items():
        patients = {pair.patient_id: read_patient(pair.note) for pair in pairs}
        for policy in (STRICT, NARRATIVE):
            print(f"\n{name}, policy {policy.name}")
            answered = [answer(pair, patients[pair.patient_id], policy) for pair in pairs]
            report(answered, errors if policy is NARRATIVE else 0)


def score_reading() -> None:
    archive = zstandard.ZstdDecompressor().stream_reader(
        (SHARED / "patients" / "synthea-r4.tar.zst").open("rb")
    )
    began = time.process_time()
    terms = read_terms()
    terms.read_name("asthma")
    print(f"tables ready in {(time.process_time() - began) * 1000:.0f} ms, once")
    reasons: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    resources = lost = size = 0
    slowest = spent = 0.0
    names: Counter[str] = Counter()
    with tarfile.open(fileobj=archive, mode="r|") as files:
        for member in files:
            handle = files.extractfile(member) if member.isfile() else None
            if handle is None:
                continue
            content = handle.read()
            began = time.process_time()
            (patient,) = read_fhir(content, terms, date(2026, 1, 1))
            took = time.process_time() - began
            spent, size = spent + took, size + len(content)
            slowest = max(slowest, took / len(content) * 1e6)
            told = {one.origin.resource for one in (*patient.facts, *patient.unresolved)}
            for entry in json.loads(content)["entry"]:
                resource = entry["resource"]
                resources += 1
                lost += f"{resource['resourceType']}/{resource['id']}" not in told
            kinds.update(
                f"{fact.kind}{'' if fact.id else ' by kind' if fact.broader else ' by words'}"
                for fact in patient.facts
            )
            reasons.update(one.reason for one in patient.unresolved)
            names.update(one.message[:60] for one in patient.unresolved if one.reason == "unknown-concept")
    print(f"{resources:,} resources, {lost} neither fact nor listed")
    print(
        f"{size / 1e6:.1f} MB in {spent:.2f} s: {spent / size * 1e9:.0f} ms a MB, slowest {slowest * 1000:.0f} ms a MB"
    )
    print("facts      ", dict(kinds.most_common()))
    print("listed     ", dict(reasons.most_common()))
    print(
        "not in the tables most often:", ", ".join(f"{name} {count}" for name, count in names.most_common(12))
    )


def score_invented(studies: int, errors: int) -> None:
    """Patients made from the criteria of real studies, against what the evaluation says of them."""
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    path = SHARED / "registry" / "studies.v2.ndjson.zst"
    lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(path.open("rb")), encoding="utf-8")
    for _, line in zip(range(studies), lines, strict=False):
        text = json.loads(line)["protocolSection"].get("eligibilityModule", {}).get("eligibilityCriteria", "")
        for criterion in parse_criteria(text).criteria:
            if is_plain(criterion):
                counts["criteria fully structured"] += 1
                _try(criterion, counts, wrong)
    for name, count in counts.items():
        print(f"{name.ljust(40)}{count:>9,}")
    for line in wrong[:errors]:
        print(line)


def is_plain(criterion: Criterion) -> bool:
    if not criterion.counts or criterion.modality is not Modality.REQUIRED or criterion.guard is not None:
        return False
    if criterion.population is not Population.PATIENT or any(
        one.kind == "inverted_polarity" for one in criterion.defects
    ):
        return False
    return not any(isinstance(one, Opaque) for one in atoms(criterion.expr))


def _try(criterion: Criterion, counts: Counter[str], wrong: list[str]) -> None:
    invented = invent_for(criterion, NOTED)
    if invented is None:
        counts["of which data cannot decide"] += 1
        return
    for name, patients, wanted in (
        ("satisfying", invented.satisfying, Result.MET),
        ("violating", invented.violating, Result.NOT_MET),
        ("missing a fact", invented.missing, Result.UNKNOWN),
    ):
        for patient in patients:
            counts[name] += 1
            found = assess(criterion, Known(patient, NOTED, STRICT))
            if found.result is not wanted:
                counts[f"{name}, but not {wanted}"] += 1
                wrong.append(
                    f"\n{name}: {found.result}\n  {' '.join(criterion.text.split())[:200]}\n  -> {found.sentence[:300]}"
                )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("notes", "blind", "read", "invented"))
    parser.add_argument("--registry", type=Path, help="a registry with the studies of the pairs (`blind`)")
    parser.add_argument("--errors", type=int, default=0)
    parser.add_argument("--studies", type=int, default=300)
    given = parser.parse_args()
    if given.what == "notes":
        score_notes(given.errors)
    elif given.what == "blind":
        if given.registry is None:
            parser.error("blind needs --registry DIR")
        score_blind(given.registry, given.errors)
    elif given.what == "invented":
        score_invented(given.studies, given.errors)
    else:
        score_reading()


if __name__ == "__main__":
    main()
