"""Reads of a record of which nothing is taken for granted: a value of another type than expected is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trialist.record.dates import PartialDate, parse_partial_date
from trialist.views.claims import token


def pointer_of(path: str) -> str:
    """The JSON pointer of a dotted path that leads through objects only."""
    return "/" + path.replace(".", "/")


class Reader:
    """Typed reads by dotted path; every path must lead through objects, not lists."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.record = record

    def get(self, path: str) -> Any:
        """What stands at a path, or None."""
        value: Any = self.record
        for key in path.split("."):
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return value

    def text(self, path: str) -> str:
        """The text at a path, or ""."""
        value = self.get(path)
        return value if isinstance(value, str) and value.strip() else ""

    def flag(self, path: str) -> bool | None:
        """True or False at a path, or None."""
        value = self.get(path)
        return value if isinstance(value, bool) else None

    def count(self, path: str) -> int | None:
        """The whole number at a path, or None."""
        value = self.get(path)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def date(self, path: str) -> PartialDate | None:
        """The date at a path, or None."""
        found = parse_partial_date(self.get(path))
        return found if isinstance(found, PartialDate) else None

    def texts(self, path: str) -> list[tuple[str, str]]:
        """The texts in the list at a path, with their pointers; a single text counts as a list of one."""
        return list(texts_in(self.get(path), pointer_of(path)))

    def objects(self, path: str) -> list[tuple[Mapping[str, Any], str]]:
        """The objects in the list at a path, with their pointers."""
        value = self.get(path)
        items = value if isinstance(value, list) else ()
        at = pointer_of(path)
        return [(item, f"{at}/{place}") for place, item in enumerate(items) if isinstance(item, dict)]


def texts_in(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    """The texts in a list, with their pointers; a single text counts as a list of one."""
    if isinstance(value, str):
        if value.strip():
            yield value, pointer
    elif isinstance(value, list):
        for place, item in enumerate(value):
            if isinstance(item, str) and item.strip():
                yield item, f"{pointer}/{place}"


def text_in(holder: Mapping[str, Any], key: str) -> str:
    """The text below a key of an object, or ""."""
    value = holder.get(key)
    return value if isinstance(value, str) and value.strip() else ""


def leaf(holder: Mapping[str, Any], key: str, pointer: str) -> tuple[tuple[str, Any], ...]:
    """The leaf below a key of an object, as a tuple of one, or (); an object or list that holds something is no leaf."""
    value = holder.get(key)
    if key not in holder or (isinstance(value, (dict, list)) and value):
        return ()
    return ((f"{pointer}/{token(key)}", value),)
