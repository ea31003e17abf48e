"""Records that mean harm: scripts in every text, links that are programs, signs that turn a text, fields of megabytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from trialist.demo import generate_study
from trialist.record.catalogue import fields_by_path

from support.browser import PATIENT, Watched, needs_browser
from support.serving import Running, make_registry, running

from test_site_pages import check_html  # isort: skip

pytestmark = needs_browser

EVIL = (
    '<script>window.hit=1</script><img src=x onerror="window.hit=1">"\'><svg onload=window.hit=1>'
    "{{ 7*7 }} &lt;script&gt; javascript:window.hit=1 \u202eevil\u202c \u0000\u0007\u001b[31m \ufffe http://x.invalid/<b>"
)
_FREE = {"text", "markup", "GeoName", "keyword"}
SCRIPTED, LINKED, LARGE = "NCT99000002", "NCT99000015", "NCT99000010"
PATHS = (
    "",
    "/criteria",
    "/similar",
    "/record",
    "/record/contactsLocationsModule",
    "/record/referencesModule",
    "/record/identificationModule",
    "/raw",
    "/map",
    "/history",
    "/history/compare",
    "/results",
    "/results/baseline",
    "/results/outcomes",
    "/results/events",
)


def poisoned(value: Any, path: str = "") -> Any:
    """A record with the evil text in every field that holds a free one."""
    if isinstance(value, dict):
        return {key: poisoned(one, f"{path}.{key}" if path else key) for key, one in value.items()}
    if isinstance(value, list):
        return [poisoned(one, path) for one in value]
    field = fields_by_path().get(path)
    return (
        f"{EVIL}{value[:40]}"
        if isinstance(value, str) and field is not None and field.type in _FREE
        else value
    )


def records() -> list[bytes]:
    scripted = poisoned(generate_study(2))
    scripted["<script>window.hit=1</script>"] = {"<b>key</b>": EVIL}
    linked = generate_study(15)
    links = [
        {"label": "click", "url": url}
        for url in (
            "javascript:window.hit=1",
            "JaVaScRiPt:window.hit=1",
            " javascript:window.hit=1",
            "data:text/html,<script>window.hit=1</script>",
            "//evil.invalid/x",
            'http://evil.invalid/"onmouseover=window.hit=1',
            "vbscript:x",
        )
    ]
    linked["protocolSection"]["referencesModule"] = {
        "seeAlsoLinks": links,
        "references": [{"pmid": "1", "type": "BACKGROUND", "citation": link["url"]} for link in links],
    }
    large = generate_study(10)
    large["protocolSection"]["descriptionModule"] = {"briefSummary": "long words " * 190_000}
    large["protocolSection"]["eligibilityModule"]["eligibilityCriteria"] = (
        "Inclusion Criteria:\n\n" + "* Age over 18\n" * 150_000
    )
    large["protocolSection"]["identificationModule"]["briefTitle"] = "w" * 20_000
    return [json.dumps(one).encode() for one in (scripted, linked, large)]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory = make_registry(
        tmp_path_factory.mktemp("hostile") / "registry", *records(), json.dumps(generate_study(4)).encode()
    )
    with running(directory, environment=PATIENT, measured=False) as found:
        yield found


@pytest.fixture(scope="module")
def window(browser: Browser, hostile: Running) -> Iterator[Watched]:
    found = Watched(browser, hostile, viewport={"width": 360, "height": 800})
    yield found
    found.close()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("nct_id", [SCRIPTED, LINKED])
def test_nothing_of_a_record_runs(window: Watched, nct_id: str, path: str) -> None:
    page = window.open(f"/study/{nct_id}{path}")
    page.mouse.move(100, 300)
    assert page.evaluate("window.hit") is None
    schemes = page.evaluate("[...document.links].map((one) => one.protocol)")
    assert set(schemes) <= {"http:", "https:", "mailto:", "tel:"}
    assert (
        page.evaluate(
            "document.querySelectorAll('main script, main img:not([src^=\"/static/\"]), main [onerror], main [onload]').length"
        )
        == 0
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    window.check()


@pytest.mark.parametrize("path", PATHS)
def test_pages_of_hostile_records_are_valid(hostile: Running, path: str) -> None:
    found = hostile.get(f"/study/{SCRIPTED}{path}")
    assert found.status == 200
    text = found.body.decode()
    check_html(text)
    assert "\u202e" not in text


@pytest.mark.parametrize(
    "query",
    [
        "cond=gvhd",
        "q=script",
        "view=table&col=official-title&col=sponsor",
        "q=%3Cscript%3Ewindow.hit%3D1%3C/script%3E",
        "place=%3Cscript%3E",
        "cond=%22%3E%3Cimg+src%3Dx+onerror%3Dwindow.hit%3D1%3E",
    ],
)
def test_nothing_runs_on_the_search(window: Watched, hostile: Running, query: str) -> None:
    page = window.open(f"/find?{query}")
    assert page.evaluate("window.hit") is None
    found = hostile.get(f"/find?{query}")
    assert found.status in (200, 400)  # half of a quotation cannot be read, and the page says so
    check_html(found.body.decode())
    window.check(refused=found.status == 400)


@pytest.mark.parametrize("path", ["", "/criteria", "/record", "/record/descriptionModule", "/raw"])
def test_fields_of_megabytes_are_shown(hostile: Running, path: str) -> None:
    found = hostile.get(f"/study/{LARGE}{path}", headers={"accept-encoding": "gzip"})
    assert found.status == 200
    if path == "/criteria":
        assert "too long for us to take apart" in found.text


@pytest.mark.parametrize(
    "target",
    [
        "//evil.invalid",
        "/study/nct99000001?next=//evil.invalid",
        "/%5Cevil.invalid",
        "/find?cond=&next=https://evil.invalid",
        "/study/%2F%2Fevil.invalid",
    ],
)
def test_no_address_leads_elsewhere(hostile: Running, target: str) -> None:
    found = hostile.get(target)
    where = found.headers.get("location", "/")
    assert where.startswith("/")
    assert not where.startswith(("//", "/\\"))
    assert "evil" not in where
