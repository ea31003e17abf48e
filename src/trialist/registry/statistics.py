"""Statistics of a registry's studies: computed once for an index, kept beside it, answered from there."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import zstandard

from trialist.errors import NotBuiltError, UnknownFieldError
from trialist.index.digesting import write_digests
from trialist.index.digests import Digests, open_digests
from trialist.index.live import LiveIndex
from trialist.index.segment import Segment
from trialist.query.live import parameter_error
from trialist.query.statistics import IndexStatistics, list_fields, statistical_fields
from trialist.record.catalogue import Field, fields_by_path, fields_by_piece, find_field
from trialist.registry.indexing import StoreSource, index_directory
from trialist.store import SqliteReader

__all__ = ["TYPES", "Statistics", "prepare_statistics"]

TYPES = ("ENUM", "STRING", "DATE", "INTEGER", "NUMBER", "BOOLEAN")
"""The types of statistics; no field is of the type NUMBER, as in the registry's API."""

_FILE = "statistics.json.zst"
_VERSION = 1
"""Raised by every change of what is told."""


class Statistics:
    """The statistics of the studies in the index that is in force when this is made.

    `NotBuiltError` when there is none. What is told is computed at the first question, unless it was prepared; that
    takes a while for a large registry. Do not change what is returned: it is shared.
    """

    def __init__(self, directory: Path, index: LiveIndex | None = None) -> None:
        """`index` is that of the registry, where it is open already."""
        self.directory = directory
        self._index = LiveIndex(index_directory(directory)) if index is None else index
        self._told: Mapping[str, Any] | None = None

    @property
    def generation(self) -> str:
        """Which index the statistics are of."""
        return self._index.generation

    def prepare(self, *, workers: int = 1) -> None:
        """Compute everything now, unless it is there, and keep it beside the index if that can be written to."""
        if self._told is None:
            self._told = _read(self._index) or self._compute(workers)

    def size(self) -> dict[str, Any]:
        """How large the studies' JSON is, in bytes."""
        found: dict[str, Any] = self._all()["size"]
        return found

    def field_values(
        self, types: Sequence[str] | None = None, fields: Sequence[str] | None = None
    ) -> list[dict[str, Any]]:
        """The values of fields, by piece or path, in data-model order; of all that have any without `fields`.

        `types` narrows them further. `InvalidParameterError` for a type that is none; `UnknownFieldError`, in the words
        of the registry's API, for a name that is no field with values.
        """
        for kind in types or ():
            if kind not in TYPES:
                raise parameter_error(
                    f"types must be of {', '.join(TYPES)}", f"Invalid value in parameter `types`: `{kind}`"
                )
        told: Mapping[str, dict[str, Any]] = self._all()["values"]
        wanted = None if not fields else {_piece(name, told) for name in fields}
        return [
            one
            for piece, one in told.items()
            if (wanted is None or piece in wanted) and (not types or one["type"] in types)
        ]

    def field_sizes(self, fields: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """The lengths of list fields, by piece or path, in data-model order; of all 71 without `fields`.

        `UnknownFieldError`, in the words of the registry's API, for a name that is no field or no list.
        """
        told: Mapping[str, dict[str, Any]] = self._all()["sizes"]
        wanted = None if not fields else {_list_piece(name, told) for name in fields}
        return [one for piece, one in told.items() if wanted is None or piece in wanted]

    def _all(self) -> Mapping[str, Any]:
        self.prepare()
        assert self._told is not None
        return self._told

    def _compute(self, workers: int) -> Mapping[str, Any]:
        digests = [self._digests(segment, workers) for segment in self._index.segments]
        with closing(SqliteReader(self.directory)) as store:

            def read(number: int) -> Mapping[str, Any]:
                record: Mapping[str, Any] = orjson.loads(next(iter(store.read([number])), b"{}"))
                return record

            found = IndexStatistics(self._index, digests, read)
            found.read_ahead(statistical_fields())
            told: dict[str, Any] = {
                "version": _VERSION,
                "generation": self.generation,
                "size": found.sizes(),
                "values": {field.piece: found.field_values(field) for field in statistical_fields()},
                "sizes": {field.piece: found.list_sizes(field) for field in list_fields()},
            }
        _write(self._index, told)
        return told

    def _digests(self, segment: Segment, workers: int) -> Digests:
        """The digests of a segment, made if they are not there; not kept where nothing can be written."""
        found = open_digests(segment.directory)
        if found is not None:
            return found
        source = StoreSource(self.directory)
        try:
            write_digests(source, segment, segment.directory, workers=workers)
            return _opened(segment.directory)
        except OSError:
            with TemporaryDirectory() as directory:  # what is mapped stays readable when its name has gone
                write_digests(source, segment, Path(directory), workers=workers)
                return _opened(Path(directory))


def _opened(directory: Path) -> Digests:
    found = open_digests(directory)
    if found is None:
        raise NotBuiltError("the search index was replaced meanwhile", hint="Ask again.")
    return found


def prepare_statistics(directory: Path, *, workers: int = 1) -> None:
    """Compute the statistics of a registry's index, unless they are there."""
    Statistics(directory).prepare(workers=workers)


def _read(index: LiveIndex) -> Mapping[str, Any] | None:
    try:
        packed = (index.directory / _FILE).read_bytes()
        told: dict[str, Any] = orjson.loads(zstandard.decompress(packed))
    except (OSError, ValueError, zstandard.ZstdError):
        return None
    is_ours = told.get("version") == _VERSION and told.get("generation") == index.generation
    return told if is_ours else None


def _write(index: LiveIndex, told: Mapping[str, Any]) -> None:
    """Keep what was computed; where the directory cannot be written to, it is computed again by the next process."""
    beside = index.directory / f"{_FILE}.{os.getpid()}"
    with suppress(OSError):
        beside.write_bytes(zstandard.compress(orjson.dumps(told)))
        beside.replace(index.directory / _FILE)


def _piece(name: str, told: Mapping[str, Any]) -> str:
    field = _known(name)
    if field is None or field.piece not in told:
        raise _refused(name, f"Unknown piece name of field path: {name}")
    return field.piece


def _list_piece(name: str, told: Mapping[str, Any]) -> str:
    field = _known(name)
    if field is None:
        raise _refused(name, f"Unknown piece name of field path: {name}")
    if field.piece not in told:
        raise _refused(name, f"No field list sizes for `{name}` field")
    return field.piece


def _known(name: str) -> Field | None:
    return fields_by_piece().get(name) or fields_by_path().get(name)


def _refused(name: str, live_message: str) -> UnknownFieldError:
    """The error of a name that has no statistics, with the nearest names as its hint."""
    nearest: tuple[str, ...] = ()
    try:
        find_field(name)
    except UnknownFieldError as error:
        nearest = error.nearest
    refused = UnknownFieldError(name, nearest)
    vars(refused)["live_message"] = live_message
    return refused
