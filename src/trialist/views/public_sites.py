"""Where the study takes place and whom to ask, open sites first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import asin, cos, radians, sin, sqrt
from typing import Any

from trialist.record.enums import label_of as enum_label
from trialist.record.study import GeoPoint
from trialist.views.nodes import (
    Cell,
    Column,
    Labelled,
    Leaf,
    Node,
    Notice,
    Section,
    Table,
    Value,
    Weight,
    not_available,
)
from trialist.views.reads import Reader, leaf, text_in
from trialist.views.tables import words
from trialist.views.when import plural

_PLACES = "protocolSection.contactsLocationsModule"
_OVERALL = "protocolSection.statusModule.overallStatus"
_EARTH_RADIUS_KM = 6371.0088  # the mean radius of the IUGG
_OPEN = {"RECRUITING", "AVAILABLE"}
_WAYS = ("phone", "phoneExt", "email")
_MAY_HAVE_OPEN_SITES = {
    "RECRUITING",
    "AVAILABLE",
    "NOT_YET_RECRUITING",
    "ENROLLING_BY_INVITATION",
    "TEMPORARILY_NOT_AVAILABLE",
    "",
}


@dataclass(frozen=True, slots=True)
class Site:
    """One location of the record."""

    item: Mapping[str, Any]
    pointer: str
    place: int
    is_open: bool
    km: float | None

    @property
    def name(self) -> str:
        """The facility, or that it is not named."""
        return text_in(self.item, "facility") or "Site not named"

    @property
    def town(self) -> str:
        """Town, region, postal code and country, as far as given."""
        parts = [text_in(self.item, key) for key in ("city", "state", "zip", "country")]
        return ", ".join(part for part in parts if part)


def distance_km(one: GeoPoint, other: GeoPoint) -> float:
    """The great-circle distance of two places, on a sphere of the earth's mean radius."""
    north, south = radians(one.lat), radians(other.lat)
    half = sin((south - north) / 2) ** 2
    half += cos(north) * cos(south) * sin(radians(other.lon - one.lon) / 2) ** 2
    return 2 * _EARTH_RADIUS_KM * asin(min(1.0, sqrt(half)))


def point_of(item: Mapping[str, Any]) -> GeoPoint | None:
    """The coordinates of a location; None where it has none, or none that are a place on the sphere."""
    raw = item.get("geoPoint")
    if not isinstance(raw, dict):
        return None
    lat, lon = raw.get("lat"), raw.get("lon")
    if isinstance(lat, bool) or isinstance(lon, bool):
        return None
    if not isinstance(lat, int | float) or not isinstance(lon, int | float):
        return None
    try:
        return GeoPoint(float(lat), float(lon))
    except (ValueError, OverflowError):
        return None


def sites_of(reader: Reader, near: GeoPoint | None) -> list[Site]:
    """The sites, open ones first, then by distance where one can be told, else in the record's order.

    A site counts as open only while the study as a whole may have open sites: what a site of a completed study says
    of itself was left behind.
    """
    may_be_open = _may_have_open_sites(reader)
    found = []
    for place, (item, pointer) in enumerate(reader.objects(f"{_PLACES}.locations")):
        point = point_of(item) if near is not None else None
        km = distance_km(near, point) if near is not None and point is not None else None
        is_open = may_be_open and text_in(item, "status") in _OPEN
        found.append(Site(item, pointer, place, is_open, km))
    return sorted(found, key=lambda site: (not site.is_open, site.km is None, site.km or 0.0, site.place))


def open_locations(reader: Reader) -> list[tuple[Mapping[str, Any], str]]:
    """The locations that take people now, as recorded, each with its pointer; open is what `sites_of` takes for open."""
    if not _may_have_open_sites(reader):
        return []
    return [pair for pair in reader.objects(f"{_PLACES}.locations") if text_in(pair[0], "status") in _OPEN]


def _may_have_open_sites(reader: Reader) -> bool:
    return reader.text(_OVERALL) in _MAY_HAVE_OPEN_SITES


