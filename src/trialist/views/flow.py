"""Participant flow: who started, who went on, and why others left, period by period and group by group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trialist.views.numbers import number_of, percent, percent_text, written
from trialist.views.reading import objects_at, prose_at, text_at

_NAMES = {"STARTED": "Started", "COMPLETED": "Completed", "NOT COMPLETED": "Not completed"}


@dataclass(frozen=True, slots=True)
class Group:
    """A group of participants as one part of the results names it."""

    id: str
    title: str
    description: str

    @property
    def name(self) -> str:
        """The title, or the id where there is none."""
        return self.title or self.id or "Group without a name"


@dataclass(frozen=True, slots=True)
class Step:
    """A milestone a group reached: `count` participants, `share` per cent of those who started the period.

    `text` is the number as it was written, with units and percentage; `bar` the share as a length from 0 to 100. Those who
    did not complete the period are the last step, to which no way leads: `is_end`.
    """

    name: str
    text: str
    count: float | None
    bar: float | None
    comment: str
    is_end: bool = False


@dataclass(frozen=True, slots=True)
class Leaving:
    """A reason for leaving, and how many left for it."""

    reason: str
    text: str
    comment: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One group's way through a period."""

    group: Group
    steps: tuple[Step, ...]
    left: tuple[Leaving, ...]


@dataclass(frozen=True, slots=True)
class FlowRow:
    """A row of the table: a milestone or a reason, with a text for every group."""

    kind: str
    name: str
    comment: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Period:
    """A part of the study: a lane for each group that has somebody in it, and all groups with a number as a table.

    `nobody` are the groups of which nobody took part in it.
    """

    title: str
    groups: tuple[Group, ...]
    lanes: tuple[Lane, ...]
    rows: tuple[FlowRow, ...]
    nobody: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class Flow:
    """The participant flow of a study; the texts are the sponsor's, "" where there is none."""

    recruitment: str
    assignment: str
    periods: tuple[Period, ...]


def groups_in(holder: Mapping[str, Any], key: str = "groups") -> tuple[Group, ...]:
    """The groups in an object, in the record's order."""
    return tuple(
        Group(text_at(item, "id"), text_at(item, "title"), prose_at(item, "description"))
        for item in objects_at(holder, key)
    )


def with_unknown(groups: tuple[Group, ...], used: list[str]) -> tuple[Group, ...]:
    """The groups that are used, those that only numbers name last."""
    known = {group.id for group in groups}
    strangers = [Group(name, "", "") for name in dict.fromkeys(used) if name not in known]
    return (*(group for group in groups if group.id in used), *strangers)


def flow_of(record: Mapping[str, Any]) -> Flow | None:
    """The participant flow of a record; None where it has none."""
    sections = record.get("resultsSection")
    module = sections.get("participantFlowModule") if isinstance(sections, Mapping) else None
    if not isinstance(module, Mapping):
        return None
    groups = groups_in(module)
    periods = tuple(_period(item, groups, place) for place, item in enumerate(objects_at(module, "periods")))
    return Flow(
        prose_at(module, "recruitmentDetails"),
        prose_at(module, "preAssignmentDetails"),
        tuple(period for period in periods if period.rows),
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """A milestone or a reason: its numbers by group."""

    kind: str
    name: str
    comment: str
    cells: Mapping[str, tuple[str, float | None, str]]


def _period(item: Mapping[str, Any], groups: tuple[Group, ...], place: int) -> Period:
    milestones = [_line(one, "Milestone", "achievements") for one in objects_at(item, "milestones")]
    reasons = [_line(one, "Left because", "reasons") for one in objects_at(item, "dropWithdraws")]
    shown = with_unknown(groups, [name for line in (*milestones, *reasons) for name in line.cells])
    rows = tuple(
        FlowRow(
            line.kind, line.name, line.comment, tuple(line.cells.get(group.id, ("",))[0] for group in shown)
        )
        for line in (*milestones, *reasons)
    )
    every = [_lane(group, milestones, reasons) for group in shown]
    lanes = tuple(lane for lane in every if not _is_empty(lane))
    nobody = tuple(lane.group for lane in every if _is_empty(lane))
    return Period(text_at(item, "title") or f"Period {place + 1}", shown, lanes, rows, nobody)


def _is_empty(lane: Lane) -> bool:
    """Whether a lane says that nobody was there, and nothing else."""
    return (
        bool(lane.steps) and not lane.left and all(one.count == 0 and not one.comment for one in lane.steps)
    )


def _line(item: Mapping[str, Any], kind: str, key: str) -> _Line:
    cells: dict[str, tuple[str, float | None, str]] = {}
    for one in objects_at(item, key):
        text, units = written(one.get("numSubjects")), written(one.get("numUnits"))
        shown = f"{text} ({units} units)" if text and units else text or (f"{units} units" if units else "")
        cells[text_at(one, "groupId")] = (shown, number_of(text), prose_at(one, "comment"))
    name = text_at(item, "type")
    return _Line(kind, _NAMES.get(name, name) or "not named", prose_at(item, "comment"), cells)


def _lane(group: Group, milestones: list[_Line], reasons: list[_Line]) -> Lane:
    first = next((line.cells[group.id][1] for line in milestones if group.id in line.cells), None)
    steps: list[Step] = []
    for line in milestones:
        if group.id in line.cells:
            text, count, comment = line.cells[group.id]
            share = percent(count, first)
            shown = f"{text} ({percent_text(share)})" if steps and share is not None else text
            bar = None if share is None else round(min(share, 100.0), 1)
            said = comment or line.comment
            steps.append(
                Step(line.name, shown or "no number", count, bar, said, line.name == _NAMES["NOT COMPLETED"])
            )
    left = tuple(
        Leaving(line.name, text, comment or line.comment)
        for line in reasons
        if group.id in line.cells
        for text, count, comment in [line.cells[group.id]]
        if count != 0 or comment
    )
    return Lane(group, tuple(steps), left)
