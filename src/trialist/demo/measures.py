"""Outcome measures with their groups, denominators, classes, measurements and analyses."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

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
_TEXTS = 1500
_CONFIDENCE = (*["95"] * 8, "90", "97.5")
_MOST_ROWS = 9000  # measurements a study reports at most


def outcome_measures(plan: Plan, groups: list[str], sizes: list[int]) -> Fragment:
    """The measures as reported, the primary ones first; `groups` are JSON objects without their end."""
    draw = plan.draw
    described = f"[{'},'.join(groups)}}}]"
    table = figures()["results"]
    count = plan.wish.get("outcomes", draw.measured(table["outcomes"]))
    kinds = ["PRIMARY", *(draw.weighted(table["outcome_type"]) for _ in range(count - 1))]
    kinds.sort(key=("PRIMARY", "SECONDARY", "OTHER_PRE_SPECIFIED", "POST_HOC").index)
    found: list[str] = []
    rows = 0
    for kind in kinds:
        if rows > _MOST_ROWS:
            break
        measure, taken = _measure(plan, kind, described, sizes)
        found.append(measure)
        rows += taken
    return Fragment(f"[{','.join(found)}]")


def _measure(plan: Plan, kind: str, groups: str, sizes: list[int]) -> tuple[str, int]:
    draw, unit = plan.draw, plan.draw.unit
    names = quoted_plain()["measure"]
    title = render(names[int(unit() * len(names))], plan.quoted_context).rstrip()
    texts, populations = _texts(), _populations()
    before, frame = texts[int(unit() * _TEXTS)]
    population = populations[int(unit() * _TEXTS)]
    param, dispersion = _shape(draw)
    if unit() > 0.97 and kind != "PRIMARY":
        due = ""
        if unit() < 0.3:
            due = f'"anticipatedPostingDate":"{iso(plan.line.as_of + draw.between(30, 900))[:7]}",'
        return f'{{"type":"{kind}","title":"{title}",{before}"NOT_POSTED",{due}{frame}{population}}}', 0
    thing, things = "", ""
    if param == "COUNT_OF_UNITS":
        thing = str(draw.pick(quoted_marked()["unit_thing"]))
        things = f',"typeUnitsAnalyzed":"{thing}","denomUnitsSelected":"{thing}"'
    elif unit() < 0.033:
        things = ',"denomUnitsSelected":"Participants"'
    spread = f'"dispersionType":"{dispersion}",' if dispersion else ""
    unit_of_measure = thing or _unit_of(draw, param, bool(dispersion))
    percent = ',"calculatePct":false' if unit() < 0.006 else ""
    analyzed = [size - int(size * 0.2 * draw.squared()) for size in sizes]
    denominators = f'{{"units":"Participants","counts":[{_cells(analyzed)}]}}'
    second = ""
    if thing:
        second = f',{{"units":"{thing}","counts":[{_cells([2 * size for size in analyzed])}]}}'
    count = draw.weighted(figures()["results"]["classes"])
    rows = _classes(draw, count, _Cells(param, dispersion, analyzed), denominators)
    return (
        f'{{"type":"{kind}","title":"{title}",{before}"POSTED",{frame}{things}{population},"paramType":"{param}",'
        f'{spread}"unitOfMeasure":"{unit_of_measure}"{percent},"groups":{groups},"denoms":[{denominators}{second}],'
        f'"classes":[{",".join(rows)}]{_analyses(draw, len(sizes))}}}'
    ), count * len(sizes)


@cache
def _texts() -> list[tuple[str, str]]:
    """What stands around a measure's reporting status: its description before, its time frame after."""
    draw = Draw(_NUMBERS_SEED, 1)
    texts, frames = quoted_marked()["measure_text"], quoted_plain()["week_frame"]
    found = []
    for _ in range(_TEXTS):
        description = f'"description":"{draw.pick(texts)}",' if draw.chance(0.94) else ""
        found.append((f'{description}"reportingStatus":', f'"timeFrame":"{draw.pick(frames)}"'))
    return found


