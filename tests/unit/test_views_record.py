"""The record view: order, labels, the tables of results, and the words for what is absent."""

from __future__ import annotations

from typing import Any

from trialist.record import Study
from trialist.record.catalogue import children, walk_leaves
from trialist.views import View, leaves, record_view, render_text
from trialist.views.claims import walk
from trialist.views.nodes import Labelled, Section, Table
from trialist.views.tables import modules

RESULTS = {
    "participantFlowModule": {
        "groups": [{"id": "FG000", "title": "Cells"}, {"id": "FG001", "title": "Placebo"}],
        "periods": [
            {
                "title": "Overall",
                "milestones": [{"type": "STARTED", "achievements": [{"groupId": "FG001", "numSubjects": "5"}, {"groupId": "FG000", "numSubjects": "6", "comment": "one late"}]}],
                "dropWithdraws": [{"type": "Death", "reasons": [{"groupId": "FG000", "numSubjects": "1"}, {"groupId": "FG999", "numSubjects": "2"}]}],
            }
        ],
    },
    "outcomeMeasuresModule": {
        "outcomeMeasures": [
            {
                "title": "Survival",
                "groups": [{"id": "OG000", "title": "Cells"}],
                "denoms": [{"units": "Participants", "counts": [{"groupId": "OG000", "value": "6"}]}],
                "classes": [
                    {
                        "title": "Month 12",
                        "denoms": [{"units": "Participants", "counts": [{"groupId": "OG000", "value": "4"}]}, {"units": "Eyes", "counts": [{"groupId": "OG000", "value": "8"}]}],
                        "categories": [
                            {"title": "All", "measurements": [{"groupId": "OG000", "value": "NA", "lowerLimit": "3.1", "upperLimit": "NA", "comment": "Median was not reached."}]},
                            {"title": "Some", "measurements": [{"groupId": "OG000", "value": "NA", "comment": "too few events"}, {"value": "no group"}]},
                            {"measurements": [{"groupId": "OG000", "value": "4.5", "spread": "1.2"}]},
                        ],
                    }
                ],
                "analyses": [{"groupIds": ["OG000"], "pValue": "0.04", "statisticalMethod": "Log Rank"}],
            }
        ]
    },
    "adverseEventsModule": {
        "eventGroups": [{"id": "EG000", "title": "Cells", "seriousNumAffected": 1, "seriousNumAtRisk": 6}],
        "seriousEvents": [{"term": "Sepsis", "organSystem": "Infections", "stats": [{"groupId": "EG000", "numEvents": 2, "numAffected": 1, "numAtRisk": 6}]}],
    },
}  # fmt: skip


def view_of(record: dict[str, Any]) -> View:
    return record_view(Study.from_record(record))


def part(view: View, place: str) -> Section:
    return next(section for section in view.sections if section.id == place)


def lines(section: Section) -> dict[str, list[str]]:
    return {
        node.label: [value.text for value in node.values]
        for node in section.content
        if isinstance(node, Labelled)
    }


def tables(section: Section) -> dict[str, Table]:
    found: dict[str, Table] = {}
    for node in section.content:
        if isinstance(node, Table):
            found[node.caption] = node
        elif isinstance(node, Section):
            found |= tables(node)
    return found


def texts(table: Table) -> list[list[str]]:
    return [[" / ".join(value.text for value in cell) for cell in row] for row in table.rows]


def test_modules_in_data_model_order_with_path_and_paragraph() -> None:
    view = view_of({})
    places = [section.place for section in view.sections if section.place.startswith("protocolSection")]
    assert places == [field.path for field in children()["protocolSection"]]
    section = part(view, "protocolSection.eligibilityModule")
    assert section.path == ("Study", "Protocol Section", "Eligibility Module")
    assert section.about
    assert lines(section)["Eligibility Criteria"] == ["not available"]


def test_every_module_of_the_catalogue_has_its_paragraph() -> None:
    known = [field.path for top in children()[""] if top.is_struct for field in (top, *children()[top.path])]
    assert sorted(modules()) == sorted(known)


