import gzip
import json
import subprocess

import orjson
import pytest
import zstandard

from trialist import errors
from trialist.cli.main import EXIT_CODES

from support.command import run, run_json, start
from support.layouts import write
from support.records import raw, updated


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """A small invented registry, with a second version and a problem."""
    directory = tmp_path_factory.mktemp("cli")
    registry = directory / "registry"
    assert run("demo", "--studies", 40, registry=registry).returncode == 0
    write(directory / "more.ndjson", raw(500, moon=1) + b"\n{\n")
    write(directory / "new.json", updated(500, "2026-02-02"))
    assert run("load", directory / "more.ndjson", registry=registry).returncode == 0
    assert run("load", directory / "new.json", registry=registry).returncode == 0
    return registry


def test_load_says_what_it_did(tmp_path):
    file = write(tmp_path / "s.ndjson", b"\n".join([raw(1), raw(2, moon=1), b"{"]))
    done = run("load", file, "--registry", tmp_path / "r")
    assert done.returncode == 0
    text = done.stdout.decode()
    assert "2 studies read" in text
    assert "2 new" in text
    assert "1 pieces could not be read" in text
    assert "error    invalid-json" in text
    assert "info     unknown-field" in text
    assert b"trialist problems" in done.stderr

    found = run_json("load", file, registry=tmp_path / "r")
    assert (found["read"], found["added"], found["unchanged"], found["rejected"]) == (3, 0, 2, 1)
    assert found["problems"] == [
        {"level": "error", "code": "invalid-json", "count": 1},
        {"level": "info", "code": "unknown-field", "count": 1},
    ]
    assert found["registry"] == str(tmp_path / "r")


def test_a_full_load_tells_what_is_missing(tmp_path):
    run("load", write(tmp_path / "a", raw(1) + b"\n" + raw(2)), registry=tmp_path / "r")
    done = run("load", "--full", write(tmp_path / "b", raw(1)), registry=tmp_path / "r")
    assert b"1 studies are no longer in the registry; they are kept and marked." in done.stdout
    assert run("export", registry=tmp_path / "r").stdout.count(b"\n") == 2
    assert run("export", "--without-missing", registry=tmp_path / "r").stdout.count(b"\n") == 1
    gone = "The last full load did not contain this study"
    assert gone in run("show", "NCT99000002", registry=tmp_path / "r").stdout.decode()
    assert (
        f"> {gone}" in run("show", "NCT99000002", "--format", "md", registry=tmp_path / "r").stdout.decode()
    )
    assert run_json("show", "NCT99000002", registry=tmp_path / "r")["no_longer_in_the_registry"]
    assert not run_json("show", "NCT99000001", registry=tmp_path / "r")["no_longer_in_the_registry"]
    assert gone not in run("show", "NCT99000001", registry=tmp_path / "r").stdout.decode()
    done = run("load", "--full", write(tmp_path / "c", raw(1) + b"\n{"), registry=tmp_path / "r")
    assert b"Nothing was marked as missing" in done.stdout


@pytest.mark.parametrize("view", ["public", "record"])
@pytest.mark.parametrize("form", ["text", "md", "json"])
def test_show_in_every_view_and_format(registry, view, form):
    done = run("show", "NCT99000000", "--view", view, "--format", form, registry=registry)
    assert done.returncode == 0, done.stderr.decode()
    text = done.stdout.decode()
    assert "nvented" in text
    assert "NCT99000000" in text
    if form == "json":
        assert isinstance(json.loads(text), dict)


def test_show_several_ids_and_unknown_ones(registry):
    done = run("show", "nct99000001", "NCT99000002", registry=registry)
    assert done.returncode == 0
    assert done.stdout.count(b"NCT9900000") >= 2
    done = run("show", "NCT99000001", "NCT99009999", registry=registry)
    assert done.returncode == 3
    assert b"NCT99000001" in done.stdout
    assert b"no study NCT99009999" in done.stderr
    assert b"nearest known ids are NCT99000" in done.stderr
    done = run("show", "NCT99000001", "NCT99009999", "--format", "json", registry=registry)
    assert done.returncode == 3
    found = json.loads(done.stdout)
    assert len(found) == 2
    assert found[1]["error"]["code"] == "study_not_found"


