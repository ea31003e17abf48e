"""What an evaluation answers, as frozen values: a result for each criterion, and what they make of the trial.

Truth and effect are kept apart: `truth` says whether the sentence holds, `result` whether the criterion is met, and `effect`
what that does to taking part. Nothing is a score.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from trialist.criteria.nodes import Span
from trialist.criteria.quick import quick
from trialist.evaluation.truth import Truth
from trialist.patient.facts import Fact


class Result(StrEnum):
    """Whether a criterion is met. CONFLICT is an UNKNOWN that comes from facts which cannot both be true."""

    MET = "MET"
    NOT_MET = "NOT_MET"
    UNKNOWN = "UNKNOWN"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    CONFLICT = "CONFLICT"

    @property
    def is_decided(self) -> bool:
        """Whether it is met or not met."""
        return self in (Result.MET, Result.NOT_MET)


class Effect(StrEnum):
    """What a criterion does: nothing stands against taking part, it excludes, it is open, or it decides nothing."""

    ALLOWS = "allows"
    EXCLUDES = "excludes"
    OPEN = "open"
    NONE = "none"


class Class(StrEnum):
    """What the criteria of a trial come to for a patient."""

    ELIGIBLE = "ELIGIBLE"
    UNDETERMINED = "UNDETERMINED"
    EXCLUDED = "EXCLUDED"


class Who(StrEnum):
    """Who can settle what is open: data of the patient, a person asked (patient, investigator), or a reader of the protocol."""

    DATA = "data"
    PERSON = "person"
    READER = "reader"


@quick
@dataclass(frozen=True, slots=True, order=True)
class Need:
    """One thing that is not known: `what` in words, its `code` (LOINC, MeSH, ATC) and UCUM `unit` where there are any.

    `key` says which facts would settle it, as kind and id (`measurement/alt`); "" where no single fact would.
    """

    who: Who
    what: str
    why: str
    key: str = ""
    code: str = ""
    unit: str = ""


@quick
@dataclass(frozen=True, slots=True)
class Evidence:
    """A fact that was used, in words, with the place it was read at and the day it is of ("" when not said)."""

    words: str
    origin: str
    day: str
    fact: Fact | None = None


@quick
@dataclass(frozen=True, slots=True)
class Calculation:
    """Something that was worked out: what, with which numbers, and what came out."""

    what: str
    how: str
    result: str


POLICY_ASSUMPTIONS = frozenset({"absence", "inference", "manner"})
"""The kinds of assumptions that a policy makes: without them the result would be open."""


@quick
@dataclass(frozen=True, slots=True)
class Assumption:
    """Something taken for granted.

    `kind` absence (the policy's: not in the record, so not there), inference (a reader of a narrative infers it) or manner
    (words that ask for nothing of their own); else the text's reading.
    """

    kind: str
    words: str


@quick
@dataclass(frozen=True, slots=True)
class Assessment:
    """One criterion for one patient.

    `truth` is None where the criterion is not read on the patient. `counts` False: it decides nothing by itself (a part of
    a list, a permission, a heading). `scope` names the cohort or part that alone it is for. `rests_on_absence`: the result
    would be open if the policy did not take what is not recorded for absent.
    """

    criterion_id: str
    text: str
    plain: str
    polarity: str
    result: Result
    effect: Effect
    truth: Truth | None
    sentence: str
    evidence: tuple[Evidence, ...] = ()
    calculations: tuple[Calculation, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    missing: tuple[Need, ...] = ()
    counts: bool = True
    scope: tuple[tuple[str, str], ...] = ()
    spans: tuple[Span, ...] = ()
    rests_on_absence: bool = False

    @property
    def is_assumed(self) -> bool:
        """Whether the result would be open without an assumption of the policy."""
        return any(one.kind in POLICY_ASSUMPTIONS for one in self.assumptions)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A trial for a patient on a day: its class, and why.

    `excluded_by` are the criteria that exclude. `missing` is data that would settle something, `confirmations` what only a
    person can say or has to read; both only of criteria that count. `notes` say what a reader of the verdict must know.
    """

    nct_id: str
    as_of: date
    policy: str
    verdict: Class
    assessments: tuple[Assessment, ...]
    excluded_by: tuple[str, ...] = ()
    missing: tuple[Need, ...] = ()
    confirmations: tuple[Need, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_open_for_persons_only(self) -> bool:
        """Whether nothing but confirmations by persons stands between the patient and the trial."""
        return self.verdict is Class.UNDETERMINED and not self.missing

    def count(self, result: Result) -> int:
        """How many of the criteria that count have this result."""
        return sum(one.result is result for one in self.assessments if one.counts)
