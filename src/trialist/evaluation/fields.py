"""The registry's own fields of a study (ages, sex, healthy volunteers) as criteria, and where the text says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from trialist.criteria.criterion import Criterion, CriterionSet, Polarity, Population
from trialist.criteria.nodes import Demographic, Expr, Interval
from trialist.criteria.witness import Witness
from trialist.evaluation.amounts import amount_words
from trialist.evaluation.answers import Answer
from trialist.evaluation.known import Known, evidence_of
from trialist.evaluation.persons import answer_age, answer_sex
from trialist.evaluation.sentences import sentence_of
from trialist.evaluation.truth import Truth
from trialist.evaluation.verdict import Assessment, Effect, Evidence, Need, Result, Who
from trialist.patient.facts import FactKind, Status

MINIMUM_AGE, MAXIMUM_AGE = "field:minimum_age", "field:maximum_age"
SEX, HEALTHY, ALIVE = "field:sex", "field:healthy_volunteers", "patient:alive"
Sides = tuple[tuple[Interval, str] | None, tuple[Interval, str] | None]
"""A lower and an upper limit of ages, each with its unit; None where there is none."""
_SEXES = {"MALE": ("male",), "FEMALE": ("female",)}


def field_assessments(fields: Witness | None, known: Known) -> list[Assessment]:
    """A result for each field that limits who may take part."""
    if fields is None:
        return []
    found = []
    if fields.minimum_age is not None:
        number, unit = fields.minimum_age
        answer = answer_age(Interval(lower=number), unit, known)
        found.append(_field(MINIMUM_AGE, f"Minimum age: {amount_words(str(number), unit)}", answer))
    if fields.maximum_age is not None:
        number, unit = fields.maximum_age
        answer = answer_age(Interval(upper=number), unit, known)
        found.append(_field(MAXIMUM_AGE, f"Maximum age: {amount_words(str(number), unit)}", answer))
    if fields.sex in _SEXES:
        answer = answer_sex(_SEXES[fields.sex], known)
        found.append(_field(SEX, f"Sex: {_SEXES[fields.sex][0]}", answer))
    if fields.healthy_volunteers is False:
        found.append(_field(HEALTHY, "Healthy volunteers: no", answer_ill(known)))
    return found


def answer_ill(known: Known) -> Answer:
    """Whether the person is ill at all: who is only healthy does not qualify."""
    healthy = [one for one in known.facts(FactKind.CONDITION, "healthy") if not one.negated]
    if healthy:
        return Answer(
            Truth.FALSE, ("a healthy volunteer",), tuple(evidence_of(one, "healthy") for one in healthy)
        )
    ill = [
        one
        for one in known.of_kind(FactKind.CONDITION)
        if not one.negated and one.status is not Status.ENDED and one.status is not Status.PLANNED
    ]
    if ill:
        return Answer(
            Truth.TRUE,
            ("a patient, no healthy volunteer",),
            (evidence_of(ill[0], ill[0].surface or ill[0].id),),
        )
    need = Need(
        Who.DATA, "a condition", "none is recorded, and healthy volunteers are not taken", "condition/"
    )
    return Answer(Truth.UNKNOWN, (need.why,), needs=(need,))


def _field(criterion_id: str, text: str, answer: Answer) -> Assessment:
    results = {Truth.TRUE: Result.MET, Truth.FALSE: Result.NOT_MET, Truth.UNKNOWN: Result.UNKNOWN}
    effects = {Truth.TRUE: Effect.ALLOWS, Truth.FALSE: Effect.EXCLUDES, Truth.UNKNOWN: Effect.OPEN}
    result = results[answer.truth]
    return Assessment(
        criterion_id=criterion_id,
        text=text,
        plain=text,
        polarity=str(Polarity.INCLUSION),
        result=result,
        effect=effects[answer.truth],
        truth=answer.truth,
        sentence=sentence_of(answer.words, Polarity.INCLUSION, result),
        evidence=answer.evidence,
        assumptions=answer.assumptions,
        missing=answer.needs,
    )


def life_assessments(known: Known) -> list[Assessment]:
    """A result where the record says that the patient has died, else none."""
    if known.patient.is_dead is not True:
        return []
    death = known.patient.death
    if death is not None and death.earliest is not None and death.earliest > known.as_of:
        return []
    evidence = (Evidence("died", "patient", "" if death is None else str(death)),)
    if death is not None and death.latest is not None and death.latest <= known.as_of:
        return [_field(ALIVE, "The patient is alive", Answer(Truth.FALSE, (f"died on {death}",), evidence))]
    need = Need(
        Who.DATA, "day of death", "not known: the record says that the patient has died", "patient/death"
    )
    words = ("the record says that the patient has died, not when",)
    return [_field(ALIVE, "The patient is alive", Answer(Truth.UNKNOWN, words, evidence, needs=(need,)))]


def reconcile_ages(
    criteria: CriterionSet,
    assessments: Sequence[Assessment],
    of_fields: Sequence[Assessment],
    known: Known,
) -> tuple[list[Assessment], list[Assessment]]:
    """Where text and field name different ages and the patient is between them, neither decides."""
    texts, fields = list(assessments), list(of_fields)
    for at, field in enumerate(of_fields):
        if (
            field.criterion_id not in (MINIMUM_AGE, MAXIMUM_AGE)
            or not field.truth
            or not field.truth.is_decided
        ):
            continue
        for place, criterion in enumerate(criteria.criteria):
            sides = _sides(criterion, known) if texts[place].counts else None
            if sides is None:
                continue
            own, other = sides if field.criterion_id == MINIMUM_AGE else (sides[1], sides[0])
            if own is None or not own.is_decided or own is field.truth:
                continue
            fields[at] = _contradicted(fields[at])
            if other is not Truth.FALSE:
                texts[place] = _contradicted(texts[place])
    return texts, fields


def ages_disagree(ages: Iterable[Sides], limits: Sides, decide: Callable[[Interval, str], Truth]) -> bool:
    """Whether `reconcile_ages` has something to say of the ages of a text and those of the fields, for somebody.

    `decide` says whether an age lies within; it may remember.
    """
    for place, field in enumerate(limits):
        said = None if field is None else decide(*field)
        if said is None or not said.is_decided:
            continue
        for one in ages:
            own = one[place]
            found = None if own is None else decide(*own)
            if found is not None and found.is_decided and found is not said:
                return True
    return False


def sides_of_fields(fields: Witness) -> Sides:
    """The registry's lowest and highest age, each as an interval with its unit."""
    low, high = fields.minimum_age, fields.maximum_age
    return (
        None if low is None else (Interval(lower=low[0]), low[1]),
        None if high is None else (Interval(upper=high[0]), high[1]),
    )


