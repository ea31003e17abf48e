"""Where a study takes place: a map, and the same places as a list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from starlette.responses import Response

from trialist.pages.asked import Asked
from trialist.pages.contexts import StudyHead
from trialist.pages.maps import MapShown, map_shown
from trialist.pages.shown import Shown
from trialist.pages.study_head import id_in_path, study_head
from trialist.record.enums import label_of
from trialist.record.study import Study
from trialist.views.public_sites import Site, point_of, sites_of
from trialist.views.reads import Reader, text_in
from trialist.views.world import Spot


@dataclass(frozen=True, slots=True)
class Place:
    """A site in the list: its anchor, names, status in words, and whether it takes people now."""

    id: str
    name: str
    town: str
    status: str
    is_open: bool
    is_on_map: bool


@dataclass(frozen=True, slots=True)
class Country:
    """The sites of a country."""

    name: str
    places: tuple[Place, ...]
    open_count: int


@dataclass(frozen=True, slots=True)
class PlacesPage:
    """`study_map.html`. `off_map` sites have no coordinates."""

    title: str
    head: StudyHead
    map: MapShown | None
    countries: tuple[Country, ...]
    total: int
    open_total: int
    off_map: int
    only_open: bool
    all_url: str
    open_url: str


def map_page(asked: Asked) -> Shown | Response:
    """`/study/{nct}/map`, with `open=1` for the sites that take people now, and a window; with `part=1` the map alone."""
    stored = asked.served.records.get_known(id_in_path(asked.path["nct"]))
    own = f"/study/{stored.nct_id}/map"
    every = sites_of(Reader(stored.study.record), None)
    only_open = asked.text("open") == "1"
    sites = [site for site in every if site.is_open or not only_open]
    is_part = asked.text("part") == "1"
    spots = _spots(sites, own if is_part else "")
    page = PlacesPage(
        f"Where {stored.nct_id} takes place",
        study_head(stored, stored.study, asked.today, f"/study/{stored.nct_id}/map"),
        map_shown(asked, own, spots, "Places of this study", "place") if spots else None,
        tuple(_countries(sites)),
        len(every),
        sum(site.is_open for site in every),
        len(sites) - len(spots),
        only_open,
        own,
        f"{own}?open=1",
    )
    return Shown("parts/map_alone.html" if is_part else "study_map.html", page)


def site_map(study: Study, asked: Asked) -> str:
    """The address of the map alone, for the page of a study to take in; "" where no site has coordinates."""
    if not any(point_of(site.item) for site in sites_of(Reader(study.record), None)):
        return ""
    return f"/study/{study.nct_id}/map?part=1" + ("&open=1" if asked.text("open") == "1" else "")


def _spots(sites: Iterable[Site], page: str) -> list[Spot]:
    return [
        Spot(point, f"{site.name}, {site.town}", 1, int(site.is_open), f"{page}#{_anchor(site)}")
        for site in sites
        if (point := point_of(site.item)) is not None
    ]


def _anchor(site: Site) -> str:
    return f"site-{site.place + 1}"


def _countries(sites: Iterable[Site]) -> Iterable[Country]:
    found: dict[str, list[Place]] = {}
    for site in sites:
        status = text_in(site.item, "status")
        town = ", ".join(text for key in ("city", "state", "zip") if (text := text_in(site.item, key)))
        place = Place(
            _anchor(site),
            site.name,
            town,
            label_of("RecruitmentStatus", status) if status else "",
            site.is_open,
            point_of(site.item) is not None,
        )
        found.setdefault(text_in(site.item, "country") or "Country not given", []).append(place)
    for name in sorted(found):
        places = sorted(found[name], key=lambda one: (not one.is_open, one.town, one.name))
        yield Country(name, tuple(places), sum(one.is_open for one in places))
