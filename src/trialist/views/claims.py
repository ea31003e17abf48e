"""The leaves of a record, each to be shown once: a layout takes what it shows, and what is left is seen to be left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trialist.views.nodes import Leaf

PlacedLeaf = tuple[str, str, Any]
"""Dotted path, JSON pointer and value of a leaf."""


def token(key: str) -> str:
    """A key as one step of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1") if "~" in key or "/" in key else key


def walk(value: Any, path: str = "", pointer: str = "") -> Iterator[PlacedLeaf]:
    """The leaves that `record.catalogue.walk_leaves` gives, in its order, at any depth of nesting.

    A stack of our own instead of recursion: a record may be nested deeper than the interpreter recurses.
    """
    stack: list[PlacedLeaf] = [(path, pointer, value)]
    while stack:
        path, pointer, value = stack.pop()
        if isinstance(value, dict) and value:
            below = [
                (f"{path}.{key}" if path else key, f"{pointer}/{token(key)}", item)
                for key, item in value.items()
            ]
            below.reverse()
            stack.extend(below)
        elif isinstance(value, list) and value:
            stack.extend(
                (path, f"{pointer}/{place}", value[place]) for place in range(len(value) - 1, -1, -1)
            )
        else:
            yield path, pointer, value


class Claims:
    """The leaves not shown yet. Taking a leaf twice gives nothing the second time, so none can be shown twice."""

    def __init__(self, record: Any) -> None:
        self._left: dict[str, tuple[str, Any]] = {
            pointer: (path, value) for path, pointer, value in walk(record)
        }

    def take(self, pointer: str) -> tuple[Leaf, ...]:
        """The leaf at a pointer, as a tuple of one, or () when there is none or it was taken."""
        found = self._left.pop(pointer, None)
        return () if found is None else ((pointer, found[1]),)

    def take_below(self, value: Any, path: str, pointer: str) -> list[PlacedLeaf]:
        """The leaves of a value at a pointer that were not taken yet."""
        left = self._left
        return [leaf for leaf in walk(value, path, pointer) if left.pop(leaf[1], None) is not None]

    def rest(self) -> list[PlacedLeaf]:
        """Everything not taken, in the record's order; afterwards nothing is left."""
        found = [(path, pointer, value) for pointer, (path, value) in self._left.items()]
        self._left.clear()
        return found
