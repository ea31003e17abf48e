from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialist.patient.extents import DateRange, ValueRange
from trialist.patient.facts import (
    ANY,
    UNRESOLVED_REASONS,
    Fact,
    FactKind,
    Origin,
    Patient,
    Reference,
    Status,
    Unresolved,
    age_on,
    birth_from_age,
    index_facts,
    known_on,
)
from trialist.record.dates import PartialDate

HERE = Origin("form")


def measured(value="5", **more):
    return Fact(FactKind.MEASUREMENT, "alt", HERE, value=ValueRange.exactly(value), unit="U/L", **more)


@pytest.mark.parametrize(
    ("lower", "upper", "closed", "said"),
    [
        ("5", "5", (True, True), "5"),
        (None, "5", (True, False), "<5"),
        (None, "5", (True, True), "≤5"),
        ("5", None, (False, True), ">5"),
        ("5", None, (True, True), "≥5"),
        ("1.50", "2", (True, True), "1.50–2"),
        ("1", "2", (False, False), ">1–<2"),
        ("1E+3", "1E+3", (True, True), "1000"),
    ],
)
def test_a_value_is_said_as_it_is_known(lower, upper, closed, said):
    ends = [None if end is None else Decimal(end) for end in (lower, upper)]
    value = ValueRange(*ends, *closed)
    assert str(value) == said
    assert (value.exact is not None) == (lower == upper)


@pytest.mark.parametrize("ends", [(None, None), ("2", "1"), ("NaN", None), (None, "Infinity")])
def test_a_value_that_cannot_be_is_refused(ends):
    with pytest.raises(ValueError, match=r"bound|number"):
        ValueRange(*(None if end is None else Decimal(end) for end in ends))


def test_a_point_without_itself_is_refused():
    with pytest.raises(ValueError, match="no number"):
        ValueRange(Decimal(1), Decimal(1), upper_inclusive=False)


@pytest.mark.parametrize(
    ("dates", "said"),
    [
        (DateRange.on(date(2024, 3, 1)), "2024-03-01"),
        (DateRange.of(PartialDate(2024, 2)), "2024-02"),
        (DateRange.of(PartialDate(2024)), "2024"),
        (DateRange(None, date(2019, 12, 31)), "until 2019-12-31"),
        (DateRange(date(2019, 1, 2), None), "from 2019-01-02"),
        (DateRange(date(2019, 1, 2), date(2019, 1, 9)), "2019-01-02 to 2019-01-09"),
    ],
)
def test_a_date_is_said_as_it_is_known(dates, said):
    assert str(dates) == said


@pytest.mark.parametrize(
    "ends",
    [(None, None), (date(2020, 1, 2), date(2020, 1, 1)), (date(1700, 1, 1), None), (None, date(9999, 1, 1))],
)
def test_a_date_that_cannot_be_is_refused(ends):
    with pytest.raises(ValueError, match=r"date|day"):
        DateRange(*ends)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Fact(FactKind.CONDITION, "", HERE),
        lambda: Fact(FactKind.CONDITION, "Graft failure", HERE),
        lambda: Fact(FactKind.MEASUREMENT, "alt", HERE),
        lambda: Fact(FactKind.GRADE, "ecog", HERE),
        lambda: Fact(FactKind.RESULT, "hbsag", HERE),
        lambda: Fact(FactKind.CONDITION, "gvhd", HERE, reference=Reference(high=Decimal(1))),
        lambda: measured(moment=datetime(2024, 1, 1)),  # noqa: DTZ001  # a moment without its zone is what is refused
        lambda: measured(date=DateRange.on(date(2024, 1, 2)), end=DateRange.on(date(2024, 1, 1))),
        lambda: Reference(),
        lambda: Reference(Decimal(2), Decimal(1)),
        lambda: Origin(""),
        lambda: Origin("note", quote="abc", start=2, end=4),
        lambda: Unresolved(HERE, "because", "no"),
        lambda: Unresolved(HERE, "no-code", ""),
        lambda: Patient(death=DateRange.on(date(2024, 1, 1))),
        lambda: Patient(
            birth=DateRange.on(date(2024, 1, 2)), is_dead=True, death=DateRange.on(date(2024, 1, 1))
        ),
        lambda: Patient(first_seen=date(2024, 1, 2), last_seen=date(2024, 1, 1)),
        lambda: birth_from_age(200, 200, "a", DateRange.on(date(2024, 1, 1))),
        lambda: birth_from_age(3, 2, "a", DateRange.on(date(2024, 1, 1))),
        lambda: birth_from_age(1, 1, "h", DateRange.on(date(2024, 1, 1))),
        lambda: age_on(DateRange.on(date(2020, 1, 1)), date(2024, 1, 1), "h"),
    ],
)
def test_values_refuse_nonsense_when_built(build):
    with pytest.raises(ValueError, match=r"\w"):
        build()


