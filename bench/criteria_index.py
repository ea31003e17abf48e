"""What parsing all criteria of a registry costs: processor time a study, beside the parse alone; memory; bytes; searches.

python bench/criteria_index.py --registry DIR [--workers 2] [--sample 300]

The registry must be there with its search index; its parsed criteria are made anew. The parse alone is timed on a sample in the
same run, so that what storing and telling add can be read from the ratio on any machine. Times are of the processor.
"""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import replace
from pathlib import Path

import orjson

from trialist.criteria.encode import encode_set
from trialist.criteria.mentions import mentions
from trialist.criteria.stance import read_voices
from trialist.criteria.told import tell_all
from trialist.criteria.witness import read_witness
from trialist.registry.criteria_index import build_criteria
from trialist.registry.criteria_table import criteria_directory
from trialist.registry.eligibility import criteria_of_study
from trialist.registry.registry import Registry
from trialist.registry.searching import Finder
from trialist.settings import read_settings

ALL = 600_000
QUESTIONS = (
    'AREA[CriterionAllows]"creatinine clearance 30 mL/min"',
    'AREA[CriterionExcludes]"prior MSC therapy"',
    'AREA[CriterionRequires]"ECOG <= 2"',
    'AREA[CriterionAllows]"age 4 years"',
    "AREA[ExclusionConcept]chemotherapy",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--registry", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--sample", type=int, default=300)
    asked = parser.parse_args()
    settings = replace(read_settings(registry=asked.registry), load_workers=asked.workers)
    parts = of_sample(asked.registry, asked.sample)
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    built = build_criteria(settings, full=True)
    seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    each = used / max(built.parsed, 1)
    print(
        f"{built.parsed:,} studies, {built.figures.get('criteria', 0):,} criteria, {len(built.problems)} problems"
    )
    print(f"build: {seconds:.1f} s with {asked.workers} processes, {each * 1000:.2f} ms of processor a study")
    print(
        f"  so {ALL:,} studies take {each * ALL / asked.workers / 60:.0f} min with {asked.workers} processes to themselves"
    )
    print(
        f"memory: at most {after.ru_maxrss / 1024:.0f} MB a worker, {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB here"
    )
    print(
        f"disk: {built.size / built.studies / 1024:.2f} kB a study, {built.size * ALL / built.studies / 1e9:.2f} GB for {ALL:,}"
    )
    whole = sum(parts.values())
    for name, spent in parts.items():
        print(f"  {name:<10} {spent * 1000:6.2f} ms a study, {spent / whole:5.1%}")
    print(f"what is added to the parse: {(whole - parts['parse']) / parts['parse']:.1%}")
    began = time.monotonic()
    assert build_criteria(settings).parsed == 0
    print(f"nothing to do: {(time.monotonic() - began) * 1000:.0f} ms")
    search(asked.registry)


def of_sample(directory: Path, count: int) -> dict[str, float]:
    """Seconds of the processor that each step takes for a study."""
    spent = dict.fromkeys(("parse", "voices", "tell", "mentions", "encode"), 0.0)
    with Registry(directory) as registry:
        studies = [one.study for _, one in zip(range(count), registry.scan(), strict=False)]
    for round_ in range(2):  # the first warms what is read once
        spent = dict.fromkeys(spent, 0.0)
        for study in studies:
            marks = [time.process_time()]
            found = criteria_of_study(study)
            marks.append(time.process_time())
            voices = read_voices(found, read_witness(study))
            marks.append(time.process_time())
            tell_all(voices)
            marks.append(time.process_time())
            mentions(found)
            marks.append(time.process_time())
            orjson.dumps(encode_set(found))
            marks.append(time.process_time())
            for name, first, last in zip(spent, marks, marks[1:], strict=False):
                spent[name] += last - first
        del round_
    return {name: total / max(len(studies), 1) for name, total in spent.items()}


def search(directory: Path) -> None:
    """How long searches over criteria take, the file being mapped already."""
    finder = Finder(directory)
    for question in QUESTIONS:
        best = float("inf")
        for _ in range(5):
            began = time.perf_counter()
            total = finder.select({"filter.advanced": question}).total
            best = min(best, time.perf_counter() - began)
        print(f"  {best * 1000:7.2f} ms  {total:>7,} found  {question}")
    print(f"  {sum(1 for _ in criteria_directory(directory).iterdir())} files")


if __name__ == "__main__":
    main()
