"""The history of a study in words: what each version changed, what matters most first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trialist.record.dates import PartialDate, parse_partial_date
from trialist.record.enums import label_of as enum_label
from trialist.views.differences import Difference, Kind, ModuleDifferences, differences_of
from trialist.views.reading import objects_at, reach, text_at
from trialist.views.when import in_words, months_between, plural

_STATUS = "protocolSection.statusModule"
_OUTCOMES = "protocolSection.outcomesModule"
_ENROLLMENT = "protocolSection.designModule.enrollmentInfo"
_LOCATIONS = "protocolSection.contactsLocationsModule.locations"
_DATES = {
    "startDateStruct": "The start",
    "primaryCompletionDateStruct": "The end of the main measurements",
    "completionDateStruct": "The end of the study",
}
_TEXTS = {
    "protocolSection.identificationModule.briefTitle": "The title was changed.",
    "protocolSection.sponsorCollaboratorsModule.leadSponsor.name": "The sponsor was changed.",
    "protocolSection.eligibilityModule.eligibilityCriteria": "Who can join was rewritten.",
    "protocolSection.eligibilityModule.minimumAge": "The youngest age was changed.",
    "protocolSection.eligibilityModule.maximumAge": "The oldest age was changed.",
    "protocolSection.eligibilityModule.sex": "The sex of those who can join was changed.",
    "protocolSection.designModule.phases": "The phase was changed.",
}


@dataclass(frozen=True, slots=True)
class Callout:
    """A change that a reader should not miss: `about` is "status", "enrollment", "primary", "dates", "results" or "text"."""

    about: str
    text: str


@dataclass(frozen=True, slots=True)
class VersionStory:
    """A version: its number (1 is the oldest), its date, and what it changed against the one before.

    `is_first` has nothing before it. `callouts` say the weighty changes in words, `modules` hold every difference.
    """

    number: int
    date: str
    status: str
    is_first: bool
    callouts: tuple[Callout, ...]
    modules: tuple[ModuleDifferences, ...]

    @property
    def summary(self) -> str:
        """All of it in a few sentences."""
        if self.is_first:
            return "The first version that this registry has."
        if not self.modules:
            return "Nothing that a sponsor enters was changed."
        said = [callout.text for callout in self.callouts]
        names = ", ".join(module.title for module in self.modules)
        count = sum(len(module.differences) for module in self.modules)
        return " ".join([*said, f"{plural(count, 'value')} changed, in: {names}."])


def story_of(records: Sequence[Mapping[str, Any]], first_number: int = 1) -> tuple[VersionStory, ...]:
    """The versions of a study, oldest first, each against the one before."""
    found = []
    for place, record in enumerate(records):
        before = records[place - 1] if place else None
        found.append(
            VersionStory(
                first_number + place,
                version_date(record),
                status_label(record),
                before is None,
                tuple(callouts_of(before, record)) if before is not None else (),
                differences_of(before, record) if before is not None else (),
            )
        )
    return tuple(found)


def version_date(record: Mapping[str, Any]) -> str:
    """The day that a version bears, as the record writes it; "" where it has none."""
    return text_at(record, f"{_STATUS}.lastUpdatePostDateStruct.date") or text_at(
        record, f"{_STATUS}.lastUpdateSubmitDate"
    )


def status_label(record: Mapping[str, Any]) -> str:
    """The status of a version in the registry's words."""
    status = text_at(record, f"{_STATUS}.overallStatus")
    return enum_label("Status", status, "OverallStatus") if status else "not given"


def callouts_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Callout]:
    """The weighty changes from one version to another, in words."""
    if text_at(before, f"{_STATUS}.overallStatus") != text_at(after, f"{_STATUS}.overallStatus"):
        yield Callout("status", f"The status went from {status_label(before)} to {status_label(after)}.")
    why = text_at(after, f"{_STATUS}.whyStopped")
    if why and why != text_at(before, f"{_STATUS}.whyStopped"):
        yield Callout("status", f"The sponsor says why it stopped: {why}")
    yield from _enrollment(before, after)
    yield from _outcomes(before, after)
    yield from _dates(before, after)
    yield from _results(before, after)
    yield from _sites(before, after)
    for path, sentence in _TEXTS.items():
        if reach(before, path) != reach(after, path):
            yield Callout("text", sentence)


