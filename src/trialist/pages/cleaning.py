"""Texts of records made fit for a page: what HTML may not hold, and what would turn the text around it, is made visible."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup

# Controls and non-characters are errors in HTML; overrides of direction make a text read other than it is.
_UNFIT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff"
    "\U0001fffe\U0001ffff\U0002fffe\U0002ffff\U0010fffe\U0010ffff]"
)


def clean(text: str) -> str:
    """A text with its line breaks, and whatever a page may not hold as a visible sign."""
    if text.isprintable():
        return text if text.isascii() else _UNFIT.sub(_visible, text)
    return _UNFIT.sub(_visible, text.replace("\r\n", "\n").replace("\r", "\n"))


def _visible(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if 0xD800 <= code <= 0xDFFF or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
        return "\ufffd"
    return "\u2421" if code == 0x7F else f"<U+{code:04X}>"


def cleaned(value: Any) -> Any:
    """What a template writes: texts made clean, everything else as it is. Markup is made of what was cleaned before."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value
