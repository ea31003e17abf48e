"""The criteria of a study, one by one, as a list to go through."""

from __future__ import annotations

import re
from collections.abc import Iterable

from starlette.responses import Response

from trialist.criteria.criterion import (
    DEFECTS,
    Computability,
    Criterion,
    CriterionSet,
    Finding,
    Modality,
    Polarity,
    Population,
)
from trialist.criteria.render import is_clear
from trialist.pages.asked import Asked
from trialist.pages.contexts import ChecklistPage, CriterionGroup, CriterionLine, StudyHead
from trialist.pages.shown import Shown, moved
from trialist.pages.study_head import id_in_path, study_head
from trialist.registry.eligibility import PIECE, criteria_of_study

MOST_CHARACTERS = 60_000
"""Longer texts are not taken apart here; the registry takes 20,000 characters."""

ANSWERED_BY = {
    Computability.COMPUTABLE: ("clear", "Facts about your health can answer this."),
    Computability.PARTIAL: ("part", "Facts about your health can answer a part of this. Ask about the rest."),
    Computability.ATTESTATION: ("self", "You can answer this yourself."),
    Computability.JUDGEMENT: ("doctor", "The study doctor decides this."),
    Computability.INCOMPLETE: ("missing", "The text leaves something out. Ask the study team."),
    Computability.OPAQUE: (
        "opaque",
        "Our program does not understand this. Please read the sponsor's words.",
    ),
}
"""Who can answer a criterion → a word for its look, and a sentence."""

_TOLD_ELSEWHERE = frozenset(
    {"no_text", "duplicate", "incomplete_reference", "implausible_bound", "inverted_polarity"}
)
"""The kinds of findings that the page tells otherwise, or with the criterion that they are about."""
_ID = re.compile(r"\b[IE][0-9]+(?:\.[0-9]+)*\b")
_LONGEST_QUOTE = 70

_OF_WHOM = {
    Population.DONOR: "This is about the donor.",
    Population.CAREGIVER: "This is about the one who cares for you.",
    Population.CONTROL_GROUP: "This is about the group for comparison.",
    Population.SITE: "This is about the hospital.",
}
_HEADINGS = {
    Polarity.INCLUSION: "You can take part only if",
    Polarity.EXCLUSION: "You cannot take part if",
}


def checklist_page(asked: Asked) -> Shown | Response:
    """`/study/{nct}/criteria`; with `part=1` the list alone, for the page of the study to take in."""
    nct_id = id_in_path(asked.path["nct"])
    stored = asked.served.records.get_known(nct_id)
    if stored.nct_id != asked.path["nct"]:
        return moved(f"/study/{stored.nct_id}/criteria", for_good=True)
    own = f"/study/{stored.nct_id}/criteria"
    study = stored.study
    text = study[PIECE]
    if isinstance(text, str) and len(text) > MOST_CHARACTERS:
        return _too_long(
            stored.nct_id, study_head(stored, study, asked.today, own), part=asked.text("part") == "1"
        )
    found = criteria_of_study(study)
    page = ChecklistPage(
        f"Criteria of {stored.nct_id}",
        study_head(stored, study, asked.today, own),
        found.available,
        tuple(_group(found, polarity) for polarity in Polarity),
        tuple(_finding(one, found) for one in found.findings if one.kind not in _TOLD_ELSEWHERE),
        found.coverage.criteria,
        found.coverage.structured,
        found.coverage.typed,
    )
    return Shown("parts/checklist.html" if asked.text("part") == "1" else "criteria.html", page)


def _too_long(nct_id: str, head: StudyHead, *, part: bool) -> Shown:
    page = ChecklistPage(f"Criteria of {nct_id}", head, True, (), (), 0, 0, 0, is_too_long=True)
    return Shown("parts/checklist.html" if part else "criteria.html", page)


def only_for(scope: Iterable[tuple[str, str]]) -> list[str]:
    """For which part of the study a criterion holds, a sentence a part."""
    return [f"Only for: {name if kind in name.lower() else f'{kind} {name}'}." for kind, name in scope]


def _finding(one: Finding, found: CriterionSet) -> tuple[str, tuple[str, ...]]:
    """A finding with the sponsor's words in the place of the ids, which nobody who reads the list knows."""
    texts = {criterion.id: criterion.text for criterion in found.criteria}
    message = _ID.sub(lambda hit: f"“{_short(texts[hit[0]])}”" if hit[0] in texts else hit[0], one.message)
    return message, tuple(name for name in one.criteria if name in texts)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE].rsplit(' ', 1)[0]} …"


def _group(found: CriterionSet, polarity: Polarity) -> CriterionGroup:
    lines = []
    section: tuple[str, ...] = ()
    for one in found.criteria:
        if one.polarity is polarity:
            heading = " / ".join(one.section_path[1:]) if one.section_path != section else ""
            section = one.section_path
            lines.append(_line(one, heading))
    return CriterionGroup(polarity.value, _HEADINGS[polarity], tuple(lines))


def _line(one: Criterion, heading: str) -> CriterionLine:
    look, who = ANSWERED_BY[one.computability]
    notes = []
    if one.population in _OF_WHOM:
        notes.append(_OF_WHOM[one.population])
    notes += only_for(one.scope)
    if one.modality is Modality.PERMISSIVE:
        notes.append("This is allowed. It does not decide.")
    if one.modality is Modality.INFORMATIVE:
        notes.append("This only tells you something. It does not decide.")
    if one.modality is Modality.REQUIRED and not one.counts:
        notes.append("This is a part of the point above.")
    defects = [
        f"{DEFECTS[defect.kind][0].upper()}{DEFECTS[defect.kind][1:]}."
        + (f" We read it as: {defect.repair}" if defect.repair else "")
        for defect in one.defects
    ]
    is_header = one.modality is Modality.HEADER
    is_said = not is_header and one.computability is not Computability.OPAQUE and one.plain != one.text
    plain = one.plain if is_said else ""
    decides = one.modality is Modality.REQUIRED
    return CriterionLine(
        one.id,
        heading,
        one.text,
        plain if is_clear(plain) else "",
        "" if is_clear(plain) else plain,
        look if decides else "",
        who if decides else "",
        tuple(notes),
        tuple(defects),
        min(one.id.count("."), 3),
        is_header,
        decides and one.counts,
    )
