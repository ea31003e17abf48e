"""What was found, as text for a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trialist.registry.found import countries_of
from trialist.views.safe import one_line, width_of

if TYPE_CHECKING:
    from trialist.registry.found import Found
    from trialist.registry.searching import Highlighter, OpenSite

_BOLD, _PLAIN = "\x1b[1m", "\x1b[22m"
_MOST_NAMES = 6
_METRES_A_MILE = 1609.344


@dataclass(frozen=True, slots=True)
class Style:
    """How hits are written: columns, bold or not, whether distances are from a place, and in miles."""

    width: int
    bold: bool = False
    near: bool = False
    miles: bool = False


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
