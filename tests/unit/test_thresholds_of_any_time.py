"""A change and a threshold of any time: the latest result answers neither."""

from __future__ import annotations

import pytest

from trialist.evaluation.policy import STRICT

from support.judging import judge, only
from support.patients import patient


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
    woman = patient({"born": "1970-01-01", "sex": "female", "facts": facts})
    assert str(only(judge(text, woman, "Inclusion", STRICT)).result).lower() == result
