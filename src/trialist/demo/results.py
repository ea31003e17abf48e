"""The results section: groups that are the study's arms, counts that add up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from orjson import Fragment

from trialist.demo.draw import Draw
from trialist.demo.events import adverse_events
from trialist.demo.measures import outcome_measures
from trialist.demo.plan import Plan, person
from trialist.demo.tables import figures, marked, quoted_marked, quoted_plain
from trialist.demo.text import quoted, render

_MOST_GROUPS = 8
_SEXES = (("Female", "Male"), (0.5, 0.5))
_AGES = (("<=18 years", "Between 18 and 65 years", ">=65 years"), (0.02, 0.6, 0.38))
_RACES = (
    (
        "American Indian or Alaska Native",
        "Asian",
        "Native Hawaiian or Other Pacific Islander",
        "Black or African American",
        "White",
        "More than one race",
        "Unknown or Not Reported",
    ),
    (0.01, 0.12, 0.01, 0.14, 0.62, 0.03, 0.07),
)
_FLOW = [f'{{"groupId":"FG{place:03d}","numSubjects":"' for place in range(_MOST_GROUPS)]
_BASE = [f'{{"groupId":"BG{place:03d}","value":"' for place in range(_MOST_GROUPS + 1)]


@dataclass(frozen=True, slots=True)
class Groups:
    """The reported groups: title and description as members of a JSON object, and how many took part in each."""

    told: list[str]
    sizes: list[int]

    def described(self, prefix: str) -> list[str]:
        """The groups of one module as JSON objects without their end, their ids beginning with its two letters."""
        return [f'{{"id":"{prefix}{place:03d}",{told}' for place, told in enumerate(self.told)]


def cells(heads: Sequence[str], values: Iterable[int]) -> str:
    """Counts group by group: each object's text up to its last value's opening quote, then the value."""
    return ",".join([f'{head}{value}"}}' for head, value in zip(heads, values, strict=False)])


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


def share(draw: Draw, total: int, weights: Sequence[float]) -> list[int]:
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
        told=[
            f'"title":"{quoted(arm["label"])}","description":"{quoted(arm.get("description", arm["label"]))}"'
            for arm in arms
        ],
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
    module["groups"] = Fragment(f"[{'},'.join(groups.described('FG'))}}}]")
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
    lost = [min(size, int(size * 0.35 * draw.squared() + draw.unit())) for size in entering]
    staying = [size - gone for size, gone in zip(entering, lost, strict=True)]
    started = cells(_FLOW, entering)
    if units:
        started = started.replace("}", f',"numUnits":"{draw.between(1, 9)}"}}')
    milestones = [f'{{"type":"STARTED","achievements":[{started}]}}']
    if draw.chance(0.18):
        kind, comment, reached = draw.pick(quoted_marked()["milestone"]), "", cells(_FLOW, staying)
        if draw.chance(0.3):
            comment = '"comment":"Counted at the visit that followed.",'
            first = '"comment":"One participant was counted at another site.","numSubjects"'
            reached = reached.replace('"numSubjects"', first, 1)
        milestones.append(f'{{"type":"{kind}",{comment}"achievements":[{reached}]}}')
    milestones.append(f'{{"type":"COMPLETED","achievements":[{cells(_FLOW, staying)}]}}')
    milestones.append(f'{{"type":"NOT COMPLETED","achievements":[{cells(_FLOW, lost)}]}}')
    period: dict[str, Any] = {"title": title, "milestones": Fragment(f"[{','.join(milestones)}]")}
    if any(lost):
        period["dropWithdraws"] = Fragment(f"[{','.join(_dropouts(draw, lost))}]")
    return period, staying


def _dropouts(draw: Draw, lost: list[int]) -> list[str]:
    """Reasons whose counts add up, group by group, to those who did not complete."""
    kinds = draw.some(quoted_plain()["dropout"], draw.between(1, 6))
    weights = [1 / len(kinds)] * len(kinds)
    rows: list[str] = []
    by_kind = zip(*[share(draw, size, weights) for size in lost], strict=True)
    for kind, counts in zip(kinds, by_kind, strict=True):
        roll = draw.unit()
        comment = '"comment":"As the investigator reported it.",' if roll < 0.02 else ""
        reasons = cells(_FLOW, counts)
        if roll > 0.98:
            reasons = reasons.replace('"numSubjects"', '"comment":"Before the first dose.","numSubjects"', 1)
        rows.append(f'{{"type":"{kind}",{comment}"reasons":[{reasons}]}}')
    return rows


def _baseline(draw: Draw, groups: Groups) -> dict[str, Any]:
    words = marked()
    module: dict[str, Any] = {}
    if draw.chance(0.37):
        module["populationDescription"] = draw.pick(words["population_text"])
    if draw.chance(0.012):
        module["typeUnitsAnalyzed"] = "encounters"
    described = groups.described("BG")
    sizes = groups.sizes
    totals = sizes
    if len(sizes) > 1:
        total = '"title":"Total","description":"Total of all reporting groups"'
        described.append(f'{{"id":"BG{len(sizes):03d}",{total}')
        totals = [*sizes, sum(sizes)]
    module["groups"] = Fragment(f"[{'},'.join(described)}}}]")
    denominators = f'[{{"units":"Participants","counts":[{cells(_BASE, totals)}]}}]'
    module["denoms"] = Fragment(denominators)
    table = _Table(draw, sizes, totals, denominators)
    measures = []
    if draw.chance(0.75):
        measures.append(table.means("Age, Continuous", "years"))
    if draw.chance(0.45):
        measures.append(table.counts("Age, Categorical", *_AGES))
    measures.append(table.counts("Sex: Female, Male", *_SEXES))
    if draw.chance(0.6):
        measures.append(table.counts("Race (NIH/OMB)", *_RACES))
    for _ in range(int(9 * draw.cubed())):
        measures.append(_extra(table))
    module["measures"] = measures
    return module


@dataclass(frozen=True, slots=True)
class _Table:
    """The baseline's measures, all of the same groups."""

    draw: Draw
    sizes: list[int]
    totals: list[int]
    denominators: str

    def classes(self, inner: str, title: str = "") -> Fragment:
        """One class of categories, now and then with denominators of its own."""
        denominators = f'"denoms":{self.denominators},' if self.draw.chance(0.27) else ""
        return Fragment(f'[{{{title}{denominators}"categories":[{inner}]}}]')

    def counts(
        self, title: str, names: Sequence[object], weights: Sequence[float], class_title: str = ""
    ) -> dict[str, Any]:
        """A measure that counts participants by category."""
        columns = [share(self.draw, size, weights) for size in self.sizes]
        rows = list(zip(*columns, strict=True))
        if len(columns) > 1:
            rows = [(*row, sum(row)) for row in rows]
        categories = [
            f'{{"title":"{name}","measurements":[{cells(_BASE, row)}]}}'
            for name, row in zip(names, rows, strict=True)
        ]
        return {
            "title": title,
            "paramType": "COUNT_OF_PARTICIPANTS",
            "unitOfMeasure": "Participants",
            "classes": self.classes(",".join(categories), class_title),
        }

    def means(self, title: str, unit_of_measure: str) -> dict[str, Any]:
        """A measure of a number: its mean or median, and its spread or limits."""
        draw, table = self.draw, figures()["results"]
        dispersion = draw.weighted(table["baseline_dispersion"])
        spread = dispersion.startswith(("STANDARD", "GEOMETRIC"))
        center = 200 + int(draw.unit() * 500)
        rows = []
        for head, _ in zip(_BASE, self.totals, strict=False):
            value = center + draw.between(-30, 30)
            row = f'{head}{value / 10}"'
            if spread:
                row += f',"spread":"{draw.between(10, 190) / 10}"'
            elif dispersion != "NA":
                low, high = value - draw.between(20, 190), value + draw.between(20, 190)
                row += f',"lowerLimit":"{low / 10}","upperLimit":"{high / 10}"'
            if draw.chance(0.004):
                row += ',"comment":"Two values were missing."'
            rows.append(row + "}")
        return {
            "title": title,
            "paramType": draw.weighted(table["baseline_param"]),
            "dispersionType": dispersion,
            "unitOfMeasure": unit_of_measure,
            "classes": self.classes(f'{{"measurements":[{",".join(rows)}]}}'),
        }


