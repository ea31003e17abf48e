"""JSON Schema, as far as the project's own documents use it; a keyword that is not known here fails."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_KNOWN = {
    "type", "enum", "const", "anyOf", "$ref", "properties", "required", "additionalProperties", "items", "minItems",
    "maxItems", "minimum", "maximum", "pattern", "description", "default", "format",
}  # fmt: skip


def faults(
    value: Any, schema: Mapping[str, Any], schemas: Mapping[str, Any], where: str = ""
) -> Iterator[str]:
    """What in a value is not as a schema says."""
    assert set(schema) <= _KNOWN, f"unknown keywords {set(schema) - _KNOWN}"
    if "$ref" in schema:
        yield from faults(value, schemas[schema["$ref"].rpartition("/")[2]], schemas, where)
        return
    if "anyOf" in schema:
        found = [list(faults(value, one, schemas, where)) for one in schema["anyOf"]]
        if all(found):
            yield min(found, key=len)[0]
        return
    kinds = schema.get("type", list(_TYPES))
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if not any(_is(value, kind) for kind in kinds):
        yield f"{where}: {value!r} is not {kinds}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"
    if "const" in schema and value != schema["const"]:
        yield f"{where}: {value!r} is not {schema['const']!r}"
    yield from _limits(value, schema, where)
    for place, one in enumerate(value if isinstance(value, list) else []):
        yield from faults(one, schema.get("items", {}), schemas, f"{where}/{place}")
    if isinstance(value, dict):
        yield from _object_faults(value, schema, schemas, where)


def _limits(value: Any, schema: Mapping[str, Any], where: str) -> Iterator[str]:
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield f"{where}: {value!r} does not match"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{where}: {value!r} is beyond its limits"
    if isinstance(value, list) and not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 1e9):
        yield f"{where}: {len(value)} items"


def _object_faults(
    value: Mapping[str, Any], schema: Mapping[str, Any], schemas: Mapping[str, Any], where: str
) -> Iterator[str]:
    for name in schema.get("required", []):
        if name not in value:
            yield f"{where}: no {name}"
    known = schema.get("properties", {})
    more = schema.get("additionalProperties", True)
    for name, one in value.items():
        if name in known:
            yield from faults(one, known[name], schemas, f"{where}/{name}")
        elif more is False:
            yield f"{where}: {name} is not in the schema"
        elif isinstance(more, dict):
            yield from faults(one, more, schemas, f"{where}/{name}")


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES[kind])
