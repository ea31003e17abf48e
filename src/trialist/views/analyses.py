"""Statistical analyses of an outcome in words: what was compared, how, and what came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trialist.views.flow import Group
from trialist.views.numbers import number_of, written
from trialist.views.reading import objects_at, prose_at, text_at, texts_at

_KINDS = {
    "SUPERIORITY": "a test of superiority",
    "NON_INFERIORITY": "a test of non-inferiority",
    "EQUIVALENCE": "a test of equivalence",
    "NON_INFERIORITY_OR_EQUIVALENCE": "a test of non-inferiority or equivalence",
    "SUPERIORITY_OR_OTHER": "a test of superiority or another kind",
    "NON_INFERIORITY_OR_EQUIVALENCE_LEGACY": "a test of non-inferiority or equivalence",
    "SUPERIORITY_OR_OTHER_LEGACY": "a test of superiority or another kind",
}
_SIDES = {"ONE_SIDED": "one-sided", "TWO_SIDED": "two-sided"}


@dataclass(frozen=True, slots=True)
class Analysis:
    """One analysis: `words` are ours, made of its fields; `comments` the sponsor's, each with what it is about."""

    words: tuple[str, ...]
    comments: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment that several analyses repeat: what it is about, the text, and which they are ("All tests", "Tests 1–3, 5")."""

    label: str
    text: str
    which: str


_COMMENTS = (
    ("groupDescription", "About the comparison"),
    ("nonInferiorityComment", "About the kind of test"),
    ("statisticalComment", "About the method"),
    ("pValueComment", "About the p-value"),
    ("estimateComment", "About the estimate"),
    ("ciLowerLimitComment", "About the lower limit"),
    ("ciUpperLimitComment", "About the upper limit"),
    ("otherAnalysisDescription", "Other analysis"),
)


def analyses_of(outcome: Mapping[str, Any], groups: tuple[Group, ...]) -> tuple[Analysis, ...]:
    """The analyses of an outcome measure, in the record's order."""
    return tuple(_analysis(item, groups) for item in objects_at(outcome, "analyses"))


def told_once(analyses: Sequence[Analysis]) -> tuple[tuple[Analysis, ...], tuple[Remark, ...]]:
    """The analyses with the comments that are theirs alone, and those that several repeat word for word, each once."""
    places: dict[tuple[str, str], list[int]] = {}
    for place, one in enumerate(analyses):
        for comment in dict.fromkeys(one.comments):
            places.setdefault(comment, []).append(place)
    repeated = {comment: where for comment, where in places.items() if len(where) > 1}
    remarks = (
        Remark(*comment, "All tests" if len(where) == len(analyses) else f"Tests {_numbers(where)}")
        for comment, where in repeated.items()
    )
    own = (
        replace(one, comments=tuple(comment for comment in one.comments if comment not in repeated))
        for one in analyses
    )
    return tuple(own), tuple(remarks)


def _numbers(places: Sequence[int]) -> str:
    """Places as numbers from 1, those in a row as a range."""
    runs: list[list[int]] = []
    for place in places:
        if runs and place == runs[-1][-1] + 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    return ", ".join(
        str(run[0] + 1) if len(run) == 1 else f"{run[0] + 1}{'–' if len(run) > 2 else ', '}{run[-1] + 1}"
        for run in runs
    )


def _analysis(item: Mapping[str, Any], groups: tuple[Group, ...]) -> Analysis:
    found = [sentence for sentence in (_compared(item, groups), _estimate(item), _p_value(item)) if sentence]
    comments = tuple((label, prose_at(item, key)) for key, label in _COMMENTS if text_at(item, key))
    return Analysis(tuple(found) or ("The record gives no numbers for this analysis.",), comments)


def _compared(item: Mapping[str, Any], groups: tuple[Group, ...]) -> str:
    titles = {group.id: group.name for group in groups}
    names = [f"“{titles.get(name, name)}”" for name in texts_at(item, "groupIds")]
    who = {0: "Groups not named", 1: f"{names[0]} alone" if names else ""}.get(
        len(names), f"{', '.join(names[:-1])} and {names[-1]}" if names else ""
    )
    kind, method = text_at(item, "nonInferiorityType"), text_at(item, "statisticalMethod")
    parts = [f"{who}: {_KINDS.get(kind, 'an analysis' if kind in ('', 'OTHER') else kind)}"]
    if method:
        parts.append(f"by {method}")
    return " ".join(parts) + "."


def _estimate(item: Mapping[str, Any]) -> str:
    name, value = text_at(item, "paramType"), written(item.get("paramValue"))
    low, high = written(item.get("ciLowerLimit")), written(item.get("ciUpperLimit"))
    if not value and not low and not high:
        return ""
    said = f"{name or 'Estimate'}: {value or 'no value'}"
    level, sides = written(item.get("ciPctValue")), _SIDES.get(text_at(item, "ciNumSides"), "")
    if low or high:
        interval = " ".join(
            part for part in (f"{level}%" if level else "", sides, "confidence interval") if part
        )
        bounds = f"{low} to {high}" if low and high else f"from {low}" if low else f"up to {high}"
        said += f" ({interval} {bounds})"
    spread = written(item.get("dispersionValue"))
    if spread:
        kind = text_at(item, "dispersionType").replace("_", " ").lower() or "spread"
        said += f", {kind} {spread}"
    return said + "."


def _p_value(item: Mapping[str, Any]) -> str:
    text = written(item.get("pValue"))
    if not text:
        return ""
    bare = text.lower().removeprefix("p").lstrip()
    if bare[:1] in {"<", ">", "=", "≤", "≥"}:
        return (
            f"p {bare[:1]} {bare[1:].lstrip('=').strip()}."
            if bare[1:2] != "="
            else f"p {bare[0]}= {bare[2:].strip()}."
        )
    return f"p = {text}." if number_of(text) is not None else f"p: {text}."
