"""A path → the documents in it: a file, a directory tree, zip and tar archives, packed or not, told by content.

Nothing is ever unpacked to a path named by an archive: members are read as streams, and their names are labels only.
"""

from __future__ import annotations

import os
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from trialist.errors import Level, Problem, SourceUnreadableError, Where
from trialist.sources.found import Limits
from trialist.sources.streams import READ_ERRORS, BombError, Readable, Stream, bounded, decompress
from trialist.sources.zip_directory import iter_zip_members

_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_TAR_HEAD = 512


@dataclass(frozen=True, slots=True)
class Document:
    """One text to read studies from; read it to its end before asking for the next."""

    where: Where
    stream: Stream


class Progress:
    """How many bytes of the files on disk have been read; `done` only grows."""

    def __init__(self) -> None:
        self._before = 0
        self._reached = 0
        self._file: BinaryIO | None = None

    @property
    def done(self) -> int:
        """Bytes read so far."""
        if self._file is not None and not self._file.closed:
            self._reached = max(self._reached, self._before + self._file.tell())
        return self._reached

    def enter(self, file: BinaryIO) -> None:
        """A file begins to be read."""
        self._file = file

    def leave(self, size: int) -> None:
        """The file is done."""
        self._before += size
        self._reached = self._before
        self._file = None


def source_files(path: Path) -> list[Path]:
    """The files of a source in reading order; `SourceUnreadableError` when it is absent or cannot be listed."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            found: list[Path] = []
            for folder, below, names in os.walk(path, onerror=_raise):
                below.sort()
                links = [
                    name for name in below if Path(folder, name).is_symlink()
                ]  # never followed: they can loop
                found.extend(Path(folder, name) for name in sorted([*names, *links]))
            return found
    except OSError as error:
        raise SourceUnreadableError(
            f"cannot read {path}: {error.strerror or error}", hint="Check the path and its permissions."
        ) from error
    if not stat.S_ISREG(mode):
        raise SourceUnreadableError(
            f"cannot read {path}: neither a file nor a directory", hint="Give a file or a directory."
        )
    return [path]


def _raise(error: OSError) -> None:
    raise error


def open_documents(
    file: Path, source: Path, limits: Limits, progress: Progress
) -> Iterator[Document | Problem]:
    """The documents of one file on disk; what cannot be read becomes a `Problem`, and the rest goes on."""
    member = "" if file == source else file.relative_to(source).as_posix()
    where = Where(source=_printable(str(source)), member=_printable(member))
    try:
        if not file.is_file():
            yield Problem(
                Level.WARNING,
                "not-a-file",
                where,
                "neither a file nor a directory, or a link to one; skipped",
            )
            return
        with file.open("rb") as opened:
            progress.enter(opened)
            yield from _documents(Stream(opened), where, limits, opened, 0)
        progress.leave(file.stat().st_size)
    except OSError as error:
        yield Problem(Level.ERROR, "unreadable", where, f"cannot be read: {error.strerror or error}")


def _documents(
    stream: Stream, where: Where, limits: Limits, file: BinaryIO | None, depth: int
) -> Iterator[Document | Problem]:
    """Open layer after layer. `file` is set while the stream is a seekable file from its start."""
    try:
        head = stream.peek(_TAR_HEAD)
        is_zip = head.startswith(_ZIP_MAGIC)
        below = None if is_zip else decompress(stream, limits)
        is_packed = is_zip or below is not None or _is_tar(head)
        if is_packed and depth >= limits.nesting:
            message = f"containers nested more than {limits.nesting} deep; not opened"
            yield Problem(Level.ERROR, "nested-too-deep", where, message)
        elif is_zip:
            yield from _zip_documents(stream, where, limits, file, depth)
        elif below is not None:
            yield from _documents(below, where, limits, None, depth + 1)
        elif _is_tar(head):
            yield from _tar_documents(stream, where, limits, depth)
        else:
            yield Document(where, stream)
    except BombError as error:
        yield Problem(Level.ERROR, "expands-too-much", replace(where, position=stream.position), str(error))
    except READ_ERRORS as error:
        yield damaged(where, stream.position, error)


def damaged(where: Where, position: int, error: BaseException) -> Problem:
    """The problem of packed data that broke off or does not fit its checksums."""
    kind = "truncated" if isinstance(error, EOFError) else "damaged"
    reason = " ".join(str(error).split()) or type(error).__name__
    return Problem(Level.ERROR, kind, replace(where, position=position), f"packed data is {kind}: {reason}")


def _is_tar(head: bytes) -> bool:
    """Whether a block is a tar header: its own checksum says so."""
    if len(head) < _TAR_HEAD or head[:1] == b"\0":
        return False
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True


def _tar_documents(stream: Stream, where: Where, limits: Limits, depth: int) -> Iterator[Document | Problem]:
    broken: list[str] = []
    header, errors = _watched_headers(broken), "surrogateescape"
    feed: Any = _TarFeed(stream)
    try:
        # `feed` is Any because "r|" needs read() only. Zeros: go on behind damage, and behind an archive's end too.
        with tarfile.open(
            mode="r|", fileobj=feed, errors=errors, ignore_zeros=True, tarinfo=header
        ) as archive:
            for member in archive:
                archive.members = []  # type: ignore[attr-defined]  # the archive would keep every header it has seen
                here = replace(where, member=_join(where.member, member.name))
                content = archive.extractfile(member) if member.isfile() else None
                if content is not None:
                    yield from _documents(Stream(content), here, limits, None, depth + 1)
                elif not member.isdir():
                    yield Problem(
                        Level.WARNING, "not-a-file", here, "an archive member that is no file; skipped"
                    )
    except tarfile.TarError as error:
        yield damaged(where, stream.position, error)
    if broken:
        yield damaged(where, stream.position, tarfile.ReadError(f"{broken[0]}: members may be missing"))


def _watched_headers(broken: list[str]) -> type[tarfile.TarInfo]:
    """Headers that tell when one is damaged: the library takes that for the archive's end, without a word."""

    class Header(tarfile.TarInfo):
        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Header:
            try:
                return super().frombuf(buf, encoding, errors)
            except tarfile.HeaderError as error:
                if type(error).__name__ not in (
                    "EOFHeaderError",
                    "EmptyHeaderError",
                ):  # zeros between, and the end
                    broken.append(str(error))
                raise

    return Header


