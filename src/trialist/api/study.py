"""`/studies/{nctId}`: one study in the shape asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

import orjson
from starlette.requests import Request
from starlette.responses import Response

from trialist.api.rendering import columns_of, json_render, projection_of
from trialist.errors import InvalidParameterError, StudyNotFoundError
from trialist.query.filters import split_list, trimmed
from trialist.query.live import parameter_error
from trialist.query.params import read_choice
from trialist.query.study_query import MarkupFormat
from trialist.record.nct_id import parse_nct_id
from trialist.registry.download import study_member, zip_stream
from trialist.registry.records import Resolved
from trialist.serving.answers import CSV, FHIR, JSON, RIS, ZIP, content, not_modified
from trialist.serving.asked import plain_params_of
from trialist.serving.lanes import Lanes
from trialist.serving.served import Served, Serving
from trialist.views.fhir import render_fhir
from trialist.views.projection import Projection
from trialist.views.ris import render_ris

PARAMETERS = ("format", "markupFormat", "fields")
_LARGE_RECORD = 64 << 10
"""Larger records are made into something else in a thread."""

Write = Callable[[bytes], bytes]


class StudyFormat(StrEnum):
    """The shapes of one study."""

    CSV = "csv"
    JSON = "json"
    JSON_ZIP = "json.zip"
    FHIR = "fhir.json"
    RIS = "ris"


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
    form = read_choice(StudyFormat, "format", trimmed(given.get("format", "")) or StudyFormat.JSON)
    markup = read_choice(
        MarkupFormat, "markupFormat", trimmed(given.get("markupFormat", "")) or MarkupFormat.MARKDOWN
    )
    names = tuple(split_list(given["fields"])) if trimmed(given.get("fields", "")) else None
    match form:
        case StudyFormat.CSV:
            columns = columns_of(names)
            return Shape(CSV, lambda raw: columns.header() + columns.row(raw))
        case StudyFormat.RIS:
            render_ris({}, names)  # refuses tags that there are not before any study is looked for
            return Shape(RIS, lambda raw: render_ris(orjson.loads(raw), names))
        case StudyFormat.FHIR:
            if names is not None:
                raise parameter_error("fields cannot be chosen for fhir.json", hint="Leave out fields.")
            return Shape(FHIR, lambda raw: render_fhir(orjson.loads(raw)))
        case StudyFormat.JSON_ZIP:
            write = json_render(_projection(names), MarkupFormat.MARKDOWN)
            return Shape(ZIP, lambda raw: _zipped(nct_id, write(raw)), "json.zip")
        case StudyFormat.JSON:
            return Shape(
                JSON,
                json_render(_projection(names), markup),
                is_stored=names is None and markup is MarkupFormat.MARKDOWN,
            )
        case _:
            assert_never(form)


def _projection(names: tuple[str, ...] | None) -> Projection | None:
    return None if names is None else projection_of(names, allow_query=False)


def _zipped(nct_id: str, content: bytes) -> bytes:
    return b"".join(zip_stream([study_member(nct_id, content)]))


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
