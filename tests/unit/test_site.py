"""The site in this process: its frame, its headers, its static files, and how it refuses."""

from __future__ import annotations

import re

import pytest

from trialist.demo.registry import generate_study
from trialist.pages.routes import ROUTES
from trialist.pages.site import headers_of
from trialist.pages.static_files import static_files
from trialist.record.study import Study
from trialist.serving.application import Application
from trialist.settings import read_settings
from trialist.views.record import record_view

from support.records import raw
from support.serving import ask, make_registry, site_application
from support.site_pages import ELSEWHERE, PAGES, WITH_TABLES


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Application:
    return site_application(
        make_registry(tmp_path_factory.mktemp("site") / "registry", *map(raw, range(1, 13)))
    )


def test_site_and_api_answer_in_one_application(app):
    assert ask(app, "/about").headers["content-type"].startswith("text/html")
    assert ask(app, "/api/v2/version").json["apiVersion"]
    assert "access-control-allow-origin" not in ask(app, "/about").headers
    assert ask(app, "/api/v2/version").headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("target", ["/about", "/nowhere", "/study/NCT00000001x", "/static/x/y"])
def test_every_answer_of_the_site_has_the_security_headers(app, target):
    found = ask(app, target).headers
    for name, value in headers_of(read_settings()):
        assert found[name.decode()] == value.decode()
    assert "unsafe" not in found["content-security-policy"]


def test_a_page_says_that_the_data_are_invented(app):
    assert "These studies are invented" in ask(app, "/about").text


def test_a_page_is_asked_for_anew_and_sent_only_when_it_is_another(app):
    first = ask(app, "/about")
    assert first.headers["cache-control"] == "no-cache"
    again = ask(app, "/about", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


def test_static_files_are_kept_for_a_year_under_an_address_of_their_own(app):
    url = static_files().url("site.css")
    found = ask(app, url)
    assert found.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in found.headers["cache-control"]
    old = ask(app, url.replace(static_files().mark, "0" * 12))
    assert (old.status, old.headers["cache-control"]) == (200, "no-cache")
    assert ask(app, f"/static/{static_files().mark}/site.py").status == 404


@pytest.mark.parametrize(
    ("target", "method", "status"),
    [
        ("/nowhere", "GET", 404),
        ("/%2e%2e/etc/passwd", "GET", 404),
        ("/about", "POST", 405),
        ("/about", "DELETE", 405),
        ("/about?" + "x" * 40_000, "GET", 414),
    ],
)
def test_refusals_are_pages_with_a_way_out(app, target, method, status):
    found = ask(app, target, method=method)
    assert found.status == status
    assert "<h1>" in found.text
    assert 'href="/"' in found.text


def test_a_study_by_another_spelling_of_its_number_is_elsewhere(app):
    for path in ("", "/criteria", "/similar", "/record", "/record/statusModule"):
        found = ask(app, f"/study/nct99000001{path}")
        assert found.status == 301
        assert found.headers["location"] == f"/study/NCT99000001{path}"


def test_a_module_that_is_not_there_names_those_that_are(app):
    found = ask(app, "/study/NCT99000001/record/nothing")
    assert found.status == 400
    assert "identificationModule" in found.text


def test_the_parts_of_a_record_stand_below_its_sections_and_say_what_is_not_there(app):
    found = ask(app, "/study/NCT99000001/record").text
    heads = re.findall(r"<h3>([^<]*)</h3>", found)
    assert heads[0] == "Protocol Section"
    assert heads[-1] == "Other parts"
    assert len(heads) == len(set(heads))
    assert "0 values" not in found
    assert 'annotationSection">Annotation Section</a> <span class="quiet">not in this record' in found


def test_the_json_of_a_record_can_be_seen_from_any_place(app):
    assert "orgStudyIdInfo" in ask(app, "/study/NCT99000001/raw").text
    below = ask(app, "/study/NCT99000001/raw?at=/protocolSection/statusModule").text
    assert "overallStatus" in below
    assert "orgStudyIdInfo" not in below
    assert ask(app, "/study/NCT99000001/raw?at=/protocolSection/9").status == 400
    assert ask(app, "/study/NCT99000001/raw?at=x").status == 400


def test_every_address_is_looked_at_in_a_browser():
    """A page that no row of `support.site_pages` stands for would be read at no width, in no look and by no axe."""
    ways = {row.path: re.compile(re.sub(r"\\{[a-z]+\\}", "[^/]+", re.escape(row.path))) for row in ROUTES}
    asked = [address.split("?")[0] for address in PAGES.values()]
    looked_at = {next((path for path, way in ways.items() if way.fullmatch(one)), "") for one in asked}
    assert set(ways) - looked_at == set(ELSEWHERE)


def test_every_module_is_looked_at_in_a_browser():
    asked = {address.rsplit("/", 1)[1] for address in PAGES.values() if "/record/" in address}
    shown = record_view(Study.from_record(generate_study(int(WITH_TABLES[-6:]))))
    modules = {section.id.rsplit(".", 1)[-1] for section in shown.sections} - {"overview"}
    assert modules <= asked, modules - asked


def test_every_address_is_named_once():
    paths = [(row.path, row.takes_form) for row in ROUTES]
    assert len(paths) == len(set(paths))
