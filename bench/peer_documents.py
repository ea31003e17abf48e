"""A registry's studies as documents for engines that know texts only: one text for each of five areas."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import zstandard

from search_data import CORES, current_numbers
from trialist.query.areas import ValueKind, kind_of
from trialist.record.catalogue import fields_by_piece, search_areas
from trialist.store import SqliteReader

AREAS = {
    "cond": "ConditionSearch",
    "intr": "InterventionSearch",
    "titles": "TitleSearch",
    "elig": "EligibilitySearch",
    "term": "BasicSearch",
}


@cache
def _paths() -> dict[str, list[list[str]]]:
    """For each area the paths of its texts and ids."""
    found = {}
    for short, area in AREAS.items():
        pieces = [fields_by_piece()[piece] for part in search_areas()[area].parts for piece in part.pieces]
        texts = [field for field in pieces if kind_of(field) in (ValueKind.TEXT, ValueKind.NCT_ID)]
        found[short] = [field.path.split(".") for field in texts]
    return found


def _values(record: dict[str, Any], path: list[str]) -> list[str]:
    found: list[Any] = [record]
    for key in path:
        below = [one[key] for one in found if isinstance(one, dict) and key in one]
        found = []
        for value in below:
            if isinstance(value, list):
                found.extend(value)
            else:
                found.append(value)
    return [value for value in found if isinstance(value, str)]


def document(raw: bytes) -> dict[str, Any]:
    record = orjson.loads(raw)
    found: dict[str, Any] = {
        "id": int(_values(record, ["protocolSection", "identificationModule", "nctId"])[0][3:])
    }
    for short, paths in _paths().items():
        # What many sites share, such as the country, stands once.
        found[short] = "\n".join(text for path in paths for text in dict.fromkeys(_values(record, path)))
    return found


def _write_part(registry: Path, numbers: Sequence[int], file: Path) -> None:
    with (
        closing(SqliteReader(registry)) as store,
        file.open("wb") as packed,
        zstandard.ZstdCompressor(level=1).stream_writer(packed) as out,
    ):
        for raw in store.read(numbers):
            out.write(orjson.dumps(document(raw)) + b"\n")


def write_documents(registry: Path, folder: Path, most: int) -> int:
    """Write the documents of the registry, or of `most` studies evenly spread over it; how many they are."""
    numbers = current_numbers(registry)
    if 0 < most < len(numbers):
        numbers = [numbers[at * len(numbers) // most] for at in range(most)]
    done = folder / "written"
    if not done.exists() or int(done.read_text()) != len(numbers):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        each = -(-len(numbers) // CORES)
        with ProcessPoolExecutor(CORES) as pool:
            parts = [
                (numbers[part * each : (part + 1) * each], folder / f"{part}.zst") for part in range(CORES)
            ]
            for waiting in [pool.submit(_write_part, registry, *part) for part in parts]:
                waiting.result()
        done.write_text(str(len(numbers)))
    return len(numbers)


def read_documents(folder: Path) -> Iterator[bytes]:
    """The documents, one JSON line each."""
    for file in sorted(folder.glob("*.zst")):
        with file.open("rb") as packed, zstandard.ZstdDecompressor().stream_reader(packed) as reader:
            rest = b""
            while block := reader.read(1 << 20):
                *lines, rest = (rest + block).split(b"\n")
                yield from lines
