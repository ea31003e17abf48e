"""Pages of studies as the API v2 lays them out, in pieces of a size that can be sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import orjson

Read = Callable[[Sequence[int]], Iterator[bytes]]
Render = Callable[[bytes], bytes]

PIECE_BYTES = 256 << 10
"""A page is sent in pieces of about this size: made in a millisecond or two, so that the first is soon there."""

_STRING_OR_BLANK = re.compile(rb'("(?:[^"\\]|\\.)*")|[ \t\r\n]+')


def on_one_line(raw: bytes) -> bytes:
    """A record's JSON without line ends or other blanks between its tokens; every token stays byte for byte.

    Records are kept as they were read, and a page has one a line.
    """
    if b"\n" not in raw and b"\r" not in raw:
        return raw
    return _STRING_OR_BLANK.sub(lambda found: found[1] or b"", raw)


@dataclass(frozen=True, slots=True)
class Layout:
    """What stands before, between and behind the studies of a page."""

    head: bytes
    between: bytes
    tail: bytes


def json_layout(total: int | None, next_token: str | None) -> Layout:
    """A page of JSON: one study a line, the token at the very end; the total only where it was asked for."""
    counted = b"" if total is None else b'"totalCount":%d,' % total
    token = b"" if next_token is None else b',"nextPageToken":' + orjson.dumps(next_token)
    return Layout(b"{" + counted + b'"studies":[\n', b",\n", b"\n]" + token + b"}")


def pieces_of(numbers: Sequence[int], read: Read, render: Render, layout: Layout) -> Iterator[bytes]:
    """A page, piece by piece; every piece but the last has at least `PIECE_BYTES`."""
    piece = bytearray(layout.head)
    between = b""
    for number in numbers:
        # One by one and to the end: a reader belongs to its thread, and the next piece may be made in another.
        for raw in list(read((number,))):
            piece += between
            piece += render(raw)
            between = layout.between
            if len(piece) >= PIECE_BYTES:
                yield bytes(piece)
                piece.clear()
    piece += layout.tail
    yield bytes(piece)


@dataclass(frozen=True, slots=True)
class Begun:
    """A page whose first piece is made; `rest` is None where there is no more."""

    first: bytes
    rest: Iterator[bytes] | None


def begin(pieces: Iterator[bytes]) -> Begun:
    """Make the first piece."""
    first = next(pieces)
    return Begun(first, pieces if len(first) >= PIECE_BYTES else None)
