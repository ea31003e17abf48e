"""What was found, as JSON: the same shapes for the command line and the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trialist.registry.sites import OpenSite
from trialist.registry.suggesting import Cost, Suggestion
from trialist.views.summary import Summary


@dataclass(frozen=True, slots=True)
class Found:
    """One hit with what is shown of it; `shared` is what a similar study has in common, by group."""

    summary: Summary
    score: float
    sites: tuple[OpenSite, ...]
    shared: tuple[tuple[str, tuple[str, ...]], ...] = ()


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
