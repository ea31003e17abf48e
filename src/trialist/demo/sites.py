"""Contacts, officials and locations. Telephone numbers are 555-01xx, e-mail addresses end in example.org."""

from __future__ import annotations

from functools import cache
from typing import Any
from zlib import crc32

import orjson
from orjson import Fragment

from trialist.demo.draw import Draw
from trialist.demo.plan import Plan, organization, person
from trialist.demo.tables import City, cities, plain
from trialist.demo.text import quoted, render

_FACILITIES_SEED = 7_002
_ALIVE = {
    "RECRUITING": (
        "RECRUITING",
        "RECRUITING",
        "RECRUITING",
        "NOT_YET_RECRUITING",
        "COMPLETED",
        "ACTIVE_NOT_RECRUITING",
    ),
    "NOT_YET_RECRUITING": ("NOT_YET_RECRUITING",),
    "ENROLLING_BY_INVITATION": ("ENROLLING_BY_INVITATION",),
    "ACTIVE_NOT_RECRUITING": (),
    "SUSPENDED": ("SUSPENDED", "WITHDRAWN", "TERMINATED"),
    "AVAILABLE": ("AVAILABLE",),
}
_LEADERS = ("STUDY_CHAIR", "STUDY_DIRECTOR", "PRINCIPAL_INVESTIGATOR", "SUB_INVESTIGATOR")
_TEAMS = 2500  # more than any study has sites
_SITES_A_CITY = 60
_MANY_SITES = 150
_NEAR = 0.55  # share of the sites of a study that lie in its first country


@cache
def _facilities() -> list[bytes]:
    """The beginnings of sites."""
    draw = Draw(_FACILITIES_SEED)
    pool = plain()["hospital"]
    return [f'{{"facility":"{quoted(render(draw.pick(pool), ()))}",'.encode() for _ in range(4000)]


@cache
def _people() -> list[tuple[str, str]]:
    """Names as contacts give them, the same in JSON, each with the first part of an e-mail address."""
    draw = Draw(_FACILITIES_SEED, 1)
    found = []
    for _ in range(3000):
        name = person(draw)
        address = name.rsplit(" ", 1)[-1].lower().encode("ascii", "ignore").decode()
        found.append((name + draw.pick(("", "", ", MD", ", MD, PhD", ", PhD", ", RN")), address))
    return found


def contacts_locations(plan: Plan) -> dict[str, Any]:
    """The contacts and locations module; empty when the study gives none of it."""
    draw, unit = plan.draw, plan.draw.unit
    state = plan.line.status
    open_ = state in ("RECRUITING", "NOT_YET_RECRUITING", "AVAILABLE", "ENROLLING_BY_INVITATION")
    module: dict[str, Any] = {}
    if open_ and unit() < 0.96:
        module["centralContacts"] = [_central(draw) for _ in range(1 if unit() < 0.5 else 2)]
    if unit() < 0.78:
        count = 1 if unit() < 0.85 else draw.between(2, 4)
        module["overallOfficials"] = Fragment(f"[{','.join([_official(plan) for _ in range(count)])}]")
    if plan.sites:
        module["locations"] = Fragment(b"[%b]" % _locations(plan, open_))
    return module


def _central(draw: Draw) -> Fragment:
    pool = _contacts("CONTACT")
    if draw.chance(0.013):
        pool = _contacts(draw.pick(_LEADERS))
    return Fragment(draw.pick(pool))


@cache
def _contacts(role: str) -> list[bytes]:
    """Contacts that reach nobody, as JSON."""
    draw = Draw(_FACILITIES_SEED, 2)
    return [orjson.dumps(contact(draw, role)) for _ in range(1500 if role == "CONTACT" else 200)]


@cache
def _teams() -> list[bytes]:
    """The contacts of a site and who leads it, as the member of its JSON that stands before the place, if any."""
    draw = Draw(_FACILITIES_SEED, 3)
    return [b',"contacts":[%b]' % b",".join(_team(draw)) if draw.chance(0.7) else b"" for _ in range(_TEAMS)]


