"""The search pages in this process: what is asked, what is said back, what helps when nothing is found, and files."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from html import unescape

import numpy as np
import orjson
import pytest

from trialist.errors import InvalidParameterError
from trialist.pages.addresses import changed, without, written
from trialist.pages.cards import distance_words, marked
from trialist.pages.illnesses import asking_for, illnesses
from trialist.query.facets import Facet, FacetCount
from trialist.query.site_counts import middle_of
from trialist.serving.application import Application
from trialist.settings import read_settings

from support.browser import registry_of_demo
from support.records import record
from support.serving import ask, make_registry, site_application


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Application:
    return site_application(
        registry_of_demo(tmp_path_factory.mktemp("find") / "registry", 200), max_query_seconds=60.0
    )


def text_of(html: str) -> str:
    """What a reader reads of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def total(app: Application, query: str) -> int:
    found = re.search(r'<h2 id="found">([0-9,]+) stud', ask(app, f"/find?{query}").text)
    assert found is not None
    return int(found[1].replace(",", ""))


def test_the_query_is_said_back_as_a_sentence(app):
    page = text_of(ask(app, "/find?cond=gvhd&phase=PHASE2&country=China").text)
    assert "You asked for: Studies that mention “gvhd” in conditions or disease" in page
    assert "with a site in China" in page


def test_a_town_gives_distances_and_a_country_narrows(app):
    assert re.search(r"[0-9] km away: ", text_of(ask(app, "/find?cond=gvhd&place=Munich").text))
    everywhere, china = total(app, "cond=gvhd"), total(app, "cond=gvhd&place=China")
    assert 0 < china < everywhere
    assert total(app, "cond=gvhd&country=China") == china


def test_what_is_asked_for_comes_before_what_is_near(tmp_path):
    """The sites of a study about something else lie in the town; those of the right one lie an ocean away."""

    def study(number, conditions, ancestors, lat, lon):
        site = {
            "facility": "A hospital",
            "city": "Somewhere",
            "country": "Germany",
            "geoPoint": {"lat": lat, "lon": lon},
        }
        found = record(
            number,
            derivedSection={"conditionBrowseModule": {"ancestors": [{"term": one} for one in ancestors]}},
        )
        sections = found["protocolSection"]
        sections["conditionsModule"] = {"conditions": conditions, "keywords": conditions}
        sections["identificationModule"]["briefTitle"] = f"[Invented] {conditions[0]}"
        sections["contactsLocationsModule"] = {"locations": [site]}
        return orjson.dumps(found)

    near = study(1, ["Cluster headache"], ["Graft vs Host Disease"], 48.14, 11.58)
    far = study(2, ["Graft vs Host Disease"], [], 40.71, -74.0)
    others = [study(number, ["Asthma"], [], 48.14, 11.58) for number in range(3, 20)]
    app = site_application(make_registry(tmp_path / "registry", near, far, *others), max_query_seconds=60.0)
    page = ask(app, "/find?cond=graft+versus+host+disease&place=Munich").text
    assert 0 < page.index('href="/study/NCT99000002') < page.index('href="/study/NCT99000001')


def test_every_filter_that_is_counted_finds_what_it_counts(app):
    page = ask(app, "/find?cond=gvhd").text
    rows = re.findall(
        r'name="([a-z-]+)" value="([^"]*)" form="find" data-send>.*?<span class="count">([0-9,]+)', page
    )
    assert len({name for name, _, _ in rows}) >= 8
    seen: set[str] = set()
    for name, value, count in rows:
        if name in seen:
            continue
        seen.add(name)
        assert total(app, written("", [("cond", "gvhd"), (name, unescape(value))])[1:]) == int(count), name


def test_places_within_a_country_are_those_of_the_same_sites(app):
    page = ask(app, "/places?country=United%20States").text
    rows = re.findall(r'class="number"><a href="/find\?([^"]+)">.*?</span>([0-9,]+)</a>', page)
    assert rows
    for query, count in rows[:12]:
        assert total(app, unescape(query)) == int(count.replace(",", "")), query


