"""A posted form of the Match pages → what was told of the patient, and what is asked beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from trialist.pages.asked import Asked
from trialist.pages.match_kept import Question, unpack
from trialist.pages.posted import FILE_KIND
from trialist.patient.form_schema import parts, top
from trialist.record.nct_id import parse_nct_id
from trialist.registry.intake import Told

_ROW = re.compile(r"([a-z_]+)\.(\d{1,4})\.([a-z_]+)")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
NO_ALLERGY = "allergies.none"
_PURE_NUMBER = "1"
UNIT = "unit"
"""A field beside a value, which the form's own table writes behind the number."""


@dataclass(frozen=True, slots=True)
class Given:
    """What came with a post."""

    told: Told
    question: Question

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was told of a patient."""
        return not (self.told.form or self.told.note.strip() or self.told.file.strip())


def given_of(asked: Asked) -> Given:
    """What a post says; `InvalidParameterError` or `LimitExceededError` where it was damaged or is too long.

    A page that shows an answer sends all that was told as one text; the page with the form sends its fields, and of what
    was told before only the file. Questions that are sent beside stand before those that were kept.
    """
    kept = asked.text("kept")
    told, question = unpack(kept, asked.settings.max_patient_bytes) if kept else (Told(), Question())
    if asked.text("fields"):
        fresh = _told(asked)
        has_file = bool(fresh.file.strip()) or asked.text("drop_file") == "1"
        told = fresh if has_file else replace(fresh, file=told.file, file_kind=told.file_kind)
    return Given(told, _question(asked, question))


def _clean(text: str) -> str:
    return _CONTROLS.sub(" ", text).strip()


def _question(asked: Asked, before: Question) -> Question:
    sent = {name for name, _ in asked.given}
    said = {
        name: _clean(asked.text(f"q.{name}"))[:200]
        for name in ("day", "policy", "condition", "near", "within")
        if f"q.{name}" in sent
    }
    if "q.trial" in sent:
        said["trial"] = parse_nct_id(asked.text("q.trial")) or ""
    return replace(before, **said)


def _told(asked: Asked) -> Told:
    values = {name: _clean(text) for name, text in asked.given if "." in name}
    form: dict[str, Any] = {name: said for name in top() if (said := values.get(f"top.{name}", ""))}
    form |= _items(values)
    if values.get(NO_ALLERGY) and "allergies" not in form:
        form["allergies"] = "none"
    note = asked.text("note").replace("\r\n", "\n")
    file_kind = asked.text(f"file{FILE_KIND}")[:8]
    return Told(form, _plain(note), _clean(asked.text("noted"))[:20], asked.text("file"), file_kind)


def _plain(note: str) -> str:
    return "".join(one if one in "\n\t" or not _CONTROLS.match(one) else " " for one in note)


def _items(values: Mapping[str, str]) -> dict[str, list[dict[str, str]]]:
    """The items of each part, in the order of their rows; a row in which nothing was typed is none."""
    rows: dict[str, dict[int, dict[str, str]]] = {}
    for name, said in values.items():
        found = _ROW.fullmatch(name)
        if found is None or found[1] not in parts() or not said:
            continue
        if found[3] in parts()[found[1]].keys or found[3] in (UNIT, "preset"):
            rows.setdefault(found[1], {})[int(found[2])] = {
                **rows.get(found[1], {}).get(int(found[2]), {}),
                found[3]: said,
            }
    items = {
        part: [item for _, row in sorted(found.items()) if (item := _item(row))]
        for part, found in rows.items()
    }
    return {part: items[part] for part in parts() if items.get(part)}


def _item(row: dict[str, str]) -> dict[str, str]:
    """What a row says; nothing where only its printed name and unit came."""
    preset = row.pop("preset", "")
    unit = row.pop(UNIT, "")
    unit = "" if unit == _PURE_NUMBER else unit
    if preset:
        if not row:
            return {}
        row = {"name": preset, **row}
    if unit and row.get("value"):
        row["value"] = f"{row['value']} {unit}"
    elif unit and row:
        row.setdefault("value", unit)
    return row
