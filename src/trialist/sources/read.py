"""A source, whatever it is, → the pieces that should be studies, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from trialist.errors import Level, Problem
from trialist.sources.containers import Document, Progress, damaged, open_documents, source_files
from trialist.sources.ctgov_xml import split_xml
from trialist.sources.found import Found, Limits, Syntax, at, excerpt
from trialist.sources.json_stream import CHUNK, split_json, too_large
from trialist.sources.streams import READ_ERRORS, BombError, Stream

_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_UTF8_BOM = b"\xef\xbb\xbf"


def read_source(
    path: Path, *, limits: Limits | None = None, progress: Progress | None = None
) -> Iterator[Found | Problem]:
    """Every piece of a file, directory or archive that should be a study, in a fixed order, and what else was met.

    Kinds are told apart by content, never by name. `SourceUnreadableError` when the path itself cannot be read.
    """
    limits = limits or Limits()
    progress = progress or Progress()
    for file in source_files(path):
        for item in open_documents(file, path, limits, progress):
            if isinstance(item, Problem):
                yield item
                continue
            try:
                yield from _read_document(item, limits)
            except BombError as error:
                yield Problem(
                    Level.ERROR, "expands-too-much", at(item.where, item.stream.position), str(error)
                )
            except READ_ERRORS as error:
                yield damaged(item.where, item.stream.position, error)


def _read_document(document: Document, limits: Limits) -> Iterator[Found | Problem]:
    stream, where = document.stream, document.where
    head = stream.peek(4096)
    if head.startswith(_UTF8_BOM):
        stream.read(len(_UTF8_BOM))
        head = head[len(_UTF8_BOM) :]
    text = head.lstrip(b" \t\r\n")
    if head[:2] in _BOMS:
        yield Problem(
            Level.ERROR, "not-utf8", where, f"this is {_BOMS[head[:2]]}; JSON and XML are read as UTF-8"
        )
    elif not head:
        yield Problem(Level.WARNING, "empty", where, "the file is empty")
    elif text[:1] in (b"{", b"["):
        yield from split_json(stream, at(where, stream.position), limits)
    elif not text:
        yield from _read_behind_blanks(document, limits)
    elif text[:1] == b"<":
        yield from _read_xml(document, limits)
    else:
        message = "neither JSON, XML nor an archive: nothing was read from it"
        yield Problem(Level.ERROR, "not-a-study", where, message, excerpt(head))


def _read_behind_blanks(document: Document, limits: Limits) -> Iterator[Found | Problem]:
    """A file that opens with thousands of blanks: perhaps nothing follows."""
    found_any = False
    for piece in split_json(document.stream, document.where, limits):
        found_any = True
        yield piece
    if not found_any:
        yield Problem(Level.WARNING, "empty", document.where, "the file holds nothing but blanks")


def _read_xml(document: Document, limits: Limits) -> Iterator[Found | Problem]:
    found_any = False
    for position, raw in split_xml(_chunks(document.stream)):
        found_any = True
        place = at(document.where, position)
        if len(raw) > limits.study_bytes:
            yield too_large(raw, place, limits)
        else:
            yield Found(raw, place, Syntax.XML)
    if not found_any:
        yield Problem(Level.ERROR, "not-a-study", document.where, "this XML holds no clinical_study element")


def _chunks(stream: Stream) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk
