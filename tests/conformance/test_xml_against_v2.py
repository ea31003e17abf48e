"""The old XML against the API v2's own records of the same studies, with the same date of last update."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from trialist.errors import Where
from trialist.record import Study
from trialist.record.catalogue import order_keys
from trialist.record.check import check
from trialist.sources.ctgov_xml import convert_xml

from support.shared import needs_shared

BENCH = Path(__file__).resolve().parents[2] / "bench" / "xml_equivalence.py"
EACH = 60
"""Beside the pairs, every so manieth record is converted here; `bench/xml_equivalence.py --speed` takes all."""


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("xml_equivalence", BENCH)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@needs_shared
def test_real_records_are_those_of_v2(bench: ModuleType) -> None:
    known = bench.read_v2()
    tally = bench.Tally()
    unknown = []
    for number, (name, raw) in enumerate(bench.read_xml()):
        found = bench.same_update(raw, known[name]) if name in known else None
        if found is None and number % EACH:
            continue
        record, problems = convert_xml(raw, Where("studies.xml.tar.zst", name))
        assert record is not None, name
        unknown += [problem for problem in problems if problem.code.startswith("unknown")]
        unread = any(problem.code == "unreadable-value" for problem in problems)
        assert unread or not check(Study.from_record(record)), name
        assert repr(order_keys(record)) == repr(record), name
        if found is not None:
            tally.compare(name, record, found[0], old=found[1])
    assert tally.pairs >= 100
    assert tally.equal.total() >= 0.99 * tally.total.total()
    markup = [path for path in tally.total if path.endswith(("eligibilityCriteria", "briefSummary"))]
    assert sum(tally.equal[path] for path in markup) >= 0.98 * sum(tally.total[path] for path in markup)
    assert not unknown
