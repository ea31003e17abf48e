"""The site as people use it, in a browser: from a question to a study and on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from support.browser import Watched, needs_browser, violations
from support.serving import Running
from support.site_pages import FIRST, PAGES, WITH_TABLES

pytestmark = needs_browser


@pytest.fixture
def window(browser: Browser, site: Running) -> Iterator[Watched]:
    found = Watched(
        browser,
        site,
        viewport={"width": 1280, "height": 900},
        geolocation={"latitude": 48.137432, "longitude": 11.575490},
        permissions=["geolocation"],
        accept_downloads=True,
    )
    yield found
    found.check()
    found.close()


@pytest.fixture
def plain(browser: Browser, site: Running) -> Iterator[Watched]:
    found = Watched(browser, site, java_script_enabled=False, viewport={"width": 360, "height": 800})
    yield found
    found.check()
    found.close()


def test_from_a_condition_and_a_place_to_a_study_its_record_and_a_file(
    window: Watched, tmp_path: Path
) -> None:
    page = window.open("/")
    page.get_by_label("Condition or disease").fill("gvhd")
    page.get_by_label("Place", exact=True).fill("Munich")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**/find?cond=gvhd&place=Munich")
    expect(page.get_by_text("Distances are from Munich")).to_be_visible()
    expect(page.get_by_text("You asked for:")).to_contain_text("gvhd")

    page.get_by_role("group", name="Status").get_by_text("Recruiting", exact=True).click()
    page.wait_for_url("**status=RECRUITING**")
    expect(page.get_by_role("link", name="Remove Status: Recruiting")).to_be_visible()
    expect(page.locator(".card.study .where").first).to_contain_text("km away")

    with page.expect_download() as coming:
        page.get_by_role("link", name="CSV table").click()
    coming.value.save_as(tmp_path / "studies.csv")
    assert (tmp_path / "studies.csv").read_text("utf-8").count("NCT99") >= 1

    page.locator(".card.study h3 a").first.click()
    page.wait_for_url("**/study/NCT99*")
    expect(page.locator("h1")).to_contain_text("[Invented]")
    page.get_by_role("link", name="Full record").click()
    page.get_by_role("link", name="Eligibility Module").click()
    expect(page.locator(".path")).to_contain_text("Study → Protocol Section → Eligibility Module")
    page.get_by_text("About this field").first.click()
    expect(page.get_by_text("EligibilityCriteria", exact=True).first).to_be_visible()


def test_a_chip_takes_a_filter_back(window: Watched) -> None:
    page = window.open("/find?cond=gvhd&phase=PHASE2")
    page.get_by_role("link", name="Remove Phase: Phase 2").click()
    page.wait_for_url("**/find?cond=gvhd")


def test_from_a_country_to_a_town_to_its_studies(window: Watched) -> None:
    page = window.open("/")
    page.get_by_role("link", name="By place", exact=True).click()
    page.get_by_role("link", name="Germany", exact=True).click()
    page.get_by_role("link", name="Bavaria", exact=True).click()
    expect(page.locator("h1")).to_have_text("Studies in Bavaria")
    count = page.locator(".lead").inner_text().split()[0]
    page.get_by_role("link", name="Show all studies").click()
    expect(page.locator("#found")).to_contain_text(f"{count} stud")


def test_near_me_is_asked_on_a_click_and_stays_out_of_the_address(window: Watched) -> None:
    page = window.open("/")
    assert page.get_by_label("Place", exact=True).input_value() == ""
    page.get_by_role("button", name="Use where I am").click()
    expect(page.get_by_label("Place", exact=True)).to_have_value("Munich, Bavaria, Germany")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**/find?place=Munich**")
    assert "48." not in page.url
    assert "11." not in page.url


def test_names_are_offered_while_typing(window: Watched) -> None:
    page = window.open("/")
    page.get_by_label("Condition or disease").press_sequentially("graft", delay=20)
    expect(page.locator("#cond-names option").first).to_be_attached()
    offered = page.locator("#cond-names option").evaluate_all("all => all.map((one) => one.value)")
    assert any("graft" in one.lower() for one in offered)


def test_the_study_takes_in_its_criteria_and_studies_like_it(window: Watched) -> None:
    page = window.open(f"/study/{FIRST}")
    page.locator("[data-include]").first.scroll_into_view_if_needed()
    expect(page.get_by_text("We read this as:").first).to_be_visible()
    box = page.locator(".checklist input").first
    box.check()
    expect(box).to_be_checked()
    page.locator("#similar").scroll_into_view_if_needed()
    expect(page.locator("[aria-labelledby=similar] .card.study").first).to_be_visible()
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))


def test_a_word_is_explained_in_place(window: Watched) -> None:
    page = window.open(f"/study/{FIRST}")
    page.locator("summary", has_text="Masking").click()
    expect(page.get_by_text("Who does not know which treatment a person gets.")).to_be_visible()


def test_without_scripts_a_search_is_filtered_sorted_and_a_study_read(plain: Watched) -> None:
    page = plain.open("/")
    page.get_by_label("Condition or disease").fill("gvhd")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**/find?cond=gvhd")
    page.get_by_role("link", name="Go to the filters").click()
    page.get_by_role("group", name="Status").get_by_text("Completed").click()
    page.get_by_role("button", name="Use these filters").click()
    page.wait_for_url("**status=COMPLETED**")
    expect(page.get_by_role("link", name="Remove Status: Completed")).to_be_visible()
    page.locator(".card.study h3 a").first.click()
    page.get_by_role("link", name="See each criterion by itself").click()
    expect(page.locator(".checklist").first).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_on_a_phone_the_ways_through_the_site_are_a_sheet(
    browser: Browser, site: Running, scripts: bool
) -> None:
    """One row of the screen is the site's; the sheet opens and closes by keyboard, with scripts and without."""
    window = Watched(
        browser, site, java_script_enabled=scripts, viewport={"width": 360, "height": 800}, has_touch=True
    )
    try:
        page = window.open("/about")
        head = page.locator(".site-head").bounding_box()
        assert head is not None
        assert head["height"] < 70
        link = page.locator("#menu").get_by_role("link", name="Landscape")
        expect(link).to_be_hidden()
        page.get_by_role("button", name="Menu", exact=True).focus()
        page.keyboard.press("Enter")
        expect(link).to_be_visible()
        if scripts:
            assert violations(page) == []
        page.keyboard.press("Escape")
        expect(link).to_be_hidden()
        page.get_by_role("button", name="Menu", exact=True).tap()
        page.get_by_role("button", name="Close the menu").tap()
        expect(link).to_be_hidden()
        page.get_by_role("button", name="Menu", exact=True).tap()
        link.tap()
        page.wait_for_url("**/landscape")
        window.check()
    finally:
        window.close()


