"""`trialist match`, `explain` and `screen` as a user runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from unit.test_match import STUDIES, make_registry

from support.command import run, run_json

FORM = """as_of: 2026-03-10
born: 1984-05-01
sex: male
conditions:
  - {name: acute GVHD, since: 2026-02-10, status: active}
values:
  - {name: platelets, value: 48 10*9/L, on: 2026-03-09}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("match-cli")
    make_registry(found / "registry", *STUDIES)
    people = found / "people"
    people.mkdir()
    (people / "a.yaml").write_text(FORM)
    (people / "b.yaml").write_text(FORM.replace("48", "90"))
    return found


def test_match_in_every_form(home):
    form = home / "people" / "a.yaml"
    found = run_json("match", form, "--as-of", "2026-03-10", registry=home / "registry")
    assert found["counts"]["EXCLUDED"] == 2
    assert found["near_misses"][0]["near_miss"]["sentence"].startswith("Platelet count 48")
    for kind, words in (("table", "Near misses"), ("md", "# Trials as of"), ("html", "<!doctype html>")):
        done = run("match", form, "--as-of", "2026-03-10", "--format", kind, registry=home / "registry")
        assert done.returncode == 0, done.stderr
        assert words in done.stdout.decode()
        assert "not a medical device" in (done.stdout + done.stderr).decode()


def test_explain(home):
    form = home / "people" / "a.yaml"
    done = run("explain", form, "NCT99000003", "--as-of", "2026-03-10", registry=home / "registry")
    assert "NOT_MET" in done.stdout.decode()
    assert "below 50" in done.stdout.decode()
    found = run_json("explain", form, "NCT99000003", "--as-of", "2026-03-10", registry=home / "registry")
    assert found["explanation"]["excluded_by"] == ["I1"]


def test_screen_a_folder(home):
    found = run_json(
        "screen", "NCT99000003", home / "people", "--as-of", "2026-03-10", registry=home / "registry"
    )
    assert [(one["label"], one["verdict"]) for one in found["patients"]] == [
        ("a.yaml", "EXCLUDED"),
        ("b.yaml", "ELIGIBLE"),
    ]
    assert found["funnel"][-1]["after"] == 1
    done = run("screen", "NCT99000003", home / "people", registry=home / "registry")
    assert b"criterion" in done.stdout


def test_refusals(home, tmp_path):
    broken = tmp_path / "p.yaml"
    broken.write_text("frob: 1\n")
    for arguments, code in (
        (("match", tmp_path / "absent.yaml"), 5),
        (("match", broken), 2),
        (("match", home / "people" / "a.yaml", "--policy", "frob"), 2),
        (("match", home / "people" / "a.yaml", "--top", "0"), 2),
        (("explain", home / "people" / "a.yaml", "NCT97999999"), 3),
    ):
        assert run(*arguments, registry=home / "registry").returncode == code, arguments
