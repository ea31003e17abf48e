"""Eligibility text → criteria a machine can evaluate and a person can check.

`parse_criteria` is total and deterministic: any text gives a set, every character of it lies in a criterion, in a header,
or in the residue, and what was not understood is kept as such. Knowledge stands in `rules/*.toml`.
"""

from trialist.criteria.criterion import CriterionSet
from trialist.criteria.parse import parse_criteria

__all__ = ["CriterionSet", "parse_criteria"]
