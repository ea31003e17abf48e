"""The page of a study: what a patient reads of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from starlette.responses import Response

from trialist.pages.asked import Asked
from trialist.pages.contexts import SiteGroup, SitesPart, StudyPage
from trialist.pages.shown import Shown, moved
from trialist.pages.study_head import id_in_path, study_head
from trialist.pages.study_parts import PARTS
from trialist.record.study import GeoPoint, Study
from trialist.registry.eligibility import PIECE
from trialist.views.nodes import Labelled, Node, Section, Table, View
from trialist.views.public import public_view
from trialist.views.public_sites import Site, sites_of
from trialist.views.reads import Reader, text_in

_GLANCE = ("status", "conditions", "treatments", "study_type", "funder_types", "identifiers")
_APART = (*_GLANCE, "sponsor", "sites", "source")
_MOST_TOLD_TWICE = 8_000
"""Criteria of more characters than these are not taken in one by one below their text."""
_MOST_IN_ONE_LIST, _MOST_OF_COUNTRY = 30, 60


def study_page(asked: Asked) -> Shown | Response:
    """`/study/{nct}`; `open=1` shows only sites that take people now, `place` their distances."""
    nct_id = id_in_path(asked.path["nct"])
    stored = asked.served.records.get_known(nct_id)
    own = f"/study/{stored.nct_id}"
    if asked.path["nct"] != stored.nct_id:
        return moved(own, for_good=True)
    study = stored.study
    near, place = asked.served.finder.place(asked.text("place"), option="Place")
    view = public_view(study, as_of=asked.today, near=near)
    parts = {section.id: section for section in view.sections}
    glance = [node for name in _GLANCE if name in parts for node in parts[name].content]
    sponsor = [one for one in parts["sponsor"].content if isinstance(one, Labelled)]
    note = "" if place is None else f"Distances are from {place.place.label}."
    page = StudyPage(
        f"{view.title} ({view.nct_id})",
        study_head(stored, study, asked.today, own),
        tuple(one for one in sponsor if one.id != "avatar"),
        next((one.values[0].text for one in sponsor if one.id == "avatar"), ""),
        tuple(glance),
        tuple(_in_order(view)),
        view.flags,
        _sites(asked, study, parts["sites"], near, note),
        {name: make(study, asked) for name, make in PARTS.items()},
        parts["source"].content[0].values[0].text if "source" in parts else "",  # type: ignore[union-attr]  # the source is a labelled text
        bool(study.record.get("resultsSection")),
        len(str(study[PIECE] or "")) <= _MOST_TOLD_TWICE,
    )
    return Shown("study.html", page)


def _in_order(view: View) -> Iterator[Section]:
    """The parts below the top; the sites, which have a template of their own, hold only their place."""
    for section in view.sections:
        if section.id == "sites":
            yield replace(section, content=())
        elif section.id not in _APART:
            yield section


def _sites(asked: Asked, study: Study, section: Section, near: GeoPoint | None, note: str) -> SitesPart:
    table = next((node for node in section.content if isinstance(node, Table)), None)
    content: tuple[Node, ...] = tuple(node for node in section.content if not isinstance(node, Table))
    sites = sites_of(Reader(study.record), near)
    only_open = asked.text("open") == "1"
    chosen = [place for place, site in enumerate(sites) if site.is_open or not only_open]
    groups = tuple(_groups(table, sites, chosen, near)) if table is not None and chosen else ()
    open_count = sum(site.is_open for site in sites)
    return SitesPart(
        content, groups, len(sites), len(chosen), open_count, only_open, asked.text("place"), note
    )


def _groups(table: Table, sites: list[Site], chosen: list[int], near: GeoPoint | None) -> Iterator[SiteGroup]:
    """The chosen rows in one list where they are few, else country by country in the order of their first site.

    A country of very many sites is told region by region. The group of the nearest site is open where a place was asked for.
    """
    if len(chosen) <= _MOST_IN_ONE_LIST:
        yield _group("", table, sites, chosen, is_open=True)
        return
    countries = _by(sites, chosen, "country", "Country not named")
    for number, (country, places) in enumerate(countries.items()):
        is_open = len(countries) == 1 or (near is not None and number == 0)
        found = _group(country, table, sites, places, is_open=is_open)
        regions = _by(sites, places, "state", "Region not named")
        if len(places) > _MOST_OF_COUNTRY and len(regions) > 1:
            parts = (
                _group(region, table, sites, some, is_open=near is not None and number + count == 0)
                for count, (region, some) in enumerate(regions.items())
            )
            found = replace(found, table=None, regions=tuple(parts))
        yield found


def _by(sites: list[Site], chosen: list[int], key: str, missing: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place in chosen:
        found.setdefault(text_in(sites[place].item, key) or missing, []).append(place)
    return found


def _group(name: str, table: Table, sites: list[Site], places: list[int], *, is_open: bool) -> SiteGroup:
    rows = tuple(table.rows[place] for place in places)
    caption = f"{table.caption}: {name}" if name else table.caption
    open_count = sum(sites[place].is_open for place in places)
    return SiteGroup(name, len(places), open_count, replace(table, caption=caption, rows=rows), is_open)
