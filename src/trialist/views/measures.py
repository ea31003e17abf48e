"""Measures of results, at baseline and as outcomes: tables of numbers, and plots of those that can be drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from trialist.record.enums import label_of
from trialist.views.analyses import Analysis, Remark, analyses_of, told_once
from trialist.views.axis import Axis, axis_for
from trialist.views.flow import Group, groups_in, with_unknown
from trialist.views.numbers import Estimate, estimate_of, number_of, percent, percent_text, written
from trialist.views.reading import objects_at, prose_at, text_at
from trialist.views.values import text_of

_OUTCOMES = "resultsSection.outcomeMeasuresModule.outcomeMeasures"
_COUNTS = {"COUNT_OF_PARTICIPANTS", "COUNT_OF_UNITS"}
_PLOTTED = 48  # more rows than these are no picture any more
_ROW, _GAP, _TOP = 22, 12, 8
_LEFT, _WIDTH = 8, 640
_MOST_IN_LEGEND = 8  # more groups than these are named beside their dots
_NAMES_WIDTH = 212


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """A row of a measure's table: the class and category it is about ("" for none), one number a group (None for none)."""

    part: str
    category: str
    cells: tuple[Estimate | None, ...]
    is_denominator: bool = False

    @property
    def name(self) -> str:
        """What the row is about."""
        return " · ".join(part for part in (self.part, self.category) if part)


@dataclass(frozen=True, slots=True)
class Dot:
    """A number drawn: `x` on the axis, `low` and `high` the ends of its interval (None for none), `y` its line.

    `series` counts the group, from 0; `label` says the same in words.
    """

    y: float
    x: float
    low: float | None
    high: float | None
    series: int
    label: str


@dataclass(frozen=True, slots=True)
class PlotLine:
    """The name of a row of the plot, above its dots."""

    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Dots with their intervals over an axis; `unit` is what the axis counts; `left_out` numbers could not be drawn.

    Where there are more groups than a legend can hold, `names_groups` says that each dot has its group's name at the left.
    """

    width: int
    height: float
    axis: Axis
    lines: tuple[PlotLine, ...]
    dots: tuple[Dot, ...]
    unit: str
    left_out: int
    names_groups: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure: what was measured, in whom, the numbers, their plot (None where there is nothing to draw)."""

    id: str
    kind: str
    title: str
    description: str
    time_frame: str
    population: str
    how: str
    status: str
    groups: tuple[Group, ...]
    rows: tuple[MeasureRow, ...]
    plot: Plot | None
    analyses: tuple[Analysis, ...]
    remarks: tuple[Remark, ...] = ()
    """What several of the analyses repeat; it does not stand in their own comments."""

    @property
    def notes(self) -> tuple[str, ...]:
        """The comments on single numbers, each once."""
        cells = (cell for row in self.rows for cell in row.cells if cell is not None)
        return tuple(dict.fromkeys(cell.comment for cell in cells if cell.comment))


def outcomes_of(record: Mapping[str, Any]) -> tuple[Measure, ...]:
    """The outcome measures of a record with results, in its order."""
    section = record.get("resultsSection")
    found = objects_at(section, "outcomeMeasuresModule.outcomeMeasures")
    return tuple(_outcome(item, f"outcome-{place + 1}") for place, item in enumerate(found))


def _outcome(item: Mapping[str, Any], name: str) -> Measure:
    groups = groups_in(item)
    analyses, remarks = told_once(analyses_of(item, groups))
    measure = _measure(item, groups, list(objects_at(item, "denoms")), name)
    return replace(measure, analyses=analyses, remarks=remarks)


def baseline_of(record: Mapping[str, Any]) -> tuple[Measure, ...]:
    """The baseline measures of a record with results; the first is the number analyzed."""
    section = record.get("resultsSection")
    module = section.get("baselineCharacteristicsModule") if isinstance(section, Mapping) else None
    if not isinstance(module, Mapping):
        return ()
    groups, denoms = groups_in(module), list(objects_at(module, "denoms"))
    found = [
        _measure(item, groups, list(objects_at(item, "denoms")) or denoms, f"baseline-{place + 1}")
        for place, item in enumerate(objects_at(module, "measures"))
    ]
    return tuple(found)


