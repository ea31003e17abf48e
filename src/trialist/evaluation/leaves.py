"""Leaves of a net: which facts touch them, and what the judge says of one."""

from __future__ import annotations

from collections.abc import Iterable, Set
from datetime import date

from trialist.criteria.nodes import Expr
from trialist.evaluation.answers import Answer
from trialist.evaluation.codes import code_of
from trialist.evaluation.compiling import Healthy, Junction, Several
from trialist.evaluation.evaluate import answer_expr
from trialist.evaluation.fields import answer_ill
from trialist.evaluation.known import Known
from trialist.evaluation.policy import SCREENING, STRICT
from trialist.evaluation.touching import PERSONAL, keys_of_expr
from trialist.patient.facts import Patient

Node = Expr | Healthy | Junction | Several


def answer_leaf(leaf: Node, known: Known) -> Answer:
    """What the judge answers to a leaf."""
    if isinstance(leaf, Healthy):
        return answer_ill(known)
    if isinstance(leaf, Junction | Several):
        raise TypeError("a junction is no leaf")
    return answer_expr(leaf, known)


def code_of_leaf(leaf: Node, known: Known) -> int:
    """The code of what the judge answers to a leaf."""
    return code_of(answer_leaf(leaf, known))


def blank(*, is_covered: bool) -> Known:
    """A patient of whom nothing is known, or nothing in a long record."""
    day = date(2000, 1, 1)
    patient = Patient(first_seen=date(1980, 1, 1), last_seen=day)
    return Known(patient, day, SCREENING if is_covered else STRICT)


def keys_of_leaf(leaf: Node) -> frozenset[str]:
    """The keys of the facts that touch a leaf."""
    if isinstance(leaf, Healthy):
        return frozenset({PERSONAL})
    if isinstance(leaf, Junction | Several):
        raise TypeError("only expressions have keys of their own")
    return keys_of_expr(leaf)


class Touching:
    """The places of leaves by the keys of facts that touch them."""

    def __init__(self, leaves: Iterable[tuple[int, Node]]) -> None:
        self._by_key: dict[str, list[int]] = {}
        for place, leaf in leaves:
            for one in keys_of_leaf(leaf):
                self._by_key.setdefault(one, []).append(place)

    def places(self, keys: Set[str]) -> list[int]:
        """The places of all leaves that one of the keys touches."""
        return sorted({place for key in self._by_key.keys() & keys for place in self._by_key[key]})
