"""How many of the studies found have criteria about each variable, disease, drug: facets with polarity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialist.errors import NotBuiltError
from trialist.query.criterion_areas import label_of, spoken_of
from trialist.query.facets import CRITERION_FACETS, Facet, FacetCount
from trialist.query.hits import Selection
from trialist.query.nodes import Area, Node, Term, walk


def count_criterion_facet(selection: Selection, name: str, most: int) -> Facet:
    """The subjects that the criteria of a selection's studies speak of, most first, then by id.

    `NotBuiltError` where the criteria have not been parsed. `missing` are the studies that speak of none, or are not parsed.
    """
    area, table = CRITERION_FACETS[name], selection.criteria
    if table is None:
        raise NotBuiltError("the criteria have not been parsed", hint="Parse them: trialist index")
    left_out = tuple(node for node in selection.query.filters if _areas(node) == {area})
    masks = selection.masks_without(lambda node: node in left_out)
    among = np.sort(
        np.concatenate(
            [
                one.segment.nct[mask & one.with_criteria]
                for one, mask in zip(selection.evaluations, masks, strict=True)
            ]
        )
    )
    with_any = np.zeros(len(among), dtype=bool)
    counts: list[tuple[str, int]] = []
    for subject, numbers in spoken_of(table, area).items():
        at = _places(among, numbers)
        with_any[at] = True
        if len(at):
            counts.append((subject, len(at)))
    counts.sort(key=lambda pair: (-pair[1], pair[0]))
    studies = int(sum(np.count_nonzero(mask) for mask in masks))
    asked = {one.text for node in left_out for one in walk(node) if isinstance(one, Term)}
    rows = tuple(
        FacetCount(
            subject, count, label_of(subject), Area(area, Term(subject, quoted=True)), subject in asked
        )
        for subject, count in counts[:most]
    )
    return Facet(name, area, rows, studies, studies - int(with_any.sum()), len(counts), left_out)


def _areas(node: Node) -> set[str]:
    return {one.area for one in walk(node) if isinstance(one, Area)}


def _places(among: NDArray[np.uint32], numbers: NDArray[np.uint32]) -> NDArray[np.intp]:
    """Where those of the numbers stand that are among others; both ascending."""
    if not len(among):
        return np.empty(0, dtype=np.intp)
    at = np.searchsorted(among, numbers)
    at[at == len(among)] = 0
    found: NDArray[np.intp] = at[among[at] == numbers]
    return found
