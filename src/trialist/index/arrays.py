"""Numpy arrays in one file: written once, mapped into memory when read."""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Table = dict[str, list[Any]]
"""Name of an array → [type, place in the file in bytes, number of items]."""

_ALIGNED = 64


class ArrayWriter:
    """A file to which one-dimensional arrays are added; `table` then says where each of them stands."""

    def __init__(self, file: Path) -> None:
        self._out: BinaryIO = file.open("wb")
        self._at = 0
        self.table: Table = {}

    def __enter__(self) -> ArrayWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._out.close()

    def add(self, name: str, array: Array) -> None:
        """Write one array; its name must be new."""
        if name in self.table or array.ndim != 1:
            raise ValueError(f"{name}: an array of one dimension is written once")
        gap = -self._at % _ALIGNED
        self._out.write(b"\0" * gap)
        self._at += gap
        self.table[name] = [array.dtype.str, self._at, len(array)]
        self._out.write(np.ascontiguousarray(array).view(np.uint8).data if len(array) else b"")
        self._at += array.nbytes


class ArrayFile:
    """The arrays of a file written by `ArrayWriter`, read without copying."""

    def __init__(self, file: Path, table: Mapping[str, list[Any]]) -> None:
        self._table = table
        self._map: mmap.mmap | None = None
        if file.stat().st_size:
            with file.open("rb") as opened:
                self._map = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)

    def __contains__(self, name: str) -> bool:
        return name in self._table

    def __getitem__(self, name: str) -> Array:
        kind, at, count = self._table[name]
        if not count or self._map is None:
            return np.empty(0, dtype=kind)
        return np.frombuffer(self._map, dtype=kind, count=count, offset=at)


def starts_of(counts: Array) -> Array:
    """Where each of several runs of these lengths begins, and where the last one ends; as narrow as it fits."""
    found = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, dtype=np.int64, out=found[1:])
    return narrow_places(found)


def narrow_places(ascending: NDArray[np.int64]) -> Array:
    """The same places as 32-bit numbers where they fit."""
    return ascending if len(ascending) and ascending[-1] >= 1 << 32 else ascending.astype(np.uint32)


def narrow_floats(values: Array) -> Array:
    """The same numbers as 32-bit integers where that loses nothing."""
    if len(values) and np.abs(values).max() < 1 << 31:
        whole = values.astype(np.int32)
        if (whole == values).all():
            return whole
    return values


def split_wide(numbers: Array) -> tuple[Array, Array]:
    """The low 16 bits and the bits above them of numbers under 2^24; no upper ones when all are 0."""
    upper = (numbers >> 16).astype(np.uint8)
    return numbers.astype(np.uint16), upper if upper.any() else upper[:0]
