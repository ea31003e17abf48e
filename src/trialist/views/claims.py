"""The leaves of a record, each to be shown once: a layout takes what it shows, and what is left is seen to be left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from trialist.views.nodes import Leaf

PlacedLeaf = tuple[str, str, Any]
"""Dotted path, JSON pointer and value of a leaf."""


_NONE = object()
"""What stands nowhere in a record: a leaf may be null."""


def token(key: str) -> str:
    """A key as one step of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1") if "~" in key or "/" in key else key


def walk(value: Any, path: str = "", pointer: str = "") -> Iterator[PlacedLeaf]:
    """The leaves that `record.catalogue.walk_leaves` gives, in its order, at any depth of nesting.

    A stack of our own instead of recursion: a record may be nested deeper than the interpreter recurses.
    """
    if not isinstance(value, (dict, list)):
        yield path, pointer, value
        return
    stack: list[PlacedLeaf] = [(path, pointer, value)]
    while stack:
        path, pointer, value = stack.pop()
        if isinstance(value, dict) and value:
            lead = f"{path}." if path else ""
            stack.extend([(lead + key, f"{pointer}/{token(key)}", value[key]) for key in reversed(value)])
        elif isinstance(value, list) and value:
            stack.extend(
                (path, f"{pointer}/{place}", value[place]) for place in range(len(value) - 1, -1, -1)
            )
        else:
            yield path, pointer, value


def count_leaves(value: Any) -> int:
    """How many leaves `walk` gives for a value."""
    count = 0
    stack = [value]
    while stack:
        value = stack.pop()
        if isinstance(value, dict) and value:
            stack.extend(value.values())
        elif isinstance(value, list) and value:
            stack.extend(value)
        else:
            count += 1
    return count


def _leaves_by_pointer(record: Any) -> dict[str, Any]:
    """Pointer → value of every leaf. Their paths are made only when asked for: few are, and making them takes time."""
    found: dict[str, Any] = {}
    stack: list[tuple[str, Any]] = [("", record)]
    while stack:
        pointer, value = stack.pop()
        if isinstance(value, dict) and value:
            pairs: Iterable[tuple[Any, Any]] = value.items()
        elif isinstance(value, list) and value:
            pairs = enumerate(value)
        else:
            found[pointer] = value
            continue
        for key, item in pairs:
            at = f"{pointer}/{token(key) if isinstance(key, str) else key}"
            if isinstance(item, (dict, list)):
                stack.append((at, item))
            else:
                found[at] = item
    return found


class Claims:
    """The leaves not shown yet. Taking a leaf twice gives nothing the second time, so none can be shown twice."""

    def __init__(self, record: Any) -> None:
        self._record = record
        self._left = _leaves_by_pointer(record)

    def take(self, pointer: str) -> tuple[Leaf, ...]:
        """The leaf at a pointer, as a tuple of one, or () when there is none or it was taken."""
        found = self._left.pop(pointer, _NONE)
        return () if found is _NONE else ((pointer, found),)

    def __len__(self) -> int:
        """How many leaves are not taken yet."""
        return len(self._left)

    def take_below(self, value: Any, path: str, pointer: str) -> list[PlacedLeaf]:
        """The leaves of a value at a pointer that were not taken yet."""
        left = self._left
        return [leaf for leaf in walk(value, path, pointer) if left.pop(leaf[1], _NONE) is not _NONE]

    def rest(self) -> list[PlacedLeaf]:
        """Everything not taken, in the record's order; afterwards nothing is left."""
        return self.take_below(self._record, "", "") if self._left else []
