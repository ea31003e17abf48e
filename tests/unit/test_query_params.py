import json
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest

from trialist.errors import InvalidParameterError, QuerySyntaxError, TrialistError, UnknownFieldError
from trialist.query import (
    ParamQuery,
    SortKey,
    StudyQuery,
    live_message,
    parse_query,
    read_params,
    render_query,
)
from trialist.query.agg_filters import AGG_FILTERS, NOTHING
from trialist.query.filters import Filter, parse_filter
from trialist.query.nodes import Area, Distance, Or, Term
from trialist.query.study_query import DecayFunction, Format, GeoDecay, MarkupFormat

from support.shared import SHARED, needs_shared


def refused(params: dict[str, str]) -> InvalidParameterError:
    with pytest.raises(InvalidParameterError) as caught:
        read_params(params)
    assert type(caught.value) is InvalidParameterError
    return caught.value


def filters(params: dict[str, str]) -> list[str]:
    return [render_query(node) for node in read_params(params).filters]


def test_nothing_asks_for_all_studies():
    assert read_params({}) == StudyQuery()
    assert (
        read_params({"query.cond": " ", "filter.ids": "", "sort": "", "fields": "  ", "pageToken": ""})
        == StudyQuery()
    )


def test_queries_look_in_their_areas():
    query = read_params({"query.lead": "Merck", "query.cond": "lung cancer", "query.patient": "x"})
    assert query.queries == (
        ParamQuery("cond", "ConditionSearch", Term("lung cancer")),
        ParamQuery("patient", "PatientSearch", Term("x")),
        ParamQuery("lead", "LeadSponsorName", Term("Merck")),
    )


@pytest.mark.parametrize(
    ("params", "expect"),
    [
        ({"filter.overallStatus": "RECRUITING"}, ["AREA[OverallStatus]RECRUITING"]),
        ({"filter.overallStatus": "RECRUITING|COMPLETED,"[:-1]}, ["AREA[OverallStatus](RECRUITING OR COMPLETED)"]),
        (
            {"filter.overallStatus": "RECRUITING", "postFilter.overallStatus": "COMPLETED"},
            ["AREA[OverallStatus]RECRUITING", "AREA[OverallStatus]COMPLETED"],
        ),
        ({"filter.ids": "nct1,NCT00000002|NCT1"}, ["AREA[NCTIdSearch](NCT00000001 OR NCT00000002)"]),
        ({"filter.advanced": "a or b OR c"}, ["a or b OR c"]),
        ({"filter.geo": "distance(40.7128,-74.0060,50mi)"}, ["AREA[LocationGeoPoint]DISTANCE[40.7128,-74.0060,50mi]"]),
        ({"postFilter.geo": "distance(1,2,50000)"}, ["AREA[LocationGeoPoint]DISTANCE[1,2,50000m]"]),
        ({"filter.synonyms": "ConditionSearch:1651367"}, ["NOT ALL"]),
        ({"aggFilters": "phase:3"}, ["AREA[Phase]PHASE3"]),
        ({"aggFilters": "ages:child older,sex:f"}, ["AREA[StdAge]CHILD OR AREA[StdAge]OLDER_ADULT", "AREA[Sex]FEMALE"]),
        ({"aggFilters": "status:rec|status:com not"}, ["AREA[OverallStatus]COMPLETED OR AREA[OverallStatus]NOT_YET_RECRUITING"]),
        ({"aggFilters": "phase:na"}, ["NOT ALL"]),
        ({"aggFilters": "phase:na 1"}, ["AREA[Phase]PHASE1"]),
        ({"aggFilters": "violation:n"}, ["NOT ALL"]),
        ({"aggFilters": "ressub:x"}, ["NOT ALL"]),
    ],
)  # fmt: skip
def test_filters_become_nodes(params, expect):
    assert filters(params) == expect


