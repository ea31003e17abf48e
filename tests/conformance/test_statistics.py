"""Statistics of an index against a plain scan over the records."""

import math

import orjson
import pytest

from trialist.demo import generate_study
from trialist.errors import InvalidParameterError, NotBuiltError, UnknownFieldError
from trialist.index.digesting import write_digests
from trialist.index.digests import date_code, date_text, open_digests
from trialist.query.live import live_message
from trialist.query.statistics import list_fields, statistical_fields
from trialist.record.catalogue import fields_by_piece
from trialist.registry import statistics as registry_statistics
from trialist.registry.indexing import build_search_index
from trialist.registry.statistics import Statistics, prepare_statistics

from support.loading import load, settings
from support.scanned import Scanned
from support.shared import REGISTRY, SHARED, iter_lines, needs_shared

RECORDINGS = SHARED / "spec" / "api-v2" / "recordings"


def number_of(record):
    return int(record["protocolSection"]["identificationModule"]["nctId"][3:])


def odd_study():
    """Values that no enumeration, date or number has."""
    found = generate_study(9000)
    protocol = found["protocolSection"]
    protocol["statusModule"] |= {
        "overallStatus": "FROBNICATING",
        "startDateStruct": {"date": "soon"},
        "completionDateStruct": {"date": "2031"},
    }
    protocol["designModule"] |= {"phases": ["PHASE9", "PHASE1", 7], "enrollmentInfo": {"count": "many"}}
    protocol["identificationModule"]["briefTitle"] = "é" * 4000
    protocol["conditionsModule"] = {"conditions": ["ß" * 500, "Graft Versus Host Disease", "ß" * 500]}
    return found


