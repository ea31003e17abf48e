"""A patient in the body of a request → trials, or one trial explained. The patient lives as long as the request does.

Nothing of a body is logged, counted, cached or written; the address holds none of it. What is refused tells where a document
could not be read, not what stood there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from trialist.api.own_answers import answered
from trialist.api.study import canonical_id
from trialist.errors import InvalidParameterError, LimitExceededError, SourceUnreadableError, TrialistError
from trialist.evaluation.policy import find_policy
from trialist.patient.facts import Patient
from trialist.registry.criteria_sets import CriteriaSets
from trialist.registry.judging import Asked
from trialist.registry.match import explain, match
from trialist.registry.match_told import explained_json, matched_json
from trialist.registry.patients import read_patient
from trialist.serving.lanes import Lanes
from trialist.serving.served import Served, Serving

MOST_BODY_BYTES = 20_000_000
"""The largest body that is read."""
MOST_TOP = 100
MOST_CANDIDATES = 1_000
DEFAULT_CANDIDATES = 200
_NEVER_KEPT = {"cache-control": "no-store"}
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|“[^”]*”|`[^`]*`")
_COMMON = frozenset({"patient", "as_of", "policy"})
_MATCHED = _COMMON | {"near", "within", "conditions", "top", "candidates", "anything"}
_EXPLAINED = _COMMON | {"nct_id"}
_HINT = "The schemas of the requests stand in the OpenAPI document."


@dataclass(frozen=True, slots=True)
class _Body:
    """What a body asks, its patient read."""

    patient: Patient
    asked: Asked
    told: Mapping[str, Any]


class Matches:
    """The paths that take a patient."""

    def __init__(self, serving: Serving, lanes: Lanes, today: Callable[[], date]) -> None:
        self._serving = serving
        self._lanes = lanes
        self._today = today

    async def match(self, request: Request, _params: Mapping[str, str]) -> Response:
        """The trials for a patient."""
        raw = await _read_body(request)
        served = self._serving.now

        def matched(check: Callable[[], None]) -> bytes:
            body = _read(raw, _MATCHED, self._today())
            asked = _narrowed(body, served)
            sets = CriteriaSets(served.finder.criteria)
            found = match(served.finder, served.records.get_known, body.patient, asked, sets.of_stored, check)
            return orjson.dumps(matched_json(found, asked.as_of, asked.policy.name, body.patient))

        return answered(await self._lanes.search(matched, is_costly=True), headers=_NEVER_KEPT)

    async def explain(self, request: Request, _params: Mapping[str, str]) -> Response:
        """One trial for a patient, criterion by criterion."""
        raw = await _read_body(request)
        served = self._serving.now

        def explained() -> bytes:
            body = _read(raw, _EXPLAINED, self._today())
            nct_id = canonical_id(_text(body.told, "nct_id"))
            sets = CriteriaSets(served.finder.criteria)
            found = explain(served.records.get_known(nct_id), body.patient, body.asked, sets.of_stored)
            return orjson.dumps(explained_json(found, body.asked.as_of))

        return answered(await self._lanes.read(explained), headers=_NEVER_KEPT)


async def _read_body(request: Request) -> bytes:
    """The body; `LimitExceededError` as soon as it is too large."""
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > MOST_BODY_BYTES:
            raise LimitExceededError(
                f"the body is larger than {MOST_BODY_BYTES:,} bytes", hint="Send one patient a request."
            )
        pieces.append(piece)
    return b"".join(pieces)


def _read(raw: bytes, names: frozenset[str], today: date) -> _Body:
    try:
        told = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise InvalidParameterError("the body is no JSON", hint=_HINT) from None
    if not isinstance(told, dict) or not set(told) <= names or "patient" not in told:
        listed = ", ".join(sorted(names - {"patient"}))
        raise InvalidParameterError(f"the body is an object with patient, and may have {listed}", hint=_HINT)
    as_of = _day(told, today)
    asked = Asked(as_of=as_of, policy=find_policy(_text(told, "policy") or "strict"))
    return _Body(_patient(told["patient"], as_of), asked, told)


def _patient(given: object, as_of: date) -> Patient:
    """The patient of a FHIR resource, a form, or `{"note": text}`."""
    if not isinstance(given, dict):
        raise InvalidParameterError("patient is a FHIR resource, a form or {note: text}", hint=_HINT)
    try:
        if set(given) == {"note"} and isinstance(given["note"], str):
            return read_patient(given["note"].encode("utf-8", "replace"), as_of, kind="note")
        kind = "fhir" if "resourceType" in given else "form"
        return read_patient(orjson.dumps(given), as_of, kind=kind)
    except SourceUnreadableError as error:
        raise InvalidParameterError(f"patient: {_without_quotes(error.message)}", hint=_HINT) from None
    except InvalidParameterError as error:
        raise InvalidParameterError(f"patient: {_without_quotes(error.message)}", hint=_HINT) from None
    except TrialistError as error:
        raise type(error)(_without_quotes(error.message)) from None


def _without_quotes(message: str) -> str:
    """A message without the words of the document that it quotes."""
    return _QUOTED.sub("…", message)


def _narrowed(body: _Body, served: Served) -> Asked:
    told = body.told
    near, _ = served.finder.place(_text(told, "near"), option="near")
    conditions = told.get("conditions", [])
    if not isinstance(conditions, list) or not all(isinstance(one, str) for one in conditions):
        raise InvalidParameterError("conditions is a list of texts", hint=_HINT)
    return Asked(
        as_of=body.asked.as_of,
        policy=body.asked.policy,
        conditions=tuple(conditions),
        near=near,
        within=_text(told, "within"),
        most=_whole(told, "top", 20, MOST_TOP),
        candidates=_whole(told, "candidates", DEFAULT_CANDIDATES, MOST_CANDIDATES),
        anything=_flag(told, "anything"),
    )


def _text(told: Mapping[str, Any], name: str) -> str:
    found = told.get(name, "")
    if not isinstance(found, str):
        raise InvalidParameterError(f"{name} is a text", hint=_HINT)
    return found


def _flag(told: Mapping[str, Any], name: str) -> bool:
    found = told.get(name, False)
    if not isinstance(found, bool):
        raise InvalidParameterError(f"{name} is true or false", hint=_HINT)
    return found


def _whole(told: Mapping[str, Any], name: str, default: int, most: int) -> int:
    found = told.get(name, default)
    if not isinstance(found, int) or isinstance(found, bool) or not 1 <= found <= most:
        raise InvalidParameterError(f"{name} is a number from 1 to {most:,}", hint=_HINT)
    return found


def _day(told: Mapping[str, Any], today: date) -> date:
    said = _text(told, "as_of")
    try:
        return date.fromisoformat(said) if said else today
    except ValueError:
        raise InvalidParameterError("as_of is a day of the form yyyy-MM-dd", hint=_HINT) from None
