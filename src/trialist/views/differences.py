"""What differs between two versions of a record, value by value, each with its label and place.

Items of a list are the same item when they have the same name (`measure`, `term`, `facility` and `city` …), else when they
stand at the same place; an item that only moved is no difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from trialist.views.markup import unescape
from trialist.views.reading import reach
from trialist.views.tables import label_of, modules
from trialist.views.values import is_markup, text_of

_NAMES: tuple[tuple[str, ...], ...] = (
    ("measure",), ("label", "type"), ("facility", "city", "zip", "country"), ("term", "organSystem"), ("nctId",), ("pmid",),
    ("groupId",), ("id",), ("name",), ("title",), ("label",), ("type",), ("citation",), ("url",), ("filename",),
)  # fmt: skip
_MOST_WORDS = 2_000
_UNTOLD = {"derivedSection", "hasResults"}


class Kind(StrEnum):
    """What happened to a value."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text that was compared: `kind` "" stood in both."""

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that differs. `path` is its place in the data model, `item` what the list's item is called, "" for none."""

    kind: Kind
    path: str
    label: str
    item: str
    before: str
    after: str

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The text of both versions in one, with what was taken out and what was put in."""
        if self.kind is not Kind.CHANGED:
            return (Piece(self.after or self.before, self.kind.value),)
        return compared_texts(self.before, self.after)


@dataclass(frozen=True, slots=True)
class ModuleDifferences:
    """What differs in one module."""

    path: str
    title: str
    differences: tuple[Difference, ...]


def differences_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[ModuleDifferences, ...]:
    """What differs between two versions, module by module in the data model's order; () where nothing does.

    The derived section, which every download makes anew, is left out.
    """
    found = []
    for path in dict.fromkeys((*modules(), *_sections(before), *_sections(after))):
        if path.count(".") != 1 or path.partition(".")[0] in _UNTOLD:
            continue
        old, new = reach(before, path), reach(after, path)
        if old != new:
            rows = tuple(_between(old, new, path, ""))
            if rows:
                title = modules()[path]["title"] if path in modules() else label_of(path)
                found.append(ModuleDifferences(path, title.removesuffix(" Module"), rows))
    return tuple(found)


def _sections(record: Mapping[str, Any]) -> Iterator[str]:
    for section, below in record.items():
        if isinstance(below, Mapping):
            yield from (f"{section}.{module}" for module in below)


def _between(old: Any, new: Any, path: str, item: str) -> Iterator[Difference]:
    if old == new:
        return
    if isinstance(old, Mapping) or isinstance(new, Mapping):
        first, second = (one if isinstance(one, Mapping) else {} for one in (old, new))
        for one in (old, new):
            if one is not None and not isinstance(one, Mapping):
                yield _leaf(one if one is old else None, one if one is new else None, path, item)
        for key in dict.fromkeys((*first, *second)):
            yield from _between(first.get(key), second.get(key), f"{path}.{key}", item)
    elif isinstance(old, list) or isinstance(new, list):
        yield from _between_lists(
            old if isinstance(old, list) else [] if old is None else [old],
            new if isinstance(new, list) else [] if new is None else [new],
            path,
            item,
        )
    else:
        yield _leaf(old, new, path, item)


def _between_lists(old: list[Any], new: list[Any], path: str, item: str) -> Iterator[Difference]:
    if not any(isinstance(one, Mapping) for one in (*old, *new)):
        yield from _between_values(old, new, path, item)
        return
    keyed_old, keyed_new = _keyed(old), _keyed(new)
    for key in dict.fromkeys((*keyed_old, *keyed_new)):
        first, second = keyed_old.get(key), keyed_new.get(key)
        name = " › ".join(
            part for part in (item, _item_name(second if second is not None else first, key)) if part
        )
        yield from _between(first, second, path, name)


def _between_values(old: list[Any], new: list[Any], path: str, item: str) -> Iterator[Difference]:
    """Lists of texts: what is in one and not in the other, as often as it is."""
    first, second = (Counter(text_of(one, path) for one in listed) for listed in (old, new))
    for text in (first - second).elements():
        yield Difference(Kind.REMOVED, path, label_of(path), item, text, "")
    for text in (second - first).elements():
        yield Difference(Kind.ADDED, path, label_of(path), item, "", text)


def _keyed(items: list[Any]) -> dict[Any, Any]:
    """The items by what they are called; those that are called the same are numbered."""
    found: dict[Any, Any] = {}
    times: Counter[Any] = Counter()
    for place, one in enumerate(items):
        key = _name_of(one) or ("", place)
        times[key] += 1
        found[(key, times[key])] = one
    return found


def _name_of(item: Any) -> tuple[str, ...] | None:
    if not isinstance(item, Mapping):
        return None
    for keys in _NAMES:
        if isinstance(item.get(keys[0]), str):
            return (keys[0], *(str(item.get(key, "")) for key in keys))
    return None


def _item_name(item: Any, key: Any) -> str:
    name, times = key
    if not name[0]:
        return f"number {name[1] + 1}"
    told = ", ".join(part for part in name[1:] if part)
    return told if times == 1 else f"{told} ({times})"


def _leaf(old: Any, new: Any, path: str, item: str) -> Difference:
    kind = Kind.ADDED if old is None else Kind.REMOVED if new is None else Kind.CHANGED
    return Difference(kind, path, label_of(path), item, _text(old, path), _text(new, path))


def _text(value: Any, path: str) -> str:
    if value is None:
        return ""
    return unescape(value) if isinstance(value, str) and is_markup(path) else text_of(value, path)


def compared_texts(before: str, after: str) -> tuple[Piece, ...]:
    """Two texts as one, word by word; very long ones line by line."""
    old, new = _words(before), _words(after)
    if len(old) + len(new) > _MOST_WORDS:
        old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    if len(old) + len(new) > _MOST_WORDS:
        return (Piece(before, "removed"), Piece(after, "added"))
    found: list[Piece] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(Piece("".join(old[a:b])))
            continue
        if b > a:
            found.append(Piece("".join(old[a:b]), "removed"))
        if d > c:
            found.append(Piece("".join(new[c:d]), "added"))
    return tuple(found)


def _words(text: str) -> list[str]:
    words: list[str] = []
    for line in text.splitlines(keepends=True):
        parts = line.split(" ")
        words += [f"{part} " for part in parts[:-1]]
        words.append(parts[-1])
    return [word for word in words if word]
