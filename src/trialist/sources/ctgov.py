"""The registry's own JSON: a found piece → studies and problems, whatever envelope they came in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from trialist.errors import Level, Problem, Where
from trialist.record.study import Study
from trialist.sources.ctgov_v1 import convert_v1
from trialist.sources.ctgov_xml import convert_xml
from trialist.sources.found import Found, Syntax, at, excerpt
from trialist.sources.json_stream import known_nct_id, salvage


@dataclass(frozen=True, slots=True)
class Parsed:
    """One study read, with what was odd in the reading, or (`study` None) the problems that say why there is none.

    `shape` tells where the record came from: "v2", "v1" or "xml".
    """

    where: Where
    study: Study | None
    problems: tuple[Problem, ...] = ()
    shape: str = "v2"


def parse_found(found: Found) -> Iterator[Parsed]:
    """The studies of one piece: mostly one; several when the piece is a page, or damage glued studies together."""
    if found.syntax is Syntax.XML:
        yield _parse_xml(found)
        return
    try:
        record = orjson.loads(found.raw)
    except (orjson.JSONDecodeError, RecursionError) as error:
        pieces = salvage(found)
        if not pieces:
            yield _not_json(found, error)
        for piece in pieces:
            yield from _parse_piece(piece)
        return
    yield from _open_envelope(record, found)


def _parse_piece(piece: Found) -> Iterator[Parsed]:
    """One piece of a damaged text; it is not cut again."""
    try:
        record = orjson.loads(piece.raw)
    except (orjson.JSONDecodeError, RecursionError) as error:
        yield _not_json(piece, error)
        return
    yield from _open_envelope(record, piece)


def _open_envelope(record: Any, found: Found) -> Iterator[Parsed]:
    """A study as it is, or inside what the registry and its users wrap around it."""
    if not isinstance(record, dict):
        yield _failed(found, "not-a-study", "this is JSON, but not a study")
    elif "protocolSection" in record:
        yield Parsed(found.where, Study(found.raw, record))
    elif isinstance(record.get("study"), dict):  # the history API, and collections of versions
        inner = record["study"]
        yield from _open_envelope(inner, Found(_inner_bytes(found.raw, inner), found.where))
    elif isinstance(pages := record.get("studies"), list):
        for item in pages:
            yield from _open_envelope(item, Found(_written(item), found.where))
    elif (inner := _v1_study(record)) is not None:
        converted, problems = convert_v1(inner, found.where)
        study = Study.from_record(converted) if converted is not None else None
        yield Parsed(found.where, study, tuple(problems), "v1")
    else:
        yield _failed(found, "not-a-study", "this object has no protocolSection: it is not a study")


def _v1_study(record: dict[str, Any]) -> dict[str, Any] | None:
    """The study inside the envelopes of the v1 API, or None."""
    for key in ("FullStudy", "Study"):
        inner = record.get(key)
        if isinstance(inner, dict):
            record = inner
    return record if "ProtocolSection" in record else None


def _inner_bytes(raw: bytes, inner: dict[str, Any]) -> bytes:
    """The bytes of a study inside an envelope: as they stand there when it is the last key, else written anew."""
    _, _, text = raw.partition(b'"study":')
    text = text.rstrip(b" \t\r\n")[:-1].strip(b" \t\r\n")
    try:
        if orjson.loads(text) == inner:
            return text
    except orjson.JSONDecodeError:
        pass
    return _written(inner)


def _written(value: Any) -> bytes:
    """A value as JSON; what is nested too deep for it (`check` refuses that) as an empty object."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return b"{}"


def _parse_xml(found: Found) -> Parsed:
    record, problems = convert_xml(found.raw, found.where)
    study = Study.from_record(record) if record is not None else None
    return Parsed(found.where, study, tuple(problems), "xml")


def _not_json(found: Found, error: Exception) -> Parsed:
    try:
        found.raw.decode()
    except UnicodeDecodeError as broken:
        place = (found.where.position or 0) + broken.start
        return _failed(found, "invalid-utf8", f"not UTF-8 at byte {place}: {broken.reason}")
    reason = str(error) or "nested too deep"
    return _failed(found, "invalid-json", f"not JSON: {reason}")


def _failed(found: Found, code: str, message: str) -> Parsed:
    nct_id = known_nct_id(found.raw)
    place = at(found.where, found.where.position or 0, found.where.position_unit, nct_id)
    return Parsed(found.where, None, (Problem(Level.ERROR, code, place, message, excerpt(found.raw)),))
