import io
import json
import zipfile
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialist.errors import Level, Problem, SourceUnreadableError
from trialist.sources import json_stream
from trialist.sources.containers import Progress
from trialist.sources.ctgov import parse_found
from trialist.sources.found import Found, Limits
from trialist.sources.read import read_source
from trialist.sources.streams import Stream

from support.layouts import ARCHIVES, EXACT, LAYOUTS, PACKERS, write, zstd
from support.records import raw, record

THREE = [raw(1), raw(2, resultsSection={"deep": [[{"x": "]}"}]]}), raw(3)]


def read(path: Path, **limits: int) -> tuple[list[bytes], list[Problem]]:
    """The studies' bytes and the problems of a source, in order."""
    studies, problems = [], []
    for piece in read_source(path, limits=Limits(**limits)):
        if isinstance(piece, Problem):
            problems.append(piece)
            continue
        for parsed in parse_found(piece):
            problems += parsed.problems
            if parsed.study is not None:
                studies.append(parsed.study.raw)
    return studies, problems


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("chunk", [7, 64, 1 << 20])
def test_every_layout_gives_the_same_studies(tmp_path, monkeypatch, layout, chunk):
    monkeypatch.setattr(json_stream, "CHUNK", chunk)
    studies, problems = read(write(tmp_path / "file", LAYOUTS[layout](THREE)))
    assert problems == []
    assert list(map(orjson.loads, studies)) == list(map(orjson.loads, THREE))
    if layout in EXACT:
        assert studies == THREE


@pytest.mark.parametrize("archive", ARCHIVES)
def test_archives_are_read_member_by_member(tmp_path, archive):
    files = {f"{number:02d}/NCT9900000{number}.json": one for number, one in enumerate(THREE)}
    studies, problems = read(write(tmp_path / "no-name-tells", ARCHIVES[archive](files)))
    assert problems == []
    assert studies == THREE


@pytest.mark.parametrize("packer", PACKERS)
def test_packed_texts_are_told_by_content(tmp_path, packer):
    studies, problems = read(write(tmp_path / "file.json", PACKERS[packer](LAYOUTS["ndjson"](THREE))))
    assert problems == []
    assert studies == THREE


def test_a_directory_is_read_in_the_order_of_its_names(tmp_path):
    write(tmp_path / "b" / "2.json", THREE[1])
    write(tmp_path / "a.json", THREE[2])
    write(tmp_path / "b" / "1.zip", ARCHIVES["zip"]({"x": THREE[0]}))
    (tmp_path / "empty-folder.json").mkdir()
    write(tmp_path / "readme.txt", b"Studies of our hospital")
    write(tmp_path / "empty", b"")
    studies, problems = read(tmp_path)
    assert studies == [THREE[2], THREE[0], THREE[1]]
    assert [(problem.code, problem.where.member, problem.level) for problem in problems] == [
        ("empty", "empty", Level.WARNING),
        ("not-a-study", "readme.txt", Level.ERROR),
    ]


@pytest.mark.parametrize("layout", [name for name in EXACT if "history" not in name])
def test_where_a_piece_was_is_told(tmp_path, layout):
    file = write(tmp_path / "f", LAYOUTS[layout](THREE))
    text = file.read_bytes()
    found = [piece for piece in read_source(file) if isinstance(piece, Found)]
    if "array of pages" not in layout:  # there a piece is a page
        assert [piece.raw for piece in found] == THREE
    for piece in found:
        assert text[piece.where.position :][: len(piece.raw)] == piece.raw


def test_where_a_member_was_is_told(tmp_path):
    packed = write(tmp_path / "g", ARCHIVES["zip in a zip"]({"dir/é.json": THREE[0]}))
    (place,) = (piece.where for piece in read_source(packed))
    assert (place.source, place.member, place.position) == (str(packed), "inner.bin!dir/é.json", 0)


def test_sources_that_are_not_there(tmp_path):
    with pytest.raises(SourceUnreadableError, match="No such file"):
        list(read_source(tmp_path / "nothing"))
    with pytest.raises(SourceUnreadableError, match="neither a file nor a directory"):
        list(read_source(Path("/dev/null")))


