"""Reads of a record by key, which give nothing where the record has another shape than the catalogue says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trialist.views.markup import unescape


def reach(value: Any, path: str) -> Any:
    """What stands at a dotted path; None where there is nothing, or a list on the way."""
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def text_at(value: Any, path: str) -> str:
    """The text at a path without the blanks around it; "" where there is none."""
    found = reach(value, path)
    return found.strip() if isinstance(found, str) else ""


def texts_at(value: Any, path: str) -> list[str]:
    """The texts of a list, without empty ones."""
    found = reach(value, path)
    listed = found if isinstance(found, list) else []
    return [item.strip() for item in listed if isinstance(item, str) and item.strip()]


def objects_at(value: Any, path: str) -> Iterator[Mapping[str, Any]]:
    """The objects of a list."""
    found = reach(value, path)
    return (item for item in (found if isinstance(found, list) else []) if isinstance(item, Mapping))


def prose_at(value: Any, path: str) -> str:
    """The text at a path where the registry allows markup, its escapes undone; "" where there is none."""
    found = text_at(value, path)
    return unescape(found) if "\\" in found or "&" in found else found
