"""Nodes → text → nodes, and whatever anybody may type."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trialist.errors import InvalidParameterError, QuerySyntaxError
from trialist.query import (
    describe_query,
    describe_study_query,
    parse_query,
    read_params,
    render_query,
    resolve_area,
    walk,
)
from trialist.query.areas import AreaTarget, ValueKind
from trialist.query.nodes import (
    TILTABLE,
    AgeBound,
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
    Or,
    Range,
    SearchIn,
    Term,
    TermBound,
    Tilt,
)
from trialist.query.operands import Scope, check_scope
from trialist.query.params import PARAMETERS
from trialist.record.ages import AgeUnit
from trialist.record.catalogue import fields, search_areas
from trialist.record.dates import PartialDate

NAMES = [*search_areas(), *(field.piece for field in fields()), *(field.path for field in fields())]
OFTEN = ["Phase", "Sex", "StartDate", "MinimumAge", "LocationGeoPoint", "LocationCity", "LocationStatus", "NCTId",
         "EnrollmentCount", "HasResults", "LargeDocUploadDate", "ConditionSearch", "FunderTypeSearch", "Location"]  # fmt: skip
KEYWORDS = [
    "AND",
    "OR",
    "NOT",
    "AREA",
    "SEARCH",
    "COVER",
    "EXPAND",
    "TILT",
    "RANGE",
    "MISSING",
    "ALL",
    "MIN",
    "MAX",
]

names = st.sampled_from(OFTEN) | st.sampled_from(NAMES)
anything = st.text(st.characters(codec=None, categories=None), min_size=1, max_size=12)
words = anything | st.sampled_from(
    [*KEYWORDS, "\\", '"', "(", ")", "[", "]", ",", "*", "AREA[Phase]", 'say"so"', "é\\"]
)
texts = (
    st.lists(words, min_size=1, max_size=4).map(lambda parts: " ".join(" ".join(parts).split())).filter(bool)
)
numbers = st.decimals(
    min_value=-(10**17), max_value=10**17, allow_nan=False, allow_infinity=False, places=3
) | st.integers(-9999, 9999).map(Decimal)
amounts = st.decimals(min_value=0, max_value=999, places=1)
dates = st.dates().flatmap(
    lambda day: st.sampled_from(
        [PartialDate(day.year), PartialDate(day.year, day.month), PartialDate(day.year, day.month, day.day)]
    )
)
ages = st.builds(AgeBound, amounts, st.sampled_from(AgeUnit))
ids = st.integers(1, 99_999_999).map(lambda number: f"NCT{number:08d}")
minutes = st.datetimes().map(lambda time: time.strftime("%Y").zfill(4) + time.strftime("-%m-%dT%H:%M"))
distances = st.builds(
    Distance,
    st.decimals(min_value=-90, max_value=90, places=4),
    st.decimals(min_value=-180, max_value=180, places=4),
    st.decimals(min_value=0, max_value=10**6, places=2),
    st.sampled_from(["km", "mi", "m"]),
)

BOUNDS = {
    ValueKind.NUMBER: numbers.map(NumberBound),
    ValueKind.DATE: dates.map(DateBound),
    ValueKind.TIME: dates.map(DateBound) | minutes.map(TermBound),
    ValueKind.AGE: ages,
    ValueKind.NCT_ID: ids.map(TermBound),
}
VALUES = {
    ValueKind.BOOLEAN: st.sampled_from(["true", "false"]),
    ValueKind.NUMBER: numbers.map(lambda number: f"{number:f}"),
    ValueKind.DATE: dates.map(str),
    ValueKind.TIME: dates.map(str) | minutes,
    ValueKind.AGE: ages.map(str),
}


def leaves(scope: Scope) -> st.SearchStrategy[Node]:
    """The nodes without operands that are legal in a scope."""
    found: list[st.SearchStrategy[Node]] = [st.just(Missing())]
    if scope.kind is ValueKind.ENUM:
        found.append(st.sampled_from(list(scope.target.enum_values)).map(Term))
    elif scope.kind in VALUES:
        found.append(VALUES[scope.kind].map(Term))
    elif scope.kind is ValueKind.PLACE:
        found.append(distances)
    else:
        found.append(st.builds(Term, texts, st.booleans()))
    if not (scope.kind is ValueKind.ENUM and "ALL" in scope.target.enum_values):
        found.append(st.just(All()))
    if scope.target.field is not None:
        found.append(st.just(Range(None, None)))
        if scope.kind in BOUNDS:
            ends = BOUNDS[scope.kind] | st.none()
            found.append(st.builds(Range, ends, ends))
    return st.one_of(found)


@st.composite
def nodes(draw: Callable, scope: Scope, depth: int = 4) -> Node:
    """Any legal node in a scope."""
    kinds = ["leaf"] + (["and", "or", "not", "area", "search", "cover", "expand", "tilt"] if depth else [])
    kind = draw(st.sampled_from(kinds))
    if kind in ("and", "or"):
        joint = And if kind == "and" else Or
        found: list[Node] = []
        for one in draw(st.lists(nodes(scope, depth - 1), min_size=2, max_size=4)):
            found.extend(one.operands if isinstance(one, joint) else (one,))
        return joint(tuple(found))
    if kind == "not":
        return Not(draw(nodes(scope, depth - 1)))
    if kind == "tilt":
        name = draw(names.filter(lambda name: resolve_area(name).kind in TILTABLE))
        return Tilt(name, draw(nodes(scope, depth - 1)))
    wrapped, inner = _wrapped(draw, kind, scope)
    if wrapped is None or check_scope(inner) is not None:
        return draw(leaves(scope))
    return wrapped(draw(nodes(inner, depth - 1)))


def _wrapped(draw: Callable, kind: str, scope: Scope) -> tuple[Callable[[Node], Node] | None, Scope]:
    if kind == "area":
        target: AreaTarget = resolve_area(draw(names))
        size = target.has_sizes and draw(st.booleans())
        return lambda node: Area(target.name, node, size), replace(scope, target=target, size=size)
    if kind == "search":
        document = draw(st.sampled_from(Document))
        return lambda node: SearchIn(document, node), replace(scope, document=document)
    if kind == "cover":
        coverage = draw(st.sampled_from(Coverage))
        return lambda node: Covered(coverage, node), replace(scope, coverage=coverage)
    if kind == "expand":
        expansion = draw(st.sampled_from(Expansion))
        return lambda node: Expanded(expansion, node), replace(scope, expansion=expansion)
    return None, scope


ANY = nodes(Scope(resolve_area("BasicSearch")))
MANY = settings(max_examples=2_000, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@MANY
@given(ANY)
def test_a_rendered_query_is_read_as_the_same_nodes(node: Node):
    text = render_query(node)
    assert parse_query(text) == node
    assert render_query(parse_query(text)) == text


@settings(MANY, max_examples=500)
@given(ANY)
def test_every_query_has_a_sentence(node: Node):
    said = describe_query(node)
    assert said.startswith(("studies ", "all studies"))
    assert said == describe_query(parse_query(render_query(node)))
    if not any(isinstance(one, Term) and set(one.text) & set("()") for one in walk(node)):
        assert said.count("(") == said.count(")")


typed = st.text(st.characters(codec=None, categories=None), max_size=60)
pieces = st.lists(
    st.sampled_from(
        [*KEYWORDS, "AREA[Phase]", "AREA[StartDate]", "RANGE[", "DISTANCE[", "PHASE1", "2022", "18 years", "(", ")",
         "[", "]", ",", '"', "\\", " ", "heart", "SEARCH[Location]", "COVERAGE[FullMatch]", "EXPANSION[Lossy]", "MIN"]
    ),
    max_size=14,
).map("".join)  # fmt: skip


@settings(MANY, max_examples=5_000)
@given(typed | pieces | st.tuples(pieces, typed, pieces).map("".join))
def test_whatever_is_typed_is_read_or_refused_with_a_place(text: str):
    try:
        node = parse_query(text)
    except QuerySyntaxError as error:
        assert 0 <= error.start <= error.end <= len(text)
        assert error.message
        assert error.live_message
    else:
        assert parse_query(render_query(node)) == node


def test_every_plane_of_unicode_can_be_searched_for():
    for first in range(0, sys.maxunicode + 1, 0x100):
        text = " ".join("".join(map(chr, range(first, first + 0x100))).split()) or "blank"
        for quoted in (False, True):
            node = Term(text, quoted)
            assert parse_query(render_query(node)) == node


@settings(MANY, max_examples=1_000)
@given(
    st.dictionaries(
        st.sampled_from(sorted(PARAMETERS)) | typed,
        typed
        | pieces
        | st.sampled_from(["RECRUITING", "NCT00000001", "phase:3", "distance(1,2,3mi)", "10", "true"]),
        max_size=5,
    )
)
def test_whatever_the_parameters_hold_is_read_or_refused(params: dict[str, str]):
    try:
        query = read_params(params)
    except (InvalidParameterError, QuerySyntaxError):
        return
    assert describe_study_query(query).endswith(".")
