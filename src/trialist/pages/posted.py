"""What is posted to the site, read in memory: no byte of a body is ever written to a file, whatever its size.

Starlette's own reader of forms puts files beyond a megabyte into temporary files, which is why it is not used here.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from multipart import (  # type: ignore[import-untyped]  # it is annotated, and does not say so
    MultipartError,
    PushMultipartParser,
    parse_options_header,
)
from starlette.requests import ClientDisconnect, Request

from trialist.errors import InvalidParameterError, LimitExceededError, ServerBusyError
from trialist.serving.asked import Scope, header

Pairs = list[tuple[str, str]]

MOST_FIELDS = 5_000
FILE_KIND = ".kind"
"""A file's own text is given under its field's name; the end of its name, where it says a kind, with this behind."""

_MOST_DROPPED_BYTES = 50_000_000
"""What is beyond the limit is read on and dropped up to here: a browser that is cut off while it sends shows no answer."""
_SLOWEST_BYTES_A_SECOND = 50_000
_KIND = re.compile(r"\.(?:ya?ml|json|ndjson|txt|md)\Z", re.IGNORECASE)


def is_own(scope: Scope) -> bool:
    """Whether a post comes from a page of this site, as far as the browser tells; programs that tell nothing are not asked."""
    site = header(scope, b"sec-fetch-site")
    if site:
        return site in ("same-origin", "none")
    origin = header(scope, b"origin")
    if not origin:
        return True
    try:
        return (
            bool(urlsplit(origin).netloc)
            and urlsplit(origin).netloc.lower() == header(scope, b"host").lower()
        )
    except ValueError:
        return False


async def read_body(request: Request, most_bytes: int, patience: float) -> bytes:
    """The body of a request; `LimitExceededError` for one that is longer, or that comes too slowly."""
    parts, size = [], 0
    try:
        async with asyncio.timeout(patience + most_bytes / _SLOWEST_BYTES_A_SECOND):
            async for part in request.stream():
                size += len(part)
                if size > most_bytes + _MOST_DROPPED_BYTES:
                    break
                if size <= most_bytes:
                    parts.append(part)
                else:
                    parts.clear()
    except TimeoutError:
        raise LimitExceededError("this form came too slowly", hint="Try again.") from None
    except ClientDisconnect:
        raise ServerBusyError("the client has gone") from None
    if size > most_bytes:
        raise LimitExceededError("this form is too long", hint=f"At most {most_bytes:,} bytes are read.")
    return b"".join(parts)


def read_pairs_of(body: bytes, content_type: str) -> Pairs:
    """The fields of a posted form, in their order, as the form or a form with files writes them.

    `LimitExceededError` for too many, `InvalidParameterError` for a body that is not what it says.
    """
    kind, options = parse_options_header(content_type)
    if kind == "multipart/form-data":
        return _read_parts(body, options)
    try:
        return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise LimitExceededError("this form has too many fields") from None


def _read_parts(body: bytes, options: Mapping[str, str]) -> Pairs:
    found: Pairs = []
    try:
        with PushMultipartParser(
            options.get("boundary", ""), len(body), max_segment_count=MOST_FIELDS, strict=True
        ) as parser:
            name, file, is_file = "", "", False
            pieces: list[bytes] = []
            for event in parser.parse(body):
                if event is None:
                    found += _field(name, b"".join(pieces), file, is_file=is_file)
                elif isinstance(event, bytes | bytearray):
                    pieces.append(bytes(event))
                else:
                    name, file, pieces = event.name, event.filename or "", []
                    is_file = event.filename is not None
    except MultipartError as error:
        raise InvalidParameterError("this form arrived damaged", hint="Send it again.") from error
    return found


def _field(name: str, content: bytes, file: str, *, is_file: bool) -> Pairs:
    if not is_file:
        return [(name, content.decode("utf-8", "replace"))]
    if not content:
        return []
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidParameterError(
            "this file is not text that we can read",
            hint="Save it as UTF-8 text: YAML, JSON, or a plain note.",
        ) from None
    kind = _KIND.search(file)
    return [(name, text), *([(name + FILE_KIND, kind[0].lower())] if kind else [])]