def write(file, records):
    file.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    return file


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A registry in two segments, with studies that changed and one that has gone, and its records."""
    directory = tmp_path_factory.mktemp("statistics")
    registry = directory / "registry"
    records = {number: generate_study(number) for number in range(400)}
    load(registry, write(directory / "all.ndjson", [*records.values(), odd_study()]), is_full=True)
    build_search_index(settings(registry))
    for number in range(0, 60, 3):
        changed = generate_study(number)
        protocol = changed["protocolSection"]
        protocol["statusModule"]["lastUpdatePostDateStruct"] = {"date": "2039-01-01", "type": "ACTUAL"}
        protocol["conditionsModule"] = {"conditions": [f"Changed condition {number % 4}", "Graft Failure"]}
        protocol["identificationModule"]["acronym"] = "CHANGED"
        records[number] = changed
    del records[7]
    load(registry, write(directory / "then.ndjson", [*records.values(), odd_study()]), is_full=True)
    built = build_search_index(settings(registry))
    assert (built.kind, built.segments) == ("added", 2)
    by_number = {number_of(record): record for record in [*records.values(), odd_study()]}
    return registry, by_number


def assert_told(ours, judged):
    if "avg" in judged:
        assert math.isclose(ours["avg"], judged["avg"], rel_tol=1e-12)
        judged["avg"] = ours["avg"]
    assert ours == judged


def test_every_field_is_told_as_a_scan_tells_it(opened):
    registry, records = opened
    told = {one["piece"]: one for one in Statistics(registry).field_values()}
    assert list(told) == [field.piece for field in statistical_fields()]
    assert len(told) == 418
    scanned = Scanned(records)
    for piece, ours in told.items():
        assert_told(ours, scanned.values(piece))
    assert told["OverallStatus"]["topValues"][-1]["value"] == "FROBNICATING"
    assert told["LocationCountryCode"]["missingStudiesCount"] == len(records)


def test_every_list_is_told_as_a_scan_tells_it(opened):
    registry, records = opened
    told = Statistics(registry).field_sizes()
    assert [one["piece"] for one in told] == [field.piece for field in list_fields()]
    assert len(told) == 71
    scanned = Scanned(records)
    for ours in told:
        assert ours == scanned.sizes(ours["piece"])


def test_sizes_are_those_of_the_json(opened):
    registry, records = opened
    sizes = {f"NCT{number:08d}": len(orjson.dumps(record)) for number, record in records.items()}
    told = Statistics(registry).size()
    assert told["totalStudies"] == len(sizes)
    assert told["averageSizeBytes"] == round(sum(sizes.values()) / len(sizes))
    ordered = sorted(sizes.values())
    for share, size in told["percentiles"].items():
        assert size == ordered[math.ceil(int(share) / 100 * len(ordered)) - 1]
    largest = sorted(sizes, key=lambda nct_id: (-sizes[nct_id], nct_id))[:10]
    assert told["largestStudies"] == [{"id": one, "sizeBytes": sizes[one]} for one in largest]
    assert sum(one["studiesCount"] for one in told["ranges"]) == len(sizes)
    for one in told["ranges"]:
        low, high = map(int, one["sizeRange"].split("-"))
        assert one["studiesCount"] == sum(low <= size <= high for size in sizes.values())


def test_types_and_fields_narrow_what_is_told(opened):
    statistics = Statistics(opened[0])
    assert {one["type"] for one in statistics.field_values(["ENUM", "DATE"])} == {"ENUM", "DATE"}
    assert statistics.field_values(["NUMBER"]) == []
    named = statistics.field_values(None, ["protocolSection.designModule.phases", "OverallStatus"])
    assert [one["piece"] for one in named] == ["OverallStatus", "Phase"]
    assert statistics.field_values(["DATE"], ["Phase"]) == []
    assert [one["piece"] for one in statistics.field_sizes(["Location", "Phase"])] == ["Phase", "Location"]


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (
            lambda one: one.field_values(None, ["Phase", "BogusPiece"]),
            "Unknown piece name of field path: BogusPiece",
        ),
        (lambda one: one.field_values(None, ["Location"]), "Unknown piece name of field path: Location"),
        (lambda one: one.field_sizes(["OverallStatus"]), "No field list sizes for `OverallStatus` field"),
        (lambda one: one.field_sizes(["BogusPiece"]), "Unknown piece name of field path: BogusPiece"),
    ],
)
def test_what_has_no_statistics_is_refused_in_the_registry_s_words(opened, ask, message):
    with pytest.raises(UnknownFieldError) as caught:
        ask(Statistics(opened[0]))
    assert live_message(caught.value) == message


def test_a_type_that_is_none_is_refused(opened):
    with pytest.raises(InvalidParameterError) as caught:
        Statistics(opened[0]).field_values(["FOO"])
    assert "`types`: `FOO`" in live_message(caught.value)


def test_what_was_computed_is_kept_and_what_is_of_another_index_is_not_used(opened):
    registry, _ = opened
    prepare_statistics(registry)
    kept = registry / "index" / "statistics.json.zst"
    before = kept.stat().st_mtime_ns
    told = Statistics(registry).field_values()
    assert kept.stat().st_mtime_ns == before
    kept.write_bytes(b"rubbish")
    assert Statistics(registry).field_values() == told
    assert kept.stat().st_mtime_ns != before
    first = Statistics(registry)
    for segment in first._index.segments:
        (segment.directory / "digests.bin").unlink()
    kept.unlink()
    assert Statistics(registry).field_values() == told


def test_a_registry_that_cannot_be_written_to_is_told_of_all_the_same(opened, monkeypatch):
    registry, _ = opened
    told = Statistics(registry).field_values()
    segments = Statistics(registry)._index.segments
    kept = registry / "index" / "statistics.json.zst"
    kept.unlink()
    for segment in segments:
        (segment.directory / "digests.json").unlink()

    def refused(source, segment, directory, *, workers):
        if directory == segment.directory:
            raise PermissionError(13, "read-only")
        write_digests(source, segment, directory, workers=workers)

    monkeypatch.setattr(registry_statistics, "write_digests", refused)
    monkeypatch.setattr(registry_statistics, "_FILE", "no/such/folder")
    assert Statistics(registry).field_values() == told
    assert all(open_digests(segment.directory) is None for segment in segments)
    assert not kept.exists()


def test_without_an_index_there_are_no_statistics(tmp_path):
    with pytest.raises(NotBuiltError):
        Statistics(tmp_path)


@pytest.mark.parametrize(
    "text", ["2022", "2022-06", "2022-06-30", "1900-01", "2020-05-06T18:45", "2020-01-01T00:00"]
)
def test_a_date_comes_back_from_its_number(text):
    assert date_text(date_code(text)) == text


def test_what_is_no_date_has_no_number():
    assert date_code("soon") is None
    assert date_code("2022-13") is None


@needs_shared
def test_the_shape_is_that_of_recorded_answers(opened):
    """Same keys in the same order, values of the same types; the figures are of other studies."""
    statistics = Statistics(opened[0])
    files = sorted(RECORDINGS.glob("field-values.*.json"))
    assert len(files) == 4
    for file in files:
        for recorded in orjson.loads(file.read_bytes()):
            (ours,) = statistics.field_values(None, [recorded["field"]])
            assert list(ours) == list(recorded)
            assert {key: type(value) for key, value in ours.items()} == {
                key: type(value) for key, value in recorded.items()
            }
            assert (ours["type"], ours["piece"]) == (recorded["type"], recorded["piece"])
            if "topValues" in recorded:
                assert [list(one) for one in ours["topValues"]] == [
                    list(one) for one in recorded["topValues"]
                ]


@needs_shared
@pytest.mark.heavy
def test_real_studies_are_told_as_a_scan_tells_them(tmp_path):
    registry = tmp_path / "registry"
    load(registry, REGISTRY / "studies.v2.ndjson.zst", is_full=True)
    build_search_index(settings(registry))
    records = {
        number_of(record): record
        for record in map(orjson.loads, iter_lines(REGISTRY / "studies.v2.ndjson.zst"))
    }
    statistics = Statistics(registry)
    scanned = Scanned(records)
    for ours in statistics.field_values():
        assert_told(ours, scanned.values(ours["piece"]))
    for ours in statistics.field_sizes():
        assert ours == scanned.sizes(ours["piece"])
    assert fields_by_piece()["NumArmGroups"].indexed_only
