"""The registry's named filters (`aggFilters`): id → key → the query it stands for.

The ids and keys are those of the registry's own search page. `sex:f` is the value FEMALE alone, as the page's facet
is, and not the studies open to all. The keys of `ressub` are not published, so none is known here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from trialist.errors import InvalidParameterError
from trialist.query.live import parameter_error
from trialist.query.nodes import All, Node, Not, Or
from trialist.query.operands import shown
from trialist.query.parse import parse_query

AGG_FILTERS: Mapping[str, Mapping[str, str]] = {
    "status": {
        "rec": "AREA[OverallStatus]RECRUITING",
        "not": "AREA[OverallStatus]NOT_YET_RECRUITING",
        "act": "AREA[OverallStatus]ACTIVE_NOT_RECRUITING",
        "com": "AREA[OverallStatus]COMPLETED",
        "ter": "AREA[OverallStatus]TERMINATED",
        "enr": "AREA[OverallStatus]ENROLLING_BY_INVITATION",
        "sus": "AREA[OverallStatus]SUSPENDED",
        "wit": "AREA[OverallStatus]WITHDRAWN",
        "unk": "AREA[OverallStatus]UNKNOWN",
        "ava": "AREA[OverallStatus]AVAILABLE",
        "nla": "AREA[OverallStatus]NO_LONGER_AVAILABLE",
        "tna": "AREA[OverallStatus]TEMPORARILY_NOT_AVAILABLE",
        "afm": "AREA[OverallStatus]APPROVED_FOR_MARKETING",
    },
    "phase": {
        "0": "AREA[Phase]EARLY_PHASE1",
        "1": "AREA[Phase]PHASE1",
        "2": "AREA[Phase]PHASE2",
        "3": "AREA[Phase]PHASE3",
        "4": "AREA[Phase]PHASE4",
        "NA": "AREA[Phase]NA",
    },
    "ages": {
        "child": "AREA[StdAge]CHILD",
        "adult": "AREA[StdAge]ADULT",
        "older": "AREA[StdAge]OLDER_ADULT",
    },
    "sex": {"f": "AREA[Sex]FEMALE", "m": "AREA[Sex]MALE"},
    "healthy": {"y": "AREA[HealthyVolunteers]true"},
    "results": {"with": "AREA[HasResults]true", "without": "AREA[HasResults]false"},
    "docs": {
        "prot": "AREA[LargeDocHasProtocol]true",
        "sap": "AREA[LargeDocHasSAP]true",
        "icf": "AREA[LargeDocHasICF]true",
    },
    "funderType": {
        "nih": "AREA[FunderTypeSearch]NIH",
        "fed": "AREA[FunderTypeSearch]FED",
        "industry": "AREA[FunderTypeSearch]INDUSTRY",
        "other": "AREA[FunderTypeSearch](OTHER_GOV OR INDIV OR NETWORK OR AMBIG OR OTHER OR UNKNOWN)",
    },
    "studyType": {
        "int": "AREA[StudyType]INTERVENTIONAL",
        "obs": "AREA[StudyType]OBSERVATIONAL",
        "obs_patreg": "AREA[PatientRegistry]true",
        "exp": "AREA[StudyType]EXPANDED_ACCESS",
        "exp_indiv": "AREA[ExpAccTypeIndividual]true",
        "exp_inter": "AREA[ExpAccTypeIntermediate]true",
        "exp_treat": "AREA[ExpAccTypeTreatment]true",
    },
    "violation": {"y": "AREA[FDAAA801Violation]true"},
    "ressub": {},
}
NOTHING = Not(All())
"""The node that matches no study."""


@cache
def _node_of(id_: str, key: str) -> Node:
    return parse_query(AGG_FILTERS[id_][key])


def parse_agg_filters(text: str) -> tuple[tuple[Node, ...], tuple[str, ...]]:
    """The filters of `id:key key,id:key`, to be joined by AND, and notes on keys that nobody knows.

    Keys of one id are joined by OR, a repeated id replaces the earlier one, and an unknown key matches nothing, as in
    the registry's API. An unknown id, or an item without a colon, is refused.
    """
    chosen: dict[str, list[str]] = {}
    for item in re.split(r"[,|]", text):
        id_, colon, keys = item.strip().partition(":")
        if not colon or not keys.strip():
            raise _refused(f"{shown(item.strip())!r} is not of the form id:key")
        if id_ not in AGG_FILTERS:
            raise _refused(f"{shown(id_)!r} is no filter; known are {', '.join(AGG_FILTERS)}")
        chosen[id_] = keys.split()
    filters: list[Node] = []
    notes: list[str] = []
    for id_, wanted in chosen.items():
        known = tuple(dict.fromkeys(key for key in wanted if key in AGG_FILTERS[id_]))
        nodes = tuple(_node_of(id_, key) for key in known)
        filters.append(NOTHING if not nodes else nodes[0] if len(nodes) == 1 else Or(nodes))
        for key in dict.fromkeys(wanted):
            if key not in AGG_FILTERS[id_]:
                legal = ", ".join(AGG_FILTERS[id_]) or "none"
                notes.append(
                    f"aggFilters: {id_} has no key {shown(key)!r} and matches nothing; its keys: {legal}"
                )
    return tuple(filters), tuple(notes)


def _refused(message: str) -> InvalidParameterError:
    hint = "Write id:key pairs with commas between them and blanks between keys: status:rec not,phase:3."
    return parameter_error(f"aggFilters: {message}", hint=hint)
