"""What is known of a patient, as frozen values: `Patient`, its `Fact`s, and what could not be read.

Ids are those of the criteria's tables, so that a fact and what a criterion asks for meet by equality:

| kind          | `id`                                   | the rest                                                          | answers |
|---|---|---|---|
| `MEASUREMENT` | a variable (`alt`, `platelets`)        | `value`, `unit` (UCUM, "" when none was written), `reference`     | Quantity |
| `GRADE`       | a scale (`ecog`, `agvhd_grade`), or a calculator's input (`agvhd_skin_stage`) | `steps`: those it may be, one when known | Ordinal |
| `CONDITION`   | a condition (`gvhd`)                   | `status`, `date` (onset), `end`, `qualifiers`, `severity`         | Concept |
| `ALLERGY`     | what to: a drug's or condition's id    | `severity`, `qualifiers`                                          | Concept (allergy) |
| `EXPOSURE`    | a drug or procedure (`tacrolimus`, `allo_hct`) | `domain`, `status`, `date` (first day), `end` (last day), `route`, `value` + `unit` (dose) | Exposure |
| `RESULT`      | a test (`hbsag`) or a condition (`hiv`: "HIV positive") | `outcome`                                        | Result |
| `BIOMARKER`   | a gene or antigen (`flt3`)             | `outcome` ("mutated", "positive" …), `value` (level)              | Biomarker |
| `STATE`       | `pregnant`, `lactating`, `child_bearing_potential`, `postmenopausal`, `sterile`, `planning_pregnancy` |    | ReproState |
| `TRIAL`       | `other_trial`, `this_trial`, `investigational_product` | `date`, `end`, `status`                                         | Trialwise |
| `ATTESTATION` | a topic (`consent`, `contraception`)   | `negated` when refused                                            | Attestation |
| `JUDGEMENT`   | a topic (`life_expectancy`)            | `value` + `unit`                                                  | Judgement |
| `COUNT`       | what is counted ("lines of therapy")   | `value`                                                           | Count |
| `DEMOGRAPHIC` | `residence`, `language`, `ethnicity`   | `outcome`                                                         | Demographic |
| `FLAG`        | a calculator's yes-or-no input (`severe_abdominal_pain`) | `negated` when no                               | – |

Birth and sex are fields of the patient. Age is never a fact: it follows from the birth (`age_on`); a note that says
"58-year-old" gives a birth within a year. A fact without an `id` is known only by its words (`surface`) and `codes`:
`is_resolved` is False, and it can decide nothing by identity, but its words are there to be shown and compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from trialist.patient.extents import DateRange, ValueRange

ANY = "*"
"""The id of a fact about everything of its kind: "no known allergies" is a negated ALLERGY of `ANY`."""

_ID = re.compile(r"[a-z0-9_]+|\*|")


class FactKind(StrEnum):
    """What a fact is about; the table in the module's docstring says which fields each kind uses."""

    MEASUREMENT = "measurement"
    GRADE = "grade"
    CONDITION = "condition"
    ALLERGY = "allergy"
    EXPOSURE = "exposure"
    RESULT = "result"
    BIOMARKER = "biomarker"
    STATE = "state"
    TRIAL = "trial"
    ATTESTATION = "attestation"
    JUDGEMENT = "judgement"
    COUNT = "count"
    DEMOGRAPHIC = "demographic"
    FLAG = "flag"


class Status(StrEnum):
    """Whether a condition, exposure or state goes on, as the source says it.

    ACTIVE: was there at `recorded` (or at the latest of `date` where that is absent). ENDED: resolved, in remission,
    stopped, or completed; a procedure that was done is ENDED. PLANNED: has not happened. UNSTATED: the source does not say.
    """

    ACTIVE = "active"
    ENDED = "ended"
    PLANNED = "planned"
    UNSTATED = ""


class Subject(StrEnum):
    """Of whom the fact is; only facts of the PATIENT decide anything about the patient."""

    PATIENT = "patient"
    DONOR = "donor"
    FAMILY = "family"


