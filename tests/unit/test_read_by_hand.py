"""What reading results by hand found: a sex beside other alternatives, stays that ended, results of years ago."""

from datetime import date
from decimal import Decimal

import pytest

from trialist.criteria import parse_criteria
from trialist.criteria.witness import Witness
from trialist.evaluation.evaluate import evaluate
from trialist.evaluation.policy import STRICT
from trialist.evaluation.verdict import Effect
from trialist.patient.extents import DateRange, ValueRange
from trialist.patient.facts import Fact, FactKind, Origin, Patient, Sex, Status

from support.judging import DAY, judge, only

RECORD = Origin("fhir", resource="Encounter/1")
STAY = Fact(
    FactKind.EXPOSURE,
    "hospitalization",
    RECORD,
    surface="stay in hospital",
    domain="procedure",
    status=Status.ENDED,
    date=DateRange.on(date(2001, 3, 29)),
    end=DateRange.on(date(2001, 4, 2)),
)
PAIN = Fact(
    FactKind.MEASUREMENT,
    "pain_score",
    RECORD,
    surface="pain score",
    value=ValueRange.exactly(Decimal(3)),
    unit="{score}",
    date=DateRange.on(date(2021, 3, 11)),
)
MAN = Patient(sex=Sex.MALE, birth=DateRange.on(date(1980, 1, 1)), facts=(STAY, PAIN))


@pytest.mark.parametrize(
    ("kind", "line", "effect"),
    [
        (
            "Exclusion",
            "Pregnant or breast-feeding. Males and females of reproductive potential will use effective birth control.",
            Effect.OPEN,
        ),
        (
            "Inclusion",
            "Male and female subjects of reproductive potential must agree to use effective birth control.",
            Effect.OPEN,
        ),
        ("Inclusion", "Males, or females who are postmenopausal", Effect.ALLOWS),
        ("Exclusion", "Inpatient subject", Effect.OPEN),
        ("Exclusion", "History of hospitalization", Effect.EXCLUDES),
        ("Inclusion", "Pain score of at least 4 at least 2 weeks before enrollment", Effect.OPEN),
    ],
)
def test_effects(kind: str, line: str, effect: Effect):
    assert only(judge(line, MAN, kind, STRICT)).effect is effect


def test_a_sex_without_headings():
    criteria = parse_criteria("Female\nAge over 12 years")
    for sex, effect in (("ALL", Effect.OPEN), ("FEMALE", Effect.EXCLUDES)):
        told = evaluate(criteria, MAN, DAY, fields=Witness(sex=sex))
        assert [one.effect for one in told.assessments if one.text == "Female"] == [effect]
