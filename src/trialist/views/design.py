"""The design of a study as a diagram: who is put into which group and how, what each group gets, cohorts in their order.

Sponsors of dose escalations often write all cohorts into the text of one arm. They are read out of it where the record
says that doses rise (its model, titles or texts) and the text lists them: numbered, as "Cohort 1: …", or parted by
semicolons with a dose or a schedule in every part. What is read so is marked as read; the text itself is kept beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trialist.record.enums import label_of as enum_label
from trialist.views.markup import parse_markup, unescape
from trialist.views.reading import objects_at, reach, text_at, texts_at
from trialist.views.tables import words
from trialist.views.when import plural

_DESIGN = "protocolSection.designModule"
_INFO = f"{_DESIGN}.designInfo"
_ARMS = "protocolSection.armsInterventionsModule"
_IDS = "protocolSection.identificationModule"
_SAID = "protocolSection.descriptionModule"
_LONGEST_COHORT = 300
_LONGEST_PART = 120
_MOST_COHORTS = 30
_WORD = re.compile(r"[^\W\d_]{2,}")
_CONDITION = re.compile(
    r"\b(?:if|when|after|until|then|followed|subjects?|patients?|randomi[sz]ed)\b", re.IGNORECASE
)
_LEAD = re.compile(
    r"(?:[\d≤≥<~]|(?:cohort|dose|level|group|step|single|multiple|low\w*|mid\w*|medium|intermediate|high\w*|first|second|third)\b)",
    re.IGNORECASE,
)
_ESCALATION = re.compile(
    r"\b(?:dose[- ]?(?:escalat\w*|finding|ranging|level|de-?escalation)|escalating(?: single| multiple)? doses?|ascending doses?"
    r"|(?:single|multiple) ascending|3\s?\+\s?3)\b",
    re.IGNORECASE,
)
_DOSE = re.compile(
    r"\bdos(?:e|es|age|ing)\b|\b(?:once|twice|daily|weekly|(?:per|a|every|each) (?:day|week|month))\b"
    r"|\d\s?(?:mg|µg|μg|ug|mcg|g|ml|mL|IU|kg|cells?|vg|pfu|Gy|%)\b|\b10\s?\^?\s?\d\b|[x×]\s?10",
    re.IGNORECASE,
)
_HEADED = re.compile(
    r"(?:^|(?<=[.;:\n]))[ \t]*((?:cohorts?|dose[ -]?levels?|DL|levels?|parts?|stage|group)\s*[-#]?\s*(?:\d{1,2}[a-z]?|[A-H]|I{1,3}|IV|V)\b)"
    r"\s*[:.)(–—-]",
    re.IGNORECASE | re.MULTILINE,
)
_ORDERED_LABEL = re.compile(
    r"\b(?:cohort|dose[ -]?level|level|part|stage|phase|step)\s*[-#]?\s*(?:\d|[A-H]\b|I)", re.IGNORECASE
)
_ORDERS = {
    "SEQUENTIAL": "Groups begin one after another",
    "PARALLEL": "Groups run side by side",
    "CROSSOVER": "Each person gets one treatment after another",
    "FACTORIAL": "Treatments are combined in every way",
    "SINGLE_GROUP": "Everybody is in one group",
}
_ALLOCATIONS = {
    "RANDOMIZED": "Chance decides who is in which group",
    "NON_RANDOMIZED": "Chance does not decide who is in which group",
}
_MASKINGS = {
    "NONE": "Everybody knows who gets what",
    "SINGLE": "One side does not know who gets what",
    "DOUBLE": "Two sides do not know who gets what",
    "TRIPLE": "Three sides do not know who gets what",
    "QUADRUPLE": "Four sides do not know who gets what",
}
_WHO = {
    "PARTICIPANT": "the people who take part",
    "CARE_PROVIDER": "those who treat them",
    "INVESTIGATOR": "those who run the study",
    "OUTCOMES_ASSESSOR": "those who judge the outcome",
}


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is given or done: its name and kind in words."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Arm:
    """A group: `gets` says for every treatment of the diagram whether the group gets it.

    `cohorts` are read from its text, in order; () where the text lists none.
    """

    label: str
    kind: str
    text: str
    gets: tuple[bool, ...]
    cohorts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Design:
    """The diagram: how many people, how they come into groups, what groups there are and what each gets.

    `is_stepwise` says that the groups begin one after another, in the order of the record.
    """

    people: str
    words: tuple[str, ...]
    treatments: tuple[Treatment, ...]
    arms: tuple[Arm, ...]
    is_stepwise: bool


def design_of(record: Mapping[str, Any]) -> Design | None:
    """The design of a study; None where the record tells no groups and nothing of how people are assigned."""
    module = reach(record, _ARMS)
    treatments = [
        (one, Treatment(text_at(one, "name") or "not named", _kind(one)))
        for one in objects_at(module, "interventions")
    ]
    escalates = _escalates(record)
    groups = list(objects_at(module, "armGroups"))
    arms = tuple(_arm(group, treatments, escalates=escalates) for group in groups)
    said = tuple(_words(record))
    if not arms and not said:
        return None
    labels = [arm.label for arm in arms]
    stepwise = len(arms) > 1 and (
        text_at(record, f"{_INFO}.interventionModel") == "SEQUENTIAL"
        or (escalates and sum(bool(_ORDERED_LABEL.search(label)) for label in labels) > len(labels) / 2)
    )
    return Design(_people(record), said, tuple(one for _, one in treatments), arms, stepwise)


def _people(record: Mapping[str, Any]) -> str:
    info = reach(record, f"{_DESIGN}.enrollmentInfo")
    count = reach(info, "count")
    if isinstance(count, bool) or not isinstance(count, int):
        return "People who take part"
    kind = {"ESTIMATED": " planned", "ACTUAL": ""}.get(text_at(info, "type"), "")
    return f"{count:,} {'person' if count == 1 else 'people'}{kind}"


def _words(record: Mapping[str, Any]) -> Iterator[str]:
    """How people are assigned, in short sentences; a value without a sentence of ours by the registry's label."""
    for path, sentences, enum in (
        (f"{_INFO}.allocation", _ALLOCATIONS, "DesignAllocation"),
        (f"{_INFO}.interventionModel", _ORDERS, "InterventionalAssignment"),
    ):
        value = text_at(record, path)
        if value and value != "NA":
            yield sentences.get(value) or enum_label(enum, value)
    masking = text_at(record, f"{_INFO}.maskingInfo.masking")
    if masking:
        who = [_WHO.get(one, one) for one in texts_at(record, f"{_INFO}.maskingInfo.whoMasked")]
        sentence = _MASKINGS.get(masking, masking)
        yield f"{sentence}: {', '.join(who)}" if who else sentence
    for path, enum in (
        (f"{_INFO}.observationalModel", "ObservationalModel"),
        (f"{_INFO}.timePerspective", "DesignTimePerspective"),
    ):
        value = text_at(record, path)
        if value:
            yield enum_label(enum, value)


