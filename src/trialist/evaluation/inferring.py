"""What a reader of a whole narrative infers from what it tells: `tables/inferences.toml`, for the policy `narrative` alone.

An inferred fact is of the document `inferred` and says why; it is never used where the narrative itself speaks of the thing, and
whatever rests on it is an assumption of the verdict.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

from trialist.criteria.nodes import Interval
from trialist.evaluation.amounts import asked_range, compare, converted, known_range
from trialist.evaluation.classes import classed, left_open
from trialist.evaluation.kinship import characters, narrower
from trialist.evaluation.truth import Truth
from trialist.patient.facts import (
    Certainty,
    Fact,
    FactKind,
    Origin,
    Patient,
    Status,
    Subject,
    age_on,
    known_on,
)
from trialist.patient.note_rules import read_rules

INFERRED = "inferred"
"""The document of facts that were inferred."""

_KEY = re.compile(r"(?P<variable>\w+)(?P<sign>>=|<=|>|<)(?P<value>-?[\d.]+) (?P<unit>\S+)|(?P<id>\w+|\*)")
_KINDS = tuple(
    one
    for kind in ("disease", "disorder", "condition", "illness")
    for one in (kind, f"{kind}{'es' * kind.endswith('s') or 's'}")
)
"""What the name of an organ is followed by where a disease of it is meant."""
_STAY = 60
"""So many days ago a stay in hospital may have begun that still goes on."""
_TELLING = frozenset({FactKind.CONDITION, FactKind.EXPOSURE, FactKind.STATE, FactKind.RESULT})


@dataclass(frozen=True, slots=True)
class _Key:
    """One thing that may be there: an id, or a value of a variable within an interval."""

    id: str
    interval: Interval | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class _Rule:
    """A row of the table."""

    name: str
    kind: FactKind
    id: str
    broader: str
    words: tuple[str, ...]
    needs: tuple[tuple[_Key, ...], ...]
    least: int
    denies: bool
    age: tuple[int, int] | None
    sex: str
    qualifiers: tuple[str, ...]
    outcome: str
    why: str

    @property
    def is_kind(self) -> bool:
        """Whether it says of what kind something is, by definition."""
        return self.name.startswith("kind_")


@dataclass(frozen=True, slots=True)
class Inferred:
    """A fact and those that it was inferred from."""

    fact: Fact
    used: tuple[Fact, ...]


@cache
def read_inferences() -> tuple[_Rule, ...]:
    """The rules in their order: later ones may build on what earlier ones infer."""
    file = resources.files("trialist.evaluation") / "tables" / "inferences.toml"
    rows: dict[str, dict[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))["rule"]
    return tuple(_rule(name, row) for name, row in rows.items())


def _rule(name: str, row: dict[str, Any]) -> _Rule:
    kind, _, given = row["gives"].partition(" ")
    parts = given.split("|")
    broader = ""
    words = []
    for part in parts[1:]:
        word, _, above = part.partition("<")
        broader = above or broader
        words += [word] if not word.endswith("*") else [f"{word[:-1]}{kind}" for kind in _KINDS]
    low, _, high = row.get("age", "").partition(" ")
    needs = tuple(tuple(map(_key, _KEY.finditer(one))) for one in row["needs"])
    return _Rule(
        name,
        FactKind(kind),
        parts[0],
        broader,
        tuple(words),
        needs,
        row.get("least", len(needs)),
        row.get("denies", False),
        (int(low), int(high)) if low else None,
        row.get("sex", ""),
        tuple(row.get("qualifiers", "").split()),
        row.get("outcome", ""),
        row["why"],
    )


def _key(match: re.Match[str]) -> _Key:
    if match["id"]:
        return _Key(match["id"])
    value, sign = Decimal(match["value"]), match["sign"]
    bound = Interval(
        lower=value if sign[0] == ">" else None,
        upper=value if sign[0] == "<" else None,
        lower_inclusive=sign == ">=",
        upper_inclusive=sign == "<=",
    )
    return _Key(match["variable"], bound, match["unit"])


def infer(patient: Patient, as_of: date) -> tuple[Inferred, ...]:
    """What follows, for a reader, from what a patient's narrative tells, as far as it does not speak of it itself."""
    own = [one for one in patient.facts if one.subject is Subject.PATIENT and known_on(one, as_of)]
    facts, found = list(own), []
    for rule in read_inferences():
        if not _fits(rule, patient, as_of) or _is_told(rule, own):
            continue
        if rule.is_kind:
            kinds = [
                (one, kind)
                for one in dict.fromkeys(_telling(rule.needs[0], own))
                for kind in _kinds(rule, one)
            ]
            found += [Inferred(kind, (one,)) for one, kind in kinds]
            continue
        used = _held(rule, facts)
        if used is None:
            continue
        for fact in _facts(rule, used):
            found.append(Inferred(fact, used))
            facts.append(fact)
    found += [Inferred(fact, (used,)) for fact, used in classed(own, INFERRED)]
    return tuple(found)


def _kinds(rule: _Rule, fact: Fact) -> Iterator[Fact]:
    """A disease as one of its kind, under every name of the kind: as it is, since when it is."""
    one = replace(
        fact, id="", broader=rule.broader, note=rule.why, origin=Origin(INFERRED, resource=rule.name)
    )
    if rule.id:
        yield replace(one, id=rule.id, broader="", surface=rule.words[0])
    yield from (replace(one, surface=word) for word in rule.words)


@dataclass(frozen=True, slots=True)
class _Differential:
    """A row of `tables/differentials.toml`."""

    needs: tuple[tuple[_Key, ...], ...]
    unless: tuple[_Key, ...]
    causes: str


