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
_NOTE = '"notes":"Reported by the site without further detail.",'
_STATS = '"stats":['
_SHARES_SEED = 7_009
_SHARES = 4096  # more than any study has events
_MOST_GROUPS = 8
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
        module["seriousEvents"] = Fragment(f"[{serious}]")
    if other:
        module["otherEvents"] = Fragment(f"[{other}]")
    return module


@cache
def _heads(vocabulary: str, assessed: str) -> list[str]:
    """What stands before an event's counts, term by term in an order that mixes the systems; all of them twice."""
    terms = adverse_terms()
    stride = next(step for step in _STRIDES if gcd(step, len(terms)) == 1)
    source = f'"sourceVocabulary":"{vocabulary}",' if vocabulary else ""
    found = []
    for place in range(len(terms)):
        term, system = terms[place * stride % len(terms)]
        found.append(
            f'{{"term":"{quoted(term)}","organSystem":"{quoted(system)}",{source}"assessmentType":"{assessed}",{_STATS}'
        )
    return found * 2


@cache
def _shares(highest: float) -> list[list[float]]:
    """Shares of the groups that had an event, group by group: near one another, mostly small."""
    draw = Draw(_SHARES_SEED)
    tops = [2 * highest * draw.squared() for _ in range(_SHARES)]
    return [[top * draw.unit() for top in tops] for _ in range(_MOST_GROUPS)]


def _rows(draw: Draw, sizes: list[int], count: int, highest: float) -> tuple[str, list[int]]:
    """The events as JSON, and how many in each group had any: no fewer than had the most frequent one."""
    unit = draw.unit
    ready = _heads(draw.pick(_VOCABULARIES), _SYSTEMATIC[unit() < 0.25])
    terms = len(ready) // 2
    events, first = unit() < 0.55, int(unit() * terms)
    heads = (ready if first + count <= 2 * terms else ready * (1 + count // terms))[first : first + count]
    for step in range(terms, count):
        heads[step] = heads[step].replace('","organSystem', f', episode {step // terms + 1}","organSystem', 1)
    for step in range(int(unit() * _NOTED), count, _NOTED):
        heads[step] = heads[step].replace(_STATS, _NOTE + _STATS)
    at = int(unit() * (_SHARES - count))
    columns, affected = [heads], []
    for place, size in enumerate(sizes):
        counts = [int(size * share) for share in _shares(highest)[place][at : at + count]]
        affected.append(_affected(counts, size))
        comma, last = "," if place else "", "]}" if place == len(sizes) - 1 else ""
        start, end = f'{comma}{{"groupId":"EG{place:03d}","num', f',"numAtRisk":{size}}}{last}'
        # Most counts are small and come often: each is written once.
        if events:
            more = 0.4 * unit()
            written = {
                one: f'{start}Events":{one + int(one * more)},"numAffected":{one}{end}'
                for one in dict.fromkeys(counts)
            }
        else:
            written = {one: f'{start}Affected":{one}{end}' for one in dict.fromkeys(counts)}
        columns.append([written[one] for one in counts])
    return ",".join(map("".join, zip(*columns, strict=True))), affected


def _affected(counts: list[int], size: int) -> int:
    """Those with any event: at least the most frequent one's count, at most everybody."""
    most = max(counts, default=0)
    return min(size, max(most, int(most + 0.3 * (sum(counts) - most))))
