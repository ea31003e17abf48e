"""The form's table, and the JSON Schema made of it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from trialist.patient.facts import FactKind

SCHEMA_ID = "https://trialist.example/schemas/patient-form.json"
_LEAF = {"type": ["string", "number", "boolean"]}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the form: what its items become, what they may and must say."""

    name: str
    says: str
    kind: FactKind
    keys: Mapping[str, str]
    needed: frozenset[str]


@cache
def _table() -> Mapping[str, Any]:
    text = (resources.files("trialist.patient") / "tables" / "form.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def parts() -> Mapping[str, Part]:
    """The parts of the form by name."""
    common: dict[str, str] = _table()["common"]
    return {
        name: Part(
            name,
            row["says"],
            FactKind(row["kind"]),
            {**{key.removesuffix("*"): said for key, said in row["keys"].items()}, **common},
            frozenset(key.removesuffix("*") for key in row["keys"] if key.endswith("*")),
        )
        for name, row in _table()["part"].items()
    }


@cache
def top() -> Mapping[str, str]:
    """The keys of the form itself, and what each says."""
    found: dict[str, str] = _table()["top"]
    return found


def choices(part: str, key: str) -> tuple[str, ...]:
    """The words that a key of a part takes ("" for the form itself), where it takes only some; else none."""
    table: dict[str, str] = _table()["choices"]
    found = table.get(f"{part}.{key}" if part else key, table.get(key, ""))
    return tuple(word.strip() for word in found.split(",")) if found else ()


def form_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the form."""
    properties: dict[str, Any] = {name: {**_LEAF, "description": said} for name, said in top().items()}
    for name, part in parts().items():
        item = {
            "type": "object",
            "properties": {key: {**_LEAF, "description": said} for key, said in part.keys.items()},
            "required": sorted(part.needed),
            "additionalProperties": False,
        }
        short = [item] if "value" in part.needed else [item, {"type": "string"}]
        whole: dict[str, Any] = {"type": "array", "items": {"anyOf": short}, "description": part.says}
        properties[name] = {"anyOf": [whole, {"const": "none"}]} if name == "allergies" else whole
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "What is known of a patient",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
