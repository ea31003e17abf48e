from __future__ import annotations

from collections import defaultdict
from itertools import permutations

import pytest

from trialist.errors import NotBuiltError
from trialist.vocabulary.combine import OWN_TABLE, combine, is_short_form, read_own_concepts
from trialist.vocabulary.decompose import decompose, leaves
from trialist.vocabulary.text import fold_text
from trialist.vocabulary.thesaurus import Concept, Thesaurus, Veto, synonym_of, term_key


@pytest.fixture(scope="module")
def own() -> Thesaurus:
    return combine(read_own_concepts())


def concept(
    concept_id: str, *texts: str, source: str = "test", count: int | None = None, **more: object
) -> Concept:
    return Concept(concept_id, texts[0], tuple(synonym_of(text, source, count) for text in texts), **more)


def said(thesaurus: Thesaurus, text: str) -> set[str]:
    return {synonym.text for synonym in thesaurus.synonyms_of(fold_text(text))}


def test_the_own_table_is_sound() -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    concepts = {found.concept_id: found for found in read_own_concepts()}
    assert len(concepts) >= 150
    for found in concepts.values():
        assert all(part in concepts for part in found.parts), found.concept_id
        for synonym in found.synonyms:
            assert synonym.source == OWN_TABLE
            owners[term_key(synonym.words)].add(found.concept_id)
    assert {key: ids for key, ids in owners.items() if len(ids) > 1} == {}


PHRASINGS = (
    "SR-aGVHD",
    "steroid refractory acute graft versus host disease",
    "GVHD, acute, steroid-refractory",
    "aGVHD not responding to steroids",
    "Steroid-resistant acute GvHD",
    "acute graft-vs-host disease failing corticosteroids",
)


@pytest.mark.parametrize("text", PHRASINGS)
def test_every_phrasing_has_the_same_parts(own: Thesaurus, text: str) -> None:
    parts = decompose(own, fold_text(text))
    first = decompose(own, fold_text(PHRASINGS[0]))
    assert {frozenset(part) for part in parts} == {frozenset(part) for part in first}
    assert len(parts) == 3


def test_the_order_of_words_does_not_matter(own: Thesaurus) -> None:
    words = [["acute"], ["gvhd"], ["steroid", "refractory"], ["child"]]
    found = {
        frozenset(frozenset(part) for part in decompose(own, [word for group in order for word in group]))
        for order in permutations(words)
    }
    assert len(found) == 1


def test_a_short_composite_stands_for_each_of_its_parts(own: Thesaurus) -> None:
    acute, gvhd = decompose(own, fold_text("acute GVHD"))
    assert ("agvhd",) in acute
    assert ("agvhd",) in gvhd
    assert ("cgvhd",) not in acute
    (alone,) = decompose(own, ["gvhd"])
    assert ("cgvhd",) in alone, "who names chronic GVHD names GVHD"
    (pancreatitis, _) = decompose(own, fold_text("acute pancreatitis"))
    assert pancreatitis == (("acute",),), "a modifier is no synonym of what it modifies"


def test_msc_is_a_cell_and_no_clinic(own: Thesaurus) -> None:
    (part,) = decompose(own, ["msc"])
    assert ("mesenchymal", "stromal", "cell") in part
    assert ("mesenchymal", "stem", "cell") in part
    assert not any("sclerosis" in words for words in part)


def test_parts_of_unknown_words_are_words_without_stop_words(own: Thesaurus) -> None:
    assert decompose(own, fold_text("the anguish of the unknown")) == ((("anguish",),), (("unknown",),))
    assert decompose(own, ["the", "of"]) == ((("the",),), (("of",),))
    assert decompose(own, []) == ()


def test_compounds_across_parts_stand_for_both(own: Thesaurus) -> None:
    first, second, _ = decompose(own, fold_text("post operative ileus"))
    assert ("postoperative",) in first
    assert ("postoperative",) in second


def test_segments_take_the_longest_term(own: Thesaurus) -> None:
    words = fold_text("non-small cell lung cancer or small cell lung cancer of the heart")
    assert [" ".join(words[start:end]) for start, end in own.segments(words)] == [
        "non small cell lung cancer",
        "or",
        "small cell lung cancer",
        "of",
        "the",
        "heart",
    ]


def test_stop_words_and_compounds_do_not_hide_a_term(own: Thesaurus) -> None:
    for text in ("cancer of the breast", "Breast Cancers", "breast-cancer"):
        assert [found.concept_id for found in own.concepts_of(fold_text(text))] == ["breast-cancer"]


def test_everyday_words_are_no_synonyms(own: Thesaurus) -> None:
    assert own.concepts_of(["all"]) == ()
    assert said(own, "acute lymphoblastic leukemia").isdisjoint({"ALL"})


