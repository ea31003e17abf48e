"""Adverse events: no group has more affected than were at risk."""

from __future__ import annotations

from math import gcd
from typing import Any

from trialist.demo.plan import Plan
from trialist.demo.tables import adverse_terms, figures, marked

_STRIDES = (37, 41, 43, 47)  # steps through the terms that meet every one before any comes again
_VOCABULARIES = ("MedDRA 21.1", "MedDRA (24.0)", "CTCAE (4.0)", "MedDRA 19.0", "CTCAE 5.0", "MedDRA", "")


def adverse_events(plan: Plan, groups: list[dict[str, Any]], sizes: list[int]) -> dict[str, Any]:
    """The adverse events module."""
    draw = plan.draw
    table = figures()["results"]
    words = marked()
    serious = _rows(plan, sizes, draw.measured(table["serious_events"]), 0.05)
    other = _rows(plan, sizes, draw.measured(table["other_events"]), 0.22)
    module: dict[str, Any] = {"frequencyThreshold": draw.weighted(table["threshold"])}
    if draw.chance(0.83):
        module["timeFrame"] = draw.pick(words["week_frame"])
    if draw.chance(0.51):
        module["description"] = draw.pick(words["events_text"])
    deaths = draw.chance(0.66)
    if deaths and draw.chance(0.03):
        module["allCauseMortalityComment"] = draw.pick(words["mortality_text"])
    for place, (group, size) in enumerate(zip(groups, sizes, strict=True)):
        if deaths:
            group["deathsNumAffected"] = int(size * 0.3 * draw.cubed())
            group["deathsNumAtRisk"] = size
        group["seriousNumAffected"] = _affected(serious, place, size)
        group["seriousNumAtRisk"] = size
        group["otherNumAffected"] = _affected(other, place, size)
        group["otherNumAtRisk"] = size
    module["eventGroups"] = groups
    if serious:
        module["seriousEvents"] = serious
    if other:
        module["otherEvents"] = other
    return module


def _affected(rows: list[dict[str, Any]], place: int, size: int) -> int:
    """Those with any event: at least the most frequent one's count, at most everybody."""
    counts: list[int] = [row["stats"][place]["numAffected"] for row in rows]
    if not counts:
        return 0
    most = max(counts)
    return min(size, max(most, int(most + 0.3 * (sum(counts) - most))))


def _rows(plan: Plan, sizes: list[int], count: int, highest: float) -> list[dict[str, Any]]:
    draw, unit = plan.draw, plan.draw.unit
    terms = adverse_terms()
    vocabulary = draw.pick(_VOCABULARIES)
    assessed = "SYSTEMATIC_ASSESSMENT" if unit() < 0.75 else "NON_SYSTEMATIC_ASSESSMENT"
    events = unit() < 0.55
    ids = [f"EG{place:03d}" for place in range(len(sizes))]
    pairs = list(zip(ids, sizes, strict=True))
    first = int(unit() * len(terms))
    stride = next(step for step in _STRIDES if gcd(step, len(terms)) == 1)
    rows: list[dict[str, Any]] = []
    for step in range(count):
        term, system = terms[(first + step * stride) % len(terms)]
        if step >= len(terms):
            term = f"{term}, episode {step // len(terms) + 1}"
        row: dict[str, Any] = {"term": term, "organSystem": system}
        if vocabulary:
            row["sourceVocabulary"] = vocabulary
        row["assessmentType"] = assessed
        if unit() < 0.02:
            row["notes"] = "Reported by the site without further detail."
        top = 2 * highest * draw.squared()
        if events:
            row["stats"] = [
                {
                    "groupId": group,
                    "numEvents": (affected := int(size * top * unit())) + int(affected * 0.4 * unit()),
                    "numAffected": affected,
                    "numAtRisk": size,
                }
                for group, size in pairs
            ]
        else:
            row["stats"] = [
                {"groupId": group, "numAffected": int(size * top * unit()), "numAtRisk": size}
                for group, size in pairs
            ]
        rows.append(row)
    return rows
