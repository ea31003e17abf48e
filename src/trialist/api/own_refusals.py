"""Errors → the one JSON shape of the project's own API: `{"error": {"code", "message", "hint", "where"?}}`."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Scope

from trialist import errors
from trialist.serving.statuses import RETRY_SECONDS, STATUSES

PREFIX = "/api/trialist/v1"
"""Where the project's own API begins."""
DOCUMENT, PAGE = f"{PREFIX}/openapi.json", f"{PREFIX}/docs"

BEYOND: dict[int, tuple[str, str, str]] = {
    404: ("no_such_path", "there is no such path", f"{PAGE} lists the paths."),
    405: ("no_such_method", "only GET, HEAD and OPTIONS are answered", ""),
    414: ("address_too_long", "the address is too long", "Ask for less at once."),
    500: ("bug", "this is a bug in trialist", ""),
}
"""Refusals that no error of the tree stands for: status → code, message, hint."""


def refused(
    status: int, code: str, message: str, hint: str = "", where: dict[str, Any] | None = None
) -> Response:
    """An answer in this shape."""
    told: dict[str, Any] = {"code": code, "message": message, "hint": hint}
    if where is not None:
        told["where"] = where
    headers = {"content-type": "application/json"}
    if status == 503:
        headers["retry-after"] = str(RETRY_SECONDS)
    # Texts of a request may hold halves of characters, which JSON cannot: they are said with a question mark.
    body = orjson.dumps(_encodable({"error": told}))
    return Response(body, status, headers)


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return {key: _encodable(one) for key, one in value.items()} if isinstance(value, dict) else value


def own_refusal(error: errors.TrialistError) -> Response:
    """The answer to a request that failed with this error."""
    where = None
    if isinstance(error, errors.QuerySyntaxError):
        where = {
            "parameter": error.parameter,
            "text": error.text,
            "start": error.start,
            "end": error.end,
        }
    return refused(STATUSES[type(error)], error.code, error.message, error.hint, where)


def own_refused(scope: Scope, status: int, detail: str = "") -> Response | None:
    """The answer to a request that no route answers, where its path belongs to this API, else None."""
    path = "/" + "/".join(part for part in str(scope["path"]).split("/") if part)
    if path != PREFIX and not path.startswith(f"{PREFIX}/"):
        return None
    code, message, hint = BEYOND[status]
    found = refused(status, code, message, detail or hint)
    if status == 405:
        found.headers["allow"] = "GET, HEAD, OPTIONS"
    return found
