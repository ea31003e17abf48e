"""Addresses of searches: as short as they can be, so that they can be shared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote_plus

Pairs = tuple[tuple[str, str], ...]


def written(path: str, pairs: Iterable[tuple[str, str]]) -> str:
    """An address with its parameters, in the order given."""
    query = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
    return f"{path}?{query}" if query else path


def changed(given: Pairs, changes: Mapping[str, str], *, but: Iterable[str] = ()) -> Pairs:
    """The parameters with others in place of some; "" takes one out. Those named in `but` are left out."""
    out = {*changes, *but}
    kept = [pair for pair in given if pair[0] not in out]
    return (*kept, *((name, value) for name, value in changes.items() if value))


def without(given: Pairs, name: str, value: str, *, but: Iterable[str] = ()) -> Pairs:
    """The parameters without one of them."""
    out = set(but)
    return tuple(
        (one, text) for one, text in given if (one, text.strip()) != (name, value) and one not in out
    )
