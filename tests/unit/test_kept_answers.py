"""What earlier requests found never changes what a later one finds, in which order, and with which relevance."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import zstandard

from trialist.demo import generate_study
from trialist.errors import TrialistError
from trialist.index.live import LiveIndex
from trialist.query import scan
from trialist.query.facets import FacetCounter, need_unfiltered
from trialist.query.hits import FILTER_AREA, Selection
from trialist.query.kept import Kept, KeptAnswers
from trialist.query.nodes import Area, Term
from trialist.query.params import read_params
from trialist.query.study_query import ParamQuery, StudyQuery
from trialist.vocabulary.thesaurus import Thesaurus

from support.queries import generate_query
from support.searching import number_of, write


def test_requests_in_any_order_find_what_each_finds_alone(tmp_path: Path) -> None:
    records = [generate_study(number, seed=5) for number in range(90)]
    write(tmp_path, records, {number_of(one): 1 for one in records[:80]})
    write(tmp_path, records, {number_of(one): 1 + place % 3 for place, one in enumerate(records)})
    index = LiveIndex(tmp_path)
    assert len(index.segments) > 1
    thesaurus = Thesaurus.from_json(zstandard.decompress(index.thesaurus_file.read_bytes()))
    answers, rng = KeptAnswers(), Random(3)
    nodes = [generate_query(rng, records, legal=True) for _ in range(40)]
    compared = 0
    for _ in range(250):
        queries = tuple(
            ParamQuery("term", area, node) for area, node in rng.choices(nodes, k=rng.choice((1, 1, 2)))
        )
        filters = tuple(node for _, node in rng.choices(nodes, k=rng.choice((0, 1, 2))))
        query = StudyQuery(queries=queries, filters=filters, page_size=50)
        try:
            alone = Selection(index, query, thesaurus)
        except (TrialistError, LookupError):
            continue
        kept = Selection(index, query, thesaurus, answers=answers)
        assert kept.page() == alone.page()
        assert kept.relevance.tolist() == alone.relevance.tolist()
        compared += alone.total > 0
    assert compared > 30
    assert answers.size > 0


def test_what_is_looked_for_everywhere_is_found_as_among_what_filters_leave(tmp_path: Path) -> None:
    """A selection whose facets disregard filters looks everywhere at once; its pages and counts stay the same."""
    records = [generate_study(number, seed=5) for number in range(90)]
    write(tmp_path, records, {number_of(one): 1 for one in records[:80]})
    write(tmp_path, records, {number_of(one): 1 + place % 3 for place, one in enumerate(records)})
    index = LiveIndex(tmp_path)
    thesaurus = Thesaurus.from_json(zstandard.decompress(index.thesaurus_file.read_bytes()))
    rng = Random(4)
    nodes = [generate_query(rng, records, legal=True) for _ in range(30)]
    compared = 0
    for _ in range(60):
        queries = tuple(
            ParamQuery("term", area, node) for area, node in rng.choices(nodes, k=rng.choice((1, 2)))
        )
        filters = (
            Area("OverallStatus", Term(rng.choice(("RECRUITING", "COMPLETED")))),
            *((Area("Phase", Term("PHASE2")),) if rng.random() < 0.4 else ()),
        )
        query = StudyQuery(queries=queries, filters=filters, page_size=50)
        assert need_unfiltered(query, ["status"])
        assert not need_unfiltered(query, ["country", "type"])
        try:
            plain = Selection(index, query, thesaurus)
        except (TrialistError, LookupError):
            continue
        whole = Selection(index, query, thesaurus, whole=True)
        assert whole.page() == plain.page()
        assert whole.relevance.tolist() == plain.relevance.tolist()
        for name in ("status", "phase", "country"):
            assert FacetCounter(whole).count(name, 20) == FacetCounter(plain).count(name, 20)
        compared += plain.total > 0
    assert compared > 10


def test_what_was_asked_longest_ago_gives_way() -> None:
    answers = KeptAnswers(most_bytes=2_000)
    mask = np.zeros(1_000, dtype=bool)
    mask[:30] = True
    keys = [
        (0, Term(word), "BasicSearch", True)
        for word in ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
    ]
    for key in keys:
        answers.keep(key, mask, mask.astype(np.float32))
        assert answers.find(keys[0]) is not None
        assert answers.size <= 2_000
    assert answers.find(keys[1]) is None
    assert answers.find(keys[-1]) is not None


def test_what_takes_too_much_is_not_kept() -> None:
    answers = KeptAnswers(most_bytes=8_000)
    mask = np.ones(1_000, dtype=bool)
    answers.keep((0, Term("one"), "BasicSearch", True), mask, mask.astype(np.float32))
    assert answers.size == 0


def test_a_study_takes_a_bit_and_one_that_is_found_its_score() -> None:
    mask = np.zeros(1_003, dtype=bool)
    mask[::2] = True
    mask[1_002] = True
    score = np.where(mask, np.arange(1_003), 0).astype(np.float32)
    kept = Kept.of(mask, score)
    assert kept.size == 16 * 8 + 4 * np.count_nonzero(mask)
    found, scores = kept.answer()
    assert (found == mask).all()
    assert scores is not None
    assert (scores == score).all()
    assert Kept.of(mask, None).answer()[1] is None


def test_ids_asked_for_together_find_what_the_judge_finds(tmp_path: Path) -> None:
    """Own ids, a former id of another study, and ids of nobody; as a filter and as a query."""
    records = [generate_study(number, seed=5) for number in range(40)]
    records[3]["protocolSection"]["identificationModule"]["nctIdAliases"] = ["NCT99000777"]
    write(tmp_path, records, {number_of(one): 1 for one in records})
    index = LiveIndex(tmp_path)
    thesaurus = Thesaurus.from_json(zstandard.decompress(index.thesaurus_file.read_bytes()))
    for asked in (
        "NCT99000000",
        "NCT99000777",
        "nct99000001, NCT99000777,NCT99000012",
        "NCT00000001,NCT00000002",
    ):
        for name in ("query.term", "filter.ids"):
            query = read_params({name: asked})
            found = Selection(index, query, thesaurus)
            nodes = [
                *((one.node, one.area) for one in query.queries),
                *((one, FILTER_AREA) for one in query.filters),
            ]
            taken = [number_of(one) for one in records if scan.matches_all(one, nodes, thesaurus)]
            assert sorted(found.numbers.tolist()) == sorted(taken)
            assert [hit.number for hit in found.page().hits] == sorted(
                taken, reverse=True
            ) or name == "query.term"
            assert len(taken) == len([one for one in asked.split(",") if "NCT0" not in one])
    assert Selection(index, read_params({"query.term": "NCT99000777"}), thesaurus).numbers.tolist() == [
        99_000_003
    ]
