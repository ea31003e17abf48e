"""Nodes → an English sentence that says what is asked, so that people can check a query before they trust its answer.

`studies whose phase is Phase 3 and that mention “breast cancer” in conditions or disease`. Enumerations are said by
their labels, areas by the registry's names for them. AND inside OR, and OR inside AND, stand in parentheses.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import assert_never

from trialist.query.areas import CRITERION_AREAS, AreaTarget, ValueKind, resolve_area
from trialist.query.nodes import (
    AgeBound,
    All,
    And,
    Area,
    Bound,
    Coverage,
    Covered,
    DateBound,
    Distance,
    Document,
    Expanded,
    Expansion,
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
from trialist.query.operands import Scope
from trialist.query.study_query import RELEVANCE, SortKey, StudyQuery
from trialist.query.values import parse_date
from trialist.record.dates import PartialDate

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_WIDE_AREA = "BasicSearch"
_COVERED = {
    Coverage.FULL_MATCH: "as a whole value of",
    Coverage.STARTS_WITH: "at the beginning of a value of",
    Coverage.ENDS_WITH: "at the end of a value of",
    Coverage.CONTAINS: "in",
}
_EXPANDED = {
    Expansion.NONE: " (in exactly this spelling)",
    Expansion.TERM: " (or another form of the word)",
    Expansion.CONCEPT: " (or a synonym)",
    Expansion.RELAXATION: " (or a synonym, or all its parts apart)",
    Expansion.LOSSY: " (or a synonym, or some of its parts)",
}
_UNITS = {"km": "km", "mi": "miles", "m": "metres"}


def describe_query(node: Node, *, default_area: str = _WIDE_AREA) -> str:
    """What a query asks, as "studies …"; `default_area` is where terms outside of `AREA[…]` look."""
    if node == All():
        return "all studies"
    return f"studies {_clause(node, Scope(resolve_area(default_area)), True)}"


def describe_study_query(query: StudyQuery) -> str:
    """What a whole request asks and in which order, as a sentence."""
    asked = [(one.node, one.area) for one in query.queries] + [(node, _WIDE_AREA) for node in query.filters]
    clauses = []
    for node, area in asked:
        clause = _clause(node, Scope(resolve_area(area)), True)
        clauses.append(f"({clause})" if len(asked) > 1 and _is_or(node) else clause)
    said = f"Studies {' and '.join(clauses)}" if clauses else "All studies"
    if query.sort:
        said += f", sorted by {' and then by '.join(_order(key) for key in query.sort)}"
    return said + "."


def _core(node: Node) -> Node:
    """A node without what wraps it and leaves the form of its clause: the outermost AND or OR, if there is one."""
    while True:
        match node:
            case Area() | Covered() | Expanded() | SearchIn(Document.STUDY, _):
                node = node.operand
            case Not(Not(operand)):
                node = operand
            case _:
                return node


def _is_or(node: Node) -> bool:
    """Whether a node's clause has an OR at its top that another clause beside it could be taken into."""
    core = _core(node)
    return isinstance(core, Or) and not _is_list(core)


def _is_list(node: Or) -> bool:
    return all(isinstance(one, Term) for one in node.operands)


def _order(key: SortKey) -> str:
    if key.field == RELEVANCE:
        return "relevance, the least relevant first" if not key.descending else "relevance"
    target = resolve_area(key.field)
    first, last = (
        ("latest", "earliest") if target.kind in (ValueKind.DATE, ValueKind.TIME) else ("highest", "lowest")
    )
    return f"{name_of(target)}, {first if key.descending else last} first"


def name_of(target: AreaTarget) -> str:
    """An area or field in plain words: `conditions or disease`, `start date`."""
    if target.area is not None:
        label = target.area.label.removesuffix(" terms").replace(" / ", " or ")
        return _lowered(label) if label else _words(target.area.name.removesuffix("Search"))
    if target.kind is ValueKind.CRITERION:
        return _words(target.name)
    if target.field is None:
        raise ValueError("a name stands for a search area or a field")
    if target.kind is ValueKind.BOOLEAN and target.field.title:
        return f"“{target.field.title}”"
    return _words(target.field.piece)


def _words(name: str) -> str:
    parts = re.findall(
        r"[A-Z]{2,}[0-9]*(?![a-z])|[A-Z]{2,}[0-9]*(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]|[0-9]+", name
    )
    return " ".join(_lowered(part) for part in parts)


