"""Small invented records for tests: nobody's data, impossible ids."""

from __future__ import annotations

from typing import Any

import orjson


def record(number: int, **more: Any) -> dict[str, Any]:
    """A small study with the id NCT99 and the number; `more` are further sections."""
    return {
        "protocolSection": {
            "identificationModule": {
                "nctId": f"NCT99{number:06d}",
                "orgStudyIdInfo": {"id": f"ORG-{number}"},
                "briefTitle": f'[Invented] "Braces" }} and ]{number}[ in {{titles}} \\ é',
            },
            "statusModule": {
                "overallStatus": "RECRUITING",
                "lastUpdatePostDateStruct": {"date": "2026-01-01", "type": "ACTUAL"},
            },
            "conditionsModule": {"conditions": ["Graft Versus Host Disease", "Poor Graft Function"]},
        },
        **more,
        "hasResults": False,
    }


def raw(number: int, **more: Any) -> bytes:
    """The record's compact JSON."""
    return orjson.dumps(record(number, **more))


def updated(number: int, day: str, title: str = "", **more: Any) -> bytes:
    """The record as of a later update."""
    found = record(number, **more)
    found["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"] = day
    if title:
        found["protocolSection"]["identificationModule"]["briefTitle"] = title
    return orjson.dumps(found)
