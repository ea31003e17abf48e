"""A stream of ClinicalTrials.gov XML -> the bytes of each `<clinical_study>` in it, in constant memory.

The stream may be one record, a `<search_results>` document or several documents one after the other. Only the marks
that begin and end a study are looked for, with comments and CDATA sections left alone, so that a study that is not
well-formed does not take the others with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_MARK = re.compile(rb"<!--|<!\[CDATA\[|<\?xml\b|<clinical_study(?=[\s/>])|</clinical_study\s*>")
_CLOSERS = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?xml": b"?>"}
_ENCODING = re.compile(rb"""encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
# The longest mark that may be cut by the end of a chunk, with room for space inside a closing tag.
_OVERLAP = 64


def split_xml(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """(byte offset, bytes) of each `<clinical_study>` element of a stream.

    A study that the stream ends in the middle of is given as far as it goes. Where the document says that it is
    not in UTF-8, its XML declaration is put before each study.
    """
    splitter = _Splitter()
    for chunk in chunks:
        yield from splitter.feed(chunk)
    yield from splitter.close()


class _Splitter:
    """The part of the stream that is still needed, and what is known of it."""

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.offset = 0  # of the buffer's first byte in the stream
        self.scanned = 0  # how far the buffer has been looked at
        self.start: int | None = None  # of the open study, in the buffer
        self.closer = b""  # what ends the comment or section that is open
        self.declaration = b""

    def feed(self, chunk: bytes) -> Iterator[tuple[int, bytes]]:
        """The studies that end in this chunk."""
        self.buffer += chunk
        yield from self._scan(final=False)
        self._forget()

    def close(self) -> Iterator[tuple[int, bytes]]:
        """The studies that the stream ends with, the last one perhaps cut."""
        yield from self._scan(final=True)
        if self.start is not None:
            yield self.offset + self.start, self.declaration + bytes(self.buffer[self.start :])

    def _scan(self, *, final: bool) -> Iterator[tuple[int, bytes]]:
        limit = len(self.buffer) if final else max(self.scanned, len(self.buffer) - _OVERLAP)
        while self.scanned < limit:
            if self.closer:
                end = self.buffer.find(self.closer, self.scanned)
                if end < 0:
                    self.scanned = max(self.scanned, limit)
                    return
                self._close_section(end)
                continue
            found = _MARK.search(self.buffer, self.scanned)
            if found is None or (found.start() >= limit and not final):
                self.scanned = limit
                return
            study = self._meet(found)
            if study is not None:
                yield study

    def _close_section(self, end: int) -> None:
        if self.closer == b"?>" and self.start is None:
            encoding = _ENCODING.search(self.buffer, self.scanned, end)
            name = encoding[1] if encoding else b"utf-8"
            odd = name.lower() not in (b"utf-8", b"us-ascii", b"ascii")
            self.declaration = b'<?xml version="1.0" encoding="' + name + b'"?>' if odd else b""
        self.scanned = end + len(self.closer)
        self.closer = b""

    def _meet(self, found: re.Match[bytes]) -> tuple[int, bytes] | None:
        mark = found[0]
        self.scanned = found.end()
        if mark in _CLOSERS:
            self.closer = _CLOSERS[mark]
            return None
        if mark == b"<clinical_study":
            if self.start is not None:  # the study before was never closed: give it as far as it goes
                study = (
                    self.offset + self.start,
                    self.declaration + bytes(self.buffer[self.start : found.start()]),
                )
                self.start = found.start()
                return study
            self.start = found.start()
            return None
        if self.start is None:
            return None
        study = self.offset + self.start, self.declaration + bytes(self.buffer[self.start : found.end()])
        self.start = None
        return study

    def _forget(self) -> None:
        """Drop what has been looked at and is not part of an open study."""
        keep = self.start if self.start is not None else self.scanned
        if keep:
            del self.buffer[:keep]
            self.offset += keep
            self.scanned -= keep
            if self.start is not None:
                self.start = 0
