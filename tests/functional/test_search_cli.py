import csv
import io
import json
import os
import pty
import re
import subprocess
import sys

import pytest

from support.command import run, run_json
from support.layouts import write
from support.records import raw, updated

HIT_FIELDS = {
    "nct_id", "title", "overall_status", "status", "phases", "conditions", "interventions", "score", "open_sites",
    "open_countries", "nearest_open_site",
}  # fmt: skip


@pytest.fixture(scope="session")
def registry(tmp_path_factory):
    """A small invented registry with an index."""
    directory = tmp_path_factory.mktemp("search") / "registry"
    found = run_json("demo", "--studies", 120, registry=directory)
    assert found["index"]["kind"] == "full"
    assert found["index"]["studies"] == 120
    return directory


def search(registry, *arguments):
    done = run("search", *arguments, registry=registry)
    assert done.returncode == 0, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return done.stdout.decode()


def test_hits_for_a_reader(registry):
    text = search(registry, "gvhd", "--limit", 3)
    first, *_ = text.splitlines()
    assert re.fullmatch(r"Studies that mention “gvhd”: \d+ found, 3 shown\.", first)
    assert text.count("NCT990") == 3
    assert "Conditions: " in text
    assert "Next page: --page " in text
    assert "\x1b" not in text, "nothing is bold where nobody sees it"


def test_pages_follow_one_another(registry):
    everything = run_json("ids", "gvhd", registry=registry)
    seen, token = [], None
    while True:
        more = ["--page", token] if token else []
        page = run_json("search", "gvhd", "--limit", 15, *more, registry=registry)
        assert page["total"] == len(everything)
        seen += [hit["nct_id"] for hit in page["hits"]]
        token = page["next_page"]
        if token is None or not page["hits"]:
            break
    assert seen == everything
    assert run("ids", "gvhd", registry=registry).stdout.decode().split() == everything
    assert run("ids", "gvhd", "--limit", 2, registry=registry).stdout.decode().split() == everything[:2]
    assert search(registry, "gvhd", "--limit", 1000, "--format", "ids").split() == everything
    assert search(registry, "gvhd", "--count") == f"{len(everything)}\n"
    assert run_json("search", "gvhd", "--count", registry=registry) == {"total": len(everything)}


def test_the_fields_of_a_hit_are_a_promise(registry):
    found = run_json("search", "gvhd", "--near", "48.1,11.6", "--open-sites", "--facet", "phase,country",
                     "--limit", 4, registry=registry)  # fmt: skip
    assert set(found) == {
        "total", "query", "near", "notes", "suggestions", "costs", "hits", "facets", "next_page"
    }  # fmt: skip
    assert found["near"] == {"lat": 48.1, "lon": 11.6, "place": None, "others": []}
    assert set(found["facets"]) == {"phase", "country"}
    assert all(set(row) == {"value", "count"} for rows in found["facets"].values() for row in rows)
    for hit in found["hits"]:
        assert set(hit) == HIT_FIELDS
        assert hit["open_sites"] > 0
        nearest = hit["nearest_open_site"]
        assert set(nearest) == {"facility", "city", "state", "country", "metres", "pointer"}
        assert nearest["country"] in hit["open_countries"]
    lines = search(registry, "gvhd", "--limit", 4, "--format", "ndjson").splitlines()
    assert [set(json.loads(line)) for line in lines] == [HIT_FIELDS] * 4


