"""The members of a zip archive one after the other, in constant memory.

The standard library's `zipfile` keeps an object for every member: 360 MB for the registry's download of 600,000
files. This reads the central directory as a stream (APPNOTE 6.3.10, sections 4.3.7, 4.3.12, 4.3.14–16 and 4.5.3) and
inflates with zlib; stored and deflated members, zip64 included.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO
from zipfile import BadZipFile

_END = b"PK\x05\x06"
_END64_LOCATOR = b"PK\x06\x07"
_END64 = b"PK\x06\x06"
_ENTRY = b"PK\x01\x02"
_LOCAL = b"PK\x03\x04"
_MAX_COMMENT = 0xFFFF
_WINDOW = 1 << 20
_ENCRYPTED = 0x1
_UTF8 = 0x800
_STORED, _DEFLATED = 0, 8


@dataclass(frozen=True, slots=True)
class ZipMember:
    """One entry of the central directory; sizes in bytes."""

    filename: str
    method: int
    flags: int
    crc: int
    compress_size: int
    file_size: int
    header_offset: int

    def is_dir(self) -> bool:
        """Whether the entry is a folder."""
        return self.filename.endswith("/")

    def open(self, file: BinaryIO) -> ZipMemberReader:
        """A reader of the content; `BadZipFile` when the member is encrypted, of another method, or out of place."""
        if self.flags & _ENCRYPTED:
            raise BadZipFile("the member is encrypted")
        if self.method not in (_STORED, _DEFLATED):
            raise BadZipFile(f"compression method {self.method} is not supported")
        file.seek(self.header_offset)
        local = file.read(30)
        if len(local) < 30 or local[:4] != _LOCAL:
            raise BadZipFile("the member's header is not where the directory says")
        name_size, extra_size = struct.unpack_from("<HH", local, 26)
        return ZipMemberReader(file, self, self.header_offset + 30 + name_size + extra_size)


class ZipMemberReader:
    """The content of one member; reading to the end checks its size and checksum."""

    def __init__(self, file: BinaryIO, member: ZipMember, start: int) -> None:
        self._file = file
        self._member = member
        self._next = start
        self._left = member.compress_size
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS) if member.method == _DEFLATED else None
        self._crc = 0
        self._size = 0
        self._checked = False

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; b"" at the end. `BadZipFile` when the content is not what the directory promises."""
        content = b""
        while not content and not self._checked:
            packed = self._read_packed(size)
            if self._inflate is None:
                content, ended = packed, not packed
            else:
                content = self._inflate.decompress(self._inflate.unconsumed_tail + packed, size)
                ended = self._inflate.eof or not (content or packed or self._inflate.unconsumed_tail)
            self._crc = zlib.crc32(content, self._crc)
            self._size += len(content)
            if ended and not content:
                self._check()
        return content

    def _read_packed(self, size: int) -> bytes:
        if self._inflate is not None and self._inflate.unconsumed_tail:
            return b""
        self._file.seek(self._next)
        packed = self._file.read(min(size, self._left, _WINDOW))
        self._next += len(packed)
        self._left -= len(packed)
        return packed

    def _check(self) -> None:
        self._checked = True
        if self._size != self._member.file_size:
            raise BadZipFile(f"the content has {self._size} bytes, not {self._member.file_size}")
        if self._crc != self._member.crc:
            raise BadZipFile("the content does not fit its checksum")


def iter_zip_members(file: BinaryIO) -> Iterator[ZipMember]:
    """The members in the order of the central directory; `BadZipFile` where the directory is missing or broken.

    `file` may be moved between two members.
    """
    start, size, count, shift = _find_directory(file)
    place, rest = start, b""
    end = start + size
    for _ in range(count):
        while len(rest) < 46 or len(rest) < 46 + sum(struct.unpack_from("<HHH", rest, 28)):
            file.seek(place)
            more = file.read(min(_WINDOW, end - place))
            if not more:
                raise BadZipFile("the archive's directory is cut off")
            place += len(more)
            rest += more
        member, length = _read_entry(rest, shift)
        rest = rest[length:]
        yield member


def _find_directory(file: BinaryIO) -> tuple[int, int, int, int]:
    """(offset, size and number of entries of the central directory, bytes that stand before the archive)."""
    total = file.seek(0, io.SEEK_END)
    reach = min(total, 22 + _MAX_COMMENT)
    file.seek(total - reach)
    tail = file.read(reach)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        raise BadZipFile("the archive's directory is missing: it was cut off or never finished")
    count, size, offset = struct.unpack_from("<HII", tail, at + 10)
    end = total - reach + at
    if at >= 20 and tail[at - 20 : at - 16] == _END64_LOCATOR:
        (place,) = struct.unpack_from("<Q", tail, at - 12)
        file.seek(place)
        record = file.read(56)
        if len(record) == 56 and record[:4] == _END64:
            count, size, offset = struct.unpack_from("<QQQ", record, 32)
            end = place
    shift = end - size - offset
    if shift < 0:
        raise BadZipFile("the archive's directory is out of place")
    return offset + shift, size, count, shift


def _read_entry(entry: bytes, shift: int) -> tuple[ZipMember, int]:
    """One entry at the start of `entry` and its length."""
    if entry[:4] != _ENTRY:
        raise BadZipFile("the archive's directory is damaged")
    flags, method = struct.unpack_from("<HH", entry, 8)
    crc, packed, size, name_size, extra_size, comment_size = struct.unpack_from("<IIIHHH", entry, 16)
    (offset,) = struct.unpack_from("<I", entry, 42)
    name = entry[46 : 46 + name_size].decode("utf-8" if flags & _UTF8 else "cp437", "replace")
    extra = entry[46 + name_size : 46 + name_size + extra_size]
    size, packed, offset = _zip64(extra, size, packed, offset)
    return (
        ZipMember(name, method, flags, crc, packed, size, offset + shift),
        46 + name_size + extra_size + comment_size,
    )


def _zip64(extra: bytes, *values: int) -> tuple[int, int, int]:
    """The values with those that are 0xFFFFFFFF replaced from the zip64 extra field."""
    place, found = 0, list(values)
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, place)
        if kind == 1:
            field = extra[place + 4 : place + 4 + length]
            wide = iter(struct.unpack_from(f"<{len(field) // 8}Q", field))
            found = [next(wide, value) if value == 0xFFFFFFFF else value for value in found]
            break
        place += 4 + length
    return found[0], found[1], found[2]
