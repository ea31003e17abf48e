import pytest

from trialist.query import read_params
from trialist.query.highlight import Highlighter, merged
from trialist.vocabulary.combine import combine, read_own_concepts
from trialist.vocabulary.thesaurus import Thesaurus

THESAURUS: Thesaurus = combine(read_own_concepts())


def marked(params, text, piece=None):
    """The text with brackets around what is highlighted."""
    found, at = "", 0
    for start, end in Highlighter(read_params(params), THESAURUS).spans(text, piece):
        found += f"{text[at:start]}[{text[start:end]}]"
        at = end
    return found + text[at:]


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("leukemia", "Acute Leukaemia, and leukemias.", "Acute [Leukaemia], and [leukemias]."),
        ("gvhd", "Acute graft-versus-host disease", "Acute [graft-versus-host disease]"),
        ("breast cancer", "Cancer of the breast", "[Cancer of the breast]"),
        ("lung fever", "fever of the lung", "[fever] of the [lung]"),
        ('"lung fever"', "fever of the lung; lung fever", "fever of the lung; [lung fever]"),
        ("a AND NOT fever", "a fever", "[a] fever"),
        ("EXPANSION[None]Fever", "fever Fever FEVER", "fever [Fever] FEVER"),
        ("COVERAGE[StartsWith]fever", "fever and fever", "[fever] and fever"),
        ("COVERAGE[EndsWith]fever", "fever and fever", "fever and [fever]"),
        ("AREA[Phase]PHASE2", "phase 2", "phase 2"),
        ("fever", "", ""),
        ("*", "a * b", "a * b"),
        ("fever", "&lt;fever&gt;", "&lt;[fever]&gt;"),
    ],
)
def test_what_is_highlighted(query, text, expected):
    assert marked({"query.term": query}, text) == expected


def test_only_what_is_asked_of_the_field():
    params = {"query.locn": "Boston", "query.cond": "fever"}
    assert marked(params, "fever in Boston", "LocationCity") == "fever in [Boston]"
    assert marked(params, "fever in Boston", "Condition") == "[fever] in Boston"
    assert marked(params, "fever in Boston") == "[fever] in [Boston]"


def test_filters_are_highlighted_too_and_nothing_without_words():
    assert marked({"filter.advanced": "AREA[Condition]fever"}, "a fever", "Condition") == "a [fever]"
    assert marked({"filter.overallStatus": "RECRUITING"}, "recruiting") == "recruiting"
    assert marked({}, "fever") == "fever"


def test_overlapping_spans_become_one():
    assert merged([(5, 9), (0, 3), (2, 4), (9, 12)]) == [(0, 4), (5, 12)]
    assert merged([]) == []
