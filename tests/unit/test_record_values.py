from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialist.record import (
    Age,
    AgeUnit,
    GeoPoint,
    PartialDate,
    Unparsed,
    parse_age,
    parse_nct_id,
    parse_partial_date,
)
from trialist.record.dates import parse_minutes
from trialist.record.nct_id import is_canonical_nct_id, nct_id_of, nct_number

from support.cases import Case, each_case


@each_case("partial_dates.toml")
def test_partial_dates(case: Case) -> None:
    found = parse_partial_date(case.input)
    if case.expect == "unparsed":
        assert isinstance(found, Unparsed), case.why
        assert found.raw == case.input
    else:
        assert isinstance(found, PartialDate), case.why
        assert [str(found), str(found.earliest), str(found.latest)] == case.expect, case.why


@given(st.dates())
def test_every_day_of_the_calendar_is_read_back(day):
    found = parse_partial_date(day.isoformat())
    assert isinstance(found, PartialDate)
    assert found.earliest == found.latest == day
    assert found.is_full


def test_dates_refuse_nonsense_and_sort_the_less_exact_first():
    with pytest.raises(ValueError, match="needs a month"):
        PartialDate(2024, 0, 3)
    with pytest.raises(ValueError, match="day"):
        PartialDate(2024, 2, 30)
    assert sorted([PartialDate(2024, 1, 1), PartialDate(2024), PartialDate(2024, 1)]) == [
        PartialDate(2024),
        PartialDate(2024, 1),
        PartialDate(2024, 1, 1),
    ]


@pytest.mark.parametrize(
    ("text", "good"),
    [("2020-05-06T18:45", True), ("2020-05-06T24:45", False), ("2020-05-06", False), (None, False)],
)
def test_minutes(text, good):
    found = parse_minutes(text)
    assert isinstance(found, datetime if good else Unparsed)


@each_case("ages.toml")
def test_ages(case: Case) -> None:
    found = parse_age(case.input)
    if case.expect == "unparsed":
        assert isinstance(found, Unparsed), case.why
    else:
        assert isinstance(found, Age), case.why
        assert [str(found), str(found.days)] == case.expect, case.why


def test_an_age_is_not_negative():
    with pytest.raises(ValueError, match="negative"):
        Age(-1, AgeUnit.DAY)


@pytest.mark.parametrize("lat, lon", [(91, 0), (0, 181), (-90.1, 0), (float("nan"), 0)])
def test_a_point_off_the_sphere_is_refused(lat, lon):
    with pytest.raises(ValueError, match="sphere"):
        GeoPoint(lat, lon)


def test_an_unparsed_value_says_why():
    with pytest.raises(ValueError, match="reason"):
        Unparsed("x", "")
    assert str(Unparsed(5, "because")) == "5"


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("NCT06321198", "NCT06321198"),
        ("nct06321198", "NCT06321198"),
        ("NCT6321198", "NCT06321198"),
        (" Nct006321198 ", "NCT06321198"),
        ("NCT00000000", None),
        ("NCT123456789", None),
        ("06321198", None),
        ("NCT0632119a", None),
        ("", None),
        (None, None),
        (6321198, None),
    ],
)
def test_nct_ids(text, expect):
    assert parse_nct_id(text) == expect


@given(st.integers(1, 99_999_999))
def test_numbers_and_ids_are_the_same_thing(number):
    nct_id = nct_id_of(number)
    assert is_canonical_nct_id(nct_id)
    assert nct_number(nct_id) == number


def test_no_id_beyond_eight_digits():
    with pytest.raises(ValueError, match="NCT id"):
        nct_id_of(100_000_000)
