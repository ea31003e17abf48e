"""The results of a study: who took part, what was measured, and what happened to people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from trialist.pages.asked import Asked
from trialist.pages.contexts import StudyHead
from trialist.pages.shown import Shown
from trialist.pages.study_head import id_in_path, study_head
from trialist.registry.records import StoredStudy
from trialist.views.adverse import (
    SORTS,
    Adverse,
    Bars,
    EventRow,
    Volcano,
    adverse_of,
    bars_of,
    in_order,
    volcano_of,
)
from trialist.views.flow import Flow, flow_of
from trialist.views.measures import Measure, baseline_of, denominators_of, outcomes_of
from trialist.views.reading import prose_at, reach, text_at

OUTCOMES_A_PAGE = 10
BASELINES_A_PAGE = 30
CELLS_A_PAGE = 3_000
"""Of events with many groups fewer are shown at once."""
_LEAST_EVENTS, _MOST_EVENTS = 40, 200

PARTS: tuple[tuple[str, str], ...] = (
    ("Who took part", ""),
    ("At the start", "/baseline"),
    ("Outcomes", "/outcomes"),
    ("Side effects and other events", "/events"),
)
"""The pages of results: label, and what follows `/study/NCT…/results` in the address."""


@dataclass(frozen=True, slots=True)
class ResultsHead:
    """What stands above every page of results: the study, the ways to the parts, whether there are results at all."""

    head: StudyHead
    parts: tuple[tuple[str, str, bool], ...]
    has_results: bool


@dataclass(frozen=True, slots=True)
class Paged:
    """Which part of a long list is shown: the first and last shown, all there are, and the pages' addresses."""

    first: int
    last: int
    total: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Listed:
    """An outcome in the list of all: its number, kind, title, and the address where it stands."""

    number: int
    kind: str
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class FlowPage:
    """`results_flow.html`."""

    title: str
    top: ResultsHead
    flow: Flow | None
    limitations: str
    agreement: tuple[tuple[str, str], ...]

    @property
    def head(self) -> StudyHead:
        """The head of the study."""
        return self.top.head


@dataclass(frozen=True, slots=True)
class MeasuresPage:
    """`results_measures.html`: baseline or outcome measures; `listed` is the list of all outcomes."""

    title: str
    top: ResultsHead
    heading: str
    about: str
    measures: tuple[Measure, ...]
    listed: tuple[Listed, ...]
    paged: Paged

    @property
    def head(self) -> StudyHead:
        """The head of the study."""
        return self.top.head


@dataclass(frozen=True, slots=True)
class EventTable:
    """One table of events: its title, the rows shown, and the ways to order it."""

    id: str
    title: str
    rows: tuple[EventRow, ...]
    paged: Paged
    bars: Bars | None


@dataclass(frozen=True, slots=True)
class EventsPage:
    """`results_events.html`. `orders` are a label, an address and whether it is this one."""

    title: str
    top: ResultsHead
    adverse: Adverse | None
    tables: tuple[EventTable, ...]
    volcano: Volcano | None
    orders: tuple[tuple[str, str, bool], ...]
    url: str

    @property
    def head(self) -> StudyHead:
        """The head of the study."""
        return self.top.head


def flow_page(asked: Asked) -> Shown | Response:
    """`/study/{nct}/results`."""
    stored, top = _opened(asked, "")
    record = stored.study.record
    more = reach(record, "resultsSection.moreInfoModule")
    page = FlowPage(
        f"Results of {stored.nct_id}",
        top,
        flow_of(record),
        prose_at(more, "limitationsAndCaveats.description"),
        tuple(_agreement(more)),
    )
    return Shown("results_flow.html", page)


def baseline_page(asked: Asked) -> Shown | Response:
    """`/study/{nct}/results/baseline`."""
    stored, top = _opened(asked, "/baseline")
    record = stored.study.record
    analyzed = denominators_of(record)
    found = ((analyzed,) if analyzed is not None else ()) + baseline_of(record)
    shown, paged = _paged(asked, len(found), BASELINES_A_PAGE)
    about = "What the people were like when the study began, group by group."
    page = MeasuresPage(
        f"People at the start of {stored.nct_id}", top, "At the start", about, found[shown], (), paged
    )
    return Shown("results_measures.html", page)


