"""The Match pages in a browser: told by hand and by file, at three widths, light and dark, with and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import html5lib
import pytest
from playwright.sync_api import Browser

from support.browser import Watched, needs_browser, violations
from support.serving import Running
from support.site_pages import FIRST

pytestmark = needs_browser

WIDTHS = (1280, 768, 360)
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "light without scripts": {"color_scheme": "light", "java_script_enabled": False},
}
FORM = b"""label: A-17
born: 1980-06
sex: female
transplant_day: 2026-01-05
values:
  - {name: ALT, value: 95 U/L, normal: -40, on: 2026-02-18}
  - {name: platelets, value: <20 10*9/L, day: 28}
grades:
  - {name: ecog, value: 1}
  - {name: agvhd_skin_stage, value: 3, on: 2026-02-18}
conditions: [acute GVHD, wobbly <b>disease</b> of nobody]
drugs:
  - {name: methylprednisolone, from: 2026-02-10, dose: 2 mg/kg/d}
allergies: none
"""


@pytest.fixture(scope="module", params=LOOKS)
def window(request: pytest.FixtureRequest, browser: Browser, site: Running) -> Iterator[Watched]:
    found = Watched(browser, site, **LOOKS[request.param])
    yield found
    found.close()


def look(window: Watched, *, refused: bool = False) -> None:
    """The page as it stands is accessible, valid, fits every width, and asked nobody else for anything."""
    page = window.page
    assert page.locator("h1").count() == 1
    assert page.locator(".device").count() == 1
    html5lib.HTMLParser(strict=True).parse(
        "<!doctype html>" + page.locator("html").evaluate("one => one.outerHTML")
    )
    ids = page.locator("[id]").evaluate_all("all => all.map(one => one.id)")
    assert len(ids) == len(set(ids))
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"scrolls sideways at {width}"
        if has_scripts(window):
            assert violations(page, "others") == [], f"at {width}"
    if has_scripts(window):
        assert violations(page, "colours") == []
    window.check(refused=refused)


def has_scripts(window: Watched) -> bool:
    return window.page.locator("html.has-js").count() == 1


def test_a_file_leads_to_trials_one_trial_and_its_filters(window: Watched) -> None:
    page = window.open("/match")
    page.set_input_files("#file", {"name": "p.yaml", "mimeType": "text/yaml", "buffer": FORM})
    page.get_by_role("button", name="Find trials").first.click()
    page.wait_for_url("**/match/trials")
    assert page.locator(".match-cards > li").count() > 0
    page.locator(".understood > summary").click()
    assert page.get_by_text("wobbly <b>disease</b> of nobody").count() > 0
    look(window)
    page.locator("button[name=trial]").last.click()
    page.wait_for_url("**/match/trial")
    every = page.locator(".criterion").count()
    assert every > 0
    look(window)
    page.locator("button[name=show][value=data]").click()
    page.wait_for_url("**/match/trial#points")
    assert page.locator(".criterion").count() <= every
    assert page.locator("button[name=show][value=data]").get_attribute("aria-pressed") == "true"
    look(window)
    page.get_by_role("button", name="Back to the trials").click()
    page.wait_for_url("**/match/trials")
    page.locator(".understood > summary").click()
    page.get_by_role("button", name="Change what you told us").click()
    page.wait_for_url("**/match/edit")
    assert page.get_by_text("We still hold the file").count() == 1
    look(window)


def test_a_form_typed_with_a_mistake_is_mended(window: Watched) -> None:
    page = window.open(f"/match?trial={FIRST}")
    page.get_by_label("Age", exact=True).fill("forty")
    page.locator("[name='conditions.0.name']").fill("acute GVHD")
    page.locator("[name='values.1.value']").fill("48")
    page.get_by_role("button", name="Check this trial").first.click()
    page.wait_for_url("**/match/trials")
    assert page.locator("#mistakes a[href='#at-age']").count() == 1
    look(window, refused=True)
    window.errors.clear()
    page.locator("[name='top.age']").fill("44")
    page.get_by_role("button", name="Check this trial").first.click()
    page.get_by_role("heading", name="Point by point").wait_for()
    assert page.get_by_text("44 years old").count() > 0
    look(window)


def test_more_rows_keep_what_was_typed(window: Watched) -> None:
    page = window.open("/match")
    page.locator("[name='conditions.0.name']").fill("asthma")
    before = page.locator("[name^='conditions.'][name$='.name']").count()
    page.locator("button[name=more][value=conditions]").click()
    page.wait_for_url("**/match/edit#at-conditions")
    assert page.locator("[name='conditions.0.name']").input_value() == "asthma"
    assert page.locator("[name^='conditions.'][name$='.name']").count() > before


def test_the_sheet_prints_without_the_site_around_it(window: Watched) -> None:
    page = window.open(f"/match?trial={FIRST}")
    page.locator("#note").fill("A 44-year-old woman with acute GVHD. ALT 95 U/L.")
    page.get_by_role("button", name="Check this trial").first.click()
    page.get_by_role("heading", name="Point by point").wait_for()
    page.emulate_media(media="print")
    try:
        assert page.get_by_text("Decision support, not a medical device").first.is_visible()
        assert page.get_by_text("Checked by:").is_visible()
        assert page.locator(".fact-table").first.is_visible(), "what is folded on the screen is on paper"
        assert not page.locator(".filters-bar").is_visible()
        assert not page.locator(".site-head nav").is_visible()
    finally:
        page.emulate_media(media="screen")
