"""Outcome measures with their groups, denominators, classes, measurements and analyses."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import orjson
from orjson import Fragment

from trialist.demo.draw import Draw
from trialist.demo.plan import Plan
from trialist.demo.tables import figures, marked, quoted_marked, quoted_plain
from trialist.demo.text import render
from trialist.demo.timeline import iso

_GEOMETRIC = ("GEOMETRIC_MEAN", "GEOMETRIC_LEAST_SQUARES_MEAN", "LOG_MEAN")
_COUNTS = ("COUNT_OF_PARTICIPANTS", "COUNT_OF_UNITS", "NUMBER")
_MOST_GROUPS = 8
_IDS = [f"OG{place:03d}" for place in range(_MOST_GROUPS)]
_COUNT_HEADS = [f'{{"groupId":"{name}","value":"' for name in _IDS]
_NUMBERS_SEED = 7_004
_NUMBERS = 2000
_NEAR = 80
_ROWS = 700  # more than a measure has
_SHELLS = 1500
_ANALYSES = 250
_KINDS = ("PRIMARY", "SECONDARY", "OTHER_PRE_SPECIFIED", "POST_HOC")
_CONFIDENCE = (*["95"] * 8, "90", "97.5")
_MOST_ROWS = 9000  # measurements a study reports at most


class _Shell(NamedTuple):
    """A reported measure without its title and its numbers: JSON in the order of the registry's keys."""

    description: str
    population: str
    numbers: str  # how the numbers are meant, up to the time frame
    frame: str
    things: str  # what is counted, up to the groups
    form: str  # what stands beside a value; "counts" when participants are counted
    thing: str  # what is counted besides participants


def outcome_measures(plan: Plan, groups: list[str], sizes: list[int]) -> Fragment:
    """The measures as reported, the primary ones first; `groups` are JSON objects without their end."""
    draw = plan.draw
    described = f"[{'},'.join(groups)}}}]"
    table = figures()["results"]
    count = plan.wish.get("outcomes", draw.measured(table["outcomes"]))
    kinds = ["PRIMARY", *(draw.weighted(table["outcome_type"]) for _ in range(count - 1))]
    kinds.sort(key=_KINDS.index)
    found: list[bytes] = []
    rows = 0
    for kind in kinds:
        if rows > _MOST_ROWS:
            break
        measure, taken = _measure(plan, kind, described, sizes)
        # A letter outside ASCII would make the whole module two bytes wide; encoded, it costs its own measure only.
        found.append(measure.encode())
        rows += taken
    return Fragment(b"[%b]" % b",".join(found))


def _measure(plan: Plan, kind: str, groups: str, sizes: list[int]) -> tuple[str, int]:
    draw, unit = plan.draw, plan.draw.unit
    names, shells = quoted_plain()["measure"], _shells()
    title = render(names[int(unit() * len(names))], plan.quoted_context).rstrip()
    shell = shells[int(unit() * _SHELLS)]
    thing = shell.thing
    head = f'{{"type":"{kind}","title":"{title}",{shell.description}'
    if unit() > 0.97 and kind != "PRIMARY":
        due = ""
        if unit() < 0.3:
            due = f'"anticipatedPostingDate":"{iso(plan.line.as_of + draw.between(30, 900))[:7]}",'
        return f'{head}"reportingStatus":"NOT_POSTED",{due}{shell.frame}}}', 0
    analyzed = [size - int(size * 0.2 * draw.squared()) for size in sizes]
    denominators = f'{{"units":"Participants","counts":[{_cells(analyzed)}]}}'
    second = ""
    if thing:
        second = f',{{"units":"{thing}","counts":[{_cells([2 * size for size in analyzed])}]}}'
    count = draw.weighted(figures()["results"]["classes"])
    rows = _classes(draw, count, shell.form, analyzed, denominators)
    return (
        f'{head}{shell.population}"reportingStatus":"POSTED",{shell.numbers}{shell.frame}{shell.things},"groups":{groups},'
        f'"denoms":[{denominators}{second}],"classes":[{rows}]{_analyses(draw, len(sizes))}}}'
    ), count * len(sizes)


