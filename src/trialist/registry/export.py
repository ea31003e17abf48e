"""Studies → NDJSON, plain or compressed."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import zstandard

from trialist.errors import StoreWriteError
from trialist.store import StoredStudy

_OPENERS: dict[str, Callable[[BinaryIO], Any]] = {
    # No time and no name inside, so that the same studies give the same bytes.
    ".gz": lambda file: gzip.GzipFile("", "wb", 6, file, mtime=0),
    ".zst": lambda file: zstandard.ZstdCompressor(level=3).stream_writer(file, closefd=False),
    ".bz2": partial(bz2.BZ2File, mode="wb"),
    ".xz": partial(lzma.LZMAFile, mode="wb"),
}


def write_ndjson(studies: Iterable[StoredStudy], out: BinaryIO) -> int:
    """One study a line, each as it is stored (rewritten compactly only where it spans lines); the number written."""
    count = 0
    for stored in studies:
        raw = stored.raw
        if b"\n" in raw or b"\r" in raw:
            raw = orjson.dumps(orjson.loads(raw))
        out.write(raw + b"\n")
        count += 1
    return count


def write_list(studies: Iterable[StoredStudy], out: BinaryIO) -> int:
    """One JSON list of all studies, each as it is stored; the number written."""
    count = 0
    out.write(b"[")
    for stored in studies:
        out.write((b",\n" if count else b"\n") + stored.raw)
        count += 1
    out.write(b"\n]\n")
    return count


def export_file(studies: Iterable[StoredStudy], file: Path) -> int:
    """NDJSON into a file, compressed as its ending says (.gz, .zst, .bz2, .xz); the number of studies written.

    The file appears only when it is complete. `StoreWriteError` when it cannot be written.
    """
    beside = file.with_name(f".{file.name}.part")
    try:
        with beside.open("wb") as plain:
            opener = _OPENERS.get(file.suffix.lower())
            out = opener(plain) if opener else plain
            count = write_ndjson(studies, out)
            if out is not plain:
                out.close()
            plain.flush()
            os.fsync(plain.fileno())
        beside.replace(file)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise StoreWriteError(
            f"cannot write {file}: {error.strerror or error}", hint="Check the path and the room on the disk."
        ) from error
    return count
