"""`trialist calc` as a process."""

from support.command import run, run_json


def test_calc_lists_explains_and_shows_scales():
    listed = run("calc").stdout.decode()
    assert "cockcroft-gault/1976" in listed
    assert "poor-graft-function " in listed
    assert "nyha" in listed
    found = run_json("calc")
    assert {"calculators", "families", "scales"} == set(found)
    explained = run("calc", "bmi").stdout.decode()
    assert "kg" in explained
    assert "source: " in explained
    assert run_json("calc", "bmi")["inputs"][0] == {
        "name": "weight",
        "title": "body weight",
        "kind": "number",
        "unit": "kg",
        "choices": [],
    }
    assert "symptoms at rest" in run("calc", "nyha").stdout.decode()
    assert run_json("calc", "ccs")["levels"][0]["level"] == "I"
    members = run_json("calc", "agvhd-grade")["members"]
    assert [one["id"] for one in members] == ["agvhd-grade/magic-2016", "agvhd-grade/keystone-1995"]
    assert "agvhd_gut_stage" in run("calc", "agvhd-grade").stdout.decode()


def test_calc_answers_with_trace_source_and_decision():
    done = run(
        "calc",
        "cockcroft-gault/1976",
        *("age=68", "weight=60kg", "creatinine=176.8umol/L", "sex=male", "--is", "≤ 30 mL/min"),
    )
    assert done.returncode == 0
    text = done.stdout.decode()
    for part in ("= 30 mL/min", "(140 - 68) * 60 / (72 * 2)", "Nephron 1976", "Is it ≤ 30 mL/min? true"):
        assert part in text
    found = run_json("calc", "cockcroft-gault/1976", "age=68", "weight=60kg", "creatinine=2mg/dL")
    assert found["status"] == "unknown"
    assert found["missing"][0]["inputs"][0]["name"] == "sex"
    assert found["possible"] == {
        "lower": "25.5",
        "lower_included": True,
        "upper": "30",
        "upper_included": True,
    }


def test_calc_asks_a_family():
    text = run("calc", "ecog", "age=40", "karnofsky=60", "--is", "0,1,2").stdout.decode()
    assert "not counted: ecog-from-lansky/common: not applicable" in text
    assert "Is it 0,1,2? unknown (the methods answer differently)." in text
    found = run_json("calc", "ecog", "age=40", "karnofsky=70", "--is", "0,1,2")
    assert found["decision"] == {
        "truth": "true",
        "reason": "all methods that apply agree",
        "method_sensitive": False,
    }
    assert (
        run_json("calc", "full-donor-chimerism", "donor_chimerism=99%", "--is", "yes")["decision"]["truth"]
        == "true"
    )


def test_calc_refuses_with_the_way_out():
    for arguments, words in (
        (("bmj",), b"Did you mean bmi"),
        (("bmi", "weight"), b"KEY=VALUE"),
        (("bmi", "shoe=1"), b"Asked for: weight, height"),
        (("bmi", "weight=80"), b"It needs a unit"),
        (("bmi", "weight=80kg", "weight=81kg"), b"given twice"),
        (("nyha", "level=II"), b"nothing is calculated"),
        (("bmi", "weight=80kg", "--is", "> 3 mL/min"), b"cannot be expressed"),
    ):
        done = run("calc", *arguments)
        assert done.returncode == 2, arguments
        assert words in done.stderr, arguments
