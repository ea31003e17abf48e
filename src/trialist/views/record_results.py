"""The results of a study as the tables they are: groups across, and down the rows what was counted or measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from trialist.views.claims import Claims, token
from trialist.views.nodes import Cell, Column, Leaf, Node, Section, Table, Value
from trialist.views.numbers import reading_of
from trialist.views.record_fields import Layout, fields_of
from trialist.views.values import text_of, value_at, values_below


@dataclass(slots=True)
class _Grid:
    """A table being filled: heads of rows, and cells by group."""

    heads: tuple[Column, ...]
    groups: dict[str, str]
    rows: list[tuple[tuple[Cell, ...], dict[str, list[Value]]]] = field(default_factory=list)
    used: dict[str, None] = field(default_factory=dict)

    def add(self, heads: tuple[Cell, ...], cells: dict[str, list[Value]]) -> None:
        if any(heads) or cells:
            self.rows.append((heads, cells))
            self.used.update(dict.fromkeys(cells))

    def table(self, pointer: str, caption: str) -> list[Node]:
        if not self.rows:
            return []
        order = [group for group in self.groups if group in self.used]
        order += [group for group in self.used if group not in self.groups]
        columns = self.heads + tuple(Column(group, self._title(group)) for group in order)
        rows = tuple(
            heads + tuple(tuple(cells.get(group, ())) for group in order) for heads, cells in self.rows
        )
        return [Table(pointer, caption, columns, rows, len(self.heads))]

    def _title(self, group: str) -> str:
        name = group if group.strip() else "(no group id)"
        title = self.groups.get(group, "")
        return f"{name}: {title}" if title else name


def _groups_in(holder: Mapping[str, Any], key: str = "groups") -> dict[str, str]:
    """Group id → title, from the list of groups in an object."""
    found: dict[str, str] = {}
    groups = holder.get(key)
    for group in groups if isinstance(groups, list) else ():
        if isinstance(group, dict) and isinstance(group.get("id"), str):
            title = group.get("title")
            found.setdefault(group["id"], title.strip() if isinstance(title, str) else "")
    return found


def _objects(holder: Mapping[str, Any], key: str, pointer: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The objects in the list below a key, with their pointers."""
    items = holder.get(key)
    for place, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield item, f"{pointer}/{token(key)}/{place}"


def _title_of(item: Mapping[str, Any], key: str, fallback: str) -> str:
    title = item.get(key)
    return title.strip() if isinstance(title, str) and title.strip() else fallback


def _head(claims: Claims, item: Mapping[str, Any], keys: tuple[str, ...], path: str, pointer: str) -> Cell:
    """Some scalar fields of an object as one cell at the head of its row; the first stands without a label."""
    values: list[Value] = []
    for key in keys:
        for where, raw in claims.take(f"{pointer}/{token(key)}"):
            values.append(value_at(f"{path}.{key}", where, raw))
    return tuple(values)


def _cells(
    claims: Claims, items: Iterator[tuple[dict[str, Any], str]], path: str, keys: tuple[str, ...]
) -> dict[str, list[Value]]:
    """The entries of a row by group: one value with the row's numbers, and whatever else an entry holds after it."""
    cells: dict[str, list[Value]] = {}
    for item, pointer in items:
        group = item.get("groupId")
        if not isinstance(group, str):
            continue
        taken: list[Leaf] = list(claims.take(f"{pointer}/groupId"))
        found: dict[str, Any] = {}
        for key in keys:
            if key in item:
                for leaf in claims.take(f"{pointer}/{key}"):
                    taken.append(leaf)
                    found[key] = leaf[1]
        text, note = _entry_text(found, path)
        own = Value(text, found, tuple(taken), note=note)
        entries = cells.setdefault(group, [])
        entries.append(own)
        if len(taken) < len(item):
            entries.extend(values_below(claims.take_below(item, path, pointer), path, pointer))
    return cells


