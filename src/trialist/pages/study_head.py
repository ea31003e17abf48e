"""What stands above every page of one study: its title, its status, and the ways to its other pages."""

from __future__ import annotations

from datetime import date

from trialist.errors import InvalidParameterError
from trialist.pages.contexts import StudyHead
from trialist.record.nct_id import parse_nct_id
from trialist.record.study import Study
from trialist.registry.records import StoredStudy
from trialist.views.summary import summary_of

TABS: tuple[tuple[str, str], ...] = (
    ("Study", ""),
    ("Criteria", "/criteria"),
    ("Map", "/map"),
    ("Results", "/results"),
    ("History", "/history"),
    ("Full record", "/record"),
    ("JSON", "/raw"),
)
"""The pages of a study: label, and what follows `/study/NCT…` in the address."""

TONES = {
    "RECRUITING": "open",
    "AVAILABLE": "open",
    "ENROLLING_BY_INVITATION": "soon",
    "NOT_YET_RECRUITING": "soon",
    "TEMPORARILY_NOT_AVAILABLE": "soon",
    "SUSPENDED": "stopped",
    "TERMINATED": "stopped",
    "WITHDRAWN": "stopped",
}
"""Status → how its word is coloured; the word itself says everything."""


def study_head(stored: StoredStudy, study: Study, today: date, here: str) -> StudyHead:
    """The head above the page of a study whose address ends in `here`; a page below a tab counts as that tab."""
    summary = summary_of(study, today)
    own = f"/study/{stored.nct_id}"
    tabs = tuple(
        (label, own + end, own + end == here or bool(end and here.startswith(f"{own}{end}/")))
        for label, end in TABS
    )
    tone = TONES.get(summary.overall_status, "")
    return StudyHead(
        stored.nct_id, summary.title, summary.status, tone, stored.missing_since is not None, tabs
    )


def id_in_path(text: str) -> str:
    """The canonical id that a part of a path means; `InvalidParameterError` when it means none."""
    found = parse_nct_id(text)
    if found is None:
        raise InvalidParameterError(
            f"“{text[:40]}” is not the number of a study",
            hint="A number is NCT and eight digits: NCT01234567",
        )
    return found
