"""How many of the studies found have each value of a field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from trialist.errors import InvalidParameterError, UnknownFieldError
from trialist.index.kernels import count_bits, count_holders
from trialist.index.layout import FieldKind, kinds
from trialist.index.segment import AnyField, CodeField, NumberField, ValueField
from trialist.query.areas import ValueKind, kind_of, resolve_area
from trialist.query.choices import open_site_where
from trialist.query.context import Context
from trialist.query.filters import any_of
from trialist.query.hits import FILTER_AREA, Selection
from trialist.query.masks import Mask
from trialist.query.nodes import (
    Area,
    Coverage,
    Covered,
    DateBound,
    Expanded,
    Expansion,
    Missing,
    Node,
    NumberBound,
    Range,
    Term,
    walk,
)
from trialist.query.run import Evaluation
from trialist.query.slots import codes_of
from trialist.query.values import parse_age
from trialist.record.ages import Age, AgeUnit
from trialist.record.catalogue import Field
from trialist.record.dates import PartialDate
from trialist.record.enums import enums
from trialist.vocabulary.text import split_words

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
    "open-country": "LocationCountry",
    "open-state": "LocationState",
    "open-city": "LocationCity",
    "open-facility": "LocationFacility",
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

CRITERION_FACETS: Mapping[str, str] = {
    "criterion-variable": "CriterionVariable",
    "criterion-concept": "CriterionConcept",
    "included-concept": "InclusionConcept",
    "excluded-concept": "ExclusionConcept",
}
"""Facets over criteria → the areas that they count."""

_OPEN = "open-"
"""Facets that begin so count the places of sites that take people now, those without it the places of all sites."""
_DATES = (ValueKind.DATE, ValueKind.TIME)
_Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FacetCount:
    """One value of a facet, and how many of the studies have it.

    `label` is what a reader calls the value. `filter` finds the studies that have it; None where a value has no words to
    ask for. `is_chosen` says that a filter of the request asks for it.
    """

    value: str
    count: int
    label: str
    filter: Node | None
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """The values of a field among `studies` studies: the counts shown, how many values there are in all (`distinct`).

    `missing` studies have no value. `left_out` are the filters that these counts disregard.
    """

    name: str
    piece: str
    counts: tuple[FacetCount, ...]
    studies: int
    missing: int
    distinct: int
    left_out: tuple[Node, ...] = ()


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


def facet_names(names: Iterable[str], option: str) -> list[str]:
    """The facets that are named, each once; an error for one that is none tells those that there are.

    `option` is what whoever asks calls the list.
    """
    found = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    for name in found:
        if name in CRITERION_FACETS:
            continue
        try:
            facet_piece(name)
        except UnknownFieldError:
            raise InvalidParameterError(
                f"{option}: {name[:60]!r} is not known",
                hint=f"There is {', '.join((*FACETS, *CRITERION_FACETS))}, or a field's piece.",
            ) from None
    return found


def count_facet(selection: Selection, name: str, most: int) -> Facet:
    """The values of a facet among the studies of a selection, most first, then by value; years newest first.

    A filter that speaks of nothing but the facet's own field is left out, so that the other choices show what they
    would give.
    """
    piece = facet_piece(name)
    only_open = _is_of_open_sites(name)
    about = {piece, "OverallStatus", "LocationStatus"} if only_open else {piece}
    left_out = tuple(node for node in selection.query.filters if _areas(node) == about)
    masks = selection.masks_without(lambda node: node in left_out)
    tallies = [
        _tally(evaluation, piece, mask, only_open=only_open)
        for evaluation, mask in zip(selection.evaluations, masks, strict=True)
    ]
    studies = int(sum(np.count_nonzero(mask) for mask in masks))
    with_value = int(sum(np.count_nonzero(tally.studies) for tally in tallies))
    counts, distinct = _joined([tally for tally in tallies if tally.found], most, _is_dated(piece))
    field = resolve_area(piece).fields[0]
    rows = []
    for value, count in counts:
        chosen = _filter(field, value, only_open=only_open)
        rows.append(
            FacetCount(
                value, count, _label(field, value), chosen, any(_asks(one, chosen, piece) for one in left_out)
            )
        )
    return Facet(name, piece, tuple(rows), studies, studies - with_value, distinct, left_out)


def facet_filter(name: str, values: Sequence[str], option: str) -> Node:
    """What finds the studies that have any of these values of a facet, as `FacetCount.value` spells them.

    `InvalidParameterError` for a value that there cannot be; `option` is what whoever asks calls the choice.
    """
    piece = facet_piece(name)
    field = resolve_area(piece).fields[0]
    asked: list[Node] = []
    for value in dict.fromkeys(values):
        found = _filter(field, value, only_open=False) if _can_be(field, value) else None
        if not isinstance(found, Area):
            raise InvalidParameterError(
                f"{option}: {value[:60]!r} is not known", hint="Choose one of those that are offered."
            )
        asked.append(found.operand)
    found = Area(piece, any_of(tuple(asked)))
    return open_site_where(found) if _is_of_open_sites(name) else found


def _can_be(field: Field, value: str) -> bool:
    """Whether a text has the form of a value of a field."""
    match kind_of(field):
        case ValueKind.ENUM:
            return value in enums()[field.type].values
        case ValueKind.BOOLEAN:
            return value in ("true", "false")
        case ValueKind.DATE | ValueKind.TIME:
            return len(value) == 4 and value.isascii() and value.isdigit() and value > "0000"
        case ValueKind.NUMBER:
            return value.isascii() and value.replace(".", "", 1).isdigit()
        case ValueKind.AGE:
            return parse_age(value) is not None
        case _:
            return bool(split_words(value))


def missing_filter(facet: Facet) -> Node | None:
    """What finds the studies that have no value; None for places of open sites and for criteria, where others have none either."""
    unasked = _is_of_open_sites(facet.name) or facet.name in CRITERION_FACETS
    return None if unasked else Area(facet.piece, Missing())


def _is_of_open_sites(name: str) -> bool:
    return name in FACETS and name.startswith(_OPEN)


def _areas(node: Node) -> set[str]:
    """The fields that a filter speaks of."""
    return {
        field.piece for one in walk(node) if isinstance(one, Area) for field in resolve_area(one.area).fields
    }


def _asks(node: Node, chosen: Node | None, piece: str) -> bool:
    """Whether a filter names the value that another one asks for."""
    return chosen is not None and bool(_named(node, piece) & _named(chosen, piece))


def _named(node: Node, piece: str) -> set[str | Range]:
    """The values that a node names in a field."""
    return {
        one if isinstance(one, Range) else one.text.casefold()
        for area in walk(node)
        if isinstance(area, Area) and area.area == piece
        for one in walk(area)
        if isinstance(one, Range | Term)
    }


def _is_dated(piece: str) -> bool:
    return kind_of(resolve_area(piece).fields[0]) in _DATES


# Counting


@dataclass(frozen=True, slots=True)
class _Tally:
    """What one segment has: the field, the counts of its values (by number or by text), the studies with any."""

    field: AnyField | None
    by_number: _Counts
    by_text: Mapping[str, int]
    studies: Mask

    @property
    def found(self) -> bool:
        return self.field is not None


def _tally(evaluation: Evaluation, piece: str, mask: Mask, *, only_open: bool) -> _Tally:
    field = evaluation.segment.field(piece)
    had = np.zeros_like(mask)
    by_number = np.empty(0, dtype=np.int64)
    by_text: dict[str, int] = {}
    if isinstance(field, CodeField):
        had = mask & (field.bits != 0)
        often_of = count_bits(field.bits, mask).tolist()
        for value, code in codes_of(piece).items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            by_text[text] = often_of[code]
    elif isinstance(field, ValueField) and not only_open:
        had = mask & _with_value(evaluation, field, piece)
        by_number = count_holders(*field.study_pairs(), mask)
    elif isinstance(field, ValueField):
        start, studies, kept = _open_holders(evaluation, field, mask)
        had[studies[kept]] = True
        by_number = _sums(kept, start)
    elif isinstance(field, NumberField):
        values, studies = field.pairs()
        kept = mask[studies]
        had[studies[kept]] = True
        by_text = dict(_numbers(values[kept], studies[kept], piece))
    return _Tally(field, by_number, by_text, had)


def _with_value(evaluation: Evaluation, field: ValueField, piece: str) -> Mask:
    """The studies that have a value of a field; found once for each segment."""

    def marked() -> Mask:
        found = np.zeros(evaluation.segment.studies, dtype=bool)
        found[field.studies()] = True
        return found

    return evaluation.segment.kept(("with value", piece), marked)


def _open_holders(
    evaluation: Evaluation, field: ValueField, mask: Mask
) -> tuple[NDArray[np.integer], NDArray[np.integer], Mask]:
    """Where each value's holders begin, the study of each, and which of them have it at an open site, once a value."""
    start, sites = field.site_pairs()
    studies = evaluation.segment.site_study[sites]
    is_open = evaluation.sites(open_site_where(), Context(FILTER_AREA)) & mask[evaluation.segment.site_study]
    kept = np.flatnonzero(is_open[sites])
    # Sites stand by study under each value, so a study's second site there follows its first.
    value = np.searchsorted(start, kept, "right")
    first = np.ones(len(kept), dtype=bool)
    first[1:] = (value[1:] != value[:-1]) | (studies[kept[1:]] != studies[kept[:-1]])
    marked = np.zeros(len(sites), dtype=bool)
    marked[kept[first]] = True
    return start, studies, marked


