from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialist.errors import InvalidParameterError
from trialist.vocabulary.units import (
    Unit,
    can_convert,
    convert,
    find_unit,
    parse_unit,
    read_substances,
    read_units,
)

from support.cases import Case, each_case


@each_case("units.toml")
def test_units(case: Case) -> None:
    value, written, wanted, *substance = case.input
    unit, target = find_unit(written), parse_unit(wanted)
    if case.expect == "unknown unit":
        assert unit is None, case.why
        with pytest.raises(InvalidParameterError, match="not a known unit"):
            parse_unit(written)
    elif case.expect == "no conversion":
        assert unit is not None, case.why
        assert not can_convert(unit, target, *substance), case.why
        with pytest.raises(InvalidParameterError, match="cannot be expressed"):
            convert(Decimal(value), unit, target, *substance)
    else:
        assert unit is not None, case.why
        assert convert(Decimal(value), unit, target, *substance) == Decimal(case.expect), case.why


def test_every_unit_of_the_table_is_read_and_is_itself():
    table = read_units()
    for code in [*table["base"], *table["temperatures"], *table["derived"]]:
        unit = parse_unit(code + "1" if code.startswith("10") else code)
        assert unit.scale > 0
    for spellings in (table["spellings"]["whole"], table["spellings"]["parts"]):
        for written, code in spellings.items():
            assert parse_unit(written).dimension == parse_unit(code).dimension, written
            assert parse_unit(written).scale == parse_unit(code).scale, written


def test_the_factors_of_laboratories_agree_with_the_molar_masses():
    for substance in read_substances().values():
        assert abs(substance.grams_per_mole / Fraction(substance.molar_mass) - 1) < Fraction(3, 1000)


def test_a_unit_is_never_without_scale():
    with pytest.raises(ValueError, match="scale"):
        Unit("m", Fraction(0), (("length", 1),))


@given(st.text(max_size=60))
def test_any_text_is_a_unit_or_none(text):
    unit = find_unit(text)
    assert unit is None or unit.scale > 0


@given(st.text(alphabet="mgdLuls/.{}()[]10*^-23 µ%", max_size=24))
def test_texts_that_look_like_units_are_units_or_none(text):
    unit = find_unit(text)
    assert unit is None or find_unit(unit.code) == unit


_SAME = st.sampled_from(
    [
        ("mg/dL", "umol/L", "creatinine"),
        ("g/dL", "mmol/L", "haemoglobin"),
        ("10*9/L", "/uL", ""),
        ("Cel", "[degF]", ""),
        ("kg", "[lb_av]", ""),
        ("a", "d", ""),
        ("L/ug", "L/nmol", "urate"),
    ]
)


@given(st.decimals("-1e6", "1e6", places=4), _SAME)
def test_there_and_back_again(value, pair):
    unit, target, substance = parse_unit(pair[0]), parse_unit(pair[1]), pair[2]
    back = convert(convert(value, unit, target, substance), target, unit, substance)
    assert abs(back - value) <= Decimal("1e-24") * max(1, abs(value))


@given(st.decimals("0", "1e6", places=4), st.decimals("0", "1e6", places=4), _SAME)
def test_conversion_keeps_the_order(one, other, pair):
    unit, target, substance = parse_unit(pair[0]), parse_unit(pair[1]), pair[2]
    first, second = (convert(value, unit, target, substance) for value in (one, other))
    assert (one < other) == (first < second)
