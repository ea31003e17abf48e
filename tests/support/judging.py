"""One line of criteria held against one patient, who is often known from a narrative alone."""

from __future__ import annotations

from datetime import date

from trialist.criteria import parse_criteria
from trialist.evaluation.evaluate import evaluate
from trialist.evaluation.policy import NARRATIVE, Policy
from trialist.evaluation.tagging import tag_sentence
from trialist.evaluation.terms import read_terms
from trialist.evaluation.verdict import Assessment, Verdict
from trialist.patient.extents import DateRange
from trialist.patient.facts import Patient
from trialist.patient.note import read_note

DAY = date(2026, 3, 10)


def noted(text: str) -> Patient:
    """Who is known from a narrative of the day."""
    return read_note(text, read_terms(), tag_sentence, DAY, DateRange.on(DAY))


def judge(line: str, of: Patient, kind: str = "Exclusion", policy: Policy = NARRATIVE) -> Verdict:
    """What one line, below the heading of its kind, comes to for a patient."""
    return evaluate(parse_criteria(f"{kind} Criteria:\n\n* {line}"), of, DAY, policy)


def only(verdict: Verdict) -> Assessment:
    """The one criterion that counts."""
    (one,) = [item for item in verdict.assessments if item.counts]
    return one