def test_what_cannot_match_is_noted():
    assert "no key 'na'" in read_params({"aggFilters": "phase:na 1"}).notes[0]
    assert "none" in read_params({"aggFilters": "ressub:x"}).notes[0]
    assert "synonyms" in read_params({"filter.synonyms": "ConditionSearch:1"}).notes[0]
    assert read_params({"aggFilters": "phase:na"}).filters == (NOTHING,)


def test_every_named_filter_is_a_query():
    for id_, keys in AGG_FILTERS.items():
        for key, text in keys.items():
            assert read_params({"aggFilters": f"{id_}:{key}"}).filters == (parse_query(text),)


def test_a_query_of_ids_alone_is_all_that_counts():
    query = read_params(
        {"query.id": "NCT05429502, nct1", "query.lead": "My sponsor", "filter.overallStatus": "COMPLETED",
         "filter.geo": "distance(1,2,3mi)", "aggFilters": "phase:na", "sort": "@relevance", "pageSize": "5"}
    )  # fmt: skip
    wanted = Area("NCTIdSearch", Or((Term("NCT05429502"), Term("NCT00000001"))))
    assert query.queries == (ParamQuery("id", "NCTIdSearch", wanted),)
    assert query.filters == ()
    assert query.geo is None
    assert query.sort == (SortKey("@relevance", descending=True),)
    assert query.page_size == 5
    assert len(query.notes) == 1
    assert read_params({"query.cond": "NCT00000001"}).queries[0].node == Area(
        "NCTIdSearch", Term("NCT00000001")
    )
    assert read_params({"query.cond": "NCT00000001"}).notes == ()
    assert len(read_params({"query.cond": "NCT00000001", "query.term": "NCT00000002"}).queries) == 2
    assert read_params({"query.term": "NCT00000001 cancer", "filter.ids": "NCT2"}).filters
    assert read_params({"query.term": "NCT00000001 OR NCT00000002", "filter.ids": "NCT2"}).filters


def test_the_rest():
    query = read_params(
        {"sort": "EnrollmentCount|protocolSection.statusModule.lastUpdateSubmitDate:asc", "pageSize": "1001",
         "countTotal": "true", "fields": "NCTId|ConditionSearch,@query,protocolSection,NCTId", "format": "json",
         "markupFormat": "legacy", "geoDecay": "func:gauss,scale:10km,offset:1mi,decay:0.25",
         "filter.geo": "distance(1,2,3mi)"}
    )  # fmt: skip
    assert query.sort == (
        SortKey("EnrollmentCount", descending=False),
        SortKey("LastUpdateSubmitDate", descending=False),
    )
    assert query.page_size == 1000
    assert query.count_total
    assert query.fields == ("NCTId", "ConditionSearch", "@query", "protocolSection")
    assert query.markup_format is MarkupFormat.LEGACY
    assert query.geo_decay == GeoDecay(DecayFunction.GAUSS, 10_000.0, 1609.344, 0.25)
    assert query.geo == Distance(Decimal(1), Decimal(2), Decimal(3), "mi")
    page = read_params(
        {"pageToken": "abc", "countTotal": "true", "format": "csv", "fields": "NCT Number,Study Title"}
    )
    assert page.page_token == "abc"
    assert not page.count_total
    assert page.format is Format.CSV
    assert page.fields == ("NCT Number", "Study Title")
    assert read_params({"sort": "StartDate"}).sort[0].descending
    assert read_params({"sort": "NumArmGroups:desc"}).sort[0].descending
    assert not read_params({"sort": "@relevance:asc"}).sort[0].descending
    sizes = {"0": 10, "000": 10, "7": 7, "99999": 1000, "9" * 5000: 1000}
    assert {text: read_params({"pageSize": text}).page_size for text in sizes} == sizes


