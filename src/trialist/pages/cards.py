"""One study among those found, as it is shown: a card, or a row of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trialist.pages.addresses import written
from trialist.pages.columns import cells_of
from trialist.pages.contexts import Card, Excerpt, Marked
from trialist.pages.study_head import TONES
from trialist.record.catalogue import find_field
from trialist.record.enums import label_of
from trialist.record.study import Study

_MOST_EXCERPTS = 3
_MOST_NAMED = 4
_TITLES = ("BriefTitle",)
UNMARKED = ("Acronym", "Condition", "InterventionName")
"""Fields that a card shows anyway, without marks."""
MOST_MARKED = len(_TITLES) + _MOST_EXCERPTS
"""So many texts with marks a card has room for: its title, and what stands below it."""


def marked(text: str, spans: Sequence[Sequence[int]]) -> tuple[Marked, ...]:
    """A text in pieces, those that say what was asked marked."""
    found: list[Marked] = []
    place = 0
    for start, end in spans:
        if start > place:
            found.append(Marked(text[place:start], False))
        found.append(Marked(text[start:end], True))
        place = end
    if place < len(text) or not found:
        found.append(Marked(text[place:], False))
    return tuple(found)


def card_of(
    hit: Mapping[str, Any], study: Study, columns: tuple[str, ...], *, place: str = "", why_url: str = ""
) -> Card:
    """A hit, as `registry/answering.py` tells it, for people; its page tells distances from the place that was asked."""
    highlights = hit.get("highlights", [])
    title = next((marked(one["text"], one["spans"]) for one in highlights if one["piece"] in _TITLES), None)
    shown = hit["title"]
    if title is not None:
        whole = "".join(piece.text for piece in title)
        # The title shown may end in a short name, which the field does not have.
        title = (*title, Marked(shown[len(whole) :], False)) if shown.startswith(whole) else None
    excerpts = [
        Excerpt(find_field(one["piece"]).title or one["piece"], marked(one["text"], one["spans"]))
        for one in highlights
        if one["piece"] not in (*_TITLES, *UNMARKED)
    ]
    return Card(
        hit["nct_id"],
        written(f"/study/{hit['nct_id']}", (("place", place),) if place else ()),
        title or marked(shown, ()),
        hit["status"] or "",
        TONES.get(hit["overall_status"] or "", ""),
        place_words(hit),
        tuple(_facts(hit, study)),
        tuple(excerpts[:_MOST_EXCERPTS]),
        why_url,
        cells_of(study, columns),
    )


def _facts(hit: Mapping[str, Any], study: Study) -> Iterator[tuple[str, str]]:
    for label, key in (("Conditions", "conditions"), ("Treatments", "interventions")):
        if hit[key]:
            yield label, _some(hit[key])
    if hit["phases"]:
        yield "Phase", ", ".join(label_of("Phase", phase) for phase in hit["phases"])
    ages, sex = cells_of(study, ("ages", "sex"))
    who = ", ".join(part for part in (ages, "" if sex == "All" else sex) if part)
    if who:
        yield "Who", who


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return "; ".join(names[:_MOST_NAMED]) + more


def place_words(hit: Mapping[str, Any]) -> str:
    """Where a study takes people now: its nearest open site, or in which countries it has some; "" for nowhere."""
    nearest = hit["nearest_open_site"]
    if nearest is not None:
        where = ", ".join(nearest[key] for key in ("facility", "city", "country") if nearest[key])
        more = hit["open_sites"] - 1
        others = f" (and {more:,} more open {'site' if more == 1 else 'sites'})" if more else ""
        return f"{distance_words(nearest['metres'])} away: {where}{others}"
    count = hit["open_sites"]
    if not count:
        return ""
    countries = hit["open_countries"]
    where = _some(countries) if countries else "a place that is not named"
    return f"{count:,} open {'site' if count == 1 else 'sites'} in {where}"


def distance_words(metres: float) -> str:
    """A distance as people say it: 800 m, 3.4 km, 120 km."""
    if metres < 1_000:
        return f"{round(metres, -2):.0f} m" if metres >= 100 else "less than 100 m"
    km = metres / 1_000
    return f"{km:.1f} km" if km < 10 else f"{km:,.0f} km"
