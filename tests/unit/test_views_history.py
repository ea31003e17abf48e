"""The history of a study: differences value by value, and what matters in words."""

from __future__ import annotations

from typing import Any

import pytest

from trialist.views.changes import callouts_of, primary_history, story_of
from trialist.views.differences import Kind, Piece, compared_texts, differences_of
from trialist.views.tables import label_of

from support.cases import Case, read_cases


def laid(values: dict[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for path, value in values.items():
        *way, last = path.split(".")
        level = record
        for key in way:
            level = level.setdefault(key, {})
        level[last] = value
    return record


@pytest.mark.parametrize("case", read_cases("history_words.toml"), ids=lambda case: case.id)
def test_words(case: Case) -> None:
    found = callouts_of(laid(case.input["before"]), laid(case.input["after"]))
    assert [f"{one.about}: {one.text}" for one in found] == case.expect, case.why


SITES = "protocolSection.contactsLocationsModule.locations"
FACILITY = label_of(f"{SITES}.facility")


def test_items_of_lists_are_found_by_their_names() -> None:
    before = laid({SITES: [{"facility": "A", "status": "RECRUITING"}, {"facility": "B"}, {"facility": "B"}]})
    after = laid({SITES: [{"facility": "B"}, {"facility": "A", "status": "COMPLETED"}]})
    (module,) = differences_of(before, after)
    assert module.title == "Contacts/Locations"
    assert [(one.kind, one.label, one.item, one.before, one.after) for one in module.differences] == [
        (Kind.CHANGED, "Status", "A", "Recruiting", "Completed"),
        (Kind.REMOVED, FACILITY, "B (2)", "B", ""),
    ]


def test_lists_of_texts_differ_by_what_is_in_them() -> None:
    path = "protocolSection.conditionsModule.conditions"
    (module,) = differences_of(laid({path: ["A", "B", "B"]}), laid({path: ["B", "C"]}))
    assert [(one.kind, one.before or one.after) for one in module.differences] == [
        (Kind.REMOVED, "A"),
        (Kind.REMOVED, "B"),
        (Kind.ADDED, "C"),
    ]


def test_what_every_download_makes_anew_is_no_difference() -> None:
    assert (
        differences_of(
            {"derivedSection": {"miscInfoModule": {"versionHolder": "1"}}, "hasResults": False}, {}
        )
        == ()
    )


@pytest.mark.parametrize("odd", [7, "text", None, [], [1, {"measure": 2}], {"a": [{}]}])
def test_odd_shapes_are_differences_and_no_errors(odd: Any) -> None:
    path = "protocolSection.outcomesModule"
    plain = laid({path: {"primaryOutcomes": [{"measure": "A"}]}})
    there = differences_of(plain, laid({path: odd}))
    back = differences_of(laid({path: odd}), plain)
    assert there
    assert back
    story_of([plain, laid({path: odd}), plain])


def test_texts_are_compared_word_by_word() -> None:
    assert compared_texts("18 years or older", "21 years or older") == (
        Piece("18 ", "removed"),
        Piece("21 ", "added"),
        Piece("years or older"),
    )
    long = " ".join(f"word{number}" for number in range(2_000))
    pieces = compared_texts(f"{long}\nend", f"{long}\nnew end")
    assert [piece.kind for piece in pieces] == ["", "removed", "added"]


@pytest.mark.parametrize(("one", "other"), [("a b  c\n d", "a c\n\n d e"), ("", "x"), ("x y", "")])
def test_both_texts_can_be_read_from_the_pieces(one: str, other: str) -> None:
    pieces = compared_texts(one, other)
    assert "".join(piece.text for piece in pieces if piece.kind != "added") == one
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == other


def test_the_story_of_versions() -> None:
    primary = "protocolSection.outcomesModule.primaryOutcomes"
    records = [
        laid(
            {primary: [{"measure": "Survival"}], "protocolSection.statusModule.overallStatus": "RECRUITING"}
        ),
        laid({primary: [{"measure": "Survival"}], "protocolSection.statusModule.overallStatus": "COMPLETED"}),
        laid({primary: [{"measure": "Response"}], "protocolSection.statusModule.overallStatus": "COMPLETED"}),
    ]
    first, second, third = story_of(records, 4)
    assert first.is_first
    assert first.summary == "The first version that this registry has."
    assert (second.number, second.status) == (5, "Completed")
    assert second.summary == "The status went from Recruiting to Completed. 1 value changed, in: Status."
    assert third.callouts[0].about == "primary"
    assert {(one.kind, one.before or one.after) for one in primary_history(records)} == {
        (Kind.REMOVED, "Survival"),
        (Kind.ADDED, "Response"),
    }
    assert primary_history(records[:1]) == ()
    assert story_of([records[0], records[0]])[1].summary == "Nothing that a sponsor enters was changed."
