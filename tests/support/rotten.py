"""Bundles gone bad: whatever a broken export, a wrong mapping or an attack makes of a sound one."""

from __future__ import annotations

import json
from copy import deepcopy
from random import Random
from typing import Any

_JUNK = [
    None, True, -1, 10**40, 1e300, "", " ", "x" * 5000, "2031-01-01", "1700-01-01", "2025-02-30", "0000-00-00", "\u0000", "NaN", [], {}, [[]],
    [None], {"value": "12"}, {"reference": "Observation/o1"}, {"coding": "x"}, {"coding": [{"code": 1}]}, "-5", "12,5",
]  # fmt: skip
_UNITS = ["kg", "floops", "mg", "10*9/L", "", "%", "mm[Hg]", "mg/dL/dL", "\u200b", "umol/L"]


def sound() -> dict[str, Any]:
    """A bundle with one resource of each kind that is read."""
    about = {"subject": {"reference": "Patient/p"}}
    day = "2025-02-03"
    code = "http://loinc.org"

    def lab(name: str, loinc: str, value: float, unit: str) -> dict[str, Any]:
        quantity = {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
        return {
            "resourceType": "Observation", "id": name, "status": "final", **about, "effectiveDateTime": day,
            "code": {"coding": [{"system": code, "code": loinc}]}, "valueQuantity": quantity,
            "referenceRange": [{"low": {"value": value / 2, "unit": unit}, "high": {"value": value * 2, "unit": unit}}],
        }  # fmt: skip

    resources = [
        {"resourceType": "Patient", "id": "p", "birthDate": "1980-06-01", "gender": "male"},
        lab("o1", "1742-6", 30, "U/L"),
        lab("o2", "2160-0", 1.1, "mg/dL"),
        lab("o3", "777-3", 150, "10*9/L"),
        {"resourceType": "Observation", "id": "o4", "status": "final", **about, "effectivePeriod": {"start": day, "end": "2025-02-04"},
         "code": {"coding": [{"system": code, "code": "85354-9"}]},
         "component": [{"code": {"coding": [{"system": code, "code": "8480-6"}]}, "valueQuantity": {"value": 120, "code": "mm[Hg]"}}]},
        {"resourceType": "Condition", "id": "c", **about, "code": {"text": "Asthma"}, "onsetPeriod": {"start": "2019", "end": "2020"},
         "clinicalStatus": {"coding": [{"code": "resolved"}]}},
        {"resourceType": "MedicationRequest", "id": "m", "status": "active", "intent": "order", **about,
         "medicationCodeableConcept": {"text": "tacrolimus"}, "authoredOn": day,
         "dosageInstruction": [{"doseAndRate": [{"doseQuantity": {"value": 1, "code": "mg"}}]}]},
        {"resourceType": "Procedure", "id": "x", "status": "completed", **about, "code": {"text": "Splenectomy"}, "performedDateTime": day},
        {"resourceType": "AllergyIntolerance", "id": "a", "patient": {"reference": "Patient/p"}, "code": {"text": "penicillin"}},
        {"resourceType": "Immunization", "id": "i", "status": "completed", "patient": {"reference": "Patient/p"},
         "vaccineCode": {"text": "Influenza"}, "occurrenceDateTime": day},
        {"resourceType": "FamilyMemberHistory", "id": "f", "status": "completed", "patient": {"reference": "Patient/p"},
         "condition": [{"code": {"text": "Breast cancer"}}]},
        {"resourceType": "DiagnosticReport", "id": "r", "status": "final", **about, "code": {"text": "Panel"}, "result": [{"reference": "Observation/o1"}]},
        {"resourceType": "Encounter", "id": "e", "status": "finished", "class": {"code": "IMP"}, **about, "period": {"start": day}},
    ]  # fmt: skip
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}


