"""Expressions without their places in a text, so that what says the same is equal."""

from __future__ import annotations

from dataclasses import replace

from trialist.criteria.nodes import (
    Atom,
    Attestation,
    Concept,
    Expr,
    Span,
    Trialwise,
    mapped,
)
from trialist.evaluation.persons import OF_MANY, words_asked

_NOWHERE = Span(0, 0)


def spanless(expr: Expr) -> Expr:
    """The expression with every place set to the beginning of the text."""
    return mapped(expr, _without_place)


def _without_place(atom: Atom) -> Expr:
    match atom:
        case Attestation() if atom.topic in OF_MANY:
            # its words say which of them is asked, in whatever order
            return replace(atom, span=_NOWHERE, surface=" ".join(sorted(words_asked(atom.surface))))
        case Trialwise("study_part"):  # its words say which part
            return replace(atom, span=_NOWHERE)
        case Attestation() | Trialwise():  # what is known of one is known by its topic
            return replace(atom, span=_NOWHERE, surface="")
        case Concept() if atom.domain == "allergy":  # what it is called is not asked
            return replace(atom, span=_NOWHERE, method="")
        case _:
            return replace(atom, span=_NOWHERE)
