"""The addresses of the site, as one table. The first that fits counts."""

from __future__ import annotations

from dataclasses import dataclass

from trialist.pages import (
    about,
    browse,
    checklist,
    compare,
    export,
    feeds,
    find,
    glossary,
    landscape,
    match,
    near,
    places,
    raw_record,
    record,
    similar,
    study,
    study_history,
    study_map,
    study_results,
    watch,
    why,
)
from trialist.pages.shown import Make


@dataclass(frozen=True, slots=True)
class Row:
    """One address: its path, what makes the page, and its label in the head of every page, "" for none.

    A page that searches runs in the lanes of searches, any other in those of reading. One that takes a form is asked with
    POST; what it says depends on more than its address, and is never kept by anybody. Where it takes a patient, the form may be
    long, and an error says nothing of what stood in it.
    """

    path: str
    make: Make
    nav: str = ""
    searches: bool = False
    takes_form: bool = False
    takes_patient: bool = False


ROUTES: tuple[Row, ...] = (
    Row("/", find.home_page, nav="Find", searches=True),
    Row("/find", find.results_page, searches=True),
    Row("/find/export", export.export_page, searches=True),
    Row("/find/why/{nct}", why.why_page),
    Row("/near", near.near_me, takes_form=True),
    Row("/match", match.form_page, nav="Match"),
    Row("/match/edit", match.edit_page, takes_form=True, takes_patient=True),
    Row("/match/trials", match.trials_page, searches=True, takes_form=True, takes_patient=True),
    Row("/match/trial", match.trial_page, takes_form=True, takes_patient=True),
    Row("/study/{nct}", study.study_page),
    Row("/study/{nct}/criteria", checklist.checklist_page),
    Row("/study/{nct}/similar", similar.similar_page, searches=True),
    Row("/study/{nct}/record", record.record_page),
    Row("/study/{nct}/record/{module}", record.module_page),
    Row("/study/{nct}/raw", raw_record.raw_page),
    Row("/study/{nct}/results", study_results.flow_page),
    Row("/study/{nct}/results/baseline", study_results.baseline_page),
    Row("/study/{nct}/results/outcomes", study_results.outcomes_page),
    Row("/study/{nct}/results/events", study_results.events_page),
    Row("/study/{nct}/map", study_map.map_page),
    Row("/study/{nct}/history", study_history.history_page),
    Row("/study/{nct}/history/compare", study_history.comparison_page),
    Row("/study/{nct}/feed", feeds.study_feed),
    Row("/feed", feeds.search_feed, searches=True),
    Row("/browse", browse.browse_page, nav="Look around", searches=True),
    Row("/browse/sponsors", browse.sponsors_page, searches=True),
    Row("/browse/{kind}", browse.terms_page, searches=True),
    Row("/watch", watch.watch_page, nav="Watch"),
    Row("/landscape", landscape.landscape_page, nav="Landscape", searches=True),
    Row("/compare", compare.compare_page),
    Row("/places", places.places_page, nav="By place", searches=True),
    Row("/glossary", glossary.glossary_page, nav="Glossary"),
    Row("/about", about.about_page, nav="About"),
)
