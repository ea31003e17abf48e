"""The addresses of the site, as one table. The first that fits counts."""

from __future__ import annotations

from dataclasses import dataclass

from trialist.pages import about, results
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
    Row("/study/{nct_id}/results", results.flow_page),
    Row("/study/{nct_id}/results/baseline", results.baseline_page),
    Row("/study/{nct_id}/results/outcomes", results.outcomes_page),
    Row("/study/{nct_id}/results/events", results.events_page),
    Row("/about", about.about_page, nav="About"),
)
