"""Pages of real records beside the checkout, evenly chosen: every one is made, is valid, and says what the views say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from html import unescape
from itertools import islice

import pytest

from trialist.pages.cleaning import clean
from trialist.record.study import Study
from trialist.serving.application import Application
from trialist.views.nodes import Section, Table
from trialist.views.record import record_view

from support.serving import ask, make_registry, site_application
from support.shared import REGISTRY, iter_lines, needs_shared

pytestmark = needs_shared
EVERY, MOST = 197, 15


def chosen() -> Iterator[bytes]:
    return islice(iter_lines(REGISTRY / "studies.v2.ndjson.zst"), 0, EVERY * MOST, EVERY)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Application:
    return site_application(make_registry(tmp_path_factory.mktemp("real") / "registry", *chosen()))


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


def titles(nodes: tuple[object, ...]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, Section):
            yield node.title
            yield from titles(node.content)
        elif isinstance(node, Table):
            yield node.caption


def test_all_pages_of_every_chosen_record_are_made(app: Application) -> None:
    count = 0
    for raw in chosen():
        study = Study.from_json(raw)
        for path in ("", "/criteria", "/record", "/raw"):
            found = ask(app, f"/study/{study.nct_id}{path}")
            assert found.status == 200, (study.nct_id, path)
            assert "Undefined" not in found.text
        ways = re.findall(
            rf'href="(/study/{study.nct_id}/record/[A-Za-z0-9]+)"',
            ask(app, f"/study/{study.nct_id}/record").text,
        )
        sections = [section for section in record_view(study).sections if section.id != "overview"]
        assert len(set(ways)) == len(sections)
        for section in sections:
            (way,) = {one for one in ways if one.endswith(f"/{section.id.rpartition('.')[2]}")}
            found = ask(app, way)
            assert found.status == 200, way
            page = text_of(found.text)
            for title in titles(section.content):
                assert " ".join(clean(title).split()) in page, (way, title)
        count += 1
    assert count == MOST


def test_the_list_of_sites_has_every_site(app: Application) -> None:
    for raw in chosen():
        study = Study.from_json(raw)
        sites = study.record["protocolSection"].get("contactsLocationsModule", {}).get("locations", [])
        page = text_of(ask(app, f"/study/{study.nct_id}").text)
        for site in sites:
            name = " ".join(clean(site.get("facility", "")).split())
            assert name in page, (study.nct_id, name)


def test_as_of_a_day_long_after_nothing_is_called_fresh(app: Application) -> None:
    """A study that was recruiting years ago carries a warning today."""
    stale = [
        study
        for study in map(Study.from_json, chosen())
        if study["OverallStatus"] == "RECRUITING" and str(study["LastUpdatePostDate"]) < str(date(2024, 1, 1))
    ]
    for study in stale:
        assert 'class="notice warning"' in ask(app, f"/study/{study.nct_id}").text
