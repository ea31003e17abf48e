from datetime import datetime

import pytest

from trialist.errors import Level, UnknownFieldError, Where
from trialist.record import Age, AgeUnit, GeoPoint, PartialDate, Study, Unparsed, check
from trialist.record.check import MAX_DEPTH


def study(**sections):
    record = {
        "protocolSection": {
            "identificationModule": {"nctId": "NCT99000001", "briefTitle": "[Invented] A study"},
            **sections.pop("protocol", {}),
        },
        **sections,
    }
    return Study.from_record(record)


FULL = study(
    protocol={
        "statusModule": {
            "overallStatus": "RECRUITING",
            "startDateStruct": {"date": "2024-02"},
            "lastUpdatePostDateStruct": {"date": "2024-03-20", "type": "ACTUAL"},
        },
        "designModule": {"phases": ["PHASE1", "PHASE2"], "enrollmentInfo": {"count": 12}},
        "eligibilityModule": {"minimumAge": "4 Years", "healthyVolunteers": False},
        "contactsLocationsModule": {
            "locations": [
                {"city": "Hefei", "geoPoint": {"lat": 31.86, "lon": 117.28}, "contacts": [{"name": "A"}]},
                {"country": "China", "contacts": [{"name": "B"}, {"name": "C"}]},
            ]
        },
    },
    documentSection={"largeDocumentModule": {"largeDocs": [{"uploadDate": "2020-05-06T18:45", "size": 7}]}},
    hasResults=False,
)


def test_values_are_read_by_piece_and_by_path():
    assert FULL.nct_id == "NCT99000001"
    assert FULL["OverallStatus"] == "RECRUITING"
    assert FULL["protocolSection.statusModule.overallStatus"] == "RECRUITING"
    assert FULL["StartDate"] == PartialDate(2024, 2)
    assert FULL.last_update_post_date == PartialDate(2024, 3, 20)
    assert FULL["EnrollmentCount"] == 12
    assert FULL["MinimumAge"] == Age(4, AgeUnit.YEAR)
    assert FULL["HealthyVolunteers"] is False
    assert FULL["HasResults"] is False
    assert FULL["LargeDocUploadDate"] == (datetime(2020, 5, 6, 18, 45),)  # noqa: DTZ001  # the registry gives no zone
    assert FULL["LocationGeoPoint"] == (GeoPoint(31.86, 117.28),)
    assert FULL["DesignModule"] == FULL.record["protocolSection"]["designModule"]


def test_what_is_absent_is_none_or_an_empty_tuple():
    assert FULL["MaximumAge"] is None
    assert FULL["Keyword"] == ()
    assert FULL["LeadSponsorName"] is None


def test_lists_are_opened_in_the_order_of_the_record():
    assert FULL["Phase"] == ("PHASE1", "PHASE2")
    assert FULL["LocationContactName"] == ("A", "B", "C")
    assert FULL["LocationCity"] == ("Hefei",)


def test_unknown_names_are_refused():
    with pytest.raises(UnknownFieldError):
        FULL["Frobnication"]


@pytest.mark.parametrize(
    ("piece", "protocol"),
    [
        ("OverallStatus", {"statusModule": {"overallStatus": 3}}),
        ("StartDate", {"statusModule": {"startDateStruct": {"date": "soon"}}}),
        ("EnrollmentCount", {"designModule": {"enrollmentInfo": {"count": True}}}),
        ("HealthyVolunteers", {"eligibilityModule": {"healthyVolunteers": "Yes"}}),
        ("MinimumAge", {"eligibilityModule": {"minimumAge": "eighteen"}}),
        ("DesignModule", {"designModule": "parallel"}),
    ],
)
def test_what_is_not_of_its_type_is_kept_as_unparsed(piece, protocol):
    found = study(protocol=protocol)[piece]
    assert isinstance(found, Unparsed)
    assert found.reason


@pytest.mark.parametrize("point", [{"lat": 91, "lon": 0}, {"lat": "x", "lon": 0}, {}, "here"])
def test_places_off_the_sphere_are_unparsed(point):
    found = study(protocol={"contactsLocationsModule": {"locations": [{"geoPoint": point}]}})
    assert isinstance(found["LocationGeoPoint"][0], Unparsed)


def test_raw_bytes_are_untouched():
    raw = b'{ "protocolSection" : {"identificationModule":{"nctId":"nct7"}}}'
    found = Study.from_json(raw)
    assert found.raw == raw
    assert found.nct_id == "NCT00000007"
    assert found == Study.from_record(found.record)
    assert hash(found) == hash(Study.from_record(found.record))
    with pytest.raises(ValueError, match="JSON object"):
        Study.from_json(b"[]")


@pytest.mark.parametrize(
    "record",
    [{}, {"protocolSection": 1}, {"protocolSection": {"identificationModule": []}}, {"protocolSection": {}}],
)
def test_a_study_without_an_id_has_none(record):
    assert Study.from_record(record).nct_id is None
    assert Study.from_record(record).aliases == ()
    assert next(problem.code for problem in check(Study.from_record(record))) == "missing-nct-id"


def test_aliases_are_canonical():
    found = Study.from_record(
        {"protocolSection": {"identificationModule": {"nctId": "NCT99000001", "nctIdAliases": ["nct5", "?"]}}}
    )
    assert found.aliases == ("NCT00000005",)


