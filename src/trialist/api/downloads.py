"""Studies in one archive, written as it is sent: every one, or those that a search of the registry's site finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from starlette.requests import Request
from starlette.responses import Response

from trialist.query.filters import trimmed
from trialist.query.live import parameter_error
from trialist.query.params import read_params
from trialist.query.site_params import api_params
from trialist.record.nct_id import nct_id_of
from trialist.registry.download import ZipMember, study_member, zip_stream
from trialist.serving.answers import ZIP, Streamed, not_modified
from trialist.serving.asked import params_of, plain_params_of
from trialist.serving.lanes import Check, Lanes
from trialist.serving.paging import PIECE_BYTES
from trialist.serving.served import Served, Serving
from trialist.settings import Settings

_LEVEL = 1  # what packs at the speed of the disk; the others take several times as long for a tenth less
_FILE_NAME = "ctg-studies.json.zip"


class Downloads:
    """The paths of archives."""

    def __init__(self, serving: Serving, lanes: Lanes, settings: Settings) -> None:
        self._serving = serving
        self._lanes = lanes
        self._settings = settings

    async def whole(self, request: Request) -> Response:
        """`/studies/download`: every study; no query or filter narrows it."""
        _check_format(plain_params_of(request.scope, ("format",)))
        served = self._serving.now
        known = not_modified(request.scope, served)
        if known is not None:
            return known
        numbers = await self._lanes.read(served.records.numbers)
        return self._sent(served, numbers, in_folders=True)

    async def found(self, request: Request) -> Response:
        """`/api/int/studies/download`: what a search of the registry's site finds, best first."""
        given = params_of(request.scope)
        _check_format(given)
        query = read_params(api_params({name: text for name, text in given.items() if name != "format"}))
        served = self._serving.now
        known = not_modified(request.scope, served)
        if known is not None:
            return known
        most = self._settings.max_query_cost

        def search(check: Check) -> list[int]:
            return served.finder.select(query, most_cost=most, check=check).ordered().found

        return self._sent(served, await self._lanes.search(search, is_costly=True), in_folders=False)

    def _sent(self, served: Served, numbers: list[int], *, in_folders: bool) -> Response:
        members = _members(served, numbers, in_folders=in_folders)
        headers = {"content-disposition": f"attachment; filename={_FILE_NAME}"}
        return Streamed(gathered(zip_stream(members, level=_LEVEL)), self._lanes, ZIP, served, headers)


def _check_format(given: Mapping[str, str]) -> None:
    form = trimmed(given.get("format", "")) or "json.zip"
    if form != "json.zip":
        raise parameter_error(
            "format must be json.zip", f"Invalid value in parameter `format`: `{form[:200]}`"
        )


def _members(served: Served, numbers: list[int], *, in_folders: bool) -> Iterator[ZipMember]:
    for number in numbers:
        # To the end at once: a reader belongs to its thread, and the next piece may be made in another.
        for raw in list(served.records.read((number,))):
            yield study_member(nct_id_of(number), raw, in_folders=in_folders)


def gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces worth sending."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        if len(waiting) >= PIECE_BYTES:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)
