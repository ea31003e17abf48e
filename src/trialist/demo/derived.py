"""The derived section: MeSH terms, their ancestors and the browse tree, of the conditions and interventions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from trialist.demo.plan import Plan
from trialist.demo.sharing import submission_tracking
from trialist.demo.tables import Subject, cities
from trialist.demo.text import quoted
from trialist.demo.timeline import iso

_ALL_CONDITIONS = {"All": b'{"abbrev":"All","name":"All Conditions"}'}
_RARE = {**_ALL_CONDITIONS, "Rare": b'{"abbrev":"Rare","name":"Rare Diseases"}'}


def derived(plan: Plan) -> dict[str, Any]:
    """The whole section; its version is the day the registry is as of."""
    draw = plan.draw
    misc: dict[str, Any] = {"versionHolder": iso(plan.line.as_of)}
    tracking = submission_tracking(plan)
    if tracking:
        misc["submissionTracking"] = tracking
    if plan.sites > 1 and draw.chance(0.09):
        weights, _ = cities()
        gone = dict.fromkeys(draw.weighted(weights) for _ in range(draw.between(1, 3)))
        misc["removedCountries"] = list(gone)
    section: dict[str, Any] = {"miscInfoModule": misc}
    leaves = draw.chance(0.5)
    more = _RARE if plan.area in ("transplant", "hematology") else _ALL_CONDITIONS
    conditions = _browse(zip(plan.subjects, plan.conditions, strict=False), leaves, more)
    if conditions:
        section["conditionBrowseModule"] = conditions
    known = [(one.subject, one.name) for one in plan.interventions if one.subject]
    interventions = _browse(known, leaves, {}) if known else None
    if interventions:
        section["interventionBrowseModule"] = interventions
    return section


def _browse(
    found: Iterable[tuple[Subject, str]], leaves: bool, more: dict[str, bytes]
) -> orjson.Fragment | None:
    meshes: dict[str, bytes] = {}
    ancestors: dict[str, bytes] = {}
    high: dict[str, bytes] = {}
    low: dict[str, bytes] = {}
    branches: dict[str, bytes] = {}
    for subject, as_found in found:
        meshes |= subject.meshes
        ancestors |= subject.ancestors
        if leaves:
            said = b'%b","relevance":"HIGH"}' % quoted(as_found).encode()
            for leaf, head in subject.found_leaves.items():
                high[leaf] = head + said
            low |= subject.leaves
            branches |= subject.branches
    if not meshes:
        return None
    join = b",".join
    parts = [b'{"meshes":[', join(meshes.values())]
    for mesh_id in meshes:
        ancestors.pop(mesh_id, None)
    if ancestors:
        parts += (b'],"ancestors":[', join(ancestors.values()))
    if leaves:
        branches |= more
        parts += (b'],"browseLeaves":[', join((high | low | high).values()))
        parts += (b'],"browseBranches":[', join(branches.values()))
    parts.append(b"]}")
    return orjson.Fragment(b"".join(parts))
