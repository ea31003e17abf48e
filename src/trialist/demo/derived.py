"""The derived section: MeSH terms, their ancestors and the browse tree, of the conditions and interventions."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from orjson import Fragment

from trialist.demo.plan import Plan
from trialist.demo.sharing import submission_tracking
from trialist.demo.tables import Subject, cities
from trialist.demo.text import quoted
from trialist.demo.timeline import iso

_FOUND = "\x7f"  # in no text, and the same in JSON
_ALL_CONDITIONS = {"All": b'{"abbrev":"All","name":"All Conditions"}'}
_RARE = {**_ALL_CONDITIONS, "Rare": b'{"abbrev":"Rare","name":"Rare Diseases"}'}


def derived(plan: Plan) -> dict[str, Any]:
    """The whole section; its version is the day the registry is as of."""
    draw = plan.draw
    misc: dict[str, Any] = {"versionHolder": iso(plan.line.as_of)}
    tracking = submission_tracking(plan)
    if plan.sites > 1 and draw.chance(0.09):
        weights, _ = cities()
        gone = dict.fromkeys(draw.weighted(weights) for _ in range(draw.between(1, 3)))
        misc["removedCountries"] = list(gone)
    if tracking:
        misc["submissionTracking"] = tracking
    section: dict[str, Any] = {"miscInfoModule": misc}
    leaves = draw.chance(0.5)
    rare = plan.area in ("transplant", "hematology")
    if len(plan.subjects) == 1:
        conditions = _alone(plan.subjects[0], plan.conditions[0], leaves, rare)
    else:
        more = _RARE if rare else _ALL_CONDITIONS
        conditions = _browse(zip(plan.subjects, plan.conditions, strict=False), leaves, more)
    if conditions:
        section["conditionBrowseModule"] = Fragment(conditions)
    known = [(one.subject, one.name) for one in plan.interventions if one.subject]
    if len(known) == 1:
        section["interventionBrowseModule"] = Fragment(_alone(*known[0], leaves, None))
    elif known:
        section["interventionBrowseModule"] = Fragment(_browse(known, leaves, {}))
    return section


def _alone(subject: Subject, as_found: str, leaves: bool, rare: bool | None) -> bytes:
    """The module of one subject, most of it ready; `rare` is None for an intervention."""
    parts = _parts(subject, leaves, rare)
    return quoted(as_found).encode().join(parts) if len(parts) > 1 else parts[0]


@cache
def _parts(subject: Subject, leaves: bool, rare: bool | None) -> list[bytes]:
    """The module of one subject, up to and from every place that says as what it was found."""
    more = {} if rare is None else _RARE if rare else _ALL_CONDITIONS
    return _browse([(subject, _FOUND)], leaves, more).split(_FOUND.encode())


def _browse(found: Iterable[tuple[Subject, str]], leaves: bool, more: dict[str, bytes]) -> bytes:
    """The module as JSON; nothing when MeSH knows none of the subjects."""
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
        return b""
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
    return b"".join(parts)
