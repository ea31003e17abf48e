"""How a study works: its design as a diagram, and its dates on a line."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from trialist.pages.asked import Asked
from trialist.pages.contexts import StudyHead
from trialist.pages.shown import Shown
from trialist.pages.study_head import id_in_path, study_head
from trialist.views.design import Design, describe, design_of
from trialist.views.timeline import Timeline, timeline_of


@dataclass(frozen=True, slots=True)
class PlanPage:
    """`study_plan.html`. `told` is the diagram in one sentence."""

    title: str
    head: StudyHead
    design: Design | None
    told: str
    timeline: Timeline | None


def plan_page(asked: Asked) -> Shown | Response:
    """`/study/{nct_id}/plan`."""
    stored = asked.served.records.get_known(id_in_path(asked.path["nct_id"]))
    record = stored.study.record
    design = design_of(record)
    page = PlanPage(
        f"How {stored.nct_id} works",
        study_head(stored, asked.today, "/plan"),
        design,
        describe(design) if design is not None else "",
        timeline_of(record, asked.today),
    )
    return Shown("study_plan.html", page)
