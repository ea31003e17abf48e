"""What a heading of MeSH is about. Source: `tables/illness_attributes.toml`."""

from __future__ import annotations

from functools import cache

from trialist.vocabulary.text import read_table


@cache
def illness_attributes() -> frozenset[str]:
    """The headings that say how an illness runs, such as `Syndrome`, and not which one it is."""
    return frozenset(read_table("illness_attributes.toml")["headings"])
