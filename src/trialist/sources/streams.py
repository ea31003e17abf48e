"""Byte streams that can be looked into, decompressed by content, and bounded against bombs."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

import zstandard

from trialist.sources.found import Limits

READ_ERRORS = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zstandard.ZstdError,
    tarfile.TarError,
    zipfile.BadZipFile,
)
"""What the standard library and zstandard raise for damaged or truncated compressed data."""


class BombError(Exception):
    """A stream expands beyond every measure; raised while reading and turned into a `Problem` by the reader."""


class Readable(Protocol):
    """Anything with `read(n)`."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; b"" at the end."""


class Stream:
    """A readable with a head that can be looked at, counting what was read."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self._head = b""
        self.position = 0

    @classmethod
    def of(cls, content: bytes) -> Stream:
        """A stream over bytes at hand."""
        return cls(io.BytesIO(content))

    def peek(self, size: int) -> bytes:
        """The next `size` bytes (fewer only at the end), still to be read."""
        while len(self._head) < size:
            more = self._source.read(size - len(self._head))
            if not more:
                break
            self._head += more
        return self._head[:size]

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; b"" only at the end."""
        if self._head:
            taken, self._head = self._head[:size], self._head[size:]
        else:
            taken = self._source.read(size)
        self.position += len(taken)
        return taken


class _Bounded:
    """Counts bytes out against bytes in and stops a bomb."""

    def __init__(self, source: Readable, consumed: Callable[[], int], limits: Limits) -> None:
        self._source = source
        self._consumed = consumed
        self._before = consumed()
        self._limits = limits
        self._out = 0

    def read(self, size: int, /) -> bytes:
        taken = self._source.read(size)
        self._out += len(taken)
        if self._out > self._limits.expansion_floor:
            used = max(1, self._consumed() - self._before)
            if self._out > used * self._limits.expansion:
                raise BombError(f"expands more than {self._limits.expansion} times")
        return taken


def bounded(source: Readable, consumed: Callable[[], int], limits: Limits) -> Stream:
    """A stream over decompressed bytes; `consumed` tells how many compressed ones went in so far."""
    return Stream(_Bounded(source, consumed, limits))


class _AsFile(io.RawIOBase):
    """A stream as a file object, for decompressors that want one."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        taken = self._stream.read(len(buffer))
        buffer[: len(taken)] = taken
        return len(taken)


def as_file(stream: Stream) -> BinaryIO:
    """A stream as a buffered file object."""
    return io.BufferedReader(_AsFile(stream), 1 << 18)


class _AsTheyCome:
    """Reads what one step of a decompressor gives, so that nothing is lost when a later step fails."""

    def __init__(self, file: gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile) -> None:
        self._file = file

    def read(self, size: int, /) -> bytes:
        return self._file.read1(size)


class _ZstdReader:
    """One zstd frame after another; `EOFError` when the last one breaks off, which the library's reader passes over."""

    _STEP = 2048  # a step of packed bytes can expand to 64 MB at the very most

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._packed = b""
        self._inside = False
        self._ready = b""

    def read(self, size: int, /) -> bytes:
        while not self._ready:
            packed = self._packed or self._file.read(self._STEP)
            if not packed:
                if self._inside:
                    raise EOFError("the last zstd frame breaks off")
                return b""
            self._inside = True
            self._ready = self._frame.decompress(packed)
            self._packed = b""
            if self._frame.eof:
                self._packed = self._frame.unused_data
                self._frame = zstandard.ZstdDecompressor().decompressobj()
                self._inside = False
        taken, self._ready = self._ready[:size], self._ready[size:]
        return taken


_DECOMPRESSORS: dict[bytes, Callable[[BinaryIO], Readable]] = {
    b"\x1f\x8b": lambda file: _AsTheyCome(gzip.GzipFile(fileobj=file)),
    b"\x28\xb5\x2f\xfd": _ZstdReader,
    b"BZh": lambda file: _AsTheyCome(bz2.BZ2File(file)),
    b"\xfd7zXZ\x00": lambda file: _AsTheyCome(lzma.LZMAFile(file)),  # noqa: SIM115  # the caller closes what is below
}


def decompress(stream: Stream, limits: Limits) -> Stream | None:
    """The stream below one layer of gzip, zstd, bzip2 or xz, told by its first bytes; None when it is not packed."""
    head = stream.peek(6)
    for magic, opener in _DECOMPRESSORS.items():
        if head.startswith(magic):
            return bounded(opener(as_file(stream)), lambda: stream.position, limits)
    return None
