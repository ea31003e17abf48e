"""Nodes → query text: the one spelling of a query, which `parse_query` reads back as the same nodes.

The text stands under the same default area as the query it was made from. One node has no spelling: `All` directly
under an enumeration that has a value ALL (`AREA[Sex]ALL` is that value); it is written as `ALL` all the same.
"""

from __future__ import annotations

from typing import assert_never

from trialist.query.lexer import KEYWORDS, SPECIAL
from trialist.query.nodes import (
    AgeBound,
    All,
    And,
    Area,
    Bound,
    Covered,
    DateBound,
    Distance,
    Expanded,
    Missing,
    Node,
    Not,
    NumberBound,
    Or,
    Range,
    SearchIn,
    Term,
    TermBound,
    Tilt,
)


def render_query(node: Node) -> str:
    """The text of a query."""
    match node:
        case And(operands):
            return " AND ".join(_operand(one) for one in operands)
        case Or(operands):
            return " OR ".join(_operand(one, And) for one in operands)
        case Not(operand):
            return f"NOT {_operand(operand)}"
        case Area(area, operand, size):
            return f"AREA[{area}{':size' if size else ''}]{_operand(operand)}"
        case SearchIn(document, operand):
            return f"SEARCH[{document}]{_operand(operand)}"
        case Covered(coverage, operand):
            return f"COVERAGE[{coverage}]{_operand(operand)}"
        case Expanded(expansion, operand):
            return f"EXPANSION[{expansion}]{_operand(operand)}"
        case Tilt(area, operand):
            return f"TILT[{area}]{_operand(operand)}"
        case _:
            return _source(node)


def _operand(node: Node, bare: type[And] | None = None) -> str:
    """An operand, in parentheses where it is AND or OR and not of the kind that binds tighter."""
    is_joined = isinstance(node, And | Or) and not (bare is not None and isinstance(node, bare))
    return f"({render_query(node)})" if is_joined else render_query(node)


def _source(node: Term | Missing | All | Range | Distance) -> str:
    match node:
        case Term(text, quoted):
            return render_phrase(text) if quoted else render_words(text)
        case Missing():
            return "MISSING"
        case All():
            return "ALL"
        case Range(lower, upper):
            return f"RANGE[{_bound(lower, 'MIN')},{_bound(upper, 'MAX')}]"
        case Distance(lat, lon, radius, unit):
            return f"DISTANCE[{lat:f},{lon:f},{radius:f}{unit}]"
        case _:
            assert_never(node)


def render_phrase(text: str) -> str:
    """A phrase in quotes, its own quotes and backslashes escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def render_words(text: str) -> str:
    """Words that are read back as these words: keywords and special characters behind a backslash."""
    return " ".join(_word(word) for word in text.split(" "))


def _word(word: str) -> str:
    if word in KEYWORDS:
        return "\\" + word
    return "".join("\\" + one if one in SPECIAL else one for one in word)


def _bound(bound: Bound | None, open_end: str) -> str:
    match bound:
        case None:
            return open_end
        case DateBound(date):
            return str(date)
        case AgeBound() | NumberBound():
            return str(bound)
        case TermBound(text):
            return text
        case _:
            assert_never(bound)
