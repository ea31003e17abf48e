"""The terms of a query that a study should say, each with what governs it: what is shown, explained or suggested."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import assert_never

from trialist.query.areas import AreaTarget, ValueKind, resolve_area
from trialist.query.nodes import (
    All,
    And,
    Area,
    Coverage,
    Covered,
    Distance,
    Expanded,
    Expansion,
    Missing,
    Node,
    Not,
    Or,
    Range,
    SearchIn,
    Term,
    Tilt,
)
from trialist.query.study_query import StudyQuery
from trialist.query.wanted import Wanted, expand_term
from trialist.vocabulary.thesaurus import Thesaurus

FILTER_AREA = "BasicSearch"
"""Where the terms of filters look."""
_WORDED = (ValueKind.TEXT, ValueKind.NCT_ID, ValueKind.MIXED)


@dataclass(frozen=True, slots=True)
class Around:
    """What the operators around a node say."""

    area: str
    size: bool = False
    coverage: Coverage = Coverage.CONTAINS
    expansion: Expansion = Expansion.RELAXATION

    @property
    def target(self) -> AreaTarget:
        """What the area's name stands for."""
        return resolve_area(self.area)

    @property
    def has_words(self) -> bool:
        """Whether terms are looked for as words here."""
        return not self.size and self.target.kind in _WORDED

    def within(self, node: Area | Covered | Expanded) -> Around:
        """What holds for the operand of an operator."""
        match node:
            case Area(area, _, size):
                return replace(self, area=area, size=size)
            case Covered(coverage):
                return replace(self, coverage=coverage)
            case Expanded(expansion):
                return replace(self, expansion=expansion)
            case _:
                assert_never(node)

    def asked_here(self, node: Node) -> Node:
        """A node with all that governs it written out, so that it can be asked by itself."""
        if self.expansion is not Expansion.RELAXATION:
            node = Expanded(self.expansion, node)
        if self.coverage is not Coverage.CONTAINS:
            node = Covered(self.coverage, node)
        return Area(self.area, node, self.size)

    def wanted(self, term: Term, thesaurus: Thesaurus) -> Wanted:
        """What may stand for a term here."""
        return expand_term(
            term.text,
            quoted=term.quoted,
            expansion=self.expansion,
            coverage=self.coverage,
            thesaurus=thesaurus,
        )


def asked_terms(node: Node, around: Around) -> Iterator[tuple[Term, Around]]:
    """The terms of a query that are looked for as words; those below a NOT are not, for nobody wants to see them."""
    match node:
        case And(operands) | Or(operands):
            for one in operands:
                yield from asked_terms(one, around)
        case Area() | Covered() | Expanded():
            yield from asked_terms(node.operand, around.within(node))
        case SearchIn(_, operand) | Tilt(_, operand):
            yield from asked_terms(operand, around)
        case Term():
            if around.has_words:
                yield node, around
        case Not() | Missing() | All() | Range() | Distance():
            return
        case _:
            assert_never(node)


def terms_of(query: StudyQuery) -> list[tuple[Term, Around]]:
    """The terms of a whole request, each once."""
    found = [pair for one in query.queries for pair in asked_terms(one.node, Around(one.area))]
    found += [pair for node in query.filters for pair in asked_terms(node, Around(FILTER_AREA))]
    return list(dict.fromkeys(found))
