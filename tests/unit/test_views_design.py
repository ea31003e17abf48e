"""The design as a diagram, and the dates on a line."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from trialist.demo.registry import generate_study
from trialist.views.design import cohorts_in, describe, design_of
from trialist.views.timeline import timeline_of

from support.cases import Case, read_cases

TODAY = date(2026, 3, 1)


@pytest.mark.parametrize("case", read_cases("design_cohorts.toml"), ids=lambda case: case.id)
def test_cohorts(case: Case) -> None:
    assert list(cohorts_in(case.input)) == case.expect, case.why


def test_a_dose_escalation_within_one_arm() -> None:
    design = design_of(generate_study(0))
    assert design is not None
    (arm,) = design.arms
    assert [one.lower() for one in arm.cohorts] == [
        "low dose injection once a week",
        "low dose injection twice a week",
        "high dose injection once a week",
        "high dose injection twice a week",
    ]
    assert arm.gets == (True,)
    assert describe(design) == "24 people planned, 1 group, 4 cohorts one after another."


def study(arms: list[dict[str, Any]], **info: Any) -> dict[str, Any]:
    return {
        "protocolSection": {
            "designModule": {"designInfo": info, "enrollmentInfo": {"count": 1, "type": "ACTUAL"}},
            "armsInterventionsModule": {
                "armGroups": arms,
                "interventions": [
                    {"type": "DRUG", "name": "Cells", "armGroupLabels": ["B"]},
                    {"type": "OTHER", "name": "Placebo"},
                ],
            },
        }
    }


def test_who_gets_what_by_either_way_of_saying_it() -> None:
    arms = [
        {"label": "A", "type": "PLACEBO_COMPARATOR", "interventionNames": ["Other: Placebo"]},
        {"label": "B"},
    ]
    masking = {"masking": "DOUBLE", "whoMasked": ["PARTICIPANT", "INVESTIGATOR"]}
    design = design_of(
        study(arms, allocation="RANDOMIZED", interventionModel="PARALLEL", maskingInfo=masking)
    )
    assert design is not None
    assert [arm.gets for arm in design.arms] == [(False, True), (True, False)]
    assert design.people == "1 person"
    assert not design.is_stepwise
    assert design.words == (
        "Chance decides who is in which group",
        "Groups run side by side",
        "Two sides do not know who gets what: the people who take part, those who run the study",
    )


def test_groups_that_begin_one_after_another() -> None:
    design = design_of(study([{"label": "Low"}, {"label": "High"}], interventionModel="SEQUENTIAL"))
    assert design is not None
    assert design.is_stepwise


def test_without_any_design_there_is_no_diagram() -> None:
    assert design_of({}) is None
    assert design_of({"protocolSection": {"armsInterventionsModule": 7, "designModule": []}}) is None


def dated(**module: Any) -> dict[str, Any]:
    return {"protocolSection": {"statusModule": module}}


def test_dates_that_happened_and_dates_that_are_planned() -> None:
    record = dated(
        startDateStruct={"date": "2025-06-15", "type": "ACTUAL"},
        primaryCompletionDateStruct={"date": "2026-02", "type": "ESTIMATED"},
        completionDateStruct={"date": "2027"},
        studyFirstPostDateStruct={"date": "2025-05-01"},
        statusVerifiedDate="soon",
    )
    line = timeline_of(record, TODAY)
    assert line is not None
    assert [(one.name, one.kind) for one in line.events] == [
        ("Shown in the registry", "happened"),
        ("First person joins", "happened"),
        ("Main outcome measured in all", "planned"),
        ("Study ends", "planned"),
    ]
    assert line.unread == (("Status last confirmed", "soon"),)
    start, month, year = line.events[1:]
    assert start.x == start.until
    assert month.x < month.until
    assert year.x < line.today < year.until or line.today < year.x
    assert line.span == (start.x, year.until)
    assert [year.text for year in line.years] == ["2025", "2026", "2027", "2028"]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "1900"])
def test_any_day_of_the_calendar_can_be_drawn(day: str) -> None:
    line = timeline_of(
        dated(startDateStruct={"date": day}, lastUpdatePostDateStruct={"date": "2026-01-01"}), TODAY
    )
    assert line is not None
    assert all(8 <= event.x <= event.until <= 632 for event in line.events)
    assert len(line.years) <= 10


def test_without_dates_there_is_no_line() -> None:
    assert timeline_of({}, TODAY) is None


def test_rising_doses_may_be_told_of_in_the_description_alone() -> None:
    text = "Low dose once a week; Low dose twice a week; High dose once a week;"
    record = study([{"label": "Cells", "type": "EXPERIMENTAL", "description": text}])
    assert [len(arm.cohorts) for arm in (design_of(record) or pytest.fail()).arms] == [0]
    said = {"detailedDescription": "A single center, open label, dose escalation study."}
    record["protocolSection"]["descriptionModule"] = said
    assert [len(arm.cohorts) for arm in (design_of(record) or pytest.fail()).arms] == [3]
