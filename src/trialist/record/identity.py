"""What the store files a record under, and a fast way to it for records without any problem.

Most records have no problem at all. For those `read_sound` decodes the text into types made from the catalogue, which
takes a quarter of the time of parsing and checking: whatever `check` would report makes it give up. `check` is the judge;
tests hold the two against each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

import msgspec

from trialist.record.ages import parse_age
from trialist.record.catalogue import Field, children
from trialist.record.check import WHOLE_TYPES
from trialist.record.dates import PartialDate, parse_minutes, parse_partial_date
from trialist.record.enums import enums
from trialist.record.nct_id import is_canonical_nct_id, parse_nct_id
from trialist.record.study import Study
from trialist.record.unparsed import Unparsed

_REMEMBERED = 50_000  # distinct dates and ages a process remembers as good; the registry has some 20,000
_ALL_TEXT_TYPES = frozenset({"text", "markup", "GeoName", "keyword"})


@dataclass(frozen=True, slots=True)
class Identity:
    """The canonical id and aliases of a record, and its dates as text, "" where the record does not tell them.

    `data_date` is `VersionHolder`, the day of the registry's data that the record was downloaded from.
    """

    nct_id: str
    aliases: tuple[str, ...]
    last_update_post_date: str
    data_date: str


def identify(study: Study) -> Identity | None:
    """The identity of a parsed study; None when it has no id."""
    nct_id = study.nct_id
    if nct_id is None:
        return None
    data_date = study["VersionHolder"]
    return Identity(
        nct_id,
        study.aliases,
        str(study.last_update_post_date or ""),
        str(data_date) if isinstance(data_date, PartialDate) else "",
    )


def read_sound(raw: bytes) -> Identity | None:
    """The identity of a study in which `check` finds nothing; None when it may find something, or this is no study."""
    try:
        record = _decoder().decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    nct_id = _reach(record, "protocolSection", "identificationModule", "nctId")
    if not is_canonical_nct_id(nct_id) or parse_nct_id(nct_id) is None:
        return None
    aliases = _reach(record, "protocolSection", "identificationModule", "nctIdAliases") or ()
    posted = _reach(record, "protocolSection", "statusModule", "lastUpdatePostDateStruct", "date")
    data_date = _reach(record, "derivedSection", "miscInfoModule", "versionHolder")
    canonical = tuple(alias for alias in map(parse_nct_id, aliases) if alias)
    if len(canonical) != len(aliases):
        return None
    return Identity(nct_id, canonical, posted.text if posted else "", data_date.text if data_date else "")


def _reach(record: Any, *names: str) -> Any:
    for name in names:
        record = getattr(record, name)
        if record is msgspec.UNSET:
            return None
    return record


class _Checked:
    """A text that was found to be of its form. Not a dataclass: the decoder would look for an object in the JSON."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class _FullDate(_Checked):
    """A day."""


class _PartialDate(_Checked):
    """A day, month or year."""


class _Minutes(_Checked):
    """A day and a time."""


class _Age(_Checked):
    """A number and a unit."""


_PARSERS: dict[type, Callable[[object], object]] = {
    _FullDate: parse_partial_date,
    _PartialDate: parse_partial_date,
    _Minutes: parse_minutes,
    _Age: parse_age,
}
_TYPES: dict[str, Any] = {
    "NormalizedDate": _FullDate,
    "PartialDate": _PartialDate,
    "DateTimeMinutes": _Minutes,
    "NormalizedTime": _Age,
    "boolean": bool,
    "nct": str,
    **dict.fromkeys(_ALL_TEXT_TYPES, str),
    # orjson reads wider numbers as decimals; those are for the judge.
    **dict.fromkeys(WHOLE_TYPES, Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]),
}
_good: dict[type, dict[str, object]] = {kind: {} for kind in _PARSERS}


def _read_text(kind: type, text: object) -> object:
    """A text as one of the kinds above; `ValueError` (which becomes a validation error) when it is not of its form."""
    good = _good[kind]
    if not isinstance(text, str):
        raise ValueError("not a text")
    found = good.get(text)
    if found is None:
        parsed = _PARSERS[kind](text)
        if isinstance(parsed, Unparsed) or (kind is _FullDate and len(text) != len("yyyy-MM-dd")):
            raise ValueError("not of its form")
        found = kind(text)
        if len(good) < _REMEMBERED:
            good[text] = found
    return found


@cache
def _decoder() -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(_struct(""), dec_hook=_read_text)


def _struct(path: str) -> type:
    """The fields below a path as a type that knows no others; every field may be absent, none may be null."""
    rows = [
        (_attribute(child.name), _type(child) | msgspec.UnsetType, msgspec.UNSET)
        for child in children()[path]
    ]
    names = {_attribute(child.name): child.name for child in children()[path]}
    name = re.sub(r"\W", "_", path) or "study"
    return msgspec.defstruct(name, rows, rename=names, forbid_unknown_fields=True, gc=False)


def _attribute(name: str) -> str:
    return f"{name}_" if name == "class" else name


def _type(field: Field) -> Any:
    if field.is_enum:
        kind: Any = Literal[tuple(enums()[field.type].values)]
    elif field.type == "GeoPoint":
        kind = _geo_point()
    elif field.is_struct:
        kind = _struct(field.path)
    else:
        kind = _TYPES[field.type]
    return list[kind] if field.is_list else kind


@cache
def _geo_point() -> type:
    rows = [
        (name, Annotated[float, msgspec.Meta(ge=-limit, le=limit)] | msgspec.UnsetType, msgspec.UNSET)
        for name, limit in (("lat", 90), ("lon", 180))
    ]
    return msgspec.defstruct("geo_point", rows, forbid_unknown_fields=True, gc=False)
