"""`Study`: the registry's JSON untouched, with typed reads by piece or path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from trialist.record.ages import Age, parse_age
from trialist.record.catalogue import Field, find_field
from trialist.record.dates import PartialDate, parse_minutes, parse_partial_date
from trialist.record.nct_id import parse_nct_id
from trialist.record.unparsed import Unparsed


@dataclass(frozen=True, slots=True)
class GeoPoint:
    """A place on the sphere in degrees, north and east positive."""

    lat: float
    lon: float

    def __post_init__(self) -> None:
        if not (-90 <= self.lat <= 90 and -180 <= self.lon <= 180):
            raise ValueError(f"not a place on the sphere: {self.lat}, {self.lon}")


Value = str | bool | int | float | PartialDate | datetime | Age | GeoPoint | Mapping[str, Any] | Unparsed


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """One study: `raw` is the JSON as it was read, byte for byte, `record` the same parsed.

    Two studies are equal when their records are. Do not change `record`: it is shared, not copied.
    """

    raw: bytes
    record: Mapping[str, Any]

    @classmethod
    def from_json(cls, raw: bytes) -> Study:
        """Parse one study; `ValueError` (with the place) when the bytes are not a JSON object."""
        record = orjson.loads(raw)
        if not isinstance(record, dict):
            raise ValueError(f"a study is a JSON object, not a {type(record).__name__}")
        return cls(raw, record)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Study:
        """The study with this record; `raw` is its compact JSON."""
        return cls(orjson.dumps(record), record)

    @property
    def nct_id(self) -> str | None:
        """The id in its canonical spelling, or None when the record has none that can be read."""
        ids = self._identification()
        return parse_nct_id(ids.get("nctId"))

    @property
    def aliases(self) -> tuple[str, ...]:
        """Ids that were merged into this one, canonical; unreadable ones are left out (`check` reports them)."""
        found = self._identification().get("nctIdAliases")
        items = found if isinstance(found, list) else [found]
        return tuple(alias for alias in map(parse_nct_id, items) if alias)

    @property
    def last_update_post_date(self) -> PartialDate | None:
        """The day the registry posted this version, or None when not known."""
        found = self["LastUpdatePostDate"]
        return found if isinstance(found, PartialDate) else None

    def __getitem__(self, name: str) -> Any:
        """The value of a field by piece or path.

        A field that occurs once gives its value or None; a field in or below a list gives a tuple of all values in the
        record's order. Dates become `PartialDate` (or datetime), ages `Age`, points `GeoPoint`; a value that is not what
        the catalogue says becomes `Unparsed`. `UnknownFieldError` for a name that is not in the catalogue.
        """
        field = find_field(name)
        convert = _CONVERTERS.get(field.type, _keep) if not field.is_enum else _text
        values = tuple(convert(raw) for raw in raw_values(self.record, field))
        if field.is_many:
            return values
        return values[0] if values else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Study) and self.record == other.record

    def __hash__(self) -> int:
        return hash(self.nct_id)

    def _identification(self) -> Mapping[str, Any]:
        section = self.record.get("protocolSection")
        module = section.get("identificationModule") if isinstance(section, dict) else None
        return module if isinstance(module, dict) else {}


def raw_values(record: Mapping[str, Any], field: Field) -> Iterator[Any]:
    """The values at a field's path, lists opened at every step; null and misplaced structures give nothing."""
    level: list[Any] = [record]
    for key in field.path.split("."):
        below: list[Any] = []
        for holder in level:
            # asked for its class first: whether something is a mapping takes ten times as long
            item = holder.get(key) if type(holder) is dict or isinstance(holder, Mapping) else None
            if isinstance(item, list):
                below.extend(item)
            elif item is not None:
                below.append(item)
        level = below
    return (item for item in level if item is not None)


def _keep(raw: Any) -> Value:
    return raw if isinstance(raw, Mapping) else Unparsed(raw, "not an object")


def _text(raw: Any) -> Value:
    return raw if isinstance(raw, str) else Unparsed(raw, "not a text")


def _boolean(raw: Any) -> Value:
    return raw if isinstance(raw, bool) else Unparsed(raw, "not true or false")


def _integer(raw: Any) -> Value:
    return raw if isinstance(raw, int) and not isinstance(raw, bool) else Unparsed(raw, "not a whole number")


def _number(raw: Any) -> Value:
    is_number = isinstance(raw, int | float) and not isinstance(raw, bool)
    return raw if is_number else Unparsed(raw, "not a number")


def _geo_point(raw: Any) -> Value:
    if isinstance(raw, Mapping):
        lat, lon = raw.get("lat"), raw.get("lon")
        if isinstance(lat, int | float) and isinstance(lon, int | float):
            try:
                return GeoPoint(float(lat), float(lon))
            except ValueError:
                return Unparsed(raw, "not a place on the sphere")
    return Unparsed(raw, "not an object with lat and lon")


_CONVERTERS: Mapping[str, Callable[[Any], Value]] = {
    "text": _text,
    "markup": _text,
    "nct": _text,
    "GeoName": _text,
    "keyword": _text,
    "boolean": _boolean,
    "short": _integer,
    "integer": _integer,
    "long": _integer,
    "number": _number,
    "NormalizedDate": parse_partial_date,
    "PartialDate": parse_partial_date,
    "DateTimeMinutes": parse_minutes,
    "NormalizedTime": parse_age,
    "GeoPoint": _geo_point,
}
