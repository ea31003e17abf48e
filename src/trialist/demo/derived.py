"""The derived section: MeSH terms, their ancestors and the browse tree, of the conditions and interventions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trialist.demo.plan import Plan
from trialist.demo.sharing import submission_tracking
from trialist.demo.tables import Subject, cities
from trialist.demo.timeline import iso

_ALL_CONDITIONS = {"abbrev": "All", "name": "All Conditions"}
_RARE = {"abbrev": "Rare", "name": "Rare Diseases"}


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
    conditions = _browse(zip(plan.subjects, plan.conditions, strict=False), leaves)
    if conditions:
        if leaves:
            conditions["browseBranches"].append(_ALL_CONDITIONS)
            if plan.area in ("transplant", "hematology"):
                conditions["browseBranches"].append(_RARE)
        section["conditionBrowseModule"] = conditions
    known = [(one.subject, one.name) for one in plan.interventions if one.subject]
    interventions = _browse(known, leaves)
    if interventions:
        section["interventionBrowseModule"] = interventions
    return section


def _browse(found: Iterable[tuple[Subject, str]], leaves: bool) -> dict[str, Any]:
    meshes: dict[str, dict[str, str]] = {}
    ancestors: dict[str, dict[str, str]] = {}
    high: dict[str, dict[str, str]] = {}
    low: dict[str, dict[str, str]] = {}
    branches: dict[str, dict[str, str]] = {}
    for subject, as_found in found:
        for mesh in subject.meshes:
            meshes[mesh["id"]] = mesh
            if leaves:
                leaf = "M" + mesh["id"].lstrip("D0")
                high[leaf] = {"id": leaf, "name": mesh["term"], "asFound": as_found, "relevance": "HIGH"}
        for ancestor in subject.ancestors:
            ancestors[ancestor["id"]] = ancestor
        if leaves:
            low.update((leaf["id"], leaf) for leaf in subject.leaves)
            branches.update((branch["abbrev"], branch) for branch in subject.branches)
    if not meshes:
        return {}
    module: dict[str, Any] = {"meshes": list(meshes.values())}
    kept = [ancestor for mesh_id, ancestor in ancestors.items() if mesh_id not in meshes]
    if kept:
        module["ancestors"] = kept
    if leaves:
        module["browseLeaves"] = [*high.values(), *(leaf for name, leaf in low.items() if name not in high)]
        module["browseBranches"] = list(branches.values())
    return module
