"""The versions of a study as the registry's site tells them: what changed when, and each version's record.

The site counts from 0 and knows every version since registration; this registry counts from 0 too and knows those that
were loaded. What is compared is what sponsors enter: the derived section, which every download makes anew, is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trialist.errors import InvalidParameterError
from trialist.record.study import Study
from trialist.registry.registry import Registry

__all__ = ["MODULE_LABELS", "history", "history_version"]

Record = Mapping[str, Any]

MODULE_LABELS = {
    "protocolSection.identificationModule": "Study Identification",
    "protocolSection.statusModule": "Study Status",
    "protocolSection.sponsorCollaboratorsModule": "Sponsor/Collaborators",
    "protocolSection.oversightModule": "Oversight",
    "protocolSection.descriptionModule": "Study Description",
    "protocolSection.conditionsModule": "Conditions",
    "protocolSection.designModule": "Study Design",
    "protocolSection.armsInterventionsModule": "Arms and Interventions",
    "protocolSection.outcomesModule": "Outcome Measures",
    "protocolSection.eligibilityModule": "Eligibility",
    "protocolSection.contactsLocationsModule": "Contacts/Locations",
    "protocolSection.ipdSharingStatementModule": "IPDSharing",
    "protocolSection.referencesModule": "References",
    "resultsSection.participantFlowModule": "Participant Flow",
    "resultsSection.baselineCharacteristicsModule": "Baseline Characteristics",
    "resultsSection.outcomeMeasuresModule": "Outcome Measures (Results)",
    "resultsSection.adverseEventsModule": "Adverse Events",
    "resultsSection.moreInfoModule": "More Information",
    "documentSection.largeDocumentModule": "Document Upload",
    "annotationSection.annotationModule": "Annotations",
}
"""Module → its name in the list of what a version changed."""

_TRACKED = {
    "primaryOutcomes": "protocolSection.outcomesModule.primaryOutcomes",
    "secondaryOutcomes": "protocolSection.outcomesModule.secondaryOutcomes",
    "otherOutcomes": "protocolSection.outcomesModule.otherOutcomes",
    "enrollmentInfo": "protocolSection.designModule.enrollmentInfo",
}
_OUTCOMES = "protocolSection.outcomesModule"


def history(registry: Registry, nct_id: str) -> dict[str, Any]:
    """The current record and what each version changed, as JSON-ready values; `StudyNotFoundError` for no study.

    `changes` lists the versions, oldest first; `lastUpdateVersions` the last version that changed the outcomes and the
    enrolment; `originalData` these as the first version had them, and whether the last has them still;
    `outcomesUpdateCount` how many versions changed the outcomes.
    """
    current = registry.get(nct_id)
    records = [
        Study.from_json(registry.get_version(current.nct_id, version.number).raw).record
        for version in registry.versions(current.nct_id)
    ]
    return {
        "study": current.study.record,
        "history": {
            "changes": [
                _change(number, record, records[number - 1] if number else None)
                for number, record in enumerate(records)
            ],
            "lastUpdateVersions": {
                name: _last_change(records, path)
                for name, path in {**_TRACKED, "outcomes": _OUTCOMES}.items()
            },
            "originalData": _original(records),
            "outcomesUpdateCount": len(_changes(records, _OUTCOMES)),
        },
    }


def history_version(registry: Registry, nct_id: str, number: int) -> dict[str, Any]:
    """The record of one version, 0 being the oldest, without its derived section.

    `StudyNotFoundError` for no study, `InvalidParameterError` for no such version.
    """
    canonical = registry.get(nct_id).nct_id
    known = len(registry.versions(canonical))
    if not 0 <= number < known:
        raise InvalidParameterError(
            f"{canonical} has no version {number}", hint=f"Its versions are numbered 0 to {known - 1}."
        )
    stored = registry.get_version(canonical, number + 1)
    return {"study": {key: value for key, value in stored.study.record.items() if key != "derivedSection"}}


def _change(number: int, record: Record, before: Record | None) -> dict[str, Any]:
    status = _at(record, "protocolSection.statusModule") or {}
    posted = _at(record, "protocolSection.statusModule.lastUpdatePostDateStruct.date")
    told: dict[str, Any] = {
        "version": number,
        "date": status.get("lastUpdateSubmitDate") or posted,
        "status": status.get("overallStatus"),
        "moduleLabels": [
            label
            for path, label in MODULE_LABELS.items()
            if before is not None and _at(record, path) != _at(before, path)
        ],
    }
    events = _at(record, "annotationSection.annotationModule.unpostedAnnotation.unpostedEvents")
    if events:
        told["unpostedEvents"] = events
    return {key: value for key, value in told.items() if value is not None}


def _at(record: Any, path: str) -> Any:
    for key in path.split("."):
        record = record.get(key) if isinstance(record, Mapping) else None
    return record


def _changes(records: Sequence[Record], path: str) -> list[int]:
    """The versions in which what stands at a path is not what the version before had."""
    values = [_at(record, path) for record in records]
    return [number for number in range(1, len(values)) if values[number] != values[number - 1]]


def _last_change(records: Sequence[Record], path: str) -> int:
    return max(_changes(records, path), default=0)


def _original(records: Sequence[Record]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, path in _TRACKED.items():
        first, last = _at(records[0], path), _at(records[-1], path)
        if first is not None:
            found[name] = first
        found[f"{name}Same"] = first == last
    return found
