"""Findings about a set of criteria: what is one, and what only looks like one."""

from __future__ import annotations

from decimal import Decimal

import pytest

from trialist.criteria import parse_criteria
from trialist.criteria.lexicon import tables, variables
from trialist.record.study import Study
from trialist.vocabulary import units
from trialist.vocabulary.written_units import find_unit

from support.queries import study_of


def findings(text: str, **fields: object) -> list[str]:
    study = Study.from_record(study_of({"EligibilityCriteria": text, **fields}))
    told = ("no_exclusion_heading", "minors_without_assent")
    return [one.kind for one in parse_criteria(text, study).findings if one.kind not in told]


@pytest.mark.parametrize(
    ("text", "fields", "expected"),
    [
        ("Inclusion Criteria:\n- Age 20 to 65 years", {"MinimumAge": "15 Years"}, ["contradicts_field"]),
        ("Inclusion Criteria:\n- Age 15 to 65 years", {"MinimumAge": "15 Years"}, []),
        ("Inclusion Criteria:\n- Less than 85 years of age", {"MaximumAge": "84 Years"}, []),
        ("Inclusion Criteria:\n- Older than 18 years", {"MinimumAge": "19 Years"}, []),
        ("Inclusion Criteria:\n- Female", {"Sex": "MALE"}, ["contradicts_field"]),
        ("Inclusion Criteria:\n- Stable relationship with the same female partner", {"Sex": "MALE"}, []),
        ("Inclusion Criteria:\n- Hemoglobin > 13 g/dL in males, > 12 g/dL in females", {"Sex": "ALL"}, []),
        ("Inclusion Criteria:\n- Hemoglobin > 9 mg/dL", {}, ["implausible_bound"]),
        ("Inclusion Criteria:\n- CD4 count > 200 cells/uL", {}, []),
        ("Inclusion Criteria:\n- Available for protocol-specified visits", {}, []),
        (
            "Inclusion Criteria:\n- Diabetes\nExclusion Criteria:\n- Other protocol-defined exclusion criteria may apply",
            {},
            ["incomplete_reference"],
        ),
        (
            "Inclusion Criteria:\n- Age 18 to 30 years\n- Age 40 years or older",
            {},
            ["contradicting_criteria"],
        ),
        (
            "Inclusion Criteria:\n- Ability to walk 450 metres\n- Ability to walk 450 metres",
            {},
            ["duplicate"],
        ),
    ],
)
def test_findings(text: str, fields: dict[str, object], expected: list[str]) -> None:
    assert findings(text, **fields) == expected


def _is_loinc(code: str) -> bool:
    """A LOINC's last digit checks the others (as Luhn's algorithm has it)."""
    digits, _, check = code.partition("-")
    total = sum(
        sum(divmod(2 * int(digit), 10)) if place % 2 == 0 else int(digit)
        for place, digit in enumerate(reversed(digits))
    )
    return check == str(-total % 10)


def test_codes_units_and_bounds_of_the_tables_are_sound() -> None:
    assert len(variables()) >= 120
    for kind in ("variable", "scale", "serology"):
        codes = [row["loinc"] for row in tables()[kind].values() if row.get("loinc")]
        assert [code for code in codes if not _is_loinc(code)] == []
        assert len(codes) == len(set(codes))
    for subject, row in variables().items():
        assert Decimal(str(row["low"])) < Decimal(str(row["high"])), subject
        assert not row["unit"] or units.find_unit(row["unit"]) or find_unit(row["unit"]), subject
