"""Parsed criteria of studies as values: read from what was kept by the rules in force, else parsed now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from decimal import Decimal
from functools import cache
from typing import Any

import orjson

from trialist.criteria import CriterionSet, nodes
from trialist.criteria.criterion import (
    Computability,
    Coverage,
    Criterion,
    Defect,
    Finding,
    Header,
    Modality,
    Polarity,
    Population,
    Residue,
)
from trialist.criteria.encode import type_name
from trialist.criteria.stamp import rules_stamp
from trialist.index.criteria_table import CriteriaTable
from trialist.record.nct_id import nct_number
from trialist.registry.eligibility import criteria_of_study
from trialist.store import StoredStudy

_DECIMALS = frozenset({"lower", "upper", "or_half_lives"})


class CriteriaSets:
    """The one place from which matching takes parsed criteria; `table` is None where none are kept."""

    def __init__(self, table: CriteriaTable | None) -> None:
        self._table = table if table is not None and table.stamp == rules_stamp() else None

    def of_stored(self, stored: StoredStudy) -> CriterionSet:
        """The criteria of a stored study."""
        if self._table is not None:
            try:
                document = self._table.document(nct_number(stored.nct_id), stored.version)
            except (OSError, ValueError):
                document = None  # swept away by a build that has ended meanwhile
            if document:
                return decode_set(orjson.loads(document))
        return criteria_of_study(stored.study)


def decode_set(told: Mapping[str, Any]) -> CriterionSet:
    """The set that `criteria.encode.encode_set` told; raises KeyError or ValueError for anything else."""
    return CriterionSet(
        nct_id=told["nct_id"],
        available=told["available"],
        text_sha256=told["text_sha256"],
        criteria=tuple(_criterion(one) for one in told["criteria"]),
        headers=tuple(
            Header(one["text"], _span(one["span"]), Polarity(one["polarity"]) if one["polarity"] else None)
            for one in told["headers"]
        ),
        residue=tuple(Residue(one["kind"], _span(one["span"]), one["text"]) for one in told["residue"]),
        findings=tuple(
            Finding(one["kind"], one["message"], tuple(one["criteria"])) for one in told["findings"]
        ),
        coverage=Coverage(**told["coverage"]),
        parser_version=told["parser_version"],
    )


def _criterion(told: Mapping[str, Any]) -> Criterion:
    return Criterion(
        id=told["id"],
        order=told["order"],
        polarity=Polarity(told["polarity"]),
        modality=Modality(told["modality"]),
        text=told["text"],
        spans=tuple(map(_span, told["spans"])),
        expr=_value(told["expr"]),
        plain=told["plain"],
        computability=Computability(told["computability"]),
        confidence=told["confidence"],
        counts=told["counts"],
        parent_id=told["parent_id"],
        section_path=tuple(told["section_path"]),
        population=Population(told["population"]),
        scope=tuple(told["scope"].items()),
        guard=None if told["guard"] is None else _value(told["guard"]),
        defects=tuple(
            Defect(one["kind"], _span(one["span"]), one["repair"], one["confidence"])
            for one in told["defects"]
        ),
        notes=tuple(told["notes"]),
    )


def _span(told: Mapping[str, int]) -> nodes.Span:
    return nodes.Span(told["start"], told["end"])


@cache
def _classes() -> Mapping[str, tuple[type, frozenset[str], Mapping[str, str]]]:
    """The classes of nodes by the name they are told with, the names of their fields, and texts that empty are not told."""
    found = {}
    for name in dir(nodes):
        one = getattr(nodes, name)
        if isinstance(one, type) and hasattr(one, "__dataclass_fields__") and one is not nodes.Span:
            every = fields(one)
            empty = {item.name: "" for item in every if item.type == "str" and item.default is MISSING}
            found[type_name(one)] = (one, frozenset(item.name for item in every), empty)
    return found


def _value(told: Any) -> Any:
    """A node, or a part of one."""
    if isinstance(told, list):
        return tuple(_value(one) for one in told)
    if not isinstance(told, dict):
        return told
    if "type" not in told:
        return _span(told)
    kind, names, empty = _classes()[told["type"]]
    given = {name: _field(name, value) for name, value in told.items() if name in names}
    return kind(**{**empty, **given})


def _field(name: str, value: Any) -> Any:
    if name in _DECIMALS:
        return Decimal(value)
    if name == "basis":
        return nodes.Basis(value)
    if name == "direction":
        return nodes.Direction(value)
    return _value(value)
