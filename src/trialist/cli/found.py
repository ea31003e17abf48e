"""What was found, as text for a terminal and as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trialist.views.safe import one_line, width_of

if TYPE_CHECKING:
    from trialist.registry.searching import Highlighter, OpenSite
    from trialist.registry.suggesting import Cost, Suggestion
    from trialist.views.summary import Summary

_BOLD, _PLAIN = "\x1b[1m", "\x1b[22m"
_MOST_NAMES = 6
_METRES_A_MILE = 1609.344


@dataclass(frozen=True, slots=True)
class Found:
    """One hit with what is shown of it; `shared` is what a similar study has in common, by group."""

    summary: Summary
    score: float
    sites: tuple[OpenSite, ...]
    shared: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Style:
    """How hits are written: columns, bold or not, whether distances are from a place, and in miles."""

    width: int
    bold: bool = False
    near: bool = False
    miles: bool = False


def hit_json(found: Found, *, near: bool) -> dict[str, Any]:
    """One hit as JSON; docs/how-to/search.md tells the fields."""
    summary = found.summary
    nearest = found.sites[0] if near and found.sites and found.sites[0].metres is not None else None
    document: dict[str, Any] = {
        "nct_id": summary.nct_id,
        "title": summary.title,
        "overall_status": summary.overall_status or None,
        "status": summary.status or None,
        "phases": list(summary.phases),
        "conditions": list(summary.conditions),
        "interventions": list(summary.interventions),
        "score": round(found.score, 4),
        "open_sites": len(found.sites),
        "open_countries": countries_of(found.sites),
        "nearest_open_site": None if nearest is None else site_json(nearest),
    }
    if found.shared:
        document["shared"] = [{"what": what, "values": list(values)} for what, values in found.shared]
    return document


def site_json(site: OpenSite) -> dict[str, Any]:
    """One site that takes people now, as JSON."""
    return {
        "facility": site.facility or None,
        "city": site.city or None,
        "state": site.state or None,
        "country": site.country or None,
        "metres": None if site.metres is None else round(site.metres),
        "pointer": site.pointer,
    }


def suggestions_json(found: Sequence[Suggestion]) -> list[dict[str, Any]]:
    """Words that no study has, as JSON."""
    return [{"word": one.word, "nearest": list(one.nearest)} for one in found]


def costs_json(found: Sequence[Cost]) -> list[dict[str, Any]]:
    """What each part of a request costs, as JSON."""
    return [
        {"part": one.part, "asked": one.asked, "alone": one.alone, "without": one.without} for one in found
    ]


def countries_of(sites: Sequence[OpenSite]) -> list[str]:
    """The countries of sites, those with most sites first."""
    counts: dict[str, int] = {}
    for site in sites:
        if site.country:
            counts[site.country] = counts.get(site.country, 0) + 1
    return sorted(counts, key=lambda country: -counts[country])


def hit_lines(found: Found, highlighter: Highlighter | None, style: Style) -> Iterator[str]:
    """One hit to read."""
    summary = found.summary
    status = " · ".join(part for part in (summary.status or "No status", summary.phase) if part)
    yield f"{_bold(summary.nct_id, style)}  {status}"
    yield from _marked([(summary.title, "BriefTitle")], highlighter, style)
    for label, piece, names in (
        ("Conditions", "Condition", summary.conditions),
        ("Interventions", "InterventionName", summary.interventions),
    ):
        if names:
            shown: list[tuple[str, str]] = [(f"{label}: ", "")]
            for place, name in enumerate(names[:_MOST_NAMES]):
                shown += [("; ", "")] * bool(place) + [(name, piece)]
            if len(names) > _MOST_NAMES:
                shown.append((f"; and {len(names) - _MOST_NAMES} more", ""))
            yield from _marked(shown, highlighter, style)
    yield from _marked([(_sites_words(found.sites, style), "")], None, style)
    for what, values in found.shared:
        yield from _marked([(f"Shares {what}: {'; '.join(values)}", "")], None, style)


def _sites_words(sites: Sequence[OpenSite], style: Style) -> str:
    """The nearest open site with its distance, or how many there are and where."""
    if not sites:
        return "No open sites"
    if style.near and sites[0].metres is not None:
        more = f"; {len(sites) - 1:,} more" if len(sites) > 1 else ""
        return f"Nearest open site: {sites[0].label} ({distance_words(sites[0].metres, miles=style.miles)}){more}"
    countries = countries_of(sites)
    where = f" in {', '.join(countries[:_MOST_NAMES])}" if countries else ""
    more = f" and {len(countries) - _MOST_NAMES} more countries" if len(countries) > _MOST_NAMES else ""
    return f"{len(sites):,} open {'site' if len(sites) == 1 else 'sites'}{where}{more}"


def distance_words(metres: float, *, miles: bool) -> str:
    """A distance to read."""
    return f"{metres / _METRES_A_MILE:,.1f} miles" if miles else f"{metres / 1000:,.1f} km"


def _bold(text: str, style: Style) -> str:
    return f"{_BOLD}{text}{_PLAIN}" if style.bold else text


def _marked(parts: Sequence[tuple[str, str]], highlighter: Highlighter | None, style: Style) -> Iterator[str]:
    """Texts, each with the field it is of ("" for none), as indented lines with what was asked in bold."""
    text = ""
    spans: list[tuple[int, int]] = []
    for part, piece in parts:
        one = one_line(part) if piece else part
        if piece and highlighter is not None and style.bold:
            spans += [(len(text) + start, len(text) + end) for start, end in highlighter.spans(one, piece)]
        text += one
    text = text if any(piece for _, piece in parts) else one_line(text)
    for start, end in _lines(text, style.width - 2):
        yield "  " + _with_bold(text, start, end, spans)


def _with_bold(text: str, start: int, end: int, spans: Sequence[tuple[int, int]]) -> str:
    line, at = "", start
    for first, last in spans:
        first, last = max(first, at), min(last, end)
        if first < last:
            line += f"{text[at:first]}{_BOLD}{text[first:last]}{_PLAIN}"
            at = last
    return line + text[at:end]


def _lines(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Where each line of a text begins and ends, whole words in at most `width` columns."""
    start = end = 0
    for word in re.finditer(r"\S+", text):
        if end and width_of(text[start : word.end()]) > width:
            yield start, end
            start = word.start()
        end = word.end()
    yield start, end
