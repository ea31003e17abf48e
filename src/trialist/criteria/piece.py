"""A piece of a clause: a stretch of its tokens and what it is."""

from __future__ import annotations

from dataclasses import dataclass

from trialist.criteria.nodes import Expr
from trialist.criteria.windows import Timed


@dataclass(slots=True)
class Piece:
    """A stretch of tokens `first` to `last` (exclusive) and what it is; `expr` for atoms, `timed` for windows."""

    kind: str
    first: int
    last: int
    text: str = ""
    expr: Expr | None = None
    timed: Timed | None = None
    entry_id: str = ""


def claim(owner: list[Piece | None], piece: Piece) -> None:
    """Take the free tokens of a piece."""
    for place in range(piece.first, piece.last):
        if owner[place] is None:
            owner[place] = piece
