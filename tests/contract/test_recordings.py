"""Recorded answers of the live API, asked of the application over the recorded studies."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from trialist.serving.application import Application

from support.serving import application, ask, make_registry
from support.shared import SHARED

SPECIFICATION = SHARED / "spec" / "api-v2"
RECORDINGS = SPECIFICATION / "recordings"

pytestmark = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason=f"the recorded answers are not here: there is no {RECORDINGS}"
)

FIELDS = (
    "NCTId,BriefTitle,OverallStatus,Phase,StudyType,Condition,InterventionName,LeadSponsorName,EnrollmentCount,"
    "BriefSummary,StartDate,CompletionDate,MinimumAge,MaximumAge"
)
MERCK = "Merck Sharp & Dohme LLC"


def recorded(name: str) -> Any:
    return json.loads((RECORDINGS / name).read_text(encoding="utf-8"))


def text_of(value: Any) -> str:
    """JSON with its keys in their order."""
    return json.dumps(value, ensure_ascii=False)


def id_of(study: Any) -> str:
    return str(study["protocolSection"]["identificationModule"]["nctId"])


def recorded_studies() -> list[Any]:
    pages = [
        "search_melanoma_recruiting_limit3_20260811.json",
        "search_phelan_limit5_20260811.json",
        "search_phelan_next_20260811.json",
        "search_age_count_20260811.json",
    ]
    single = ["get_nct02576665_20260811.json", "get_nct06382129_20260811.json", "study_full.json"]
    found = [study for page in pages for study in recorded(page)["studies"]]
    return [*found, *(recorded(name) for name in single)]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Application:
    studies = [orjson.dumps(study) for study in recorded_studies()]
    return application(make_registry(tmp_path_factory.mktemp("recorded") / "registry", *studies))


@pytest.mark.parametrize(
    "name", ["get_nct02576665_20260811.json", "get_nct06382129_20260811.json", "study_full.json"]
)
def test_a_recorded_study_is_given_back(app, name):
    wanted = recorded(name)
    found = ask(app, f"/api/v2/studies/{id_of(wanted)}")
    assert found.body == orjson.dumps(wanted)
    pieces = "ProtocolSection,ResultsSection,AnnotationSection,DocumentSection,DerivedSection,HasResults"
    cut = ask(app, f"/api/v2/studies/{id_of(wanted)}?fields={pieces}")
    assert text_of(cut.json) == text_of(wanted)


def test_a_cut_study_has_the_recorded_shape(app):
    cut = ask(app, "/api/v2/studies/NCT02576665?fields=LocationCity|LeadSponsorName|NCTId")
    assert list(cut.json) == ["protocolSection"]
    assert list(cut.json["protocolSection"]) == [
        "identificationModule",
        "sponsorCollaboratorsModule",
        "contactsLocationsModule",
    ]


def test_a_recorded_search_finds_what_was_found(app):
    wanted = recorded("search_melanoma_recruiting_limit3_20260811.json")
    asked = f"query.cond=melanoma&filter.overallStatus=RECRUITING&countTotal=true&pageSize=3&fields={FIELDS}"
    found = ask(app, f"/api/v2/studies?{asked}").json
    assert list(found) == ["totalCount", "studies", "nextPageToken"]
    assert sorted(map(text_of, found["studies"])) == sorted(map(text_of, wanted["studies"]))
    assert found["totalCount"] == 3


def test_the_pages_of_a_recorded_search_hold_what_was_found(app):
    pages = [recorded(f"search_phelan_{part}_20260811.json") for part in ("limit5", "next")]
    asked = f"query.cond={quote('Phelan-McDermid Syndrome')}&countTotal=true&pageSize=5&fields={FIELDS}"
    first = ask(app, f"/api/v2/studies?{asked}").json
    second = ask(app, f"/api/v2/studies?{asked}&pageToken={first['nextPageToken']}").json
    third = ask(app, f"/api/v2/studies?{asked}&pageToken={second['nextPageToken']}").json
    assert first["totalCount"] == 10
    for page, as_recorded in zip((first, second), pages, strict=True):
        assert set(page) == set(as_recorded)
        assert len(page["studies"]) == 5
    assert third == {"studies": []}
    found = sorted(text_of(one) for one in (*first["studies"], *second["studies"]))
    assert found == sorted(text_of(one) for page in pages for one in page["studies"])


def test_all_studies_page_by_page_have_the_recorded_keys(app):
    wanted = recorded("search_age_count_20260811.json")
    found = ask(app, "/api/v2/studies?countTotal=true&pageSize=1").json
    assert set(found) == set(wanted)
    by_id = ask(app, f"/api/v2/studies?filter.ids={id_of(wanted['studies'][0])}&fields={FIELDS}").json
    assert text_of(by_id["studies"]) == text_of(wanted["studies"])


def unnumbered(body: bytes) -> bytes:
    """A page without what depends on the studies there are: its total and its token."""
    counted = re.sub(rb'"totalCount":[1-9][0-9]*,', b'"totalCount":1,', body)
    return re.sub(rb'"nextPageToken":"[A-Za-z0-9_-]+"', b'"nextPageToken":"x"', counted)


@pytest.mark.parametrize(
    ("name", "expression"),
    [
        ("fullmatch_coverage_full_name.json", f'AREA[LeadSponsorName]COVERAGE[FullMatch]"{MERCK}"'),
        ("fullmatch_coverage_full_name.json", f'AREA[LeadSponsorName]COVER[FullMatch]"{MERCK}"'),
        ("fullmatch_no_operator_substring.json", 'AREA[LeadSponsorName]"Merck"'),
        ("fullmatch_coverage_bare_token.json", "AREA[LeadSponsorName]COVERAGE[FullMatch]Merck"),
    ],
)
def test_recorded_bytes_are_ours(tmp_path: Path, name: str, expression: str):
    study = {
        "protocolSection": {
            "identificationModule": {"nctId": "NCT03881111"},
            "sponsorCollaboratorsModule": {"leadSponsor": {"name": MERCK, "class": "INDUSTRY"}},
        }
    }
    app = application(make_registry(tmp_path / "registry", orjson.dumps(study)))
    asked = f"filter.advanced={quote(expression)}&countTotal=true&pageSize=1&fields=NCTId"
    assert unnumbered(ask(app, f"/api/v2/studies?{asked}").body) == unnumbered(
        (RECORDINGS / name).read_bytes()
    )


def test_the_version_has_the_recorded_shape(app):
    wanted, found = recorded("version.json"), ask(app, "/api/v2/version").json
    assert list(found) == list(wanted)
    assert found["apiVersion"] == wanted["apiVersion"]
    assert re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}", found["dataTimestamp"])


def test_enums_are_the_recorded_ones(app):
    wanted = json.loads((SPECIFICATION / "enums.json").read_text(encoding="utf-8"))
    assert ask(app, "/api/v2/studies/enums").json == wanted