def rotten(seed: int) -> str:
    """The sound bundle with one to six things wrong; the same for the same seed."""
    random = Random(seed)
    found = sound()
    for _ in range(random.randint(1, 6)):
        random.choice(_WAYS)(found, random)
    text = json.dumps(found)
    match random.randint(0, 30):
        case 0:
            return text[: random.randrange(len(text))]
        case 1:
            return text.replace('"birthDate"', '"birthDate": "1990-01-01", "birthDate"', 1)
        case 2:
            place = random.randrange(len(text))
            return text[:place] + random.choice('{}[]",:\\\x00é') + text[place + 1 :]
        case _:
            return text


def _places(node: Any) -> list[tuple[Any, Any]]:
    """Every member of every object and list: its holder and its key."""
    found: list[tuple[Any, Any]] = []
    stack = [node]
    while stack:
        one = stack.pop()
        members = one.items() if isinstance(one, dict) else enumerate(one) if isinstance(one, list) else ()
        for key, value in members:
            found.append((one, key))
            if isinstance(value, dict | list):
                stack.append(value)
    return found


def _wrong_type(found: dict[str, Any], random: Random) -> None:
    holder, key = random.choice(_places(found))
    holder[key] = deepcopy(random.choice(_JUNK))


def _missing(found: dict[str, Any], random: Random) -> None:
    holder, key = random.choice(_places(found))
    del holder[key]


def _repeated(found: dict[str, Any], random: Random) -> None:
    entries = found.get("entry")
    if isinstance(entries, list) and entries:
        entries.append(deepcopy(random.choice(entries)))


def _strange_unit(found: dict[str, Any], random: Random) -> None:
    for holder, key in _places(found):
        if (
            key in {"unit", "code"}
            and isinstance(holder, dict)
            and "value" in holder
            and random.random() < 0.5
        ):
            holder[key] = random.choice(_UNITS)


def _strange_number(found: dict[str, Any], random: Random) -> None:
    for holder, key in _places(found):
        if key == "value" and isinstance(holder, dict) and random.random() < 0.3:
            holder[key] = random.choice([-3, 0, 10**9, 1e-9, "7", None, [7]])


def _strange_day(found: dict[str, Any], random: Random) -> None:
    days = [
        "2031-01-01",
        "1879-03-14",
        "2025-13-01",
        "2025-02-29",
        "yesterday",
        "2025-01-01T25:00:00Z",
        "1945",
        "2025-06",
    ]
    for holder, key in _places(found):
        if (
            isinstance(holder, dict)
            and isinstance(holder[key], str)
            and holder[key][:2] in {"20", "19"}
            and random.random() < 0.3
        ):
            holder[key] = random.choice(days)


def _second_person(found: dict[str, Any], random: Random) -> None:
    entries = found.get("entry")
    if isinstance(entries, list):
        person = {"resourceType": "Patient", "id": random.choice(["p", "q"]), "birthDate": random.choice(["1980-06-01", "1991-01-01", "1980"]),
                  "gender": random.choice(["male", "female", "zebra"])}  # fmt: skip
        entries.insert(random.randrange(len(entries) + 1), {"resource": person})


def _circle(found: dict[str, Any], random: Random) -> None:
    for holder, key in _places(found):
        if (
            key == "resource"
            and isinstance(holder, dict)
            and isinstance(holder[key], dict)
            and random.random() < 0.5
        ):
            holder[key]["hasMember"] = holder[key]["partOf"] = holder[key]["result"] = [
                {"reference": "Observation/o1"},
                {"reference": "DiagnosticReport/r"},
            ]
            holder[key]["contained"] = [{"resourceType": "Medication", "id": "d"}, 3]
            holder[key]["medicationReference"] = {"reference": "#d"}


def _nested(found: dict[str, Any], random: Random) -> None:
    inner: Any = {"resourceType": "Bundle", "entry": []}
    for _ in range(random.choice([1, 3, 60])):
        inner = {"resourceType": "Bundle", "entry": [{"resource": inner}]}
    entries = found.get("entry")
    if isinstance(entries, list):
        entries.append({"resource": inner})


_WAYS = [
    _wrong_type,
    _wrong_type,
    _wrong_type,
    _missing,
    _repeated,
    _strange_unit,
    _strange_number,
    _strange_day,
    _second_person,
    _circle,
    _nested,
]
