import os
import sqlite3
import threading
from contextlib import closing

import orjson
import pytest

from trialist.errors import (
    InvalidParameterError,
    Level,
    NotBuiltError,
    RegistryBusyError,
    SourceUnreadableError,
    StoreWriteError,
    StudyNotFoundError,
)
from trialist.registry.load import LoadProgress, load_demo
from trialist.registry.registry import Registry
from trialist.store import SqliteWriter
from trialist.store.packing import is_same_json, text_hash

from support.layouts import write
from support.loading import NOON, load, logical_content, settings
from support.records import raw, record, updated


def held(day: str, number: int = 1, **more: object) -> bytes:
    """A record of the registry's data of a day."""
    return orjson.dumps(
        {**record(number, **more), "derivedSection": {"miscInfoModule": {"versionHolder": day}}}
    )


@pytest.fixture
def source(tmp_path):
    """Write lines into a new file."""
    count = iter(range(100))

    def make(*raws: bytes):
        return write(tmp_path / f"source-{next(count)}", b"\n".join(raws))

    return make


def test_a_study_is_kept_byte_for_byte_and_found_by_any_spelling(registry_dir, source):
    odd = b'{ "protocolSection":{"identificationModule" : {"nctId":"NCT99000007"}},"x":1.50 }'
    done = load(registry_dir, source(odd, raw(1)))
    assert (done.counts.added, done.counts.read, done.state) == (2, 2, "finished")
    with Registry(registry_dir) as registry:
        assert registry.get("NCT99000007").raw == odd
        assert registry.get("nct99000007").study.nct_id == "NCT99000007"
        assert [study.nct_id for study in registry.scan()] == ["NCT99000001", "NCT99000007"]
        assert registry.verify().is_sound


def test_loading_the_same_again_changes_nothing(registry_dir, source):
    file = source(raw(1), raw(2))
    load(registry_dir, file)
    before = logical_content(registry_dir)["studies"]
    again = load(registry_dir, file)
    assert (again.number, again.counts.unchanged, again.counts.added) == (2, 2, 0)
    after = logical_content(registry_dir)
    assert [row[:2] for row in after["studies"]] == [row[:2] for row in before]
    assert len(after["versions"]) == 2


def test_the_same_json_in_another_layout_is_the_same_version(registry_dir, source):
    load(registry_dir, source(raw(1)))
    shuffled = orjson.dumps(dict(reversed(record(1).items())))
    assert load(registry_dir, source(shuffled)).counts.unchanged == 1
    with Registry(registry_dir) as registry:
        assert registry.get("NCT99000001").raw == raw(1)


def test_the_newer_update_wins_in_any_order_and_the_older_stays(registry_dir, source):
    new, old = updated(1, "2026-03-01", "new"), updated(1, "2025-12-31", "old")
    load(registry_dir, source(raw(1)))
    assert load(registry_dir, source(new)).counts.updated == 1
    assert load(registry_dir, source(old)).counts.older == 1
    with Registry(registry_dir) as registry:
        assert registry.get("NCT99000001").raw == new
        versions = registry.versions("NCT99000001")
        assert [version.last_update_post_date for version in versions] == [
            "2025-12-31",
            "2026-01-01",
            "2026-03-01",
        ]
        assert [version.is_current for version in versions] == [False, False, True]
        assert [version.number for version in versions] == [1, 2, 3]
        assert registry.get_version("NCT99000001", 1).raw == old
        with pytest.raises(InvalidParameterError) as caught:
            registry.get_version("NCT99000001", 4)
        assert "1 to 3" in caught.value.hint
        assert registry.verify().is_sound


def test_among_equal_dates_the_one_seen_last_is_current(registry_dir, source):
    one, two = updated(1, "2026-01-01", "one"), updated(1, "2026-01-01", "two")
    load(registry_dir, source(one, two))
    with Registry(registry_dir) as registry:
        assert registry.get("NCT99000001").raw == two
    assert load(registry_dir, source(one)).counts.updated == 1
    with Registry(registry_dir) as registry:
        assert registry.get("NCT99000001").raw == one
        assert len(registry.versions("NCT99000001")) == 2


def test_the_day_of_the_data_makes_no_version_but_keeps_the_latest_bytes(registry_dir, source):
    load(registry_dir, source(held("2026-02-18")))
    assert load(registry_dir, source(held("2026-03-18"))).counts.unchanged == 1
    assert load(registry_dir, source(held("2026-01-18"))).counts.unchanged == 1
    with Registry(registry_dir) as registry:
        assert registry.get("NCT99000001").raw == held("2026-03-18")
        assert len(registry.versions("NCT99000001")) == 1
        assert registry.verify().is_sound