def test_show_a_day_a_place_and_a_version(registry):
    done = run("show", "NCT99000000", "--as-of", "2029-01-01", "--near", "48.1,11.6", registry=registry)
    assert done.returncode == 0
    assert b" km" in done.stdout
    for arguments in (["--near", "north"], ["--near", "91,0"], ["--as-of", "soon"], ["--version", "9"]):
        done = run("show", "NCT99000000", *arguments, registry=registry)
        assert done.returncode == 2, arguments
        assert b"Traceback" not in done.stderr
    assert b"2026-01-01" in run("raw", "NCT99000500", "--version", 1, registry=registry).stdout


def test_raw_gives_the_bytes_and_nothing_else(registry):
    assert run("raw", "NCT99000500", registry=registry).stdout == updated(500, "2026-02-02")
    assert run("raw", "NCT99000500", "--version", 1, registry=registry).stdout == raw(500, moon=1)
    assert run_json("raw", "NCT99000500", registry=registry) == orjson.loads(updated(500, "2026-02-02"))
    assert run("raw", "NCT00000001", registry=registry).returncode == 3


def test_versions(registry):
    found = run_json("versions", "NCT99000500", registry=registry)
    assert found["nct_id"] == "NCT99000500"
    assert [version["last_update_post_date"] for version in found["versions"]] == ["2026-01-01", "2026-02-02"]
    assert [version["current"] for version in found["versions"]] == [False, True]
    assert b"current" in run("versions", "NCT99000500", registry=registry).stdout


def test_problems(registry):
    found = run_json("problems", "--load", 2, registry=registry)
    assert [row["code"] for row in found["problems"]] == ["invalid-json", "unknown-field"] or [
        row["code"] for row in found["problems"]
    ] == ["unknown-field", "invalid-json"]
    broken = next(row for row in found["problems"] if row["code"] == "invalid-json")
    assert broken["source"].endswith("more.ndjson")
    assert broken["position"] == len(raw(500, moon=1)) + 1
    assert run_json("problems", registry=registry)["problems"] == []
    assert run_json("problems", "--load", "all", "--level", "error", registry=registry)["counts"] == [
        {"level": "error", "code": "invalid-json", "count": 1}
    ]
    assert (
        b"unknown-field"
        in run("problems", "--load", "all", "--code", "unknown-field", registry=registry).stdout
    )
    assert b"count" in run("problems", "--load", "all", "--counts", registry=registry).stdout
    assert run("problems", "--load", "77", registry=registry).returncode == 2
    assert run("problems", "--load", "x", registry=registry).returncode == 2


def test_stats_and_verify(registry):
    found = run_json("stats", registry=registry)
    assert (found["studies"], found["versions"], len(found["loads"])) == (41, 42, 3)
    assert found["loads"][1]["state"] == "finished"
    assert b"41 studies in 42 versions" in run("stats", registry=registry).stdout
    assert run_json("verify", registry=registry) == {
        "sound": True,
        "studies": 41,
        "versions": 42,
        "findings": [],
    }
    assert b"Everything is sound" in run("verify", registry=registry).stdout


def test_verify_fails_on_damage(tmp_path):
    import sqlite3

    run("load", write(tmp_path / "a", raw(1)), registry=tmp_path / "r")
    with sqlite3.connect(tmp_path / "r" / "studies.sqlite") as connection:
        connection.execute("UPDATE version SET size = 1")
    connection.close()
    done = run("verify", registry=tmp_path / "r")
    assert done.returncode == 1
    assert b"not what was stored" in done.stdout


@pytest.mark.parametrize("ending", ["", ".gz", ".zst", ".bz2", ".xz"])
def test_export_and_load_again(registry, tmp_path, ending):
    plain = run("export", registry=registry).stdout
    file = tmp_path / f"all.ndjson{ending}"
    assert run_json("export", file, registry=registry) == {"file": str(file), "studies": 41}
    if ending == ".gz":
        assert gzip.decompress(file.read_bytes()) == plain
    if ending == ".zst":
        assert zstandard.ZstdDecompressor().stream_reader(file.read_bytes()).read() == plain
    assert list(tmp_path.iterdir()) == [file]
    run("load", file, registry=tmp_path / "again")
    assert run("export", registry=tmp_path / "again").stdout == plain


