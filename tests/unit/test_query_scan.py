from decimal import Decimal
from functools import cache
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trialist.demo import generate_study
from trialist.query import parse_query, render_query
from trialist.query.nodes import (
    All,
    And,
    Area,
    Coverage,
    Covered,
    DateBound,
    Distance,
    Document,
    Expanded,
    Expansion,
    Missing,
    Node,
    Not,
    NumberBound,
    Range,
    SearchIn,
    Term,
    TermBound,
    Tilt,
    walk,
)
from trialist.query.scan import matches, matches_all
from trialist.record.dates import PartialDate
from trialist.record.geo import EARTH_RADIUS_METRES, distance_metres
from trialist.vocabulary.combine import combine, read_own_concepts
from trialist.vocabulary.thesaurus import Thesaurus

from support.cases import Case, each_case
from support.queries import generate_query, queries, study_of


@cache
def thesaurus() -> Thesaurus:
    return combine(read_own_concepts())


@cache
def few_studies() -> list[dict]:
    return [generate_study(number, seed=3) for number in range(1, 9)]


def finds(study: str | dict, node: Node, area: str = "BasicSearch") -> bool:
    return matches(study_of(study), node, area, thesaurus())


@each_case("query_scan.toml")
def test_studies_are_found_as_their_cases_say(case: Case):
    area = case.input.get("area", "BasicSearch")
    node = parse_query(case.input["query"], default_area=area)
    assert finds(case.input["study"], node, area) is case.expect, case.why


@pytest.mark.parametrize(
    ("node", "expect"),
    [
        (And((Area("LocationCity", Term("Paris")), Area("Phase", Term("PHASE2")))), True),
        (Area("Phase", Not(Term("PHASE2"))), False),
        (Area("Phase", Missing()), False),
        (Area("Condition", Term("asthma")), True),
        (And((Area("LocationCity", Term("Paris")), Area("NumLocationContacts", Term("1")))), True),
        (And((Area("LocationCity", Term("Paris")), Area("LocationContact", Term("1"), size=True))), True),
        (Area("ContactsLocationsModule", Missing()), False),
        (All(), True),
    ],
)
def test_what_is_not_of_the_locations_is_the_study_s_for_each_of_them(node: Node, expect: bool):
    assert finds("sites", SearchIn(Document.LOCATION, node)) is expect


def test_a_study_without_locations_is_never_searched_by_location():
    for node in (All(), Not(All()), Area("Phase", Term("PHASE2"))):
        assert not finds({"Phase": ["PHASE2"]}, SearchIn(Document.LOCATION, node))


def test_nodes_that_no_text_makes_match_nothing_where_kinds_differ():
    study = {"StartDate": "2022", "EnrollmentCount": 3, "MinimumAge": "1 Year", "Condition": ["x"]}
    number = Range(NumberBound(Decimal(0)), None)
    day = Range(DateBound(PartialDate(2000)), None)
    minute = Range(TermBound("2000-01-01T00:00"), None)
    for area in ("StartDate", "MinimumAge", "Condition", "NCTId", "Phase"):
        assert not finds(study, Area(area, number))
    for area in ("EnrollmentCount", "MinimumAge", "Condition", "NCTId"):
        assert not finds(study, Area(area, day))
        assert not finds(study, Area(area, minute))
    assert not finds(study, Area("StartDate", minute))
    for area in ("EnrollmentCount", "StartDate", "MinimumAge", "LocationGeoPoint"):
        assert not finds("sites" if area == "LocationGeoPoint" else study, Area(area, Term("breast")))
    assert finds(study, Area("StartDateStruct", day))
    assert not finds({"NCTId": "none"}, Area("NCTId", Range(TermBound("NCT00000001"), None)))


def test_numbers_are_compared_as_they_are_written():
    fraction = {"NPtrsToThisExpAccNCTId": 99.9}
    bounds = NumberBound(Decimal("99.9"))
    assert finds(fraction, Area("NPtrsToThisExpAccNCTId", Range(bounds, bounds)))
    assert not finds(fraction, Area("NPtrsToThisExpAccNCTId", Term("99.9000000001")))
    size = {"LargeDoc": [{"size": 9_007_199_254_740_993}]}
    assert finds(size, Area("LargeDocSize", Term("9007199254740993")))
    assert not finds(size, Area("LargeDocSize", Term("9007199254740992")))


