"""JSON as patients' data comes: exact numbers, no key twice, nothing that JSON does not have, and limits.

A key that stands twice is refused: every other reader would silently keep one of two birth dates.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from trialist.errors import LimitExceededError, SourceUnreadableError

LARGEST_DOCUMENT = 64_000_000
"""Bytes of one document; a hospital's whole record of a person is rarely over 20 MB."""

LARGEST_EXPONENT = 30
"""Numbers beyond ten to this power, either way, are no measurement."""


class _RefusedError(ValueError):
    """Something that JSON allows in its letter and no record means."""


def read_json(content: bytes | str) -> Any:
    """The value of a JSON text, numbers as Decimal, booleans, texts, lists and dicts.

    Raises `SourceUnreadableError` for what is not JSON, `LimitExceededError` for what is too large or too deep.
    """
    size = len(content)
    if size > LARGEST_DOCUMENT:
        raise LimitExceededError(
            f"a document of {size:,} bytes is beyond the limit of {LARGEST_DOCUMENT:,}",
            hint="Give one patient's record a file of its own.",
        )
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content.removeprefix("\ufeff")
        return _decode(text)
    except UnicodeDecodeError as error:
        raise SourceUnreadableError(
            f"not UTF-8: byte {error.start} is none", hint="Save the file as UTF-8."
        ) from None
    except json.JSONDecodeError as error:
        raise SourceUnreadableError(
            f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}",
            hint="Check that the file is whole.",
        ) from None
    except RecursionError:
        raise LimitExceededError("nested too deeply", hint="No patient's record is.") from None
    except _RefusedError as error:
        raise SourceUnreadableError(
            str(error), hint="Each key may stand once, each number must be one."
        ) from None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _RefusedError(f"the key {key[:40]!r} stands twice in one object")
            seen.add(key)
    return found


def _number(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise _RefusedError(f"not a number: {text[:40]}") from None
    if found and abs(found.adjusted()) > LARGEST_EXPONENT:
        raise _RefusedError(f"not a number of this world: {text[:40]}")
    return found


def _constant(text: str) -> NoReturn:
    raise _RefusedError(f"{text} is no number in JSON")


_decode: Callable[[str], Any] = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_float=_number, parse_int=_number, parse_constant=_constant
).decode
