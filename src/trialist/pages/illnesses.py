"""Which illnesses are counted most: headings that name none are passed over where a few stand for all."""

from __future__ import annotations

from dataclasses import replace

from trialist.query.facets import Facet
from trialist.vocabulary.headings import illness_attributes


def asking_for(most: int) -> int:
    """How many values of the facet of conditions are to be counted, so that as many as these name an illness."""
    return most + len(illness_attributes())


def illnesses(facet: Facet, most: int) -> Facet:
    """The facet with its most frequent illnesses, and every heading that is asked for; the others are among those not shown."""
    passed_over = illness_attributes()
    named = tuple(one for one in facet.counts if one.is_chosen or one.value not in passed_over)
    return replace(facet, counts=named[:most])
