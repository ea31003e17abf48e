"""Adverse events: deaths and totals of each group, every event as a row, bars of the frequent ones, two groups compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import log10
from typing import Any

from trialist.views.axis import Axis, axis_for
from trialist.views.exact import fisher_p, risk_difference
from trialist.views.flow import Group, groups_in, with_unknown
from trialist.views.numbers import number_of, percent, percent_text, written
from trialist.views.reading import objects_at, prose_at, text_at

_BARS = 15
_LABELLED = 6
_LEAST_P = 1e-12  # a point below lies on the edge of the picture
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 640, 380, 46, 44, 18
_BAR_WIDTH, _BAR_LEFT, _BAR_STEP = 640, 8, 18
"""The step holds the writing beside a bar as large as it is on a phone."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many of those at risk had an event: the text as written with our percentage; `events` as a text, "" for none."""

    text: str
    events: str
    affected: float | None
    at_risk: float | None

    @property
    def share(self) -> float | None:
        """Those affected in per cent of those at risk."""
        return percent(self.affected, self.at_risk)


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event of the record: `is_serious`, where it stands in the body, and a count a group (None for none)."""

    term: str
    organ_system: str
    vocabulary: str
    assessment: str
    notes: str
    is_serious: bool
    cells: tuple[Count | None, ...]

    @property
    def pooled(self) -> float:
        """The share over all groups with a number at risk; -1 where there is none."""
        known = [cell for cell in self.cells if cell is not None and cell.share is not None]
        at_risk = sum(cell.at_risk or 0 for cell in known)
        return sum(cell.affected or 0 for cell in known) / at_risk if at_risk else -1.0

    @property
    def highest(self) -> float:
        """The largest share of any group; -1 where there is none."""
        return max((cell.share for cell in self.cells if cell and cell.share is not None), default=-1.0)


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a group: `y`, `length`, the group's number, and the same in words."""

    y: float
    length: float
    series: int
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class BarGroup:
    """An event and its bars."""

    y: float
    term: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """The most frequent events as bars of shares over an axis in per cent."""

    width: int
    height: float
    axis: Axis
    rows: tuple[BarGroup, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """An event in the comparison of two groups: risk difference in percentage points and p-value, drawn at (x, y)."""

    x: float
    y: float
    term: str
    is_serious: bool
    first: str
    second: str
    difference: float
    p_value: float
    is_labelled: bool
    is_left: bool

    @property
    def p_text(self) -> str:
        """The p-value in few digits."""
        return "<0.001" if self.p_value < 0.001 else f"{self.p_value:.3f}"


@dataclass(frozen=True, slots=True)
class Volcano:
    """Two groups compared event by event, without any correction for the number of comparisons."""

    first: Group
    second: Group
    width: int
    height: int
    across: Axis
    up: Axis
    line_y: float
    points: tuple[Point, ...]

    @property
    def listed(self) -> tuple[Point, ...]:
        """The points, smallest p-value first."""
        return tuple(sorted(self.points, key=lambda point: (point.p_value, point.term)))


@dataclass(frozen=True, slots=True)
class Totals:
    """A group with its deaths, and those with any serious or any other event."""

    group: Group
    deaths: Count | None
    serious: Count | None
    other: Count | None


@dataclass(frozen=True, slots=True)
class Adverse:
    """The adverse events of a study."""

    time_frame: str
    description: str
    threshold: str
    mortality_comment: str
    totals: tuple[Totals, ...]
    groups: tuple[Group, ...]
    serious: tuple[EventRow, ...]
    other: tuple[EventRow, ...]


SORTS: Mapping[str, Callable[[EventRow], Any]] = {
    "frequency": lambda row: (-row.pooled, row.term.casefold()),
    "term": lambda row: row.term.casefold(),
    "organ": lambda row: (row.organ_system.casefold(), -row.pooled, row.term.casefold()),
}
"""Ways to order the table of events."""


def adverse_of(record: Mapping[str, Any]) -> Adverse | None:
    """The adverse events of a record; None where it has none."""
    section = record.get("resultsSection")
    module = section.get("adverseEventsModule") if isinstance(section, Mapping) else None
    if not isinstance(module, Mapping):
        return None
    known = groups_in(module, "eventGroups")
    totals = tuple(
        Totals(group, _total(item, "deaths"), _total(item, "serious"), _total(item, "other"))
        for group, item in zip(known, objects_at(module, "eventGroups"), strict=True)
    )
    used = [
        text_at(one, "groupId")
        for key in ("seriousEvents", "otherEvents")
        for item in objects_at(module, key)
        for one in objects_at(item, "stats")
    ]
    groups = (*known, *(group for group in with_unknown(known, used) if group not in known))
    return Adverse(
        text_at(module, "timeFrame"),
        prose_at(module, "description"),
        written(module.get("frequencyThreshold")),
        prose_at(module, "allCauseMortalityComment"),
        totals,
        groups,
        tuple(_rows(module, "seriousEvents", groups)),
        tuple(_rows(module, "otherEvents", groups)),
    )


def in_order(rows: tuple[EventRow, ...], by: str) -> tuple[EventRow, ...]:
    """The rows in one of the orders of `SORTS`; in the first for any other name."""
    return tuple(sorted(rows, key=SORTS.get(by, SORTS["frequency"])))


def bars_of(rows: tuple[EventRow, ...], groups: tuple[Group, ...], most: int = _BARS) -> Bars | None:
    """The most frequent events as bars; None where nothing has a share."""
    chosen = [row for row in in_order(rows, "frequency") if row.highest > 0][:most]
    if not chosen:
        return None
    axis = axis_for([0, *(row.highest for row in chosen)], _BAR_LEFT, _BAR_WIDTH - 70, zero=True)
    found, y = [], 0.0
    for row in chosen:
        y += 22
        head, bars = y - 6, []
        for series, cell in enumerate(row.cells):
            if cell is not None and cell.share is not None:
                length = round(axis.at(cell.share) - axis.start, 1)
                share = percent_text(cell.share)
                bars.append(Bar(y, length, series, f"{groups[series].name}: {cell.text}", share))
                y += _BAR_STEP
        found.append(BarGroup(head, row.term, tuple(bars)))
        y += 8
    return Bars(_BAR_WIDTH, y + 26, axis, tuple(found))


def volcano_of(adverse: Adverse, first: str = "", second: str = "") -> Volcano | None:
    """Two groups compared, named by id; else the two with most people at risk. None where there are not two."""
    pair = _pair(adverse, first, second)
    if pair is None:
        return None
    one, other = pair
    raw = [
        (row, _compared(row.cells[one], row.cells[other]))
        for row in (*adverse.serious, *adverse.other)
        if one < len(row.cells) and other < len(row.cells)
    ]
    compared = [(row, found) for row, found in raw if found is not None]
    if not compared:
        return None
    edge = max(max(abs(difference) for _, (difference, _) in compared), 1.0)
    across = axis_for([-edge, edge], _LEFT, _WIDTH - 12)
    tallest = max(-log10(max(p_value, _LEAST_P)) for _, (_, p_value) in compared)
    up = axis_for([0, max(tallest, 2.0)], _HEIGHT - _BOTTOM, _TOP, zero=True)
    marked = _labelled(compared, across, up)
    points = tuple(
        Point(
            across.at(difference), up.at(-log10(max(p_value, _LEAST_P))), row.term, row.is_serious,
            _cell_text(row.cells[one]), _cell_text(row.cells[other]), difference, p_value,
            id(row) in marked, across.at(difference) > 0.6 * _WIDTH,
        )
        for row, (difference, p_value) in compared
    )  # fmt: skip
    groups = adverse.groups
    return Volcano(groups[one], groups[other], _WIDTH, _HEIGHT, across, up, up.at(-log10(0.05)), points)


def _labelled(compared: list[tuple[EventRow, tuple[float, float]]], across: Axis, up: Axis) -> set[int]:
    """The events whose points bear their names: the least likely by chance, where no other name stands."""
    found: set[int] = set()
    taken: list[tuple[float, float]] = []
    for row, (difference, p_value) in sorted(compared, key=lambda pair: pair[1][1]):
        x, y = across.at(difference), up.at(-log10(max(p_value, _LEAST_P)))
        if p_value >= 0.05 or len(found) >= _LABELLED:
            break
        if all(abs(y - other_y) > 13 or abs(x - other_x) > 250 for other_x, other_y in taken):
            found.add(id(row))
            taken.append((x, y))
    return found


def _pair(adverse: Adverse, first: str, second: str) -> tuple[int, int] | None:
    places = {group.id: place for place, group in enumerate(adverse.groups)}
    if first in places and second in places and first != second:
        return places[first], places[second]
    sizes = {
        place: max(
            (
                cell.at_risk or 0
                for row in (*adverse.serious, *adverse.other)
                for cell in row.cells[place : place + 1]
                if cell is not None
            ),
            default=0,
        )
        for place in range(len(adverse.groups))
    }
    largest = sorted((place for place in sizes if sizes[place]), key=lambda place: (-sizes[place], place))[:2]
    return (min(largest), max(largest)) if len(largest) == 2 else None


def _compared(one: Count | None, other: Count | None) -> tuple[float, float] | None:
    if one is None or other is None:
        return None
    numbers = (one.affected, one.at_risk, other.affected, other.at_risk)
    if any(number is None or number != int(number) or number < 0 for number in numbers):
        return None
    a, m, b, n = (int(number) for number in numbers if number is not None)
    if not m or not n or a > m or b > n or not (a or b) or m + n > 2_000_000:
        return None
    return risk_difference(a, m, b, n), fisher_p(a, m, b, n)


def _cell_text(cell: Count | None) -> str:
    return cell.text if cell is not None else "not given"


def _total(item: Mapping[str, Any], kind: str) -> Count | None:
    return _count(item.get(f"{kind}NumAffected"), item.get(f"{kind}NumAtRisk"), None)


def _count(affected: object, at_risk: object, events: object) -> Count | None:
    said, whole = written(affected), written(at_risk)
    if not said and not whole:
        return None
    if number_of(whole) == 0 and number_of(said) in (None, 0):
        return Count("none at risk", written(events), number_of(said), 0.0)
    share = percent_text(percent(number_of(said), number_of(whole)))
    text = f"{said or '?'}/{whole}" if whole else f"{said} affected"
    return Count(f"{text} ({share})" if share else text, written(events), number_of(said), number_of(whole))


def _rows(module: Mapping[str, Any], key: str, groups: tuple[Group, ...]) -> Iterator[EventRow]:
    for item in objects_at(module, key):
        cells: dict[str, Count | None] = {}
        for one in objects_at(item, "stats"):
            cells.setdefault(
                text_at(one, "groupId"),
                _count(one.get("numAffected"), one.get("numAtRisk"), one.get("numEvents")),
            )
        yield EventRow(
            text_at(item, "term") or "Event without a name",
            text_at(item, "organSystem"),
            text_at(item, "sourceVocabulary"),
            text_at(item, "assessmentType").replace("_", " ").capitalize(),
            prose_at(item, "notes"),
            key == "seriousEvents",
            tuple(cells.get(group.id) for group in groups),
        )
