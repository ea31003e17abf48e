"""The first modules of the protocol section: who, when, why, and for whom."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import orjson
from orjson import Fragment

from trialist.demo.criteria import compose_criteria
from trialist.demo.draw import Draw
from trialist.demo.layout import CriteriaText
from trialist.demo.plan import FIRST_NUMBER, Plan, age_in_days, organization, person
from trialist.demo.prose import details, paragraph
from trialist.demo.tables import figures, marked, plain
from trialist.demo.text import Phrase, quoted, render
from trialist.demo.timeline import happened, iso, posted

MARK = "[Invented] "
_SINCE_2017 = (
    736_000  # ordinal of a day early in 2016: device and drug oversight became questions of their own
)
_OVERSIGHT_SEED = 7_007
_NOT_EXPANDED = Fragment(b'{"hasExpandedAccess":false}')
_IDS_SEED = 7_012
_IDS = 2048
_READY = 1024  # ready modules of a kind
_REGISTRY_LINKS = "https://example.org/registry/"
_SIX_MONTHS = 183


class _Ids(NamedTuple):
    """What a study is called and which ids it has, as far as that does not hang on the study."""

    title: Phrase
    official: Phrase
    suffix: str  # of the sponsor's own number
    secondary: int
    alias: bool
    acronym: str  # what follows its letters; "-" for no acronym


@cache
def _ids(observational: bool) -> list[_Ids]:
    draw = Draw(_IDS_SEED, observational)
    words, table = plain(), figures()["sponsor"]
    titles = words["registry_title" if observational else "title"]
    officials = words["registry_title" if observational else "official"]
    return [
        _Ids(
            title=draw.pick(titles),
            official=draw.pick(officials) if draw.chance(0.985) else "",
            suffix=draw.pick(("", "", "A", "-01", "/2")),
            secondary=draw.weighted(table["secondary_ids"]),
            alias=draw.chance(0.006),
            acronym=draw.pick(("", "", "-2", " II", "1")) if draw.chance(0.33) else "-",
        )
        for _ in range(_IDS)
    ]


def identification(plan: Plan) -> dict[str, Any]:
    """Ids and titles; every brief title begins with the mark."""
    draw, wish = plan.draw, plan.wish
    ids = draw.pick(_ids(plan.study_type == "OBSERVATIONAL"))
    code = f"{plan.sponsor[:3].upper()}-{draw.between(1, 9999)}{ids.suffix}"
    module: dict[str, Any] = {"nctId": plan.nct_id}
    if ids.alias:
        alias = FIRST_NUMBER - 1_000_000 + plan.number
        module["nctIdAliases"] = [f"NCT{alias:08d}"]
    org_id: dict[str, Any] = {"id": wish.get("org_id", code)}
    id_type = draw.weighted(figures()["sponsor"]["org_id_type"])
    if id_type:
        org_id["type"] = id_type
        if id_type == "NIH":
            org_id["link"] = f"https://example.org/nih/{code}"
    module["orgStudyIdInfo"] = org_id
    if ids.secondary and "org_id" not in wish:
        module["secondaryIdInfos"] = [_secondary_id(draw) for _ in range(ids.secondary)]
    module["organization"] = {"fullName": plan.sponsor, "class": plan.sponsor_class}
    title = wish.get("title") or render(ids.title, plan.context)
    module["briefTitle"] = MARK + title
    if ids.official:
        module["officialTitle"] = MARK + (wish.get("official") or render(ids.official, plan.context).strip())
    if ids.acronym != "-":
        letters = "".join([word[0] for word in title.split() if word[0].isalpha()])[:7].upper()
        module["acronym"] = letters + ids.acronym
    return module


def _secondary_id(draw: Draw) -> dict[str, str]:
    kind = draw.weighted(figures()["sponsor"]["secondary_type"])
    number = draw.between(1000, 99999)
    patterns = {
        "EUDRACT_NUMBER": f"{2004 + number % 20}-{number:06d}-{number % 90 + 10}",
        "CTIS": f"{2022 + number % 4}-5{number:05d}-{number % 90 + 10}-00",
        "NIH": f"R01XX{number:06d}",
        "REGISTRY": f"INV{number:08d}",
    }
    found = {"id": patterns.get(kind, f"{draw.pick(('P', 'INV-', 'H-', 'IRB ', ''))}{number}")}
    if kind:
        found["type"] = kind
    if kind in ("NIH", "EUDRACT_NUMBER") and draw.chance(0.6):
        found["link"] = f"{_REGISTRY_LINKS}{found['id']}"
    if kind in ("REGISTRY", "OTHER", "OTHER_GRANT") and draw.chance(0.8):
        found["domain"] = organization(draw, "OTHER")
    return found


def status(plan: Plan) -> dict[str, Any]:
    """Statuses and dates."""
    draw, line = plan.draw, plan.line
    known = line.last_submit
    module: dict[str, Any] = {"statusVerifiedDate": iso(known)[:7], "overallStatus": line.status}
    if line.status in ("TERMINATED", "WITHDRAWN", "SUSPENDED"):
        module["whyStopped"] = plan.wish.get("why") or draw.pick(marked()["why_stopped"])
    if line.last_known:
        module["lastKnownStatus"] = line.last_known
    if line.status == "WITHHELD":
        module["delayedPosting"] = True
    if plan.study_type != "EXPANDED_ACCESS":
        module["expandedAccessInfo"] = _expanded(draw) if draw.chance(0.01) else _NOT_EXPANDED
    ended = line.ended and line.status in ("COMPLETED", "TERMINATED", "WITHDRAWN")
    if plan.study_type != "EXPANDED_ACCESS":
        module["startDateStruct"] = happened(draw, line.start, line.start <= known)
        if draw.chance(0.975):
            reached = line.primary_end <= known and (ended or line.status == "ACTIVE_NOT_RECRUITING")
            module["primaryCompletionDateStruct"] = happened(draw, line.primary_end, reached)
        if draw.chance(0.99):
            module["completionDateStruct"] = happened(draw, line.end, ended and line.end <= known)
    module["studyFirstSubmitDate"] = iso(line.first_submit)
    module["studyFirstSubmitQcDate"] = iso(line.first_quality)
    module["studyFirstPostDateStruct"] = posted(line.first_post)
    if line.ended and not line.results_post and draw.chance(0.004):
        module["resultsWaived"] = True
    if line.results_post:
        module["resultsFirstSubmitDate"] = iso(line.results_submit)
        module["resultsFirstSubmitQcDate"] = iso(line.results_quality)
        module["resultsFirstPostDateStruct"] = posted(line.results_post)
        if line.results_submit - line.primary_end > 500 and draw.chance(0.2):
            between = line.primary_end + draw.between(200, 480)
            if line.first_post < between:
                module["dispFirstSubmitDate"] = iso(between)
                module["dispFirstSubmitQcDate"] = iso(between + 2)
                module["dispFirstPostDateStruct"] = posted(between + 5)
    module["lastUpdateSubmitDate"] = iso(line.last_submit)
    module["lastUpdatePostDateStruct"] = posted(line.last_post)
    return module


def _expanded(draw: Draw) -> dict[str, Any]:
    found: dict[str, Any] = {"hasExpandedAccess": True}
    found["nctId"] = f"NCT98{draw.between(0, 999_999):06d}"
    found["statusForNctId"] = draw.pick(
        (
            "AVAILABLE",
            "AVAILABLE",
            "NO_LONGER_AVAILABLE",
            "TEMPORARILY_NOT_AVAILABLE",
            "APPROVED_FOR_MARKETING",
        )
    )
    return found


def sponsors(plan: Plan) -> dict[str, Any]:
    """Responsible party, lead sponsor, collaborators."""
    draw = plan.draw
    table = figures()["sponsor"]
    module: dict[str, Any] = {}
    kind = draw.weighted(table["responsible"])
    if plan.sponsor_class == "INDUSTRY" and kind != "none":
        kind = "SPONSOR"
    if kind == "old":
        module["responsibleParty"] = {
            "oldNameTitle": f"{person(draw)}, {draw.pick(('MD', 'Professor', 'Medical Director'))}",
            "oldOrganization": plan.sponsor,
        }
    elif kind == "SPONSOR":
        module["responsibleParty"] = {"type": kind}
    elif kind != "none":
        module["responsibleParty"] = {
            "type": kind,
            "investigatorFullName": person(draw),
            "investigatorTitle": draw.pick(
                ("Professor", "Principal Investigator", "MD, PhD", "Head of Department")
            ),
            "investigatorAffiliation": plan.sponsor,
        }
    module["leadSponsor"] = {"name": plan.sponsor, "class": plan.sponsor_class}
    count = draw.weighted(table["collaborators"])
    if count:
        kinds = [draw.weighted(table["collaborator_class"]) for _ in range(count)]
        module["collaborators"] = [{"name": organization(draw, one), "class": one} for one in kinds]
    return module


def oversight(plan: Plan) -> Fragment:
    """Flags of oversight; the questions changed in 2017."""
    drug = bool(plan.phases) and plan.phases != ["NA"]
    asked = plan.line.last_submit > _SINCE_2017
    return plan.draw.pick(_oversights(asked, asked and drug, asked and plan.line.ended))


@cache
def _oversights(asked: bool, drug: bool, ended: bool) -> list[Fragment]:
    draw = Draw(_OVERSIGHT_SEED, asked, drug, ended)
    return [Fragment(orjson.dumps(_oversight(draw, asked, drug, ended))) for _ in range(_READY)]


def _oversight(draw: Draw, asked: bool, phases: bool, ended: bool) -> dict[str, bool]:
    module: dict[str, bool] = {}
    if draw.chance(0.87):
        module["oversightHasDmc"] = draw.chance(0.42)
    if asked:
        drug = phases and draw.chance(0.5)
        device = not drug and draw.chance(0.09)
        module["isFdaRegulatedDrug"] = drug
        module["isFdaRegulatedDevice"] = device
        if device and draw.chance(0.35):
            module["isUnapprovedDevice"] = True
        if device and draw.chance(0.05):
            module["isPpsd"] = True
        if (drug or device) and draw.chance(0.35):
            module["isUsExport"] = draw.chance(0.2)
        if ended and draw.chance(0.002):
            module["fdaaa801Violation"] = True
    return module


def description(plan: Plan) -> Fragment:
    """The brief summary, which says first that the study is invented, and often a detailed description."""
    draw, context, wish = plan.draw, plan.quoted_context, plan.wish
    count = draw.weighted(figures()["text"]["summary_sentences"])
    told = paragraph(draw, "summary", count, context)
    count = draw.measured(figures()["text"]["detail_sentences"])
    detail = details(draw, count, context) if count else ""
    if wish:
        told, detail = (
            quoted(wish["summary"]) if "summary" in wish else told,
            quoted(wish.get("detail", "")) or detail,
        )
    more = f',"detailedDescription":"{detail}"' if detail else ""
    return Fragment(f'{{"briefSummary":"{notice()}\\n\\n{told}"{more}}}')


@cache
def notice() -> str:
    """What every summary says first, the same in JSON."""
    return str(marked()["invented"][0])


def condition_names(plan: Plan) -> dict[str, Any]:
    """Conditions and keywords."""
    draw = plan.draw
    module: dict[str, Any] = {"conditions": plan.conditions}
    count = draw.weighted(figures()["text"]["keywords"])
    if "keywords" in plan.wish:
        module["keywords"] = list(plan.wish["keywords"])
    elif count:
        words = [str(word) for word in draw.some(plain()["keyword"], count)]
        if draw.chance(0.4):
            words[0] = plan.context[2]
        module["keywords"] = words
    return module


def criteria(plan: Plan, *, truth: bool) -> CriteriaText:
    """The eligibility text; the same draws whether or not the truth about it is wanted."""
    kind = "criteria_observational" if plan.study_type == "OBSERVATIONAL" else "criteria_interventional"
    length = plan.draw.measured(figures()["study"][kind])
    return compose_criteria(plan.draw, area=plan.area, context=plan.context, length=length, truth=truth)


def eligibility(plan: Plan, text: str) -> dict[str, Any]:
    """The eligibility module around its text ("" for a study without one)."""
    draw = plan.draw
    module: dict[str, Any] = {}
    if text:
        module["eligibilityCriteria"] = text
    if draw.chance(0.985):
        module["healthyVolunteers"] = plan.area == "healthy" or draw.chance(0.1)
    module["sex"] = plan.sex
    if (plan.sex != "ALL" and draw.chance(0.3)) or draw.chance(0.002):
        module["genderBased"] = True
        if draw.chance(0.65):
            module["genderDescription"] = draw.pick(marked()["gender_text"])
    if plan.minimum_age:
        module["minimumAge"] = plan.minimum_age
    if plan.maximum_age:
        module["maximumAge"] = plan.maximum_age
    module["stdAges"] = standard_ages(plan.minimum_age, plan.maximum_age)
    if plan.study_type == "OBSERVATIONAL":
        words = marked()
        module["studyPopulation"] = render(draw.pick(words["population"]), plan.context)
        module["samplingMethod"] = draw.weighted(figures()["design"]["sampling"])
    return module


@cache
def standard_ages(minimum: str, maximum: str) -> list[str]:
    """The registry's age groups that the structured ages touch: under 18, 18 to 64, 65 and over."""
    low = age_in_days(minimum) if minimum else 0
    high = age_in_days(maximum) if maximum else 200 * 365
    bounds = (("CHILD", 0, 18 * 365), ("ADULT", 18 * 365, 65 * 365), ("OLDER_ADULT", 65 * 365, 201 * 365))
    return [name for name, start, end in bounds if low < end and high >= start]