def test_export_as_one_document(registry):
    lines = run("export", registry=registry).stdout.splitlines()
    assert run_json("export", registry=registry) == [orjson.loads(line) for line in lines]


def test_export_keeps_one_line_a_study(tmp_path):
    pretty = orjson.dumps(orjson.loads(raw(1)), option=orjson.OPT_INDENT_2)
    run("load", write(tmp_path / "a", pretty), registry=tmp_path / "r")
    assert run("raw", "NCT99000001", registry=tmp_path / "r").stdout == pretty
    assert run("export", registry=tmp_path / "r").stdout == raw(1) + b"\n"


def test_export_where_nothing_can_be_written(registry, tmp_path):
    done = run("export", tmp_path / "no" / "such" / "file", registry=registry)
    assert done.returncode == 6
    assert b"cannot write" in done.stderr


def test_a_reader_that_goes_away_is_no_error(registry):
    with start("export", registry=registry) as process:
        assert process.stdout is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.wait(60) in (0, 141)
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()


def test_the_same_demo_twice_is_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        run("demo", "--studies", 25, "--seed", 7, registry=tmp_path / name, is_fresh=True)
    assert run("export", registry=tmp_path / "a").stdout == run("export", registry=tmp_path / "b").stdout
    assert run("demo", "--studies", 0, registry=tmp_path / "a").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, b"required"),
        (["frob"], 2, b"invalid choice"),
        (["load"], 2, b"PATH"),
        (["load", "/no/such/path"], 5, b"cannot read /no/such/path: No such file or directory"),
        (["load", "/dev/null"], 5, b"neither a file nor a directory"),
        (["show", "NCT99000000"], 4, b"there is no registry"),
        (["stats"], 4, b"trialist demo"),
        (["show", "NCT99000000", "--format", "pdf"], 2, b"invalid choice"),
    ],
)
def test_mistakes_get_a_sentence_and_a_code(tmp_path, arguments, code, words):
    done = run(*arguments, registry=tmp_path / "nothing")
    assert done.returncode == code
    assert words in done.stderr
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr
    assert not (tmp_path / "nothing").exists()


def test_errors_in_json_are_one_document(tmp_path):
    done = run("stats", "--format", "json", registry=tmp_path / "nothing")
    assert done.returncode == 4
    found = json.loads(done.stdout)
    assert found["error"]["code"] == "not_built"
    assert found["error"]["hint"]


def test_settings_that_make_no_sense_are_refused(tmp_path):
    file = write(tmp_path / "a", raw(1))
    for variable, value in (("TRIALIST_LOAD_WORKERS", "many"), ("TRIALIST_LOAD_WORKERS", "0")):
        done = run("load", file, registry=tmp_path / "r", environment={variable: value})
        assert done.returncode == 2, value
    assert (
        run("load", file, "--registry", tmp_path / "r", environment={"TRIALIST_REGISTRY": "/x"}).returncode
        == 0
    )
    assert run("--registry", tmp_path / "r", "stats").returncode == 0


def test_every_error_has_an_exit_code():
    def below(kind: type) -> set[type]:
        return {kind} | {deeper for one in kind.__subclasses__() for deeper in below(one)}

    ours = {kind for kind in below(errors.TrialistError) if kind.__module__ == "trialist.errors"}
    assert set(EXIT_CODES) == ours - {errors.TrialistError}


def test_help_and_version():
    done = run("--help")
    assert done.returncode == 0
    for command in (
        b"load",
        b"show",
        b"raw",
        b"versions",
        b"problems",
        b"stats",
        b"verify",
        b"export",
        b"demo",
        b"index",
        b"search",
        b"ids",
        b"vocabulary",
    ):
        assert command in done.stdout
    assert run("--version").stdout.startswith(b"trialist ")


def test_the_installed_command_is_the_module(tmp_path):
    import shutil
    import sys
    from pathlib import Path

    command = shutil.which("trialist", path=str(Path(sys.executable).parent))
    assert command, "the console script is not installed"
    found = subprocess.run([command, "--version"], capture_output=True, check=True)
    assert found.stdout == run("--version").stdout