def test_csv(registry):
    text = search(registry, "gvhd", "--limit", 3, "--near", "48.1,11.6", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 3
    assert list(rows[0]) == [
        "nct_id", "title", "overall_status", "phases", "conditions", "interventions", "score", "open_sites",
        "nearest_open_site", "nearest_metres",
    ]  # fmt: skip


def test_choices_narrow(registry):
    everything = run_json("search", "--count", registry=registry)["total"]
    assert everything == 120
    recruiting = run_json("search", "--status", "recruiting", "--limit", 100, registry=registry)
    assert 0 < recruiting["total"] < everything
    assert {hit["overall_status"] for hit in recruiting["hits"]} == {"RECRUITING"}
    by_label = run_json("search", "--status", "RECRUITING,Not yet recruiting", "--count", registry=registry)
    assert by_label["total"] >= recruiting["total"]
    phases = run_json("search", "--phase", "2,3", "--limit", 100, registry=registry)
    assert all({"PHASE2", "PHASE3"} & set(hit["phases"]) for hit in phases["hits"])
    with_results = run_json("search", "--results", "with", "--count", registry=registry)["total"]
    without = run_json("search", "--results", "without", "--count", registry=registry)["total"]
    assert with_results + without == everything
    expression = "AREA[OverallStatus]RECRUITING"
    assert run_json("ids", "--filter", expression, registry=registry) == run_json(
        "ids", "--status", "recruiting", registry=registry
    )


def test_places(registry):
    text = search(registry, "--near", "München", "--within", "400km", "--open-sites", "--limit", 2)
    assert "Near is Munich, Bavaria, Germany" in text
    assert " km)" in text
    assert "miles)" in search(
        registry, "--near", "München", "--within", "400mi", "--open-sites", "--limit", 2
    )
    found = run_json("search", "--near", "Paris", "--within", "500km", "--open-sites", registry=registry)
    assert found["near"]["place"] == "Paris, France"
    assert found["near"]["others"]
    for hit in found["hits"]:
        assert hit["nearest_open_site"]["metres"] <= 500_000


def test_nothing_found_says_why(registry):
    text = search(registry, "leukmia")
    assert "No study has “leukmia”. Did you mean leukemia?" in text
    text = search(registry, "gvhd unicorn", "--status", "recruiting", "--phase", "2")
    assert ": 0 found." in text
    assert re.search(r"\d+ +0 +studies that mention “gvhd”", text)
    assert re.search(r" 0 +\d+ +studies that mention “unicorn”", text)
    found = run_json("search", "gvhd unicorn", "--status", "recruiting", registry=registry)
    assert found["total"] == 0
    assert [row["part"] for row in found["costs"]] == ["query.term", "query.term", "filter"]
    assert found["suggestions"][0]["word"] == "unicorn"


def test_explanations(registry):
    (nct_id,) = search(registry, "gvhd", "--limit", 1, "--format", "ids").split()
    text = search(registry, "gvhd", "--explain", nct_id)
    assert re.match(rf"{nct_id} is number 1 of \d+ studies found\.", text)
    assert "yes  that mention “gvhd”" in text
    found = run_json("search", "unicorn", "--explain", nct_id, registry=registry)
    assert (found["found"], found["rank"], found["total"]) == (False, None, 0)
    assert set(found["reasons"][0]) == {
        "param", "asked", "query", "holds", "joined", "operands", "evidence", "parts", "values", "sites", "site_count",
        "nearest_metres",
    }  # fmt: skip
    assert run("search", "x", "--explain", "NCT00000001", registry=registry).returncode == 3


def test_similar_studies(registry):
    (nct_id,) = search(registry, "gvhd", "--limit", 1, "--format", "ids").split()
    found = run_json("search", "--similar", nct_id, "--limit", 5, registry=registry)
    assert found["similar_to"] == nct_id
    scores = [hit["score"] for hit in found["hits"]]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)
    assert nct_id not in [hit["nct_id"] for hit in found["hits"]]
    assert all(hit["shared"] for hit in found["hits"])
    among = run_json("search", "--similar", nct_id, "--status", "recruiting", registry=registry)
    assert {hit["overall_status"] for hit in among["hits"]} <= {"RECRUITING"}
    assert "studies most like" in search(registry, "--similar", nct_id)


def test_facets_for_a_reader(registry):
    text = search(registry, "gvhd", "--facet", "phase,start-year", "--limit", 0)
    assert re.search(r"phase\nstudies  value\n +\d+  \w+", text)


def test_a_veto_for_once_and_one_that_stays(registry):
    asked = ("ids", "--filter", 'AREA[ConditionMeshTerm]"gvhd"')
    before = run_json(*asked, registry=registry)
    assert before
    once = ("--veto", "gvhd=Graft vs Host Disease", "--veto", "gvhd = graft vs host")
    assert run_json(*asked, *once, registry=registry) == []
    assert run_json(*asked, registry=registry) == before
    for other in ("Graft vs Host Disease", "graft versus host"):
        assert run("vocabulary", "veto", other, "GVHD", registry=registry).returncode == 0
    try:
        assert run_json(*asked, registry=registry) == []
        assert run_json("vocabulary", "vetoes", registry=registry)[0] == {
            "term": "Graft vs Host Disease",
            "synonym": "GVHD",
            "concept_id": None,
        }
        listed = run_json("vocabulary", "synonyms", "gvhd", registry=registry)
        assert "Graft vs Host Disease" not in [row["text"] for row in listed["meanings"][0]["synonyms"]]
    finally:
        for other in ("graft vs host disease", "Graft vs Host"):
            done = run("vocabulary", "unveto", "gvhd", other, registry=registry)
            assert done.returncode == 0, done.stderr
    assert run_json(*asked, registry=registry) == before
    assert b"There are no vetoes." in run("vocabulary", "vetoes", registry=registry).stdout


def test_words_are_bold_on_a_terminal(registry):
    master, slave = pty.openpty()
    environment = {**os.environ, "TRIALIST_REGISTRY": str(registry), "TERM": "xterm"}
    environment.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "trialist", "search", "gvhd", "--limit", "1"]
    with subprocess.Popen(command, stdout=slave, stdin=subprocess.DEVNULL, env=environment) as process:
        os.close(slave)
        shown = b""
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:
                break
            if not part:
                break
            shown += part
        assert process.wait(60) == 0
    os.close(master)
    assert b"\x1b[1m" in shown


