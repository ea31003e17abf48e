"""The pages that are looked at in a browser, as one table: a page joins all its tests by a row here."""

from __future__ import annotations

FIRST = "NCT99000000"
"""The first study of the invented registry: open, with sites, arms and criteria."""
WITH_RESULTS = "NCT99000002"
"""A study of the invented registry that has results."""

WITH_TABLES = "NCT99000002"
"""A study of the invented registry with results in every part."""
WITH_MANY_OUTCOMES = "NCT99000021"
"""A study of the invented registry whose outcomes take several pages."""
WITH_MANY_EVENTS = "NCT99000046"
"""A study of the invented registry with two groups and many adverse events."""

MODULES = (
    "identificationModule", "statusModule", "sponsorCollaboratorsModule", "oversightModule", "descriptionModule", "conditionsModule",
    "armsInterventionsModule", "outcomesModule", "eligibilityModule", "contactsLocationsModule", "referencesModule",
    "ipdSharingStatementModule", "participantFlowModule", "baselineCharacteristicsModule", "outcomeMeasuresModule", "moreInfoModule",
    "annotationSection", "largeDocumentModule", "miscInfoModule", "conditionBrowseModule", "hasResults",
)  # fmt: skip
"""The modules of `WITH_TABLES` beside the two that have a row of their own."""

PAGES: dict[str, str] = {
    "home": "/",
    "results": "/find?cond=gvhd&place=Munich&size=10",
    "table": "/find?cond=gvhd&view=table&size=10&col=sponsor&col=countries",
    "filtered": "/find?status=RECRUITING&status=COMPLETED&phase=PHASE2&years=30&open=1",
    "second page": "/find?page=2&size=10",
    "nothing found": "/find?cond=gvhd&intr=aspirin&country=Japan&phase=PHASE4",
    "misspelled": "/find?cond=lukemia",
    "unreadable": "/find?q=AREA%5BPhase",
    "why": f"/find/why/{FIRST}?cond=gvhd&place=Munich&open=1",
    "study": f"/study/{FIRST}",
    "study with results": f"/study/{WITH_RESULTS}",
    "study from a town": f"/study/{FIRST}?place=Munich&open=1",
    "criteria": f"/study/{FIRST}/criteria",
    "similar": f"/study/{FIRST}/similar",
    "record": f"/study/{FIRST}/record",
    "module": f"/study/{FIRST}/record/designModule",
    "results module": f"/study/{WITH_RESULTS}/record/adverseEventsModule",
    **{f"module {name}": f"/study/{WITH_TABLES}/record/{name}" for name in MODULES},
    "json": f"/study/{FIRST}/raw",
    "match": "/match",
    "match with one study": f"/match?trial={FIRST}",
    "who took part": f"/study/{WITH_TABLES}/results",
    "people at the start": f"/study/{WITH_TABLES}/results/baseline",
    "outcomes": f"/study/{WITH_MANY_OUTCOMES}/results/outcomes?page=2",
    "events": f"/study/{WITH_MANY_EVENTS}/results/events?order=organ",
    "no results": f"/study/{FIRST}/results",
    "history": f"/study/{FIRST}/history",
    "two versions": f"/study/{FIRST}/history/compare",
    "two versions side by side": f"/study/{FIRST}/history/compare?view=beside",
    "map": f"/study/{FIRST}/map",
    "map of open sites": f"/study/{FIRST}/map?open=1&map=40,0,2",
    "compare": f"/compare?id={FIRST}&id={WITH_TABLES}&id={WITH_MANY_OUTCOMES}&id={WITH_MANY_EVENTS}",
    "compare nothing": "/compare?id=NCT00000001",
    "landscape": "/landscape",
    "landscape of a search": "/landscape?cond=gvhd&status=RECRUITING&map=45,10,2",
    "landscape unreadable": "/landscape?q=AREA%5BPhase",
    "look around": "/browse",
    "conditions": "/browse/conditions",
    "sponsors": "/browse/sponsors",
    "treatments": "/browse/treatments",
    "condition": "/browse/conditions?name=Graft%20vs%20Host%20Disease",
    "sponsor": "/browse/sponsors?name=Alderbury+Hospitals+Trust+%28invented%29",
    "sponsor of nothing": "/browse/sponsors?name=Nobody",
    "watch": "/watch",
    "countries": "/places",
    "towns": "/places?country=United%20States",
    "regions": "/places?country=Germany",
    "region": "/places?country=Germany&state=Bavaria",
    "hospitals": "/places?country=Germany&state=Bavaria&city=Munich",
    "glossary": "/glossary",
    "about": "/about",
    "not found": "/nowhere",
    "no study": "/study/NCT00000001",
    "no module": f"/study/{FIRST}/record/nope",
    "no place": "/places?country=Nowhere",
    "not this way": "/near",
}
"""Name → address, in the registry that `support.browser` makes."""

REFUSED = {"unreadable", "landscape unreadable", "not found", "no study", "no module", "not this way"}
"""Pages whose status is not 200: the browser itself writes that into its console."""

ELSEWHERE = {
    "/find/export": "files, in tests/unit/test_site_find.py",
    "/feed": "Atom, in tests/unit/test_site_figures.py",
    "/study/{nct}/feed": "Atom, in tests/unit/test_site_figures.py",
    "/match/edit": "takes a form, in tests/browser/test_match_in_browser.py",
    "/match/trials": "takes a form, in tests/browser/test_match_in_browser.py",
    "/match/trial": "takes a form, in tests/browser/test_match_in_browser.py",
}
"""Addresses of the site that no row can stand for → what they give, and where that is tested."""