def _entry_text(found: Mapping[str, Any], path: str) -> tuple[str, str]:
    """The numbers of one entry as they are read, and a reading of a missing number."""
    texts = {key: text_of(raw, f"{path}.{key}") for key, raw in found.items()}
    main = texts.get("value") or texts.get("numSubjects") or ""
    if "numAffected" in texts or "numAtRisk" in texts:
        main = f"{texts.get('numAffected', '?')}/{texts.get('numAtRisk', '?')}"
        if "numAtRisk" not in texts:
            main = f"{texts['numAffected']} affected"
    parts = [main] if main else []
    if "spread" in texts:
        parts.append(f"± {texts['spread']}" if _is_number(texts["spread"]) else f"({texts['spread']})")
    if "lowerLimit" in texts or "upperLimit" in texts:
        parts.append(f"({texts.get('lowerLimit', '?')} to {texts.get('upperLimit', '?')})")
    if "numUnits" in texts:
        parts.append(f"({texts['numUnits']} units)")
    if "numEvents" in texts:
        parts.append(f"({texts['numEvents']})")
    if "comment" in texts:
        parts.append(f"[{texts['comment']}]")
    return " ".join(parts) or "(no number)", reading_of(texts)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def flow_periods(
    claims: Claims, periods: list[Any], path: str, pointer: str, holder: Mapping[str, Any]
) -> list[Node]:
    """Participant flow: one table a period, milestones and then the reasons for leaving."""
    nodes: list[Node] = []
    for place, period in enumerate(periods):
        if not isinstance(period, dict):
            continue
        at = f"{pointer}/{place}"
        heads = (Column("kind", "Stage"), Column("row", "Milestone or reason"))
        grid = _Grid(heads, _groups_in(holder))
        title = _head(claims, period, ("title",), path, at)
        grid.add((title, ()), {})
        for item, where in _objects(period, "milestones", at):
            below = f"{path}.milestones"
            cells = _cells(
                claims,
                _objects(item, "achievements", where),
                f"{below}.achievements",
                ("numSubjects", "numUnits", "comment"),
            )
            grid.add(((Value("Milestone"),), _head(claims, item, ("type", "comment"), below, where)), cells)
        for item, where in _objects(period, "dropWithdraws", at):
            below = f"{path}.dropWithdraws"
            cells = _cells(
                claims, _objects(item, "reasons", where), f"{below}.reasons", ("numSubjects", "comment")
            )
            grid.add(
                ((Value("Left because"),), _head(claims, item, ("type", "comment"), below, where)), cells
            )
        nodes.extend(grid.table(at, f"Period: {_title_of(period, 'title', str(place + 1))}"))
    return nodes


def denoms(claims: Claims, rows: list[Any], path: str, pointer: str, holder: Mapping[str, Any]) -> list[Node]:
    """The numbers analysed, one row a unit."""
    grid = _Grid((Column("units", "Analyzed"),), _groups_in(holder))
    name = path.rpartition(".")[2]
    _add_denoms(claims, grid, {name: rows}, name, path, pointer.rpartition("/")[0])
    return grid.table(pointer, "Number Analyzed")


def _add_denoms(
    claims: Claims,
    grid: _Grid,
    holder: Mapping[str, Any],
    key: str,
    path: str,
    pointer: str,
    before: _Repeated | None = None,
) -> None:
    for item, where in _objects(holder, key, pointer):
        cells = _cells(claims, _objects(item, "counts", where), f"{path}.counts", ("value",))
        heads = () if before is None else (before.next(),)
        grid.add((*heads, _head(claims, item, ("units",), path, where)), cells)


@dataclass(slots=True)
class _Repeated:
    """A cell that stands in several rows: it holds its place in the record the first time only."""

    cell: Cell
    is_used: bool = False

    def next(self) -> Cell:
        if self.is_used:
            return tuple(Value(value.text, value.raw) for value in self.cell)
        self.is_used = True
        return self.cell


def classes(
    claims: Claims, rows: list[Any], path: str, pointer: str, holder: Mapping[str, Any]
) -> list[Node]:
    """The values of one measure: a row a category, with the class it is in; numbers analysed where a class has its own."""
    groups = _groups_in(holder)
    grid = _Grid((Column("class", "Class"), Column("category", "Category")), groups)
    for place, item in enumerate(rows):
        if not isinstance(item, dict):
            continue
        at = f"{pointer}/{place}"
        head = _Repeated(_head(claims, item, ("title",), path, at))
        _add_denoms(claims, grid, item, "denoms", f"{path}.denoms", at, head)
        for category, where in _objects(item, "categories", at):
            below = f"{path}.categories"
            cells = _cells(
                claims,
                _objects(category, "measurements", where),
                f"{below}.measurements",
                ("value", "spread", "lowerLimit", "upperLimit", "comment"),
            )
            title = _head(claims, category, ("title",), below, where)
            if cells or title:
                grid.add((head.next(), title), cells)
        if head.cell and not head.is_used:
            grid.add((head.next(), ()), {})
    return _without_empty_heads(grid.table(pointer, "Values"))


