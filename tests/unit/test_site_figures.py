"""Pages of results, history, maps, comparison, landscape, browsing and feeds, in this process; and what hostile records do there."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import html5lib
import orjson
import pytest

from trialist.demo.registry import generate_study
from trialist.serving.application import Application

from support.records import record
from support.serving import ask, make_registry, site_application

ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = "\u202e\x00</title><script>alert(1)</script><img src=x onerror=alert(1)>\"'&{{7*7}}\x1b[2J"
LINK = "javascript:alert(1)"
RESULTS, PLAIN, EVIL = "NCT99000002", "NCT99000000", "NCT98000001"

TARGETS = [
    "/study/{}/results",
    "/study/{}/results/baseline",
    "/study/{}/results/outcomes",
    "/study/{}/results/outcomes?page=2",
    "/study/{}/results/outcomes?page=99999999999",
    "/study/{}/results/events",
    "/study/{}/results/events?order=organ&one=EG000&other=EG001&serious-page=-1",
    "/study/{}/history",
    "/study/{}/history/compare",
    "/study/{}/history/compare?first=1&second=1&view=beside",
    "/study/{}/map",
    "/study/{}/map?open=1&map=nonsense",
    "/study/{}/map?map=40,0,3",
    "/study/{}",
    "/study/{}/feed",
    "/compare?id={}&id=NCT99000002",
]
OTHERS = [
    "/compare",
    "/compare?id=x&id=NCT99999999&only=different",
    "/landscape",
    "/landscape?status=RECRUITING&map=10,10,4",
    "/landscape?q=" + quote("AREA[StudyType]INTERVENTIONAL OR heart"),
    "/browse",
    "/browse/conditions",
    "/browse/treatments",
    "/browse/sponsors",
    "/browse/conditions?name=" + quote('"] OR AREA[Phase'),
    "/browse/sponsors?name=" + quote(HOSTILE.replace("\x00", "")),
    "/watch",
    "/feed",
    "/feed?cond=heart&sort=start",
    "/places?map=48,10,3",
]


def spoiled(node: Any, key: str = "") -> Any:
    """A record with hostile signs in every text that is not read for what it means."""
    if isinstance(node, dict):
        return {name: spoiled(value, name) for name, value in node.items()}
    if isinstance(node, list):
        return [spoiled(value, key) for value in node]
    if not isinstance(node, str) or key in {"nctId", "date", "groupId", "id", "value", "overallStatus"}:
        return node
    return LINK if key in {"url", "link"} else node + HOSTILE


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Application:
    studies = [generate_study(number) for number in range(40)]
    older = copy.deepcopy(studies[0])
    module = older["protocolSection"]["statusModule"]
    module["lastUpdatePostDateStruct"]["date"] = "2001-01-01"
    module["overallStatus"] = "NOT_YET_RECRUITING"
    older["protocolSection"]["outcomesModule"]["primaryOutcomes"][0]["measure"] = "Another outcome"
    evil = spoiled(studies[2])
    evil["protocolSection"]["identificationModule"]["nctId"] = EVIL
    before = copy.deepcopy(evil)
    before["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"] = "2001-01-01"
    before["protocolSection"]["identificationModule"]["officialTitle"] = HOSTILE * 3
    directory = tmp_path_factory.mktemp("figures") / "registry"
    records = [older, before, *studies, evil]
    return site_application(make_registry(directory, *map(orjson.dumps, records)))


def opened(app: Application, target: str) -> str:
    found = ask(app, target)
    assert found.status == 200, found.text[:2_000]
    return found.text


def check(text: str) -> None:
    """The page parses without an error, and holds no element or attribute that it was not written with."""
    document = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    for one in document.iter():
        if not isinstance(one.tag, str):
            continue
        assert not any(name.startswith("on") or name == "style" for name in one.attrib), one.attrib
        assert not (one.get("href") or "").strip().lower().startswith(("javascript:", "data:")), one.attrib
        if one.tag == "script":
            assert (one.get("src") or "").startswith("/static/")
            assert not (one.text or "").strip()
    assert "<img src=x" not in text
    assert "\u202e" not in text
    assert "\x1b" not in text


@pytest.mark.parametrize("nct_id", [RESULTS, PLAIN, EVIL])
@pytest.mark.parametrize("target", TARGETS)
def test_pages_of_studies(app: Application, target: str, nct_id: str) -> None:
    text = opened(app, target.format(nct_id))
    if target.endswith("/feed"):
        ElementTree.fromstring(text)
    elif nct_id != PLAIN or target != "/study/{}":
        check(text)


@pytest.mark.parametrize("target", OTHERS)
def test_pages_of_searches(app: Application, target: str) -> None:
    text = opened(app, target)
    if target.startswith("/feed"):
        ElementTree.fromstring(text)
    else:
        check(text)


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/study/NCT00000001/results", 404),
        ("/study/x/history", 400),
        (f"/study/{PLAIN}/history/compare?first=1&second=9", 400),
        ("/browse/x", 400),
        ("/feed?q=AREA%5B", 400),
        ("/landscape?q=AREA%5B", 400),
    ],
)
def test_what_cannot_be_shown_says_so(app: Application, target: str, status: int) -> None:
    found = ask(app, target)
    assert found.status == status
    assert "<h1>" in found.text


def test_history_says_what_changed(app: Application) -> None:
    text = opened(app, f"/study/{PLAIN}/history")
    assert "The status went from Not yet recruiting to Recruiting." in text
    assert "The main outcomes are not what they were at first" in text
    assert "<del>Another outcome</del>" in text


def test_a_feed_tells_versions_newest_first_with_ids_of_their_own(app: Application) -> None:
    feed = ElementTree.fromstring(opened(app, f"/study/{PLAIN}/feed"))
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == 2
    assert len({one.findtext(f"{ATOM}id") for one in entries}) == 2
    moments = [one.findtext(f"{ATOM}updated") or "" for one in entries]
    assert moments == sorted(moments, reverse=True)
    assert all(re.fullmatch(r"[0-9-]{10}T[0-9:]{8}Z", moment) for moment in moments)
    assert "The status went from" in (entries[0].findtext(f"{ATOM}summary") or "")


def test_a_feed_of_a_search_has_the_studies_that_changed_last(app: Application) -> None:
    feed = ElementTree.fromstring(opened(app, "/feed?status=RECRUITING"))
    moments = [one.findtext(f"{ATOM}updated") or "" for one in feed.findall(f"{ATOM}entry")]
    assert moments
    assert moments == sorted(moments, reverse=True)


def test_every_bar_of_the_landscape_leads_to_as_many_studies_as_it_says(app: Application) -> None:
    text = opened(app, "/landscape?status=RECRUITING")
    document = html5lib.parse(text, namespaceHTMLElements=False)
    rows = [
        (row.find("th/a").get("href"), int(row.find("td").text.replace(",", "")))
        for row in document.iter("tr")
        if row.find("th/a") is not None
        and row.find("td") is not None
        and "number" in (row.find("td").get("class") or "")
    ]
    assert len(rows) > 20
    for url, count in rows:
        found = html5lib.parse(opened(app, url), namespaceHTMLElements=False)
        (title,) = [one for one in found.iter("h2") if one.get("id") == "found"]
        assert (title.text or "").split(" ")[0] == str(count), url


def test_narrower_terms_are_those_whose_studies_have_the_wider_one(app: Application) -> None:
    for number in range(40):
        section = generate_study(number).get("derivedSection", {}).get("conditionBrowseModule", {})
        meshes, above = section.get("meshes", []), section.get("ancestors", [])
        if len(meshes) == 1 and above:
            break
    else:
        pytest.fail("no study has one term alone")
    wider = quote(above[0]["term"])
    assert f"name={quote(meshes[0]['term']).replace('%20', '+')}" in opened(
        app, f"/browse/conditions?name={wider}"
    )


def test_a_map_says_how_much_lies_beyond_its_edges(app: Application) -> None:
    assert "beyond the edges" in opened(app, "/landscape?map=-50,-140,6")


def test_many_sites_are_told_country_by_country_and_very_many_by_region(tmp_path: Path) -> None:
    def sites(*given: tuple[str, str, int]) -> list[dict[str, str]]:
        return [
            {"facility": f"{state} {number}", "city": "Town", "state": state, "country": country}
            for country, state, count in given
            for number in range(count)
        ]

    def groups(*given: tuple[str, str, int]) -> list[tuple[str, str]]:
        found = record(1)
        found["protocolSection"]["contactsLocationsModule"] = {"locations": sites(*given)}
        made = make_registry(tmp_path / str(len(list(tmp_path.iterdir()))), orjson.dumps(found))
        html = ask(site_application(made), "/study/NCT99000001").text
        assert html.count("Town, ") >= sum(count for _, _, count in given)
        return re.findall(r'<details class="country"( open)?><summary><strong>(.*?)</strong>', html)

    assert groups(("Germany", "Bavaria", 30)) == []
    assert groups(("Germany", "Bavaria", 20), ("France", "", 20)) == [("", "Germany"), ("", "France")]
    assert groups(("Germany", "Bavaria", 20), ("Germany", "Saxony", 20)) == [(" open", "Germany")]
    very_many = groups(("Germany", "Bavaria", 40), ("Germany", "Saxony", 40), ("Germany", "", 1))
    regions = [("", one) for one in ("Bavaria", "Saxony", "Region not named")]
    assert very_many == [(" open", "Germany"), *regions]
