"""Results as tables and plots: every number of the record stands in a table, and pictures show no others."""

from __future__ import annotations

from typing import Any

import pytest

from trialist.demo.registry import generate_study
from trialist.views.adverse import adverse_of, bars_of, in_order, volcano_of
from trialist.views.analyses import Analysis, Remark, analyses_of, told_once
from trialist.views.axis import axis_for, number_text
from trialist.views.exact import fisher_p
from trialist.views.flow import Group, flow_of
from trialist.views.measures import baseline_of, denominators_of, outcomes_of
from trialist.views.numbers import estimate_of, number_of, percent_text

from support.cases import Case, read_cases


@pytest.mark.parametrize("case", read_cases("result_numbers.toml"), ids=lambda case: case.id)
def test_numbers(case: Case) -> None:
    given = dict(case.input)
    found = estimate_of(given, given.pop("dispersion"))
    drawn = ["-" if number is None else str(number) for number in (found.value, found.low, found.high)]
    assert {"text": found.text, "note": found.note, "drawn": drawn} == case.expect, case.why


@pytest.mark.parametrize("case", read_cases("result_analyses.toml"), ids=lambda case: case.id)
def test_analyses(case: Case) -> None:
    groups = (Group("A", "Cells", ""), Group("B", "Placebo", ""))
    (found,) = analyses_of({"analyses": [case.input]}, groups)
    assert list(found.words) == case.expect, case.why


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0, 100], ["0", "100"]),
        ([0.012, 0.049], ["0", "0.05"]),
        ([-5, 5], ["-6", "6"]),
        ([98, 104], ["80", "105"]),
        ([64.3, 64.4], ["50", "65"]),
        ([-64.4, -64.3], ["-65", "-50"]),
        ([-10, -2], ["-10", "0"]),
        ([0, 0], ["0", "1"]),
        ([7, 7], ["5.5", "7"]),
    ],
)
def test_axes_have_round_ends(values: list[float], ticks: list[str]) -> None:
    axis = axis_for(values, 0, 100)
    assert axis.low <= min(values) <= max(values) <= axis.high
    assert [axis.ticks[0].text, axis.ticks[-1].text] == ticks
    assert axis.ticks[0].at == 0
    assert axis.ticks[-1].at == 100


def test_an_axis_of_ratios() -> None:
    axis = axis_for([0.5, 800], 0, 400, is_log=True)
    assert [tick.text for tick in axis.ticks] == ["0.1", "1", "10", "100", "1,000"]
    assert axis.at(10) == 200
    assert number_text(3e9) == "3e+09"


@pytest.mark.parametrize(
    ("table", "p_value"),
    # Published: Fisher's tea (The Design of Experiments, 1935) 0.486; Lady with 4 of 4: 0.0286.
    [((3, 4, 1, 4), 0.4857), ((4, 4, 0, 4), 0.0286), ((0, 10, 0, 10), 1.0), ((1, 100, 9, 100), 0.0185)],
)
def test_fisher(table: tuple[int, int, int, int], p_value: float) -> None:
    assert fisher_p(*table) == pytest.approx(p_value, abs=5e-5)
    assert fisher_p(*table[2:], *table[:2]) == pytest.approx(p_value, abs=5e-5)


def test_fisher_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match="more are affected"):
        fisher_p(5, 4, 0, 4)


@pytest.mark.parametrize(
    ("share", "text"),
    [(None, ""), (0, "0%"), (0.04, "<0.1%"), (0.0998, "0.1%"), (12.34, "12.3%"), (100, "100%")],
)
def test_percentages(share: float | None, text: str) -> None:
    assert percent_text(share) == text


@pytest.mark.parametrize("text", ["", "NA", "1,2", "1 2", "0x10", "1_000", "inf", "9" * 41, True, None, []])
def test_what_is_no_number_is_none(text: object) -> None:
    assert number_of(text) is None


