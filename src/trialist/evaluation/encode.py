"""A verdict as JSON values: what commands print, the API answers, and pages read. Numbers are texts, days ISO dates."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from trialist.criteria.encode import encode_value
from trialist.evaluation.verdict import Assessment, Evidence, Need, Verdict

NOTICE = "Decision support, not a medical device: check against the protocol."


def encode_verdict(verdict: Verdict) -> dict[str, Any]:
    """The whole verdict; every key is always there."""
    return {
        "nct_id": verdict.nct_id,
        "as_of": str(verdict.as_of),
        "policy": verdict.policy,
        "verdict": str(verdict.verdict),
        "open_for_persons_only": verdict.is_open_for_persons_only,
        "excluded_by": list(verdict.excluded_by),
        "missing": [encode_need(one) for one in verdict.missing],
        "confirmations": [encode_need(one) for one in verdict.confirmations],
        "notes": list(verdict.notes),
        "criteria": [encode_assessment(one) for one in verdict.assessments],
        "notice": NOTICE,
    }


def encode_assessment(one: Assessment) -> dict[str, Any]:
    """One criterion's result; every key is always there, `truth` null where the criterion is not read on the patient."""
    return {
        "id": one.criterion_id,
        "polarity": one.polarity,
        "text": one.text,
        "plain": one.plain,
        "counts": one.counts,
        "scope": dict(one.scope),
        "result": str(one.result),
        "effect": str(one.effect),
        "truth": None if one.truth is None else str(one.truth),
        "sentence": one.sentence,
        "evidence": [_evidence(item) for item in one.evidence],
        "calculations": [_plain(item) for item in one.calculations],
        "assumptions": [_plain(item) for item in one.assumptions],
        "missing": [encode_need(item) for item in one.missing],
        "rests_on_absence": one.rests_on_absence,
        "spans": [encode_value(span) for span in one.spans],
    }


def encode_need(one: Need) -> dict[str, Any]:
    """Something missing; every key is always there, "" where nothing is to be said."""
    return {**_plain(one), "who": str(one.who)}


def _evidence(one: Evidence) -> dict[str, Any]:
    told = {"words": one.words, "origin": one.origin, "day": one.day}
    origin = one.fact.origin if one.fact is not None else None
    if origin is None:
        return told
    where = {"document": origin.document, "resource": origin.resource, "path": origin.path}
    if origin.quote:
        where |= {"quote": origin.quote, "start": str(origin.start), "end": str(origin.end)}
    return {**told, "where": where}


def _plain(one: Any) -> dict[str, Any]:
    return {item.name: getattr(one, item.name) for item in fields(one)}
