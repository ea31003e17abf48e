"""Numbers of results: what the registry wrote, what can be drawn of it, and what a missing one means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from trialist.views.reading import prose_at

_PLAIN = re.compile(r"[-+−]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_THOUSANDS = re.compile(r"[-+−]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_NOT_NUMBERS = {"na", "nr", "ne", "n/a", "n.a.", "nan", "not reached", "--", "-"}
_NOT_REACHED = re.compile(
    r"\bnot\s+(?:yet\s+|been\s+)*(?:reached|attained|achieved|met)\b|\bnever reached\b", re.IGNORECASE
)
_NOT_ESTIMATED = re.compile(
    r"\b(?:not|cannot|could not|unable to)\s+(?:be\s+)?(?:\w+\s+)?(?:estima|calcul|evalua|determin|comput|deriv)",
    re.IGNORECASE,
)
_INSUFFICIENT = re.compile(
    r"\b(?:insufficient|too few|low|small)\b.{0,40}\b(?:event|number|participant|patient|subject|data)",
    re.IGNORECASE,
)
SPREADS = {"STANDARD DEVIATION", "STANDARD ERROR", "STANDARD ERROR OF THE MEAN"}
"""Kinds of dispersion (upper case) that are a distance to both sides of the value."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One number of a table: `text` as it was written, with its spread or limits, and `note`, what a missing one means.

    `comment` is the sponsor's. `value`, `low` and `high` are what can be drawn; `is_open_low` and `is_open_high` say that
    a limit was written but is no number (not reached).
    """

    text: str
    note: str = ""
    comment: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    is_open_low: bool = False
    is_open_high: bool = False


def number_of(text: object) -> float | None:
    """The number that a text is, thousands in commas allowed; None for anything else, "0,31" and "<5" among it."""
    if isinstance(text, bool):
        return None
    if isinstance(text, int | float):
        return float(text) if isfinite(text) else None
    if not isinstance(text, str) or len(text) > 40:
        return None
    bare = text.strip()
    if _THOUSANDS.fullmatch(bare):
        bare = bare.replace(",", "")
    if not _PLAIN.fullmatch(bare):
        return None
    found = float(bare.replace("−", "-"))
    return found if isfinite(found) else None


def written(value: object) -> str:
    """A value as it was written, without the blanks around it; "" for none."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or value is None or isinstance(value, dict | list):
        return ""
    return str(value)


def reading_of(texts: Mapping[str, str]) -> str:
    """What a value that is no number means, as far as it or the comment beside it says so; "" where all are numbers."""
    missing = [
        key for key in ("value", "lowerLimit", "upperLimit") if texts.get(key, "").lower() in _NOT_NUMBERS
    ]
    if not missing:
        return ""
    comment = texts.get("comment", "")
    what = "" if "value" in missing else "limit "
    if texts.get("value", "").lower() in {"nr", "not reached"} or _NOT_REACHED.search(comment):
        return f"{what}not reached"
    if _NOT_ESTIMATED.search(comment) or _INSUFFICIENT.search(comment):
        return f"{what}could not be estimated"
    return f"{what}not available"


def estimate_of(item: Mapping[str, Any], dispersion: str = "") -> Estimate:
    """A measurement of the record as a number of a table; `dispersion` is what its spread is."""
    keys = ("value", "spread", "lowerLimit", "upperLimit", "comment")
    texts = {key: written(item.get(key)) for key in keys if written(item.get(key))}
    value, spread = number_of(texts.get("value")), number_of(texts.get("spread"))
    low, high = number_of(texts.get("lowerLimit")), number_of(texts.get("upperLimit"))
    if value is not None and spread is not None and dispersion.upper() in SPREADS:
        low, high = value - abs(spread), value + abs(spread)
    return Estimate(
        _text(texts, dispersion),
        reading_of(texts),
        prose_at(item, "comment"),
        value,
        low,
        high,
        "lowerLimit" in texts and low is None,
        "upperLimit" in texts and high is None,
    )


def _text(texts: Mapping[str, str], dispersion: str) -> str:
    parts = [texts.get("value", "")]
    has_limits = "lowerLimit" in texts or "upperLimit" in texts
    # Beside the limits of an interval a spread is anything, often one of them.
    is_stray = has_limits and dispersion.upper() not in SPREADS
    if "spread" in texts and not is_stray:
        is_distance = number_of(texts["spread"]) is not None
        parts.append(f"± {texts['spread']}" if is_distance else f"({texts['spread']})")
    if has_limits:
        limits = (texts.get("lowerLimit"), texts.get("upperLimit"))
        says_more = "spread" in texts and is_stray and texts["spread"] not in limits
        stray = f"; spread {texts['spread']}" if says_more else ""
        parts.append(f"({texts.get('lowerLimit', '?')} to {texts.get('upperLimit', '?')}{stray})")
    return " ".join(part for part in parts if part) or "no number"


def percent(part: float | None, whole: float | None) -> float | None:
    """The share of a whole in per cent; None where there is no whole."""
    return None if part is None or not whole else 100 * part / whole


def percent_text(share: float | None) -> str:
    """`12.5%`, `<0.1%`, `100%`; "" for none."""
    if share is None:
        return ""
    if 0 < share < 0.05:
        return "<0.1%"
    text = f"{share:.1f}"
    return f"{text.removesuffix('.0')}%"
