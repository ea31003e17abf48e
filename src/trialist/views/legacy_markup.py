"""A record with its markup as the plain text that the registry's classic interface had.

Since 2023 texts of the type `markup` are CommonMark: a backslash before a sign that would be read as markup, character
references, `* ` and `1. ` before the items of lists. The classic text has none of the backslashes and references, and
its lines end in CR LF. Lists keep their markers: as what they were entered is not in the record.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from functools import cache
from html.entities import html5
from typing import Any

from trialist.record.catalogue import fields

# CommonMark 0.31, 2.4 and 2.5: a backslash escapes ASCII punctuation only; a reference ends in a semicolon.
_ESCAPED = re.compile(
    r"\\([!-/:-@\[-`{-~])|(&(?:[A-Za-z][A-Za-z0-9]{0,31}|#[0-9]{1,7}|#[Xx][0-9A-Fa-f]{1,6});)"
)
_LINE_END = re.compile(r"\r\n|\r|\n")
_Tree = dict[str, "_Tree | None"]


def to_classic(record: Mapping[str, Any]) -> dict[str, Any]:
    """A new record in which every text of the type `markup` is plain; everything else is shared with the one given."""
    return _converted(record, _markup_tree())


legacy = to_classic
"""As the value of the parameter `markupFormat` names it."""


def classic_text(text: str) -> str:
    """CommonMark as the registry writes it → plain text with CR LF."""
    if "\\" in text or "&" in text:
        text = _ESCAPED.sub(_meant, text)
    return _LINE_END.sub("\r\n", text)


def _meant(found: re.Match[str]) -> str:
    reference = found[2]
    if reference is None:
        return found[1]
    return html.unescape(reference) if reference[1] == "#" else html5.get(reference[1:], reference)


@cache
def _markup_tree() -> _Tree:
    """The keys on the way to texts of the type `markup`, which are None."""
    tree: _Tree = {}
    for field in fields():
        if field.type == "markup" and not field.indexed_only:
            level = tree
            *parents, name = field.path.split(".")
            for key in parents:
                below = level.setdefault(key, {})
                assert below is not None
                level = below
            level[name] = None
    return tree


def _converted(record: Mapping[str, Any], tree: _Tree) -> dict[str, Any]:
    found = dict(record)
    for key in tree.keys() & found.keys():
        found[key] = _value(found[key], tree[key])
    return found


def _value(value: Any, below: _Tree | None) -> Any:
    if isinstance(value, list):
        return [_value(item, below) for item in value]
    if below is None:
        return classic_text(value) if isinstance(value, str) else value
    return _converted(value, below) if isinstance(value, dict) else value
