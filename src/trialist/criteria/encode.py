"""A set of criteria as JSON values: what commands print, pages read and files keep.

Numbers are strings, so that no digit is lost; empty fields are left out; every node says its `type`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import Any, cast

from trialist.criteria.criterion import Criterion, CriterionSet
from trialist.criteria.lexicon import tables
from trialist.criteria.nodes import Concept, Exposure, Quantity, Result, Span

_TYPES = {"ExceptWhen": "except_when", "AtLeast": "at_least", "ReproState": "repro_state"}
_KINDS = (Quantity, Concept, Exposure, Result)
_LEFT_OUT = (str, tuple)
"""Of which an empty one says nothing; a number that is nothing does."""


def encode_set(found: CriterionSet) -> dict[str, Any]:
    """The whole set; `criteria`, `residue`, `findings` and `coverage` are always there."""
    return {
        "nct_id": found.nct_id,
        "available": found.available,
        "parser_version": found.parser_version,
        "text_sha256": found.text_sha256,
        "criteria": [encode_criterion(one) for one in found.criteria],
        "headers": [_plain(one) for one in found.headers],
        "residue": [_plain(one) for one in found.residue],
        "findings": [_plain(one) for one in found.findings],
        "coverage": _plain(found.coverage),
    }


def encode_criterion(one: Criterion) -> dict[str, Any]:
    """One criterion; `defects`, `notes` and `spans` are always there."""
    return {
        "id": one.id,
        "order": one.order,
        "parent_id": one.parent_id,
        "section_path": list(one.section_path),
        "polarity": str(one.polarity),
        "modality": str(one.modality),
        "counts": one.counts,
        "population": str(one.population),
        "scope": dict(one.scope),
        "guard": None if one.guard is None else encode_value(one.guard),
        "computability": str(one.computability),
        "confidence": one.confidence,
        "text": one.text,
        "spans": [encode_value(span) for span in one.spans],
        "expr": encode_value(one.expr),
        "plain": one.plain,
        "defects": [_plain(defect) for defect in one.defects],
        "notes": list(one.notes),
    }


def encode_value(value: Any) -> Any:
    """A node or a part of one; codes of the rules are put beside the ids that have them."""
    return _encoder(value.__class__)(value)


@cache
def _encoder(of: Hashable) -> Callable[[Any], Any]:
    """What makes JSON values of a kind of value; asked of every part of every node, so looked up and not decided anew."""
    kind = cast("type[Any]", of)
    if issubclass(kind, Span):
        return lambda value: {"start": value.start, "end": value.end}
    if issubclass(kind, StrEnum):
        return str
    if issubclass(kind, Decimal):
        return lambda value: format(value, "f")
    if issubclass(kind, tuple):
        return lambda value: [encode_value(one) for one in value]
    return _node_encoder(kind) if is_dataclass(kind) else lambda value: value


def _node_encoder(kind: Any) -> Callable[[Any], Any]:
    said, has_codes = type_name(kind), issubclass(kind, _KINDS)
    names, values = _field_names(kind), _field_values(kind)

    def encode(value: Any) -> dict[str, Any]:
        out: dict[str, Any] = {"type": said}
        for name, inner in zip(names, values(value), strict=True):
            if not inner and (inner is None or inner.__class__ in _LEFT_OUT):
                continue
            of = inner.__class__
            out[name] = inner if of is str else _encoder(of)(inner)
        if has_codes:
            out.update(_codes(value))
        return out

    return encode


@cache
def _field_names(kind: Hashable) -> tuple[str, ...]:
    return tuple(one.name for one in fields(cast("type[Any]", kind)))


@cache
def _field_values(kind: Hashable) -> Callable[[Any], tuple[Any, ...]]:
    """What gives the values of all fields of a class."""
    names = _field_names(kind)
    read = attrgetter(*names)
    return read if len(names) > 1 else lambda value: (read(value),)


def type_name(kind: type) -> str:
    """What a kind of node is called in a document."""
    return _TYPES.get(kind.__name__, kind.__name__.lower())


def _plain(value: Any) -> dict[str, Any]:
    """A record about the text rather than of it: all its fields, without a type."""
    kind = value.__class__
    return {
        name: encode_value(inner)
        for name, inner in zip(_field_names(kind), _field_values(kind)(value), strict=True)
    }


def _codes(value: Any) -> dict[str, str]:
    """The codes of the vocabulary for an id: LOINC, MeSH, ATC."""
    if isinstance(value, Quantity):
        row = tables()["variable"].get(value.variable, {})
    elif isinstance(value, Result):
        row = tables()["serology"].get(value.test) or tables()["condition"].get(value.test, {})
    elif isinstance(value, Concept):
        row = tables()["condition"].get(value.concept_id, {}) if value.domain == "condition" else {}
    else:
        row = tables()["drug"].get(value.concept_id) or tables()["procedure"].get(value.concept_id, {})
    return {name: row[name] for name in ("loinc", "mesh", "atc") if row.get(name)}
