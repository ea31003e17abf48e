"""Units as texts write them → UCUM, and numbers from one unit of a dimension into another.

The table is `tables/written_units.toml`. Where a factor depends on the substance (mg/dL of creatinine → µmol/L) there is none:
`convert` then gives None instead of a guess.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache, lru_cache

from trialist.vocabulary.text import read_table

_LONGEST_UNIT = 40
_LOST_EXPONENT = re.compile(r"(?<![0-9])10[ ]?[36789](?![0-9)])")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: `ucum` code, `dimension`, `factor` to the dimension's first unit (None where it depends on the substance).

    `lost_exponent` marks a spelling such as `x 109/L` in which a power of ten has lost its sign.
    """

    ucum: str
    dimension: str
    factor: Decimal | None
    lost_exponent: bool = False


@dataclass(frozen=True, slots=True)
class _Table:
    by_word: Mapping[str, Unit]
    patterns: Mapping[str, re.Pattern[str]]
    by_code: Mapping[str, Unit]


def _plain(word: str) -> str:
    """A written unit without what may be left out of it."""
    return re.sub(r"[ ^]", "", word.replace("µ", "u").replace("μ", "u")).lower()


@cache
def _table() -> _Table:
    by_word: dict[str, Unit] = {}
    by_code: dict[str, Unit] = {}
    words: dict[str, list[tuple[int, str]]] = {}
    for row in read_table("written_units.toml")["unit"].values():
        factor = Decimal(row["factor"]) if row["factor"] else None
        unit = Unit(row["ucum"], row["dimension"], factor)
        by_code.setdefault(unit.ucum, unit)
        for word in row["words"].split("|"):
            by_word.setdefault(word if row.get("case") else _plain(word), unit)
            words.setdefault(_plain(word)[0], []).append((-len(word), _pattern(word, bool(row.get("case")))))
    patterns = {
        first: re.compile("|".join(dict.fromkeys(pattern for _, pattern in sorted(found))))
        for first, found in words.items()
    }
    return _Table(by_word, patterns, by_code)


def _pattern(word: str, case: bool) -> str:
    parts = []
    for char in re.sub(r"[ ]+", " ", word):
        if char == " ":
            parts.append(r"[ ]?")
        elif char == "/":
            parts.append("[ ]?/[ ]?")
        elif char == "^":
            parts.append(r"\^?")
        elif char in "µμ" or (char == "u" and re.search(r"u(?:mol|g|L|IU|U|kat|M|m\b)", word)):
            parts.append("[µuU]")
        elif char.isalpha() and not case:
            parts.append(f"[{char.lower()}{char.upper()}]")
        else:
            parts.append(re.escape(char))
    behind = r"(?![A-Za-z])" if word[-1].isalpha() else r"(?![0-9])" if word[-1].isdigit() else ""
    return "".join(parts) + behind


def read_unit(text: str, place: int) -> tuple[Unit, int] | None:
    """The longest unit that begins at a place of a text, and where it ends; None when there is none."""
    if place >= len(text):
        return None
    pattern = _beginning_with(text[place])
    found = pattern.match(text, place, place + _LONGEST_UNIT) if pattern is not None else None
    if found is None:
        return None
    unit = _written(found.group())
    return None if unit is None else (unit, found.end())


@lru_cache(maxsize=2048)
def _beginning_with(char: str) -> re.Pattern[str] | None:
    """The units that begin with a character."""
    return _table().patterns.get(_plain(char) or " ")


@lru_cache(maxsize=4096)
def _written(word: str) -> Unit | None:
    """The unit that is written so."""
    table = _table()
    unit = table.by_word.get(word) or table.by_word.get(_plain(word))
    if unit is not None and _LOST_EXPONENT.search(word):
        return replace(unit, lost_exponent=True)
    return unit


def find_unit(ucum: str) -> Unit | None:
    """The unit with a UCUM code, or None when the table does not have it."""
    return _table().by_code.get(ucum)


def convert(value: Decimal, from_ucum: str, to_ucum: str) -> Decimal | None:
    """A number in another unit of the same dimension; None where the table has no factor that holds for every substance."""
    if from_ucum == to_ucum:
        return value
    source, target = find_unit(from_ucum), find_unit(to_ucum)
    if source is None or target is None or source.dimension != target.dimension:
        return None
    if source.factor is None or target.factor is None:
        return None
    return value * source.factor / target.factor
