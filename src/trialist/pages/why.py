"""Why a study is among those that a search finds."""

from __future__ import annotations

from trialist.pages.addresses import changed, written
from trialist.pages.asked import Asked
from trialist.pages.contexts import WhyPage
from trialist.pages.find import PATH as FIND
from trialist.pages.find import given_of
from trialist.pages.find_asked import read_search
from trialist.pages.shown import Shown
from trialist.pages.study_head import id_in_path
from trialist.query.explain import explain
from trialist.registry.answering import why_json
from trialist.views.reads import Reader
from trialist.views.titles import title_of


def why_page(asked: Asked) -> Shown:
    """`/find/why/{nct}` with the parameters of a search; with `part=1` the reasons alone, for its page to take in."""
    nct_id = id_in_path(asked.path["nct"])
    stored = asked.served.records.get_known(nct_id)
    search = read_search(asked)
    study = stored.study
    told = explain(study, search.query, asked.served.finder.thesaurus)
    page = WhyPage(
        f"Why {stored.nct_id} is here",
        stored.nct_id,
        title_of(Reader(study.record)),
        search.sentence,
        tuple((one["asked"], tuple(one["because"])) for one in why_json(told)),
        written(FIND, changed(given_of(asked), {})),
    )
    return Shown("parts/why.html" if asked.text("part") == "1" else "why.html", page)
