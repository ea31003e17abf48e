"""What scripts add to pictures and lists: sorting, maps that move, and what is watched; driven like a person does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from support.browser import Watched, needs_browser
from support.serving import Running
from support.site_pages import FIRST, PAGES, WITH_MANY_EVENTS

pytestmark = needs_browser


@pytest.fixture
def window(browser: Browser, site: Running) -> Iterator[Watched]:
    found = Watched(browser, site)
    yield found
    found.check()
    found.close()


def test_a_table_is_sorted_by_its_heads(window: Watched) -> None:
    page = window.open(f"/study/{WITH_MANY_EVENTS}/results/events")
    table = page.locator("#other-events ~ .table-wrap table")
    names = table.locator("tbody th")
    table.locator("thead button").first.click()
    assert names.all_inner_texts() == sorted(names.all_inner_texts(), key=str.lower)
    assert table.locator("thead th").first.get_attribute("aria-sort") == "ascending"
    table.locator("thead th[data-kind=number] button").first.click()
    shares = [
        float(value)
        for value in table.locator("tbody tr td:nth-child(2)").evaluate_all(
            "cells => cells.map(cell => cell.dataset.value).filter(value => value !== undefined)"
        )
    ]
    assert shares == sorted(shares, reverse=True)
    assert len(set(shares)) > 3


def test_a_map_moves_without_leaving_the_page(window: Watched) -> None:
    page = window.open("/places")
    page.evaluate("window.stays = true")
    shown = page.locator("#map img").get_attribute("src")
    page.get_by_role("link", name="Zoom in").click()
    page.wait_for_function(
        "before => document.querySelector('#map img').getAttribute('src') !== before", arg=shown
    )
    assert page.evaluate("window.stays") is True
    assert "map=" in page.url
    page.reload()
    assert page.locator("#map img").get_attribute("src") != shown


def test_a_study_is_watched_and_told_of_when_it_changes(window: Watched, tmp_path: Path) -> None:
    page = window.open(f"/study/{FIRST}/history")
    page.get_by_role("button", name="Watch this").click()
    assert page.get_by_role("button", name="Stop watching").is_visible()
    window.open("/watch")
    page.get_by_text("From now on we tell you what changes.").wait_for()
    # As if the newest version had not been there at the last visit.
    page.evaluate(
        "() => { const list = JSON.parse(localStorage['trialist.watch']); list[0].ids = list[0].ids.slice(1);"
        " localStorage['trialist.watch'] = JSON.stringify(list); }"
    )
    page.reload()
    page.get_by_text("1 changed since you last looked:").wait_for()
    assert page.get_by_text("The status went from Not yet recruiting to Recruiting.").is_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save the list as a file").click()
    kept = json.loads(Path(saved.value.path()).read_text())
    page.get_by_role("button", name="Forget all").click()
    assert page.get_by_text("You watch nothing yet.").is_visible()
    file = tmp_path / "list.json"
    file.write_text(
        json.dumps(
            [*kept, {"feed": "//evil.example/feed", "title": "x"}, {"feed": "javascript:1", "title": "x"}]
        )
    )
    page.locator("#load").set_input_files(file)
    page.get_by_text("1 loaded.").wait_for()
    assert page.locator(".watched > li").count() == 1


def test_from_a_search_to_its_landscape_and_back_through_a_bar(window: Watched) -> None:
    page = window.open(PAGES["landscape"])
    row = page.locator("#chart-phase ~ table tbody tr").first
    count = row.locator("td").first.inner_text()
    row.get_by_role("link").click()
    page.wait_for_url("**/find?phase=*")
    assert page.locator("#found").inner_text().startswith(f"{count} ")


def test_from_a_study_to_its_history_and_to_another_beside_it(window: Watched) -> None:
    page = window.open(f"/study/{FIRST}")
    page.get_by_role("link", name="History").click()
    assert page.get_by_text("The main outcomes are not what they were at first").is_visible()
    page.get_by_role("button", name="Compare these").click()
    page.get_by_role("link", name="Side by side").click()
    assert page.get_by_role("columnheader", name="Version 1").first.is_visible()
    page.get_by_role("link", name="Study", exact=True).click()
    page.get_by_role("link", name="Compare with others").click()
    page.get_by_label("Number of another study").fill("nct99000002")
    page.keyboard.press("Enter")
    page.wait_for_url("**/compare?*id=nct99000002")
    assert page.locator("thead th").count() == 2
