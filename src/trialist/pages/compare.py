"""Up to four studies side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trialist.errors import StudyNotFoundError
from trialist.pages.addresses import written
from trialist.pages.asked import Asked
from trialist.pages.shown import Shown
from trialist.pages.study_head import TONES
from trialist.record.nct_id import parse_nct_id
from trialist.record.study import Study
from trialist.views.comparison import ComparedRow, compared_rows
from trialist.views.summary import summary_of

PATH = "/compare"
MOST = 4


@dataclass(frozen=True, slots=True)
class ComparedStudy:
    """A study in the head of the comparison; `without_url` is the comparison without it."""

    nct_id: str
    title: str
    status: str
    tone: str
    without_url: str


@dataclass(frozen=True, slots=True)
class ComparePage:
    """`compare.html`. `unknown` are numbers that this registry has no study for, `left_out` those beyond the fourth."""

    title: str
    studies: tuple[ComparedStudy, ...]
    rows: tuple[ComparedRow, ...]
    only_different: bool
    all_url: str
    different_url: str
    unknown: tuple[str, ...]
    left_out: tuple[str, ...]
    can_add: bool


def compare_page(asked: Asked) -> Shown:
    """`/compare`, with `id` for each study, several numbers in one parameter allowed, and `only=different`."""
    texts = [word for text in asked.texts("id") for word in text.replace(",", " ").split()]
    wanted = list(dict.fromkeys(parse_nct_id(text) or text[:20] for text in texts))
    studies: dict[str, Study] = {}
    unknown = []
    for nct_id in wanted:
        try:
            stored = asked.served.records.get_known(nct_id) if parse_nct_id(nct_id) else None
        except StudyNotFoundError:
            stored = None
        if stored is None:
            unknown.append(nct_id)
        elif len(studies) < MOST:
            studies.setdefault(stored.nct_id, stored.study)
    left_out = [one for one in wanted if one not in unknown and one not in studies][:20]
    only = asked.text("only") == "different"
    rows = compared_rows(list(studies.values()), asked.today)
    page = ComparePage(
        f"{len(studies)} studies side by side" if len(studies) > 1 else "Compare studies",
        tuple(_head(asked, nct_id, study, studies) for nct_id, study in studies.items()),
        tuple(row for row in rows if row.is_different or not only),
        only,
        written(PATH, _pairs(studies)),
        written(PATH, (*_pairs(studies), ("only", "different"))),
        tuple(unknown[:20]),
        tuple(left_out),
        len(studies) < MOST,
    )
    return Shown("compare.html", page)


def _pairs(studies: Mapping[str, Study], but: str = "") -> tuple[tuple[str, str], ...]:
    return tuple(("id", nct_id) for nct_id in studies if nct_id != but)


def _head(asked: Asked, nct_id: str, study: Study, studies: Mapping[str, Study]) -> ComparedStudy:
    summary = summary_of(study, asked.today)
    without = written(PATH, _pairs(studies, nct_id))
    return ComparedStudy(
        nct_id, summary.title, summary.status, TONES.get(summary.overall_status, ""), without
    )