def sites_section(reader: Reader, near: GeoPoint | None) -> Section:
    """Number of sites, the contacts, the nearest open site, and every site."""
    nodes: list[Node] = []
    sites = sites_of(reader, near)
    count = Value(f"{len(sites):,}", len(sites)) if sites else not_available()
    nodes.append(Labelled("location_count", "Trial contacts and locations", (count,)))
    nodes.extend(_central(reader))
    if sites:
        nodes.extend(_open_nodes(reader, sites, near))
        nodes.append(_table(sites, _same_as_central(reader)))
    officials = _people(reader, "overallOfficials")
    if officials:
        nodes.append(Labelled("officials", "In charge of the study", officials))
    return Section("sites", "Trial contacts and locations", tuple(nodes))


def _central(reader: Reader) -> list[Node]:
    """The names of the central contacts, and how to reach them; with whose it is where there are several."""
    people = reader.objects(f"{_PLACES}.centralContacts")
    names = tuple(
        Value(name, name, leaf(item, "name", pointer))
        for item, pointer in people
        if (name := text_in(item, "name"))
    )
    ways = tuple(
        replace(way, label=text_in(item, "name") if len(people) > 1 else "")
        for item, pointer in people
        if (way := person(_only(item, _WAYS), pointer)) is not None
    )
    nodes: list[Node] = [Labelled("central_contact", "Central trial contact", names or (not_available(),))]
    if names or ways:
        nodes.append(
            Labelled("central_contact_details", "How to reach the contact", ways or (not_available(),))
        )
    return nodes


def _only(item: Mapping[str, Any], keys: tuple[str, ...]) -> Mapping[str, Any]:
    return {key: item[key] for key in keys if key in item}


