"""Design, arms and interventions, planned outcomes."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
from orjson import Fragment

from trialist.demo.draw import Draw
from trialist.demo.plan import Plan
from trialist.demo.prose import paragraphs
from trialist.demo.tables import figures, marked, plain, quoted_marked, quoted_plain
from trialist.demo.text import Phrase, render, strung
from trialist.demo.timeline import iso

_LABEL_LIMIT = 100
_OUTCOMES_SEED = 7_005
_PLANNED = 1200  # ready runs of planned outcomes of a length
_LONGEST = 4
_READY_SEED = 7_008
_READY = 512
_ARMS = 2048
_WHO = ("PARTICIPANT", "CARE_PROVIDER", "INVESTIGATOR", "OUTCOMES_ASSESSOR")
_MASKED = {"SINGLE": 1, "DOUBLE": 2, "TRIPLE": 3, "QUADRUPLE": 4}
_PREFIX = {
    "DRUG": "Drug",
    "DEVICE": "Device",
    "BIOLOGICAL": "Biological",
    "PROCEDURE": "Procedure",
    "BEHAVIORAL": "Behavioral",
    "DIAGNOSTIC_TEST": "Diagnostic Test",
    "DIETARY_SUPPLEMENT": "Dietary Supplement",
    "RADIATION": "Radiation",
    "COMBINATION_PRODUCT": "Combination Product",
    "GENETIC": "Genetic",
    "OTHER": "Other",
}


def design(plan: Plan, arm_count: int) -> dict[str, Any]:
    """The design module of the study's type."""
    draw = plan.draw
    module: dict[str, Any] = {"studyType": plan.study_type}
    if plan.study_type == "EXPANDED_ACCESS":
        if draw.chance(0.5):
            module["nPtrsToThisExpAccNctId"] = draw.between(1, 4)
        kinds = [kind for kind in ("individual", "intermediate", "treatment") if draw.chance(0.5)] or [
            "individual"
        ]
        module["expandedAccessTypes"] = dict.fromkeys(kinds, True)
        return module
    if plan.study_type == "OBSERVATIONAL":
        registry = bool(plan.wish.get("registry", draw.chance(0.17)))
        if draw.chance(0.9) or registry:
            module["patientRegistry"] = registry
        if registry:
            module["targetDuration"] = (
                f"{draw.pick((1, 2, 5, 10, 15))} {draw.pick(('Years', 'Years', 'Months'))}"
            )
        module["designInfo"] = draw.pick(_observational())
        if draw.chance(0.17):
            module["bioSpec"] = draw.pick(_specimens())
    else:
        module["phases"] = plan.phases
        module["designInfo"] = draw.pick(_interventional(plan.wish.get("purpose", ""), arm_count == 1))
    if draw.chance(0.995):
        line = plan.line
        actual = (line.ended and line.status in ("COMPLETED", "TERMINATED")) or line.status == "WITHDRAWN"
        module["enrollmentInfo"] = {"count": plan.count, "type": "ACTUAL" if actual else "ESTIMATED"}
        if not actual and iso(line.first_submit) < "2008" and draw.chance(0.3):
            del module["enrollmentInfo"]["type"]
    return module


@cache
def _observational() -> list[Fragment]:
    draw = Draw(_READY_SEED, 1)
    table = figures()["design"]
    found = []
    for _ in range(_READY):
        model = draw.weighted(table["observational"])
        shape = {"observationalModel": model, "timePerspective": draw.weighted(table["perspective"])}
        found.append(Fragment(orjson.dumps(shape)))
    return found


@cache
def _specimens() -> list[Fragment]:
    draw = Draw(_READY_SEED, 2)
    found = []
    for _ in range(_READY):
        retention = draw.weighted(figures()["design"]["retention"])
        kept: dict[str, Any] = {"retention": retention}
        if retention != "NONE_RETAINED" and draw.chance(0.9):
            kept["description"] = draw.pick(marked()["biospecimen"])
        found.append(Fragment(orjson.dumps(kept)))
    return found