def test_places_below_countries_stand_on_a_map_at_their_sites(app):
    page = ask(app, "/places?country=Germany").text
    circles = dict(
        re.findall(
            r'aria-label="([^"]+)">\s*<g class="circle[^"]*"><title>[^<]*</title><circle cx="([0-9.]+)"', page
        )
    )
    assert circles, page
    towns = ask(app, "/places?country=Germany&state=Bavaria").text
    assert ": Munich" in " ".join(re.findall(r"<title>([^<]+)</title><circle", towns))
    hospitals = ask(app, "/places?country=Germany&state=Bavaria&city=Munich").text
    (url, name), *_ = re.findall(r'<th scope="row"><a href="([^"]+)"><bdi>([^<]+)', hospitals)
    one = ask(app, unescape(url)).text
    assert f": {name}</title><circle" in one
    assert "<h2>Choose" not in one


def test_the_middle_of_places_holds_where_degrees_start_anew():
    points = np.radians(np.array([[-17.0, 179.0], [-17.0, -179.0]]))
    parts = np.array(
        [
            np.ones(2),
            np.cos(points[:, 0]) * np.cos(points[:, 1]),
            np.cos(points[:, 0]) * np.sin(points[:, 1]),
            np.sin(points[:, 0]),
        ]
    )
    found = middle_of(parts.sum(axis=1))
    assert found is not None
    assert abs(found.lon) == pytest.approx(180)
    assert found.lat == pytest.approx(-17, abs=0.01)
    assert middle_of(np.array([2.0, 0.0, 0.0, 0.0])) is None
    assert middle_of(None) is None


TILES = "https://tiles.example.org:8443/{z}/{x}/{y}.png"


def test_a_tile_server_is_asked_only_where_the_settings_name_one(tmp_path_factory):
    directory = registry_of_demo(tmp_path_factory.mktemp("tiles") / "registry", 30)
    plain = ask(site_application(directory), "/places")
    assert "img-src 'self';" in plain.headers["content-security-policy"]
    assert "<image" not in plain.text
    tiled = ask(
        site_application(directory, map_tiles=TILES, map_credit="© Somebody."),
        "/places?country=China&map=31,117,12",
    )
    assert "img-src 'self' https://tiles.example.org:8443;" in tiled.headers["content-security-policy"]
    assert tiled.headers["content-security-policy"].count("http") == 1
    found = re.findall(r'<image href="([^"]+)"', tiled.text)
    assert found
    assert all(re.fullmatch(r"https://tiles\.example\.org:8443/14/[0-9]+/[0-9]+\.png", url) for url in found)
    assert "world.svg" not in tiled.text
    assert "© Somebody. The picture comes from tiles.example.org:8443." in tiled.text


@pytest.mark.parametrize(
    "template",
    [
        "https://tiles.example.org/{z}/{x}.png",
        "tiles.example.org/{z}/{x}/{y}.png",
        "javascript:{z}{x}{y}",
        "https://a.example; script-src *; x/{z}/{x}/{y}",
        "https://a.example https://b.example/{z}/{x}/{y}",
        "https://*/{z}/{x}/{y}",
        'https://a.example/{z}/{x}/{y}"onload=1',
    ],
)
def test_what_is_no_address_of_tiles_is_refused(template):
    with pytest.raises(InvalidParameterError, match="no address of tiles"):
        read_settings(environment={"TRIALIST_MAP_TILES": template})


def test_chips_lead_to_the_search_without_them(app):
    page = ask(app, "/find?cond=gvhd&phase=PHASE2").text
    found = re.findall(r'<a href="([^"]+)"><span><span class="sr-only">Remove </span>([^<]+)', page)
    chips = {label: unescape(url) for url, label in found}
    assert chips == {"Condition: gvhd": "/find?phase=PHASE2", "Phase: Phase 2": "/find?cond=gvhd"}


