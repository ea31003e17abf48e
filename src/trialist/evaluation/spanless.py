"""Expressions without their places in a text, so that what says the same is equal."""

from __future__ import annotations

from dataclasses import replace

from trialist.criteria.nodes import (
    Alternatives,
    And,
    AtLeast,
    Attestation,
    Concept,
    ExceptWhen,
    Expr,
    Not,
    Or,
    Span,
    Trialwise,
)
from trialist.evaluation.persons import OF_MANY, words_asked

_NOWHERE = Span(0, 0)


def spanless(expr: Expr) -> Expr:
    """The expression with every place set to the beginning of the text."""
    match expr:
        case And(of):
            return And(tuple(map(spanless, of)))
        case Or(of):
            return Or(tuple(map(spanless, of)))
        case AtLeast(count, of):
            return AtLeast(count, tuple(map(spanless, of)))
        case Not(of):
            return Not(spanless(of))
        case ExceptWhen(main, exception):
            return ExceptWhen(spanless(main), spanless(exception))
        case Alternatives(readings):
            return Alternatives(tuple(map(spanless, readings)))
        case Attestation() if (
            expr.topic in OF_MANY
        ):  # its words say which of them is asked, in whatever order
            return replace(expr, span=_NOWHERE, surface=" ".join(sorted(words_asked(expr.surface))))
        case Attestation() | Trialwise():  # what is known of one is known by its topic
            return replace(expr, span=_NOWHERE, surface="")
        case Concept() if expr.domain == "allergy":  # what it is called is not asked
            return replace(expr, span=_NOWHERE, method="")
        case _:
            return replace(expr, span=_NOWHERE)
