"""A study for the people it is about: the page of a trial finder, and what such pages leave out."""

from __future__ import annotations

from datetime import date

from trialist.record.nct_id import FIRST_INVENTED_NUMBER, nct_number
from trialist.record.study import GeoPoint, Study
from trialist.views.flags import flags_of
from trialist.views.nodes import Labelled, Section, Value, View
from trialist.views.public_more import (
    dates_section,
    expanded_access_section,
    outcomes_section,
    references_section,
    results_section,
    sharing_section,
)
from trialist.views.public_sites import sites_section
from trialist.views.public_top import (
    conditions_section,
    funders_section,
    identifiers_section,
    sponsor_section,
    status_section,
    treatments_section,
    type_section,
)
from trialist.views.public_who import design_section, eligibility_section, missing_section
from trialist.views.reads import Reader
from trialist.views.titles import title_of

_SOURCE = "Data sourced from clinicaltrials.gov"
_INVENTED = "Invented by a program; no registry has this study"


def public_view(study: Study, *, as_of: date, near: GeoPoint | None = None) -> View:
    """What a patient reads of a study on a given day; with `near`, sites by their distance from there.

    Nothing is shown as a trial that enrolls unless the record says it is one and does. What the record does not say is
    said to be not available, in place where a reader looks for it, else in a list of its own at the end.
    """
    reader = Reader(study.record)
    missing: list[str] = []
    treatments = treatments_section(reader)
    if treatments is None:
        missing.append("Treatments")
    parts: list[Section | None] = [
        sponsor_section(reader),
        status_section(reader, as_of),
        conditions_section(reader),
        treatments,
        type_section(reader),
        funders_section(reader),
        identifiers_section(reader),
        eligibility_section(reader, missing),
        design_section(reader, missing),
        sites_section(reader, near),
        dates_section(reader, as_of),
        outcomes_section(reader),
        results_section(reader, as_of),
        expanded_access_section(reader),
        references_section(reader),
        sharing_section(reader),
        missing_section(missing),
        _source_section(study.nct_id),
    ]
    sections = tuple(part for part in parts if part is not None)
    return View("public", study.nct_id or "(no NCT id)", title_of(reader), sections, flags_of(reader))


def _source_section(nct_id: str | None) -> Section:
    is_invented = nct_id is not None and nct_number(nct_id) >= FIRST_INVENTED_NUMBER
    said = _INVENTED if is_invented else _SOURCE
    return Section("source", "Source", (Labelled("source", "Source", (Value(said, said),)),))
