import orjson
import pytest

from trialist.errors import InvalidParameterError, StudyNotFoundError
from trialist.record.catalogue import children
from trialist.registry.history import MODULE_LABELS, history, history_version
from trialist.registry.registry import Registry

from support.loading import load
from support.records import record


def version(day, status, outcomes, *, title="t", count=10, data_date="2026-01-01"):
    found = record(1)
    protocol = found["protocolSection"]
    protocol["identificationModule"]["briefTitle"] = title
    protocol["statusModule"] = {
        "overallStatus": status,
        "lastUpdateSubmitDate": day,
        "lastUpdatePostDateStruct": {"date": day, "type": "ACTUAL"},
    }
    protocol["designModule"] = {"enrollmentInfo": {"count": count}}
    protocol["outcomesModule"] = {"primaryOutcomes": [{"measure": one} for one in outcomes]}
    found["derivedSection"] = {"miscInfoModule": {"versionHolder": data_date}}
    return found


VERSIONS = [
    version("2020-01-01", "RECRUITING", ["a"]),
    version("2021-01-01", "RECRUITING", ["a", "b"], title="u"),
    version("2022-01-01", "COMPLETED", ["a", "b"], count=12),
    version("2023-01-01", "COMPLETED", ["a"], count=12, data_date="2026-02-02"),
]


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    directory = tmp_path_factory.mktemp("history")
    file = directory / "all.ndjson"
    file.write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in VERSIONS))
    load(directory / "registry", file)
    with Registry(directory / "registry") as opened:
        yield opened


def test_each_version_tells_what_it_changed(registry):
    changes = history(registry, "nct99000001")["history"]["changes"]
    assert changes == [
        {"version": 0, "date": "2020-01-01", "status": "RECRUITING", "moduleLabels": []},
        {
            "version": 1,
            "date": "2021-01-01",
            "status": "RECRUITING",
            "moduleLabels": ["Study Identification", "Study Status", "Outcome Measures"],
        },
        {
            "version": 2,
            "date": "2022-01-01",
            "status": "COMPLETED",
            "moduleLabels": ["Study Identification", "Study Status", "Study Design"],
        },
        {
            "version": 3,
            "date": "2023-01-01",
            "status": "COMPLETED",
            "moduleLabels": ["Study Status", "Outcome Measures"],
        },
    ]


def test_what_happened_to_outcomes_and_enrolment_is_summed_up(registry):
    found = history(registry, "NCT99000001")
    assert found["study"] == VERSIONS[-1]
    assert found["history"]["lastUpdateVersions"] == {
        "primaryOutcomes": 3,
        "secondaryOutcomes": 0,
        "otherOutcomes": 0,
        "enrollmentInfo": 2,
        "outcomes": 3,
    }
    assert found["history"]["outcomesUpdateCount"] == 2
    original = found["history"]["originalData"]
    assert original["primaryOutcomes"] == [{"measure": "a"}]
    assert original["primaryOutcomesSame"] is True
    assert original["enrollmentInfoSame"] is False
    assert original["secondaryOutcomesSame"] is True


def test_a_version_is_its_record_without_what_is_derived(registry):
    for number, whole in enumerate(VERSIONS):
        expected = {key: value for key, value in whole.items() if key != "derivedSection"}
        assert history_version(registry, "NCT99000001", number) == {"study": expected}


def test_what_is_not_there_is_refused(registry):
    with pytest.raises(StudyNotFoundError):
        history(registry, "NCT99999999")
    with pytest.raises(StudyNotFoundError):
        history_version(registry, "NCT99999999", 0)
    for number in (4, -1):
        with pytest.raises(InvalidParameterError):
            history_version(registry, "NCT99000001", number)


def test_every_module_that_sponsors_fill_has_a_name():
    modules = [
        field.path
        for section in ("protocolSection", "resultsSection", "documentSection", "annotationSection")
        for field in children()[section]
    ]
    assert sorted(modules) == sorted(MODULE_LABELS)
    assert len(set(MODULE_LABELS.values())) == len(MODULE_LABELS)
