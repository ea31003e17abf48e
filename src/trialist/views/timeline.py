"""The dates of a study on one line of time, those that happened told apart from those that are planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from trialist.record.dates import PartialDate, parse_partial_date
from trialist.views.reading import reach, text_at
from trialist.views.when import in_words

_STATUS = "protocolSection.statusModule"
_WIDTH, _LEFT, _RIGHT, _ROW = 640, 8, 632, 34
_DATES = (
    ("studyFirstSubmitDate", "Sent to the registry"),
    ("studyFirstPostDateStruct.date", "Shown in the registry"),
    ("startDateStruct.date", "First person joins"),
    ("primaryCompletionDateStruct.date", "Main outcome measured in all"),
    ("completionDateStruct.date", "Study ends"),
    ("resultsFirstSubmitDate", "Results sent in"),
    ("resultsFirstPostDateStruct.date", "Results shown"),
    ("dispFirstPostDateStruct.date", "Asked to post results later"),
    ("lastUpdatePostDateStruct.date", "Record last changed"),
    ("statusVerifiedDate", "Status last confirmed"),
)
_TYPED = {"startDateStruct", "primaryCompletionDateStruct", "completionDateStruct"}


@dataclass(frozen=True, slots=True)
class Event:
    """A date: its name, words, and whether it is planned; drawn from `x` to `until`, which differ where a day is not given.

    `kind` is "happened", "planned", or "" where the record does not say and the day does not tell.
    """

    name: str
    date: PartialDate
    words: str
    kind: str
    x: float
    until: float
    y: float


@dataclass(frozen=True, slots=True)
class Year:
    """A mark of the axis."""

    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """The dates in their order. `span` is from start to end, None where one of both is not known; `today` where it lies."""

    width: int
    height: float
    years: tuple[Year, ...]
    events: tuple[Event, ...]
    span: tuple[float, float] | None
    today: float | None
    unread: tuple[tuple[str, str], ...]


def timeline_of(record: Mapping[str, Any], as_of: date) -> Timeline | None:
    """The dates of a study; None where the record has none. `unread` are those that are no dates, as they are written."""
    module = reach(record, _STATUS)
    found: list[tuple[str, str, PartialDate]] = []
    unread: list[tuple[str, str]] = []
    for path, name in _DATES:
        raw = reach(module, path)
        day = parse_partial_date(raw)
        if isinstance(day, PartialDate):
            found.append((path, name, day))
        elif raw is not None:
            unread.append((name, str(raw)[:60]))
    if not found:
        return None
    found.sort(key=lambda one: (one[2].earliest, one[2].latest))
    first = min(day.earliest.year for _, _, day in found)
    last = max(day.latest.year for _, _, day in found) + 1
    low, high = date(first, 1, 1).toordinal(), date(min(last, 9999), 1, 1).toordinal()
    high = max(high, low + 1)

    def at(day: date) -> float:
        share = (day.toordinal() - low) / (high - low)
        return round(_LEFT + min(max(share, 0.0), 1.0) * (_RIGHT - _LEFT), 1)

    events = tuple(
        Event(
            name,
            day,
            in_words(day),
            _kind(module, path, day, as_of),
            at(day.earliest),
            at(day.latest),
            _ROW * place + 26.0,
        )
        for place, (path, name, day) in enumerate(found)
    )
    by_path = {path: day for path, _, day in found}
    start, end = by_path.get("startDateStruct.date"), by_path.get("completionDateStruct.date")
    span = (at(start.earliest), at(end.latest)) if start and end and start <= end else None
    every = max(1, -(-(last - first) // 8))
    years = tuple(Year(at(date(year, 1, 1)), str(year)) for year in range(first, min(last, 9998) + 1, every))
    height = _ROW * len(events) + 34.0
    today = at(as_of) if low <= as_of.toordinal() <= high else None
    return Timeline(_WIDTH, height, years, events, span, today, tuple(unread))


def _kind(module: Any, path: str, day: PartialDate, as_of: date) -> str:
    struct = path.partition(".")[0]
    said = {"ACTUAL": "happened", "ESTIMATED": "planned"}.get(text_at(module, f"{struct}.type"), "")
    if struct in _TYPED:
        return said or ("planned" if day.earliest > as_of else "")
    return "planned" if day.earliest > as_of else "happened"
