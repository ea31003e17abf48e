"""Leaves that are alike come to the same, and what a trial allows does not exclude."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from trialist.criteria import parse_criteria
from trialist.criteria.nodes import Concept, Demographic, Expr, Interval, Quantity, Span
from trialist.criteria.witness import Witness
from trialist.evaluation import codes
from trialist.evaluation.calculators.intervals import Interval as Range
from trialist.evaluation.calculators.intervals import point
from trialist.evaluation.evaluate import evaluate
from trialist.evaluation.likeness import likeness_of, read_limits, standing
from trialist.evaluation.many import Many, outcome_of
from trialist.evaluation.parts import Trial
from trialist.evaluation.verdict import Class
from trialist.patient.extents import DateRange
from trialist.patient.facts import Patient

from support.patients import fact

AS_OF = date(2026, 3, 10)
NOWHERE = Span(0, 0)


def alt(unit: str = "U/L", **limits: object) -> Quantity:
    return Quantity("alt", Interval(**limits), unit, NOWHERE)


@pytest.mark.parametrize(
    ("one", "other", "is_alike"),
    [
        (alt(lower=Decimal(3)), alt(upper=Decimal(5)), True),
        (alt(lower=Decimal(3)), alt("ukat/L", lower=Decimal(3)), False),
        (
            Concept("condition", "heart failure", NOWHERE, "heart_failure"),
            Concept("condition", "CHF", NOWHERE, "heart_failure"),
            True,
        ),
        (
            Concept("condition", "heart failure", NOWHERE, "heart_failure"),
            Concept("condition", "severe heart failure", NOWHERE, "heart_failure", severity=("severe",)),
            False,
        ),
        (
            Concept("condition", "odd failure", NOWHERE, broader="heart_failure"),
            Concept("condition", "rare failure", NOWHERE, broader="heart_failure"),
            False,
        ),
        (
            Concept("allergy", "penicillin", NOWHERE, "penicillin"),
            Concept("allergy", "penicillins", NOWHERE, "penicillin"),
            False,
        ),
    ],
)
def test_what_is_alike(one: Expr, other: Expr, is_alike: bool):
    assert (likeness_of(one).shared == likeness_of(other).shared) is is_alike


def test_a_lost_comparison_has_no_limits():
    bound = Interval(lower=Decimal(3))
    assert likeness_of(Quantity("alt", bound, "U/L", NOWHERE, assumed=("comparator",))).limits == b""
    assert likeness_of(Demographic("age", NOWHERE, bound, "a", assumed=("comparator",))).limits == b""
    assert likeness_of(Quantity("alt", bound, "U/L", NOWHERE)).limits != b""


def test_limits_stand_alike_only_where_every_value_does():
    def of(**limits: object) -> object:
        told = likeness_of(alt(**limits)).limits
        return standing(read_limits(told), (point("5"), Range(point("7").point, point("9").point)))

    assert of(lower=Decimal(2)) == of(lower=Decimal("4.9"))
    assert of(lower=Decimal(4)) == of(lower=Decimal(5))
    assert of(lower=Decimal(5)) != of(lower=Decimal("5.1"))
    assert of(lower=Decimal(5)) != of(lower=Decimal(5), lower_inclusive=False)
    assert of(lower=Decimal(7)) != of(lower=Decimal(8))
    assert of(lower=Decimal(8)) != of(upper=Decimal(8))


def test_which_evidence_stays_is_what_the_answers_keep():
    table = codes.kept()
    assert table[codes.ANY, codes.TRUE, codes.FALSE] == 1
    assert table[codes.ANY, codes.FALSE, codes.FALSE] == 3
    assert table[codes.ALL, codes.FALSE | codes.ABSENCE, codes.FALSE] == 2
    assert table[codes.ALL, codes.TRUE, codes.UNKNOWN | codes.DATA] == 2
    assert table[codes.NOT, codes.TRUE, codes.FALSE] == 1
    three = (codes.FALSE, codes.UNKNOWN | codes.DATA, codes.FALSE)
    assert codes.kept_of_several(1, three) == (1,)


HEALTHY = """Inclusion Criteria:

* Age 18 to 75 years

Exclusion Criteria:

* Malignancy
* Patients with basal cell carcinoma are eligible
* Healthy persons are allowed
"""


def test_no_sentence_takes_back_that_healthy_volunteers_are_not_taken():
    criteria = parse_criteria(HEALTHY)
    trial = Trial(criteria, Witness(healthy_volunteers=False))
    many = Many.of([trial])
    born = DateRange.on(date(1980, 1, 1))
    for lines in (
        ("condition healthy active",),
        ("condition healthy active", "condition basal_cell_carcinoma active"),
        ("condition basal_cell_carcinoma active",),
        ("condition malignancy active", "condition basal_cell_carcinoma active"),
    ):
        who = Patient(tuple(map(fact, lines)), born)
        verdict = evaluate(criteria, who, AS_OF, fields=trial.fields)
        assert list(many.outcomes(who, AS_OF)) == [outcome_of(verdict)]
        assert (verdict.verdict is Class.EXCLUDED) == ("healthy" in lines[0])
