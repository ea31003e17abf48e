"""What criteria say of values: allowed, excluded, or not known; and the words in which that is asked."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialist.criteria import parse_criteria
from trialist.criteria.asking import Asked, NotAsked, parse_asked
from trialist.criteria.lexicon import read_rules, tables
from trialist.criteria.mentions import Side, mentions
from trialist.criteria.stance import Stance, read_voices
from trialist.criteria.subjects import AGE, STATES, TRIALS, Stretch
from trialist.criteria.told import stance_over, tell_all
from trialist.criteria.witness import Witness
from trialist.vocabulary.units import read_substances

from support.cases import Case, each_case


def asked_of(text: str) -> Asked:
    found = parse_asked(text)
    assert isinstance(found, Asked), found
    return found


def stance_of(text: str, asked: str, witness: Witness | None = None) -> str:
    voices = read_voices(parse_criteria(text), witness or Witness())
    question = asked_of(asked)
    (stretch,) = question.stretches
    return str(stance_over(voices, question.key, stretch))


@each_case("criteria_stances.toml")
def test_what_is_said_of_a_value(case: Case) -> None:
    assert stance_of(case.input["text"], case.input["asked"]) == case.expect, case.why


@pytest.mark.parametrize(
    ("fields", "text", "expected"),
    [
        ((4, 70), "", "unknown"),  # a study without a text allows nothing
        ((4, 70), "Inclusion Criteria:\n- Diabetes", "allows"),
        ((18, 70), "Inclusion Criteria:\n- Diabetes", "excludes"),
        ((18, 70), "Inclusion Criteria:\n- Age 2 years or older", "unknown"),  # text and field disagree
        ((2, 70), "Inclusion Criteria:\n- Age 18 years or older", "unknown"),
        ((70, 4), "Inclusion Criteria:\n- Diabetes", "unknown"),  # a field that contradicts itself
    ],
)
def test_the_registrys_own_ages_are_a_voice(fields: tuple[int, int], text: str, expected: str) -> None:
    witness = Witness(minimum_age=(Decimal(fields[0]), "a"), maximum_age=(Decimal(fields[1]), "a"))
    assert stance_of(text, "age 10", witness) == expected


def test_what_is_told_of_all_values_is_what_is_said_of_each() -> None:
    text = (
        "Inclusion Criteria:\n- Age 18 to 70 years\n- ANC >= 1.0 x 10^9/L\n- ECOG 0-2\n"
        "Exclusion Criteria:\n- ALT > 3 x ULN\n- Pregnant women\n- Creatinine clearance < 30 mL/min or > 150 mL/min\n"
    )
    voices = read_voices(parse_criteria(text), Witness())
    told = tell_all(voices)
    assert {one.key for one in told} >= {"age", "anc", "ecog", "alt@xULN", "pregnant", "creatinine_clearance"}
    for one in told:
        assert stance_over(voices, one.key, one.stretch) is one.stance
        assert one.stance is not Stance.UNKNOWN
    crcl = [
        (one.stance, one.stretch.lower, one.stretch.upper)
        for one in told
        if one.key == "creatinine_clearance"
    ]
    assert crcl == [(Stance.EXCLUDES, None, 30), (Stance.ALLOWS, 30, 150), (Stance.EXCLUDES, 150, None)]


@given(st.integers(0, 120), st.integers(0, 120), st.integers(0, 120))
def test_a_range_of_ages_is_allowed_inside_and_excluded_outside(low: int, high: int, age: int) -> None:
    if low >= high:
        return
    said = stance_of(f"Inclusion Criteria:\n- Age {low} to {high} years", f"age {age} years")
    assert said == ("allows" if low <= age <= high else "excludes")


@pytest.mark.parametrize(
    ("words", "spelling"),
    [
        ("CrCl 30", "creatinine_clearance 30 mL/min"),
        ("ECOG at most 2", "ecog <= 2"),
        ("NYHA class II-IV", "nyha II-IV"),
        ("platelets 50,000 /uL", "platelets 50000 /uL"),
        ("prior MSC therapy", "msc"),
        ("without diabetes", "no diabetes"),
        ("HIV negative", "no hiv"),
        ("HIV positive", "hiv"),
        ("APACHE2 15", "apache2 15 {score}"),
        ("acute gvhd", "acute_gvhd"),
        ("acute gvhd grade III", "agvhd_grade III"),
    ],
)
def test_words_have_one_spelling(words: str, spelling: str) -> None:
    found = asked_of(words)
    assert found.text == spelling
    assert asked_of(found.text) == found


@pytest.mark.parametrize(
    "words",
    [
        "unicorns",
        "unicorns 3 mg",
        "ECOG 9",
        "ECOG",
        "age 4 mmHg",
        "hemoglobin",
        "hemoglobin 5 years",
        "",
        "x" * 300,
    ],
)
def test_what_cannot_be_asked_is_refused(words: str) -> None:
    assert isinstance(parse_asked(words), NotAsked)


def test_every_thing_and_variable_can_be_asked_by_its_id() -> None:
    for kind in ("condition", "drug", "procedure", "serology", "marker"):
        for subject in tables()[kind]:
            assert asked_of(subject).key == subject
    for scale, row in tables()["scale"].items():
        for step in row["steps"]:
            assert asked_of(f"{scale} {step}").text == f"{scale} {step}"


@pytest.mark.parametrize(
    "asked", ["age >= 18 years", "ecog <= 2", "diabetes", "hemoglobin 8-10 g/dL", "nyha II-III"]
)
def test_what_is_asked_and_its_opposite_are_everything_and_share_nothing(asked: str) -> None:
    question = asked_of(asked)
    ends = {
        end
        for one in (*question.stretches, *question.opposite)
        for end in (one.lower, one.upper)
        if end is not None
    }
    for value in ends:
        held = [one.holds(value) for one in (*question.stretches, *question.opposite)]
        assert held.count(True) == 1


def test_mentions_are_on_the_side_on_which_they_speak() -> None:
    found = mentions(
        parse_criteria(
            "Inclusion Criteria:\n- Diabetes\n- No prior chemotherapy\n- ECOG 0-1\nExclusion Criteria:\n- Pregnant women\n"
        )
    )
    assert found["diabetes"] == Side.INCLUSION
    assert found["chemotherapy"] == Side.EXCLUSION
    assert found["ecog"] == Side.INCLUSION
    assert found["pregnant"] == Side.EXCLUSION


def test_the_table_of_kin_names_what_there_is() -> None:
    known = {subject for rows in tables().values() for subject in rows} | {AGE, *STATES, *TRIALS}
    kin = read_rules("kin.toml")
    assert {one for row in kin["kin"].values() for one in row["subjects"]} <= known
    assert {
        *kin["covers"],
        *(one for row in kin["covers"].values() for one in row),
        *kin["substance"],
    } <= known
    assert set(kin["substance"].values()) <= set(read_substances())


def test_an_empty_stretch_is_refused() -> None:
    with pytest.raises(ValueError, match="not empty"):
        Stretch(asked_of("age 4").stretches[0].lower, asked_of("age 3").stretches[0].lower)
