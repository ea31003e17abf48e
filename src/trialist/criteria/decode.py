"""JSON values that `encode` told → the criteria themselves; raises KeyError or ValueError for anything else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from decimal import Decimal
from functools import cache
from typing import Any

from trialist.criteria import nodes
from trialist.criteria.criterion import (
    Computability,
    Coverage,
    Criterion,
    CriterionSet,
    Defect,
    Finding,
    Header,
    Modality,
    Polarity,
    Population,
    Residue,
)
from trialist.criteria.encode import type_name

_READ: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(("lower", "upper", "or_half_lives"), Decimal),
    "basis": nodes.Basis,
    "direction": nodes.Direction,
}
"""What reads the texts of fields that are no texts."""


def decode_set(told: Mapping[str, Any]) -> CriterionSet:
    """The set that `encode_set` told."""
    return CriterionSet(
        nct_id=told["nct_id"],
        available=told["available"],
        text_sha256=told["text_sha256"],
        criteria=tuple(decode_criterion(one) for one in told["criteria"]),
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


def decode_criterion(told: Mapping[str, Any]) -> Criterion:
    """The criterion that `encode_criterion` told."""
    return Criterion(
        id=told["id"],
        order=told["order"],
        polarity=Polarity(told["polarity"]),
        modality=Modality(told["modality"]),
        text=told["text"],
        spans=tuple(map(_span, told["spans"])),
        expr=decode_value(told["expr"]),
        plain=told["plain"],
        computability=Computability(told["computability"]),
        confidence=told["confidence"],
        counts=told["counts"],
        parent_id=told["parent_id"],
        section_path=tuple(told["section_path"]),
        population=Population(told["population"]),
        scope=tuple(told["scope"].items()),
        guard=None if told["guard"] is None else decode_value(told["guard"]),
        defects=tuple(
            Defect(one["kind"], _span(one["span"]), one["repair"], one["confidence"])
            for one in told["defects"]
        ),
        notes=tuple(told["notes"]),
    )


def _span(told: Mapping[str, int]) -> nodes.Span:
    return nodes.Span(told["start"], told["end"])


@cache
def _classes() -> Mapping[str, tuple[type, frozenset[str], dict[str, str]]]:
    """The classes of nodes by the name they are told with, the names of their fields, and texts that empty are not told."""
    found = {}
    for name in dir(nodes):
        one = getattr(nodes, name)
        if isinstance(one, type) and hasattr(one, "__dataclass_fields__") and one is not nodes.Span:
            every = fields(one)
            empty = {item.name: "" for item in every if item.type == "str" and item.default is MISSING}
            found[type_name(one)] = (one, frozenset(item.name for item in every), empty)
    return found


def decode_value(told: Any) -> Any:
    """The node, or the part of one, that `encode_value` told."""
    if told.__class__ is list:
        return tuple(map(decode_value, told))
    if told.__class__ is not dict:
        return told
    if "type" not in told:
        return _span(told)
    kind, names, empty = _classes()[told["type"]]
    given: dict[str, Any] = empty.copy()
    for name, value in told.items():
        if name in names:
            if value.__class__ is str:
                given[name] = _READ[name](value) if name in _READ else value
            else:
                given[name] = decode_value(value)
    return kind(**given)
