import io
import shutil
import subprocess
import tracemalloc
import zipfile

import orjson
import pytest

from trialist.registry import download
from trialist.registry.download import ZipMember, study_member, zip_stream
from trialist.sources.read import read_source

from support.records import raw


def opened(pieces):
    return zipfile.ZipFile(io.BytesIO(b"".join(pieces)))


def test_an_archive_holds_each_study_byte_for_byte():
    members = [study_member(f"NCT99{number:06d}", raw(number)) for number in range(300)]
    with opened(zip_stream(members)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"NCT99{number:06d}.json" for number in range(300)]
        assert all(archive.read(member.name) == member.content for member in members)
        assert archive.infolist()[0].compress_size < len(members[0].content)


def test_the_whole_registry_has_folders_by_the_last_two_digits():
    assert study_member("NCT99000123", b"{}", in_folders=True).name == "23/NCT99000123.json"


def test_an_archive_of_nothing_is_one():
    with opened(zip_stream([])) as archive:
        assert archive.namelist() == []


def test_the_same_studies_give_the_same_bytes_a_study_a_piece():
    members = [study_member(f"NCT99{number:06d}", raw(number)) for number in range(20)]
    pieces = list(zip_stream(members))
    assert pieces == list(zip_stream(iter(members)))
    assert len(pieces) == 20 + 2
    assert pieces[0].startswith(b"PK\3\4")


def test_the_first_piece_comes_before_the_second_study_is_asked_for():
    asked = []

    def members():
        for number in range(3):
            asked.append(number)
            yield study_member(f"NCT99{number:06d}", raw(number))

    next(zip_stream(members()))
    assert asked == [0]


def test_more_files_than_the_old_format_counts():
    names = [f"{number % 100:02d}/NCT{number:08d}.json" for number in range(70_000)]
    with opened(zip_stream((ZipMember(name, b"{}") for name in names), level=1)) as archive:
        assert archive.namelist() == names
        assert archive.read(names[-1]) == b"{}"


def test_an_archive_larger_than_the_old_format_can_point_into(monkeypatch, tmp_path):
    """The limit lowered, so that the far entries of the 64-bit form can be made without 4 GiB."""
    monkeypatch.setattr(download, "_MOST_32", 20_000)
    members = [study_member(f"NCT99{number:06d}", raw(number)) for number in range(200)]
    pieces = b"".join(zip_stream(members))
    assert pieces.count(b"\1\0\x08\0") >= 50  # the extra field of a far entry
    assert b"PK\6\6" in pieces
    assert b"PK\6\7" in pieces
    # Readers only look into the 64-bit records where the old fields say so.
    far = pieces.replace((20_000).to_bytes(4, "little"), b"\xff\xff\xff\xff")
    with zipfile.ZipFile(io.BytesIO(far)) as archive:
        assert archive.testzip() is None
        assert [archive.read(member.name) for member in members] == [member.content for member in members]


@pytest.mark.skipif(shutil.which("unzip") is None, reason="there is no unzip here")
def test_another_program_reads_it(tmp_path):
    file = tmp_path / "a.zip"
    file.write_bytes(b"".join(zip_stream([study_member("NCT99000001", raw(1), in_folders=True)])))
    done = subprocess.run(["unzip", "-t", file], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode()


def test_memory_is_that_of_one_study_and_the_directory():
    one = orjson.dumps({"text": "x" * 200_000})
    members = (study_member(f"NCT{number:08d}", one) for number in range(1, 3001))
    tracemalloc.start()
    total = sum(map(len, zip_stream(members, level=1)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total > 2_000_000
    assert peak < 2_500_000


def test_what_is_written_can_be_loaded_again(tmp_path):
    file = tmp_path / "ctg-studies.json.zip"
    file.write_bytes(
        b"".join(zip_stream(study_member(f"NCT99{n:06d}", raw(n), in_folders=True) for n in range(5)))
    )
    assert [found.raw for found in read_source(file)] == [raw(n) for n in range(5)]


@pytest.mark.parametrize("name", ["", "/x.json", "ü.json"])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(ValueError, match="not a name"):
        ZipMember(name, b"")
