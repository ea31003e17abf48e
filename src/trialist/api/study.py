"""`/studies/{nctId}`: one study in the shape asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from starlette.requests import Request
from starlette.responses import Response

from trialist.api.answers import CSV, JSON, ZIP, content, not_modified
from trialist.api.asked import plain_params_of
from trialist.api.lanes import Lanes
from trialist.api.rendering import columns_of, json_render, projection_of
from trialist.api.served import Served, Serving
from trialist.api.zipped import zip_one
from trialist.errors import InvalidParameterError, StudyNotFoundError
from trialist.query.filters import split_list
from trialist.query.live import parameter_error
from trialist.query.params import read_choice
from trialist.query.study_query import MarkupFormat
from trialist.record.nct_id import parse_nct_id
from trialist.registry.records import Resolved
from trialist.views.projection import Projection

PARAMETERS = ("format", "markupFormat", "fields")
_LARGE_RECORD = 64 << 10
"""Larger records are made into something else in a thread."""

Write = Callable[[bytes], bytes]


class StudyFormat(StrEnum):
    """The shapes of one study."""

    CSV = "csv"
    JSON = "json"
    JSON_ZIP = "json.zip"


@dataclass(frozen=True, slots=True)
class Shape:
    """How a study is to be written: its media type, its file's name if it is a file, and what writes it."""

    media_type: str
    write: Write
    file_ending: str = ""
    is_stored: bool = False


class OneStudy:
    """The path of one study."""

    def __init__(self, serving: Serving, lanes: Lanes) -> None:
        self._serving = serving
        self._lanes = lanes

    async def answer(self, request: Request) -> Response:
        """The study, or where it has gone."""
        scope = request.scope
        given = plain_params_of(scope, PARAMETERS)
        served = self._serving.now
        nct_id = canonical_id(scope["path_params"]["nct_id"])
        shape = shape_of(given, nct_id)
        found = find(served, nct_id)
        if found.by_alias:
            return moved(found, scope["query_string"])
        known = not_modified(scope, served)
        if known is not None:
            return known
        raw = found.stored.raw
        if shape.is_stored or len(raw) <= _LARGE_RECORD:
            body = shape.write(raw)
        else:
            body = await self._lanes.read(lambda: shape.write(raw))
        headers = {}
        if shape.file_ending:
            headers["content-disposition"] = f"attachment; filename={nct_id}.{shape.file_ending}"
        return content(body, shape.media_type, served, headers)


def shape_of(given: dict[str, str], nct_id: str) -> Shape:
    """The shape that the parameters ask for; `InvalidParameterError` for what they cannot mean."""
    form = read_choice(StudyFormat, "format", given.get("format", "").strip() or StudyFormat.JSON)
    markup = read_choice(
        MarkupFormat, "markupFormat", given.get("markupFormat", "").strip() or MarkupFormat.MARKDOWN
    )
    names = tuple(split_list(given["fields"])) if given.get("fields", "").strip() else None
    if form is StudyFormat.CSV:
        columns = columns_of(names)
        return Shape(CSV, lambda raw: columns.header() + columns.row(raw))
    projection: Projection | None = None if names is None else projection_of(names, allow_query=False)
    if form is StudyFormat.JSON:
        return Shape(JSON, json_render(projection, markup), is_stored=projection is None)
    write = json_render(projection, MarkupFormat.MARKDOWN)
    return Shape(ZIP, lambda raw: zip_one(f"{nct_id}.json", write(raw)), "json.zip")


def canonical_id(text: str) -> str:
    """The canonical spelling of an id in a path; `InvalidParameterError` for what is none."""
    found = parse_nct_id(text) if text == text.strip() else None
    if found is None:
        raise incorrect_id(text)
    return found


def incorrect_id(text: str) -> InvalidParameterError:
    """What is no NCT id where one must be."""
    return parameter_error(
        f"{text[:60]!r} is not an NCT id",
        "Parameter `nctId` has incorrect format",
        hint="Write NCT and eight digits.",
    )


def find(served: Served, nct_id: str) -> Resolved:
    """The study with this id or alias; `StudyNotFoundError` when the registry has none."""
    found = served.records.get(nct_id)
    if found is None:
        raise StudyNotFoundError(nct_id)
    return found


def moved(found: Resolved, query: bytes) -> Response:
    """The way from an alias to the study; what else was asked goes along."""
    place = f"/api/v2/studies/{found.stored.nct_id}"
    target = f"{place}?{query.decode('latin-1')}" if query else place
    return Response(status_code=301, headers={"location": target})
