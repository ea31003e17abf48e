"""Studies side by side, and counts as bars."""

from __future__ import annotations

from datetime import date

import pytest

from trialist.demo.registry import generate_study
from trialist.record.study import Study
from trialist.views.bars import columns_of, filled_years, in_ranges, rows_of
from trialist.views.comparison import compared_rows

TODAY = date(2026, 6, 30)


def study(number: int) -> Study:
    return Study.from_record(generate_study(number))


def test_every_label_once_in_the_order_of_the_page() -> None:
    rows = compared_rows([study(number) for number in (0, 1, 2, 3)], TODAY)
    keys = [(row.part, row.label) for row in rows]
    assert len(keys) == len(set(keys))
    assert keys[0] == ("Sponsor", "Sponsor")
    assert all(len(row.cells) == 4 for row in rows)
    assert "Enrollment" in [label for _, label in keys]
    parts = [part for part, _ in keys]
    assert [part for place, part in enumerate(parts) if part not in parts[:place]] == [
        part for place, part in enumerate(parts) if place == 0 or parts[place - 1] != part
    ], "the rows of a part stand together"


def test_a_study_does_not_differ_from_itself() -> None:
    assert not any(row.is_different for row in compared_rows([study(0), study(0)], TODAY))
    assert any(row.is_different for row in compared_rows([study(0), study(1)], TODAY))
    assert compared_rows([], TODAY) == ()


@pytest.mark.parametrize(
    ("values", "ranges"),
    [
        ([], []),
        ([(0, 3)], [(0, 0, 3)]),
        ([(24, 1), (49, 2), (50, 1)], [(20, 49, 3), (50, 99, 1)]),
        ([(5, 1), (250_000, 2)], [(1, 9, 1), *((low, high, 0) for low, high in (
            (10, 19), (20, 49), (50, 99), (100, 199), (200, 499), (500, 999), (1_000, 4_999), (5_000, 9_999),
            (10_000, 99_999))), (100_000, None, 2)]),
    ],
)  # fmt: skip
def test_ranges_hold_every_value(
    values: list[tuple[int, int]], ranges: list[tuple[int, int | None, int]]
) -> None:
    found = in_ranges(values)
    assert list(found) == ranges
    assert sum(count for _, _, count in found) == sum(count for _, count in values)


def test_years_without_studies_are_shown_as_such() -> None:
    assert filled_years([(2020, 4), (2017, 1)]) == ((2017, 1), (2018, 0), (2019, 0), (2020, 4))
    assert len(filled_years([(1900, 1), (2030, 1)])) == 60
    assert filled_years([]) == ()


def test_bars_and_columns_are_to_scale() -> None:
    rows = rows_of([("A", 50, "/a"), ("B", 25, "")], 100)
    assert [(row.length, row.share) for row in rows] == [(100.0, 50.0), (50.0, 25.0)]
    columns = columns_of([("2020", 10, "/x"), ("2021", 0, ""), ("2022", 5, "/y")])
    assert columns is not None
    tall, none, half = columns.columns
    assert none.height == 0
    assert tall.height == pytest.approx(2 * half.height, abs=0.2)
    assert tall.y + tall.height == pytest.approx(half.y + half.height)
    assert columns_of([("2020", 0, "")]) is None