def sides_of(expr: Expr) -> Sides | None:
    """The lower and the upper limit of an age, each as an interval with its unit; None for others."""
    if not isinstance(expr, Demographic) or expr.interval is None or expr.kind != "age":
        return None
    if "comparator" in expr.assumed:
        return None
    low, high = expr.interval.lower, expr.interval.upper
    lower, upper = expr.interval.lower_inclusive, expr.interval.upper_inclusive
    return (
        None if low is None else (Interval(low, None, lower), expr.unit),
        None if high is None else (Interval(None, high, True, upper), expr.unit),
    )


def ages_may_differ(ages: Iterable[Criterion], fields: Witness) -> bool:
    """Whether a text and the fields name different ages at all, so that `reconcile_ages` may have something to say."""
    return any(
        _differs(field, bound, is_inclusive, one.expr.unit)
        for one in ages
        if isinstance(one.expr, Demographic) and one.expr.interval is not None
        for field, bound, is_inclusive in (
            (fields.minimum_age, one.expr.interval.lower, one.expr.interval.lower_inclusive),
            (fields.maximum_age, one.expr.interval.upper, one.expr.interval.upper_inclusive),
        )
    )


def _differs(field: tuple[Decimal, str] | None, bound: Decimal | None, is_inclusive: bool, unit: str) -> bool:
    return field is not None and bound is not None and not (is_inclusive and field == (bound, unit))


def _sides(criterion: Criterion, known: Known) -> tuple[Truth | None, Truth | None] | None:
    """Whether the patient is above the lower and below the upper limit of an age without conditions; None for others."""
    is_plain = criterion.guard is None and not criterion.scope and criterion.population is Population.PATIENT
    sides = sides_of(criterion.expr) if is_plain and criterion.polarity is Polarity.INCLUSION else None
    if sides is None:
        return None
    low, high = (None if one is None else answer_age(*one, known).truth for one in sides)
    return low, high


def _contradicted(one: Assessment) -> Assessment:
    need = Need(
        Who.READER, "the ages of the study", "the text and the registry's field disagree for this patient"
    )
    return replace(
        one,
        result=Result.CONFLICT,
        effect=Effect.OPEN,
        truth=Truth.UNKNOWN,
        missing=(need,),
        sentence=f"{one.sentence.removesuffix('.')}, but {need.why}: open.",
    )
