"""What the readers of the calculators' tables refuse, and that the tables are whole."""

from __future__ import annotations

import pytest

from trialist.errors import InvalidParameterError
from trialist.evaluation.calculators import (
    Calculated,
    DayValues,
    NotApplicable,
    Quantity,
    Unknown,
    ask_family,
    calculate,
    decide_flag,
    decide_level,
    decide_number,
    find_definition,
    outcome_json,
    parse_given,
    parse_quantity,
    read_definitions,
    read_families,
    read_inputs,
    read_scales,
    render_outcome,
)
from trialist.evaluation.calculators.definitions import parse_definitions
from trialist.evaluation.calculators.expression import (
    ExpressionError,
    Scope,
    evaluate,
    names_replaced,
    parse_expression,
)
from trialist.evaluation.calculators.intervals import Interval, interval_words, point, shown
from trialist.evaluation.calculators.nodes import Case, Input, InputKind, Scale, Step
from trialist.evaluation.calculators.values import Flag, Level, Number, Series
from trialist.evaluation.truth import Truth
from trialist.vocabulary.units import can_convert, parse_unit

ROW = """
[[calculator]]
id = "a/1"
title = "A"
result = "total"
source = "S"
checked = "C"
{more}
[[calculator.step]]
name = "total"
{step}
"""


@pytest.mark.parametrize(
    ("more", "step", "message"),
    [
        ("colour = 1", 'is = "age"', "unknown keys"),
        ("", 'is = "nobody"', "neither an input nor an earlier step"),
        ("", "is = \"1 if sex == 'femal' else 2\"", "nothing can be 'femal'"),
        ("", 'is = "age +"', "not a formula"),
        ("", 'is = "open(age)"', "unknown function"),
        ("", 'is = "age.real"', "not allowed"),
        ("", 'is = "[age]"', "not allowed"),
        ("", 'is = "True"', "numbers and words only"),
        ("", 'is = "age"\nfirst = [{ is = "1" }]', "a formula or cases"),
        ("", 'first = [{ is = "1", when = "age > 1" }]', "the last case"),
        ("", 'is = "age"\nunit = "furlong"', "not a known unit"),
        ("", 'is = "age"\n[[calculator.step]]\nname = "total"\nis = "age"', "names of their own"),
        ('like = "b/1"', 'is = "age"', "like nothing before it"),
    ],
)
def test_a_table_that_would_answer_wrongly_is_refused(more, step, message):
    with pytest.raises((ValueError, InvalidParameterError), match=message):
        parse_definitions(ROW.format(more=more, step=step), "test.toml")


def test_a_file_holds_calculators_once_each():
    with pytest.raises(ValueError, match=r"must hold \[\[calculator"):
        parse_definitions("", "test.toml")
    row = ROW.format(more="", step='is = "age"')
    with pytest.raises(ValueError, match="used twice"):
        parse_definitions(row + row, "test.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("age + sex", "a number is wanted|Invalid literal"),
        ("age and 1", "a yes or no is wanted"),
        ("sex > 'male'", "only equal or not"),
        ("(age > 1) > 1", "a flag is not compared"),
        ("run(age, 3)", "condition by day is wanted"),
        ("run(neutrophils_by_day > 1, age)", "whole number|more than one"),
        ("apart(neutrophils_by_day > 1, 3, 3)", "list of days"),
        ("neutrophils_by_day > 1 and 3", "conditions only"),
        ("after(neutrophils_by_day > 1, age > 1)", "wants a day"),
        ("age in ('a', 'b')", "whether a level is one of some"),
        ("sex in (age, 'b')", "a list holds words"),
        ("(0 - age) ** 0.5", "negative"),
    ],
)
def test_formulas_that_mix_kinds_are_refused(text, message):
    scope = Scope(
        {
            "age": Number(point(60)),
            "sex": Level(("male",)),
            "neutrophils_by_day": Series({1: point(1)}, "neutrophils_by_day"),
        }
    )
    if "run(neutrophils" in text:
        scope = Scope({**scope.values, "age": Number(Interval(point(1).point, point(2).point))})
    with pytest.raises(ExpressionError, match=message):
        evaluate(parse_expression(text), scope)


def test_names_are_replaced_by_values_also_behind_letters_of_two_bytes():
    formula = parse_expression("1 if sex == 'ä' else age + age")
    assert names_replaced(formula, {"age": "60", "sex": "male"}) == "1 if male == 'ä' else 60 + 60"


