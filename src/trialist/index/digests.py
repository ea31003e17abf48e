"""What statistics need of the studies' texts and an index of words does not hold.

A segment's free texts are held as words, its dates as days. Beside them, in `digests.bin`, stand for every value of such
a field the number of its text (64 bits) and its study, the longest texts of every field, dates as they are written, and
the size of every study's JSON. The file is derived from the studies alone; where it is absent it is written anew.
"""

from __future__ import annotations

import gc
import os
from array import array
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cache
from heapq import nlargest
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from trialist.index.arrays import Array, ArrayFile, ArrayWriter
from trialist.index.build import CHUNK, Source, pool_of
from trialist.index.hashing import hash_value
from trialist.index.layout import FieldKind, kinds
from trialist.index.segment import Segment
from trialist.record.catalogue import Field, children, fields
from trialist.record.check import WHOLE_TYPES
from trialist.record.dates import parse_minutes, parse_partial_date
from trialist.record.derived import derived_numbers
from trialist.record.enums import enum_values
from trialist.record.unparsed import Unparsed

FILE = "digests.bin"
TABLE = "digests.json"
VERSION = 1
"""Raised by every change of what is written."""

MOST_LONGEST = 100
"""Of so many texts of a field, the longest ones, the length is kept."""

_DATES = frozenset({"NormalizedDate", "PartialDate", "DateTimeMinutes"})


class DigestKind:
    """What is kept of a field's values."""

    TEXT = "text"
    UNKNOWN = "unknown"
    DATE = "date"
    SUM = "sum"


@cache
def digested() -> dict[str, str]:
    """Piece → what is kept of it; enumerations are kept only where a value is none of theirs."""
    found = {}
    for one in fields():
        if one.type in WHOLE_TYPES and (one.is_many or one.indexed_only):
            found[one.piece] = DigestKind.SUM
        elif one.indexed_only:
            continue
        elif one.type in _DATES:
            found[one.piece] = DigestKind.DATE
        elif kinds()[one.piece] is FieldKind.TEXT or one.type == "NormalizedTime":
            found[one.piece] = DigestKind.TEXT
        elif one.is_enum and kinds()[one.piece] is FieldKind.CODES:
            found[one.piece] = DigestKind.UNKNOWN
    return found


def date_code(text: str) -> int | None:
    """A date as one number from which its text can be told: yyyymmddHHMM and, last, how many parts it gives."""
    date = parse_partial_date(text)
    if not isinstance(date, Unparsed):
        parts = 1 + bool(date.month) + bool(date.day)
        return ((date.year * 100 + date.month) * 100 + date.day) * 100_000 + parts
    minute = parse_minutes(text)
    if isinstance(minute, Unparsed):
        return None
    day = (minute.year * 100 + minute.month) * 100 + minute.day
    return (day * 10_000 + minute.hour * 100 + minute.minute) * 10 + 4


def date_text(code: int) -> str:
    """The text of a date's number."""
    rest, parts = divmod(code, 10)
    day, time = divmod(rest, 10_000)
    whole = f"{day // 10_000:04d}-{day // 100 % 100:02d}-{day % 100:02d}"
    if parts == 4:
        return f"{whole}T{time // 100:02d}:{time % 100:02d}"
    return whole[: (4, 7, 10)[parts - 1]]


DATE_FORMATS = {1: "yyyy", 2: "yyyy-MM", 3: "yyyy-MM-dd", 4: "yyyy-MM-dd'T'HH:mm"}
"""Last digit of a date's number → how the registry's API names its form."""


@dataclass(slots=True)
class Values:
    """What was taken of one field: the study of each value and its number, and (length, study) of the longest."""

    docs: array[int] = field(default_factory=lambda: array("I"))
    numbers: array[int] = field(default_factory=lambda: array("Q"))
    longest: list[tuple[int, int]] = field(default_factory=list)

    def arrays(self) -> dict[str, Array]:
        """What is written of them."""
        return {
            "docs": np.frombuffer(self.docs, dtype=np.uint32),
            "numbers": np.frombuffer(self.numbers, dtype=np.uint64),
            "longest": np.asarray(_longest(self.longest), dtype=np.uint32).reshape(-1),
        }


