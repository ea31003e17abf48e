"""Documents about patients → patients with what follows from their facts. Nothing of them is kept, logged or cached."""

from __future__ import annotations

import re
from datetime import date
from pathlib import PurePath

from trialist.errors import InvalidParameterError
from trialist.evaluation.derived import derive
from trialist.evaluation.tagging import tag_sentence
from trialist.evaluation.terms import forgetful_terms
from trialist.patient.extents import DateRange
from trialist.patient.facts import Patient
from trialist.patient.fhir import read_fhir
from trialist.patient.form import read_form
from trialist.patient.note import read_note
from trialist.registry.forgetting import forget_reading

KINDS = ("auto", "fhir", "form", "note")
"""The kinds of documents; `auto` tells them apart by the file's name and the first character."""

_FHIR = re.compile(rb'"resourceType"\s*:')
_SUFFIXES = {".yaml": "form", ".yml": "form", ".txt": "note", ".md": "note", ".ndjson": "fhir"}


def kind_of(content: bytes, name: str = "") -> str:
    """The kind of a document: by its name's end, else JSON with resources is FHIR, other JSON and `key: value` a form."""
    known = _SUFFIXES.get(PurePath(name).suffix.lower())
    if known is not None:
        return known
    start = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start in (b"{", b"["):
        return "fhir" if _FHIR.search(content) else "form"
    is_form = re.match(rb"[a-z_]+:(?:\s|$)", content.lstrip(b"\xef\xbb\xbf \t\r\n")) is not None
    return "form" if is_form else "note"


def read_patients(content: bytes, as_of: date, *, kind: str = "auto", name: str = "") -> tuple[Patient, ...]:
    """The patients of a document, with derived facts, as of a day.

    A note is taken to be of the day asked. Raises `InvalidParameterError`, `SourceUnreadableError` or
    `LimitExceededError` for what cannot be read; what of it became no fact is in each patient's `unresolved`.
    """
    if kind not in KINDS:
        raise InvalidParameterError(f"there is no kind {kind!r}", hint=f"Kinds are {', '.join(KINDS)}.")
    found = kind_of(content, name) if kind == "auto" else kind
    terms = forgetful_terms()
    try:
        if found == "fhir":
            patients = read_fhir(content, terms, as_of)
        elif found == "form":
            patients = (read_form(content, terms, as_of),)
        else:
            text = content.decode("utf-8-sig", "replace")
            patients = (read_note(text, terms, tag_sentence, as_of, DateRange.on(as_of)),)
    finally:
        forget_reading()
    return tuple(derive(one, as_of).patient for one in patients)


def read_patient(content: bytes, as_of: date, *, kind: str = "auto", name: str = "") -> Patient:
    """The one patient of a document; `InvalidParameterError` when there are several."""
    found = read_patients(content, as_of, kind=kind, name=name)
    if len(found) != 1:
        raise InvalidParameterError(
            f"the document is about {len(found)} patients", hint="Give one patient a document."
        )
    return found[0]
