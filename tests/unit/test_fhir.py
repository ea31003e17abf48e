import orjson
import pytest
from fhir.resources.bundle import Bundle

from trialist.demo import generate_study
from trialist.views.fhir import PROFILE, fhir_bundle, render_fhir

from support.records import record
from support.shared import REGISTRY, iter_lines, needs_shared


def validated(found):
    """The bundle after FHIR's own rules of R5 were held against it."""
    bundle = Bundle.model_validate_json(render_fhir(found))
    resources = {entry.fullUrl: entry.resource for entry in bundle.entry}
    assert len(resources) == len(bundle.entry)
    study = bundle.entry[0].resource
    pointed = [site.reference for site in study.site or ()]
    if study.recruitment is not None and study.recruitment.eligibility is not None:
        pointed.append(study.recruitment.eligibility.reference)
    assert set(pointed) == set(resources) - {bundle.entry[0].fullUrl}
    return bundle


def test_every_invented_study_is_valid_fhir():
    for number in range(150):
        found = generate_study(number)
        bundle = validated(found)
        study = bundle.entry[0].resource
        ids = found["protocolSection"]["identificationModule"]
        assert study.id == ids["nctId"]
        assert study.meta.profile == [PROFILE]
        assert {label.value for label in study.label} >= {ids["briefTitle"]}


@needs_shared
@pytest.mark.heavy
def test_real_studies_are_valid_fhir():
    count = 0
    for place, line in enumerate(iter_lines(REGISTRY / "studies.v2.ndjson.zst")):
        if place % 6 == 0:
            validated(orjson.loads(line))
            count += 1
    assert count == 601


def test_the_criteria_stand_in_the_group_whole():
    found = generate_study(5)
    eligibility = found["protocolSection"]["eligibilityModule"]
    group = fhir_bundle(found)["entry"][1]["resource"]
    assert (group["resourceType"], group["type"], group["membership"]) == ("Group", "person", "definitional")
    assert eligibility["eligibilityCriteria"].strip() in group["description"]


def characteristics(eligibility):
    found = record(1)
    found["protocolSection"]["eligibilityModule"] = eligibility
    validated(found)
    group = fhir_bundle(found)["entry"][1]["resource"]
    return {one["code"]["text"]: one for one in group.get("characteristic", ())}


def test_sex_age_and_healthy_volunteers_are_characteristics():
    found = characteristics(
        {"sex": "FEMALE", "minimumAge": "6 Months", "maximumAge": "17 Years", "healthyVolunteers": False}
    )
    assert found["Sex"]["valueCodeableConcept"]["coding"][0]["code"] == "female"
    low, high = found["Age"]["valueRange"]["low"], found["Age"]["valueRange"]["high"]
    assert (low["value"], low["code"], high["value"], high["code"]) == (6, "mo", 17, "a")
    assert found["Accepts healthy volunteers"]["valueBoolean"] is False
    assert not any(one["exclude"] for one in found.values())


def test_what_the_record_leaves_open_stays_open():
    assert characteristics({"sex": "ALL", "minimumAge": "grown up"}) == {}
    bundle = fhir_bundle(record(1))
    assert [entry["resource"]["resourceType"] for entry in bundle["entry"]] == ["ResearchStudy"]
    assert "recruitment" not in bundle["entry"][0]["resource"]
    validated({})


@pytest.mark.parametrize(
    ("status", "code"), [("RECRUITING", "recruiting"), ("UNKNOWN", None), ("FROBNICATING", None)]
)
def test_a_status_without_a_code_is_told_by_its_label(status, code):
    found = record(1)
    found["protocolSection"]["statusModule"]["overallStatus"] = status
    validated(found)
    state = fhir_bundle(found)["entry"][0]["resource"]["progressStatus"][0]["state"]
    assert state["text"]
    assert (state["coding"][0]["code"] if "coding" in state else None) == code


def test_phases_dates_and_numbers():
    found = record(1)
    found["protocolSection"]["designModule"] = {
        "studyType": "INTERVENTIONAL",
        "phases": ["PHASE1", "PHASE2"],
        "enrollmentInfo": {"count": 99999999999, "type": "ESTIMATED"},
    }
    found["protocolSection"]["statusModule"] |= {
        "startDateStruct": {"date": "2024-05", "type": "ACTUAL"},
        "completionDateStruct": {"date": "2020"},
        "whyStopped": "no money",
    }
    study = fhir_bundle(found)["entry"][0]["resource"]
    validated(found)
    assert study["phase"]["coding"][0]["code"] == "phase-1-phase-2"
    assert study["period"] == {"start": "2024-05"}
    assert "recruitment" not in study
    assert study["progressStatus"][1] == {
        "state": {"text": "Study start"},
        "period": {"start": "2024-05"},
        "actual": True,
    }
    assert study["whyStopped"] == {"text": "no money"}


def test_odd_shapes_do_no_harm():
    validated(
        {"protocolSection": {"identificationModule": [], "statusModule": "x", "designModule": {"phases": {}}}}
    )
