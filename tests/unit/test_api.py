"""The application in this process: paths, parameters, pages, refusals, headers."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import orjson
import pytest
import zstandard

from trialist.serving.application import Application

from support.records import raw, record
from support.serving import application, ask, make_registry


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Application:
    registry = tmp_path_factory.mktemp("api") / "registry"
    return application(make_registry(registry, *(raw(number) for number in range(1, 31))))


def test_a_study_is_given_byte_for_byte(app):
    found = ask(app, "/api/v2/studies/NCT99000007")
    assert (found.status, found.headers["content-type"], found.body) == (200, "application/json", raw(7))
    assert found.headers["content-length"] == str(len(raw(7)))


def test_a_page_has_one_study_a_line_and_its_token_at_the_very_end(app):
    found = ask(app, "/api/v2/studies?pageSize=2&countTotal=true")
    lines = found.body.split(b"\n")
    assert lines[0] == b'{"totalCount":30,"studies":['
    assert lines[1:3] == [raw(30) + b",", raw(29)]
    assert lines[3].startswith(b'],"nextPageToken":"')
    assert lines[3].endswith(b'"}')
    assert len(lines) == 4


def test_an_empty_page_is_the_live_api_s_bytes(app):
    found = ask(app, "/api/v2/studies?filter.ids=NCT99999999&countTotal=true")
    assert found.body == b'{"totalCount":0,"studies":[\n\n]}'


def test_all_pages_give_every_study_once_and_the_total_on_the_first_alone(app):
    token, seen, totals = None, [], []
    while True:
        more = f"&pageToken={token}" if token else ""
        page = ask(app, f"/api/v2/studies?pageSize=7&countTotal=true{more}").json
        totals.append(page.get("totalCount"))
        seen += [one["protocolSection"]["identificationModule"]["nctId"] for one in page["studies"]]
        token = page.get("nextPageToken")
        if token is None:
            break
    assert len(seen) == len(set(seen)) == 30
    assert totals == [30, None, None, None, None]


def test_a_page_that_is_full_has_a_token_and_the_next_one_may_be_empty(app):
    token = ask(app, "/api/v2/studies?pageSize=30").json["nextPageToken"]
    assert ask(app, f"/api/v2/studies?pageSize=30&pageToken={token}").json == {"studies": []}


@pytest.mark.parametrize(
    "target",
    [
        "//api/v2//studies?pageSize=1",
        "/api/v2/studies/?pageSize=1",
        "/api/v2/%73tudies?pageSize=1",
        "/api/v2/studies?pageSize=3&pageSize=1",
        "/api/v2/studies?&&pageSize=1&",
        "/api/v2/studies?filter.advanced=AREA[NCTId]NCT99000030",
        "/api/v2/studies?filter.ids=NCT99000030|nct99000030&fields=",
        "/api/v2/studies?query.term=Graft+Versus%20Host+%22Poor Graft%22&pageSize=1",
        "/api/v2/studies?query.id=NCT99000030&query.lead=Nobody&filter.overallStatus=COMPLETED",
    ],
)
def test_what_real_clients_write_is_understood(app, target):
    found = ask(app, target, headers={"accept": "text/html, image/png"})
    assert found.status == 200, found.text
    assert len(found.json["studies"]) == 1


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/api/v2/../v2/studies", 404),
        ("/api/v2/%2e%2e/v2/studies", 404),
        ("/api/v2/studies%2FNCT99000001", 404),
        ("/api/v2/studies/NCT99000001/x", 404),
        ("/api/v2/studies/NCT99000001%0d%0aX:y", 404),
        ("/api/v2/studies/%ff", 404),
        ("/", 404),
        ("/etc/passwd", 404),
    ],
)
def test_paths_that_mean_nothing_are_the_page_of_the_live_api_s_front(app, target, status):
    found = ask(app, target)
    assert found.status == status
    assert found.headers["content-type"] == "text/html"
    assert b"404 Not Found" in found.body


def test_another_method_is_not_taken(app):
    for method in ("POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"):
        found = ask(app, "/api/v2/studies", method=method)
        assert (found.status, found.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_a_browser_of_another_origin_may_read(app):
    assert ask(app, "/api/v2/version").headers["access-control-allow-origin"] == "*"
    preflight = ask(app, "/api/v2/studies", method="OPTIONS")
    assert preflight.status == 204
    assert "GET" in preflight.headers["access-control-allow-methods"]


def test_what_the_client_holds_is_not_sent_again(app):
    tag = ask(app, "/api/v2/version").headers["etag"]
    for target in ("/api/v2/version", "/api/v2/studies?pageSize=1", "/api/v2/studies/NCT99000001"):
        assert ask(app, target).headers["etag"] == tag
        for said in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            found = ask(app, target, headers={"if-none-match": said})
            assert (found.status, found.body, found.headers["etag"]) == (304, b"", tag)
        assert ask(app, target, headers={"if-none-match": '"x"'}).status == 200
    assert ask(app, "/api/v2/studies?x=1", headers={"if-none-match": tag}).status == 400
    assert ask(app, "/api/v2/studies/NCT99999999", headers={"if-none-match": tag}).status == 404


def test_answers_are_packed_for_who_can_unpack_them(app):
    target = "/api/v2/studies?pageSize=1000"
    plain = ask(app, target)
    assert plain.pieces == 1
    zipped = ask(app, target, headers={"accept-encoding": "deflate, gzip;q=0.5"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == plain.body
    assert zipped.headers["etag"] == "W/" + plain.headers["etag"]
    assert zipped.headers["content-length"] == str(len(zipped.body))
    packed = ask(app, target, headers={"accept-encoding": "gzip, zstd"})
    assert packed.headers["content-encoding"] == "zstd"
    assert zstandard.ZstdDecompressor().decompressobj().decompress(packed.body) == plain.body
    for said in ("", "br", "gzip;q=0", "identity", "gzip;q=x", "identity;q=1, gzip;q=0.5"):
        assert "content-encoding" not in ask(app, target, headers={"accept-encoding": said}).headers
    assert "content-encoding" not in ask(app, "/api/v2/version", headers={"accept-encoding": "gzip"}).headers


def test_a_long_page_comes_in_pieces(tmp_path: Path):
    records = [raw(number, long="x" * 40_000) for number in range(1, 41)]
    app = application(make_registry(tmp_path / "registry", *records))
    found = ask(app, "/api/v2/studies?pageSize=40")
    assert found.pieces > 3
    assert [line.rstrip(b",") for line in found.body.split(b"\n")[1:-1]] == records[::-1]
    zipped = ask(app, "/api/v2/studies?pageSize=40", headers={"accept-encoding": "gzip"})
    assert zipped.pieces > 1
    assert gzip.decompress(zipped.body) == found.body


def test_a_record_kept_with_line_ends_is_one_line_of_a_page(tmp_path: Path):
    kept = json.dumps(record(1), indent=2, ensure_ascii=False).encode()
    directory = tmp_path / "registry"
    make_registry(directory, raw(2))
    from trialist.registry.indexing import build_search_index

    from support.loading import load, settings

    (tmp_path / "one.json").write_bytes(kept)
    load(directory, tmp_path / "one.json")
    build_search_index(settings(directory))
    app = application(directory)
    page = ask(app, "/api/v2/studies").body.split(b"\n")
    assert page[2] == orjson.dumps(record(1))
    assert ask(app, "/api/v2/studies/NCT99000001").body == orjson.dumps(record(1))


def test_head_is_get_without_a_body(app):
    assert ask(app, "/api/v2/studies/NCT99000001", method="HEAD").status == 200
    assert ask(app, "/api/v2/studies?x=1", method="HEAD").status == 400
    assert ask(app, "/nowhere", method="HEAD").status == 404


def test_limits_are_told(tmp_path: Path, app):
    directory = app.settings.registry
    short = application(directory, max_request_bytes=200)
    assert ask(short, "/api/v2/studies?query.term=" + "x" * 200).status == 414
    small = application(directory, max_page_size=5)
    assert len(ask(small, "/api/v2/studies?pageSize=1000").json["studies"]) == 5
    cheap = application(directory, max_query_cost=50)
    refused = ask(cheap, "/api/v2/studies?query.term=graft versus host disease")
    assert refused.status == 413
    assert "too much" in refused.text
