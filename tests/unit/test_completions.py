"""Typing ahead: which names are found, in which order, from which segments, and which table answers."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest

from trialist.errors import NotBuiltError
from trialist.index import completion_tables
from trialist.index.completion_tables import write_completions
from trialist.index.completions import Completion, Completions, has_completions
from trialist.index.live import LiveIndex
from trialist.registry.indexing import build_search_index
from trialist.registry.searching import Finder
from trialist.vocabulary.thesaurus import Concept, Thesaurus, Veto, synonym_of, term_key

from support.loading import load, settings
from support.records import record


def study(number: int, conditions: list[str], places: tuple[tuple[str, str], ...] = ()) -> bytes:
    found = record(number)
    found["protocolSection"]["conditionsModule"]["conditions"] = conditions
    sites = [{"city": city, "country": country} for city, country in places]
    found["protocolSection"]["contactsLocationsModule"] = {"locations": sites}
    return orjson.dumps(found)


def registry(directory: Path, *records: bytes) -> Path:
    file = directory / f"{len(list(directory.iterdir()))}.ndjson"
    file.write_bytes(b"\n".join(records))
    load(directory / "r", file)
    build_search_index(settings(directory / "r"))
    return directory / "r"


def texts(finder: Finder, typed: str, kind: str = "condition") -> list[tuple[str, int]]:
    return [(one.text, one.studies) for one in finder.complete(typed, (kind,))]


def test_spellings_are_one_name_shown_as_most_studies_write_it(tmp_path):
    finder = Finder(
        registry(
            tmp_path,
            study(1, ["Leukemia", "leukaemia"]),
            study(2, ["leukemias"]),
            study(3, ["Leukemia"]),
            study(4, ["Acute Leukemia"]),
        )
    )
    assert texts(finder, "leuk") == [("Leukemia", 3), ("Acute Leukemia", 1)]
    assert texts(finder, "LEUKAEMIA") == [("Leukemia", 3), ("Acute Leukemia", 1)]
    assert texts(finder, "leukaem")[0] == ("Leukemia", 3)
    assert texts(finder, "acute leukaemia") == [("Acute Leukemia", 1)]
    assert texts(finder, "kemia") == []
    assert texts(finder, "  ") == []
    assert texts(finder, "acute leukemia of something that nobody has") == []


def test_a_whole_name_comes_before_those_of_more_studies(tmp_path):
    common = [study(number, ["Gouty Arthritis"]) for number in range(1, 6)]
    finder = Finder(registry(tmp_path, *common, study(9, ["Gout"])))
    assert texts(finder, "gout") == [("Gout", 1), ("Gouty Arthritis", 5)]


def test_a_long_name_is_told_by_all_that_was_typed(tmp_path):
    long = "Acute Graft Versus Host Disease Grade"
    finder = Finder(registry(tmp_path, study(1, [f"{long} II"]), study(2, [f"{long} IV"])))
    assert texts(finder, f"{long} i") == [(f"{long} II", 1), (f"{long} IV", 1)]
    assert texts(finder, f"{long} iv") == [(f"{long} IV", 1)]


def test_towns_of_one_name_are_apart_and_studies_count_once(tmp_path):
    paris, texas = ("Paris", "France"), ("Paris", "United States")
    finder = Finder(registry(tmp_path, study(1, ["x"], (paris, paris, texas)), study(2, ["x"], (paris,))))
    assert texts(finder, "paris", "place") == [("Paris, France", 2), ("Paris, United States", 1)]
    assert texts(finder, "united", "place")[0] == ("United States", 1)


def test_what_changed_counts_once_over_segments(tmp_path):
    many = [study(number, ["Gout"]) for number in range(1, 40)]
    registry(tmp_path, *many)
    changed = orjson.loads(study(1, ["Asthma"]))
    changed["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"] = "2026-05-01"
    directory = registry(tmp_path, orjson.dumps(changed), study(50, ["Gout"]))
    finder = Finder(directory)
    assert len(finder.index.segments) == 2
    assert texts(finder, "gout") == [("Gout", 39)]
    assert texts(finder, "asthma") == [("Asthma", 1)]


def taught() -> Thesaurus:
    terms = ("gout", "podagra")
    concept = Concept("own:gout", "gout", tuple(synonym_of(term, "test") for term in terms))
    return Thesaurus.of([concept], {term_key((term,)): [0] for term in terms})


def test_a_synonym_leads_to_the_name_unless_it_is_vetoed(tmp_path):
    directory = registry(tmp_path, study(1, ["Gout"]), study(2, ["Gout"]), study(3, ["Podiatry"]))
    index = LiveIndex(directory / "index")
    for old in (directory / "index").glob("completions-*"):
        (old / "table.json").unlink()
    write_completions(index, taught())
    (found,) = Completions(index).find("podag", ("condition",))
    assert (found.text, found.synonym, found.studies, found.pieces) == ("Gout", "podagra", 2, ("Condition",))
    finder = Finder(directory)
    vars(finder)["thesaurus"] = taught()
    assert texts(finder, "podag") == [("Gout", 2)]
    assert texts(finder.vetoing([Veto("podagra", "gout")]), "podag") == []
    assert texts(finder, "podag") == [("Gout", 2)]


def test_the_table_of_before_answers_until_the_next_is_there(tmp_path):
    directory = registry(tmp_path, study(1, ["Gout"]))
    before = LiveIndex(directory / "index")
    assert has_completions(before)
    kept = directory / "index" / f"completions-{before.generation}"
    away = tmp_path / "away"
    kept.rename(away)
    with pytest.raises(NotBuiltError, match="typing ahead"):
        Finder(directory).complete("g")
    away.rename(directory / "index" / "completions-0123456789abcdef")
    finder = Finder(directory)
    assert texts(finder, "gou") == [("Gout", 1)]
    build_search_index(settings(directory))
    assert has_completions(before), "an index that is up to date gets its table all the same"
    assert [one.name for one in (directory / "index").glob("completions-*")] == [kept.name]
    assert texts(finder, "gou") == [("Gout", 1)]


def every_completion(directory: Path) -> list[tuple[str, Completion]]:
    table = Completions(LiveIndex(directory / "index"))
    typed = [*"abcdefghijklmnopqrstuvwxyz", "pod", "acute leuk"]
    return [(one, found) for one in typed for found in table.find(one, most=1000)]


def test_a_table_of_changes_answers_as_a_whole_one(tmp_path, monkeypatch):
    monkeypatch.setattr(completion_tables, "SMALL_SHARE", 0.0)
    source = random.Random(3)
    names = [
        "Gout",
        "gouts",
        "Asthma",
        "Acute Leukemia",
        "Acute leukaemia",
        "Pain",
        "Lupus",
        "Acne",
        "Zoster",
        "Ulcer",
    ]
    towns = [("Paris", "France"), ("Paris", "United States"), ("Lyon", "France"), ("Oslo", "Norway")]

    def some(number: int, day: str, more: list[str]) -> bytes:
        chosen = source.sample(names, source.randrange(4)) + [one for one in more if source.random() < 0.3]
        found = orjson.loads(study(number, chosen, tuple(source.sample(towns, source.randrange(3)))))
        found["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"] = day
        found["protocolSection"]["armsInterventionsModule"] = {
            "interventions": [{"name": source.choice(names)}]
        }
        return orjson.dumps(found)

    def write_anew(directory: Path, share: float) -> dict[str, Any]:
        index = LiveIndex(directory / "index")
        shutil.rmtree(directory / "index" / f"completions-{index.generation}")
        write_completions(index, taught(), small_share=share)
        return orjson.loads(
            (directory / "index" / f"completions-{index.generation}" / "table.json").read_bytes()
        )

    directory = registry(tmp_path, *(some(number, "2026-01-01", []) for number in range(1, 200)))
    whole = write_anew(directory, 0.0)["generation"]
    shutil.copytree(directory / "index" / f"completions-{whole}", tmp_path / "kept" / "whole")
    for step, day in enumerate(("2026-02-01", "2026-03-01", "2026-04-01")):
        changed = source.sample(range(1, 200), 9)
        new = [500 + 3 * step, 501 + 3 * step]
        registry(
            tmp_path, *(some(number, day, ["Yaws", "Xerosis", "Gouty toe"]) for number in [*changed, *new])
        )
        assert write_anew(directory, 0.0)["base"] is None
        wanted = every_completion(directory)
        shutil.copytree(tmp_path / "kept" / "whole", directory / "index" / f"completions-{whole}")
        assert write_anew(directory, 1.0)["base"] == f"completions-{whole}"
        assert sorted(every_completion(directory), key=repr) == sorted(wanted, key=repr)
        tables = {one.name for one in (directory / "index").glob("completions-*")}
        assert tables == {f"completions-{whole}", f"completions-{LiveIndex(directory / 'index').generation}"}
    assert any(found.text == "Yaws" for _, found in wanted)


def test_more_than_a_small_share_of_changes_makes_a_whole_table(tmp_path):
    registry(tmp_path, *(study(number, ["Gout"]) for number in range(1, 201)))
    directory = registry(tmp_path, *(study(number, ["Gout"]) for number in range(300, 303)))
    tables = list((directory / "index").glob("completions-*"))
    assert len(tables) == 2
    assert texts(Finder(directory), "gout") == [("Gout", 203)]
    directory = registry(tmp_path, *(study(number, ["Gout"]) for number in range(400, 403)))
    assert len(list((directory / "index").glob("completions-*"))) == 1
    assert texts(Finder(directory), "gout") == [("Gout", 206)]
    (table,) = (directory / "index").glob("completions-*")
    (table / "arrays.bin").unlink()
    with pytest.raises(NotBuiltError, match="typing ahead"):
        Completions(LiveIndex(directory / "index"))
