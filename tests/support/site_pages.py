"""The pages that are looked at in a browser, as one table: a page joins all its tests by a row here."""

from __future__ import annotations

FIRST = "NCT99000000"
"""The first study of the invented registry: open, with sites, arms and criteria."""
WITH_RESULTS = "NCT99000001"
"""A study of the invented registry that has results."""

PAGES: dict[str, str] = {
    "home": "/",
    "results": "/find?cond=gvhd&place=Munich&size=10",
    "table": "/find?cond=gvhd&view=table&size=10&col=sponsor&col=countries",
    "filtered": "/find?status=RECRUITING&status=COMPLETED&phase=PHASE2&years=30&open=1",
    "second page": "/find?page=2&size=10",
    "nothing found": "/find?cond=gvhd&intr=aspirin&country=Japan&phase=PHASE4",
    "misspelled": "/find?cond=lukemia",
    "unreadable": "/find?q=AREA%5BPhase",
    "study": f"/study/{FIRST}",
    "study with results": f"/study/{WITH_RESULTS}",
    "study from a town": f"/study/{FIRST}?place=Munich&open=1",
    "criteria": f"/study/{FIRST}/criteria",
    "similar": f"/study/{FIRST}/similar",
    "record": f"/study/{FIRST}/record",
    "module": f"/study/{FIRST}/record/designModule",
    "results module": f"/study/{WITH_RESULTS}/record/adverseEventsModule",
    "json": f"/study/{FIRST}/raw",
    "match": "/match",
    "match with one study": f"/match?trial={FIRST}",
    "countries": "/places",
    "towns": "/places?country=United%20States",
    "glossary": "/glossary",
    "about": "/about",
    "not found": "/nowhere",
    "no study": "/study/NCT00000001",
}
"""Name → address, in the registry that `support.browser` makes."""

REFUSED = {"unreadable", "not found", "no study"}
"""Pages whose status is not 200: the browser itself writes that into its console."""
