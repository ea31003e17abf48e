"""What holds for a node of a query by the operators around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from trialist.query.areas import resolve_area
from trialist.query.nodes import Area, Coverage, Covered, Expanded, Expansion, Range, Tilt
from trialist.record.derived import counted_lists


@dataclass(frozen=True, slots=True)
class Context:
    """What holds for a node: where its terms look, how they are expanded, how much of a value they cover."""

    area: str
    expansion: Expansion = Expansion.RELAXATION
    coverage: Coverage = Coverage.CONTAINS
    size: bool = False


def within(node: Area | Covered | Expanded | Tilt, context: Context) -> Context:
    """The context of a node's operand."""
    match node:
        case Area(area, _, size):
            return Context(area, context.expansion, context.coverage, size)
        case Covered(coverage):
            return Context(context.area, context.expansion, coverage, context.size)
        case Expanded(expansion):
            return Context(context.area, expansion, context.coverage, context.size)
        case Tilt():
            return context
        case _:
            assert_never(node)


def pieces_of(context: Context) -> list[str]:
    """The fields that hold the values of an area: the lengths of a list, a structure itself, else all it looks in."""
    target = resolve_area(context.area)
    if context.size:
        return [counted_lists()[single_piece(context)]]
    if target.field is not None and target.field.is_struct:
        return [target.field.piece]
    return [field.piece for field in target.fields]


def single_piece(context: Context) -> str:
    """The piece of an area that is one field."""
    target = resolve_area(context.area)
    if target.field is None:
        raise ValueError(f"{context.area} is no single field")
    return target.field.piece


def is_has_value(node: Range) -> bool:
    """Whether a range is open at both ends: there is a value."""
    return node.lower is None and node.upper is None