FLOW: dict[str, Any] = {
    "resultsSection": {
        "participantFlowModule": {
            "recruitmentDetails": "At two places.",
            "groups": [{"id": "FG000", "title": "Cells"}, {"id": "FG001", "title": "Placebo"}],
            "periods": [
                {
                    "title": "Treatment",
                    "milestones": [
                        {
                            "type": "STARTED",
                            "achievements": [
                                {"groupId": "FG000", "numSubjects": "40"},
                                {"groupId": "FG001", "numSubjects": "20"},
                                {"groupId": "FG009", "numSubjects": "7"},
                            ],
                        },
                        {
                            "type": "COMPLETED",
                            "achievements": [
                                {"groupId": "FG000", "numSubjects": "30"},
                                {"groupId": "FG001", "numSubjects": "20"},
                            ],
                        },
                    ],
                    "dropWithdraws": [
                        {
                            "type": "Adverse Event",
                            "reasons": [
                                {"groupId": "FG000", "numSubjects": "10"},
                                {"groupId": "FG001", "numSubjects": "0"},
                            ],
                        }
                    ],
                }
            ],
        }
    }
}


def test_the_flow_of_participants() -> None:
    flow = flow_of(FLOW)
    assert flow is not None
    (period,) = flow.periods
    assert [group.name for group in period.groups] == ["Cells", "Placebo", "FG009"]
    cells, placebo, stranger = period.lanes
    assert [(step.name, step.text, step.bar) for step in cells.steps] == [
        ("Started", "40", 100.0),
        ("Completed", "30 (75%)", 75.0),
    ]
    assert [(one.reason, one.text) for one in cells.left] == [("Adverse Event", "10")]
    assert placebo.left == ()
    assert [step.text for step in stranger.steps] == ["7"]
    assert [row.cells for row in period.rows] == [("40", "20", "7"), ("30", "20", ""), ("10", "0", "")]


def test_groups_of_which_nobody_took_part_in_a_period_are_named_together() -> None:
    def numbers(*counts: str) -> list[dict[str, Any]]:
        return [{"groupId": f"FG00{place}", "numSubjects": count} for place, count in enumerate(counts)]

    milestones = [
        {"type": "STARTED", "achievements": numbers("5", "0", "0")},
        {"type": "COMPLETED", "achievements": [*numbers("5", "0"), {**numbers("0")[0], "groupId": "FG002", "comment": "Closed"}]},
    ]  # fmt: skip
    groups = [
        {"id": f"FG00{place}", "title": name} for place, name in enumerate(("Cells", "Placebo", "Late"))
    ]
    module = {"groups": groups, "periods": [{"title": "Extension", "milestones": milestones}]}
    flow = flow_of({"resultsSection": {"participantFlowModule": module}})
    assert flow is not None
    (period,) = flow.periods
    assert [lane.group.name for lane in period.lanes] == ["Cells", "Late"], "what was said of one is kept"
    assert [group.name for group in period.nobody] == ["Placebo"]
    assert period.rows[0].cells == ("5", "0", "0"), "the table has all groups"


def outcome(**more: Any) -> dict[str, Any]:
    item = {
        "type": "PRIMARY",
        "title": "Responders",
        "paramType": "COUNT_OF_PARTICIPANTS",
        "unitOfMeasure": "Participants",
        "groups": [{"id": "OG000", "title": "Cells"}, {"id": "OG001", "title": "Placebo"}],
        "denoms": [
            {
                "units": "Participants",
                "counts": [{"groupId": "OG000", "value": "40"}, {"groupId": "OG001", "value": "20"}],
            }
        ],
        "classes": [
            {
                "categories": [
                    {
                        "measurements": [
                            {"groupId": "OG000", "value": "30"},
                            {"groupId": "OG001", "value": "5"},
                        ]
                    }
                ]
            }
        ],
        **more,
    }
    return {"resultsSection": {"outcomeMeasuresModule": {"outcomeMeasures": [item]}}}


