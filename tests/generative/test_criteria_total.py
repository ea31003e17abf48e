"""Reading criteria is total: any text, valid places, nothing lost; and a threshold said back is read as itself."""

from __future__ import annotations

import random
from decimal import Decimal

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialist.criteria import parse_criteria
from trialist.criteria.encode import encode_set
from trialist.criteria.lexicon import variables
from trialist.criteria.nodes import Basis, Interval, Quantity, Span, atoms
from trialist.criteria.normalise import normalise
from trialist.criteria.render import render
from trialist.record import Study

from support.shared import REGISTRY, iter_lines, needs_shared

SCRAPS = st.sampled_from(
    [
        "Inclusion Criteria:", "Exclusion Criteria:", "\n", "\n\n", "* ", "1. ", "2.", "  - ", "a) ", "≥ 18 years", "\\>= 2 \\* ULN", "&lt;", "ALT", "or", "and", "not", "no",
        "GVHD", "within 6 months", "except", "unless", "(", ")", ";", ",", ".", "ECOG 0-1", "Age", "4-70", "10^9/L", "of the following:", "at least two", "pregnant", "HIV positive",
        "history of", "severe", "x 109/L", "IV", "II-IV", "grade", "%", "Donor:", "Cohort A:", "who", "if", "defined as", "such as", "½", "²", "、", "\r\n", "\u200b", "/",
    ]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=300),
    st.lists(SCRAPS, max_size=40).map(" ".join),
    st.lists(SCRAPS, max_size=40).map("".join),
)


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_any_text_gives_a_set_with_valid_places(text: str):
    found = parse_criteria(text)
    assert found == parse_criteria(text)
    covered = [False] * len(text)
    spans = [span for one in found.criteria for span in one.spans]
    spans += [one.span for one in found.headers] + [one.span for one in found.residue]
    spans += [atom.span for one in found.criteria for atom in atoms(one.expr)]
    spans += [defect.span for one in found.criteria for defect in one.defects]
    for span in spans:
        assert 0 <= span.start <= span.end <= len(text)
        covered[span.start : span.end] = [True] * (span.end - span.start)
    assert all(covered)
    assert all(text[one.span.start : one.span.end] == one.text for one in found.residue)
    for one in found.criteria:
        assert one.plain.endswith(render(one.expr))
    assert encode_set(found)["available"] == bool(text.strip())


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_normalised_places_lead_back(text: str):
    found = normalise(text)
    previous = 0
    for place in range(len(found.text)):
        start, end = found.raw_start(place), found.raw_end(place + 1)
        assert previous <= start <= end <= len(text)
        previous = start
    assert found.raw_end(len(found.text)) <= len(text)


NAMED = sorted(
    variable_id
    for variable_id, row in variables().items()
    if row["dimension"] == "enzyme" and variable_id not in {"transaminases"}
)


@given(
    st.sampled_from(NAMED),
    st.decimals(min_value=Decimal("0.5"), max_value=20, places=1),
    st.sampled_from([">", ">=", "<", "<="]),
)
@settings(max_examples=150, deadline=None)
def test_a_multiple_of_normal_said_back_is_read_as_itself(variable: str, value: Decimal, operator: str):
    is_lower, inclusive = operator[0] == ">", operator.endswith("=")
    interval = (
        Interval(lower=value, lower_inclusive=inclusive)
        if is_lower
        else Interval(upper=value, upper_inclusive=inclusive)
    )
    atom = Quantity(variable, interval, "1", Span(0, 1), basis=Basis.X_ULN)
    (one,) = parse_criteria(f"Inclusion Criteria:\n\n* {render(atom)}").criteria
    read = one.expr
    assert isinstance(read, Quantity)
    assert (read.variable, read.interval, read.unit, read.basis) == (variable, interval, "1", Basis.X_ULN)


# Their names or units are said back in words that are read with more beside them.
_SAID_OTHERWISE = {"feno", "transaminases", "t_score", "audit"}
MEASURED = sorted(
    variable_id
    for variable_id, row in variables().items()
    if row["unit"] and variable_id not in _SAID_OTHERWISE
)


@given(st.sampled_from(MEASURED), st.integers(1, 9), st.booleans(), st.booleans())
@settings(max_examples=200, deadline=None)
def test_a_threshold_said_back_is_read_as_itself(variable: str, tenth: int, is_lower: bool, inclusive: bool):
    row = variables()[variable]
    low, high = Decimal(str(row["low"])), Decimal(str(row["high"]))
    value = (low + (high - low) * tenth / 10).quantize(Decimal("0.01") if high < 20 else Decimal(1))
    if value <= 0:
        return
    interval = (
        Interval(lower=value, lower_inclusive=inclusive)
        if is_lower
        else Interval(upper=value, upper_inclusive=inclusive)
    )
    atom = Quantity(variable, interval, row["unit"], Span(0, 1))
    (one,) = parse_criteria(f"Inclusion Criteria:\n\n* {render(atom)}").criteria
    read = one.expr
    assert isinstance(read, Quantity)
    assert (read.variable, read.interval, read.unit) == (variable, interval, row["unit"])
    assert one.plain == render(atom)


@pytest.mark.heavy
def test_thousands_of_random_strings_are_read():
    chance = random.Random(20260101)
    scraps = ["Inclusion Criteria:\n", "Exclusion Criteria:", "\n", "* ", "1. ", "2.", "≥ 18 years", "\\>= 2 \\* ULN", "&amp;gt;", " or ", " and ", "not ", "GVHD", "(", ")", ";", "140/90",
        " within 6 months", "except ", "unless ", "ECOG 0-1", "4-70", "10^9/L", "of the following:", "history of ", "stage IIIB", "%", "if ", "such as ", "、", "\r\n", "\u200b", "in men", "=", ",", "."]  # fmt: skip
    for _ in range(4000):
        if chance.random() < 0.7:
            text = "".join(chance.choice(scraps) for _ in range(chance.randrange(1, 120)))
        else:
            text = "".join(
                chr(chance.choice((chance.randrange(32, 127), chance.randrange(0x3000)))) for _ in range(200)
            )
        found = parse_criteria(text)
        assert sum(one.span.end - one.span.start for one in found.residue) <= len(text)


@pytest.mark.heavy
@needs_shared
def test_every_real_text_is_read():
    for line in iter_lines(REGISTRY / "studies.v2.ndjson.zst"):
        study = Study.from_record(orjson.loads(line))
        text = study["EligibilityCriteria"]
        if isinstance(text, str):
            found = parse_criteria(text, study)
            covered = sum(one.span.end - one.span.start for one in found.residue if one.kind == "text")
            assert covered == found.coverage.lost
            for one in found.criteria:
                assert one.plain.endswith(render(one.expr))
