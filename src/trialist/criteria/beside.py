"""What belongs to a whole reading and is seen only once it stands: a suspicion of all, one sex, a definition in parentheses."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from trialist.criteria.clause import Clause
from trialist.criteria.lexicon import SEXES
from trialist.criteria.nodes import (
    KNOWN_OR_SUSPECTED,
    Alternatives,
    And,
    Attestation,
    Concept,
    Demographic,
    Expr,
    Or,
    Quantity,
    atoms,
)

_KNOWN_OR_SUSPECTED = re.compile(
    r"\W*(?:\w+ ){0,3}?(?:a |any )?(?:known|diagnosed|confirmed|documented|proven|suspected) ?(?:or|and/or|/) ?(?:suspected|known|diagnosed|confirmed|documented|proven)\b",
    re.IGNORECASE,
)
_DIAGNOSED = re.compile(
    r"\b(?:diagnosed|diagnosis (?:of|made|within|in))\b(?! (?:condition|disease)s?\b)", re.IGNORECASE
)
_NEAR_THE_START = 3  # tokens


def with_suspicion(clause: Clause, expr: Expr) -> Expr:
    """`known or suspected A or B`, `known or suspected allergy to C`: said once, of all that stands behind it."""
    if not _KNOWN_OR_SUSPECTED.match(clause.said(0, len(clause.tokens))):
        return expr
    if isinstance(expr, Concept):
        return expr if expr.certainty else replace(expr, certainty=KNOWN_OR_SUSPECTED)
    if isinstance(expr, Or) and all(isinstance(one, Concept) for one in expr.of):
        of: list[Any] = [with_suspicion(clause, one) for one in expr.of]
        return Or(tuple(of))
    return expr


def with_diagnosis(clause: Clause, expr: Expr) -> Expr:
    """`diagnosed with cancer in the past 6 months`: the time is that of the diagnosis, which stands beside it."""
    if not _DIAGNOSED.search(clause.said(0, len(clause.tokens))):
        return expr
    if isinstance(expr, Or) and all(isinstance(one, Concept) for one in expr.of):
        of: list[Any] = [_diagnosed(one) for one in expr.of if isinstance(one, Concept)]
        return Or(tuple(of))
    return _diagnosed(expr) if isinstance(expr, Concept) else expr


def _diagnosed(one: Concept) -> Concept:
    is_dated = one.time is not None and one.time.length is not None and one.domain == "condition"
    return replace(one, status=(*one.status, "diagnosed")) if is_dated and not _says_diagnosed(one) else one


def _says_diagnosed(one: Concept) -> bool:
    return any("diagnosed" in word for word in one.status)


def dates_a_diagnosis(clause: Clause, expr: Expr) -> bool:
    """Whether the time of a diagnosis was read as the time of the disease."""
    return _DIAGNOSED.search(clause.said(0, len(clause.tokens))) is not None and any(
        isinstance(one, Concept)
        and one.time is not None
        and one.time.length is not None
        and one.domain == "condition"
        and not _says_diagnosed(one)
        for one in atoms(expr)
    )


def of_one_sex(clause: Clause, expr: Expr) -> Expr:
    """`females not using contraception`: of whom alone a promise is asked, where nothing else says it."""
    if not isinstance(expr, Attestation) or not clause.excludes:
        return expr
    named = [at for at, token in enumerate(clause.tokens) if token.text in SEXES]
    sexes = {SEXES[clause.tokens[at].text] for at in named}
    if len(sexes) != 1 or named[0] > _NEAR_THE_START or len(named) > 1:
        return expr
    return And((Demographic("sex", clause.span(named[0], named[0] + 1), values=(sexes.pop(),)), expr))


def with_its_definition(clause: Clause, expr: Expr) -> Expr:
    """`renal insufficiency (clearance < 60)`: whoever is below, or below and known to have it; what both say is decided."""
    if isinstance(expr, Or) and any(isinstance(one, And) for one in expr.of):
        of: list[Any] = [with_its_definition(clause, one) for one in expr.of]
        return Or(tuple(of))
    if not isinstance(expr, And) or len(expr.of) != 2:
        return expr
    name, limit = expr.of
    if not isinstance(name, Concept) or name.domain != "condition" or not isinstance(limit, Quantity):
        return expr
    if not _is_in_parentheses(clause, limit):
        return expr
    return Alternatives((limit, expr))


def _is_in_parentheses(clause: Clause, limit: Quantity) -> bool:
    before = [
        token.text
        for at, token in enumerate(clause.tokens)
        if clause.span(at, at + 1).end <= limit.span.start
    ]
    opened = "(" in before[-5:]
    return opened and ")" not in before[len(before) - before[::-1].index("(") :]