def _extra(table: _Table) -> dict[str, Any]:
    draw, words = table.draw, marked()
    if draw.chance(0.4):
        title = str(draw.pick(words["baseline_extra_mean"]))
        found = table.means(title, str(draw.pick(words["unit_mean"])))
    else:
        names = draw.some(quoted_marked()["baseline_category"], draw.between(2, 6))
        class_title = '"title":"At enrollment",' if draw.chance(0.02) else ""
        weights = [1 / len(names)] * len(names)
        found = table.counts(str(draw.pick(words["baseline_extra"])), names, weights, class_title)
        if draw.chance(0.03):
            found["calculatePct"] = False
        if draw.chance(0.01):
            found["paramType"] = "COUNT_OF_UNITS"
        if draw.chance(0.02):
            found["denomUnitsSelected"] = "Participants"
            found["denoms"] = Fragment(table.denominators)
    if draw.chance(0.2):
        found["description"] = draw.pick(words["measure_text"])
    if draw.chance(0.1):
        found["populationDescription"] = draw.pick(words["population_text"])
    first = ("title", "description", "denomUnitsSelected", "denoms", "populationDescription")
    last = ("paramType", "dispersionType", "unitOfMeasure", "calculatePct", "classes")
    return {key: found[key] for key in (*first, *last) if key in found}


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
