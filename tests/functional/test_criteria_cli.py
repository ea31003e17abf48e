"""`trialist criteria` as a user runs it."""

from __future__ import annotations

import orjson

from support.command import run, run_json
from support.records import record

TEXT = (
    "Inclusion Criteria:\n\n* Age \\>= 18 years\n* ECOG 0-1\n\nExclusion Criteria:\n\n* Active hepatitis B\n"
)


def test_a_text_file_and_a_study_file(tmp_path):
    text = tmp_path / "criteria.txt"
    text.write_text(TEXT)
    found = run_json("criteria", text)
    assert [one["id"] for one in found["criteria"]] == ["I1", "I2", "E1"]
    study = tmp_path / "study.json"
    full = record(1)
    full["protocolSection"]["eligibilityModule"] = {"eligibilityCriteria": TEXT, "minimumAge": "21 Years"}
    study.write_bytes(orjson.dumps(full))
    found = run_json("criteria", study)
    assert found["nct_id"] == "NCT99000001"
    assert [one["kind"] for one in found["findings"]] == ["contradicts_field"]


def test_a_stored_study(tmp_path):
    source = tmp_path / "study.json"
    full = record(2)
    full["protocolSection"]["eligibilityModule"] = {"eligibilityCriteria": TEXT}
    source.write_bytes(orjson.dumps(full))
    registry = tmp_path / "registry"
    assert run("load", source, registry=registry).returncode == 0
    done = run("criteria", "NCT99000002", registry=registry)
    assert done.returncode == 0
    out = done.stdout.decode()
    assert "E1 Active hepatitis B" in out
    assert "= age at least 18 years" in out
    table = run("criteria", "NCT99000002", "--format", "table", registry=registry).stdout.decode()
    assert table.splitlines()[0].split()[0] == "id"
    assert len(table.splitlines()) == 4
    assert run("criteria", "NCT99000003", registry=registry).returncode == 3


def test_no_text_is_said_and_a_missing_file_is_an_error(tmp_path):
    source = tmp_path / "study.json"
    source.write_bytes(orjson.dumps(record(3)))
    assert b"not available" in run("criteria", source).stdout
    assert run("criteria", tmp_path / "nothing.txt").returncode == 5


def test_forms_for_other_programs_tell_what_they_leave_out(tmp_path):
    text = tmp_path / "criteria.txt"
    text.write_text(TEXT + "* Grimblish of the third kind\n")
    for form in ("fhir", "circe"):
        done = run("criteria", text, "--format", form)
        assert done.returncode == 0
        assert isinstance(orjson.loads(done.stdout), dict)
        assert b"E2: " in done.stderr
    report = tmp_path / "report.json"
    done = run("criteria", text, "--format", "cql", "--report", report)
    assert done.stdout.startswith(b"library Criteria version")
    assert done.stderr == b""
    assert orjson.loads(report.read_bytes())[0]["criterion"] == "E2"
    schema = orjson.loads(run("criteria", "--format", "schema").stdout)
    assert schema["$ref"] == "#/$defs/CriterionSet"


def test_searching_by_criteria(tmp_path):
    registry = tmp_path / "registry"
    for number, text in (
        (4, TEXT),
        (5, TEXT.replace("0-1", "0-3").replace("Active hepatitis B", "Diabetes")),
    ):
        full = record(number)
        full["protocolSection"]["eligibilityModule"] = {"eligibilityCriteria": text}
        source = tmp_path / f"{number}.json"
        source.write_bytes(orjson.dumps(full))
        assert run("load", source, registry=registry).returncode == 0
    assert run_json("index", "--only", "search", registry=registry)["studies"] == 2
    done = run("search", "--excludes", "diabetes", registry=registry)
    assert done.returncode == 4
    assert b"trialist index" in done.stderr
    assert b"have not been parsed" in run("stats", registry=registry).stdout
    assert run_json("index", "--only", "criteria", registry=registry)["criteria"]["parsed"] == 2
    assert run_json("ids", "--excludes", "diabetes", registry=registry) == ["NCT99000005"]
    assert run_json("ids", "--requires", "ECOG <= 1", registry=registry) == ["NCT99000004"]
    assert run_json("ids", "--allows", "ECOG 1", "--allows", "age 40", registry=registry) == [
        "NCT99000005",
        "NCT99000004",
    ]
    assert (
        run_json("ids", "--excludes", "hepatitis B", registry=registry) == []
    )  # only the active one is excluded
    assert run_json("ids", "--filter", "AREA[ExclusionConcept]hepatitis B", registry=registry) == [
        "NCT99000004"
    ]
    done = run("search", "--allows", "unicorns", registry=registry)
    assert done.returncode == 2
    assert b"--allows: " in done.stderr
    said = run(
        "search", "--requires", "ECOG <= 1", "--explain", "NCT99000004", registry=registry
    ).stdout.decode()
    assert "I2: ECOG performance status 0 or 1" in said
    facets = run_json("search", "--facet", "excluded-concept", registry=registry)["facets"]
    assert {one["value"] for one in facets["excluded-concept"]} == {"diabetes", "hepatitis_b"}
    assert b"The criteria of all 2 studies are parsed" in run("stats", registry=registry).stdout
