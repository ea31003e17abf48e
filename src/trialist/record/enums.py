"""The registry's enumerations: values as the record holds them (`RECRUITING`) and their labels (`Recruiting`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from trialist.record.catalogue import read_table


@dataclass(frozen=True, slots=True)
class EnumValue:
    """A value and its label; `exceptions` maps a piece to the label it uses instead."""

    value: str
    label: str
    exceptions: Mapping[str, str] = field(default_factory=dict)

    def label_for(self, piece: str) -> str:
        """The label of this value in one piece."""
        return self.exceptions.get(piece, self.label)


@dataclass(frozen=True, slots=True)
class EnumType:
    """One enumeration, the pieces that hold it, and its values in the registry's order."""

    name: str
    pieces: tuple[str, ...]
    values: Mapping[str, EnumValue]


@cache
def enums() -> Mapping[str, EnumType]:
    """Name → enumeration, all 41."""
    return {
        row["type"]: EnumType(
            row["type"],
            tuple(row["pieces"]),
            {
                item["value"]: EnumValue(item["value"], item["label"], item.get("exceptions", {}))
                for item in row["values"]
            },
        )
        for row in read_table("enums.json")["enums"]
    }


def label_of(enum_name: str, value: str, piece: str = "") -> str:
    """The label of a value, or the value itself when the enumeration does not know it."""
    known = enums()[enum_name].values.get(value)
    return known.label_for(piece) if known else value


def enum_values(enum_name: str) -> tuple[str, ...]:
    """The values of an enumeration in the registry's order."""
    return tuple(enums()[enum_name].values)
