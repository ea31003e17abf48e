"""An invented registry of any size: the same seed, the same bytes. Importing this reads no table."""

from __future__ import annotations

from trialist.demo.layout import CriteriaText, Statement
from trialist.demo.registry import (
    DEFAULT_AS_OF,
    FIRST_NUMBER,
    generate_criteria,
    generate_studies,
    generate_study,
)

__all__ = [
    "DEFAULT_AS_OF",
    "FIRST_NUMBER",
    "CriteriaText",
    "Statement",
    "generate_criteria",
    "generate_studies",
    "generate_study",
]
