"""What belongs to a whole reading and is seen only once it stands: a suspicion of all, one sex, a definition in parentheses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from trialist.criteria.as_said import with_allergies_as_said, with_others
from trialist.criteria.clause import Clause
from trialist.criteria.lasting import with_duration
from trialist.criteria.lexicon import SEXES
from trialist.criteria.nodes import (
    KNOWN_OR_SUSPECTED,
    Alternatives,
    And,
    Attestation,
    Concept,
    Demographic,
    Expr,
    Not,
    Opaque,
    Or,
    Quantity,
    ReproState,
    atoms,
    join_any,
    rebuilt,
)
from trialist.criteria.piece import Piece
from trialist.criteria.promises import with_their_words
from trialist.criteria.times_above import with_time_above

_KNOWN_OR_SUSPECTED = re.compile(
    r"\W*(?:\w+ ){0,3}?(?:a |any )?(?:known|diagnosed|confirmed|documented|proven|suspected) ?(?:or|and/or|and|/) ?(?:suspected|known|diagnosed|confirmed|documented|proven)\b",
    re.IGNORECASE,
)
_NO_HISTORY = re.compile(
    r"^\W*(?:\w+ ){0,4}(?:no|without|not|never)\b(?: \w+){0,3} history of\b|^\W*no (?:known )?(?:prior|previous)\b(?! or| and|/)",
    re.IGNORECASE,
)
_DIAGNOSED = re.compile(
    r"\b(?:diagnosed|diagnosis (?:of|made|within|in))\b(?! (?:condition|disease)s?\b)", re.IGNORECASE
)
_SURE = frozenset({"known", "diagnosed", "confirmed", "documented", "proven", "suspected"})
_NEAR_THE_START = 3  # tokens


def completed(clause: Clause, pieces: Sequence[Piece], expr: Expr) -> Expr:
    """A reading with what its words say of all of it and no piece of them alone; the most of it where all was understood."""
    expr = with_their_words(clause, pieces, expr)
    expr = with_others(clause, pieces, with_allergies_as_said(clause, pieces, expr))
    if Opaque in map(type, atoms(expr)):
        return expr
    expr = with_past_or_present(clause, with_suspicion(clause, of_one_sex(clause, expr)))
    expr = with_current_pregnancy(clause, with_diagnosis(clause, with_history(clause, expr)))
    return with_time_above(clause, with_duration(clause, pieces, expr))


def with_suspicion(clause: Clause, expr: Expr) -> Expr:
    """`known or suspected A or B`, `known or suspected allergy to C`: said once, of all that stands behind it."""
    if clause.words.isdisjoint(_SURE) or not _KNOWN_OR_SUSPECTED.match(clause.said(0, len(clause.tokens))):
        return expr
    if isinstance(expr, Concept):
        return expr if expr.certainty else replace(expr, certainty=KNOWN_OR_SUSPECTED)
    if isinstance(expr, Or) and all(isinstance(one, Concept) for one in expr.of):
        of: list[Any] = [with_suspicion(clause, one) for one in expr.of]
        return Or(tuple(of))
    return expr


def _speaks_of_a_diagnosis(clause: Clause) -> bool:
    words = clause.words
    if not clause.text.isascii() or "diagnosed" in words or "diagnosis" in words:
        return _DIAGNOSED.search(clause.said(0, len(clause.tokens))) is not None
    return False


def with_history(clause: Clause, expr: Expr) -> Expr:
    """`no history of heart failure`: what is denied is that it ever was."""
    if not isinstance(expr, Not) or not _NO_HISTORY.search(clause.said(0, len(clause.tokens))):
        return expr
    if isinstance(expr.of, Concept):
        return Not(_of_old(expr.of))
    if isinstance(expr.of, And) and isinstance(
        expr.of.of[0], Concept
    ):  # `no history of a disorder that would preclude it`
        return Not(And((_of_old(expr.of.of[0]), *expr.of.of[1:])))
    if isinstance(expr.of, Or) and all(isinstance(one, Concept) or _are_names(one) for one in expr.of.of):
        of: list[Any] = [_each_of_old(one) for one in expr.of.of]
        return Not(Or(tuple(of)))
    return expr


def _are_names(one: Expr) -> bool:
    """`(uncontrolled) arrhythmia`, of which the adjective is left open."""
    return isinstance(one, Alternatives) and all(isinstance(reading, Concept) for reading in one.readings)


def _each_of_old(one: Expr) -> Expr:
    if isinstance(one, Alternatives):
        readings: list[Any] = [_each_of_old(reading) for reading in one.readings]
        return Alternatives(tuple(readings))
    return _of_old(one) if isinstance(one, Concept) else one


# `history or presence of A or B`: of all that stands behind it
_PAST_OR_PRESENT = re.compile(
    r"\W*(?:\w+ ){0,3}?(?:history|evidence|presence|diagnosis)(?: of)? ?(?:or|and/or|and|/) ?(?:\w+ )?(?:history|evidence|presence|diagnosis) of\b",
    re.IGNORECASE,
)


def with_past_or_present(clause: Clause, expr: Expr) -> Expr:
    """`history or presence of A or B`: of the others as well, where it was put on the first."""
    if not isinstance(expr, Or) or not all(isinstance(one, Concept) for one in expr.of):
        return expr
    first = expr.of[0]
    if not isinstance(first, Concept) or first.temporality != "any":
        return expr
    if not _PAST_OR_PRESENT.match(clause.said(0, len(clause.tokens))):
        return expr
    of: list[Any] = [
        one if getattr(one, "temporality", "") else replace(one, temporality="any")
        for one in expr.of
        if isinstance(one, Concept)
    ]
    return Or(tuple(of))


# `current or planned pregnancy`: the noun behind the plan is of both
_NOW_OR_PLANNED = re.compile(
    r"\b(?:current|currently|present|presently|existing|actual|ongoing) ?(?:or|and/or|/|,) ?(?:are |is )?(?:planned|planning|plans?|intended|intending|desired|wished)\b[^.;,]{0,30}\bpregnan",
    re.IGNORECASE,
)


def with_current_pregnancy(clause: Clause, expr: Expr) -> Expr:
    """`current or planned pregnancy`: whoever is pregnant already as well."""
    states = {one.state: one for one in atoms(expr) if isinstance(one, ReproState)}
    if "planning_pregnancy" not in states or "pregnant" in states:
        return expr
    if not _NOW_OR_PLANNED.search(clause.said(0, len(clause.tokens))):
        return expr
    return _or_pregnant(expr)


def _or_pregnant(expr: Expr) -> Expr:
    match expr:
        case ReproState("planning_pregnancy"):
            return Or((replace(expr, state="pregnant", time=None), expr))
        case Or(of):
            return join_any([_or_pregnant(one) for one in of])
        case And() | Not():
            return rebuilt(expr, _or_pregnant)
        case _:
            return expr


def _of_old(one: Concept) -> Concept:
    return one if one.temporality or one.domain != "condition" else replace(one, temporality="history")


def with_diagnosis(clause: Clause, expr: Expr) -> Expr:
    """`diagnosed with cancer in the past 6 months`: the time is that of the diagnosis, which stands beside it."""
    if not _speaks_of_a_diagnosis(clause):
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
    return _speaks_of_a_diagnosis(clause) and any(
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


def with_time_of_one(expr: Expr) -> Expr:
    """`unstable angina, infarction within 6 months, arrhythmia`: the time of all before it, or of the one alone."""
    members = [one for one in expr.of if isinstance(one, Concept)] if isinstance(expr, Or) else []
    if not isinstance(expr, Or) or len(members) < len(expr.of):
        return expr
    times = [one.time for one in members]
    timed = [at for at, one in enumerate(times) if one is not None and one.length is not None]
    shared = len(timed) > 1 and timed == list(range(timed[-1] + 1)) and len({times[at] for at in timed}) == 1
    if not shared or timed[-1] + 1 == len(times):
        return expr
    alone: list[Any] = [replace(one, time=None) if at < timed[-1] else one for at, one in enumerate(members)]
    return Alternatives((expr, Or(tuple(alone))))


def with_its_definition(clause: Clause, expr: Expr) -> Expr:
    """`renal insufficiency (clearance < 60)`: whoever is below, or below and known to have it; what both say is decided."""
    if isinstance(expr, Or) and any(isinstance(one, And) for one in expr.of):
        of: list[Any] = [with_its_definition(clause, one) for one in expr.of]
        return Or(tuple(of))
    if not isinstance(expr, And) or len(expr.of) != 2:
        return expr
    name, limit = expr.of
    limits = list(atoms(limit))
    if not isinstance(name, Concept) or name.domain != "condition":
        return expr
    if not all(isinstance(one, Quantity) and _is_in_parentheses(clause, one) for one in limits[:1]):
        return expr
    return Alternatives((limit, expr)) if all(isinstance(one, Quantity) for one in limits) else expr


def _is_in_parentheses(clause: Clause, limit: Quantity) -> bool:
    before = [
        token.text
        for at, token in enumerate(clause.tokens)
        if clause.span(at, at + 1).end <= limit.span.start
    ]
    if "defined" in before:
        return True
    opened = "(" in before[-5:]
    return opened and ")" not in before[len(before) - before[::-1].index("(") :]
