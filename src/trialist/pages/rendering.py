"""Templates → HTML. Every text is escaped, every name that a template uses must exist."""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from trialist.pages.cleaning import cleaned
from trialist.pages.glossary import explained
from trialist.pages.linking import linked, phone_link
from trialist.pages.prose import pieces_of
from trialist.pages.record import doc_at
from trialist.pages.runs import runs_of
from trialist.pages.static_files import static_files

_SLUG = re.compile(r"[^a-z0-9]+")


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
        "linked": linked,
        "phone": phone_link,
        "explained": explained,
        "field_doc": doc_at,
        "pieces": pieces_of,
        "runs": runs_of,
    }
    found.globals["static"] = static_files().url
    return found


def render(template: str, **values: Any) -> bytes:
    """A page as bytes."""
    return environment().get_template(template).render(**values).encode("utf-8", "replace")


def link(text: object) -> str:
    """An address that may be followed: one of the web, else "": a record may hold `javascript:` and anything else."""
    if not isinstance(text, str):
        return ""
    try:
        found = urlsplit(text.strip())
    except ValueError:
        return ""
    is_web = found.scheme in ("http", "https") and bool(found.netloc)
    return text.strip() if is_web and text.isprintable() and " " not in text.strip() else ""


def thousands(number: float) -> str:
    """12345 → 12,345."""
    return f"{number:,}"


def anchor(text: str) -> str:
    """A text as an id within a page."""
    return _SLUG.sub("-", text.lower()).strip("-") or "part"


def part(text: str) -> str:
    """A text as one part of a path, or as the value of a parameter."""
    return quote(text, safe="")
