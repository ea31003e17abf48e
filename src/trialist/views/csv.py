"""Studies as rows of the registry's CSV: thirty columns, in the form of its exports since 2025.

Which cell holds what was worked out from exports and the records behind them; the lists of a cell are joined with bars,
the parts of an item with commas, and enumerations keep the record's spelling. Quoting is minimal, line ends are CRLF,
there is no byte order mark.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from trialist.errors import InvalidParameterError
from trialist.views.projection import Projection

Record = Mapping[str, Any]
LINE_END = "\r\n"

_STUDY_PAGE = "https://clinicaltrials.gov/study/{nct_id}"
_DOCUMENT = "https://cdn.clinicaltrials.gov/large-docs/{last_two}/{nct_id}/{filename}"
_SPECIAL = re.compile(r'[",\r\n]')
_LOWEST_UNQUOTED = "$"
"""A cell that begins with a sign before this one (a blank, `!`, `"`, `#`) is quoted, as is one that ends in a blank."""


@dataclass(frozen=True, slots=True)
class CsvColumns:
    """Some of the columns, in the registry's order whatever the order they were asked in."""

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.names or set(self.names) - _CELLS.keys():
            raise ValueError("a table has columns, all of them known")
        object.__setattr__(self, "names", tuple(name for name in COLUMNS if name in self.names))

    @classmethod
    def parse(cls, fields: Sequence[str] | None) -> CsvColumns:
        """The columns that the values of a `fields` parameter name (parted by commas or bars); None for all.

        `InvalidParameterError` in the words of the registry's API for a name that is none; case counts.
        """
        if fields is None:
            return cls(COLUMNS)
        names = [name.strip() for text in fields for name in re.split(r"[,|]", text) if name.strip()]
        if not names:
            raise InvalidParameterError(
                "Parameter `fields` must not be empty", hint="Name at least one column."
            )
        for name in names:
            if name not in _CELLS:
                raise InvalidParameterError(
                    f"Parameter 'fields' contains invalid CSV column name: '{name}'",
                    hint=f"The columns are {', '.join(COLUMNS)}.",
                )
        return cls(tuple(names))

    def header(self) -> bytes:
        """The first line."""
        return _line(self.names)

    def row(self, record: Record | bytes) -> bytes:
        """One study as a line; `record` is its JSON, parsed or not."""
        # What no column tells, all of the results first, is cut away before it is parsed.
        read: Record = orjson.loads(_told().apply_bytes(record)) if isinstance(record, bytes) else record
        return _line(self.cells(read))

    def cells(self, record: Record) -> list[str]:
        """The texts of one study's cells, unquoted."""
        return [_CELLS[name](record) for name in self.names]


@cache
def _told() -> Projection:
    return Projection(frozenset(_TOLD))


def _line(cells: Iterable[str]) -> bytes:
    text = ",".join(_quoted(cell, is_first=not place) for place, cell in enumerate(cells))
    # A lone surrogate is no character; a record may hold its escape all the same.
    return (text + LINE_END).encode("utf-8", "replace")


def _quoted(cell: str, *, is_first: bool) -> str:
    if not cell:
        return '""' if is_first else ""
    if cell[0] < _LOWEST_UNQUOTED or cell[-1] <= " " or _SPECIAL.search(cell):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def _reach(record: Any, path: str) -> Any:
    for key in path.split("."):
        record = record.get(key) if isinstance(record, Mapping) else None
    return record


