"""The form of the search as it was filled in."""

from __future__ import annotations

from trialist.pages.asked import Asked
from trialist.pages.contexts import Choice, FindForm
from trialist.pages.find_asked import DISTANCES, FILTERS

_SHOWN = ("cond", "intr", "place", "q", "years", "sponsor", "title", "id", "outcome")
_RARE = ("q", "years", "sex", "sponsor", "title", "id", "outcome")
_SEXES = (("", "Any"), ("female", "Female"), ("male", "Male"))


def form_of(asked: Asked, *, keeps_filters: bool) -> FindForm:
    """The form; where no filters are shown beside it, it sends those along that were chosen."""
    words = {name: asked.text(name) for name in _SHOWN}
    within, sex = asked.text("within"), asked.text("sex")
    distances = [
        ("", "Any distance"),
        *((text, f"Within {text.removesuffix('km')} km") for text in DISTANCES),
    ]
    if within and within not in dict(distances):
        distances.append((within, f"Within {within}"))
    kept = [("view", asked.text("view")), ("sort", asked.text("sort")), ("size", asked.text("size"))]
    if keeps_filters:
        kept += [(name, value) for name in FILTERS for value in asked.texts(name)]
    return FindForm(
        words,
        tuple(Choice(value, label, value == within) for value, label in distances),
        tuple(Choice(value, label, value == sex) for value, label in _SEXES),
        asked.text("open") == "1",
        tuple((name, value) for name, value in kept if value),
        any(asked.text(name) for name in _RARE),
    )
