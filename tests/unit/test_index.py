"""The index on disk: what is built, added, swapped and kept; pages and their tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from trialist.demo import generate_study
from trialist.errors import InvalidParameterError, NotBuiltError
from trialist.index.alike import AlikeWords
from trialist.index.arrays import ArrayFile, ArrayWriter, narrow_floats, split_wide, starts_of
from trialist.index.hashing import hash_spelling, hash_word
from trialist.index.layout import MOST_IN_POSTING
from trialist.index.live import LiveIndex
from trialist.index.merge import merge_words
from trialist.query.facets import count_facet, facet_piece
from trialist.query.hits import decay
from trialist.query.parse import parse_query
from trialist.query.study_query import GeoDecay
from trialist.vocabulary.variants import nearest_words, reach_of

from support.searching import Held, Pair, ids, number_of, select, write

STUDIES = [generate_study(number, seed=3) for number in range(150)]


def state_of(records: list[dict[str, Any]]) -> dict[int, int]:
    return {number_of(record): 1 for record in records}


def invented(number: int, **fields: Any) -> dict[str, Any]:
    """A small study; `title`, `conditions`, `criteria`, `sites`, `posted` and `phases` may be given."""
    return {
        "protocolSection": {
            "identificationModule": {
                "nctId": f"NCT{number:08d}",
                "briefTitle": fields.get("title", "A study"),
            },
            "statusModule": {"studyFirstPostDateStruct": {"date": fields.get("posted", "2020-01-01")}},
            "conditionsModule": {"conditions": fields.get("conditions", [])},
            "designModule": {"phases": fields.get("phases", [])},
            "eligibilityModule": {"eligibilityCriteria": fields.get("criteria", "")},
            "contactsLocationsModule": {"locations": fields.get("sites", [])},
        }
    }


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LiveIndex:
    directory = tmp_path_factory.mktemp("index")
    write(directory, STUDIES, state_of(STUDIES))
    return LiveIndex(directory)


def test_arrays_come_back_as_they_were_written(tmp_path: Path) -> None:
    arrays = {"a": np.arange(5, dtype=np.uint8), "none": np.empty(0), "b": np.linspace(0, 1, 7)}
    with ArrayWriter(tmp_path / "file") as out:
        for name, array in arrays.items():
            out.add(name, array)
        with pytest.raises(ValueError, match="written once"):
            out.add("a", arrays["a"])
    read = ArrayFile(tmp_path / "file", out.table)
    for name, array in arrays.items():
        assert read[name].dtype == array.dtype
        assert read[name].tolist() == array.tolist()


def test_numbers_are_held_as_narrow_as_they_fit() -> None:
    assert starts_of(np.array([2, 0, 3])).tolist() == [0, 2, 2, 5]
    assert narrow_floats(np.array([1.0, -2.0])).dtype == np.int32
    assert narrow_floats(np.array([1.5])).dtype == np.float64
    assert narrow_floats(np.array([1e12])).dtype == np.float64
    low, high = split_wide(np.array([1, 70_000], dtype=np.uint32))
    assert (low.astype(int) + (high.astype(int) << 16)).tolist() == [1, 70_000]


def test_common_spellings_of_a_word_have_numbers_of_their_own() -> None:
    spellings = ["cancer", "Cancer", "CANCER", "cancers", "Cancers", "CANCERS", "cancer's", "Cancer's"]
    assert len({hash_spelling(word, "cancer") for word in spellings}) == len(spellings)
    assert all(1 <= hash_spelling(word, "cancer") <= 255 for word in [*spellings, "CaNcEr", "çancer"])
    assert hash_word("cancer") != hash_word("cancers")


def test_nothing_asked_finds_every_study(index: LiveIndex) -> None:
    selection = select(index)
    assert selection.total == len(STUDIES) == index.studies
    assert ids(selection) == sorted(state_of(STUDIES), reverse=True)


def test_pages_do_not_overlap_and_leave_nothing_out(index: LiveIndex) -> None:
    whole = ids(select(index, query__term="study"))
    seen: list[int] = []
    token = {}
    while True:
        page = select(index, query__term="study", pageSize="7", **token).page()
        seen += [hit.number for hit in page.hits]
        if page.next_token is None:
            break
        token = {"pageToken": page.next_token}
    assert seen == whole


def test_a_full_last_page_has_a_token_and_the_next_page_is_empty(index: LiveIndex) -> None:
    page = select(index, pageSize=str(len(STUDIES))).page()
    assert page.next_token is not None
    after = select(index, pageToken=page.next_token).page()
    assert (after.hits, after.next_token, after.total) == ((), None, len(STUDIES))


@pytest.mark.parametrize("token", ["x", "////", "bm9wZQ", "WzEsMiwzXQ", "é", "W10", "eyJhIjoxfQ"])
def test_a_token_that_is_none_is_refused(index: LiveIndex, token: str) -> None:
    with pytest.raises(InvalidParameterError, match="page token"):
        select(index, pageToken=token).page()


def test_a_token_holds_across_a_swap(tmp_path: Path) -> None:
    write(tmp_path, STUDIES, state_of(STUDIES))
    before = LiveIndex(tmp_path)
    first = select(before, sort="EnrollmentCount:desc", pageSize="50").page()
    assert first.next_token is not None
    newer = [invented(99_900_000 + number) for number in range(5)]
    write(tmp_path, [*STUDIES, *newer], state_of([*STUDIES, *newer]))
    after = LiveIndex(tmp_path)
    assert after.generation != before.generation
    rest = select(after, sort="EnrollmentCount:desc", pageSize="1000", pageToken=first.next_token).page()
    whole = ids(select(after, sort="EnrollmentCount:desc"))
    assert [hit.number for hit in first.hits] + [hit.number for hit in rest.hits] == whole
    with pytest.raises(InvalidParameterError, match="another order"):
        select(after, sort="EnrollmentCount:desc,StartDate:asc", pageToken=first.next_token).page()


def test_studies_without_a_value_come_last_in_both_directions(tmp_path: Path) -> None:
    dated = [invented(99_000_001 + number, posted=f"20{10 + number}-05-01") for number in range(3)]
    undated = invented(99_000_009)
    del undated["protocolSection"]["statusModule"]
    write(tmp_path, [*dated, undated], state_of([*dated, undated]))
    index = LiveIndex(tmp_path)
    assert ids(select(index, sort="StudyFirstPostDate"))[:3] == [99_000_003, 99_000_002, 99_000_001]
    assert ids(select(index, sort="StudyFirstPostDate:asc"))[:3] == [99_000_001, 99_000_002, 99_000_003]
    assert ids(select(index, sort="StudyFirstPostDate"))[-1] == 99_000_009
    assert ids(select(index, sort="StudyFirstPostDate:asc"))[-1] == 99_000_009


def test_changed_new_and_gone_studies_make_a_small_segment(tmp_path: Path) -> None:
    write(tmp_path, STUDIES, state_of(STUDIES))
    first = LiveIndex(tmp_path)
    changed = invented(number_of(STUDIES[5]), title="Quokka habitat")
    new = invented(99_900_001, title="Another quokka")
    gone = number_of(STUDIES[7])
    records = [*(study for study in STUDIES if study is not STUDIES[5]), changed, new]
    state = state_of(records) | {number_of(changed): 2}
    del state[gone]
    built = write(tmp_path, records, state)
    assert (built.kind, built.written, built.studies, built.segments) == ("added", 2, len(STUDIES), 2)
    now = LiveIndex(tmp_path)
    assert ids(select(now, query__term="quokka")) == [number_of(new), number_of(changed)]
    assert gone not in ids(select(now))
    assert len(ids(select(now))) == len(set(ids(select(now)))) == len(STUDIES)
    assert select(first, query__term="quokka").total == 0  # a reader of the former index still has that one
    assert not first.is_current()
    assert write(tmp_path, records, state).kind == "unchanged"
    again = write(tmp_path, records, state, full=True)
    assert (again.kind, again.segments) == ("full", 1)
    assert ids(select(LiveIndex(tmp_path), query__term="quokka")) == [number_of(new), number_of(changed)]
    assert len(list(tmp_path.glob("segment-*"))) == 1


class Broken(Held):
    """A source that breaks off."""

    def read(self, numbers: Any) -> Any:
        raise OSError("the disk has gone")


def test_a_build_that_breaks_off_leaves_the_index_as_it_was(tmp_path: Path) -> None:
    from trialist.index.live import write_index

    from support.searching import taught

    write(tmp_path, STUDIES, state_of(STUDIES))
    before = (tmp_path / "current.json").read_bytes()
    with pytest.raises(OSError, match="the disk has gone"):
        write_index(tmp_path, Broken({}), {1: 1}, teach=taught, full=True)
    assert (tmp_path / "current.json").read_bytes() == before
    assert len(list(tmp_path.glob("segment-*"))) == 1


def test_an_index_that_is_not_there_damaged_or_foreign_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotBuiltError, match="no search index"):
        LiveIndex(tmp_path)
    (tmp_path / "current.json").write_bytes(b"{")
    with pytest.raises(NotBuiltError, match="damaged"):
        LiveIndex(tmp_path)
    (tmp_path / "current.json").write_bytes(orjson.dumps({"layout": 0}))
    with pytest.raises(NotBuiltError, match="another version"):
        LiveIndex(tmp_path)
    assert write(tmp_path, STUDIES[:3], state_of(STUDIES[:3])).kind == "full"


def test_an_index_of_no_studies_answers(tmp_path: Path) -> None:
    write(tmp_path, [], {})
    index = LiveIndex(tmp_path)
    assert select(index).total == 0
    assert select(index, query__cond="cancer", filter__geo="distance(1,2,3km)").page().hits == ()


def test_a_word_said_very_often_in_one_study_is_found_once(tmp_path: Path) -> None:
    often = invented(99_000_001, criteria="quokka wombat " * (MOST_IN_POSTING + 40))
    write(tmp_path, [often, invented(99_000_002)], {99_000_001: 1, 99_000_002: 1})
    index = LiveIndex(tmp_path)
    for query in (
        "quokka",
        '"wombat quokka"',
        'COVERAGE[StartsWith]"quokka wombat"',
        "EXPANSION[None]quokka",
    ):
        assert ids(select(index, filter__advanced=f"AREA[EligibilityCriteria]{query}")) == [99_000_001], query


def test_spellings_that_share_a_number_are_told_apart_by_reading(tmp_path: Path) -> None:
    # Mixed case is one class, so these two have the same number.
    assert hash_spelling("quOkka", "quokka") == hash_spelling("qUokka", "quokka")
    records = [
        invented(99_000_001, title="a quOkka", sites=[{"facility": "quOkka House"}]),
        invented(99_000_002, title="a qUokka", sites=[{"facility": "qUokka House"}]),
    ]
    pair = Pair(tmp_path / "segment", records)
    for query, area in (
        ("EXPANSION[None]quOkka", "BriefTitle"),
        ('EXPANSION[None]COVERAGE[EndsWith]"a quOkka"', "BriefTitle"),
        ("SEARCH[Location](AREA[LocationFacility]EXPANSION[None]COVERAGE[StartsWith]quOkka)", "BriefTitle"),
        ("AREA[LocationFacility]EXPANSION[None]quOkka", "BriefTitle"),
    ):
        node = parse_query(query, default_area=area)
        assert pair.found(node, area) == [True, False], query
        assert [pair.judged(node, area, number) for number in pair.numbers] == [True, False]


def test_facets_count_what_is_found_and_leave_out_their_own_filter(tmp_path: Path) -> None:
    records = [
        invented(99_000_001, conditions=["asthma"], phases=["PHASE1", "PHASE2"], posted="2019-02-01"),
        invented(99_000_002, conditions=["asthma"], phases=["PHASE2"], sites=[{"country": "France"}] * 3),
        invented(99_000_003, conditions=["gout"], phases=["PHASE3"], sites=[{"country": "Italy"}]),
    ]
    write(tmp_path, records, state_of(records))
    index = LiveIndex(tmp_path)
    selection = select(index, query__cond="asthma", filter__advanced="AREA[Phase]PHASE1")
    assert selection.total == 1
    assert [(one.value, one.count) for one in count_facet(selection, "phase", 10).counts] == [
        ("PHASE2", 2),
        ("PHASE1", 1),
    ]
    assert [(one.value, one.count) for one in count_facet(selection, "first-posted-year", 10).counts] == [
        ("2019", 1)
    ]
    everything = select(index)
    assert {one.value: one.count for one in count_facet(everything, "country", 10).counts} == {
        "France": 1,
        "Italy": 1,
    }
    assert [one.count for one in count_facet(everything, "NumLocations", 10).counts] == [1, 1, 1]
    assert facet_piece("StdAge") == "StdAge"
    with pytest.raises(InvalidParameterError, match="no values to count"):
        facet_piece("BriefSummary")


def test_nearness_and_newness_change_the_order(tmp_path: Path) -> None:
    munich, hefei = {"lat": 48.14, "lon": 11.58}, {"lat": 31.82, "lon": 117.23}
    records = [
        invented(99_000_001, title="asthma", sites=[{"geoPoint": hefei}], posted="2001-01-01"),
        invented(
            99_000_002, title="asthma", sites=[{"geoPoint": munich}, {"geoPoint": hefei}], posted="2001-01-01"
        ),
        invented(99_000_003, title="asthma", posted="2021-01-01"),
    ]
    write(tmp_path, records, state_of(records))
    index = LiveIndex(tmp_path)
    assert ids(select(index, query__titles="asthma"))[0] == 99_000_003
    near = select(index, query__titles="asthma", filter__geo="distance(48.1,11.6,9000km)")
    assert ids(near) == [99_000_002, 99_000_001]
    for func in ("gauss", "exp", "linear"):
        by = select(
            index,
            query__titles="asthma",
            filter__geo="distance(31.8,117.2,20000km)",
            geoDecay=f"func:{func},scale:100km,offset:0km,decay:0.5",
        )
        assert by.total == 2
        assert 0 <= min(by.relevance) <= max(by.relevance)
    assert select(index, filter__geo="distance(48.1,11.6,10km)").total == 1


def test_a_place_that_is_not_known_is_far_and_its_words_still_count() -> None:
    near, far, unknown = decay(np.array([1_000.0, 9_000_000.0, np.inf]), GeoDecay())
    assert near > far > unknown > 0
    mild = decay(np.array([0.0, 9_000_000.0, np.inf]), GeoDecay(least=0.4))
    assert mild == pytest.approx([1.0, 0.4, 0.4], abs=1e-4)


def test_a_tilt_puts_high_values_first(tmp_path: Path) -> None:
    records = [
        invented(99_000_001 + number, title="asthma", posted=f"20{10 + number}-01-01") for number in range(4)
    ]
    write(tmp_path, records, state_of(records))
    found = ids(select(LiveIndex(tmp_path), query__term="TILT[StudyFirstPostDate]asthma"))
    assert found == [99_000_004, 99_000_003, 99_000_002, 99_000_001]


def test_hits_on_the_condition_itself_stand_above_mentions(tmp_path: Path) -> None:
    records = [
        invented(99_000_001, title="Asthma questionnaires in gout", conditions=["Gout", "Pain", "Fever"]),
        invented(99_000_002, title="A new inhaler", conditions=["Asthma"]),
        *(invented(99_000_010 + number, title="Other", conditions=["Gout"]) for number in range(20)),
    ]
    write(tmp_path, records, state_of(records))
    assert ids(select(LiveIndex(tmp_path), query__cond="asthma")) == [99_000_002, 99_000_001]


QUERIES = [
    "disease treatment",
    '"stem cell"',
    "acute disease OR placebo",
    "patients NOT placebo",
    "EXPANSION[Lossy]study of cells",
    "TILT[StartDate]disease",
]
FILTERS = [
    "AREA[OverallStatus]RECRUITING",
    "AREA[Phase]PHASE1 AND AREA[Sex]ALL",
    "AREA[BriefTitle]children",
    "AREA[EnrollmentCount]RANGE[MIN,40]",
]


@pytest.mark.parametrize("asked", QUERIES)
@pytest.mark.parametrize("filtered", FILTERS)
def test_a_filter_leaves_of_a_query_what_both_find_with_the_same_relevance(
    index: LiveIndex, asked: str, filtered: str
) -> None:
    whole = select(index, query__term=asked)
    kept = set(ids(select(index, filter__advanced=filtered)))
    both = select(
        index, query__term=asked, filter__advanced=filtered, query__cond="disease OR cancer OR syndrome"
    )
    narrow = set(ids(select(index, query__cond="disease OR cancer OR syndrome")))
    assert set(ids(both)) == set(ids(whole)) & kept & narrow
    one = select(index, query__term=asked, filter__advanced=filtered)
    relevance = dict(zip(whole.numbers.tolist(), whole.relevance.tolist(), strict=True))
    assert dict(zip(one.numbers.tolist(), one.relevance.tolist(), strict=True)) == {
        number: relevance[number] for number in one.numbers.tolist()
    }
    (without,) = one.masks_without(lambda _: True)
    assert set(index.segments[0].nct[without].tolist()) == set(ids(whole))


def words_file(file: Path, rows: list[tuple[int, str, int, str]]) -> ArrayFile:
    """A chunk's words: number and text of each spelling, number and text of its folded form."""
    with ArrayWriter(file) as out:
        for name, place in (("spelling", 0), ("folded", 2)):
            texts = [str(row[place + 1]).encode() for row in rows]
            out.add(f"/words/{name}/text", np.frombuffer(b"".join(texts), dtype=np.uint8))
            out.add(f"/words/{name}/size", np.array(list(map(len, texts)), dtype=np.uint32))
        out.add("/words/hashes", np.array([row[0] for row in rows], dtype=np.uint64))
        out.add("/words/folded_hashes", np.array([row[2] for row in rows], dtype=np.uint64))
    return ArrayFile(file, out.table)


