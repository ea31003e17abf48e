"""Studies like one."""

from __future__ import annotations

from starlette.responses import Response

from trialist.pages.asked import Asked
from trialist.pages.cards import card_of
from trialist.pages.contexts import SimilarPage
from trialist.pages.shown import Shown, moved
from trialist.pages.study_head import id_in_path, study_head
from trialist.query.study_query import StudyQuery
from trialist.registry.answering import Shown as OfHits
from trialist.registry.answering import hits_told

_MOST = 6


def similar_page(asked: Asked) -> Shown | Response:
    """`/study/{nct}/similar`; with `part=1` the list alone, for the page of the study to take in."""
    nct_id = id_in_path(asked.path["nct"])
    stored = asked.served.records.get_known(nct_id)
    own = f"/study/{stored.nct_id}/similar"
    if asked.path["nct"] != stored.nct_id:
        return moved(own, for_good=True)
    finder, read = asked.served.finder, asked.served.records.read
    study = stored.study
    hits = finder.similar(study, most=_MOST)
    told = OfHits(asked.today, None, highlights=0, why=False)
    found = []
    for document, other in hits_told(finder, read, StudyQuery(), hits, told):
        asked.check()
        shared = tuple((one["what"], "; ".join(one["values"])) for one in document.get("shared", ()))
        found.append((card_of(document, other, ()), shared))
    page = SimilarPage(
        f"Studies like {stored.nct_id}", study_head(stored, study, asked.today, own), tuple(found)
    )
    return Shown("parts/similar.html" if asked.text("part") == "1" else "similar.html", page)
