"""What a study is about, decided first: everything else is written to agree with its `Plan`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple
from zlib import crc32

import orjson

from trialist.demo.draw import Draw
from trialist.demo.tables import Subject, conditions, figures, plain, substances
from trialist.demo.text import render
from trialist.demo.timeline import Timeline, draw_timeline

FIRST_NUMBER = 99_000_000
_ORGANIZATIONS_SEED = 7_001
_PROFILES_SEED = 7_010
_PROFILES = 4096
_TREATMENTS_SEED = 7_011
_TREATMENTS = 1024
_ARMS = ("A", "B", "1", "2", "I")

# Which list of words names an organization of a class.
_ORGANIZATION_WORDS = {
    "INDUSTRY": "industry",
    "NETWORK": "network",
    "OTHER_GOV": "government",
    "FED": "government",
    "NIH": "government",
}
# Which list names an intervention that is no substance of MeSH.
_INTERVENTION_WORDS = {
    "DEVICE": "device_name",
    "OTHER": "other_name",
    "PROCEDURE": "procedure_name",
    "BEHAVIORAL": "behavioral",
    "DIAGNOSTIC_TEST": "diagnostic_name",
    "RADIATION": "radiation_name",
    "COMBINATION_PRODUCT": "combination_name",
    "GENETIC": "genetic_name",
}
_SEPARATOR = "\x7f"  # in no text, and the same in JSON
_CELL_AREAS = ("transplant", "hematology")


@dataclass(frozen=True, slots=True)
class Intervention:
    """One intervention: its type, its name, and MeSH's facts when it is a substance."""

    type: str
    name: str
    subject: Subject | None = None


@dataclass(slots=True)
class Plan:
    """The decisions that the modules of one study share."""

    nct_id: str
    number: int
    draw: Draw
    line: Timeline
    study_type: str
    area: str
    phases: list[str]
    subjects: list[Subject]
    conditions: list[str]
    interventions: list[Intervention]
    sponsor: str
    sponsor_class: str
    count: int
    minimum_age: str
    maximum_age: str
    sex: str
    sites: int
    context: list[str]
    quoted_context: list[str]  # as it stands in JSON strings; the arm is not kept up to date
    wish: dict[str, Any]


def person(draw: Draw) -> str:
    """An invented name."""
    words = plain()
    return f"{draw.pick(words['given'])} {draw.pick(words['surname'])}"


@cache
def _organizations() -> dict[str, list[str]]:
    draw = Draw(_ORGANIZATIONS_SEED)
    words = plain()
    found: dict[str, list[str]] = {}
    for kind in ("academic", "industry", "network", "government"):
        pool = words[kind]
        found[kind] = [f"{render(draw.pick(pool), ())} (invented)" for _ in range(900)]
    return found


def organization(draw: Draw, kind: str) -> str:
    """An invented organization of an agency class; a few are met often, many once."""
    if kind == "INDIV":
        return f"{person(draw)} (invented)"
    pool = _organizations()[_ORGANIZATION_WORDS.get(kind, "academic")]
    return pool[int(len(pool) * draw.squared())]


def intervention(draw: Draw, kind: str, area: str) -> Intervention:
    """An intervention of this type that suits the area."""
    words = plain()
    listed = _INTERVENTION_WORDS.get(kind)
    if listed:
        return Intervention(kind, str(draw.pick(words[listed])))
    if kind == "BIOLOGICAL" and (area in _CELL_AREAS or draw.chance(0.3)):
        return Intervention(kind, str(draw.pick(words["cell_product"])))
    if kind in ("DRUG", "BIOLOGICAL") and draw.chance(0.25):
        return Intervention(kind, str(draw.pick(words["code_drug"])))
    subject = draw.pick(substances()[kind])
    name = subject.names[0]
    return Intervention(kind, name.lower() if draw.chance(0.3) else name, subject)


class _Profile(NamedTuple):
    """What a study is before anything is known of its course: drawn together, because each takes a draw otherwise."""

    study_type: str
    area: str
    phases: list[str]
    sponsor_class: str
    minimum_age: str
    maximum_age: str
    years: tuple[str, str]
    sex: str


@cache
def _profiles() -> list[_Profile]:
    draw = Draw(_PROFILES_SEED)
    return [_profile(draw, {}) for _ in range(_PROFILES)]


def _profile(draw: Draw, wish: dict[str, Any]) -> _Profile:
    table = figures()["study"]
    study_type = wish.get("type") or draw.weighted(table["type"])
    area = wish.get("area") or draw.weighted(table["area"])
    phases: list[str] = []
    if study_type == "INTERVENTIONAL":
        phases = (wish.get("phase") or draw.weighted(table["phase"])).split()
    sponsor_class = wish.get("sponsor_class") or draw.weighted(figures()["sponsor"]["class"])
    minimum, maximum = _ages(draw, area, wish)
    years = [age.split()[0] if age.endswith(("Years", "Year")) else age.lower() for age in (minimum, maximum)]
    open_years = (years[0] or "18", years[1] or draw.pick(("65", "70", "75", "80")))
    sex = wish.get("sex") or ("FEMALE" if area == "women" else draw.weighted(table["sex"]))
    return _Profile(study_type, area, phases, sponsor_class, minimum, maximum, open_years, sex)


