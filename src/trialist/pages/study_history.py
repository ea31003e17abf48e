"""The history of a study: its versions, what each changed, and any two of them compared."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from trialist.pages.asked import Asked
from trialist.pages.contexts import StudyHead
from trialist.pages.shown import Shown
from trialist.pages.study_head import id_in_path, study_head
from trialist.record.study import Study
from trialist.views.changes import VersionStory, enrollment_text, primary_history, story_of, version_date
from trialist.views.differences import Difference, ModuleDifferences, differences_of

MOST_VERSIONS = 60
"""Of longer histories the newest are told; the others can be asked for by their numbers."""
MOST_DIFFERENCES = 400


@dataclass(frozen=True, slots=True)
class VersionChoice:
    """A version that can be chosen for a comparison."""

    number: int
    label: str
    is_first: bool
    is_second: bool


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """`study_history.html`. `primary` is how the main outcomes of the last version differ from those of the first."""

    title: str
    head: StudyHead
    versions: tuple[VersionStory, ...]
    total: int
    primary: tuple[Difference, ...]
    enrollment: tuple[str, str]
    choices: tuple[VersionChoice, ...]
    compare_url: str
    feed_url: str


@dataclass(frozen=True, slots=True)
class ComparisonPage:
    """`study_versions.html`: two versions. `left_out` differences are more than a page holds."""

    title: str
    head: StudyHead
    first: str
    second: str
    modules: tuple[ModuleDifferences, ...]
    choices: tuple[VersionChoice, ...]
    is_inline: bool
    inline_url: str
    beside_url: str
    compare_url: str
    history_url: str
    left_out: int


def history_page(asked: Asked) -> Shown | Response:
    """`/study/{nct}/history`."""
    nct_id = id_in_path(asked.path["nct"])
    stored = asked.served.records.get_known(nct_id)
    own = f"/study/{stored.nct_id}"
    versions = asked.served.records.versions(stored.nct_id)
    wanted = versions[-MOST_VERSIONS:]
    records = [
        Study.from_json(asked.served.records.get_version(stored.nct_id, one.number).raw).record
        for one in wanted
    ]
    page = HistoryPage(
        f"History of {stored.nct_id}",
        study_head(stored, stored.study, asked.today, f"/study/{stored.nct_id}/history"),
        tuple(reversed(story_of(records, wanted[0].number))),
        len(versions),
        primary_history(records),
        (enrollment_text(records[0]), enrollment_text(records[-1])),
        _choices(asked, stored.nct_id, len(versions) - 1, len(versions)),
        f"{own}/history/compare",
        f"{own}/feed",
    )
    return Shown("study_history.html", page)


def comparison_page(asked: Asked) -> Shown | Response:
    """`/study/{nct}/history/compare`, with the numbers of two versions and `view` as "inline" or "beside"."""
    nct_id = id_in_path(asked.path["nct"])
    stored = asked.served.records.get_known(nct_id)
    own = f"/study/{stored.nct_id}/history/compare"
    total = len(asked.served.records.versions(stored.nct_id))
    first = _number(asked.text("first"), max(1, total - 1))
    second = _number(asked.text("second"), total)
    records = [
        Study.from_json(asked.served.records.get_version(stored.nct_id, number).raw).record
        for number in (first, second)
    ]
    modules, left_out = _cut(differences_of(*records))
    is_inline = asked.text("view", "inline") != "beside"
    pair = f"{own}?first={first}&second={second}"
    page = ComparisonPage(
        f"Versions {first} and {second} of {stored.nct_id}",
        study_head(stored, stored.study, asked.today, f"/study/{stored.nct_id}/history"),
        f"Version {first} ({version_date(records[0]) or 'no date'})",
        f"Version {second} ({version_date(records[1]) or 'no date'})",
        modules,
        _choices(asked, stored.nct_id, first, second),
        is_inline,
        pair,
        f"{pair}&view=beside",
        own,
        f"/study/{stored.nct_id}/history",
        left_out,
    )
    return Shown("study_versions.html", page)


def _choices(asked: Asked, nct_id: str, first: int, second: int) -> tuple[VersionChoice, ...]:
    return tuple(
        VersionChoice(
            one.number,
            f"Version {one.number}, {one.last_update_post_date or 'no date'}",
            one.number == first,
            one.number == second,
        )
        for one in asked.served.records.versions(nct_id)
    )


def _number(text: str, default: int) -> int:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 7 else default


def _cut(modules: tuple[ModuleDifferences, ...]) -> tuple[tuple[ModuleDifferences, ...], int]:
    """The first differences of all modules together, as many as a page holds, and how many others there are."""
    left, found, dropped = MOST_DIFFERENCES, [], 0
    for module in modules:
        kept = module.differences[:left]
        left -= len(kept)
        dropped += len(module.differences) - len(kept)
        if kept:
            found.append(ModuleDifferences(module.path, module.title, kept))
    return tuple(found), dropped
