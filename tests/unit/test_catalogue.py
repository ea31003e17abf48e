import zipfile
from collections import Counter

import orjson
import pytest

from trialist.errors import UnknownFieldError
from trialist.record import catalogue
from trialist.record.enums import enums, label_of

from support.shared import REGISTRY, SHARED, needs_shared


def test_the_catalogue_is_whole():
    fields = catalogue.fields()
    assert len(fields) == 531
    assert sum(not field.indexed_only for field in fields) == 454
    assert len({field.piece for field in fields}) == 531
    assert len({field.path for field in fields}) == 531
    assert sum(field.is_list for field in fields) == 71
    assert [field.path for field in fields if field.nested] == [
        "protocolSection.contactsLocationsModule.locations"
    ]


def test_every_parent_stands_before_its_children():
    seen = {""}
    for field in catalogue.fields():
        assert field.path.rpartition(".")[0] in seen
        seen.add(field.path)


def test_types_are_scalars_enums_or_structures_with_children():
    below = catalogue.children()
    for field in catalogue.fields():
        if field.is_enum:
            assert field.type in enums()
            assert field.piece in enums()[field.type].pieces
        elif field.is_struct:
            assert below[field.path]


def test_there_are_41_enums_and_every_piece_is_a_field():
    assert len(enums()) == 41
    for enum in enums().values():
        assert enum.values
        assert set(enum.pieces) <= set(catalogue.fields_by_piece())


def test_labels_have_exceptions_for_some_pieces():
    assert label_of("Status", "UNKNOWN") == "Unknown status"
    assert label_of("DateType", "ESTIMATED", "StartDateType") == "Anticipated"
    assert label_of("DateType", "ESTIMATED", "LastUpdatePostDateType") == "Estimate"
    assert label_of("DateType", "ESTIMATED") == "Estimated"
    assert label_of("Status", "FROBNICATING") == "FROBNICATING"


def test_there_are_19_areas_and_they_look_in_known_fields():
    areas = catalogue.search_areas()
    assert len(areas) == 19
    for area in areas.values():
        assert area.parts
        for part in area.parts:
            assert 0 < part.weight <= 1
            assert set(part.pieces) <= set(catalogue.fields_by_piece())
    assert areas["ConditionSearch"].param == "cond"
    assert areas["ConditionSearch"].parts[0].weight == 0.95


def test_names_are_found_by_piece_and_path_and_others_get_a_hint():
    status = catalogue.find_field("OverallStatus")
    assert catalogue.find_field("protocolSection.statusModule.overallStatus") is status
    assert status.name == "overallStatus"
    with pytest.raises(UnknownFieldError) as caught:
        catalogue.find_field("OveralStatus")
    assert "OverallStatus" in caught.value.nearest
    assert "OverallStatus" in caught.value.hint


def test_a_field_below_a_list_may_have_many_values():
    assert catalogue.find_field("LocationCity").is_many
    assert not catalogue.find_field("LocationCity").is_list
    assert catalogue.find_field("Condition").is_list
    assert not catalogue.find_field("BriefTitle").is_many


def test_keys_are_put_in_the_registry_s_order():
    record = {
        "hasResults": False,
        "odd": {"b": 1, "a": 2},
        "protocolSection": {
            "conditionsModule": {"keywords": ["k"], "conditions": ["c"]},
            "identificationModule": {
                "acronym": "A",
                "briefTitle": "t",
                "organization": {"class": "OTHER"},
                "nctId": "NCT99000000",
            },
            "contactsLocationsModule": {"locations": [{"country": "France", "facility": "F"}]},
        },
    }
    ordered = catalogue.order_keys(record)
    assert ordered == record
    assert list(ordered) == ["protocolSection", "hasResults", "odd"]
    assert list(ordered["odd"]) == ["b", "a"]
    identification = ordered["protocolSection"]["identificationModule"]
    assert list(identification) == ["nctId", "organization", "briefTitle", "acronym"]
    assert list(ordered["protocolSection"]["contactsLocationsModule"]["locations"][0]) == [
        "facility",
        "country",
    ]


def test_leaves_name_everything_a_record_says():
    record = {"a": {"b": [1, {"c": None}, []], "d": {}}, "x/y~z": "t"}
    assert list(catalogue.walk_leaves(record)) == [
        ("a.b", "/a/b/0", 1),
        ("a.b.c", "/a/b/1/c", None),
        ("a.b", "/a/b/2", []),
        ("a.d", "/a/d", {}),
        ("x/y~z", "/x~1y~0z", "t"),
    ]


@needs_shared
def test_the_order_of_keys_is_that_of_the_registry_s_own_download():
    """The 635 records of one download of 2024, untouched: putting their keys in order changes one of them.

    It has its documents before its annotations; later records have it the other way round, as the registry's data
    model does.
    """
    file = SHARED / "spec" / "api-v2" / "relevance-order" / "ctg-studies.json.zip"
    with zipfile.ZipFile(file) as packed:
        records = [orjson.loads(packed.read(name)) for name in packed.namelist()]
    assert len(records) == 635
    changed = [one for one in records if orjson.dumps(catalogue.order_keys(one)) != orjson.dumps(one)]
    assert [list(one)[1:3] for one in changed] == [["documentSection", "annotationSection"]]


@needs_shared
def test_the_catalogue_agrees_with_the_published_table():
    rows = (SHARED / "spec" / "api-v2" / "study-fields.tsv").read_text().splitlines()[1:]
    published = Counter(tuple(row.split("\t")[:3]) for row in rows)
    ours = Counter(
        (field.piece, field.path, field.type + ("[]" if field.is_list else ""))
        for field in catalogue.fields()
    )
    assert ours == published
    assert REGISTRY.is_dir()
