from trialist.errors import Level, Where
from trialist.sources.ctgov_v1 import convert_v1

STUDY = {
    "FullStudy": {
        "Rank": 1,
        "Study": {
            "ProtocolSection": {
                "IdentificationModule": {
                    "NCTId": "NCT99000002",
                    "OrgStudyIdInfo": {"OrgStudyId": "X-1"},
                    "SecondaryIdInfoList": {
                        "SecondaryIdInfo": [{"SecondaryId": "Y", "SecondaryIdType": "Other Identifier"}]
                    },
                    "BriefTitle": "Nothing",
                },
                "StatusModule": {
                    "OverallStatus": "Recruiting",
                    "StartDateStruct": {"StartDate": "April 3, 2016", "StartDateType": "Anticipated"},
                },
                "DesignModule": {
                    "PhaseList": {"Phase": ["Phase 1", "Phase 2"]},
                    "EnrollmentInfo": {"EnrollmentCount": "41"},
                },
                "ConditionsModule": {"ConditionList": {"Condition": ["Hope"]}},
                "EligibilityModule": {"Gender": "All", "HealthyVolunteers": "No"},
            },
            "Horoscope": {"Sign": "crab"},
        },
    }
}


def test_a_full_study_is_converted() -> None:
    record, problems = convert_v1(STUDY, Where("invented.json"))
    assert record is not None
    protocol = record["protocolSection"]
    assert protocol["identificationModule"]["secondaryIdInfos"] == [{"id": "Y", "type": "OTHER"}]
    assert protocol["statusModule"]["startDateStruct"] == {"date": "2016-04-03", "type": "ESTIMATED"}
    assert protocol["designModule"]["phases"] == ["PHASE1", "PHASE2"]
    assert protocol["designModule"]["enrollmentInfo"] == {"count": 41}
    assert protocol["conditionsModule"]["conditions"] == ["Hope"]
    assert protocol["eligibilityModule"] == {"healthyVolunteers": False, "sex": "ALL"}
    assert record["hasResults"] is False
    assert [(found.code, found.where.path, found.excerpt) for found in problems] == [
        ("unmapped-element", "Horoscope.Sign", "crab")
    ]


def test_what_is_not_a_study_says_why() -> None:
    for broken in ({}, {"FullStudy": 1}, {"ProtocolSection": []}):
        record, problems = convert_v1(broken, Where())
        assert record is None
        assert [(found.level, found.code) for found in problems] == [(Level.ERROR, "not-a-study")]
    record, problems = convert_v1({"ProtocolSection": {"IdentificationModule": {"NCTId": ""}}}, Where())
    assert record is None
    assert problems[-1].code == "missing-nct-id"


def test_values_of_other_shapes_are_kept() -> None:
    study = {
        "ProtocolSection": {"IdentificationModule": {"NCTId": "NCT99000002", "BriefTitle": {"a": ["b", 1]}}}
    }
    record, problems = convert_v1(study, Where())
    assert record is not None
    assert [found.excerpt for found in problems] == ["b | 1"]
