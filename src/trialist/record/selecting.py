"""JSON → JSON with only some of its members, without building what is not wanted.

What is wanted is carried over as the bytes it was, numbers and escapes untouched. This is the short way for sound
records; where a record has another shape than the tree it gives up, and the caller takes the long way.
"""

from __future__ import annotations

from typing import Any

import msgspec

Tree = tuple[tuple[str, Any], ...]
"""(key, the tree below it or None for everything), in the order the keys are to be written."""

_encode = msgspec.json.Encoder().encode


class Selector:
    """Cuts JSON objects down to a tree of keys; lists are cut in each of their objects."""

    def __init__(self, tree: Tree) -> None:
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_struct(tree))

    def select(self, raw: bytes) -> bytes | None:
        """Compact JSON on one line, if the given one is compact; None where the record has not the tree's shape."""
        try:
            found: bytes = _encode(self._decoder.decode(raw))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        return None if b"\n" in found or b"\r" in found else found


def _struct(tree: Tree) -> type:
    rows: list[tuple[str, Any, Any]] = []
    names: dict[str, str] = {}
    for place, (key, below) in enumerate(tree):
        name = f"member_{place}"
        names[name] = key
        if below is None:
            rows.append((name, msgspec.Raw | msgspec.UnsetType, msgspec.UNSET))
        else:
            kind: Any = _struct(below)
            rows.append((name, kind | list[kind] | msgspec.UnsetType, msgspec.UNSET))
    return msgspec.defstruct("selected", rows, rename=names, gc=False)