def test_a_broken_link_in_a_directory_is_a_problem(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    write(tmp_path / "s.json", THREE[0])
    studies, problems = read(tmp_path)
    assert studies == [THREE[0]]
    assert [problem.code for problem in problems] == ["not-a-file"]


DAMAGED = {
    "cut off": THREE[1][:-40],
    "a quote lost": THREE[1].replace(b'"overallStatus"', b'overallStatus"'),
    "a brace lost": THREE[1].replace(b'"RECRUITING",', b'"RECRUITING"},'),
    "a brace too few": THREE[1][:-1],
    "a string left open": THREE[1].replace(b"RECRUITING", b'RECR"UITING'),
    "invalid UTF-8": THREE[1].replace(b"Braces", b"Br\xffces"),
    "a NUL": THREE[1].replace(b"Braces", b"Br\x00ces"),
}


@pytest.mark.parametrize("damage", DAMAGED)
@pytest.mark.parametrize("layout", [name for name in EXACT if "concatenated" not in name])
def test_damage_to_one_study_leaves_the_others(tmp_path, damage, layout):
    bad = DAMAGED[damage]
    raws = [raw(1), bad, raw(3), raw(4), raw(5)]
    studies, problems = read(write(tmp_path / "file", LAYOUTS[layout](raws)))
    ids = [orjson.loads(one)["protocolSection"]["identificationModule"]["nctId"] for one in studies]
    if damage == "a brace lost" and "NCT99000002" in ids:
        # What is left of it between its new ends is JSON: that is kept, and the rest reported.
        ids.remove("NCT99000002")
    assert ids == ["NCT99000001", "NCT99000003", "NCT99000004", "NCT99000005"]
    assert problems
    assert {problem.level for problem in problems} == {Level.ERROR}
    assert any("NCT99000002" in problem.where.nct_id for problem in problems)
    assert all(problem.where.source and problem.where.position is not None for problem in problems)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"NCT Number,Study Title\nNCT99000001,x\n", "not-a-study"),
        (b'{"a": 1}', "not-a-study"),
        (b"[1, 2]", "not-a-study"),
        (b'["NCT99000001"]', "not-a-study"),
        (b'{"studies": [3]}', "not-a-study"),
        (b"<html><body>503</body></html>", "not-a-study"),
        ('{"protocolSection": {}}'.encode("utf-16"), "not-utf8"),
        (b"{", "invalid-json"),
        (b"\x00" * 3000, "not-a-study"),
        (b"PK\x03\x04 and no directory", "damaged"),
        (b"\x1f\x8b\x07 this is not gzip, whatever its first bytes say", "damaged"),
        (zstd(raw(1))[:-9], "truncated"),
        (PACKERS["gzip"](raw(1))[:-3], "truncated"),
        (PACKERS["gzip"](PACKERS["gzip twice"](PACKERS["gzip twice"](raw(1)))), "nested-too-deep"),
    ],
)
def test_what_is_no_study_is_a_problem(tmp_path, content, code):
    studies, problems = read(write(tmp_path / "file", content))
    assert [problem.code for problem in problems if problem.code == code], problems
    assert len(studies) <= 1


def test_an_empty_page_and_an_empty_array_hold_nothing_and_are_no_problem(tmp_path):
    for number, text in enumerate(
        (b'{"totalCount":0,"studies":[\n\n]}', b"[]", b'{"studies":[]}', b"[\n]\n")
    ):
        assert read(write(tmp_path / str(number), text)) == ([], [])


