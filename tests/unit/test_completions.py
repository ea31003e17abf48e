"""Typing ahead: which names are found, in which order, from which segments, and which table answers."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from trialist.errors import NotBuiltError
from trialist.index.completions import Completions, has_completions, write_completions
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
