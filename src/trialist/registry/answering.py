"""What is shown of the studies found: their summaries and open sites, the words that were asked, and why they were found."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from typing import Any

from trialist.query.evidence import Evidence
from trialist.query.explain import Explanation, Reason, explain, explanation_json
from trialist.query.facets import CRITERION_FACETS, Facet, missing_filter
from trialist.query.highlight import Highlighter, Span
from trialist.query.pages import Hit, Page, read_token
from trialist.query.render import render_query
from trialist.query.similar import Similar
from trialist.query.study_query import StudyQuery
from trialist.record.catalogue import find_field
from trialist.record.selecting import Selector
from trialist.record.study import GeoPoint, Study
from trialist.registry.found import Found, hit_json
from trialist.registry.searching import Finder
from trialist.views.summary import summary_of

Read = Callable[[Sequence[int]], Iterator[bytes]]
"""Gives the JSON of studies by their NCT numbers; one that is not there is passed over."""

_HIGHLIGHTED = (
    "BriefTitle",
    "OfficialTitle",
    "Acronym",
    "Condition",
    "ConditionMeshTerm",
    "Keyword",
    "InterventionName",
    "InterventionOtherName",
    "InterventionMeshTerm",
    "BriefSummary",
    "PrimaryOutcomeMeasure",
    "LeadSponsorName",
    "DetailedDescription",
    "EligibilityCriteria",
)
"""The fields whose texts are shown with what was asked, those that say most first."""
MOST_TEXTS = 8
_MOST_OF_A_FIELD = 3
_SHORT = 240
"""A text of more characters is cut to what stands around the first words that were asked."""
_MARGIN = 80
_MOST_REASONS = 4
_NO_RESULTS = Selector((("protocolSection", None), ("derivedSection", None), ("hasResults", None)))
"""Results are most of a long record, and nothing of them stands in a list of studies."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of each hit: distances from `near`, times as of a day, and on demand words, reasons, explanations.

    `highlights` says how many texts at most are shown with the words that were asked, 0 for none; those of the fields
    in `unmarked` are never among them.
    """

    as_of: date
    near: GeoPoint | None = None
    highlights: int = MOST_TEXTS
    why: bool = True
    explain: bool = False
    unmarked: Collection[str] = ()


def hits_json(
    finder: Finder, read: Read, query: StudyQuery, hits: Sequence[Hit | Similar], shown: Shown
) -> Iterator[dict[str, Any]]:
    """Each hit as JSON, read from the store; fields as in docs/how-to/use-the-api.md."""
    return (document for document, _ in hits_told(finder, read, query, hits, shown))


def hits_told(
    finder: Finder, read: Read, query: StudyQuery, hits: Sequence[Hit | Similar], shown: Shown
) -> Iterator[tuple[dict[str, Any], Study]]:
    """Each hit as JSON with its study, an empty one where the store has lost it.

    The study has no results section where neither reasons nor explanations are asked, which may speak of one.
    """
    whole = shown.why or shown.explain
    highlighter = finder.highlighter(query) if shown.highlights else None
    for hit in hits:
        raw = next(read([hit.number]), b"")
        study = Study.from_json((raw if whole else _NO_RESULTS.select(raw) or raw) or b"{}")
        summary = summary_of(study, shown.as_of)
        found = Found(
            summary if raw else replace(summary, nct_id=hit.nct_id),
            hit.score,
            finder.open_sites(study, shown.near),
            getattr(hit, "shared", ()),
        )
        document = hit_json(found, near=shown.near is not None)
        if highlighter is not None:
            found_texts = highlights_of(study, highlighter, but=shown.unmarked)
            document["highlights"] = list(islice(found_texts, shown.highlights))
        if shown.why or shown.explain:
            told = explain(study, query, finder.thesaurus)
            if shown.why:
                document["why"] = why_json(told)
            if shown.explain:
                document["explanation"] = explanation_json(told)
        yield document, study


def highlights_of(
    study: Study, highlighter: Highlighter, *, but: Collection[str] = ()
) -> Iterator[dict[str, Any]]:
    """The texts of a study that say what was asked, with the places of the words in them, in characters.

    They come in the order of what says most; those of some fields are left out. It ends where nobody asks for more.
    """
    for piece in _HIGHLIGHTED:
        if piece in but or not highlighter.asks(piece):
            continue
        found = study[piece]
        of_field = 0
        for text in dict.fromkeys(found if isinstance(found, tuple) else (found,)):
            if not isinstance(text, str) or of_field == _MOST_OF_A_FIELD:
                continue
            spans = highlighter.spans(text, piece, reach=_SHORT if len(text) > _SHORT else None)
            if spans:
                of_field += 1
                excerpt, places = _excerpt(text, spans)
                yield {"piece": piece, "text": excerpt, "spans": [list(span) for span in places]}


def _excerpt(text: str, spans: Sequence[Span]) -> tuple[str, list[Span]]:
    """A text, or what stands around its first spans, and where the spans stand in that."""
    if len(text) <= _SHORT:
        return text, list(spans)
    start = max(0, spans[0][0] - _MARGIN)
    end = max(min(len(text), start + _SHORT), spans[0][1])
    before, after = "…" * (start > 0), "…" * (end < len(text))
    shift = len(before) - start
    places = [(first + shift, min(last, end) + shift) for first, last in spans if first < end]
    return f"{before}{text[start:end]}{after}", places


def why_json(found: Explanation) -> list[dict[str, Any]]:
    """For each part of a request that holds, what was asked, and in sentences what in the study says so."""
    return [
        {
            "param": param,
            "asked": reason.asked,
            "because": list(dict.fromkeys(_sentences(reason)))[:_MOST_REASONS],
        }
        for param, told in found.reasons
        for reason in _parts(told)
        if reason.holds
    ]


def _parts(reason: Reason) -> Iterator[Reason]:
    """The parts that are joined by AND, each by itself."""
    if reason.joined == "and":
        for one in reason.operands:
            yield from _parts(one)
    else:
        yield reason


def _sentences(reason: Reason) -> Iterator[str]:
    for one in reason.operands:
        if one.holds and reason.joined != "not":
            yield from _sentences(one)
    for found in sorted(reason.evidence, key=_likeness):
        yield found.sentence()
    if reason.nearest_metres is not None:
        yield f"its nearest site is {reason.nearest_metres / 1000:,.1f} km away"
    if reason.sites:
        more = (reason.site_count or 0) - len(reason.sites)
        yield "at " + "; ".join(reason.sites) + (f" and {more:,} more" if more > 0 else "")
    if not reason.evidence and not reason.sites:
        for own in reason.values:
            if own.count:
                yield own.sentence()


def _likeness(found: Evidence) -> int:
    """How near to what was asked; `How` lists the nearest first."""
    return list(type(found.how)).index(found.how)


def next_token(page: Page) -> str | None:
    """The token of the next page; None where nothing follows, also behind a full page."""
    if page.next_token is None or read_token(page.next_token)[1] >= page.total:
        return None
    return page.next_token


def facet_json(facet: Facet) -> dict[str, Any]:
    """A facet as JSON; `filter` is an expression for `filter.advanced`."""
    missing = missing_filter(facet)
    return {
        "name": facet.name,
        "piece": facet.piece,
        "path": "" if facet.name in CRITERION_FACETS else find_field(facet.piece).path,
        "studies": facet.studies,
        "missing": facet.missing,
        "missing_filter": None if missing is None else render_query(missing),
        "distinct": facet.distinct,
        "left_out": [render_query(node) for node in facet.left_out],
        "values": [
            {
                "value": one.value,
                "label": one.label,
                "count": one.count,
                "chosen": one.is_chosen,
                "filter": None if one.filter is None else render_query(one.filter),
            }
            for one in facet.counts
        ],
    }