def test_the_nodes_refuse_nonsense():
    with pytest.raises(ValueError, match="a choice has choices"):
        Input("a", "A", InputKind.CHOICE)
    with pytest.raises(ValueError, match="a name and a title"):
        Input("a b", "A", InputKind.FLAG)
    with pytest.raises(ValueError, match="plausible is possible"):
        Input("a", "A", InputKind.NUMBER, domain=point(1), plausible=point(2))
    with pytest.raises(ValueError, match="each once"):
        Scale("a", "A", (("1", "x"), ("1", "y")), "S", "C")
    with pytest.raises(ValueError, match="missing something"):
        Unknown(find_definition("bmi"), (), None, None, ())
    with pytest.raises(ValueError, match="has a reason"):
        NotApplicable(find_definition("bmi"), (), ())
    with pytest.raises(ValueError, match="the last case"):
        Step("a", "A", cases=(Case(("1",)), Case(("2",))))


def test_every_definition_says_where_it_comes_from_and_what_was_checked():
    for definition in read_definitions().values():
        assert len(definition.source) > 20, definition.id
        assert len(definition.checked) > 10, definition.id
        assert "/" in definition.id
    for scale in read_scales().values():
        assert scale.source
        assert scale.checked


def test_every_input_is_asked_for_by_somebody_and_has_a_home():
    asked = {one.name for definition in read_definitions().values() for one in definition.inputs}
    assert asked == set(read_inputs())


def test_every_definition_answers_an_empty_patient_with_what_is_missing():
    for definition in read_definitions().values():
        outcome = calculate(definition, {})
        assert isinstance(outcome, Unknown), definition.id
        assert outcome.missing
        assert definition.title in render_outcome(outcome)
        assert outcome_json(outcome)["missing"]


def test_members_of_a_family_answer_in_one_kind_of_unit():
    for family in read_families().values():
        units = [
            parse_unit(read_definitions()[one].result_step.unit or "1")
            for one in (*family.prefer, *family.members)
        ]
        assert all(can_convert(unit, units[0]) for unit in units), family.name


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("creatinine", "1.2", "cannot be read"),
        ("creatinine", "mg/dL", "cannot be read"),
        ("creatinine", "1,2 mg/dL", "not a known unit|cannot be read"),
        ("creatinine", "1.2 furlong", "cannot be read"),
        ("creatinine", "1.2 mmol/mol", "cannot be expressed"),
        ("creatinine", "-1 mg/dL", "cannot be"),
        ("creatinine", "0 mg/dL", "cannot be"),
        ("creatinine", "2-1 mg/dL", "cannot be read"),
        ("creatinine", "<1-2 mg/dL", "cannot be read"),
        ("creatinine", "1e5 mg/dL", "cannot be read"),
        ("creatinine", "nan mg/dL", "cannot be read"),
        ("creatinine", "9999999999999999999 mg/dL", "cannot be read"),
        ("age", "131", "cannot be"),
        ("sex", "divers", "cannot be read"),
        ("ascites", "none|much", "cannot be read"),
        ("relapse", "perhaps", "cannot be read"),
        ("neutrophils_by_day", "0.5 10*9/L", "cannot be read"),
        ("neutrophils_by_day", "12:0.5", "cannot be read"),
        ("neutrophils_by_day", "99999:0.5 10*9/L", "cannot be read"),
        ("neutrophils_by_day", "1:-1 10*9/L", "cannot be"),
        ("platelet_transfusion_days", "yesterday", "cannot be read"),
        ("platelet_transfusion_days", "12 x", "cannot be read"),
        ("indexed_gfr", "60 mL/min", "cannot be expressed"),
        ("creatinine_multiple", "2 xULN", "cannot be expressed"),
    ],
)
def test_rubbish_gets_a_clear_error(name, text, message):
    from trialist.evaluation.calculators.given import value_of

    spec = read_inputs()[name]
    with pytest.raises(InvalidParameterError, match=message) as caught:
        value_of(spec, parse_given(spec, text))
    assert caught.value.hint


@pytest.mark.parametrize("text", ["", "unknown", "?", " Unknown "])
def test_not_known_can_be_said(text):
    for spec in read_inputs().values():
        assert parse_given(spec, text) is None


