"""Templates → HTML. Every text is escaped, every name that a template uses must exist."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from trialist.pages.cleaning import cleaned
from trialist.pages.linking import anchor, link
from trialist.pages.node_html import explained_html, nodes_html, table_html, values_html
from trialist.pages.static_files import static_files


@cache
def environment() -> Environment:
    """The templates of the package."""
    found = Environment(
        loader=PackageLoader("trialist.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=cleaned,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    found.filters |= {
        "link": link,
        "thousands": thousands,
        "anchor": anchor,
        "part": part,
        "explained": explained_html,
        "nodes": nodes_html,
        "table": table_html,
        "values": values_html,
    }
    found.globals["static"] = static_files().url
    return found


def render(template: str, **values: Any) -> bytes:
    """A page as bytes."""
    return environment().get_template(template).render(**values).encode("utf-8", "replace")


def thousands(number: float) -> str:
    """12345 → 12,345."""
    return f"{number:,}"


def part(text: str) -> str:
    """A text as one part of a path, or as the value of a parameter."""
    return quote(text, safe="")
