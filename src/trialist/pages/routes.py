"""The addresses of the site, as one table. The first that fits counts."""

from __future__ import annotations

from dataclasses import dataclass

from trialist.pages import (
    about,
    checklist,
    export,
    find,
    glossary,
    near,
    places,
    raw_record,
    record,
    similar,
    study,
    why,
)
from trialist.pages.shown import Make


@dataclass(frozen=True, slots=True)
class Row:
    """One address: its path, what makes the page, and its label in the head of every page, "" for none.

    A page that searches runs in the lanes of searches, any other in those of reading. One that takes a form is asked with
    POST; what it says depends on more than its address, and is never kept by anybody.
    """

    path: str
    make: Make
    nav: str = ""
    searches: bool = False
    takes_form: bool = False


ROUTES: tuple[Row, ...] = (
    Row("/", find.home_page, nav="Find", searches=True),
    Row("/find", find.results_page, searches=True),
    Row("/find/export", export.export_page, searches=True),
    Row("/find/why/{nct}", why.why_page),
    Row("/near", near.near_me, takes_form=True),
    Row("/study/{nct}", study.study_page),
    Row("/study/{nct}/criteria", checklist.checklist_page),
    Row("/study/{nct}/similar", similar.similar_page, searches=True),
    Row("/study/{nct}/record", record.record_page),
    Row("/study/{nct}/record/{module}", record.module_page),
    Row("/study/{nct}/raw", raw_record.raw_page),
    Row("/places", places.places_page, nav="By place", searches=True),
    Row("/glossary", glossary.glossary_page, nav="Glossary"),
    Row("/about", about.about_page, nav="About"),
)
