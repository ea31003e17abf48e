"""How missing facts are taken: `strict` (what is not recorded is not known), `screening` and `narrative` (some of it is absent)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from trialist.errors import InvalidParameterError


@dataclass(frozen=True, slots=True)
class Policy:
    """How missing facts are taken.

    With `assumes_absence` a condition or an exposure that a record does not have is taken for absent, where the record
    covers `least_months` of care and ends at most `most_gap_days` before the day of evaluation. Every use is an assumption
    of the verdict. Never so: laboratory values, grades, tests, markers, allergies, pregnancy, other trials.

    With `takes_silence` a clinical note is taken for complete: a disease, a treatment, an allergy, another trial, a plan, an
    investigator's objection or words that were not understood are taken for absent where no word of them is in the note,
    whoever will comply is taken to be able to, and what a reader infers from findings is taken for probable. Each use is an
    assumption of the verdict; no trial is ELIGIBLE or EXCLUDED by one: a person has to confirm. Never so: laboratory values,
    tests, markers, grades, pregnancy.
    """

    name: str
    assumes_absence: bool
    least_months: int = 12
    most_gap_days: int = 180
    takes_silence: bool = False


STRICT = Policy("strict", assumes_absence=False)
SCREENING = Policy("screening", assumes_absence=True)
NARRATIVE = Policy("narrative", assumes_absence=False, takes_silence=True)
POLICIES: Mapping[str, Policy] = {one.name: one for one in (STRICT, SCREENING, NARRATIVE)}


def find_policy(name: str) -> Policy:
    """The policy of a name; `InvalidParameterError` names those there are."""
    found = POLICIES.get(name)
    if found is None:
        raise InvalidParameterError(
            f"there is no policy {name!r}", hint=f"Policies are {' and '.join(sorted(POLICIES))}."
        )
    return found


@cache
def _freshness() -> Mapping[str, Mapping[str, int]]:
    file = resources.files("trialist.evaluation") / "tables" / "freshness.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def days_fresh(kind: str, fact_id: str) -> int:
    """For how many days a fact of a kind holds; 0 is always."""
    rows = _freshness()[kind]
    return rows[fact_id] if fact_id in rows else rows["default"]