def outcomes_page(asked: Asked) -> Shown | Response:
    """`/study/{nct}/results/outcomes`."""
    stored, top = _opened(asked, "/outcomes")
    found = outcomes_of(stored.study.record)
    shown, paged = _paged(asked, len(found), OUTCOMES_A_PAGE)
    own = f"/study/{stored.nct_id}/results/outcomes"
    listed = tuple(
        Listed(place + 1, one.kind, one.title, f"{own}?page={place // OUTCOMES_A_PAGE + 1}#{one.id}")
        for place, one in enumerate(found)
    )
    about = "What the study set out to measure, and what it found."
    page = MeasuresPage(f"Outcomes of {stored.nct_id}", top, "Outcomes", about, found[shown], listed, paged)
    return Shown("results_measures.html", page)


def events_page(asked: Asked) -> Shown | Response:
    """`/study/{nct}/results/events`, with `order`, `page`, and two groups to compare, `one` and `other`."""
    stored, top = _opened(asked, "/events")
    adverse = adverse_of(stored.study.record)
    own = f"/study/{stored.nct_id}/results/events"
    order = asked.text("order", "frequency")
    kept = {name: asked.text(name) for name in ("one", "other") if asked.text(name)}
    orders = tuple(
        (label, f"{own}?{urlencode({'order': name, **kept})}#tables", name == order)
        for name, label in zip(SORTS, ("How often", "Name", "Part of the body"), strict=True)
    )
    tables: list[EventTable] = []
    for key, title in (("serious", "Serious events"), ("other", "Other events")):
        rows = in_order(getattr(adverse, key), order) if adverse is not None else ()
        if rows and adverse is not None:
            size = min(_MOST_EVENTS, max(_LEAST_EVENTS, CELLS_A_PAGE // max(1, len(adverse.groups))))
            part, paged = _paged(asked, len(rows), size, name=f"{key}-page", anchor=f"{key}-events")
            tables.append(
                EventTable(f"{key}-events", title, rows[part], paged, bars_of(rows, adverse.groups))
            )
    volcano = volcano_of(adverse, asked.text("one"), asked.text("other")) if adverse is not None else None
    page = EventsPage(f"Events in {stored.nct_id}", top, adverse, tuple(tables), volcano, orders, own)
    return Shown("results_events.html", page)


def _opened(asked: Asked, here: str) -> tuple[StoredStudy, ResultsHead]:
    stored = asked.served.records.get_known(id_in_path(asked.path["nct"]))
    own = f"/study/{stored.nct_id}/results"
    parts = tuple((label, own + end, end == here) for label, end in PARTS)
    head = study_head(stored, stored.study, asked.today, f"/study/{stored.nct_id}/results")
    has_results = isinstance(stored.study.record.get("resultsSection"), Mapping)
    return stored, ResultsHead(head, parts, has_results)


def _paged(
    asked: Asked, total: int, size: int, *, name: str = "page", anchor: str = ""
) -> tuple[slice, Paged]:
    """The part of a list that a request asks for, and the ways to the parts beside it."""
    text = asked.text(name, "1")
    last_page = max(1, -(-total // size))
    number = min(int(text), last_page) if text.isdecimal() and len(text) < 7 and int(text) else 1
    first, last = (number - 1) * size, min(number * size, total)
    others = [(key, value) for key, value in asked.given if key != name]

    def url(page: int) -> str:
        return f"?{urlencode([*others, (name, str(page))])}" + (f"#{anchor}" if anchor else "")

    before = url(number - 1) if number > 1 else ""
    after = url(number + 1) if number < last_page else ""
    return slice(first, last), Paged(first + 1 if total else 0, last, total, before, after)


def _agreement(more: Any) -> list[tuple[str, str]]:
    """What binds the investigators where they want to publish, as pairs of a label and a text."""
    agreement = reach(more, "certainAgreement")
    found: list[tuple[str, str]] = []
    employed = reach(agreement, "piSponsorEmployee")
    if isinstance(employed, bool):
        found.append(("The investigators work for the sponsor", "Yes" if employed else "No"))
    limited = reach(agreement, "restrictiveAgreement")
    if isinstance(limited, bool):
        found.append(("An agreement limits what they may publish", "Yes" if limited else "No"))
    details = prose_at(agreement, "otherDetails")
    if details:
        found.append(("What the agreement says", details))
    contact = reach(more, "pointOfContact")
    who = ", ".join(text for key in ("title", "organization") if (text := text_at(contact, key)))
    if who:
        found.append(("Whom to ask about the results", who))
    return found
