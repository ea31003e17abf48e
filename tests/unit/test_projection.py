import sys

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialist.demo import generate_study
from trialist.errors import InvalidParameterError
from trialist.record.catalogue import fields, key_order, search_areas, walk_leaves
from trialist.views.projection import Projection, parse_fields

from support.records import record
from support.shared import REGISTRY, iter_lines, needs_shared


def project(names, found, *, allow_query=False):
    projection = parse_fields([names], allow_query=allow_query)
    cut = projection.apply(found)
    assert orjson.loads(projection.apply_bytes(orjson.dumps(found))) == cut
    return cut


def wanted_leaves(names, found):
    """The judge: the leaves of a record at or below one of the paths, by their place in it."""
    paths = [field.path for field in fields() if field.piece in names or field.path in names]
    return {
        pointer: value
        for path, pointer, value in walk_leaves(found)
        if any(path == one or path.startswith(one + ".") for one in paths)
    }


def filled(leaves):
    """Without what is empty because nothing in it was asked for."""
    return {pointer: value for pointer, value in leaves.items() if value not in ({}, [])}


def assert_judged(names, found):
    cut = project(",".join(names), found)
    ours = {pointer: value for _, pointer, value in walk_leaves(cut)}
    assert filled(ours) == filled(wanted_leaves(names, found))
    return cut


def test_a_piece_gives_its_leaf_and_nothing_else():
    assert project("NCTId", record(1)) == {
        "protocolSection": {"identificationModule": {"nctId": "NCT99000001"}}
    }
    assert project("protocolSection.identificationModule.nctId", record(1)) == project("NCTId", record(1))


def test_a_structure_gives_all_below_it_and_swallows_its_own_leaves():
    cut = project("NCTId|IdentificationModule,BriefTitle", record(1))
    assert cut == {
        "protocolSection": {"identificationModule": record(1)["protocolSection"]["identificationModule"]}
    }
    assert parse_fields(["NCTId|IdentificationModule"], allow_query=False).paths == {
        "protocolSection.identificationModule"
    }


def test_an_area_gives_its_pieces():
    cut = project("ConditionSearch", record(1))
    assert set(cut["protocolSection"]) == {"identificationModule", "conditionsModule"}
    assert cut["protocolSection"]["identificationModule"] == {
        "nctId": "NCT99000001",
        "briefTitle": record(1)["protocolSection"]["identificationModule"]["briefTitle"],
    }


def test_has_results_comes_only_when_asked_for():
    assert "hasResults" not in project("NCTId", record(1))
    assert project("HasResults", record(1)) == {"hasResults": False}


def test_lists_keep_their_length_and_parents_stay():
    found = {
        "protocolSection": {
            "contactsLocationsModule": {
                "locations": [{"facility": "A", "city": "Ulm"}, {"facility": "B"}, {"city": "Köln"}]
            },
            "designModule": {"studyType": "OBSERVATIONAL"},
        }
    }
    assert project("LocationCity|Phase|BriefTitle", found) == {
        "protocolSection": {
            "designModule": {},
            "contactsLocationsModule": {"locations": [{"city": "Ulm"}, {}, {"city": "Köln"}]},
        }
    }


def test_keys_come_in_the_registry_s_order_whatever_was_asked_first():
    cut = project("HasResults|Condition|OverallStatus|BriefTitle|NCTId", record(1))
    assert list(cut) == ["protocolSection", "hasResults"]
    assert list(cut["protocolSection"]) == ["identificationModule", "statusModule", "conditionsModule"]
    assert list(cut["protocolSection"]["identificationModule"]) == ["nctId", "briefTitle"]


def test_what_is_not_as_the_catalogue_says_is_neither_lost_nor_invented():
    found = {"protocolSection": {"identificationModule": None, "conditionsModule": {"conditions": "x"}}}
    assert project("NCTId|Condition", found) == found
    found = {"protocolSection": {"contactsLocationsModule": {"locations": [None, "x", {"city": "Ulm"}]}}}
    assert project("LocationCity", found) == found
    assert project("NCTId", {}) == {}


def test_a_record_written_over_lines_comes_out_on_one():
    raw = orjson.dumps(record(1), option=orjson.OPT_INDENT_2)
    projection = parse_fields(["IdentificationModule"], allow_query=False)
    assert projection.apply_bytes(raw) == projection.apply_bytes(orjson.dumps(record(1)))
    assert b"\n" not in projection.apply_bytes(raw)


def test_numbers_and_escapes_are_carried_over_as_they_were_written():
    raw = rb'{"protocolSection":{"designModule":{"enrollmentInfo":{"count":123456789012345678901234567890}},'
    raw += rb'"identificationModule":{"briefTitle":"\u00e9\/"}}}'
    cut = parse_fields(["EnrollmentCount|BriefTitle"], allow_query=False).apply_bytes(raw)
    assert b"123456789012345678901234567890" in cut
    assert rb'"\u00e9\/"' in cut


