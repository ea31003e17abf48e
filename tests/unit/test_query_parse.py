import json
from decimal import Decimal

import pytest

from trialist.errors import QuerySyntaxError, UnknownFieldError
from trialist.query import parse_query, read_params, render_query
from trialist.query.nodes import (
    AgeBound,
    All,
    And,
    Area,
    DateBound,
    Missing,
    Not,
    NumberBound,
    Or,
    Range,
    Term,
    TermBound,
    walk,
)
from trialist.query.parse import MAX_DEPTH, MAX_OPEN
from trialist.record.ages import AgeUnit
from trialist.record.dates import PartialDate

from support.cases import Case, each_case
from support.shared import SHARED, needs_shared


@each_case("query_parse.toml")
def test_queries_mean_what_their_cases_say(case: Case):
    if "text" in case.expect:
        node = parse_query(case.input)
        assert render_query(node) == case.expect["text"], case.why
        assert parse_query(render_query(node)) == node, case.why
        return
    with pytest.raises(QuerySyntaxError) as caught:
        parse_query(case.input)
    error = caught.value
    assert case.expect["error"] in error.message, case.why
    assert [error.start, error.end] == case.expect["span"], case.why
    assert error.text == case.input
    assert error.live_message
    assert error.code == "query_syntax"


def test_nodes_are_as_the_grammar_says():
    assert parse_query('(head OR neck) pain NOT "a b"') == And(
        (Or((Term("head"), Term("neck"))), Term("pain"), Not(Term("a b", quoted=True)))
    )
    assert parse_query("AREA[Phase]NOT MISSING") == Area("Phase", Not(Missing()))
    assert parse_query("ALL NOT AREA[Phase:size]2") == And((All(), Not(Area("Phase", Term("2"), size=True))))


def test_bounds_have_the_type_of_their_field():
    def bounds(text: str) -> Range:
        return next(node for node in walk(parse_query(text)) if isinstance(node, Range))

    assert bounds("AREA[StartDate]RANGE[2022,2023-06]") == Range(
        DateBound(PartialDate(2022)), DateBound(PartialDate(2023, 6))
    )
    assert bounds("AREA[EnrollmentCount]RANGE[2022,MAX]").lower == NumberBound(Decimal(2022))
    assert bounds("AREA[MinimumAge]RANGE[MIN,6m]").upper == AgeBound(Decimal(6), AgeUnit.MONTH)
    assert bounds("AREA[NCTId]RANGE[NCT1,MAX]").lower == TermBound("NCT00000001")
    assert bounds("AREA[Phase]RANGE[MIN,MAX]") == Range(None, None)


def test_the_default_area_governs_what_has_no_area():
    assert parse_query("phase2", default_area="Phase") == Term("PHASE2")
    assert parse_query("RANGE[2020,MAX]", default_area="StartDate") == Range(
        DateBound(PartialDate(2020)), None
    )
    with pytest.raises(QuerySyntaxError, match="not a value of Phase"):
        parse_query("breast", default_area="Phase")
    with pytest.raises(UnknownFieldError):
        parse_query("x", default_area="Fase")
    assert parse_query("Boston", default_area="LocationSearch") == Term("Boston")


