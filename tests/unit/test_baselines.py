"""A multiple of the baseline needs both: a value measured since, and the one it is compared with, which itself says nothing of now."""

from __future__ import annotations

from datetime import date

import pytest

from trialist.criteria import parse_criteria
from trialist.evaluation.evaluate import evaluate
from trialist.evaluation.terms import read_terms
from trialist.evaluation.verdict import Result
from trialist.patient.form import read_form_values

AS_OF = date(2026, 3, 10)
NOW = {"name": "creatinine", "value": "150 umol/L", "on": "2026-03-08"}
BEFORE = {"name": "creatinine", "value": "80 umol/L", "on": "2026-01-08", "baseline": "yes"}


@pytest.mark.parametrize(
    ("values", "result"),
    [
        ([NOW, BEFORE], Result.NOT_MET),
        ([{**NOW, "value": "100 umol/L"}, BEFORE], Result.MET),
        ([NOW], Result.UNKNOWN),
        ([BEFORE], Result.UNKNOWN),
        ([{**NOW, "on": "2025-12-01"}, BEFORE], Result.UNKNOWN),  # nobody measured since
    ],
)
def test_a_multiple_of_the_baseline(values: list[dict[str, str]], result: Result) -> None:
    found = parse_criteria("Exclusion Criteria:\n\n* Creatinine more than 1.5 times the baseline value")
    patient = read_form_values({"born": "1980-01-01", "values": values}, read_terms(), AS_OF)
    (verdict,) = (one for one in evaluate(found, patient, AS_OF).assessments if one.criterion_id == "E1")
    assert verdict.result is result, verdict.sentence
