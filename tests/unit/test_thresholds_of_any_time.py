"""A change and a threshold of any time: the latest result answers neither."""

from __future__ import annotations

from datetime import date

import pytest

from trialist.criteria import parse_criteria
from trialist.evaluation.evaluate import evaluate
from trialist.evaluation.policy import find_policy

from support.patients import patient

AS_OF = date(2026, 3, 10)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("Hemoglobin < 10 g/dL", "met"),
        ("Prior hemoglobin < 10 g/dL", "unknown"),
        ("Decrease in hemoglobin of more than 2 g/dL", "unknown"),
        ("CD4 < 15%", "unknown"),
    ],
)
def test_the_latest_result_answers_what_is_asked_of_now(text: str, result: str):
    facts = ["measurement hemoglobin 9 unit=g/dL on=2026-03-08", "measurement cd4 300 unit=/uL on=2026-03-08"]
    found = evaluate(
        parse_criteria(f"Inclusion Criteria:\n\n* {text}"),
        patient({"born": "1970-01-01", "sex": "female", "facts": facts}),
        AS_OF,
        find_policy("strict"),
    )
    assert [str(one.result).lower() for one in found.assessments if one.counts] == [result]