def test_lists_without_a_derived_number_are_counted_for_every_object():
    study = {"BaselineDenom": [{"counts": [{}, {}]}, {}, {"counts": {"value": "1"}}]}
    for count, expect in (("2", True), ("0", True), ("1", True), ("3", False)):
        assert finds(study, Area("BaselineDenomCount", Term(count), size=True)) is expect


def test_a_list_of_queries_is_joined_by_and():
    study = study_of({"Condition": ["Asthma"], "BriefTitle": "Zebra"})
    found = [(Term("asthma"), "ConditionSearch"), (Term("zebra"), "TitleSearch")]
    assert matches_all(study, found, thesaurus())
    assert matches_all(study, [], thesaurus())
    assert not matches_all(study, [*found, (Term("asthma"), "TitleSearch")], thesaurus())


def test_distances_are_those_of_the_sphere():
    quarter = EARTH_RADIUS_METRES * 3.141592653589793 / 2
    assert distance_metres(0, 0, 0, 90) == pytest.approx(quarter, rel=1e-12)
    assert distance_metres(90, 0, -90, 137) == pytest.approx(2 * quarter, rel=1e-12)
    assert distance_metres(10, 20, 10, 20) == 0
    assert distance_metres(0, 179.5, 0, -179.5) == pytest.approx(quarter / 90, rel=1e-9)
    # Boston to Paris, about 5,530 km.
    assert distance_metres(42.35843, -71.05977, 48.85341, 2.3488) == pytest.approx(5_530_000, rel=0.005)


SLOW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@SLOW
@given(st.data())
def test_operators_are_those_of_logic(data: st.DataObject):
    studies = few_studies()
    area, one = data.draw(queries(studies))
    _, other = data.draw(queries(studies))
    study = data.draw(st.sampled_from(studies))

    def found(node: Node) -> bool:
        return matches(study, node, area, thesaurus())

    assert found(Not(one)) is not found(one)
    assert found(SearchIn(Document.STUDY, one)) is found(one)
    assert found(Tilt("StartDate", one)) is found(one)
    assert matches_all(study, [(one, area), (other, area)], thesaurus()) is (found(one) and found(other))


@SLOW
@given(st.data())
def test_what_is_found_nearer_is_found_farther(data: st.DataObject):
    studies = few_studies()
    area, node = data.draw(queries(studies))
    study = data.draw(st.sampled_from(studies))
    term = next((one for one in walk(node) if isinstance(one, Term)), Term("study"))

    def found(expansion: Expansion, coverage: Coverage = Coverage.CONTAINS) -> bool:
        return matches(study, Covered(coverage, Expanded(expansion, term)), area, thesaurus())

    levels = [Expansion.NONE, Expansion.TERM, Expansion.CONCEPT, Expansion.RELAXATION, Expansion.LOSSY]
    hits = [found(level) for level in levels]
    assert hits == sorted(hits)
    for level in levels[:3]:
        if found(level, Coverage.FULL_MATCH):
            assert found(level, Coverage.STARTS_WITH)
            assert found(level, Coverage.ENDS_WITH)
        for coverage in (Coverage.STARTS_WITH, Coverage.ENDS_WITH):
            assert not found(level, coverage) or found(level)


def test_generated_queries_are_of_all_kinds_and_many_are_found():
    rng = Random(7)
    studies = few_studies()
    kinds, hits = set(), 0
    for _ in range(400):
        area, node = generate_query(rng, studies)
        kinds |= {type(one) for one in walk(node)}
        found = sum(matches(study, node, area, thesaurus()) for study in studies)
        hits += 0 < found < len(studies)
    assert kinds == set(Node.__args__)
    assert hits > 120
    assert generate_query(Random(1), studies) == generate_query(Random(1), studies)
    assert Distance in kinds


def test_legal_queries_are_those_that_can_be_written():
    rng = Random(8)
    for _ in range(500):
        area, node = generate_query(rng, few_studies(), legal=True)
        assert parse_query(render_query(node), default_area=area) == node