@cache
def _shells() -> list[_Shell]:
    draw = Draw(_NUMBERS_SEED, 1)
    return [_shell(draw) for _ in range(_SHELLS)]


def _shell(draw: Draw) -> _Shell:
    texts, words = quoted_marked(), quoted_plain()
    description = f'"description":"{draw.pick(texts["measure_text"])}",' if draw.chance(0.94) else ""
    population = ""
    if draw.chance(0.82):
        population = f'"populationDescription":"{draw.pick(texts["population_text"])}",'
    param, dispersion = _shape(draw)
    thing, things = "", ""
    if param == "COUNT_OF_UNITS":
        thing = str(draw.pick(texts["unit_thing"]))
        things = f',"typeUnitsAnalyzed":"{thing}","denomUnitsSelected":"{thing}"'
    elif draw.chance(0.033):
        things = ',"denomUnitsSelected":"Participants"'
    spread = f'"dispersionType":"{dispersion}",' if dispersion else ""
    unit_of_measure = thing or _unit_of(draw, param, bool(dispersion))
    percent = ',"calculatePct":false' if draw.chance(0.006) else ""
    form = "spread" if dispersion[:4] in ("Stan", "Geom") else "limits" if dispersion else ""
    return _Shell(
        description,
        population,
        f'"paramType":"{param}",{spread}"unitOfMeasure":"{unit_of_measure}"{percent},',
        f'"timeFrame":"{draw.pick(words["week_frame"])}"',
        things,
        "counts" if param == "COUNT_OF_PARTICIPANTS" else form,
        thing,
    )


def _analyses(draw: Draw, groups: int) -> str:
    count = draw.weighted(figures()["results"]["analyses"])
    if not count or groups < 2:
        return ""
    ready = _ready_analyses(groups)
    return f',"analyses":[{",".join([draw.pick(ready) for _ in range(count)])}]'


@cache
def _ready_analyses(groups: int) -> list[str]:
    draw = Draw(_NUMBERS_SEED, 2, groups)
    return [orjson.dumps(_analysis(draw, groups)).decode() for _ in range(_ANALYSES)]


def _cells(values: list[int]) -> str:
    return ",".join([f'{head}{value}"}}' for head, value in zip(_COUNT_HEADS, values, strict=False)])


def _shape(draw: Draw) -> tuple[str, str]:
    table = figures()["results"]
    param = draw.weighted(table["param"])
    if param in _GEOMETRIC:
        return param, draw.weighted(table["dispersion_geometric"])
    if param in _COUNTS:
        return param, "95% Confidence Interval" if param == "NUMBER" and draw.chance(0.3) else ""
    return param, draw.weighted(table["dispersion"])


def _unit_of(draw: Draw, param: str, spread: bool) -> str:
    words = quoted_plain()
    if param == "COUNT_OF_PARTICIPANTS":
        return "Participants"
    if param == "NUMBER":
        return str(draw.pick(words["unit_percent" if spread or draw.chance(0.7) else "unit_number"]))
    return str(draw.pick(words["unit_mean" if draw.chance(0.7) else "unit_score"]))


def _classes(draw: Draw, count: int, form: str, sizes: list[int], denominators: str) -> str:
    unit = draw.unit
    names = draw.some(quoted_plain()["category_title"], 4) if unit() < 0.08 else []
    needed = count * (len(names) or 1)
    if form == "counts":
        parts = len(names) or 1
        rows = [_cells([int(size * unit() / parts) for size in sizes]) for _ in range(needed)]
    else:
        start = int(unit() * (_ROWS - needed))
        rows = _number_rows(form, len(sizes))[start : start + needed]
    if names:
        cells = iter(rows)
        rows = [
            ",".join([f'{{"title":"{name}","measurements":[{next(cells)}]}}' for name in names])
            for _ in range(count)
        ]
    else:
        rows = [f'{{"measurements":[{row}]}}' for row in rows]
    if count == 1:
        return f'{{"categories":[{rows[0]}]}}'
    told = f'"denoms":[{denominators}],' if unit() < 0.4 else ""
    titles = quoted_plain()["class_title"]
    start = int(unit() * (len(titles) - count))
    return ",".join(
        [
            f'{{"title":"{title}",{told}"categories":[{row}]}}'
            for title, row in zip(titles[start : start + count], rows, strict=True)
        ]
    )


