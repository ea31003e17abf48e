"""What an attachment is: an atom and the tokens it takes."""

from __future__ import annotations

from dataclasses import dataclass

from trialist.criteria.nodes import Expr
from trialist.criteria.quick import quick


@quick
@dataclass(frozen=True, slots=True)
class Attached:
    """An atom (or several joined) and the tokens it takes, `first` to `last` (exclusive)."""

    first: int
    last: int
    expr: Expr