def test_pages_follow_each_other_and_show_everything_once(app):
    seen: list[str] = []
    url = "/find?cond=gvhd&size=10"
    while url:
        page = ask(app, url).text
        seen += re.findall(r'<h3 dir="auto"><a href="/study/(NCT[0-9]{8})">', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        url = unescape(following[1]) if following else ""
    assert len(seen) == len(set(seen)) == total(app, "cond=gvhd")


def test_nothing_found_says_what_each_part_costs(app):
    page = text_of(ask(app, "/find?cond=gvhd&intr=zzzz").text)
    assert "No study fits all of this." in page
    assert "What each part of your search finds" in page


def test_a_misspelled_word_is_offered_rightly(app):
    page = ask(app, "/find?cond=graftt").text
    assert "Did you mean" in page
    offered = re.search(r'Did you mean <a href="(/find\?cond=[^"]+)">', page)
    assert offered is not None
    assert total(app, unescape(offered[1]).partition("?")[2]) > 0


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("q=AREA%5BPhase", "We could not read this search"),
        ("place=Nowherevillexyz", "no place"),
        ("years=abc", "age"),
        ("phase=PHASE9", "is not known"),
        ("start-year=soon", "is not known"),
        ("page=0", "there is no page"),
        ("page=99999999", "there is no page"),
        ("cond=gvhd&place=Munich&within=far", "not a distance"),
    ],
)
def test_what_cannot_be_read_is_told_on_the_search_itself(app, query, said):
    found = ask(app, f"/find?{query}")
    assert found.status == 400
    assert said in text_of(found.text)
    assert 'id="cond"' in found.text


def test_empty_fields_are_left_out_of_the_address(app):
    found = ask(app, "/find?cond=gvhd&intr=&place=&q=+")
    assert (found.status, found.headers["location"]) == (303, "/find?cond=gvhd")


def test_files_hold_the_whole_result(app):
    count = total(app, "cond=gvhd")
    table = list(csv.reader(io.StringIO(ask(app, "/find/export?cond=gvhd&as=csv").text)))
    assert len(table) == count + 1
    assert len(ask(app, "/find/export?cond=gvhd&as=json").json) == count
    assert ask(app, "/find/export?cond=gvhd&as=ris").text.count("TY  - ") == count
    assert ask(app, "/find/export?cond=gvhd&as=bib").text.count("@misc{NCT99") == count
    assert ask(app, "/find/export?cond=gvhd&as=exe").status == 400


def test_near_me_answers_with_a_town_and_never_with_the_point(app):
    found = ask(app, "/near", method="POST", body=b"lat=48.14&lon=11.58")
    assert found.json == {"place": "Munich, Bavaria, Germany"}
    assert found.headers["cache-control"] == "no-store"
    assert ask(app, "/near", method="POST", body=b"lat=-60&lon=-140").json == {"place": None}
    assert ask(app, "/near", method="POST", body=b"lat=x&lon=1").status == 400
    assert ask(app, "/near?lat=48.1&lon=11.5").status == 405
    assert ask(app, "/near", method="POST", body=b"x" * 20_000).status == 413


def test_addresses_change_as_little_as_they_can():
    given = (("cond", "a b"), ("phase", "PHASE1"), ("phase", "PHASE2"), ("page", "3"))
    assert written("/find", given) == "/find?cond=a+b&phase=PHASE1&phase=PHASE2&page=3"
    assert written("/find", changed(given, {"page": ""})) == "/find?cond=a+b&phase=PHASE1&phase=PHASE2"
    assert written("/find", without(given, "phase", "PHASE1", but=("page",))) == "/find?cond=a+b&phase=PHASE2"


@pytest.mark.parametrize(
    ("metres", "words"),
    [
        (20, "less than 100 m"),
        (640, "600 m"),
        (3_400, "3.4 km"),
        (120_400, "120 km"),
        (8_400_000, "8,400 km"),
    ],
)
def test_distances_as_people_say_them(metres, words):
    assert distance_words(metres) == words


def test_marked_texts_keep_every_character():
    pieces = marked("one two three", [(4, 7)])
    assert [(one.text, one.is_hit) for one in pieces] == [("one ", False), ("two", True), (" three", False)]


def test_headings_that_name_no_illness_are_passed_over_where_a_few_stand_for_all() -> None:
    def count(value: str, *, is_chosen: bool = False) -> FacetCount:
        return FacetCount(value, 5, value, None, is_chosen)

    given = [count("Asthma"), count("Syndrome"), count("Disease"), count("Stroke"), count("Leukemia")]
    facet = Facet("condition", "ConditionMeshTerm", tuple(given), studies=100, missing=3, distinct=40)
    assert [one.value for one in illnesses(facet, 2).counts] == ["Asthma", "Stroke"]
    assert illnesses(facet, 2).distinct == 40, "they are among those that are not shown"
    asked_for = replace(facet, counts=(count("Syndrome", is_chosen=True), *given[2:]))
    assert [one.value for one in illnesses(asked_for, 2).counts] == ["Syndrome", "Stroke"]
    assert asking_for(10) >= 10 + 2