def test_the_fields_of_a_search_are_put_in():
    asked = parse_fields(["@query", "NCTId"], allow_query=True)
    assert asked.wants_query
    assert asked.apply(record(1)) == project("NCTId", record(1))
    assert asked.with_query(["Condition"]).apply(record(1)) == project("NCTId|Condition", record(1))
    plain = parse_fields(["NCTId"], allow_query=True)
    assert plain.with_query(["Condition"]) is plain
    only = parse_fields(["@query"], allow_query=True)
    assert only.apply(record(1)) == {}


@pytest.mark.parametrize(
    ("texts", "allow_query", "message"),
    [
        (["StudyDesign"], True, "Parameter 'fields' contains invalid field name: 'StudyDesign'"),
        (["NCTId", "nctId"], True, "Parameter 'fields' contains invalid field name: 'nctId'"),
        (["ConditionList"], False, "Parameter 'fields' contains invalid field name: 'ConditionList'"),
        (["NCTId,@query"], False, "Item 2 in parameter `fields` has incorrect format"),
        (["@queries"], True, "Item 1 in parameter `fields` has incorrect format"),
        (["NCTId|1a"], True, "Item 2 in parameter `fields` has incorrect format"),
        (["", " , |"], True, "Parameter `fields` must not be empty"),
    ],
)
def test_what_is_no_field_is_refused_in_the_registry_s_words(texts, allow_query, message):
    with pytest.raises(InvalidParameterError) as caught:
        parse_fields(texts, allow_query=allow_query)
    assert caught.value.message == message


def test_a_refused_name_comes_with_the_nearest():
    with pytest.raises(InvalidParameterError) as caught:
        parse_fields(["BriefTitel"], allow_query=False)
    assert "BriefTitle" in caught.value.hint


def test_a_projection_of_nothing_or_of_strange_paths_cannot_be_made():
    with pytest.raises(ValueError, match="at least one"):
        Projection(frozenset())
    with pytest.raises(ValueError, match="not a path"):
        Projection(frozenset({"a.b"}))


PIECES = [field.piece for field in fields()]


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=6), st.integers(0, 60))
def test_any_pieces_of_any_invented_study_are_what_the_judge_says(names, number):
    assert_judged(names, generate_study(number))


def test_every_area_can_be_asked_for():
    found = generate_study(3)
    for area in search_areas().values():
        names = [piece for part in area.parts for piece in part.pieces]
        assert project(area.name, found) == assert_judged(names, found)


@needs_shared
def test_real_records_are_cut_as_the_judge_says_and_short_and_long_way_agree():
    asked = [
        "NCTId",
        "StatusModule",
        "LocationCity",
        "OutcomeMeasurementValue",
        "InterventionName",
        "HasResults",
    ]
    projection = parse_fields(asked, allow_query=False)
    count = 0
    for place, line in enumerate(iter_lines(REGISTRY / "studies.v2.ndjson.zst")):
        found = orjson.loads(line)
        cut = projection.apply(found)
        assert projection.apply_bytes(line) == orjson.dumps(cut)
        if place % 25 == 0:
            assert_judged(asked, found)
        count += 1
    assert count == 3603


@needs_shared
@pytest.mark.heavy
def test_the_order_of_keys_is_that_of_the_real_records():
    """All leaves asked for one by one give a sound record byte for byte; some copies were rearranged by other hands."""
    leaves = [field.piece for field in fields() if not field.is_struct and not field.indexed_only]
    projection = parse_fields(leaves, allow_query=False)
    known = {field.path for field in fields()}
    odd = unknown = equal = 0
    for line in iter_lines(REGISTRY / "studies.v2.ndjson.zst"):
        found = orjson.loads(line)
        if any(path not in known for path in _paths(found)):
            unknown += 1
        elif orjson.dumps(projection.apply(found)) == orjson.dumps(found):
            equal += 1
        else:
            odd += 1
    sys.stdout.write(
        f"equal to the byte: {equal}, with fields the catalogue lacks: {unknown}, rearranged copies: {odd}"
        + "\n"
    )
    assert (odd, unknown) == (2, 184)
    assert set(key_order()) >= {"", "protocolSection"}


def _paths(value, path=""):
    if isinstance(value, dict):
        for key, item in value.items():
            here = f"{path}.{key}" if path else key
            if here.endswith(("geoPoint.lat", "geoPoint.lon")):
                continue
            yield here
            yield from _paths(item, here)
    elif isinstance(value, list):
        for item in value:
            yield from _paths(item, path)