def test_a_truncated_stream_keeps_what_came_before(tmp_path):
    raws = [raw(number) for number in range(2000)]
    packed = PACKERS["gzip"](LAYOUTS["ndjson"](raws))
    studies, problems = read(write(tmp_path / "file", packed[: len(packed) // 2]))
    assert len(studies) > 500
    assert studies == raws[: len(studies)]
    assert [problem.code for problem in problems] == ["truncated"]
    packed = zstd(LAYOUTS["array"](raws))
    studies, problems = read(write(tmp_path / "file", packed[: len(packed) * 3 // 4]))
    assert studies == raws[: len(studies)]
    assert len(studies) > 900
    assert [problem.code for problem in problems][-1:] == ["truncated"]


def test_a_damaged_member_leaves_the_other_members(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(1, 6):
            archive.writestr(f"{number}.json", raw(number))
        place = archive.getinfo("3.json").header_offset
    content = bytearray(out.getvalue())
    content[place + 60 : place + 70] = b"\xff" * 10
    studies, problems = read(write(tmp_path / "file", bytes(content)))
    assert studies == [raw(number) for number in (1, 2, 4, 5)]
    assert [problem.where.member for problem in problems] == ["3.json"]


def test_a_damaged_tar_header_is_told_and_the_other_members_are_read(tmp_path):
    content = bytearray(ARCHIVES["tar"]({f"{number}.json": raw(number) for number in range(1, 5)}))
    content[content.index(b"2.json") + 1] ^= 1
    studies, problems = read(write(tmp_path / "file", bytes(content)))
    assert studies == [raw(1), raw(3), raw(4)]
    assert [(problem.code, problem.level) for problem in problems] == [("damaged", Level.ERROR)]


def test_tar_archives_behind_one_another_are_all_read_and_a_cut_header_is_told(tmp_path):
    archive = ARCHIVES["tar"]({"a": raw(1)})
    assert read(write(tmp_path / "two", archive + archive)) == ([raw(1), raw(1)], [])
    studies, problems = read(write(tmp_path / "cut", archive + archive[:700]))
    assert studies == [raw(1)]
    assert [problem.code for problem in problems] == ["damaged"]


def test_member_names_are_labels_only(tmp_path):
    evil = {"../../../etc/passwd": raw(1), "/abs/olute": raw(2), "new\nline\x1b[31m": raw(3)}
    target = tmp_path / "in" / "side"
    for name in ("zip", "tar"):
        studies, problems = read(write(target / name, ARCHIVES[name](evil)))
        assert (studies, problems) == ([raw(1), raw(2), raw(3)], [])
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["in", "side", "tar", "zip"]
    members = [piece.where.member for piece in read_source(target / "zip")]
    assert all(member.isprintable() for member in members)


@pytest.mark.parametrize("layout", ["ndjson", "array", "page, compact", "array, pretty"])
def test_a_study_beyond_the_limit_is_a_problem_and_the_rest_goes_on(tmp_path, monkeypatch, layout):
    monkeypatch.setattr(json_stream, "CHUNK", 4096)
    huge = raw(2, resultsSection={"text": "x" * 100_000})
    raws = [raw(1), huge, raw(3), raw(4)]
    studies, problems = read(write(tmp_path / "file", LAYOUTS[layout](raws)), study_bytes=20_000)
    found = [orjson.loads(one) for one in studies]
    assert found == [record(1), record(3), record(4)]
    assert [problem.code for problem in problems] == ["too-large"]


def test_bombs_are_stopped(tmp_path):
    bomb = zipfile_of(b" " * 60_000_000)
    for content in (bomb, PACKERS["gzip"](b"[" + b" " * 60_000_000), zstd(b" " * 60_000_000)):
        studies, problems = read(write(tmp_path / "file", content), expansion_floor=1 << 20)
        assert studies == []
        assert [problem.code for problem in problems] == ["expands-too-much"]


def zipfile_of(content: bytes) -> bytes:
    return ARCHIVES["zip"]({"bomb.json": content})


def test_an_encrypted_or_exotic_member_is_a_problem(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.json", raw(1))
        archive.writestr("b.json", raw(2))
    content = bytearray(out.getvalue())
    directory = content.index(b"PK\x01\x02")
    content[directory + 8] |= 1
    second = content.index(b"PK\x01\x02", directory + 4)
    content[second + 10] = 99
    studies, problems = read(write(tmp_path / "file", bytes(content)))
    assert studies == []
    assert [problem.code for problem in problems] == ["damaged", "damaged"]


def test_a_zip64_archive_behind_other_bytes_is_read(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open("a.json", "w", force_zip64=True) as member:
        member.write(raw(1))
    studies, problems = read(write(tmp_path / "file", b"PK\x03\x04 shell stub " + out.getvalue()))
    assert (studies, problems) == ([raw(1)], [])


def test_progress_only_grows_and_ends_at_the_size(tmp_path):
    for number in range(3):
        write(tmp_path / f"{number}.zip", ARCHIVES["zip"]({"a": raw(number + 1)}))
    progress = Progress()
    seen = [progress.done for _ in read_source(tmp_path, progress=progress)]
    assert seen == sorted(seen)
    assert progress.done == sum(file.stat().st_size for file in tmp_path.iterdir())


def test_limits_are_positive():
    with pytest.raises(ValueError, match="positive"):
        Limits(nesting=0)


@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
            lambda below: (
                st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=4), below, max_size=3)
            ),
            max_leaves=12,
        ).map(lambda value: {"protocolSection": value}),
        min_size=1,
        max_size=4,
    ),
    st.integers(1, 40),
    st.sampled_from([None, 1]),
)
def test_any_objects_in_an_array_are_cut_at_their_ends(values, step, indent):
    text = json.dumps(values, indent=indent, ensure_ascii=False).encode("utf-8", "replace")
    from trialist.errors import Where

    class Dripping:
        def __init__(self) -> None:
            self.file = io.BytesIO(text)

        def read(self, size: int, /) -> bytes:
            return self.file.read(min(size, step))

    scan = json_stream._Scan(Stream(Dripping()), Where(), Limits())
    pieces = [piece for piece in scan.run() if isinstance(piece, Found)]
    assert [orjson.loads(piece.raw) for piece in pieces] == orjson.loads(text)


def test_studies_glued_together_by_damage_are_told_apart(tmp_path):
    """A line end and the end of a study got lost together."""
    glued = raw(1)[:-25] + b"," + raw(2) + b"," + raw(3)[:-1] + b"}"
    studies, problems = read(write(tmp_path / "file", raw(7) + b"\n" + glued + b"\n" + raw(8)))
    assert studies == [raw(7), raw(2), raw(3), raw(8)]
    assert [(problem.code, problem.where.nct_id) for problem in problems] == [("invalid-json", "NCT99000001")]
    assert problems[0].where.position == len(raw(7)) + 1


V1 = {
    "Rank": 1,
    "Study": {
        "ProtocolSection": {
            "IdentificationModule": {
                "NCTId": "NCT99000001",
                "BriefTitle": "[Invented] A study of before 2024",
            },
            "ConditionsModule": {"ConditionList": {"Condition": ["Graft Versus Host Disease"]}},
        }
    },
}


@pytest.mark.parametrize(
    "envelope",
    [
        V1,
        {"FullStudy": V1},
        [V1],
        {"FullStudiesResponse": {"APIVrs": "1.01.05", "DataVrs": "2023:01:01", "NStudiesFound": 1, "FullStudies": [V1]}},
        {"FullStudiesResponse": {"FullStudies": [V1], "NStudiesFound": 1}},
    ],
)  # fmt: skip
@pytest.mark.parametrize("indent", [None, 2])
def test_the_json_of_before_2024_is_read_in_all_its_envelopes(tmp_path, envelope, indent):
    studies, problems = read(write(tmp_path / "file", json.dumps(envelope, indent=indent).encode()))
    assert problems == []
    (study,) = map(orjson.loads, studies)
    assert study["protocolSection"]["identificationModule"]["nctId"] == "NCT99000001"
    assert study["protocolSection"]["conditionsModule"]["conditions"] == ["Graft Versus Host Disease"]


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        (b'{"study": {"study": ' + raw(1) + b"}}", [raw(1)]),
        (b'{"study":' + raw(1) + b', "nctId": "NCT99000001"}', [raw(1)]),
        (b'{"at": 1, "studies": [' + raw(1) + b", 3]}", [raw(1)]),
        (b'{"x": {"y": 1}, "studies": [' + raw(1) + b", 3]}", [raw(1)]),
        (b"[" * 300 + b"]" * 300, []),
        (b'{"studies": [' + b'{"protocolSection":' * 600 + b"1" + b"}" * 600 + b"]}", []),
    ],
)
def test_envelopes_inside_envelopes(tmp_path, text, expect):
    studies, _ = read(write(tmp_path / "file", text))
    assert [orjson.loads(one) for one in studies][: len(expect)] == [orjson.loads(one) for one in expect]


def test_a_file_of_blanks_and_a_study_far_behind_them(tmp_path):
    assert [problem.code for problem in read(write(tmp_path / "a", b" \n" * 9000))[1]] == ["empty"]
    assert read(write(tmp_path / "b", b" \n" * 9000 + raw(1))) == ([raw(1)], [])


def test_zip_directories_that_lie(tmp_path):
    content = ARCHIVES["zip"]({"a.json": raw(1), "b.json": raw(2)})
    at_end = content.rindex(b"PK\x05\x06")
    lies = {
        "cut off in the directory": content[: at_end - 30] + content[at_end:],
        "a directory that is none": content[:at_end].replace(b"PK\x01\x02", b"PK\x09\x09") + content[at_end:],
        "more entries than there are": content[: at_end + 10] + b"\xff\x00" + content[at_end + 12 :],
        "a header elsewhere": content.replace(b"PK\x03\x04", b"PK\x03\x05")[:4].replace(
            b"PK\x03\x05", b"PK\x03\x04"
        )
        + content[4:at_end].replace(b"PK\x03\x04", b"PK\x03\x09")
        + content[at_end:],
        "a directory before its archive": content[:at_end]
        + content[at_end : at_end + 16]
        + b"\xff\xff\xff\x0f\x00\x00",
    }
    for number, (name, lie) in enumerate(lies.items()):
        _, problems = read(write(tmp_path / str(number), lie))
        assert {problem.code for problem in problems} == {"damaged"}, name
