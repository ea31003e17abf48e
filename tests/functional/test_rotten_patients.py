"""Whatever a document holds: a clear error, or patients of which nothing was guessed."""

import json

import pytest

from trialist.errors import TrialistError
from trialist.patient.facts import FactKind, Status
from trialist.patient.fhir import read_fhir
from trialist.patient.terms import check_measure

from support.fact_lines import DAY, TERMS, patient_lines
from support.rotten import rotten, sound


def check(seed):
    try:
        people = read_fhir(rotten(seed), TERMS, DAY)
    except TrialistError as error:
        assert error.message
        assert error.hint or error.code == "source_unreadable"
        return "refused"
    for patient in people:
        assert patient.birth is None or patient.birth.latest.year >= 1895
        assert patient.birth is None or patient.birth.earliest <= DAY
        for fact in patient.facts:
            if fact.kind is FactKind.MEASUREMENT and fact.id:
                assert check_measure(TERMS.variables[fact.id], fact.value, fact.unit).reason == "", fact
            if fact.date is not None and fact.status is not Status.PLANNED:
                assert fact.date.earliest is None or fact.date.earliest <= DAY
    return "read"


def test_the_sound_bundle_is_read_whole():
    (patient,) = read_fhir(json.dumps(sound()), TERMS, DAY)
    assert len(patient_lines(patient)) == 13
    assert [one.reason for one in patient.unresolved] == ["only-groups"]


def test_rotten_bundles():
    found = [check(seed) for seed in range(300)]
    assert found.count("refused") > 10
    assert found.count("read") > 100


@pytest.mark.heavy
def test_five_thousand_rotten_bundles():
    found = [check(seed) for seed in range(300, 5300)]
    assert found.count("read") > 2000


def test_two_days_of_birth_are_never_one():
    other = {"resourceType": "Patient", "id": "p", "birthDate": "1990-01-01"}
    for place in (0, 5, 13):
        found = sound()
        found["entry"].insert(place, {"resource": other})
        (patient,) = read_fhir(json.dumps(found), TERMS, DAY)
        assert patient.birth is None
        assert "contradiction" in {one.reason for one in patient.unresolved}
