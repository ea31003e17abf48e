"""Parsed criteria of studies as values: read from what was kept by the rules in force, else parsed now."""

from __future__ import annotations

import orjson

from trialist.criteria import CriterionSet
from trialist.criteria.decode import decode_set
from trialist.criteria.stamp import rules_stamp
from trialist.index.criteria_table import CriteriaTable
from trialist.record.nct_id import nct_number
from trialist.registry.eligibility import criteria_of_study
from trialist.store import StoredStudy


class CriteriaSets:
    """The one place from which matching takes parsed criteria; `table` is None where none are kept."""

    def __init__(self, table: CriteriaTable | None) -> None:
        self._table = table if table is not None and table.stamp == rules_stamp() else None

    def of_stored(self, stored: StoredStudy) -> CriterionSet:
        """The criteria of a stored study."""
        if self._table is not None:
            try:
                document = self._table.document(nct_number(stored.nct_id), stored.version)
            except (OSError, ValueError):
                document = None  # swept away by a build that has ended meanwhile
            if document:
                return decode_set(orjson.loads(document))
        return criteria_of_study(stored.study)
