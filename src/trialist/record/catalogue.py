"""The field catalogue: every field of a study, read from `catalogue/*.json`.

A field has two spellings here, the piece (`OverallStatus`) and the dotted path
(`protocolSection.statusModule.overallStatus`); only this module converts between them. The data are facts of
ClinicalTrials.gov's data model (531 fields, 454 of which a record can hold; 77 exist only in the registry's index).
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from trialist.errors import UnknownFieldError

SCALAR_TYPES = frozenset(
    {
        "text", "markup", "nct", "GeoName", "keyword",
        "boolean", "short", "integer", "long", "number",
        "NormalizedDate", "PartialDate", "DateTimeMinutes", "NormalizedTime", "GeoPoint",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the data model.

    `type` is a scalar type (`SCALAR_TYPES`), the name of an enumeration (`is_enum`) or the name of a structure;
    `is_list` says that the record holds a list of them, `is_many` that there may be several values in a study because
    the field or one of its ancestors is a list. `title` is the registry's short label, `definition` the label and
    address of its definition among the data elements that sponsors enter; "" where it has none.
    """

    piece: str
    path: str
    type: str
    title: str
    is_list: bool
    is_many: bool
    is_enum: bool
    synonyms: bool
    indexed_only: bool
    nested: bool
    definition: tuple[str, str] = ("", "")

    @property
    def name(self) -> str:
        """The last part of the path: the key in the record."""
        return self.path.rpartition(".")[2]

    @property
    def is_struct(self) -> bool:
        """Whether the field holds an object with fields of its own."""
        return not self.is_enum and self.type not in SCALAR_TYPES


@dataclass(frozen=True, slots=True)
class AreaPart:
    """A group of pieces that a search area looks in, with the weight of a hit there (0 to 1)."""

    pieces: tuple[str, ...]
    type: str
    weight: float
    is_enum: bool
    synonyms: bool


@dataclass(frozen=True, slots=True)
class SearchArea:
    """A named set of weighted parts: `ConditionSearch` looks in conditions, titles and more.

    `param` is the name of the query parameter without its prefix ("cond"), `label` what the registry calls the area
    in its errors; "" where there is none.
    """

    name: str
    document: str
    label: str
    param: str
    parts: tuple[AreaPart, ...]


_DEFINITIONS = "https://clinicaltrials.gov/policy/"


def read_table(name: str) -> Any:
    """The parsed content of one file of `record/catalogue/`."""
    return json.loads((resources.files("trialist.record") / "catalogue" / name).read_text(encoding="utf-8"))


@cache
def fields() -> tuple[Field, ...]:
    """All 531 fields in data-model order."""
    found: list[Field] = []
    many: dict[str, bool] = {"": False}
    for row in read_table("fields.json")["fields"]:
        path: str = row["path"]
        kind: str = row["type"]
        is_list = kind.endswith("[]")
        many[path] = is_list or many[path.rpartition(".")[0]]
        found.append(
            Field(
                piece=row["piece"],
                path=path,
                type=kind.removesuffix("[]"),
                title=row.get("title", ""),
                is_list=is_list,
                is_many=many[path],
                is_enum=row.get("enum", False),
                synonyms=row.get("synonyms", False),
                indexed_only=row.get("indexed_only", False),
                nested=row.get("nested", False),
                definition=_definition(row.get("definition")),
            )
        )
    return tuple(found)


def _definition(row: list[str] | None) -> tuple[str, str]:
    return (row[0], _DEFINITIONS + row[1]) if row else ("", "")


@cache
def fields_by_piece() -> Mapping[str, Field]:
    """Piece → field."""
    return {field.piece: field for field in fields()}


@cache
def fields_by_path() -> Mapping[str, Field]:
    """Dotted path → field."""
    return {field.path: field for field in fields()}


def find_field(name: str) -> Field:
    """The field with this piece or dotted path; `UnknownFieldError` names the nearest ones."""
    found = fields_by_piece().get(name) or fields_by_path().get(name)
    if found is None:
        known = (*fields_by_piece(), *fields_by_path())
        raise UnknownFieldError(name, tuple(difflib.get_close_matches(name, known, n=3, cutoff=0.6)))
    return found


@cache
def children() -> Mapping[str, tuple[Field, ...]]:
    """Path of a structure ("" for the study) → the fields directly below it that a record can hold."""
    found: dict[str, list[Field]] = {}
    for field in fields():
        if not field.indexed_only:
            found.setdefault(field.path.rpartition(".")[0], []).append(field)
    return {parent: tuple(below) for parent, below in found.items()}


@cache
def search_areas() -> Mapping[str, SearchArea]:
    """Name → search area, all 19, in the registry's order."""
    return {
        row["name"]: SearchArea(
            name=row["name"],
            document=row["document"],
            label=row.get("label", ""),
            param=row.get("param", ""),
            parts=tuple(
                AreaPart(
                    tuple(part["pieces"]),
                    part["type"],
                    part["weight"],
                    part.get("enum", False),
                    part.get("synonyms", False),
                )
                for part in row["parts"]
            ),
        )
        for row in read_table("areas.json")["areas"]
    }


@cache
def key_order() -> Mapping[str, Mapping[str, int]]:
    """Path of a structure ("" for the study) → key → its place among the keys of that object."""
    objects: dict[str, list[str]] = read_table("key_order.json")["objects"]
    return {path: {key: place for place, key in enumerate(keys)} for path, keys in objects.items()}


def order_keys(record: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """A copy of a record with every object's keys in the registry's order; unknown keys follow, in their own order."""
    order = key_order().get(path, {})
    after = len(order)

    def ordered(value: Any, below: str) -> Any:
        if isinstance(value, Mapping):
            return order_keys(value, below)
        if isinstance(value, list):
            return [ordered(item, below) for item in value]
        return value

    return {
        key: ordered(record[key], f"{path}.{key}" if path else key)
        for key in sorted(record, key=lambda key: order.get(key, after))
    }


def walk_leaves(value: Any, path: str = "", pointer: str = "") -> Iterator[tuple[str, str, Any]]:
    """Every leaf of a record in its own order, as (dotted path, JSON pointer, value).

    A leaf is a string, number, boolean or null, and also an empty object or list, so that nothing a record says is
    left out.
    """
    if isinstance(value, dict) and value:
        for key, item in value.items():
            token = key.replace("~", "~0").replace("/", "~1")
            yield from walk_leaves(item, f"{path}.{key}" if path else key, f"{pointer}/{token}")
    elif isinstance(value, list) and value:
        for place, item in enumerate(value):
            yield from walk_leaves(item, path, f"{pointer}/{place}")
    else:
        yield path, pointer, value
