"""A study as FHIR R5: a Bundle of a ResearchStudy, the Group of those who may take part, and a Location for each site.

The eligibility criteria stand in the Group as the record has them; only sex, age and healthy volunteers, which the
record holds as values, are characteristics. A value that has no code in HL7's systems is told by its label.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import orjson

from trialist.record.ages import AgeUnit, parse_age
from trialist.record.dates import parse_partial_date
from trialist.record.enums import label_of
from trialist.record.unparsed import Unparsed
from trialist.views.reading import objects_at, reach, text_at, texts_at

Resource = dict[str, Any]
Record = Mapping[str, Any]

PROFILE = "http://hl7.org/fhir/uv/ebm/StructureDefinition/study-registry-record"
_STUDY_PAGE = "https://clinicaltrials.gov/study/"
_UCUM = "http://unitsofmeasure.org"
_MESH = "http://id.nlm.nih.gov/mesh"
_UCUM_UNITS = {
    AgeUnit.YEAR: "a",
    AgeUnit.MONTH: "mo",
    AgeUnit.WEEK: "wk",
    AgeUnit.DAY: "d",
    AgeUnit.HOUR: "h",
    AgeUnit.MINUTE: "min",
}
_LARGEST_COUNT = 2**31 - 1
_IDS = "protocolSection.identificationModule"
_STATUS = "protocolSection.statusModule"
_SPONSORS = "protocolSection.sponsorCollaboratorsModule"
_DESIGN = "protocolSection.designModule"
_ELIGIBILITY = "protocolSection.eligibilityModule"
_CONTACTS = "protocolSection.contactsLocationsModule"


def render_fhir(record: Record) -> bytes:
    """The Bundle as compact JSON."""
    return orjson.dumps(fhir_bundle(record))


def fhir_bundle(record: Record) -> Resource:
    """The Bundle, its study first."""
    nct_id = text_at(record, f"{_IDS}.nctId") or "unknown"
    found = [_study(record, nct_id)]
    group = _group(record, nct_id)
    if group is not None:
        found.append(group)
    found += _locations(record, nct_id)
    entries = [{"fullUrl": _address(one["id"]), "resource": one} for one in found]
    return {"resourceType": "Bundle", "id": nct_id, "type": "collection", "entry": entries}


def _address(resource_id: str) -> str:
    """The same id always has the same address."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{_STUDY_PAGE}#{resource_id}')}"