class _TarFeed:
    """What tarfile reads from: exactly the bytes it asks for, as long as there are any."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        parts = []
        while size > 0 and (part := self._stream.read(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def _zip_documents(
    stream: Stream, where: Where, limits: Limits, file: BinaryIO | None, depth: int
) -> Iterator[Document | Problem]:
    if file is not None:
        yield from _open_zip(file, where, limits, depth)
        return
    with (
        tempfile.TemporaryFile() as spool
    ):  # a zip's directory stands at its end: one inside another is copied first
        while chunk := stream.read(1 << 20):
            spool.write(chunk)
        yield from _open_zip(spool, where, limits, depth)


def _open_zip(file: BinaryIO, where: Where, limits: Limits, depth: int) -> Iterator[Document | Problem]:
    try:
        for member in iter_zip_members(file):
            here = replace(where, member=_join(where.member, member.filename))
            if member.is_dir():
                continue
            try:
                content = _bounded_member(member.open(file), member.compress_size, limits)
            except zipfile.BadZipFile as error:
                yield damaged(here, 0, error)
                continue
            yield from _documents(content, here, limits, None, depth + 1)
    except zipfile.BadZipFile as error:
        yield damaged(where, 0, error)


def _bounded_member(content: Readable, packed: int, limits: Limits) -> Stream:
    calls = iter((0,))
    return bounded(content, lambda: next(calls, packed), limits)


def _join(outer: str, name: str) -> str:
    return _printable(f"{outer}!{name}" if outer else name)


def _printable(name: str) -> str:
    """A member's name as a label: no control characters, no undecodable bytes, not endless."""
    text = name.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(char if char.isprintable() else "�" for char in text)[:500]