@cache
def _number_rows(form: str, groups: int) -> list[str]:
    """Measurements of all groups as JSON; the groups' numbers lie near one another."""
    draw = Draw(_NUMBERS_SEED, 3)
    unit, numbers, heads = draw.unit, _numbers(form), _COUNT_HEADS[:groups]
    found = []
    for _ in range(_ROWS):
        start = unit() * (_NUMBERS - _NEAR)
        found.append(",".join([head + numbers[int(start + unit() * _NEAR)] for head in heads]))
    return found


@cache
def _numbers(form: str) -> list[str]:
    """Measurements from their value on, the values ascending; `form` says what stands beside the value."""
    draw = Draw(_NUMBERS_SEED)
    values = sorted(int(draw.cubed() * 100_000) for _ in range(_NUMBERS))
    found = []
    for value in values:
        width = 1 + int(value * (0.05 + 0.3 * draw.unit()))
        scale = 100 if value < 40_000 or draw.chance(0.5) else 10
        more, roll = "", draw.unit()
        if form == "spread":
            more = f',"spread":"{width / scale}"'
        elif form == "limits":
            high = value + int(width * (0.8 + 0.4 * roll))
            more = f',"lowerLimit":"{(value - width) / scale}","upperLimit":"{high / scale}"'
            if roll < 0.03:
                found.append('NA","comment":"NA: not reached because of too few events."}')
                continue
            if 0.5 < roll < 0.52:
                more += ',"comment":"The interval is exact."'
        found.append(f'{value / scale}"{more}}}')
    return found


def _analysis(draw: Draw, groups: int) -> dict[str, Any]:
    unit = draw.unit
    words = marked()
    kind = draw.weighted(figures()["results"]["noninferiority"])
    tested = kind.startswith(("NON", "EQUI"))
    row: dict[str, Any] = {"groupIds": [_IDS[0], _IDS[draw.between(1, groups - 1)]]}
    if unit() < 0.5:
        row["groupDescription"] = draw.pick(words["analysis_text"])
    if kind.endswith("LEGACY") or unit() < 0.15:
        row["testedNonInferiority"] = tested
    row["nonInferiorityType"] = kind
    if tested:
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
    return row


def _estimate(draw: Draw, row: dict[str, Any]) -> None:
    unit = draw.unit
    words = marked()
    value = int(unit() * 400)
    row["paramType"] = draw.pick(words["estimate"])
    row["paramValue"] = str(value / 100)
    if unit() < 0.85:
        width = int(unit() * 200)
        one_sided = unit() < 0.02
        row["ciPctValue"] = draw.pick(_CONFIDENCE)
        row["ciNumSides"] = "ONE_SIDED" if one_sided else "TWO_SIDED"
        row["ciLowerLimit"] = str((value - width) / 100)
        if not one_sided:
            row["ciUpperLimit"] = str((value + width) / 100)
        if unit() < 0.01:
            row["ciLowerLimitComment"] = "Truncated by the software."
        if one_sided:
            row["ciUpperLimitComment"] = "One-sided interval."
    if unit() < 0.22:
        row["dispersionType"] = "STANDARD_ERROR_OF_MEAN" if unit() < 0.85 else "STANDARD_DEVIATION"
        row["dispersionValue"] = str(int(unit() * 300) / 100)
    if unit() < 0.3:
        row["estimateComment"] = draw.pick(words["estimate_comment"])