def test_an_ambiguous_short_form_joins_nothing() -> None:
    thesaurus = combine(
        [],
        [
            concept("a", "multiple sclerosis", "MS", "disseminated sclerosis", count=60),
            concept("b", "mitral stenosis", "MS", count=35),
            concept("c", "mass spectrometry", "MS", count=5),
        ],
    )
    assert [found.concept_id for found in thesaurus.concepts_of(["ms"])] == ["a", "b"]
    assert said(thesaurus, "MS") == {"multiple sclerosis", "disseminated sclerosis", "mitral stenosis"}
    # A short form that may mean something else says nothing for the long one.
    assert said(thesaurus, "mitral stenosis") == set()
    assert said(thesaurus, "mass spectrometry") == set(), "a rare meaning is not searched by its short form"


def test_the_first_source_decides_what_a_short_form_means() -> None:
    thesaurus = combine(
        [concept("msc", "mesenchymal stromal cells", "MSC")],
        [concept("x", "multiple sclerosis clinic", "MSC", "MS clinic", count=900)],
    )
    assert [found.concept_id for found in thesaurus.concepts_of(["msc"])] == ["msc"]
    assert "MSC" not in said(thesaurus, "multiple sclerosis clinic")


def test_sources_join_by_their_preferred_term_and_keep_their_names() -> None:
    thesaurus = combine(
        [concept("gvhd", "Graft vs Host Disease", "GVHD", source="one")],
        [concept("mesh:D006086", "Graft vs Host Disease", "runt disease", source="two", broader=("mesh:X",))],
        [concept("name:vp16", "VP-16", "etoposide", count=4), concept("e", "etoposide", "Vepesid", count=2)],
        [concept("s", "etoposide phosphate", "Etopophos", count=3), concept("lone", "lone term")],
    )
    (gvhd,) = thesaurus.concepts_of(fold_text("graft versus host disease"))
    assert {(item.text, item.source) for item in gvhd.synonyms} == {
        ("Graft vs Host Disease", "one"),
        ("GVHD", "one"),
        ("runt disease", "two"),
    }
    assert gvhd.broader == ("mesh:X",)
    assert said(thesaurus, "etoposide") == {"VP-16", "Vepesid", "etoposide phosphate", "Etopophos"}
    assert thesaurus.concepts_of(["lone", "term"]) == (), "what was learned without a synonym is left out"


def test_a_long_term_belongs_to_whom_it_came_from_first() -> None:
    thesaurus = combine(
        [concept("a", "one thing", "shared term")], [concept("b", "other thing", "shared term", "third")]
    )
    assert [found.concept_id for found in thesaurus.concepts_of(["shared", "term"])] == ["a"]
    assert said(thesaurus, "other thing") == {"third"}


def test_vetoes(own: Thesaurus) -> None:
    less = own.without([Veto(term="heart attack", synonym="AMI"), Veto(concept_id="cancer")])
    assert "AMI" in said(own, "heart attack")
    assert "AMI" not in said(less, "heart attack")
    assert "heart attack" not in said(less, "AMI"), "a veto holds in both directions"
    assert "AMI" in said(less, "myocardial infarction"), "and only for the pair it names"
    assert ("ami",) not in decompose(less, ["heart", "attack"])[0]
    assert less.concepts_of(["cancer"]) == ()
    assert less.concept("cancer") is None
    assert own.concept("cancer") is not None
    assert len({own.version, less.version, less.without([Veto(concept_id="ed")]).version}) == 3
    assert (
        less.version
        == own.without([Veto(concept_id="cancer"), Veto(term="AMI", synonym="heart attack")]).version
    )
    without_composite = own.without([Veto(concept_id="acute-gvhd")])
    assert ("agvhd",) not in decompose(without_composite, ["acute", "gvhd"])[0]


@pytest.mark.parametrize(
    "wrong", [{}, {"term": "a"}, {"term": "a", "synonym": "b", "concept_id": "c"}, {"synonym": "b"}]
)
def test_a_veto_names_a_pair_or_a_concept(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="a veto names"):
        Veto(**wrong)


def test_a_thesaurus_survives_its_file(own: Thesaurus) -> None:
    content = own.to_json()
    read = Thesaurus.from_json(content)
    assert read.to_json() == content
    assert read.version == own.version
    assert list(read) == list(own)
    assert len(read) == len(own)
    assert combine(read_own_concepts()).version == own.version, "same input, same version"


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"format": 0}', b"\xff"])
def test_what_is_no_thesaurus_is_refused(content: bytes) -> None:
    with pytest.raises(NotBuiltError):
        Thesaurus.from_json(content)


def test_concepts_refuse_nonsense() -> None:
    with pytest.raises(ValueError, match="a concept needs"):
        Concept("", "x", (synonym_of("x", "test"),))


def test_leaves_of_a_concept_without_known_parts_are_itself(own: Thesaurus) -> None:
    odd = concept("odd", "odd", parts=("nowhere",))
    assert leaves(own, odd) == (odd,)


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("GVHD", True),
        ("aGVHD", True),
        ("MSCs", True),
        ("SR-aGVHD", True),
        ("Placebo", False),
        ("graft vs host", False),
        ("A", False),
        ("aspirin", False),
    ],
)
def test_short_forms(text: str, expect: bool) -> None:
    assert is_short_form(text) is expect