class Certainty(StrEnum):
    """How sure the source is. SUSPECTED (provisional, differential, possible, rule out) never decides alone."""

    STATED = ""
    CONFIRMED = "confirmed"
    SUSPECTED = "suspected"


class Sex(StrEnum):
    """The sexes that criteria ask for. A record with another or no answer has none (None): not known."""

    FEMALE = "female"
    MALE = "male"


@dataclass(frozen=True, slots=True)
class Code:
    """A code as the source gave it; `system` is a URI or "" when not given."""

    system: str
    code: str
    display: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a fact was read.

    `document` is the kind of source (`fhir`, `form`, `note`, `derived`), `resource` what in it (`Observation/7`; for a
    derived fact the definition, `cockcroft-gault/1976`), `path` the element (`component[1].valueQuantity`). A note
    gives the `quote` and the characters `start` to `end` (exclusive) of its text.
    """

    document: str
    resource: str = ""
    path: str = ""
    quote: str = ""
    start: int = 0
    end: int = 0

    def __post_init__(self) -> None:
        if not self.document:
            raise ValueError("a fact was read somewhere")
        if (
            self.start < 0
            or self.end < self.start
            or (self.quote and len(self.quote) != self.end - self.start)
        ):
            raise ValueError("a quote stands where its offsets say")

    def __str__(self) -> str:
        if self.quote:
            return f"“{self.quote}”"
        return " ".join(part for part in (self.resource or self.document, self.path) if part)


@dataclass(frozen=True, slots=True)
class Reference:
    """The laboratory's own range of normal for one result, in the result's unit; an end not given is None."""

    low: Decimal | None = None
    high: Decimal | None = None

    def __post_init__(self) -> None:
        if self.low is None and self.high is None:
            raise ValueError("a reference range has an end")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"a reference range from {self.low} to {self.high} is empty")


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a source says about the patient (or a donor, or the family).

    `date`: when it was measured, began, or happened; `end`: when it ended; None: not said. Either is a range when the
    source is not exact. `moment` orders results within a day, where the source gives the time. `recorded`: the day the
    source says it of (a note's date, an entry's date). `negated`: known to be absent ("no history of", refuted,
    "never had"); with a `date`, absent then. `unit` is UCUM as far as the table knows it; `unit` "" is a number whose
    unit nobody wrote, which is never compared with one that has a unit unless the variable has no unit.
    `broader` names a concept that surely contains an unresolved one. `qualifiers` are the words beside it that criteria
    ask for too (`uncontrolled`, `metastatic`, `refractory`), lower case. `baseline` says a measurement is the
    reference for multiples of baseline. `method` is the words of the test where it matters ("fasting", "measured 24 h").
    """

    kind: FactKind
    id: str
    origin: Origin
    surface: str = ""
    domain: str = ""
    value: ValueRange | None = None
    unit: str = ""
    reference: Reference | None = None
    steps: tuple[str, ...] = ()
    outcome: str = ""
    date: DateRange | None = None
    end: DateRange | None = None
    recorded: DateRange | None = None
    moment: datetime | None = None
    status: Status = Status.UNSTATED
    negated: bool = False
    subject: Subject = Subject.PATIENT
    certainty: Certainty = Certainty.STATED
    qualifiers: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    route: tuple[str, ...] = ()
    broader: str = ""
    method: str = ""
    baseline: bool = False
    codes: tuple[Code, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if _ID.fullmatch(self.id) is None:
            raise ValueError(f"not an id of a table: {self.id!r}")
        if not self.id and not self.surface and not self.codes:
            raise ValueError("a fact is about something")
        wanted = _NEEDED.get(self.kind)
        if wanted is not None and not self.negated and not getattr(self, wanted):
            raise ValueError(f"a {self.kind} has {wanted}")
        if self.reference is not None and self.value is None:
            raise ValueError("a reference range belongs to a value")
        starts = self.date.earliest if self.date is not None else None
        ends = self.end.latest if self.end is not None else None
        if starts is not None and ends is not None and ends < starts:
            raise ValueError(f"it ends on {ends}, before it begins on {starts}")
        if self.moment is not None and self.moment.tzinfo is None:
            raise ValueError("a moment has a time zone")

    @property
    def is_resolved(self) -> bool:
        """Whether it is known by an id, not only by words."""
        return bool(self.id)


_NEEDED: Mapping[FactKind, str] = MappingProxyType(
    {
        FactKind.MEASUREMENT: "value",
        FactKind.GRADE: "steps",
        FactKind.RESULT: "outcome",
        FactKind.BIOMARKER: "outcome",
        FactKind.COUNT: "value",
        FactKind.DEMOGRAPHIC: "outcome",
    }
)

UNRESOLVED_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "not-clinical": "a kind of resource that says nothing criteria ask for",
        "unknown-kind": "a kind of resource that is not read",
        "no-code": "nothing says what it is about",
        "unknown-concept": "its code and words are in no table; kept as a fact by its words",
        "no-value": "a result without a value, or with a reason why there is none",
        "unread-value": "a value that is text, or of a form that is not read",
        "unknown-unit": "a unit that no table has",
        "impossible-value": "a number that cannot be",
        "impossible-date": "a date that is none, or that contradicts another",
        "future-date": "it would have happened after the day of reading",
        "wrong-type": "an element of another type than the standard's",
        "another-person": "it is about a person other than the patient",
        "entered-in-error": "the record says that it was entered in error",
        "not-done": "the record says that it did not happen, and not that it was absent",
        "contradiction": "two statements that cannot both be true",
        "duplicate": "the same resource again",
        "only-groups": "it only groups things that are read where they stand",
        "missing-reference": "it points to something that is not there",
    }
)
"""Why something became no fact, or a fact less than it says. Scripts rely on the codes."""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Something in a source that became no (complete) fact: where, why (a code of `UNRESOLVED_REASONS`), one sentence."""

    origin: Origin
    reason: str
    message: str
    codes: tuple[Code, ...] = ()

    def __post_init__(self) -> None:
        if self.reason not in UNRESOLVED_REASONS or not self.message:
            raise ValueError(f"not a reason, or no sentence: {self.reason!r}")


@dataclass(frozen=True, slots=True)
class Patient:
    """All that is known of one person.

    `birth` and `sex` are None when not known or contradictory (the contradiction is in `unresolved`). `death` is a date
    range when dead and the day is known; `is_dead` is None when nothing says so. `first_seen` and `last_seen` are the
    earliest and latest day of care in the sources: only within them can the absence of an entry mean anything.
    `facts` are in the order of the sources. Names, addresses and identifiers are not kept; `label` tells patients of one
    source apart: the source's own key (`Patient/7`), "" when it has none. `note_words` are the first letters of all words of a
    note: only what none of them begins is surely not mentioned in it; empty for sources that are no note.
    """

    facts: tuple[Fact, ...] = ()
    birth: DateRange | None = None
    sex: Sex | None = None
    is_dead: bool | None = None
    death: DateRange | None = None
    first_seen: date | None = None
    last_seen: date | None = None
    unresolved: tuple[Unresolved, ...] = ()
    label: str = ""
    note_words: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.death is not None and self.is_dead is not True:
            raise ValueError("who has a day of death is dead")
        born = self.birth.earliest if self.birth is not None else None
        died = self.death.latest if self.death is not None else None
        if born is not None and died is not None and died < born:
            raise ValueError(f"died on {died}, born on {born}")
        if self.first_seen is not None and self.last_seen is not None and self.first_seen > self.last_seen:
            raise ValueError("first seen after last seen")


def word_stems(text: str) -> frozenset[str]:
    """The first five letters of each word of at least four, and all numbers: enough to see that nothing is said of a thing."""
    return frozenset(word[:5] for word in re.findall(r"[^\W_]{4,}|\d+", text.casefold()))


_OPENINGS = re.compile(
    r"(?:hyper|hypo|neuro|inter|intra|trans|extra|under|micro|macro|multi|osteo)(?=[^\W_]{4})"
)


def asked_stems(text: str) -> frozenset[str]:
    """The stems by which words are looked for in a note: four letters beyond an opening that many words have (`hyper-`)."""
    found = set()
    for word in re.findall(r"[^\W_]{4,}|\d+", text.casefold()):
        opening = _OPENINGS.match(word)
        found.add(word[:5] if opening is None else word[: opening.end() + 4])
    return frozenset(found)


def index_facts(facts: Iterable[Fact]) -> dict[tuple[FactKind, str], list[Fact]]:
    """Facts by kind and id, in their order; those without an id under ""."""
    found: dict[tuple[FactKind, str], list[Fact]] = {}
    for fact in facts:
        found.setdefault((fact.kind, fact.id), []).append(fact)
    return found


def known_on(fact: Fact, as_of: date) -> bool:
    """Whether a fact may be used on a day: nothing that surely happened or was recorded later is known then."""
    begins = fact.date.earliest if fact.date is not None else None
    if begins is not None and begins > as_of and fact.status is not Status.PLANNED:
        return False
    written = fact.recorded.earliest if fact.recorded is not None else None
    return written is None or written <= as_of


def age_on(birth: DateRange, day: date, unit: str = "a") -> ValueRange | None:
    """The age on a day in completed years (`a`), months (`mo`), weeks (`wk`) or days (`d`); None before the birth.

    A range where the birth is one: born in 1980, a person is 44 or 45 years old on 2025-06-01. Born on 29 February,
    a person is a year older on 1 March. Raises ValueError for another unit.
    """
    if birth.earliest is not None and birth.earliest > day:
        return None
    youngest = _completed(min(birth.latest, day), day, unit) if birth.latest is not None else 0
    oldest = _completed(birth.earliest, day, unit) if birth.earliest is not None else None
    return ValueRange(Decimal(youngest), None if oldest is None else Decimal(oldest))


def _completed(born: date, day: date, unit: str) -> int:
    days = (day - born).days
    months = (day.year - born.year) * 12 + day.month - born.month - (day.day < born.day)
    match unit:
        case "a":
            return months // 12
        case "mo":
            return months
        case "wk":
            return days // 7
        case "d":
            return days
        case _:
            raise ValueError(f"an age is in a, mo, wk or d, not {unit!r}")


def birth_from_age(least: int, greatest: int, unit: str, day: DateRange) -> DateRange:
    """The births of those who are `least` to `greatest` completed years (`a`), months, weeks or days old on a day.

    Raises ValueError for another unit or an age that nobody has.
    """
    if not 0 <= least <= greatest or (unit == "a" and greatest > 130):
        raise ValueError(f"nobody is {least} to {greatest} {unit} old")
    earliest = _back(day.earliest, greatest + 1, unit, 1) if day.earliest is not None else None
    latest = _back(day.latest, least, unit, 0) if day.latest is not None else None
    return DateRange(earliest, latest)


def _back(day: date, count: int, unit: str, later: int) -> date:
    """The day so many units earlier, and `later` days on; the last day of a month that has no such day."""
    match unit:
        case "a" | "mo":
            months = day.year * 12 + day.month - 1 - count * (12 if unit == "a" else 1)
            at = day.day
            while at > 28:
                try:
                    found = date(months // 12, months % 12 + 1, at)
                    break
                except ValueError:
                    at -= 1
            else:
                found = date(months // 12, months % 12 + 1, at)
        case "wk" | "d":
            found = date.fromordinal(day.toordinal() - count * (7 if unit == "wk" else 1))
        case _:
            raise ValueError(f"an age is in a, mo, wk or d, not {unit!r}")
    return date.fromordinal(found.toordinal() + later)
