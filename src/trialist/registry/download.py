"""Studies → one zip archive with a JSON file a study, written as it is sent.

The archive grows with each study and is never held: what stays in memory is the compressed study in hand and 70 bytes
for each one written (its entry in the directory at the end). Sizes and checksums stand before each file, so a reader may
take the archive as a stream; beyond 65,535 files or 4 GiB it goes on in the format's 64-bit form (PKWARE's APPNOTE 6.3,
4.3 and 4.5.3). The same studies give the same bytes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_LOCAL = struct.Struct("<4s5H3L2H")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_OFFSET_64 = struct.Struct("<2HQ")

_VERSION = 20
_VERSION_64 = 45
_DEFLATED = 8
_DAY_ONE = 0x21
"""1980-01-01, the first day that the format knows: files carry no time of their own."""
_REGULAR_FILE = 0o100644 << 16
_MOST_16, _MOST_32 = 0xFFFF, 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class ZipMember:
    """A file of the archive; names are ASCII, parted by `/`."""

    name: str
    content: bytes

    def __post_init__(self) -> None:
        if not self.name.isascii() or not self.name or self.name.startswith("/"):
            raise ValueError(f"not a name in an archive: {self.name!r}")
        if len(self.content) >= _MOST_32:
            raise ValueError(f"{self.name}: larger than 4 GiB")


def study_member(nct_id: str, raw: bytes, *, in_folders: bool = False) -> ZipMember:
    """A study's file: `NCT01234567.json`, or below a folder named by its last two digits as in the whole registry's."""
    return ZipMember(f"{nct_id[-2:]}/{nct_id}.json" if in_folders else f"{nct_id}.json", raw)


def zip_stream(members: Iterable[ZipMember], *, level: int = 6) -> Iterator[bytes]:
    """The bytes of an archive of these files, in this order; pieces of one study each, the directory at the end.

    Names must differ. `level` is that of deflate, 1 to 9.
    """
    entries = bytearray()
    count = offset = 0
    for member in members:
        packed = _deflate(member.content, level)
        name = member.name.encode("ascii")
        crc = zlib.crc32(member.content)
        sizes = (crc, len(packed), len(member.content))
        head = _LOCAL.pack(b"PK\3\4", _VERSION, 0, _DEFLATED, 0, _DAY_ONE, *sizes, len(name), 0)
        entries += _entry(name, sizes, offset)
        count += 1
        offset += len(head) + len(name) + len(packed)
        yield b"".join((head, name, packed))
    start = offset
    for at in range(0, len(entries), 1 << 20):
        yield bytes(entries[at : at + (1 << 20)])
    yield _end(count, len(entries), start)


def _deflate(content: bytes, level: int) -> bytes:
    packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


def _entry(name: bytes, sizes: tuple[int, int, int], offset: int) -> bytes:
    is_far = offset >= _MOST_32
    extra = _OFFSET_64.pack(1, 8, offset) if is_far else b""
    needed = _VERSION_64 if is_far else _VERSION
    made_by = 3 << 8 | needed  # 3: the mode of the file is that of Unix
    head = _ENTRY.pack(
        b"PK\1\2", made_by, needed, 0, _DEFLATED, 0, _DAY_ONE, *sizes,
        len(name), len(extra), 0, 0, 0, _REGULAR_FILE, min(offset, _MOST_32),
    )  # fmt: skip
    return head + name + extra


def _end(count: int, size: int, start: int) -> bytes:
    tail = b""
    if count >= _MOST_16 or start + size >= _MOST_32:
        where = start + size
        tail = _END_64.pack(
            b"PK\6\6", _END_64.size - 12, 3 << 8 | _VERSION_64, _VERSION_64, 0, 0, count, count, size, start
        )
        tail += _LOCATOR_64.pack(b"PK\6\7", 0, where, 1)
    few = min(count, _MOST_16)
    return tail + _END.pack(b"PK\5\6", 0, 0, few, few, min(size, _MOST_32), min(start, _MOST_32), 0)
