"""The two studies the project was asked for with: every criterion, as a person reads it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from trialist.criteria import CriterionSet
from trialist.criteria.criterion import Computability, Polarity
from trialist.criteria.nodes import (
    Attestation,
    Basis,
    Concept,
    Demographic,
    Interval,
    Not,
    Or,
    Ordinal,
    Quantity,
    atoms,
    children,
)
from trialist.record import Study
from trialist.registry.eligibility import criteria_of_study

from support.shared import REFERENCE, needs_shared

pytestmark = needs_shared


@pytest.fixture(scope="module")
def found() -> CriterionSet:
    return criteria_of_study(Study.from_json((REFERENCE / "NCT06321198.json").read_bytes()))


def test_five_include_seventeen_exclude_nothing_is_lost(found: CriterionSet):
    kinds = [one.polarity for one in found.criteria]
    assert (kinds.count(Polarity.INCLUSION), kinds.count(Polarity.EXCLUSION)) == (5, 17)
    assert found.coverage.lost == 0
    assert all(one.kind == "layout" for one in found.residue)
    assert found.coverage.by_computability["computable"] == 15


def test_the_glued_item_is_an_age(found: CriterionSet):
    second = found.criteria[1]
    assert second.text == "4-70 years;"
    assert isinstance(second.expr, Demographic)
    assert second.expr.interval == Interval(Decimal(4), Decimal(70))
    assert [(one.kind, one.confidence) for one in second.defects] == [("glued_enumerator", 1.0)]


def test_the_scales(found: CriterionSet):
    fourth, fifth = found.criteria[3], found.criteria[4]
    assert isinstance(fourth.expr, Ordinal)
    assert (fourth.expr.scale, fourth.expr.allowed) == ("ecog", ("0", "1", "2"))
    grade, refractory = children(fifth.expr)
    assert isinstance(grade, Ordinal)
    assert (grade.scale, grade.allowed, grade.version) == ("agvhd_grade", ("II", "III", "IV"), "")
    assert isinstance(refractory, Concept)
    assert refractory.concept_id == "steroid_refractory"


def test_five_labs_are_one_or(found: CriterionSet):
    labs = found.criteria[8].expr
    assert isinstance(labs, Or)
    quantities = [one for one in labs.of if isinstance(one, Quantity)]
    told = [(one.variable, one.basis, one.unit, one.interval) for one in quantities]
    above = Interval(lower=Decimal(2), lower_inclusive=False)
    assert told == [
        ("alt", Basis.X_ULN, "1", above),
        ("ast", Basis.X_ULN, "1", above),
        ("creatinine_clearance", Basis.ABSOLUTE, "mL/min", Interval(upper=Decimal(30))),
        ("bun", Basis.X_ULN, "1", above),
        ("inr", Basis.X_ULN, "1", Interval(lower=Decimal("1.5"), lower_inclusive=False)),
    ]


def test_who_answers_each(found: CriterionSet):
    told = {one.id: one.computability for one in found.criteria}
    assert told["I1"] is Computability.ATTESTATION
    assert {told["E3"], told["E17"]} == {Computability.JUDGEMENT}
    assert {told["E6"], told["E7"], told["E14"], told["E15"]} == {Computability.PARTIAL}
    assert not any(isinstance(one.expr, Not) for one in found.criteria)
    contraception = [one for one in atoms(found.criteria[19].expr) if isinstance(one, Attestation)]
    assert [(one.topic, one.affirmed) for one in contraception] == [("contraception", False)]


def test_a_study_without_a_text_says_not_available():
    found = criteria_of_study(Study.from_json((REFERENCE / "NCT06171906.json").read_bytes()))
    assert not found.available
    assert found.criteria == ()
    assert [one.kind for one in found.findings] == ["no_text"]
