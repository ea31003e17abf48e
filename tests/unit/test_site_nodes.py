"""What views are made of, as HTML: what is folded, what leads what, and how wide a column is."""

from __future__ import annotations

import re

import pytest

from trialist.pages.node_html import nodes_html
from trialist.views.markup import parse_markup
from trialist.views.nodes import Column, Labelled, Section, Table, Value


def table(rows: int, text: str = "word", *, columns: int = 2) -> Table:
    cells = tuple((Value(f"{text} {number}"),) for number in range(columns))
    return Table("t", "Sites", tuple(Column(str(n), f"Column {n}") for n in range(columns)), (cells,) * rows)


def prose(text: str) -> Labelled:
    blocks = tuple(parse_markup(text))
    return Labelled("about", "About", (Value(text, blocks=blocks),))


@pytest.mark.parametrize(("docs", "most"), [(False, 20), (True, 100)])
def test_a_long_table_is_folded_and_says_how_long_it_is(docs: bool, most: int) -> None:
    assert "<details" not in nodes_html([table(most)], docs=docs)
    found = nodes_html([table(most + 1)], docs=docs)
    assert f'<details class="long-table"><summary>Sites ({most + 1:,})</summary>' in found
    assert found.count("<tr>") == most + 2
    assert found.index("<table>") < found.index("</details>")


def test_of_many_sections_of_a_record_all_but_the_first_are_folded() -> None:
    sections = [Section(f"s{n}", f"Measure {n}", (table(1),)) for n in range(13)]
    found = str(nodes_html(sections, docs=True))
    assert found.count('<details class="folded"><summary><h3 id="') == 12
    assert re.findall(r"<h3[^>]*>(Measure \d+)</h3>", found) == [f"Measure {n}" for n in range(13)]
    assert found.count("<section>") == 1
    assert found.count("<table>") == 13
    assert "<details" not in nodes_html(sections[:12], docs=True)
    assert str(nodes_html(sections)).count('class="folded"') == 12, "the arms of a study"


def test_a_short_line_with_a_colon_leads_what_follows_it() -> None:
    lead = '<p class="prose lead-in" dir="auto">'
    found = nodes_html([prose("Main goals:\n\nTo see whether it works.")])
    assert f"{lead}Main goals:</p>" in found
    assert found.count(lead) == 1
    assert lead not in nodes_html([prose("To see whether it works.\n\nMain goals:")]), "nothing follows"
    assert lead not in nodes_html([prose(f"{'Long ' * 20}words:\n\nMore.")]), "a sentence is no heading"
    assert lead not in nodes_html([prose("Main goals\n\nMore.")])


def test_a_column_of_long_texts_is_wide() -> None:
    long, short = (Value("a description " * 8),), (Value("5"),)
    middling = (Value("Nervous system disorders"),)
    columns = tuple(Column(name, name) for name in ("Text", "Count", "Organ"))
    found = nodes_html([Table("t", "Groups", columns, ((long, short, middling), ((), short, short)))])
    assert '<th scope="col" class="wide">Text</th><th scope="col">Count</th>' in found
    assert '<th scope="col" class="middling">Organ</th>' in found


def test_a_table_of_texts_can_stand_row_below_row() -> None:
    """On a phone its cells stand one below the other, each named by its column: a text beside the edge is not read."""
    columns = tuple(Column(name, name) for name in ("Measure", "When", "How"))
    row = ((Value("Overall survival of all who took part"),), (Value("5 years"),), (Value("By phone " * 9),))
    found = str(nodes_html([Table("t", "Outcomes", columns, (row, (row[0], (), row[2])))]))
    assert '<table class="stacks">' in found
    assert found.count('<td data-head="When">') == 1, "an empty cell has no name to be read"
    assert found.count('<td data-head="How">') == 2
    assert "data-head" not in nodes_html([Table("t", "Values", columns, (row,), heads=1)])
    numbers = (row[0], (Value("5"),), (Value("6"),))
    assert "data-head" not in nodes_html([Table("t", "Values", columns, (numbers,))])


