"""What a name in `AREA[…]` stands for: a search area, a field, or all fields below a structure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from trialist.errors import UnknownFieldError
from trialist.record.catalogue import Field, SearchArea, fields, fields_by_path, fields_by_piece, search_areas
from trialist.record.enums import EnumValue, enums

LOCATIONS_PATH = "protocolSection.contactsLocationsModule.locations"
_LONGEST_NAME = 80


class ValueKind(StrEnum):
    """What the values of an area are, and so what may be asked of them."""

    TEXT = "text"
    ENUM = "enum"
    BOOLEAN = "boolean"
    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    AGE = "age"
    NCT_ID = "nct_id"
    PLACE = "place"
    MIXED = "mixed"
    CRITERION = "criterion"


_KINDS = {
    "boolean": ValueKind.BOOLEAN,
    "short": ValueKind.NUMBER,
    "integer": ValueKind.NUMBER,
    "long": ValueKind.NUMBER,
    "number": ValueKind.NUMBER,
    "NormalizedDate": ValueKind.DATE,
    "PartialDate": ValueKind.DATE,
    "DateTimeMinutes": ValueKind.TIME,
    "NormalizedTime": ValueKind.AGE,
    "nct": ValueKind.NCT_ID,
    "GeoPoint": ValueKind.PLACE,
}


def kind_of(field: Field) -> ValueKind:
    """What the values of a field are; `MIXED` for a structure."""
    if field.is_enum:
        return ValueKind.ENUM
    if field.is_struct:
        return ValueKind.MIXED
    return _KINDS.get(field.type, ValueKind.TEXT)


CRITERION_AREAS: Mapping[str, tuple[str, str, str]] = {
    "CriterionAllows": (
        "definitely allow",
        "do not definitely allow",
        "a value or a thing that the criteria definitely allow: `creatinine clearance 30 mL/min`, `age 4 years`",
    ),
    "CriterionExcludes": (
        "definitely exclude",
        "do not definitely exclude",
        "a value or a thing that definitely excludes: `prior MSC therapy`, `ECOG 3`",
    ),
    "CriterionRequires": (
        "definitely require",
        "do not definitely require",
        "values or a thing without which nobody takes part: `ECOG <= 2`, `steroid-refractory acute GVHD`",
    ),
    "CriterionVariable": (
        "speak of",
        "do not speak of",
        "a variable, a scale or age that some criterion measures",
    ),
    "CriterionConcept": (
        "speak of",
        "do not speak of",
        "a disease, drug, procedure, test or state in some criterion",
    ),
    "InclusionVariable": ("include by", "do not include by", "the same, in a criterion that includes"),
    "ExclusionVariable": ("exclude by", "do not exclude by", "the same, in a criterion that excludes"),
    "InclusionConcept": ("ask for", "do not ask for", "a thing that speaks for a person"),
    "ExclusionConcept": ("speak against", "do not speak against", "a thing that speaks against a person"),
}
"""Areas of our own over what criteria say: name → what criteria do, what they do not, and what may be asked there."""


@dataclass(frozen=True, slots=True)
class AreaTarget:
    """What a name stands for: exactly one of a search area, a field and an area over criteria (`kind` `CRITERION`).

    `fields` are the fields that hold the values: the area's in its order, the field itself, or for a structure the
    leaves below it. `kind` is `MIXED` for structures and for areas of several kinds.
    """

    name: str
    area: SearchArea | None
    field: Field | None
    fields: tuple[Field, ...]
    kind: ValueKind

    def __post_init__(self) -> None:
        said = (self.area is not None) + (self.field is not None) + (self.kind is ValueKind.CRITERION)
        if said != 1:
            raise ValueError("a name stands for a search area, a field or an area over criteria")

    @property
    def enum_values(self) -> Mapping[str, EnumValue]:
        """The values that the fields' enumerations have, in their order; empty for other kinds."""
        found: dict[str, EnumValue] = {}
        for field in self.fields:
            if field.is_enum:
                found |= enums()[field.type].values
        return found

    @property
    def has_sizes(self) -> bool:
        """Whether `:size` can be asked: the field is a list."""
        return self.field is not None and self.field.is_list

    @property
    def location_fields(self) -> tuple[Field, ...]:
        """Those of the fields that stand in one location of a study."""
        return tuple(field for field in self.fields if field.path.startswith(LOCATIONS_PATH + "."))


def _of_area(area: SearchArea) -> AreaTarget:
    looked_in = tuple(fields_by_piece()[piece] for part in area.parts for piece in part.pieces)
    kinds = {kind_of(field) for field in looked_in}
    return AreaTarget(area.name, area, None, looked_in, kinds.pop() if len(kinds) == 1 else ValueKind.MIXED)


def _of_field(field: Field, name: str) -> AreaTarget:
    if not field.is_struct:
        return AreaTarget(name, None, field, (field,), kind_of(field))
    below = field.path + "."
    leaves = tuple(
        one for one in fields() if one.path.startswith(below) and not one.is_struct and not one.indexed_only
    )
    return AreaTarget(name, None, field, leaves, ValueKind.MIXED)


@cache
def _known(name: str) -> AreaTarget:
    # Only ever called with names that exist, so the cache is no larger than the catalogue.
    if name in CRITERION_AREAS:
        return AreaTarget(name, None, None, (), ValueKind.CRITERION)
    area = search_areas().get(name)
    if area is not None:
        return _of_area(area)
    return _of_field(fields_by_piece().get(name) or fields_by_path()[name], name)


def is_area(name: str) -> bool:
    """Whether the name is one of the registry's: a search area, a piece or a dotted path; case counts."""
    return name in search_areas() or name in fields_by_piece() or name in fields_by_path()


def resolve_area(name: str) -> AreaTarget:
    """What a search area's name, a piece or a dotted path stands for; `UnknownFieldError` offers the nearest."""
    if not is_area(name) and name not in CRITERION_AREAS:
        raise UnknownFieldError(name, nearest_areas(name))
    return _known(name)


def nearest_areas(name: str, *, own: bool = False) -> tuple[str, ...]:
    """Up to three names that look like this one: the same in another case first; with `own` also of areas over criteria."""
    if len(name) > _LONGEST_NAME:
        return ()
    known = (*search_areas(), *fields_by_piece(), *(CRITERION_AREAS if own else ()))
    wanted = name.replace(" ", "").replace("_", "").casefold()
    same = [one for one in known if one.casefold() == wanted]
    paths = list(fields_by_path()) if "." in name else []
    close = difflib.get_close_matches(name, (*known, *paths), n=3, cutoff=0.6)
    folded = {one.casefold(): one for one in known}
    alike = [folded[one] for one in difflib.get_close_matches(wanted, folded, n=3, cutoff=0.6)]
    return tuple(dict.fromkeys([*same, *close, *alike]))[:3]
