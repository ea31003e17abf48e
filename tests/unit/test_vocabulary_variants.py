from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialist.vocabulary.variants import (
    MOST_VARIANTS,
    edit_distance,
    nearest_words,
    term_variants,
)

from support.cases import Case, each_case

COUNTS = {
    "pembrolizumab": 900,
    "leukemia": 500,
    "leukemic": 90,
    "graft": 400,
    "gvhd": 300,
    "great": 50,
    "cell": 999,
    "19": 4,
}


@each_case("vocabulary_variants.toml")
def test_variants(case: Case) -> None:
    words = tuple(case.input.split())
    found = term_variants(words)
    assert found[0] == words
    assert sorted(" ".join(variant) for variant in found[1:]) == sorted(case.expect), case.why


@given(
    st.lists(
        st.sampled_from(["non", "small", "post", "covid", "19", "il", "6", "type", "ii", "alpha", "5", "mg"]),
        max_size=9,
    )
)
def test_variants_are_few_different_and_of_the_same_letters(words: list[str]) -> None:
    found = term_variants(tuple(words))
    assert 1 <= len(found) <= MOST_VARIANTS
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("word", "expect"),
    [("pembrolizumb", "pembrolizumab"), ("leukemai", "leukemia"), ("grfat", "graft"), ("gvdh", "gvhd")],
)
def test_mistyped_words_are_found(word: str, expect: str) -> None:
    assert nearest_words(word, COUNTS)[0] == expect


def test_nothing_is_near_what_is_far() -> None:
    assert nearest_words("zzzzzzzzz", COUNTS) == ()
    assert nearest_words("cells", COUNTS, limit=1) == ("cell",)
    assert nearest_words("gvhd", COUNTS) == ()


def plain_distance(one: str, other: str) -> int:
    """Optimal string alignment, as it is defined."""
    table = {(row, 0): row for row in range(len(one) + 1)} | {
        (0, column): column for column in range(len(other) + 1)
    }
    for row in range(1, len(one) + 1):
        for column in range(1, len(other) + 1):
            cost = one[row - 1] != other[column - 1]
            best = min(
                table[row - 1, column] + 1, table[row, column - 1] + 1, table[row - 1, column - 1] + cost
            )
            if (
                row > 1
                and column > 1
                and one[row - 1] == other[column - 2]
                and one[row - 2] == other[column - 1]
            ):
                best = min(best, table[row - 2, column - 2] + 1)
            table[row, column] = best
    return table[len(one), len(other)]


@given(st.text("abc", max_size=7), st.text("abc", max_size=7))
def test_the_distance_is_the_defined_one(one: str, other: str) -> None:
    plain = plain_distance(one, other)
    assert edit_distance(one, other, 2) == (plain if plain <= 2 else None)
