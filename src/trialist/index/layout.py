"""How each field of the catalogue is held in the index.

| kind | holds | fields |
|---|---|---|
| `TEXT` | the words of every study's values, in order | free texts that differ from study to study |
| `VALUES` | every distinct value once, with its words, and who has it | short texts that many studies share |
| `SITES` | the same, had by sites | everything written below a location |
| `CODES` | a bit mask a study | enumerations and booleans |
| `NUMBERS` | numbers, days since 1970 and lengths of time in days | numbers, dates, ages, lengths of lists |
| `POINTS` | latitude and longitude, had by sites | `LocationGeoPoint` |
| `PRESENT` | which studies have it | structures |
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache

from trialist.record.catalogue import Field, fields
from trialist.record.derived import counted_lists

LOCATIONS = "protocolSection.contactsLocationsModule.locations"
LAYOUT_VERSION = 5
"""Raised by every change of what is written; an index of another version is built anew."""
EPOCH = 719163
"""The proleptic ordinal of 1970-01-01, from which days are counted."""

MOST_IN_POSTING = 255
"""A study that has a word more often than this in a field has several postings for it."""


class FieldKind(StrEnum):
    """How a field is held; see the module's table."""

    TEXT = "text"
    VALUES = "values"
    SITES = "sites"
    CODES = "codes"
    NUMBERS = "numbers"
    POINTS = "points"
    PRESENT = "present"


_NUMBERS = frozenset({"short", "integer", "long", "number"})
_DATES = frozenset({"NormalizedDate", "PartialDate", "DateTimeMinutes"})
# Short texts of the protocol section that studies share; those of the results and derived sections all do.
_SHARED = frozenset(
    {
        "LeadSponsorName", "CollaboratorName", "OrgFullName", "OverallOfficialAffiliation", "SecondaryIdDomain",
        "ResponsiblePartyInvestigatorAffiliation", "ResponsiblePartyOldOrganization", "ResponsiblePartyInvestigatorTitle",
        "CentralContactPhone", "CentralContactEMail", "InterventionArmGroupLabel", "ArmGroupInterventionName",
        "PrimaryOutcomeTimeFrame", "SecondaryOutcomeTimeFrame", "OtherOutcomeTimeFrame", "Keyword", "Condition",
        "InterventionName", "InterventionOtherName", "ArmGroupLabel", "NCTIdAlias",
    }
)  # fmt: skip


def kind_of(field: Field) -> FieldKind:
    """How a field is held."""
    if field.is_struct:
        return FieldKind.PRESENT
    if field.type == "GeoPoint":
        return FieldKind.POINTS
    if field.type in _NUMBERS or field.type in _DATES or field.type == "NormalizedTime":
        return FieldKind.NUMBERS
    if field.path.startswith(LOCATIONS + "."):
        return FieldKind.SITES
    if field.is_enum or field.type == "boolean":
        return FieldKind.CODES
    if field.piece in _SHARED or (field.type != "markup" and not field.path.startswith("protocolSection.")):
        return FieldKind.VALUES
    return FieldKind.TEXT


@cache
def kinds() -> Mapping[str, FieldKind]:
    """Piece → kind, for every field of the catalogue and every length of a list."""
    lengths = dict.fromkeys(counted_lists().values(), FieldKind.NUMBERS)
    return {field.piece: kind_of(field) for field in fields()} | lengths
