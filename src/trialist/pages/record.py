"""The whole record of a study: its modules, one page and one address each, with what each field means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cache

from starlette.responses import Response

from trialist.errors import InvalidParameterError
from trialist.pages.asked import Asked
from trialist.pages.contexts import FieldDoc, ModulePage, ModuleWay, RecordPage
from trialist.pages.shown import Shown, moved
from trialist.pages.study_head import id_in_path, study_head
from trialist.record.catalogue import Field, fields_by_path
from trialist.record.enums import enums
from trialist.record.study import Study
from trialist.registry.records import StoredStudy
from trialist.views.nodes import Section, View, values_of
from trialist.views.record import record_view

_PLACE = re.compile(r"/[0-9]+(?=/|$)")
_NOT_IN_ADDRESS = re.compile(r"[^A-Za-z0-9]+")
OVERVIEW = "overview"


def record_page(asked: Asked) -> Shown | Response:
    """`/study/{nct}/record`: the overview, and the ways to the modules."""
    stored = stored_of(asked)
    if isinstance(stored, Response):
        return stored
    study = stored.study
    view = record_view(study)
    own = f"/study/{stored.nct_id}/record"
    overview = next(section for section in view.sections if section.id == OVERVIEW)
    return Shown(
        "record.html",
        RecordPage(
            f"Full record of {stored.nct_id}",
            study_head(stored, study, asked.today, own),
            overview.content,
            tuple((part, tuple(ways)) for part, ways in _by_part(ways_of(view, own))),
            view.flags,
        ),
    )


def _by_part(ways: Iterable[ModuleWay]) -> Iterator[tuple[str, list[ModuleWay]]]:
    """The ways below the section of the record they belong to; those of no section last, together."""
    found: dict[str, list[ModuleWay]] = {}
    for way in ways:
        found.setdefault(way.part, []).append(way)
    rest = found.pop("", [])
    yield from found.items()
    if rest:
        yield "Other parts", rest


def module_page(asked: Asked) -> Shown | Response:
    """`/study/{nct}/record/{module}`: one module with all its fields."""
    stored = stored_of(asked)
    if isinstance(stored, Response):
        return stored
    study = stored.study
    page = module_of(stored, study, record_view(study), asked.path["module"], asked.today)
    return Shown("module.html", page)


def module_of(stored: StoredStudy, study: Study, view: View, name: str, today: date) -> ModulePage:
    """The page of a module; `InvalidParameterError` names those that there are."""
    own = f"/study/{stored.nct_id}/record"
    ways = tuple(ways_of(view, own))
    names = [way.url.rpartition("/")[2] for way in ways]
    if name not in names:
        raise InvalidParameterError(
            f"the record of {stored.nct_id} has no part “{name[:60]}”", hint=f"There is {', '.join(names)}"
        )
    place = names.index(name)
    section = modules_of(view)[place]
    return ModulePage(
        f"{section.title} of {stored.nct_id}",
        study_head(stored, study, today, f"{own}/{name}"),
        section,
        ways,
        place,
        field_docs(section.place),
    )


def stored_of(asked: Asked) -> StoredStudy | Response:
    """The study that is asked for, or the way to it where it is asked by another spelling."""
    nct_id = id_in_path(asked.path["nct"])
    stored = asked.served.records.get_known(nct_id)
    if stored.nct_id != asked.path["nct"]:
        end = f"/{asked.path['module']}" if "module" in asked.path else ""
        if end and not end[1:].isalnum():
            end = ""
        return moved(f"/study/{stored.nct_id}/record{end}", for_good=True)
    return stored


def modules_of(view: View) -> tuple[Section, ...]:
    """The parts of a record that have a page of their own."""
    return tuple(section for section in view.sections if section.id != OVERVIEW)


def ways_of(view: View, own: str) -> Iterator[ModuleWay]:
    """The ways to the modules, with how many values each holds."""
    taken: set[str] = set()
    for section in modules_of(view):
        last = section.place.rpartition(".")[2] or section.id.rpartition("/")[2]
        name = plain = _NOT_IN_ADDRESS.sub("", last) or "part"
        count = 2
        while name in taken:
            name, count = f"{plain}{count}", count + 1
        taken.add(name)
        said = sum(1 for value in values_of(section.content) if value.is_available)
        part = section.path[1] if len(section.path) > 2 else ""
        yield ModuleWay(section.title, f"{own}/{name}", part, section.about, said)


# What fields mean


@cache
def field_docs(place: str) -> tuple[FieldDoc, ...]:
    """The documentation of every field below a module, in the data model's order."""
    before = f"{place}."
    return tuple(
        doc_of(field)
        for path, field in fields_by_path().items()
        if (path.startswith(before) or path == place) and not field.indexed_only and not field.is_struct
    )


def doc_of(field: Field) -> FieldDoc:
    """What is known of one field."""
    values: Sequence[tuple[str, str]] = ()
    if field.is_enum:
        values = [
            (value, known.label_for(field.piece)) for value, known in enums()[field.type].values.items()
        ]
    return FieldDoc(
        field.title or field.piece,
        field.piece,
        field.path,
        _kind(field),
        tuple(values),
        field.definition[0],
        field.definition[1],
    )


def _kind(field: Field) -> str:
    said = "one of a list of values" if field.is_enum else field.type
    return f"{said}, several" if field.is_many else said


@cache
def doc_at(place: str) -> FieldDoc | None:
    """What is known of the field at a JSON pointer, or at a dotted path; None for a place that is no known field."""
    if place.startswith("/"):
        place = _PLACE.sub("", place).strip("/").replace("/", ".")
    field = fields_by_path().get(place)
    return None if field is None or field.is_struct else doc_of(field)
