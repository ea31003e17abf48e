"""Addresses of the registry's site → the API's parameters."""

from __future__ import annotations

import pytest

from trialist.errors import InvalidParameterError
from trialist.query.params import read_params
from trialist.query.site_params import api_params

from support.cases import each_case


@each_case("site_params.toml")
def test_cases(case):
    found = api_params(case.input)
    assert found == case.expect, case.why
    read_params(found)


@pytest.mark.parametrize(
    "given",
    [
        {"bogus": "1"},
        {"query.cond": "x"},
        {"start": "2020"},
        {"start": "2020_x"},
        {"ageRange": "18"},
        {"ageRange": "1] OR ALL_"},
        {"lat": "1"},
        {"lat": "1", "lng": "x"},
        {"lat": "1", "lng": "2", "distance": "far"},
    ],
)
def test_what_cannot_be_read_is_refused(given):
    with pytest.raises(InvalidParameterError):
        api_params(given)


def test_a_place_s_name_is_a_name_and_nothing_else():
    text = api_params({"city": '" OR ALL OR "\\'})["filter.advanced"]
    query = read_params({"filter.advanced": text})
    assert "All" not in repr(query.filters)
