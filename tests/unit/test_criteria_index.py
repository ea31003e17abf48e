"""Parsed criteria on disk: built beside what is in force, only for what changed, taken up again after a kill."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

import orjson
import pytest

import trialist.criteria.stamp as stamp
import trialist.registry.criteria_index as criteria_index
from trialist.criteria.encode import encode_set
from trialist.errors import NotBuiltError
from trialist.index.criteria_chunk import chunk_name
from trialist.index.criteria_table import CURRENT, CriteriaTable
from trialist.registry.criteria import criteria_document
from trialist.registry.criteria_codes import resolver, with_codes
from trialist.registry.criteria_index import build_criteria, read_criteria_state
from trialist.registry.criteria_table import criteria_directory, open_criteria
from trialist.registry.eligibility import criteria_of_study
from trialist.registry.registry import Registry
from trialist.registry.searching import Finder
from trialist.vocabulary.thesaurus import Concept, Thesaurus, synonym_of, term_key

from support.loading import settings
from support.serving import make_registry


def study(number: int, text: str | None, *, updated: str = "2026-01-01") -> bytes:
    eligibility = {} if text is None else {"eligibilityModule": {"eligibilityCriteria": text}}
    return orjson.dumps(
        {
            "protocolSection": {
                "identificationModule": {"nctId": f"NCT{number:08d}", "briefTitle": f"Invented {number}"},
                "statusModule": {"lastUpdatePostDateStruct": {"date": updated}},
                **eligibility,
            }
        }
    )


ECOG = "Inclusion Criteria:\n\n* ECOG performance status 0-{step}\n\nExclusion Criteria:\n\n* Prior mesenchymal stem cell therapy"


def records(count: int) -> list[bytes]:
    return [study(98_000_000 + number, ECOG.format(step=number % 3 + 1)) for number in range(count)]


def found(directory: Path, expression: str) -> list[str]:
    return sorted(Finder(directory).ids({"filter.advanced": expression}))


def test_a_build_answers_searches_and_a_second_one_has_nothing_to_do(tmp_path: Path) -> None:
    directory = make_registry(tmp_path / "registry", *records(7), study(98_000_100, None))
    with pytest.raises(NotBuiltError, match="not been parsed"):
        found(directory, "AREA[CriterionExcludes]msc")
    assert not read_criteria_state(directory).is_current
    built = build_criteria(settings(directory))
    assert (built.parsed, built.studies, built.figures["available"], built.problems) == (8, 8, 7, ())
    assert read_criteria_state(directory).is_current
    assert build_criteria(settings(directory)).parsed == 0
    assert len(found(directory, "AREA[CriterionExcludes]msc")) == 7
    assert found(directory, 'AREA[CriterionRequires]"ECOG <= 1"') == [
        "NCT98000000",
        "NCT98000003",
        "NCT98000006",
    ]
    assert found(directory, "AREA[CriterionAllows]msc") == []
    assert "NCT98000100" in found(directory, "NOT AREA[CriterionExcludes]msc")


def test_only_what_changed_is_parsed_and_what_is_not_parsed_is_not_found(tmp_path: Path) -> None:
    directory = make_registry(tmp_path / "registry", *records(6))
    build_criteria(settings(directory))
    make_registry(directory, study(98_000_001, ECOG.format(step=4), updated="2026-02-02"), *records(1))
    finder = Finder(directory)
    expression = {"filter.advanced": "AREA[CriterionExcludes]msc"}
    assert "NCT98000001" not in finder.ids(expression)
    assert "1 studies" in finder.criteria_notes(expression)[0]
    assert read_criteria_state(directory).missing == 1
    assert build_criteria(settings(directory)).parsed == 1
    now = finder.refreshed()
    assert now is not finder
    assert "NCT98000001" in now.ids(expression)
    assert now.criteria_notes(expression) == []
    assert found(directory, 'AREA[CriterionAllows]"ECOG 4"') == ["NCT98000001"]
    # What the older version said is gone from the table.
    table = CriteriaTable(criteria_directory(directory))
    assert len(table.numbers) == len(set(table.numbers.tolist())) == 6


def test_other_rules_parse_everything_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = make_registry(tmp_path / "registry", *records(5))
    build_criteria(settings(directory))
    before = read_criteria_state(directory)
    monkeypatch.setattr(criteria_index, "rules_stamp", lambda: "other")
    monkeypatch.setattr(stamp, "rules_stamp", lambda: "other")
    assert (
        "other rules"
        in Finder(directory).criteria_notes({"filter.advanced": "AREA[CriterionExcludes]msc"})[0]
    )
    after = read_criteria_state(directory)
    assert (before.is_current, after.is_current) == (True, False)
    assert "other rules" in after.sentence()
    assert build_criteria(settings(directory)).parsed == 5
    assert build_criteria(settings(directory)).parsed == 0
    assert build_criteria(settings(directory), full=True).parsed == 5


def test_what_is_kept_is_what_is_parsed(tmp_path: Path) -> None:
    directory = make_registry(tmp_path / "registry", *records(40))
    build_criteria(settings(directory, workers=2))
    table = open_criteria(directory)
    with Registry(directory) as registry:
        for stored in registry.scan():
            expected = orjson.dumps(encode_set(criteria_of_study(stored.study)))
            assert table is not None
            assert table.document(int(stored.nct_id[3:]), stored.version) == expected
            assert criteria_document(stored, table) == criteria_document(stored, None) == expected
    for file in criteria_directory(directory).glob("chunk-*.bin"):
        file.unlink()  # as a build that ended meanwhile may do
    with Registry(directory) as registry:
        stored = registry.get("NCT98000003")
        assert criteria_document(stored, open_criteria(directory)) == criteria_document(stored, None)


def test_a_study_that_cannot_be_parsed_is_counted_and_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = make_registry(tmp_path / "registry", *records(4))
    parse = criteria_index.criteria_of_study_in_steps

    def failing(one):
        if one.nct_id == "NCT98000002":
            raise RecursionError("too deep")
        return parse(one)

    monkeypatch.setattr(criteria_index, "criteria_of_study_in_steps", failing)
    (problem,) = build_criteria(settings(directory)).problems
    assert (problem.code, problem.where.nct_id) == ("criteria-unparsed", "NCT98000002")
    assert "too deep" in problem.message
    assert found(directory, "AREA[CriterionExcludes]msc") == ["NCT98000000", "NCT98000001", "NCT98000003"]


def _build(directory: str) -> None:
    criteria_index.CHUNK = 5
    build_criteria(settings(Path(directory)))


@pytest.mark.alone
def test_a_killed_build_goes_on_where_it_was(tmp_path: Path) -> None:
    directory = make_registry(tmp_path / "registry", *records(150))
    kept = criteria_directory(directory)
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_build, args=(str(directory),))
    process.start()
    assert process.pid is not None
    while len(list(kept.glob("chunk-*.json"))) < 4:
        assert process.is_alive(), "the build ended before it could be killed"
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert not (kept / CURRENT).exists()
    done = 5 * len(list(kept.glob("chunk-*.json")))
    assert 0 < done < 150
    built = build_criteria(settings(directory))
    assert (built.parsed, built.studies) == (150 - done, 150)
    assert len(found(directory, "AREA[CriterionExcludes]msc")) == 150


def test_a_chunk_that_is_damaged_is_parsed_again(tmp_path: Path) -> None:
    directory = make_registry(tmp_path / "registry", *records(3))
    build_criteria(settings(directory))
    (described,) = criteria_directory(directory).glob("chunk-*.json")
    described.write_bytes(b"{")
    (criteria_directory(directory) / CURRENT).unlink()
    assert build_criteria(settings(directory)).parsed == 3
    (criteria_directory(directory) / CURRENT).write_bytes(b"damaged")
    with pytest.raises(NotBuiltError, match="damaged"):
        CriteriaTable(criteria_directory(directory))
    assert build_criteria(settings(directory)).studies == 3


def test_a_registry_without_studies(tmp_path: Path) -> None:
    directory = make_registry(tmp_path / "registry", *records(1))
    table = CriteriaTable(criteria_directory(directory)) if build_criteria(settings(directory)) else None
    assert table is not None
    assert table.telling("nothing", (0.0, 1.0, True, True), excludes=False).tolist() == []
    assert table.document(98_999_999, 1) is None
    assert chunk_name("a", [(1, 1)]) != chunk_name("b", [(1, 1)])


def test_names_get_a_mesh_code_only_where_one_is_certain() -> None:
    def concept(concept_id: str, *names: str) -> Concept:
        return Concept(concept_id, names[0], tuple(synonym_of(name, "mesh") for name in names))

    concepts = [
        concept("mesh:D000007938", "Leukemia", "Leucocythaemia"),
        concept("mesh:D000080424", "Cytokine Release Syndrome", "Storm"),
        concept("mesh:D000001", "Weather", "Storm"),
        concept("own", "Frobnia", "Leukemia of the knee"),
    ]
    index: dict[str, list[int]] = {}
    for place, one in enumerate(concepts):
        for name in one.synonyms:
            index.setdefault(term_key(name.words), []).append(place)
    thesaurus = Thesaurus.of(concepts, index)
    resolve = resolver(thesaurus)
    assert resolve("leukemia") == resolve("Leucocythaemia") == "D007938"
    assert resolve("cytokine release syndrome") == "D000080424"
    assert [
        resolve(name) for name in ("storm", "frobnia", "leukemia of the elbow", "", "acute leukemia")
    ] == [""] * 5
    node = {"type": "concept", "domain": "condition", "surface": "leukemia"}
    assert with_codes({"of": [node]}, resolve) == {"of": [{**node, "mesh": "D007938"}]}
    assert with_codes({**node, "mesh": "D000001"}, resolve)["mesh"] == "D000001"
    assert "mesh" not in with_codes({**node, "domain": "allergy"}, resolve)
