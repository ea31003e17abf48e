"""The columns that a table of results may have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from trialist.record.enums import label_of
from trialist.record.study import Study
from trialist.views.reading import reach, text_at, texts_at

_PROTOCOL = "protocolSection"
_Read = Callable[[Mapping[str, Any]], str]


def _text(path: str) -> _Read:
    return lambda record: text_at(record, f"{_PROTOCOL}.{path}")


def _labels(path: str, enum_name: str) -> _Read:
    def read(record: Mapping[str, Any]) -> str:
        found = texts_at(record, f"{_PROTOCOL}.{path}")
        return ", ".join(label_of(enum_name, one) for one in found)

    return read


def _label(path: str, enum_name: str) -> _Read:
    def read(record: Mapping[str, Any]) -> str:
        found = text_at(record, f"{_PROTOCOL}.{path}")
        return label_of(enum_name, found) if found else ""

    return read


def _listed(path: str, key: str = "") -> _Read:
    """The texts of a list, or one key of its objects; each once, the first five."""

    def read(record: Mapping[str, Any]) -> str:
        found = reach(record, f"{_PROTOCOL}.{path}")
        items = found if isinstance(found, list) else []
        texts = [one.get(key) if key and isinstance(one, Mapping) else one for one in items]
        named = list(dict.fromkeys(one.strip() for one in texts if isinstance(one, str) and one.strip()))
        more = f" and {len(named) - 5} more" if len(named) > 5 else ""
        return "; ".join(named[:5]) + more

    return read


def _enrollment(record: Mapping[str, Any]) -> str:
    found = reach(record, f"{_PROTOCOL}.designModule.enrollmentInfo.count")
    return f"{found:,}" if isinstance(found, int) and not isinstance(found, bool) else ""


def _ages(record: Mapping[str, Any]) -> str:
    least, most = (
        text_at(record, f"{_PROTOCOL}.eligibilityModule.{name}") for name in ("minimumAge", "maximumAge")
    )
    if least and most:
        return f"{least} to {most}"
    if least:
        return f"{least} and older"
    return f"up to {most}" if most else ""


COLUMNS: Mapping[str, tuple[str, _Read]] = {
    "conditions": ("Conditions", _listed("conditionsModule.conditions")),
    "treatments": ("Treatments", _listed("armsInterventionsModule.interventions", "name")),
    "phase": ("Phase", _labels("designModule.phases", "Phase")),
    "type": ("Kind of study", _label("designModule.studyType", "StudyType")),
    "sponsor": ("Sponsor", _text("sponsorCollaboratorsModule.leadSponsor.name")),
    "people": ("People", _enrollment),
    "sex": ("Sex", _label("eligibilityModule.sex", "Sex")),
    "ages": ("Ages", _ages),
    "start": ("Start", _text("statusModule.startDateStruct.date")),
    "primary-end": ("Main data end", _text("statusModule.primaryCompletionDateStruct.date")),
    "end": ("End", _text("statusModule.completionDateStruct.date")),
    "first-posted": ("First posted", _text("statusModule.studyFirstPostDateStruct.date")),
    "updated": ("Last change", _text("statusModule.lastUpdatePostDateStruct.date")),
    "outcomes": ("Main outcomes", _listed("outcomesModule.primaryOutcomes", "measure")),
    "countries": ("Countries", _listed("contactsLocationsModule.locations", "country")),
    "acronym": ("Short name", _text("identificationModule.acronym")),
    "org-id": ("Sponsor's number", _text("identificationModule.orgStudyIdInfo.id")),
    "official-title": ("Official title", _text("identificationModule.officialTitle")),
    "why-stopped": ("Why it stopped", _text("statusModule.whyStopped")),
}
"""Parameter → heading, and what reads the cell. Number, title and status stand in every table."""

USUAL = ("conditions", "treatments", "phase", "people", "start")
"""The columns of a table for which none were chosen."""


def cells_of(study: Study, columns: tuple[str, ...]) -> tuple[str, ...]:
    """The cells of a study in these columns; "" where the record says nothing."""
    return tuple(COLUMNS[name][1](study.record) for name in columns)
