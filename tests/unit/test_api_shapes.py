"""Every shape of an answer: fields, tables, archives, FHIR, RIS, plain markup, documents, statistics, history, downloads."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import orjson
import pytest

from trialist.serving.application import Application

from support.records import raw, record, updated
from support.serving import application, ask, make_registry

SUMMARY = "First \\<line\\> of \\[text\\]\n\n* one\n* two"


def rich(number: int) -> bytes:
    """A record with markup, an alias, a document and a posted result."""
    found = record(number)
    protocol = found["protocolSection"]
    protocol["identificationModule"]["nctIdAliases"] = [f"NCT98{number:06d}"]
    protocol["descriptionModule"] = {"briefSummary": SUMMARY}
    protocol["designModule"] = {"studyType": "INTERVENTIONAL", "phases": ["PHASE2"]}
    protocol["eligibilityModule"] = {
        "eligibilityCriteria": "Inclusion Criteria:\n\n* Age \\>= 18",
        "sex": "ALL",
    }
    protocol["contactsLocationsModule"] = {
        "locations": [
            {"facility": "A, B", "city": "Munich", "country": "Germany"},
            {"facility": "C", "city": "Hefei", "country": "China"},
        ]
    }
    return orjson.dumps(found)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Application:
    registry = tmp_path_factory.mktemp("shapes") / "registry"
    return application(make_registry(registry, rich(1), raw(2), raw(3)))


# Fields


def test_fields_cut_studies_of_a_page_and_alone(app):
    page = ask(app, "/api/v2/studies?fields=LocationCity|NCTId&filter.ids=NCT99000001").json
    wanted = {
        "protocolSection": {
            "identificationModule": {"nctId": "NCT99000001"},
            "contactsLocationsModule": {"locations": [{"city": "Munich"}, {"city": "Hefei"}]},
        }
    }
    assert page["studies"] == [wanted]
    assert ask(app, "/api/v2/studies/NCT99000001?fields=NCTId,LocationCity").json == wanted


def test_the_fields_of_the_query_can_be_asked_for(app):
    found = ask(app, "/api/v2/studies?query.titles=Invented&fields=@query&filter.ids=NCT99000001").json
    assert list(found["studies"][0]["protocolSection"]) == ["identificationModule"]
    assert set(found["studies"][0]["protocolSection"]["identificationModule"]) == {
        "nctId",
        "nctIdAliases",
        "briefTitle",
    }
    assert ask(app, "/api/v2/studies/NCT99000001?fields=@query").status == 400


# Tables


def test_a_table_has_its_head_on_the_first_page_alone_and_says_the_rest_in_headers(app):
    asked = "/api/v2/studies?format=csv&pageSize=2&countTotal=true&markupFormat=legacy"
    first = ask(app, asked)
    assert first.headers["content-type"] == "text/csv"
    assert first.headers["x-total-count"] == "3"
    lines = first.text.split("\r\n")
    assert lines[0].startswith("NCT Number,Study Title,Study URL,Acronym,Study Status")
    assert [line[:11] for line in lines[1:3]] == ["NCT99000003", "NCT99000002"]
    second = ask(app, f"{asked}&pageToken={first.headers['x-next-page-token']}")
    assert second.text.startswith("NCT99000001,")
    assert {"x-total-count", "x-next-page-token"}.isdisjoint(second.headers)


def test_columns_come_in_their_order_and_by_their_names(app):
    found = ask(
        app, "/api/v2/studies?format=csv&fields=Conditions,Study+Title|NCT+Number&filter.ids=NCT99000002"
    )
    assert found.text.split("\r\n")[0] == "NCT Number,Study Title,Conditions"
    alone = ask(app, "/api/v2/studies/NCT99000001?format=csv&fields=NCT%20Number,Sex")
    assert alone.text == "NCT Number,Sex\r\nNCT99000001,ALL\r\n"
    assert ask(app, "/api/v2/studies/NCT99000001?format=csv&fields=NCTId").status == 400


# One study


def test_an_alias_leads_to_the_study_with_what_was_asked(app):
    found = ask(app, "/api/v2/studies/nct98000001?fields=NCTId%7CSex&format=json")
    assert found.status == 301
    assert found.headers["location"] == "/api/v2/studies/NCT99000001?fields=NCTId%7CSex&format=json"
    assert ask(app, found.headers["location"]).json["protocolSection"]["eligibilityModule"] == {"sex": "ALL"}
    assert ask(app, "/api/v2/studies?filter.ids=NCT98000001").json["studies"]


@pytest.mark.parametrize("spelling", ["nct99000001", "NCT099000001", "Nct99000001"])
def test_other_spellings_of_an_id_are_answered(app, spelling):
    assert ask(app, f"/api/v2/studies/{spelling}").body == rich(1)


@pytest.mark.parametrize(
    "wrong", ["NCT", "NCT00000000", "NCT123456789", "99000001", "NCT9900000x", "%20NCT99000001"]
)
def test_what_is_no_id_is_refused(app, wrong):
    found = ask(app, f"/api/v2/studies/{wrong}")
    assert (found.status, found.text) == (400, "Parameter `nctId` has incorrect format")


def test_a_study_as_an_archive(app):
    found = ask(app, "/api/v2/studies/NCT99000001?format=json.zip")
    assert found.headers["content-type"] == "application/zip"
    assert found.headers["content-disposition"] == "attachment; filename=NCT99000001.json.zip"
    with zipfile.ZipFile(io.BytesIO(found.body)) as archive:
        assert archive.namelist() == ["NCT99000001.json"]
        assert archive.read("NCT99000001.json") == rich(1)


def test_a_study_for_other_programs(app):
    fhir = ask(app, "/api/v2/studies/NCT99000001?format=fhir.json")
    assert fhir.headers["content-type"] == "application/fhir+json"
    assert fhir.json["resourceType"] == "Bundle"
    assert ask(app, "/api/v2/studies/NCT99000001?format=fhir.json&fields=NCTId").status == 400
    ris = ask(app, "/api/v2/studies/NCT99000001?format=ris")
    assert ris.headers["content-type"] == "application/x-research-info-systems"
    assert ris.text.startswith("TY  - ")
    assert ask(app, "/api/v2/studies/NCT99000001?format=ris&fields=XX").status == 400
    assert ask(app, "/api/v2/studies/NCT99000001?format=pdf").status == 400


def test_markup_can_be_plain(app):
    for target in ("/api/v2/studies/NCT99000001?markupFormat=legacy", "/api/v2/studies?markupFormat=legacy"):
        found = ask(app, target).json
        study = found["studies"][-1] if "studies" in found else found
        summary = study["protocolSection"]["descriptionModule"]["briefSummary"]
        assert summary.startswith("First <line> of [text]\r\n")
    kept = ask(app, "/api/v2/studies/NCT99000001?markupFormat=markdown").json
    assert kept["protocolSection"]["descriptionModule"]["briefSummary"] == SUMMARY


# Documents


def test_the_catalogue_s_documents(app):
    roots = ask(app, "/api/v2/studies/metadata").json
    assert [root["name"] for root in roots] == [
        "protocolSection",
        "resultsSection",
        "annotationSection",
        "documentSection",
        "derivedSection",
        "hasResults",
    ]
    assert count(ask(app, "/api/v2/studies/metadata?includeIndexedOnly=TRUE").json) > count(roots)
    assert ask(app, "/api/v2/studies/metadata?includeIndexedOnly=perhaps").status == 400
    assert ask(app, "/api/v2/studies/search-areas").json[0]["areas"][0]["name"]
    assert len(ask(app, "/api/v2/studies/enums").json) == 41
    assert "openapi" in ask(app, "/api/oas/v2").text.splitlines()[0]
    for path in ("/api/oas/v2.yaml", "/api/v2/openapi.yaml"):
        assert ask(app, path).status == 404


def count(nodes: list[Any]) -> int:
    return sum(1 + count(node.get("children", [])) for node in nodes)


@pytest.mark.parametrize(
    "path",
    [
        "version",
        "studies/search-areas",
        "studies/enums",
        "stats/size",
        "studies/NCT99000001",
        "studies/download",
    ],
)
def test_names_that_a_path_does_not_take_are_refused(app, path):
    assert ask(app, f"/api/v2/{path}?bogus=1").text == "`bogus` is unknown parameter"
    assert ask(app, f"/api/v2/{path}?query.x=1").text == "Invalid prefix in parameter name: query.x"


# Statistics, history, downloads


def test_statistics(app):
    assert ask(app, "/api/v2/stats/size").json["totalStudies"] == 3
    values = ask(app, "/api/v2/stats/field/values?fields=OverallStatus|Phase&types=ENUM").json
    assert [one["piece"] for one in values] == ["OverallStatus", "Phase"]
    assert values[0]["topValues"] == [{"value": "RECRUITING", "studiesCount": 3}]
    assert (
        ask(app, "/api/v2/stats/fieldValues?fields=Phase").body
        == ask(app, "/api/v2/stats/field/values?fields=Phase").body
    )
    sizes = ask(app, "/api/v2/stats/field/sizes?fields=Condition").json
    assert sizes[0]["maxSize"] == 2
    assert len(ask(app, "/api/v2/stats/field/sizes").json) == 71
    assert ask(app, "/api/v2/stats/field/values?types=BOGUS").status == 400


def test_the_history_of_a_study(tmp_path: Path):
    registry = make_registry(tmp_path / "registry", raw(1))
    make_registry(registry, updated(1, "2026-05-05", "Another title"))
    app = application(registry)
    told = ask(app, "/api/int/studies/NCT99000001?history=true").json
    assert [change["version"] for change in told["history"]["changes"]] == [0, 1]
    assert list(ask(app, "/api/int/studies/NCT99000001").json) == ["study"]
    first = ask(app, "/api/int/studies/NCT99000001/history/0").json
    assert first["study"]["protocolSection"] == record(1)["protocolSection"]
    for path in ("NCT99000001/history/2", "NCT99000001/history/x", "NCT/history/0"):
        assert ask(app, f"/api/int/studies/{path}").status == 400
    assert ask(app, "/api/int/studies/NCT99999999?history=true").status == 404


def test_the_whole_registry_as_an_archive(app):
    found = ask(app, "/api/v2/studies/download?format=json.zip", headers={"accept-encoding": "gzip"})
    assert found.headers["content-disposition"] == "attachment; filename=ctg-studies.json.zip"
    assert "content-encoding" not in found.headers
    with zipfile.ZipFile(io.BytesIO(found.body)) as archive:
        assert archive.namelist() == ["01/NCT99000001.json", "02/NCT99000002.json", "03/NCT99000003.json"]
        assert archive.read("01/NCT99000001.json") == rich(1)
    head = ask(app, "/api/v2/studies/download?format=json.zip", method="HEAD")
    assert (head.status, head.body) == (200, b"")


def test_what_a_search_of_the_site_finds_as_an_archive(app):
    found = ask(
        app, "/api/int/studies/download?format=json.zip&country=Germany&city=Munich&cond=graft&rank=1"
    )
    with zipfile.ZipFile(io.BytesIO(found.body)) as archive:
        assert archive.namelist() == ["NCT99000001.json"]
    apart = ask(app, "/api/int/studies/download?format=json.zip&country=China&city=Munich")
    with zipfile.ZipFile(io.BytesIO(apart.body)) as archive:
        assert archive.namelist() == []
    assert ask(app, "/api/int/studies/download?format=csv").status == 400


# States


def test_a_load_without_an_index_changes_the_tag_and_the_records(tmp_path: Path):
    registry = make_registry(tmp_path / "registry", raw(1))
    app = application(registry)
    before = ask(app, "/api/v2/version").headers["etag"]
    (tmp_path / "more.ndjson").write_bytes(updated(1, "2026-05-05", "Another title"))
    from support.loading import load

    load(registry, tmp_path / "more.ndjson")
    app.serving.refresh()
    assert ask(app, "/api/v2/version").headers["etag"] != before
    assert b"Another title" in ask(app, "/api/v2/studies/NCT99000001").body


def test_two_servers_over_one_registry_agree_on_tags_and_tokens(tmp_path: Path):
    registry = make_registry(tmp_path / "registry", *map(raw, range(1, 11)))
    one, other = application(registry), application(registry)
    found = ask(one, "/api/v2/studies?pageSize=4")
    assert ask(other, "/api/v2/studies?pageSize=4").headers["etag"] == found.headers["etag"]
    rest = ask(other, f"/api/v2/studies?pageSize=10&pageToken={found.json['nextPageToken']}")
    assert len(rest.json["studies"]) == 6


def test_an_index_that_cannot_be_opened_leaves_the_one_in_force(tmp_path: Path):
    registry = make_registry(tmp_path / "registry", raw(1))
    app = application(registry)
    current = registry / "index" / "current.json"
    content = json.loads(current.read_bytes())
    current.write_bytes(orjson.dumps({**content, "generation": "x", "segments": ["segment-gone"]}))
    before = app.serving.now
    app.serving.refresh()
    assert app.serving.now is before
    assert ask(app, "/api/v2/studies?query.cond=graft").status == 200


def test_a_study_that_the_registry_has_dropped_is_not_found(tmp_path: Path):
    registry = make_registry(tmp_path / "registry", raw(1), raw(2), is_full=True)
    make_registry(registry, raw(2), is_full=True)
    app = application(registry)
    found = ask(app, "/api/v2/studies/NCT99000001")
    assert (found.status, found.text) == (404, "NCT number NCT99000001 not found")


def test_a_registry_that_can_only_be_read_is_opened_anew_when_it_changes(tmp_path: Path, monkeypatch):
    import trialist.store.sqlite as sqlite
    from trialist.registry.records import Records

    registry = make_registry(tmp_path / "registry", raw(1))
    monkeypatch.setattr(sqlite, "is_frozen", lambda _: True)
    records = Records(registry)
    assert records.numbers() == [99_000_001]
    monkeypatch.undo()
    make_registry(registry, raw(2))
    monkeypatch.setattr(sqlite, "is_frozen", lambda _: True)
    records.state()
    assert records.numbers() == [99_000_001, 99_000_002]


def test_a_log_that_nobody_reads_costs_nobody_anything():
    from trialist.serving.access_log import AccessLog

    class Stuck(io.RawIOBase):
        def write(self, _: object) -> int:
            raise BrokenPipeError

    log = AccessLog(Stuck())
    for _ in range(30_000):
        log.tell("event", "message")
    log.close()
    out = io.BytesIO()
    told = AccessLog(out)
    told.tell("event", "a\nb\x1b[31m")
    told.close()
    assert json.loads(out.getvalue())["message"] == "a\nb\x1b[31m"
    assert out.getvalue().count(b"\n") == 1
    assert b"\x1b" not in out.getvalue()
