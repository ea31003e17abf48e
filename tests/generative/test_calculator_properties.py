"""Properties of every calculator: total, sound with missing and inexact data, indifferent to units, monotonic."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialist.errors import InvalidParameterError
from trialist.evaluation.calculators import (
    Calculated,
    DayValues,
    Input,
    InputKind,
    NotApplicable,
    Quantity,
    Unknown,
    calculate,
    find_definition,
    outcome_json,
    parse_given,
    read_definitions,
    render_outcome,
)
from trialist.evaluation.calculators.daily import DAILY_FUNCTIONS
from trialist.evaluation.calculators.intervals import INFINITY, Interval, hull, largest, point, smallest
from trialist.evaluation.calculators.values import NOTHING, Daily, Number
from trialist.evaluation.truth import Truth
from trialist.vocabulary.units import convert_exactly, find_unit

DEFINITIONS = list(read_definitions().values())
ALTERNATIVE_UNITS = {
    "mg/dL": ["g/L", "umol/L", "mmol/L"],
    "g/dL": ["g/L", "mmol/L"],
    "a": ["mo", "d"],
    "kg": ["g", "[lb_av]"],
    "cm": ["m", "[in_i]"],
    "ms": ["s"],
    "mL/min": ["L/d"],
    "10*9/L": ["/uL"],
    "d": ["h"],
    "mg/kg/d": ["ug/kg/d"],
}


def numbers(spec: Input) -> st.SearchStrategy[Fraction]:
    lower = spec.plausible.lower if isinstance(spec.plausible.lower, Fraction) else Fraction(0)
    upper = spec.plausible.upper if isinstance(spec.plausible.upper, Fraction) else Fraction(100)
    steps = st.integers(0 if spec.plausible.has_lower else 1, 400)
    return steps.map(lambda step: lower + (upper - lower) * Fraction(step, 400))


def values(spec: Input):
    """A full, exact, plausible value for an input."""
    match spec.kind:
        case InputKind.NUMBER:
            unit = spec.unit or find_unit("U/L")
            return numbers(spec).map(lambda number: Quantity(point(number), unit))
        case InputKind.CHOICE:
            return st.sampled_from(spec.choices)
        case InputKind.FLAG:
            return st.booleans()
        case InputKind.DAYS:
            return st.frozensets(st.integers(0, 45), max_size=3)
        case InputKind.SERIES:
            counts = st.dictionaries(
                st.integers(10, 45), numbers(spec).map(lambda n: point(n / 8)), min_size=1
            )
            return counts.map(lambda by_day: DayValues(by_day, spec.unit))


# Two ways to tell the same thing; where both are told the first counts, so a patient here has only the first.
SAME_THING = {
    "rr": {"heart_rate"},
    "stool_volume": {"stool_episodes"},
    "body_surface": {"height", "weight"},
    "agvhd_gut_stage": {"agvhd_lower_gi_stage", "agvhd_upper_gi_stage"},
    "donor_chimerism": {"myeloid_donor_chimerism", "lymphoid_donor_chimerism"},
}


@st.composite
def patients(draw, definition):
    inputs = {one.name: one for one in definition.inputs}
    for first, others in SAME_THING.items():
        if first in inputs and others & set(inputs):
            keeps_first = draw(st.booleans())
            dropped = others if keeps_first and first != "body_surface" else {first}
            inputs = {name: one for name, one in inputs.items() if name not in dropped}
    return {name: draw(values(one)) for name, one in inputs.items()}


def holds(outcome, full) -> bool:
    """Whether an answer on less data allows the answer on full data."""
    if isinstance(full, NotApplicable):
        return not isinstance(outcome, Calculated)
    if isinstance(outcome, NotApplicable):
        return False
    wide = outcome.value if isinstance(outcome, Calculated) else outcome.possible
    narrow = full.value if isinstance(full, Calculated) else full.possible
    if wide is None:
        return True
    if isinstance(wide, Interval):
        return isinstance(narrow, Interval) and wide.holds(narrow)
    options = {wide} if isinstance(wide, str | bool) else set(wide)
    found = {narrow} if isinstance(narrow, str | bool) else set(narrow or options)
    return found <= options


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda one: one.id)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_what_is_said_of_little_data_holds_for_all_data(definition, data):
    full_patient = data.draw(patients(definition))
    dropped = data.draw(st.sets(st.sampled_from([one.name for one in definition.inputs])))
    full = calculate(definition, full_patient)
    less = calculate(definition, {name: value for name, value in full_patient.items() if name not in dropped})
    assert holds(less, full), (less, full)
    if isinstance(less, Unknown):
        missing = {one.name for need in less.missing for one in need.inputs}
        days = {one.name for one in definition.inputs if one.kind is InputKind.SERIES}
        unsaid = {"karnofsky", "ecog", "oxygen"}  # inputs that some definitions cannot tell apart
        assert missing & (
            dropped | days | unsaid | ({one.name for one in definition.inputs} - set(full_patient))
        )


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda one: one.id)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_what_is_said_of_inexact_data_holds_for_exact_data(definition, data):
    patient = data.draw(patients(definition))
    blurred = {}
    for spec in definition.inputs:
        value = patient.get(spec.name)
        if isinstance(value, Quantity) and spec.unit is not None:
            other = data.draw(numbers(spec))
            blurred[spec.name] = Quantity(hull([value.interval, point(other)]), value.unit)
        elif spec.kind is InputKind.CHOICE and value is not None:
            also = data.draw(st.sets(st.sampled_from(spec.choices)))
            blurred[spec.name] = tuple({value, *also})
        else:
            blurred[spec.name] = value
    assert holds(calculate(definition, blurred), calculate(definition, patient))


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda one: one.id)
@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_units_do_not_matter(definition, data):
    patient = data.draw(patients(definition))
    other = dict(patient)
    for spec in definition.inputs:
        codes = ALTERNATIVE_UNITS.get(spec.unit.code if spec.unit else "", [])
        value = patient.get(spec.name)
        for code in codes:
            unit = find_unit(code)
            if isinstance(value, Quantity) and unit is not None:
                try:
                    number = convert_exactly(value.interval.point, value.unit, unit, spec.substance)
                except InvalidParameterError:
                    continue
                other[spec.name] = Quantity(point(number), unit)
                if data.draw(st.booleans()):
                    break
    one, two = calculate(definition, patient), calculate(definition, other)
    assert type(one) is type(two)
    assert getattr(one, "value", None) == getattr(two, "value", None)
    assert getattr(one, "possible", None) == getattr(two, "possible", None)


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda one: one.id)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_rubbish_gives_an_error_or_an_answer_never_a_crash(definition, data):
    spec = data.draw(st.sampled_from(definition.inputs))
    alphabet = "0123456789.,<>=-|: dmgLulµ/%*yesnomlf10II\u0000²"
    text = data.draw(st.one_of(st.text(max_size=30), st.text(alphabet=alphabet, max_size=24)))
    try:
        outcome = calculate(definition, {spec.name: parse_given(spec, text)})
    except InvalidParameterError as error:
        assert error.message
        return
    assert render_outcome(outcome)
    assert outcome_json(outcome)["calculator"] == definition.id


STAGES = [str(stage) for stage in range(5)]


@pytest.mark.parametrize(
    "name", ["agvhd-grade/magic-2016", "agvhd-grade/keystone-1995", "agvhd-index/ibmtr-1997"]
)
def test_grades_never_fall_when_a_stage_rises_and_are_as_exact_as_can_be(name):
    definition = find_definition(name)
    inputs = [
        one for one in definition.inputs if one.name not in {"agvhd_lower_gi_stage", "agvhd_upper_gi_stage"}
    ]
    inputs = inputs if "keystone" in name or "ibmtr" in name else list(definition.inputs)
    order = ["0", "I", "II", "III", "IV"] if "grade" in name else ["0", "A", "B", "C", "D"]
    names = [one.name for one in inputs]
    full = {
        stages: order.index(calculate(definition, dict(zip(names, stages, strict=True))).value)
        for stages in product(*[one.choices for one in inputs])
    }
    for stages, grade in full.items():
        for place, one in enumerate(inputs):
            if stages[place] != one.choices[-1]:
                worse = (*stages[:place], str(int(stages[place]) + 1), *stages[place + 1 :])
                assert full[worse] >= grade
    for known in product(*[(None, *one.choices) for one in inputs]):
        if name.startswith("agvhd-grade/keystone") and known.count(None) > 1:
            continue
        completions = {
            order[grade]
            for stages, grade in full.items()
            if all(left is None or left == right for left, right in zip(known, stages, strict=True))
        }
        found = calculate(definition, {key: value for key, value in zip(names, known, strict=True) if value})
        possible = {found.value} if isinstance(found, Calculated) else set(found.possible)
        assert completions == possible


def _number(definition, **inputs):
    found = calculate(definition, inputs)
    assert isinstance(found, Calculated)
    return found.value.point


@given(
    st.integers(18, 100),
    st.integers(1, 249),
    st.integers(1, 249),
    st.integers(30, 200),
    st.sampled_from(["male", "female"]),
)
def test_clearance_falls_with_creatinine_and_age_and_rises_with_weight(age, low, high, weight, sex):
    low, high = sorted((low, high))
    for name in ("cockcroft-gault/1976", "ckd-epi-creatinine/2021", "mdrd/2006"):
        definition = find_definition(name)
        asked = {one.name for one in definition.inputs}

        def clearance(creatinine, years, kilograms, definition=definition, asked=asked):
            patient = {
                "age": Quantity.of(years, "a"),
                "sex": sex,
                "creatinine": Quantity(point(Fraction(creatinine, 10)), find_unit("mg/dL")),
                "weight": Quantity.of(kilograms, "kg"),
            }
            return _number(definition, **{key: value for key, value in patient.items() if key in asked})

        assert clearance(low, age, weight) >= clearance(high, age, weight)
        assert clearance(low, age, weight) >= clearance(low, age + 1, weight)
        assert clearance(low, age, weight + 1) >= clearance(low, age, weight)


@given(st.integers(300, 600), st.integers(40, 59), st.integers(61, 180))
def test_corrections_of_qt_meet_at_sixty_a_minute(qt, slow, fast):
    for name in ("qtc-fridericia", "qtc-bazett", "qtc-framingham", "qtc-hodges"):
        definition = find_definition(name)
        measured = Quantity.of(qt, "ms")
        assert _number(definition, qt=measured, heart_rate=Quantity.of(60, "/min")) == qt
        assert _number(definition, qt=measured, heart_rate=Quantity.of(slow, "/min")) < qt
        assert _number(definition, qt=measured, heart_rate=Quantity.of(fast, "/min")) > qt


ENDS = st.fractions(-20, 20, max_denominator=8)


@st.composite
def intervals(draw, least=-20):
    one, two = sorted(
        (draw(st.fractions(least, 20, max_denominator=8)), draw(st.fractions(least, 20, max_denominator=8)))
    )
    if one == two:
        return point(one)
    closed = draw(st.booleans()), draw(st.booleans())
    kind = draw(st.sampled_from(["both", "low", "high"]))
    lower = -INFINITY if kind == "high" and least < 0 else one
    upper = INFINITY if kind == "low" else two
    return Interval(lower, upper, closed[0] and lower != -INFINITY, closed[1] and upper != INFINITY)


@st.composite
def members(draw, interval):
    lower = (
        interval.lower if isinstance(interval.lower, Fraction) else min(Fraction(-30), interval.upper - 30)
    )
    upper = interval.upper if isinstance(interval.upper, Fraction) else max(Fraction(30), interval.lower + 30)
    share = draw(st.integers(0 if interval.has_lower else 1, 7 if not interval.has_upper else 8))
    return lower if lower == upper else lower + (upper - lower) * Fraction(share, 8)


@settings(max_examples=150)
@given(st.data())
def test_intervals_hold_every_result(data):
    one, two = data.draw(intervals()), data.draw(intervals())
    left, right = data.draw(members(one)), data.draw(members(two))
    assert (one + two).holds(point(left + right))
    assert (one - two).holds(point(left - right))
    assert (one * two).holds(point(left * right))
    if right:
        assert (one / two).holds(point(left / right))
    assert smallest([one, two]).holds(point(min(left, right)))
    assert largest([one, two]).holds(point(max(left, right)))
    assert hull([one, two]).holds(one)
    assert hull([one, two]).holds(two)
    truths = {
        "<": left < right,
        "<=": left <= right,
        "==": left == right,
        ">": left > right,
        ">=": left >= right,
    }
    for symbol, truth in truths.items():
        assert one.compare(symbol, two) in (Truth.UNKNOWN, Truth.TRUE if truth else Truth.FALSE)
        assert point(left).compare(symbol, point(right)) is (Truth.TRUE if truth else Truth.FALSE)


@given(st.data())
def test_powers_hold_every_result(data):
    base = data.draw(intervals(least=0))
    number = data.draw(members(base))
    for exponent in (
        Fraction(1, 2),
        Fraction(1, 3),
        Fraction(-241, 1000),
        Fraction(2),
        Fraction(-1),
        Fraction(725, 1000),
    ):
        if number > 0 or exponent > 0:
            assert base.power(point(exponent)).holds(point(number).power(point(exponent)))
    if number > 0:
        third = point(number).power(point(Fraction(1, 3))).point
        assert abs(third**3 / number - 1) < Fraction(1, 10**30)
        assert point(number**3).power(point(Fraction(1, 3))).point == number


@settings(max_examples=100)
@given(
    st.dictionaries(st.integers(0, 9), st.sampled_from([Truth.TRUE, Truth.FALSE]), min_size=1, max_size=10),
    st.integers(1, 4),
)
def test_runs_are_decided_only_when_every_way_of_filling_the_gaps_agrees(days, length):
    daily = Daily(days, frozenset({frozenset({"counts"})}))
    found = DAILY_FUNCTIONS["run"]([daily, Number(point(length))])
    begins = DAILY_FUNCTIONS["run_day"]([daily, Number(point(length))])
    first, last = min(days), max(days)
    span = range(first, last + length)  # what comes after the last count may finish a run that has begun
    gaps = [day for day in span if day not in days]
    answers, starts = set(), set()
    for filling in product((True, False), repeat=len(gaps)):
        whole = {
            **{day: truth is Truth.TRUE for day, truth in days.items()},
            **dict(zip(gaps, filling, strict=True)),
        }
        runs = [
            day
            for day in range(first, last + 1)
            if all(whole[day + more] for more in range(length) if day + more in whole)
        ]
        runs = [day for day in runs if day + length - 1 < last + length]
        answers.add(bool(runs))
        starts.add(min(runs, default=None))
    if found.truth is Truth.TRUE:
        assert answers == {True}
    if found.truth is Truth.FALSE:
        assert answers == {False}
    for start in starts - {None}:
        assert begins.interval.holds(point(start))
    assert found.needs == (NOTHING if found.truth.is_decided else daily.needs)
