import json
from datetime import date

import pytest

from trialist.errors import LimitExceededError, SourceUnreadableError
from trialist.patient.fhir import read_fhir

from support.cases import each_case
from support.fact_lines import DAY, TERMS, patient_lines

PERSON = {"resourceType": "Patient", "id": "p", "birthDate": "1980-06-01"}


def bundle(*resources):
    return json.dumps({"resourceType": "Bundle", "entry": [{"resource": one} for one in resources]})


def read_one(content, as_of=DAY):
    (patient,) = read_fhir(content, TERMS, as_of)
    return patient


@each_case("patient_fhir.toml")
def test_each_resource_becomes_facts_or_is_listed(case):
    patient = read_one(bundle(PERSON, json.loads(case.input)))
    lines = [line for line in patient_lines(patient) if not line.startswith("born ")]
    assert lines + [f"! {one.reason}" for one in patient.unresolved] == case.expect, case.why


def test_birth_sex_death_and_what_else_is_asked_of_a_person():
    patient = read_one(
        json.dumps(
            {
                **PERSON,
                "gender": "female",
                "name": [{"family": "Nobody"}],
                "deceasedDateTime": "2025-01-02T10:00:00+01:00",
                "address": [{"country": "CH", "line": ["1 Nowhere Street"]}],
                "communication": [{"language": {"text": "German"}}],
            }
        )
    )
    assert patient_lines(patient) == [
        "born 1980-06-01",
        "sex female",
        "dead 2025-01-02",
        "demographic language =german",
        "demographic residence =ch",
    ]
    assert "Nobody" not in repr(patient)
    assert "Nowhere" not in repr(patient)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"birthDate": "1990-01-01"}, "contradiction"),
        ({"gender": "male"}, "contradiction"),
        (
            {
                "_birthDate": {
                    "extension": [
                        {
                            "url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime",
                            "valueDateTime": "1981-06-01",
                        }
                    ]
                }
            },
            "contradiction",
        ),
        ({"birthDate": "2031-01-01"}, "future-date"),
        ({"birthDate": "1801-01-01"}, "impossible-date"),
        ({"birthDate": "the first of June"}, "impossible-date"),
        ({"birthDate": 1980}, "wrong-type"),
        ({"deceasedDateTime": "1970-01-01"}, "contradiction"),
        ({"gender": "perhaps"}, "unread-value"),
    ],
)
def test_two_resources_of_one_person_that_contradict_each_other(more, reason):
    one = {**PERSON, "gender": "female"}
    patient = read_one(bundle(one, {**one, **more}))
    assert reason in {said.reason for said in patient.unresolved}
    if reason == "contradiction":
        assert patient.birth is None or patient.sex is None


def test_a_key_that_stands_twice_is_refused():
    with pytest.raises(SourceUnreadableError, match="birthDate"):
        read_fhir(
            '{"resourceType": "Patient", "birthDate": "1980-01-01", "birthDate": "1990-01-01"}', TERMS, DAY
        )


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", "null", "1", "[1]", '{"resourceType": 3}', '{"resourceType": "Bundle", "entry": {}}', b"\xff\xfe",
     '{"resourceType": "Patient", "x": NaN}', '{"resourceType": "Patient", "x": 1e999}', "<Patient/>", '{"resourceType": "Bundle"}'],
)  # fmt: skip
def test_what_is_no_fhir_is_a_clear_error(content):
    with pytest.raises(SourceUnreadableError) as error:
        read_fhir(content, TERMS, DAY)
    assert error.value.message


def test_what_is_too_large_or_too_deep_is_refused_before_it_is_read():
    with pytest.raises(LimitExceededError, match="200,000,000"):
        read_fhir(b" " * 200_000_000, TERMS, DAY)
    with pytest.raises(LimitExceededError, match="deep"):
        read_fhir("[" * 100_000, TERMS, DAY)


def test_a_file_of_lines_holds_several_people_each_with_their_own():
    lines = [
        {"resourceType": "Patient", "id": "a", "birthDate": "1980"},
        {"resourceType": "Patient", "id": "b", "birthDate": "1990"},
        {
            "resourceType": "Condition",
            "id": "1",
            "code": {"text": "Asthma"},
            "subject": {"reference": "Patient/b"},
        },
        {
            "resourceType": "Condition",
            "id": "2",
            "code": {"text": "COPD"},
            "subject": {"reference": "https://x.example/fhir/Patient/a"},
        },
    ]
    found = read_fhir("\n".join(json.dumps(line) for line in lines), TERMS, DAY)
    assert [(one.label, patient_lines(one)) for one in found] == [
        ("Patient/a", ["born 1980", "condition copd"]),
        ("Patient/b", ["born 1990", "condition asthma"]),
    ]


def test_a_damaged_line_is_named():
    with pytest.raises(SourceUnreadableError, match="line 2"):
        read_fhir('{"resourceType": "Patient"}\n{"resourceType"\n', TERMS, DAY)


def test_a_lone_resource_is_its_subject_s():
    patient = read_one(
        json.dumps(
            {"resourceType": "Condition", "code": {"text": "Asthma"}, "subject": {"reference": "Patient/x"}}
        )
    )
    assert (patient.label, patient_lines(patient)) == ("Patient/x", ["condition asthma"])


def test_circles_and_repeated_resources_do_no_harm():
    one = {"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "ALT"}, "valueInteger": 30,
           "subject": {"reference": "Patient/p"}, "hasMember": [{"reference": "Observation/o"}]}  # fmt: skip
    patient = read_one(bundle(PERSON, one, one, {**one, "valueInteger": 90}))
    assert [str(fact.value) for fact in patient.facts] == ["30", "90"]
    assert [said.reason for said in patient.unresolved] == ["duplicate", "contradiction"]


def test_the_days_of_care_are_known_and_only_up_to_the_day_of_reading():
    visits = [
        {"resourceType": "Encounter", "id": day, "status": "finished", "class": {"code": "AMB"}, "period": {"start": day}, "subject": {"reference": "Patient/p"}}
        for day in ("2024-02-01", "2025-05-01", "2030-01-01")
    ]  # fmt: skip
    patient = read_one(bundle(PERSON, *visits))
    assert (patient.first_seen, patient.last_seen) == (date(2024, 2, 1), date(2025, 5, 1))
