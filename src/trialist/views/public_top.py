"""The top of the public view: sponsor, status, conditions, treatments, type, funders, identifiers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from trialist.record.enums import label_of as enum_label
from trialist.views.nodes import Labelled, Leaf, Node, Notice, Section, Value, Weight, not_available
from trialist.views.reads import Reader, leaf, pointer_of, text_in
from trialist.views.tables import words
from trialist.views.values import prose
from trialist.views.when import ago, ahead, in_words
from trialist.vocabulary.sponsors import display_name, letter_of

_IDS = "protocolSection.identificationModule"
_STATUS = "protocolSection.statusModule"
_SPONSORS = "protocolSection.sponsorCollaboratorsModule"
_DESIGN = "protocolSection.designModule"
_ARMS = "protocolSection.armsInterventionsModule"
_OVER = {"COMPLETED", "TERMINATED", "WITHDRAWN", "NO_LONGER_AVAILABLE", "APPROVED_FOR_MARKETING"}
_STOPPED = {"TERMINATED", "WITHDRAWN", "SUSPENDED"}
_STALE_DAYS = 365
_NO_TRIAL = (
    "This is expanded access: a way to a treatment outside of trials. Nobody is enrolled in a trial here."
)


def one(reader: Reader, path: str, text: str, *, raw: Any = None, note: str = "") -> Value:
    """A value read at one path."""
    found = reader.get(path)
    return Value(text, found if raw is None else raw, ((pointer_of(path), found),), note=note)


def sponsor_section(reader: Reader) -> Section:
    """The sponsor by the name readers know, with the letter of its avatar, and who else takes part."""
    path = f"{_SPONSORS}.leadSponsor.name"
    raw = reader.text(path)
    lines: list[Node] = []
    if raw:
        name = display_name(raw)
        lines.append(Labelled("sponsor", "Sponsor", (one(reader, path, name, note=_registered_as(raw)),)))
        lines.append(Labelled("avatar", "Avatar", (Value(letter_of(name), letter_of(name)),)))
    else:
        lines.append(Labelled("sponsor", "Sponsor", (not_available(),)))
    others = tuple(
        Value(display_name(name), name, leaf(item, "name", pointer), note=_registered_as(name))
        for item, pointer in reader.objects(f"{_SPONSORS}.collaborators")
        if (name := text_in(item, "name"))
    )
    if others:
        lines.append(Labelled("collaborators", "Collaborators", others))
    return Section("sponsor", "Sponsor", tuple(lines))


def _registered_as(raw: str) -> str:
    """What tells a reader that a name is not the registry's; "" where it is."""
    return f"registered as {raw}" if display_name(raw) != raw else ""


def is_expanded_access(reader: Reader) -> bool:
    """Whether the study is a way to a treatment outside of trials, and no trial."""
    return reader.text(f"{_DESIGN}.studyType") == "EXPANDED_ACCESS"


def status_words(reader: Reader, as_of: date) -> str:
    """The status in a reader's words; "" when the record has none."""
    raw = reader.text(f"{_STATUS}.overallStatus")
    if not raw:
        return ""
    known = words()["status"].get(raw)
    if is_expanded_access(reader):
        if known and known.startswith("Expanded access"):
            return known
        return f"Expanded access: {enum_label('Status', raw)}"
    if raw == "NOT_YET_RECRUITING":
        start = reader.date(f"{_STATUS}.startDateStruct.date")
        if start is not None and start.latest >= as_of and (start.earliest > as_of or not start.is_full):
            return f"Begins enrollment {ahead(start, as_of)}"
    return known or enum_label("Status", raw)


def phase_words(reader: Reader) -> str:
    """The phases on one line, the lower first; "" where phases do not apply."""
    names = [words()["phase"].get(raw, "") for raw, _ in reader.texts(f"{_DESIGN}.phases")]
    return " / ".join(name for name in names if name)