def codes(found):
    return [(problem.code, problem.where.path) for problem in check(found)]


def test_a_good_record_has_no_problems():
    assert check(FULL) == []


@pytest.mark.parametrize(
    ("protocol", "code", "path"),
    [
        ({"statusModule": {"overallStatus": "OPEN"}}, "unknown-enum-value", "statusModule.overallStatus"),
        ({"statusModule": {"overallStatus": None}}, "wrong-type", "statusModule.overallStatus"),
        ({"statusModule": {"overallStatus": {}}}, "wrong-type", "statusModule.overallStatus"),
        ({"statusModule": []}, "wrong-type", "statusModule"),
        ({"statusModule": "x"}, "wrong-type", "statusModule"),
        ({"statusModule": {"startDateStruct": {"date": "2023-02-30"}}}, "impossible-date", "statusModule.startDateStruct.date"),
        ({"statusModule": {"studyFirstSubmitDate": "2023-02"}}, "impossible-date", "statusModule.studyFirstSubmitDate"),
        ({"statusModule": {"startDateStruct": {"date": 2023}}}, "wrong-type", "statusModule.startDateStruct.date"),
        ({"conditionsModule": {"conditions": "GVHD"}}, "wrong-type", "conditionsModule.conditions"),
        ({"conditionsModule": {"conditions": [1]}}, "wrong-type", "conditionsModule.conditions"),
        ({"designModule": {"phases": ["PHASE9"]}}, "unknown-enum-value", "designModule.phases"),
        ({"designModule": {"enrollmentInfo": {"count": "12"}}}, "wrong-type", "designModule.enrollmentInfo.count"),
        ({"designModule": {"enrollmentInfo": {"count": True}}}, "wrong-type", "designModule.enrollmentInfo.count"),
        ({"designModule": {"frob": 1}}, "unknown-field", "designModule.frob"),
        ({"eligibilityModule": {"minimumAge": "old"}}, "unreadable-age", "eligibilityModule.minimumAge"),
        ({"eligibilityModule": {"healthyVolunteers": 1}}, "wrong-type", "eligibilityModule.healthyVolunteers"),
        ({"contactsLocationsModule": {"locations": [3]}}, "wrong-type", "contactsLocationsModule.locations"),
        ({"contactsLocationsModule": {"locations": [{"geoPoint": {"lat": 95.0, "lon": 0}}]}}, "impossible-place", "contactsLocationsModule.locations.geoPoint.lat"),
        ({"contactsLocationsModule": {"locations": [{"geoPoint": {"lat": "x"}}]}}, "wrong-type", "contactsLocationsModule.locations.geoPoint.lat"),
    ],
)  # fmt: skip
def test_what_is_not_as_the_catalogue_says_is_reported(protocol, code, path):
    found = check(study(protocol=protocol), Where(source="f.json", position=3))
    assert [(problem.code, problem.where.path) for problem in found] == [(code, f"protocolSection.{path}")]
    where = found[0].where
    assert (where.source, where.position, where.nct_id) == ("f.json", 3, "NCT99000001")
    assert found[0].level is (Level.INFO if code == "unknown-field" else Level.WARNING)


def test_an_unknown_field_is_reported_once_a_path():
    odd = study(protocol={"contactsLocationsModule": {"locations": [{"moon": 1}, {"moon": 2}]}}, extra=[1])
    assert codes(odd) == [
        ("unknown-field", "protocolSection.contactsLocationsModule.locations.moon"),
        ("unknown-field", "extra"),
    ]


def test_an_id_in_an_odd_spelling_is_reported_and_alias_forms_too():
    odd = Study.from_record(
        {"protocolSection": {"identificationModule": {"nctId": "nct99000001", "nctIdAliases": ["x", 3]}}}
    )
    assert [code for code, _ in codes(odd)] == ["nct-id-form", "nct-id-form", "wrong-type"]


@pytest.mark.parametrize("depth, refused", [(MAX_DEPTH - 10, False), (MAX_DEPTH + 10, True)])
def test_bottomless_records_are_refused_and_deep_ones_are_not(depth, refused):
    odd: object = 1
    for _ in range(depth):
        odd = {"a": odd}
    found = check(study(extra=odd))
    assert [problem.level for problem in found] == [Level.ERROR if refused else Level.INFO]
    assert found[0].code == ("too-deep" if refused else "unknown-field")
    deep_list: object = []
    for _ in range(depth):
        deep_list = [deep_list]
    assert [problem.code for problem in check(study(protocol={"conditionsModule": deep_list}))] == [
        "too-deep" if refused else "wrong-type"
    ]


def test_a_problem_needs_words():
    problem = check(study(extra=1))[0]
    with pytest.raises(ValueError, match="known code and a message"):
        type(problem)(Level.INFO, "", Where(), "")
    assert (
        str(Where("a.zip", "b.json", 5, "byte", "NCT99000001", "x.y"))
        == "a.zip!b.json at byte 5 NCT99000001 x.y"
    )


def test_long_values_are_shortened_in_problems():
    found = check(study(protocol={"statusModule": {"overallStatus": "X" * 5000}}))
    assert len(found[0].excerpt) < 200
    assert len(found[0].message) < 300
