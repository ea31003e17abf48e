"""A record cut down to the fields that were asked for.

Names are search areas (all their pieces), pieces or dotted paths; a structure stands for everything below it. What comes
out keeps the shape of the record: its keys in data-model order, its lists in their length, an element without anything
asked for as an empty object. The wordings of refusals are those of the registry's own API.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import orjson

from trialist.errors import InvalidParameterError, UnknownFieldError
from trialist.record.catalogue import fields_by_path, fields_by_piece, find_field, key_order, search_areas
from trialist.record.selecting import Selector, Tree

QUERY = "@query"
"""The name that stands for all fields that a search looked in."""

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9\-. ]*")


@dataclass(frozen=True, slots=True)
class Projection:
    """Which fields of a record are wanted: the shortest list of paths that names them all.

    `wants_query` says that the fields of the search were asked for too; `with_query` puts them in.
    """

    paths: frozenset[str]
    wants_query: bool = False
    _tree: Tree = field(init=False, repr=False, compare=False)
    _selector: Selector = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        unknown = self.paths - fields_by_path().keys()
        if unknown:
            raise ValueError(f"not a path of the catalogue: {min(unknown)}")
        if not self.paths and not self.wants_query:
            raise ValueError("a projection names at least one field")
        shortest = frozenset(path for path in self.paths if not self._is_covered(path))
        object.__setattr__(self, "paths", shortest)
        object.__setattr__(self, "_tree", _tree(shortest))
        object.__setattr__(self, "_selector", Selector(self._tree))

    def _is_covered(self, path: str) -> bool:
        parents = path.split(".")[:-1]
        return any(".".join(parents[:count]) in self.paths for count in range(1, len(parents) + 1))

    def with_query(self, pieces: Iterable[str]) -> Projection:
        """The same with these pieces, if the fields of the search were asked for; else the projection itself."""
        if not self.wants_query:
            return self
        return Projection(self.paths | {find_field(piece).path for piece in pieces}, wants_query=True)

    def apply(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """A new record with what is wanted; the values themselves are shared with the one given."""
        return _cut(record, self._tree)

    def apply_bytes(self, raw: bytes) -> bytes:
        """The same from JSON to JSON on one line; what is carried over stays as it was written."""
        found = self._selector.select(raw)
        return orjson.dumps(_cut(orjson.loads(raw), self._tree)) if found is None else found


def parse_fields(texts: Sequence[str], *, allow_query: bool) -> Projection:
    """The projection that the values of a `fields` parameter ask for, each a list parted by commas or bars.

    `InvalidParameterError` in the words of the registry's API for a name that is none (case counts), for a malformed
    one, and for an empty list; `@query` is malformed where it is not allowed.
    """
    names = [name.strip() for text in texts for name in re.split(r"[,|]", text) if name.strip()]
    if not names:
        raise InvalidParameterError("Parameter `fields` must not be empty", hint="Name at least one field.")
    paths: set[str] = set()
    for place, name in enumerate(names, 1):
        if name == QUERY and allow_query:
            continue
        if not _NAME.fullmatch(name):
            raise InvalidParameterError(
                f"Item {place} in parameter `fields` has incorrect format",
                hint="Write pieces, paths or search areas with commas between them.",
            )
        paths.update(_paths_of(name))
    return Projection(frozenset(paths), wants_query=allow_query and QUERY in names)


def _paths_of(name: str) -> Iterable[str]:
    area = search_areas().get(name)
    if area is not None:
        return [fields_by_piece()[piece].path for part in area.parts for piece in part.pieces]
    try:
        return [find_field(name).path]
    except UnknownFieldError as error:
        raise InvalidParameterError(
            f"Parameter 'fields' contains invalid field name: '{name}'", hint=error.hint
        ) from None


@cache
def _places() -> Mapping[str, tuple[int, int]]:
    """Path → its place among its siblings: as the registry writes them, those never seen after the others."""
    order = key_order()
    found = {}
    for place, path in enumerate(fields_by_path()):
        parent, _, name = path.rpartition(".")
        found[path] = (order.get(parent, {}).get(name, len(fields_by_path())), place)
    return found


def _tree(paths: frozenset[str], below: str = "") -> Tree:
    keys: dict[str, set[str]] = {}
    start = len(below) + 1 if below else 0
    for path in paths:
        keys.setdefault(path[start:].partition(".")[0], set()).add(path)
    found = []
    for key in sorted(keys, key=lambda key: _places()[f"{below}.{key}" if below else key]):
        here = f"{below}.{key}" if below else key
        found.append((key, None if here in paths else _tree(frozenset(keys[key]), here)))
    return tuple(found)


def _cut(record: Mapping[str, Any], tree: Tree) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, below in tree:
        if key not in record:
            continue
        value = record[key]
        if below is not None:
            if type(value) is dict:
                value = _cut(value, below)
            elif type(value) is list:
                value = [_cut(item, below) if type(item) is dict else item for item in value]
        found[key] = value
    return found
