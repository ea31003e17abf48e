"""Criteria of real records drawn at random, each with its text and its reading, for somebody to hold one against the other.

python bench/criteria_sample.py SEED N --registry DIR [--kind structured|aside]

`structured` draws one fully structured required criterion a study; `aside` one that decides nothing, or not for the patient: permissions, what only informs,
headers, lines about donors, carers, controls and sites. Studies of which a verdict stands in any criteria_*.tsv are left out, so every sample is
of studies that nobody has looked at. Nothing is written but to standard output.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Sequence
from pathlib import Path

from trialist.criteria import parse_criteria
from trialist.criteria.criterion import Criterion, Modality, Population
from trialist.criteria.nodes import Opaque, atoms
from trialist.registry.registry import Registry

_INVENTED = "NCT97"
_SPAN = re.compile(r"span=Span\([^)]*\),? ?")


def seen_studies() -> set[str]:
    """The studies that have been looked at before."""
    files = Path(__file__).parent.glob("criteria_*.tsv")
    return {found for one in files for found in re.findall(r"NCT\d{8}", one.read_text())}


def is_structured(one: Criterion) -> bool:
    """Whether a criterion is required and nothing in it is opaque."""
    return one.modality is Modality.REQUIRED and not any(isinstance(part, Opaque) for part in atoms(one.expr))


def is_aside(one: Criterion) -> bool:
    """Whether a criterion decides nothing about the patient."""
    return one.modality is not Modality.REQUIRED or one.population is not Population.PATIENT


def show(place: int, nct_id: str, one: Criterion, criteria: Sequence[Criterion]) -> str:
    """A criterion with its parent, words, reading and expression, for a reader."""
    parent = next((other.text for other in criteria if other.id == one.parent_id), "")
    lines = [
        f"## {place} {nct_id} {one.id} offset={one.spans[0].start} conf={one.confidence} counts={one.counts} {one.polarity.name} {one.modality.value}"
        f" {one.population} scope={one.scope} path={one.section_path} guard={'' if one.guard is None else one.guard} {[note for note in one.notes if note.startswith(('permission', 'doubt'))]}"
    ]
    lines += [f"PARENT: {parent[:300]!r}"] if parent else []
    lines += [
        f"TEXT: {one.text!r}",
        f"PLAIN: {one.plain}",
        f"EXPR: {_SPAN.sub('', repr(one.expr))[:1500]}",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the sample."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("seed", type=int)
    parser.add_argument("want", type=int)
    parser.add_argument("--registry", type=Path, required=True)
    parser.add_argument("--kind", choices=("structured", "aside"), default="structured")
    asked = parser.parse_args()
    wanted = is_structured if asked.kind == "structured" else is_aside
    rng, seen, got = random.Random(asked.seed), seen_studies(), 0
    with Registry(asked.registry) as registry:
        ids = [one.nct_id for one in registry.scan() if one.nct_id not in seen and one.nct_id < _INVENTED]
        rng.shuffle(ids)
        for nct_id in ids:
            if got >= asked.want:
                break
            study = registry.get(nct_id).study
            text = study["EligibilityCriteria"]
            criteria = parse_criteria(text, study).criteria if isinstance(text, str) else ()
            found = [one for one in criteria if wanted(one)]
            if found:
                got += 1
                print(show(got, nct_id, rng.choice(found), criteria))


if __name__ == "__main__":
    main()
