"""The parsed criteria of a registry, open for reading."""

from __future__ import annotations

from pathlib import Path

import orjson

from trialist.criteria.encode import encode_set
from trialist.criteria.stamp import rules_stamp
from trialist.errors import NotBuiltError
from trialist.index.criteria_table import CriteriaTable, read_current
from trialist.record.nct_id import nct_number
from trialist.registry.criteria_codes import Resolve, with_codes
from trialist.registry.criteria_index import criteria_directory
from trialist.registry.eligibility import criteria_of_study
from trialist.store import StoredStudy


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


def criteria_document(
    stored: StoredStudy, table: CriteriaTable | None, resolve: Resolve | None = None
) -> bytes:
    """The criteria of a stored study as JSON: as they were parsed by the rules in force, or parsed now.

    With `resolve` things that have no code get one where the registry's vocabulary is certain of it.
    """
    found = _document(stored, table)
    return found if resolve is None else orjson.dumps(with_codes(orjson.loads(found), resolve))


def _document(stored: StoredStudy, table: CriteriaTable | None) -> bytes:
    if table is not None and table.stamp == rules_stamp():
        try:
            found = table.document(nct_number(stored.nct_id), stored.version)
        except (OSError, ValueError):
            found = None  # swept away by a build that has ended meanwhile
        if found:
            return found
    return orjson.dumps(encode_set(criteria_of_study(stored.study)))
