"""The rules of the public view, one by one, and what it never does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from trialist.record import GeoPoint, Study
from trialist.views import View, leaves, public_view, render_json, render_text, slug
from trialist.views.nodes import Labelled, Node, Notice, Section, State, Table
from trialist.views.public_sites import distance_km

from support.cases import Case, each_case

AS_OF = date(2026, 3, 1)


def record_of(values: dict[str, Any]) -> dict[str, Any]:
    """Dotted path → value, as a record."""
    record: dict[str, Any] = {}
    for path, value in values.items():
        *way, last = path.split(".")
        holder = record
        for key in way:
            holder = holder.setdefault(key, {})
        holder[last] = value
    return record


def view_of(values: dict[str, Any], **more: Any) -> View:
    return public_view(Study.from_record(record_of(values)), as_of=more.pop("as_of", AS_OF), **more)


def shown(view: View) -> dict[str, list[str]]:
    """`part/label` → texts, and every title of a part."""
    found: dict[str, list[str]] = {}
    for section in view.sections:
        for node in below(section.content):
            if isinstance(node, Labelled):
                found.setdefault(f"{section.id}/{node.label}", []).extend(value.text for value in node.values)
            elif isinstance(node, Notice):
                found.setdefault(f"{section.id}/{node.id}", []).append(node.text)
    return found


def below(nodes: tuple[Node, ...]) -> Iterator[Node]:
    for node in nodes:
        yield node
        if isinstance(node, Section):
            yield from below(node.content)


def titles(view: View) -> list[str]:
    return [
        node.title
        for section in view.sections
        for node in (section, *below(section.content))
        if isinstance(node, Section)
    ]


@each_case("public_view.toml")
def test_rules(case: Case) -> None:
    as_of = date.fromisoformat(case.input.get("as_of", AS_OF.isoformat()))
    view = view_of(case.input["set"], as_of=as_of)
    found = shown(view)
    for where, texts in case.expect.items():
        if where == "title":
            assert texts in titles(view), case.why
        else:
            assert found.get(where, []) == texts, case.why


def test_the_order_of_the_page() -> None:
    ids = [
        section.id
        for section in view_of(
            {"protocolSection.armsInterventionsModule.interventions": [{"name": "x"}]}
        ).sections
    ]
    assert ids[:10] == [
        "sponsor", "status", "conditions", "treatments", "study_type", "funder_types", "identifiers",
        "eligibility", "design", "sites",
    ]  # fmt: skip
    assert ids[-1] == "source"


def test_an_empty_record_says_nothing_but_that() -> None:
    view = view_of({})
    said = {text for texts in shown(view).values() for text in texts}
    assert said == {"not available", "Data sourced from clinicaltrials.gov"}
    assert "not available" in render_text(view)
    assert list(leaves(view)) == []
    assert all(flag.state is State.UNKNOWN for flag in view.flags)


def test_an_invented_study_names_no_registry_as_its_source() -> None:
    path = "protocolSection.identificationModule.nctId"
    assert shown(view_of({path: "NCT00000591"}))["source/Source"] == ["Data sourced from clinicaltrials.gov"]
    (said,) = shown(view_of({path: "NCT99000001"}))["source/Source"]
    assert said.startswith("Invented")


def test_missing_criteria_are_told_apart_by_programs() -> None:
    sections = {section["id"]: section for section in render_json(view_of({}))["sections"]}
    field = next(node for node in sections["eligibility"]["content"] if node["id"] == "criteria")
    assert field["values"][0]["value"] is None
    assert field["values"][0]["availability"] == "not available"


def test_the_nearest_open_site_is_open() -> None:
    places = [
        {"facility": "Near, closed", "status": "COMPLETED", "geoPoint": {"lat": 48.85, "lon": 2.35}},
        {"facility": "Far, open", "status": "RECRUITING", "geoPoint": {"lat": 40.7128, "lon": -74.006}},
        {"facility": "Nearer, open", "status": "RECRUITING", "geoPoint": {"lat": 51.5074, "lon": -0.1278}},
        {"facility": "Nowhere, open", "status": "RECRUITING"},
    ]
    values = {
        "protocolSection.statusModule.overallStatus": "RECRUITING",
        "protocolSection.contactsLocationsModule.locations": places,
    }
    view = view_of(values, near=GeoPoint(48.8566, 2.3522))
    assert shown(view)["sites/Nearest open site"] == ["Nearer, open (343.6 km)"]
    table = next(node for section in view.sections for node in section.content if node.id == "sites")
    assert [row[0][0].text for row in table.rows] == [
        "Nearer, open",
        "Far, open",
        "Nowhere, open",
        "Near, closed",
    ]


def test_distances_are_great_circles() -> None:
    # A quarter of the mean circumference, and antipodes.
    assert abs(distance_km(GeoPoint(0, 0), GeoPoint(0, 90)) - 10007.557) < 0.01
    assert abs(distance_km(GeoPoint(90, 0), GeoPoint(-90, 0)) - 20015.115) < 0.01
    assert distance_km(GeoPoint(12.5, 7), GeoPoint(12.5, 7)) == 0


def test_title_and_slug() -> None:
    path = "protocolSection.identificationModule"
    study = Study.from_record(
        record_of({f"{path}.briefTitle": "Body Lotion (IVR) Procedure .", f"{path}.acronym": "IVR-P"})
    )
    assert public_view(study, as_of=AS_OF).title == "Body Lotion (IVR) Procedure . (IVR-P)"
    assert slug(study) == "body-lotion-ivr-procedure"
    long = Study.from_record(record_of({f"{path}.briefTitle": "Abc " * 24 + "abcdefgh"}))
    assert slug(long) == "-".join(["abc"] * 24 + ["abcd"])
    assert slug(Study.from_record(record_of({f"{path}.nctId": "NCT99000001"}))) == "nct99000001"


def test_a_site_reached_through_the_central_contact_says_so() -> None:
    path = "protocolSection.contactsLocationsModule"
    own = {"name": "B", "email": "b@example.org"}
    team = [{"name": "C", "role": "PRINCIPAL_INVESTIGATOR"}, {"name": "D", "role": "SUB_INVESTIGATOR"}]
    places = [
        {"facility": "first", "status": "RECRUITING", "contacts": [{"name": "A", "phone": "1"}, *team]},
        {"facility": "second", "status": "RECRUITING", "contacts": [{"name": "A", "phone": "1"}, own]},
        {"facility": "third", "status": "RECRUITING", "contacts": team},
        {"facility": "closed", "status": "COMPLETED", "contacts": [own]},
    ]
    view = view_of(
        {
            "protocolSection.statusModule.overallStatus": "RECRUITING",
            f"{path}.centralContacts": [{"name": "A", "phone": "1"}],
            f"{path}.locations": places,
        }
    )
    table = next(node for section in view.sections for node in section.content if node.id == "sites")
    assert isinstance(table, Table)
    assert [[value.text for value in row[-1]] for row in table.rows] == [
        ["central contact"],
        ["B, b@example.org"],
        ["C, Principal Investigator"],
        [],
    ]