def denominators_of(record: Mapping[str, Any]) -> Measure | None:
    """The numbers analyzed at baseline as a measure of their own; None where there are none."""
    section = record.get("resultsSection")
    module = section.get("baselineCharacteristicsModule") if isinstance(section, Mapping) else None
    if not isinstance(module, Mapping):
        return None
    given = [(denom, _counts(denom)) for denom in objects_at(module, "denoms")]
    groups = with_unknown(groups_in(module), [name for _, counts in given for name in counts])
    rows = tuple(_denominator_row(text_at(denom, "units"), counts, groups, "") for denom, counts in given)
    if not rows:
        return None
    population = prose_at(module, "populationDescription")
    return Measure(
        "baseline-analyzed", "", "Number analyzed", "", "", population, "", "", groups, rows, None, ()
    )


def _measure(
    item: Mapping[str, Any], groups: tuple[Group, ...], denoms: list[Mapping[str, Any]], name: str
) -> Measure:
    dispersion = _dispersion(item)
    parts = list(objects_at(item, "classes"))
    named = [(part, one) for part in parts for one in objects_at(part, "categories")]
    used = [text_at(number, "groupId") for _, one in named for number in objects_at(one, "measurements")]
    used += [group for denom in denoms for group in _counts(denom)]
    shown = with_unknown(groups, used)
    rows = tuple(_rows(item, parts, denoms, shown, dispersion))
    param = text_at(item, "paramType")
    return Measure(
        name,
        text_of(text_at(item, "type"), f"{_OUTCOMES}.type") if text_at(item, "type") else "",
        text_at(item, "title") or "Measure without a title",
        prose_at(item, "description"),
        text_at(item, "timeFrame"),
        prose_at(item, "populationDescription"),
        _how(param, dispersion, text_at(item, "unitOfMeasure")),
        _status(item),
        shown,
        rows,
        _plot(rows, shown, text_at(item, "unitOfMeasure"), param),
        (),
    )


def _dispersion(item: Mapping[str, Any]) -> str:
    """What a measure's spread is, in words: at baseline the record has a code, with outcomes a text."""
    found = text_at(item, "dispersionType")
    return "" if found == "NA" else label_of("MeasureDispersionType", found)


def _how(param: str, dispersion: str, unit: str) -> str:
    said = text_of(param, f"{_OUTCOMES}.paramType") if param else ""
    if dispersion:
        said = f"{said} ({dispersion})" if said else dispersion
    if unit.lower() in said.lower():
        return said  # "Count of Participants, Participants"
    return ", ".join(part for part in (said, unit) if part)


def _status(item: Mapping[str, Any]) -> str:
    """Why there are no numbers, where the record says that they are yet to come."""
    if text_at(item, "reportingStatus") != "NOT_POSTED":
        return ""
    due = text_at(item, "anticipatedPostingDate")
    return f"Not posted yet{f'; expected {due}' if due else ''}."


def _counts(denom: Mapping[str, Any]) -> dict[str, str]:
    return {text_at(one, "groupId"): written(one.get("value")) for one in objects_at(denom, "counts")}


def _rows(
    item: Mapping[str, Any],
    parts: list[Mapping[str, Any]],
    denoms: list[Mapping[str, Any]],
    groups: tuple[Group, ...],
    dispersion: str,
) -> Iterator[MeasureRow]:
    wanted = text_at(item, "denomUnitsSelected")
    for denom in denoms:
        yield _denominator_row(text_at(denom, "units"), _counts(denom), groups, "")
    is_count = text_at(item, "paramType") in _COUNTS or item.get("calculatePct") is True
    for part in parts:
        title, own = text_at(part, "title"), list(objects_at(part, "denoms"))
        for denom in own:
            if not title and denom in denoms:
                continue  # the same numbers once more, for a part that is the whole
            yield _denominator_row(text_at(denom, "units"), _counts(denom), groups, title)
        whole = _chosen(own, wanted) or _chosen(denoms, wanted)
        for category in objects_at(part, "categories"):
            numbers = {
                text_at(one, "groupId"): estimate_of(one, dispersion)
                for one in objects_at(category, "measurements")
            }
            if is_count:
                numbers = {key: _with_share(one, whole.get(key)) for key, one in numbers.items()}
            yield MeasureRow(
                title, text_at(category, "title"), tuple(numbers.get(group.id) for group in groups)
            )


