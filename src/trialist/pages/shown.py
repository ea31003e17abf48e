"""What a page's function gives back: a template with what it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from trialist.pages.asked import Asked


@dataclass(frozen=True, slots=True)
class Shown:
    """A template and the value that it knows as `page`. A page that depends on nothing but the state and the day is `kept`."""

    template: str
    page: Any
    status: int = 200
    media_type: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


Make = Callable[[Asked], Shown | Response]
"""Makes a page, in a thread; errors of the tree become pages of their own."""


def moved(url: str, *, for_good: bool = False) -> Response:
    """The way to another page of this site; an address that leads elsewhere is a mistake of the caller."""
    if not url.startswith("/") or url.startswith("//") or "\\" in url:
        raise ValueError(f"not an address of this site: {url!r}")
    return Response(status_code=301 if for_good else 303, headers={"location": url})
