"""What a reader gathers on its way through a document: facts, and what became none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from trialist.patient.extents import DateRange
from trialist.patient.facts import Code, Fact, Origin, Status, Unresolved
from trialist.patient.terms import Terms


@dataclass(slots=True)
class Gathered:
    """The facts of one person so far, in reading order, and everything that became no fact.

    `as_of` is the day of reading: what would have happened later is listed, not believed. `birth` is known once the
    person's own resource was read; what would have happened a year before it is listed too.
    """

    terms: Terms
    as_of: date
    document: str
    birth: DateRange | None = None
    facts: list[Fact] = field(default_factory=list)
    unresolved: list[Unresolved] = field(default_factory=list)
    days: list[date] = field(default_factory=list)

    def miss(
        self, reason: str, message: str, resource: str = "", path: str = "", codes: Iterable[Code] = ()
    ) -> None:
        """List something that became no fact."""
        self.unresolved.append(
            Unresolved(Origin(self.document, resource, path), reason, message[:300], tuple(codes))
        )

    def add(self, resource: str, path: str, **said: Any) -> bool:
        """Add a fact as far as it can be; False when it was listed instead."""
        origin = Origin(self.document, resource, path)
        try:
            fact = Fact(origin=origin, **said)
        except ValueError as error:
            self.miss("contradiction", str(error), resource, path, said.get("codes", ()))
            return False
        return self.keep(fact)

    def keep(self, fact: Fact) -> bool:
        """Keep a fact unless its time cannot be; False when it was listed instead."""
        trouble = self._untimely(fact)
        if trouble:
            reason, why = trouble
            self.miss(
                reason,
                f"{fact.surface or fact.id}: {why}",
                fact.origin.resource,
                fact.origin.path,
                fact.codes,
            )
            return False
        self.facts.append(fact)
        day = fact.date.exact if fact.date is not None else None
        if day is not None and day <= self.as_of:
            self.days.append(day)
        return True

    def _untimely(self, fact: Fact) -> tuple[str, str] | None:
        """Why a fact's dates cannot be."""
        if fact.status is not Status.PLANNED:
            for days in (fact.date, fact.recorded):
                if days is not None and days.earliest is not None and days.earliest > self.as_of:
                    return "future-date", f"{days} lies after {self.as_of}, the day of reading"
        born = self.birth.earliest if self.birth is not None else None
        for days in (fact.date, fact.end):
            if (
                born is not None
                and days is not None
                and days.latest is not None
                and days.latest.year < born.year - 1
            ):
                return "impossible-date", f"{days} lies before the birth ({self.birth})"
        return None
