"""The OpenAPI document of the API v2, made of the tables that the code itself reads.

Parameters come from the reader of requests, their values from the enumerations, the shape of a study from the field
catalogue. Patterns are those of the registry's own API, so that every request that its document accepts is accepted by
this one; answers may hold more than is told here, as records may hold fields that the catalogue does not know.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from trialist import __version__
from trialist.query.agg_filters import AGG_FILTERS
from trialist.query.filters import Filter
from trialist.query.params import QUERY_AREAS
from trialist.query.study_query import DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE, Format, MarkupFormat
from trialist.record.catalogue import Field, fields, search_areas
from trialist.record.enums import enums
from trialist.registry.statistics import TYPES
from trialist.views.csv import COLUMNS
from trialist.views.ris import TAGS

Schema = dict[str, Any]

VERSION = "2.0.5"
"""The version of the registry's API that is spoken."""

NCT_ID = r"^[Nn][Cc][Tt]0*[1-9]\d{0,7}$"
_DISTANCE = r"^distance\(-?\d+(\.\d+)?,-?\d+(\.\d+)?,\d+(\.\d+)?(km|mi)?\)$"
_LENGTH = r"(\d+(\.\d+)?(km|mi))"
_DECAY = rf"^func:(gauss|exp|linear),scale:{_LENGTH},offset:{_LENGTH},decay:(\d+(\.\d+)?)$"
_NAME = r"^[a-zA-Z][a-zA-Z0-9\-. ]*$"
_NAME_OR_QUERY = r"^([a-zA-Z][a-zA-Z0-9\-. ]*)|(@query)$"
_SORT = r"^(([a-zA-Z][a-zA-Z0-9\-. ]*)|(@relevance))(:(asc|desc))?$"
_DURATION = r"^\d+ (Year|Years|Month|Months|Week|Weeks|Day|Days|Hour|Hours|Minute|Minutes)$"

_STRING: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "format": "int32", "minimum": 0}
_SCALARS: Mapping[str, Schema] = {
    "boolean": {"type": "boolean"},
    "short": {"type": "integer"},
    "integer": {"type": "integer"},
    "long": {"type": "integer", "format": "int64"},
    "number": {"type": "number"},
    "NormalizedDate": {"type": "string", "format": "date"},
    "PartialDate": {"$ref": "#/components/schemas/PartialDate"},
    "DateTimeMinutes": {"$ref": "#/components/schemas/DateTimeMinutes"},
    "NormalizedTime": {"type": "string", "pattern": _DURATION},
    "GeoPoint": {"$ref": "#/components/schemas/GeoPoint"},
}


@cache
def openapi() -> dict[str, Any]:
    """The document, JSON-ready; do not change it."""
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "trialist: ClinicalTrials.gov API v2 over a registry of one's own",
            "description": "Paths, parameters, answers and errors are those of ClinicalTrials.gov's REST API v2; what is "
            "answered comes from the studies of this registry. Errors are one sentence of plain text.",
            "version": VERSION,
            "x-trialist-version": __version__,
        },
        "servers": [{"url": "/api/v2"}],
        "tags": [
            {"name": "Studies", "description": "Search, single studies, and the model of their data"},
            {"name": "Stats", "description": "How the values of fields are spread over all studies"},
            {"name": "Version", "description": "What is spoken and how new the data is"},
        ],
        "paths": _paths(),
        "components": {"schemas": _schemas()},
    }


def openapi_yaml() -> str:
    """The document as YAML 1.2 in block style, texts quoted as in JSON."""
    return "\n".join(_yaml(openapi(), 0)) + "\n"


def _yaml(value: Any, depth: int) -> Iterable[str]:
    indent = "  " * depth
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _entry(f"{indent}{json.dumps(key, ensure_ascii=False)}:", item, depth)
    elif isinstance(value, list) and value:
        for item in value:
            yield from _entry(f"{indent}-", item, depth)
    else:
        yield indent + json.dumps(value, ensure_ascii=False)


