"""A view as plain JSON values: the same parts, labels, values, lists, tables and flags, under fixed keys."""

from __future__ import annotations

from typing import Any

from trialist.views.nodes import Block, Flag, Labelled, Node, Notice, Section, Table, Value, View


def render_json(view: View) -> dict[str, Any]:
    """A view as values that JSON can hold.

    A value that the record does not have is `{"text": "not available", "value": null, "availability": "not available"}`.
    """
    return {
        "view": view.kind,
        "nctId": view.nct_id,
        "title": view.title,
        "flags": {flag.id: _flag(flag) for flag in view.flags},
        "sections": [_section(section) for section in view.sections],
    }


def _flag(flag: Flag) -> dict[str, Any]:
    return {
        "label": flag.label,
        "state": flag.state.value,
        "because": flag.because,
        "evidence": [{"pointer": item.pointer, "text": item.text} for item in flag.evidence],
    }


def _section(section: Section) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": "section", "id": section.id, "title": section.title}
    if section.path:
        found["path"] = list(section.path)
    if section.place:
        found["place"] = section.place
    if section.about:
        found["about"] = section.about
    found["content"] = [_node(node) for node in section.content]
    return found


def _node(node: Node) -> dict[str, Any]:
    match node:
        case Labelled():
            values = [_value(value) for value in node.values]
            return {"kind": "field", "id": node.id, "label": node.label, "values": values}
        case Table():
            return {
                "kind": "table",
                "id": node.id,
                "caption": node.caption,
                "columns": [{"id": column.id, "label": column.label} for column in node.columns],
                "rows": [[[_value(value) for value in cell] for cell in row] for row in node.rows],
            }
        case Notice():
            return {"kind": "notice", "id": node.id, "weight": node.weight.value, "text": node.text}
        case Section():
            return _section(node)


def _value(value: Value) -> dict[str, Any]:
    found: dict[str, Any] = {
        "text": value.text,
        "value": value.raw,
        "availability": value.availability.value,
    }
    if value.label:
        found["label"] = value.label
    if value.note:
        found["note"] = value.note
    if value.blocks:
        found["blocks"] = [_block(block) for block in value.blocks]
    if value.leaves:
        found["pointers"] = [pointer for pointer, _ in value.leaves]
    return found


def _block(block: Block) -> dict[str, Any]:
    if not block.marker:
        return {"kind": "paragraph", "text": block.text, "depth": block.depth}
    return {"kind": "item", "marker": block.marker, "text": block.text, "depth": block.depth}
