"""How many of the studies found have each value of a field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from trialist.errors import InvalidParameterError, UnknownFieldError
from trialist.index.layout import FieldKind, kinds
from trialist.query.areas import ValueKind, kind_of, resolve_area
from trialist.query.choices import open_site_where
from trialist.query.filters import any_of
from trialist.query.hits import Selection
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
from trialist.query.study_query import StudyQuery
from trialist.query.tallies import DATES, Among, joined, tally
from trialist.query.values import parse_age
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
    """One facet of a selection; see `FacetCounter`."""
    return FacetCounter(selection).count(name, most)


def need_unfiltered(query: StudyQuery, names: Iterable[str]) -> bool:
    """Whether the counts of some of these facets disregard a filter of a query; see `FacetCounter.count`."""
    return any(_left_out(query, name) for name in names if name not in CRITERION_FACETS)


def _left_out(query: StudyQuery, name: str) -> tuple[Node, ...]:
    """The filters that speak of nothing but a facet's own field."""
    piece = facet_piece(name)
    about = {piece, "OverallStatus", "LocationStatus"} if _is_of_open_sites(name) else {piece}
    return tuple(node for node in query.filters if _areas(node) == about)


class FacetCounter:
    """Counts facets of one selection; what several of them need is found once."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._without: dict[tuple[Node, ...], list[Among]] = {}

    def count(self, name: str, most: int) -> Facet:
        """The values of a facet among the studies of the selection, most first, then by value; years newest first.

        A filter that speaks of nothing but the facet's own field is left out, so that the other choices show what they
        would give.
        """
        piece = facet_piece(name)
        only_open = _is_of_open_sites(name)
        left_out = _left_out(self._selection.query, name)
        among = self._among(left_out)
        tallies = [tally(one, piece, only_open=only_open) for one in among]
        studies = sum(one.count for one in among)
        with_value = sum(one.with_value for one in tallies)
        field = resolve_area(piece).fields[0]
        counts, distinct = joined(tallies, most, by_date=kind_of(field) in DATES)
        rows = []
        for value, count in counts:
            chosen = _filter(field.piece, value, only_open=only_open)
            is_chosen = any(_asks(one, chosen, piece) for one in left_out)
            rows.append(FacetCount(value, count, _label(field, value), chosen, is_chosen))
        return Facet(name, piece, tuple(rows), studies, studies - with_value, distinct, left_out)

    def _among(self, left_out: tuple[Node, ...]) -> list[Among]:
        """The studies that would be found without some filters."""
        found = self._without.get(left_out)
        if found is None:
            masks = self._selection.masks_without(lambda node: node in left_out)
            found = self._without[left_out] = list(map(Among, self._selection.evaluations, masks))
        return found


def facet_filter(name: str, values: Sequence[str], option: str) -> Node:
    """What finds the studies that have any of these values of a facet, as `FacetCount.value` spells them.

    `InvalidParameterError` for a value that there cannot be; `option` is what whoever asks calls the choice.
    """
    piece = facet_piece(name)
    field = resolve_area(piece).fields[0]
    asked: list[Node] = []
    for value in dict.fromkeys(values):
        found = _filter(field.piece, value, only_open=False) if _can_be(field, value) else None
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


@lru_cache(maxsize=512)
def _areas(node: Node) -> frozenset[str]:
    """The fields that a filter speaks of."""
    return frozenset(
        field.piece for one in walk(node) if isinstance(one, Area) for field in resolve_area(one.area).fields
    )


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


# What a value is called, and what asks for it


def _label(field: Field, value: str) -> str:
    if field.is_enum:
        known = enums()[field.type].values.get(value)
        return known.label_for(field.piece) if known else value
    if kind_of(field) is ValueKind.BOOLEAN:
        return {"true": "Yes", "false": "No"}.get(value, value)
    return value


@lru_cache(maxsize=4096)
def _filter(piece: str, value: str, *, only_open: bool) -> Node | None:
    """What finds the studies of a value."""
    field = resolve_area(piece).fields[0]
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
