"""The sites of a study that take people now, nearest first; and where a town is that only the registry knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from trialist.index.live import LiveIndex
from trialist.index.segment import PointField, Segment, ValueField
from trialist.record.geo import distance_metres
from trialist.record.study import GeoPoint, Study
from trialist.views.public_sites import open_locations, point_of
from trialist.views.reads import Reader, text_in
from trialist.vocabulary.places import (
    Place,
    PlaceFound,
    find_place,
    fold_name,
    open_towns,
    readings,
    unknown_place,
)
from trialist.vocabulary.town_file import TownFile

TOWNS = "towns.bin"
"""The file of all towns, beside a search index."""


@dataclass(frozen=True, slots=True)
class OpenSite:
    """A site that takes people now; `metres` is its distance from the place asked, None where one of both is not known.

    `item` is what the record says of it, `pointer` where it stands there.
    """

    item: Mapping[str, Any]
    metres: float | None
    pointer: str

    @property
    def facility(self) -> str:
        """The hospital or practice, "" where the record does not say."""
        return text_in(self.item, "facility")

    @property
    def city(self) -> str:
        """Its town, or ""."""
        return text_in(self.item, "city")

    @property
    def state(self) -> str:
        """Its region, or ""."""
        return text_in(self.item, "state")

    @property
    def country(self) -> str:
        """Its country, or ""."""
        return text_in(self.item, "country")

    @property
    def point(self) -> GeoPoint | None:
        """Where it lies, None where the record does not say."""
        return point_of(self.item)

    @property
    def label(self) -> str:
        """Facility, town and country, as far as they are given."""
        parts = (self.facility, self.city, self.state, self.country)
        return ", ".join(part for part in parts if part) or "Site not named"


def open_sites(study: Study, near: GeoPoint | None = None) -> tuple[OpenSite, ...]:
    """The sites of a study that take people now: nearest first, those whose place is not known last, else as recorded.

    What a site of a study says that takes nobody any more is not believed.
    """
    found = [OpenSite(item, None, pointer) for item, pointer in open_locations(Reader(study.record))]
    if near is not None:
        found = [replace(site, metres=_metres(site.point, near)) for site in found]
        found.sort(key=lambda site: (site.metres is None, site.metres or 0.0))
    return tuple(found)


def _metres(point: GeoPoint | None, near: GeoPoint) -> float | None:
    return None if point is None else distance_metres(near.lat, near.lon, point.lat, point.lon)


def locate(text: str, index: LiveIndex) -> PlaceFound:
    """Where a town is: by the gazetteer, by what the registry says of its own sites, by the gazetteer's small towns.

    `InvalidParameterError` offers the nearest names.
    """
    found = find_place(text) or _by_sites(text, index) or _small_town(text, index)
    if found is None:
        raise unknown_place(text)
    return found


def _small_town(text: str, index: LiveIndex) -> PlaceFound | None:
    return find_place(text, smallest=1000, file=_towns_of(index.directory / TOWNS))


@cache
def _towns_of(path: Path) -> TownFile | None:
    return open_towns(path)


def _by_sites(text: str, index: LiveIndex) -> PlaceFound | None:
    """A town in which sites are: what stands behind its name must be the state or country of such a site."""
    for name, behind in readings(text):
        for segment in index.segments:
            found = _town(segment, fold_name(name), [fold_name(one) for one in behind])
            if found is not None:
                return PlaceFound(found)
    return None


def _town(segment: Segment, name: str, behind: list[str]) -> Place | None:
    cities, points = segment.field("LocationCity"), segment.field("LocationGeoPoint")
    if not isinstance(cities, ValueField) or not isinstance(points, PointField):
        return None
    for number in range(len(cities)):
        city = cities.value(number)
        if fold_name(city) != name:
            continue
        sites = _holders(cities, number)
        for one in behind:
            sites &= _sites_in(segment, one)
        at = points.sites.searchsorted(sorted(sites)).tolist() if sites else []
        for site, place in zip(sorted(sites), at, strict=True):
            if place < len(points.sites) and int(points.sites[place]) == site:
                where = int(points.place[place])
                country = _value_of(segment, "LocationCountry", site)
                return Place(city, "", country, float(points.lat[where]), float(points.lon[where]), 0)
    return None


def _holders(field: ValueField, number: int) -> set[int]:
    start, holders = field.site_pairs()
    return set(holders[int(start[number]) : int(start[number + 1])].tolist())


def _sites_in(segment: Segment, name: str) -> set[int]:
    """The sites whose state or country has this name."""
    found: set[int] = set()
    for piece in ("LocationState", "LocationCountry"):
        field = segment.field(piece)
        if isinstance(field, ValueField):
            for number in range(len(field)):
                if fold_name(field.value(number)) == name:
                    found |= _holders(field, number)
    return found


def _value_of(segment: Segment, piece: str, site: int) -> str:
    field = segment.field(piece)
    if isinstance(field, ValueField):
        for number in range(len(field)):
            if site in _holders(field, number):
                return field.value(number)
    return ""