def status_section(reader: Reader, as_of: date) -> Section:
    """Status, or status and phase, with what a reader should know about it."""
    raw = reader.text(f"{_STATUS}.overallStatus")
    text = status_words(reader, as_of)
    values = [one(reader, f"{_STATUS}.overallStatus", text) if text else not_available()]
    phase = phase_words(reader)
    title = "Status"
    if phase:
        title = "Status and phase"
        leaves = tuple((pointer, name) for name, pointer in reader.texts(f"{_DESIGN}.phases"))
        values.append(Value(phase, [name for name, _ in reader.texts(f"{_DESIGN}.phases")], leaves))
    nodes: list[Node] = [Labelled("status", title, tuple(values))]
    note = words()["status_note"].get(raw, "")
    if is_expanded_access(reader):
        note = words()["expanded_access_note"].get(raw, _NO_TRIAL)
    if note:
        nodes.append(Notice("status_note", Weight.NOTE, note))
    nodes.extend(_last_known(reader, raw))
    nodes.extend(_why_stopped(reader, raw))
    nodes.extend(_freshness(reader, raw, as_of))
    return Section("status", title, tuple(nodes))


def _last_known(reader: Reader, status: str) -> Iterator[Node]:
    raw = reader.text(f"{_STATUS}.lastKnownStatus")
    if raw and status == "UNKNOWN":
        text = words()["status"].get(raw, raw)
        yield Labelled(
            "last_known_status", "Last known status", (one(reader, f"{_STATUS}.lastKnownStatus", text),)
        )


def _why_stopped(reader: Reader, status: str) -> Iterator[Node]:
    raw = reader.text(f"{_STATUS}.whyStopped")
    if raw:
        yield Labelled("why_stopped", "Why it stopped", (prose(raw, pointer_of(f"{_STATUS}.whyStopped")),))
    elif status in _STOPPED:
        yield Labelled("why_stopped", "Why it stopped", (not_available(),))


def _freshness(reader: Reader, status: str, as_of: date) -> Iterator[Node]:
    """When somebody last confirmed the status, and a warning when that is long ago and the study is not over."""
    verified = reader.date(f"{_STATUS}.statusVerifiedDate")
    updated = reader.date(f"{_STATUS}.lastUpdatePostDateStruct.date")
    if verified is not None:
        text = f"{ago(verified, as_of)} ({in_words(verified)})"
        yield Labelled(
            "confirmed", "Status last confirmed", (one(reader, f"{_STATUS}.statusVerifiedDate", text),)
        )
    else:
        yield Labelled("confirmed", "Status last confirmed", (not_available(),))
    if updated is not None:
        text = f"{ago(updated, as_of)} ({in_words(updated)})"
        path = f"{_STATUS}.lastUpdatePostDateStruct.date"
        yield Labelled("updated", "Record last updated", (one(reader, path, text),))
    newest, what = (
        (verified, "The status was last confirmed") if verified else (updated, "The record was last updated")
    )
    if newest is not None and status not in _OVER and (as_of - newest.latest).days > _STALE_DAYS:
        text = f"{what} {ago(newest, as_of)}. Ask the study team whether it still holds."
        yield Notice("stale", Weight.WARNING, text)


def listed(identifier: str, title: str, values: tuple[Value, ...]) -> Section:
    """A part that is one list under its title."""
    return Section(identifier, title, (Labelled(identifier, title, values),))


def conditions_section(reader: Reader) -> Section:
    """The conditions, in the record's order and words."""
    found = tuple(
        Value(text, text, ((pointer, text),))
        for text, pointer in reader.texts("protocolSection.conditionsModule.conditions")
    )
    return listed("conditions", "Conditions", found or (not_available(),))


def treatment_words(item: Mapping[str, Any]) -> str:
    """`Biological: iMSC`; the type alone, or the name alone, where the other is missing."""
    kind, name = text_in(item, "type"), text_in(item, "name")
    label = enum_label("InterventionType", kind) if kind else ""
    return f"{label}: {name}" if label and name else label or name


