"""The parameters of the registry's `GET /studies` (API v2) → one `StudyQuery`.

Names, patterns, defaults and the way parameters combine are those of the registry's API description; a blank value is
the same as none. `filter.*` and `postFilter.*` mean the same. Everything is read before the rule of NCT ids applies, so
a malformed parameter is refused even where it would have been ignored.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import TypeVar

from trialist.errors import InvalidParameterError, QuerySyntaxError
from trialist.query.agg_filters import parse_agg_filters
from trialist.query.areas import ValueKind, is_area, kind_of, nearest_areas
from trialist.query.filters import NCT_IDS, Filter, any_of, incorrect_item, parse_filter, split_list, trimmed
from trialist.query.live import in_parameter, parameter_error
from trialist.query.nodes import METRES, Area, Distance, Node, Term
from trialist.query.operands import shown
from trialist.query.parse import parse_query
from trialist.query.study_query import (
    DEFAULT_PAGE_SIZE,
    LARGEST_PAGE_SIZE,
    RELEVANCE,
    DecayFunction,
    Format,
    GeoDecay,
    MarkupFormat,
    ParamQuery,
    SortKey,
    StudyQuery,
)
from trialist.record.catalogue import fields_by_path, fields_by_piece, search_areas
from trialist.record.nct_id import parse_nct_id

LEAD_PARAM = "lead"

QUERY_AREAS: Mapping[str, str] = {
    **{area.param: area.name for area in search_areas().values() if area.param},
    LEAD_PARAM: "LeadSponsorName",
}
"""Parameter behind `query.` → the area, or piece, that it looks in."""

_LABELS = {
    **{area.param: area.label for area in search_areas().values() if area.param and area.label},
    LEAD_PARAM: "Lead sponsor",
    "patient": "Patient",
}
_PLAIN = frozenset(
    {
        "format",
        "markupFormat",
        "aggFilters",
        "geoDecay",
        "fields",
        "sort",
        "countTotal",
        "pageSize",
        "pageToken",
    }
)
PARAMETERS = frozenset(
    {
        *_PLAIN,
        *(f"query.{name}" for name in QUERY_AREAS),
        *(f"{prefix}.{name}" for prefix in ("filter", "postFilter") for name in Filter),
    }
)
"""Every parameter that is known."""

_FIELD_FORM = re.compile(r"[a-zA-Z][a-zA-Z0-9\-. ]*|@query")
_SORT_FORM = re.compile(r"([a-zA-Z][a-zA-Z0-9\-. ]*|@relevance)(?::(asc|desc))?")
_LENGTH = r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(km|mi)"
_DECAY_FORM = re.compile(
    rf"func:(gauss|exp|linear),scale:{_LENGTH},offset:{_LENGTH},decay:([0-9]{{1,9}}(?:\.[0-9]{{1,9}})?)"
)
_Choice = TypeVar("_Choice", bound=StrEnum)
_SORTABLE = frozenset({ValueKind.DATE, ValueKind.TIME, ValueKind.NUMBER, ValueKind.AGE})


def read_params(params: Mapping[str, str], *, own_areas: bool = False) -> StudyQuery:
    """What the parameters ask; `InvalidParameterError` or `QuerySyntaxError` for what cannot be read.

    With `own_areas` expressions may ask in areas that the registry's API does not have.

    If a `query.*` parameter holds nothing but NCT ids (blanks or commas between them), these studies are asked for and
    every filter and other query is ignored, as the registry's API says.
    """
    for name in params:
        if name not in PARAMETERS:
            raise _unknown(name)
    given = {name: text for name, text in params.items() if trimmed(text)}
    queries = _read_queries(given, own_areas)
    filters, geo, notes = _read_filters(given, own_areas)
    answer = StudyQuery(
        queries=queries,
        filters=filters,
        geo=geo,
        geo_decay=_read_decay(given.get("geoDecay")),
        sort=_read_sort(given.get("sort")),
        page_size=_read_page_size(given.get("pageSize")),
        page_token=given.get("pageToken"),
        count_total=read_boolean("countTotal", given.get("countTotal", "false")) and "pageToken" not in given,
        format=read_choice(Format, "format", given.get("format", Format.JSON)),
        markup_format=read_choice(
            MarkupFormat, "markupFormat", given.get("markupFormat", MarkupFormat.MARKDOWN)
        ),
        notes=notes,
    )
    answer = replace(answer, fields=_read_fields(given.get("fields"), answer.format))
    by_id = _queries_of_ids(given)
    if not by_id:
        return answer
    ignored = len(given.keys() & {f"query.{name}" for name in QUERY_AREAS}) > len(by_id) or filters
    said = ("a query of NCT ids alone: the filters and other queries are ignored",) if ignored else ()
    return replace(answer, queries=by_id, filters=(), geo=None, notes=said)


def _unknown(name: str) -> InvalidParameterError:
    near = difflib.get_close_matches(name[:40], PARAMETERS, n=1)
    return parameter_error(
        f"{shown(name)!r} is not a parameter",
        f"`{name}` is unknown parameter",
        hint=f"Did you mean {near[0]}?" if near else f"Known are {', '.join(sorted(PARAMETERS))}.",
    )


def _incorrect(name: str, legal: str) -> InvalidParameterError:
    return parameter_error(f"{name} must be {legal}", f"Parameter `{name}` has incorrect format")


def _parse(param: str, label: str, text: str, area: str, own_areas: bool) -> Node:
    """The node of one expression; an error names its parameter."""
    try:
        return parse_query(text, default_area=area, own_areas=own_areas)
    except QuerySyntaxError as error:
        raise QuerySyntaxError(
            f"{param}: {error.message}",
            error.start,
            error.end,
            text=text,
            hint=error.hint,
            live_message=in_parameter(label, error),
            parameter=param,
        ) from None


def _read_queries(given: Mapping[str, str], own_areas: bool) -> tuple[ParamQuery, ...]:
    return tuple(
        ParamQuery(
            name, area, _parse(f"query.{name}", _LABELS[name], given[f"query.{name}"], area, own_areas)
        )
        for name, area in QUERY_AREAS.items()
        if f"query.{name}" in given
    )


def _ids_alone(text: str) -> tuple[str, ...]:
    """The canonical NCT ids of a text that holds nothing else, each once; else nothing."""
    found = [parse_nct_id(word) for word in text.replace(",", " ").split()]
    ids = tuple(dict.fromkeys(one for one in found if one is not None))
    return ids if found and None not in found else ()


def _queries_of_ids(given: Mapping[str, str]) -> tuple[ParamQuery, ...]:
    """The queries that hold nothing but NCT ids, asking for these studies."""
    found = ((name, _ids_alone(given[f"query.{name}"])) for name in QUERY_AREAS if f"query.{name}" in given)
    return tuple(
        ParamQuery(name, NCT_IDS, Area(NCT_IDS, any_of(tuple(Term(one) for one in ids))))
        for name, ids in found
        if ids
    )


def _read_filters(
    given: Mapping[str, str], own_areas: bool
) -> tuple[tuple[Node, ...], Distance | None, tuple[str, ...]]:
    """The filters to be joined by AND, the first point that distances are measured from, and notes."""
    nodes: list[Node] = []
    notes: list[str] = []
    for prefix in ("filter", "postFilter"):
        for name in Filter:
            text = given.get(f"{prefix}.{name}")
            if text is None:
                continue
            if name is Filter.ADVANCED:
                nodes.append(_parse(f"{prefix}.{name}", "advanced filter", text, "BasicSearch", own_areas))
                continue
            node, note = parse_filter(name, text)
            nodes.append(node)
            notes += [note] if note else []
    if "aggFilters" in given:
        named, said = parse_agg_filters(given["aggFilters"])
        nodes += named
        notes += said
    geo_texts = (given[f"{prefix}.geo"] for prefix in ("filter", "postFilter") if f"{prefix}.geo" in given)
    first = next(geo_texts, None)
    area = parse_filter(Filter.GEO, first)[0] if first is not None else None
    point = area.operand if isinstance(area, Area) and isinstance(area.operand, Distance) else None
    return tuple(nodes), point, tuple(notes)


def _read_decay(text: str | None) -> GeoDecay:
    if text is None:
        return GeoDecay()
    found = _DECAY_FORM.fullmatch(trimmed(text))
    legal = "func:exp,scale:300mi,offset:0mi,decay:0.5, its func gauss, exp or linear and its decay between 0 and 1"
    if found is None:
        raise _incorrect("geoDecay", legal)
    func, scale, scale_unit, offset, offset_unit, decay = found.groups()
    try:
        return GeoDecay(
            DecayFunction(func),
            float(scale) * float(METRES[scale_unit]),
            float(offset) * float(METRES[offset_unit]),
            float(decay),
        )
    except ValueError:
        raise _incorrect("geoDecay", legal) from None


def _read_sort(text: str | None) -> tuple[SortKey, ...]:
    items = split_list(text) if text is not None else []
    if len(items) > 2:
        raise parameter_error(
            "sort takes at most two keys", "Parameter `sort` must contain no more than 2 items"
        )
    return tuple(_sort_key(place, item) for place, item in enumerate(items, 1))


def _sort_key(place: int, item: str) -> SortKey:
    found = _SORT_FORM.fullmatch(item)
    if found is None:
        raise incorrect_item(
            "sort", place, item, "Write a field's piece, or @relevance, with :asc or :desc behind it."
        )
    name, direction = found.groups()
    if name == RELEVANCE:
        return SortKey(RELEVANCE, direction != "asc")
    field = fields_by_piece().get(name) or fields_by_path().get(name)
    if field is None:
        near = nearest_areas(name)
        hint = f"Did you mean {', '.join(near)}?" if near else "Write a field's piece, such as StartDate."
        raise parameter_error(f"sort: there is no field {shown(name)!r}", "Unknown sort field", hint=hint)
    kind = kind_of(field)
    if kind not in _SORTABLE:
        named = {ValueKind.ENUM: "enum", ValueKind.MIXED: "struct"}.get(kind, field.type)
        raise parameter_error(
            f"sort: {name} is neither a date nor a number nor an age", f"Unsupported sort field type: {named}"
        )
    is_date = kind in (ValueKind.DATE, ValueKind.TIME)
    return SortKey(field.piece, is_date if direction is None else direction == "desc")


def _read_page_size(text: str | None) -> int:
    if text is None:
        return DEFAULT_PAGE_SIZE
    found = re.fullmatch(r"0*([0-9]*)", trimmed(text))
    if found is None:
        raise _incorrect("pageSize", f"a whole number; at most {LARGEST_PAGE_SIZE} studies are given at once")
    digits = found[1][:9]
    return min(int(digits), LARGEST_PAGE_SIZE) if digits else DEFAULT_PAGE_SIZE


def read_boolean(name: str, text: str) -> bool:
    """The truth that a parameter's text says, in any case; `InvalidParameterError` for another word."""
    said = trimmed(text).lower()
    if said not in ("true", "false"):
        raise _incorrect(name, "true or false")
    return said == "true"


def read_choice(kind: type[_Choice], name: str, text: str) -> _Choice:
    """The value that a parameter's text names, in its exact spelling; `InvalidParameterError` for another."""
    try:
        return kind(trimmed(text))
    except ValueError:
        raise parameter_error(
            f"{name} must be {' or '.join(kind)}", f"Invalid value in parameter `{name}`: `{text}`"
        ) from None


def _read_fields(text: str | None, form: Format) -> tuple[str, ...] | None:
    """The fields asked for; a CSV's are names of columns, which only the CSV knows."""
    if text is None:
        return None
    items = split_list(text)
    for place, item in enumerate(items, 1):
        if not _FIELD_FORM.fullmatch(item):
            raise incorrect_item(
                "fields", place, item, "Write pieces, paths or search areas with commas between them."
            )
        if form is Format.JSON and item != "@query" and not is_area(item):
            near = nearest_areas(item)
            raise parameter_error(
                f"fields: there is no field {shown(item)!r}",
                f"Parameter 'fields' contains invalid field name: '{item}'",
                hint=f"Did you mean {', '.join(near)}?" if near else "",
            )
    return tuple(dict.fromkeys(items))
