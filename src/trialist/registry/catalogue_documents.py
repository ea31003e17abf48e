"""The catalogue as the registry's API tells it: the tree of fields, the search areas, the enumerations.

What is told are the facts of the data model. The registry's prose about each field (`description`, `rules`) is not part
of the catalogue and is left out; both are optional in that API.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from trialist.record.catalogue import Field, fields
from trialist.record.catalogue import search_areas as known_areas
from trialist.record.enums import EnumValue
from trialist.record.enums import enums as known_enums

_SOURCE_TYPES = {
    "markup": "MARKUP",
    "boolean": "BOOLEAN",
    "short": "NUMERIC",
    "integer": "NUMERIC",
    "long": "NUMERIC",
    "number": "NUMERIC",
    "NormalizedDate": "DATE",
    "PartialDate": "DATE",
    "DateTimeMinutes": "DATE",
    "NormalizedTime": "TIME",
}


def metadata(
    *, include_indexed_only: bool = False, include_historic_only: bool = False
) -> list[dict[str, Any]]:
    """The fields as a tree in data-model order.

    454 of them, or 531 with those that exist only in the index. The catalogue knows no field that exists only in
    historic data, so asking for these adds none.
    """
    found = [_node(field) for field in fields() if include_indexed_only or not field.indexed_only]
    nodes = dict(found)
    roots = []
    for path, node in found:
        parent = nodes.get(path.rpartition(".")[0])
        if parent is None:
            roots.append(node)
        else:
            parent.setdefault("children", []).append(node)
    return roots


def _node(field: Field) -> tuple[str, dict[str, Any]]:
    node: dict[str, Any] = {"name": field.name, "piece": field.piece}
    if field.title:
        node["title"] = field.title
    node["sourceType"] = "STRUCT" if field.is_struct else _SOURCE_TYPES.get(field.type, "TEXT")
    node["type"] = f"{field.type}[]" if field.is_list else field.type
    flags = (
        ("synonyms", field.synonyms),
        ("isEnum", field.is_enum),
        ("indexedOnly", field.indexed_only),
        ("nested", field.nested),
    )
    node |= {name: True for name, is_set in flags if is_set}
    label, url = field.definition
    if url:
        node["dedLink"] = {"label": label, "url": url}
    return field.path, node


@cache
def _areas() -> list[dict[str, Any]]:
    documents: dict[str, list[dict[str, Any]]] = {}
    for area in known_areas().values():
        told: dict[str, Any] = {"name": area.name}
        if area.label:
            told["uiLabel"] = area.label
        if area.param:
            told["param"] = area.param
        told["parts"] = [
            {
                "pieces": list(part.pieces),
                "type": part.type,
                "isEnum": part.is_enum,
                "isSynonyms": part.synonyms,
                "weight": part.weight,
            }
            for part in area.parts
        ]
        documents.setdefault(area.document, []).append(told)
    return [{"name": name, "areas": areas} for name, areas in documents.items()]


def search_areas() -> list[dict[str, Any]]:
    """The search areas of each searchable document, in the registry's order; do not change what is returned."""
    return _areas()


@cache
def _enums() -> list[dict[str, Any]]:
    return [
        {
            "type": enum.name,
            "values": list(_values(enum.values.values())),
            "pieces": list(enum.pieces),
        }
        for enum in known_enums().values()
    ]


def _values(values: Iterable[EnumValue]) -> Iterable[dict[str, Any]]:
    for value in values:
        told: dict[str, Any] = {"value": value.value, "legacyValue": value.label}
        if value.exceptions:
            told["exceptions"] = dict(value.exceptions)
        yield told


def enums() -> list[dict[str, Any]]:
    """The 41 enumerations with their values, labels and pieces; do not change what is returned."""
    return _enums()
