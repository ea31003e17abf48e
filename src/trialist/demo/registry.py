"""An invented registry of any size: study by study, the same seed giving the same bytes.

Every study depends on (seed, number, as_of) alone, so any part of a registry can be made anywhere, in parallel.
Each is marked: the brief and official titles begin with "[Invented]", the summary's first sentence says that nobody
can take part, organizations are called "(invented)", and whoever is named cannot be reached.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any

import orjson

from trialist.demo.arms import arms_interventions, design, planned_outcomes
from trialist.demo.derived import derived
from trialist.demo.draw import Draw
from trialist.demo.layout import EXCLUSION, INCLUSION, CriteriaText, Head, Statement, place_pieces, single
from trialist.demo.plan import FIRST_NUMBER, Plan, make_plan
from trialist.demo.protocol import (
    condition_names,
    criteria,
    description,
    eligibility,
    identification,
    notice,
    oversight,
    sponsors,
    status,
)
from trialist.demo.results import results_section
from trialist.demo.sharing import annotation, documents, ipd_sharing, references
from trialist.demo.sites import contacts_locations
from trialist.demo.tables import toml_table
from trialist.demo.text import escape
from trialist.errors import InvalidParameterError

DEFAULT_AS_OF = date(2026, 6, 30)
LARGEST = 1_000_000
_EARLIEST_AS_OF = date(2018, 1, 1)
_LATEST_AS_OF = date(2040, 1, 1)


def generate_study(number: int, *, seed: int = 0, as_of: date = DEFAULT_AS_OF) -> dict[str, Any]:
    """The study NCT(99000000 + number), its keys in the registry's order."""
    found: dict[str, Any] = orjson.loads(orjson.dumps(_study(_plan(number, seed, as_of, Draw()))))
    return found


def _study(plan: Plan) -> dict[str, Any]:
    """The study for `orjson.dumps`: what is ready as JSON stands in it as a fragment."""
    text = _criteria(plan, truth=False).text
    if plan.line.status == "WITHHELD":
        return _withheld(plan)
    arms = arms_interventions(plan)
    protocol: dict[str, Any] = {
        "identificationModule": identification(plan),
        "statusModule": status(plan),
        "sponsorCollaboratorsModule": sponsors(plan),
        "oversightModule": oversight(plan),
        "descriptionModule": description(plan),
        "conditionsModule": condition_names(plan),
        "designModule": design(plan, len(arms.get("armGroups", ()))),
        "armsInterventionsModule": arms,
    }
    if plan.study_type != "EXPANDED_ACCESS" and plan.draw.chance(0.985):
        protocol["outcomesModule"] = planned_outcomes(plan)
    protocol["eligibilityModule"] = eligibility(plan, text)
    protocol["contactsLocationsModule"] = contacts_locations(plan)
    protocol["referencesModule"] = references(plan)
    protocol["ipdSharingStatementModule"] = ipd_sharing(plan)
    study: dict[str, Any] = {"protocolSection": {name: module for name, module in protocol.items() if module}}
    if plan.line.results_post:
        study["resultsSection"] = results_section(plan, arms.get("armGroups", []))
    papers = documents(plan)
    if papers:
        study["documentSection"] = papers
    noted = annotation(plan)
    if noted:
        study["annotationSection"] = noted
    study["derivedSection"] = derived(plan)
    study["hasResults"] = bool(plan.line.results_post)
    return study


def generate_studies(
    count: int, *, seed: int = 0, start: int = 0, as_of: date = DEFAULT_AS_OF
) -> Iterator[bytes]:
    """The studies number `start` to `start + count - 1`, each as one line of compact UTF-8 JSON without line end."""
    if count < 0 or start < 0 or start + count > LARGEST:
        raise InvalidParameterError(
            f"the demo registry has no studies {start} to {start + count - 1}",
            hint=f"Ask for studies 0 to {LARGEST - 1:,}: their ids are NCT99000000 to NCT99999999.",
        )
    return _lines(count, seed, start, as_of)


def _lines(count: int, seed: int, start: int, as_of: date) -> Iterator[bytes]:
    dumps, draw = orjson.dumps, Draw()
    for number in range(start, start + count):
        yield dumps(_study(_plan(number, seed, as_of, draw)))


def generate_criteria(number: int, *, seed: int = 0, as_of: date = DEFAULT_AS_OF) -> CriteriaText:
    """The eligibility text of `generate_study` with the truth about it: what each criterion is and where it stands."""
    return _criteria(_plan(number, seed, as_of, Draw()), truth=True)


def _plan(number: int, seed: int, as_of: date, draw: Draw) -> Plan:
    if not 0 <= number < LARGEST:
        raise InvalidParameterError(
            f"the demo registry has no study {number}", hint=f"Studies are numbered 0 to {LARGEST - 1:,}."
        )
    if not _EARLIEST_AS_OF <= as_of <= _LATEST_AS_OF:
        raise InvalidParameterError(
            f"as_of {as_of} is out of range", hint=f"Take a day from {_EARLIEST_AS_OF} to {_LATEST_AS_OF}."
        )
    draw.restart(seed, number)
    return make_plan(number, draw, as_of.toordinal(), _showcase().get(number, {}))


@cache
def _showcase() -> dict[int, dict[str, Any]]:
    return {int(number): wish for number, wish in toml_table("showcase").items()}


def _criteria(plan: Plan, *, truth: bool) -> CriteriaText:
    if plan.wish.get("no_criteria"):
        return CriteriaText("", ())
    wished = plan.wish.get("criteria")
    if not wished:
        return criteria(plan, truth=truth)
    including = _wished("Inclusion Criteria:", INCLUSION, wished["inclusion"], wished["layout_inclusion"])
    excluding = _wished("Exclusion Criteria:", EXCLUSION, wished["exclusion"], wished["layout_exclusion"])
    shift = len(including.text) + 2
    moved = [
        Statement(one.kind, one.polarity, one.start + shift, one.end + shift, one.phenomena)
        for one in excluding.statements
    ]
    return CriteriaText(f"{including.text}\n\n{excluding.text}", (*including.statements, *moved))


def _wished(header: str, polarity: str, rows: list[list[Any]], layout: str) -> CriteriaText:
    pieces = [single(Head(kind, polarity, tuple(phenomena)), escape(text)) for kind, text, phenomena in rows]
    return place_pieces([(header, pieces)], layout, glued=layout == "run_in")


def _withheld(plan: Plan) -> dict[str, Any]:
    """A study whose posting is delayed: the registry shows no more than that it exists."""
    full = status(plan)
    shown = ("statusVerifiedDate", "overallStatus", "delayedPosting", "studyFirstSubmitDate")
    more = (
        "studyFirstSubmitQcDate",
        "studyFirstPostDateStruct",
        "lastUpdateSubmitDate",
        "lastUpdatePostDateStruct",
    )
    ids = identification(plan)
    return {
        "protocolSection": {
            "identificationModule": {
                "nctId": plan.nct_id,
                "orgStudyIdInfo": ids["orgStudyIdInfo"],
                "organization": ids["organization"],
                "briefTitle": "[Invented] [Trial of device that is not approved or cleared by the U.S. FDA]",
            },
            "statusModule": {name: full[name] for name in (*shown, *more) if name in full},
            "sponsorCollaboratorsModule": {
                "leadSponsor": {"name": plan.sponsor, "class": plan.sponsor_class}
            },
            "descriptionModule": {"briefSummary": notice()},
        },
        "derivedSection": derived(plan),
        "hasResults": False,
    }


__all__ = ["DEFAULT_AS_OF", "FIRST_NUMBER", "generate_criteria", "generate_studies", "generate_study"]
