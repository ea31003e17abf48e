from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import zstandard

from trialist.vocabulary.decompose import decompose
from trialist.vocabulary.learned import Learner, build_thesaurus
from trialist.vocabulary.mesh import MeshConcept, mesh_concepts
from trialist.vocabulary.text import find_words, fold_text, fold_word, split_words
from trialist.vocabulary.thesaurus import Concept, Thesaurus

from support.shared import REGISTRY, SHARED, iter_lines, needs_shared

pytestmark = needs_shared

MESH = SHARED / "data" / "vocabulary" / "mesh-descriptors.tsv.zst"


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in iter_lines(REGISTRY / "domain.as-v2.ndjson.zst")]


@pytest.fixture(scope="module")
def learner(records: list[dict[str, Any]]) -> Learner:
    found = Learner()
    for record in records:
        found.learn(record)
    return found


def mesh() -> Iterator[Concept]:
    with MESH.open("rb") as packed:
        content = zstandard.ZstdDecompressor().stream_reader(packed).read()
    rows = (line.rstrip("\n").split("\t") for line in io.StringIO(content.decode()))
    yield from mesh_concepts(
        MeshConcept(
            row[0], row[1], tuple(filter(None, row[2].split("|"))), (), tuple(filter(None, row[3].split("|")))
        )
        for row in rows
        if len(row) >= 4
    )


@pytest.fixture(scope="module")
def thesaurus(learner: Learner) -> Thesaurus:
    return build_thesaurus(learner, mesh())


def test_every_real_word_folds_to_a_normal_form(records: list[dict[str, Any]]) -> None:
    seen: set[str] = set()
    for record in records[::2]:
        for text in texts(record["protocolSection"]):
            seen.update(split_words(text))
    assert len(seen) > 20_000
    wrong = [word for word in seen if fold_word(fold_word(word)) != fold_word(word) or not fold_word(word)]
    assert wrong == []


def test_places_of_real_words(records: list[dict[str, Any]]) -> None:
    for record in records[::20]:
        for text in texts(record["protocolSection"]):
            found = find_words(text)
            assert [word.text for word in found] == split_words(text)
            if "&" not in text:
                assert all(len(text[word.start : word.end]) == len(word.text) for word in found)


@pytest.mark.parametrize(
    "text",
    [
        "steroid refractory acute graft versus host disease",
        "GVHD, acute, steroid-refractory",
        "aGVHD not responding to steroids",
    ],
)
def test_the_phrasings_meet_with_everything_learned(thesaurus: Thesaurus, text: str) -> None:
    parts = {frozenset(part) for part in decompose(thesaurus, fold_text(text))}
    assert parts == {frozenset(part) for part in decompose(thesaurus, fold_text("SR-aGVHD"))}
    assert len(parts) == 3


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("MSC", "mesenchymal stromal cell"),
        ("heart attack", "myocardial infarction"),
        ("Keytruda", "pembrolizumab"),
        ("kidney transplant", "renal transplantation"),
        ("BMI", "body mass index"),
        ("PBSC", "peripheral blood stem cell"),
        ("carmustine", "bcnu"),
        ("high blood pressure", "hypertension"),
    ],
)
def test_well_known_synonyms(thesaurus: Thesaurus, text: str, expect: str) -> None:
    (part,) = decompose(thesaurus, fold_text(text))
    assert expect in {" ".join(words) for words in part}


def test_msc_is_nothing_but_the_cell(thesaurus: Thesaurus) -> None:
    (found,) = thesaurus.concepts_of(["msc"])
    assert found.concept_id == "msc"
    assert not any("sclerosis" in item.words for item in found.synonyms)


def test_every_synonym_tells_its_source_and_leads_back(thesaurus: Thesaurus) -> None:
    assert len(thesaurus) > 25_000
    sources = set()
    for number, concept in enumerate(thesaurus):
        if number % 10 == 0:
            for synonym in concept.synonyms:
                sources.add(synonym.source)
                assert concept in thesaurus.concepts_of(synonym.words)
    assert sources == {"trialist", "mesh", "mesh term", "other name", "abbreviation"} - {"other name"} | (
        sources & {"other name"}
    )


def test_learning_in_two_processes_gives_the_same(records: list[dict[str, Any]], learner: Learner) -> None:
    first, second = Learner(), Learner()
    for number, record in enumerate(records):
        (first if number % 2 else second).learn(record)
    first.merge(second)
    assert first.abbreviations == learner.abbreviations
    assert first.other_names == learner.other_names
    assert Thesaurus.from_json(build_thesaurus(first).to_json()).version == build_thesaurus(learner).version
