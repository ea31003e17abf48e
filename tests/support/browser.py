"""A browser, and the site over an invented registry for it; tests are skipped, saying so, where there is no browser."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Literal

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response, sync_playwright

from trialist.demo.registry import generate_study

from support.serving import Running

PATIENT = {"TRIALIST_MAX_QUERY_SECONDS": "60"}
"""The environment of a server that a busy machine does not make refuse a search."""
NAMES = ("chromium", "chromium-browser", "google-chrome")


@cache
def find_browser() -> str:
    """The system's Chromium; "" for none."""
    return next((found for name in NAMES if (found := shutil.which(name))), "")


needs_browser = pytest.mark.skipif(
    not find_browser(), reason=f"no browser is here: none of {', '.join(NAMES)}"
)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A browser that can reach this machine alone."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_browser(),
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
        )
        try:
            yield browser
        finally:
            browser.close()


AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = "color-contrast"
"""The one rule that asks for colours. It takes two thirds of axe's time, and what it finds does not depend on the width of a page: see
`test_looks_change_colours_and_widths_do_not`."""


MEASURING = ["target-size", "scrollable-region-focusable"]
"""The rules that measure what is shown. What all others find changes only where other things are shown, or in other ways."""
_SHOWN = """() => [...document.querySelectorAll("body, body *")].map(one => {
  const { display, visibility, position, clip, clipPath } = getComputedStyle(one), box = one.getBoundingClientRect();
  const isSeen = box.width > 0 && box.height > 0, isWithin = box.right > 0 && box.bottom > 0;
  return [one.tagName, display, visibility, position, clip, clipPath, isSeen, isWithin].join();
}).join(";")"""
_SHADES = """() => {
  const ways = new Map(), paths = new Map(), taken = new Set();
  const drawn = one => {
    const { color, backgroundColor, backgroundImage, fontSize, fontWeight, opacity, textShadow, display, position } = getComputedStyle(one);
    return [color, backgroundColor, backgroundImage, fontSize, fontWeight, opacity, textShadow, display, position].join();
  };
  const path = one => {
    if (!one) return -1;
    if (!paths.has(one)) {
      const way = `${path(one.parentElement)} ${drawn(one)}`;
      if (!ways.has(way)) ways.set(way, ways.size);
      paths.set(one, ways.get(way));
    }
    return paths.get(one);
  };
  for (const one of document.querySelectorAll("body *")) {
    const isText = [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!isText && !one.matches("input, select, textarea, button, summary")) continue;
    if (!one.checkVisibility() || taken.has(path(one))) continue;
    taken.add(path(one));
    one.dataset.shade = "";
  }
}"""


def shown(page: Page) -> str:
    """What a page shows at its width, and how: where it is the same at two widths, only `MEASURING` rules can differ."""
    found: str = page.evaluate(_SHOWN)
    return found


def mark_shades(page: Page) -> str:
    """The selector of one text for each way in which texts, and all that lies around them, are coloured and sized."""
    page.evaluate(_SHADES)
    return "[data-shade]"


Rules = Literal["all", "colours", "others", "measuring"]


def violations(page: Page, rules: Rules = "all", within: str = "html") -> list[str]:
    """What axe finds on a page `within` what a selector names, in a line each: by all rules, or by some of them."""
    page.evaluate("source => { window.axe || (0, eval)(source); }", AXE)
    asked: dict[str, Any] = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    if rules == "others":
        asked["rules"] = {COLOURS: {"enabled": False}}
    elif rules != "all":
        asked["runOnly"] = [COLOURS] if rules == "colours" else MEASURING
    found: dict[str, Any] = page.evaluate(
        "async ([within, asked]) => {"
        " const { violations } = await axe.run({ include: [[within]] }, asked); return { violations }; }",
        [within, asked],
    )
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
        for one in found["violations"]
    ]


class Watched:
    """A browsing context over one server, with everything that must not happen in it."""

    def __init__(self, browser: Browser, server: Running, **options: object) -> None:
        self.server = server
        self.context: BrowserContext = browser.new_context(base_url=server.url, **options)
        self.foreign: list[str] = []
        self._left: set[str] = set()
        self.errors: list[str] = []
        self.context.on("request", self._asked)
        self.context.on("console", self._said)
        self.context.on("weberror", lambda error: self.errors.append(str(error.error)))
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(60_000)

    def _asked(self, request: object) -> None:
        url = request.url
        if not url.startswith((self.server.url, "about:", "blob:", "data:")):
            self.foreign.append(url)

    def _said(self, said: object) -> None:
        # What a page that was left had to say may come late.
        if said.type == "error" and said.location.get("url") not in self._left:
            self.errors.append(said.text)

    def open(self, address: str) -> Page:
        """Go to a page, and wait until it and its files are there; what was wrong before counts no more."""
        self._go(address)
        return self.page

    def read(self, address: str) -> str:
        """Go to a page as `open` does; what the server sent."""
        answer = self._go(address)
        assert answer is not None
        return answer.text()

    def _go(self, address: str) -> Response | None:
        self._left = (self._left | {self.page.url}) - {f"{self.server.url}{address}"}
        self.errors.clear()
        return self.page.goto(address)

    def close(self) -> None:
        self.context.close()

    def check(self, *, refused: bool = False) -> None:
        """Nothing went wrong and nothing was asked elsewhere; `refused` pages are told in the console by the browser."""
        errors = [one for one in self.errors if not (refused and "Failed to load resource" in one)]
        assert not errors, errors
        assert not self.foreign, self.foreign


def registry_of_demo(directory: Path, studies: int = 250) -> Path:
    """An invented registry of so many studies, with its index; its first study has an older version."""
    from support.command import run

    done = run("demo", "--studies", studies, registry=directory)
    assert done.returncode == 0, done.stderr
    older = generate_study(0)
    status = older["protocolSection"]["statusModule"]
    status["lastUpdatePostDateStruct"]["date"] = "2020-01-01"
    status["overallStatus"] = "NOT_YET_RECRUITING"
    older["protocolSection"]["designModule"]["enrollmentInfo"]["count"] = 90
    older["protocolSection"]["outcomesModule"]["primaryOutcomes"][0]["measure"] = "Another outcome"
    file = directory.parent / "older.json"
    file.write_text(json.dumps(older))
    done = run("load", file, "--index", registry=directory)
    assert done.returncode == 0, done.stderr
    return directory