@cache
def read_differentials() -> tuple[_Differential, ...]:
    """What symptoms may come from."""
    file = resources.files("trialist.evaluation") / "tables" / "differentials.toml"
    rows: dict[str, dict[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))
    return tuple(
        _Differential(
            tuple(tuple(map(_key, _KEY.finditer(one))) for one in row["needs"]),
            tuple(map(_key, _KEY.finditer(row["unless"]))),
            row["causes"],
        )
        for row in rows.values()
    )


def causes_left_open(facts: Sequence[Fact]) -> re.Pattern[str] | None:
    """What the symptoms among facts may come from, none of it told, and what drugs and diseases may be; None for nothing."""
    found = [
        row.causes
        for row in read_differentials()
        if all(any(_names(key, one) for key in need for one in facts) for need in row.needs)
        and not any(_telling(row.unless, facts))
    ]
    found += left_open(facts)
    return re.compile(rf"\b(?:{'|'.join(found)})", re.IGNORECASE) if found else None


def _fits(rule: _Rule, patient: Patient, as_of: date) -> bool:
    if rule.sex and (patient.sex is None or str(patient.sex) != rule.sex):
        return False
    if rule.age is None:
        return True
    age = None if patient.birth is None else age_on(patient.birth, as_of)
    if age is None or age.lower is None or age.upper is None:
        return False
    return rule.age[0] <= age.lower and age.upper <= rule.age[1]


def _is_told(rule: _Rule, facts: Sequence[Fact]) -> bool:
    """Whether the narrative itself says, denies or doubts what a rule would give, or a kind of it."""
    if not rule.id or rule.qualifiers:
        return False
    below = {rule.id, *narrower(_domain(rule.kind), rule.id)}
    return any(one.kind is rule.kind and (one.id == rule.id or one.id in below) for one in facts)


def _domain(kind: FactKind) -> str:
    return "exposure" if kind is FactKind.EXPOSURE else "condition"


def _held(rule: _Rule, facts: Sequence[Fact]) -> tuple[Fact, ...] | None:
    """All facts by which a rule holds, each of which is shown; None where it does not."""
    told = [tuple(_telling(need, facts)) for need in rule.needs]
    used = tuple(dict.fromkeys(one for telling in told for one in telling))
    return used if sum(map(bool, told)) >= rule.least else None


def _telling(need: Sequence[_Key], facts: Sequence[Fact]) -> Iterator[Fact]:
    for key in need:
        yield from (one for one in facts if _tells(key, one))


def _names(key: _Key, fact: Fact) -> bool:
    """Whether a fact tells of something, also of one that is only suspected or is over: of that a narrative is not silent."""
    plain = replace(fact, certainty=Certainty.STATED, status=Status.UNSTATED)
    return _tells(key, plain)


def _tells(key: _Key, fact: Fact) -> bool:
    if fact.negated or fact.certainty is Certainty.SUSPECTED or fact.status is Status.PLANNED:
        return False
    if key.interval is not None:
        if fact.kind is not FactKind.MEASUREMENT or fact.id != key.id or fact.value is None:
            return False
        value = converted(known_range(fact.value), fact.unit, key.unit, key.id)
        return value is not None and compare(value, asked_range(key.interval)) is Truth.TRUE
    if key.id == "*":
        return fact.kind is FactKind.CONDITION and fact.status is Status.ACTIVE and fact.id != "healthy"
    if fact.kind not in _TELLING or (fact.kind is FactKind.RESULT and fact.outcome != "positive"):
        return False
    if fact.kind is FactKind.CONDITION and fact.status is Status.ENDED:
        return False
    if fact.kind is FactKind.EXPOSURE and fact.id in characters("passing") and not _is_of_now(fact):
        return False
    below = {key.id, *narrower(_domain(fact.kind), key.id)}
    return fact.id in below or fact.broader in below or finding_of(fact) == key.id


def _is_of_now(fact: Fact) -> bool:
    """Whether something that ends by itself goes on when the narrative is written."""
    day, noted = fact.date, fact.recorded
    if fact.status is Status.ENDED or fact.end is not None:
        return False
    if day is None or day.earliest is None or noted is None or noted.earliest is None:
        return day is None
    return (noted.earliest - day.earliest).days <= _STAY


def finding_of(fact: Fact) -> str:
    """The symptom or sign that the words of a fact are; "" for none."""
    said = read_rules().findings.search(fact.surface) if fact.kind is FactKind.CONDITION else None
    return "" if said is None else read_rules().finding_ids[said.group().lower()]


def _facts(rule: _Rule, used: Sequence[Fact]) -> Iterator[Fact]:
    """The facts that a rule gives: one by its id, and one by each of its words, for criteria that know only the words."""
    recorded = next((one.recorded for one in used if one.recorded is not None), None)
    said: dict[str, Any] = {
        "origin": Origin(INFERRED, resource=rule.name),
        "recorded": recorded,
        "negated": rule.denies,
        "qualifiers": rule.qualifiers,
        "outcome": rule.outcome,
        "note": rule.why,
    }
    if rule.kind in (FactKind.CONDITION, FactKind.EXPOSURE, FactKind.STATE):
        said["status"] = Status.UNSTATED if rule.denies else Status.ACTIVE
    if rule.kind is FactKind.EXPOSURE:
        said["status"] = Status.ENDED if rule.id in {"surgery", "major_surgery"} else Status.ACTIVE
    if rule.id:
        yield Fact(rule.kind, rule.id, surface=rule.words[0], **said)
    for word in rule.words if not rule.denies else ():
        yield Fact(rule.kind, "", surface=word, broader=rule.broader, **said)
