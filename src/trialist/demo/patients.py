"""Invented patients as documents: FHIR R4 bundles and forms in YAML. The same seed and number, the same bytes.

Nobody of them lives: they have no names, and the documents say that they are invented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

import orjson

from trialist.demo.course import Course, Entry, general_course, tables, transplant_course
from trialist.demo.draw import Draw
from trialist.errors import InvalidParameterError

MARK = "Invented by trialist; nobody is meant."
OWN_SYSTEM = "urn:trialist:concept"
_STREAM = 0x7061746965
_COURSES: Mapping[str, Callable[[int, Draw, date], Course]] = MappingProxyType(
    {"transplant": transplant_course, "general": general_course}
)
KINDS = tuple(_COURSES)


def invent_course(number: int, kind: str, as_of: date, seed: int = 0) -> Course:
    """What happens to the patient of a number. Raises `InvalidParameterError` for a kind there is not."""
    if kind not in _COURSES:
        raise InvalidParameterError(
            f"there are no invented {kind[:40]!r} patients", hint=f"There are: {', '.join(KINDS)}."
        )
    course = _COURSES[kind](number, Draw(_STREAM, seed, number, KINDS.index(kind)), as_of)
    course.entries.sort(key=lambda one: (one.day, one.part, one.name, one.value))
    return course


def invent_patients(count: int, kind: str, as_of: date, seed: int = 0) -> Iterator[Course]:
    """So many patients, numbered from 1."""
    for number in range(1, count + 1):
        yield invent_course(number, kind, as_of, seed)


def course_fhir(course: Course) -> bytes:
    """A patient as a FHIR R4 Bundle."""
    person: dict[str, Any] = {
        "resourceType": "Patient",
        "id": f"invented-{course.number}",
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{MARK}</div>'},
        "gender": course.sex,
        "birthDate": course.birth.isoformat(),
    }
    resources = [person]
    for place, entry in enumerate(course.entries, start=1):
        resource = _resource(entry)
        owner = "patient" if entry.part in {"allergy", "family"} else "subject"
        resource |= {"id": f"e{place}", owner: {"reference": f"Patient/{person['id']}"}}
        resources.append(resource)
    entries = [
        {"fullUrl": f"urn:invented:{one['resourceType']}:{one['id']}", "resource": one} for one in resources
    ]
    return (
        orjson.dumps(
            {"resourceType": "Bundle", "type": "collection", "entry": entries}, option=orjson.OPT_INDENT_2
        )
        + b"\n"
    )


def _concept(kind: str, name: str) -> dict[str, Any]:
    row = tables()[kind][name]
    if row["loinc"]:
        return {"coding": [{"system": "http://loinc.org", "code": row["loinc"], "display": row["name"]}]}
    return {"coding": [{"system": OWN_SYSTEM, "code": name, "display": row["name"]}]}


def _resource(entry: Entry) -> dict[str, Any]:
    day = entry.day.isoformat()
    observation = {"resourceType": "Observation", "status": "final", "effectiveDateTime": day}
    match entry.part:
        case "result":
            return {**observation, "code": _concept("result", entry.name), **_quantity(entry)}
        case "grade":
            return {**observation, "code": _concept("grade", entry.name), "valueInteger": int(entry.value)}
        case "test":
            return {
                **observation,
                "code": _concept("test", entry.name),
                "valueCodeableConcept": {"text": entry.value},
            }
        case "state":
            answer = "Not pregnant" if entry.value == "no" else "Pregnant"
            code = {
                "coding": [{"system": "http://loinc.org", "code": "82810-3", "display": "Pregnancy status"}]
            }
            return {**observation, "code": code, "valueCodeableConcept": {"text": answer}}
        case "condition":
            status = "active" if entry.status == "active" else "resolved"
            found: dict[str, Any] = {
                "resourceType": "Condition", "code": {"text": entry.name}, "onsetDateTime": day, "recordedDate": day,
                "clinicalStatus": {"coding": [{"code": status}]}, "verificationStatus": {"coding": [{"code": "confirmed"}]},
            }  # fmt: skip
            return found | ({"abatementDateTime": entry.end.isoformat()} if entry.end else {})
        case "drug":
            period = {"start": day} | ({"end": entry.end.isoformat()} if entry.end else {})
            status = "completed" if entry.status == "ended" else "active"
            found = {
                "resourceType": "MedicationStatement",
                "status": status,
                "medicationCodeableConcept": {"text": entry.name},
                "effectivePeriod": period,
            }
            return found | (
                {"dosage": [{"doseAndRate": [{"doseQuantity": _amount(entry.value, entry.unit)}]}]}
                if entry.value
                else {}
            )
        case "procedure":
            return {
                "resourceType": "Procedure",
                "status": "completed",
                "code": {"text": entry.name},
                "performedDateTime": day,
            }
        case "allergy":
            substance: dict[str, Any] = {"text": entry.name}
            if entry.absent:
                substance = {
                    "coding": [
                        {
                            "system": "http://snomed.info/sct",
                            "code": "716186003",
                            "display": "No known allergy",
                        }
                    ]
                }
            return {"resourceType": "AllergyIntolerance", "code": substance, "recordedDate": day}
        case _:
            return {
                "resourceType": "FamilyMemberHistory",
                "status": "completed",
                "condition": [{"code": {"text": entry.name}}],
            }


def _amount(value: str, unit: str) -> dict[str, Any]:
    number = float(value) if "." in value else int(value)
    return {"value": number, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}


def _quantity(entry: Entry) -> dict[str, Any]:
    row = tables()["result"][entry.name]
    limits = {end: _amount(row[end], entry.unit) for end in ("low", "high") if row[end]}
    found: dict[str, Any] = {"valueQuantity": _amount(entry.value, entry.unit)}
    return found | ({"referenceRange": [limits]} if limits else {})


_PARTS = {
    "result": "values", "grade": "grades", "condition": "conditions", "drug": "drugs", "procedure": "procedures",
    "test": "results", "state": "states", "family": "conditions",
}  # fmt: skip


def course_form(course: Course) -> bytes:
    """A patient as a form in YAML, as a person would type it."""
    lines = [
        f"# {MARK}",
        f"label: invented-{course.number}",
        f"as_of: {course.as_of}",
        f"born: {course.birth}",
        f"sex: {course.sex}",
    ]
    if course.transplant is not None:
        lines.append(f"transplant_day: {course.transplant}")
    found: dict[str, list[str]] = {}
    for entry in course.entries:
        if entry.part == "allergy" and entry.absent:
            lines.append("allergies: none")
        else:
            part = "allergies" if entry.part == "allergy" else _PARTS[entry.part]
            found.setdefault(part, []).append(_item(course, entry))
    for part, items in found.items():
        lines += [f"{part}:", *items]
    return ("\n".join(lines) + "\n").encode()


def _item(course: Course, entry: Entry) -> str:
    said: dict[str, str] = {"name": entry.name}
    if entry.part == "drug":
        said["from"] = entry.day.isoformat()
        said |= {"dose": f"{entry.value} {entry.unit}"} if entry.value else {}
    else:
        said |= {"value": f"{entry.value} {entry.unit}".removesuffix(" 1").strip()} if entry.value else {}
    if entry.part == "result":
        row = tables()["result"][entry.name]
        said |= {"normal": f"{row['low']}-{row['high']}"} if row["low"] or row["high"] else {}
    if entry.part == "condition":
        said["since"] = entry.day.isoformat()
    elif entry.part == "family":
        said["of"] = "family"
    elif entry.part not in {"drug", "allergy"}:
        days = (entry.day - course.transplant).days if course.transplant is not None else None
        said |= {"on": entry.day.isoformat()} if days is None else {"day": str(days)}
    said |= {"until": entry.end.isoformat()} if entry.end else {}
    said |= (
        {"status": entry.status} if entry.status and entry.part in {"condition", "drug", "procedure"} else {}
    )
    return "  - {" + ", ".join(f"{key}: {_typed(value)}" for key, value in said.items()) + "}"


def _typed(value: str) -> str:
    """A value as one types it into YAML: in quotation marks where a sign in it would mean something."""
    return f'"{value}"' if set(value) & set("[]{},:#&*!|>'%@") else value
