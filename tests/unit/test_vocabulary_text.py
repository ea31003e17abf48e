from __future__ import annotations

import pickle
from itertools import pairwise
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from trialist.vocabulary.text import (
    FOLDED,
    Folding,
    find_words,
    fold_text,
    fold_word,
    fold_words,
    split_words,
)

from support.cases import Case, each_case


@each_case("vocabulary_fold.toml")
def test_fold(case: Case) -> None:
    assert fold_word(case.input) == case.expect, case.why
    assert fold_word(case.expect) == case.expect, "a normal form is its own"


@each_case("vocabulary_words.toml")
def test_words(case: Case) -> None:
    assert split_words(case.input) == case.expect, case.why
    assert [word.text for word in find_words(case.input)] == case.expect, case.why


@given(st.text(max_size=60))
@example("''\u0301'a&#39;b&copy;c")
@example("&#xD800; \ud800")
def test_both_ways_to_find_words_agree(text: str) -> None:
    found = find_words(text)
    assert [word.text for word in found] == split_words(text)
    assert all(0 <= word.start < word.end <= len(text) for word in found)
    assert all(before.end <= after.start for before, after in pairwise(found))


@given(st.text(max_size=20))
def test_folding_twice_changes_nothing(text: str) -> None:
    for word in split_words(text):
        folded = fold_word(word)
        assert folded
        assert fold_word(folded) == folded


@given(st.text(alphabet="abcdeiosuyrhx'", min_size=1, max_size=14))
def test_folding_likely_words_twice_changes_nothing(text: str) -> None:
    for word in split_words(text):
        assert fold_word(fold_word(word)) == fold_word(word)


def test_places_point_into_the_text() -> None:
    text = "Crohn&#39;s disease, caf&eacute; β-blocker"
    assert [text[word.start : word.end] for word in find_words(text)] == [
        "Crohn&#39;s",
        "disease",
        "caf&eacute;",
        "β",
        "blocker",
    ]


def test_remembering_is_bounded() -> None:
    folding = Folding(limit=3)
    assert [folding[word] for word in ("Cells", "Women", "tumours", "mice", "Cells")] == [
        "cell",
        "woman",
        "tumor",
        "mouse",
        "cell",
    ]
    assert len(folding) <= 3


def test_a_text_is_folded_as_its_words_are() -> None:
    text: Any = "Tumours of Children’s cells"
    assert fold_text(text) == fold_words(split_words(text)) == ["tumor", "of", "child", "cell"]
    assert pickle.loads(pickle.dumps(dict(FOLDED)))["Tumours"] == "tumor"