def test_an_old_record_says_when_it_was_sent_where_it_does_not_say_when_it_was_posted() -> None:
    def overview(**status: Any) -> list[tuple[str, str]]:
        lines = part(view_of({"protocolSection": {"statusModule": status}}), "overview").content
        return [(line.label, line.values[0].text) for line in lines if isinstance(line, Labelled)][2:4]

    sent = {"studyFirstSubmitDate": "2005-09-09", "lastUpdateSubmitDate": "2014-05-13"}
    posted = {"studyFirstPostDateStruct": {"date": "2005-09-12"}}
    assert overview(**sent) == [("Last Update Submitted", "2014-05-13"), ("First Submitted", "2005-09-09")]
    assert overview(**sent, **posted)[1] == ("First Post", "2005-09-12")
    assert [text for _, text in overview()] == ["not available", "not available"]


def test_what_absence_means() -> None:
    status = lines(
        part(
            view_of(
                {
                    "protocolSection": {
                        "statusModule": {
                            "overallStatus": "RECRUITING",
                            "expandedAccessInfo": {"hasExpandedAccess": False},
                        }
                    }
                }
            ),
            "protocolSection.statusModule",
        )
    )
    assert status["If Stopped, Why?"] == ["not stopped"]
    assert status["If Expanded Access, NCT#"] == ["not applicable"]
    stopped = lines(
        part(
            view_of({"protocolSection": {"statusModule": {"overallStatus": "WITHDRAWN"}}}),
            "protocolSection.statusModule",
        )
    )
    assert stopped["If Stopped, Why?"] == ["not available"]
    assert stopped["Has Expanded Access"] == ["not available"]


def test_results_are_tables() -> None:
    view = view_of({"resultsSection": RESULTS})
    flow = tables(part(view, "resultsSection.participantFlowModule"))["Period: Overall"]
    assert [column.label for column in flow.columns] == [
        "Stage",
        "Milestone or reason",
        "FG000: Cells",
        "FG001: Placebo",
        "FG999",
    ]
    assert texts(flow)[1:] == [
        ["Milestone", "STARTED", "6 [one late]", "5", ""],
        ["Left because", "Death", "1", "", "2"],
    ]
    outcome = tables(part(view, "resultsSection.outcomeMeasuresModule"))
    assert texts(outcome["Number Analyzed"]) == [["Participants", "6"]]
    assert texts(outcome["Values"]) == [
        ["Month 12", "Participants", "4"],
        ["Month 12", "Eyes", "8"],
        ["Month 12", "All", "NA (3.1 to NA) [Median was not reached.]"],
        ["Month 12", "Some", "NA [too few events]"],
        ["Month 12", "", "4.5 ± 1.2"],
    ]
    assert outcome["Values"].rows[2][2][0].note == "not reached"
    assert outcome["Values"].rows[3][2][0].note == "could not be estimated"
    events = tables(part(view, "resultsSection.adverseEventsModule"))
    assert texts(events["Serious Events: people affected/people at risk (number of events)"]) == [
        ["Sepsis", "Infections", "1/6 (2)"]
    ]
    assert sorted(leaves(view), key=str) == sorted(
        ((pointer, value) for _, pointer, value in walk_leaves({"resultsSection": RESULTS})), key=str
    )


def test_unknown_parts_are_shown() -> None:
    record = {
        "_source": {"shape": "xml"},
        "protocolSection": {"newModule": {"a": [1, {"b": None}]}, "": 5},
        "hasResults": "maybe",
    }
    view = view_of(record)
    assert sorted(pointer for pointer, _ in leaves(view)) == [
        "/_source/shape",
        "/hasResults",
        "/protocolSection/",
        "/protocolSection/newModule/a/0",
        "/protocolSection/newModule/a/1/b",
    ]
    assert "xml" in render_text(view)


def test_the_walk_is_the_catalogues_and_deeper() -> None:
    assert list(walk({"resultsSection": RESULTS})) == list(walk_leaves({"resultsSection": RESULTS}))
    deep: Any = "end"
    for _ in range(5000):
        deep = [deep]
    assert [value for _, _, value in walk(deep)] == ["end"]
