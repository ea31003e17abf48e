"""Matching over the API: what the document says, how it refuses, and that nothing of a patient stays anywhere."""

from __future__ import annotations

import io
import json
import logging
import tempfile
from pathlib import Path
from typing import Any

import orjson
import pytest

from trialist.api.app import api_surface
from trialist.api.own_schemas import SCHEMAS
from trialist.demo import generate_study
from trialist.serving.access_log import AccessLog
from trialist.serving.application import Application

from support.loading import settings
from support.schemas import faults
from support.serving import Answer, application, ask, make_registry

ROOT = "/api/trialist/v1"
CANARY = "Zwitscherling"
PATIENT: dict[str, Any] = {
    "as_of": "2026-03-10",
    "born": "1984-05",
    "sex": "male",
    "conditions": [{"name": "acute GVHD", "since": "2026-02-10", "status": "active"}],
    "values": [{"name": "ALT", "value": "95 U/L", "normal": "7-40"}],
}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    records = [orjson.dumps(generate_study(number, seed=5)) for number in range(60)]
    return make_registry(tmp_path_factory.mktemp("match-api") / "registry", *records)


@pytest.fixture(scope="module")
def app(directory: Path) -> Application:
    return application(directory, max_query_seconds=300.0)


def post(app: Application, path: str, body: Any) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ask(app, f"{ROOT}/{path}", method="POST", body=raw)


def asked(app: Application, path: str, body: Any, schema: str) -> Any:
    found = post(app, path, body)
    assert found.status == 200, found.text
    assert list(faults(found.json, SCHEMAS[schema], SCHEMAS)) == []
    assert found.headers["cache-control"] == "no-store"
    return found.json


def test_a_form_finds_trials(app):
    found = asked(
        app,
        "match",
        {"patient": PATIENT, "as_of": "2026-03-10", "conditions": ["cancer", "GVHD"], "top": 5},
        "MatchAnswer",
    )
    assert found["looked_at"] > 0
    assert len(found["matches"]) <= 5
    assert sum(found["counts"].values()) == found["looked_at"]
    assert "not a medical device" in found["notice"]


def test_a_bundle_and_a_note_are_read_too(app):
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {
                "resource": {
                    "resourceType": "Patient",
                    "id": "a",
                    "gender": "female",
                    "birthDate": "1980-01-01",
                }
            }
        ],
    }
    for patient in (bundle, {"note": "A 58-year-old man with acute GVHD. ALT 95 U/L."}):
        found = asked(app, "match", {"patient": patient, "conditions": ["cancer"]}, "MatchAnswer")
        assert found["policy"] == "strict"


def test_one_trial_is_explained(app):
    nct_id = ask(app, f"{ROOT}/search?pageSize=1").json["hits"][0]["nct_id"]
    found = asked(app, "explain", {"patient": PATIENT, "nct_id": nct_id}, "ExplainAnswer")
    assert found["explanation"]["nct_id"] == nct_id
    assert found["explanation"]["criteria"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("match", b"{", 400),
        ("match", {"patient": PATIENT, "frob": 1}, 400),
        ("match", {}, 400),
        ("match", {"patient": []}, 400),
        ("match", {"patient": {**PATIENT, CANARY: "1"}}, 400),
        ("match", {"patient": {"values": [{"name": "ALT", "value": CANARY}]}}, 400),
        ("match", {"patient": {"born": "1984"}}, 400),
        ("match", {"patient": PATIENT, "policy": "frob"}, 400),
        ("match", {"patient": PATIENT, "as_of": "tomorrow"}, 400),
        ("match", {"patient": PATIENT, "top": 0}, 400),
        ("match", {"patient": PATIENT, "top": True}, 400),
        ("match", {"patient": PATIENT, "near": "Frobville"}, 400),
        ("explain", {"patient": PATIENT}, 400),
        ("explain", {"patient": PATIENT, "nct_id": "NCT97999999"}, 404),
        ("explain", {"patient": PATIENT, "nct_id": 7}, 400),
    ],
)
def test_refusals(app, path, body, status):
    found = post(app, path, body)
    assert found.status == status, found.text
    assert list(faults(found.json, SCHEMAS["Error"], SCHEMAS)) == []
    assert CANARY not in found.text


def test_only_post(app):
    assert ask(app, f"{ROOT}/match").status == 405
    assert ask(app, f"{ROOT}/search", method="POST").status == 405


def test_a_body_that_is_too_large(app, monkeypatch):
    monkeypatch.setattr("trialist.api.own_match.MOST_BODY_BYTES", 100)
    assert post(app, "match", {"patient": PATIENT}).status == 413


def _canaries() -> list[dict[str, Any]]:
    """Patients with the word in every place that takes words."""
    word = CANARY
    form = {
        **PATIENT,
        "label": word,
        "conditions": [{"name": word, "note": word, "also": word}, PATIENT["conditions"][0]],
        "drugs": [{"name": word, "note": word}],
        "allergies": [{"name": word}],
        "values": [{"name": "ALT", "value": "95 U/L", "method": word, "note": word}],
    }
    resource = {
        "resourceType": "Patient",
        "id": word,
        "name": [{"family": word}],
        "address": [{"city": word}],
        "birthDate": "1980-01-01",
    }
    condition = {
        "resourceType": "Condition",
        "id": word,
        "code": {"text": word, "coding": [{"system": "http://" + word, "code": word, "display": word}]},
        "subject": {"reference": f"Patient/{word}"},
        "note": [{"text": word}],
    }
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": resource}, {"resource": condition}],
    }
    note = {
        "note": f"{word} is a 58-year-old man with acute GVHD. He takes {word}mab. History of {word}itis."
    }
    broken = [{**form, word: word}, {"resourceType": word}, {"values": word}, {"born": word}]
    return [form, bundle, note, *broken]


def test_nothing_of_a_patient_stays_anywhere(directory, tmp_path, monkeypatch):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    out = io.BytesIO()
    log = AccessLog(out, log_queries=True)
    app = Application(settings(directory), (api_surface,), log)
    records = io.StringIO()
    handler = logging.StreamHandler(records)
    logging.getLogger().addHandler(handler)
    try:
        refusals = _ask_all(app, monkeypatch)
        figures = ask(app, f"{ROOT}/metrics").text
    finally:
        logging.getLogger().removeHandler(handler)
        log.close()
    kept = b"".join(
        file.read_bytes() for folder in (directory, temporary) for file in folder.rglob("*") if file.is_file()
    )
    told = [out.getvalue(), figures.encode(), records.getvalue().encode(), kept, *refusals]
    for place, one in enumerate(told):
        assert CANARY.encode() not in one, place
        assert CANARY.lower().encode() not in one.lower(), place
    assert b"/api/trialist/v1/match" in out.getvalue(), "the log was written"


def _ask_all(app: Application, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every patient to both paths, also with a crash in the middle; the bodies of what was refused."""
    found = []
    for patient in _canaries():
        for path, more in (("match", {"conditions": ["cancer"]}), ("explain", {"nct_id": "NCT99000001"})):
            found.append(post(app, path, {"patient": patient, **more}))

    def broken(*_: object) -> None:
        raise ZeroDivisionError(CANARY)

    with monkeypatch.context() as patched:
        patched.setattr("trialist.registry.judging.evaluate", broken)
        for patient in _canaries()[:3]:
            crashed = post(app, "match", {"patient": patient, "conditions": ["cancer"]})
            assert crashed.status == 500
            found.append(crashed)
    assert {one.status for one in found} >= {200, 400, 500}
    return [one.body for one in found if one.status != 200]
