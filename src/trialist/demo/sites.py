"""Contacts, officials and locations. Telephone numbers are 555-01xx, e-mail addresses end in example.org."""

from __future__ import annotations

from functools import cache
from typing import Any
from zlib import crc32

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
_PHONES = [f"555-01{last:02d}" for last in range(100)]
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
        module["centralContacts"] = [contact(draw, "CONTACT") for _ in range(1 if unit() < 0.5 else 2)]
        if unit() < 0.02:
            role = draw.pick(("STUDY_CHAIR", "STUDY_DIRECTOR", "PRINCIPAL_INVESTIGATOR", "SUB_INVESTIGATOR"))
            module["centralContacts"][-1]["role"] = role
    if unit() < 0.78:
        module["overallOfficials"] = [
            _official(plan) for _ in range(1 if unit() < 0.85 else draw.between(2, 4))
        ]
    if plan.sites:
        module["locations"] = _locations(plan, open_)
    return module


def contact(draw: Draw, role: str) -> dict[str, str]:
    """A contact that reaches nobody."""
    unit = draw.unit
    people = _people()
    name, address = people[int(unit() * len(people))]
    found = {"name": name, "role": role}
    roll = unit()
    if roll < 0.94:
        found["phone"] = _PHONES[int(unit() * 100)]
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


def _locations(plan: Plan, open_: bool) -> list[dict[str, Any]]:
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
    found: list[dict[str, Any]] = []
    for _ in range(plan.sites):
        pool = near
        if abroad and unit() > _NEAR:
            pool = abroad[int(unit() * len(abroad))]
        site = pool[int(unit() * len(pool))]
        found.append(_with_contacts(draw, site) if told and unit() < 0.7 else site)
    return found


@cache
def _ready(country: str, status: str) -> list[dict[str, Any]]:
    """Sites of a country, complete but for contacts. They are shared by the studies, and never changed."""
    draw = Draw(_FACILITIES_SEED, crc32(f"{country} {status}".encode()))
    near = cities()[1][country]
    return [_location(draw, near[place % len(near)], status) for place in range(_SITES_A_CITY * len(near))]


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
    if draw.chance(0.97):
        row["geoPoint"] = city.geo
    return row


def _with_contacts(draw: Draw, site: dict[str, Any]) -> dict[str, Any]:
    people = [contact(draw, "CONTACT")]
    if draw.chance(0.4):
        role = "PRINCIPAL_INVESTIGATOR"
        if draw.chance(0.2):
            role = draw.pick(("SUB_INVESTIGATOR", "SUB_INVESTIGATOR", "STUDY_CHAIR", "STUDY_DIRECTOR"))
        people.append({"name": draw.pick(_people())[0], "role": role})
    row = {**site}
    geo = row.pop("geoPoint", None)
    row["contacts"] = people
    if geo:
        row["geoPoint"] = geo
    return row
