"""Every page in a browser: at three widths, light and dark, with and without JavaScript; accessible, valid, and by itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import html5lib
import pytest
from playwright.sync_api import Browser

from support.browser import Watched, needs_browser, violations
from support.serving import Running
from support.site_pages import MODULES, PAGES, REFUSED

pytestmark = needs_browser

WIDTHS = (360, 768, 1280)
LIGHT, DARK = "light", "dark"
LOADS: dict[str, dict[str, Any]] = {
    "with scripts": {},
    "its scripts kept away": {},
    "without scripts": {"java_script_enabled": False},
}
"""How a page is loaded → the options of its context.

The search for barriers is itself a script, which waits for ever where there are none; so the page without its own scripts is
searched where only those are kept away. No page has a `noscript`, so that both are the same document.
"""
ONLY_WITHOUT = ".no-js, [data-include]"
"""What is seen, or seen otherwise, without scripts."""


@pytest.fixture(scope="module")
def windows(browser: Browser, site: Running) -> Iterator[dict[str, Watched]]:
    found = {name: Watched(browser, site, **options) for name, options in LOADS.items()}
    found["its scripts kept away"].context.route("**/*.js", lambda route: route.abort())
    yield found
    for one in found.values():
        one.close()


# Modules of the record share their scripts: that they can be kept away is looked at where two of them have rows of their own.
ROWS = [
    (name, load)
    for name in PAGES
    for load in LOADS
    if not (name.removeprefix("module ") in MODULES and load == "its scripts kept away")
]


@pytest.mark.parametrize(("name", "load"), ROWS)
def test_page(windows: dict[str, Watched], name: str, load: str) -> None:
    window = windows[load]
    page = window.page
    page.emulate_media(color_scheme=LIGHT)
    sent = window.read(PAGES[name])
    is_searched = load == "with scripts" or (load == "its scripts kept away" and not is_same(windows, name))
    assert page.locator("h1").count() == 1
    assert page.title().endswith("trialist")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"scrolls sideways at {width}"
        if is_searched:
            assert violations(page, "others") == [], f"at {width}"
    for look in (LIGHT, DARK):
        page.emulate_media(color_scheme=look)
        if load == "with scripts" or (is_searched and page.locator(ONLY_WITHOUT).count()):
            within = "html" if load == "with scripts" else ONLY_WITHOUT
            assert violations(page, "colours", within) == [], look
    window.check(refused=name in REFUSED or "kept away" in load)
    if load == "without scripts":
        check_html(sent)


def is_same(windows: dict[str, Watched], name: str) -> bool:
    """Whether the page without its scripts is to the letter what it is with them, and shows nothing only without them."""
    page = windows["its scripts kept away"].page
    if page.locator(ONLY_WITHOUT).count():
        return False
    body: str = page.evaluate("document.body.outerHTML")
    return body == windows["with scripts"].open(PAGES[name]).evaluate("document.body.outerHTML")


@pytest.mark.parametrize("sheet", ["site.css", "figures.css", "match.css"])
def test_looks_change_colours_and_widths_do_not(sheet: str) -> None:
    """The looks set custom properties and nothing else, and no width sets a colour of a text or of what lies behind it.

    So colours need be asked for at one width, and everything else in one look.
    """
    text = files("trialist.pages").joinpath("static", sheet).read_text("utf-8")
    for query, block in re.findall(r"@media ([^{]+)\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}", text):
        declared = re.findall(r"[{;]\s*([-a-z0-9]+)\s*:\s*([^;{}]+)", block)
        assert declared, query
        if "prefers-color-scheme" in query:
            assert all(name.startswith("--") for name, _ in declared), declared
        elif "width" in query:
            assert not any(name.startswith("--") or name == "color" for name, _ in declared), declared
            behind = {value.strip() for name, value in declared if name.startswith("background")}
            assert behind <= {"var(--paper)", "var(--paper) padding-box", "rgb(0 0 0 / .4)"}, behind


def check_html(text: str) -> None:
    """The text parses without any error of HTML, ids are unique, and what refers to them finds them."""
    document = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    ids = Counter(one.get("id") for one in document.iter() if isinstance(one.tag, str) and one.get("id"))
    assert [name for name, count in ids.items() if count > 1] == []
    for one in document.iter():
        if not isinstance(one.tag, str):
            continue
        assert not [key for key in one.keys() if key == "style" or key.startswith("on")], one.attrib  # noqa: SIM118  # an element has no `in` for its attributes
        assert one.tag not in ("style", "noscript")
        assert one.tag != "script" or (one.get("src", "").startswith("/static/") and not one.text)
        for key in ("for", "form", "aria-labelledby", "aria-describedby", "list"):
            for name in (one.get(key) or "").split():
                assert name in ids, f"{one.tag} {key}={name}"
        href = one.get("href") or ""
        if href.startswith("#") and len(href) > 1:
            assert href[1:] in ids, href


def test_keyboard_alone(windows: dict[str, Watched]) -> None:
    """The first key leads past the head; a search is made and a study opened without a pointer."""
    window = windows["with scripts"]
    page = window.open("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "cond"
    page.keyboard.type("gvhd")
    page.keyboard.press("Enter")
    page.wait_for_url("**/find?cond=gvhd")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.card.study a')"):
            break
    shown = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert shown != "none"
    page.keyboard.press("Enter")
    page.wait_for_url("**/study/NCT*")
    for label, url in (("Full record", "**/record"), ("Eligibility Module", "**/eligibilityModule")):
        for _ in range(80):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent") == label:
                break
        page.keyboard.press("Enter")
        page.wait_for_url(url)
    window.check()


def test_every_focus_is_seen(windows: dict[str, Watched]) -> None:
    """Whatever takes the focus shows it."""
    window = windows["with scripts"]
    page = window.open(PAGES["results"])
    unseen = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            "(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle !== 'none' || s.boxShadow !== 'none'; })()"
        )
        if not seen:
            unseen.add(page.evaluate("document.activeElement.outerHTML.slice(0, 120)"))
    assert unseen == set()