def _lowered(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _clause(node: Node, scope: Scope, holds: bool) -> str:
    """A clause that follows "studies": what a node asks or, where `holds` is false, its opposite."""
    match node:
        case And() | Or():
            return _joined(node, scope, holds)
        case Not(operand):
            return _clause(operand, scope, not holds)
        case Area(area, operand, size):
            return _clause(operand, replace(scope, target=resolve_area(area), size=size), holds)
        case Covered(coverage, operand):
            return _clause(operand, replace(scope, coverage=coverage), holds)
        case Expanded(expansion, operand):
            return _clause(operand, replace(scope, expansion=expansion), holds)
        case SearchIn(document, operand):
            inner = replace(scope, document=document)
            if document is Document.STUDY:
                return _clause(operand, inner, holds)
            have = "with one and the same location" if holds else "without any location"
            return f"{have} for which this holds: ({_clause(operand, inner, True)})"
        case Tilt(area, operand):
            return f"{_tilted(operand, scope, holds)} (preferably of {_high(area)} {name_of(resolve_area(area))})"
        case _:
            return _leaf(node, scope, holds)


def _tilted(operand: Node, scope: Scope, holds: bool) -> str:
    clause = _clause(operand, scope, holds)
    return f"({clause})" if _is_or(operand) or _is_compound(operand, in_and=False) else clause


def _high(area: str) -> str:
    return "high" if resolve_area(area).kind is ValueKind.NUMBER else "late"


def _joined(node: And | Or, scope: Scope, holds: bool) -> str:
    if isinstance(node, Or) and _is_list(node):
        return _terms([one for one in node.operands if isinstance(one, Term)], scope, holds)
    word = " and " if isinstance(node, And) else " or "
    clauses = []
    for one in node.operands:
        clause = _clause(one, scope, True)
        clauses.append(f"({clause})" if _is_compound(one, in_and=isinstance(node, And)) else clause)
    joined = word.join(clauses)
    return joined if holds else f"that are not among those ({joined})"


def _is_compound(node: Node, *, in_and: bool) -> bool:
    """Whether a clause needs parentheses inside AND, or inside OR."""
    return _is_or(node) if in_and else isinstance(_core(node), And)


def _leaf(node: Term | Missing | All | Range | Distance, scope: Scope, holds: bool) -> str:
    match node:
        case Term():
            return _terms([node], scope, holds)
        case All():
            return "of any kind" if holds else "of no kind (so none)"
        case Missing():
            return _present(scope, not holds)
        case Range(None, None):
            return _present(scope, holds)
        case Range(lower, upper):
            return f"whose {_asked(scope)} is {'' if holds else 'not '}{_span(lower, upper)}"
        case Distance(lat, lon, radius, unit):
            have = "with" if holds else "without"
            return (
                f"{have} a location within {radius:f} {_UNITS[unit]} of latitude {lat:f}, longitude {lon:f}"
            )
        case _:
            assert_never(node)


def _asked(scope: Scope) -> str:
    name = name_of(scope.target)
    return f"number of values in {name}" if scope.size else name


def _present(scope: Scope, holds: bool) -> str:
    return f"that have {'a' if holds else 'no'} value in {_asked(scope)}"


def _terms(terms: list[Term], scope: Scope, holds: bool) -> str:
    """One or several terms, any of which may hold; or, negated, none of them."""
    is_text = scope.kind in (ValueKind.TEXT, ValueKind.MIXED)
    said = [_term(term, scope) for term in terms]
    if scope.kind is ValueKind.CRITERION:
        does, does_not, _ = CRITERION_AREAS[scope.target.name]
        return f"whose criteria {does if holds else does_not} {' or '.join(said)}"
    if len(said) == 1:
        values, verb = said[0], "mention" if holds else "do not mention"
        being = "is" if holds else "is not"
    else:
        last = " or " if holds else " nor "
        values = ", ".join(said[:-1]) + last + said[-1]
        values = values if holds else f"neither {values}"
        verb, being = "mention", "is"
    if not is_text:
        return f"whose {_asked(scope)} {being} {values}"
    if scope.target.name == _WIDE_AREA and scope.coverage in (None, Coverage.CONTAINS):
        return f"that {verb} {values}"
    where = "any of their texts" if scope.target.name == _WIDE_AREA else name_of(scope.target)
    return f"that {verb} {values} {_COVERED[scope.coverage or Coverage.CONTAINS]} {where}"


def _term(term: Term, scope: Scope) -> str:
    match scope.kind:
        case ValueKind.ENUM:
            value = scope.target.enum_values.get(term.text)
            return value.label_for(scope.target.fields[0].piece) if value else term.text
        case ValueKind.CRITERION:
            return f"“{term.text.replace('_', ' ')}”"
        case ValueKind.DATE | ValueKind.TIME:
            date = parse_date(term.text)
            return _date(date, "in ") if date else term.text
        case ValueKind.TEXT | ValueKind.MIXED:
            phrase = "the phrase " if term.quoted and " " in term.text else ""
            return f"{phrase}“{term.text}”{_EXPANDED[scope.expansion] if scope.expansion else ''}"
        case _:
            return term.text


def _date(date: PartialDate, before: str) -> str:
    """A date in words; `before` stands before one that is no single day."""
    if date.day:
        return f"{date.day} {_MONTHS[date.month - 1]} {date.year}"
    return before + (f"{_MONTHS[date.month - 1]} {date.year}" if date.month else str(date.year))


def _span(lower: Bound | None, upper: Bound | None) -> str:
    if lower is not None and upper is not None:
        return f"from {_bound(lower)} to {_bound(upper)}"
    bound = lower if lower is not None else upper
    side = ("after", "least") if lower is not None else ("before", "most")
    if isinstance(bound, DateBound):
        return f"{'on' if bound.date.day else 'in'} or {side[0]} {_bound(bound)}"
    return f"at {side[1]} {_bound(bound)}"


def _bound(bound: Bound | None) -> str:
    match bound:
        case DateBound(date):
            return _date(date, "")
        case AgeBound() | NumberBound():
            return str(bound)
        case TermBound(text):
            return text
        case None:
            return "any value"
        case _:
            assert_never(bound)