def primary_history(records: Sequence[Mapping[str, Any]]) -> tuple[Difference, ...]:
    """How the primary outcomes of the last version differ from those of the first."""
    if len(records) < 2:
        return ()
    wanted = f"{_OUTCOMES}.primaryOutcomes"
    return tuple(
        one
        for module in differences_of(records[0], records[-1])
        for one in module.differences
        if one.path.startswith(wanted)
    )


def enrollment_text(record: Mapping[str, Any]) -> str:
    """How many take part, with whether that is planned or counted; "" where the record does not say."""
    info = reach(record, _ENROLLMENT)
    count = reach(info, "count")
    if isinstance(count, bool) or not isinstance(count, int):
        return ""
    kind = {"ACTUAL": "counted", "ESTIMATED": "planned"}.get(text_at(info, "type"), "")
    return f"{count:,} {kind}".strip()


def _enrollment(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Callout]:
    old, new = enrollment_text(before), enrollment_text(after)
    if old != new:
        sentence = f"The number of people went from {old or 'not given'} to {new or 'not given'}"
        first, second = reach(before, f"{_ENROLLMENT}.count"), reach(after, f"{_ENROLLMENT}.count")
        if isinstance(first, int) and isinstance(second, int) and first > 0 and first != second:
            sentence += f" ({100 * (second - first) / first:+.0f}%)"
        yield Callout("enrollment", f"{sentence}.")


def _outcomes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Callout]:
    for key, name in (("primaryOutcomes", "main outcome"), ("secondaryOutcomes", "further outcome")):
        old = [_outcome(one) for one in objects_at(before, f"{_OUTCOMES}.{key}")]
        new = [_outcome(one) for one in objects_at(after, f"{_OUTCOMES}.{key}")]
        if sorted(old) == sorted(new):
            continue
        had, has = {one[0] for one in old}, {one[0] for one in new}
        parts = [
            f"{plural(len(some), name)} {word}"
            for some, word in ((has - had, "added"), (had - has, "taken out"))
            if some
        ]
        kept = dict(old)
        altered = sum(1 for measure, frame in new if measure in kept and kept[measure] != frame)
        if altered:
            parts.append(f"{plural(altered, name)} with another time")
        if not parts:
            parts.append(f"{name}s reworded")
        sentence = ", ".join(parts)
        yield Callout(
            "primary" if key == "primaryOutcomes" else "text", f"{sentence[0].upper()}{sentence[1:]}."
        )


def _outcome(item: Mapping[str, Any]) -> tuple[str, str]:
    return (text_at(item, "measure"), text_at(item, "timeFrame"))


def _dates(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Callout]:
    for key, name in _DATES.items():
        old, new = (parse_partial_date(reach(one, f"{_STATUS}.{key}.date")) for one in (before, after))
        if isinstance(old, PartialDate) and isinstance(new, PartialDate) and old != new:
            months = months_between(old, new) if old.month and new.month else 12 * (new.year - old.year)
            shift = (
                f" ({plural(abs(months), 'month')} {'later' if months > 0 else 'earlier'})" if months else ""
            )
            yield Callout("dates", f"{name} moved from {in_words(old)} to {in_words(new)}{shift}.")


def _results(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Callout]:
    had, has = (isinstance(one.get("resultsSection"), Mapping) for one in (before, after))
    if has and not had:
        yield Callout("results", "Results were posted.")
    elif had and not has:
        yield Callout("results", "The results were taken out.")
    elif had and before["resultsSection"] != after["resultsSection"]:
        yield Callout("results", "The results were changed.")


def _sites(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Callout]:
    counts = [len(list(objects_at(one, _LOCATIONS))) for one in (before, after)]
    if counts[0] != counts[1]:
        yield Callout("text", f"The number of places went from {counts[0]:,} to {counts[1]:,}.")


__all__ = [
    "Callout",
    "Kind",
    "VersionStory",
    "callouts_of",
    "enrollment_text",
    "primary_history",
    "status_label",
    "story_of",
    "version_date",
]