def _text(value: Any) -> str:
    """A value as the registry writes it into a cell; "" for what is not there or is no single value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def _items(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        yield from value
    elif value is not None:
        yield value


def _parts(item: Any, *keys: str) -> str:
    texts = [_text(_reach(item, key)) for key in keys]
    return ", ".join(text for text in texts if text)


def _one(path: str) -> Callable[[Record], str]:
    return lambda record: _text(_reach(record, path))


def _joined(path: str, separator: str = "|", of: Callable[[Any], str] = _text) -> Callable[[Record], str]:
    return lambda record: separator.join(text for item in _items(_reach(record, path)) if (text := of(item)))


def _outcomes(key: str) -> Callable[[Record], str]:
    return _joined(
        f"protocolSection.outcomesModule.{key}",
        of=lambda item: _parts(item, "measure", "description", "timeFrame"),
    )


def _intervention(item: Any) -> str:
    kind, name = _text(_reach(item, "type")), _text(_reach(item, "name"))
    return f"{kind}: {name}" if kind and name else kind or name


def _nct_id(record: Record) -> str:
    return _text(_reach(record, "protocolSection.identificationModule.nctId"))


def _study_url(record: Record) -> str:
    nct_id = _nct_id(record)
    return _STUDY_PAGE.format(nct_id=nct_id) if nct_id else ""


def _other_ids(record: Record) -> str:
    ids = _reach(record, "protocolSection.identificationModule")
    own = _text(_reach(ids, "orgStudyIdInfo.id"))
    others = [_text(_reach(item, "id")) for item in _items(_reach(ids, "secondaryIdInfos"))]
    return "|".join(text for text in (own, *others) if text)


def _documents(record: Record) -> str:
    nct_id = _nct_id(record)
    found = []
    for item in _items(_reach(record, "documentSection.largeDocumentModule.largeDocs")):
        filename = _text(_reach(item, "filename"))
        address = _DOCUMENT.format(last_two=nct_id[-2:], nct_id=nct_id, filename=filename) if filename else ""
        found.append(", ".join(text for text in (_text(_reach(item, "label")), address) if text))
    return "|".join(text for text in found if text)


def _design(record: Record) -> str:
    """The parts of the design that the record has; which ones are shown depends on the type of study."""
    design = _reach(record, "protocolSection.designModule.designInfo")
    masking = _text(_reach(design, "maskingInfo.masking"))
    masked = [_text(item) for item in _items(_reach(design, "maskingInfo.whoMasked"))]
    parts: dict[str, tuple[tuple[str, str], ...]] = {
        "INTERVENTIONAL": (
            ("Allocation", _text(_reach(design, "allocation"))),
            ("Intervention Model", _text(_reach(design, "interventionModel"))),
            ("Masking", f"{masking} ({', '.join(masked)})" if masking and masked else masking),
            ("Primary Purpose", _text(_reach(design, "primaryPurpose"))),
        ),
        "OBSERVATIONAL": (
            ("Observational Model", _text(_reach(design, "observationalModel"))),
            ("Time Perspective", _text(_reach(design, "timePerspective"))),
        ),
    }
    kind = _text(_reach(record, "protocolSection.designModule.studyType"))
    return " | ".join(f"{label}: {text}" for label, text in parts.get(kind, ()) if text)


_STATUS = "protocolSection.statusModule"
_SPONSORS = "protocolSection.sponsorCollaboratorsModule"
_CELLS: Mapping[str, Callable[[Record], str]] = {
    "NCT Number": _nct_id,
    "Study Title": _one("protocolSection.identificationModule.briefTitle"),
    "Study URL": _study_url,
    "Acronym": _one("protocolSection.identificationModule.acronym"),
    "Study Status": _one(f"{_STATUS}.overallStatus"),
    "Brief Summary": _one("protocolSection.descriptionModule.briefSummary"),
    "Study Results": lambda record: "YES" if record.get("hasResults") is True else "NO",
    "Conditions": _joined("protocolSection.conditionsModule.conditions"),
    "Interventions": _joined("protocolSection.armsInterventionsModule.interventions", of=_intervention),
    "Primary Outcome Measures": _outcomes("primaryOutcomes"),
    "Secondary Outcome Measures": _outcomes("secondaryOutcomes"),
    "Other Outcome Measures": _outcomes("otherOutcomes"),
    "Sponsor": _one(f"{_SPONSORS}.leadSponsor.name"),
    "Collaborators": _joined(f"{_SPONSORS}.collaborators", of=lambda item: _text(_reach(item, "name"))),
    "Sex": _one("protocolSection.eligibilityModule.sex"),
    "Age": _joined("protocolSection.eligibilityModule.stdAges", ", "),
    "Phases": _joined("protocolSection.designModule.phases"),
    "Enrollment": _one("protocolSection.designModule.enrollmentInfo.count"),
    "Funder Type": _one(f"{_SPONSORS}.leadSponsor.class"),
    "Study Type": _one("protocolSection.designModule.studyType"),
    "Study Design": _design,
    "Other IDs": _other_ids,
    "Start Date": _one(f"{_STATUS}.startDateStruct.date"),
    "Primary Completion Date": _one(f"{_STATUS}.primaryCompletionDateStruct.date"),
    "Completion Date": _one(f"{_STATUS}.completionDateStruct.date"),
    "First Posted": _one(f"{_STATUS}.studyFirstPostDateStruct.date"),
    "Results First Posted": _one(f"{_STATUS}.resultsFirstPostDateStruct.date"),
    "Last Update Posted": _one(f"{_STATUS}.lastUpdatePostDateStruct.date"),
    "Locations": _joined(
        "protocolSection.contactsLocationsModule.locations",
        of=lambda item: _parts(item, "facility", "city", "state", "zip", "country"),
    ),
    "Study Documents": _documents,
}
_TOLD = (
    "protocolSection.identificationModule",
    _STATUS,
    _SPONSORS,
    "protocolSection.descriptionModule.briefSummary",
    "protocolSection.conditionsModule.conditions",
    "protocolSection.designModule",
    "protocolSection.armsInterventionsModule.interventions",
    "protocolSection.outcomesModule",
    "protocolSection.eligibilityModule.sex",
    "protocolSection.eligibilityModule.stdAges",
    "protocolSection.contactsLocationsModule.locations",
    "documentSection.largeDocumentModule.largeDocs",
    "hasResults",
)
"""Where the cells are read from."""

COLUMNS = tuple(_CELLS)
"""The names of all columns in the registry's order."""
