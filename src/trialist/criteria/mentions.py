"""Which subjects a study's criteria speak of, and on which side: what facets count."""

from __future__ import annotations

from enum import IntFlag

from trialist.criteria.criterion import CriterionSet, Modality, Polarity, Population
from trialist.criteria.nodes import Atom, ExceptWhen, Expr, Not, children
from trialist.criteria.subjects import id_of, is_measured


class Side(IntFlag):
    """Where a subject is spoken of: in what includes, in what excludes, in what decides nothing (a permission, a note)."""

    INCLUSION = 1
    EXCLUSION = 2
    OTHER = 4


def mentions(found: CriterionSet) -> dict[str, Side]:
    """Subject id → sides, for what criteria of the patient speak of.

    What is measured is on the side of its criterion. A thing is on the side that having it is on: `no prior chemotherapy` under
    inclusion is an exclusion of chemotherapy.
    """
    sides: dict[str, int] = {}  # numbers until all are seen: a flag is made anew by every joint of two
    for one in found.criteria:
        if one.modality is Modality.HEADER or one.population is not Population.PATIENT:
            continue
        if not one.counts and one.modality is Modality.REQUIRED:
            continue
        includes = one.polarity is Polarity.INCLUSION
        for atom, straight in _signed(one.expr, straight=True):
            subject = id_of(atom)
            if not subject:
                continue
            side = Side.INCLUSION if includes is (straight or is_measured(subject)) else Side.EXCLUSION
            if one.modality is not Modality.REQUIRED:
                side = Side.OTHER
            sides[subject] = sides.get(subject, 0) | side.value
    return {subject: Side(side) for subject, side in sides.items()}


def _signed(expr: Expr, *, straight: bool) -> list[tuple[Atom, bool]]:
    """Every atom, and whether it stands under an even number of negations."""
    below = children(expr)
    if not below:
        return [(expr, straight)]  # type: ignore[list-item]  # an expression without parts is an atom
    match expr:
        case Not(of):
            return _signed(of, straight=not straight)
        case ExceptWhen(main, exception):
            return [*_signed(main, straight=straight), *_signed(exception, straight=not straight)]
        case _:
            return [said for one in below for said in _signed(one, straight=straight)]
