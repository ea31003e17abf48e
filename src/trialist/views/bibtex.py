"""A study as a BibTeX entry: `@misc`, which every style knows, keyed by its NCT id."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from trialist.views.reading import objects_at, text_at

Record = Mapping[str, Any]

_IDS = "protocolSection.identificationModule"
_STATUS = "protocolSection.statusModule"
_SPONSORS = "protocolSection.sponsorCollaboratorsModule"
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
_DEGREE = re.compile(r",.*")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def render_bibtex(record: Record) -> bytes:
    """The entry in UTF-8. Fields that the record says nothing of are left out."""
    nct_id = text_at(record, f"{_IDS}.nctId")
    posted = text_at(record, f"{_STATUS}.studyFirstPostDateStruct.date")
    updated = text_at(record, f"{_STATUS}.lastUpdatePostDateStruct.date")
    fields = {
        "title": f"{{{escaped(text_at(record, f'{_IDS}.briefTitle'))}}}",
        "author": _author(record),
        "year": posted[:4],
        "number": escaped(nct_id),
        "howpublished": r"ClinicalTrials.gov, U.S. National Library of Medicine",
        "url": f"https://clinicaltrials.gov/study/{nct_id}" if nct_id else "",
        "note": f"Last update posted {updated}" if updated else "",
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value.strip("{}")]
    month = posted[5:7]
    if month.isdigit() and 1 <= int(month) <= 12:
        lines.append(f"  month = {_MONTHS[int(month) - 1]},")
    return "\n".join([f"@misc{{{nct_id or 'study'},", *lines, "}", ""]).encode("utf-8", "replace")


def _author(record: Record) -> str:
    """The officials, or the investigator, as persons; else the sponsor as a name that is not taken apart."""
    names = [
        text_at(one, "name")
        for one in objects_at(record, "protocolSection.contactsLocationsModule.overallOfficials")
    ] or [text_at(record, f"{_SPONSORS}.responsibleParty.investigatorFullName")]
    # A degree behind a comma would be read as a first name.
    persons = [_DEGREE.sub("", name).strip() for name in dict.fromkeys(names)]
    found = [f"{{{escaped(name)}}}" if " and " in name else escaped(name) for name in persons if name]
    if found:
        return " and ".join(found)
    sponsor = text_at(record, f"{_SPONSORS}.leadSponsor.name")
    return f"{{{escaped(sponsor)}}}" if sponsor else ""


def escaped(text: str) -> str:
    """A text on one line with every character that means something to TeX written out."""
    return "".join(_SPECIAL.get(char, char) for char in " ".join(text.split()))
