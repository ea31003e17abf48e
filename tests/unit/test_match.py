"""A patient against a small registry: which trials, in which order, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from trialist.criteria import parse_criteria
from trialist.criteria.open_words import by_its_end
from trialist.criteria.tokens import sort_of
from trialist.criteria.witness import Witness
from trialist.errors import InvalidParameterError
from trialist.evaluation.evaluate import evaluate
from trialist.evaluation.policy import SCREENING
from trialist.evaluation.verdict import Class
from trialist.patient.facts import Patient
from trialist.record import GeoPoint
from trialist.registry.criteria_sets import CriteriaSets
from trialist.registry.judging import Asked, Match, telling_facts
from trialist.registry.match import Matched, explain, match
from trialist.registry.match_told import as_page, explained_markdown, matched_json, matched_markdown
from trialist.registry.patients import read_patients
from trialist.registry.registry import Registry
from trialist.registry.screen import screen
from trialist.registry.searching import Finder

from support.patients import patient
from support.records import record
from support.serving import make_registry

AS_OF = date(2026, 3, 10)
ASKED = Asked(AS_OF)
GVHD = ["Graft Versus Host Disease"]


def study(
    number: int,
    text: str,
    *,
    conditions: list[str] = GVHD,
    status: str = "RECRUITING",
    city: str = "",
    **more: Any,
) -> bytes:
    found = record(number)
    protocol = found["protocolSection"]
    protocol["conditionsModule"] = {"conditions": conditions}
    protocol["statusModule"]["overallStatus"] = status
    protocol["eligibilityModule"] = {"eligibilityCriteria": text, "sex": "ALL", **more}
    places = {"Munich": (48.14, 11.58), "Hamburg": (53.55, 9.99)}
    if city:
        lat, lon = places[city]
        protocol["contactsLocationsModule"] = {
            "locations": [
                {
                    "facility": "A hospital",
                    "city": city,
                    "country": "Germany",
                    "status": "RECRUITING",
                    "geoPoint": {"lat": lat, "lon": lon},
                }
            ]
        }
    return orjson.dumps(found)


def text(*, inclusion: str = "", exclusion: str = "") -> str:
    parts = [("Inclusion Criteria:", inclusion), ("Exclusion Criteria:", exclusion)]
    return "\n\n".join(f"{head}\n\n* {said}" for head, said in parts if said)


STUDIES = [
    study(
        1,
        text(inclusion="Age 18 years or older\n* Acute GVHD", exclusion="Platelets < 20 x 10^9/L"),
        city="Hamburg",
    ),
    study(2, text(inclusion="Age 18 years or older", exclusion="ALT > 2 x ULN")),
    study(3, text(inclusion="Platelets >= 50 x 10^9/L"), city="Munich"),
    study(4, text(inclusion="Age 18 years or older\n* Written informed consent")),
    study(5, text(inclusion="Age 18 years or older\n* Acute GVHD"), status="COMPLETED"),
    study(6, text(exclusion="Rituximab within 3 months before enrollment")),
    study(7, text(exclusion="ALT > 2 x ULN"), minimumAge="43 Years"),
    study(8, text(inclusion="Age 18 years or older"), conditions=["Asthma"]),
    study(9, "", conditions=GVHD),
]
FACTS = [
    "condition acute_gvhd active on=2026-02-10",
    "measurement platelets 48 unit=10*9/L on=2026-03-09",
    "exposure rituximab ended on=2026-01-01 until=2026-01-15",
]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_registry(tmp_path_factory.mktemp("match") / "registry", *STUDIES)


@pytest.fixture(scope="module")
def registry(directory: Path) -> Iterator[Registry]:
    with Registry(directory) as opened:
        yield opened


def person(*more: str, born: str = "1984-05-01") -> Patient:
    return patient({"born": born, "sex": "male", "facts": [*FACTS, *more]})


def matched(directory: Path, registry: Registry, who: Patient, asked: Asked = ASKED) -> Matched:
    finder = Finder(directory)
    return match(finder, registry.get, who, asked, CriteriaSets(finder.criteria).of_stored)


def of(found: Matched, number: int) -> Match:
    return next(one for one in found.matches if one.verdict.nct_id == f"NCT99{number:06d}")


def test_candidates_are_open_and_about_the_condition(directory, registry):
    found = matched(directory, registry, person())
    ids = {int(one.verdict.nct_id[-2:]) for one in found.matches}
    assert ids == {1, 2, 3, 4, 6, 7, 9}, "completed and other conditions are not candidates"
    assert (found.found, found.looked) == (7, 7)
    assert found.asked == ("acute GVHD",)


def test_the_order_is_by_class_and_each_place_says_why(directory, registry):
    found = matched(directory, registry, person())
    classes = [one.verdict.verdict for one in found.matches]
    assert classes == sorted(classes, key=[Class.ELIGIBLE, Class.UNDETERMINED, Class.EXCLUDED].index)
    assert found.matches[0].verdict.nct_id == "NCT99000001"
    assert of(found, 4).verdict.is_open_for_persons_only
    places = [one.verdict.nct_id for one in found.matches]
    assert places.index("NCT99000004") < places.index("NCT99000002"), (
        "confirmations stand before missing data"
    )
    assert "confirmations" in of(found, 4).because[0]
    assert all(len(one.because) >= 3 for one in found.matches)
    assert dict(found.counts)[Class.EXCLUDED] == 3


def test_a_study_without_a_text_is_never_eligible(directory, registry):
    found = of(matched(directory, registry, person()), 9)
    assert found.verdict.verdict is Class.UNDETERMINED
    assert any("not available" in need.why for need in found.verdict.confirmations)


def test_the_fact_to_ask_for_first(directory, registry):
    found = matched(directory, registry, person())
    told = {one.key: one for one in found.telling}
    assert told["measurement/alt"].settles == 1
    assert told["measurement/alt"].code == "LOINC 1742-6"
    assert telling_facts([]) == ()


def test_near_misses_tell_what_would_change(directory, registry):
    found = matched(directory, registry, person())
    told = {one.verdict.nct_id[-1]: one.near_miss for one in found.near_misses if one.near_miss}
    assert set(told) == {"3", "6"}
    assert told["3"].sentence == "Platelet count 48 ×10⁹/L; needed about at least 50 ×10⁹/L."
    assert told["6"].day == date(2026, 4, 16), "three months after 15 January, and the day after"


def test_the_day_of_a_washout_was_tried(directory, registry):
    found = matched(directory, registry, person())
    day = next(one.near_miss.day for one in found.near_misses if one.near_miss and one.near_miss.day)
    before = matched(
        directory, registry, person(), replace(ASKED, as_of=date.fromordinal(day.toordinal() - 1))
    )
    after = matched(directory, registry, person(), replace(ASKED, as_of=day))
    assert of(before, 6).verdict.verdict is Class.EXCLUDED
    assert of(after, 6).verdict.verdict is not Class.EXCLUDED


def test_a_birthday_is_a_near_miss(directory, registry):
    found = matched(directory, registry, person(born="1983-06-01"))
    missed = of(found, 7).near_miss
    assert missed is not None
    assert missed.day == date(2026, 6, 1)


def test_places(directory, registry):
    near = GeoPoint(48.1, 11.6)
    found = matched(directory, registry, person(), replace(ASKED, near=near, within="100km"))
    assert [one.verdict.nct_id for one in found.matches] == ["NCT99000003"]
    assert "km" in found.matches[0].because[3]


def test_candidates_beyond_the_limit_are_told(directory, registry):
    found = matched(directory, registry, person(), replace(ASKED, candidates=2))
    assert (found.found, found.looked, len(found.matches)) == (7, 2, 2)
    assert "5 further studies" in found.notes[0]


def test_without_a_condition_there_is_nothing_to_search_by(directory, registry):
    with pytest.raises(InvalidParameterError, match="conditions"):
        matched(
            directory, registry, patient({"facts": ["no condition asthma", "condition asthma by=family"]})
        )
    found = matched(directory, registry, patient({}), replace(ASKED, conditions=("asthma",)))
    assert [one.verdict.nct_id for one in found.matches] == ["NCT99000008"]


def test_explaining_takes_any_study(directory, registry):
    finder = Finder(directory)
    found = explain(registry.get("NCT99000005"), person(), ASKED, CriteriaSets(finder.criteria).of_stored)
    told = explained_markdown(found, AS_OF)
    assert found.verdict.verdict is Class.ELIGIBLE
    assert "Age 41 years" in told
    assert "not a medical device" in told


def test_what_is_told_is_one_shape(directory, registry):
    who = person()
    found = matched(directory, registry, who)
    told = matched_json(found, AS_OF, "strict", who)
    assert orjson.dumps(told) == orjson.dumps(
        matched_json(matched(directory, registry, who), AS_OF, "strict", who)
    )
    assert told["counts"]["EXCLUDED"] == 3
    assert "not a medical device" in told["notice"]
    page = as_page(matched_markdown(found, AS_OF, "strict"), "Trials")
    assert "not a medical device" in page
    assert "<script" not in page


def test_screening_counts_who_is_left(directory, registry):
    stored = registry.get("NCT99000003")
    people = [
        ("low", person()),
        ("enough", patient({"facts": ["measurement platelets 90 unit=10*9/L on=2026-03-09"]})),
        ("unknown", patient({})),
    ]
    funnel = screen(CriteriaSets(None).of_stored(stored), None, people, AS_OF, SCREENING)
    assert [(one.label, one.verdict) for one in funnel.patients] == [
        ("low", Class.EXCLUDED),
        ("enough", Class.ELIGIBLE),
        ("unknown", Class.UNDETERMINED),
    ]
    assert [(one.before, one.excluded, one.open, one.after) for one in funnel.steps] == [(3, 1, 1, 2)]
    assert funnel.count(Class.EXCLUDED) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Inclusion Criteria:\n\n* Age 18 years or older", "the study is about it"),
        (
            "Inclusion Criteria:\n\n* Age over 17\n* Patients with asthma may be included",
            "nothing else says who",
        ),
        ("Inclusion Criteria for the control group:\n\n* Age 18 years or older", "about the patient"),
    ],
)
def test_nobody_is_eligible_where_nothing_says_who(text: str, why: str):
    fields = Witness(minimum_age=(Decimal(18), "a"), healthy_volunteers=False, conditions=("COVID-19",))
    found = evaluate(parse_criteria(text), person(), AS_OF, fields=fields)
    assert found.verdict is Class.UNDETERMINED
    assert any(why in need.why for need in found.confirmations), found.confirmations


def test_whoever_is_healthy_may_be_eligible_by_age():
    fields = Witness(minimum_age=(Decimal(18), "a"), healthy_volunteers=True, conditions=("Sleep",))
    text = "Inclusion Criteria:\n\n* Age 18 years or older"
    assert evaluate(parse_criteria(text), person(), AS_OF, fields=fields).verdict is Class.ELIGIBLE


def test_reading_a_note_leaves_no_word_of_it_in_memory() -> None:
    read_patients(b"She has quuxitis of the frobnix and takes zorbicillin.", date(2026, 3, 1), kind="note")
    assert (sort_of.cache_info().currsize, by_its_end.cache_info().currsize) == (0, 0)
