"""What statistics need of the studies' texts and an index of words does not hold.

A segment's free texts are held as words, its dates as days. Beside them, in `digests.bin`, stand for every value of such
a field the number of its text (64 bits) and its study, the longest texts of every field, dates as they are written, and
the size of every study's JSON. The file is derived from the studies alone; where it is absent it is written anew.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from trialist.index import documents
from trialist.index.arrays import Array, ArrayFile, ArrayWriter, Table
from trialist.index.documents import Collector, Pairs, Texts
from trialist.index.hashing import hash_value
from trialist.index.layout import FieldKind, kinds
from trialist.record.catalogue import Field, fields, fields_by_piece
from trialist.record.check import WHOLE_TYPES
from trialist.record.dates import parse_minutes, parse_partial_date
from trialist.record.enums import enum_values
from trialist.record.study import raw_values
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


class _DateCodes(dict[str, int]):
    """Texts and `date_code`'s numbers, 0 for what is no date; only so many are remembered."""

    def __missing__(self, text: str) -> int:
        code = date_code(text) or 0
        if len(self) < 100_000:
            self[text] = code
        return code


_DATE_CODES = _DateCodes()

DATE_FORMATS = {1: "yyyy", 2: "yyyy-MM", 3: "yyyy-MM-dd", 4: "yyyy-MM-dd'T'HH:mm"}
"""Last digit of a date's number → how the registry's API names its form."""


Arrays = dict[str, Array]


@dataclass(slots=True)
class Values:
    """What was taken of one field: the study of each value and its number, and (length, study) of the longest."""

    docs: array[int] = field(default_factory=lambda: array("I"))
    numbers: array[int] = field(default_factory=lambda: array("Q"))
    lengths: array[int] = field(default_factory=lambda: array("I"))

    def add(self, doc: int, number: int, length: int) -> None:
        """Take a value."""
        self.docs.append(doc)
        self.numbers.append(number)
        self.lengths.append(length)

    def arrays(self) -> Arrays:
        """What is written of them."""
        docs = np.frombuffer(self.docs, dtype=np.uint32)
        lengths = np.frombuffer(self.lengths, dtype=np.uint32)
        numbers = np.frombuffer(self.numbers, dtype=np.uint64)
        return {"docs": docs, "numbers": numbers, "longest": _longest(lengths, docs)}


def _longest(lengths: Array, docs: Array) -> Array:
    """(length, study) of the longest texts, one behind the other."""
    order = np.argsort(-lengths.astype(np.int64), kind="stable")[:MOST_LONGEST]
    return np.stack([lengths[order], docs[order]], axis=1).reshape(-1).astype(np.uint32)


def text_number(text: str) -> int:
    """The number of a text: 64 bits."""
    return hash_value(text.encode("utf-8", "surrogatepass"))


def write_digest_chunk(collector: Collector, read: Callable[[int], Mapping[str, Any]], file: Path) -> Table:
    """Write the digests of a chunk of studies; the table says where. `read` gives a record by the study's number."""
    found: dict[str, Arrays] = {piece: _text_arrays(texts) for piece, texts in collector.texts.items()}
    for piece, values in collector.written.items():
        if piece in digested():
            arrays = _written_arrays(values, is_date=digested()[piece] == DigestKind.DATE)
            if len(arrays["docs"]):
                found[piece] = arrays
    found |= {
        piece: _sum_arrays(pairs)
        for piece, pairs in collector.numbers.items()
        if digested().get(piece) == DigestKind.SUM and len(pairs.docs)
    }
    found |= {piece: values.arrays() for piece, values in _unknown_values(collector, read).items()}
    with ArrayWriter(file) as out:
        out.add("sizes", np.frombuffer(collector.sizes, dtype=np.uint32))
        for piece, arrays in found.items():
            for name, one in arrays.items():
                out.add(f"{piece}/{name}", one)
        return out.table


def _text_arrays(texts: Texts) -> Arrays:
    longest = _longest(texts.lengths, texts.value_docs)
    return {"docs": texts.value_docs, "numbers": texts.numbers, "longest": longest}


def _written_arrays(values: documents.Values, *, is_date: bool) -> Arrays:
    """Dates by the numbers from which they can be told, lengths of time as texts; what is no date is left out."""
    texts = values.texts()
    read = _DATE_CODES.__getitem__ if is_date else text_number
    numbers = np.fromiter(map(read, texts), dtype=np.uint64, count=len(texts))
    lengths = np.fromiter(map(len, texts), dtype=np.uint32, count=len(texts))
    had = values.had
    kept = numbers[had] != 0 if is_date else np.ones(len(had), dtype=bool)
    docs, had = values.by[kept], had[kept]
    return {"docs": docs, "numbers": numbers[had], "longest": _longest(lengths[had], docs)}


def _sum_arrays(pairs: Pairs) -> Arrays:
    docs, first = np.unique(pairs.docs, return_index=True)
    counts = np.diff(np.append(first, len(pairs.docs))).astype(np.uint32)
    return {"docs": docs, "counts": counts, "sums": np.add.reduceat(pairs.found, first)}


def _unknown_values(collector: Collector, read: Callable[[int], Mapping[str, Any]]) -> dict[str, Values]:
    """The values that no enumeration has; they are few, so the studies are read again for their texts."""
    asked: dict[int, list[Field]] = {}
    for piece, pairs in collector.codes.items():
        if digested().get(piece) == DigestKind.UNKNOWN and len(pairs.docs):
            for doc in np.unique(pairs.docs[pairs.found == pairs.codes]).tolist():
                asked.setdefault(doc, []).append(fields_by_piece()[piece])
    found: dict[str, Values] = {}
    for doc in sorted(asked):
        record = read(doc)
        for one in asked[doc]:
            known = enum_values(one.type)
            for value in raw_values(record, one):
                if isinstance(value, str) and value not in known:
                    found.setdefault(one.piece, Values()).add(doc, text_number(value), len(value))
    return found


def join_digests(chunks: Sequence[tuple[Path, Table]], directory: Path) -> None:
    """Write the digests of a segment from those of its chunks, in order; they appear only when they are complete."""
    opened = [ArrayFile(file, table) for file, table in chunks]
    beside = directory / f"{FILE}.{os.getpid()}"
    with ArrayWriter(beside) as out:
        names = sorted({name for _, table in chunks for name in table} | {"sizes"})
        for name in names:
            held = [arrays[name] for arrays in opened if name in arrays]
            out.add(name, np.concatenate(held) if held else np.empty(0, dtype=np.uint32))
    beside.replace(directory / FILE)
    beside.write_bytes(orjson.dumps({"version": VERSION, "table": out.table}))
    beside.replace(directory / TABLE)


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