def _team(draw: Draw) -> list[bytes]:
    people = [draw.pick(_contacts("CONTACT"))]
    if draw.chance(0.4):
        role = "PRINCIPAL_INVESTIGATOR"
        if draw.chance(0.2):
            role = draw.pick(("SUB_INVESTIGATOR", "SUB_INVESTIGATOR", "STUDY_CHAIR", "STUDY_DIRECTOR"))
        people.append(orjson.dumps({"name": draw.pick(_people())[0], "role": role}))
    return people


def contact(draw: Draw, role: str) -> dict[str, str]:
    """A contact that reaches nobody."""
    unit = draw.unit
    name, address = draw.pick(_people())
    found = {"name": name, "role": role}
    roll = unit()
    if roll < 0.94:
        found["phone"] = f"555-01{draw.between(0, 99):02d}"
        if roll < 0.1:
            found["phoneExt"] = str(int(unit() * 9000) + 100)
    if unit() < 0.97:
        found["email"] = f"{address}{int(unit() * 90)}@example.org"
    return found


def _official(plan: Plan) -> str:
    draw = plan.draw
    roll = draw.unit()
    role = "PRINCIPAL_INVESTIGATOR" if roll < 0.7 else "STUDY_DIRECTOR" if roll < 0.88 else "STUDY_CHAIR"
    if roll > 0.995:
        role = "SUB_INVESTIGATOR"
    where = plan.quoted_context[7] if draw.chance(0.6) else quoted(organization(draw, "OTHER"))
    return f'{{"name":"{draw.pick(_people())[0]}","affiliation":"{where}","role":"{role}"}}'


def _locations(plan: Plan, open_: bool) -> bytes:
    draw, unit = plan.draw, plan.draw.unit
    weights, _ = cities()
    home = "United States" if plan.sites > _MANY_SITES else draw.weighted(weights)
    statuses = _ALIVE.get(plan.line.status, ())
    if len(statuses) > 3 and unit() < 0.8:
        statuses = ("RECRUITING",)
    told = open_ and unit() < 0.75
    many = [b'"status":"%b",' % draw.pick(statuses).encode() for _ in range(2)] if statuses else [b""]
    abroad: list[str] = []
    if plan.sites > 3:
        abroad = [draw.weighted(weights) for _ in range(1 + plan.sites // 12)]
    left, found = plan.sites, list[bytes]()
    for place, country in enumerate(abroad):
        # Neighbours in a pool lie in different cities.
        count = min(left - 1, int(2 * unit() * (1 - _NEAR) * plan.sites / len(abroad)) + 1)
        _place(draw, country, count, many[place % len(many)], told, found)
        left -= count
    _place(draw, home, left, many[0], told, found)
    found[-1] = found[-1][:-1]
    return b"".join(found)


def _place(draw: Draw, country: str, count: int, status: bytes, told: bool, found: list[bytes]) -> None:
    """So many sites of a country, one after another from a place in its pool; `told` adds contacts to most."""
    unit, pool = draw.unit, _ready(country)
    at = int(unit() * len(pool))
    rows = pool[at : at + count]
    while len(rows) < count:
        rows += pool[: count - len(rows)]
    if told:
        teams, start = _teams(), int(unit() * (_TEAMS - count))
        for (head, middle, tail), team in zip(rows, teams[start : start + count], strict=True):
            found += (head, status, middle, team, tail)
    else:
        for head, middle, tail in rows:
            found += (head, status, middle, tail)


@cache
def _ready(country: str) -> list[tuple[bytes, bytes, bytes]]:
    """Sites of a country as JSON: up to the status, on to the contacts, and on to the next site."""
    draw = Draw(_FACILITIES_SEED, crc32(country.encode()))
    unit, facilities, near = draw.unit, _facilities(), cities()[1][country]
    ends = [(b',"geoPoint":%b},' % city.geo, b"},") for city in near]
    wheres = [(_where(city, True), _where(city, False)) for city in near]
    found = []
    for place in range(_SITES_A_CITY * len(near)):
        city = place % len(near)
        facility = facilities[int(unit() * len(facilities))] if unit() < 0.94 else b"{"
        found.append((facility, wheres[city][unit() > 0.9], ends[city][unit() > 0.97]))
    return found


def _where(city: City, postal: bool) -> bytes:
    row = {"city": city.name, "state": city.state}
    row |= {"zip": city.postal_code if postal else "", "country": city.country}
    return orjson.dumps({name: value for name, value in row.items() if value})[1:-1]
