"""FHIR R4 documents → patients: a Bundle, NDJSON, or single resources; every resource becomes facts or is listed.

The JSON is read as it is, without a model of the standard: a wrong type costs its element, not the document. Resources are
never followed from one to the next (a medication's name is looked up, one step), so that circles cannot matter.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from trialist.errors import LimitExceededError, SourceUnreadableError
from trialist.patient.collecting import Gathered
from trialist.patient.elements import Element
from trialist.patient.facts import Patient
from trialist.patient.fhir_clinical import (
    read_allergy,
    read_condition,
    read_encounter,
    read_family,
    read_immunization,
    read_medication,
    read_procedure,
    read_report,
)
from trialist.patient.fhir_context import Resource
from trialist.patient.fhir_observations import read_observation
from trialist.patient.fhir_person import Person, read_more, read_person, seen
from trialist.patient.json_text import LARGEST_DOCUMENT, read_json
from trialist.patient.terms import Terms

MOST_RESOURCES = 200_000
"""Resources of one document."""

_READERS: Mapping[str, Callable[[Resource], None]] = MappingProxyType(
    {
        "Observation": read_observation,
        "Condition": read_condition,
        "MedicationRequest": read_medication,
        "MedicationStatement": read_medication,
        "MedicationAdministration": read_medication,
        "MedicationDispense": read_medication,
        "Procedure": read_procedure,
        "AllergyIntolerance": read_allergy,
        "Immunization": read_immunization,
        "DiagnosticReport": read_report,
        "FamilyMemberHistory": read_family,
        "Encounter": read_encounter,
    }
)
_NOT_CLINICAL = frozenset(
    {
        "Account", "Appointment", "CarePlan", "CareTeam", "Claim", "ClaimResponse", "Communication", "Consent", "Coverage", "Device",
        "DocumentReference", "ExplanationOfBenefit", "Goal", "ImagingStudy", "Location", "Media", "Medication", "NutritionOrder",
        "Organization", "Practitioner", "PractitionerRole", "Provenance", "RelatedPerson", "ServiceRequest", "Specimen",
        "SupplyDelivery", "Task",
    }
)  # fmt: skip
_SUBJECTS = ("subject", "patient")


def read_fhir(content: bytes | str, terms: Terms, as_of: date) -> tuple[Patient, ...]:
    """The patients of a FHIR document, in the order in which they first occur.

    `content` is a Bundle, one resource, a JSON list of resources, or NDJSON. `as_of` is the day of reading: what would
    have happened later is listed. Raises `SourceUnreadableError` for what is not FHIR JSON, `LimitExceededError` for what
    is too large.
    """
    found = list(_resources(_documents(content)))
    if not found:
        raise SourceUnreadableError("no FHIR resource in it", hint="Give a Bundle, a resource, or NDJSON.")
    if len(found) > MOST_RESOURCES:
        raise LimitExceededError(
            f"{len(found):,} resources are more than {MOST_RESOURCES:,}", hint="Give fewer patients a file."
        )
    return _People(found, terms, as_of).read()


def _documents(content: bytes | str) -> Iterable[Any]:
    """The JSON values of a text: one, or one a line."""
    if len(content) > LARGEST_DOCUMENT:
        read_json(content)
    try:
        return [read_json(content)]
    except SourceUnreadableError:
        lines = [line for line in content.splitlines() if line.strip()]
        first = lines[0].strip() if lines else b""
        if len(lines) < 2 or not (first.endswith(b"}") if isinstance(first, bytes) else first.endswith("}")):
            raise
    values = []
    for number, line in enumerate(lines, start=1):
        try:
            values.append(read_json(line))
        except SourceUnreadableError as error:
            raise SourceUnreadableError(f"line {number}: {error.message}", hint=error.hint) from None
    return values


def _resources(values: Iterable[Any], depth: int = 0) -> Iterable[tuple[dict[str, Any], str]]:
    """Each resource with its full URL; Bundles and lists are opened."""
    for value in values:
        if isinstance(value, list) and depth < 4:
            yield from _resources(value, depth + 1)
        elif not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
            raise SourceUnreadableError(
                "not a FHIR resource: an object with a resourceType is expected",
                hint="Give a Bundle, a resource, or NDJSON.",
            )
        elif value["resourceType"] != "Bundle":
            yield value, ""
        else:
            yield from _entries(value, depth)


def _entries(bundle: dict[str, Any], depth: int) -> Iterable[tuple[dict[str, Any], str]]:
    entries = bundle.get("entry") or []
    if not isinstance(entries, list) or depth > 3:
        raise SourceUnreadableError("a Bundle's entry is a list of resources, not nested more than thrice")
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        url = entry.get("fullUrl") if isinstance(entry, dict) else None
        if isinstance(resource, dict) and resource.get("resourceType") == "Bundle":
            yield from _entries(resource, depth + 1)
        elif isinstance(resource, dict) and isinstance(resource.get("resourceType"), str):
            yield resource, url if isinstance(url, str) else ""
        else:
            yield {"resourceType": "?"}, ""


class _People:
    """Resources sorted by the person they are about."""

    def __init__(self, found: list[tuple[dict[str, Any], str]], terms: Terms, as_of: date) -> None:
        self._found = found
        self._terms = terms
        self._as_of = as_of
        self._others: dict[str, dict[str, Any]] = {}
        self._person_of: dict[str, str] = {}
        for value, url in found:
            name = _name_of(value)
            for reference in (url, name):
                if reference:
                    self._others.setdefault(reference, value)
            if value["resourceType"] == "Patient":
                who = name if isinstance(value.get("id"), str) else url or name
                for reference in (url, name):
                    if reference:
                        self._person_of.setdefault(reference, who)

    def read(self) -> tuple[Patient, ...]:
        """One patient for each person, facts in the order of the resources."""
        people: dict[str, list[dict[str, Any]]] = {}
        unowned: list[tuple[dict[str, Any], str, str]] = []
        for value, url in self._found:
            who = self._owner(value, url)
            if isinstance(who, str):
                people.setdefault(who, []).append(value)
            else:
                unowned.append((value, *who))
        if not people:
            people[""] = []
        gathered = [self._gather(values) for values in people.values()]
        labels = list(people)
        for value, reason, why in unowned:
            gathered[0][0].miss(reason, why, _name_of(value))
        return tuple(
            _patient(one, person, label) for (one, person), label in zip(gathered, labels, strict=True)
        )

    def _owner(self, value: dict[str, Any], url: str) -> str | tuple[str, str]:
        """The person a resource is about; or why it is about none."""
        kind = value["resourceType"]
        if kind == "Patient":
            return self._person_of.get(_name_of(value)) or self._person_of.get(url, _name_of(value))
        if kind not in _READERS:
            known = kind in _NOT_CLINICAL
            reason = "not-clinical" if known else "unknown-kind"
            return (
                reason,
                f"{kind[:40]}: {'says nothing that criteria ask for' if known else 'a kind of resource that is not read'}",
            )
        subject = next((value[name] for name in _SUBJECTS if isinstance(value.get(name), dict)), None)
        reference = subject.get("reference") if subject is not None else None
        if not isinstance(reference, str) or not reference:
            return "missing-reference", "nothing says whom it is about"
        if reference in self._person_of:
            return self._person_of[reference]
        tail = "/".join(reference.split("/")[-2:])
        if tail in self._person_of:
            return self._person_of[tail]
        if tail.startswith(("Group/", "Device/", "Location/")):
            return "another-person", f"it is about {tail[:60]}"
        if self._person_of:
            return "missing-reference", f"it is about {reference[:60]}, who is not there"
        return tail

    def _gather(self, values: list[dict[str, Any]]) -> tuple[Gathered, Person]:
        gathered = Gathered(self._terms, self._as_of, "fhir")
        people = [self._resource(value, gathered) for value in values if value["resourceType"] == "Patient"]
        person = read_person(people) if people else Person()
        gathered.birth = person.birth
        for one in people:
            read_more(one)
        seen_ones: dict[str, dict[str, Any]] = {}
        for value in values:
            if value["resourceType"] == "Patient":
                continue
            resource = self._resource(value, gathered)
            if isinstance(value.get("id"), str) and seen_ones.setdefault(resource.name, value) is not value:
                if seen_ones[resource.name] == value:
                    resource.miss("duplicate", "the same resource again")
                    continue
                resource.miss("contradiction", "another resource of this id; both are read")
            _READERS[value["resourceType"]](resource)
        return gathered, person

    def _resource(self, value: dict[str, Any], gathered: Gathered) -> Resource:
        name = _name_of(value)

        def tell(path: str, message: str) -> None:
            gathered.miss("wrong-type", message, name, path)

        others: Mapping[str, dict[str, Any]] = self._others
        contained = value.get("contained")
        if isinstance(contained, list):
            own = {
                f"#{one['id']}": one
                for one in contained
                if isinstance(one, dict) and isinstance(one.get("id"), str)
            }
            others = ChainMap(own, self._others)
            for one in contained:
                kind = one.get("resourceType") if isinstance(one, dict) else None
                if isinstance(kind, str) and kind in _READERS:
                    gathered.miss("unread-value", f"a contained {kind} is not read", name, "contained")
        return Resource(Element(value, "", tell), gathered, name, others)


def _name_of(value: dict[str, Any]) -> str:
    own = value.get("id")
    return f"{value['resourceType'][:60]}/{own[:80]}" if isinstance(own, str) else value["resourceType"][:60]


def _patient(gathered: Gathered, person: Person, label: str) -> Patient:
    first, last = seen(gathered.days)
    return Patient(
        facts=tuple(gathered.facts),
        birth=person.birth,
        sex=person.sex,
        is_dead=person.is_dead,
        death=person.death,
        first_seen=first,
        last_seen=last,
        unresolved=tuple(gathered.unresolved),
        label=label,
    )
