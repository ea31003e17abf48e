"""How many of the studies found have each value of a field."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialist.errors import InvalidParameterError
from trialist.index.kernels import count_bits, count_holders
from trialist.index.layout import FieldKind, kinds
from trialist.index.segment import CodeField, NumberField, Segment, ValueField
from trialist.query.areas import ValueKind, kind_of, resolve_area
from trialist.query.hits import Selection
from trialist.query.masks import Mask
from trialist.query.nodes import Area, Node, walk
from trialist.query.slots import codes_of

FACETS = {
    "status": "OverallStatus",
    "phase": "Phase",
    "type": "StudyType",
    "sex": "Sex",
    "age": "StdAge",
    "healthy": "HealthyVolunteers",
    "results": "HasResults",
    "country": "LocationCountry",
    "state": "LocationState",
    "city": "LocationCity",
    "facility": "LocationFacility",
    "site-status": "LocationStatus",
    "condition": "ConditionMeshTerm",
    "intervention": "InterventionMeshTerm",
    "intervention-type": "InterventionType",
    "sponsor": "LeadSponsorName",
    "sponsor-class": "LeadSponsorClass",
    "purpose": "DesignPrimaryPurpose",
    "allocation": "DesignAllocation",
    "masking": "DesignMasking",
    "start-year": "StartDate",
    "completion-year": "CompletionDate",
    "first-posted-year": "StudyFirstPostDate",
    "updated-year": "LastUpdatePostDate",
}
"""Short names of the facets people ask for → pieces; any piece of such a kind may be named itself."""


@dataclass(frozen=True, slots=True)
class FacetCount:
    """One value of a facet and how many of the studies have it; "" stands for having none."""

    value: str
    count: int


def facet_piece(name: str) -> str:
    """The piece that a facet counts; `UnknownFieldError`, or `InvalidParameterError` where counting makes no sense."""
    target = resolve_area(FACETS.get(name, name))
    field = target.field
    countable = {FieldKind.CODES, FieldKind.VALUES, FieldKind.SITES, FieldKind.NUMBERS}
    if field is None or kinds()[field.piece] not in countable:
        raise InvalidParameterError(
            f"{name} has no values to count",
            hint=f"Facets are {', '.join(FACETS)}, or a field with few values.",
        )
    return field.piece


def count_facet(selection: Selection, name: str, most: int) -> list[FacetCount]:
    """The values of a facet among the studies of a selection, most first, then by value; years newest first."""
    piece = facet_piece(name)
    masks = selection.masks_without(lambda node: _is_about(node, piece))
    counts: Counter[str] = Counter()
    for evaluation, mask in zip(selection.evaluations, masks, strict=True):
        counts.update(_count(evaluation.segment, piece, mask))
    by_date = kind_of(resolve_area(piece).fields[0]) in (ValueKind.DATE, ValueKind.TIME)
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    if by_date:
        ordered.sort(key=lambda pair: pair[0], reverse=True)
    return [FacetCount(value, count) for value, count in ordered if count][:most]


def _is_about(node: Node, piece: str) -> bool:
    """Whether a filter speaks of this field and nothing else."""
    areas = {
        field.piece for one in walk(node) if isinstance(one, Area) for field in resolve_area(one.area).fields
    }
    return areas == {piece}


def _count(segment: Segment, piece: str, mask: Mask) -> Counter[str]:
    field = segment.field(piece)
    if isinstance(field, CodeField):
        often_of = count_bits(field.bits, mask).tolist()
        found = {str(value): often_of[code] for value, code in codes_of(piece).items()}
        return Counter(
            {value.lower() if value in ("True", "False") else value: n for value, n in found.items()}
        )
    if isinstance(field, ValueField):
        start, studies = field.study_pairs()
        counts = count_holders(start, studies, mask)
        return Counter({field.value(at): int(counts[at]) for at in _most(counts, 1000)})
    if isinstance(field, NumberField):
        values, studies = field.pairs()
        kept = values[mask[studies]]
        is_date = kind_of(resolve_area(piece).fields[0]) in (ValueKind.DATE, ValueKind.TIME)
        listed, often = np.unique(_years(kept) if is_date else kept, return_counts=True)
        return Counter(
            {f"{value:g}": int(n) for value, n in zip(listed.tolist(), often.tolist(), strict=True)}
        )
    return Counter()


def _most(counts: NDArray[np.int64], most: int) -> list[int]:
    """The places of the highest counts above 0, of equals the first."""
    had = np.flatnonzero(counts)
    if len(had) > most:
        least = np.partition(counts[had], len(had) - most)[len(had) - most]
        had = had[counts[had] >= least]
    found: list[int] = had[np.argsort(-counts[had], kind="stable")][:most].tolist()
    return found


def _years(days: NDArray[np.floating]) -> NDArray[np.int64]:
    years: NDArray[np.int64] = days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    return years
