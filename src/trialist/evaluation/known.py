"""`Known`: the facts of a patient that may be used on a day, looked up by kind and id, with the day's anchors."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cached_property
from itertools import chain

from trialist.evaluation.inferring import causes_left_open, infer
from trialist.evaluation.kinship import narrower
from trialist.evaluation.policy import Policy
from trialist.evaluation.times import Anchors
from trialist.evaluation.verdict import Evidence
from trialist.patient.extents import DateRange
from trialist.patient.facts import (
    Fact,
    FactKind,
    Patient,
    Status,
    Subject,
    asked_stems,
    index_facts,
    known_on,
    word_stems,
)


class Known:
    """What may be used of a patient on a day, under a policy. Facts about others, and of later days, are left out."""

    def __init__(self, patient: Patient, as_of: date, policy: Policy) -> None:
        self.patient = patient
        self.as_of = as_of
        self.policy = policy
        self.looked_up: dict[object, tuple[Sequence[Fact], Sequence[Fact]]] = {}
        """Facts by what was asked of them, kept as long as this is."""
        self.inferred: Mapping[Fact, Sequence[Fact]] = {}
        """Facts that a reader of the patient's narrative infers, with those that they come from; none under other policies."""
        if self.takes_silence:
            self.inferred = {one.fact: one.used for one in infer(patient, as_of)}
        usable = _ordered([fact for fact in patient.facts if known_on(fact, as_of)] + list(self.inferred))
        self._own = index_facts(fact for fact in usable if fact.subject is Subject.PATIENT)
        self._own_kinds: dict[FactKind, list[Fact]] = {}
        self._family: dict[FactKind, list[Fact]] = {}
        for fact in usable:
            if fact.subject is not Subject.DONOR:
                of = self._own_kinds if fact.subject is Subject.PATIENT else self._family
                of.setdefault(fact.kind, []).append(fact)

    def facts(self, kind: FactKind, fact_id: str) -> Sequence[Fact]:
        """The patient's own facts of a kind and id; those without an id under ""."""
        return self._own.get((kind, fact_id), ())

    def of_kind(self, kind: FactKind) -> Sequence[Fact]:
        """All of the patient's own facts of a kind."""
        return self._own_kinds.get(kind, ())

    def of_family(self, kind: FactKind) -> Sequence[Fact]:
        """The facts of a kind about the family."""
        return self._family.get(kind, ())

    def of_any_kind(self) -> Iterator[Fact]:
        """All facts about the patient and the family."""
        return chain(
            chain.from_iterable(self._own_kinds.values()), chain.from_iterable(self._family.values())
        )

    def without(self, facts: Collection[Fact]) -> Known:
        """The same without some facts."""
        if not facts:
            return self
        left = tuple(one for one in self.patient.facts if one not in facts)
        return Known(replace(self.patient, facts=left), self.as_of, self.policy)

    @cached_property
    def anchors(self) -> Anchors:
        """The day, the birth, and the transplantation where there was exactly one."""
        own: dict[str, DateRange] = {}
        if self.patient.birth is not None:
            own["birth"] = self.patient.birth
        transplants = {
            fact.date
            for group in ("hct", "organ_transplant")
            for one in (group, *narrower("exposure", group))
            for fact in self.facts(FactKind.EXPOSURE, one)
            if not fact.negated and fact.status is not Status.PLANNED
        }
        if len(transplants) == 1:
            day = transplants.pop()
            if day is not None:
                own["transplant"] = day
        return Anchors(self.as_of, own)

    @property
    def takes_silence(self) -> bool:
        """Whether the policy takes silence for absence, and the patient is one of a note."""
        return self.policy.takes_silence and bool(self.patient.note_words)

    @staticmethod
    def telling_stems(*texts: str) -> frozenset[str]:
        """The stems of texts by which a note is asked whether it speaks of them: without those that every note has."""
        return frozenset().union(*map(asked_stems, texts)) - _COMMON

    def is_silent(self, *texts: str) -> bool:
        """Whether the policy takes silence for absence, and no word of these texts is in the patient's note."""
        if not self.takes_silence:
            return False
        asked = self.telling_stems(*texts)
        if not asked or not asked.isdisjoint(self.patient.note_words):
            return False
        return self._may_cause is None or not any(map(self._may_cause.search, texts))

    @cached_property
    def _may_cause(self) -> re.Pattern[str] | None:
        """What the symptoms of a narrative may come from: of that its silence says nothing."""
        return causes_left_open([one for of in self._own_kinds.values() for one in of])

    @cached_property
    def is_covered(self) -> bool:
        """Whether the record is long and recent enough for the policy to take what is not in it for absent."""
        first, last = self.patient.first_seen, self.patient.last_seen
        if not self.policy.assumes_absence or first is None or last is None:
            return False
        months = (last.year - first.year) * 12 + last.month - first.month - (last.day < first.day)
        is_recent = last >= self.as_of - timedelta(days=self.policy.most_gap_days)
        return is_recent and months >= self.policy.least_months


_OF_ALL = (
    "with without other than that this such these those have having from been during before after within prior known current "
    "previous history disease diseases disorder disorders condition conditions patient patients subject subjects participant "
    "treatment therapy medication medications medical clinical severe active acute chronic least more less days weeks months "
    "years time any major significant obvious underlying serious systemic concurrent concomitant intercurrent illness illnesses other "
    "trial trials study studies protocol informed consent comply provide practical issues artery arteries arterial vein veins venous"
)
_COMMON = word_stems(_OF_ALL) | asked_stems(_OF_ALL)
"""Words that a note has whatever it speaks of."""


def _ordered(facts: Sequence[Fact]) -> list[Fact]:
    """Facts in an order that does not depend on the order in which they were given; the same one twice is one."""
    by_name: dict[tuple[str, str], list[Fact]] = {}
    for fact in facts:
        by_name.setdefault((fact.kind, fact.id), []).append(fact)
    found: list[Fact] = []
    for name in sorted(by_name):
        same = by_name[name]
        found += same if len(same) == 1 else sorted(dict.fromkeys(same), key=repr)
    return found


def day_of(fact: Fact) -> DateRange | None:
    """The day a fact is of: its own, else the day it was recorded."""
    return fact.date if fact.date is not None else fact.recorded


def stated_on(fact: Fact) -> date | None:
    """The last day of which a fact says that it was so: the record's, else its own latest; None when neither is known."""
    for day in (fact.recorded, fact.date):
        if day is not None and day.earliest is not None:
            return day.earliest
    return None


def on_day(fact: Fact) -> str:
    """The day that a fact is of, in words behind it: ` on 2025-02-03`; "" where it has none."""
    day = day_of(fact)
    return "" if day is None else f" on {day}"


def evidence_of(fact: Fact, words: str) -> Evidence:
    """A fact as evidence."""
    day = day_of(fact)
    return Evidence(words, str(fact.origin), "" if day is None else str(day), fact)


def origins(facts: Iterable[Fact]) -> tuple[str, ...]:
    """Where facts were read."""
    return tuple(str(fact.origin) for fact in facts)
