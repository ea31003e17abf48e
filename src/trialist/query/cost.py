"""What a request will cost, estimated before anything is looked up, so that no query can block a machine.

Two things take time: every sequence of words is looked for in every field of its area, and where a sequence's rarest word
stands, the others are looked for.
"""

from __future__ import annotations

from collections.abc import Callable

from trialist.errors import LimitExceededError
from trialist.query.areas import ValueKind, resolve_area
from trialist.query.context import Context, within
from trialist.query.looked import looked_in
from trialist.query.nodes import Area, Covered, Document, Expanded, Node, SearchIn, Term, Tilt, operands_of
from trialist.query.wanted import Part, expand_term
from trialist.vocabulary.thesaurus import Thesaurus, Words

MOST_COST = 60_000
"""The dearest request that is answered; one unit is at most about ten microseconds."""

Count = Callable[[str], int]
"""How many postings a folded word has in all fields."""

_POSTINGS = 2_500
"""So many postings are gone through for one unit."""
_MANY_FIELDS = 40
"""An area of so many fields has about all the postings of a word."""

_NODE = 10
_TERM = 40
_SITES = 8


def check_cost(
    nodes: list[tuple[Node, str]], thesaurus: Thesaurus, most: int = MOST_COST, count: Count = lambda _: 0
) -> int:
    """What a request will cost; `LimitExceededError` when it is more than `most`. Nodes come with their terms' area."""
    cost = 0
    waiting = [(node, Context(area), 1) for node, area in nodes]
    while waiting:
        node, context, factor = waiting.pop()
        cost += factor * (
            _TERM + term_cost(node, context, thesaurus, count) if isinstance(node, Term) else _NODE
        )
        if cost > most:
            raise LimitExceededError(
                f"this query asks for too much: it would cost more than {most:,} units",
                hint="Ask for fewer terms at once, in a smaller area, or with EXPANSION[Term].",
            )
        if isinstance(node, Area | Covered | Expanded | Tilt):
            context = within(node, context)
        elif isinstance(node, SearchIn):
            factor = _SITES if node.document is Document.LOCATION else 1
        waiting.extend((one, context, factor) for one in operands_of(node))
    return cost


def term_cost(node: Term, context: Context, thesaurus: Thesaurus, count: Count = lambda _: 0) -> int:
    """What looking for one term costs: sequences times fields, and the postings of its words."""
    if resolve_area(context.area).kind not in (ValueKind.TEXT, ValueKind.NCT_ID, ValueKind.MIXED):
        return 1
    wanted = expand_term(
        node.text,
        quoted=node.quoted,
        expansion=context.expansion,
        coverage=context.coverage,
        thesaurus=thesaurus,
    )
    sequences = len(wanted.phrases) + bool(wanted.exact) + sum(map(_part_cost, wanted.parts))
    fields = len(looked_in(context.area))
    frequent = _rarest(wanted.words, count) + sum(_rarest(part.plain[0], count) for part in wanted.parts)
    return sequences * fields + frequent * min(fields, _MANY_FIELDS) // (_MANY_FIELDS * _POSTINGS)


def _rarest(words: Words, count: Count) -> int:
    return min(map(count, words), default=0)


def _part_cost(part: Part) -> int:
    return len(part.alternatives) + sum(map(_part_cost, part.words))