def test_words_of_several_chunks_are_one_list(tmp_path: Path) -> None:
    sources = [
        words_file(tmp_path / "a", [(9, "Cells", 5, "cell"), (3, "cell", 5, "cell")]),
        words_file(tmp_path / "b", [(4, "ache", 2, "ache"), (9, "Cells", 5, "cell"), (1, "Cell", 5, "cell")]),
        words_file(tmp_path / "c", []),
    ]
    table = merge_words(sources, [], tmp_path / "words")
    arrays = ArrayFile(tmp_path / "words", table)
    assert arrays["hashes"].tolist() == [2, 5]
    assert arrays["folded_text"].tobytes() == b"achecell"
    assert arrays["spelling_text"].tobytes() == b"acheCellCellscell"
    assert arrays["spelling_start"].tolist() == [0, 4, 8, 13, 17]
    assert arrays["spelling_first"].tolist() == [0, 1, 4]
    assert ArrayFile(tmp_path / "none", merge_words([], [], tmp_path / "none"))["hashes"].tolist() == []


@pytest.mark.parametrize("other", [(9, "Cell", 5, "cell"), (9, "Bells", 5, "cell"), (8, "Bells", 5, "bell")])
def test_two_words_of_one_number_stop_the_build(tmp_path: Path, other: tuple[int, str, int, str]) -> None:
    sources = [words_file(tmp_path / "a", [(9, "Cells", 5, "cell")]), words_file(tmp_path / "b", [other])]
    with pytest.raises(ValueError, match="two texts have the number"):
        merge_words(sources, [], tmp_path / "words")