def test_counts_have_shares_of_their_denominator() -> None:
    (measure,) = outcomes_of(outcome())
    assert measure.kind == "Primary"
    assert [row.name for row in measure.rows] == ["Participants analyzed", ""]
    assert [cell and cell.text for cell in measure.rows[1].cells] == ["30 (75%)", "5 (25%)"]
    assert measure.plot is not None
    assert [dot.x < measure.plot.axis.at(50) for dot in measure.plot.dots] == [False, True]
    assert measure.plot.unit == "per cent of those analyzed"


def test_a_class_with_numbers_analyzed_of_its_own() -> None:
    own = [{"units": "Participants", "counts": [{"groupId": "OG000", "value": "10"}]}]
    numbers = [{"groupId": "OG000", "value": "5"}, {"groupId": "OG001", "value": "5"}]
    parts = [{"title": "Week 4", "denoms": own, "categories": [{"measurements": numbers}]}]
    (measure,) = outcomes_of(outcome(classes=parts))
    assert [cell and cell.text for cell in measure.rows[-1].cells] == ["5 (50%)", "5"]


def baseline(**more: object) -> dict[str, object]:
    analyzed = {"units": "Participants", "counts": [{"groupId": "BG000", "value": "40"}]}
    part = {
        "denoms": [analyzed],
        "categories": [{"measurements": [{"groupId": "BG000", "value": "71.7", "spread": "11.8"}]}],
    }
    item = {"title": "Age", "paramType": "MEAN", "unitOfMeasure": "years", "classes": [part], **more}
    groups = [{"id": "BG000", "title": "All people"}]
    module = {"groups": groups, "denoms": [analyzed], "measures": [item]}
    return {"resultsSection": {"baselineCharacteristicsModule": module}}


@pytest.mark.parametrize(
    ("code", "how", "drawn"),
    [
        ("STANDARD_DEVIATION", "Mean (Standard Deviation), years", (59.9, 83.5)),
        ("INTER_QUARTILE_RANGE", "Mean (Inter-Quartile Range), years", (None, None)),
        ("NA", "Mean, years", (None, None)),
    ],
)
def test_at_baseline_the_spread_is_a_code(code: str, how: str, drawn: tuple[float | None, ...]) -> None:
    (measure,) = baseline_of(baseline(dispersionType=code))
    assert measure.how == how
    cell = measure.rows[-1].cells[0]
    assert cell is not None
    assert [one and round(one, 1) for one in (cell.low, cell.high)] == list(drawn)


def test_the_number_analyzed_stands_once_where_the_only_part_is_the_whole() -> None:
    (measure,) = baseline_of(baseline())
    assert [row.name for row in measure.rows] == ["Participants analyzed", ""]


def test_what_was_not_reached_is_open_and_said() -> None:
    numbers = [
        {"groupId": "OG000", "value": "8", "lowerLimit": "6", "upperLimit": "NA", "comment": "Not reached"},
        {"groupId": "OG001", "value": "5", "lowerLimit": "4", "upperLimit": "6"},
        {"groupId": "OG001", "value": "NA", "comment": "Median not reached"},
    ]
    more = {"paramType": "MEDIAN", "dispersionType": "95% Confidence Interval"}
    (measure,) = outcomes_of(outcome(classes=[{"categories": [{"measurements": numbers[:2]}]}], **more))
    plot = measure.plot
    assert plot is not None
    assert plot.dots[0].high == plot.axis.end
    assert measure.rows[1].cells[0] is not None
    assert measure.rows[1].cells[0].note == "limit not reached"
    assert measure.notes == ("Not reached",)
    (alone,) = outcomes_of(outcome(classes=[{"categories": [{"measurements": numbers[2:]}]}], **more))
    assert alone.plot is None
    assert alone.rows[1].cells[1] is not None
    assert alone.rows[1].cells[1].note == "not reached"


def numbers_of(*values: str, spread: str = "", groups: int = 2) -> dict[str, object]:
    own = {"spread": spread} if spread else {}
    found = [
        {"groupId": f"OG{place % groups:03}", "value": value, **own} for place, value in enumerate(values)
    ]
    return {"classes": [{"categories": [{"measurements": found}]}], "unitOfMeasure": "years"}


