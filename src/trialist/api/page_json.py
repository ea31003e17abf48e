"""Pages of studies as the API v2 lays them out, in pieces."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import orjson

Read = Callable[[Sequence[int]], Iterator[bytes]]
Render = Callable[[bytes], bytes]

FIRST_PIECE_BYTES = 32 << 10
PIECE_BYTES = 256 << 10
_AT_ONCE = 8
_STRING_OR_BLANK = re.compile(rb'("(?:[^"\\]|\\.)*")|[ \t\r\n]+')


def on_one_line(raw: bytes) -> bytes:
    """A record's JSON without line ends or other blanks between its tokens; every token stays byte for byte.

    Records are kept as they were read, and a page has one a line.
    """
    if b"\n" not in raw and b"\r" not in raw:
        return raw
    return _STRING_OR_BLANK.sub(lambda found: found[1] or b"", raw)


def page_json(
    numbers: Sequence[int], read: Read, render: Render, *, total: int | None, next_token: str | None
) -> Iterator[bytes]:
    """A page: its head, one study a line, its tail. The first piece is a small one, so that it is soon there."""
    piece = bytearray(b"{")
    if total is not None:
        piece += b'"totalCount":%d,' % total
    piece += b'"studies":[\n'
    separator = b""
    limit = FIRST_PIECE_BYTES
    for start in range(0, len(numbers), _AT_ONCE):
        # Read to the end at once: a reader belongs to its thread, and the next piece may be made in another.
        for raw in list(read(numbers[start : start + _AT_ONCE])):
            piece += separator
            piece += render(raw)
            separator = b",\n"
            if len(piece) >= limit:
                yield bytes(piece)
                piece.clear()
                limit = PIECE_BYTES
    piece += b"\n]"
    if next_token is not None:
        piece += b',"nextPageToken":' + orjson.dumps(next_token)
    piece += b"}"
    yield bytes(piece)