def test_alike_words_are_all_that_a_look_at_every_word_finds(tmp_path: Path) -> None:
    """Of several segments, with words beyond ASCII, and numbers that are no words."""
    odd = ["Müller naïve 12345 x² ２０２０ graft", "leukemia lukemia leukaemias Ångström gvhd"]
    for place, text in enumerate(odd):
        directory = tmp_path / str(place)
        records = [*STUDIES[place * 20 : place * 20 + 20], invented(98000001 + place, title=text)]
        write(directory, records, state_of(records))
    tables = [one.words for place in range(2) for one in LiveIndex(tmp_path / str(place)).segments]
    counts: dict[str, int] = {}
    for table in tables:
        every = table.folded_at(np.arange(len(table)))
        for word, count in zip(every, table.counts.tolist(), strict=True):
            counts[word] = counts.get(word, 0) + count
    alike = AlikeWords(tables)
    for word in (
        "lukemia",
        "mullr",
        "naïv",
        "grft",
        "angstrom",
        "ångstrom",
        "gvdh",
        "transplnt",
        "12346",
        "x3",
    ):
        found = alike.find(word, reach_of(word))
        assert all(counts[one] == count for one, count in found.items())
        assert nearest_words(word, found, 9) == nearest_words(word, counts, 9), word
    assert nearest_words("lukemia", alike.find("lukemia", 2))


def test_of_too_many_words_the_most_frequent_are_alike(index: LiveIndex) -> None:
    (segment,) = index.segments
    few = AlikeWords([segment.words], most=50)
    least = sorted(segment.words.counts.tolist())[-50]
    found = {word: count for size in range(1, 15) for word, count in few.find("e" * size, 20).items()}
    assert 0 < len(found) <= 50
    assert min(found.values()) >= least