def test_among_equal_updates_the_later_day_of_data_is_current(registry_dir, source):
    load(registry_dir, source(held("2026-03-18", why="later")))
    assert load(registry_dir, source(held("2026-02-18", why="earlier"))).counts.older == 1
    with Registry(registry_dir) as registry:
        assert registry.get("NCT99000001").study.record["why"] == "later"


def test_only_the_day_of_the_data_at_its_place_is_passed_over():
    one, two = held("2026-01-01"), held("2026-01-02")
    assert text_hash(one, "2026-01-01") == text_hash(two, "2026-01-02")
    assert is_same_json(one, two)
    for record_one, record_two in (
        ({"a": 1}, {"a": 1.0}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"versionHolder": "a"}, {"versionHolder": "b"}),
        ({"derivedSection": {"miscInfoModule": 3}}, {"derivedSection": {"miscInfoModule": {"x": 1}}}),
    ):
        texts = orjson.dumps(record_one), orjson.dumps(record_two)
        assert not is_same_json(*texts)
        assert text_hash(texts[0], "") != text_hash(texts[1], "")
    twice = [held(day, versionHolder=day) for day in ("2026-01-01", "2026-01-02")]
    assert text_hash(twice[0], "2026-01-01") != text_hash(twice[1], "2026-01-02")
    assert is_same_json(b'{"a": 1, "b": 2}', b'{"b":2,"a":1}')


def test_a_study_is_found_by_its_current_aliases_only(registry_dir, source):
    def aliased(day: str, *aliases: str) -> bytes:
        found = orjson.loads(updated(1, day))
        found["protocolSection"]["identificationModule"]["nctIdAliases"] = list(aliases)
        return orjson.dumps(found)

    load(registry_dir, source(aliased("2026-01-01", "NCT98000001", "NCT98000002")))
    load(registry_dir, source(aliased("2026-02-01", "NCT98000002")))
    with Registry(registry_dir) as registry:
        assert registry.get("NCT98000002").nct_id == "NCT99000001"
        assert registry.versions("NCT98000002")[0].nct_id == "NCT99000001"
        with pytest.raises(StudyNotFoundError):
            registry.get("NCT98000001")
        assert registry.stats().aliases == 1
        assert registry.verify().is_sound


def test_studies_that_a_full_load_lacks_are_marked_and_unmarked(registry_dir, source):
    load(registry_dir, source(raw(1), raw(2), raw(3)))
    done = load(registry_dir, source(raw(1)), is_full=True)
    assert done.counts.missing == 2
    with Registry(registry_dir) as registry:
        assert registry.get("NCT99000002").missing_since == done.number
        assert [study.nct_id for study in registry.scan(with_missing=False)] == ["NCT99000001"]
        assert len(list(registry.scan())) == 3
        assert registry.stats().missing == 2
    again = load(registry_dir, source(raw(1), raw(2)), is_full=True)
    assert again.counts.missing == 0
    with Registry(registry_dir) as registry:
        assert registry.get("NCT99000002").missing_since is None
        assert registry.get("NCT99000003").missing_since == done.number
    load(registry_dir, source(raw(3)))
    with Registry(registry_dir) as registry:
        assert registry.get("NCT99000003").missing_since is None


def test_a_damaged_study_is_not_missing_and_damage_without_a_name_stops_the_marking(registry_dir, source):
    load(registry_dir, source(raw(1), raw(2), raw(3)))
    done = load(registry_dir, source(raw(1), raw(2)[:-9]), is_full=True)
    assert (done.counts.missing, done.counts.rejected) == (1, 1)
    with Registry(registry_dir) as registry:
        assert registry.get("NCT99000002").missing_since is None
    done = load(registry_dir, source(raw(1), b'{"protocolSection": '), is_full=True)
    assert done.counts.missing == 0


def test_odd_things_are_counted_once_a_path_and_bad_ones_are_listed(registry_dir, source):
    odd = [raw(number, moon=1) for number in range(5)]
    bad = orjson.dumps({**record(7), "hasResults": "no"})
    done = load(registry_dir, source(*odd, bad, b"{"))
    assert done.counts.problems == {
        (Level.ERROR, "invalid-json"): 1,
        (Level.INFO, "unknown-field"): 5,
        (Level.WARNING, "wrong-type"): 1,
    }
    with Registry(registry_dir) as registry:
        found = list(registry.problems(done.number))
        assert sorted((item.problem.code, item.count) for item in found) == [
            ("invalid-json", 1),
            ("unknown-field", 5),
            ("wrong-type", 1),
        ]
        assert list(registry.problems()) == found
        with pytest.raises(InvalidParameterError):
            registry.problems(99)


