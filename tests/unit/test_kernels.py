"""The compiled loops by themselves: the best of what is marked, sums, counts, and arrays that contradict each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialist.errors import NotBuiltError
from trialist.index import kernels
from trialist.index.arrays import ArrayFile, ArrayWriter, starts_of
from trialist.index.hashing import hash_value, hash_word
from trialist.index.kernels import BLOCK
from trialist.index.live import LiveIndex
from trialist.index.postings import Group, Slot, Sought, block_tokens, field_arrays
from trialist.index.segment import Rarity, Segment
from trialist.index.words import Words, digest_texts
from trialist.vocabulary.text import split_words

from support.searching import number_of, write

SCORES = st.floats(0, 100, width=32) | st.sampled_from([0.0, 1.0, float("nan")])
STUDIES = st.lists(st.tuples(st.booleans(), SCORES, st.floats(-2, 2)), max_size=80)


@given(STUDIES, st.integers(1, 4), st.integers(0, 90), st.booleans(), st.booleans(), st.booleans())
def test_the_best_are_those_that_sorting_puts_first(
    studies: list[tuple[bool, float, float]],
    times: int,
    most: int,
    scored: bool,
    weighed: bool,
    bounded: bool,
) -> None:
    studies = studies * times
    mask = np.array([study[0] for study in studies], dtype=bool)
    score = np.array([study[1] for study in studies], dtype=np.float32) if scored else None
    factor = np.array([study[2] for study in studies], dtype=np.float64) if weighed else None
    bound = {"most_factor": 2.0} if bounded else {}
    values, places = kernels.find_best(mask, most, score, factor, **bound)
    worth = np.ones(len(studies)) if score is None else score.astype(np.float64)
    worth = worth if factor is None else worth * factor
    worth[np.isnan(worth)] = -np.inf
    wanted = sorted(np.flatnonzero(mask).tolist(), key=lambda place: (-worth[place], -place))[:most]
    assert sorted(places.tolist()) == sorted(wanted)
    assert dict(zip(places.tolist(), values.tolist(), strict=True)) == {
        place: worth[place] for place in wanted
    }


@given(st.lists(st.tuples(st.booleans(), SCORES), max_size=300), st.booleans())
def test_what_is_packed_comes_back(studies: list[tuple[bool, float]], scored: bool) -> None:
    mask = np.array([marked for marked, _ in studies], dtype=bool)
    score = np.array([one for _, one in studies], dtype=np.float32)
    bits, scores = kernels.pack_marked(mask, score if scored else None)
    found, spread = kernels.spread_marked(bits, scores, len(studies))
    assert found.tolist() == mask.tolist()
    assert [bool(int(bits[at // 64]) >> at % 64 & 1) for at in range(len(studies))] == mask.tolist()
    if scored:
        assert spread is not None
        np.testing.assert_array_equal(spread, np.where(mask, score, 0))
    else:
        assert (scores, spread) == (None, None)


def test_packed_marks_of_another_number_of_studies_are_refused() -> None:
    bits, scores = kernels.pack_marked(np.ones(65, dtype=bool), None)
    with pytest.raises(TypeError):
        kernels.spread_marked(bits, scores, 64)
    with pytest.raises(TypeError):
        kernels.pack_marked(np.ones(65, dtype=bool), np.zeros(64, dtype=np.float32))


def sums_of(numbers: list[float]) -> kernels.Sums:
    sums = kernels.Sums(len(numbers))
    sums.powers[:] = numbers
    sums.touched[:] = True
    return sums


@given(st.floats(2.0**-80, 2.0**90, width=32))
def test_the_root_of_a_sum_is_its_cube_root(number: float) -> None:
    sums, score = sums_of([number]), np.zeros(1, dtype=np.float32)
    sums.take(score, np.zeros(1, dtype=bool))
    assert float(score[0]) == pytest.approx(number ** (1 / 3), rel=1e-5)


def test_sums_become_scores_and_are_cleared() -> None:
    sums = sums_of([0, 8, 27, 64])
    score, mask = np.ones(4, dtype=np.float32), np.zeros(4, dtype=bool)
    sums.take(score, mask)
    assert score.tolist() == pytest.approx([1, 3, 4, 5], rel=1e-6)
    assert mask.tolist() == [False, True, True, True]
    assert not sums.powers.any()
    assert not sums.touched.any()


@given(st.lists(st.lists(st.integers(0, 19), max_size=8), max_size=12), st.sets(st.integers(0, 19)))
def test_holders_are_counted_where_they_are_marked(held: list[list[int]], marked: set[int]) -> None:
    mask = np.array([place in marked for place in range(20)])
    start = starts_of(np.array([len(one) for one in held], dtype=np.int64))
    holder = np.array([study for one in held for study in one], dtype=np.uint32)
    counted = kernels.count_holders(start, holder, mask).tolist()
    assert counted == [sum(study in marked for study in one) for one in held]


@given(
    st.lists(st.lists(st.integers(0, 9), max_size=8), max_size=12),
    st.sets(st.integers(0, 11)),
    st.lists(st.integers(0, 19), min_size=10, max_size=10),
)
def test_owners_of_holders_are_marked(held: list[list[int]], wanted: set[int], owners: list[int]) -> None:
    start = starts_of(np.array([len(one) for one in held], dtype=np.int64))
    holder = np.array([site for one in held for site in one], dtype=np.uint32)
    mask, owner = np.zeros(20, dtype=bool), np.array(owners, dtype=np.uint32)
    asked = np.array([value in wanted for value in range(len(held))], dtype=bool)
    kernels.mark_holders_owners(start, holder, asked, owner, mask)
    told = {owners[site] for value, one in enumerate(held) if value in wanted for site in one}
    assert set(np.flatnonzero(mask).tolist()) == told


@given(
    st.lists(st.lists(st.integers(0, 5), max_size=4), min_size=1, max_size=12),
    st.lists(st.floats(0, 1e7), min_size=6, max_size=6),
    st.floats(0, 1e7),
)
def test_studies_near_a_point_are_those_whose_nearest_site_is(
    placed: list[list[int]], away: list[float], radius: float
) -> None:
    start = np.cumsum([0, *map(len, placed)]).astype(np.uint32)
    places = np.array([place for one in placed for place in one], dtype=np.uint32)
    far = np.array(away)
    nearest = kernels.find_nearest(np.arange(len(placed)), start, places, far).tolist()
    assert nearest == [min((away[place] for place in one), default=np.inf) for one in placed]
    near = kernels.mark_placed(start, places, far <= radius).tolist()
    assert near == [one <= radius for one in nearest]


@pytest.mark.parametrize(
    ("study", "start", "place"), [(2, [0, 1, 1], 0), (0, [1, 0, 1], 0), (0, [0, 2, 2], 0), (0, [0, 1, 1], 7)]
)
def test_places_outside_of_what_is_known_are_an_error(study: int, start: list[int], place: int) -> None:
    starts, places = np.array(start, np.uint32), np.array([place], np.uint32)
    with pytest.raises(NotBuiltError, match="damaged"):
        kernels.find_nearest(np.array([study]), starts, places, np.zeros(3))
    if study == 0:
        with pytest.raises(NotBuiltError, match="damaged"):
            kernels.mark_placed(starts, places, np.ones(3, dtype=bool))


@pytest.mark.parametrize(("holder", "owner"), [(1, 3), (0, 20)])
def test_owners_outside_of_the_studies_are_an_error(holder: int, owner: int) -> None:
    start, wanted = np.array([0, 1], dtype=np.uint32), np.ones(1, dtype=bool)
    one_site = np.array([owner], dtype=np.uint32)
    with pytest.raises(NotBuiltError, match="damaged"):
        kernels.mark_holders_owners(
            start, np.array([holder], np.uint32), wanted, one_site, np.zeros(20, bool)
        )


@pytest.mark.parametrize("width", [np.uint8, np.uint16, np.uint32])
def test_bits_are_counted_where_they_are_marked(width: type[np.unsignedinteger]) -> None:
    bits = np.array([0b1, 0b101, 0b100, 0b10000000], dtype=width)
    counted = kernels.count_bits(bits, np.array([True, True, False, True]))
    assert counted[:9].tolist() == [2, 0, 1, 0, 0, 0, 0, 1, 0]


@given(st.lists(st.tuples(st.booleans(), st.lists(st.integers(0, 9), max_size=4)), max_size=60))
def test_numbers_of_some_studies_are_counted(studies: list[tuple[bool, list[int]]]) -> None:
    places = np.flatnonzero(np.array([chosen for chosen, _ in studies], dtype=bool))
    listed = np.array([number for _, numbers in studies for number in numbers], dtype=np.uint32)
    begin = np.cumsum([0, *(len(numbers) for _, numbers in studies)], dtype=np.int64)
    every = [number for chosen, numbers in studies if chosen for number in numbers]
    assert kernels.count_listed(listed, begin, places, 10).tolist() == [every.count(one) for one in range(10)]
    for kind in (np.uint8, np.uint16, np.uint32):
        column = np.array([sum(numbers) for _, numbers in studies], dtype=kind)
        sums = [sum(numbers) for chosen, numbers in studies if chosen]
        assert kernels.count_numbers(column, places, 37).tolist() == [sums.count(one) for one in range(37)]


def test_numbers_that_cannot_be_are_an_error() -> None:
    column, first, beyond = np.array([1, 5], dtype=np.uint8), np.array([0]), np.array([2])
    assert kernels.count_numbers(column, first, 2).tolist() == [0, 1]
    for places, most in ((beyond, 9), (np.array([1]), 5)):
        with pytest.raises(NotBuiltError, match="damaged"):
            kernels.count_numbers(column, places, most)
    listed = column.astype(np.uint32)
    for begin, places, most in (([0, 3], first, 9), ([0, 2], first, 5), ([0, 2], beyond, 9)):
        with pytest.raises(NotBuiltError, match="damaged"):
            kernels.count_listed(listed, np.array(begin), places, most)


def test_arrays_of_another_kind_are_refused() -> None:
    with pytest.raises(TypeError, match="is wanted"):
        kernels.find_best(np.zeros(3, dtype=np.int64), 2)
    with pytest.raises(TypeError, match="is wanted"):
        kernels.count_bits(np.zeros(6, dtype=np.uint8)[::2], np.zeros(3, dtype=bool))


def test_holders_outside_of_the_studies_are_an_error() -> None:
    with pytest.raises(NotBuiltError, match="damaged"):
        kernels.count_holders(
            np.array([0, 1], dtype=np.uint32), np.array([7], dtype=np.uint32), np.ones(3, bool)
        )
    with pytest.raises(NotBuiltError, match="damaged"):
        kernels.count_holders(
            np.array([0, 9], dtype=np.uint32), np.array([1], dtype=np.uint32), np.ones(3, bool)
        )


def test_every_block_says_where_its_tokens_begin() -> None:
    frequency = np.arange(200, dtype=np.uint8)
    assert block_tokens(frequency).tolist() == [
        int(frequency[:start].sum()) for start in range(0, 200, BLOCK)
    ]
    assert block_tokens(frequency[:0]).tolist() == []


@pytest.fixture
def segment(tmp_path: Path) -> Segment:
    records = [
        {
            "protocolSection": {
                "identificationModule": {"nctId": f"NCT990000{place:02d}", "briefTitle": title},
                "conditionsModule": {"conditions": ["Wombat fever", "Wombat cough"]},
            }
        }
        for place, title in enumerate(["red kite", "kite red", "red kite red kite", "red red kite", "kite"])
    ]
    write(tmp_path, records, {number_of(record): 1 for record in records})
    return LiveIndex(tmp_path).segments[0]


def slots(text: str) -> tuple[Slot, ...]:
    return tuple(Slot(hash_word(word)) for word in text.split())


@pytest.mark.parametrize(
    ("phrase", "found"),
    [
        ("red kite", [0, 2, 3]),
        ("kite red", [1, 2]),
        ("red red", [3]),
        ("red kite red kite", [2]),
        ("kite", [0, 1, 2, 3, 4]),
        ("kite kite", []),
        ("heron", []),
    ],
)
def test_words_are_found_where_they_stand_one_behind_the_other(
    segment: Segment, phrase: str, found: list[int]
) -> None:
    mask = np.zeros(segment.studies, dtype=bool)
    segment.find([Sought("BriefTitle", 1.0, 0)], [Group((slots(phrase),), 1)], mask=mask)
    assert np.flatnonzero(mask).tolist() == found


def test_a_study_with_two_such_values_scores_once(segment: Segment) -> None:
    powers = [kernels.Sums(segment.studies) for _ in range(2)]
    group = Group((slots("wombat"),), 1)
    rare = Rarity(segment.studies, 0.9)
    assert segment.find([Sought("Condition", 1.0, 0)], [group], sums=powers[0], rare=rare) == {
        "Condition": 10
    }
    fever = Group((slots("fever"),), 1)
    counted = Rarity(segment.studies, 0.9, {"Condition": 10})
    segment.find([Sought("Condition", 1.0, 0)], [fever], sums=powers[1], rare=counted)
    assert powers[0].powers.tolist() == powers[1].powers.tolist()
    assert powers[0].powers.min() > 0


def test_synonyms_count_less(segment: Segment) -> None:
    powers = [kernels.Sums(segment.studies) for _ in range(2)]
    for place, nearest in enumerate((1, 0)):
        group = Group((slots("kite"),), nearest)
        rare = Rarity(100, 0.5)
        segment.find([Sought("BriefTitle", 1.0, 0)], [group], sums=powers[place], rare=rare)
    assert powers[1].powers == pytest.approx(powers[0].powers * 0.5**3)


def test_marks_of_another_length_are_refused(segment: Segment) -> None:
    with pytest.raises(TypeError, match="one item"):
        segment.find(
            [Sought("BriefTitle", 1.0, 0)], [Group((slots("kite"),), 1)], mask=np.zeros(2, dtype=bool)
        )


@pytest.mark.parametrize(
    ("name", "items"),
    [
        ("frequency", 1),
        ("frequency", 0),
        ("impact", 0),
        ("docs_high", 1),
        ("spelling", 1),
        ("block_token", 0),
    ],
)
def test_arrays_that_contradict_each_other_are_an_error(tmp_path: Path, name: str, items: int) -> None:
    arrays = {
        "posting_start": np.array([0, 2], dtype=np.uint32),
        "block_token": np.array([0], dtype=np.uint32),
        "docs_low": np.array([0, 1], dtype=np.uint16),
        "docs_high": np.empty(0, dtype=np.uint8),
        "frequency": np.array([1, 1], dtype=np.uint8),
        "impact": np.array([1, 1], dtype=np.uint8),
        "position": np.array([0, 1], dtype=np.uint16),
        "spelling": np.array([1, 1], dtype=np.uint8),
    }
    for changed in (False, True):
        if changed:
            arrays[name] = np.ones(items, dtype=arrays[name].dtype)
        with ArrayWriter(tmp_path / f"{changed}") as out:
            for one, array in arrays.items():
                out.add(one, array)
        file = ArrayFile(tmp_path / f"{changed}", out.table)
        if not changed:
            assert field_arrays(file, None, None).postings == 2
            continue
        with pytest.raises(NotBuiltError, match="damaged"):
            field_arrays(file, None, None)


def test_phrases_may_be_looked_for_in_some_studies_only(segment: Segment) -> None:
    mask = np.zeros(segment.studies, dtype=bool)
    only = np.array([False, False, True, False, False])
    group = Group((slots("red kite"),), 1)
    counts = segment.find([Sought("BriefTitle", 1.0, 0)], [group], mask=mask, only=only)
    assert np.flatnonzero(mask).tolist() == [2]
    assert counts == {"BriefTitle": 4}  # so many have the rarer word


@given(st.lists(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), max_size=5), max_size=4))
def test_runs_are_placed_behind_each_other(chunks: list[list[tuple[int, int]]]) -> None:
    sizes = [sum(size for chunk in chunks for place, size in chunk if place == one) for one in range(6)]
    merged = np.full(sum(sizes), 99, dtype=np.uint16)
    filled = starts_of(np.array(sizes, dtype=np.int64))[:-1].astype(np.int64)
    wanted: list[list[int]] = [[] for _ in range(6)]
    number = 0
    for chunk in chunks:
        items = np.arange(number, number + sum(size for _, size in chunk), dtype=np.uint16)
        for place, size in chunk:
            wanted[place] += range(number, number + size)
            number += size
        places, lengths = (np.array([run[part] for run in chunk], dtype=np.int64) for part in range(2))
        kernels.place_runs(merged, filled, places, lengths, items)
    assert merged.tolist() == [item for items in wanted for item in items]


def test_runs_that_do_not_fit_are_refused() -> None:
    one = np.ones(1, dtype=np.int64)
    with pytest.raises(ValueError, match="do not fit"):
        kernels.place_runs(np.zeros(1, np.uint8), one * 0, one * 0, one * 2, np.zeros(2, np.uint8))
    with pytest.raises(ValueError, match="do not fit"):
        kernels.place_runs(np.zeros(9, np.uint8), one * 0, one * 3, one, np.zeros(2, np.uint8))


TEXTS = st.lists(st.text(st.sampled_from("ab é'-09 \u2019&;"), max_size=12), max_size=8)


@given(TEXTS, TEXTS)
def test_words_are_numbered_as_splitting_texts_one_by_one_does(first: list[str], second: list[str]) -> None:
    words = Words()
    for texts in (first, second):
        tokens, starts = words.split([text.encode() for text in texts])
        wanted = [["", *split_words(text), ""] for text in texts]
        assert [words.listed[number] for number in tokens.tolist()] == [
            word for text in wanted for word in text
        ]
        assert starts.tolist() == [sum(map(len, wanted[:place])) for place in range(len(texts))]


@given(st.text(max_size=40))
def test_words_of_any_text_are_those_that_splitting_gives(text: str) -> None:
    words = Words()
    tokens = words.split([text.encode("utf-8", "surrogatepass")])[0].tolist()
    assert [words.listed[number] for number in tokens[1:-1]] == split_words(text)


def test_every_character_alone_and_between_letters_splits_as_it_should() -> None:
    words = Words()
    texts = [f"a{chr(code)}b {chr(code)} a{chr(code)} {chr(code)}b" for code in range(0x11000)]
    tokens = words.split([text.encode("utf-8", "surrogatepass") for text in texts])[0].tolist()
    wanted = [["", *split_words(text), ""] for text in texts]
    assert [words.listed[number] for number in tokens] == [word for text in wanted for word in text]


def test_bytes_that_are_no_text_end_words_and_nothing_else() -> None:
    words = Words()
    for text in (
        b"a\xffb",
        b"a\xe2\x80",
        b"a\xf0\x9f\x98",
        b"a\xc3",
        b"\xf7\xbf\xbf\xbf",
        b"a\x80b",
        b"'",
        b"a'",
        b"a'\xc3",
    ):
        tokens = words.split([text])[0].tolist()
        assert {words.listed[number] for number in tokens} <= {"", "a", "b"}


def test_texts_have_the_numbers_that_they_are_known_by() -> None:
    texts = ["", "a", "é" * 63, *("x" * size for size in (63, 64, 127, 128, 129, 255, 256, 257, 5000))]
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([len(text) for text in encoded], dtype=np.int64)
    joined = np.frombuffer(b"".join(encoded), dtype=np.uint8)
    assert digest_texts(joined, ends).tolist() == [hash_value(text) for text in encoded]
    with pytest.raises(ValueError, match="do not end"):
        digest_texts(joined, ends + 1)
    with pytest.raises(ValueError, match="do not end"):
        digest_texts(joined, ends[::-1].copy())


def test_a_table_of_words_grows() -> None:
    words, many = Words(), [f"w{number}".encode() for number in range(100_000)]
    once = words.split(many)[0].tolist()
    assert once[1::3] == list(range(1, 100_001))
    assert words.split(many)[0].tolist() == once
