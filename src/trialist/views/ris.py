"""A study as a RIS record, which reference managers read.

RIS has no type for the registration of a study; it is told as an entry of an online database, `DBASE`. A value is one
line; what has several values has several lines of its tag.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from trialist.errors import InvalidParameterError
from trialist.record.enums import label_of
from trialist.views.legacy_markup import classic_text
from trialist.views.reading import objects_at, reach, text_at, texts_at

Record = Mapping[str, Any]

LINE_END = "\r\n"
_IDS = "protocolSection.identificationModule"
_STATUS = "protocolSection.statusModule"
_SPONSORS = "protocolSection.sponsorCollaboratorsModule"
_DESIGN = "protocolSection.designModule"
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?")


def render_ris(record: Record, tags: Sequence[str] | None = None) -> bytes:
    """The record in UTF-8, with all tags or these (each text may name several, parted by commas or bars).

    `TY` opens and `ER` ends it always. `InvalidParameterError` for a tag that is none.
    """
    wanted = _wanted(tags)
    lines = []
    for tag, read in _TAGS.items():
        if tag in wanted:
            lines += [f"{tag}  - {text}" for value in read(record) if (text := " ".join(value.split()))]
    text = LINE_END.join(["TY  - DBASE", *lines, "ER  - "]) + LINE_END
    return text.encode("utf-8", "replace")


def _wanted(tags: Sequence[str] | None) -> set[str]:
    if tags is None:
        return set(_TAGS)
    named = [tag.strip() for text in tags for tag in re.split(r"[,|]", text) if tag.strip()]
    if not named:
        raise InvalidParameterError("Parameter `fields` must not be empty", hint="Name at least one tag.")
    for tag in named:
        if tag not in TAGS:
            raise InvalidParameterError(
                f"Parameter 'fields' contains invalid RIS tag: '{tag}'",
                hint=f"The tags are {', '.join(TAGS)}.",
            )
    return set(named)


def _one(path: str) -> Callable[[Record], list[str]]:
    return lambda record: [text_at(record, path)]


def _markup(path: str) -> Callable[[Record], list[str]]:
    return lambda record: [classic_text(text_at(record, path))]


def _date(path: str, *, year_only: bool = False) -> Callable[[Record], list[str]]:
    """A date as RIS writes it: `yyyy/mm/dd/` with what is not given left empty."""

    def read(record: Record) -> list[str]:
        found = _DATE.fullmatch(text_at(record, path))
        if found is None:
            return []
        return [found[1]] if year_only else ["/".join(part or "" for part in found.groups()) + "/"]

    return read


def _authors(record: Record) -> Iterator[str]:
    """Who answers for the study: its officials and investigator, else its sponsor."""
    names = [
        text_at(one, "name")
        for one in objects_at(record, "protocolSection.contactsLocationsModule.overallOfficials")
    ]
    names.append(text_at(record, f"{_SPONSORS}.responsibleParty.investigatorFullName"))
    listed = list(dict.fromkeys(name for name in names if name))
    yield from listed or [text_at(record, f"{_SPONSORS}.leadSponsor.name")]


def _keywords(record: Record) -> Iterator[str]:
    """Conditions, keywords and interventions, each once."""
    found = [
        *texts_at(record, "protocolSection.conditionsModule.conditions"),
        *texts_at(record, "protocolSection.conditionsModule.keywords"),
        *(
            text_at(one, "name")
            for one in objects_at(record, "protocolSection.armsInterventionsModule.interventions")
        ),
    ]
    seen: set[str] = set()
    for text in found:
        if text.casefold() not in seen:
            seen.add(text.casefold())
            yield text


def _notes(record: Record) -> Iterator[str]:
    """What a reader of a list of references wants to know of a study at once."""
    for label, enum_name, path in (
        ("Status", "Status", f"{_STATUS}.overallStatus"),
        ("Study type", "StudyType", f"{_DESIGN}.studyType"),
    ):
        if value := text_at(record, path):
            yield f"{label}: {label_of(enum_name, value)}"
    if phases := texts_at(record, f"{_DESIGN}.phases"):
        yield f"Phase: {'/'.join(label_of('Phase', phase) for phase in phases)}"
    count = reach(record, f"{_DESIGN}.enrollmentInfo.count")
    if isinstance(count, int) and not isinstance(count, bool):
        yield f"Enrollment: {count}"
    if updated := text_at(record, f"{_STATUS}.lastUpdatePostDateStruct.date"):
        yield f"Last update posted: {updated}"
    yield f"Results: {'posted' if record.get('hasResults') is True else 'not posted'}"


def _address(record: Record) -> list[str]:
    nct_id = text_at(record, f"{_IDS}.nctId")
    return [f"https://clinicaltrials.gov/study/{nct_id}"] if nct_id else []


_TAGS: Mapping[str, Callable[[Record], Sequence[str] | Iterator[str]]] = {
    "ID": _one(f"{_IDS}.nctId"),
    "AN": _one(f"{_IDS}.nctId"),
    "TI": _one(f"{_IDS}.briefTitle"),
    "TT": _one(f"{_IDS}.officialTitle"),
    "ST": _one(f"{_IDS}.acronym"),
    "AU": _authors,
    "PB": _one(f"{_SPONSORS}.leadSponsor.name"),
    "PY": _date(f"{_STATUS}.studyFirstPostDateStruct.date", year_only=True),
    "DA": _date(f"{_STATUS}.studyFirstPostDateStruct.date"),
    "AB": _markup("protocolSection.descriptionModule.briefSummary"),
    "KW": _keywords,
    "N1": _notes,
    "DB": lambda _: ["ClinicalTrials.gov"],
    "DP": lambda _: ["U.S. National Library of Medicine"],
    "UR": _address,
}
TAGS = ("TY", *_TAGS, "ER")
"""The tags in the order they are written in."""
