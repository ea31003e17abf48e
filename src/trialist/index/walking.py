"""The walk through the JSON of studies, compiled: the Python side of `walk.c`, whose structures it mirrors.

The catalogue becomes a table of nodes, each with the sink that takes its values; a walk goes through study after study
and fills the columns of the sinks. What they mean is said in `documents.py`.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from ctypes import POINTER, Structure, byref, c_int64, c_ubyte, c_uint32, c_void_p, sizeof
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from trialist.index.arrays import Array
from trialist.index.kernels import address, compiled
from trialist.index.layout import LOCATIONS, FieldKind, kinds
from trialist.index.words import Column, Words, character_classes
from trialist.record.catalogue import Field, children
from trialist.record.derived import Count, counts_at
from trialist.record.enums import enum_values
from trialist.vocabulary.learned import PARTS
from trialist.vocabulary.text import read_entities

_STRUCT, _TEXT, _VALUES, _SITES, _CODES, _BOOLEANS, _INTEGERS, _NUMBERS, _POINTS = range(9)
_IS_SITE, _IS_OF_SITE, _IS_KEPT, _IS_ONCE = 1, 2, 4, 8
_LENGTH, _IS_OBJECT, _IS_NEW_TEXT, _GOES_TO = range(4)
_NO_MEMORY, _DAMAGED, _AGAIN = -1, -2, -4
_COLUMNS, _COUNTERS, _MOST_CHILDREN = 6, 8, 128
_DEEPEST = 50
"""What is nested deeper than this in a record is no value of the catalogue."""

_WHOLE = frozenset({"short", "integer", "long"})
_NODE = (
    *("kind", "sink", "flags", "child", "children", "name", "name_size", "share", "shares", "counter", "counters"),
    *("kept", "slot", "slots"),
)  # fmt: skip


class _Sink(Structure):
    _fields_ = (
        ("column", Column * _COLUMNS),
        ("slot", c_void_p),
        ("slots", c_int64),
        ("mark", c_int64 * _COLUMNS),
    )


class _Answers(Structure):
    _fields_ = (("number", c_void_p), ("text", c_void_p), ("end", c_void_p), ("count", c_int64))


class _Plan(Structure):
    _fields_ = (
        *((name, c_void_p) for name in ("node", "name", "share", "counter", "classes")),
        *((name, c_int64) for name in ("nodes", "name_size", "shares", "counters", "sinks", "kepts")),
    )


@cache
def _library() -> Any:
    found = compiled()
    sizes = (c_int64 * 6)()
    found.walk_sizes(sizes)
    wanted = [8 * len(_NODE), 24, *(sizeof(one) for one in (_Sink, _Answers, _Plan, Column))]
    if list(sizes) != wanted:
        raise ImportError("the compiled part of trialist is of another version: install it again")
    found.walk_open.argtypes, found.walk_open.restype = (POINTER(_Plan), c_void_p), c_void_p
    found.walk_close.argtypes, found.walk_close.restype = (c_void_p,), None
    found.walk_know.argtypes, found.walk_know.restype = (c_void_p, c_int64, c_void_p, c_int64), c_int64
    found.walk_study.argtypes = (c_void_p, c_void_p, c_int64, c_uint32, c_int64, POINTER(_Answers))
    found.walk_study.restype = c_int64
    found.walk_sinks.argtypes, found.walk_sinks.restype = (c_void_p,), POINTER(_Sink)
    found.walk_kept.argtypes, found.walk_kept.restype = (c_void_p,), POINTER(c_int64)
    for name in ("walk_site_study", "walk_asked", "walk_asked_end", "walk_asked_number"):
        getattr(found, name).argtypes, getattr(found, name).restype = (c_void_p,), POINTER(Column)
    return found


@dataclass(frozen=True, slots=True)
class Plan:
    """The catalogue as the walk reads it.

    `sinks` says of every name the number of its sink, `known` of a sink the texts it knows from the beginning. Fields
    whose texts are read later (dates and lengths of time) have sinks of distinct texts; `years` do too.
    """

    nodes: NDArray[np.int64]
    names: bytes
    shares: NDArray[np.int64]
    counters: NDArray[np.int64]
    sinks: Mapping[str, int]
    known: Mapping[int, Sequence[bytes]]
    years: frozenset[str]


@cache
def plan() -> Plan:
    """The plan of this catalogue."""
    return _Planner().plan()


class _Planner:
    def __init__(self) -> None:
        self.rows: list[dict[str, int]] = [dict.fromkeys(_NODE, 0) | {"kind": _STRUCT, "sink": -1}]
        self.at: dict[str, int] = {"": 0}
        self.names = bytearray()
        self.shares: dict[int, list[tuple[int, int, int]]] = {}
        self.counters: list[int] = []
        self.sinks: dict[str, int] = {}
        self.known: dict[int, Sequence[bytes]] = {}
        self.years: set[str] = set()

    def plan(self) -> Plan:
        waiting = [""]
        for path in waiting:  # grows: breadth first, so that the nodes below one stand together
            below = children().get(path, ())
            row = self.rows[self.at[path]]
            row["child"], row["children"] = len(self.rows), len(below)
            if len(below) > _MOST_CHILDREN:
                raise ValueError(f"{path}: more keys than the walk knows")
            for field in below:
                self.at[field.path] = len(self.rows)
                self.rows.append(self._node(field))
                if field.is_struct:
                    waiting.append(field.path)
        for path in waiting:
            self._count(path)
        rows: list[tuple[int, int, int]] = []
        for number, found in self.shares.items():
            self.rows[number]["share"], self.rows[number]["shares"] = len(rows), len(found)
            rows += found
        for number, part in enumerate(PARTS):
            row = self.rows[self.at[".".join(part)]]
            row["flags"] |= _IS_KEPT
            row["kept"] = number
        return Plan(
            np.array([[row[name] for name in _NODE] for row in self.rows], dtype=np.int64),
            bytes(self.names),
            np.array(rows, dtype=np.int64),
            np.array(self.counters, dtype=np.int64),
            self.sinks,
            self.known,
            frozenset(self.years),
        )

    def _sink(self, name: str) -> int:
        return self.sinks.setdefault(name, len(self.sinks))

    def _node(self, field: Field) -> dict[str, int]:
        name = field.name.encode()
        row = dict.fromkeys(_NODE, 0) | {"name": len(self.names), "name_size": len(name)}
        self.names += name
        row["sink"] = self._sink(field.piece)
        row["kind"] = _kind(field)
        if field.path == LOCATIONS:
            row["flags"] = _IS_SITE
        elif field.is_struct and field.path.startswith(LOCATIONS + "."):
            row["flags"] = _IS_OF_SITE
        elif kinds()[field.piece] in (FieldKind.VALUES, FieldKind.SITES):
            row["flags"] = _IS_ONCE
        if row["kind"] == _CODES:
            self.known[row["sink"]] = [value.encode() for value in enum_values(field.type)]
        return row

    def _count(self, path: str) -> None:
        """Have what is counted in an object counted: its parts add to counters, which end in the sinks of numbers."""
        node = self.rows[self.at[path]]
        node["counter"] = len(self.counters)
        for name, count in counts_at(path):
            if count.year:
                self.years.add(name)
                self._share(f"{path}.{count.year}", _GOES_TO, 0, self._sink(name))
                continue
            self._share_all(path, count, len(self.counters) - node["counter"])
            self.counters.append(self._sink(name))
        node["counters"] = len(self.counters) - node["counter"]
        if node["counters"] > _COUNTERS:
            raise ValueError(f"{path}: more is counted than the walk can")

    def _share_all(self, path: str, count: Count, counter: int) -> None:
        for key in count.lengths:
            self._share(f"{path}.{key}", _LENGTH, key.count("."), counter)
        for key in count.objects:
            self._share(f"{path}.{key}", _IS_OBJECT, 0, counter)
        if count.distinct:
            self._share(f"{path}.{count.distinct}", _IS_NEW_TEXT, 1, counter)

    def _share(self, path: str, how: int, level: int, counter: int) -> None:
        self.shares.setdefault(self.at[path], []).append((how, level, counter))


def _kind(field: Field) -> int:
    kind = kinds()[field.piece]
    if kind is FieldKind.NUMBERS:
        # Dates and lengths of time are kept as distinct texts first, and read once each.
        return _INTEGERS if field.type in _WHOLE else _NUMBERS if field.type == "number" else _VALUES
    if kind is FieldKind.CODES:
        return _CODES if field.is_enum else _BOOLEANS
    return {
        FieldKind.PRESENT: _STRUCT,
        FieldKind.TEXT: _TEXT,
        FieldKind.VALUES: _VALUES,
        FieldKind.SITES: _SITES,
        FieldKind.POINTS: _POINTS,
    }[kind]


class Walk:
    """What was taken of some studies. The arrays it gives hold only until the next study is taken."""

    def __init__(self, words: Words) -> None:
        found, library = plan(), _library()
        self._classes = character_classes()
        self.words = words
        given = _Plan(
            address(found.nodes),
            address(np.frombuffer(found.names, dtype=np.uint8)),
            address(found.shares),
            address(found.counters),
            address(self._classes),
            len(found.nodes),
            len(found.names),
            len(found.shares),
            len(found.counters),
            len(found.sinks),
            len(PARTS),
        )
        self._book = words.book
        self._walk = library.walk_open(byref(given), self._book.at)
        if not self._walk:
            raise MemoryError
        weakref.finalize(self, library.walk_close, self._walk)
        for sink, texts in found.known.items():
            for text in texts:
                if library.walk_know(self._walk, sink, text, len(text)):
                    raise MemoryError
        self._raw = b""

    def take(self, raw: bytes, doc: int) -> None:
        """Take a study; `ValueError` for what is no JSON object."""
        failed = self._take(raw, doc, is_rewritten=False)
        if failed == _AGAIN:
            # A key twice, or written with escapes: what Python reads of it, written anew, has neither.
            failed = self._take(orjson.dumps(_without_depths(orjson.loads(raw))), doc, is_rewritten=True)
        if failed == _NO_MEMORY:
            raise MemoryError
        if failed == _DAMAGED:
            raise ValueError("two words of different length have one hash")
        if failed:
            orjson.loads(raw)
            raise ValueError("a study is a JSON object")

    def _take(self, raw: bytes, doc: int, *, is_rewritten: bool) -> int:
        self._raw = raw
        library = _library()
        found: int = library.walk_study(self._walk, raw, len(raw), doc, is_rewritten, byref(_Answers()))
        if found > 0:
            answers, kept = self._answers()
            found = library.walk_study(self._walk, raw, len(raw), doc, is_rewritten, byref(answers))
            del kept
            if found > 0:
                raise ValueError("a study raises other questions when it is read again")
        return found

    def _answers(self) -> tuple[_Answers, Any]:
        """Answers to what the walk asks, and the arrays they stand in."""
        library = _library()
        asked = _array(library.walk_asked(self._walk).contents, np.uint8).tobytes()
        ends = _array(library.walk_asked_end(self._walk).contents, np.int64).tolist()
        is_number = _array(library.walk_asked_number(self._walk).contents, np.uint8).tolist()
        numbers, texts, begin = [], [], 0
        for end, one in zip(ends, is_number, strict=True):
            text = asked[begin:end]
            begin = end
            numbers.append(float(orjson.loads(text)) if one else 0.0)
            read = "" if one else read_entities(text.decode("utf-8", "surrogatepass"))
            texts.append(read.encode("utf-8", "surrogatepass"))
        number = np.array(numbers, dtype=np.float64)
        end_of = np.cumsum([len(text) for text in texts], dtype=np.int64)
        read_text = np.frombuffer(b"".join(texts), dtype=np.uint8)
        answers = _Answers(address(number), address(read_text), address(end_of), len(numbers))
        return answers, (number, read_text, end_of)

    def parts(self) -> dict[str, dict[str, Any]]:
        """Of the study taken last the parts that teach synonyms, where no list leads to them."""
        places = _library().walk_kept(self._walk)
        found: dict[str, dict[str, Any]] = {}
        for number, (section, module) in enumerate(PARTS):
            begin, end = places[2 * number], places[2 * number + 1]
            if begin >= 0:
                found.setdefault(section, {})[module] = orjson.loads(self._raw[begin:end])
        return found

    def column(self, name: str, place: int, kind: Any) -> Array:
        """A column of the sink of this name."""
        return _array(_library().walk_sinks(self._walk)[plan().sinks[name]].column[place], kind, owner=self)

    def site_study(self) -> Array:
        """The study of each site."""
        return _array(_library().walk_site_study(self._walk).contents, np.uint32, owner=self)


def _array(column: Column, kind: Any, *, owner: object = None) -> Array:
    """The items of a column; they are there as long as the owner is."""
    if not column.count:
        return np.empty(0, dtype=kind)
    held = (c_ubyte * (column.count * np.dtype(kind).itemsize)).from_address(column.at)
    held.owner = owner
    return np.frombuffer(held, dtype=kind)


def _without_depths(value: Any, depth: int = 0) -> Any:
    """A value without what is nested so deep that it means nothing, and could not be written."""
    if depth == _DEEPEST:
        return None
    if isinstance(value, dict):
        return {key: _without_depths(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_depths(item, depth + 1) for item in value]
    return value
