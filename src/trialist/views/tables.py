"""The tables of `views/tables/`: labels, paragraphs, words. Read when first asked for, once a process."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from trialist.record.catalogue import Field, children, fields_by_path


def read_table(name: str) -> Any:
    """A table of this package as it stands in its file."""
    return json.loads((resources.files("trialist.views") / "tables" / name).read_text(encoding="utf-8"))


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """Table → registry value → the word a reader sees."""
    read: Mapping[str, Mapping[str, str]] = read_table("words.json")["words"]
    return read


@cache
def modules() -> Mapping[str, Mapping[str, str]]:
    """Dotted path of a section or module → its title and the paragraph about it."""
    read: Mapping[str, Mapping[str, str]] = read_table("modules.json")["modules"]
    return read


@cache
def _labels() -> Mapping[str, Mapping[str, str]]:
    read: Mapping[str, Mapping[str, str]] = read_table("labels.json")
    return read


@cache
def shown_when_absent() -> Mapping[str, str]:
    """Path → the words for its absence, for fields that are shown even when a record does not have them."""
    return _labels()["always"]


@cache
def _shown_parents() -> frozenset[str]:
    return frozenset(
        path[:place] for path in shown_when_absent() for place in range(len(path)) if path[place] == "."
    )


def is_shown_when_absent(path: str) -> bool:
    """Whether a field, or something below it, is shown even when a record does not have it."""
    return path in shown_when_absent() or path in _shown_parents()


def label_of(path: str) -> str:
    """The label of a field: ours, else the catalogue's title, else its key made readable."""
    found = _labels()["labels"].get(path)
    if found:
        return found
    field = fields_by_path().get(path)
    return field.title if field is not None and field.title else readable(path.rpartition(".")[2])


@cache
def known_keys(path: str) -> tuple[str, ...]:
    """The keys the catalogue knows in the object at a path, in data-model order."""
    return tuple(field.name for field in children().get(path, ()))


def field_at(path: str) -> Field | None:
    """The catalogue's field at a path, or None."""
    return fields_by_path().get(path)


_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_")


def readable(key: str) -> str:
    """A key as words: `versionHolder` → `Version Holder`; a key without a letter stays, an empty one is said to be so."""
    text = " ".join(part for part in _HUMP.sub(" ", key).split(" ") if part)
    return (text[:1].upper() + text[1:]) or "(key without a name)"
