"""The judge of statistics: a plain scan over records, value by value, without an index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from trialist.record.catalogue import Field, fields_by_piece
from trialist.record.dates import parse_minutes, parse_partial_date
from trialist.record.derived import counted_lists, derived_numbers
from trialist.record.enums import enum_values
from trialist.record.unparsed import Unparsed

Record = Mapping[str, Any]
TYPES = {
    "boolean": "BOOLEAN",
    **dict.fromkeys(("short", "integer", "long", "number"), "INTEGER"),
    **dict.fromkeys(("NormalizedDate", "PartialDate", "DateTimeMinutes"), "DATE"),
}
LOCATIONS = "protocolSection.contactsLocationsModule.locations."
FORMATS = {4: "yyyy", 7: "yyyy-MM", 10: "yyyy-MM-dd", 16: "yyyy-MM-dd'T'HH:mm"}


def leaves(value: Any, path: str, found: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Every value by its path, in the record's order; a list inside of a list is no place for values."""
    if isinstance(value, list):
        for item in value:
            if not isinstance(item, list):
                leaves(item, path, found)
    elif isinstance(value, dict):
        for key, below in value.items():
            leaves(below, f"{path}.{key}" if path else key, found)
    else:
        found.setdefault(path, []).append(value)
    return found


def type_of(field: Field) -> str:
    return "ENUM" if field.is_enum else TYPES.get(field.type, "STRING")


def is_value(field: Field, value: Any) -> bool:
    kind = type_of(field)
    if kind == "BOOLEAN":
        return isinstance(value, bool)
    if kind == "INTEGER":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "DATE":
        parse = parse_minutes if field.type == "DateTimeMinutes" else parse_partial_date
        return not isinstance(parse(value), Unparsed)
    return isinstance(value, str)


class Scanned:
    """Records by NCT number, with the values and the derived numbers of each; every field is told from all of them."""

    def __init__(self, records: Mapping[int, Record]) -> None:
        self._values = {number: leaves(record, "", {}) for number, record in sorted(records.items())}
        self._derived = {number: derived_numbers(record) for number, record in sorted(records.items())}

    def values(self, piece: str) -> dict[str, Any]:
        """What `field_values` should tell of a field."""
        field = fields_by_piece()[piece]
        found = {number: self._values_of(number, field) for number in self._values}
        kind = type_of(field)
        told: dict[str, Any] = {
            "type": kind,
            "piece": piece,
            "field": field.path,
            "missingStudiesCount": sum(not values for values in found.values()),
        }
        if kind == "BOOLEAN":
            told["falseCount"] = sum(False in values for values in found.values())
            told["trueCount"] = sum(True in values for values in found.values())
            return told
        every = [value for values in found.values() for value in values]
        if kind == "INTEGER":
            return told | (
                {"min": min(every), "max": max(every), "avg": sum(every) / len(every)} if every else {}
            )
        if kind == "DATE":
            formats = [name for size, name in FORMATS.items() if size in set(map(len, every))]
            return told | ({"min": min(every), "max": max(every)} if every else {}) | {"formats": formats}
        return told | _scan_texts(field, found)

    def sizes(self, piece: str) -> dict[str, Any]:
        """What `list_sizes` should tell of a list field."""
        field = fields_by_piece()[piece]
        studies: Counter[int] = Counter()
        for derived in self._derived.values():
            studies.update(set(derived.get(counted_lists()[piece], ())))
        told: dict[str, Any] = {"piece": piece, "field": field.path, "uniqueSizesCount": len(studies)}
        if studies:
            told |= {"minSize": min(studies), "maxSize": max(studies)}
        ranked = sorted(studies, key=lambda size: (-studies[size], size))[:250]
        return told | {"topSizes": [{"size": size, "studiesCount": studies[size]} for size in ranked]}

    def _values_of(self, number: int, field: Field) -> list[Any]:
        if field.indexed_only:
            return list(self._derived[number].get(field.piece, ()))
        return [value for value in self._values[number].get(field.path, ()) if is_value(field, value)]


def _scan_texts(field: Field, found: Mapping[int, list[str]]) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    first: dict[str, int] = {}
    for number, values in found.items():
        counts.update(set(values))
        for value in values:
            first.setdefault(value, number)
    ranked = sorted(counts, key=lambda text: (-counts[text], first[text], text))
    if field.is_enum and "." in field.path and not field.path.startswith(LOCATIONS):
        known = {value: place for place, value in enumerate(enum_values(field.type))}
        ranked.sort(key=lambda text: (-counts[text], known.get(text, 999)))
    told: dict[str, Any] = {
        "uniqueValuesCount": len(counts),
        "topValues": [{"value": text, "studiesCount": counts[text]} for text in ranked[:250]],
    }
    if not field.is_enum and counts:
        longest = min(counts, key=lambda text: (-len(text), first[text], text))
        told["longest"] = {
            "length": len(longest),
            "nctId": f"NCT{first[longest]:08d}",
            "value": longest,
        }
    return told
