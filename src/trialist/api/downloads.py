"""`/studies/download`: every study in one archive, written as it is sent."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response

from trialist.api.answers import ZIP, Streamed, not_modified
from trialist.api.asked import plain_params_of
from trialist.api.lanes import Lanes
from trialist.api.paging import PIECE_BYTES
from trialist.api.served import Served, Serving
from trialist.query.live import parameter_error
from trialist.record.nct_id import nct_id_of
from trialist.registry.download import ZipMember, study_member, zip_stream

_LEVEL = 1  # what packs at the speed of the disk; the others take several times as long for a tenth less
_FILE_NAME = "ctg-studies.json.zip"


class Downloads:
    """The path of the whole registry."""

    def __init__(self, serving: Serving, lanes: Lanes) -> None:
        self._serving = serving
        self._lanes = lanes

    async def answer(self, request: Request) -> Response:
        """The archive; no query or filter narrows it."""
        given = plain_params_of(request.scope, ("format",))
        form = given.get("format", "").strip() or "json.zip"
        if form != "json.zip":
            raise parameter_error(
                "format must be json.zip", f"Invalid value in parameter `format`: `{form[:200]}`"
            )
        served = self._serving.now
        known = not_modified(request.scope, served)
        if known is not None:
            return known
        numbers = await self._lanes.read(served.records.numbers)
        pieces = gathered(zip_stream(_members(served, numbers), level=_LEVEL))
        headers = {"content-disposition": f"attachment; filename={_FILE_NAME}"}
        return Streamed(pieces, self._lanes, ZIP, served, headers)


def _members(served: Served, numbers: list[int]) -> Iterator[ZipMember]:
    for number in numbers:
        # To the end at once: a reader belongs to its thread, and the next piece may be made in another.
        for raw in list(served.records.read((number,))):
            yield study_member(nct_id_of(number), raw, in_folders=True)


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
