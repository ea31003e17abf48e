"""The complete record as a reader sees it: module by module, in data-model order, nothing left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trialist.record.study import Study
from trialist.views.claims import Claims, token
from trialist.views.flags import flags_of
from trialist.views.nodes import Labelled, Node, Notice, Section, Value, View, Weight, not_available
from trialist.views.reads import Reader
from trialist.views.record_fields import fields_of, join_path, left_below, node_of
from trialist.views.record_results import LAYOUTS
from trialist.views.tables import field_at, known_keys, label_of, modules, readable
from trialist.views.values import text_of, values_below

_OVERVIEW = (
    "protocolSection.identificationModule.nctId",
    "protocolSection.statusModule.overallStatus",
    "protocolSection.statusModule.lastUpdatePostDateStruct.date",
    "protocolSection.statusModule.studyFirstPostDateStruct.date",
    "protocolSection.identificationModule.briefTitle",
    "protocolSection.sponsorCollaboratorsModule.leadSponsor.name",
    "protocolSection.identificationModule.organization.fullName",
)
_STATUS = "protocolSection.statusModule"
_INSTEAD = {
    f"{_STATUS}.lastUpdatePostDateStruct.date": f"{_STATUS}.lastUpdateSubmitDate",
    f"{_STATUS}.studyFirstPostDateStruct.date": f"{_STATUS}.studyFirstSubmitDate",
}
"""The days that stand in the overview where the record has none on which it was posted: old records have but these."""


def record_view(study: Study) -> View:
    """The complete record of a study: every leaf of it stands in this view exactly once.

    The overview at the top and the flags repeat values without claiming them; the parts after it hold each leaf once.
    """
    record = study.record
    reader = Reader(record)
    claims = Claims(record)
    sections = [_overview(reader)]
    for key in known_keys(""):
        if key in record or key != "hasResults":
            sections.extend(_top(claims, record, key))
    known = set(known_keys(""))
    sections.extend(_unknown(claims, key, record[key], "", "") for key in record if key not in known)
    rest = claims.rest()
    if rest:
        values = values_below(rest, "", "")
        sections.append(Section("rest", "Further Fields", (Labelled("rest", "Further values", values),)))
    nct_id = study.nct_id or "(no NCT id)"
    return View("record", nct_id, _title(reader, nct_id), tuple(sections), flags_of(reader))


def _title(reader: Reader, nct_id: str) -> str:
    title = reader.text("protocolSection.identificationModule.briefTitle")
    return f"Study {nct_id}: {title}" if title else f"Study {nct_id}"


def _overview(reader: Reader) -> Section:
    """The lines at the top, repeated from below."""
    lines: list[Node] = []
    for wanted in _OVERVIEW:
        path, raw = wanted, reader.get(wanted)
        instead = _INSTEAD.get(wanted)
        other = reader.get(instead) if instead is not None and raw is None else None
        if instead is not None and isinstance(other, str) and other:
            path, raw = instead, other
        is_said = isinstance(raw, (str, int, float)) and raw != ""
        value = Value(text_of(raw, path), raw) if is_said else not_available()
        lines.append(Labelled(f"overview:{path}", label_of(path), (value,)))
    return Section("overview", "Overview", tuple(lines))


def _top(claims: Claims, record: Mapping[str, Any], key: str) -> list[Section]:
    """The parts of one of the study's top-level keys."""
    pointer = f"/{token(key)}"
    field = field_at(key)
    value = record.get(key)
    if field is None or not field.is_struct:
        content = left_below(claims, value, key, pointer, label=label_of(key))
        return [Section(key, label_of(key), tuple(content))]
    if key in record and not (isinstance(value, dict) and value):
        content = left_below(claims, value, key, pointer, label=label_of(key))
        return [_section(key, content)]
    if key not in record and key != "protocolSection":
        absent = Labelled(f"absent:{key}", label_of(key), (not_available(),))
        return [_section(key, [absent])]
    holder: Mapping[str, Any] = value if isinstance(value, dict) else {}
    names = known_keys(key)
    found = [
        _module(claims, holder, name, key, pointer)
        for name in names
        if name in holder or key == "protocolSection"
    ]
    known = set(names)
    found.extend(_unknown(claims, name, holder[name], key, pointer) for name in holder if name not in known)
    return found


def _module(claims: Claims, holder: Mapping[str, Any], name: str, path: str, pointer: str) -> Section:
    """One module of a section, with the lines that are shown even when it is absent."""
    place = join_path(path, name)
    at = f"{pointer}/{token(name)}"
    value = holder.get(name)
    if name in holder and not isinstance(value, dict):
        return _section(place, left_below(claims, value, place, at, label=label_of(place)))
    content = fields_of(claims, value if isinstance(value, dict) else {}, place, at, LAYOUTS)
    if value == {}:
        content.extend(left_below(claims, value, place, at, label=_titled(place)))
    if name not in holder:
        notice = Notice(f"absent:{place}", Weight.NOTE, "The record does not hold this module.")
        content.insert(0, notice)
    return _section(place, content)


def _titled(path: str) -> str:
    return modules().get(path, {}).get("title") or label_of(path)


def _section(place: str, content: list[Node]) -> Section:
    """A part of the record with the way to it and the paragraph about it."""
    steps = place.split(".")
    ways = [_titled(".".join(steps[: count + 1])) for count in range(len(steps))]
    about = modules().get(place, {}).get("about", "")
    return Section(place, ways[-1], tuple(content), ("Study", *ways), place, about)


def _unknown(claims: Claims, name: str, value: Any, path: str, pointer: str) -> Section:
    """A part of the record that the catalogue does not know: shown all the same."""
    at = f"{pointer}/{token(name)}"
    place = join_path(path, name)
    title = readable(name)
    if isinstance(value, dict) and value:
        content = [
            node
            for key, item in value.items()
            for node in node_of(claims, item, join_path(place, key), f"{at}/{token(key)}", value, {})
        ]
    else:
        content = node_of(claims, value, place, at, {}, {})
    ways = ("Study", _titled(path), title) if path else ("Study", title)
    about = "The registry's data model, as this program knows it, has no such part; it is shown as it stands in the record."
    return Section(at, title, tuple(content), ways, place, about)