def test_what_callers_build_is_checked_too():
    bmi = find_definition("bmi")
    with pytest.raises(InvalidParameterError, match="does not ask for 'shoe'"):
        calculate(bmi, {"shoe": True})
    with pytest.raises(InvalidParameterError, match="is no number"):
        calculate(bmi, {"weight": True})
    with pytest.raises(InvalidParameterError, match="is no choice"):
        calculate(find_definition("karnofsky-from-ecog"), {"ecog": "9"})
    with pytest.raises(InvalidParameterError, match="units of one kind"):
        uln = find_definition("uln-multiple")
        calculate(uln, {"result_value": Quantity.of(95, "U/L"), "upper_limit": Quantity.of(2, "mg/dL")})


def test_names_lead_to_definitions_or_to_the_nearest():
    assert find_definition("bmi").id == "bmi/quetelet"
    with pytest.raises(InvalidParameterError, match="several definitions") as caught:
        find_definition("agvhd-grade")
    assert "agvhd-grade/magic-2016" in caught.value.hint
    with pytest.raises(InvalidParameterError) as caught:
        find_definition("cockroft-gault")
    assert "cockcroft-gault" in caught.value.hint
    with pytest.raises(InvalidParameterError) as caught:
        find_definition("zzzz")
    assert "lists them" in caught.value.hint


def test_an_implausible_value_is_shown_and_not_used():
    found = calculate(
        find_definition("cockcroft-gault/1976"),
        {
            "age": Quantity.of(60, "a"),
            "weight": Quantity.of(72, "kg"),
            "creatinine": Quantity.of(88, "mg/dL"),
            "sex": "male",
        },
    )
    assert isinstance(found, Unknown)
    assert [str(need.why) for need in found.missing] == ["implausible"]
    assert any("88 mg/dL is not believed" in note for note in found.notes)


def test_two_counts_on_one_day_stand_for_what_lies_between():
    spec = read_inputs()["neutrophils_by_day"]
    series = parse_given(spec, "12:0.4 12:0.6 10*9/L")
    assert isinstance(series, DayValues)
    assert interval_words(series.values[12]) == "0.4 to 0.6"


def test_a_trace_shows_formula_numbers_and_result():
    found = calculate(
        find_definition("bmi"), {"weight": Quantity.of(81, "kg"), "height": Quantity.of("1.8", "m")}
    )
    assert isinstance(found, Calculated)
    (line,) = found.trace
    assert line.how == "weight / (height / 100) ** 2"
    assert line.with_numbers == "81 / (180 / 100) ** 2"
    assert (line.result, line.unit) == ("25", "kg/m2")
    told = outcome_json(found)
    assert (told["status"], told["value"], told["unit"]) == ("calculated", "25", "kg/m2")
    assert told["trace"][0]["value"] == "25"


def test_a_threshold_needs_a_number_with_a_unit_of_its_kind():
    family = read_families()["creatinine-clearance"]
    found = ask_family(family, {"measured_creatinine_clearance": Quantity.of(45, "mL/min")})
    with pytest.raises(InvalidParameterError, match="cannot be expressed"):
        decide_number(found.counted, "<=", parse_quantity("30 mL/min/1.73m2"))
    for text in ("thirty", "30 furlong", "<30 mL/min", "30-40 mL/min"):
        with pytest.raises(InvalidParameterError, match="no number with a unit"):
            parse_quantity(text)


def test_decisions_without_an_answer_of_their_kind_stay_open():
    grade = calculate(find_definition("agvhd-grade/magic-2016"), {"agvhd_skin_stage": "4"})
    assert decide_level([grade], ["IV"]).truth is Truth.TRUE
    assert decide_flag([grade]).truth is Truth.UNKNOWN
    assert decide_number([grade], "<", parse_quantity("3")).truth is Truth.UNKNOWN
    assert decide_level([], ["IV"]).truth is Truth.UNKNOWN
    dead = calculate(find_definition("sos-severity-child/ebmt-2018"), {"age": Quantity.of(40, "a")})
    assert decide_level([dead], ["mild"]).reason == "no method applies to this patient"
    assert isinstance(evaluate(parse_expression("either(a, b)"), _open_flags()), Flag)


def _open_flags() -> Scope:
    flags = {name: Flag(Truth.UNKNOWN, frozenset({frozenset({name})})) for name in ("a", "b")}
    return Scope(flags, {"a", "b"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0", "0"),
        ("100", "100"),
        ("0.1", "0.1"),
        ("1234567", "1234567"),
        ("1/3", "0.333333"),
        ("123456789", "123457000"),
    ],
)
def test_numbers_for_people(text, words):
    assert shown(point(text).point) == words
