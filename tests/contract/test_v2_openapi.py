"""Our OpenAPI document: valid, as wide as the registry's own, and true of what we answer."""

import json
import re

import pytest
import yaml
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from trialist.api.v2_openapi import openapi, openapi_yaml
from trialist.demo import generate_study
from trialist.query.params import PARAMETERS
from trialist.record.enums import enums
from trialist.registry.catalogue_documents import enums as told_enums
from trialist.registry.catalogue_documents import metadata, search_areas
from trialist.registry.indexing import build_search_index
from trialist.registry.statistics import Statistics
from trialist.views.legacy_markup import legacy
from trialist.views.projection import parse_fields

from support.loading import load, settings
from support.shared import SHARED, needs_shared

OFFICIAL = SHARED / "spec" / "api-v2" / "openapi.yaml"
RECORDINGS = SHARED / "spec" / "api-v2" / "recordings"


def official():
    return yaml.safe_load(OFFICIAL.read_text(encoding="utf-8"))


def validator(document, schema):
    """What holds values against a schema of a document."""
    registry = Registry().with_resource("urn:doc", Resource.from_contents(document, DRAFT4))
    pointed = json.loads(json.dumps(schema).replace('"#/components', '"urn:doc#/components'))
    return OAS30Validator(pointed, registry=registry)


def problems(document, schema, value):
    return [error.message for error in validator(document, schema).iter_errors(value)]


def answer(document, path, kind="application/json"):
    return document["paths"][path]["get"]["responses"]["200"]["content"][kind]["schema"]


def test_the_document_is_valid():
    validate(openapi())


def test_the_yaml_says_the_same():
    assert yaml.safe_load(openapi_yaml()) == openapi()
    assert openapi_yaml().startswith('"openapi": "3.0.3"\n')


def test_every_parameter_that_is_read_is_told():
    told = {one["name"] for one in openapi()["paths"]["/studies"]["get"]["parameters"]}
    assert told == PARAMETERS


def resolved(document, schema):
    return document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema


def assert_as_wide(ours, theirs):
    """Whatever the one schema of a parameter accepts, the other does too."""
    assert ours["type"] == theirs["type"]
    assert ours.get("pattern") in (None, theirs.get("pattern"))
    if "enum" in ours:
        assert set(ours["enum"]) >= set(theirs["enum"])
    assert ours.get("minimum", 0) <= theirs.get("minimum", 0)
    assert "maximum" not in ours
    assert "maxLength" not in ours
    assert ours.get("minLength", 0) <= theirs.get("minLength", 0)
    assert ours.get("minItems", 0) <= theirs.get("minItems", 0)
    assert ours.get("maxItems", 1 << 30) >= theirs.get("maxItems", 1 << 30)
    assert ours.get("default") == theirs.get("default")


@needs_shared
def test_every_request_that_the_official_document_accepts_is_accepted():
    theirs, ours = official(), openapi()
    count = 0
    assert theirs["paths"].keys() <= ours["paths"].keys()
    for path, item in theirs["paths"].items():
        known = {(one["name"], one["in"]): one for one in ours["paths"][path]["get"]["parameters"]}
        asked = {(one["name"], one["in"]): one for one in item["get"]["parameters"]}
        assert not [key for key, one in known.items() if one["required"] and key not in asked]
        for key, one in asked.items():
            mine = known[key]
            assert mine["required"] <= one["required"]
            assert (mine.get("style"), mine.get("explode")) == (one.get("style"), one.get("explode"))
            assert_as_wide(mine["schema"], one["schema"])
            if "items" in one["schema"]:
                assert_as_wide(
                    resolved(ours, mine["schema"]["items"]), resolved(theirs, one["schema"]["items"])
                )
            for example in one.get("examples", {}).values():
                value = example["value"]
                listed = [value] if "items" in one["schema"] and isinstance(value, str) else value
                assert problems(ours, mine["schema"], listed) == []
            count += 1
    assert count == 38


@needs_shared
def test_every_kind_of_answer_that_the_official_document_names_is_told():
    theirs, ours = official(), openapi()
    for path, item in theirs["paths"].items():
        for code, told in item["get"]["responses"].items():
            mine = ours["paths"][path]["get"]["responses"][code]
            assert (told.get("content") or {}).keys() <= mine.get("content", {}).keys()


