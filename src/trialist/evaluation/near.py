"""Near misses: what excludes now and can change by time or treatment, with when or by how much.

Every day that is told was tried: on it the criterion no longer excludes, on the day before it still does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from trialist.criteria.criterion import Criterion, Polarity
from trialist.criteria.lexicon import variables
from trialist.criteria.nodes import (
    And,
    Basis,
    Concept,
    Demographic,
    Direction,
    ExceptWhen,
    Exposure,
    Expr,
    Or,
    Quantity,
    Trialwise,
)
from trialist.criteria.witness import Witness
from trialist.evaluation.amounts import amount_words, converted, known_range
from trialist.evaluation.evaluate import answer_expr, settle
from trialist.evaluation.fields import MINIMUM_AGE, field_assessments
from trialist.evaluation.known import Known
from trialist.evaluation.times import PRESENT_ANCHORS, shift
from trialist.evaluation.truth import Truth
from trialist.evaluation.verdict import Assessment, Effect, Verdict
from trialist.patient.facts import Fact, Patient

_SOON = 400
"""Days; what changes later than that is no near miss."""
_TRIED = timedelta(days=5)
"""The days around the end of a washout that are tried."""
_CLOSE = Fraction(1, 4)
"""A measured value is near where it is at most this part of the threshold away."""
_UNCHANGING = frozenset(
    {
        "height",
        "birth_weight",
        "gestational_age",
        "gleason",
        "apgar",
        "radiation_dose",
        "anthracycline_dose",
        "bone_age",
    }
)


@dataclass(frozen=True, slots=True)
class NearMiss:
    """Why a trial is nearly open: the criterion, one sentence, and the day from which it no longer excludes (or None)."""

    nct_id: str
    criterion_id: str
    sentence: str
    day: date | None = None


def near_miss(
    verdict: Verdict,
    criteria: dict[str, Criterion],
    patient: Patient,
    known: Known,
    fields: Witness | None,
    *,
    is_headed: bool = True,
) -> NearMiss | None:
    """What could change, where a trial is excluded by one thing alone; None where nothing can.

    The registry's minimum age and the text's are one thing.
    """
    by = [one for one in verdict.assessments if one.criterion_id in verdict.excluded_by]
    ages = [one for one in by if _is_minimum_age(one, criteria)]
    rest = [one for one in by if one not in ages]
    if by and not rest:
        return _old_enough(verdict, patient, known, fields)
    if len(by) != 1 or rest[0].criterion_id not in criteria:
        return None
    criterion = criteria[rest[0].criterion_id]
    found = _washout(verdict, criterion, patient, known, fields, is_headed=is_headed)
    return found or _value(verdict, criterion, known)


def _is_minimum_age(one: Assessment, criteria: dict[str, Criterion]) -> bool:
    criterion = criteria.get(one.criterion_id)
    if one.criterion_id == MINIMUM_AGE:
        return True
    return (
        criterion is not None
        and isinstance(criterion.expr, Demographic)
        and criterion.expr.interval is not None
        and (criterion.expr.interval.upper is None) == (criterion.polarity is Polarity.INCLUSION)
    )


def _old_enough(verdict: Verdict, patient: Patient, known: Known, fields: Witness | None) -> NearMiss | None:
    """The day on which a child is old enough by the registry's field, if that is soon."""
    birth = patient.birth
    if fields is None or fields.minimum_age is None or birth is None or birth.latest is None:
        return None
    number, unit = fields.minimum_age
    if unit not in {"a", "mo", "wk", "d"}:
        return None
    day = shift(birth.latest, number, unit)
    if not known.as_of < day <= known.as_of + timedelta(days=_SOON):
        return None
    then = Known(patient, day, known.policy)
    if any(
        one.criterion_id == MINIMUM_AGE and one.effect is Effect.EXCLUDES
        for one in field_assessments(fields, then)
    ):
        return None
    told = f"The minimum age of {amount_words(str(number), unit)} is reached on {day}."
    return NearMiss(verdict.nct_id, MINIMUM_AGE, told, day)


def _excluding(expr: Expr, wanted: Truth, known: Known) -> list[Expr]:
    """The atoms that together make an expression what it is; what is joined otherwise than by and, or counts as one."""
    if isinstance(expr, And | Or):
        return [
            atom
            for one in expr.of
            if answer_expr(one, known).truth is wanted
            for atom in _excluding(one, wanted, known)
        ]
    return [expr]


def _reasons(criterion: Criterion, known: Known) -> list[Expr]:
    wanted = Truth.TRUE if criterion.polarity is Polarity.EXCLUSION else Truth.FALSE
    return _excluding(criterion.expr, wanted, known)


class Reason(NamedTuple):
    """What may change in one thing that makes a sentence true or false.

    `washout` is the day (an ordinal) on which its time ends, NEVER where it does not end, 0 where it has none to end.
    `is_close`: it is a value near its threshold; `is_other`: it is something that is no such value.
    """

    washout: int
    is_close: bool
    is_other: bool


NEVER = date.max.toordinal()


def reason_of(leaf: Expr, facts: Sequence[Fact], known: Known, *, holds: bool) -> Reason:
    """What may change in an atom, or in what has an exception, that is true (or false) by these facts.

    Perhaps too much, never too little: `near_miss` says whether it is a near miss.
    """
    if isinstance(leaf, ExceptWhen):
        # "And not" is weighed with what it takes from: the reasons are this one's own, and none where it does not hold.
        if not holds:
            return Reason(0, is_close=False, is_other=False)
        day = _last_washout(_excluding(leaf.main, Truth.TRUE, known), known)
        return Reason(NEVER if day is None else day.toordinal(), is_close=False, is_other=True)
    days = _washouts(leaf, facts)
    washout = NEVER if days is None else max((one.toordinal() for one in days), default=0)
    is_close = _told_value(leaf, facts, Polarity.INCLUSION) is not None
    return Reason(washout, is_close, not is_close)


