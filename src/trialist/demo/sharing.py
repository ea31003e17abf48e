"""References, data sharing, documents, annotations: what hangs on a study besides its protocol and results."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
from orjson import Fragment

from trialist.demo.draw import Draw
from trialist.demo.plan import Plan, person
from trialist.demo.tables import figures, marked, plain, quoted_plain
from trialist.demo.text import Phrase, render, strung
from trialist.demo.timeline import iso, posted

# PubMed has no such numbers, and will not for a long time.
_FIRST_PMID = 90_000_000
_DOCUMENTS = (
    ("Prot", True, False, False, "Study Protocol"),
    ("SAP", False, True, False, "Statistical Analysis Plan"),
    ("Prot_SAP", True, True, False, "Study Protocol and Statistical Analysis Plan"),
    ("ICF", False, False, True, "Informed Consent Form"),
    (
        "Prot_SAP_ICF",
        True,
        True,
        True,
        "Study Protocol, Statistical Analysis Plan, and Informed Consent Form",
    ),
    ("Prot_ICF", True, False, True, "Study Protocol and Informed Consent Form"),
)
_AVAILABLE = (
    "Study Protocol",
    "Statistical Analysis Plan",
    "Individual Participant Data Set",
    "Clinical Study Report",
    "Informed Consent Form",
    "Analytic Code",
)
_RESULTS_DUE = 365
_AUTHORS_SEED = 7_003
_CITATIONS = 4000
_NUMBER = "\x7f"  # in no text, and the same in JSON
_SHARED = 2048
_ASKED_SINCE = 735_750  # ordinal of a day in June 2015


def references(plan: Plan) -> dict[str, Any]:
    """Invented citations, links and shared data sets."""
    draw = plan.draw
    module: dict[str, Any] = {}
    count = draw.measured(figures()["text"]["references"])
    if count:
        module["references"] = Fragment(f"[{','.join([_reference(plan) for _ in range(count)])}]")
    words = plain()
    if draw.chance(0.1):
        module["seeAlsoLinks"] = [
            {"label": draw.pick(words["link_label"]), "url": f"https://example.org/{plan.nct_id}/{place}"}
            for place in range(draw.between(1, 3))
        ]
    if draw.chance(0.011):
        module["availIpds"] = [
            {
                "id": f"{plan.nct_id}-{place}",
                "type": kind,
                "url": "https://example.org/data",
                "comment": "Invented, like the study: nothing can be requested.",
            }
            for place, kind in enumerate(draw.some(_AVAILABLE, draw.between(1, 5)))
        ]
    return module


def _reference(plan: Plan) -> str:
    pool = _citations()
    drawn = plan.draw.unit()
    phrase = pool[int(drawn * _CITATIONS)]
    number = int(drawn * 1_000_003 * _CITATIONS) % 9_000_000
    return render(phrase, plan.quoted_context).replace(_NUMBER, str(_FIRST_PMID + number))


@cache
def _citations() -> list[Phrase]:
    """References as JSON; where the number stands there is `_NUMBER`."""
    draw = Draw(_AUTHORS_SEED, 2)
    people, titles, issues = _authors(), quoted_plain()["citation_title"], _issues()
    found = []
    for _ in range(_CITATIONS):
        roll = draw.unit()
        pmid = f'"pmid":"{_NUMBER}",' if roll < 0.93 else ""
        more = ""
        if roll > 0.998:
            number = _FIRST_PMID + draw.between(0, 4_000_000)
            more = f',"retractions":[{{"pmid":"{number}","source":"{draw.pick(issues)}"}}]'
        kind = draw.weighted(figures()["text"]["reference_type"])
        head = f'{{{pmid}"type":"{kind}","citation":"{draw.pick(people)}. '
        tail = f'. {draw.pick(issues)} doi: 10.5555/inv.{_NUMBER}."{more}}}'
        found.append(strung((head, draw.pick(titles), tail)))
    return found


@cache
def _issues() -> list[str]:
    """Journals that do not exist, with year, volume, issue and pages."""
    draw = Draw(_AUTHORS_SEED, 1)
    found = []
    for _ in range(4000):
        first = draw.between(1, 1400)
        pages = f"{first}-{first + draw.between(1, 14)}"
        volume = f"{draw.between(1, 90)}({draw.between(1, 12)})"
        found.append(f"{draw.pick(quoted_plain()['journal'])}. {draw.between(1996, 2025)};{volume}:{pages}.")
    return found


@cache
def _authors() -> list[str]:
    """Lists of authors, one to nine of them."""
    draw = Draw(_AUTHORS_SEED)
    names = [f"{name} {letter}" for name in quoted_plain()["surname"] for letter in "ABEHJKLMPRST"]
    return [", ".join(draw.pick(names) for _ in range(1 + int(draw.unit() * 9))) for _ in range(3000)]


def ipd_sharing(plan: Plan) -> Fragment | None:
    """The plan to share individual data, when somebody was asked for it (since 2015)."""
    found = plan.draw.pick(_sharing())
    return found if plan.line.last_submit > _ASKED_SINCE else None


@cache
def _sharing() -> list[Fragment | None]:
    draw = Draw(_AUTHORS_SEED, 3)
    kinds = figures()["text"]["ipd"]
    drawn = [draw.weighted(kinds) for _ in range(_SHARED)]
    return [None if kind == "none" else Fragment(orjson.dumps(_shared(draw, kind))) for kind in drawn]


def _shared(draw: Draw, kind: str) -> dict[str, Any]:
    words = marked()
    module: dict[str, Any] = {"ipdSharing": kind}
    if draw.chance(0.9 if kind == "YES" else 0.3):
        module["description"] = " ".join(str(draw.pick(words["ipd_text"])) for _ in range(draw.between(1, 3)))
    if kind == "YES" and draw.chance(0.65):
        kinds = ("STUDY_PROTOCOL", "SAP", "ICF", "CSR", "ANALYTIC_CODE")
        module["infoTypes"] = [one for one in kinds if draw.chance(0.5)] or ["STUDY_PROTOCOL"]
        module["timeFrame"] = draw.pick(words["ipd_time"])
        module["accessCriteria"] = draw.pick(words["ipd_access"])
        if draw.chance(0.6):
            module["url"] = "https://example.org/data-sharing"
    return module


def documents(plan: Plan) -> dict[str, Any] | None:
    """Large documents; most come with results."""
    draw, line = plan.draw, plan.line
    if not draw.chance(0.55 if line.results_post else 0.025):
        return None
    module: dict[str, Any] = {}
    if draw.chance(0.03):
        module["noSap"] = True
    rows = []
    for place, one in enumerate(draw.some(_DOCUMENTS, draw.between(1, 2))):
        short, protocol, plan_, consent, label = one
        day = max(line.first_submit - draw.between(10, 900), 726_000)
        upload = min(max(line.results_submit, line.first_submit), line.as_of)
        rows.append(
            {
                "typeAbbrev": short,
                "hasProtocol": protocol,
                "hasSap": plan_,
                "hasIcf": consent,
                "label": label,
                "date": iso(day),
                "uploadDate": f"{iso(upload)}T{draw.between(0, 23):02d}:{draw.between(0, 59):02d}",
                "filename": f"{short}_{place:03d}.pdf",
                "size": draw.between(90_000, 6_000_000),
            }
        )
    module["largeDocs"] = rows
    return {"largeDocumentModule": module}


def annotation(plan: Plan) -> dict[str, Any] | None:
    """Results submitted and not posted, and violations found."""
    draw, line = plan.draw, plan.line
    module: dict[str, Any] = {}
    waiting = line.ended and not line.results_post and line.as_of - line.primary_end > _RESULTS_DUE + 120
    if waiting and line.status != "WITHDRAWN" and draw.chance(plan.wish.get("unposted", 0.025)):
        module["unpostedAnnotation"] = {
            "unpostedResponsibleParty": f"{person(draw)}, {plan.sponsor}"
            if draw.chance(0.4)
            else plan.sponsor,
            "unpostedEvents": _unposted(draw, line.as_of - 100, draw.between(1, 4)),
        }
    if waiting and draw.chance(0.006):
        texts = plain()["violation"]
        kinds = (
            "VIOLATION_IDENTIFIED",
            "CORRECTION_CONFIRMED",
            "PENALTY_IMPOSED",
            "ISSUES_IN_LETTER_ADDRESSED_CONFIRMED",
        )
        day = line.as_of - draw.between(60, 110)
        rows = []
        for kind in ("VIOLATION_IDENTIFIED", draw.pick(kinds[1:])):
            row = {
                "type": kind,
                "description": str(draw.pick(texts)),
                "creationDate": iso(day + 3),
                "issuedDate": iso(day),
                "releaseDate": iso(day + 5),
                "postedDate": iso(day + 6),
            }
            rows.append(row)
            day += 30
        module["violationAnnotation"] = {"violationEvents": rows}
    return {"annotationModule": module} if module else None


def _unposted(draw: Draw, day: int, count: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for place in range(count):
        rows.append({"type": "RELEASE", "date": iso(day - 60 * (count - place))})
        if draw.chance(0.12):
            known = draw.chance(0.6)
            when = {"date": iso(day - 60 * (count - place) + 12)} if known else {"dateUnknown": True}
            rows.append({"type": "UNRELEASE", **when})
        elif place < count - 1 or draw.chance(0.8):
            rows.append({"type": "RESET", "date": iso(day - 60 * (count - place) + 25)})
    return rows


def submission_tracking(plan: Plan) -> dict[str, Any] | None:
    """What the registry derives of results on their way."""
    draw, line = plan.draw, plan.line
    if line.results_post:
        if not draw.chance(0.08):
            return None
        return {"firstMcpInfo": {"postDateStruct": posted(line.results_post)}}
    if not (line.ended and line.status != "WITHDRAWN" and draw.chance(plan.wish.get("unposted", 0.02))):
        return None
    found: dict[str, Any] = {}
    day = line.as_of - 200
    found["estimatedResultsFirstSubmitDate"] = iso(day)
    rows = []
    for _ in range(draw.between(1, 3)):
        row: dict[str, Any] = {"releaseDate": iso(day)}
        taken_back = draw.chance(0.1)
        if not taken_back and draw.chance(0.8):
            row["resetDate"] = iso(day + 25)
        if draw.chance(0.2):
            row["mcpReleaseN"] = draw.between(3, 12)
        if taken_back and draw.chance(0.4):
            row["unreleaseDateUnknown"] = True
        elif taken_back:
            row["unreleaseDate"] = iso(day + 9)
        rows.append(row)
        day += 55
    found["submissionInfos"] = rows
    return found