class StopError(Exception):
    pass


def test_an_interrupted_load_goes_on_and_ends_as_if_undisturbed(registry_dir, tmp_path, source):
    raws = [raw(number, moon=1) if number % 50 == 0 else raw(number) for number in range(2000)]
    raws[1200] = b'{"broken'
    file = source(*raws)
    load(tmp_path / "undisturbed", file)
    seen = []

    def stop_after_two(progress: LoadProgress) -> None:
        seen.append(progress.load.taken)
        if len(seen) in (2, 3):
            raise StopError

    for _ in range(2):
        with pytest.raises(StopError):
            load(registry_dir, file, report=stop_after_two)
    with Registry(registry_dir) as registry:
        assert registry.loads()[0].state == "running"
        assert (seen[-1], registry.stats().studies) == (1536, 1535)
    done = load(registry_dir, file, report=stop_after_two)
    assert (done.number, done.counts.added) == (1, 1999)
    assert logical_content(registry_dir) == logical_content(tmp_path / "undisturbed")


def test_another_load_abandons_an_unfinished_one(registry_dir, source):
    def stop(_: LoadProgress) -> None:
        raise StopError

    with pytest.raises(StopError):
        load(registry_dir, source(raw(1)), report=stop)
    load(registry_dir, source(raw(2)))
    with Registry(registry_dir) as registry:
        assert [one.state for one in registry.loads()] == ["abandoned", "finished"]


def test_workers_give_the_same_store_as_one_process(registry_dir, tmp_path, source, monkeypatch):
    from trialist.registry import load as module

    file = source(*(raw(number, moon=number % 3) for number in range(900)), b"{")
    load(registry_dir, file)
    monkeypatch.setattr(module, "_SERIAL_BELOW", 0)
    load(tmp_path / "parallel", file, workers=2)
    assert logical_content(registry_dir) == logical_content(tmp_path / "parallel")


def test_progress_is_reported_in_bytes(registry_dir, source):
    reports: list[LoadProgress] = []
    file = source(*(raw(number) for number in range(1500)))
    load(registry_dir, file, report=reports.append)
    assert [progress.load.taken for progress in reports] == [512, 1024, 1500]
    assert reports[-1].done == reports[-1].total == file.stat().st_size
    assert reports[0].unit == "B"


def test_a_dictionary_is_trained_and_used_by_later_loads(registry_dir, source):
    load(registry_dir, source(*(raw(number) for number in range(300))))
    load(registry_dir, source(*(raw(number) for number in range(300, 400))))
    with closing(sqlite3.connect(registry_dir / "studies.sqlite")) as connection:
        assert connection.execute("SELECT dictionary_id, count(*) FROM content GROUP BY 1").fetchall() == [
            (1, 400)
        ]
    with Registry(registry_dir) as registry:
        assert registry.get("NCT99000350").raw == raw(350)


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("NCT99000012", "NCT99000021"),
        ("NCT99000022", "NCT99000021"),
        ("NCT9900021", "NCT99000021"),
        ("99000021", "NCT99000021"),
        ("NCT12345678", "NCT99000001"),
    ],
)
def test_unknown_ids_get_the_nearest_known_ones(registry_dir, source, typed, near):
    load(registry_dir, source(raw(1), raw(21), raw(500)))
    with Registry(registry_dir) as registry, pytest.raises(StudyNotFoundError) as caught:
        registry.get(typed)
    assert near in caught.value.nearest
    assert len(set(caught.value.nearest)) == len(caught.value.nearest) <= 5


def test_what_is_no_id_at_all_is_not_found(registry_dir, source):
    load(registry_dir, source(raw(1)))
    with Registry(registry_dir) as registry:
        for text in ("", "foo", "NCT", "' OR 1=1 --", "NCT00000000", "Ⅷ"):
            with pytest.raises(StudyNotFoundError):
                registry.get(text)


def test_nothing_to_load_is_said_clearly(registry_dir, source, tmp_path):
    with pytest.raises(InvalidParameterError, match="nothing to load"):
        load(registry_dir)
    with pytest.raises(SourceUnreadableError, match="no study could be read from"):
        load(registry_dir, source(b"a,b\n"))
    with pytest.raises(SourceUnreadableError, match="no study"):
        load(registry_dir, write(tmp_path / "folder" / "x", b"").parent)
    with pytest.raises(SourceUnreadableError, match="No such file"):
        load(tmp_path / "other", source(raw(1)), tmp_path / "gone")
    assert not (tmp_path / "other").exists()


