"""Eligibility text → criteria a machine can evaluate and a person can check.

`parse_criteria` is total and deterministic: any text gives a set, every character of it lies in a criterion, in a header,
or in the residue, and what was not understood is kept as such. Knowledge stands in `rules/*.toml`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trialist.criteria.criterion import CriterionSet
    from trialist.criteria.parse import parse_criteria

__all__ = ["CriterionSet", "parse_criteria"]


def __getattr__(name: str) -> Any:
    # The parser reads many tables and patterns: a search needs none of it to start.
    if name == "CriterionSet":
        from trialist.criteria.criterion import CriterionSet

        return CriterionSet
    if name == "parse_criteria":
        from trialist.criteria.parse import parse_criteria

        return parse_criteria
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
