"""Every page in a browser: at three widths, light and dark, with and without JavaScript; accessible, valid, and by itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import html5lib
import pytest
from playwright.sync_api import Browser, Page

from support.browser import Watched, mark_shades, needs_browser, shown, violations
from support.serving import Running
from support.site_pages import PAGES, REFUSED

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


@pytest.fixture(scope="module")
def bodies() -> dict[str, str]:
    """What pages with scripts were when they had been loaded, by name."""
    return {}


@pytest.mark.parametrize("name", PAGES)
def test_page(windows: dict[str, Watched], bodies: dict[str, str], name: str) -> None:
    window = windows["with scripts"]
    page = window.page
    page.emulate_media(color_scheme=LIGHT)
    window.open(PAGES[name])
    bodies[name] = body(page)
    check_shape(page)
    search_at_widths(page)
    assert violations(page, "colours") == [], LIGHT
    page.emulate_media(color_scheme=DARK)
    assert violations(page, "colours", mark_shades(page)) == [], DARK
    window.check(refused=name in REFUSED)


@pytest.mark.parametrize("name", PAGES)
def test_page_without_scripts(windows: dict[str, Watched], bodies: dict[str, str], name: str) -> None:
    """Valid, within every width, and searched for barriers where it is not to the letter what it is with scripts."""
    window = windows["without scripts"]
    page = window.page
    check_html(window.read(PAGES[name]))
    check_shape(page)
    for width in WIDTHS:
        check_width(page, width)
    window.check(refused=name in REFUSED)
    if name not in bodies:
        bodies[name] = body(windows["with scripts"].open(PAGES[name]))
    if page.locator(ONLY_WITHOUT).count() == 0 and body(page) == bodies[name]:
        return
    window = windows["its scripts kept away"]
    page = window.open(PAGES[name])
    page.emulate_media(color_scheme=LIGHT)
    search_at_widths(page)
    for look in (LIGHT, DARK) if page.locator(ONLY_WITHOUT).count() else ():
        page.emulate_media(color_scheme=look)
        assert violations(page, "colours", ONLY_WITHOUT) == [], look
    window.check(refused=True)  # the browser tells that they were kept away


def check_shape(page: Page) -> None:
    assert page.locator("h1").count() == 1
    assert page.title().endswith("trialist")


def check_width(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width, f"scrolls sideways at {width}"


def search_at_widths(page: Page) -> None:
    """All rules but that of colours at every width; where the same is shown as at the width before, those that measure."""
    before = ""
    for width in WIDTHS:
        check_width(page, width)
        now = shown(page)
        assert violations(page, "measuring" if now == before else "others") == [], f"at {width}"
        before = now


def body(page: Page) -> str:
    found: str = page.evaluate("document.body.outerHTML")
    return found


FAINT = """<!doctype html><html lang="en"><title>t</title><style>
body { color: #000; background: #fff } b { color: #eee } i { background: #fff; color: #000 } i i { color: #ddd }
@media (max-width: 500px) { em { display: none } }
</style><main><h1>t</h1><p>seen</p><p>seen</p><p>seen <em>here</em> <b>%s</b></p><p><i>seen <i>%s</i></i></p></main>"""


@pytest.mark.parametrize("words", [("faint", ""), ("", "faint"), ("", "")])
def test_one_faint_text_is_found_and_what_a_width_hides_is_seen(
    browser: Browser, words: tuple[str, str]
) -> None:
    page = browser.new_page(viewport={"width": 1000, "height": 900})
    try:
        page.set_content(FAINT % words)
        found = violations(page, "colours", mark_shades(page))
        assert page.locator("[data-shade]").count() == 4 + any(words)
        assert [one for one in found if "faint" in one] == found
        assert len(found) == any(words)
        wide = shown(page)
        page.set_viewport_size({"width": 900, "height": 900})
        assert shown(page) == wide
        page.set_viewport_size({"width": 400, "height": 900})
        assert shown(page) != wide
    finally:
        page.close()


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
