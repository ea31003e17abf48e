"""Ten thousand damaged inputs in one load, and the monsters one by one: nothing breaks, nothing is passed over."""

import json
import random
import zipfile
from collections.abc import Callable

import orjson
import pytest

from trialist.demo.registry import generate_studies

from support.command import run, run_json
from support.layouts import ARCHIVES, LAYOUTS, PACKERS, write, zstd
from support.records import raw, record

pytestmark = pytest.mark.heavy
MUTANTS = 10_000
PER_FOLDER = 500


def _cut(source: random.Random, text: bytes) -> bytes:
    return text[: source.randrange(len(text))]


def _cut_at_a_mark(source: random.Random, text: bytes) -> bytes:
    marks = [place for place, byte in enumerate(text) if byte in b'{}[]":,\\']
    return text[: source.choice(marks) + source.randrange(2)]


def _lose_a_byte(source: random.Random, text: bytes) -> bytes:
    place = source.randrange(len(text))
    return text[:place] + text[place + 1 :]


def _lose_a_mark(source: random.Random, text: bytes) -> bytes:
    place = source.choice([place for place, byte in enumerate(text) if byte in b'{}[]":,'])
    return text[:place] + text[place + 1 :]


def _insert(*what: bytes) -> Callable[[random.Random, bytes], bytes]:
    def mutate(source: random.Random, text: bytes) -> bytes:
        place = source.randrange(len(text))
        return text[:place] + source.choice(what) + text[place:]

    return mutate


def _flip(source: random.Random, text: bytes) -> bytes:
    place = source.randrange(len(text))
    return text[:place] + bytes([text[place] ^ (1 << source.randrange(8))]) + text[place + 1 :]


def _retype(source: random.Random, text: bytes) -> bytes:
    """Another type, or an impossible value, at any place of the record."""
    found = orjson.loads(text)
    holder = found
    while True:
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        key = source.choice(list(keys))
        below = holder[key]
        if not isinstance(below, dict | list) or not below or source.random() < 0.2:
            break
        holder = below
    odd = [
        None,
        True,
        -1,
        1e308,
        10**30,
        "",
        "\u0000",
        "2023-02-30",
        [],
        {},
        [[]],
        {"a": {"b": []}},
        "ﬀ" * 50,
        [None, {}],
    ]
    holder[key] = source.choice(odd)
    return json.dumps(found, ensure_ascii=False).encode()


def _nest(source: random.Random, text: bytes) -> bytes:
    depth = source.choice([20, 100, 190, 210, 400, 1200, 100_000])
    opened, closed = source.choice([(b'{"a":', b"}"), (b"[", b"]")])
    return text[:-1] + b',"deep":' + opened * depth + b"1" + closed * depth + b"}"


def _lone_surrogate(source: random.Random, text: bytes) -> bytes:
    return text.replace(b"[Invented]", source.choice([b"\\ud800", b"\\udfff\\ud800", b"\\uD83D"]), 1)


def _swap_halves(source: random.Random, text: bytes) -> bytes:
    place = source.randrange(len(text))
    return text[place:] + text[:place]


