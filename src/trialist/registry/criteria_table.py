"""The parsed criteria of a registry that are in force; reading them needs nothing of the parser."""

from __future__ import annotations

from pathlib import Path

from trialist.errors import NotBuiltError
from trialist.index.criteria_table import CriteriaTable, read_current


def criteria_directory(registry: Path) -> Path:
    """Where a registry keeps its parsed criteria."""
    return registry / "criteria"


def open_criteria(directory: Path) -> CriteriaTable | None:
    """The parsed criteria in force; None where there are none that can be read."""
    try:
        return CriteriaTable(criteria_directory(directory))
    except (NotBuiltError, OSError):
        return None


def is_criteria_current(directory: Path, table: CriteriaTable | None) -> bool:
    """Whether nothing else is in force than what was opened."""
    if table is not None:
        return table.is_current()
    try:
        read_current(criteria_directory(directory))
    except NotBuiltError:
        return True
    return False
