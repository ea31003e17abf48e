"""Contacts, officials and locations. Telephone numbers are 555-01xx, e-mail addresses end in example.org."""

from __future__ import annotations

from functools import cache
from typing import Any
from zlib import crc32

import orjson

from trialist.demo.draw import Draw
from trialist.demo.plan import Plan, organization, person
from trialist.demo.tables import City, cities, plain
from trialist.demo.text import render

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
_TEAMS = 1500
_SITES_A_CITY = 60
_MANY_SITES = 150
_NEAR = 0.55  # share of the sites of a study that lie in its first country


@cache
def _facilities() -> list[str]:
    draw = Draw(_FACILITIES_SEED)
    pool = plain()["hospital"]
    return [render(draw.pick(pool), ()) for _ in range(4000)]


@cache
def _people() -> list[tuple[str, str]]:
    """Names as contacts give them, each with the first part of an e-mail address."""
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
        module["overallOfficials"] = [
            _official(plan) for _ in range(1 if unit() < 0.85 else draw.between(2, 4))
        ]
    if plan.sites:
        module["locations"] = orjson.Fragment(b"[%b]" % b",".join(_locations(plan, open_)))
    return module


def _central(draw: Draw) -> orjson.Fragment:
    pool = _contacts()
    if draw.chance(0.013):
        pool = _contacts(
            draw.pick(("STUDY_CHAIR", "STUDY_DIRECTOR", "PRINCIPAL_INVESTIGATOR", "SUB_INVESTIGATOR"))
        )
    return orjson.Fragment(draw.pick(pool))


@cache
def _contacts(role: str = "CONTACT") -> list[bytes]:
    """Contacts that reach nobody, as JSON."""
    draw = Draw(_FACILITIES_SEED, 2)
    return [orjson.dumps(contact(draw, role)) for _ in range(1500 if role == "CONTACT" else 200)]


@cache
def _teams() -> list[bytes]:
    """The contacts of a site and who leads it, as the member of its JSON that stands before the place."""
    draw = Draw(_FACILITIES_SEED, 3)
    return [b',"contacts":[%b]' % b",".join(_team(draw)) for _ in range(_TEAMS)]


def _team(draw: Draw) -> list[bytes]:
    people = [draw.pick(_contacts())]
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


def _official(plan: Plan) -> dict[str, str]:
    draw = plan.draw
    roll = draw.unit()
    role = "PRINCIPAL_INVESTIGATOR" if roll < 0.7 else "STUDY_DIRECTOR" if roll < 0.88 else "STUDY_CHAIR"
    where = plan.sponsor if draw.chance(0.6) else organization(draw, "OTHER")
    return {
        "name": draw.pick(_people())[0],
        "affiliation": where,
        "role": "SUB_INVESTIGATOR" if roll > 0.995 else role,
    }


def _locations(plan: Plan, open_: bool) -> list[bytes]:
    draw, unit = plan.draw, plan.draw.unit
    weights, _ = cities()
    home = "United States" if plan.sites > _MANY_SITES else draw.weighted(weights)
    statuses = _ALIVE.get(plan.line.status, ())
    if len(statuses) > 3 and unit() < 0.8:
        statuses = ("RECRUITING",)
    told = open_ and unit() < 0.75
    many = [draw.pick(statuses) for _ in range(2)] if statuses else [""]
    countries = [home]
    if plan.sites > 3:
        countries += [draw.weighted(weights) for _ in range(1 + plan.sites // 12)]
    pools = [_ready(country, many[place % len(many)]) for place, country in enumerate(countries)]
    near, abroad = pools[0], pools[1:]
    teams, count = _teams(), len(abroad)
    found: list[bytes] = []
    for _ in range(plan.sites):
        pool = near
        if count and unit() > _NEAR:
            pool = abroad[int(unit() * count)]
        whole, head, tail = pool[int(unit() * len(pool))]
        if told and unit() < 0.7:
            whole = head + teams[int(unit() * _TEAMS)] + tail
        found.append(whole)
    return found


@cache
def _ready(country: str, status: str) -> list[tuple[bytes, bytes, bytes]]:
    """Sites of a country as JSON: whole without contacts, and what stands before and after contacts."""
    draw = Draw(_FACILITIES_SEED, crc32(f"{country} {status}".encode()))
    near = cities()[1][country]
    return [_site(draw, near[place % len(near)], status) for place in range(_SITES_A_CITY * len(near))]


def _site(draw: Draw, city: City, status: str) -> tuple[bytes, bytes, bytes]:
    row = _location(draw, city, status)
    head = orjson.dumps(row)[:-1]
    tail = b',"geoPoint":%b}' % city.geo if draw.chance(0.97) else b"}"
    return head + tail, head, tail


def _location(draw: Draw, city: City, status: str) -> dict[str, Any]:
    row: dict[str, Any] = {}
    if draw.chance(0.94):
        row["facility"] = draw.pick(_facilities())
    if status:
        row["status"] = status
    row["city"] = city.name
    if city.state:
        row["state"] = city.state
    if city.postal_code and draw.chance(0.9):
        row["zip"] = city.postal_code
    row["country"] = city.country
    return row
