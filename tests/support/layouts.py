"""Every layout and every container that studies come in."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import orjson
import zstandard

Raws = Sequence[bytes]


def _pretty(raw: bytes) -> bytes:
    return json.dumps(orjson.loads(raw), indent=2, ensure_ascii=False).encode()


LAYOUTS: dict[str, Callable[[Raws], bytes]] = {
    "ndjson": lambda raws: b"\n".join(raws) + b"\n",
    "ndjson, no last newline": b"\n".join,
    "ndjson, windows": lambda raws: b"\r\n".join(raws) + b"\r\n",
    "ndjson, blank lines": lambda raws: b"\n\n".join(raws) + b"\n\n",
    "ndjson, byte order mark": lambda raws: b"\xef\xbb\xbf" + b"\n".join(raws),
    "concatenated": b"".join,
    "concatenated, pretty": lambda raws: b"\n".join(map(_pretty, raws)),
    "array": lambda raws: b"[" + b",".join(raws) + b"]",
    "array, a study a line": lambda raws: b"[\n" + b",\n".join(raws) + b"\n]\n",
    "array, first beside the bracket": lambda raws: b"[" + b",\n".join(raws) + b"]\n",
    "array, comma first": lambda raws: b"[\n" + b"\n,".join(raws) + b"\n]\n",
    "array, pretty": lambda raws: _pretty(b"[" + b",".join(raws) + b"]"),
    "page, as served": lambda raws: b'{"totalCount":3,"studies":[\n' + b",\n".join(raws) + b'\n],"nextPageToken":"NF0g5J"}',
    "page, no token": lambda raws: b'{"studies":[\n' + b",\n".join(raws) + b"\n]}",
    "page, compact": lambda raws: b'{"studies":[' + b",".join(raws) + b'],"nextPageToken":"NF0g5J"}',
    "page, pretty": lambda raws: _pretty(b'{"totalCount": 7, "studies":[' + b",".join(raws) + b'],"nextPageToken":"x"}'),
    "pages, a page a line": lambda raws: b"".join(b'{"studies":[' + raw + b'],"nextPageToken":"x"}\n' for raw in raws),
    "pages, behind one another": lambda raws: b"".join(b'{"studies":[\n' + raw + b'\n],"nextPageToken":"x"}' for raw in raws),
    "array of pages": lambda raws: b"[" + b",".join(b'{"studies":[' + raw + b"]}" for raw in raws) + b"]",
    "history, a version a line": lambda raws: b"\n".join(b'{"nctId":"NCT9900000%d","study":' % number + raw + b"}" for number, raw in enumerate(raws, 1)),
}  # fmt: skip
"""Name → several studies as one text."""

EXACT = tuple(name for name in LAYOUTS if "pretty" not in name)
"""The layouts that leave each study's bytes as they were."""


def _tar(mode: str) -> Callable[[dict[str, bytes]], bytes]:
    def pack(files: dict[str, bytes]) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode=mode) as archive:
            folder = tarfile.TarInfo("folder")
            folder.type = tarfile.DIRTYPE
            archive.addfile(folder)
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        return out.getvalue()

    return pack


def _zip(method: int) -> Callable[[dict[str, bytes]], bytes]:
    def pack(files: dict[str, bytes]) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as archive:
            archive.mkdir("folder")
            for name, content in files.items():
                archive.writestr(name, content)
        return out.getvalue()

    return pack


def zstd(content: bytes) -> bytes:
    """Two frames, as tools that work in parallel write them."""
    half = len(content) // 2
    compressor = zstandard.ZstdCompressor()
    return compressor.compress(content[:half]) + compressor.compress(content[half:])


ARCHIVES: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "zip": _zip(zipfile.ZIP_DEFLATED),
    "zip, stored": _zip(zipfile.ZIP_STORED),
    "tar": _tar("w"),
    "tar.gz": _tar("w:gz"),
    "tar.zst": lambda files: zstd(_tar("w")(files)),
    "zip in a zip": lambda files: _zip(zipfile.ZIP_STORED)({"inner.bin": _zip(zipfile.ZIP_DEFLATED)(files)}),
    "zip in a tar.gz": lambda files: _tar("w:gz")({"inner": _zip(zipfile.ZIP_DEFLATED)(files)}),
    "gzipped files in a zip": lambda files: _zip(zipfile.ZIP_STORED)(
        {name: gzip.compress(content) for name, content in files.items()}
    ),
}
"""Name → files as one archive."""

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "two gzip members": lambda content: gzip.compress(content[:50]) + gzip.compress(content[50:]),
    "zstd": zstd,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "gzip twice": lambda content: gzip.compress(gzip.compress(content)),
}
"""Name → one text packed."""


def write(file: Path, content: bytes) -> Path:
    """A file with this content, its folder made where needed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file