def treatments_section(reader: Reader) -> Section | None:
    """The interventions, or None where the record lists none; those that say the same stand once, and how often."""
    found: dict[str, Value] = {}
    times: Counter[str] = Counter()
    for item, pointer in reader.objects(f"{_ARMS}.interventions"):
        text = treatment_words(item)
        if text:
            raw = {key: item[key] for key in ("type", "name") if key in item}
            leaves = leaf(item, "type", pointer) + leaf(item, "name", pointer)
            times[text] += 1
            first = found.setdefault(text, Value(text, raw, ()))
            note = f"listed {times[text]} times" if times[text] > 1 else ""
            found[text] = replace(first, leaves=first.leaves + leaves, note=note)
    return listed("treatments", "Treatments", tuple(found.values())) if found else None


def type_section(reader: Reader) -> Section:
    """The type of the study."""
    path = f"{_DESIGN}.studyType"
    raw = reader.text(path)
    value = one(reader, path, words()["study_type"].get(raw, raw)) if raw else not_available()
    return listed("study_type", "Study type", (value,))


def funders_section(reader: Reader) -> Section:
    """The classes of lead sponsor and collaborators, each once, in a fixed order: a set, with no one first by right."""
    found: dict[str, list[Leaf]] = {}
    lead = reader.text(f"{_SPONSORS}.leadSponsor.class")
    if lead:
        found.setdefault(words()["funder"].get(lead, lead), []).append(
            (pointer_of(f"{_SPONSORS}.leadSponsor.class"), lead)
        )
    for item, pointer in reader.objects(f"{_SPONSORS}.collaborators"):
        raw = text_in(item, "class")
        if raw:
            found.setdefault(words()["funder"].get(raw, raw), []).append((f"{pointer}/class", raw))
    order = words()["funder_order"]
    values = tuple(
        Value(name, name, tuple(found[name]))
        for name in sorted(found, key=lambda name: (order.get(name, "9"), name))
    )
    return listed("funder_types", "Funder types", values or (not_available(),))


def identifiers_section(reader: Reader) -> Section:
    """Every id once: the NCT id, then the organisation's, then the others, typed ones with their type."""
    found: dict[str, Value] = {}
    nct = reader.text(f"{_IDS}.nctId")
    if nct:
        found[nct] = one(reader, f"{_IDS}.nctId", nct)
    org = reader.text(f"{_IDS}.orgStudyIdInfo.id")
    if org:
        kind = reader.text(f"{_IDS}.orgStudyIdInfo.type")
        text = f"{org} ({enum_label('OrgStudyIdType', kind)})" if kind else org
        found.setdefault(org.strip(), one(reader, f"{_IDS}.orgStudyIdInfo.id", text))
    for item, pointer in reader.objects(f"{_IDS}.secondaryIdInfos"):
        _add_secondary(found, item, pointer)
    for text, pointer in reader.texts(f"{_IDS}.nctIdAliases"):
        found.setdefault(text, Value(f"{text} (former NCT number)", text, ((pointer, text),)))
    return listed("identifiers", "Identifiers", tuple(found.values()) or (not_available(),))


def _add_secondary(found: dict[str, Value], item: Mapping[str, Any], pointer: str) -> None:
    """A secondary id; where it repeats one already listed, its type is added there."""
    raw = text_in(item, "id")
    if not raw:
        return
    kind = text_in(item, "type")
    text = f"{raw} ({enum_label('SecondaryIdType', kind)})" if kind else raw
    domain = text_in(item, "domain")
    leaves = leaf(item, "id", pointer) + leaf(item, "type", pointer) + leaf(item, "domain", pointer)
    earlier = found.get(raw.strip())
    if earlier is not None:
        leaves = earlier.leaves + leaves
        text = earlier.text if "(" in earlier.text.removeprefix(raw) or not kind else text
    found[raw.strip()] = Value(text, raw, leaves, note=f"issued by {domain}" if domain else "")
