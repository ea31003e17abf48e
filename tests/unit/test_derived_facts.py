"""What follows from facts by published definitions, with the trace; and what does not, with what is missing."""

from datetime import date

import pytest

from trialist.evaluation.calculators import NotApplicable, Unknown
from trialist.evaluation.derived import derive
from trialist.patient.form import read_form

from support.fact_lines import TERMS, fact_line

DAY = date(2025, 6, 1)
ADULT = "born: 1980-06-01\nsex: male\n"


def derived(sheet, as_of=DAY):
    found = derive(read_form(sheet, TERMS, as_of), as_of)
    return {fact_line(fact) for fact in found.patient.facts if fact.origin.document == "derived"}, found


def test_clearance_and_filtration_from_creatinine_age_weight_and_sex():
    lines, found = derived(
        ADULT
        + "values:\n  - {name: creatinine, value: 1.0 mg/dL, on: 2025-05-30}\n  - {name: weight, value: 72 kg, on: 2025-05-20}"
    )
    # (140 - 44) * 72 / (72 * 1.0) = 96
    assert any(line.startswith("measurement creatinine_clearance 96") for line in lines)
    assert any(line.startswith("measurement egfr") and line.endswith("@2025-05-30") for line in lines)
    (one,) = [one for one in found.derivations if one.definition_id == "cockcroft-gault/1976"]
    assert "140" in one.trace
    assert {fact.id for fact in one.used} == {"creatinine", "weight"}


@pytest.mark.parametrize(
    ("rest", "missing"),
    [
        ("  - {name: weight, value: 72 kg, on: 2025-01-20}", "weight"),
        ("", "weight"),
    ],
)
def test_without_a_weight_of_the_time_there_is_no_clearance_and_it_is_told(rest, missing):
    lines, found = derived(
        ADULT + "values:\n  - {name: creatinine, value: 1.0 mg/dL, on: 2025-05-30}\n" + rest
    )
    assert not any("creatinine_clearance" in line for line in lines)
    (one,) = [one for one in found.derivations if one.definition_id == "cockcroft-gault/1976"]
    assert isinstance(one.outcome, Unknown)
    assert missing in " ".join(said.words for said in one.outcome.missing)


def test_children_get_the_formula_for_children():
    lines, found = derived(
        "born: 2017-06-01\nsex: female\nvalues:\n  - {name: creatinine, value: 0.5 mg/dL, on: 2025-05-30}\n  - {name: height, value: 125 cm, on: 2025-05-01}\n"
    )
    # 0.413 * 125 / 0.5 = 103.25
    assert "measurement egfr 103.25 mL/min/{1.73_m2} @2025-05-30" in lines
    assert not any(one.definition_id == "ckd-epi-creatinine/2021" and one.fact for one in found.derivations)


def test_a_recorded_value_of_the_day_is_not_worked_out():
    lines, _ = derived(
        ADULT
        + "values:\n  - {name: weight, value: 72 kg, on: 2025-05-30}\n  - {name: height, value: 180 cm, on: 2025-05-30}\n  - {name: bmi, value: 30 kg/m2, on: 2025-05-30}"
    )
    assert not any(line.startswith("measurement bmi") for line in lines)
    assert any(line.startswith("measurement bsa") for line in lines)


def stages(day, skin, liver, gut, upper=0):
    rows = (("skin", skin), ("liver", liver), ("lower_gi", gut), ("upper_gi", upper))
    return "\n".join(
        f"  - {{name: agvhd_{organ}_stage, value: {stage}, day: {day}}}" for organ, stage in rows
    )


GVHD = ADULT + "transplant_day: 2025-03-01\nconditions: [acute GVHD]\n"
STEROID = "drugs:\n  - {name: methylprednisolone, from: 2025-04-01, dose: 2 mg/kg/d}\n"


@pytest.mark.parametrize(
    ("day", "organs", "magic", "keystone"),
    [
        (30, (2, 0, 0), "I", "I"),
        (30, (3, 0, 0), "II", "II"),
        (30, (1, 0, 2), "III", "III"),
        (30, (0, 0, 4), "IV", "III"),
        (30, (0, 0, 0), "0", "0"),
    ],
)
def test_the_grade_of_gvhd_follows_from_the_stages_of_its_organs_by_each_scheme(day, organs, magic, keystone):
    lines, _ = derived(GVHD + "grades:\n" + stages(day, *organs))
    assert f"grade agvhd_grade {magic} @2025-03-31" in lines
    assert f"grade agvhd_grade {keystone} @2025-03-31" in lines


