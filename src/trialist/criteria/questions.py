"""What the questions about the parts of a reading share: tables of them by kind, how parts are called, the words between two."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from trialist.criteria.clause import Clause
from trialist.criteria.nodes import And, Biomarker, Concept, Exposure, Expr, Ordinal, Result

Named = (Concept, Exposure)
Things = (Concept, Exposure, Result, Biomarker)
"""What can be found of somebody or given to somebody: no number, no promise, no opinion."""

_Asks = TypeVar("_Asks", bound=Callable[..., bool])


def by_kind(
    table: Sequence[tuple[str, tuple[type, ...], _Asks]],
) -> Mapping[type, Sequence[tuple[str, _Asks]]]:
    """For each kind of part the questions that are asked of it, in the order of their table: name, kinds, question."""
    kinds = {kind for _, of, _ in table for kind in of}
    return {kind: [(name, asks) for name, of, asks in table if kind in of] for kind in kinds}


def between(clause: Clause, one: Expr, other: Expr) -> str:
    """The words between two atoms."""
    first, second = getattr(one, "span", None), getattr(other, "span", None)
    if first is None or second is None or second.start < first.end:
        return ""
    places = [
        token
        for at, token in enumerate(clause.tokens)
        if first.end <= clause.span(at, at + 1).start < second.start
    ]
    return clause.text[places[0].start : places[-1].end] if places else ""


def name_of(one: Expr) -> str:
    """The id of what is named, else its words; "" for what has no name."""
    return getattr(one, "concept_id", "") or getattr(one, "surface", "").lower()


def is_graded(expr: Expr) -> bool:
    """`peripheral neuropathy > grade 1`: one disease with how bad it is, which is denied as one."""
    if not isinstance(expr, And) or len(expr.of) != 2:
        return False
    name, grade = expr.of
    return isinstance(name, Concept) and isinstance(grade, Ordinal) and grade.scale == "ctcae"
