"""Any object of a record → labelled values and tables, by the catalogue where it knows the fields.

Every function here takes from the claims whatever it shows, and shows all that stands below what it is given: known or
not, of the right type or not. That, and nothing else, makes the record view complete.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from trialist.views.claims import Claims, count_leaves, token
from trialist.views.nodes import Cell, Column, Labelled, Node, Table, Value, not_applicable, not_available
from trialist.views.tables import (
    field_at,
    is_shown_when_absent,
    known_keys,
    label_of,
    readable,
    shown_when_absent,
)
from trialist.views.values import value_at, values_below

Layout = Callable[[Claims, list[Any], str, str, Mapping[str, Any]], list[Node]]
"""(claims, the list, its path, its pointer, the object that holds it) → nodes."""

_STOPPED = {"TERMINATED", "WITHDRAWN", "SUSPENDED"}


def join_path(path: str, key: str) -> str:
    """The dotted path of a key."""
    return f"{path}.{key}" if path else key


def keys_in_order(value: Mapping[str, Any], path: str) -> list[str]:
    """The keys of an object in data-model order, those of which the absence is shown too, then the unknown ones."""
    known = known_keys(path)
    places = set(known)
    return [key for key in known if key in value or is_shown_when_absent(join_path(path, key))] + [
        key for key in value if key not in places
    ]


def fields_of(
    claims: Claims, value: Mapping[str, Any], path: str, pointer: str, layouts: Mapping[str, Layout]
) -> list[Node]:
    """The nodes of an object, field by field."""
    nodes: list[Node] = []
    for key in keys_in_order(value, path):
        below = join_path(path, key)
        if key in value:
            nodes.extend(node_of(claims, value[key], below, f"{pointer}/{token(key)}", value, layouts))
        else:
            nodes.extend(_absent(below, value))
    return nodes


def node_of(
    claims: Claims,
    item: Any,
    path: str,
    pointer: str,
    holder: Mapping[str, Any],
    layouts: Mapping[str, Layout],
) -> list[Node]:
    """The nodes of one field of an object."""
    layout = layouts.get(path)
    if layout is not None and isinstance(item, list) and item:
        before = len(claims)
        nodes = layout(claims, item, path, pointer, holder)
        if before - len(claims) < count_leaves(item):  # walking it all again costs more than counting
            nodes += left_below(claims, item, path, pointer)
        return nodes
    field = field_at(path)
    if isinstance(item, dict) and item and field is not None and field.is_struct:
        return fields_of(claims, item, path, pointer, layouts)
    if isinstance(item, list) and any(isinstance(row, dict) and row for row in item):
        return [table_of(claims, item, path, pointer)]
    return left_below(claims, item, path, pointer, label=label_of(path) if field else _own_label(pointer))


def left_below(claims: Claims, item: Any, path: str, pointer: str, *, label: str = "") -> list[Node]:
    """What was not taken below a pointer, as one labelled list."""
    found = claims.take_below(item, path, pointer)
    if not found:
        return []
    values = values_below(found, path, pointer)
    return [Labelled(pointer, label or f"{label_of(path)}: further values", values)]


def _own_label(pointer: str) -> str:
    return readable(pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~"))


def table_of(claims: Claims, rows: list[Any], path: str, pointer: str) -> Table:
    """A list with objects in it as a table: a column a key, whatever is deeper flattened into its cell."""
    present: dict[str, None] = {}
    for row in rows:
        if isinstance(row, dict):
            present.update(dict.fromkeys(row))
    known = [key for key in known_keys(path) if key in present]
    keys = known + [key for key in present if key not in set(known)]
    has_loose = any(not isinstance(row, dict) or not row for row in rows)
    columns = [Column(key, _column_label(join_path(path, key), key)) for key in keys]
    if has_loose:
        columns.append(Column("", "(not an object)"))
    cells: list[tuple[Cell, ...]] = []
    for place, row in enumerate(rows):
        at = f"{pointer}/{place}"
        if isinstance(row, dict) and row:
            cells.append(_row(claims, row, keys, path, at) + (((),) if has_loose else ()))
        else:
            loose = values_below(claims.take_below(row, path, at), path, at)
            cells.append((*((() for _ in keys)), loose))
    return Table(pointer, label_of(path), tuple(columns), tuple(cells))


def _column_label(path: str, key: str) -> str:
    return label_of(path) if field_at(path) is not None else readable(key)


def _row(
    claims: Claims, row: Mapping[str, Any], keys: list[str], path: str, pointer: str
) -> tuple[Cell, ...]:
    return tuple(
        cell_of(claims, row[key], join_path(path, key), f"{pointer}/{token(key)}") if key in row else ()
        for key in keys
    )


def cell_of(claims: Claims, item: Any, path: str, pointer: str) -> Cell:
    """Everything below a pointer in one cell."""
    if isinstance(item, (dict, list)):
        return values_below(claims.take_below(item, path, pointer), path, pointer)
    return tuple(value_at(path, where, raw) for where, raw in claims.take(pointer))


def _absent(path: str, holder: Mapping[str, Any]) -> list[Node]:
    """The line, or lines, of a field that the record does not have."""
    said = shown_when_absent().get(path)
    if said is not None:
        return [Labelled(path, label_of(path), (_absent_value(path, said, holder),))]
    return [
        line
        for key in known_keys(path)
        if is_shown_when_absent(join_path(path, key))
        for line in _absent(join_path(path, key), {})
    ]


def _absent_value(path: str, said: str, holder: Mapping[str, Any]) -> Value:
    """Absent for want of a fact, or because there is nothing to tell: a study that goes on has no reason of its end."""
    if path.endswith(".whyStopped"):
        status = holder.get("overallStatus")
        if isinstance(status, str) and status not in _STOPPED:
            return not_applicable("not stopped")
    if ".expandedAccessInfo." in path and holder.get("hasExpandedAccess") is False:
        return not_applicable()
    if path.endswith(".lastKnownStatus"):
        status = holder.get("overallStatus")
        if isinstance(status, str) and status != "UNKNOWN":
            return not_applicable("not applicable", note="kept only when the status has become unknown")
    return not_available(said or "not available")
