"""What a reader of a part of a sentence may ask for the reading of its own parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from trialist.criteria.clause import Clause
from trialist.criteria.nodes import Expr
from trialist.criteria.piece import Piece


class Sentences(Protocol):
    """A reader of sentences of a clause; `lists_any` says that its lists name alternatives (exclusion, or below a negation)."""

    clause: Clause
    lists_any: bool

    def read(self, pieces: Sequence[Piece]) -> Expr | None:
        """The expression of a whole clause or parenthesis; None when it says nothing."""

    def sentence(self, pieces: list[Piece]) -> Expr | None:
        """The expression of a sentence without parentheses."""

    def listed(self, pieces: list[Piece]) -> Expr | None:
        """The expression of a list in which nothing turns."""

    def below(self, lists_any: bool) -> Sentences:
        """The reader of a part whose lists name alternatives, or all."""