def _kind(intervention: Mapping[str, Any]) -> str:
    value = text_at(intervention, "type")
    return enum_label("InterventionType", value) if value else ""


def _arm(
    group: Mapping[str, Any], treatments: list[tuple[Mapping[str, Any], Treatment]], *, escalates: bool
) -> Arm:
    label = text_at(group, "label")
    named = {_bare(name) for name in texts_at(group, "interventionNames")}
    gets = tuple(
        _bare(one.name) in named or (bool(label) and label in texts_at(item, "armGroupLabels"))
        for item, one in treatments
    )
    kind = text_at(group, "type")
    text = unescape(text_at(group, "description"))
    return Arm(
        label or "Group without a name",
        words()["arm_type"].get(kind, kind),
        text,
        gets,
        cohorts_in(text) if escalates and not _ORDERED_LABEL.search(label) else (),
    )


def _bare(name: str) -> str:
    """`Drug: Aspirin` → `aspirin`."""
    return name.partition(": ")[2].casefold() or name.casefold()


def _escalates(record: Mapping[str, Any]) -> bool:
    """Whether the record says that doses rise from group to group."""
    if text_at(record, f"{_INFO}.interventionModel") == "SEQUENTIAL":
        return True
    texts = [text_at(record, f"{_IDS}.briefTitle"), text_at(record, f"{_IDS}.officialTitle")]
    texts += [
        text_at(one, key)
        for one in objects_at(record, f"{_ARMS}.armGroups")
        for key in ("label", "description")
    ]
    texts.append(text_at(record, f"{_INFO}.interventionModelDescription"))
    texts += [text_at(record, f"{_SAID}.{key}") for key in ("briefSummary", "detailedDescription")]
    return any(_ESCALATION.search(text) for text in texts)


def cohorts_in(text: str) -> tuple[str, ...]:
    """The cohorts that a text lists, in its order; () where it lists none or what it lists is something else."""
    for found in (_headed(text), _items(text), _parted(text)):
        if 2 <= len(found) <= _MOST_COHORTS and all(len(one) <= _LONGEST_COHORT for one in found):
            return tuple(found)
    return ()


def _headed(text: str) -> list[str]:
    """`Cohort 1: … Cohort 2: …`; each heading once, else the text speaks of cohorts and does not list them."""
    heads = list(_HEADED.finditer(text))
    names = [" ".join(head[1].lower().split()) for head in heads]
    if len(heads) < 2 or len(set(names)) < len(names) or len({name.split(" ")[0] for name in names}) > 1:
        return []
    ends = [*(head.start(1) for head in heads[1:]), len(text)]
    return [_tidy(text[head.start(1) : end]) for head, end in zip(heads, ends, strict=True)]


def _items(text: str) -> list[str]:
    """Items of a list that are doses."""
    items = [_tidy(block.text) for block in parse_markup(text) if block.is_item]
    return items if _are_doses(items) else []


def _parted(text: str) -> list[str]:
    """Parts between semicolons that are doses."""
    head, colon, rest = text.partition(":")
    body = rest if colon and ";" not in head and ";" in rest else text
    parts = [_tidy(part) for part in body.split(";") if _tidy(part)]
    return parts if _are_doses(parts) else []


def _are_doses(parts: list[str]) -> bool:
    """Whether all parts are short, name a dose or a schedule, begin as doses do, share a word, and none is a condition."""
    if len(parts) < 2 or not all(
        _DOSE.search(part)
        and _LEAD.match(part)
        and not _CONDITION.search(part)
        and len(part) <= _LONGEST_PART
        for part in parts
    ):
        return False
    return bool(set.intersection(*({word.lower() for word in _WORD.findall(part)} for part in parts)))


def _tidy(text: str) -> str:
    return " ".join(text.split()).strip(" ;,.")


def describe(design: Design) -> str:
    """The diagram in one sentence, for those who do not see it."""
    cohorts = sum(len(arm.cohorts) for arm in design.arms)
    said = f"{design.people}, {plural(len(design.arms), 'group')}"
    return f"{said}, {plural(cohorts, 'cohort')} one after another." if cohorts else f"{said}."
