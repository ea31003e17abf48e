"""Hand-written transplant patients: every criterion's result, as a person who reads text and patient gives it."""

from __future__ import annotations

from collections import Counter
from datetime import date
from functools import cache
from typing import Any

from trialist.criteria import CriterionSet, parse_criteria
from trialist.evaluation.evaluate import evaluate
from trialist.evaluation.policy import find_policy
from trialist.evaluation.verdict import Verdict

from support.cases import Case, each_case, read_cases
from support.patients import patient
from support.trials import PATIENTS, TEXTS

AS_OF = date(2026, 3, 10)
FILES = ("evaluate_gvhd.toml", "evaluate_graft.toml")
# What no fact decides: the investigator's discretion, and what is asked of the donor.
NEVER_DECIDED = {("gvhd", "E17"), ("graft", "E12"), ("graft", "I8")}


@cache
def criteria_of(study: str) -> CriterionSet:
    return parse_criteria(TEXTS[study])


def evaluated(row: dict[str, Any]) -> Verdict:
    base: dict[str, Any] = dict(PATIENTS[row["study"]]) if row["base"] == "complete" else {}
    facts = [one for one in base.get("facts", ()) if not one.startswith(tuple(row.get("drop", ("-",))))]
    for name in ("born", "sex", "seen"):
        if name in row:
            base[name] = row[name]
    found = patient({**base, "facts": [*facts, *row.get("add", ())]})
    return evaluate(criteria_of(row["study"]), found, AS_OF, find_policy(row.get("policy", "strict")))


def expected(row: dict[str, Any], study: str) -> dict[str, str]:
    named = {one: result for result, ids in row.items() if isinstance(ids, list) for one in ids}
    return {one.id: named.get(one.id, row["rest"]) for one in criteria_of(study).criteria if one.counts}


def check(case: Case) -> None:
    found = evaluated(case.input)
    told = {one.criterion_id: str(one.result) for one in found.assessments if one.counts}
    wanted = expected(case.expect, case.input["study"])
    wrong = {
        one: (told[one], wanted[one], next(a.sentence for a in found.assessments if a.criterion_id == one))
        for one in wanted
        if told[one] != wanted[one]
    }
    assert not wrong, f"{case.why}: {wrong}"
    assert str(found.verdict) == case.expect["verdict"], case.why


@each_case("evaluate_gvhd.toml")
def test_gvhd(case: Case):
    check(case)


@each_case("evaluate_graft.toml")
def test_graft(case: Case):
    check(case)


def test_every_criterion_is_met_not_met_and_unknown_at_least_once():
    seen: Counter[tuple[str, str, str]] = Counter()
    for name in FILES:
        for case in read_cases(name):
            study = case.input["study"]
            for one, result in expected(case.expect, study).items():
                seen[study, one, result] += 1
    for study in TEXTS:
        for one in criteria_of(study).criteria:
            if one.counts:
                results = {"UNKNOWN"} if (study, one.id) in NEVER_DECIDED else {"MET", "NOT_MET", "UNKNOWN"}
                missing = {result for result in results if not seen[study, one.id, result]}
                assert not missing, f"{study} {one.id} is never {missing}"


def test_there_are_enough_patients_for_each():
    assert all(len(read_cases(name)) >= 20 for name in FILES)


def test_no_case_drops_what_is_not_there():
    for name in FILES:
        for case in read_cases(name):
            facts = PATIENTS[case.input["study"]]["facts"] if case.input["base"] == "complete" else []
            for start in case.input.get("drop", ()):
                assert any(one.startswith(start) for one in facts), f"{case.id} drops {start}"
