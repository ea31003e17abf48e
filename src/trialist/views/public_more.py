"""What patients ask for beyond the usual page: dates, what is measured, results, expanded access, references."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date
from typing import Any

from trialist.record.dates import PartialDate
from trialist.record.enums import label_of as enum_label
from trialist.views.flags import has_results
from trialist.views.nodes import (
    Cell,
    Column,
    Labelled,
    Leaf,
    Node,
    Notice,
    Section,
    State,
    Table,
    Value,
    Weight,
    not_applicable,
    not_available,
)
from trialist.views.public_top import is_expanded_access, one
from trialist.views.reads import Reader, leaf, pointer_of, text_in
from trialist.views.tables import words
from trialist.views.values import prose, value_at
from trialist.views.when import ago, ahead, in_words

_STATUS = "protocolSection.statusModule"
_DESIGN = "protocolSection.designModule"
_OVERSIGHT = "protocolSection.oversightModule"
_REFERENCES = "protocolSection.referencesModule"
_DATES = (
    ("start", "Start", f"{_STATUS}.startDateStruct"),
    ("primary_completion", "Main outcome last measured", f"{_STATUS}.primaryCompletionDateStruct"),
    ("completion", "End of the study", f"{_STATUS}.completionDateStruct"),
    ("first_posted", "First posted", f"{_STATUS}.studyFirstPostDateStruct"),
    ("results_posted", "Results first posted", f"{_STATUS}.resultsFirstPostDateStruct"),
)
_MONTHS_TO_REPORT = 12


def dates_section(reader: Reader, as_of: date) -> Section:
    """The dates of the study, in words."""
    nodes: list[Node] = []
    for identifier, label, path in _DATES:
        day = reader.date(f"{path}.date")
        if day is not None:
            value = _day_value(reader, path, day, as_of)
        elif identifier == "results_posted":
            continue
        else:
            value = not_available()
        nodes.append(Labelled(identifier, label, (value,)))
    return Section("dates", "Dates", tuple(nodes))


def _day_value(reader: Reader, path: str, day: PartialDate, as_of: date) -> Value:
    # The type of a day of posting tells how exactly the registry knows it, not that it was planned.
    is_planned = not path.endswith("PostDateStruct") and reader.text(f"{path}.type") == "ESTIMATED"
    span = ahead(day, as_of) if day.earliest > as_of else ago(day, as_of)
    note = "the record does not say that it happened" if is_planned and day.latest < as_of else ""
    text = f"{in_words(day)} ({'planned, ' if is_planned else ''}{span})"
    return one(reader, f"{path}.date", text, note=note)


def outcomes_section(reader: Reader) -> Section:
    """What the study measures, each outcome with when and how."""
    tables: list[Node] = []
    for key, caption in (
        ("primaryOutcomes", "Main outcomes"),
        ("secondaryOutcomes", "Further outcomes"),
        ("otherOutcomes", "Other outcomes"),
    ):
        found = reader.objects(f"protocolSection.outcomesModule.{key}")
        rows = [row for row in (_outcome(item, pointer, key) for item, pointer in found) if any(row)]
        if rows:
            columns = [Column("measure", "What is measured"), Column("time", "When"), Column("how", "How")]
            keep = [place for place in range(3) if any(row[place] for row in rows)]
            cells = tuple(tuple(row[place] for place in keep) for row in rows)
            tables.append(Table(key, caption, tuple(columns[place] for place in keep), cells))
    content = tuple(tables) or (Labelled("outcomes", "Outcomes", (not_available(),)),)
    return Section("outcomes", "What the study measures", content)


def _outcome(item: Any, pointer: str, key: str) -> tuple[Cell, ...]:
    path = f"protocolSection.outcomesModule.{key}"
    return tuple(
        (value_at(f"{path}.{name}", f"{pointer}/{name}", text),) if (text := text_in(item, name)) else ()
        for name in ("measure", "timeFrame", "description")
    )


def results_section(reader: Reader, as_of: date) -> Section:
    """Whether results are posted, under review, not due yet, perhaps overdue, or not to be told."""
    nodes: list[Node] = [Labelled("results", "Results", (_results(reader, as_of),))]
    violation = reader.flag(f"{_OVERSIGHT}.fdaaa801Violation")
    if violation or reader.get("annotationSection.annotationModule.violationAnnotation"):
        text = "The United States Food and Drug Administration has found that this study broke the law on reporting. The complete record tells more."
        nodes.append(Notice("violation", Weight.WARNING, text))
    return Section("results", "Results", tuple(nodes))


def _results(reader: Reader, as_of: date) -> Value:
    """The state of the results; `raw` is one of posted, withdrawn-study, submitted, delayed, not-due, may-be-overdue, unknown."""
    flag = has_results(reader)
    if is_expanded_access(reader) and flag.state is not State.YES:
        return not_applicable(note="expanded access is not a trial and reports no results")
    if flag.state is State.YES:
        day = reader.date(f"{_STATUS}.resultsFirstPostDateStruct.date")
        when = f"first posted {in_words(day)}; " if day is not None else ""
        leaves: tuple[Leaf, ...] = ()
        if reader.get("hasResults") is True:
            leaves = (("/hasResults", True),)
        return Value("Posted in the registry", "posted", leaves, note=f"{when}the complete record holds them")
    if flag.state is State.UNKNOWN:
        return not_available(note="the record does not say whether results are posted")
    state, note = _why_none(reader, as_of)
    texts = {
        "submitted": "Not posted: sent to the registry, and not through its review",
        "delayed": "Not posted: the sponsor has asked to report later",
        "waived": "Not posted: the registry has waived them",
        "not-due": "Not posted: the main outcome is still being measured",
        "may-be-overdue": "Not posted, and may be overdue",
        "withdrawn-study": "Not posted: the study had no participants",
        "unknown": "Not posted",
    }
    return Value(texts[state], state, (("/hasResults", reader.get("hasResults")),), note=note)


def _why_none(reader: Reader, as_of: date) -> tuple[str, str]:
    """Why there are no results, as far as the record tells, with a note."""
    tracking = reader.get("derivedSection.miscInfoModule.submissionTracking.submissionInfos")
    if reader.text(f"{_STATUS}.overallStatus") == "WITHDRAWN":
        return "withdrawn-study", ""
    if reader.text(f"{_STATUS}.resultsFirstSubmitDate") or (isinstance(tracking, list) and tracking):
        return "submitted", ""
    if reader.flag(f"{_STATUS}.resultsWaived"):
        return "waived", ""
    if reader.text(f"{_STATUS}.dispFirstSubmitDate"):
        return "delayed", ""
    end = reader.date(f"{_STATUS}.primaryCompletionDateStruct.date")
    if end is not None and end.earliest > as_of:
        return (
            "not-due",
            f"that is planned to end in {in_words(end)}"
            if end.month
            else f"that is planned to end in {end.year}",
        )
    due = _due_date(reader)
    if due is not None and due < as_of:
        text = in_words(PartialDate(due.year, due.month, due.day))
        return "may-be-overdue", (
            f"a trial of phase 2 to 4 with a product regulated by the FDA reports, as a rule, within a year of its last main measurement: by {text}; "
            "exceptions exist that the record does not show"
        )
    return "unknown", "whether results are due cannot be told from the record"


def _due_date(reader: Reader) -> date | None:
    """The day by which results are due as a rule, or None unless the record holds every ground for the rule.

    The grounds: interventional, of phase 2, 3 or 4, a drug or device regulated by the FDA, and a primary completion that
    has happened (not one that was planned). The last day that a partial date may mean counts.
    """
    phases = {phase for phase, _ in reader.texts(f"{_DESIGN}.phases")}
    is_regulated = reader.flag(f"{_OVERSIGHT}.isFdaRegulatedDrug") or reader.flag(
        f"{_OVERSIGHT}.isFdaRegulatedDevice"
    )
    if reader.text(f"{_DESIGN}.studyType") != "INTERVENTIONAL" or not is_regulated:
        return None
    if not phases & {"PHASE2", "PHASE3", "PHASE4"}:
        return None
    end = reader.date(f"{_STATUS}.primaryCompletionDateStruct.date")
    if end is None or reader.text(f"{_STATUS}.primaryCompletionDateStruct.type") != "ACTUAL":
        return None
    last = end.latest
    year = last.year + _MONTHS_TO_REPORT // 12
    if year > date.max.year:
        return None
    return date(year, last.month, min(last.day, calendar.monthrange(year, last.month)[1]))


def expanded_access_section(reader: Reader) -> Section | None:
    """A way to the treatment outside of the study, or, for a study that is one, whom it is for; None where neither is."""
    if is_expanded_access(reader):
        kinds = reader.get(f"{_DESIGN}.expandedAccessTypes")
        values = tuple(
            Value(text, key, leaf(kinds, key, pointer_of(f"{_DESIGN}.expandedAccessTypes")))
            for key, text in words()["expanded_access_type"].items()
            if isinstance(kinds, dict) and kinds.get(key) is True
        )
        nodes: list[Node] = [Labelled("expanded_access_kind", "Whom it is for", values or (not_available(),))]
        return Section("expanded_access", "Expanded access", tuple(nodes))
    info = f"{_STATUS}.expandedAccessInfo"
    said = reader.flag(f"{info}.hasExpandedAccess")
    nct_id = reader.text(f"{info}.nctId")
    if not said and not nct_id:
        return None
    about = "The treatment can, or could, be had outside of this study. That is arranged by a physician with the maker."
    value = (
        one(reader, f"{info}.nctId", nct_id) if nct_id else not_available(note="the record names no number")
    )
    nodes = [Labelled("expanded_access_id", "Expanded access study", (value,))]
    status = reader.text(f"{info}.statusForNctId")
    if status:
        text = enum_label("ExpandedAccessStatus", status)
        nodes.append(
            Labelled("expanded_access_status", "Its status", (one(reader, f"{info}.statusForNctId", text),))
        )
    return Section("expanded_access", "Expanded access", tuple(nodes), about=about)


def references_section(reader: Reader) -> Section | None:
    """Publications and links, those with results of the study first; None where there are none."""
    order = {"RESULT": 0, "DERIVED": 1, "BACKGROUND": 2}
    found = reader.objects(f"{_REFERENCES}.references")
    found.sort(key=lambda row: order.get(text_in(row[0], "type"), 3))
    rows = tuple(row for row in (_reference(item, pointer) for item, pointer in found) if row is not None)
    nodes: list[Node] = []
    if rows:
        nodes.append(
            Table(
                "references",
                "Publications",
                (Column("type", "Kind"), Column("citation", "Publication")),
                rows,
            )
        )
    links = tuple(_links(reader))
    if links:
        nodes.append(Labelled("links", "Further pages", links))
    return Section("references", "References", tuple(nodes)) if nodes else None


def _reference(item: Any, pointer: str) -> tuple[Cell, ...] | None:
    kind, citation, pmid = (text_in(item, key) for key in ("type", "citation", "pmid"))
    if not citation and not pmid:
        return None
    cells: list[Value] = []
    if citation:
        cells.append(value_at(f"{_REFERENCES}.references.citation", f"{pointer}/citation", citation))
    if pmid:
        cells.append(Value(pmid, pmid, leaf(item, "pmid", pointer), label="PubMed"))
    if item.get("retractions"):
        cells.append(Value("Retracted", True))
    text = words()["reference_type"].get(kind, kind) or "Kind not stated"
    return ((Value(text, kind or None, leaf(item, "type", pointer)),), tuple(cells))


def _links(reader: Reader) -> Iterator[Value]:
    for item, pointer in reader.objects(f"{_REFERENCES}.seeAlsoLinks"):
        label, url = text_in(item, "label"), text_in(item, "url")
        if url or label:
            text = f"{label}: {url}" if label and url else label or url
            yield Value(
                text, {"label": label, "url": url}, leaf(item, "label", pointer) + leaf(item, "url", pointer)
            )


def sharing_section(reader: Reader) -> Section | None:
    """Whether the data of the participants will be shared; None where the record does not say."""
    path = "protocolSection.ipdSharingStatementModule"
    said = reader.text(f"{path}.ipdSharing")
    if not said:
        return None
    nodes: list[Node] = [
        Labelled(
            "ipd",
            "Plan to share data of participants",
            (one(reader, f"{path}.ipdSharing", enum_label("IpdSharing", said)),),
        )
    ]
    text = reader.text(f"{path}.description")
    if text:
        nodes.append(Labelled("ipd_description", "How", (prose(text, pointer_of(f"{path}.description")),)))
    return Section("sharing", "Sharing of data", tuple(nodes))