@cache
def _interventional(purpose: str, single: bool) -> list[Fragment]:
    draw = Draw(_READY_SEED, single)
    return [Fragment(orjson.dumps(_shape(draw, purpose, single))) for _ in range(2 * _READY)]


def _shape(draw: Draw, purpose: str, single: bool) -> dict[str, Any]:
    table = figures()["design"]
    words = marked()
    found: dict[str, Any] = {}
    aim = (purpose or draw.weighted(table["purpose"])) if draw.chance(0.985) else ""
    if draw.chance(0.985):
        found["allocation"] = "NA" if single else draw.weighted(table["allocation"])
    if single:
        found["interventionModel"] = "SEQUENTIAL" if draw.chance(0.02) else "SINGLE_GROUP"
    else:
        found["interventionModel"] = draw.weighted(table["model"])
    if draw.chance(0.2):
        found["interventionModelDescription"] = draw.pick(words["model_text"])
    if aim:
        found["primaryPurpose"] = aim
    masking = "NONE" if single and draw.chance(0.93) else draw.weighted(table["masking"])
    masked: dict[str, Any] = {"masking": masking}
    if masking != "NONE":
        if draw.chance(0.4):
            masked["maskingDescription"] = draw.pick(words["masking_text"])
        masked["whoMasked"] = draw.some(_WHO, _MASKED[masking])
        masked["whoMasked"].sort(key=_WHO.index)
    found["maskingInfo"] = masked
    return found


def arms_interventions(plan: Plan) -> dict[str, Any]:
    """Arms and interventions that name one another."""
    draw = plan.draw
    table = figures()["design"]
    module: dict[str, Any] = {}
    if plan.study_type == "INTERVENTIONAL":
        count = plan.wish.get("arms") or draw.weighted(table["arms"])
    elif plan.study_type == "OBSERVATIONAL":
        count = draw.weighted(table["arms_observational"])
    else:
        count = 0
    arms = [_arm(plan, place, count) for place in range(count)]
    if arms:
        _tell_apart(arms)
        module["armGroups"] = arms
    if plan.interventions:
        module["interventions"] = _link(plan, arms)
    return module


def _arm(plan: Plan, place: int, count: int) -> dict[str, Any]:
    unit, context, wish = plan.draw.unit, plan.context, plan.wish
    control = place > 0 and (place == count - 1 or unit() < 0.3)
    name, lettered, kind, text = _ready_arms(control)[int(unit() * _ARMS)]
    context[8] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[place] if lettered else str(place + 1)
    arm: dict[str, Any] = {"label": render(name, context)[:_LABEL_LIMIT].strip()}
    if kind and plan.study_type == "INTERVENTIONAL":
        arm["type"] = "PLACEBO_COMPARATOR" if control and context[3] == "Placebo" else kind
    if count == 1 and unit() < 0.02:
        arm["description"] = plan.draw.pick(marked()["multiplexed"])
    elif text:
        arm["description"] = render(text, context)
    if "arm_labels" in wish:
        arm["label"] = wish["arm_labels"][place]
    if "arm_text" in wish:
        arm["description"] = wish["arm_text"]
    return arm


@cache
def _ready_arms(control: bool) -> list[tuple[Phrase, bool, str, Phrase]]:
    """Labels, whether letters tell the arms apart, types, and descriptions, of which the last two may be missing."""
    draw = Draw(_READY_SEED, 3, control)
    labels = plain()["control_label" if control else "arm_label"]
    texts = [paragraphs("control_text" if control else "arm_text", count) for count in range(1, 5)]
    found = []
    for _ in range(_ARMS):
        count = 0 if draw.chance(0.6) else draw.between(1, 3)
        text = draw.pick(texts[count]) if draw.chance(0.87) else ""
        kind = _arm_type(draw, control) if draw.chance(0.96) else ""
        found.append((draw.pick(labels), draw.chance(0.6), kind, text))
    return found


def _arm_type(draw: Draw, control: bool) -> str:
    roll = draw.unit()
    if not control:
        return "EXPERIMENTAL" if roll < 0.85 else "ACTIVE_COMPARATOR" if roll < 0.96 else "OTHER"
    if roll < 0.28:
        return "PLACEBO_COMPARATOR"
    if roll < 0.33:
        return "SHAM_COMPARATOR"
    return "ACTIVE_COMPARATOR" if roll < 0.75 else "NO_INTERVENTION" if roll < 0.92 else "OTHER"


