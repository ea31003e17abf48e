"""A match by the registry's net of criteria finds what the judge finds, looking at every trial."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generative.test_evaluation_properties import AS_OF, FACTS, MORE, PEOPLE
from trialist.demo import generate_study
from trialist.evaluation.policy import NARRATIVE, SCREENING, STRICT, Policy
from trialist.patient.extents import DateRange
from trialist.patient.facts import Patient
from trialist.record import GeoPoint
from trialist.registry.criteria_index import build_criteria
from trialist.registry.criteria_net import net_directory
from trialist.registry.criteria_sets import CriteriaSets
from trialist.registry.judging import Asked
from trialist.registry.match import Matched, match
from trialist.registry.match_told import matched_json
from trialist.registry.net_building import build_net
from trialist.registry.registry import Registry
from trialist.registry.searching import Finder

from support.loading import load
from support.loading import settings as registry_settings
from support.patients import fact
from support.serving import make_registry
from support.trials import TEXTS

EVERYTHING = 10_000
ALLOWED = """Inclusion Criteria:

* Age 18 to 75 years
* Hemoglobin > 80 g/L, or > 100 g/L within 4 weeks
* ALT or AST < 2.5 x ULN
* Able to walk without help
* Access to the internet

Exclusion Criteria:

* Infection
* Patients with hepatitis B or healthy hepatitis C carriers are eligible
* Malignancy within 5 years
* Patients with basal cell carcinoma, or with non-metastatic lung cancer, may be enrolled
* Any concomitant disease
* Subjects who are healthy are allowed
* Current use of immunosuppressants
* Tacrolimus is permitted
* Unable to swallow tablets
"""
WORDY = tuple(
    fact(line)
    for line in (
        "condition healthy active",
        "condition - active words=acute_GVHD",
        "condition - active words=Infection",
        "exposure - active words=tacrolimus on=2026-03-01",
        "condition basal_cell_carcinoma active on=2026-02-01",
        "measurement hemoglobin 90 unit=g/L on=2026-03-08",
        "measurement alt 95 unit=U/L high=40 on=2026-03-08",
        "attestation ability words=walk_without_help",
        "attestation ability words=swallow_tablets",
        "no attestation ability words=swallow_tablets",
        "attestation access words=internet",
        "attestation ability words=ability",
    )
)
"""Facts known by their words alone, what a text permits, values between thresholds, and what a person says of one ability."""
WIDER = st.builds(
    lambda who, more: replace(who, facts=(*who.facts, *more)),
    PEOPLE,
    st.lists(st.sampled_from(WORDY), max_size=4, unique_by=id),
)


def studies() -> Iterator[bytes]:
    """Invented studies that take people; some have the texts with the traps, cohorts, permissions and ages that differ."""
    extra = [*TEXTS.values(), MORE, ALLOWED, "Age over 18. No cancer.", ""]
    for number in range(60):
        found: dict[str, Any] = generate_study(number)
        protocol = found["protocolSection"]
        protocol["statusModule"]["overallStatus"] = "COMPLETED" if number % 10 == 9 else "RECRUITING"
        for site in protocol.get("contactsLocationsModule", {}).get("locations", []):
            site["status"] = "RECRUITING"
        if number % 4 == 0:
            protocol["eligibilityModule"]["eligibilityCriteria"] = extra[number // 4 % len(extra)]
        if number % 12 == 0:
            protocol["eligibilityModule"]["healthyVolunteers"] = False
        if number % 8 == 0:
            protocol["eligibilityModule"] |= {
                "minimumAge": "17 Years",
                "maximumAge": "36 Years",
                "sex": "ALL",
            }
        yield orjson.dumps(found)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = make_registry(tmp_path_factory.mktemp("net") / "registry", *studies())
    build_criteria(registry_settings(found))
    built = build_net(registry_settings(found))
    assert (built.trials, built.is_new) == (54, True)
    assert not build_net(registry_settings(found)).is_new
    return found


@pytest.fixture(scope="module")
def finder(directory: Path) -> Finder:
    return Finder(directory)


@pytest.fixture(scope="module")
def registry(directory: Path) -> Iterator[Registry]:
    with Registry(directory) as opened:
        yield opened


def found_by(finder: Finder, registry: Registry, who: Patient, asked: Asked) -> Matched:
    return match(finder, registry.get, who, asked, CriteriaSets(finder.criteria).of_stored)


def without_net(finder: Finder) -> Finder:
    found = finder.forgetful()
    vars(found)["net"] = None
    return found


ASKED = st.builds(
    Asked,
    as_of=st.just(AS_OF),
    policy=st.sampled_from([STRICT, SCREENING]),
    near=st.sampled_from([None, GeoPoint(48.1, 11.6)]),
    most=st.sampled_from([3, 100]),
    candidates=st.just(EVERYTHING),
    anything=st.just(True),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(who=WIDER, asked=ASKED)
def test_the_same_is_found(finder: Finder, registry: Registry, who: Patient, asked: Asked):
    assert finder.net is not None
    fast = found_by(finder, registry, who, asked)
    slow = found_by(without_net(finder), registry, who, asked)
    assert matched_json(fast, AS_OF, "", who) == matched_json(slow, AS_OF, "", who)
    assert fast.looked == 54


@pytest.mark.parametrize("policy", [STRICT, SCREENING])
def test_the_same_of_the_dead_and_of_whoever_has_every_fact(finder, registry, policy: Policy):
    asked = Asked(AS_OF, policy, most=60, candidates=EVERYTHING, anything=True)
    born = DateRange.on(AS_OF.replace(year=2009, month=6))
    for who in (
        Patient(is_dead=True),
        Patient(is_dead=True, death=DateRange.on(AS_OF)),
        Patient(FACTS, born),
        Patient(birth=born),
        Patient(WORDY, DateRange.on(AS_OF.replace(year=1980))),
        *(Patient((one,), DateRange.on(AS_OF.replace(year=1980))) for one in WORDY),
    ):
        fast, slow = (found_by(one, registry, who, asked) for one in (finder, without_net(finder)))
        assert matched_json(fast, AS_OF, "", who) == matched_json(slow, AS_OF, "", who)


def test_a_study_that_has_changed_is_judged(tmp_path: Path):
    records = list(studies())[:5]
    directory = make_registry(tmp_path / "registry", *records)
    build_criteria(registry_settings(directory))
    build_net(registry_settings(directory))
    changed = orjson.loads(records[1])
    changed["protocolSection"]["eligibilityModule"]["eligibilityCriteria"] = (
        "Inclusion Criteria:\n\n* Age > 80 years"
    )
    changed["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"] = {
        "date": "2029-03-01",
        "type": "ACTUAL",
    }
    make_registry(tmp_path / "registry", orjson.dumps(changed))
    finder = Finder(directory)
    who, asked = Patient(birth=DateRange.on(AS_OF.replace(year=1980))), Asked(AS_OF, anything=True)
    with Registry(directory) as registry:
        fast = found_by(finder, registry, who, asked)
        assert matched_json(fast, AS_OF, "", who) == matched_json(
            found_by(without_net(finder), registry, who, asked), AS_OF, "", who
        )
        told = found_by(finder, registry, who, replace(asked, candidates=0))
        assert told.looked == 4
        assert "have changed since the net" in told.notes[0]
        assert build_net(registry_settings(directory)).is_new


def test_what_cannot_be_used_is_told(directory: Path, finder: Finder, registry: Registry):
    asked = Asked(AS_OF, candidates=2, anything=True)
    found = found_by(without_net(finder), registry, Patient(), asked)
    assert (found.found, found.looked) == (54, 2)
    assert "there is no net of their criteria" in found.notes[0]
    found = found_by(finder, registry, Patient(), replace(asked, policy=NARRATIVE))
    assert (found.looked, "the policy narrative" in found.notes[0]) == (2, True)
    current = net_directory(directory) / "current.json"
    kept = current.read_bytes()
    try:
        current.write_bytes(kept.replace(b'"stamp":"', b'"stamp":"other'))
        assert Finder(directory).net is None
        current.write_bytes(b"{")
        assert Finder(directory).net is None
    finally:
        current.write_bytes(kept)


def test_a_finder_follows_the_net(tmp_path: Path):
    directory = make_registry(tmp_path / "registry", *list(studies())[:3])
    finder = Finder(directory)
    assert finder.net is None
    build_net(registry_settings(directory))
    assert finder.refreshed().net is not None
    load(directory, tmp_path / "registry.ndjson")
