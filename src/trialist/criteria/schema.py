"""The JSON Schema (2020-12) of `encode.py`'s documents, made of the classes of the nodes themselves."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable
from dataclasses import fields
from decimal import Decimal
from enum import StrEnum
from typing import Any

from trialist.criteria import nodes
from trialist.criteria.criterion import DEFECTS, FINDINGS, Computability, Modality, Polarity, Population
from trialist.criteria.encode import type_name

Schema = dict[str, Any]
_ATOMS = typing.get_args(nodes.Atom)
_JOINTS = (nodes.And, nodes.Or, nodes.Not, nodes.AtLeast, nodes.ExceptWhen, nodes.Alternatives)
_CODED = {
    nodes.Quantity: ("loinc",),
    nodes.Concept: ("mesh",),
    nodes.Exposure: ("atc", "mesh"),
    nodes.Result: ("loinc", "mesh"),
}
_SPANS: Schema = {"type": "array", "items": {"$ref": "CriterionSpan"}, "minItems": 1}


def criteria_schemas(prefix: str = "#/components/schemas/") -> dict[str, Schema]:
    """Name → schema of everything in a document; `CriterionSet` is the document itself. References begin with `prefix`."""
    found = {
        "CriterionSet": _set(),
        "Criterion": _criterion(),
        "CriterionSpan": _object(
            "Characters `start` to `end` (exclusive) of the raw text, as the study holds it.",
            {"start": _whole(), "end": _whole()},
        ),
        "CriterionNode": {
            "description": "What a criterion says: a joint or an atom; `type` tells which.",
            "anyOf": [{"$ref": _name(one)} for one in (*_JOINTS, *_ATOMS)],
        },
        **{_name(one): _node(one) for one in (*_JOINTS, *_ATOMS, nodes.Interval, nodes.Window)},
    }
    return {name: _referring(schema, prefix) for name, schema in found.items()}


def document_schema() -> Schema:
    """The schema of a document by itself."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Eligibility criteria of a study",
        "$ref": "#/$defs/CriterionSet",
        "$defs": criteria_schemas("#/$defs/"),
    }


def _name(kind: type) -> str:
    return f"Criterion{kind.__name__}"


def _referring(schema: Any, prefix: str) -> Any:
    if isinstance(schema, dict):
        return {
            key: prefix + value if key == "$ref" else _referring(value, prefix)
            for key, value in schema.items()
        }
    return [_referring(one, prefix) for one in schema] if isinstance(schema, list) else schema


def _object(about: str, properties: dict[str, Schema], optional: Iterable[str] = ()) -> Schema:
    left_out = set(optional)
    return {
        "type": "object",
        "description": about,
        "properties": properties,
        "required": [name for name in properties if name not in left_out],
        "additionalProperties": False,
    }


def _whole() -> Schema:
    return {"type": "integer", "minimum": 0}


def _text(about: str = "") -> Schema:
    return {"type": "string", "description": about} if about else {"type": "string"}


def _choice(values: Iterable[object]) -> Schema:
    return {"type": "string", "enum": [str(one) for one in values]}


def _sure() -> Schema:
    return {"type": "number", "minimum": 0, "maximum": 1}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


# Nodes


def _node(kind: type) -> Schema:
    """The schema of one kind of node; fields that are empty are left out of a document."""
    hints = typing.get_type_hints(kind)
    properties: dict[str, Schema] = {"type": {"const": type_name(kind)}}
    optional: list[str] = []
    for one in fields(kind):
        properties[one.name] = _of_type(hints[one.name])
        if _may_be_empty(hints[one.name]):
            optional.append(one.name)
    for code in _CODED.get(kind, ()):
        properties[code] = _text(f"The code in {code.upper()}, where one is certain.")
        optional.append(code)
    about = " ".join((kind.__doc__ or "").partition("\n\n")[0].split())
    return _object(about, properties, optional)


def _may_be_empty(hint: Any) -> bool:
    if hint is str or typing.get_origin(hint) is tuple:
        return True
    return isinstance(hint, types.UnionType) and type(None) in typing.get_args(hint)


def _of_type(hint: Any) -> Schema:
    simple: dict[Any, Schema] = {
        str: _text(),
        bool: {"type": "boolean"},
        int: {"type": "integer"},
        Decimal: {"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$"},
        nodes.Span: {"$ref": "CriterionSpan"},
        nodes.Interval: {"$ref": _name(nodes.Interval)},
        nodes.Window: {"$ref": _name(nodes.Window)},
    }
    if hint in simple:
        return dict(simple[hint])
    if typing.get_origin(hint) is tuple:
        return _list(_of_type(typing.get_args(hint)[0]))
    inner = [one for one in typing.get_args(hint) if one is not type(None)]
    if len(inner) == 1:
        return _of_type(inner[0])
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _choice(hint)
    return {"$ref": "CriterionNode"}


# What stands around them


def _criterion() -> Schema:
    defect = _object(
        "Something wrong with the text, and how it was read.",
        {
            "kind": _choice(DEFECTS),
            "span": {"$ref": "CriterionSpan"},
            "repair": _text(),
            "confidence": _sure(),
        },
    )
    guard = {"anyOf": [{"$ref": "CriterionNode"}, {"type": "null"}]}
    return _object(
        "One statement of a text.",
        {
            "id": _text("I1, I2, I2.1, E1 and so on."),
            "order": {"type": "integer", "minimum": 1},
            "parent_id": _text("The criterion above it in a list."),
            "section_path": _list(_text()),
            "polarity": _choice(Polarity),
            "modality": _choice(Modality),
            "counts": {
                "type": "boolean",
                "description": "Whether it decides by itself; false for what decides through its parent or not at all.",
            },
            "population": _choice(Population),
            "scope": {"type": "object", "additionalProperties": _text()},
            "guard": {**guard, "description": "The criterion is about nobody for whom this is false."},
            "computability": _choice(Computability),
            "confidence": _sure(),
            "text": _text("The words, without marks of layout."),
            "spans": _SPANS,
            "expr": {"$ref": "CriterionNode"},
            "plain": _text("What was understood, in plain words."),
            "defects": _list(defect),
            "notes": _list(_text()),
        },
    )


def _set() -> Schema:
    header = _object(
        "A heading.",
        {
            "text": _text(),
            "span": {"$ref": "CriterionSpan"},
            "polarity": {"anyOf": [_choice(Polarity), {"type": "null"}]},
        },
    )
    residue = _object(
        "Characters in no criterion and no heading.",
        {"kind": _choice(("layout", "text")), "span": {"$ref": "CriterionSpan"}, "text": _text()},
    )
    finding = _object(
        "Something a reader of the whole should know.",
        {"kind": _choice(FINDINGS), "message": _text(), "criteria": _list(_text())},
    )
    counted = (
        "characters",
        "in_criteria",
        "in_headers",
        "in_layout",
        "lost",
        "criteria",
        "typed",
        "structured",
    )
    coverage = _object(
        "How much of the text was read.",
        {
            **{name: _whole() for name in counted},
            "by_computability": {"type": "object", "additionalProperties": _whole()},
        },
    )
    return _object(
        "The eligibility criteria of a study. `available` false says that there is no text, never that anybody may take part.",
        {
            "nct_id": _text(),
            "available": {"type": "boolean"},
            "parser_version": _text(),
            "text_sha256": _text(),
            "criteria": _list({"$ref": "Criterion"}),
            "headers": _list(header),
            "residue": _list(residue),
            "findings": _list(finding),
            "coverage": coverage,
        },
    )
