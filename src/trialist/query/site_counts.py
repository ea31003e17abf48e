"""How many studies have a site at each place, among the sites of which something holds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialist.index.segment import PointField, ValueField
from trialist.query.choices import open_site_where
from trialist.query.context import Context
from trialist.query.facets import facet_piece
from trialist.query.hits import FILTER_AREA, Selection
from trialist.query.masks import Mask
from trialist.query.nodes import And, Area, Document, Node, SearchIn
from trialist.query.run import Evaluation
from trialist.record.study import GeoPoint

_LEAST_AGREED = 0.1
"""How long the mean of the points must be, 1 being that of a single place."""


@dataclass(frozen=True, slots=True)
class SiteCount:
    """A place, how many studies have a site there, and how many have one there that takes people now.

    `point` is the middle of those of its sites whose coordinates are known, None where none are.
    """

    value: str
    count: int
    open_count: int
    point: GeoPoint | None


@dataclass(frozen=True, slots=True)
class SiteCounts:
    """The places, most studies first; how many studies and open ones in all, and how many of them name no such place."""

    places: tuple[SiteCount, ...]
    studies: int
    open_studies: int
    unnamed: int


def sites_where(areas: Sequence[Area], *, only_open: bool) -> Node:
    """Studies with one site of which all this holds, and which takes people now if that is asked."""
    if only_open:
        return open_site_where(*areas)
    return SearchIn(Document.LOCATION, areas[0] if len(areas) == 1 else And(tuple(areas)))


def count_sites(selection: Selection, name: str, within: Sequence[Area]) -> SiteCounts:
    """The places of a facet (country, state, city, facility) at those sites of the studies found of which all this holds."""
    piece = facet_piece(name)
    counts: dict[str, list[int]] = {}
    middles: dict[str, NDArray[np.float64]] = {}
    studies = open_studies = unnamed = 0
    for evaluation, mask in zip(selection.evaluations, selection.masks, strict=True):
        sites, are_open = _sites(evaluation, mask, within)
        study_of = evaluation.segment.site_study
        here = _studies(evaluation, study_of[sites])
        studies += int(np.count_nonzero(here))
        open_studies += int(np.count_nonzero(_studies(evaluation, study_of[sites & are_open])))
        field = evaluation.segment.field(piece)
        if not isinstance(field, ValueField):
            unnamed += int(np.count_nonzero(here))
            continue
        start, holders = field.site_pairs()
        named = sites[holders]
        unnamed += int(np.count_nonzero(here & ~_studies(evaluation, study_of[holders[named]])))
        every = _by_value(start, study_of[holders], named)
        takes = _by_value(start, study_of[holders], named & are_open[holders])
        for number in np.flatnonzero(every).tolist():
            found = counts.setdefault(field.value(number), [0, 0])
            found[0] += int(every[number])
            found[1] += int(takes[number])
        for number, sums in _sums_of_points(evaluation, start, holders, named):
            value = field.value(number)
            middles[value] = sums + middles[value] if value in middles else sums
    ordered = sorted(counts.items(), key=lambda item: (-item[1][0], item[0]))
    return SiteCounts(
        tuple(
            SiteCount(value, count, takes, middle_of(middles.get(value))) for value, (count, takes) in ordered
        ),
        studies,
        open_studies,
        unnamed,
    )


def _sites(evaluation: Evaluation, mask: Mask, within: Sequence[Area]) -> tuple[Mask, Mask]:
    """The sites of the studies found of which all this holds, and those of all sites that take people now."""
    context = Context(FILTER_AREA)
    sites = mask[evaluation.segment.site_study]
    for area in within:
        sites &= evaluation.sites(area, context)
    status = open_site_where()
    assert isinstance(status, And)
    may_be_open = evaluation.studies(status.operands[0], context)
    says_open = evaluation.sites(Area("LocationStatus", _open_terms(status)), context)
    return sites, says_open & may_be_open[evaluation.segment.site_study]


def _open_terms(status: And) -> Node:
    """What a site says of itself when it takes people now, out of the whole condition."""
    searched = status.operands[1]
    assert isinstance(searched, SearchIn)
    assert isinstance(searched.operand, Area)
    return searched.operand.operand


def _studies(evaluation: Evaluation, numbers: NDArray[np.integer]) -> Mask:
    found = np.zeros(evaluation.segment.studies, dtype=bool)
    found[numbers] = True
    return found


def _by_value(start: NDArray[np.integer], studies: NDArray[np.integer], kept: Mask) -> NDArray[np.int64]:
    """For each value the studies that hold it at a kept place, each once: they stand by study under a value."""
    places = np.flatnonzero(kept)
    value = np.searchsorted(start, places, "right") - 1
    first = np.ones(len(places), dtype=bool)
    first[1:] = (value[1:] != value[:-1]) | (studies[places[1:]] != studies[places[:-1]])
    return np.bincount(value[first], minlength=len(start) - 1).astype(np.int64)


def _sums_of_points(
    evaluation: Evaluation, start: NDArray[np.integer], holders: NDArray[np.integer], kept: Mask
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """For each value that a kept place holds how many have coordinates, and the sums of these as points in space.

    Points in space have a middle also where degrees start anew.
    """
    field = evaluation.segment.field("LocationGeoPoint")
    if not isinstance(field, PointField) or not len(field.sites):
        return
    places = np.flatnonzero(kept)
    sites = holders[places]
    at = np.minimum(np.searchsorted(field.sites, sites), len(field.sites) - 1)
    known = field.sites[at] == sites
    value = np.searchsorted(start, places[known], "right") - 1
    where = field.place[at[known]]
    lat, lon = np.radians(field.lat[where]), np.radians(field.lon[where])
    parts = (np.ones(len(value)), np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat))
    sums = np.stack([np.bincount(value, weights=part, minlength=len(start) - 1) for part in parts], axis=1)
    for number in np.flatnonzero(sums[:, 0]).tolist():
        yield number, sums[number]


def middle_of(sums: NDArray[np.float64] | None) -> GeoPoint | None:
    """The middle of points whose sums these are; None for none, and where they lie around the whole earth."""
    if sums is None:
        return None
    count, x, y, z = sums.tolist()
    if math.hypot(x, y, z) < _LEAST_AGREED * count:
        return None
    return GeoPoint(math.degrees(math.atan2(z, math.hypot(x, y))), math.degrees(math.atan2(y, x)))
