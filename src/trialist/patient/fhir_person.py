"""The Patient resource → birth, sex, death, and what else is asked of a person. Names, addresses and numbers are not read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from trialist.patient.elements import Element
from trialist.patient.extents import DateRange
from trialist.patient.facts import FactKind, Sex
from trialist.patient.fhir_context import Resource
from trialist.patient.fhir_values import Trouble, read_codes, read_when

_BIRTH_TIME = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"
_BIRTH_SEX = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex"
_ORIGINS = {
    "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race": "race",
    "http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity": "ethnicity",
}
_SEXES = {"female": Sex.FEMALE, "male": Sex.MALE, "F": Sex.FEMALE, "M": Sex.MALE}


@dataclass(slots=True)
class Person:
    """What the resources about the person say; what they contradict each other in is None and listed."""

    birth: DateRange | None = None
    sex: Sex | None = None
    is_dead: bool | None = None
    death: DateRange | None = None


def read_person(resources: list[Resource]) -> Person:
    """The person whom one or more Patient resources of the same identity describe."""
    person = Person()
    births: list[DateRange] = []
    sexes: set[Sex] = set()
    for resource in resources:
        births += _births(resource)
        sexes |= set(_sexes(resource))
        _read_death(resource, person)
    first = resources[0]
    person.birth = _agreed(first, births)
    if len(sexes) > 1:
        first.miss("contradiction", "both sexes are given; the sex counts as not known", "gender")
    person.sex = sexes.pop() if len(sexes) == 1 else None
    _check_death(first, person)
    return person


def read_more(resource: Resource) -> None:
    """Ethnicity, languages and the country of residence as facts; call once the birth is known."""
    for extension in _extensions(resource.element):
        origin = _ORIGINS.get(extension.text("url"), "")
        words = next(
            (one.text("valueString") for one in extension.children("extension") if one.text("url") == "text"),
            "",
        )
        if origin and words:
            resource.add(
                "extension",
                kind=FactKind.DEMOGRAPHIC,
                id="ethnicity",
                outcome=words.lower(),
                surface=words,
                note=origin,
            )
    for one in resource.element.children("communication"):
        concept = one.child("language")
        words = read_codes(concept)[1] if concept is not None else ""
        if words:
            resource.add(
                one.at("language"),
                kind=FactKind.DEMOGRAPHIC,
                id="language",
                outcome=words.lower(),
                surface=words,
            )
    for one in resource.element.children("address"):
        country = one.text("country")
        if country and one.text("use") != "old":
            resource.add(
                one.at("country"),
                kind=FactKind.DEMOGRAPHIC,
                id="residence",
                outcome=country.lower(),
                surface=country,
            )


def _extensions(element: Element) -> Iterator[Element]:
    return element.children("extension")


def _births(resource: Resource) -> list[DateRange]:
    found = []
    said = [("birthDate", resource.element.text("birthDate"))]
    more = resource.element.child("_birthDate")
    for extension in more.children("extension") if more is not None else ():
        if extension.text("url") == _BIRTH_TIME:
            said.append(("_birthDate", extension.text("valueDateTime")))
    for path, text in said:
        if not text:
            continue
        when = read_when(text)
        if isinstance(when, Trouble):
            resource.trouble(when, path)
        elif when.days.earliest is not None and when.days.earliest > resource.gathered.as_of:
            resource.miss(
                "future-date",
                f"born on {when.days}, after {resource.gathered.as_of}, the day of reading",
                path,
            )
        elif when.days.latest is not None and when.days.latest.year < resource.gathered.as_of.year - 130:
            resource.miss("impossible-date", f"nobody born on {when.days} is a patient", path)
        else:
            found.append(when.days)
    return found


def _agreed(resource: Resource, births: list[DateRange]) -> DateRange | None:
    """The days that all statements of the birth allow."""
    if not births:
        return None
    earliest = max(one.earliest for one in births if one.earliest is not None)
    latest = min(one.latest for one in births if one.latest is not None)
    if earliest > latest:
        said = ", ".join(sorted({str(one) for one in births}))
        resource.miss(
            "contradiction", f"two days of birth ({said}); the birth counts as not known", "birthDate"
        )
        return None
    return DateRange(earliest, latest)


def _sexes(resource: Resource) -> list[Sex]:
    said = [resource.element.text("gender")]
    said += [one.text("valueCode") for one in _extensions(resource.element) if one.text("url") == _BIRTH_SEX]
    odd = [
        word
        for word in said
        if word and word not in _SEXES and word not in {"unknown", "UNK", "other", "OTH", "ASKU"}
    ]
    if odd:
        resource.miss("unread-value", f"{odd[0][:30]!r} is no sex of the standard", "gender")
    return [_SEXES[word] for word in said if word in _SEXES]


def _read_death(resource: Resource, person: Person) -> None:
    element = resource.element
    text = element.text("deceasedDateTime")
    if text:
        when = read_when(text)
        if isinstance(when, Trouble):
            resource.trouble(when, "deceasedDateTime")
            person.is_dead = True
        elif when.days.earliest is not None and when.days.earliest > resource.gathered.as_of:
            resource.miss(
                "future-date", f"died on {when.days}, after {resource.gathered.as_of}", "deceasedDateTime"
            )
        else:
            person.is_dead, person.death = True, when.days
    elif (dead := element.flag("deceasedBoolean")) is not None and person.is_dead is not True:
        person.is_dead = dead


def _check_death(resource: Resource, person: Person) -> None:
    born = person.birth.earliest if person.birth is not None else None
    died = person.death.latest if person.death is not None else None
    if born is not None and died is not None and died < born:
        resource.miss(
            "contradiction",
            f"died on {person.death}, before the birth; both count as not known",
            "deceasedDateTime",
        )
        person.birth = person.death = None


def seen(days: list[date]) -> tuple[date | None, date | None]:
    """The first and the last of some days."""
    return (min(days), max(days)) if days else (None, None)
