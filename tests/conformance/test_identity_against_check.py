"""The fast way to a record's identity against its judge, `check`: it may give up, it may never be wrong."""

import json
import random
from datetime import date

import orjson
import pytest

from trialist.demo.registry import generate_studies
from trialist.record import Study, check
from trialist.record.identity import identify, read_sound

from support.records import raw, record
from support.shared import REGISTRY, iter_lines, needs_shared


def agrees(text: bytes) -> bool | None:
    """Whether the record was taken as sound; None when it is no record. Fails where the two ways differ."""
    fast = read_sound(text)
    try:
        study = Study.from_json(text)
    except ValueError:
        assert fast is None, text
        return None
    problems = check(study)
    if fast is not None:
        assert problems == [], (problems[0], text)
        assert fast == identify(study)
    return fast is not None


def test_every_sound_invented_record_is_taken():
    for text in generate_studies(1500, seed=5):
        assert agrees(text)


@needs_shared
def test_real_records_are_taken_exactly_when_check_finds_nothing():
    taken = 0
    for file in ("studies.v2.ndjson.zst", "domain.as-v2.ndjson.zst"):
        for text in iter_lines(REGISTRY / file):
            sound = agrees(text)
            assert sound == (check(Study.from_json(text)) == [])
            taken += sound or 0
    assert taken > 3000


ODD = [
    None, True, False, 0, -1, 5.0, 1.5, 1e3, 2**63, 2**64, 10**30, "", " ", "RECRUITING", "recruiting", "2024-02-30", "2024-02",
    "2024", "0000", "2024-1-1", "2024-01-01T25:00", "2020-05-06T18:45", "18 Years", "18", "N/A", "nct99000001", "NCT99000001",
    "NCT00000000", "NCT1", [], {}, [[]], [None], [1], ["x"], [{}], {"a": 1}, {"lat": 91, "lon": 0}, {"lat": 1, "lon": 2},
    {"date": "2024"}, {"type": "ACTUAL"}, "\u0000", "\ud83d\ude00",
]  # fmt: skip


def test_mutated_records_never_pass_for_sound():
    """Every kind of value in every kind of place; half of the changes hit the places that the identity is read from."""
    source = random.Random(3)
    templates = [orjson.loads(text) for text in generate_studies(60, seed=9)]
    verdicts: dict[bool | None, int] = {True: 0, False: 0, None: 0}
    for _ in range(20_000):
        found = orjson.loads(orjson.dumps(source.choice(templates)))
        holder = found
        if source.random() < 0.5:
            holder = found["protocolSection"][source.choice(["identificationModule", "statusModule"])]
        while True:
            key = source.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
            below = holder[key]
            if not isinstance(below, dict | list) or not below or source.random() < 0.25:
                break
            holder = below
        holder[key] = source.choice(ODD)
        if source.random() < 0.1 and isinstance(holder, dict):
            holder[source.choice(["frob", "class", "class_", "nctId", "type"])] = source.choice(ODD)
        verdicts[agrees(json.dumps(found).encode("utf-8", "surrogatepass"))] += 1
    assert min(verdicts[True], verdicts[False]) > 500


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{}", b"[]", b"null", b"{", raw(1)[:-1], raw(1) + b"x", b"\xef\xbb\xbf" + raw(1), raw(1).replace(b"Graft", b"Gr\xff"),
        raw(1).replace(b"Graft", b"Gr\\ud800"), raw(1).replace(b"Graft", b"Gr\x00"), b'{"protocolSection":' * 5000,
        orjson.dumps({"hasResults": True}), orjson.dumps({"protocolSection": {}}), orjson.dumps(record(1, more=1)),
    ],
)  # fmt: skip
def test_what_is_no_sound_record_is_left_to_the_judge(text):
    assert read_sound(text) is None
    agrees(text)


def test_dates_are_remembered_as_good_and_not_as_anything_else():
    good = raw(1)
    assert read_sound(good) is not None
    day = date(2026, 1, 1).isoformat()
    assert day.encode() in good
    for bad in ("2026-13-01", "2026-01-32", "2026-01"):
        assert read_sound(good.replace(day.encode(), bad.encode())) is None