def _entry(lead: str, item: Any, depth: int) -> Iterable[str]:
    if isinstance(item, dict | list) and item:
        yield lead
        yield from _yaml(item, depth + 1)
    else:
        yield f"{lead} {json.dumps(item, ensure_ascii=False)}"


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _list_of(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def _parameter(name: str, description: str, schema: Schema, example: Any = None) -> Schema:
    """A parameter of the query; the items of a list may stand in one value, parted by bars or commas."""
    found: Schema = {"name": name, "in": "query", "description": description, "required": False}
    found["allowEmptyValue"] = True  # a blank value is one that was not given
    if schema.get("type") == "array":
        found |= {"style": "pipeDelimited", "explode": False}
    found["schema"] = schema
    if example is not None:
        found["example"] = example
    return found


def _answer(description: str, content: Mapping[str, Schema]) -> Schema:
    return {
        "description": description,
        "content": {kind: {"schema": schema} for kind, schema in content.items()},
    }


_ERROR = _answer("What was wrong, in one sentence", {"text/plain": _STRING})
_MISSING = _answer(
    "There is no such study; or no such path, which is told as a page",
    {"text/plain": _STRING, "text/html": _STRING},
)


def _get(
    tag: str,
    operation: str,
    summary: str,
    parameters: list[Schema],
    content: Mapping[str, Schema],
    *,
    may_miss: bool = False,
    **more: Schema,
) -> Schema:
    responses: Schema = {"200": _answer("Found", content)}
    responses |= {code.removeprefix("status_"): answer for code, answer in more.items()}
    responses |= {"304": {"description": "The data is still what the ETag given with If-None-Match was of"}}
    responses |= {"400": _ERROR} | ({"404": _MISSING} if may_miss else {}) | {"default": _ERROR}
    return {
        "get": {
            "tags": [tag],
            "operationId": operation,
            "summary": summary,
            "parameters": parameters,
            "responses": responses,
        }
    }


def _paths() -> dict[str, Any]:
    names = _parameter("fields", "Pieces or paths of fields", _list_of({"type": "string", "pattern": _NAME}))
    leaves = {**names, "schema": {**names["schema"], "minItems": 1}, "example": ["Phase", "Condition"]}
    types = _parameter("types", "Only fields of these types", _list_of(_ref("FieldStatsType"), default=[]))
    values = ("Values of fields", [types, leaves], {"application/json": _list_of(_ref("FieldValuesStats"))})
    flags = [
        _parameter(name, text, {"type": "boolean", "default": False})
        for name, text in (
            ("includeIndexedOnly", "Also fields that can be searched but are in no record"),
            ("includeHistoricOnly", "Also fields that only former versions have"),
        )
    ]
    zipped = _parameter(
        "format", "The whole registry as one archive", {"type": "string", "enum": ["json.zip"]}
    )
    json_of = "application/json"
    return {
        "/studies": _get("Studies", "listStudies", "Search", _search(), _page_content()),
        "/studies/{nctId}": _get(
            "Studies", "fetchStudy", "One study", _one_study(), _study_content(), may_miss=True,
            status_301={"description": "The id is an alias; the study stands at the address given with Location"},
        ),
        "/studies/metadata": _get(
            "Studies", "studiesMetadata", "The fields of a study", flags, {json_of: _list_of(_ref("FieldNode"))}
        ),
        "/studies/search-areas": _get(
            "Studies", "searchAreas", "Where queries look", [], {json_of: _list_of(_ref("SearchDocument"))}
        ),
        "/studies/enums": _get(
            "Studies", "enums", "The enumerations and their values", [], {json_of: _list_of(_ref("EnumInfo"))}
        ),
        "/studies/download": _get(
            "Studies", "downloadStudies", "All studies, a file each", [zipped],
            {"application/zip": {"type": "string", "format": "binary"}},
        ),
        "/stats/size": _get("Stats", "sizeStats", "Sizes of studies", [], {json_of: _ref("SizeStats")}),
        "/stats/field/values": _get("Stats", "fieldValuesStats", *values, may_miss=True),
        "/stats/fieldValues": _get("Stats", "fieldValuesStatsByItsOldName", *values, may_miss=True),
        "/stats/field/sizes": _get(
            "Stats", "listFieldSizesStats", "Lengths of lists", [names], {json_of: _list_of(_ref("ListSizes"))},
            may_miss=True,
        ),
        "/version": _get("Version", "version", "Versions of API and data", [], {json_of: _ref("Version")}),
    }  # fmt: skip


def _page_content() -> dict[str, Schema]:
    return {"application/json": _ref("PagedStudies"), "text/csv": _STRING}


def _study_content() -> dict[str, Schema]:
    return {
        "application/json": _ref("Study"),
        "text/csv": _STRING,
        "application/zip": {"type": "string", "format": "binary"},
        "application/fhir+json": {"type": "object"},
        "application/x-research-info-systems": _STRING,
    }


def _choice(values: Iterable[str], default: str) -> Schema:
    return {"type": "string", "enum": list(values), "default": default}


def _search() -> list[Schema]:
    labels = {area.name: area.label or area.name for area in search_areas().values()}
    queries = [
        _parameter(f"query.{name}", f"What to look for in {labels.get(area, area)}", _STRING)
        for name, area in QUERY_AREAS.items()
    ]
    keys = "; ".join(f"{name}: {' '.join(known)}" for name, known in AGG_FILTERS.items())
    return [
        _parameter("format", "A page as JSON or as rows of CSV", _choice(Format, Format.JSON)),
        _parameter("markupFormat", "How marked-up text is given", _choice(MarkupFormat, MarkupFormat.MARKDOWN)),
        *queries,
        *(one for prefix in ("filter", "postFilter") for one in _filters(prefix)),
        _parameter("aggFilters", f"Named filters, id:keys ({keys})", _STRING, "results:with,status:com"),
        _parameter(
            "geoDecay", "How nearness to the centre of filter.geo counts",
            {"type": "string", "pattern": _DECAY, "default": "func:exp,scale:300mi,offset:0mi,decay:0.5"},
        ),
        _parameter(
            "fields", "What of each study is wanted: pieces, paths, search areas or @query; columns for CSV: "
            + ", ".join(COLUMNS), _list_of({"type": "string", "pattern": _NAME_OR_QUERY}, minItems=1),
            ["NCTId", "BriefTitle"],
        ),
        _parameter(
            "sort", "At most two fields of dates or numbers, or @relevance",
            _list_of({"type": "string", "pattern": _SORT}, maxItems=2, default=[]), ["LastUpdatePostDate:desc"],
        ),
        _parameter("countTotal", "Tell on the first page how many there are", {"type": "boolean", "default": False}),
        _parameter(
            "pageSize", f"Studies a page; 0 for {DEFAULT_PAGE_SIZE}, more than {LARGEST_PAGE_SIZE} give as many",
            {"type": "integer", "minimum": 0, "default": DEFAULT_PAGE_SIZE},
        ),
        _parameter("pageToken", "What the page before gave as nextPageToken", _STRING),
    ]  # fmt: skip


def _filters(prefix: str) -> list[Schema]:
    told = {
        Filter.OVERALL_STATUS: ("Statuses, any of them", _list_of(_ref("Status")), ["RECRUITING"]),
        Filter.GEO: (
            "A site in this circle; a number alone is metres",
            {"type": "string", "pattern": _DISTANCE},
            "distance(48.4,9.95,50mi)",
        ),
        Filter.IDS: (
            "NCT ids, any of them",
            _list_of({"type": "string", "pattern": NCT_ID}),
            ["NCT00000102"],
        ),
        Filter.ADVANCED: ("A query that does not count for relevance", _STRING, "AREA[StartDate]2022"),
        Filter.SYNONYMS: ("Sets of synonyms, area:id", _list_of(_STRING), None),
    }
    return [_parameter(f"{prefix}.{name}", *told[name]) for name in Filter]


def _one_study() -> list[Schema]:
    formats = ("csv", "json", "json.zip", "fhir.json", "ris")
    nct_id = {"name": "nctId", "in": "path", "description": "An NCT id", "required": True}
    return [
        nct_id | {"schema": {"type": "string", "pattern": NCT_ID}},
        _parameter("format", "The form of the answer", _choice(formats, "json")),
        _parameter(
            "markupFormat", "How marked-up text is given", _choice(MarkupFormat, MarkupFormat.MARKDOWN)
        ),
        _parameter(
            "fields",
            f"As for a search without @query; tags for RIS: {', '.join(TAGS)}; none for FHIR",
            _list_of({"type": "string", "pattern": _NAME}, minItems=1),
            ["NCTId", "BriefTitle"],
        ),
    ]


def _object(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    properties = dict(required) | dict(optional or {})
    return {"type": "object", "properties": properties, "additionalProperties": False} | (
        {"required": list(required)} if required else {}
    )


def _schemas() -> dict[str, Schema]:
    found = {"Study": _object_of("")} | {
        field.type: _struct_of(field.type) for field in fields() if field.is_struct and not field.indexed_only
    }
    found |= {name: {"type": "string", "enum": list(enum.values)} for name, enum in sorted(enums().items())}
    found["PartialDate"] = {"type": "string", "description": "yyyy, yyyy-MM or yyyy-MM-dd"}
    found["DateTimeMinutes"] = {"type": "string", "description": "yyyy-MM-ddTHH:mm"}
    found["GeoPoint"] = {
        "type": "object",
        "properties": {"lat": {"type": "number"}, "lon": {"type": "number"}},
        "required": ["lat", "lon"],
    }
    found["PagedStudies"] = _object(
        {"studies": _list_of(_ref("Study"))}, {"totalCount": _COUNT, "nextPageToken": _STRING}
    )
    found["Version"] = _object({"apiVersion": _STRING}, {"dataTimestamp": _STRING})
    return found | _catalogue_schemas() | _stats_schemas()


def _schema_of(field: Field) -> Schema:
    one = _ref(field.type) if field.is_enum or field.is_struct else _SCALARS.get(field.type, _STRING)
    return _list_of(one) if field.is_list else one


def _object_of(path: str) -> Schema:
    below = [field for field in fields() if field.path.rpartition(".")[0] == path and not field.indexed_only]
    return {"type": "object", "properties": {field.name: _schema_of(field) for field in below}}


def _struct_of(name: str) -> Schema:
    """The members that structures of this type have, wherever they stand."""
    properties: Schema = {}
    for field in fields():
        if field.is_struct and field.type == name:
            properties |= _object_of(field.path)["properties"]
    return {"type": "object", "properties": properties}


def _catalogue_schemas() -> dict[str, Schema]:
    flags = ("synonyms", "isEnum", "indexedOnly", "historicOnly", "nested")
    texts = ("title", "description", "rules")
    return {
        "FieldNode": _object(
            dict.fromkeys(("name", "piece", "sourceType", "type"), _STRING),
            dict.fromkeys(texts, _STRING)
            | {name: {"type": "boolean"} for name in flags}
            | {
                "maxChars": {"type": "integer", "format": "int32"},
                "altPieceNames": _list_of(_STRING),
                "dedLink": _object({"label": _STRING, "url": _STRING}),
                "children": _list_of(_ref("FieldNode")),
            },
        ),
        "SearchDocument": _object({"name": _STRING, "areas": _list_of(_ref("SearchArea"))}),
        "SearchArea": _object(
            {"name": _STRING, "parts": _list_of(_ref("SearchPart"))}, {"param": _STRING, "uiLabel": _STRING}
        ),
        "SearchPart": _object(
            {
                "pieces": _list_of(_STRING),
                "type": _STRING,
                "isEnum": {"type": "boolean"},
                "isSynonyms": {"type": "boolean"},
                "weight": {"type": "number", "format": "float", "minimum": 0, "maximum": 1},
            }
        ),
        "EnumInfo": _object(
            {"type": _STRING, "pieces": _list_of(_STRING), "values": _list_of(_ref("EnumItem"))}
        ),
        "EnumItem": _object(
            {"value": _STRING, "legacyValue": _STRING},
            {"exceptions": {"type": "object", "additionalProperties": _STRING}},
        ),
    }


def _stats_schemas() -> dict[str, Schema]:
    head = {
        "type": _ref("FieldStatsType"),
        "piece": _STRING,
        "field": _STRING,
        "missingStudiesCount": _COUNT,
    }
    unique = {"uniqueValuesCount": {"type": "integer", "format": "int64"}}
    top = {"topValues": _list_of(_object({"value": _STRING, "studiesCount": _COUNT}))}
    longest = _object({"length": _COUNT, "nctId": _STRING, "value": _STRING})
    number: Schema = {"type": "number", "format": "double"}
    whole: Schema = {"type": "integer", "format": "int64"}
    kinds = {
        "EnumStats": _object(head | unique, top),
        "StringStats": _object(head | unique, top | {"longest": longest}),
        "DateStats": _object(head | {"formats": _list_of(_STRING)}, {"min": _STRING, "max": _STRING}),
        "IntegerStats": _object(head, {"min": whole, "max": whole, "avg": number}),
        "NumberStats": _object(head, {"min": number, "max": number, "avg": number}),
        "BooleanStats": _object(head | {"falseCount": _COUNT, "trueCount": _COUNT}),
    }
    size = _object({"size": {"type": "integer"}, "studiesCount": _COUNT})
    lengths = {"minSize": {"type": "integer"}, "maxSize": {"type": "integer"}, "topSizes": _list_of(size)}
    return kinds | {
        "FieldStatsType": {"type": "string", "enum": list(TYPES)},
        "FieldValuesStats": {"anyOf": [_ref(name) for name in kinds]},
        "ListSizes": _object(
            {"piece": _STRING, "field": _STRING, "uniqueSizesCount": {"type": "integer", "format": "int64"}},
            lengths,
        ),
        "SizeStats": _object(
            {
                "totalStudies": _COUNT,
                "averageSizeBytes": _COUNT,
                "percentiles": {"type": "object", "additionalProperties": _COUNT},
                "ranges": _list_of(_object({"sizeRange": _STRING, "studiesCount": _COUNT})),
                "largestStudies": _list_of(_object({"id": _STRING, "sizeBytes": _COUNT})),
            }
        ),
    }