def test_of_a_very_long_text_the_beginning_is_shown_and_all_is_there() -> None:
    text = "Inclusion Criteria:\n\n" + "\n".join(f"* number {n} {'word ' * 20}" for n in range(150))
    found = str(nodes_html([prose(text)]))
    assert [int(n) for n in re.findall(r"number (\d+) ", found)] == list(range(150))
    before, _, after = found.partition('<details class="long-text"><summary>Show the rest of this text (')
    assert before.count("<li") == 28
    assert after.startswith("2,684 words)</summary>")
    assert after.count("<li") == 122
    assert "<details class" not in nodes_html([prose(text)], docs=True).replace("field-doc", ""), "a record"
    assert "<details" not in nodes_html([prose(text[:8_000])])


def test_a_wide_table_keeps_in_sight_what_tells_its_rows_apart() -> None:
    columns = tuple(Column(str(n), f"Column {n}") for n in range(6))
    reasons = ("Death", "Pregnancy", "Other")
    rows = tuple(((Value("Left because"),), (Value(reason),), *(((Value("5"),),) * 4)) for reason in reasons)
    assert '<table class="stuck-2">' in nodes_html([Table("t", "Period", columns, rows, heads=2)])
    assert '<table class="stuck-1">' in nodes_html([Table("t", "Period", columns, rows, heads=1)])
    assert "<table>" in nodes_html([Table("t", "Period", columns, rows)]), "nothing heads its rows"
    narrow = tuple(row[:5] for row in rows)
    assert "<table>" in nodes_html([Table("t", "Period", columns[:5], narrow, heads=2)])


def test_a_column_under_a_long_head_is_wide_enough_for_it() -> None:
    columns = (Column("a", "Sex"), Column("b", "BG003: Placebo, then 30 mcg in the open-label period"))
    found = nodes_html([Table("t", "Values", columns, (((Value("Female"),), (Value("3"),)),))])
    assert '<th scope="col">Sex</th><th scope="col" class="middling">BG003' in found


def test_a_paper_leads_to_where_it_can_be_read() -> None:
    pmid = Value("37421291", "37421291", (("/references/0/pmid", "37421291"),))
    citation = Value("Kong J. J Am Heart Assoc. 2023 Jul 18. doi: 10.1161/JAHA.123.029504. Epub 2023.")
    other = Value("37421291", 37421291, (("/x/1", 37421291),))
    found = str(nodes_html([Labelled("p", "Papers", (pmid, citation, other))]))
    assert found.count('<a href="https://pubmed.ncbi.nlm.nih.gov/37421291"') == 1
    address = 'href="https://doi.org/10.1161/JAHA.123.029504" rel="noopener noreferrer nofollow"'
    assert f"doi: <a {address}>10.1161/JAHA.123.029504</a>. Epub" in found


def test_a_day_stays_on_one_line() -> None:
    days = tuple(Value(text) for text in ("2019-03-01", "2019-03", "2019-10-04T10:52"))
    assert str(nodes_html([Labelled("d", "Days", days)])).count('<bdi class="day">') == 3
    assert "day" not in nodes_html([Labelled("x", "X", (Value("2019-03-01-B"),))])


def test_of_many_values_the_first_are_shown_and_all_are_there() -> None:
    def listed(count: int) -> str:
        values = tuple(Value(f"Disease {number}") for number in range(count))
        return str(nodes_html([Labelled("keywords", "Words", values)]))

    assert "<details" not in listed(16)
    found = listed(50)
    assert "<summary>and 40 more</summary>" in found
    assert re.findall(r"<bdi>Disease (\d+)</bdi>", found) == [str(number) for number in range(50)]
    assert found.index("Disease 9<") < found.index("<details") < found.index("Disease 10<")


def test_every_table_has_a_name_of_its_own() -> None:
    sections = [Section(f"s{n}", "Pain", (table(1),)) for n in range(2)]
    found = str(nodes_html([table(1), *sections], docs=True))
    assert re.findall(r'aria-label="([^"]*)"', found) == ["Sites", "Pain: Sites", "Pain: Sites (2)"]
    assert found.count("<caption>Sites</caption>") == 3


def test_a_head_without_a_word_is_no_head() -> None:
    empty = Table("t", "Sites", (Column("a", "A"), Column("b", "B")), (((), (Value("5"),)),), heads=1)
    assert '<th scope="row">' not in nodes_html([empty])
    assert "<tr><td></td><td>" in nodes_html([empty])
