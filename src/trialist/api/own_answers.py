"""Answers of the project's own API."""

from __future__ import annotations

from starlette.responses import Response


def answered(
    body: bytes, media_type: str = "application/json", headers: dict[str, str] | None = None
) -> Response:
    """A ready answer. It has no tag: what it says may depend on the day, not on the registry alone."""
    return Response(body, 200, {"content-type": media_type, **(headers or {})})