def near_days(known: Known) -> range:
    """The days (ordinals) on which the last of what excludes may end for a near miss."""
    today = known.as_of.toordinal()
    return range(today - _TRIED.days + 1, today + _SOON + _TRIED.days + 1)


def may_come_of_age(told: tuple[Decimal, str], known: Known) -> bool:
    """Whether a patient may soon be old enough for a minimum age."""
    birth = known.patient.birth
    number, unit = told
    if birth is None or birth.latest is None or unit not in {"a", "mo", "wk", "d"}:
        return False
    return known.as_of < shift(birth.latest, number, unit) <= known.as_of + timedelta(days=_SOON)


def _washout(
    verdict: Verdict,
    criterion: Criterion,
    patient: Patient,
    known: Known,
    fields: Witness | None,
    *,
    is_headed: bool,
) -> NearMiss | None:
    """The first day on which the last of what was had lies outside the time that excludes."""
    if criterion.polarity is not Polarity.EXCLUSION:
        return None
    around = _last_washout(_reasons(criterion, known), known)
    if around is None:
        return None
    day = _first_open(criterion, around, patient, known, fields, is_headed=is_headed)
    if day is None or day > known.as_of + timedelta(days=_SOON):
        return None
    return NearMiss(verdict.nct_id, criterion.id, f"The washout of “{criterion.text}” ends on {day}.", day)


def _last_washout(reasons: Sequence[Expr], known: Known) -> date | None:
    """The day on which the last of the times that exclude ends; None where something else excludes."""
    days: list[date] = []
    for atom in reasons:
        own = _washouts(atom, [item.fact for item in answer_expr(atom, known).evidence])
        if own is None:
            return None
        days += own
    return max(days, default=None)


def _washouts(atom: Expr, facts: Sequence[Fact | None]) -> list[date] | None:
    """The days on which the times end in which each of some facts excludes; None where one of them has no such day."""
    if not isinstance(atom, Concept | Exposure | Trialwise) or atom.time is None:
        return None
    window = atom.time
    length = window.length.upper if window.length is not None else None
    is_past = window.direction is Direction.BEFORE and window.anchor in PRESENT_ANCHORS
    if not is_past or length is None or window.unit not in {"a", "mo", "wk", "d"}:
        return None
    days = []
    for fact in facts:
        last = None if fact is None else fact.end or fact.date
        if fact is None or fact.negated or fact.status == "active" or last is None or last.latest is None:
            return None
        days.append(shift(last.latest, length, window.unit))
    return days


def _first_open(
    criterion: Criterion,
    around: date,
    patient: Patient,
    known: Known,
    fields: Witness | None,
    *,
    is_headed: bool,
) -> date | None:
    """The first day around a day on which a criterion no longer excludes, tried day by day."""

    def excludes(day: date) -> bool:
        then = Known(patient, day, known.policy)
        return settle(criterion, then, is_headed=is_headed, fields=fields).effect is Effect.EXCLUDES

    for day in (around + timedelta(days=later) for later in range(-3, 5)):
        if day > known.as_of and not excludes(day):
            return day if excludes(day - timedelta(days=1)) else None
    return None


def _value(verdict: Verdict, criterion: Criterion, known: Known) -> NearMiss | None:
    """A measured value that is not far from its threshold: "platelets 48, needs 50"."""
    told = _told_values(_reasons(criterion, known), criterion.polarity, known)
    return None if told is None else NearMiss(verdict.nct_id, criterion.id, f"{'; '.join(told)}.")


def _told_values(reasons: Sequence[Expr], polarity: Polarity, known: Known) -> list[str] | None:
    """The values that exclude and what is needed, where all of them are close and can change."""
    told = []
    for atom in reasons:
        facts = [item.fact for item in answer_expr(atom, known).evidence if item.fact is not None]
        said = _told_value(atom, facts, polarity)
        if said is None:
            return None
        told.append(said)
    return told or None


def _told_value(atom: Expr, facts: Sequence[Fact], polarity: Polarity) -> str | None:
    """A value and what is needed, where they are close and it can change."""
    if not isinstance(atom, Quantity) or atom.variable in _UNCHANGING:
        return None
    if atom.basis not in (Basis.ABSOLUTE, Basis.X_ULN) or len(facts) != 1 or facts[0].value is None:
        return None
    value = known_range(facts[0].value)
    if atom.basis is Basis.X_ULN:
        reference = facts[0].reference
        if reference is None or reference.high is None or not value.is_point:
            return None
        number: Fraction | None = value.point / Fraction(reference.high)
    else:
        same = converted(value, facts[0].unit, atom.unit, atom.variable)
        number = same.point if same is not None and same.is_point else None
    bounds = [one for one in (atom.interval.lower, atom.interval.upper) if one is not None]
    if number is None or not bounds:
        return None
    bound: Decimal = min(bounds, key=lambda one: abs(Fraction(one) - number))
    if bound == 0 or abs(number - Fraction(bound)) / abs(Fraction(bound)) > _CLOSE:
        return None
    must_rise = number < Fraction(bound) or (
        number == Fraction(bound) and (polarity is Polarity.EXCLUSION) == (atom.interval.upper is not None)
    )
    name = variables().get(atom.variable, {}).get("name", atom.surface)
    unit = "× ULN" if atom.basis is Basis.X_ULN else atom.unit
    side = "at least" if must_rise else "at most"
    has = amount_words(f"{float(number):.4g}", unit)
    return f"{name[:1].upper()}{name[1:]} {has}; needed about {side} {amount_words(str(bound), unit)}"