def test_index_is_built_added_to_and_left(tmp_path):
    registry = tmp_path / "r"
    assert run("search", "x", registry=registry).returncode == 4
    done = run("load", write(tmp_path / "a", raw(1) + b"\n" + raw(2)), registry=registry)
    assert b"no search index yet" in done.stderr
    done = run("search", "graft", registry=registry)
    assert done.returncode == 4
    assert b"trialist index" in done.stderr
    assert run_json("stats", registry=registry)["index"]["built"] is False
    built = run_json("index", registry=registry)
    assert set(built) == {"kind", "written", "studies", "segments", "bytes", "seconds", "criteria", "net"}
    assert (built["criteria"]["parsed"], built["criteria"]["unparsed"]) == (2, 0)
    assert (built["kind"], built["studies"]) == ("full", 2)
    assert run_json("index", registry=registry)["kind"] == "unchanged"
    done = run("load", write(tmp_path / "b", updated(2, "2026-03-03", title="Unicorn")), registry=registry)
    assert b"older than the registry (1 studies new or changed, 0 gone)" in done.stderr
    stats = run_json("stats", registry=registry)["index"]
    assert (stats["current"], stats["changed"]) == (False, 1)
    assert b"older than the registry" in run("stats", registry=registry).stdout
    done = run("load", "--index", write(tmp_path / "c", raw(3)), registry=registry)
    assert b"brought up to date: 3 studies, 2 of them written" in done.stdout
    assert run_json("ids", "unicorn", registry=registry) == ["NCT99000002"]
    assert b"holds all 3 studies" in run("stats", registry=registry).stdout
    assert b"built anew" in run("index", "--full", registry=registry).stdout


def test_mesh_is_put_in_force(tmp_path):
    registry = tmp_path / "r"
    run("load", "--index", write(tmp_path / "a", raw(1)), registry=registry)
    assert run_json("ids", '"zebra disease"', registry=registry) == []
    file = tmp_path / "d.bin"
    file.write_text(
        "*NEWRECORD\nMH = Poor Graft Function\nENTRY = Zebra Disease|T047|EQV|X\nUI = D999999\n\n"
    )
    done = run("vocabulary", "load", "mesh", file, registry=registry)
    assert b"1 concepts read, 1 from MeSH in all" in done.stdout, done.stderr
    assert run_json("ids", '"zebra disease"', registry=registry) == ["NCT99000001"]
    assert b"mesh" in run("vocabulary", "synonyms", "zebra disease", registry=registry).stdout
    assert run("vocabulary", "load", "mesh", tmp_path / "a", registry=registry).returncode == 5


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["leukemia AND (asthma"], 2, "  leukemia AND (asthma\n               ^\n"),
        (["AREA[Foo]x"], 2, "  AREA[Foo]x\n       ^^^\n"),
        (["白血病 AND ("], 2, "  白血病 AND (\n"),
        (["a\x1b[31mb"], 2, "^"),
        (["x", "--term", "y"], 2, "given twice"),
        (["--status", "frob"], 2, "not-yet-recruiting"),
        (["--near", "91,0"], 2, "no place on the earth"),
        (["--near", "Nowhereville"], 2, "no place"),
        (["--near", "Paris, Germany"], 2, "Paris, France"),
        (["--within", "5km"], 2, "needs a place"),
        (["--near", "1,1", "--within", "far"], 2, "50km"),
        (["--facet", "frob"], 2, "start-year"),
        (["--facet", "phase", "--format", "ids"], 2, "--format ids"),
        (["--sort", "frob"], 2, "frob"),
        (["--page", "frob"], 2, "page token"),
        (["--limit", "-1"], 2, "--limit"),
        (["--limit", "many"], 2, "--limit"),
        (["--veto", "a"], 2, "two terms"),
        (["--explain", "NCT1", "--count"], 2, "together"),
        (["--format", "pdf"], 2, "invalid choice"),
        (["(" * 5000], 2, "parenthes"),
    ],
)
def test_mistakes_get_a_sentence_and_a_code(registry, arguments, code, words):
    done = run("search", *arguments, registry=registry)
    assert done.returncode == code, done.stderr
    assert words in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    assert "\x1b" not in done.stderr.decode()
    assert done.stdout == b""


def test_a_syntax_error_in_json_points_too(registry):
    done = run("search", "a AND (b", "--format", "json", registry=registry)
    assert done.returncode == 2
    error = json.loads(done.stdout)["error"]
    assert (error["code"], error["text"], error["start"]) == ("query_syntax", "a AND (b", 6)


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "-",
        "\u202e",
        "é" * 3000,
        "a " * 2000,
        "NCT99000001",
        '"',
        "' OR 1=1",
        "🦄",
        "a\0b"[:1],
        "%s",
        "\\",
    ],
)
def test_rubbish_finds_something_or_says_why(registry, text):
    done = run("search", text, registry=registry)
    assert done.returncode in (0, 2), done.stderr
    assert b"bug" not in done.stderr


def test_vocabulary_mistakes(registry, tmp_path):
    for arguments in (
        ["veto", "a"],
        ["veto", "a", "b", "--concept", "c"],
        ["veto", "", ""],
        ["unveto", "a", "b"],
    ):
        assert run("vocabulary", *arguments, registry=registry).returncode == 2, arguments
    assert run("vocabulary", registry=registry).returncode == 2
    assert run("vocabulary", "veto", "a", "b", registry=tmp_path / "no").returncode == 4
    assert not (tmp_path / "no").exists()
    assert b"No synonyms" in run("vocabulary", "synonyms", "zzzz", registry=registry).stdout
