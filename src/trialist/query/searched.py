"""Which fields a request looks in."""

from __future__ import annotations

from trialist.query.areas import resolve_area
from trialist.query.context import Context, within
from trialist.query.hits import FILTER_AREA
from trialist.query.nodes import Area, Covered, Expanded, Tilt, operands_of
from trialist.query.study_query import StudyQuery


def searched_pieces(query: StudyQuery) -> tuple[str, ...]:
    """The pieces of all fields that the queries and filters of a request look in, each once, in the order met."""
    waiting = [
        *((node, Context(FILTER_AREA)) for node in reversed(query.filters)),
        *((one.node, Context(one.area)) for one in reversed(query.queries)),
    ]
    found: dict[str, None] = {}
    while waiting:
        node, context = waiting.pop()
        if isinstance(node, Area | Covered | Expanded | Tilt):
            context = within(node, context)
        below = operands_of(node)
        if not below:
            found |= dict.fromkeys(field.piece for field in resolve_area(context.area).fields)
        waiting.extend((one, context) for one in reversed(below))
    return tuple(found)