def test_an_organ_of_which_nothing_is_known_leaves_the_grades_that_can_be():
    lines, _ = derived(GVHD + "grades:\n  - {name: agvhd_skin_stage, value: 4, day: 30}")
    assert "grade agvhd_grade IV @2025-03-31" in lines
    lines, found = derived(GVHD + "grades:\n  - {name: agvhd_skin_stage, value: 1, day: 30}")
    assert not any(line.startswith("grade agvhd_grade 0") for line in lines)
    assert any(isinstance(one.outcome, Unknown) for one in found.derivations)


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        ([(31, 2, 0, 0), (34, 3, 0, 2), (38, 3, 0, 2)], "condition sr_agvhd [active]"),
        ([(31, 3, 0, 2), (38, 3, 0, 2)], "condition sr_agvhd [active]"),
        ([(31, 3, 0, 2)], None),
        ([(31, 3, 0, 2), (36, 3, 0, 2), (39, 0, 0, 0)], None),
    ],
    ids=["progression", "no response by day 7", "nothing afterwards", "better between two looks"],
)
def test_refractoriness_follows_from_doses_and_grades_by_day(course, expected):
    lines, found = derived(GVHD + STEROID + "grades:\n" + "\n".join(stages(*one) for one in course))
    told = {line for line in lines if "sr_agvhd" in line}
    assert told == ({expected} if expected else set())
    assert [one for one in found.derivations if one.rule == "steroid_refractory_agvhd"]


def test_a_low_dose_is_no_first_line_treatment():
    low = STEROID.replace("2 mg/kg/d", "0.5 mg/kg/d")
    lines, _ = derived(GVHD + low + "grades:\n" + stages(31, 3, 0, 2) + "\n" + stages(38, 3, 0, 2))
    assert not any(line == "condition sr_agvhd [active]" for line in lines)


def counts(first, last, hemoglobin, neutrophils, platelets):
    rows = []
    for day in range(first, last):
        rows += [
            f"  - {{name: hemoglobin, value: {hemoglobin} g/L, day: {day}}}",
            f"  - {{name: anc, value: {neutrophils} 10*9/L, day: {day}}}",
            f"  - {{name: platelets, value: {platelets} 10*9/L, day: {day}}}",
        ]
    return "\n".join(rows)


def test_poor_graft_function_asks_for_what_is_missing():
    sheet = (
        ADULT
        + "transplant_day: 2025-03-01\nprocedures:\n  - {name: allogeneic stem cell transplantation, day: 0}\nvalues:\n"
        + counts(35, 60, 60, 0.2, 10)
    )
    lines, found = derived(sheet)
    assert not any("poor_graft_function" in line for line in lines)
    told = [one for one in found.derivations if one.rule == "poor_graft_function"]
    missing = " ".join(
        said.words for one in told if isinstance(one.outcome, Unknown) for said in one.outcome.missing
    )
    assert "chimerism" in missing
    assert "relapse" in missing


def test_karnofsky_becomes_every_ecog_that_a_published_table_gives():
    lines, found = derived(ADULT + "grades:\n  - {name: kps, value: 70, on: 2025-05-30}")
    (line,) = [line for line in lines if line.startswith("grade ecog")]
    assert "1" in line
    assert not any(line.startswith("grade kps") for line in lines)
    assert not any(isinstance(one.outcome, NotApplicable) for one in found.derivations)


def test_deriving_twice_is_deriving_once_and_nothing_of_later_days_is_used():
    sheet = (
        ADULT
        + "values:\n  - {name: weight, value: 72 kg, on: 2025-05-20}\n  - {name: height, value: 180 cm, on: 2025-05-20}"
    )
    patient = read_form(sheet, TERMS, DAY)
    once = derive(patient, DAY)
    assert derive(once.patient, DAY).patient == once.patient
    assert not [
        fact for fact in derive(patient, date(2025, 5, 1)).patient.facts if fact.origin.document == "derived"
    ]