@dataclass(slots=True)
class Sums:
    """What was taken of a field of numbers: for each study that has some how many, and their sum."""

    docs: array[int] = field(default_factory=lambda: array("I"))
    counts: array[int] = field(default_factory=lambda: array("I"))
    sums: array[float] = field(default_factory=lambda: array("d"))

    def add(self, doc: int, count: int, total: float) -> None:
        """Take a number, or several, of a study; its numbers come one behind the other."""
        if self.docs and self.docs[-1] == doc:
            self.counts[-1] += count
            self.sums[-1] += total
        else:
            self.docs.append(doc)
            self.counts.append(count)
            self.sums.append(total)

    def arrays(self) -> dict[str, Array]:
        """What is written of them."""
        return {
            "docs": np.frombuffer(self.docs, dtype=np.uint32),
            "counts": np.frombuffer(self.counts, dtype=np.uint32),
            "sums": np.frombuffer(self.sums, dtype=np.float64),
        }


class Collector:
    """Takes the values of studies one by one."""

    def __init__(self, first_doc: int) -> None:
        self.doc = first_doc
        self.sizes = array("I")
        self.found: dict[str, Values | Sums] = {}
        self._derived: dict[str, Sums] = {}
        for one in fields():
            if one.indexed_only and one.piece in digested():
                self.found[one.piece] = self._derived[one.piece] = Sums()
        self._tree = self._branch("")

    def collect(self, raw: bytes) -> None:
        """Take the next study."""
        record = orjson.loads(raw)
        self.sizes.append(len(raw))
        _walk(self._tree, record)
        for piece, numbers in derived_numbers(record).items():
            sums = self._derived.get(piece)
            if sums is not None:
                sums.add(self.doc, len(numbers), float(sum(numbers)))
        self.doc += 1

    def _branch(self, path: str) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for one in children().get(path, ()):
            below = self._branch(one.path) if one.is_struct else self._sink(one)
            if below:
                tree[one.name] = below
        return tree

    def _sink(self, one: Field) -> Callable[[Any], None] | None:
        kind = digested().get(one.piece)
        if kind is None:
            return None
        if kind == DigestKind.SUM:
            sums = self.found[one.piece] = Sums()
            return _each(int, lambda value: sums.add(self.doc, 1, value))
        values = self.found[one.piece] = Values()
        if kind == DigestKind.DATE:
            return _each(str, self._date_taker(values))
        known = frozenset(enum_values(one.type)) if kind == DigestKind.UNKNOWN else frozenset()
        return _each(str, self._text_taker(values, known))

    def _text_taker(self, values: Values, known: frozenset[str]) -> Callable[[str], None]:
        docs, numbers, longest = values.docs.append, values.numbers.append, values.longest

        def take(value: str) -> None:
            if value not in known:
                docs(self.doc)
                numbers(hash_value(value.encode("utf-8", "surrogatepass")))
                longest.append((len(value), self.doc))
                if len(longest) > 8 * MOST_LONGEST:
                    longest[:] = _longest(longest)

        return take

    def _date_taker(self, values: Values) -> Callable[[str], None]:
        docs, numbers = values.docs.append, values.numbers.append
        known: dict[str, int | None] = {}

        def take(value: str) -> None:
            code = known[value] if value in known else known.setdefault(value, date_code(value))
            if code is not None:
                docs(self.doc)
                numbers(code)

        return take


def _each(kind: type, take: Callable[[Any], None]) -> Callable[[Any], None]:
    """What takes a value, or each value of a list, that is of this type."""

    def sink(value: Any) -> None:
        if type(value) is kind:
            take(value)
        elif type(value) is list:
            for item in value:
                if type(item) is kind:
                    take(item)

    return sink