def _without_empty_heads(tables: list[Node]) -> list[Node]:
    """The table without its class or category column where no row has one; at least one column stays."""
    trimmed: list[Node] = []
    for table in tables:
        if isinstance(table, Table):
            keep = [
                place
                for place in range(len(table.columns))
                if place > 1 or any(row[place] for row in table.rows)
            ]
            keep = keep or [0]
            table = Table(
                table.id,
                table.caption,
                tuple(table.columns[place] for place in keep),
                tuple(tuple(row[place] for place in keep) for row in table.rows),
                sum(1 for place in keep if place < table.heads),
            )
        trimmed.append(table)
    return trimmed


def _measures(key: str, kind: str) -> Layout:
    """A list of measures, each a part of its own with its fields and tables."""

    def layout(
        claims: Claims, items: list[Any], path: str, pointer: str, holder: Mapping[str, Any]
    ) -> list[Node]:
        groups = holder.get("groups")
        nodes: list[Node] = []
        for place, item in enumerate(items):
            at = f"{pointer}/{place}"
            if not isinstance(item, dict) or not item:
                continue
            inner = {
                f"{path}.classes": _with_groups(classes, groups),
                f"{path}.denoms": _with_groups(denoms, groups),
            }
            content = fields_of(claims, item, path, at, inner)
            title = f"{place + 1}. {_title_of(item, key, kind)}"
            nodes.append(Section(at, title, tuple(content)))
        return nodes

    return layout


def _with_groups(layout: Layout, groups: Any) -> Layout:
    """A layout that finds the groups of the module where its own object has none."""

    def inner(
        claims: Claims, rows: list[Any], path: str, pointer: str, holder: Mapping[str, Any]
    ) -> list[Node]:
        seen = holder if _groups_in(holder) else {"groups": groups}
        return layout(claims, rows, path, pointer, seen)

    return inner


def events(claims: Claims, rows: list[Any], path: str, pointer: str, holder: Mapping[str, Any]) -> list[Node]:
    """Adverse events: a row a term, a column a group, in each cell the people affected out of those at risk."""
    keys = (
        ("term", "Term"),
        ("organSystem", "Organ System"),
        ("sourceVocabulary", "Vocab"),
        ("assessmentType", "Type"),
        ("notes", "Notes"),
    )
    present = [
        (key, label) for key, label in keys if any(isinstance(row, dict) and key in row for row in rows)
    ]
    grid = _Grid(tuple(Column(key, label) for key, label in present), _groups_in(holder, "eventGroups"))
    for place, item in enumerate(rows):
        if isinstance(item, dict):
            at = f"{pointer}/{place}"
            cells = _cells(
                claims,
                _objects(item, "stats", at),
                f"{path}.stats",
                ("numAffected", "numAtRisk", "numEvents"),
            )
            grid.add(tuple(_head(claims, item, (key,), path, at) for key, _ in present), cells)
    caption = "Serious Events" if path.endswith("seriousEvents") else "Other Events"
    return (
        grid.table(pointer, f"{caption}: people affected/people at risk (number of events)")
        if grid.heads or grid.used
        else []
    )


_RESULTS = "resultsSection"
LAYOUTS: Mapping[str, Layout] = {
    f"{_RESULTS}.participantFlowModule.periods": flow_periods,
    f"{_RESULTS}.baselineCharacteristicsModule.denoms": denoms,
    f"{_RESULTS}.baselineCharacteristicsModule.measures": _measures("title", "Measure"),
    f"{_RESULTS}.outcomeMeasuresModule.outcomeMeasures": _measures("title", "Outcome measure"),
    f"{_RESULTS}.adverseEventsModule.seriousEvents": events,
    f"{_RESULTS}.adverseEventsModule.otherEvents": events,
}
"""Path of a list → its layout."""
