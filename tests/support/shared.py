"""The real records beside the checkout; they are never part of the project, and tests that read them skip without."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
REGISTRY = SHARED / "data" / "registry"
REFERENCE = SHARED / "data" / "reference"

needs_shared = pytest.mark.skipif(
    not REGISTRY.is_dir(), reason=f"the real records are not here: there is no {REGISTRY}"
)


def iter_lines(file: Path) -> Iterator[bytes]:
    """The lines of a .zst file, without their ends."""
    with file.open("rb") as packed:
        for line in io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(packed)):
            yield line.rstrip(b"\n")