def _longest(longest: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    return nlargest(MOST_LONGEST, longest, key=lambda pair: (pair[0], -pair[1]))


def _walk(tree: dict[str, Any], record: dict[str, Any]) -> None:
    for key, value in record.items():
        below = tree.get(key)
        if below is None:
            continue
        if type(below) is not dict:
            below(value)
        elif type(value) is dict:
            _walk(below, value)
        elif type(value) is list:
            for item in value:
                if type(item) is dict:
                    _walk(below, item)


Collected = tuple[Array, dict[str, dict[str, Array]]]


def collect_digests(source: Source, first: int, numbers: Sequence[int]) -> Collected:
    """The sizes of these studies, and by piece what is written of its values. Runs in a worker."""
    collector = Collector(first)
    gc.disable()  # as in `build.collect_chunk`
    try:
        for raw in source.read(numbers):
            collector.collect(raw)
    finally:
        gc.enable()
    if collector.doc != first + len(numbers):
        raise ValueError(f"{len(numbers)} studies asked for, {collector.doc - first} came")
    found = {piece: values.arrays() for piece, values in collector.found.items() if values.docs}
    return np.frombuffer(collector.sizes, dtype=np.uint32), found


def write_digests(source: Source, segment: Segment, directory: Path, *, workers: int = 1) -> None:
    """Write the digests of a segment from the studies it was built of; they appear only when they are complete."""
    numbers = segment.nct.tolist()
    parts = [(first, numbers[first : first + CHUNK]) for first in range(0, len(numbers), CHUNK)]
    with pool_of(workers if len(parts) > 1 else 1) as pool:
        waiting: list[Future[Collected]] = [
            pool.submit(collect_digests, source, first, part) for first, part in parts
        ]
        collected = [future.result() for future in waiting]
    beside = directory / f"{FILE}.{os.getpid()}"
    with ArrayWriter(beside) as out:
        out.add("sizes", _joined([sizes for sizes, _ in collected], np.uint32))
        for piece in digested():
            held = [found[piece] for _, found in collected if piece in found]
            if held:
                for name in held[0]:
                    out.add(f"{piece}/{name}", np.concatenate([one[name] for one in held]))
    beside.replace(directory / FILE)
    content = {"version": VERSION, "table": out.table}
    beside.write_bytes(orjson.dumps(content))
    beside.replace(directory / TABLE)


def _joined(arrays: Sequence[Array], kind: type) -> Array:
    return np.concatenate(arrays) if arrays else np.empty(0, dtype=kind)


class Digests:
    """The digests of a segment, opened."""

    def __init__(self, arrays: ArrayFile) -> None:
        self._arrays = arrays
        self.sizes = arrays["sizes"]

    def __contains__(self, piece: str) -> bool:
        return f"{piece}/docs" in self._arrays

    def values(self, piece: str) -> tuple[Array, Array]:
        """The study and the number of every value of a field, study by study; both empty where it has none."""
        if piece not in self:
            return np.empty(0, dtype=np.uint32), np.empty(0, dtype=np.uint64)
        return self._arrays[f"{piece}/docs"], self._arrays[f"{piece}/numbers"]

    def sums(self, piece: str) -> tuple[Array, Array, Array]:
        """The studies that have numbers in a field, how many each, and their sums; all empty where none has."""
        if piece not in self:
            return np.empty(0, dtype=np.uint32), np.empty(0, dtype=np.uint32), np.empty(0)
        docs, counts, sums = (self._arrays[f"{piece}/{name}"] for name in ("docs", "counts", "sums"))
        return docs, counts, sums

    def longest(self, piece: str) -> Array:
        """The lengths in characters and the studies of the field's longest texts, one pair a row, in no order."""
        if piece not in self:
            return np.empty((0, 2), dtype=np.uint32)
        return self._arrays[f"{piece}/longest"].reshape(-1, 2)


def open_digests(directory: Path) -> Digests | None:
    """The digests in a directory, usually the segment's own; None where there are none of this version."""
    try:
        content = orjson.loads((directory / TABLE).read_bytes())
        if content["version"] != VERSION:
            return None
        return Digests(ArrayFile(directory / FILE, content["table"]))
    except (OSError, ValueError, KeyError):
        return None
