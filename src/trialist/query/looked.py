"""Where an area looks: its fields with their weights and whether synonyms count there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from trialist.index.layout import FieldKind, kinds
from trialist.index.postings import Sought
from trialist.query.areas import ValueKind, kind_of, resolve_area
from trialist.record.catalogue import Field, fields_by_piece


@dataclass(frozen=True, slots=True)
class Looked:
    """One field an area looks in; `weight` is 0 to 1.

    `sought` says the same to the index, for two groups of words: those that count where synonyms do, and the others.
    """

    field: Field
    weight: float
    synonyms: bool
    kind: FieldKind
    sought: Sought

    @property
    def piece(self) -> str:
        """The field's piece."""
        return self.field.piece


@cache
def looked_in(name: str) -> tuple[Looked, ...]:
    """The fields of an area, piece or path that a term is looked for in: texts, ids and enumerations."""
    target = resolve_area(name)
    if target.area is None:
        pairs = [(field, 1.0, field.synonyms) for field in target.fields]
    else:
        pairs = [
            (fields_by_piece()[piece], part.weight, part.synonyms)
            for part in target.area.parts
            for piece in part.pieces
        ]
    searched = (ValueKind.TEXT, ValueKind.NCT_ID, ValueKind.ENUM)
    return tuple(
        Looked(field, weight, synonyms, kinds()[field.piece], Sought(field.piece, weight, int(not synonyms)))
        for field, weight, synonyms in pairs
        if kind_of(field) in searched
    )
