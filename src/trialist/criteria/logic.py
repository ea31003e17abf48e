"""Pieces → an expression: sentences by the first of their words that turns or limits them (`turns`), else lists (`members`).

Parentheses are read first (`parentheses`). Words that nobody knows stay beside their atom as `Opaque`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trialist.criteria.clause import Clause
from trialist.criteria.exempt import as_choice, begins_with_or, loosened
from trialist.criteria.gather import is_that
from trialist.criteria.junctions import complete_elided, cut_pieces, strip_joints
from trialist.criteria.member import opaque
from trialist.criteria.members import ListReader
from trialist.criteria.nodes import Expr, Not, join_all, join_any
from trialist.criteria.parentheses import without_parentheses
from trialist.criteria.permissions import SHUT_OUT, SHUT_OUT_IF
from trialist.criteria.piece import Piece
from trialist.criteria.turns import (
    read_defined,
    read_examples,
    read_except,
    read_if,
    read_negated,
    read_optional,
)

_DEEPEST = 40
_TURNING = frozenset({"negation", "exception", "optional", "condition_word", "defined", "examples"})


@dataclass(slots=True)
class Reader:
    """Reads the pieces of one clause; `lists_any` says that its lists name alternatives (exclusion, or below a negation)."""

    clause: Clause
    lists_any: bool

    def read(self, pieces: Sequence[Piece]) -> Expr | None:
        """The expression of the pieces; None when they say nothing."""
        kinds = {one.kind for one in pieces}
        grouped = list(pieces)
        if "open" in kinds or "close" in kinds:
            grouped = without_parentheses(self, grouped)
            kinds = {one.kind for one in grouped}
        if "joint" in kinds:
            grouped = complete_elided(self.clause, grouped)
        parts = [grouped] if grouped else []
        if "stop" in kinds:
            parts = [part for part in cut_pieces(grouped, {"stop"}) if part]
        several = len(parts) > 1 and not self.lists_any
        found = [
            expr
            for part in parts
            if (expr := self._of_sentence(part) if several else self._semicolons(part)) is not None
        ]
        if not found:
            return None
        return join_any(found) if self.lists_any else join_all(found)

    def _of_sentence(self, pieces: list[Piece]) -> Expr | None:
        """One of several sentences of what is required: `Patients with X will be excluded` denies X."""
        tokens = self.clause.tokens
        first, last = pieces[0].first, max(pieces[-1].last, pieces[0].first + 1)
        if last > len(tokens):
            return self._semicolons(pieces)
        while last < len(tokens) and tokens[last].text != ".":
            last += 1
        while first and tokens[first - 1].text != ".":
            first -= 1
        said = self.clause.text[tokens[first].start : tokens[last - 1].end]
        shut = SHUT_OUT.search(said)
        excluded = SHUT_OUT_IF.search(said)
        if shut is None and excluded is None:
            return self._semicolons(pieces)
        start, end = tokens[first].start, tokens[last - 1].end
        end = end if shut is None else start + shut.start()
        start = start if excluded is None else start + excluded.end()
        placed = [one for one in pieces if one.first < len(tokens)]
        kept = [one for one in placed if start <= tokens[one.first].start < end]
        inner = self.below(True).sentence(kept) if kept else None
        if inner is None:
            return self._semicolons(pieces)
        # `smokers are excluded if they have asthma`: who is meant
        ahead = tokens[first].start + (0 if excluded is None else excluded.start())
        who = self.below(False).sentence([one for one in placed if tokens[one.first].start < ahead])
        return Not(inner if who is None else join_all([who, inner]))

    def _semicolons(self, pieces: list[Piece]) -> Expr | None:
        parts = cut_pieces(pieces, {"joint"}, {";"})
        found = [expr for part in parts if (expr := self.sentence(part)) is not None]
        if not found:
            return None
        if not self.lists_any and len(found) > 1 and begins_with_or(parts[-1]):
            return join_any([as_choice(one) for one in found])
        return join_any(found) if self.lists_any else loosened(join_all(found))

    def sentence(self, pieces: list[Piece]) -> Expr | None:
        """Negation, exception and condition, whichever comes first; else a list. What is nested too deep stays opaque."""
        pieces = strip_joints(pieces)
        if self.clause.depth >= _DEEPEST:
            return opaque(self.clause, pieces) if pieces else None
        self.clause.depth += 1
        try:
            return self._turned(pieces)
        finally:
            self.clause.depth -= 1

    def _turned(self, pieces: list[Piece]) -> Expr | None:
        """A sentence by the first of its words that turns or limits it."""
        for place, piece in enumerate(pieces):
            if piece.kind not in _TURNING:
                continue
            if piece.kind == "negation" and place + 1 < len(pieces):
                return read_negated(self, pieces, place)
            if piece.kind == "exception":
                return read_except(self, pieces, place)
            if piece.kind == "optional":
                return read_optional(self, pieces, place)
            if piece.kind == "condition_word" and place > 0 and place + 1 < len(pieces):
                return read_if(self, pieces, place)
            if (piece.kind == "defined" or is_that(pieces, place)) and 0 < place < len(pieces) - 1:
                return read_defined(self, pieces, place)
            if piece.kind == "examples" and place + 1 < len(pieces):
                return read_examples(self, pieces, place)
        return self.listed(pieces)

    def listed(self, pieces: list[Piece]) -> Expr | None:
        """The expression of a list in which nothing turns."""
        return ListReader(self.clause, self.lists_any).read(pieces)

    def below(self, lists_any: bool) -> Reader:
        """The reader of a part whose lists name alternatives, or all."""
        return self if lists_any == self.lists_any else Reader(self.clause, lists_any)
