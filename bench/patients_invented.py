"""Patients made from every fully structured criterion of all real records: who satisfies it meets it, who violates it does not.

python bench/patients_invented.py --state DIR [--every N] [--only v2|domain|xml] [--errors N]
python bench/patients_invented.py --state DIR --again

Works through the records in batches and writes what each batch came to into the state directory, so that a run that was ended
goes on where it was. `--every 50` takes every fiftieth record.
`--again` asks only the studies in which something differed, and tells what still does. The state holds words of the records:
it is not part of the project. Criteria for which no patients can be made are counted.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import zstandard

from patients import NOTED, SHARED, is_plain
from trialist.criteria.criterion import Criterion
from trialist.errors import Where
from trialist.evaluation.evaluate import assess
from trialist.evaluation.invented import invent_for
from trialist.evaluation.known import Known
from trialist.evaluation.policy import STRICT
from trialist.evaluation.verdict import Result
from trialist.record import Study
from trialist.registry.eligibility import criteria_of_study
from trialist.sources.ctgov_xml import convert_xml

BATCH = 100
NAMES = ("v2", "domain", "xml")
_FILES = {"v2": "studies.v2.ndjson.zst", "domain": "domain.as-v2.ndjson.zst", "xml": "studies.xml.tar.zst"}
_RESULTS = re.compile(rb"<clinical_results>.*</clinical_results>", re.DOTALL)  # big, and without criteria


def raws(name: str) -> Iterator[bytes]:
    """The documents of a source, in the order of the file."""
    opened = zstandard.ZstdDecompressor().stream_reader((SHARED / "registry" / _FILES[name]).open("rb"))
    if name != "xml":
        yield from io.BufferedReader(opened)
        return
    with tarfile.open(fileobj=opened, mode="r|") as files:
        for member in files:
            found = files.extractfile(member) if member.isfile() else None
            if found is not None:
                yield found.read()


def study_of(name: str, raw: bytes) -> Study | None:
    """A document as a study; None where it is none."""
    if name != "xml":
        return Study.from_record(json.loads(raw))
    record, _ = convert_xml(_RESULTS.sub(b"", raw), Where(source=name))
    return None if record is None else Study.from_record(record)


def ask(criterion: Criterion, nct_id: str, counts: Counter[str]) -> Iterator[dict[str, str]]:
    """What the patients of a criterion come to; yields those that come to something else than they were made for."""
    counts["criteria fully structured"] += 1
    invented = invent_for(criterion, NOTED)
    if invented is None:
        counts["of which data cannot decide"] += 1
        return
    for name, patients, wanted in (
        ("satisfying", invented.satisfying, Result.MET),
        ("violating", invented.violating, Result.NOT_MET),
        ("missing a fact", invented.missing, Result.UNKNOWN),
    ):
        counts[f"patients {name}"] += len(patients)
        for patient in patients:
            found = assess(criterion, Known(patient, NOTED, STRICT))
            if found.result is not wanted:
                counts[f"patients {name}, but not {wanted}"] += 1
                yield {
                    "nct_id": nct_id,
                    "criterion": criterion.id,
                    "polarity": str(criterion.polarity),
                    "made": name,
                    "found": str(found.result),
                    "text": " ".join(criterion.text.split()),
                    "sentence": found.sentence,
                }


def ask_batch(name: str, batch: list[bytes]) -> dict[str, Any]:
    """One batch of documents: what was counted, and what differed."""
    counts: Counter[str] = Counter()
    wrong: list[dict[str, str]] = []
    for raw in batch:
        study = study_of(name, raw)
        if study is None:
            counts["documents that are no study"] += 1
            continue
        counts["studies"] += 1
        for criterion in criteria_of_study(study).criteria:
            counts["criteria"] += 1
            if is_plain(criterion):
                wrong += ask(criterion, str(study.nct_id), counts)
    return {"counts": counts, "wrong": wrong}


def run(name: str, state: Path, every: int) -> None:
    """All batches of a source that the state does not have yet."""
    done = state / f"{name}.{every}.ndjson"
    finished = (
        {json.loads(line)["batch"] for line in done.read_text().splitlines()} if done.exists() else set()
    )
    began = time.process_time()
    batch: list[bytes] = []
    number = 0

    def finish() -> None:
        nonlocal batch, number
        if batch and number not in finished:
            found = {"batch": number, **ask_batch(name, batch)}
            with done.open("a") as out:
                out.write(json.dumps(found) + "\n")
            spent = time.process_time() - began
            print(f"{name} batch {number}: {len(found['wrong'])} differ, {spent:.0f} s", flush=True)
        number, batch = number + 1, []

    for place, raw in enumerate(raws(name)):
        if place % every == 0:
            batch.append(raw)
            if len(batch) == BATCH:
                finish()
    finish()


def told(state: Path) -> tuple[Counter[str], list[dict[str, str]]]:
    """What all batches of a state came to."""
    counts: Counter[str] = Counter()
    wrong: list[dict[str, str]] = []
    for path in sorted(state.glob("*.ndjson")):
        for line in path.read_text().splitlines():
            one = json.loads(line)
            counts.update(one["counts"])
            wrong += one["wrong"]
    return counts, wrong


def again(state: Path) -> list[dict[str, str]]:
    """The studies in which something differed, asked once more."""
    asked = {one["nct_id"].encode() for one in told(state)[1]}
    found: list[dict[str, str]] = []
    for name in NAMES:
        for raw in raws(name):
            if asked.isdisjoint(re.findall(rb"NCT\d{8}", raw[:4000])):
                continue
            study = study_of(name, raw)
            if study is not None and str(study.nct_id).encode() in asked:
                for criterion in criteria_of_study(study).criteria:
                    if is_plain(criterion):
                        found += ask(criterion, str(study.nct_id), Counter())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--only", choices=NAMES)
    parser.add_argument("--errors", type=int, default=0)
    parser.add_argument("--again", action="store_true")
    given = parser.parse_args()
    given.state.mkdir(parents=True, exist_ok=True)
    if given.again:
        wrong = again(given.state)
        print(f"{len(wrong)} patients still differ")
    else:
        for name in NAMES if given.only is None else (given.only,):
            run(name, given.state, given.every)
        counts, wrong = told(given.state)
        for what, count in sorted(counts.items()):
            print(f"{what.ljust(48)}{count:>12,}")
    for one in wrong[: given.errors]:
        print(f"\n{one['nct_id']} {one['polarity']} {one['made']}: {one['found']}")
        print(f"  {one['text'][:300]}\n  -> {one['sentence'][:300]}")


if __name__ == "__main__":
    main()
