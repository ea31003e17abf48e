"""The results section: groups that are the study's arms, counts that add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trialist.demo.draw import Draw
from trialist.demo.events import adverse_events
from trialist.demo.measures import outcome_measures
from trialist.demo.plan import Plan, person
from trialist.demo.tables import figures, marked, plain
from trialist.demo.text import render

_MOST_GROUPS = 8
_RACES = (
    "American Indian or Alaska Native",
    "Asian",
    "Native Hawaiian or Other Pacific Islander",
    "Black or African American",
    "White",
    "More than one race",
    "Unknown or Not Reported",
)


@dataclass(frozen=True, slots=True)
class Groups:
    """The reported groups: title and description, and how many took part in each."""

    titles: list[str]
    descriptions: list[str]
    sizes: list[int]

    def described(self, prefix: str) -> list[dict[str, str]]:
        """The groups of one module, their ids beginning with its two letters."""
        return [
            {"id": f"{prefix}{place:03d}", "title": title, "description": told}
            for place, (title, told) in enumerate(zip(self.titles, self.descriptions, strict=True))
        ]


def split(draw: Draw, total: int, parts: int) -> list[int]:
    """The total in `parts` about equal parts."""
    base = total // parts
    sizes = [base] * parts
    sizes[0] += total - base * parts
    for place in range(1, parts):
        moved = int(draw.unit() * (base * 0.2))
        sizes[place] -= moved
        sizes[0] += moved
    return sizes


def share(draw: Draw, total: int, weights: list[float]) -> list[int]:
    """The total divided by these weights, with some chance in it; the last part takes the rest."""
    left = total
    found = []
    for weight in weights[:-1]:
        part = min(left, int(total * weight * (0.6 + 0.8 * draw.unit())))
        found.append(part)
        left -= part
    found.append(left)
    return found


def results_section(plan: Plan, arms: list[dict[str, Any]]) -> dict[str, Any]:
    """All five modules."""
    draw = plan.draw
    arms = arms[:_MOST_GROUPS] or [{"label": plan.context[2]}]
    groups = Groups(
        titles=[arm["label"] for arm in arms],
        descriptions=[arm.get("description", arm["label"]) for arm in arms],
        sizes=split(draw, plan.count, len(arms)),
    )
    return {
        "participantFlowModule": _flow(plan, groups),
        "baselineCharacteristicsModule": _baseline(draw, groups),
        "outcomeMeasuresModule": {
            "outcomeMeasures": outcome_measures(plan, groups.described("OG"), groups.sizes)
        },
        "adverseEventsModule": adverse_events(plan, groups.described("EG"), groups.sizes),
        "moreInfoModule": _more(plan),
    }


def _flow(plan: Plan, groups: Groups) -> dict[str, Any]:
    draw = plan.draw
    words = marked()
    module: dict[str, Any] = {}
    if draw.chance(0.44):
        module["preAssignmentDetails"] = draw.pick(words["preassignment_text"])
    if draw.chance(0.45):
        module["recruitmentDetails"] = render(draw.pick(words["recruitment_text"]), plan.context)
    units = draw.chance(0.012)
    if units:
        module["typeUnitsAnalyzed"] = "Clinics"
    module["groups"] = groups.described("FG")
    periods = []
    entering = list(groups.sizes)
    count = 1 if draw.chance(0.87) else draw.between(2, 4)
    for place in range(count):
        title = "Overall Study" if count == 1 else f"{draw.pick(words['period_title'])} {place + 1}"
        period, entering = _period(draw, title, entering, units)
        periods.append(period)
    module["periods"] = periods
    return module


def _period(draw: Draw, title: str, entering: list[int], units: bool) -> tuple[dict[str, Any], list[int]]:
    words = marked()
    lost = [min(size, int(size * 0.35 * draw.squared() + draw.unit())) for size in entering]
    staying = [size - gone for size, gone in zip(entering, lost, strict=True)]
    milestones = [_milestone("STARTED", entering)]
    if units:
        for row in milestones[0]["achievements"]:
            row["numUnits"] = str(draw.between(1, 9))
    if draw.chance(0.18):
        milestones.append(_milestone(str(draw.pick(words["milestone"])), staying))
        if draw.chance(0.3):
            milestones[-1]["comment"] = "Counted at the visit that followed."
            milestones[-1] = {key: milestones[-1][key] for key in ("type", "comment", "achievements")}
            milestones[-1]["achievements"][0]["comment"] = "One participant was counted at another site."
            row = milestones[-1]["achievements"][0]
            milestones[-1]["achievements"][0] = {
                key: row[key] for key in ("groupId", "comment", "numSubjects") if key in row
            }
    milestones += [_milestone("COMPLETED", staying), _milestone("NOT COMPLETED", lost)]
    period: dict[str, Any] = {"title": title, "milestones": milestones}
    if any(lost):
        period["dropWithdraws"] = _dropouts(draw, lost)
    return period, staying


def _milestone(kind: str, sizes: list[int]) -> dict[str, Any]:
    return {
        "type": kind,
        "achievements": [
            {"groupId": f"FG{place:03d}", "numSubjects": str(size)} for place, size in enumerate(sizes)
        ],
    }


def _dropouts(draw: Draw, lost: list[int]) -> list[dict[str, Any]]:
    """Reasons whose counts add up, group by group, to those who did not complete."""
    kinds = [str(kind) for kind in draw.some(plain()["dropout"], draw.between(1, 6))]
    weights = [1 / len(kinds)] * len(kinds)
    by_group = [share(draw, size, weights) for size in lost]
    rows: list[dict[str, Any]] = []
    for place, kind in enumerate(kinds):
        row: dict[str, Any] = {"type": kind}
        if draw.chance(0.02):
            row["comment"] = "As the investigator reported it."
        row["reasons"] = [
            {"groupId": f"FG{group:03d}", "numSubjects": str(counts[place])}
            for group, counts in enumerate(by_group)
        ]
        if draw.chance(0.02):
            row["reasons"][0] = {**row["reasons"][0], "comment": "Before the first dose."}
            row["reasons"][0]["numSubjects"] = row["reasons"][0].pop("numSubjects")
        rows.append(row)
    return rows


def _counts(sizes: list[int]) -> list[dict[str, str]]:
    return [{"groupId": f"BG{place:03d}", "value": str(size)} for place, size in enumerate(sizes)]


def _baseline(draw: Draw, groups: Groups) -> dict[str, Any]:
    words = marked()
    module: dict[str, Any] = {}
    if draw.chance(0.37):
        module["populationDescription"] = draw.pick(words["population_text"])
    if draw.chance(0.012):
        module["typeUnitsAnalyzed"] = "encounters"
    described = groups.described("BG")
    sizes = list(groups.sizes)
    if len(sizes) > 1:
        described.append(
            {"id": f"BG{len(sizes):03d}", "title": "Total", "description": "Total of all reporting groups"}
        )
    module["groups"] = described
    totals = [*sizes, sum(sizes)] if len(sizes) > 1 else sizes
    module["denoms"] = [{"units": "Participants", "counts": _counts(totals)}]
    measures = []
    if draw.chance(0.75):
        measures.append(_mean_measure(draw, "Age, Continuous", "years", totals))
    if draw.chance(0.45):
        ages = [("<=18 years", 0.02), ("Between 18 and 65 years", 0.6), (">=65 years", 0.38)]
        measures.append(_count_measure(draw, "Age, Categorical", ages, sizes))
    measures.append(_count_measure(draw, "Sex: Female, Male", [("Female", 0.5), ("Male", 0.5)], sizes))
    if draw.chance(0.6):
        weights = (0.01, 0.12, 0.01, 0.14, 0.62, 0.03, 0.07)
        measures.append(
            _count_measure(draw, "Race (NIH/OMB)", list(zip(_RACES, weights, strict=True)), sizes)
        )
    for _ in range(int(9 * draw.cubed())):
        measures.append(_extra(draw, sizes, totals))
    for measure in measures:
        if draw.chance(0.27):
            first = {**measure["classes"][0]}
            categories = first.pop("categories")
            measure["classes"][0] = {**first, "denoms": module["denoms"], "categories": categories}
    module["measures"] = measures
    return module


def _count_measure(
    draw: Draw, title: str, parts: list[tuple[str, float]], sizes: list[int]
) -> dict[str, Any]:
    columns = [share(draw, size, [weight for _, weight in parts]) for size in sizes]
    if len(columns) > 1:
        columns.append([sum(row) for row in zip(*columns, strict=True)])
    categories = [
        {
            "title": name,
            "measurements": [
                {"groupId": f"BG{group:03d}", "value": str(column[place])}
                for group, column in enumerate(columns)
            ],
        }
        for place, (name, _) in enumerate(parts)
    ]
    return {
        "title": title,
        "paramType": "COUNT_OF_PARTICIPANTS",
        "unitOfMeasure": "Participants",
        "classes": [{"categories": categories}],
    }


def _mean_measure(draw: Draw, title: str, unit_: str, sizes: list[int]) -> dict[str, Any]:
    table = figures()["results"]
    dispersion = draw.weighted(table["baseline_dispersion"])
    center = 20 + int(draw.unit() * 500) / 10
    rows = []
    for place in range(len(sizes)):
        value = center + draw.between(-30, 30) / 10
        row = {"groupId": f"BG{place:03d}", "value": f"{round(value, 1)}"}
        spread = dispersion.startswith(("STANDARD", "GEOMETRIC"))
        if not spread and dispersion != "NA":
            row["lowerLimit"] = f"{round(value - draw.between(20, 190) / 10, 1)}"
            row["upperLimit"] = f"{round(value + draw.between(20, 190) / 10, 1)}"
        if draw.chance(0.004):
            row["comment"] = "Two values were missing."
        if spread:
            row["spread"] = f"{draw.between(10, 190) / 10}"
        rows.append(row)
    return {
        "title": title,
        "paramType": draw.weighted(table["baseline_param"]),
        "dispersionType": dispersion,
        "unitOfMeasure": unit_,
        "classes": [{"categories": [{"measurements": rows}]}],
    }


def _extra(draw: Draw, sizes: list[int], totals: list[int]) -> dict[str, Any]:
    words = marked()
    if draw.chance(0.4):
        title = str(draw.pick(words["baseline_extra_mean"]))
        found = _mean_measure(draw, title, str(draw.pick(words["unit_mean"])), totals)
    else:
        names = [str(name) for name in draw.some(words["baseline_category"], draw.between(2, 6))]
        parts = [(name, 1 / len(names)) for name in names]
        found = _count_measure(draw, str(draw.pick(words["baseline_extra"])), parts, sizes)
        if draw.chance(0.03):
            found["calculatePct"] = False
        if draw.chance(0.01):
            found["paramType"] = "COUNT_OF_UNITS"
        if draw.chance(0.02):
            found["classes"][0] = {"title": "At enrollment", **found["classes"][0]}
        if draw.chance(0.02):
            found["denomUnitsSelected"] = "Participants"
            found["denoms"] = [{"units": "Participants", "counts": _counts(totals)}]
    if draw.chance(0.2):
        found["description"] = draw.pick(words["measure_text"])
    if draw.chance(0.1):
        found["populationDescription"] = draw.pick(words["population_text"])
    order = ("title", "description", "paramType", "dispersionType", "unitOfMeasure", "calculatePct")
    last = ("denomUnitsSelected", "denoms", "populationDescription", "classes")
    return {key: found[key] for key in (*order, *last) if key in found}


def _more(plan: Plan) -> dict[str, Any]:
    draw = plan.draw
    words = marked()
    module: dict[str, Any] = {}
    if draw.chance(0.28):
        module["limitationsAndCaveats"] = {"description": draw.pick(words["limitation"])}
    employee = draw.chance(0.21)
    agreement: dict[str, Any] = {"piSponsorEmployee": employee}
    if not employee:
        restrictive = draw.chance(0.65)
        if restrictive:
            kind = draw.weighted(figures()["results"]["restriction"])
            agreement["restrictionType"] = kind
        agreement["restrictiveAgreement"] = restrictive
        if restrictive and kind == "OTHER":
            agreement["otherDetails"] = draw.pick(words["agreement"])
    module["certainAgreement"] = agreement
    contact = {
        "title": f"{person(draw)}, MD" if draw.chance(0.6) else "Clinical Trials",
        "organization": plan.sponsor,
    }
    if draw.chance(0.87):
        contact["email"] = "results@example.org"
    contact["phone"] = f"555-01{draw.between(0, 99):02d}"
    if draw.chance(0.04):
        contact["phoneExt"] = str(draw.between(100, 9999))
    module["pointOfContact"] = contact
    return module
