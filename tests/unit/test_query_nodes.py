from decimal import Decimal
from fractions import Fraction

import pytest

from trialist.errors import UnknownFieldError
from trialist.query import resolve_area, walk
from trialist.query.areas import AreaTarget, ValueKind, is_area, nearest_areas
from trialist.query.nodes import (
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
    Not,
    NumberBound,
    Or,
    Range,
    SearchIn,
    Term,
    TermBound,
    Tilt,
)
from trialist.record.ages import AgeUnit
from trialist.record.dates import PartialDate

A, B = Term("a"), Term("b")


@pytest.mark.parametrize(
    "build",
    [
        lambda: Term(""),
        lambda: Term(" a"),
        lambda: Term("a  b", quoted=True),
        lambda: And((A,)),
        lambda: And((And((A, B)), A)),
        lambda: Or(()),
        lambda: Or((A, Or((A, B)))),
        lambda: Area("Sex", A, size=True),
        lambda: Area("ConditionSearch", A, size=True),
        lambda: Tilt("Condition", A),
        lambda: AgeBound(Decimal(-1), AgeUnit.DAY),
        lambda: NumberBound(Decimal("NaN")),
        lambda: NumberBound(Decimal("1e18")),
        lambda: NumberBound(Decimal("1e-19")),
        lambda: TermBound("five"),
        lambda: Range(NumberBound(Decimal(1)), DateBound(PartialDate(2020))),
        lambda: Range(NumberBound(Decimal(1)), AgeBound(Decimal(1), AgeUnit.DAY)),
        lambda: Distance(Decimal(91), Decimal(0), Decimal(1), "km"),
        lambda: Distance(Decimal(0), Decimal(181), Decimal(1), "km"),
        lambda: Distance(Decimal(0), Decimal(0), Decimal(-1), "km"),
        lambda: Distance(Decimal(0), Decimal(0), Decimal(1), "furlong"),
        lambda: Distance(Decimal("inf"), Decimal(0), Decimal(1), "km"),
        lambda: AreaTarget("x", None, None, (), ValueKind.TEXT),
    ],
)
def test_nonsense_is_refused(build):
    with pytest.raises(ValueError):
        build()


def test_unknown_areas_are_refused_with_the_nearest():
    for build in (lambda: Area("Fase", A), lambda: Tilt("StartDat", A), lambda: resolve_area("")):
        with pytest.raises(UnknownFieldError):
            build()
    with pytest.raises(UnknownFieldError) as caught:
        resolve_area("overall_status")
    assert caught.value.nearest[0] == "OverallStatus"
    assert nearest_areas("x" * 10_000) == ()
    assert not is_area("conditionsearch")


def test_measures():
    assert AgeBound(Decimal("1.5"), AgeUnit.WEEK).days == Fraction(21, 2)
    assert AgeBound(Decimal(1), AgeUnit.YEAR).days == AgeBound(Decimal(12), AgeUnit.MONTH).days
    assert Distance(Decimal(0), Decimal(0), Decimal(50), "mi").metres == pytest.approx(80467.2)
    assert Distance(Decimal(0), Decimal(0), Decimal(50), "m").metres == 50


def test_what_names_stand_for():
    area = resolve_area("ConditionSearch")
    assert area.area is not None
    assert [field.piece for field in area.fields][:2] == ["Condition", "BriefTitle"]
    assert area.kind is ValueKind.MIXED
    assert resolve_area("FunderTypeSearch").kind is ValueKind.ENUM
    assert resolve_area("TitleSearch").kind is ValueKind.TEXT
    field = resolve_area("protocolSection.designModule.phases")
    assert field.field is not None
    assert field.field.piece == "Phase"
    assert field.has_sizes
    assert list(field.enum_values)[:2] == ["NA", "EARLY_PHASE1"]
    assert field.fields == (field.field,)
    struct = resolve_area("Location")
    assert struct.kind is ValueKind.MIXED
    assert {one.piece for one in struct.fields} >= {"LocationCity", "LocationStatus", "LocationContactName"}
    assert all(not one.is_struct and not one.indexed_only for one in struct.fields)
    assert struct.location_fields == struct.fields
    kinds = {
        "MinimumAge": ValueKind.AGE, "StartDate": ValueKind.DATE, "LargeDocUploadDate": ValueKind.TIME,
        "NumArmGroups": ValueKind.NUMBER, "NCTId": ValueKind.NCT_ID, "LocationGeoPoint": ValueKind.PLACE,
        "HasResults": ValueKind.BOOLEAN, "LocationCity": ValueKind.TEXT, "EligibilityCriteria": ValueKind.TEXT,
    }  # fmt: skip
    assert {name: resolve_area(name).kind for name in kinds} == kinds


def test_every_name_of_the_catalogue_resolves():
    from trialist.record.catalogue import fields, search_areas

    for field in fields():
        assert resolve_area(field.piece).field is field
        assert resolve_area(field.path).field is field
    for name in search_areas():
        assert resolve_area(name).fields


def test_a_walk_meets_every_node_once_in_order():
    node = And((Not(A), Or((Area("Phase", Missing()), Covered(Coverage.CONTAINS, B), Expanded(Expansion.TERM, A))),
                SearchIn(Document.STUDY, All()), Tilt("StartDate", B)))  # fmt: skip
    assert [type(one).__name__ for one in walk(node)] == [
        "And", "Not", "Term", "Or", "Area", "Missing", "Covered", "Term", "Expanded", "Term", "SearchIn", "All",
        "Tilt", "Term",
    ]  # fmt: skip


def test_nodes_are_equal_by_meaning_and_can_be_keys():
    assert NumberBound(Decimal("2.0")) == NumberBound(Decimal(2))
    assert len({Area("Phase", A), Area("Phase", A)}) == 1
    assert Term("a") != Term("a", quoted=True)