def _numbers(
    values: NDArray[np.floating], studies: NDArray[np.integer], piece: str
) -> Iterator[tuple[str, int]]:
    """Numbers in ascending order, or years of dates, in words, and how many studies have each."""
    field = resolve_area(piece).fields[0]
    kind = kind_of(field)
    read = _years(values) if kind in _DATES else values
    if not len(read):
        return
    begins = np.flatnonzero(np.diff(read, prepend=read[:1] - 1))
    ends = np.append(begins[1:], len(read))
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        value = read[begin].item()
        # Only of a field with several values in a study can two fall into one year.
        count = len(np.unique(studies[begin:end])) if field.is_many else end - begin
        yield (_age_words(value) if kind is ValueKind.AGE else _number_words(value)), count


def _number_words(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(number)


def _age_words(days: float) -> str:
    """A length of time in the largest unit of which it is a whole number."""
    for unit in AgeUnit:
        count = days / float(Age(1, unit).days)
        if count >= 1 and abs(count - round(count)) < 1e-6:
            return str(Age(round(count), unit))
    return f"{days:g} days"


def _sums(marked: Mask, start: NDArray[np.integer]) -> _Counts:
    """How many marks each run has."""
    before = np.zeros(len(marked) + 1, dtype=np.int64)
    np.cumsum(marked, out=before[1:])
    found: _Counts = before[start[1:]] - before[start[:-1]]
    return found


def _years(days: NDArray[np.floating]) -> NDArray[np.int64]:
    years: NDArray[np.int64] = days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    return years


def _joined(tallies: Sequence[_Tally], most: int, by_date: bool) -> tuple[list[tuple[str, int]], int]:
    """The counts of all segments together, the first `most` of them, and how many values there are."""
    values = [(tally.field, tally.by_number) for tally in tallies if isinstance(tally.field, ValueField)]
    if values:
        return _joined_values(values, most)
    counts: dict[str, int] = {}
    for tally in tallies:
        for value, count in tally.by_text.items():
            counts[value] = counts.get(value, 0) + count
    found = [(value, count) for value, count in counts.items() if count]
    found.sort(key=lambda pair: (-pair[1], _by_number(pair[0])))
    if by_date:
        found.sort(key=lambda pair: pair[0], reverse=True)
    return found[:most], len(found)


def _by_number(value: str) -> tuple[float, str]:
    head = value.partition(" ")[0]
    return (float(head) if head.replace(".", "", 1).isdecimal() else 0.0, value)


def _joined_values(
    tallies: Sequence[tuple[ValueField, _Counts]], most: int
) -> tuple[list[tuple[str, int]], int]:
    """As `_joined`, for values that are held once each: the segments agree on them by the numbers of their texts."""
    if len(tallies) == 1:
        counts = tallies[0][1]
        owner, number = np.zeros(len(counts), dtype=np.int64), np.arange(len(counts))
    else:
        hashes = np.concatenate([field.hashes for field, _ in tallies])
        every = np.concatenate([counts for _, counts in tallies])
        _, first, place = np.unique(hashes, return_index=True, return_inverse=True)
        counts = np.bincount(place, weights=every, minlength=len(first)).astype(np.int64)
        begins = np.cumsum([0, *(len(field) for field, _ in tallies)])
        owner = np.searchsorted(begins, first, "right") - 1
        number = first - begins[owner]
    there = np.flatnonzero(counts)
    if len(there) > most:
        least = np.partition(counts[there], len(there) - max(most, 1))[len(there) - max(most, 1)]
        chosen = there[counts[there] >= least] if most else there[:0]
    else:
        chosen = there
    found = [
        (tallies[int(owner[at])][0].value(int(number[at])), int(counts[at]))
        for at in _highest(counts, chosen)
    ]
    found.sort(key=lambda pair: (-pair[1], pair[0]))
    return found[:most], len(there)


_MOST_TIED = 2_000


def _highest(counts: _Counts, chosen: NDArray[np.intp]) -> list[int]:
    """The chosen values, most first; of very many with one study each not all are read to order them by name."""
    ordered = chosen[np.argsort(-counts[chosen], kind="stable")]
    found: list[int] = ordered[:_MOST_TIED].tolist()
    return found


# What a value is called, and what asks for it


def _label(field: Field, value: str) -> str:
    if field.is_enum:
        known = enums()[field.type].values.get(value)
        return known.label_for(field.piece) if known else value
    if kind_of(field) is ValueKind.BOOLEAN:
        return {"true": "Yes", "false": "No"}.get(value, value)
    return value


def _filter(field: Field, value: str, *, only_open: bool) -> Node | None:
    """What finds the studies of a value."""
    asked: Node
    match kind_of(field):
        case ValueKind.ENUM | ValueKind.BOOLEAN:
            asked = Area(field.piece, Term(value))
        case ValueKind.DATE | ValueKind.TIME:
            bound = DateBound(PartialDate(int(value)))
            asked = Area(field.piece, Range(bound, bound))
        case ValueKind.NUMBER:
            number = NumberBound(Decimal(value))
            asked = Area(field.piece, Range(number, number))
        case ValueKind.AGE:
            asked = Area(field.piece, Term(value))
        case _:
            if not split_words(value):
                return None
            exact = Covered(
                Coverage.FULL_MATCH, Expanded(Expansion.NONE, Term(" ".join(value.split()), quoted=True))
            )
            asked = Area(field.piece, exact)
    return open_site_where(asked) if only_open else asked
