"""The "full study" JSON of ClinicalTrials.gov's first API (until 2024) -> records in the shape of its API v2.

The first API called its fields by the names that the field catalogue has as pieces, and wrapped each list as
`{"ConditionList": {"Condition": [...]}}`; so the catalogue is the mapping, but for the few names in `mappings/
ctgov_v1.toml`. A value is read by the type of its field; what has no field is kept in a problem.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from trialist.errors import Level, Problem, Where
from trialist.record.catalogue import Field, fields_by_piece, order_keys
from trialist.sources.ctgov_xml_reading import Reading
from trialist.sources.ctgov_xml_values import BY_TYPE, boolean_reader, enum_reader, read_text

_MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class _Table:
    names: Mapping[str, str]
    labels: Mapping[str, Mapping[str, Any]]
    left_out: Mapping[str, str]


@cache
def _table() -> _Table:
    text = (resources.files("trialist.sources") / "mappings" / "ctgov_v1.toml").read_text(encoding="utf-8")
    found = tomllib.loads(text)
    return _Table(found["names"], found["labels"], found["packaging"])


@cache
def _reader(piece: str) -> Callable[[str], Any]:
    """The reader of a piece's values; markup is text here, for the first API gave it as it was entered."""
    field = fields_by_piece()[piece]
    labels = _table().labels.get(piece, {})
    if field.is_enum:
        return enum_reader(field.type, labels)
    if field.type == "boolean":
        return boolean_reader(labels)
    return read_text if field.type == "markup" else BY_TYPE.get(field.type, read_text)


def convert_v1(record: dict[str, Any], where: Where) -> tuple[dict[str, Any] | None, list[Problem]]:
    """One study of the first API -> its v2 record, keys in the registry's order, and the problems met.

    The study may stand alone, or in `{"FullStudy": {"Study": ...}}` or `{"Study": ...}`. None when there is no study
    in it; a problem of level ERROR then says why.
    """
    reading = Reading(where)
    study: Any = record
    for wrapping in ("FullStudy", "Study"):
        study = study.get(wrapping, study) if isinstance(study, dict) else study
    if not isinstance(study, dict) or not isinstance(study.get("ProtocolSection"), dict):
        reading.report(Level.ERROR, "not-a-study", "", "there is no ProtocolSection")
        return None, reading.problems
    found: dict[str, Any] = {}
    _read_object(study, found, "", reading, 0)
    nct_id = found.get("protocolSection", {}).get("identificationModule", {}).get("nctId")
    if not isinstance(nct_id, str):
        reading.report(
            Level.ERROR, "missing-nct-id", "ProtocolSection.IdentificationModule", "there is no NCT id"
        )
        return None, reading.finish(where.nct_id)
    found["hasResults"] = "resultsSection" in found
    return order_keys(found), reading.finish(nct_id)


def _read_object(
    source: dict[str, Any], target: dict[str, Any], path: str, reading: Reading, depth: int
) -> None:
    table = _table()
    for key, value in source.items():
        here = f"{path}.{key}" if path else key
        if key in table.left_out:
            continue
        piece = table.names.get(key, key)
        inner = piece.removesuffix("List")
        if inner != piece and isinstance(value, dict) and len(value) == 1:
            [(piece, value)] = value.items()
            piece = table.names.get(piece, piece)
        field = fields_by_piece().get(piece)
        if field is None or field.indexed_only or depth > _MAX_DEPTH or field.name in target:
            _keep(value, here, reading)
        else:
            _read_field(field, value, target, here, reading, depth)


def _read_field(
    field: Field, value: Any, target: dict[str, Any], path: str, reading: Reading, depth: int
) -> None:
    items = value if isinstance(value, list) else [value]
    found: list[Any] = []
    for item in items:
        if isinstance(item, dict) and field.is_struct:
            below: dict[str, Any] = {}
            _read_object(item, below, path, reading, depth + 1)
            found += [below] if below else []
        elif isinstance(item, (dict, list)) or field.is_struct:
            _keep(item, path, reading)
        else:
            read = _read_value(field.piece, str(item), path, reading)
            found += [read] if read is not None else []
    if field.is_list:
        target.update({field.name: found} if found else {})
        return
    target.update({field.name: found[0]} if found else {})
    for item in found[1:]:
        _keep(item, path, reading)


def _read_value(piece: str, text: str, path: str, reading: Reading) -> Any:
    try:
        return _reader(piece)(text)
    except ValueError as error:
        reading.report(Level.WARNING, "unreadable-value", path, f"kept as it is: {error}", text)
        return text


def _keep(value: Any, path: str, reading: Reading) -> None:
    """Keep every text of a value that has no field."""
    waiting = [(path, value)]
    while waiting:
        way, item = waiting.pop(0)
        if isinstance(item, dict):
            waiting += [(f"{way}.{key}", below) for key, below in item.items()]
        elif isinstance(item, list):
            waiting += [(way, below) for below in item]
        else:
            reading.unplace("unmapped-element", way, "v2 has no field of this name", str(item))
