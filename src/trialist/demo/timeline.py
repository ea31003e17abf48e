"""When things happened to a study, and the status that follows; everything is consistent with one day, `as_of`.

Days are ordinals (`date.toordinal`); 0 means "no such date".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from trialist.demo.draw import FINE_BINS, Draw
from trialist.demo.tables import figures

_FIRST_DAY = date(1980, 1, 1).toordinal()
_LAST_DAY = date(2080, 1, 1).toordinal()
_POSTING_TYPES_SINCE = date(2017, 1, 18).toordinal()
_DATE_TYPES_SINCE = date(2008, 1, 1).toordinal()
_STALE_AFTER = 730  # days without an update before the registry calls a study's status unknown


@dataclass(slots=True)
class Timeline:
    """The dates and the status of one study."""

    as_of: int
    status: str = ""
    last_known: str = ""
    start: int = 0
    primary_end: int = 0
    end: int = 0
    first_submit: int = 0
    first_quality: int = 0
    first_post: int = 0
    last_submit: int = 0
    last_post: int = 0
    results_submit: int = 0
    results_quality: int = 0
    results_post: int = 0
    ended: bool = False


@cache
def _courses() -> list[list[int]]:
    """The bins of what takes how many days."""
    table = figures()["study"]
    names = ("registered_ago", "submitted_after_start", "of_duration")
    more = ("to_quality_control", "to_posting", "to_last_update")
    return [table[f"days_{name}"].bins for name in (*names, *more)]


@cache
def _iso() -> list[str]:
    return [date.fromordinal(day).isoformat() for day in range(_FIRST_DAY, _LAST_DAY)]


def iso(day: int) -> str:
    """The day as the registry writes it, `2024-02-10`."""
    return _iso()[day - _FIRST_DAY]


def partial(draw: Draw, day: int) -> str:
    """The day as precisely as registrants of its time gave it: mostly the month before 2017, mostly the day since."""
    table = figures()["status"]
    text = iso(day)
    roll = draw.unit()
    if roll < table["year_only"]:
        return text[:4]
    since = "month_only_before_2017" if day < _POSTING_TYPES_SINCE else "month_only_since"
    return text[:7] if roll < table[since] else text


def posted(day: int) -> dict[str, str]:
    """A posting date: the registry counted it exactly only since January 2017."""
    return {"date": iso(day), "type": "ACTUAL" if day >= _POSTING_TYPES_SINCE else "ESTIMATED"}


def happened(draw: Draw, day: int, actual: bool) -> dict[str, str]:
    """A date of the study itself; old records do not say whether it is actual."""
    found = {"date": partial(draw, day)}
    if day >= _DATE_TYPES_SINCE or not actual:
        found["type"] = "ACTUAL" if actual else "ESTIMATED"
    return found


def draw_timeline(draw: Draw, today: int, study_type: str, wish: dict[str, Any]) -> Timeline:
    """A timeline; `wish` may ask for a status, for results, or for days (`start_ago`, `duration`)."""
    unit = draw.unit
    registered, before, lasting, checking, posting, updating = [
        bins[int(unit() * FINE_BINS)] for bins in _courses()
    ]
    line = Timeline(today)
    if wish:
        registered, lasting = wish.get("registered_ago", registered), wish.get("duration", lasting)
    line.first_submit = today - max(registered, 1)
    line.start = max(line.first_submit - before, _FIRST_DAY + 400)
    if "start_ago" in wish:
        line.start = today - int(wish["start_ago"])
    line.end = min(line.start + lasting, _LAST_DAY - 400)
    line.primary_end = line.start + int((line.end - line.start) * (1 - 0.4 * draw.squared()))
    line.first_quality = min(line.first_submit + checking, today)
    line.first_post = min(line.first_quality + posting, today)
    line.last_submit = min(line.first_quality + updating, today)
    if study_type == "EXPANDED_ACCESS":
        line.status = wish.get("status") or draw.weighted(figures()["status"]["expanded"])
    else:
        _settle(draw, line, wish)
        if study_type == "INTERVENTIONAL" or "results" in wish:
            _report(draw, line, wish)
    line.last_submit = max(line.first_quality, min(line.last_submit, today))
    line.last_post = min(line.last_submit + int(unit() * 10), today)
    line.last_post = max(line.last_post, line.first_post, line.results_post)
    return line


def _settle(draw: Draw, line: Timeline, wish: dict[str, Any]) -> None:
    """The status that the dates allow, and dates that the status asks for."""
    table = figures()["status"]
    today = line.as_of
    life = "ahead" if line.start > today else "running" if line.end > today else "ended"
    line.status = wish.get("status") or draw.weighted(table[life])
    if line.status == "UNKNOWN":
        _age(draw, line)
    elif line.status in ("COMPLETED", "TERMINATED"):
        if line.end > today:
            line.end = line.start + max(1, int((today - line.start) * draw.unit()))
            line.primary_end = min(line.primary_end, line.end)
        line.ended = True
        line.last_submit = max(line.last_submit, min(line.end + draw.between(0, 500), today))
    elif line.status == "WITHDRAWN":
        line.ended = line.end <= today
        line.last_submit = max(line.last_submit, min(line.start, today))
    else:
        # Alive: updated within two years, or the registry would call it unknown; and after what it says has begun.
        line.last_submit = max(line.last_submit, today - draw.between(0, _STALE_AFTER - 10))
        if line.status != "NOT_YET_RECRUITING":
            line.last_submit = max(line.last_submit, min(line.start, today))
    if draw.chance(table["withheld"]) and not wish:
        line.status = "WITHHELD"


def _age(draw: Draw, line: Timeline) -> None:
    """An unknown status: the study should have ended, and nobody has said anything for two years."""
    newest = line.as_of - _STALE_AFTER - 1
    if line.first_quality > newest or line.end > line.as_of:
        line.status = "COMPLETED" if line.end <= line.as_of else "RECRUITING"
        line.ended = line.end <= line.as_of
        line.last_submit = max(line.last_submit, min(line.end, line.as_of))
        return
    line.last_submit = max(line.first_quality, min(line.last_submit, line.end - 1, newest))
    known = draw.weighted(figures()["status"]["last_known"])
    if line.start > line.last_submit:
        known = "NOT_YET_RECRUITING"
    line.last_known = known


def _report(draw: Draw, line: Timeline, wish: dict[str, Any]) -> None:
    """Results, when the study has ended and somebody reported them."""
    if not (line.ended and line.status in ("COMPLETED", "TERMINATED")):
        return
    if not wish.get("results", draw.chance(figures()["status"]["results_share"])):
        return
    submit = line.primary_end + draw.measured(figures()["study"]["days_to_results"])
    submit = max(submit, line.first_post + 1)
    if submit + 60 > line.as_of:
        if "results" not in wish:
            return
        submit = line.as_of - 60
    line.results_submit = submit
    line.results_quality = submit + draw.between(0, 40)
    line.results_post = line.results_quality + draw.between(1, 15)
    line.last_submit = max(line.last_submit, line.results_quality)
