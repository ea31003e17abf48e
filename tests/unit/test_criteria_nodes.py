"""Walks over expressions: what is below, every part, every atom, and the same expression with something changed."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from trialist.criteria import render
from trialist.criteria.nodes import (
    Alternatives,
    And,
    AtLeast,
    Atom,
    Concept,
    ExceptWhen,
    Expr,
    Not,
    Or,
    Span,
    atoms,
    children,
    conjuncts,
    mapped,
    nodes,
    rebuilt,
)

NOWHERE = Span(0, 0)
A, B, C = (Concept("condition", name, NOWHERE) for name in "abc")


def louder(atom: Expr) -> Expr:
    assert isinstance(atom, Concept)
    return replace(atom, surface=atom.surface.upper())


UP = {one: louder(one) for one in (A, B, C)}
EACH_KIND: list[tuple[Expr, Expr]] = [
    (And((A, B)), And((UP[A], UP[B]))),
    (Or((A, B, C)), Or((UP[A], UP[B], UP[C]))),
    (AtLeast(2, (A, B, C)), AtLeast(2, (UP[A], UP[B], UP[C]))),
    (Not(A), Not(UP[A])),
    (ExceptWhen(A, B), ExceptWhen(UP[A], UP[B])),
    (Alternatives((A, B)), Alternatives((UP[A], UP[B]))),
    (A, UP[A]),
]
JUNCTIONS = set(get_args(Expr)) - set(get_args(Atom))


def test_each_kind_of_junction_is_walked_here():
    assert {type(before) for before, _ in EACH_KIND} == {*JUNCTIONS, Concept}


@pytest.mark.parametrize("before, after", EACH_KIND)
def test_every_atom_is_changed_and_joined_as_before(before: Expr, after: Expr):
    assert mapped(before, louder) == after
    assert mapped(before, lambda atom: atom) == before
    below = mapped(AtLeast(1, (Not(before), ExceptWhen(C, before))), louder)
    assert below == AtLeast(1, (Not(after), ExceptWhen(UP[C], after)))


@pytest.mark.parametrize("before, after", EACH_KIND[:-1])
def test_what_is_directly_below_is_changed_and_nothing_deeper(before: Expr, after: Expr):
    assert rebuilt(before, louder) == after
    seen: list[Expr] = []
    rebuilt(Not(before), lambda one: seen.append(one) or A)
    assert seen == [before]


def test_an_atom_has_nothing_below_that_could_be_changed():
    assert rebuilt(A, louder) is A


def test_an_atom_may_become_a_junction_and_is_not_opened():
    assert mapped(Or((A, B)), lambda atom: Or((atom, C)) if atom == A else atom) == Or((Or((A, C)), B))


@pytest.mark.parametrize("expr", [before for before, _ in EACH_KIND])
def test_what_is_below_every_part_and_every_atom_agree(expr: Expr):
    assert list(nodes(expr)) == [expr, *children(expr)]
    assert list(atoms(expr)) == [one for one in nodes(expr) if not children(one)]
    assert list(atoms(Not(Or((C, expr))))) == [C, *atoms(expr)]


def test_every_kind_is_said_in_words():
    assert set(render._SAID) == set(get_args(Expr))


def test_what_has_to_hold_together():
    assert conjuncts(And((A, Or((B, C))))) == (A, Or((B, C)))
    assert conjuncts(Or((A, B))) == (Or((A, B)),)
    assert conjuncts(A) == (A,)
