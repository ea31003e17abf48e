"""The words of texts sorted into postings, against sorting arrays of numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialist.index.sorting import Sorter, Stream
from trialist.index.words import Words

from support.sorting import Ranks, sort_text

WORDS = st.sampled_from(["cancer", "Cancers", "CANCER", "cells", "cell", "a", "b", "c", "d", "e"])
TEXT = st.lists(WORDS, max_size=12) | st.tuples(WORDS, st.integers(250, 520)).map(
    lambda one: [one[0]] * one[1]
)


def assert_same(texts: list[str]) -> None:
    words = Words()
    words.split([b"words that are known and not here"])
    stream = Stream.of([text.encode() for text in texts], words)
    sorter, wanted = Sorter(words), sort_text(stream, Ranks(words))
    for _ in range(2):  # a sorter serves one field after the other
        found = sorter.sort(stream)
        assert found.keys() == wanted.keys()
        for name, one in wanted.items():
            assert found[name].dtype == one.dtype, name
            assert found[name].tolist() == one.tolist(), name


@given(st.lists(TEXT.map(" ".join), min_size=1, max_size=6))
def test_postings_are_those_that_sorting_gives(texts: list[str]) -> None:
    assert_same(texts)


@pytest.mark.parametrize("words", [65_533, 65_534, 65_535, 65_536, 70_000])
def test_long_texts_have_wide_positions(words: int) -> None:
    assert_same(["short", " ".join(["a", "b", "c", "d", "e"] * (words // 5) + ["a"] * (words % 5))])


def test_no_text_has_no_postings() -> None:
    found = Sorter(Words()).sort(Stream.of([], Words()))
    assert all(not len(one) for one in found.values())


@pytest.mark.parametrize("tokens", [[0, 99, 0], [0, 2**31, 0]])
def test_words_that_are_not_known_are_refused(tokens: list[int]) -> None:
    stream = Stream(
        np.array(tokens, dtype=np.uint32), np.zeros(1, dtype=np.uint32), np.zeros(1, dtype=np.int64)
    )
    with pytest.raises(ValueError, match="no word has"):
        Sorter(Words()).sort(stream)


def test_places_outside_of_the_words_are_refused() -> None:
    stream = Stream(np.zeros(2, np.uint32), np.zeros(2, np.uint32), np.array([-1, 9], dtype=np.int64))
    with pytest.raises(ValueError, match="no word has"):
        Sorter(Words()).sort(stream)
