"""Parsed criteria that were kept are the same values when they are read again."""

from __future__ import annotations

import orjson
import pytest

from trialist.criteria import parse_criteria
from trialist.criteria.decode import decode_set
from trialist.criteria.encode import encode_set
from trialist.demo import generate_study
from trialist.record import Study
from trialist.registry.eligibility import criteria_of_study

from support.shared import REGISTRY, iter_lines, needs_shared
from support.trials import TEXTS


@pytest.mark.parametrize("text", [*TEXTS.values(), "", None, "No headings, age over 18."])
def test_texts_come_back(text: str | None):
    found = parse_criteria(text)
    assert decode_set(orjson.loads(orjson.dumps(encode_set(found)))) == found


def test_invented_studies_come_back():
    for number in range(40):
        found = criteria_of_study(Study.from_record(generate_study(number)))
        assert decode_set(orjson.loads(orjson.dumps(encode_set(found)))) == found


@needs_shared
def test_real_studies_come_back():
    for place, line in enumerate(iter_lines(REGISTRY / "studies.v2.ndjson.zst")):
        if place % 40 == 0:
            found = criteria_of_study(Study.from_json(line))
            assert decode_set(orjson.loads(orjson.dumps(encode_set(found)))) == found
