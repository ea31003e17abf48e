"""A study as a reader sees it: frozen values, and their writing as text, Markdown and JSON.

Each name is imported when it is first used: whoever shows one view in one form waits for no other.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOMES = {
    "View": "trialist.views.nodes",
    "leaves": "trialist.views.nodes",
    "public_view": "trialist.views.public",
    "record_view": "trialist.views.record",
    "render_json": "trialist.views.plain",
    "render_markdown": "trialist.views.markdown",
    "render_text": "trialist.views.text",
    "slug": "trialist.views.titles",
}

__all__ = [
    "View",
    "leaves",
    "public_view",
    "record_view",
    "render_json",
    "render_markdown",
    "render_text",
    "slug",
]

if TYPE_CHECKING:
    from trialist.views.markdown import render_markdown
    from trialist.views.nodes import View, leaves
    from trialist.views.plain import render_json
    from trialist.views.public import public_view
    from trialist.views.record import record_view
    from trialist.views.text import render_text
    from trialist.views.titles import slug


def __getattr__(name: str) -> Any:
    """A name of the package, from the module it lives in."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(home), name)
    globals()[name] = found
    return found
