"""What the table of parsed criteria finds is what the judge finds straight from the texts; and what is unknown is never allowed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

from trialist.demo import generate_study
from trialist.query.context import Context
from trialist.query.render import render_query
from trialist.query.run import Evaluation
from trialist.query.scan import matches

from support.criteria import generate_asked, write_criteria
from support.searching import Pair
from support.shared import REGISTRY, iter_lines, needs_shared


def compare(directory: Path, records: Sequence[dict[str, Any]], queries: int, seed: int) -> int:
    """The hits of generated questions, which the index and the judge agree on."""
    pair = Pair(directory / "segment", records)
    table = write_criteria(directory / "criteria", records)
    rng, hits = Random(seed), 0
    for _ in range(queries):
        node = generate_asked(rng, records)
        evaluation = Evaluation(pair.segment, pair.thesaurus, criteria=table)
        found = evaluation.studies(node, Context("BasicSearch")).tolist()
        for number, is_found in zip(pair.numbers, found, strict=True):
            judged = matches(pair.records[number], node, "BasicSearch", pair.thesaurus)
            hits += judged
            assert is_found == judged, f"{render_query(node)} on NCT{number:08d}: the judge says {judged}"
    return hits


def test_the_table_finds_what_the_judge_finds(tmp_path: Path) -> None:
    records = [generate_study(number, seed=5) for number in range(20)]
    assert compare(tmp_path, records, 60, 3) > 60


@needs_shared
@pytest.mark.heavy
def test_the_table_finds_what_the_judge_finds_on_real_texts(tmp_path: Path) -> None:
    records = []
    for line in iter_lines(REGISTRY / "studies.v2.ndjson.zst"):
        if len(line) < 30_000:
            records.append(orjson.loads(line))
        if len(records) == 40:
            break
    assert compare(tmp_path, records, 100, 8) > 150
