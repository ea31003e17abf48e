"""Leaves that ask the same but for something that no answer depends on, or for their limits: one is asked for all of them.

Two leaves are alike where they differ only in their own words for a concept that has a name of ours, in words for the same
days, or, for a measure or an age, in the limits. Of those with limits the judge tells which values it held against the limits (`Answer.compared`). Which
values these are does not depend on the limits; so whoever stands to them as another one does comes to the same.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

import orjson

from trialist.criteria.decode import decode_value
from trialist.criteria.encode import encode_value
from trialist.criteria.lexicon import tables, variables
from trialist.criteria.nodes import (
    Atom,
    Concept,
    Demographic,
    Exposure,
    Expr,
    Interval,
    Quantity,
    Window,
    mapped,
)
from trialist.evaluation.amounts import asked_range, compare
from trialist.evaluation.calculators import intervals
from trialist.evaluation.compiling import Healthy
from trialist.evaluation.times import PRESENT_ANCHORS

_ANY_LIMIT = Interval(lower=Decimal(0))


class Likeness(NamedTuple):
    """What leaves that are alike share, as JSON, and the leaf's own limits; b"" for those without."""

    shared: bytes
    limits: bytes = b""


def likeness_of(leaf: Expr | Healthy) -> Likeness:
    """What a leaf is alike in to others."""
    if isinstance(leaf, Healthy):
        return Likeness(b"")
    if isinstance(leaf, Quantity | Demographic) and _is_limited(leaf):
        limits = orjson.dumps(encode_value(leaf.interval))
        return Likeness(_shared(replace(leaf, interval=_ANY_LIMIT)), limits)
    return Likeness(_shared(leaf))


def _is_limited(atom: Quantity | Demographic) -> bool:
    """Whether limits are all that an atom's own reading depends on; a lost comparison has two readings."""
    is_of_numbers = isinstance(atom, Quantity) or (atom.kind == "age" and atom.interval is not None)
    return is_of_numbers and "comparator" not in atom.assumed


def _shared(leaf: Expr) -> bytes:
    return orjson.dumps(encode_value(mapped(leaf, _wordless)))


def _wordless(atom: Atom) -> Expr:
    """The atom without words that are neither told nor looked for: those of what has a name and an id of ours."""
    match atom:
        case Concept():
            is_named = atom.domain != "allergy" and atom.concept_id in tables()["condition"]
            surface = "" if is_named else atom.surface
            return replace(atom, surface=surface, examples=(), method="", time=_same_time(atom.time))
        case Exposure():
            is_named = atom.concept_id in tables()["drug"] or atom.concept_id in tables()["procedure"]
            surface = "" if is_named else atom.surface
            return replace(atom, surface=surface, examples=(), time=_same_time(atom.time))
        case Quantity():
            return replace(atom, surface="" if atom.variable in variables() else atom.surface, method="")
        case _:
            return atom


def _same_time(window: Window | None) -> Window | None:
    """A window as all those are told that are of the same days: beside anchors of the day asked, weeks as days, years as months."""
    if window is None:
        return None
    length, unit = window.length, window.unit
    if length is not None:
        if length.lower == 0 and length.lower_inclusive and length.upper is not None:
            length = replace(length, lower=None)
        if unit in _LONGER and not _parts(length, unit):
            unit, times = _LONGER[unit]
            length = Interval(
                None if length.lower is None else length.lower * times,
                None if length.upper is None else length.upper * times,
                length.lower_inclusive,
                length.upper_inclusive,
            )
        length = replace(
            length,
            lower=None if length.lower is None else length.lower.normalize(),
            upper=None if length.upper is None else length.upper.normalize(),
        )
    anchor = "" if window.anchor in PRESENT_ANCHORS else window.anchor
    return replace(window, anchor=anchor, length=length, unit=unit, anchor_assumed=False)


_LONGER = {"wk": ("d", 7), "a": ("mo", 12)}


def _parts(length: Interval, unit: str) -> bool:
    """Whether years are not whole, of which months would be counted otherwise."""
    return unit == "a" and any(
        one is not None and one != one.to_integral_value() for one in (length.lower, length.upper)
    )


class Limits(NamedTuple):
    """Limits as numbers: as they are, and with the lower one included (an age over 18 may mean either)."""

    asked: intervals.Interval
    included: intervals.Interval
    kind: tuple[bool, bool]


def read_limits(told: bytes) -> Limits:
    """The limits that a likeness tells."""
    found = read_interval(told)
    included = replace(found, lower_inclusive=True)
    kind = (found.lower is None, found.lower_inclusive)
    return Limits(asked_range(found), asked_range(included), kind)


def read_interval(told: bytes) -> Interval:
    """The interval that was told."""
    found = decode_value(orjson.loads(told))
    if not isinstance(found, Interval):
        raise TypeError("limits are an interval")
    return found


Standing = tuple[object, ...]


def standing(limits: Limits | None, compared: tuple[intervals.Interval, ...]) -> Standing:
    """How limits stand to values that were held against others of their kind; equal for those that come to the same."""
    if limits is None:
        return ()
    found: list[object] = [limits.kind]
    for value in compared:
        found += (compare(value, limits.asked), compare(value, limits.included))
    return tuple(found)
