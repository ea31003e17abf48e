"""The form of the Match pages: all of the patient form's table and nothing else, there and back without a loss."""

from __future__ import annotations

import re
from datetime import date
from html.parser import HTMLParser

import pytest

from trialist.errors import InvalidParameterError, LimitExceededError
from trialist.evaluation.terms import read_terms
from trialist.pages.match_form import layout, sections_of, word_lists
from trialist.pages.match_given import NO_ALLERGY
from trialist.pages.match_kept import Question, pack, unpack
from trialist.pages.rendering import render
from trialist.patient.facts import FactKind
from trialist.patient.form_schema import choices, form_schema, parts, top
from trialist.registry.intake import Told, read_told

TODAY = date(2026, 11, 22)
EXAMPLES = {
    "values": {"name": "platelets", "value": "20 10*9/L"},
    "grades": {"name": "ecog", "value": "1"},
    "conditions": {"name": "acute GVHD"},
    "drugs": {"name": "tacrolimus"},
    "procedures": {"name": "allogeneic stem cell transplantation"},
    "results": {"name": "hbsag", "value": "negative"},
    "markers": {"name": "FLT3", "value": "mutated"},
    "allergies": {"name": "penicillin"},
    "states": {"name": "pregnant", "value": "no"},
    "findings": {"name": "severe_abdominal_pain", "value": "no"},
    "statements": {"name": "consent", "value": "yes"},
    "trials": {"name": "other_trial"},
    "about": {"name": "residence", "value": "France"},
    "judgements": {"name": "life_expectancy", "value": ">6 mo"},
}
"""An item of each part that the reader takes."""


def all_fields(told: Told) -> dict[str, str]:
    """The names and values of all fields of the form."""
    found = {}
    for section in sections_of(told):
        found |= {field.name: field.value for field, _ in section.top}
        for part in section.parts:
            for entry in part.entries:
                found |= {field.name: field.value for field in (*entry.shown, *entry.more)}
                found[entry.preset[0]] = entry.preset[1]
    found.pop("", None)
    return found


def test_every_key_of_the_patient_form_stands_in_one_section():
    sections = layout()["section"]
    assert sorted(name for row in sections for name in row.get("top", ())) == sorted(top())
    assert sorted(name for row in sections for name in row["parts"]) == sorted(parts())
    assert set(form_schema()["properties"]) == set(top()) | set(parts())
    names = all_fields(Told())
    for name in top():
        assert f"top.{name}" in names
    for part in parts().values():
        keys = {found[1] for name in names if (found := re.fullmatch(rf"{part.name}\.\d+\.(\w+)", name))}
        assert keys - {"unit", "preset"} == set(part.keys)


def test_the_layout_names_nothing_that_is_not_there():
    for name, row in layout()["part"].items():
        assert set(row["shown"]) <= set(parts()[name].keys)
        assert parts()[name].needed <= set(row["shown"])
    known = {key for part in parts().values() for key in part.keys} | set(top()) | {"unit"}
    assert set(layout()["label"]) <= known


@pytest.mark.parametrize("part", EXAMPLES)
def test_what_is_offered_to_choose_is_what_the_reader_takes(part):
    assert set(EXAMPLES) == set(parts())
    for key in parts()[part].keys:
        for word in choices(part, key):
            item = {**EXAMPLES[part], key: word}
            if key == "name" and part == "about":
                item["value"] = "x"
            found = read_told(Told({part: [item]}), TODAY)
            assert found.mistakes == (), (part, key, word)
            assert found.patient is not None
    for key in ("sex",):
        for word in choices("", key):
            assert read_told(Told({key: word}), TODAY).mistakes == ()


@pytest.mark.parametrize("row", layout()["part"]["values"]["presets"])
def test_a_lab_value_of_the_form_has_units_that_the_reader_takes(row):
    units = read_terms().variables[row].units
    assert units
    for unit in units:
        found = read_told(Told({"values": [{"name": row, "value": f"5 {unit}"}]}), TODAY)
        assert found.mistakes == ()
        assert found.patient is not None
        (fact,) = [one for one in found.patient.facts if one.origin.document == "form"]
        assert (fact.kind, fact.id) == (FactKind.MEASUREMENT, row)


@pytest.mark.parametrize("row", layout()["part"]["grades"]["presets"])
def test_every_step_of_a_scale_of_the_form_is_read(row):
    fields = [
        field
        for section in sections_of(Told())
        for part in section.parts
        for entry in part.entries
        if entry.preset[1] == row
        for field in entry.shown
        if field.name.endswith(".value")
    ]
    (field,) = fields
    steps = [choice.value for choice in field.choices if choice.value]
    assert len(steps) >= 2
    for step in steps:
        found = read_told(Told({"grades": [{"name": row, "value": step}]}), TODAY)
        assert found.mistakes == ()