@cache
def _populations() -> list[str]:
    draw = Draw(_NUMBERS_SEED, 2)
    texts = quoted_marked()["population_text"]
    return [
        f',"populationDescription":"{draw.pick(texts)}"' if draw.chance(0.82) else "" for _ in range(_TEXTS)
    ]


def _analyses(draw: Draw, groups: int) -> str:
    count = draw.weighted(figures()["results"]["analyses"])
    if not count or groups < 2:
        return ""
    return f',"analyses":{orjson.dumps([_analysis(draw, groups) for _ in range(count)]).decode()}'


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


class _Cells:
    """What the measurements of a measure look like: counts of the groups' sizes, or numbers of a form."""

    __slots__ = ("columns", "sizes")

    def __init__(self, param: str, dispersion: str, sizes: list[int]) -> None:
        self.sizes = sizes if param == "COUNT_OF_PARTICIPANTS" else []
        form = "spread" if dispersion[:4] in ("Stan", "Geom") else "limits" if dispersion else ""
        self.columns = [] if self.sizes else [_numbers(form, place) for place in range(len(sizes))]

    def drawn(self, unit: Callable[[], float], parts: int) -> str:
        """One measurement a group, as JSON; the groups' numbers lie near one another."""
        if self.sizes:
            return _cells([int(size * unit() / parts) for size in self.sizes])
        start = unit() * (_NUMBERS - _NEAR)
        return ",".join([column[int(start + unit() * _NEAR)] for column in self.columns])


def _classes(draw: Draw, count: int, cells: _Cells, denominators: str) -> list[str]:
    unit, drawn = draw.unit, cells.drawn
    titles = quoted_plain()["class_title"]
    told = f'"denoms":[{denominators}],' if count > 1 and unit() < 0.4 else ""
    categories = draw.some(quoted_plain()["category_title"], 4) if unit() < 0.08 else []
    found: list[str] = []
    start = int(unit() * len(titles))
    for step in range(start, start + count):
        title = f'"title":"{titles[step % len(titles)]}",' if count > 1 else ""
        if categories:
            parts = ",".join(
                [
                    f'{{"title":"{name}","measurements":[{drawn(unit, len(categories))}]}}'
                    for name in categories
                ]
            )
        else:
            parts = f'{{"measurements":[{drawn(unit, 1)}]}}'
        found.append(f'{{{title}{told}"categories":[{parts}]}}')
    return found


@cache
def _numbers(form: str, group: int) -> list[str]:
    """Measurements of one group as JSON, their values ascending; `form` says what stands beside the value."""
    draw = Draw(_NUMBERS_SEED)
    values = sorted(int(draw.cubed() * 100_000) for _ in range(_NUMBERS))
    head = _COUNT_HEADS[group]
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
        comment = (
            ',"comment":"The interval is exact."' if more and form == "limits" and 0.5 < roll < 0.52 else ""
        )
        if form == "limits" and roll < 0.03:
            found.append(f'{head}NA","comment":"NA: not reached because of too few events."}}')
        else:
            found.append(f'{head}{value / scale}"{more}{comment}}}')
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
    compared = unit() < 0.84
    if compared:
        value = int(draw.squared() * 10000) / 10000
        row["pValue"] = "<0.001" if value < 0.001 else str(value)
        if unit() < 0.3:
            row["statisticalComment"] = draw.pick(words["p_comment"])
    if tested:
        row["nonInferiorityComment"] = draw.pick(words["noninferiority_text"])
    if unit() < 0.02:
        row["otherAnalysisDescription"] = "Exploratory; not adjusted for multiplicity."
    if compared:
        if unit() < 0.36:
            row["pValueComment"] = draw.pick(words["p_comment"])
        row["statisticalMethod"] = draw.pick(words["statistical_method"])
    if unit() < 0.8:
        _estimate(draw, row)
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
