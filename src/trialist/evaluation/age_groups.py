"""Groups of age by name, and ranges of which the ends have different units: for the policy `narrative` alone.

A criterion that asks for "adults" is taken for one that asks for their age; what the group is, is an assumption of the verdict.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

from trialist.criteria.criterion import Criterion
from trialist.criteria.nodes import (
    Alternatives,
    And,
    Demographic,
    Expr,
    Interval,
    Opaque,
    Or,
    Span,
    atoms,
    mapped,
    rebuilt,
)
from trialist.evaluation.noting import read_narrative
from trialist.evaluation.verdict import Assumption

_WORD = re.compile(r"[^\W\d_]+")
_UNIT = r"(?P<{0}>days?|weeks?|wks?|months?|mos?|years?|yrs?)"
_RANGE = re.compile(
    rf"\b(?P<low>\d{{1,3}})[ ]?{_UNIT.format('first')}(?: old| of age)?[ ]?(?:to|-|–|through|until|and)[ ]?"
    rf"(?P<high>\d{{1,3}})[ ]?{_UNIT.format('last')}(?:,?[ ](?:and[ ])?(?P<more>\d{{1,2}})[ ]months?)?\b",
    re.IGNORECASE,
)
_OF_AGE = re.compile(r"\b(?:age[sd]?|old)\b", re.IGNORECASE)
_CODES = {"d": "d", "w": "wk", "m": "mo", "y": "a"}


def as_aged(criterion: Criterion) -> tuple[Criterion, tuple[Assumption, ...]]:
    """The criterion with ages where it names a group or a range of them, and what that takes for granted."""
    told: dict[str, None] = {}

    def change(atom: Expr) -> Expr:
        group = _group(atom)
        if group is None:
            return atom
        name, age = group
        told[f"“{name}” is taken for the age that the word stands for"] = None
        return age

    criterion = _ranged(criterion)
    expr = _required(criterion.expr, change)
    if not told:
        return criterion, ()
    return replace(criterion, expr=expr), tuple(Assumption("manner", one) for one in told)


def _required(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The expression with what all of it needs changed: a group among alternatives is often of whom the others are said."""
    match expr:
        case And() | Alternatives():
            return rebuilt(expr, lambda one: _required(one, change))
        case Opaque():
            return change(expr)
        case _:
            return expr


def _group(atom: Expr) -> tuple[str, Expr] | None:
    """The age that words stand for which name a group and nothing else; None for any other atom."""
    if not isinstance(atom, Opaque) or re.search(r"\d", atom.text):
        return None
    words = [word.casefold() for word in _WORD.findall(atom.text)]
    named = [word for word in words if word in _groups()]
    if not named or any(word not in _groups() and word not in _bland() for word in words):
        return None
    if atom.time is not None:  # "adolescents 12-17 years": the years were read as a time
        between = atom.time.length
        is_age = (
            atom.time.anchor_assumed and between is not None and None not in (between.lower, between.upper)
        )
        return (atom.text, Demographic("age", atom.span, between, atom.time.unit)) if is_age else None
    ages = tuple(dict.fromkeys(_groups()[word] for word in named))
    found = [_age(one, atom.span) for one in ages]
    return atom.text, found[0] if len(found) == 1 else Or(tuple(found))


def _age(row: tuple[tuple[str, str, str], ...], span: Span) -> Expr:
    """An age for each way in which a word is understood."""
    found = tuple(_demographic(low, high, unit, span) for low, high, unit in row)
    return found[0] if len(found) == 1 else Alternatives(found)


def _demographic(low: str, high: str, unit: str, span: Span) -> Demographic:
    lower, upper = (Decimal(one) if one else None for one in (low, high))
    return Demographic("age", span, Interval(lower, upper, True, False), unit)


@cache
def _groups() -> Mapping[str, tuple[tuple[str, str, str], ...]]:
    rows: Mapping[str, Any] = read_narrative()["age_groups"]
    return {
        word: tuple((one["from"], one["below"], one["unit"]) for one in row["ages"])
        for row in rows.values()
        for word in row["words"].split()
    }


@cache
def _bland() -> frozenset[str]:
    return frozenset(read_narrative()["age_words"]["words"].split())


def _ranged(criterion: Criterion) -> Criterion:
    """The criterion with "6 weeks to 2 years" as an age, where its parts were read apart."""
    match = _RANGE.search(criterion.text)
    if match is None or len(criterion.spans) != 1 or _OF_AGE.search(criterion.text) is None:
        return criterion
    first, last = match["first"][0].lower(), match["last"][0].lower()
    begins = criterion.spans[0].start
    parts = [
        one
        for one in atoms(criterion.expr)
        if isinstance(one, Demographic | Opaque)
        and one.span.start - begins < match.end()
        and match.start() < one.span.end - begins
    ]
    is_apart = len(parts) > 1 and all(isinstance(one, Opaque) or "comparator" in one.assumed for one in parts)
    if not is_apart or (first == last and not match["more"]):
        return criterion
    span = Span(begins + match.start(), begins + match.end())
    low = Demographic("age", span, Interval(Decimal(match["low"]), None, True, True), _CODES[first])
    if match["more"]:  # completed months: up to the day before the next one
        months = Decimal(match["high"]) * 12 + Decimal(match["more"]) + 1
        high = Demographic("age", span, Interval(None, months, True, False), "mo")
    else:
        most = Decimal(match["high"])
        high = Demographic("age", span, Interval(None, most, True, True), _CODES[last])

    def change(atom: Expr) -> Expr:
        if atom is parts[0]:
            return low
        return high if any(atom is one for one in parts[1:]) else atom

    return replace(criterion, expr=mapped(criterion.expr, change))