def make_plan(number: int, draw: Draw, as_of: int, wish: dict[str, Any]) -> Plan:
    """The plan of one study; `wish` holds what a showcase study asks for."""
    profile = _profile(draw, wish) if wish else draw.pick(_profiles())
    study_type, area, phases, sponsor_class, minimum, maximum, years, sex = profile
    line = draw_timeline(draw, as_of, study_type, wish)
    subjects, spelled = _subjects(draw, area, wish)
    sponsor = organization(draw, sponsor_class)
    interventions = _interventions(draw, study_type, area, phases, wish)
    sites = wish["sites"] if "sites" in wish else draw.measured(figures()["study"]["locations"])
    if study_type == "OBSERVATIONAL":
        sites = min(sites, 3 + sites // 4)
    context = [
        spelled[0],
        spelled[-1],
        interventions[0].name if interventions else "standard treatment",
        interventions[1].name if len(interventions) > 1 else "usual care",
        *years,
        "",
        sponsor,
        draw.pick(_ARMS),
        draw.pick(_places()),
    ]
    return Plan(
        nct_id=f"NCT{FIRST_NUMBER + number}",
        number=number,
        draw=draw,
        line=line,
        study_type=study_type,
        area=area,
        phases=phases,
        subjects=subjects,
        conditions=spelled,
        interventions=interventions,
        sponsor=sponsor,
        sponsor_class=sponsor_class,
        count=_enrollment(draw, line, study_type, wish),
        minimum_age=minimum,
        maximum_age=maximum,
        sex=sex,
        sites=sites,
        context=context,
        quoted_context=orjson.dumps(_SEPARATOR.join(context))[1:-1].decode().split(_SEPARATOR),
        wish=wish,
    )


@cache
def _places() -> list[str]:
    return [str(place) for place in plain()["place_root"]]


def _subjects(draw: Draw, area: str, wish: dict[str, Any]) -> tuple[list[Subject], list[str]]:
    """Conditions, each in one of its spellings."""
    if "conditions" in wish:
        pool = {name: subject for subject in conditions()[area] for name in subject.names}
        return [pool[name] for name in wish["conditions"]], list(wish["conditions"])
    count = draw.weighted(figures()["text"]["conditions"])
    pool_here = conditions()[area]
    if count == 1:
        subject = draw.pick(pool_here)
        return [subject], [draw.pick(subject.names)]
    found = draw.some(pool_here, count)
    if count > 1 and area in _CELL_AREAS:
        found += draw.some(conditions()["hematology"], count)
        found = found[:count] or found
    spelled = [draw.pick(subject.names) for subject in found]
    if 1 < count < 6 and draw.chance(0.3):
        spelled[-1] = draw.pick(found[0].names)
        found[-1] = found[0]
    return found, list(dict.fromkeys(spelled))


def _interventions(
    draw: Draw, study_type: str, area: str, phases: list[str], wish: dict[str, Any]
) -> list[Intervention]:
    if "interventions" in wish:
        return [Intervention(kind, name) for kind, name in wish["interventions"]]
    if study_type == "OBSERVATIONAL" and draw.chance(0.35):
        return []
    return draw.pick(_treatments(area if area in _CELL_AREAS else "", bool(phases) and phases != ["NA"]))


@cache
def _treatments(area: str, drugs: bool) -> list[list[Intervention]]:
    """Interventions given together."""
    draw = Draw(_TREATMENTS_SEED, crc32(area.encode()), drugs)
    return [_treatment(draw, area, drugs) for _ in range(_TREATMENTS)]


def _treatment(draw: Draw, area: str, drugs: bool) -> list[Intervention]:
    count = 1 + int(3.2 * draw.squared())
    if draw.chance(0.04):
        count += draw.between(2, 8)
    kinds = figures()["design"]["intervention_type"]
    found: dict[str, Intervention] = {}
    for _ in range(count):
        kind = "DRUG" if drugs and draw.chance(0.75) else draw.weighted(kinds)
        if area and draw.chance(0.2):
            kind = "BIOLOGICAL"
        one = intervention(draw, kind, area)
        found[one.name] = one
    if drugs and draw.chance(0.3):
        found["Placebo"] = Intervention("DRUG", "Placebo")
    return list(found.values())


_DAYS = {"Year": 365, "Month": 30, "Week": 7, "Day": 1, "Hour": 0, "Minute": 0}


def age_in_days(age: str) -> int:
    """An age such as `18 Years` in days, about."""
    amount, unit = age.split()
    return int(amount) * _DAYS[unit.rstrip("s")]


def _ages(draw: Draw, area: str, wish: dict[str, Any]) -> tuple[str, str]:
    table = figures()["study"]
    if "ages" in wish:
        return wish["ages"][0], wish["ages"][1]
    minimum = draw.weighted(table["minimum_age"])
    maximum = draw.weighted(table["maximum_age"])
    if area == "healthy" and draw.chance(0.8):
        minimum, maximum = "18 Years", draw.pick(("45 Years", "55 Years", "65 Years", "60 Years"))
    if minimum and maximum and age_in_days(minimum) >= age_in_days(maximum):
        maximum = ""
    return minimum, maximum


def _enrollment(draw: Draw, line: Timeline, study_type: str, wish: dict[str, Any]) -> int:
    table = figures()["study"]
    if line.status == "WITHDRAWN":
        return 0
    kind = "enrollment_interventional" if study_type == "INTERVENTIONAL" else "enrollment_observational"
    count = int(wish["count"]) if "count" in wish else draw.measured(table[kind])
    if count > 40 and draw.chance(0.6):
        count -= count % 10
    if line.results_post:
        count = max(count, 8)
    return count