@cache
def _codes() -> Mapping[str, Any]:
    text = (resources.files("trialist.views") / "fhir_codes.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _concept(kind: str, value: str, label: str) -> Resource:
    """A value with its code, if it has one, and always its label."""
    code = _codes()["codes"][kind].get(value)
    coding = [{"system": _codes()["systems"][kind], "code": code}] if code else []
    return _present({"coding": coding, "text": label})


def _present(found: Resource) -> Resource:
    """Without what is empty: FHIR has no empty values."""
    return {key: value for key, value in found.items() if value not in ("", None, [], {})}


def _texts(texts: list[str]) -> list[Resource]:
    return [{"text": text} for text in texts]


def _date(record: Record, path: str) -> str:
    """A date as FHIR writes it, which is as the registry does; "" for what is none."""
    text = text_at(record, path)
    return "" if isinstance(parse_partial_date(text), Unparsed) else text


def _count(value: Any) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST_COUNT
    return value if is_count else None


def _study(record: Record, nct_id: str) -> Resource:
    purpose = text_at(record, f"{_DESIGN}.designInfo.primaryPurpose")
    why = text_at(record, f"{_STATUS}.whyStopped")
    found: Resource = {
        "resourceType": "ResearchStudy",
        "id": nct_id,
        "meta": {"profile": [PROFILE]},
        "url": _STUDY_PAGE + nct_id,
        "identifier": list(_identifiers(record, nct_id)),
        "title": text_at(record, f"{_IDS}.officialTitle") or text_at(record, f"{_IDS}.briefTitle"),
        "label": list(_titles(record)),
        "relatedArtifact": list(_artifacts(record)),
        "date": _date(record, f"{_STATUS}.lastUpdatePostDateStruct.date"),
        "status": "active",  # of the publication, not of the recruitment
        "primaryPurposeType": _concept("purpose", purpose, label_of("PrimaryPurpose", purpose)),
        "phase": _phase(record),
        "studyDesign": list(_design(record)),
        "focus": [
            {"concept": one} for one in _texts(_names(record, "armsInterventionsModule.interventions"))
        ],
        "condition": _texts(texts_at(record, "protocolSection.conditionsModule.conditions")),
        "keyword": list(_keywords(record)),
        "region": _texts(_countries(record)),
        "descriptionSummary": text_at(record, "protocolSection.descriptionModule.briefSummary"),
        "description": text_at(record, "protocolSection.descriptionModule.detailedDescription"),
        "period": _present(
            {
                "start": _date(record, f"{_STATUS}.startDateStruct.date"),
                "end": _date(record, f"{_STATUS}.completionDateStruct.date"),
            }
        ),
        "site": [
            {"reference": _address(one["id"]), "type": "Location", "display": one["description"]}
            for one in _locations(record, nct_id)
        ],
        "classifier": _texts([label_of("StudyType", text_at(record, f"{_DESIGN}.studyType"))]),
        "associatedParty": list(_parties(record)),
        "progressStatus": list(_progress(record)),
        "whyStopped": {"text": why} if why else None,
        "recruitment": _recruitment(record, nct_id),
        "comparisonGroup": list(_arms(record)),
        "outcomeMeasure": list(_outcomes(record)),
    }
    period = found["period"]
    if period.get("start", "") > period.get("end", "9"):
        found["period"] = {"start": period["start"]}  # a period must not end before it begins
    found["classifier"] = [one for one in found["classifier"] if one["text"]]
    return _present(found)


def _identifiers(record: Record, nct_id: str) -> Iterator[Resource]:
    yield {"use": "official", "system": "https://clinicaltrials.gov", "value": nct_id}
    for alias in texts_at(record, f"{_IDS}.nctIdAliases"):
        yield {"use": "old", "system": "https://clinicaltrials.gov", "value": alias}
    own = text_at(record, f"{_IDS}.orgStudyIdInfo.id")
    if own:
        name = text_at(record, f"{_IDS}.organization.fullName")
        yield _present({"use": "secondary", "value": own, "assigner": {"display": name} if name else None})
    for one in objects_at(record, f"{_IDS}.secondaryIdInfos"):
        value, kind, domain = (text_at(one, key) for key in ("id", "type", "domain"))
        if value:
            told = {"text": label_of("SecondaryIdType", kind)} if kind else None
            assigner = {"display": domain} if domain else None
            yield _present({"use": "secondary", "type": told, "value": value, "assigner": assigner})


def _titles(record: Record) -> Iterator[Resource]:
    for key, label in (
        ("briefTitle", "Brief title"),
        ("officialTitle", "Official title"),
        ("acronym", "Acronym"),
    ):
        text = text_at(record, f"{_IDS}.{key}")
        if text:
            yield {"type": _concept("title", key, label), "value": text}


def _artifacts(record: Record) -> Iterator[Resource]:
    for one in objects_at(record, "protocolSection.referencesModule.references"):
        pmid, citation = text_at(one, "pmid"), text_at(one, "citation")
        document = {"url": f"https://pubmed.ncbi.nlm.nih.gov/{pmid}"} if pmid.isdigit() else None
        if citation or document:
            yield _present({"type": "citation", "citation": citation, "document": document})
    for one in objects_at(record, "protocolSection.referencesModule.seeAlsoLinks"):
        label, url = text_at(one, "label"), text_at(one, "url")
        if url and not any(char.isspace() for char in url):
            yield _present({"type": "documentation", "display": label, "document": {"url": url}})


def _phase(record: Record) -> Resource | None:
    phases = texts_at(record, f"{_DESIGN}.phases")
    if not phases:
        return None
    return _concept("phase", "/".join(phases), "/".join(label_of("Phase", one) for one in phases))


def _design(record: Record) -> Iterator[Resource]:
    design = reach(record, f"{_DESIGN}.designInfo")
    for enum_name, path in (
        ("DesignAllocation", "allocation"),
        ("InterventionalAssignment", "interventionModel"),
        ("ObservationalModel", "observationalModel"),
        ("DesignTimePerspective", "timePerspective"),
        ("DesignMasking", "maskingInfo.masking"),
    ):
        value = text_at(design, path)
        if value:
            yield {"text": label_of(enum_name, value)}


def _names(record: Record, path: str) -> list[str]:
    return [name for one in objects_at(record, f"protocolSection.{path}") if (name := text_at(one, "name"))]


def _keywords(record: Record) -> Iterator[Resource]:
    yield from _texts(texts_at(record, "protocolSection.conditionsModule.keywords"))
    for module in ("conditionBrowseModule", "interventionBrowseModule"):
        for one in objects_at(record, f"derivedSection.{module}.meshes"):
            code, term = text_at(one, "id"), text_at(one, "term")
            if code and term:
                yield {"coding": [{"system": _MESH, "code": code, "display": term}], "text": term}


def _countries(record: Record) -> list[str]:
    countries = (text_at(one, "country") for one in objects_at(record, f"{_CONTACTS}.locations"))
    return list(dict.fromkeys(country for country in countries if country))


def _party(role: str, label: str, name: str, classifier: str = "") -> Resource:
    classes = [{"text": classifier}] if classifier else []
    return _present({"name": name, "role": _concept("party", role, label), "classifier": classes})


def _parties(record: Record) -> Iterator[Resource]:
    lead = text_at(record, f"{_SPONSORS}.leadSponsor.name")
    if lead:
        yield _party("LEAD_SPONSOR", "Lead sponsor", lead, text_at(record, f"{_SPONSORS}.leadSponsor.class"))
    for one in objects_at(record, f"{_SPONSORS}.collaborators"):
        if name := text_at(one, "name"):
            yield _party("COLLABORATOR", "Collaborator", name, text_at(one, "class"))
    responsible = reach(record, f"{_SPONSORS}.responsibleParty")
    kind, name = text_at(responsible, "type"), text_at(responsible, "investigatorFullName")
    if name:
        yield _party(kind, label_of("ResponsiblePartyType", kind) or "Responsible party", name)
    for one in objects_at(record, f"{_CONTACTS}.overallOfficials"):
        role = text_at(one, "role")
        if name := text_at(one, "name"):
            yield _party(
                role, label_of("OfficialRole", role) or "Official", name, text_at(one, "affiliation")
            )
    for one in objects_at(record, f"{_CONTACTS}.centralContacts"):
        if name := text_at(one, "name"):
            yield _party("CONTACT", "Contact", name)


def _progress(record: Record) -> Iterator[Resource]:
    status = text_at(record, f"{_STATUS}.overallStatus")
    if status:
        yield {"state": _concept("status", status, label_of("Status", status))}
    for key, label in (
        ("startDateStruct", "Study start"),
        ("primaryCompletionDateStruct", "Primary completion"),
        ("completionDateStruct", "Study completion"),
    ):
        date, kind = _date(record, f"{_STATUS}.{key}.date"), text_at(record, f"{_STATUS}.{key}.type")
        if date:
            is_actual = {"ACTUAL": True, "ESTIMATED": False}.get(kind)
            told: Resource = {"state": {"text": label}, "period": {"start": date}}
            yield told if is_actual is None else told | {"actual": is_actual}


def _recruitment(record: Record, nct_id: str) -> Resource:
    count = _count(reach(record, f"{_DESIGN}.enrollmentInfo.count"))
    kind = "actualNumber" if text_at(record, f"{_DESIGN}.enrollmentInfo.type") == "ACTUAL" else "targetNumber"
    found: Resource = {} if count is None else {kind: count}
    group = _group(record, nct_id)
    if group is not None:
        found["eligibility"] = {"reference": _address(group["id"]), "type": "Group"}
    return found


def _arms(record: Record) -> Iterator[Resource]:
    arms = objects_at(record, "protocolSection.armsInterventionsModule.armGroups")
    for place, one in enumerate(arms, 1):
        kind, label = text_at(one, "type"), text_at(one, "label")
        lines = [text_at(one, "description"), *(f"* {name}" for name in texts_at(one, "interventionNames"))]
        yield _present(
            {
                "linkId": f"arm-{place}",
                "name": label or f"Arm {place}",
                "type": _concept("arm", kind, label_of("ArmGroupType", kind)) if kind else None,
                "description": "\n\n".join(line for line in lines if line),
            }
        )


def _outcomes(record: Record) -> Iterator[Resource]:
    labels = {"primaryOutcomes": "Primary", "secondaryOutcomes": "Secondary", "otherOutcomes": "Other"}
    for key, label in labels.items():
        for one in objects_at(record, f"protocolSection.outcomesModule.{key}"):
            frame = text_at(one, "timeFrame")
            lines = [text_at(one, "description"), f"Time frame: {frame}" if frame else ""]
            told = {
                "name": text_at(one, "measure"),
                "type": [_concept("outcome", key, label)],
                "description": "\n\n".join(line for line in lines if line),
            }
            yield _present(told)


def _group(record: Record, nct_id: str) -> Resource | None:
    """Who may take part; None where the record says nothing of it."""
    eligibility = reach(record, _ELIGIBILITY)
    if not isinstance(eligibility, Mapping) or not eligibility:
        return None
    title = text_at(record, f"{_IDS}.briefTitle")
    texts = [text_at(eligibility, "eligibilityCriteria")]
    for label, key in (("Study population", "studyPopulation"), ("Gender", "genderDescription")):
        if text := text_at(eligibility, key):
            texts.append(f"{label}: {text}")
    return _present(
        {
            "resourceType": "Group",
            "id": f"{nct_id}-eligibility",
            "type": "person",
            "membership": "definitional",
            "name": f"Eligibility criteria of {nct_id}",
            "description": "\n\n".join(text for text in texts if text) or title,
            "characteristic": list(_characteristics(eligibility)),
        }
    )


def _characteristics(eligibility: Record) -> Iterator[Resource]:
    sex = text_at(eligibility, "sex")
    if sex in _codes()["codes"]["gender"]:
        label = label_of("Sex", sex)
        yield {
            "code": {"text": "Sex"},
            "valueCodeableConcept": _concept("gender", sex, label),
            "exclude": False,
        }
    ages = {"low": _age(eligibility, "minimumAge"), "high": _age(eligibility, "maximumAge")}
    bounds = _present(ages)
    if bounds:
        yield {"code": {"text": "Age"}, "valueRange": bounds, "exclude": False}
    healthy = eligibility.get("healthyVolunteers")
    if isinstance(healthy, bool):
        yield {
            "code": {"text": "Accepts healthy volunteers"},
            "valueBoolean": healthy,
            "exclude": False,
        }


def _age(eligibility: Record, key: str) -> Resource | None:
    age = parse_age(text_at(eligibility, key))
    if isinstance(age, Unparsed):
        return None
    return {"value": age.count, "unit": str(age.unit), "system": _UCUM, "code": _UCUM_UNITS[age.unit]}


def _locations(record: Record, nct_id: str) -> list[Resource]:
    found = []
    for place, one in enumerate(objects_at(record, f"{_CONTACTS}.locations"), 1):
        status = text_at(one, "status")
        parts = [text_at(one, key) for key in ("facility", "city", "state", "zip", "country")]
        point = reach(one, "geoPoint")
        found.append(
            _present(
                {
                    "resourceType": "Location",
                    "id": f"{nct_id}-site-{place}",
                    "name": parts[0],
                    "description": ", ".join(part for part in parts if part) or f"Site {place}",
                    "mode": "instance",
                    "type": [{"text": label_of("RecruitmentStatus", status)}] if status else [],
                    "address": _present(
                        dict(zip(("city", "state", "postalCode", "country"), parts[1:], strict=True))
                    ),
                    "position": _position(point),
                }
            )
        )
    return found


def _position(point: Any) -> Resource | None:
    lat, lon = reach(point, "lat"), reach(point, "lon")
    is_place = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (lat, lon))
    return {"longitude": lon, "latitude": lat} if is_place else None
