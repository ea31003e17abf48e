"""The index finds exactly what the judge finds: on invented studies, and on real ones where they are there."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import orjson
import pytest

from trialist.demo import generate_study
from trialist.query.render import render_query

from support.queries import generate_query
from support.searching import Pair
from support.shared import REGISTRY, iter_lines, needs_shared

PAIRS = int(os.environ.get("TRIALIST_PAIRS", "20000"))
"""(query, study) pairs that are compared; a long run asks for a million, with another `TRIALIST_SEED`."""

SEED = int(os.environ.get("TRIALIST_SEED", "4"))


def compare(pair: Pair, rng: Random, pairs: int) -> tuple[int, int]:
    """Generated queries until so many pairs are compared; how many there were and how many the judge found."""
    compared = hits = 0
    records = list(pair.records.values())
    while compared < pairs:
        area, node = generate_query(rng, records)
        for number, found in zip(pair.numbers, pair.found(node, area), strict=True):
            compared += 1
            judged = pair.judged(node, area, number)
            hits += judged
            assert found == judged, (
                f"{area}: {render_query(node)} on NCT{number:08d}: the judge says {judged}"
            )
    return compared, hits


@pytest.mark.heavy
def test_the_index_finds_what_the_judge_finds(tmp_path: Path) -> None:
    # Few studies and many queries: each of the studies is small, so that no hour goes by.
    records = [generate_study(number, seed=11) for number in range(120)]
    small = sorted(records, key=lambda record: len(str(record)))[:70]
    compared, hits = compare(Pair(tmp_path / "segment", small), Random(SEED), PAIRS)
    assert compared >= PAIRS
    assert hits > compared // 20  # the queries are made from the studies: many of them find something


@needs_shared
def test_the_index_finds_what_the_judge_finds_on_real_records(tmp_path: Path) -> None:
    records = []
    for line in iter_lines(REGISTRY / "studies.v2.ndjson.zst"):
        if len(line) < 20_000:
            records.append(orjson.loads(line))
        if len(records) == 60:
            break
    compare(Pair(tmp_path / "segment", records), Random(9), 1_500)
