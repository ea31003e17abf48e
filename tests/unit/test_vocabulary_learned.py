from __future__ import annotations

import pickle
from typing import Any

from trialist.vocabulary.learned import (
    ABBREVIATION,
    MESH_TERM,
    OTHER_NAME,
    Learner,
    build_thesaurus,
    find_abbreviations,
)
from trialist.vocabulary.text import fold_text

from support.cases import Case, each_case
from support.records import record


@each_case("vocabulary_abbreviations.toml")
def test_abbreviations(case: Case) -> None:
    assert [list(pair) for pair in find_abbreviations(case.input)] == case.expect, case.why


def study(
    number: int, summary: str = "", names: dict[str, list[str]] | None = None, mesh: tuple[str, ...] = ()
) -> Any:
    found = record(number)
    protocol = found["protocolSection"]
    protocol["descriptionModule"] = {"briefSummary": summary}
    protocol["armsInterventionsModule"] = {
        "interventions": [
            {"type": "DRUG", "name": name, "otherNames": others} for name, others in (names or {}).items()
        ]
    }
    found["derivedSection"] = {
        "conditionBrowseModule": {
            "meshes": [{"id": item, "term": f"Invented Disease {item}"} for item in mesh],
            "ancestors": [{"id": "D1", "term": "Diseases"}],
        }
    }
    return found


def learned(studies: list[Any]) -> Learner:
    learner = Learner()
    for item in studies:
        learner.learn(item)
    return learner


def said(learner: Learner, text: str) -> set[tuple[str, str, int | None]]:
    found = build_thesaurus(learner).synonyms_of(fold_text(text))
    return {(item.text, item.source, item.count) for item in found}


def test_a_long_form_is_learned_from_enough_studies() -> None:
    text = "We treat quiet invented syndrome (QIS). Quiet Invented Syndrome (QIS) is rare."
    assert said(learned([study(1, text), study(2, text)]), "QIS") == set(), "twice in a study counts once"
    found = said(learned([study(number, text) for number in range(3)]), "QIS")
    assert found == {("quiet invented syndrome", ABBREVIATION, 3)}


def test_short_forms_that_are_words_are_not_learned() -> None:
    text = "a long invented metabolic perturbation (LIMP) of legs"
    studies = [study(number, text) for number in range(4)]
    for item in studies:
        item["protocolSection"]["identificationModule"]["briefTitle"] = "People who limp"
    assert said(learned(studies), "long invented metabolic perturbation") == set()


def test_other_names_need_evidence() -> None:
    names = {
        "Inventomab": ["INV-101", "Inventrix", "Placebo", "Inventomab 5 mg", "A, B"],
        "Placebo": ["Sugar pill"],
    }
    learner = learned([study(number, names=names) for number in range(3)])
    assert {
        text for text, source, count in said(learner, "Inventomab") if (source, count) == (OTHER_NAME, 3)
    } == {"INV-101", "Inventrix"}
    assert said(learner, "placebo") == set()
    assert said(learned([study(1, names=names)]), "Inventomab") == set(), "one study is no evidence"


def test_another_name_of_many_things_is_a_name_of_none() -> None:
    studies = [study(number, names={f"Drug{number % 4}mab": ["Newdrugs"]}) for number in range(16)]
    assert said(learned(studies), "Newdrugs") == set()


def test_mesh_terms_bring_their_ancestors() -> None:
    thesaurus = build_thesaurus(learned([study(1, mesh=("D7",)), study(2, mesh=("D7", "D8"))]))
    (found,) = thesaurus.concepts_of(fold_text("invented disease D7"))
    assert (found.concept_id, found.broader) == ("mesh:D7", ("mesh:D1",))
    assert found.synonyms[0].source == MESH_TERM
    assert found.synonyms[0].count == 2


def test_learners_are_merged_and_pickled() -> None:
    texts = [f"the quite invented syndrome number {number} (QISN)" for number in range(9)]
    studies = [
        study(number, text, {"Inventomab": ["Inventrix"]}, ("D7",)) for number, text in enumerate(texts)
    ]
    whole = learned(studies)
    first, second = learned(studies[:4]), pickle.loads(pickle.dumps(learned(studies[4:])))
    first.merge(second)
    assert first.studies == 9
    assert build_thesaurus(first).version == build_thesaurus(whole).version


def test_memory_is_bounded() -> None:
    learner = Learner(most=10)
    for number in range(100):
        learner.learn(
            study(number, names={f"Drug{number}mab": [f"Brand{number}"], "Inventomab": ["Inventrix"]})
        )
    other = Learner(most=10)
    other.merge(learner)
    for counted in (learner.names, learner.other_names, other.names, other.other_names):
        assert len(counted) <= 10
    assert learner.other_names["Inventomab", "Inventrix"] == 100


def test_odd_records_teach_nothing() -> None:
    for odd in (
        {},
        {"protocolSection": []},
        {"protocolSection": {"armsInterventionsModule": {"interventions": [1, {"name": 2}]}}},
    ):
        learned([odd])
    assert list(learned([{}]).concepts()) == []
