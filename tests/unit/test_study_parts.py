"""What a heading limits to a group of the study: nobody is excluded by it, and nobody let in past it."""

from __future__ import annotations

from datetime import date

from trialist.criteria import parse_criteria
from trialist.evaluation.evaluate import evaluate
from trialist.evaluation.policy import find_policy
from trialist.evaluation.spanless import spanless
from trialist.evaluation.verdict import Result

from support.patients import patient

TEXT = "Exclusion Criteria for the gout group:\n\n* Age over 60"


def result_of(born: str) -> Result:
    found = patient({"born": born, "sex": "female", "facts": []})
    verdict = evaluate(parse_criteria(TEXT), found, date(2026, 3, 10), find_policy("strict"))
    (assessment,) = verdict.assessments
    return assessment.result


def test_who_would_be_excluded_is_not_known_to_be_in_the_group():
    assert result_of("1950-05-01") is Result.UNKNOWN


def test_who_is_not_excluded_is_not_whatever_the_group():
    assert result_of("1990-05-01") is Result.MET


def test_two_groups_are_not_one():
    groups = [
        parse_criteria(f"Exclusion Criteria for the {name} group:\n\n* Asthma").criteria[0].guard
        for name in ("gout", "lupus")
    ]
    first, second = [spanless(one) for one in groups if one is not None]
    assert first != second
