"""What holds of every evaluation, whatever the facts and the criteria are."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

import orjson
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from trialist.criteria import CriterionSet, parse_criteria
from trialist.criteria.criterion import Polarity
from trialist.criteria.nodes import And, Attestation, Not, Or
from trialist.evaluation.answers import Answer, all_hold, if_agreed, one_holds, opposite
from trialist.evaluation.encode import encode_verdict
from trialist.evaluation.evaluate import answer_expr, assess, evaluate
from trialist.evaluation.kinship import broader, read_kinship
from trialist.evaluation.known import Known, day_of, stated_on
from trialist.evaluation.policy import SCREENING, STRICT
from trialist.evaluation.truth import Truth
from trialist.evaluation.verdict import Class, Need, Result, Who
from trialist.patient.extents import DateRange
from trialist.patient.facts import ANY, Fact, FactKind, Patient, Sex, Status

from support.cases import read_cases
from support.patients import fact
from support.trials import PATIENTS, TEXTS

AS_OF = date(2026, 3, 10)
MORE = """Inclusion Criteria:

* Age > 17 years
* Heart disease or diabetes
* No malignancy other than skin cancer within 5 years
* Hemoglobin between 80 and 160 g/L
* HIV infection
* Hepatitis B

Exclusion Criteria:

* Current use of tacrolimus or corticosteroids
* Current infection
* Myocardial infarction within 6 months
* Psychiatric disease unless depression
* Alcohol or drug abuse
* Thrombosis
* Immunosuppressants within 4 weeks
* Patients with hepatitis C who are not treated with antivirals
"""
SETS: tuple[CriterionSet, ...] = tuple(parse_criteria(text) for text in (*TEXTS.values(), MORE))
_OTHERS = [
    "condition heart_failure active", "condition diabetes active on=2020", "no condition diabetes",
    "condition myocardial_infarction ended on=2025-12-24", "condition myocardial_infarction active on=2011",
    "no condition myocardial_infarction said=2026-02-01", "exposure tacrolimus active on=2026-01-10",
    "exposure tacrolimus ended on=2025-01-10 until=2025-06-01", "no exposure tacrolimus", "exposure prednisone active",
    "no exposure immunosuppressants", "condition infection", "condition sepsis active on=2026-03-01",
    "condition sepsis ended on=2026-01-01 until=2026-01-20", "no condition sepsis", "condition dvt active", "no condition dvt",
    "condition alcohol_abuse ended until=2020", "no condition alcohol_abuse", "no condition substance_abuse",
    "condition hiv active", "no condition hiv", "result hiv positive on=2026-03-01", "state sterile", "no state pregnant",
    "state pregnant", "measurement hemoglobin 60..90 unit=g/L on=2026-03-09", "measurement hemoglobin 100 unit=mmol/L on=2026-03-09",
    "condition depression active", "no condition depression", "exposure antivirals active", "condition hepatitis_c ended",
    "condition malignancy active sure=suspected", "condition - active words=sepsis", "no condition - words=severe_pneumonia",
    "condition lung_cancer active on=2025 q=metastatic", "no condition lung_cancer",
]  # fmt: skip
LINES = sorted(
    {
        line
        for name in ("evaluate_gvhd.toml", "evaluate_graft.toml")
        for case in read_cases(name)
        for line in case.input.get("add", ())
    }
    | {line for row in PATIENTS.values() for line in row["facts"]}
    | set(_OTHERS)
)
FACTS: tuple[Fact, ...] = tuple(fact(line) for line in LINES)
PEOPLE = st.builds(
    Patient,
    facts=st.lists(st.sampled_from(FACTS), max_size=25).map(tuple),
    birth=st.sampled_from(
        [None, DateRange.on(date(1990, 6, 15)), DateRange(date(2008, 1, 1), date(2008, 12, 31))]
    ),
    sex=st.sampled_from([None, Sex.FEMALE, Sex.MALE]),
    first_seen=st.just(date(2020, 1, 1)),
    last_seen=st.just(date(2026, 3, 1)),
)
TRUTHS = st.sampled_from(Truth)
ANSWERS = st.builds(lambda truth: Answer(truth, (str(truth),)), TRUTHS)


def results(criteria: CriterionSet, patient: Patient) -> dict[str, Result]:
    known = Known(patient, AS_OF, STRICT)
    return {one.id: assess(one, known).result for one in criteria.criteria}


@given(ANSWERS, ANSWERS, ANSWERS)
def test_answers_follow_kleene(one: Answer, two: Answer, three: Answer):
    def truth(answer: Answer) -> Truth:
        return answer.truth

    assert truth(opposite(all_hold([one, two]))) is truth(one_holds([opposite(one), opposite(two)]))
    assert truth(all_hold([one, two])) is truth(all_hold([two, one]))
    assert truth(all_hold([one, all_hold([two, three])])) is truth(all_hold([all_hold([one, two]), three]))
    assert truth(all_hold([one, one_holds([two, three])])) is truth(
        one_holds([all_hold([one, two]), all_hold([one, three])])
    )
    assert truth(opposite(opposite(one))) is truth(one)
    assert truth(all_hold([one])) is truth(one_holds([one])) is truth(one)


@given(ANSWERS, ANSWERS)
def test_readings_that_differ_decide_nothing(one: Answer, two: Answer):
    need = Need(Who.READER, "a sentence", "two readings")
    found = if_agreed([one, two], need)
    assert found.truth is (one.truth if one.truth is two.truth else Truth.UNKNOWN)
    if one.truth.is_decided and two.truth.is_decided and one.truth is not two.truth:
        assert found.needs == (need,)


_LATEST = frozenset({FactKind.MEASUREMENT, FactKind.GRADE, FactKind.RESULT})
_STATED = frozenset({FactKind.CONDITION, FactKind.EXPOSURE, FactKind.ALLERGY, FactKind.TRIAL})


def supersedes(more: Fact, facts: tuple[Fact, ...]) -> bool:
    """Whether a fact takes the place of an earlier one of the same thing, so that another answer is no contradiction.

    - Of measures, grades and tests the latest counts: a later one of the same thing is what is asked about.
    - A condition, an exposure or another trial that is stated anew is as it was last said to be: it came, it ended, there is none.
    - An infection that ended speaks of itself alone: hepatitis that is there is another one, of whichever day it was told.
    A state, a count, a marker, an attestation and a judgement never take another one's place, and nothing takes that of a
    fact of another thing, however old that is.
    """
    return any(
        one.kind is more.kind
        and ((_is_same_thing(one, more) and _is_later(more, one)) or _is_another_kind(more, one))
        for one in facts
    )


def _is_another_kind(more: Fact, one: Fact) -> bool:
    """Whether a fact is a kind of something of which it was only said that it ended, or how it was."""
    is_said = one.status is Status.ENDED or one.end is not None or bool(one.qualifiers or one.severity)
    domain = "condition" if one.kind is FactKind.CONDITION else "exposure"
    is_below = any(one.id in broader(domain, name) for name in (more.id, more.broader) if name)
    return more.kind in _STATED and is_said and is_below and not one.negated and not more.negated


def _is_later(more: Fact, one: Fact) -> bool:
    if more.kind in _LATEST:
        first, second = day_of(more), day_of(one)
        return (
            first is not None
            and second is not None
            and first.earliest is not None
            and second.latest is not None
            and first.earliest > second.latest
        )
    ends = [fact.end.latest if fact.end is not None else None for fact in (more, one)]
    own = None if more.date is None else more.date.latest
    last = max((day for day in (stated_on(more), own, ends[0]) if day is not None), default=None)
    before = min((day for day in (stated_on(one), ends[1]) if day is not None), default=None)
    return more.kind in _STATED and last is not None and before is not None and last > before


def _is_same_thing(one: Fact, other: Fact) -> bool:
    """Whether a statement about the one is one about the other: the same, what contains it, everything, or the same words."""
    if one.kind in _LATEST:
        tests = read_kinship()["tests"]  # of HIV and of antibodies against it: the latest of both counts
        return tests.get(one.id, one.id) == tests.get(other.id, other.id)
    if ANY in (one.id, other.id):
        return True
    domain = "condition" if one.kind is FactKind.CONDITION else "exposure"
    names = [{name for name in (fact.id, fact.broader) if name} for fact in (one, other)]
    above = [names[at] | {up for name in names[at] for up in broader(domain, name)} for at in (0, 1)]
    if not one.id or not other.id:
        return one.surface.casefold() == other.surface.casefold() or not above[0].isdisjoint(above[1])
    return not names[0].isdisjoint(above[1]) or not names[1].isdisjoint(above[0])


DAYS = st.one_of(
    st.none(),
    st.builds(
        lambda ago, length: DateRange(AS_OF - timedelta(days=ago + length), AS_OF - timedelta(days=ago)),
        st.sampled_from([0, 1, 3, 10, 20, 40, 100, 200, 400, 1500]),
        st.sampled_from([0, 0, 5, 300]),
    ),
)
MOVED = st.one_of(
    st.sampled_from(FACTS),
    st.builds(lambda one, day: replace(one, recorded=day), st.sampled_from(FACTS), DAYS),
    st.builds(
        lambda one, day: replace(one, date=day), st.sampled_from([one for one in FACTS if not one.end]), DAYS
    ),
)
"""The facts of the cases, and the same of other days or told on other days."""
OPPOSITES = {Result.MET: Result.NOT_MET, Result.NOT_MET: Result.MET}


@settings(max_examples=400, deadline=None)
@given(PEOPLE, st.lists(MOVED, max_size=4), MOVED, st.sampled_from(SETS))
def test_one_more_fact_never_turns_met_into_not_met(
    person: Patient, others: list[Fact], more: Fact, criteria: CriterionSet
):
    patient = replace(person, facts=(*person.facts, *others))
    assume(not supersedes(more, patient.facts))
    before = results(criteria, patient)
    after = results(criteria, replace(patient, facts=(*patient.facts, more)))
    flipped = [one for one in before if after[one] is OPPOSITES.get(before[one])]
    assert not flipped, (flipped, more)


@settings(max_examples=100, deadline=None)
@given(PEOPLE, st.sampled_from(SETS), st.randoms(use_true_random=False))
def test_order_does_not_matter(patient: Patient, criteria: CriterionSet, shuffle: random.Random):
    facts = list(patient.facts)
    shuffle.shuffle(facts)
    order = list(criteria.criteria)
    shuffle.shuffle(order)
    one = evaluate(criteria, patient, AS_OF)
    other = evaluate(criteria, replace(patient, facts=tuple(facts)), AS_OF)
    assert orjson.dumps(encode_verdict(one)) == orjson.dumps(encode_verdict(other))
    shuffled = evaluate(replace(criteria, criteria=tuple(order)), patient, AS_OF)
    assert {a.criterion_id: a for a in shuffled.assessments} == {a.criterion_id: a for a in one.assessments}
    assert shuffled.verdict is one.verdict
    assert set(shuffled.missing) == set(one.missing)


@settings(max_examples=150, deadline=None)
@given(PEOPLE, st.sampled_from([one for found in SETS for one in found.criteria]))
def test_an_exclusion_is_the_opposite_of_the_same_inclusion(patient: Patient, criterion):
    known = Known(patient, AS_OF, STRICT)
    plain = replace(criterion, guard=None, defects=(), population="patient", counts=True, modality="required")
    included = assess(replace(plain, polarity=Polarity.INCLUSION), known)
    excluded = assess(replace(plain, polarity=Polarity.EXCLUSION), known)
    opposites = {Result.MET: Result.NOT_MET, Result.NOT_MET: Result.MET}
    assert excluded.result is opposites.get(included.result, included.result)
    assert excluded.truth is included.truth


@settings(max_examples=150, deadline=None)
@given(PEOPLE, st.sampled_from([one.expr for found in SETS for one in found.criteria]))
def test_not_is_the_opposite_and_joining_with_itself_changes_nothing(patient: Patient, expr):
    known = Known(patient, AS_OF, STRICT)
    truth = answer_expr(expr, known).truth
    assert answer_expr(Not(expr), known).truth is opposite(Answer(truth, ())).truth
    # Only a refusal that stands alone is another thing inside a longer sentence, which may mean its opposite: there it is open.
    is_refusal = isinstance(expr, Attestation) and truth is Truth.FALSE
    assert answer_expr(And((expr, expr)), known).truth is (Truth.UNKNOWN if is_refusal else truth)
    assert answer_expr(Or((expr, expr)), known).truth is truth


@settings(max_examples=100, deadline=None)
@given(PEOPLE, st.sampled_from(SETS))
def test_eligible_only_with_nothing_open(patient: Patient, criteria: CriterionSet):
    for policy in (STRICT, SCREENING):
        found = evaluate(criteria, patient, AS_OF, policy)
        counted = [one for one in found.assessments if one.counts]
        open_ = [one for one in counted if one.result in (Result.UNKNOWN, Result.CONFLICT)]
        excluding = [one for one in counted if one.result is Result.NOT_MET and not one.rests_on_absence]
        assert (found.verdict is Class.ELIGIBLE) <= (not open_ and not excluding)
        assert (found.verdict is Class.EXCLUDED) == bool(excluding)
        for one in open_:
            assert one.missing, one
        assert not any(a.kind == "absence" for one in counted for a in one.assumptions) or policy is SCREENING


def test_same_input_same_bytes():
    patient = Patient(FACTS[:40], DateRange.on(date(1990, 6, 15)), Sex.FEMALE)
    told = {orjson.dumps(encode_verdict(evaluate(SETS[0], patient, AS_OF))) for _ in range(3)}
    assert len(told) == 1
