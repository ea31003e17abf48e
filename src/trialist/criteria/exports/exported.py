"""What an export is: a document, and all that it could not say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trialist.criteria.criterion import Criterion, CriterionSet, Modality, Population


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that a form cannot say, or says less of: of which criterion ("" of all), and what."""

    criterion: str
    what: str


@dataclass(frozen=True, slots=True)
class Exported:
    """A document (text, or values that JSON can hold) and what it does not represent."""

    document: Any
    left_out: tuple[LeftOut, ...]


def decisive(found: CriterionSet, left_out: list[LeftOut]) -> Iterator[Criterion]:
    """The criteria that decide by themselves; why each other one is not among them goes to `left_out`.

    A part of a list that decides through its parent is in its parent, and is nothing left out.
    """
    if not found.available:
        left_out.append(
            LeftOut("", "the study has no eligibility text: nothing is known of who may take part")
        )
    for one in found.criteria:
        if one.modality is Modality.HEADER:
            continue
        if one.modality is not Modality.REQUIRED:
            left_out.append(LeftOut(one.id, f"a {one.modality} statement decides nothing: {one.plain}"))
        elif one.population is not Population.PATIENT:
            left_out.append(
                LeftOut(one.id, f"speaks of the {one.population}, not of the patient: {one.plain}")
            )
        elif one.counts:
            yield one
    left_out.extend(
        LeftOut("", f"text in no criterion: {one.text.strip()}")
        for one in found.residue
        if one.kind == "text"
    )
