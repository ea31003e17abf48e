"""What of a text may be an address: links, telephone numbers, ids within a page."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_LINKED = re.compile(
    r"(?P<web>https?://[^\s<>\"'\\^`{|}\x00-\x20\x7f-\xa0]+)|(?P<mail>[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)"
    r"|(?:\bdoi|\bDOI|\bDoi):?\s?(?P<doi>10\.[0-9]{4,9}/[-A-Za-z0-9._;()/:]+)"
)
_BEFORE = {"web": "", "mail": "mailto:", "doi": "https://doi.org/"}
"""What stands before a text of this kind in its address."""
_TRAILING = ".,;:!?)]'\""
_SLUG = re.compile(r"[^a-z0-9]+")
_PHONE = re.compile(r"[^0-9+]")


def linked(text: str) -> list[tuple[str, str]]:
    """A text in pieces, each with the address that it leads to, "" for none."""
    if "://" not in text and "@" not in text and "oi" not in text and "DOI" not in text:
        return [(text, "")]
    found: list[tuple[str, str]] = []
    place = 0
    for hit in _LINKED.finditer(text):
        kind = hit.lastgroup or "web"
        start, whole = hit.start(kind), hit[kind]
        shown = whole.rstrip(_TRAILING)
        if ")" in whole and "(" in shown:
            shown = whole.rstrip(_TRAILING.replace(")", ""))
        if start > place:
            found.append((text[place:start], ""))
        found.append((shown, _BEFORE[kind] + shown))
        place = start + len(shown)
    if place < len(text):
        found.append((text[place:], ""))
    return found


def phone_link(text: object) -> str:
    """A phone number as an address that a phone understands; "" for what has too few digits, or an extension."""
    if not isinstance(text, str) or "ext" in text.lower() or "x" in text.lower():
        return ""
    digits = _PHONE.sub("", text)
    return f"tel:{digits}" if 6 <= len(digits.strip("+")) <= 15 and "+" not in digits[1:] else ""


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


def anchor(text: str) -> str:
    """A text as an id within a page."""
    return _SLUG.sub("-", text.lower()).strip("-") or "part"