def test_a_source_whose_name_is_no_text_is_loaded_all_the_same(registry_dir, tmp_path):
    file = write(tmp_path / os.fsdecode(b"caf\xe9\x1b[31m.json"), raw(1) + b"\n{")
    done = load(registry_dir, file)
    assert (done.counts.added, done.counts.rejected) == (1, 1)
    with Registry(registry_dir) as registry:
        (stored,) = registry.problems(done.number)
        assert stored.problem.where.source.isprintable()
        assert "caf" in stored.problem.where.source


def test_there_must_be_a_registry_to_read(tmp_path):
    with pytest.raises(NotBuiltError, match="no registry"):
        Registry(tmp_path)
    (tmp_path / "studies.sqlite").write_bytes(b"")
    with pytest.raises(NotBuiltError, match="never finished"):
        Registry(tmp_path)


def test_a_registry_of_another_layout_is_not_touched(registry_dir, source):
    load(registry_dir, source(raw(1)))
    with closing(sqlite3.connect(registry_dir / "studies.sqlite")) as connection, connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    with pytest.raises(NotBuiltError, match="another version"):
        Registry(registry_dir)
    with pytest.raises(NotBuiltError, match="another version"):
        load(registry_dir, source(raw(2)))


def test_a_file_that_is_no_database_is_said_to_be_damaged(registry_dir, source):
    write(registry_dir / "studies.sqlite", b"x" * 5000)
    with pytest.raises(StoreWriteError, match="damaged"):
        Registry(registry_dir)


def test_a_registry_cannot_be_made_below_a_file(tmp_path, source):
    write(tmp_path / "file", b"")
    with pytest.raises(StoreWriteError, match="cannot open"):
        load(tmp_path / "file" / "registry", source(raw(1)))


def test_one_writer_at_a_time(registry_dir, source):
    load(registry_dir, source(raw(1)))
    with SqliteWriter(registry_dir), pytest.raises(RegistryBusyError, match="another process is writing"):
        load(registry_dir, source(raw(2)))
    assert load(registry_dir, source(raw(2))).counts.added == 1


def test_readers_see_whole_batches_only(registry_dir, source):
    file = source(*(raw(number) for number in range(12_000)))
    stop = threading.Event()
    seen: list[tuple[int, int]] = []

    def watch() -> None:
        while not stop.is_set():
            try:
                with Registry(registry_dir) as registry:
                    count = sum(1 for _ in registry.scan())
                    if loads := registry.loads():
                        seen.append((count, loads[0].taken))
            except NotBuiltError:
                continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    load(registry_dir, file)
    stop.set()
    watcher.join()
    assert len(seen) > 3
    assert all(count % 512 == 0 or count == 12_000 for count, _ in seen)
    assert all(count <= taken for count, taken in seen)


DAMAGES = {
    "UPDATE content SET packed = zeroblob(20)": "cannot be read",
    "UPDATE content SET packed = (SELECT packed FROM content WHERE version_id = 2) WHERE version_id = 1": "that of NCT99000002",
    "DELETE FROM content WHERE version_id = 1": "record is missing",
    "UPDATE version SET size = 3 WHERE version_id = 1": "not what was stored",
    "UPDATE version SET last_update_post_date = '2001-01-01' WHERE version_id = 1": "its date is",
    "UPDATE study SET version_id = 2 WHERE nct_number = 99000001": "not its latest",
    "DELETE FROM study WHERE nct_number = 99000001": "belongs to no study",
    "INSERT INTO alias VALUES (5, 99000001)": "aliases",
    "INSERT INTO alias VALUES (5, 7)": "not a current study",
    "INSERT INTO content VALUES (77, 0, x'00')": "belong to no version",
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_verify_finds_every_kind_of_damage(registry_dir, source, damage):
    load(registry_dir, source(raw(1), raw(2)))
    with closing(sqlite3.connect(registry_dir / "studies.sqlite")) as connection, connection:
        connection.execute(damage)
    with Registry(registry_dir) as registry:
        report = registry.verify()
    assert not report.is_sound
    assert any(DAMAGES[damage] in finding for finding in report.findings), report.findings


def test_the_demo_is_loaded_and_refuses_nonsense(registry_dir):
    done = load_demo(30, settings(registry_dir), lambda: NOON, seed=3)
    assert (done.counts.added, done.counts.problems) == (30, {})
    again = load_demo(30, settings(registry_dir), lambda: NOON, seed=3)
    assert again.counts.unchanged == 30
    for count in (0, -1, 1_000_001):
        with pytest.raises(InvalidParameterError):
            load_demo(count, settings(registry_dir), lambda: NOON)