@needs_shared
def test_a_study_has_the_members_that_the_official_document_names():
    theirs, ours = official()["components"]["schemas"], openapi()["components"]["schemas"]

    def members(schemas, schema, seen):
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            yield from members(schemas, schemas[name], seen)
            return
        for name, below in schema.get("properties", {}).items():
            yield (*seen, name)
            yield from members(schemas, below, (*seen, name))
        if "items" in schema:
            yield from members(schemas, schema["items"], seen)

    of_theirs = set(members(theirs, {"$ref": "#/components/schemas/Study"}, ()))
    of_ours = set(members(ours, {"$ref": "#/components/schemas/Study"}, ()))
    # A code of countries exists in the index only; the newer model has members that the document of 2.0.3 lacks.
    missing = {".".join(path) for path in of_theirs - of_ours}
    assert missing == {"protocolSection.contactsLocationsModule.locations.countryCode"}
    assert len(of_ours) > 440


def test_enumerations_and_structures_do_not_share_names():
    schemas = openapi()["components"]["schemas"]
    for name, enum in enums().items():
        assert schemas[name] == {"type": "string", "enum": list(enum.values)}


def documents():
    yield "ours", openapi()
    if OFFICIAL.is_file():
        yield "theirs", official()


@pytest.fixture(scope="module")
def statistics(tmp_path_factory):
    directory = tmp_path_factory.mktemp("openapi")
    file = directory / "all.ndjson"
    file.write_text("".join(json.dumps(generate_study(number)) + "\n" for number in range(120)))
    load(directory / "registry", file)
    build_search_index(settings(directory / "registry"))
    return Statistics(directory / "registry")


def test_what_is_told_of_the_catalogue_is_as_both_documents_say():
    for name, document in documents():
        for path, value in (
            ("/studies/metadata", metadata(include_indexed_only=True)),
            ("/studies/search-areas", search_areas()),
            ("/studies/enums", told_enums()),
        ):
            assert problems(document, answer(document, path), value) == [], (name, path)


def test_statistics_are_as_both_documents_say(statistics):
    for name, document in documents():
        for path, value in (
            ("/stats/size", statistics.size()),
            ("/stats/field/values", statistics.field_values()),
            ("/stats/field/sizes", statistics.field_sizes()),
        ):
            assert problems(document, answer(document, path), value) == [], (name, path)


def test_studies_are_as_both_documents_say():
    some = parse_fields(["ConditionSearch|LocationCity|Phase"], allow_query=True)
    for name, document in documents():
        held = validator(document, answer(document, "/studies"))
        for number in range(40):
            found = generate_study(number)
            page = {"totalCount": 3, "studies": [found, legacy(found), some.apply(found)]}
            assert [error.message for error in held.iter_errors(page)] == [], name


@needs_shared
def test_recorded_pages_are_as_our_document_says():
    count = 0
    for file in sorted(RECORDINGS.glob("*.json")):
        recorded = json.loads(file.read_text())
        if isinstance(recorded, dict) and "studies" in recorded:
            assert problems(openapi(), answer(openapi(), "/studies"), recorded) == []
            count += 1
        elif isinstance(recorded, dict) and "protocolSection" in recorded:
            assert problems(openapi(), answer(openapi(), "/studies/{nctId}"), recorded) == []
            count += 1
    assert count >= 10


def test_what_is_not_of_a_form_is_not_accepted():
    parameters = {one["name"]: one["schema"] for one in openapi()["paths"]["/studies"]["get"]["parameters"]}
    for name, value in (
        ("filter.geo", "distance(1,2)"),
        ("filter.ids", ["NOTANID"]),
        ("filter.overallStatus", ["recruiting"]),
        ("sort", ["EnrollmentCount:descending"]),
        ("sort", ["A", "B", "C"]),
        ("format", "xml"),
        ("pageSize", -1),
        ("fields", []),
    ):
        assert problems(openapi(), parameters[name], value), name
    assert re.search(parameters["geoDecay"]["pattern"], parameters["geoDecay"]["default"])