MUTATIONS = [
    _cut,
    _cut_at_a_mark,
    _lose_a_byte,
    _lose_a_mark,
    _insert(b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"),
    _insert(b"\x00", b"\x00" * 50),
    _insert(b"{", b"}", b"[", b"]", b'"', b",", b"\\", b":", b"\n", b"\x1b[31m", b"{}" * 20),
    _flip,
    _retype,
    _retype,
    _nest,
    _lone_surrogate,
    _swap_halves,
]
WRAPPERS: list[Callable[[bytes], bytes]] = [
    lambda text: text,
    lambda text: text,
    lambda text: b"[" + text + b"]",
    lambda text: b'{"studies":[\n' + text + b'\n],"nextPageToken":"x"}',
    lambda text: b'{"study":' + text + b"}",
    lambda text: PACKERS["gzip"](text),
    lambda text: zstd(text),
    lambda text: ARCHIVES["zip"]({"one.json": text}),
    lambda text: ARCHIVES["tar"]({"one.json": text}),
]


def test_ten_thousand_damaged_inputs(tmp_path):
    """Each file holds one damaged study with an id of its own; each must end as a study or as a problem that names it."""
    source = random.Random(7)
    templates = [orjson.loads(text) for text in generate_studies(40, seed=1)]
    templates = [one for one in templates if len(orjson.dumps(one)) < 20_000]
    files = {}
    for number in range(MUTANTS):
        found = source.choice(templates)
        nct_id = f"NCT97{number:06d}"
        found["protocolSection"]["identificationModule"]["nctId"] = nct_id
        found["protocolSection"]["identificationModule"]["orgStudyIdInfo"] = {"id": f"ORG-{nct_id}"}
        text = source.choice(MUTATIONS)(source, orjson.dumps(found))
        text = source.choice(WRAPPERS)(text)
        if source.random() < 0.05:
            text = _flip(source, text)  # damage to the container too
        name = f"{number // PER_FOLDER:02d}/{number:05d}"
        files[name] = nct_id
        write(tmp_path / "in" / name, text)
        if number % PER_FOLDER == 0:
            write(tmp_path / "in" / f"{name}-intact", raw(number))

    done = run("load", tmp_path / "in", registry=tmp_path / "r", environment={"TRIALIST_LOAD_WORKERS": "2"})
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    assert b"Traceback" not in done.stderr

    export = run("export", registry=tmp_path / "r").stdout
    stored = {
        orjson.loads(line)["protocolSection"]["identificationModule"]["nctId"] for line in export.splitlines()
    }
    problems = run_json("problems", registry=tmp_path / "r")["problems"]
    named = {row["member"].split("!")[0] for row in problems if row["member"]}
    lost = [
        name
        for name, nct_id in files.items()
        # Damage may have hit the id itself; then the study is there under another one.
        if name not in named and nct_id not in stored and f"ORG-{nct_id}".encode() not in export
    ]
    assert lost == []
    assert all(f"NCT99{number:06d}" in stored for number in range(0, MUTANTS, PER_FOLDER))
    errors = [row for row in problems if row["level"] == "error"]
    assert all(row["source"] and row["member"] for row in errors)
    assert sum(row["position"] is not None for row in errors) > 0.9 * len(errors)
    assert sum(bool(row["nct_id"]) for row in errors) > 0.5 * len(errors)
    assert len(errors) > MUTANTS / 4
    assert len(stored) > MUTANTS / 10
    assert run("verify", registry=tmp_path / "r").returncode == 0

    # What was stored can be shown, in both views.
    for nct_id in source.sample(sorted(stored), 15):
        for view in ("public", "record"):
            shown = run("show", nct_id, "--view", view, registry=tmp_path / "r")
            assert shown.returncode == 0, (nct_id, view, shown.stderr)


def test_two_studies_with_one_id_are_two_versions(tmp_path):
    one, two = raw(1), orjson.dumps({**record(1), "other": True})
    done = run_json("load", write(tmp_path / "a", one + b"\n" + two), registry=tmp_path / "r")
    assert (done["read"], done["added"], done["updated"]) == (2, 1, 1)
    assert len(run_json("versions", "NCT99000001", registry=tmp_path / "r")["versions"]) == 2


@pytest.mark.parametrize("layout", ["ndjson", "array", "page, compact"])
def test_two_hundred_megabytes_in_one_line(tmp_path, layout):
    """As one study beyond the limit, with good ones around it."""
    monster = raw(2)[:-1] + b',"x":"' + b"y" * 200_000_000 + b'"}'
    file = write(tmp_path / "in", LAYOUTS[layout]([raw(1), monster, raw(3)]))
    done = run_json("load", file, registry=tmp_path / "r")
    assert (done["added"], done["rejected"]) == (2, 1)
    (problem,) = run_json("problems", registry=tmp_path / "r")["problems"]
    assert (problem["code"], problem["source"]) == ("too-large", str(file))
    assert problem["position"] > 300


def test_two_hundred_megabytes_of_studies_in_one_line(tmp_path):
    """As a page without a line end: nothing is too large in it."""
    filler = "z" * 90_000
    file = tmp_path / "in"
    with file.open("wb") as out:
        out.write(b'{"studies":[')
        for number in range(2_200):
            out.write(b"," * (number > 0) + raw(number, filler=filler))
        out.write(b"]}")
    assert file.stat().st_size > 190_000_000
    done = run_json("load", file, registry=tmp_path / "r")
    assert (done["added"], done["rejected"]) == (2_200, 0)


def test_bombs_in_archives_leave_the_rest(tmp_path):
    archive = tmp_path / "in.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("1.json", raw(1))
        with out.open("bomb.json", "w", force_zip64=True) as member:
            for _ in range(600):
                member.write(b" " * 1_000_000)
        out.writestr("../../evil.json", raw(2))
        out.writestr("nested.zip", ARCHIVES["zip in a zip"]({"a": PACKERS["gzip twice"](raw(9))}))
        out.writestr("3.json", raw(3))
    done = run_json("load", archive, registry=tmp_path / "r")
    assert done["added"] == 3
    problems = run_json("problems", registry=tmp_path / "r")["problems"]
    assert {row["code"] for row in problems} == {"expands-too-much", "nested-too-deep"}
    assert {row["member"].split("!")[0] for row in problems} == {"bomb.json", "nested.zip"}
    assert not (tmp_path.parent / "evil.json").exists()


def test_a_directory_where_a_file_is_expected_and_odd_files(tmp_path):
    folder = tmp_path / "in"
    (folder / "NCT99000001.json").mkdir(parents=True)
    write(folder / "NCT99000001.json" / "inside.json", raw(1))
    write(folder / "empty.json", b"")
    write(folder / "blank.json", b" \n" * 5000)
    write(folder / "na\u202eme\x07.json", raw(2))
    (folder / "loop").symlink_to(folder)
    done = run_json("load", folder, registry=tmp_path / "r")
    assert done["added"] == 2
    codes = sorted(row["code"] for row in run_json("problems", registry=tmp_path / "r")["problems"])
    assert codes == ["empty", "empty", "not-a-file"]
