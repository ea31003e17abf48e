"""Outcome measures with their groups, denominators, classes, measurements and analyses."""

from __future__ import annotations

from functools import cache
from typing import Any

from trialist.demo.draw import Draw
from trialist.demo.plan import Plan
from trialist.demo.tables import figures, marked, plain
from trialist.demo.text import render
from trialist.demo.timeline import iso

_GEOMETRIC = ("GEOMETRIC_MEAN", "GEOMETRIC_LEAST_SQUARES_MEAN", "LOG_MEAN")
_COUNTS = ("COUNT_OF_PARTICIPANTS", "COUNT_OF_UNITS", "NUMBER")
_ANALYSIS_ORDER = (
    "groupIds",
    "groupDescription",
    "testedNonInferiority",
    "nonInferiorityType",
    "pValue",
    "statisticalComment",
    "nonInferiorityComment",
    "otherAnalysisDescription",
    "pValueComment",
    "statisticalMethod",
    "paramType",
    "paramValue",
    "ciPctValue",
    "ciNumSides",
    "ciLowerLimit",
    "ciUpperLimit",
    "ciLowerLimitComment",
    "ciUpperLimitComment",
    "dispersionType",
    "dispersionValue",
    "estimateComment",
)
_NUMBERS_SEED = 7_004
_NUMBERS = 8000
_NEAR = 300
_MOST_ROWS = 9000  # measurements a study reports at most


def outcome_measures(plan: Plan, groups: list[dict[str, str]], sizes: list[int]) -> list[dict[str, Any]]:
    """The measures as reported, the primary ones first."""
    draw = plan.draw
    table = figures()["results"]
    count = plan.wish.get("outcomes", draw.measured(table["outcomes"]))
    kinds = ["PRIMARY", *(draw.weighted(table["outcome_type"]) for _ in range(count - 1))]
    kinds.sort(key=("PRIMARY", "SECONDARY", "OTHER_PRE_SPECIFIED", "POST_HOC").index)
    found: list[dict[str, Any]] = []
    rows = 0
    for kind in kinds:
        if rows > _MOST_ROWS:
            break
        measure, taken = _measure(plan, kind, groups, sizes)
        found.append(measure)
        rows += taken
    return found


def _measure(
    plan: Plan, kind: str, groups: list[dict[str, str]], sizes: list[int]
) -> tuple[dict[str, Any], int]:
    draw, unit = plan.draw, plan.draw.unit
    names, words = plain(), marked()
    row: dict[str, Any] = {"type": kind}
    row["title"] = render(draw.pick(names["measure"]), plan.context).rstrip()
    if unit() < 0.94:
        row["description"] = draw.pick(words["measure_text"])
    posted = unit() < 0.97 or kind == "PRIMARY"
    row["reportingStatus"] = "POSTED" if posted else "NOT_POSTED"
    if not posted and unit() < 0.3:
        row["anticipatedPostingDate"] = iso(plan.line.as_of + draw.between(30, 900))[:7]
    row["timeFrame"] = draw.pick(names["week_frame"])
    param, dispersion = _shape(draw)
    things = posted and param == "COUNT_OF_UNITS"
    if things:
        row["typeUnitsAnalyzed"] = draw.pick(words["unit_thing"])
    if posted and (things or unit() < 0.033):
        row["denomUnitsSelected"] = row.get("typeUnitsAnalyzed", "Participants")
    if unit() < 0.82:
        row["populationDescription"] = draw.pick(words["population_text"])
    if not posted:
        return row, 0
    row["paramType"] = param
    if dispersion:
        row["dispersionType"] = dispersion
    row["unitOfMeasure"] = row["typeUnitsAnalyzed"] if things else _unit_of(draw, param, bool(dispersion))
    if unit() < 0.006:
        row["calculatePct"] = False
    row["groups"] = groups
    analyzed = [size - int(size * 0.2 * draw.squared()) for size in sizes]
    row["denoms"] = [_denominator("Participants", groups, analyzed)]
    if things:
        row["denoms"].append(_denominator(row["typeUnitsAnalyzed"], groups, [2 * size for size in analyzed]))
    classes = draw.weighted(figures()["results"]["classes"])
    row["classes"] = _classes(draw, classes, param, dispersion, groups, analyzed)
    count = draw.weighted(figures()["results"]["analyses"])
    if count and len(groups) > 1:
        row["analyses"] = [_analysis(draw, groups) for _ in range(count)]
    return row, classes * len(groups)


def _shape(draw: Draw) -> tuple[str, str]:
    table = figures()["results"]
    param = draw.weighted(table["param"])
    if param in _GEOMETRIC:
        return param, draw.weighted(table["dispersion_geometric"])
    if param in _COUNTS:
        return param, "95% Confidence Interval" if param == "NUMBER" and draw.chance(0.3) else ""
    return param, draw.weighted(table["dispersion"])


def _unit_of(draw: Draw, param: str, spread: bool) -> str:
    words = plain()
    if param == "COUNT_OF_PARTICIPANTS":
        return "Participants"
    if param == "NUMBER":
        return str(draw.pick(words["unit_percent" if spread or draw.chance(0.7) else "unit_number"]))
    return str(draw.pick(words["unit_mean" if draw.chance(0.7) else "unit_score"]))


def _denominator(units: str, groups: list[dict[str, str]], sizes: list[int]) -> dict[str, Any]:
    counts = [{"groupId": group["id"], "value": str(size)} for group, size in zip(groups, sizes, strict=True)]
    return {"units": units, "counts": counts}


