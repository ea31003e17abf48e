"""Several documents about one person: nothing is lost, and nothing is chosen where they contradict each other."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from trialist.patient.extents import DateRange
from trialist.patient.facts import Origin, Patient, Sex, Unresolved
from trialist.patient.joining import join_patients

from support.patients import fact


def days(first: str, last: str) -> DateRange:
    return DateRange(date.fromisoformat(first), date.fromisoformat(last))


def test_one_patient_stays_as_it_is():
    one = Patient((fact("measurement alt 95 unit=U/L"),), label="A")
    assert join_patients([one]) is one


def test_facts_and_what_was_not_read_are_all_kept():
    listed = Unresolved(Origin("note"), "no-code", "x")
    one = Patient((fact("measurement alt 95 unit=U/L"),), first_seen=date(2026, 1, 5), label="A")
    two = Patient(
        (fact("no condition malignancy"), fact("measurement alt 95 unit=U/L")),
        sex=Sex.MALE,
        unresolved=(listed,),
        first_seen=date(2026, 1, 1),
        last_seen=date(2026, 2, 1),
    )
    found = join_patients([one, two])
    assert found.facts == (*one.facts, two.facts[0])
    assert (found.sex, found.unresolved, found.label) == (Sex.MALE, (listed,), "A")
    assert (found.first_seen, found.last_seen) == (date(2026, 1, 1), date(2026, 2, 1))


def test_births_that_overlap_are_narrowed():
    year, day = days("1980-01-01", "1980-12-31"), days("1980-06-01", "1980-06-01")
    found = join_patients([Patient(birth=year), Patient(birth=day), Patient()])
    assert (found.birth, found.unresolved) == (day, ())


def test_contradictions_are_listed_and_nothing_is_chosen():
    one = Patient(birth=days("1980-01-01", "1980-12-31"), sex=Sex.MALE, is_dead=False)
    two = Patient(
        birth=days("1990-01-01", "1990-12-31"),
        sex=Sex.FEMALE,
        is_dead=True,
        death=days("2026-01-01", "2026-01-01"),
    )
    found = join_patients([one, two])
    assert (found.birth, found.sex, found.is_dead, found.death) == (None, None, None, None)
    assert [one.reason for one in found.unresolved] == ["contradiction"] * 3


def test_a_death_before_the_birth_is_listed():
    one = Patient(birth=days("1990-01-01", "1990-12-31"))
    two = Patient(is_dead=True, death=days("1985-01-01", "1985-12-31"))
    found = join_patients([one, two])
    assert (found.is_dead, found.death) == (True, None)
    assert len(found.unresolved) == 1


BIRTHS = st.one_of(
    st.none(),
    st.tuples(st.dates(date(1900, 1, 1), date(2020, 1, 1)), st.integers(0, 4000)).map(
        lambda pair: DateRange(pair[0], date.fromordinal(pair[0].toordinal() + pair[1]))
    ),
)
PATIENTS = st.builds(Patient, birth=BIRTHS, sex=st.sampled_from([None, *Sex]))


@given(st.lists(PATIENTS, min_size=1, max_size=4))
def test_the_order_of_documents_decides_nothing_about_the_person(parts):
    one, other = join_patients(parts), join_patients(parts[::-1])
    assert (one.birth, one.sex) == (other.birth, other.sex)
    for part in parts:
        if one.birth is not None and part.birth is not None:
            assert part.birth.earliest <= one.birth.earliest
            assert one.birth.latest <= part.birth.latest
