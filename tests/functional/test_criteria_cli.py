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
