"""Adverse events: no group has more affected than were at risk."""

from __future__ import annotations

from functools import cache
from math import gcd
from typing import Any

from orjson import Fragment

from trialist.demo.draw import Draw
from trialist.demo.plan import Plan
from trialist.demo.tables import adverse_terms, figures, marked
from trialist.demo.text import quoted

_STRIDES = (37, 41, 43, 47)  # steps through the terms that meet every one before any comes again
_NOTED = 50  # one event in so many has a note
_SYSTEMATIC = ("SYSTEMATIC_ASSESSMENT", "NON_SYSTEMATIC_ASSESSMENT")
_VOCABULARIES = ("MedDRA 21.1", "MedDRA (24.0)", "CTCAE (4.0)", "MedDRA 19.0", "CTCAE 5.0", "MedDRA", "")


def adverse_events(plan: Plan, groups: list[str], sizes: list[int]) -> dict[str, Any]:
    """The adverse events module."""
    draw = plan.draw
    table = figures()["results"]
    words = marked()
    serious, serious_affected = _rows(draw, sizes, draw.measured(table["serious_events"]), 0.05)
    other, other_affected = _rows(draw, sizes, draw.measured(table["other_events"]), 0.22)
    module: dict[str, Any] = {"frequencyThreshold": draw.weighted(table["threshold"])}
    if draw.chance(0.83):
        module["timeFrame"] = draw.pick(words["week_frame"])
    if draw.chance(0.51):
        module["description"] = draw.pick(words["events_text"])
    deaths = draw.chance(0.66)
    if deaths and draw.chance(0.03):
        module["allCauseMortalityComment"] = draw.pick(words["mortality_text"])
    told = []
    for group, size, first, second in zip(groups, sizes, serious_affected, other_affected, strict=True):
        died = ""
        if deaths:
            died = f'"deathsNumAffected":{int(size * 0.3 * draw.cubed())},"deathsNumAtRisk":{size},'
        told.append(
            f'{group},{died}"seriousNumAffected":{first},"seriousNumAtRisk":{size},'
            f'"otherNumAffected":{second},"otherNumAtRisk":{size}}}'
        )
    module["eventGroups"] = Fragment(f"[{','.join(told)}]")
    if serious:
        module["seriousEvents"] = Fragment(f"[{','.join(serious)}]")
    if other:
        module["otherEvents"] = Fragment(f"[{','.join(other)}]")
    return module


@cache
def _heads(vocabulary: str, assessed: str) -> list[str]:
    """What stands before an event's counts, term by term in an order that mixes the systems."""
    terms = adverse_terms()
    stride = next(step for step in _STRIDES if gcd(step, len(terms)) == 1)
    source = f'"sourceVocabulary":"{vocabulary}",' if vocabulary else ""
    found = []
    for place in range(len(terms)):
        term, system = terms[place * stride % len(terms)]
        found.append(
            f'{{"term":"{quoted(term)}","organSystem":"{quoted(system)}",{source}"assessmentType":"{assessed}",'
        )
    return found


def _rows(draw: Draw, sizes: list[int], count: int, highest: float) -> tuple[list[str], list[int]]:
    """The events as JSON, and how many in each group had any: no fewer than had the most frequent one."""
    unit = draw.unit
    ready = _heads(draw.pick(_VOCABULARIES), _SYSTEMATIC[unit() < 0.25])
    terms = len(ready)
    events, first = unit() < 0.55, int(unit() * terms)
    heads = (ready * (2 + count // terms))[first : first + count]
    for step in range(terms, count):
        heads[step] = heads[step].replace('","organSystem', f', episode {step // terms + 1}","organSystem', 1)
    rolls = [unit() for _ in heads]
    tops = [2 * highest * roll * roll for roll in rolls]
    columns, affected = [], []
    for place, size in enumerate(sizes):
        counts = [int(size * top * unit()) for top in tops]
        affected.append(_affected(counts, size))
        start, end = f'{{"groupId":"EG{place:03d}","num', f',"numAtRisk":{size}}}'
        if events:
            columns.append(
                [f'{start}Events":{one + int(one * 0.4 * unit())},"numAffected":{one}{end}' for one in counts]
            )
        else:
            columns.append([f'{start}Affected":{one}{end}' for one in counts])
    for step in range(int(unit() * _NOTED), count, _NOTED):
        heads[step] += '"notes":"Reported by the site without further detail.",'
    return [
        f'{head}"stats":[{",".join(stats)}]}}'
        for head, stats in zip(heads, zip(*columns, strict=True), strict=True)
    ], affected


def _affected(counts: list[int], size: int) -> int:
    """Those with any event: at least the most frequent one's count, at most everybody."""
    most = max(counts, default=0)
    return min(size, max(most, int(most + 0.3 * (sum(counts) - most))))
