"""Text, Markdown and JSON: nothing in a record reaches a terminal or a renderer as a command."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import orjson
import pytest

from trialist.record import Study
from trialist.views import public_view, record_view, render_json, render_markdown, render_text
from trialist.views.markdown import escape
from trialist.views.nodes import (
    Availability,
    Block,
    Column,
    Flag,
    Labelled,
    Section,
    State,
    Table,
    Value,
    View,
)
from trialist.views.safe import safe, width_of, wrap

EVIL = "\x1b[31mred\x1b]0;title\x07 \x9b2J \u202egnp.exe \u2066x\u2069 | a `b` <img src=x onerror=1> [l](javascript:x) **b**\r\n# head\n\n| t |\n|---|\n1. x"


def both(value: Any) -> list[View]:
    record = {
        "protocolSection": {
            "identificationModule": {"nctId": value, "briefTitle": value, "acronym": value},
            "descriptionModule": {"briefSummary": value},
            "conditionsModule": {"conditions": [value]},
            "armsInterventionsModule": {
                "armGroups": [{"label": value, value: value}],
                "interventions": [{"name": value}],
            },
            "contactsLocationsModule": {
                "centralContacts": [{"name": value}],
                "locations": [{"facility": value}],
            },
        },
        value: {value: [{value: value}]},
    }
    study = Study.from_record(record)
    return [public_view(study, as_of=date(2026, 3, 1)), record_view(study)]


def test_no_control_character_reaches_the_terminal() -> None:
    for view in both(EVIL):
        for text in (render_text(view), render_markdown(view)):
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
        assert "␛[31mred" in render_text(view)


def test_markdown_stays_text() -> None:
    for view in both(EVIL):
        text = render_markdown(view)
        assert "<img" not in text
        assert not re.search(r"(?<!\\)\]\(", text)
        assert not re.search(r"^# head", text, re.MULTILINE)
        for line in text.split("\n"):
            if line.startswith("| "):
                assert line.endswith("|")


def test_tables_have_one_width() -> None:
    text = render_markdown(both(EVIL)[1])
    tables = re.findall(r"((?:^\|.*\n)+)", text, re.MULTILINE)
    assert tables
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.strip().split("\n")}) == 1


def test_escaped_markdown_reads_the_same() -> None:
    shown = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", escape("2*ULN > 5 [a] m^2 ~ 1. x & y_z #1 |"))
    assert shown.replace("&gt;", ">").replace("&amp;", "&") == "2*ULN > 5 [a] m^2 ~ 1. x & y_z #1 |"


@pytest.mark.parametrize("width", [30, 60, 100, 140])
def test_text_keeps_its_width(width: int) -> None:
    wide = "漢字" * 200
    for value in (EVIL, wide, "word " * 300, "x" * 500, "é" * 90):
        for view in both(value):
            assert max(map(width_of, render_text(view, width=width).split("\n"))) <= width


def test_json_is_json() -> None:
    for view in both(EVIL):
        assert orjson.loads(orjson.dumps(render_json(view))) == render_json(view)


def test_widths_and_wrapping() -> None:
    assert width_of("a\u0301漢") == 3
    assert safe("a\tb\x00\x7f\x85") == "a    b␀␡<U+0085>"
    assert wrap("", 10) == [""]
    assert wrap("aaaa bbbb cccc", 9) == ["aaaa bbbb", "cccc"]
    assert wrap("漢漢漢", 4) == ["漢漢", "漢"]
    assert wrap("aa bb cc\ndd ee", 5, hang=2) == ["aa bb", "  cc", "  dd", "  ee"]


def wide_table(columns: int) -> View:
    """A table of two rows, two columns that say what a row is about, and many of numbers."""
    heads = [Column("term", "Term"), Column("organ", "Organ System")]
    groups = [Column(f"EG{place:03}", f"EG{place:03}: A group of people") for place in range(columns)]
    rows = tuple(
        (
            (Value(term),),
            (Value("Blood and lymphatic system disorders"),),
            *((Value(f"{place}/{columns}"),) if place < full else () for place in range(columns)),
        )
        for term, full in (("Anaemia", columns), ("Leukopenia", 2))
    )
    table = Table("t", "Events", (*heads, *groups), rows, 2)
    return View("record", "NCT1", "T", (Section("s", "S", (table,)),))


@pytest.mark.parametrize("width", [40, 80, 100])
def test_wide_tables_are_shown_some_columns_at_a_time(width: int) -> None:
    text = render_text(wide_table(30), width=width)
    assert max(map(width_of, text.split("\n"))) <= width
    for place in range(30):
        assert text.count(f"{place}/30") >= 1
        assert f"EG{place:03}:" in text
    assert "[columns 1 to " in text
    assert text.count("Anaemia") == text.count("[column")
    assert text.count("Leukopenia") < text.count("Anaemia")
    assert text.count("lymphatic") <= 2


def test_what_every_row_says_is_said_once() -> None:
    columns = (Column("a", "Term"), Column("b", "Vocabulary"), Column("c", "Description"))
    rows = tuple(
        ((Value(f"term {n}"),), (Value("MedDRA 20"),), (Value("word " * 20 + str(n)),)) for n in range(3)
    )
    view = View("record", "NCT1", "T", (Section("s", "S", (Table("t", "Events", columns, rows),)),))
    assert render_text(view, width=60).count("MedDRA 20") == 1
    assert "Vocabulary in every row: MedDRA 20" in render_text(view, width=60)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Value(""),
        lambda: Value("x", raw=1, availability=Availability.NOT_AVAILABLE),
        lambda: Labelled("a", "b", ()),
        lambda: Table("a", "b", (Column("c", "d"),), (((), ()),)),
        lambda: Table("a", "b", (Column("c", "d"),), (((),),), 2),
        lambda: Block(" "),
        lambda: Flag("a", "b", State.YES, "because"),
        lambda: Section("", "t", ()),
        lambda: View("page", "n", "t", ()),
        lambda: View("public", "n", "t", (Section("a", "t", ()), Section("a", "t", ()))),
    ],
)
def test_nodes_refuse_nonsense(build: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        build()
