"""Parsed criteria of studies as values: read from what was kept by the rules in force, else parsed now."""

from __future__ import annotations

from pathlib import Path

from trialist.criteria import CriterionSet
from trialist.record.study import Study
from trialist.registry.eligibility import criteria_of_study


class CriteriaSets:
    """The one place from which matching takes parsed criteria."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def of_study(self, study: Study) -> CriterionSet:
        """The criteria of a study."""
        return criteria_of_study(study)