def _same_as_central(reader: Reader) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a contact is reached as one of the central ones is, and need not be shown again at every site."""
    central = [
        ways
        for item, _ in reader.objects(f"{_PLACES}.centralContacts")
        if (ways := {key: text_in(item, key) for key in _WAYS if text_in(item, key)})
    ]

    def is_central(item: Mapping[str, Any]) -> bool:
        return {key: text_in(item, key) for key in _WAYS if text_in(item, key)} in central

    return is_central


def _people(reader: Reader, key: str) -> tuple[Value, ...]:
    return tuple(
        value
        for item, pointer in reader.objects(f"{_PLACES}.{key}")
        if (value := person(item, pointer)) is not None
    )


def person(item: Mapping[str, Any], pointer: str) -> Value | None:
    """A contact on one line: name, role, affiliation, phone, e-mail."""
    role = text_in(item, "role")
    phone, extension = text_in(item, "phone"), text_in(item, "phoneExt")
    named = {
        "name": text_in(item, "name"),
        "role": enum_label("ContactRole", role) if role and role != "CONTACT" else "",
        "affiliation": text_in(item, "affiliation"),
        "phone": f"{phone} ext. {extension}" if phone and extension else phone,
        "email": text_in(item, "email"),
    }
    parts = [text for text in named.values() if text]
    if not parts:
        return None
    leaves: list[Leaf] = []
    for name in ("name", "role", "affiliation", "phone", "phoneExt", "email"):
        if text_in(item, name):
            leaves.extend(leaf(item, name, pointer))
    return Value(
        ", ".join(parts), {name: text_in(item, name) for name in item if text_in(item, name)}, tuple(leaves)
    )


def _open_nodes(reader: Reader, sites: list[Site], near: GeoPoint | None) -> list[Node]:
    """How many sites are open, and which is the nearest."""
    are_open = [site for site in sites if site.is_open]
    without_status = sum(1 for site in sites if not text_in(site.item, "status"))
    if not are_open:
        if reader.text(_OVERALL) in {"UNKNOWN", "WITHHELD"}:
            note = "the status of the study is not known"
            return [Labelled("open_sites", "Open sites", (not_available(note=note),))]
        if reader.text(_OVERALL) not in _MAY_HAVE_OPEN_SITES:
            return [
                Labelled(
                    "open_sites", "Open sites", (Value("0", 0, note="the study as a whole takes nobody new"),)
                )
            ]
        if without_status == len(sites):
            note = "the record does not say of any site whether it is open"
            return [Labelled("open_sites", "Open sites", (not_available(note=note),))]
        return [
            Labelled(
                "open_sites", "Open sites", (Value("0", 0, note="no site says that it is enrolling now"),)
            )
        ]
    nodes: list[Node] = []
    note = f"{plural(without_status, 'site')} without a status" if without_status else ""
    nodes.append(
        Labelled("open_sites", "Open sites", (Value(f"{len(are_open):,}", len(are_open), note=note),))
    )
    if near is not None:
        nodes.append(Labelled("nearest_open_site", "Nearest open site", (_nearest(are_open[0]),)))
        if are_open[0].km is not None:
            text = "Distances are along the great circle, to the place the registry gives: mostly the middle of the town."
            nodes.append(Notice("distances", Weight.NOTE, text))
    return nodes


def _nearest(site: Site) -> Value:
    if site.km is None:
        return not_available(note="no open site has coordinates")
    name = ", ".join(part for part in (site.name, site.town) if part)
    raw = {"facility": site.name, "town": site.town, "km": round(site.km, 3), "pointer": site.pointer}
    return Value(f"{name} ({site.km:,.1f} km)", raw)


def _table(sites: list[Site], is_central: Callable[[Mapping[str, Any]], bool]) -> Table:
    """Every site; a column that no site fills is left out, so is the status where no site has one."""
    columns = [Column("facility", "Site"), Column("town", "Place"), Column("status", "Status")]
    if any(site.km is not None for site in sites):
        columns.append(Column("distance", "Distance"))
    columns.append(Column("contacts", "Contact"))
    rows = [
        {
            "facility": _site_cell(site),
            "town": _town_cell(site),
            "status": _status_cell(site),
            "distance": _distance_cell(site),
            "contacts": _contact_cell(site, is_central),
        }
        for site in sites
    ]
    columns = [
        column
        for column in columns
        if any(value.is_available for row in rows for value in row[column.id]) or column.id == "facility"
    ]
    return Table(
        "sites", "Sites", tuple(columns), tuple(tuple(row[column.id] for column in columns) for row in rows)
    )


def _site_cell(site: Site) -> Cell:
    return (
        Value(site.name, text_in(site.item, "facility") or None, leaf(site.item, "facility", site.pointer)),
    )


def _town_cell(site: Site) -> Cell:
    leaves: list[Leaf] = []
    for key in ("city", "state", "zip", "country"):
        leaves.extend(leaf(site.item, key, site.pointer))
    town = site.town
    return (Value(town, town, tuple(leaves)),) if town else ()


def _status_cell(site: Site) -> Cell:
    raw = text_in(site.item, "status")
    if not raw:
        return (not_available(),)
    text = words()["site_status"].get(raw, raw)
    note = (
        "not to be relied on: the study as a whole is not said to enroll"
        if raw in _OPEN and not site.is_open
        else ""
    )
    return (Value(text, raw, leaf(site.item, "status", site.pointer), note=note),)


def _distance_cell(site: Site) -> Cell:
    return (Value(f"{site.km:,.1f} km", round(site.km, 3)),) if site.km is not None else ()


def _contact_cell(site: Site, is_central: Callable[[Mapping[str, Any]], bool]) -> Cell:
    """Contacts of open sites: those of the others would be asked in vain.

    Investigators are shown where they can be reached, or where nobody else is named.
    """
    contacts = site.item.get("contacts")
    if not site.is_open or not isinstance(contacts, list):
        return ()
    people = [
        (item, f"{site.pointer}/contacts/{place}")
        for place, item in enumerate(contacts)
        if isinstance(item, dict)
    ]
    reachable = [pair for pair in people if any(text_in(pair[0], key) for key in _WAYS)]
    others = [pair for pair in reachable if not is_central(pair[0])]
    if reachable and not others:
        return (Value("central contact"),)
    shown = others or [pair for pair in people if text_in(pair[0], "role") != "SUB_INVESTIGATOR"] or people
    found = (person(item, pointer) for item, pointer in shown)
    return tuple(value for value in found if value is not None)