@pytest.mark.parametrize("name", [name for name, _ in word_lists() if name in parts()])
def test_words_that_help_with_typing_are_read_as_facts(name):
    words = [word for word, _ in dict(word_lists())[name]]
    assert len(words) > 10
    items = [{**EXAMPLES[name], "name": word} for word in words]
    if name == "values":
        units = {
            word: one[0] for word in words if (one := read_terms().variables[word].units) and one[0] != "1"
        }
        words = list(units)
        items = [{"name": word, "value": f"5 {units[word]}"} for word in words]
    if name == "grades":
        known = {**{one.id: one.steps for one in read_terms().scales.values()}, **read_terms().choices}
        items = [{"name": word, "value": known[word][0]} for word in words]
    found = read_told(Told({name: items}), TODAY)
    assert [(one.item, one.message) for one in found.mistakes] == []
    assert found.patient is not None
    unknown = [one.message for one in found.patient.unresolved if one.reason == "unknown-concept"]
    assert unknown == []


class _Fields(HTMLParser):
    """What a browser would send of a form: the names and values of its fields."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "input" and given.get("type") in ("text", "hidden"):
            self.found[given["name"]] = given.get("value", "")
        elif tag == "input" and given.get("type") == "checkbox" and "checked" in given:
            self.found[given["name"]] = given["value"]
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and self._select and "selected" in given:
            self.found[self._select] = given["value"]


def test_a_form_that_is_changed_comes_back_as_it_was():
    from trialist.pages.asked import Asked
    from trialist.pages.match_given import given_of

    told = Told(
        {
            **{name: "2026-01-02" for name in top() if name not in ("age", "sex", "dead")},
            "sex": "female",
            "values": [
                {"name": "ferritin", "value": "900 ng/mL", "on": "2026-01"},
                {"name": "platelets", "value": "<20 10*9/L", "day": "28", "note": "after transfusion"},
                {"name": "platelets", "value": "35 10*9/L", "on": "2026-02-01"},
                {"name": "creatinine", "value": "88 umol/L", "normal": "45-84", "baseline": "yes"},
                {"name": "hemoglobin", "value": "8.1"},
            ],
            "grades": [{"name": "agvhd_grade", "value": "II|III"}, {"name": "ecog", "value": "1"}],
            "conditions": [{"name": "acute GVHD", "since": "2026-01-03", "status": "active", "also": "x, y"}],
            "allergies": "none",
        }
    )
    page = render_form(told)
    fields = _Fields()
    fields.feed(page)
    settings = type("S", (), {"max_patient_bytes": 100_000})()
    asked = Asked(None, settings, None, {}, tuple(fields.found.items()), TODAY, lambda: None)
    again = given_of(asked).told
    assert {name: said for name, said in again.form.items() if isinstance(said, str)} == {
        name: said for name, said in told.form.items() if isinstance(said, str)
    }
    for name in ("values", "grades", "conditions"):
        key = lambda item: sorted(item.items())  # noqa: E731  # used twice in the lines below
        assert sorted(again.form[name], key=key) == sorted(told.form[name], key=key)
    assert fields.found[NO_ALLERGY] == "1"


def render_form(told: Told) -> str:
    from trialist.pages.layout import Layout
    from trialist.pages.match_contexts import MatchForm, QuestionForm

    question = QuestionForm("", "", "", "", "", (), ())
    page = MatchForm("t", sections_of(told), question, word_lists(), told.note, told.noted, "", 0, ())
    return render("match.html", page=page, site=Layout((), "", 1, True, "/match")).decode()


def test_what_was_told_comes_back_from_its_text():
    told = Told(
        {"sex": "male", "conditions": [{"name": "é ü 漢"}]}, "a note\nof two lines", "2026", "{}", ".json"
    )
    question = Question("NCT99000001", "2026-01-01", "screening", "x", "Paris", "50km")
    assert unpack(pack(told, question), 10_000) == (told, question)
    assert re.fullmatch(r"[\w=-]+", pack(told, question))


def test_a_text_that_stands_for_too_much_is_refused():
    with pytest.raises(LimitExceededError):
        unpack(pack(Told(note="a" * 10_000_000), Question()), 100_000)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "AAAA",
        "eJwDAAAAAAE=",
        pack(Told(), Question())[:-8],
        "é",
        pack(Told({"sexx": "a"}), Question()),
    ]
    + [
        pack(Told(form), Question())
        for form in (
            {"values": [{"nam": "a"}]},
            {"values": "none"},
            {"sex": ["a"]},
            {"values": ["a"]},
            {"values": [{"name": 3}]},
        )
    ],
)
def test_a_text_that_was_damaged_is_refused(text):
    with pytest.raises(InvalidParameterError):
        unpack(text, 10_000)
