"""What becomes of lines that decide nothing by themselves, and of what stands below them: heads, headings, permissions, notes."""

from __future__ import annotations

from trialist.criteria import parse_criteria
from trialist.criteria.criterion import Criterion
from trialist.criteria.permissions import CONDITIONAL

from support.cases import Case, each_case


@each_case("criteria_heads.toml")
def test_what_is_asked_is_not_dropped(case: Case):
    assert [_told(one) for one in parse_criteria(case.input).criteria] == case.expect, case.why


def _told(one: Criterion) -> str:
    counts, is_open = "!" if one.counts else "", "*" if CONDITIONAL in one.notes else ""
    return f"{one.id} {one.modality.value}{counts}{is_open}: {one.plain}"
