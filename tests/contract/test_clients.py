"""Programs that were written for ClinicalTrials.gov's API, as they are published, against a running server.

What of them is replaced is the address they ask, in the way each offers; nothing else of them is touched.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pytest

from trialist.demo import generate_study

from support.clients import node_environment, python_environment, run_client
from support.records import record
from support.serving import Running, make_registry, running
from support.shared import REGISTRY, iter_lines

pytestmark = pytest.mark.heavy

CLIENTS = Path(__file__).parent / "clients"
ABOUT_COVID = 130


def studies() -> Iterator[bytes]:
    """Invented studies, a hundred and more of them of one disease and without results, and real ones where they are."""
    for number in range(180):
        yield orjson.dumps(generate_study(number, seed=7))
    for number in range(200, 200 + ABOUT_COVID):
        study = generate_study(number, seed=7)
        for part in ("resultsSection", "documentSection", "annotationSection"):
            study.pop(part, None)
        study["hasResults"] = False
        study["protocolSection"]["conditionsModule"]["conditions"] = ["COVID-19", "Coronavirus Infections"]
        study["protocolSection"]["identificationModule"]["briefTitle"] = "[Invented] Coronavirus and COVID"
        yield orjson.dumps(study)
    file = REGISTRY / "studies.v2.ndjson.zst"
    if file.is_file():
        yield from islice(iter_lines(file), 400)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory = make_registry(tmp_path_factory.mktemp("clients") / "registry", *studies())
    with running(directory, workers=2) as found:
        yield found


def spoken(done: Any) -> Any:
    """What a client printed, as JSON."""
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
    return json.loads(done.stdout)


# pytrials


def test_pytrials_and_what_its_own_tests_expect(server, tmp_path):
    bin_ = python_environment("pytrials==1.0.0")
    found = spoken(run_client([bin_ / "python", CLIENTS / "pytrials_asks.py", server.url], tmp_path))
    version = server.get("/api/v2/version").json
    assert found["info"] == [version["apiVersion"], version["dataTimestamp"]]
    assert found["first_keys"] == ["protocolSection", "derivedSection", "hasResults"]
    assert found["full"] == 50
    assert found["hundred"] == 101, "a line of names and a hundred studies"
    table = found["table"]
    assert len(table) == 51
    assert len(table[0]) == 30
    assert {len(row) for row in table} == {30}
    assert table[0][:4] == ["NCT Number", "Study Title", "Study URL", "Acronym"]
    assert found["columns"][0] == ["NCT Number", "Study Title", "Conditions"]
    assert len(found["columns"]) == 51
    assert len(found["pieces"]["studies"]) == 50
    assert set(found["pieces"]["studies"][0]) == {"protocolSection"}
    assert len(found["every_column"][0]) == 30, "every column that the client knows is one of ours"
    assert len(found["every_piece"]["studies"]) == 3, "and so is every piece"
    assert (found["unknown_field"], found["unknown_format"]) == ("ValueError", "ValueError")


# biomcp, the binary


def biomcp(server: Running, cwd: Path, *arguments: str) -> Any:
    bin_ = python_environment("biomcp-cli==0.9.3")
    environment = {"BIOMCP_CTGOV_BASE": f"{server.url}/api/v2", "XDG_CACHE_HOME": str(cwd / "cache")}
    return run_client([bin_ / "biomcp", "--no-cache", "--json", *arguments], cwd, environment)


def test_biomcp_searches(server, tmp_path):
    found = spoken(biomcp(server, tmp_path, "search", "trial", "-c", "gvhd", "-s", "recruiting", "-l", "5"))
    total = server.get(
        "/api/v2/studies?query.cond=gvhd&filter.overallStatus=RECRUITING&countTotal=true"
    ).json["totalCount"]
    assert found["pagination"]["total"] == total > 0
    assert {row["status"] for row in found["results"]} == {"RECRUITING"}
    near = ("search", "trial", "-c", "gvhd", "--lat", "48.1", "--lon", "11.6", "--distance", "600")
    nearby = spoken(biomcp(server, tmp_path, *near, "-l", "5"))
    assert all(row["nct_id"].startswith("NCT") for row in nearby["results"])
    for more in (("-p", "2"), ("--has-results",), ("--study-type", "interventional"), ("--sponsor", "university"),
                 ("--date-from", "2020-01-01"), ("--age", "40"), ("--sex", "female"), ("--criteria", "transplantation")):  # fmt: skip
        spoken(biomcp(server, tmp_path, "search", "trial", "-c", "gvhd", *more, "-l", "3"))
    drug = ("search", "trial", "-i", "ruxolitinib", "--no-alias-expand", "-l", "3")
    assert isinstance(spoken(biomcp(server, tmp_path, *drug))["results"], list)


def test_biomcp_turns_pages(server, tmp_path):
    seen: list[str] = []
    token: list[str] = []
    while True:
        asked = ("search", "trial", "-c", "coronavirus", "-l", "50", *token)
        found = spoken(biomcp(server, tmp_path, *asked))
        seen += [row["nct_id"] for row in found["results"]]
        if not found["pagination"]["next_page_token"]:
            break
        token = ["--next-page", found["pagination"]["next_page_token"]]
    assert len(seen) == len(set(seen)) >= ABOUT_COVID


def test_biomcp_gets_a_study(server, tmp_path):
    found = spoken(biomcp(server, tmp_path, "get", "trial", "NCT99000003", "all"))
    assert found["nct_id"] == "NCT99000003"
    assert found["eligibility"]
    done = biomcp(server, tmp_path, "get", "trial", "NCT99999999")
    assert done.returncode
    assert "not found" in (done.stderr + done.stdout).lower()


# tap-clinicaltrials


def tiny(number: int) -> bytes:
    """A small study; so many have one day that they fill pages."""
    found = record(number)
    day = f"2025-{1 + number % 3:02d}-{1 + number % 2:02d}"
    found["protocolSection"]["statusModule"]["lastUpdateSubmitDate"] = day
    return orjson.dumps(found)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory = make_registry(tmp_path_factory.mktemp("tap") / "registry", *map(tiny, range(1, 2_351)))
    with running(directory, workers=2) as found:
        yield found


def tapped(many: Running, cwd: Path, *arguments: str) -> list[dict[str, Any]]:
    bin_ = python_environment("tap-clinicaltrials==0.2.11")
    command = [bin_ / "python", CLIENTS / "tap_syncs.py", many.url, *arguments]
    done = run_client(command, cwd)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_tap_syncs_every_study_once_in_ascending_order(many, tmp_path):
    (tmp_path / "config.json").write_text('{"start_date": "2000-01-01"}')
    messages = tapped(many, tmp_path, "--config", "config.json")
    (schema,) = (one for one in messages if one["type"] == "SCHEMA")
    assert "protocolSection" in schema["schema"]["properties"]
    rows = [one["record"] for one in messages if one["type"] == "RECORD"]
    assert sorted(row["nctId"] for row in rows) == [f"NCT99{number:06d}" for number in range(1, 2_351)]
    days = [row["lastUpdateSubmitDate"] for row in rows]
    assert days == sorted(days)
    state = [one["value"] for one in messages if one["type"] == "STATE"][-1]
    (tmp_path / "state.json").write_text(json.dumps(state))
    (tmp_path / "clinicaltrials.sqlite").unlink(missing_ok=True)
    again = tapped(many, tmp_path, "--config", "config.json", "--state", "state.json")
    later = [one["record"]["nctId"] for one in again if one["type"] == "RECORD"]
    assert sorted(later) == sorted(row["nctId"] for row in rows if row["lastUpdateSubmitDate"] == days[-1])


# biomcp, the Python package


def test_biomcp_python(server, tmp_path):
    bin_ = python_environment("biomcp-python==0.7.3")
    found = spoken(
        run_client([bin_ / "python", CLIENTS / "biomcp_asks.py", server.url, "NCT99000003"], tmp_path)
    )
    total = server.get("/api/v2/studies?query.cond=gvhd&countTotal=true").json["totalCount"]
    assert 0 < len(found["conditions"]) <= total
    open_to_people = {"RECRUITING", "NOT_YET_RECRUITING", "ENROLLING_BY_INVITATION", "AVAILABLE"}
    assert {row["Study Status"] for row in found["recruiting"]} <= open_to_people
    assert all("PHASE2" in row["Phases"] for row in found["phase"])
    assert [row["NCT Number"] for row in found["ids"]] == ["NCT99000003"]
    for module in ("Protocol", "Locations", "References", "Outcomes", "All"):
        assert "error" not in found[module], found[module]
    assert found["All"]["protocolSection"]["identificationModule"]["nctId"] == "NCT99000003"
    assert "not found" in found["unknown"]["details"]


# clinical-trial-matching-service


def test_clinical_trial_matching_service(server, tmp_path):
    node, directory = node_environment("clinical-trial-matching-service@0.1.2")
    ids = [f"NCT990000{number:02d}" for number in range(5, 28)]
    command = [node, CLIENTS / "matching_service_asks.js", directory, f"{server.url}/api/v2"]
    found = spoken(run_client([*command, ",".join([*ids, "NCT99999999"]), "7"], tmp_path))
    got = [study["protocolSection"]["identificationModule"]["nctId"] for study in found]
    assert sorted(got) == ids
    one = next(
        study for study in found if study["protocolSection"]["identificationModule"]["nctId"] == ids[0]
    )
    assert one == server.get(f"/api/v2/studies/{ids[0]}").json
    refused = run_client([*command, "frob", "7"], tmp_path)
    assert refused.returncode == 1
    assert "400" in refused.stderr
