"""Counts of values: what they count, and that what is offered to narrow a search finds what was counted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from trialist.demo import generate_study
from trialist.index.live import LiveIndex
from trialist.query.facets import FACETS, count_facet, facet_piece, missing_filter
from trialist.query.hits import Selection
from trialist.query.params import read_params
from trialist.query.parse import parse_query
from trialist.query.render import render_query
from trialist.query.tallies import turn

from support.searching import number_of, select, write

STUDIES = 90
NAMES = [*FACETS, "EnrollmentCount", "MinimumAge", "Condition", "Keyword", "DesignInterventionModel"]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LiveIndex:
    """Two segments: in the second are studies that came later, and one that changed."""
    directory: Path = tmp_path_factory.mktemp("facets")
    records = [generate_study(number, seed=3) for number in range(STUDIES)]
    early = records[:-20]
    write(directory, early, {number_of(one): 1 for one in early})
    write(directory, records, {number_of(one): 2 if place == 5 else 1 for place, one in enumerate(records)})
    found = LiveIndex(directory)
    assert len(found.segments) == 2
    return found


@pytest.mark.parametrize("name", NAMES)
def test_what_is_offered_finds_what_was_counted(index: LiveIndex, name: str) -> None:
    selection = select(index, query__term="disease")
    facet = count_facet(selection, name, 40)
    assert facet.studies == selection.total
    assert facet.distinct >= len(facet.counts) > 0
    assert sum(one.count for one in facet.counts[:1]) <= facet.studies
    for one in facet.counts[:8]:
        assert one.count > 0
        assert not one.is_chosen
        assert one.filter is not None
        # The text of the filter is what a program sends back, so it is read anew.
        again = replace(selection.query, filters=(parse_query(render_query(one.filter)),))
        found = Selection(index, again, selection.evaluations[0].thesaurus)
        assert found.total == one.count, (name, one.value, render_query(one.filter))
    missing = missing_filter(facet)
    if missing is not None:
        again = replace(selection.query, filters=(missing,))
        assert Selection(index, again, selection.evaluations[0].thesaurus).total == facet.missing


@pytest.mark.parametrize(
    "asked",
    [{}, {"query__cond": "disease"}, {"filter__overallStatus": "RECRUITING"}, {"query__term": "NCT99000001"}],
)
def test_turned_fields_count_alike(index: LiveIndex, asked: dict[str, str]) -> None:
    """A field turned for a process that answers many gives what it gave as it lay."""
    straight = LiveIndex(index.directory)
    turned = LiveIndex(index.directory)
    for segment in turned.segments:
        for name in NAMES:
            turn(segment, facet_piece(name))
    for name in NAMES:
        assert count_facet(select(turned, **asked), name, 10_000) == count_facet(
            select(straight, **asked), name, 10_000
        ), name


def test_counts_do_not_depend_on_how_many_are_shown(index: LiveIndex) -> None:
    for name in NAMES:
        every = count_facet(select(index), name, 10_000)
        assert len(every.counts) == every.distinct
        few = count_facet(select(index), name, 3)
        assert few.counts == every.counts[:3]
        assert few.distinct == every.distinct
        assert count_facet(select(index), name, 0).counts == ()


def test_a_choice_is_left_out_and_marked(index: LiveIndex) -> None:
    selection = select(index, filter__overallStatus="RECRUITING", aggFilters="phase:2")
    facet = count_facet(selection, "status", 20)
    assert {one.value for one in facet.counts if one.is_chosen} == {"RECRUITING"}
    assert [render_query(node) for node in facet.left_out] == ["AREA[OverallStatus]RECRUITING"]
    assert len(facet.counts) > 1
    assert facet.studies > selection.total
    other = count_facet(selection, "type", 20)
    assert other.left_out == ()
    assert other.studies == selection.total


def test_labels(index: LiveIndex) -> None:
    labels = {one.value: one.label for name in NAMES for one in count_facet(select(index), name, 5).counts}
    assert labels["RECRUITING"] == "Recruiting"
    assert labels["true"] == "Yes"
    assert labels["18 years"] == "18 years"


def test_places_of_open_sites_are_fewer_than_places_of_sites(index: LiveIndex) -> None:
    every = {one.value: one.count for one in count_facet(select(index), "country", 500).counts}
    taking = {one.value: one.count for one in count_facet(select(index), "open-country", 500).counts}
    assert taking
    assert all(count <= every[value] for value, count in taking.items())
    assert sum(taking.values()) < sum(every.values())


def test_an_unknown_word_in_a_large_number_is_not_rounded(index: LiveIndex) -> None:
    query = read_params({})
    selection = Selection(index, query, select(index).evaluations[0].thesaurus)
    values = [one.value for one in count_facet(selection, "EnrollmentCount", 1000).counts]
    assert all(value.isdecimal() for value in values)