def test_a_fact_by_its_words_is_not_resolved_and_absence_of_everything_is_a_fact():
    assert not Fact(FactKind.CONDITION, "", HERE, surface="Quux syndrome").is_resolved
    assert Fact(FactKind.ALLERGY, ANY, HERE, negated=True).is_resolved
    assert Fact(FactKind.RESULT, "hbsag", HERE, negated=True).outcome == ""


def test_facts_are_found_by_kind_and_id():
    one, two, other = measured("1"), measured("2"), Fact(FactKind.CONDITION, "gvhd", HERE)
    assert index_facts([one, other, two]) == {
        (FactKind.MEASUREMENT, "alt"): [one, two],
        (FactKind.CONDITION, "gvhd"): [other],
    }


def test_what_happened_or_was_written_later_is_not_known():
    day = date(2024, 3, 10)
    later = DateRange.on(date(2024, 3, 11))
    month = DateRange.of(PartialDate(2024, 3))
    assert known_on(measured(), day)
    assert known_on(measured(date=month), day)
    assert not known_on(measured(date=later), day)
    assert not known_on(measured(recorded=later), day)
    assert known_on(Fact(FactKind.EXPOSURE, "surgery", HERE, date=later, status=Status.PLANNED), day)


@pytest.mark.parametrize(
    ("birth", "unit", "age"),
    [
        (DateRange.on(date(1980, 6, 1)), "a", "45"),
        (DateRange.on(date(1980, 6, 2)), "a", "44"),
        (DateRange.of(PartialDate(1980)), "a", "44–45"),
        (DateRange(None, date(2000, 1, 1)), "a", "≥25"),
        (DateRange(date(2000, 6, 2), None), "a", "0–24"),
        (DateRange.on(date(2025, 4, 30)), "mo", "1"),
        (DateRange.on(date(2025, 5, 17)), "wk", "2"),
        (DateRange.on(date(2025, 5, 17)), "d", "15"),
        (DateRange(date(2025, 5, 30), date(2025, 6, 30)), "d", "0–2"),
    ],
)
def test_age_on_a_day(birth, unit, age):
    assert str(age_on(birth, date(2025, 6, 1), unit)) == age


def test_nobody_has_an_age_before_birth():
    assert age_on(DateRange.on(date(2025, 6, 2)), date(2025, 6, 1)) is None


def test_born_on_the_29th_of_february_one_is_a_year_older_on_the_first_of_march():
    birth = DateRange.on(date(2004, 2, 29))
    assert [str(age_on(birth, date(2022, *day))) for day in ((2, 28), (3, 1))] == ["17", "18"]


@given(
    st.dates(date(1950, 1, 1), date(2100, 1, 1)), st.integers(0, 90), st.sampled_from(["a", "mo", "wk", "d"])
)
def test_a_birth_from_an_age_is_that_age_again_and_nobody_just_outside_it_is(day, count, unit):
    birth = birth_from_age(count, count, unit, DateRange.on(day))
    assert age_on(birth, day, unit).exact == count
    before = DateRange.on(date.fromordinal(birth.earliest.toordinal() - 1))
    assert age_on(before, day, unit).exact == count + 1
    if count:
        after = DateRange.on(date.fromordinal(birth.latest.toordinal() + 1))
        assert age_on(after, day, unit).exact == count - 1


def test_a_moment_has_a_zone_and_reasons_are_sentences():
    assert measured(moment=datetime(2024, 1, 1, tzinfo=UTC)).moment is not None
    assert all(reason == reason.lower() and words for reason, words in UNRESOLVED_REASONS.items())
