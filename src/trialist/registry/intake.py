"""A patient as somebody tells of one: a form, a note and a file together → one patient, with every mistake at its place.

Nothing of what is told is kept, logged or cached: it lives as long as its caller holds it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from trialist.errors import InvalidParameterError, TrialistError
from trialist.evaluation.derived import Derivation, derive
from trialist.evaluation.tagging import tag_sentence
from trialist.evaluation.terms import forgetful_terms
from trialist.patient.extents import DateRange
from trialist.patient.facts import Patient
from trialist.patient.fhir import read_fhir
from trialist.patient.form import read_form, read_form_values
from trialist.patient.form_schema import parts, top
from trialist.patient.joining import join_patients
from trialist.patient.note import read_note
from trialist.patient.terms import Terms
from trialist.record.dates import parse_partial_date
from trialist.record.unparsed import Unparsed
from trialist.registry.forgetting import forget_reading
from trialist.registry.patients import kind_of

_WHERE = re.compile(r"([a-z_]+)(?:, item (\d+))?(?:: | and | lies | on )")
_MOST_MISTAKES = 50
_MOST_READ_AGAIN = 20_000
"""Items that are read until all mistakes are known; of a longer form fewer mistakes are told at once."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was told: the form's keys as in a form of YAML, a note and the day it is of, a file and the end of its name."""

    form: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    noted: str = ""
    file: str = ""
    file_kind: str = ""


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something that could not be read.

    `where` is a key or part of the form, "note", "noted" or "file"; `item` the number of the part's item, from 1, else 0.
    """

    where: str
    item: int
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Intake:
    """The patient with what was worked out, and how; or the mistakes, when there are any: then nothing was believed."""

    patient: Patient | None
    derivations: tuple[Derivation, ...] = ()
    mistakes: tuple[Mistake, ...] = ()


def read_told(told: Told, as_of: date) -> Intake:
    """The patient of everything that was told, as of a day."""
    terms = forgetful_terms()
    found: list[Patient] = []
    mistakes: list[Mistake] = []
    try:
        if told.form:
            _read_form(dict(told.form), terms, as_of, found, mistakes)
        if told.note.strip():
            _read_note(told, terms, as_of, found, mistakes)
        if told.file.strip():
            _read_file(told, terms, as_of, found, mistakes)
    finally:
        forget_reading()
    if mistakes:
        return Intake(None, mistakes=tuple(mistakes))
    if not found:
        return Intake(None)
    derived = derive(join_patients(found), as_of)
    return Intake(derived.patient, derived.derivations)


def _read_form(
    form: dict[str, Any], terms: Terms, as_of: date, found: list[Patient], mistakes: list[Mistake]
) -> None:
    """Read a form; each mistake is taken out and the rest read again, so that all are told at once."""
    places = {name: list(range(1, len(items) + 1)) for name, items in form.items() if isinstance(items, list)}
    most = min(_MOST_MISTAKES, max(1, _MOST_READ_AGAIN // (1 + sum(map(len, places.values())))))
    while form and len(mistakes) < most:
        try:
            patient = read_form_values(form, terms, as_of)
        except TrialistError as error:
            where, item = _place(error.message)
            if item and where in places and item <= len(places[where]):
                mistakes.append(_mistake(where, places[where].pop(item - 1), error))
                form = {**form, where: [one for at, one in enumerate(form[where], 1) if at != item]}
            elif where in form:
                mistakes.append(_mistake(where, 0, error))
                form = {key: value for key, value in form.items() if key != where}
            else:
                mistakes.append(_mistake("", 0, error))
                return
        else:
            found.append(patient)
            return


def _place(message: str) -> tuple[str, int]:
    """The key or part, and the item, that a reader's message begins with."""
    known = {*top(), *parts()}
    begun = _WHERE.match(message)
    if begun is None or begun[1] not in known:
        return "", 0
    return begun[1], int(begun[2] or 0)


def _mistake(where: str, item: int, error: TrialistError) -> Mistake:
    message = _WHERE.sub("", error.message, count=1) if item else error.message
    return Mistake(where, item, message, error.hint)


def _read_note(told: Told, terms: Terms, as_of: date, found: list[Patient], mistakes: list[Mistake]) -> None:
    noted = DateRange.on(as_of)
    if told.noted.strip():
        partial = parse_partial_date(told.noted.strip())
        if isinstance(partial, Unparsed):
            mistakes.append(Mistake("noted", 0, f"this is {partial.reason}", "Write 2025-06-01."))
            return
        try:
            noted = DateRange.of(partial)
        except ValueError as error:
            mistakes.append(Mistake("noted", 0, str(error), "Write 2025-06-01."))
            return
    try:
        found.append(read_note(told.note, terms, tag_sentence, as_of, noted))
    except TrialistError as error:
        mistakes.append(_mistake("note", 0, error))


def _read_file(told: Told, terms: Terms, as_of: date, found: list[Patient], mistakes: list[Mistake]) -> None:
    content = told.file.encode("utf-8", "replace")
    try:
        found.append(_one(_patients(content, told, terms, as_of)))
    except TrialistError as error:
        mistakes.append(_mistake("file", 0, error))


def _patients(content: bytes, told: Told, terms: Terms, as_of: date) -> Sequence[Patient]:
    match kind_of(content, f"file{told.file_kind}"):
        case "fhir":
            return read_fhir(content, terms, as_of)
        case "form":
            return (read_form(content, terms, as_of),)
        case _:
            return (read_note(told.file, terms, tag_sentence, as_of, DateRange.on(as_of)),)


def _one(patients: Sequence[Patient]) -> Patient:
    if len(patients) != 1:
        raise InvalidParameterError(
            f"the file is about {len(patients)} patients", hint="Give a file about one patient."
        )
    return patients[0]
