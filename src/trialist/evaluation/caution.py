"""Where a reading is too uncertain to decide: sentences understood in part, contraindications, wrong headings.

What was read is evaluated all the same and shown; it is only the decision that is left to a reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from trialist.criteria.criterion import Criterion, Polarity
from trialist.criteria.nodes import (
    Alternatives,
    And,
    Attestation,
    Concept,
    Demographic,
    Exposure,
    Expr,
    Judgement,
    Not,
    Opaque,
    Or,
    Ordinal,
    Quantity,
    ReproState,
    atoms,
    join_all,
    mapped,
    rebuilt,
)
from trialist.criteria.nodes import Result as Test
from trialist.evaluation.answers import Answer
from trialist.evaluation.truth import Truth
from trialist.evaluation.verdict import Need, Who

# Words behind which the members of a list may be something else than alternatives of the whole sentence.
_SHAPING = re.compile(
    r"\b(?:such as|e\.?g\.?|i\.?e\.?|includ\w+|like|due to|for example|other than|unless|except\w*|which|that|who|if|when|"
    r"requiring|require[sd]?|related|secondary|caused|defined|without|not|allow\w*|permit\w*|taper\w*|"
    r"resistan\w*|refractory|fail\w*|respon\w*|exposure to|progress\w*)\b",
    re.IGNORECASE,
)
_CONTRAINDICATION = re.compile(r"contra-?indicat|intoleran|adverse", re.IGNORECASE)
_BOTH_SEXES = re.compile(
    r"\b(?:males?|men|man)\b[^.;]{0,20}\b(?:and|&|/)\s*(?:females?|wom[ae]n)|"
    r"\b(?:females?|wom[ae]n)\b[^.;]{0,60}\b(?:and|&|/)\s*(?:[\w-]+ ){0,3}(?:males?|men|man)\b",
    re.IGNORECASE,
)
_IF_POTENTIAL = re.compile(
    r"\bor,? (?:(?:women|females|those) )?(?:if,? )?(?:they are )?of child-?[ ]?bearing", re.IGNORECASE
)
_OF_BOTH = frozenset({"contraception", "refrain"})
_SURE = (Demographic, Quantity, Ordinal, ReproState, Test, Judgement, Opaque)


def as_asked(criterion: Criterion) -> Expr:
    """The expression of a criterion; where it speaks of contraindications, "no allergy" alone does not answer it."""
    expr = criterion.expr
    if _BOTH_SEXES.search(criterion.text) and any(
        isinstance(one, Attestation) and one.topic in _OF_BOTH for one in atoms(expr)
    ):
        expr = _without_lone_sexes(expr)
    if criterion.polarity is Polarity.EXCLUSION and _IF_POTENTIAL.search(criterion.text):
        expr = _with_potential_apart(expr)
    if _CONTRAINDICATION.search(criterion.text) is None:
        return expr
    return mapped(expr, _allergy_or_contraindication)


def _with_potential_apart(expr: Expr) -> Expr:
    """The expression where "pregnant, nursing or, if of childbearing potential, unwilling to …" was read as one demand.

    Whoever is pregnant or nursing is so whether or not the rest holds.
    """
    match expr:
        case Alternatives(readings):
            return Alternatives(tuple(_with_potential_apart(one) for one in readings))
        case And((Or(of) as first, *rest)) if all(isinstance(one, ReproState) for one in of) and rest:
            is_potential = isinstance(rest[0], ReproState) and rest[0].state == "child_bearing_potential"
            return Or((*first.of, And(tuple(rest)))) if is_potential else expr
        case _:
            return expr


def _without_lone_sexes(expr: Expr) -> Expr:
    """The expression with a sex that stands alone among alternatives, or what only one sex can be, taken for not understood.

    "Males and females of reproductive potential will use contraception" asks it of both, and neither asks for men nor
    excludes them.
    """
    match expr:
        case Or():
            return rebuilt(expr, _lone_sex)
        case And(of):  # what only one sex can be is said of that sex alone
            left = [_without_lone_sexes(one) for one in of if not _is_state(one)]
            return join_all(left) if left else expr
        case Not() | Alternatives():
            return rebuilt(expr, _without_lone_sexes)
        case _:
            return expr


def _is_state(expr: Expr) -> bool:
    return isinstance(expr.of if isinstance(expr, Not) else expr, ReproState)


def _lone_sex(expr: Expr) -> Expr:
    if isinstance(expr, Demographic) and expr.kind == "sex":
        return Opaque(" or ".join(expr.values), expr.span)
    return _without_lone_sexes(expr)


def _allergy_or_contraindication(atom: Expr) -> Expr:
    if not isinstance(atom, Concept) or atom.domain != "allergy":
        return atom
    said = f"a contraindication to or intolerance of {atom.surface}"
    return Or((atom, Judgement("contraindication", said, atom.span)))


def is_doubtful(criterion: Criterion, answer: Answer, decide: Callable[[Expr], Truth]) -> Need | None:
    """What has to be read before a decision on a sentence that was understood in part may stand; None where it may.

    It may stand where ages, measures, grades and tests alone decide it; where something required is known not to be; and
    where one of a plain list of alternatives is there.
    """
    if not answer.truth.is_decided or not any(isinstance(one, Opaque) for one in atoms(criterion.expr)):
        return None
    if decide(only_sure(criterion.expr)) is answer.truth:
        return None
    plain = (Concept, Exposure)
    of = criterion.expr.of if isinstance(criterion.expr, And | Or) else ()
    if isinstance(criterion.expr, And) and answer.truth is Truth.FALSE:
        is_required = criterion.polarity is Polarity.INCLUSION
        if is_required and any(isinstance(one, plain) and decide(one) is Truth.FALSE for one in of):
            return None
    is_there = any(isinstance(one, plain) and decide(one) is Truth.TRUE for one in of)
    if answer.truth is Truth.TRUE and is_there and is_plain_list(criterion):
        return None
    return Need(Who.READER, f"“{criterion.text}”", "understood in part only: has to be read")


def only_sure(expr: Expr) -> Expr:
    """The expression with everything taken for not understood but ages, measures, grades, tests and what a person says."""
    return mapped(expr, lambda one: one if isinstance(one, _SURE) else Opaque("", one.span))


def is_plain_list(criterion: Criterion) -> bool:
    """Whether a sentence is a list of alternatives without words that may make one of them something else."""
    return isinstance(criterion.expr, Or) and not _SHAPING.search(criterion.text)


def without_sexes(expr: Expr) -> Expr:
    """The expression with every sex taken for not known."""
    return mapped(
        expr, lambda one: Opaque("", one.span) if isinstance(one, Demographic) and one.kind == "sex" else one
    )


def without_promises(expr: Expr) -> Expr:
    """The expression with everything that somebody agrees to or is able to taken for not known."""
    return mapped(
        expr, lambda one: Opaque("", one.span) if isinstance(one, Attestation) and one.affirmed else one
    )


def left_open(answer: Answer, need: Need) -> Answer:
    """An answer that is not taken for one, with what has to be read."""
    words = (*answer.words, need.why)
    return replace(answer, truth=Truth.UNKNOWN, words=words, needs=(need,), is_conflict=False)