def test_a_search_in_a_location_needs_an_area_that_locations_have():
    assert parse_query("SEARCH[Location]Boston", default_area="LocationSearch")
    assert parse_query("SEARCH[Location]AREA[LocationContact:size]2")
    with pytest.raises(QuerySyntaxError, match="single location"):
        parse_query("SEARCH[Location]Boston", default_area="ConditionSearch")
    with pytest.raises(QuerySyntaxError, match="single location"):
        parse_query("SEARCH[Location]AREA[Location:size]2")
    assert parse_query("SEARCH[Location]SEARCH[Study]AREA[Phase]PHASE1")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("AREA[Phase]Phase 3", "Write PHASE3"),
        ('AREA[StdAge]"Older Adult"', "Write OLDER_ADULT"),
        ("AREA[OverallStatus]Active, not recruiting", "Write ACTIVE_NOT_RECRUITING"),
        ("AREA[Phase]PHASE1 PHASE2", "Write (PHASE1 OR PHASE2)"),
        ("AREA[Phase]phase1 or phase2", "Write (PHASE1 OR PHASE2)"),
        ("AREA[OverallStatus]RECRUITNG", "Did you mean RECRUITING"),
        ("AREA[overallstatus]x", "OverallStatus"),
        ("AREA[StudyStartDate]x", "StartDate"),
        ("AREA[protocolSection.statusModule.overallStatu]x", "protocolSection.statusModule.overallStatus"),
        ("COVERAGE[fullmatch]x", "Did you mean FullMatch?"),
        ("area[Phase]x", "Did you mean AREA[…]?"),
        ("a [b]", "\\["),
        ("NOT OR", "\\OR"),
        ("SEARCH engine", "\\SEARCH"),
    ],
)
def test_hints_name_the_way_out(text, hint):
    with pytest.raises(QuerySyntaxError) as caught:
        parse_query(text)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "live"),
    [
        ("AREA[X]y", "Unknown area name: `X`"),
        ("TILT[X]y", "Unknown area name: `X`"),
        ("EXPANSION[Full]x", "Invalid expansion: Full"),
        (
            "AREA[HealthyVolunteers]true AREA[StdAge]x",
            "Allowed values for enum field `protocolSection.eligibilityModule.stdAges` are `CHILD`, `ADULT`, `OLDER_ADULT`",
        ),
        ("(a b c", "no viable alternative at input 'bc'\nmissing ')' at '<EOF>'"),
        ("(a", "missing ')' at '<EOF>'"),
        ("AREA[MinimumAge]RANGE[3 Fortnights,MAX]", "No enum constant TimeParts.Unit.FORTNIGHTS"),
        ("AREA[LocationGeoPoint]DISTANCE(1,2,3mi)", "mismatched input '(' expecting '['"),
    ],
)
def test_the_registry_s_own_words_are_known(text, live):
    with pytest.raises(QuerySyntaxError) as caught:
        parse_query(text)
    assert caught.value.live_message == live


def test_a_bracket_in_parentheses_expects_a_parenthesis():
    with pytest.raises(QuerySyntaxError) as caught:
        parse_query("(a [b")
    assert caught.value.live_message.startswith("mismatched input '[' expecting {'(', ')', ',', 'NOT'")


def test_deep_and_long_queries_are_read_or_refused():
    assert parse_query("(" * MAX_OPEN + "a" + ")" * MAX_OPEN) == Term("a")
    with pytest.raises(QuerySyntaxError, match="1,000 parentheses"):
        parse_query("(" * 50_000)
    with pytest.raises(QuerySyntaxError, match=f"deeper than {MAX_DEPTH} levels"):
        parse_query("NOT " * 20_000 + "a")
    with pytest.raises(QuerySyntaxError, match=f"deeper than {MAX_DEPTH} levels"):
        parse_query("(a OR (a AND " * 200 + "x" + "))" * 200)
    deepest = parse_query("NOT " * (MAX_DEPTH - 1) + "a")
    assert parse_query(render_query(deepest)) == deepest
    assert repr(deepest)
    assert hash(deepest)
    many = parse_query(" OR ".join(f"word{number}" for number in range(10_000)))
    assert isinstance(many, Or)
    assert len(many.operands) == 10_000


@pytest.mark.parametrize(
    "text", ["word " * 20_000, "\\" * 100_001, "AREA[" + "x" * 100_000 + "]y", "[" * 100_000]
)
def test_long_texts_end_in_a_node_or_an_error(text):
    try:
        assert parse_query(text)
    except QuerySyntaxError as error:
        assert len(error.message) < 400


@needs_shared
def test_every_recorded_query_is_read():
    rows = json.loads((SHARED / "spec" / "api-v2" / "live-counts.json").read_text())
    for row in rows:
        readable = {name: text for name, text in row["params"].items() if "<" not in text}
        assert read_params(readable)
