"""`/studies/{nctId}`: one study in the shape asked for."""

from __future__ import annotations

from enum import StrEnum

from starlette.requests import Request
from starlette.responses import Response

from trialist.api.answers import JSON, content, not_modified
from trialist.api.asked import plain_params_of
from trialist.api.lanes import Lanes
from trialist.api.page_json import on_one_line
from trialist.api.served import Served, Serving
from trialist.errors import InvalidParameterError, StudyNotFoundError
from trialist.query.live import parameter_error
from trialist.record.nct_id import parse_nct_id
from trialist.registry.records import Resolved

PARAMETERS = ("format", "markupFormat", "fields")


class StudyFormat(StrEnum):
    """The shapes of one study."""

    CSV = "csv"
    JSON = "json"
    JSON_ZIP = "json.zip"
    FHIR = "fhir.json"
    RIS = "ris"


class OneStudy:
    """The path of one study."""

    def __init__(self, serving: Serving, lanes: Lanes) -> None:
        self._serving = serving
        self._lanes = lanes

    async def answer(self, request: Request) -> Response:
        """The study, or where it has gone."""
        scope = request.scope
        plain_params_of(scope, PARAMETERS)
        served = self._serving.now
        nct_id = canonical_id(scope["path_params"]["nct_id"])
        found = find(served, nct_id)
        if found.by_alias:
            return moved(found, scope["query_string"])
        return not_modified(scope, served) or content(on_one_line(found.stored.raw), JSON, served)


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
