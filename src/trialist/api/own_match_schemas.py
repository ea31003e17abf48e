"""The requests and answers of matching as JSON Schema: name → schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trialist.api.own_match import MOST_CANDIDATES, MOST_TOP
from trialist.evaluation.policy import POLICIES
from trialist.evaluation.verdict import Class, Effect, Result, Who

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_FLAG: Schema = {"type": "boolean"}
_DAY: Schema = {"type": "string", "format": "date"}
_OR_NULL: Schema = {"type": ["string", "null"]}


def _object(about: str, properties: Mapping[str, Schema], optional: tuple[str, ...] = ()) -> Schema:
    return {
        "type": "object",
        "description": about,
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _list(name: str) -> Schema:
    return {"type": "array", "items": _ref(name)}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _enum(values: object) -> Schema:
    return {"type": "string", "enum": [str(one) for one in values]}  # type: ignore[attr-defined]  # any iterable


_PATIENT: Schema = {
    "type": "object",
    "description": 'A FHIR R4 resource or Bundle, a form (docs/reference/patient-form.md), or {"note": text}. It is never kept.',
}
_ASKED: dict[str, Schema] = {
    "patient": _PATIENT,
    "as_of": {**_DAY, "description": "The day that the rules are applied on; today when left out."},
    "policy": {**_enum(POLICIES), "description": "How missing facts are taken; strict when left out."},
}
_PLACED: dict[str, Schema] = {
    "nct_id": {"type": "string", "pattern": "^NCT[0-9]{8}$"},
    "title": _TEXT,
    "overall_status": _OR_NULL,
    "phases": _TEXTS,
    "conditions": _TEXTS,
    "verdict": _enum(Class),
    "open_for_persons_only": {
        **_FLAG,
        "description": "Whether only confirmations by persons stand in the way.",
    },
    "on_topic": {
        **_FLAG,
        "description": "Whether it is about a condition of the patient, not only about what contains it.",
    },
    "share_decided": {"type": "number", "minimum": 0, "maximum": 1},
    "nearest_open_site": {"anyOf": [_ref("Site"), {"type": "null"}]},
    "updated": _OR_NULL,
    "because": {**_TEXTS, "description": "Why it stands in its place, what counts most first."},
    "excluded_by": _list("Excluding"),
    "missing": _list("Need"),
    "confirmations": _list("Need"),
    "near_miss": {"anyOf": [_ref("NearMiss"), {"type": "null"}]},
}

MATCH_SCHEMAS: dict[str, Schema] = {
    "MatchRequest": _object(
        "A patient, and what is asked.",
        {
            **_ASKED,
            "near": {**_TEXT, "description": "A place: degrees or a town."},
            "within": {**_TEXT, "description": "Only with an open site so near: 50km."},
            "conditions": {**_TEXTS, "description": "Search by these instead of the patient's conditions."},
            "top": {"type": "integer", "minimum": 1, "maximum": MOST_TOP},
            "candidates": {
                "type": "integer",
                "minimum": 1,
                "maximum": MOST_CANDIDATES,
                "description": "How many studies to look at one by one, where the registry has no net of criteria.",
            },
            "anything": {
                "type": "boolean",
                "description": "Look at all studies that take people, whatever they are about.",
            },
        },
        optional=("as_of", "policy", "near", "within", "conditions", "top", "candidates", "anything"),
    ),
    "ExplainRequest": _object(
        "A patient and a trial.", {**_ASKED, "nct_id": _TEXT}, optional=("as_of", "policy")
    ),
    "MatchAnswer": _object(
        "The trials for a patient, best first.",
        {
            "as_of": _DAY,
            "policy": _TEXT,
            "searched_by": _TEXTS,
            "found": _COUNT,
            "looked_at": _COUNT,
            "counts": {"type": "object", "additionalProperties": _COUNT},
            "matches": _list("MatchedTrial"),
            "near_misses": _list("MatchedTrial"),
            "most_telling": _list("Telling"),
            "unresolved": {
                **_COUNT,
                "description": "Entries of the patient that became no fact, or less than they say.",
            },
            "notes": _TEXTS,
            "notice": _TEXT,
        },
    ),
    "MatchedTrial": _object("A trial in its place.", _PLACED),
    "ExplainAnswer": _object(
        "One trial, criterion by criterion.", {**_PLACED, "explanation": _ref("Verdict")}
    ),
    "Excluding": _object("What excludes.", {"id": _TEXT, "text": _TEXT, "sentence": _TEXT}),
    "NearMiss": _object("What could change.", {"criterion_id": _TEXT, "sentence": _TEXT, "day": _OR_NULL}),
    "Telling": _object(
        "A missing fact: in how many trials it is the only one, and in how many it is missing.",
        {"what": _TEXT, "code": _TEXT, "unit": _TEXT, "key": _TEXT, "settles": _COUNT, "missing_in": _COUNT},
    ),
    "Need": _object(
        "Something not known, and who can settle it.",
        {"who": _enum(Who), "what": _TEXT, "why": _TEXT, "key": _TEXT, "code": _TEXT, "unit": _TEXT},
    ),
    "Verdict": _object(
        "What the criteria come to.",
        {
            "nct_id": _TEXT,
            "as_of": _DAY,
            "policy": _TEXT,
            "verdict": _enum(Class),
            "open_for_persons_only": _FLAG,
            "excluded_by": _TEXTS,
            "missing": _list("Need"),
            "confirmations": _list("Need"),
            "notes": _TEXTS,
            "criteria": _list("Assessment"),
            "notice": _TEXT,
        },
    ),
    "Assessment": _object(
        "One criterion for the patient.",
        {
            "id": _TEXT,
            "polarity": _TEXT,
            "text": _TEXT,
            "plain": _TEXT,
            "counts": _FLAG,
            "scope": {"type": "object", "additionalProperties": _TEXT},
            "result": _enum(Result),
            "effect": _enum(Effect),
            "truth": {**_OR_NULL, "description": "Null where it is not read on the patient."},
            "sentence": _TEXT,
            "evidence": _list("EvidenceUsed"),
            "calculations": _list("CalculationUsed"),
            "assumptions": _list("AssumptionUsed"),
            "missing": _list("Need"),
            "rests_on_absence": _FLAG,
            "spans": {"type": "array", "items": {"type": "object"}},
        },
    ),
    "EvidenceUsed": _object(
        "A fact that was used, and where it was read.",
        {
            "words": _TEXT,
            "origin": _TEXT,
            "day": _TEXT,
            "where": {"type": "object", "additionalProperties": _TEXT},
        },
        optional=("where",),
    ),
    "CalculationUsed": _object("What was worked out.", {"what": _TEXT, "how": _TEXT, "result": _TEXT}),
    "AssumptionUsed": _object("What was taken for granted.", {"kind": _TEXT, "words": _TEXT}),
}
"""Name → schema, for the OpenAPI document and the tests."""