def test_on_a_phone_a_picture_is_seen_whole(browser: Browser, site: Running) -> None:
    window = Watched(browser, site, viewport={"width": 360, "height": 800})
    try:
        for address in (f"/study/{WITH_TABLES}/results/outcomes", PAGES["events"], "/landscape"):
            page = window.open(address)
            assert page.locator("svg.shrinks").count() > 0, address
            beyond = page.locator(".picture:has(svg.shrinks)").evaluate_all(
                "all => all.filter((one) => one.scrollWidth > one.clientWidth + 1).length"
            )
            assert beyond == 0, address
    finally:
        window.close()


def test_on_paper_there_is_what_was_found_and_nothing_to_press(window: Watched) -> None:
    page = window.open("/find?cond=gvhd")
    page.emulate_media(media="print")
    try:
        expect(page.locator(".card.study").first).to_be_visible()
        for what in (".site-head nav", ".filters", ".take", ".bar", "form", ".pages", ".again", ".why-link"):
            assert not page.locator(what).first.is_visible(), what
        shown = page.viewport_size
        page.set_viewport_size({"width": 794, "height": 1123})  # A4
        for address in ("/find?cond=gvhd&view=table", f"/study/{WITH_TABLES}/results/events"):
            window.open(address)
            expect(page.locator("table").first).to_be_visible()
            beyond = "tables => tables.filter(one => one.getBoundingClientRect().right > innerWidth).length"
            assert page.locator("table").evaluate_all(beyond) == 0, (
                f"{address} is cut at the edge of the paper"
            )
        assert shown is not None
        page.set_viewport_size(shown)
        window.open(f"/study/{FIRST}")
        expect(page.locator(".glance")).to_be_visible()
        assert not page.locator("nav.contents").is_visible()
        assert not page.locator("button").first.is_visible()
    finally:
        page.emulate_media(media="screen")


def test_why_a_study_is_here_is_told_below_it(window: Watched) -> None:
    page = window.open("/find?cond=gvhd")
    page.get_by_role("link", name="Why it is here").first.click()
    expect(page.locator(".card.study .why").first).to_contain_text(
        "You asked for studies that mention “gvhd”"
    )
    assert page.url.endswith("/find?cond=gvhd")


def test_a_table_shows_the_columns_that_were_chosen(window: Watched) -> None:
    page = window.open("/find?cond=gvhd")
    page.get_by_role("link", name="Table", exact=True).click()
    page.get_by_text("Choose columns").click()
    page.get_by_label("Official title").check()
    page.get_by_role("button", name="Show these columns").click()
    page.wait_for_url("**col=official-title**")
    expect(page.get_by_role("columnheader", name="Official title")).to_be_visible()