def _tell_apart(arms: list[dict[str, Any]]) -> None:
    seen: set[str] = set()
    for place, arm in enumerate(arms):
        label = arm["label"].lower()
        if label in seen:
            arm["label"] = f"{arm['label'][: _LABEL_LIMIT - 4]} {place + 1}"
            label = arm["label"].lower()
        seen.add(label)


def _link(plan: Plan, arms: list[dict[str, Any]]) -> list[dict[str, Any]]:
    draw, unit, context, wish = plan.draw, plan.draw.unit, plan.context, plan.wish
    short, long = paragraphs("intervention_text", 1), paragraphs("intervention_text", 3)
    treated = [arm for arm in arms if arm.get("type") != "NO_INTERVENTION"] or arms
    found: list[dict[str, Any]] = []
    for place, one in enumerate(plan.interventions):
        row: dict[str, Any] = {"type": one.type, "name": one.name}
        if unit() < 0.92:
            texts = short if unit() < 0.7 else long
            row["description"] = render(texts[int(unit() * len(texts))], context)
        if wish and "intervention_texts" in wish:
            row["description"] = wish["intervention_texts"][place]
        if arms and unit() < 0.98:
            first = treated[place % len(treated)]
            mine = treated if unit() < 0.25 else [first]
            row["armGroupLabels"] = [arm["label"] for arm in mine]
            name = f"{_PREFIX[one.type]}: {one.name}"
            for arm in mine:
                arm.setdefault("interventionNames", []).append(name)
        if one.subject and unit() < 0.5 and len(one.subject.names) > 1:
            row["otherNames"] = draw.some(one.subject.names[1:], draw.between(1, 3))
        found.append(row)
    return found


def planned_outcomes(plan: Plan) -> dict[str, Any]:
    """Primary, secondary and other outcomes as planned."""
    draw = plan.draw
    table = figures()["design"]
    if "outcomes_planned" in plan.wish:
        return {name: [dict(row) for row in rows] for name, rows in plan.wish["outcomes_planned"].items()}
    module: dict[str, Any] = {"primaryOutcomes": _outcomes(plan, draw.weighted(table["primary_outcomes"]))}
    count = draw.measured(table["secondary_outcomes"])
    if plan.study_type == "OBSERVATIONAL":
        count = count // 2
    if count:
        module["secondaryOutcomes"] = _outcomes(plan, count)
    if draw.chance(0.11):
        module["otherOutcomes"] = _outcomes(plan, draw.measured(table["other_outcomes"]))
    return module


def _outcomes(plan: Plan, count: int) -> Fragment:
    unit, context = plan.draw.unit, plan.quoted_context
    rows: list[str] = []
    while count > 0:
        taken = min(count, _LONGEST)
        pool = _planned(taken)
        rows.append(render(pool[int(unit() * _PLANNED)], context))
        count -= taken
    return Fragment(f"[{','.join(rows)}]")


@cache
def _planned(count: int) -> list[Phrase]:
    """So many planned outcomes one after another, as JSON."""
    draw = Draw(_OUTCOMES_SEED, count)
    if count == 1:
        return [_outcome(draw) for _ in range(_PLANNED)]
    pool = _planned(1)
    return [strung([draw.pick(pool) for _ in range(count)], ",") for _ in range(_PLANNED)]


def _outcome(draw: Draw) -> Phrase:
    texts = quoted_marked()["measure_text"]
    tail = '"'
    if draw.chance(0.86):
        more = f" {draw.pick(texts)}" if draw.chance(0.45) else ""
        tail += f',"description":"{draw.pick(texts)}{more}"'
    if draw.chance(0.99):
        tail += f',"timeFrame":"{draw.pick(quoted_plain()["week_frame"])}"'
    return strung(('{"measure":"', draw.pick(quoted_plain()["measure"]), tail + "}"))
