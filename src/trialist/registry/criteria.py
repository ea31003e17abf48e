"""The parsed criteria of a registry, open for reading."""

from __future__ import annotations

import orjson

from trialist.criteria.encode import encode_set
from trialist.criteria.stamp import rules_stamp
from trialist.index.criteria_table import CriteriaTable
from trialist.record.nct_id import nct_number
from trialist.registry.criteria_codes import Resolve, with_codes
from trialist.registry.eligibility import criteria_of_study
from trialist.store import StoredStudy


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
