"""Parsed criteria of some hundred studies in two files: what was parsed, packed, and what it tells, as rows.

A chunk is never changed. Its `.json` is written last, in one step: a chunk without one was broken off and counts for nothing.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import zstandard

from trialist.index.arrays import Array, ArrayFile, ArrayWriter

LAYOUT = 1
"""Raised by every change of what is written; chunks of another layout are parsed anew."""
_BLOCK = 16
_LEVEL = 3
LOWER_INCLUDED, UPPER_INCLUDED, EXCLUDES = 1, 2, 4
"""The bits of a row's flags; a row that does not exclude allows."""


@dataclass(frozen=True, slots=True)
class Row:
    """A stretch of a subject's values that a study allows or excludes; open ends are infinite."""

    key: str
    lower: float
    upper: float
    flags: int


@dataclass(frozen=True, slots=True)
class ParsedStudy:
    """What was parsed of one version of a study.

    `document` is the set as JSON without line breaks, empty where parsing failed (`problem` then says how); `sides` are the
    subjects spoken of, each with its bits; `figures` are added up over all studies.
    """

    number: int
    version: int
    document: bytes
    rows: Sequence[Row] = ()
    sides: Mapping[str, int] = field(default_factory=dict)
    figures: Mapping[str, int] = field(default_factory=dict)
    problem: str = ""


def chunk_name(stamp: str, members: Iterable[tuple[int, int]]) -> str:
    """The name of the chunk of these studies (number, version), parsed by the code and rules of a stamp."""
    digest = hashlib.sha256(f"{LAYOUT} {stamp}".encode())
    for number, version in members:
        digest.update(b"%d %d\n" % (number, version))
    return f"chunk-{digest.hexdigest()[:20]}"


def write_chunk(directory: Path, name: str, stamp: str, studies: Sequence[ParsedStudy]) -> None:
    """Write a chunk of studies in ascending order of their numbers."""
    packer = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    blocks = [
        packer.compress(b"\n".join(one.document for one in studies[first : first + _BLOCK]))
        for first in range(0, len(studies), _BLOCK)
    ]
    keys: dict[str, int] = {}
    rows = [(place, row) for place, one in enumerate(studies) for row in one.rows]
    spoken = [
        (place, subject, bits) for place, one in enumerate(studies) for subject, bits in one.sides.items()
    ]
    beside = directory / f"{name}.{os.getpid()}"
    with ArrayWriter(beside) as out:
        out.add("number", np.array([one.number for one in studies], dtype=np.uint32))
        out.add("version", np.array([one.version for one in studies], dtype=np.uint64))
        out.add("block_size", np.array([len(block) for block in blocks], dtype=np.uint32))
        out.add("blocks", np.frombuffer(b"".join(blocks), dtype=np.uint8))
        out.add("row_study", np.array([place for place, _ in rows], dtype=np.uint16))
        out.add(
            "row_key", np.array([keys.setdefault(row.key, len(keys)) for _, row in rows], dtype=np.uint16)
        )
        out.add("lower", np.array([row.lower for _, row in rows], dtype=np.float64))
        out.add("upper", np.array([row.upper for _, row in rows], dtype=np.float64))
        out.add("flags", np.array([row.flags for _, row in rows], dtype=np.uint8))
        out.add("side_study", np.array([place for place, _, _ in spoken], dtype=np.uint16))
        out.add(
            "side_key",
            np.array([keys.setdefault(subject, len(keys)) for _, subject, _ in spoken], dtype=np.uint16),
        )
        out.add("side", np.array([bits for _, _, bits in spoken], dtype=np.uint8))
        figures = [(at, name, count) for at, one in enumerate(studies) for name, count in one.figures.items()]
        named = {name: at for at, name in enumerate(dict.fromkeys(name for _, name, _ in figures))}
        out.add("figure_study", np.array([at for at, _, _ in figures], dtype=np.uint16))
        out.add("figure_name", np.array([named[name] for _, name, _ in figures], dtype=np.uint8))
        out.add("figure", np.array([count for _, _, count in figures], dtype=np.uint32))
    content = {
        "layout": LAYOUT,
        "stamp": stamp,
        "table": out.table,
        "keys": list(keys),
        "figures": list(named),
        "problems": {str(one.number): one.problem for one in studies if one.problem},
    }
    beside.replace(directory / f"{name}.bin")
    beside.write_bytes(orjson.dumps(content))
    beside.replace(directory / f"{name}.json")


class CriteriaChunk:
    """A chunk on disk; `ValueError` or `OSError` when it is damaged or of another layout."""

    def __init__(self, directory: Path, name: str) -> None:
        self.name = name
        content: dict[str, Any] = orjson.loads((directory / f"{name}.json").read_bytes())
        if content.get("layout") != LAYOUT:
            raise ValueError(f"{name} has another layout")
        self.stamp: str = content["stamp"]
        self.keys: list[str] = content["keys"]
        self._figures: list[str] = content["figures"]
        self.problems = {int(number): said for number, said in content["problems"].items()}
        self.arrays = ArrayFile(directory / f"{name}.bin", content["table"])
        self.bytes = (directory / f"{name}.bin").stat().st_size

    @property
    def numbers(self) -> Array:
        """The NCT numbers of its studies."""
        return self.arrays["number"]

    @property
    def versions(self) -> Array:
        """Their version ids."""
        return self.arrays["version"]

    def figures(self, places: Array) -> dict[str, int]:
        """The figures of some of its studies, added up."""
        lives = np.zeros(len(self.numbers), dtype=bool)
        lives[places] = True
        at = lives[self.arrays["figure_study"]]
        sums = np.bincount(
            self.arrays["figure_name"][at], weights=self.arrays["figure"][at], minlength=len(self._figures)
        )
        return {name: int(count) for name, count in zip(self._figures, sums.tolist(), strict=True)}

    @cached_property
    def _starts(self) -> Array:
        found: Array = np.concatenate([[0], np.cumsum(self.arrays["block_size"], dtype=np.int64)])
        return found

    def document(self, place: int) -> bytes:
        """What was parsed of one of its studies, as JSON; empty where that failed."""
        block, line = divmod(place, _BLOCK)
        start, end = self._starts[block : block + 2].tolist()
        text = zstandard.decompress(self.arrays["blocks"][start:end].tobytes())
        return text.split(b"\n")[line]
