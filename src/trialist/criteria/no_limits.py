"""What looks like a limit and is none: both sexes, the aim of a treatment, ages that nobody has at once."""

from __future__ import annotations

import re
from decimal import Decimal

from trialist.criteria.clause import Clause
from trialist.criteria.nodes import (
    Alternatives,
    And,
    Demographic,
    Expr,
    Opaque,
    Or,
    Quantity,
    atoms,
    join_all,
    rebuilt,
)

_BOTH = re.compile(
    r"(?:patients?|subjects?|participants?|individuals?|persons?|people)? ?(?:of )?"
    r"(?:both|all|either|any|each) (?:sex|sexes|gender|genders)"
    r"(?: (?:(?:are|is|will be|may be|can be) (?:eligible|included|accepted|allowed|enrolled|recruited|considered)|(?:may|can) (?:participate|be (?:included|enrolled)))"
    r"(?: (?:for|in|to) (?:the |this )?(?:study|trial|participation|participate|inclusion|enrollment))?)?"
)
# `60 mg furosemide to maintain a diuresis > 1 ml/kg/h`: what it is given for, not what is measured
_AIM = re.compile(
    r"\bto (?:maintain|achieve|keep|reach|obtain|ensure|attain|sustain|restore)\b[^,;:.()]{0,60}$",
    re.IGNORECASE,
)
_SEXES = frozenset({"sex", "sexes", "gender", "genders"})
_LOOKS_BACK = 90  # characters in which a verb of aiming may stand before its number


def of_both_sexes(clause: Clause) -> Expr | None:
    """Everybody, where a clause says nothing but that both sexes take part; else None."""
    if clause.excludes or clause.words.isdisjoint(_SEXES):
        return None
    said = " ".join([token.text for token in clause.tokens if token.text not in {".", ":"}])
    if _BOTH.fullmatch(said) is None:
        return None
    return Demographic("sex", clause.span(0, len(clause.tokens)), values=("male", "female"))


def without_false_limits(clause: Clause, expr: Expr) -> Expr:
    """The expression with the aims of treatments taken for words, and ages that exclude each other for alternatives."""
    if _MAY_LIMIT.isdisjoint(map(type, atoms(expr))):
        return expr
    match expr:
        case And():
            return _possible(
                rebuilt(expr, lambda one: without_false_limits(clause, _unless_aim(clause, one)))
            )
        case Or() | Alternatives():
            return rebuilt(expr, lambda one: without_false_limits(clause, one))
        case _:
            return expr


_MAY_LIMIT = frozenset({Quantity, Demographic})


def _unless_aim(clause: Clause, one: Expr) -> Expr:
    """What has to hold together with something else; an aim of that becomes its words."""
    if not isinstance(one, Quantity):
        return one
    for place, token in enumerate(clause.tokens):
        if clause.span(place, place + 1).start >= one.span.start:
            before = clause.text[max(0, token.start - _LOOKS_BACK) : token.start]
            if place == 0 or _AIM.search(before) is None:
                return one
            clause.rules.append("no_limits/aim")
            last = max(
                at + 1
                for at in range(place, len(clause.tokens))
                if at == place or clause.span(at, at + 1).end <= one.span.end
            )
            return Opaque(clause.said(place, last), one.span)
    return one


def _possible(expr: And) -> Expr:
    """Ages of several groups named one after another: nobody is of all of them, so each is an alternative."""
    ages = [one for one in expr.of if isinstance(one, Demographic) and one.kind == "age" and one.interval]
    units = {one.unit for one in ages}
    if len(ages) < 2 or len(units) != 1:
        return expr
    lower = max(
        (one.interval.lower for one in ages if one.interval and one.interval.lower is not None),
        default=Decimal(0),
    )
    uppers = [one.interval.upper for one in ages if one.interval and one.interval.upper is not None]
    if not uppers or lower <= min(uppers):
        return expr
    groups = Or(tuple(ages))
    rest = [one for one in expr.of if not any(one is other for other in ages)]
    return join_all([groups, *rest])
