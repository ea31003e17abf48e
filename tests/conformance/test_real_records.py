"""Every real record: loaded without loss, given back as it was, shown without an error."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest
import zstandard

from support.command import run, run_json
from support.shared import REFERENCE, REGISTRY, SHARED, iter_lines, needs_shared

pytestmark = needs_shared
V2 = REGISTRY / "studies.v2.ndjson.zst"


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """The real v2 records, in a registry."""
    registry = tmp_path_factory.mktemp("real") / "registry"
    found = run_json("load", V2, registry=registry)
    assert (found["read"], found["added"], found["rejected"]) == (3603, 3603, 0)
    return registry


def test_every_record_comes_back_value_for_value(registry):
    lines = run("export", registry=registry).stdout.splitlines()
    ours = {orjson.loads(line)["protocolSection"]["identificationModule"]["nctId"]: line for line in lines}
    count = 0
    for line in iter_lines(V2):
        record = orjson.loads(line)
        assert orjson.loads(ours[record["protocolSection"]["identificationModule"]["nctId"]]) == record
        count += 1
    assert count == len(lines) == len(ours) == 3603


def test_every_record_comes_back_byte_for_byte(registry):
    from trialist.registry.registry import Registry

    with Registry(registry) as opened:
        for line in iter_lines(V2):
            nct_id = orjson.loads(line)["protocolSection"]["identificationModule"]["nctId"]
            assert opened.get(nct_id).raw == line
    first = next(iter_lines(V2))
    nct_id = orjson.loads(first)["protocolSection"]["identificationModule"]["nctId"]
    assert run("raw", nct_id, registry=registry).stdout == first


def test_the_store_is_sound_and_small(registry):
    assert run_json("verify", registry=registry)["sound"]
    stats = run_json("stats", registry=registry)
    assert stats["disk_bytes"] < 0.2 * stats["raw_bytes"]


def test_what_is_odd_in_them_is_known(registry):
    """Counted by hand once; another figure means that the checks or the records changed."""
    counts = {
        (row["level"], row["code"]): row["count"] for row in run_json("problems", registry=registry)["counts"]
    }
    assert counts == {
        ("warning", "wrong-type"): 50,
        ("warning", "impossible-date"): 7,
        ("info", "unknown-field"): 268,
    }


def test_versions_and_other_collections_load_beside_them(registry):
    found = run_json("load", REGISTRY / "versions.ndjson.zst", registry=registry)
    assert (found["read"], found["unchanged"], found["older"], found["rejected"]) == (187, 175, 12, 0)
    found = run_json("load", REGISTRY / "domain.as-v2.ndjson.zst", registry=registry)
    assert (found["read"], found["rejected"]) == (1984, 0)
    found = run_json(
        "load", SHARED / "spec" / "api-v2" / "relevance-order" / "ctg-studies.json.zip", registry=registry
    )
    assert (found["read"], found["rejected"]) == (635, 0)
    assert run_json("verify", registry=registry)["sound"]


def test_both_reference_studies_load_and_show(tmp_path):
    registry = tmp_path / "registry"
    files = sorted(REFERENCE.glob("NCT*.json"))
    assert run_json("load", *files, registry=registry)["added"] == 2
    for file in files:
        assert run("raw", file.stem, registry=registry).stdout == file.read_bytes().strip()
        for view in ("public", "record"):
            for form in ("text", "md", "json"):
                assert (
                    run("show", file.stem, "--view", view, "--format", form, registry=registry).returncode
                    == 0
                )
    shown = run("show", "NCT06171906", registry=registry).stdout.decode()
    assert "not available" in shown.partition("riteria")[2][:400]


def test_the_xml_archive_streams_into_a_registry(tmp_path):
    """The first 400 records of the archive; the bench converts all 27,202."""
    part = tmp_path / "part.tar"
    with (REGISTRY / "studies.xml.tar.zst").open("rb") as packed, part.open("wb") as out:
        out.write(zstandard.ZstdDecompressor().stream_reader(packed).read(20_000_000))
    found = run_json("load", part, registry=tmp_path / "registry")
    assert found["added"] > 300
    codes = {row["code"]: row["level"] for row in found["problems"]}
    assert {code for code, level in codes.items() if level == "error"} <= {
        "damaged",
        "malformed-xml",
        "not-a-study",
    }
    assert run_json("verify", registry=tmp_path / "registry")["sound"]


def test_a_record_of_each_kind_can_be_shown(registry):
    ids = [orjson.loads(line)["protocolSection"]["identificationModule"]["nctId"] for line in iter_lines(V2)][
        ::90
    ]
    done = subprocess.run(
        [sys.executable, "-m", "trialist", "show", "--registry", str(registry), "--view", "record", *ids],
        capture_output=True,
        check=False,
        cwd=Path(__file__).parent,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert all(nct_id in done.stdout.decode() for nct_id in ids)