def _classes(
    draw: Draw, count: int, param: str, dispersion: str, groups: list[dict[str, str]], sizes: list[int]
) -> list[dict[str, Any]]:
    unit = draw.unit
    titles = plain()["class_title"]
    denominators = count > 1 and unit() < 0.4
    categories = draw.some(plain()["category_title"], 4) if unit() < 0.08 else [""]
    found: list[dict[str, Any]] = []
    start = int(unit() * len(titles))
    for step in range(count):
        row: dict[str, Any] = {}
        if count > 1:
            row["title"] = titles[(start + step) % len(titles)]
        if denominators:
            row["denoms"] = [_denominator("Participants", groups, sizes)]
        parts: list[dict[str, Any]] = []
        for title in categories:
            part: dict[str, Any] = {"title": title} if title else {}
            part["measurements"] = _measurements(unit, param, dispersion, groups, sizes, len(categories))
            parts.append(part)
        row["categories"] = parts
        found.append(row)
    return found


@cache
def _numbers() -> list[tuple[str, str, str, str]]:
    """Value, spread, lower and upper limit as text, the values ascending."""
    draw = Draw(_NUMBERS_SEED)
    values = sorted(int(draw.cubed() * 100_000) for _ in range(_NUMBERS))
    found = []
    for value in values:
        width = 1 + int(value * (0.05 + 0.3 * draw.unit()))
        scale = 100 if value < 40_000 or draw.chance(0.5) else 10
        low, high = value - width, value + int(width * (0.8 + 0.4 * draw.unit()))
        found.append((str(value / scale), str(width / scale), str(low / scale), str(high / scale)))
    return found


def _measurements(
    unit: Any, param: str, dispersion: str, groups: list[dict[str, str]], sizes: list[int], parts: int
) -> list[dict[str, str]]:
    """One row a group; the groups' values lie near one another."""
    if param == "COUNT_OF_PARTICIPANTS":
        return [
            {"groupId": group["id"], "value": str(int(size * unit() / parts))}
            for group, size in zip(groups, sizes, strict=True)
        ]
    numbers = _numbers()
    start = unit() * (_NUMBERS - _NEAR)
    drawn = [numbers[int(start + unit() * _NEAR)] for _ in groups]
    if not dispersion:
        return [{"groupId": group["id"], "value": row[0]} for group, row in zip(groups, drawn, strict=True)]
    if dispersion[:4] in ("Stan", "Geom"):
        return [
            {"groupId": group["id"], "value": row[0], "spread": row[1]}
            for group, row in zip(groups, drawn, strict=True)
        ]
    found = []
    for group, row in zip(groups, drawn, strict=True):
        one = {"groupId": group["id"], "value": row[0], "lowerLimit": row[2], "upperLimit": row[3]}
        roll = unit()
        if roll < 0.03:
            one = {
                "groupId": group["id"],
                "value": "NA",
                "comment": "NA: not reached because of too few events.",
            }
        elif roll < 0.05:
            one["comment"] = "The interval is exact."
        found.append(one)
    return found


def _analysis(draw: Draw, groups: list[dict[str, str]]) -> dict[str, Any]:
    unit = draw.unit
    words = marked()
    kind = draw.weighted(figures()["results"]["noninferiority"])
    row: dict[str, Any] = {"groupIds": [groups[0]["id"], draw.pick(groups[1:])["id"]]}
    if unit() < 0.5:
        row["groupDescription"] = draw.pick(words["analysis_text"])
    legacy = kind.endswith("LEGACY")
    if legacy or unit() < 0.15:
        row["testedNonInferiority"] = kind.startswith(("NON", "EQUI"))
    row["nonInferiorityType"] = kind
    if kind.startswith(("NON", "EQUI")):
        row["nonInferiorityComment"] = draw.pick(words["noninferiority_text"])
    if unit() < 0.84:
        value = int(draw.squared() * 10000) / 10000
        row["pValue"] = "<0.001" if value < 0.001 else str(value)
        if unit() < 0.36:
            row["pValueComment"] = draw.pick(words["p_comment"])
        row["statisticalMethod"] = draw.pick(words["statistical_method"])
        if unit() < 0.3:
            row["statisticalComment"] = draw.pick(words["p_comment"])
    if unit() < 0.8:
        _estimate(draw, row)
    if unit() < 0.02:
        row["otherAnalysisDescription"] = "Exploratory; not adjusted for multiplicity."
    return {key: row[key] for key in _ANALYSIS_ORDER if key in row}


def _estimate(draw: Draw, row: dict[str, Any]) -> None:
    unit = draw.unit
    words = marked()
    value = int(unit() * 400) / 100
    row["paramType"] = draw.pick(words["estimate"])
    row["paramValue"] = str(value)
    if unit() < 0.85:
        width = unit() * 2
        one_sided = unit() < 0.02
        row["ciPctValue"] = draw.pick(("95", "95", "95", "95", "95", "95", "95", "95", "90", "97.5"))
        row["ciNumSides"] = "ONE_SIDED" if one_sided else "TWO_SIDED"
        row["ciLowerLimit"] = str(round(value - width, 2))
        if one_sided:
            row["ciUpperLimitComment"] = "One-sided interval."
        else:
            row["ciUpperLimit"] = str(round(value + width, 2))
        if unit() < 0.01:
            row["ciLowerLimitComment"] = "Truncated by the software."
    if unit() < 0.22:
        row["dispersionType"] = "STANDARD_ERROR_OF_MEAN" if unit() < 0.85 else "STANDARD_DEVIATION"
        row["dispersionValue"] = str(int(unit() * 300) / 100)
    if unit() < 0.3:
        row["estimateComment"] = draw.pick(words["estimate_comment"])
