"""Patients for tests, one line a fact: `measurement alt 95 unit=U/L high=40 on=2026-03-01`, `no condition malignancy`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from trialist.patient.extents import DateRange, ValueRange
from trialist.patient.facts import (
    Certainty,
    Fact,
    FactKind,
    Origin,
    Patient,
    Reference,
    Sex,
    Status,
    Subject,
)
from trialist.record.dates import PartialDate

_OPTIONS = {
    "unit", "high", "low", "on", "until", "said", "q", "severity", "route", "by", "sure", "doc", "words", "domain",
    "broader", "method", "resource",
}  # fmt: skip


def day(text: str) -> DateRange:
    """`2026-03-01`, `2026-03`, `2026`, or `2026-03-01..2026-03-09`."""
    if ".." in text:
        first, last = text.split("..")
        return DateRange(date.fromisoformat(first), date.fromisoformat(last))
    return DateRange.of(PartialDate(*(int(part) for part in text.split("-"))))


def _value(text: str) -> ValueRange:
    if text[0] == "<":
        return ValueRange(None, Decimal(text[1:]), upper_inclusive=False)
    if text[0] == ">":
        return ValueRange(Decimal(text[1:]), None, lower_inclusive=False)
    if ".." in text:
        low, high = text.split("..")
        return ValueRange(Decimal(low), Decimal(high))
    return ValueRange.exactly(text)


def fact(line: str) -> Fact:
    """One fact; refuses an option that it does not know."""
    words = line.split()
    negated = words[0] == "no"
    kind, fact_id, *rest = words[negated:]
    options = dict(word.split("=", 1) for word in rest if "=" in word)
    plain = [word for word in rest if "=" not in word]
    if set(options) - _OPTIONS:
        raise ValueError(f"unknown options in {line!r}")
    given: dict[str, Any] = {}
    match FactKind(kind):
        case FactKind.MEASUREMENT | FactKind.COUNT | FactKind.JUDGEMENT if plain:
            given["value"] = _value(plain.pop(0))
        case FactKind.GRADE:
            given["steps"] = tuple(plain.pop(0).replace("_", " ").split("|"))
        case FactKind.RESULT | FactKind.BIOMARKER | FactKind.DEMOGRAPHIC if plain:
            given["outcome"] = plain.pop(0)
        case _:
            pass
    given["status"] = Status(plain.pop(0)) if plain else Status.UNSTATED
    if plain:
        raise ValueError(f"unread words in {line!r}: {plain}")
    for option, field in (("on", "date"), ("until", "end"), ("said", "recorded")):
        if option in options:
            given[field] = day(options[option])
    for option, field in (("q", "qualifiers"), ("severity", "severity"), ("route", "route")):
        if option in options:
            given[field] = tuple(options[option].replace("_", " ").split("|"))
    if "high" in options or "low" in options:
        ends = {end: Decimal(options[end]) for end in ("high", "low") if end in options}
        given["reference"] = Reference(**ends)
    return Fact(
        kind=FactKind(kind),
        id="" if fact_id == "-" else fact_id,
        origin=Origin(options.get("doc", "form"), options.get("resource", "")),
        surface=options.get("words", "").replace("_", " "),
        unit=options.get("unit", ""),
        domain=options.get("domain", ""),
        broader=options.get("broader", ""),
        method=options.get("method", ""),
        subject=Subject(options.get("by", "patient")),
        certainty=Certainty(options.get("sure", "")),
        negated=negated,
        **given,
    )


def patient(row: Mapping[str, Any], more: Iterable[str] = ()) -> Patient:
    """A patient of `born`, `sex`, `facts`, and where given `seen` (first and last day) and `died`."""
    seen = row.get("seen", ())
    return Patient(
        facts=tuple(fact(line) for line in [*row.get("facts", ()), *more]),
        birth=day(row["born"]) if row.get("born") else None,
        sex=Sex(row["sex"]) if row.get("sex") else None,
        is_dead=True if "died" in row else None,
        death=day(row["died"]) if row.get("died") else None,
        first_seen=date.fromisoformat(seen[0]) if seen else None,
        last_seen=date.fromisoformat(seen[1]) if seen else None,
    )