def _denominator_row(
    units: str, counts: Mapping[str, str], groups: tuple[Group, ...], part: str
) -> MeasureRow:
    cells = tuple(Estimate(counts[group.id]) if counts.get(group.id) else None for group in groups)
    return MeasureRow(part, f"{units or 'Participants'} analyzed", cells, True)


def _chosen(denoms: list[Mapping[str, Any]], wanted: str) -> dict[str, str]:
    """The numbers of the units that a measure counts in; those of the only units where it names none."""
    fitting = [denom for denom in denoms if text_at(denom, "units") == wanted] if wanted else denoms[:1]
    return _counts((fitting or denoms[:1])[0]) if denoms else {}


def _with_share(estimate: Estimate, whole: str | None) -> Estimate:
    """A count with its percentage, which is ours."""
    share = percent(estimate.value, number_of(whole))
    if share is None or estimate.value is None or not 0 <= share <= 100:
        return estimate
    return replace(
        estimate, text=f"{estimate.text} ({percent_text(share)})", value=share, low=None, high=None
    )


def _plot(rows: tuple[MeasureRow, ...], groups: tuple[Group, ...], unit: str, param: str) -> Plot | None:
    """The numbers as dots; None for fewer than two, or for more than a picture holds."""
    drawn = [row for row in rows if not row.is_denominator]
    numbers = [
        cell.value for row in drawn for cell in row.cells if cell is not None and cell.value is not None
    ]
    if len(numbers) < 2 or len(numbers) > _PLOTTED or not _can_share(drawn, param):
        return None
    cells = [cell for row in drawn for cell in row.cells if cell is not None]
    ends = [end for cell in cells for end in (cell.value, cell.low, cell.high) if end is not None]
    is_share = any(cell.text.endswith("%)") for cell in cells) and param in _COUNTS
    wide = param.startswith("GEOMETRIC") and min(ends) > 0 and max(ends) / min(ends) > 100
    # A dot alone has no scale of its own but the distance to zero; an interval shows what a difference is worth.
    has_intervals = any(end is not None for cell in cells for end in (cell.low, cell.high))
    left = _LEFT if len(groups) <= _MOST_IN_LEGEND else _NAMES_WIDTH
    axis = axis_for(ends, left, _WIDTH - _LEFT, zero=is_share or not has_intervals, is_log=wide)
    lines, dots, y = [], [], float(_TOP)
    for row in drawn:
        if len(drawn) > 1 or row.name:
            y += 16
            lines.append(PlotLine(y, row.name or "All"))
            y += 4
        for series, cell in enumerate(row.cells):
            if cell is not None and cell.value is not None:
                y += _ROW
                dots.append(_dot(cell, axis, y - _ROW / 2, series, groups[series].name))
        y += _GAP
    shown = "per cent of those analyzed" if is_share else unit
    return Plot(
        _WIDTH,
        y + 24,
        axis,
        tuple(lines),
        tuple(dots),
        shown,
        len(cells) - len(numbers),
        left > _LEFT,
    )


def _can_share(rows: list[MeasureRow], param: str) -> bool:
    """Whether the rows can share an axis: shares do; other numbers where none is a thousand times another's size.

    The classes of a measure are often different things in one unit, or in none.
    """
    if param in _COUNTS or param.startswith("GEOMETRIC"):
        return True
    sizes = [
        max(abs(cell.value) for cell in row.cells if cell is not None and cell.value is not None)
        for row in rows
        if any(cell is not None and cell.value is not None for cell in row.cells)
    ]
    sizes = [size for size in sizes if size]
    return not sizes or max(sizes) <= 1000 * min(sizes)


def _dot(cell: Estimate, axis: Axis, y: float, series: int, name: str) -> Dot:
    assert cell.value is not None  # what has no number is no dot
    low = axis.at(cell.low) if cell.low is not None else axis.start if cell.is_open_low else None
    high = axis.at(cell.high) if cell.high is not None else axis.end if cell.is_open_high else None
    if low is None and high is None:
        return Dot(y, axis.at(cell.value), None, None, series, f"{name}: {cell.text}")
    x = axis.at(cell.value)
    return Dot(y, x, x if low is None else low, x if high is None else high, series, f"{name}: {cell.text}")
