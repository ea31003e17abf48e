"""A leaf of the record → what a reader sees of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from trialist.record.enums import enums
from trialist.views.claims import PlacedLeaf
from trialist.views.markup import parse_markup, plain_text
from trialist.views.nodes import Block, Value
from trialist.views.tables import field_at, label_of, readable

_YES_NO = {True: "Yes", False: "No"}


@cache
def _enum_labels(path: str) -> Mapping[str, str]:
    """Registry value → label, for the enumeration at a path; empty where there is none."""
    field = field_at(path)
    if field is None or not field.is_enum:
        return {}
    return {value: item.label for value, item in enums()[field.type].values.items()}


@cache
def is_markup(path: str) -> bool:
    """Whether the field at a path holds prose with markup."""
    field = field_at(path)
    return field is not None and field.type == "markup"


def text_of(raw: Any, path: str = "") -> str:
    """One line of text for a leaf that is no prose; never empty."""
    if isinstance(raw, bool):
        return _YES_NO[raw]
    if isinstance(raw, str):
        return _enum_labels(path).get(raw, raw) if raw.strip() else "(empty text)"
    if isinstance(raw, int):
        return str(raw)
    if raw is None:
        return "(null)"
    if raw == {}:
        return "(empty object)"
    if raw == []:
        return "(empty list)"
    return json.dumps(raw, ensure_ascii=False)


def value_at(path: str, pointer: str, raw: Any, *, label: str = "") -> Value:
    """The value of one leaf: enumerations by their label, prose as blocks, everything else as written."""
    leaves = ((pointer, raw),)
    if isinstance(raw, str) and is_markup(path):
        blocks = parse_markup(raw)
        if len(blocks) == 1 and not blocks[0].is_item:
            return Value(blocks[0].text, raw, leaves, label)
        return Value(plain_text(blocks) or "(empty text)", raw, leaves, label, blocks=blocks)
    return Value(text_of(raw, path), raw, leaves, label)


def prose(raw: str, pointer: str) -> Value:
    """A prose text as a value with its blocks, also when it is a single paragraph."""
    blocks = parse_markup(raw)
    return Value(plain_text(blocks) or "(empty text)", raw, ((pointer, raw),), blocks=blocks)


def value_of_blocks(blocks: tuple[Block, ...], raw: Any, leaves: tuple[tuple[str, Any], ...] = ()) -> Value:
    """Blocks as a value."""
    return Value(plain_text(blocks) or "(empty text)", raw, leaves, blocks=blocks)


def values_below(found: list[PlacedLeaf], path: str, pointer: str) -> tuple[Value, ...]:
    """Leaves taken below a pointer, each labelled with its way down from there."""
    return tuple(
        value_at(at, where, raw, label=_way_down(at, path, where, pointer)) for at, where, raw in found
    )


def _way_down(at: str, path: str, where: str, pointer: str) -> str:
    """The label of a leaf below `pointer`: the catalogue's where it knows the field, else the keys on the way."""
    if where == pointer:
        return ""
    if field_at(at) is not None:
        return label_of(at) if at != path else ""
    way = where[len(pointer) + 1 :].split("/")
    names = [readable(step.replace("~1", "/").replace("~0", "~")) for step in way if not step.isdigit()]
    return " · ".join(names)
