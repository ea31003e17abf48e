"""The fast ways, one patient against many trials and one trial against many patients, give what the judge gives."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generative.test_evaluation_properties import AS_OF, FACTS, MORE, PEOPLE, SETS
from trialist.criteria import parse_criteria
from trialist.criteria.witness import Witness, read_witness
from trialist.demo import generate_study
from trialist.evaluation.codes import code_of
from trialist.evaluation.compiling import Healthy
from trialist.evaluation.evaluate import evaluate, has_headings
from trialist.evaluation.known import Known
from trialist.evaluation.leaves import answer_leaf
from trialist.evaluation.many import Many, Outcome, Tally, outcome_of
from trialist.evaluation.near import near_miss
from trialist.evaluation.near_many import may_be_near
from trialist.evaluation.parts import Trial, need_told
from trialist.evaluation.policy import SCREENING, STRICT, Policy
from trialist.evaluation.screening import Screening, screen_outcome
from trialist.evaluation.verdict import Class, Verdict, Who
from trialist.patient.extents import DateRange
from trialist.patient.facts import Patient, Sex
from trialist.record import Study
from trialist.registry.eligibility import criteria_of_study

from support.shared import REGISTRY, iter_lines, needs_shared

_EXTRA = """Inclusion Criteria:

* Age 18 to 75 years
* Males: hemoglobin > 100 g/L
* HIV antibody negative

Exclusion Criteria:

* Malignancy
* Patients with basal cell carcinoma are eligible
* Chemotherapy within 100 days after transplantation
* Contraindication to tacrolimus
"""

_NEAR = """Inclusion Criteria:

* ALT < 2 x ULN and platelets > 50 x 10^9/L
* Creatinine < 1.5 mg/dL, or bilirubin < 2 mg/dL unless Gilbert syndrome

Exclusion Criteria:

* Malignancy other than basal cell carcinoma within 5 years
* Chemotherapy within 4 weeks or radiotherapy within 3 months
* Infection within 2 weeks, except upper respiratory infection
* Prior transplantation and platelets < 50 x 10^9/L
"""


def _trials() -> list[Trial]:
    found = [
        Trial(one, fields) for one in SETS for fields in (None, Witness(sex="ALL", healthy_volunteers=False))
    ]
    ages = Witness(minimum_age=(Decimal(12), "a"), maximum_age=(Decimal(60), "a"), sex="FEMALE")
    found += [Trial(parse_criteria(text), ages) for text in (_EXTRA, MORE, "Age over 18. No cancer.", "")]
    found.append(Trial(parse_criteria("Female\nAge over 12 years"), Witness(sex="ALL")))
    found.append(Trial(parse_criteria(_NEAR), ages))
    for number in range(60):
        study = Study.from_record(generate_study(number))
        found.append(Trial(criteria_of_study(study), read_witness(study)))
    return found


TRIALS = _trials()
MANY = Many.of(TRIALS)
SCREENINGS = [(one, Screening(one.criteria, one.fields)) for one in TRIALS[::3]]


def check(trials: list[Trial], many: Many, patient: Patient, policy: Policy) -> None:
    verdicts = [evaluate(one.criteria, patient, AS_OF, policy, one.fields) for one in trials]
    wanted = [outcome_of(one) for one in verdicts]
    found = many.outcomes(patient, AS_OF, policy)
    wrong: list[tuple[int, Outcome, Outcome]] = [
        (at, one, other) for at, (one, other) in enumerate(zip(found, wanted, strict=True)) if one != other
    ]
    assert not wrong
    known = Known(patient, AS_OF, policy)
    tally = many.tally(known)
    check_near(trials, tally, verdicts)
    for at, told in tally.answered.told.items():
        leaf = many.leaves.leaf(at)
        answer = answer_leaf(leaf, known)
        needs = {need_told(one) for one in answer.needs if one.who is Who.DATA}
        assert (told.code, set(map(need_told, told.needs))) == (code_of(answer), needs), leaf
        if not isinstance(leaf, Healthy):
            assert set(told.facts) == {one.fact for one in answer.evidence if one.fact is not None}, leaf


def check_near(trials: list[Trial], tally: Tally, verdicts: list[Verdict]) -> None:
    """No near miss is left out, among trials taken together and one by one."""
    known = tally.known
    near = [
        at
        for at, (one, verdict) in enumerate(zip(trials, verdicts, strict=True))
        if verdict.verdict is Class.EXCLUDED
        and near_miss(
            verdict,
            {each.id: each for each in one.criteria.criteria},
            known.patient,
            known,
            one.fields,
            is_headed=has_headings(one.criteria),
        )
    ]
    excluded = np.flatnonzero(tally.outcomes.classes == 2)
    may_be = list(may_be_near(tally, excluded))
    assert sorted(may_be) == may_be
    assert set(near) <= set(may_be) <= set(excluded.tolist())
    for at in near:
        assert list(may_be_near(tally, np.array([at]))) == [at]


@settings(max_examples=12, deadline=None)
@given(st.lists(PEOPLE, min_size=1, max_size=3), st.sampled_from([STRICT, SCREENING]))
def test_one_trial_for_many(patients: list[Patient], policy: Policy):
    for trial, screening in SCREENINGS:
        found = list(screening.screen(patients, AS_OF, policy))
        verdicts = [evaluate(trial.criteria, one, AS_OF, policy, trial.fields) for one in patients]
        assert found == [screen_outcome(one) for one in verdicts]


@settings(max_examples=12, deadline=None)
@given(PEOPLE, st.sampled_from([STRICT, SCREENING]))
def test_invented_trials(patient: Patient, policy: Policy):
    check(TRIALS, MANY, patient, policy)


def test_the_dead():
    check(TRIALS, MANY, Patient(is_dead=True), STRICT)
    check(TRIALS, MANY, Patient(is_dead=True, death=DateRange.on(AS_OF)), STRICT)


def test_criteria_that_say_the_same_are_one_shape():
    one = Many.of([Trial(SETS[0]), Trial(SETS[0])])
    assert len(one) == 2
    assert one.shapes == Many.of([Trial(SETS[0])]).shapes


@needs_shared
@pytest.mark.heavy
def test_real_trials():
    trials = []
    for place, line in enumerate(iter_lines(REGISTRY / "studies.v2.ndjson.zst")):
        if place % 30 == 0:
            study = Study.from_json(line)
            trials.append(Trial(criteria_of_study(study), read_witness(study)))
    many = Many.of(trials)
    chosen = random.Random(7)
    for policy in (STRICT, SCREENING):
        for _ in range(4):
            facts = tuple(chosen.sample(FACTS, 40))
            birth = DateRange.on(date(chosen.randint(1940, 2015), 5, 5))
            person = Patient(
                facts,
                birth,
                chosen.choice(list(Sex)),
                first_seen=date(2020, 1, 1),
                last_seen=date(2026, 3, 1),
            )
            check(trials, many, person, policy)
