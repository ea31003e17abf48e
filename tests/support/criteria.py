"""Parsed criteria of a few studies beside their index, and questions made of what the criteria say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import orjson

from trialist.criteria import parse_criteria
from trialist.criteria.asking import NotAsked, name_of
from trialist.criteria.lexicon import scales, tables
from trialist.criteria.nodes import Ordinal, Quantity, atoms
from trialist.criteria.subjects import AGE, id_of, is_measured
from trialist.index.criteria_chunk import chunk_name, write_chunk
from trialist.index.criteria_table import CriteriaTable, open_chunks, swap_in
from trialist.query.areas import CRITERION_AREAS
from trialist.query.criterion_areas import read_term
from trialist.query.nodes import And, Area, Node, Not, Or, Term
from trialist.record.study import Study
from trialist.registry.criteria_index import parse_stored

Record = Mapping[str, Any]
STAMP = "test"


def write_criteria(directory: Path, records: Sequence[Record], *, chunk: int = 25) -> CriteriaTable:
    """The table of the criteria of some studies; a study's version is its number."""
    directory.mkdir(parents=True, exist_ok=True)
    by_number = {int(one["protocolSection"]["identificationModule"]["nctId"][3:]): one for one in records}
    numbers = sorted(by_number)
    for first in range(0, len(numbers), chunk):
        part = numbers[first : first + chunk]
        parsed = [parse_stored(number, number, orjson.dumps(by_number[number])) for number in part]
        write_chunk(directory, chunk_name(STAMP, [(number, number) for number in part]), STAMP, parsed)
    swap_in(directory, STAMP, open_chunks(directory, STAMP), {number: number for number in numbers})
    return CriteriaTable(directory)


def generate_asked(rng: Random, records: Sequence[Record], depth: int = 2) -> Node:
    """A question about criteria, most of them about what some study's criteria say."""
    if depth and rng.random() < 0.4:
        below = tuple(generate_asked(rng, records, depth - 1) for _ in range(rng.choice((2, 2, 3))))
        kind = rng.choice((And, Or))
        return kind(
            tuple(one for each in below for one in (each.operands if isinstance(each, kind) else (each,)))
        )
    if depth and rng.random() < 0.2:
        return Not(generate_asked(rng, records, depth - 1))
    while True:
        area = rng.choice(list(CRITERION_AREAS))
        text = read_term(area, _words(rng, records))
        if not isinstance(text, NotAsked):
            return Area(area, Term(text, quoted=True))


def _words(rng: Random, records: Sequence[Record]) -> str:
    study = Study.from_record(rng.choice(records))
    text = study["EligibilityCriteria"]
    found = parse_criteria(text if isinstance(text, str) else None, study)
    said = [atom for one in found.criteria for atom in atoms(one.expr) if id_of(atom)]
    sign = rng.choice(("", "", ">= ", "<= ", "> ", "< "))
    if not said or rng.random() < 0.1:
        kind = rng.choice(list(tables()))
        return rng.choice(list(tables()[kind]))
    atom = rng.choice(said)
    subject = id_of(atom)
    if subject == AGE:
        return f"age {sign}{rng.choice((0, 2, 17, 18, 40, 65, 70, 75, 90))} {rng.choice(('years', 'months'))}"
    if isinstance(atom, Ordinal):
        return f"{name_of(subject)} {sign}{rng.choice(scales()[subject]['steps'])}"
    if isinstance(atom, Quantity):
        end = atom.interval.lower if atom.interval.lower is not None else atom.interval.upper
        assert end is not None
        value = end * rng.choice((1, 1, 1, 2)) + rng.choice((0, 0, 1))
        unit = {"xULN": "x ULN", "xLLN": "x LLN"}.get(str(atom.basis), atom.unit)
        return f"{subject} {sign}{value:f} {unit}"
    return subject if rng.random() < 0.8 or is_measured(subject) else f"no {subject}"
