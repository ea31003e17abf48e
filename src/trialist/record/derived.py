"""The fields that exist in no record, only in a search: lengths of lists (`NumArmGroups`) and years (`StartDate`'s kin).

The registry names 77 of them. All but one are computed here from the record: `LocationCountryCode` would need a table of
countries and is never held.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from trialist.record.catalogue import Field, fields, fields_by_piece
from trialist.record.dates import parse_partial_date
from trialist.record.unparsed import Unparsed


@dataclass(frozen=True, slots=True)
class Count:
    """What is counted in an object: a sum of the parts named here by keys, or the year of a date.

    `lengths` are those of lists; of a path of two keys, all lists below the objects of the first. `objects` count 1 where
    there is one. `distinct` is a path of two keys whose different texts are counted.
    """

    lengths: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    distinct: str = ""
    year: str = ""

    def __call__(self, holder: Mapping[str, Any]) -> int | None:
        """The number, or None where the date has no year."""
        if self.year:
            date = parse_partial_date(holder.get(self.year))
            return None if isinstance(date, Unparsed) else date.year
        return (
            sum(_length(one) for path in self.lengths for one in _at(holder, path))
            + sum(isinstance(holder.get(key), dict) for key in self.objects)
            + len({one for one in _at(holder, self.distinct) if isinstance(one, str)})
        )


def _at(holder: Mapping[str, Any], path: str) -> Iterator[Any]:
    """What an object has under a key, or what the objects there have under the second key of a path."""
    key, _, below = path.partition(".")
    if not below:
        yield holder.get(key) if key else None
        return
    value = holder.get(key)
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            yield item.get(below)


_NAMED_OTHERWISE = {
    "NumNCTAliases": "NCTIdAlias",
    "NumSecondaryIds": "SecondaryIdInfo",
    "NumRetractionsForRef": "Retraction",
    "NumOutcomeAnalyses": "OutcomeAnalysis",
}


def list_counted_by(piece: str) -> str | None:
    """The list field whose length a `Num…` field is (`NumArmGroups` → `ArmGroup`); None when it is no plain length."""
    return _counted().get(piece)


@cache
def counted_lists() -> Mapping[str, str]:
    """List field → the `Num…` field that holds its length, or for the few lists without one a name `<piece>.size`."""
    named = {listed: piece for piece, listed in _counted().items()}
    return {field.piece: named.get(field.piece, f"{field.piece}.size") for field in fields() if field.is_list}


@cache
def _counted() -> Mapping[str, str]:
    known = fields_by_piece()
    found = {}
    for field in fields():
        if not field.indexed_only or not field.piece.startswith("Num"):
            continue
        name = field.piece[3:]
        parent = field.path.rpartition(".")[0]
        named = (_NAMED_OTHERWISE.get(field.piece, ""), name[:-1], name[:-2], f"{name[:-3]}y", name)
        for candidate in named:
            listed = known.get(candidate)
            if listed is not None and listed.is_list and listed.path.rpartition(".")[0] == parent:
                found[field.piece] = candidate
                break
    return found


def derived_numbers(record: Mapping[str, Any]) -> dict[str, list[int]]:
    """The derived numbers of a record: piece → its values, one for every object of the record that could have one.

    The names are those of `counted_lists` and of the years. A list that is not there in an object that is there counts 0.
    """
    found: dict[str, list[int]] = {}
    _count(_plan(), record, found)
    return found


def counts_at(path: str) -> tuple[tuple[str, Count], ...]:
    """What is counted in every object at a path: the name of the number and what computes it from the object."""
    level: _Level | None = _plan()
    for key in path.split("."):
        level = level.below.get(key) if level is not None else None
    return () if level is None else tuple(level.counts)


class _Level:
    """What is counted in the objects of one path, and where to go on."""

    def __init__(self) -> None:
        self.counts: list[tuple[str, Count]] = []
        self.below: dict[str, _Level] = {}


def _count(level: _Level, record: Mapping[str, Any], found: dict[str, list[int]]) -> None:
    for piece, count in level.counts:
        number = count(record)
        if number is not None:
            found.setdefault(piece, []).append(number)
    for key, below in level.below.items():
        value = record.get(key)
        if isinstance(value, dict):
            _count(below, value, found)
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    _count(below, item, found)


@cache
def _plan() -> _Level:
    top = _Level()
    for field in fields():
        if not field.indexed_only:
            continue
        count = _rule(field)
        if count is None:
            continue
        level = top
        for key in field.path.split(".")[:-1]:
            level = level.below.setdefault(key, _Level())
        level.counts.append((field.piece, count))
    for piece, name in counted_lists().items():
        if name.endswith(".size"):
            *parents, key = fields_by_piece()[piece].path.split(".")
            level = top
            for parent in parents:
                level = level.below.setdefault(parent, _Level())
            level.counts.append((name, Count(lengths=(key,))))
    return top


def _length(value: Any) -> int:
    if isinstance(value, list):
        return len(value)
    return 0 if value is None else 1


def _rule(field: Field) -> Count | None:
    known = fields_by_piece()
    listed = list_counted_by(field.piece)
    if listed is not None:
        return Count(lengths=(known[listed].name,))
    if field.piece.endswith("Year"):
        return Count(year=known[field.piece.removesuffix("Year") + "Date"].name)
    return _OTHERS.get(field.piece)


_OTHERS: Mapping[str, Count] = {
    "NumCollaboratorsPlusLead": Count(lengths=("collaborators",), objects=("leadSponsor",)),
    "NumOutcomes": Count(lengths=("primaryOutcomes", "secondaryOutcomes", "otherOutcomes")),
    "NumEvents": Count(lengths=("seriousEvents", "otherEvents")),
    "NumUniqueLocationCountries": Count(distinct="locations.country"),
    "NumRetractionsAllRefs": Count(lengths=("references.retractions",)),
}
