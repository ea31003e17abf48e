"""The name a reader knows a sponsor by, from the name the registry holds."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources

_SIGNS = re.compile(r"[^\w&+]+")
# KGaA is not among them: of two companies called Merck it is what tells one from the other.
_LEGAL = re.compile(
    r"(?:[\s,]+(?:inc|incorporated|llc|l\.l\.c|ltd|limited|co|corp|corporation|company|gmbh|ag|a/s|ab|sa|s\.a|plc|nv|n\.v|bv|b\.v|oy|kg|spa|s\.p\.a|sas|s\.a\.s)\.?)+$",
    re.IGNORECASE,
)


@cache
def _aliases() -> Mapping[str, str]:
    """Raw name in its folded form → display name."""
    text = (resources.files("trialist.vocabulary") / "tables" / "sponsor_aliases.json").read_text(
        encoding="utf-8"
    )
    found: dict[str, str] = {}
    for display, raws in json.loads(text)["sponsors"].items():
        for raw in (display, *raws):
            found[_folded(raw)] = display
    return found


def _folded(name: str) -> str:
    """A name without case, punctuation and legal form, for comparison only."""
    return _SIGNS.sub(" ", _LEGAL.sub("", name.strip()).casefold()).strip()


def display_name(raw: str) -> str:
    """The display name of a sponsor; a name that the table does not know stays as it is.

    Case, punctuation and legal forms do not matter: `Coopervision, Inc.` and `CooperVision` are one.
    """
    return _aliases().get(_folded(raw), raw)


def spellings_of(display: str) -> tuple[str, ...]:
    """The names that the table takes for a sponsor, its display name first; that alone for a name it does not know."""
    return tuple(dict.fromkeys((display, *_spellings().get(display, ()))))


@cache
def _spellings() -> Mapping[str, tuple[str, ...]]:
    text = (resources.files("trialist.vocabulary") / "tables" / "sponsor_aliases.json").read_text(
        encoding="utf-8"
    )
    return {display: tuple(raws) for display, raws in json.loads(text)["sponsors"].items()}


def letter_of(name: str) -> str:
    """The letter of a sponsor's avatar: the first letter or digit of its name, capital; `?` when there is none."""
    return next((char.upper()[:1] for char in name if char.isalnum()), "?")
