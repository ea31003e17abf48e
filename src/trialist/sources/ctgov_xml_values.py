"""How one text of the ClinicalTrials.gov XML becomes one value of the API v2.

Each reader takes the text as it stands in the XML and returns the value, or None for nothing; a text it cannot read
raises `ValueError`, and the caller keeps the text as it is and says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from trialist.record.enums import enums
from trialist.sources.ctgov_xml_text import convert_block, convert_line, plain_text

_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_MONTH = {name: place for place, name in enumerate(_MONTHS, start=1)} | {
    name[:3]: place for place, name in enumerate(_MONTHS, start=1)
}
_NAMED = re.compile(r"([A-Za-z]+)\.? (?:(\d{1,2}), ?)?(\d{4})")
_SLASHED = re.compile(r"(\d{1,2})/(?:(\d{1,2})/)?(\d{4})")
_ISO = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?")
_WHOLE = re.compile(r"[+-]?\d+")
_GROUP = re.compile(r"([PBOE])(\d+)")
_DOWNLOAD = re.compile(r"ClinicalTrials\.gov processed this data on (.+)")


@lru_cache(maxsize=4096)
def read_text(text: str) -> str | None:
    """Plain text."""
    return plain_text(text) or None


def read_line(text: str) -> str | None:
    """Markup printed on one line."""
    return convert_line(text) or None


def read_block(text: str) -> str | None:
    """Markup printed as a hard-wrapped block."""
    return convert_block(text) or None


@lru_cache(maxsize=4096)
def read_date(text: str) -> str | None:
    """`April 13, 2016`, `April 2016`, `04/2016` -> `2016-04-13`, `2016-04`, `2016-04`."""
    text = " ".join(text.split())
    if not text:
        return None
    if _ISO.fullmatch(text):
        return text
    named = _NAMED.fullmatch(text)
    if named is not None:
        month = _MONTH.get(named[1].lower(), 0)
        day = named[2]
    else:
        slashed = _SLASHED.fullmatch(text)
        if slashed is None:
            raise ValueError("not a date")
        named, month, day = slashed, int(slashed[1]), slashed[2]
    if not 1 <= month <= 12 or (day and not 1 <= int(day) <= 31):
        raise ValueError("not a date")
    return f"{named[3]}-{month:02d}" + (f"-{int(day):02d}" if day else "")


def read_whole_number(text: str) -> int | None:
    """A whole number, without separators."""
    if text.isdecimal() and text.isascii():
        return int(text)
    text = text.strip()
    if not text:
        return None
    if not _WHOLE.fullmatch(text):
        raise ValueError("not a whole number")
    return int(text)


@lru_cache(maxsize=4096)
def read_group_id(text: str) -> str | None:
    """`P1` -> `FG000`: the XML counts the groups of a table from one, v2 from zero."""
    text = text.strip()
    found = _GROUP.fullmatch(text)
    if found is None:
        if not text:
            return None
        raise ValueError("not a group id")
    front = "FG" if found[1] == "P" else found[1] + "G"
    return f"{front}{int(found[2]) - 1:03d}"


def read_age(text: str) -> str | None:
    """An age with its unit; `N/A` means that there is no limit, which v2 says by leaving the field out."""
    text = text.strip()
    return None if text in ("", "N/A") else text


def read_file(text: str) -> str | None:
    """The last part of a web address."""
    return text.strip().rpartition("/")[2] or None


def read_known_date(text: str) -> Any:
    """A date, or `Unknown`."""
    return True if text.strip() == "Unknown" else read_date(text)


def read_download_date(text: str) -> str | None:
    """The day in `ClinicalTrials.gov processed this data on February 03, 2023`."""
    found = _DOWNLOAD.fullmatch(text.strip())
    if found is None:
        raise ValueError("no date of download")
    return read_date(found[1])


def read_semicolons(text: str) -> list[str] | None:
    """A list printed as one text, its items apart by semicolons."""
    return [item.strip() for item in text.split(";") if item.strip()] or None


def read_several(
    texts: Mapping[str, dict[str, Any]], raw: str, otherwise: dict[str, Any] | None, text: str
) -> dict[str, Any] | None:
    """The fields that a fixed text stands for."""
    text = text.strip()
    found = texts.get(text)
    if found is not None:
        return found
    if not text:
        return None
    if otherwise is None:
        raise ValueError(raw)
    return {key: convert_line(text) if value == "$text" else value for key, value in otherwise.items()}


def enum_reader(enum_name: str, labels: Mapping[str, Any]) -> Callable[[str], Any]:
    """A reader of an enumeration's labels, the catalogue's and those of the table."""
    known: dict[str, Any] = {"": None}
    for item in enums()[enum_name].values.values():
        for label in (item.label, *item.exceptions.values()):
            known[label] = known[label.casefold()] = item.value
    known.update(labels)
    known.update({label.casefold(): value for label, value in labels.items()})

    def read(text: str) -> Any:
        if text in known:
            return known[text]
        folded = text.strip().casefold()
        if folded not in known:
            raise ValueError(f"not a label of {enum_name}")
        return known[folded]

    return read


def boolean_reader(labels: Mapping[str, Any]) -> Callable[[str], Any]:
    """A reader of yes and no, and of the table's own words for them."""
    known = {"yes": True, "no": False, "true": True, "false": False}
    known.update({label.casefold(): value for label, value in labels.items()})

    def read(text: str) -> Any:
        text = text.strip()
        value = known.get(text.casefold())
        if value is None and text:
            raise ValueError("neither yes nor no")
        return value

    return read


KINDS: Mapping[str, Callable[[str], Any]] = {
    "text": read_text,
    "markup": read_line,
    "block": read_block,
    "age": read_age,
    "group_id": read_group_id,
    "name": read_text,
    "degrees": read_text,
    "file": read_file,
    "inherit": read_text,
    "known_date": read_known_date,
    "download_date": read_download_date,
    "semicolons": read_semicolons,
}

BY_TYPE: Mapping[str, Callable[[str], Any]] = {
    "text": read_text,
    "nct": read_text,
    "keyword": read_text,
    "GeoName": read_text,
    "NormalizedTime": read_text,
    "markup": read_line,
    "NormalizedDate": read_date,
    "PartialDate": read_date,
    "short": read_whole_number,
    "integer": read_whole_number,
    "long": read_whole_number,
    "number": read_whole_number,
}
