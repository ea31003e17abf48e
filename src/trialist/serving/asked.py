"""What a request asks: its path without tricks, its parameters, and whether it asks for anything that is new."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from trialist.errors import InvalidParameterError
from trialist.query.live import parameter_error

Scope = Mapping[str, Any]


def canonical_path(raw_path: bytes) -> str | None:
    """The path with single slashes, decoded; None for one that no route can mean.

    Nothing is resolved: a part that is `.` or `..`, holds a slash or a control character, or is not UTF-8 means nothing.
    """
    parts = []
    for raw in raw_path.partition(b"?")[0].split(b"/"):
        if not raw:
            continue
        try:
            part = unquote_to_bytes(raw).decode("utf-8")
        except UnicodeDecodeError:
            return None
        if part in (".", "..") or "/" in part or not part.isprintable():
            return None
        parts.append(part)
    return "/" + "/".join(parts)


def read_query_string(query: bytes) -> dict[str, str]:
    """The parameters of a query string in their order, the last one of a name being the one that counts.

    A plus is a blank; a percent sign that begins no escape is itself. `InvalidParameterError` for what is not UTF-8.
    """
    return dict(read_pairs(query))


def read_pairs(query: bytes) -> list[tuple[str, str]]:
    """The parameters of a query string as they were given, one of the same name after the other."""
    found = []
    for pair in query.split(b"&"):
        if pair:
            name, _, value = pair.partition(b"=")
            found.append((_decoded(name), _decoded(value)))
    return found


def _decoded(text: bytes) -> str:
    try:
        return unquote_to_bytes(text.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidParameterError(
            "the address is not UTF-8", hint="Write other characters as UTF-8 with percent signs."
        ) from None


def params_of(scope: Scope) -> dict[str, str]:
    """The parameters of a request; see `read_query_string`."""
    return read_query_string(scope["query_string"])


def plain_params_of(scope: Scope, known: Collection[str]) -> dict[str, str]:
    """The parameters of a request to a path that takes these ones, none of them with a dot in its name.

    `InvalidParameterError` for any other, in the order in which they were given.
    """
    given = params_of(scope)
    for name in given:
        if name in known:
            continue
        shown = name[:200]
        said = (
            f"Invalid prefix in parameter name: {shown}" if "." in name else f"`{shown}` is unknown parameter"
        )
        hint = f"Known are {', '.join(sorted(known))}." if known else "There are none here."
        raise parameter_error(f"{shown!r} is not a parameter of this path", said, hint=hint)
    return given


def header(scope: Scope, name: bytes) -> str:
    """All values of a header, joined as one list; "" when it was not sent."""
    values: list[bytes] = [value for key, value in scope["headers"] if key == name]
    return b", ".join(values).decode("latin-1")


def is_known_to_client(scope: Scope, etag: str) -> bool:
    """Whether the client says with If-None-Match that it holds what this tag stands for."""
    said = header(scope, b"if-none-match")
    if not said:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in said.split(",")}
    return "*" in tags or etag.removeprefix("W/") in tags