def test_dots_alone_begin_at_nothing() -> None:
    """84.2 and 84.5 are nearly the same, and look so; an interval shows itself what a difference is worth."""
    (alone,) = outcomes_of(outcome(paramType="NUMBER", **numbers_of("84.2", "84.5")))
    assert alone.plot is not None
    assert (alone.plot.axis.low, alone.plot.axis.high) == (0, 100)
    more = {"paramType": "MEAN", "dispersionType": "Standard Deviation"}
    (spread,) = outcomes_of(outcome(**more, **numbers_of("84.2", "84.5", spread="9")))
    assert spread.plot is not None
    assert spread.plot.axis.low > 50
    (none,) = outcomes_of(outcome(paramType="NUMBER", **numbers_of("0", "0")))
    assert none.plot is not None
    assert (none.plot.axis.low, none.plot.axis.high) == (0, 1)


def test_many_groups_are_named_beside_their_dots() -> None:
    groups = [{"id": f"OG{place:03}", "title": f"Cohort {place}"} for place in range(9)]
    given = numbers_of(*"123456789", groups=9)
    (many,) = outcomes_of(outcome(paramType="NUMBER", groups=groups, **given))
    assert many.plot is not None
    assert many.plot.names_groups
    assert many.plot.axis.start > 200
    (few,) = outcomes_of(outcome(paramType="NUMBER", **numbers_of("1", "2")))
    assert few.plot is not None
    assert not few.plot.names_groups


@pytest.mark.parametrize(
    ("param", "unit", "how"),
    [
        ("COUNT_OF_PARTICIPANTS", "Participants", "Count of Participants"),
        ("COUNT_OF_UNITS", "eyes", "Count of Units, eyes"),
        ("MEDIAN", "years", "Median, years"),
    ],
)
def test_what_is_counted_is_said_once(param: str, unit: str, how: str) -> None:
    (measure,) = outcomes_of(outcome(paramType=param, unitOfMeasure=unit))
    assert measure.how == how


def test_different_things_share_no_axis() -> None:
    parts = [
        {"title": name, "categories": [{"measurements": [{"groupId": "OG000", "value": value}]}]}
        for name, value in (("Weight", "0.02"), ("Steps", "9000"))
    ]
    (measure,) = outcomes_of(outcome(classes=parts, paramType="MEAN"))
    assert measure.plot is None


def test_results_that_are_yet_to_come() -> None:
    (measure,) = outcomes_of(
        outcome(reportingStatus="NOT_POSTED", anticipatedPostingDate="2027-03", classes=[])
    )
    assert measure.status == "Not posted yet; expected 2027-03."


EVENTS: dict[str, Any] = {
    "resultsSection": {
        "adverseEventsModule": {
            "eventGroups": [
                {"id": "EG000", "title": "Cells", "seriousNumAffected": 12, "seriousNumAtRisk": 100},
                {"id": "EG001", "title": "Placebo", "deathsNumAffected": 1},
            ],
            "seriousEvents": [
                {
                    "term": "Sepsis",
                    "stats": [
                        {"groupId": "EG000", "numAffected": 12, "numAtRisk": 100, "numEvents": 14},
                        {"groupId": "EG001", "numAffected": 1, "numAtRisk": 100},
                    ],
                }
            ],
            "otherEvents": [
                {
                    "term": "Headache",
                    "organSystem": "Nervous system disorders",
                    "stats": [
                        {"groupId": "EG000", "numAffected": 20, "numAtRisk": 100},
                        {"groupId": "EG001", "numAffected": 20, "numAtRisk": 100},
                        {"groupId": "EG007", "numAffected": 3},
                    ],
                },
                {"term": "Anaemia", "stats": [{"groupId": "EG000", "numAffected": 0, "numAtRisk": 0}]},
            ],
        }
    }
}


