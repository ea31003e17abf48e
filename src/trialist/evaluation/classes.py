"""Of which class a drug or an operation is that a narrative names: `tables/classes.toml`, for the policy `narrative` alone."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from trialist.evaluation.kinship import narrower
from trialist.patient.facts import Certainty, Fact, FactKind, Origin


@dataclass(frozen=True, slots=True)
class _Class:
    """A row of the table."""

    name: str
    names: tuple[str, ...]
    drugs: re.Pattern[str]
    ids: frozenset[str]
    asked: str


@cache
def read_classes() -> tuple[_Class, ...]:
    """The classes in the order of the table."""
    file = resources.files("trialist.evaluation") / "tables" / "classes.toml"
    rows: dict[str, dict[str, str]] = tomllib.loads(file.read_text(encoding="utf-8"))
    return tuple(_class(name, row) for name, row in rows.items())


def _class(name: str, row: dict[str, str]) -> _Class:
    names = tuple(filter(None, row["names"].split("|")))
    ids = {below for one in row["ids"].split() for below in (one, *narrower("exposure", one))}
    asked = "|".join([*(rf"{re.escape(one)}\b" for one in names), *filter(None, [row["also"]])])
    return _Class(name, names, re.compile(row["drugs"], re.IGNORECASE), frozenset(ids), asked)


def classed(facts: Sequence[Fact], document: str) -> Iterator[tuple[Fact, Fact]]:
    """Each drug and operation among facts as one of its class, under every name of the class; with the fact itself."""
    for fact in facts:
        if fact.kind is not FactKind.EXPOSURE or fact.negated or fact.certainty is Certainty.SUSPECTED:
            continue
        for row in read_classes():
            if _is_one(row, fact):
                why = f"{fact.surface or fact.id} is one by definition"
                one = replace(fact, id="", broader="", note=why, origin=Origin(document, resource=row.name))
                yield from ((replace(one, surface=name), fact) for name in row.names)


def left_open(facts: Sequence[Fact]) -> list[str]:
    """Patterns of what the drugs and operations among facts are, or are taken for: silence says nothing of it."""
    own = [one for one in facts if one.kind is FactKind.EXPOSURE and not one.negated]
    return [row.asked for row in read_classes() if any(_is_one(row, one) for one in own)]


def _is_one(row: _Class, fact: Fact) -> bool:
    if fact.id in row.ids or fact.broader in row.ids:
        return True
    return row.drugs.fullmatch(fact.surface.strip()) is not None