@pytest.mark.parametrize(
    ("params", "live"),
    [
        ({"bogusParam": "1"}, "`bogusParam` is unknown parameter"),
        ({"Query.cond": "x"}, "`Query.cond` is unknown parameter"),
        ({"filter.overallStatus": "recruiting"}, "Invalid value in parameter `overallStatus`: `recruiting`"),
        ({"filter.ids": "NCT1,x"}, "Item 2 in parameter `ids` has incorrect format"),
        ({"filter.synonyms": "Condition:1"}, "Item 1 in parameter `synonyms` has incorrect format"),
        ({"filter.geo": "distance(1,2)"}, "Parameter `geo` has incorrect format"),
        ({"filter.geo": "distance(91,2,3)"}, "Parameter `geo` has incorrect format"),
        ({"geoDecay": "func:exp"}, "Parameter `geoDecay` has incorrect format"),
        ({"geoDecay": "func:exp,scale:1km,offset:0km,decay:1"}, "Parameter `geoDecay` has incorrect format"),
        ({"sort": "StartDate:down"}, "Item 1 in parameter `sort` has incorrect format"),
        ({"sort": "StartDate,"}, "Item 2 in parameter `sort` has incorrect format"),
        ({"sort": "OverallStatus"}, "Unsupported sort field type: enum"),
        ({"sort": "HasResults"}, "Unsupported sort field type: boolean"),
        ({"sort": "Location"}, "Unsupported sort field type: struct"),
        ({"fields": "NCTId,5"}, "Item 2 in parameter `fields` has incorrect format"),
        ({"format": "xml"}, "Invalid value in parameter `format`: `xml`"),
        ({"countTotal": "yes"}, "Parameter `countTotal` has incorrect format"),
        ({"pageSize": "-1"}, "Parameter `pageSize` has incorrect format"),
    ],
)
def test_refusals_have_the_registry_s_words_beside_our_own(params, live):
    error = refused(params)
    assert live_message(error) == live
    assert error.message


@pytest.mark.parametrize("text", ["bogus:x", "docs:sap,prot", "phase:", "phase", "phase:3,,sex:f"])
def test_malformed_named_filters_are_refused(text):
    assert "id:key" in refused({"aggFilters": text}).hint


def test_errors_in_expressions_name_their_parameter():
    labels = {
        "query.cond": "Conditions or disease", "query.lead": "Lead sponsor", "query.patient": "Patient",
        "filter.advanced": "advanced filter", "postFilter.advanced": "advanced filter",
    }  # fmt: skip
    for name, label in labels.items():
        with pytest.raises(QuerySyntaxError) as caught:
            read_params({name: "AREA[X]y"})
        assert live_message(caught.value) == f"Error parsing query in {label}: Unknown area name: `X`"
        assert caught.value.message.startswith(name)
        assert (caught.value.start, caught.value.end) == (5, 6)


def test_an_error_without_a_known_wording_speaks_for_itself():
    assert live_message(UnknownFieldError("x")) == "unknown field: 'x'"


def test_values_refuse_nonsense():
    with pytest.raises(ValueError):
        GeoDecay(decay=1)
    with pytest.raises(ValueError):
        StudyQuery(page_size=0)
    with pytest.raises(ValueError):
        parse_filter(Filter.ADVANCED, "x")


@needs_shared
def test_recorded_refusals_are_answered_alike():
    rows = json.loads((SHARED / "spec" / "api-v2" / "errors.json").read_text())
    compared = 0
    for row in rows:
        method, _, address = row["request"].partition(" ")
        if method != "GET" or not address.startswith("/studies?") or row["status"] != 400:
            continue
        for part in address.removeprefix("/studies?").split(" | "):
            params = dict(parse_qsl(urlsplit("?" + part).query))
            if params.get("format") == "csv":
                continue  # the names of columns are the CSV's to check
            with pytest.raises(TrialistError) as caught:
                read_params(params)
            expected = row["body"]
            if (
                not row["confirmed"]
                or "unknown wording" in expected
                or "Java" in expected
                or "CSV column" in expected
            ):
                continue
            for fixed in filter(None, expected.split("...")):
                assert fixed in live_message(caught.value), part
            if "..." not in expected and row["confirmed"] is True:
                assert live_message(caught.value) == expected
            compared += 1
    assert compared >= 15