def test_adverse_events() -> None:
    adverse = adverse_of(EVENTS)
    assert adverse is not None
    assert [group.name for group in adverse.groups] == ["Cells", "Placebo", "EG007"]
    assert [cell and cell.text for cell in adverse.serious[0].cells] == ["12/100 (12%)", "1/100 (1%)", None]
    assert adverse.serious[0].cells[0] is not None
    assert adverse.serious[0].cells[0].events == "14"
    assert [cell and cell.text for cell in adverse.other[0].cells] == [
        "20/100 (20%)",
        "20/100 (20%)",
        "3 affected",
    ]
    assert [cell and cell.text for cell in adverse.other[1].cells] == ["none at risk", None, None]
    first, second = adverse.totals
    assert first.deaths is None
    assert first.serious is not None
    assert first.serious.text == "12/100 (12%)"
    assert second.deaths is not None
    assert second.deaths.text == "1 affected"
    assert [row.term for row in in_order(adverse.other, "term")] == ["Anaemia", "Headache"]
    assert [row.term for row in in_order(adverse.other, "no such order")] == ["Headache", "Anaemia"]


def test_bars_and_the_comparison_of_two_groups() -> None:
    adverse = adverse_of(EVENTS)
    assert adverse is not None
    bars = bars_of(adverse.other, adverse.groups)
    assert bars is not None
    assert [row.term for row in bars.rows] == ["Headache"]
    assert [bar.text for bar in bars.rows[0].bars] == ["20%", "20%"]
    volcano = volcano_of(adverse)
    assert volcano is not None
    sepsis, headache = volcano.listed
    assert (sepsis.term, round(sepsis.difference, 6), sepsis.is_labelled) == ("Sepsis", 11.0, True)
    assert sepsis.p_value == pytest.approx(0.00254, abs=1e-5)
    assert sepsis.y < volcano.line_y
    assert (headache.p_value, headache.is_labelled) == (pytest.approx(1.0), False)
    assert headache.x == volcano.across.at(0)
    turned = volcano_of(adverse, "EG001", "EG000")
    assert turned is not None
    assert turned.listed[0].difference == -volcano.listed[0].difference
    assert bars_of((), adverse.groups) is None


def test_records_without_results_have_none() -> None:
    empty: dict[str, Any] = {"resultsSection": {"adverseEventsModule": "?", "participantFlowModule": 7}}
    for record in ({}, empty):
        assert flow_of(record) is None
        assert adverse_of(record) is None
        assert outcomes_of(record) == ()
        assert baseline_of(record) == ()
        assert denominators_of(record) is None


def test_every_number_of_invented_results_stands_in_a_table() -> None:
    seen = 0
    for number in range(400):
        record = generate_study(number)
        section = record.get("resultsSection")
        if not section:
            continue
        shown = {
            cell.text.split(" ")[0]
            for measure in (*outcomes_of(record), *baseline_of(record))
            for row in measure.rows
            for cell in row.cells
            if cell is not None
        }
        for name in ("outcomeMeasuresModule", "baselineCharacteristicsModule"):
            for value in _values(section.get(name, {})):
                seen += 1
                assert value in shown
    assert seen > 1000


def _values(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["value"]] if isinstance(node.get("value"), str) else []
        return own + [value for key, below in node.items() for value in _values(below)]
    return [value for item in node for value in _values(item)] if isinstance(node, list) else []


def test_a_comment_that_several_analyses_repeat_is_told_once_with_their_numbers() -> None:
    method, comparison = ("About the method", "Stepwise trend test."), ("About the comparison", "Planned.")
    own = ("About the p-value", "Not adjusted.")
    given = ((method, comparison), (method, comparison, own), (method,), (comparison, method), (method,))
    analyses, remarks = told_once([Analysis((f"Test {n}.",), found) for n, found in enumerate(given)])
    assert [one.comments for one in analyses] == [(), (own,), (), (), ()]
    assert remarks == (Remark(*method, "All tests"), Remark(*comparison, "Tests 1, 2, 4"))
    assert told_once(analyses) == (analyses, ()), "nothing is repeated"
    some = [Analysis(("x",), (own,) if n != 3 else ()) for n in range(6)]
    assert [one.which for one in told_once(some)[1]] == ["Tests 1–3, 5, 6"]
