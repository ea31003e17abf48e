"""Design, arms and interventions, planned outcomes."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson

from trialist.demo.draw import Draw
from trialist.demo.plan import Plan
from trialist.demo.tables import figures, marked, plain, quoted_marked, quoted_plain
from trialist.demo.text import render
from trialist.demo.timeline import iso

_LABEL_LIMIT = 100
_TAILS_SEED = 7_005
_TAILS = 2500
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
        module["designInfo"] = _observational(draw)
        if draw.chance(0.17):
            module["bioSpec"] = _specimens(draw)
    else:
        module["phases"] = plan.phases
        module["designInfo"] = _interventional(plan, arm_count)
    if draw.chance(0.995):
        line = plan.line
        actual = (line.ended and line.status in ("COMPLETED", "TERMINATED")) or line.status == "WITHDRAWN"
        module["enrollmentInfo"] = {"count": plan.count, "type": "ACTUAL" if actual else "ESTIMATED"}
        if not actual and iso(line.first_submit) < "2008" and draw.chance(0.3):
            del module["enrollmentInfo"]["type"]
    return module


def _observational(draw: Draw) -> dict[str, Any]:
    table = figures()["design"]
    return {
        "observationalModel": draw.weighted(table["observational"]),
        "timePerspective": draw.weighted(table["perspective"]),
    }


def _specimens(draw: Draw) -> dict[str, Any]:
    retention = draw.weighted(figures()["design"]["retention"])
    found: dict[str, Any] = {"retention": retention}
    if retention != "NONE_RETAINED" and draw.chance(0.9):
        found["description"] = draw.pick(marked()["biospecimen"])
    return found


def _interventional(plan: Plan, arm_count: int) -> dict[str, Any]:
    draw = plan.draw
    table = figures()["design"]
    words = marked()
    single = arm_count == 1
    found: dict[str, Any] = {}
    if draw.chance(0.985):
        found["primaryPurpose"] = plan.wish.get("purpose") or draw.weighted(table["purpose"])
    if draw.chance(0.985):
        found["allocation"] = "NA" if single else draw.weighted(table["allocation"])
    if single:
        found["interventionModel"] = "SEQUENTIAL" if draw.chance(0.02) else "SINGLE_GROUP"
    else:
        found["interventionModel"] = draw.weighted(table["model"])
    if draw.chance(0.2):
        found["interventionModelDescription"] = draw.pick(words["model_text"])
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
    _tell_apart(arms)
    if arms:
        module["armGroups"] = arms
    if plan.interventions:
        module["interventions"] = _link(plan, arms)
    return module


def _arm(plan: Plan, place: int, count: int) -> dict[str, Any]:
    draw, unit, context = plan.draw, plan.draw.unit, plan.context
    words = marked()
    names = plain()
    control = place > 0 and (place == count - 1 or unit() < 0.3)
    context[8] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[place] if unit() < 0.6 else str(place + 1)
    label = render(draw.pick(names["control_label" if control else "arm_label"]), context)
    if plan.wish.get("arm_labels"):
        label = plan.wish["arm_labels"][place]
    arm: dict[str, Any] = {"label": label[:_LABEL_LIMIT].strip()}
    if plan.study_type == "INTERVENTIONAL" and unit() < 0.96:
        arm["type"] = _arm_type(draw, context[3], control)
    if "arm_text" in plan.wish:
        arm["description"] = plan.wish["arm_text"]
    elif count == 1 and unit() < 0.02:
        arm["description"] = draw.pick(words["multiplexed"])
    elif unit() < 0.87:
        texts = words["control_text" if control else "arm_text"]
        number = 1 if unit() < 0.6 else draw.between(2, 4)
        arm["description"] = " ".join([render(draw.pick(texts), context) for _ in range(number)])
    return arm


def _arm_type(draw: Draw, comparator: str, control: bool) -> str:
    roll = draw.unit()
    if not control:
        return "EXPERIMENTAL" if roll < 0.85 else "ACTIVE_COMPARATOR" if roll < 0.96 else "OTHER"
    if comparator == "Placebo" or roll < 0.28:
        return "PLACEBO_COMPARATOR"
    if roll < 0.33:
        return "SHAM_COMPARATOR"
    return "ACTIVE_COMPARATOR" if roll < 0.75 else "NO_INTERVENTION" if roll < 0.92 else "OTHER"


def _tell_apart(arms: list[dict[str, Any]]) -> None:
    seen: set[str] = set()
    for place, arm in enumerate(arms):
        if arm["label"].lower() in seen:
            arm["label"] = f"{arm['label'][: _LABEL_LIMIT - 4]} {place + 1}"
        seen.add(arm["label"].lower())


def _link(plan: Plan, arms: list[dict[str, Any]]) -> list[dict[str, Any]]:
    draw, unit, context = plan.draw, plan.draw.unit, plan.context
    texts = marked()["intervention_text"]
    treated = [arm for arm in arms if arm.get("type") != "NO_INTERVENTION"] or arms
    found: list[dict[str, Any]] = []
    for place, one in enumerate(plan.interventions):
        row: dict[str, Any] = {"type": one.type, "name": one.name}
        if unit() < 0.92:
            number = 1 if unit() < 0.7 else 3
            row["description"] = " ".join([render(draw.pick(texts), context) for _ in range(number)])
        if "intervention_texts" in plan.wish:
            row["description"] = plan.wish["intervention_texts"][place]
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


def _outcomes(plan: Plan, count: int) -> orjson.Fragment:
    unit, context = plan.draw.unit, plan.quoted_context
    measures, tails = quoted_plain()["measure"], _outcome_tails()
    size = len(measures)
    rows = [
        f'{{"measure":"{render(measures[int(unit() * size)], context).rstrip()}{tails[int(unit() * _TAILS)]}'
        for _ in range(count)
    ]
    return orjson.Fragment(f"[{','.join(rows)}]")


@cache
def _outcome_tails() -> list[str]:
    """What follows a planned outcome's measure: descriptions and time frames, to the end of the object."""
    draw = Draw(_TAILS_SEED)
    texts, frames = quoted_marked()["measure_text"], quoted_plain()["week_frame"]
    found = []
    for _ in range(_TAILS):
        tail = '"'
        if draw.chance(0.86):
            more = f" {draw.pick(texts)}" if draw.chance(0.45) else ""
            tail += f',"description":"{draw.pick(texts)}{more}"'
        if draw.chance(0.99):
            tail += f',"timeFrame":"{draw.pick(frames)}"'
        found.append(tail + "}")
    return found
