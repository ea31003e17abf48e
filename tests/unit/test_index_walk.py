"""The compiled walk through studies against the plain one over parsed records: they take the same, value by value."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trialist.demo import generate_study
from trialist.index.documents import Collector
from trialist.index.hashing import hash_value
from trialist.index.words import Words
from trialist.record.catalogue import children
from trialist.record.enums import enum_values
from trialist.vocabulary.learned import Learner
from trialist.vocabulary.text import split_words

from support import collecting
from support.shared import REGISTRY, iter_lines, needs_shared

Taken = dict[str, Any]
FIRST = 5


def judged(raws: Sequence[bytes]) -> Taken:
    """What the plain walk takes, as plain values; the fields that have nothing are left out."""
    judge, written = collecting.Collector(FIRST), collecting.Written(FIRST)
    for raw in raws:
        judge.collect(orjson.loads(raw))
        written.collect(orjson.loads(raw), len(raw))
    found: Taken = {"sites": judge.site_study.tolist(), "sizes": written.sizes.tolist()}
    for piece, text in judge.texts.items():
        if not text.docs:
            continue
        spans = zip(text.docs, text.first, [*text.first[1:], len(text.values)], strict=True)
        found[f"{piece} text"] = [
            (doc, value, ["", *(word for one in text.values[first:last] for word in [*split_words(one), ""])])
            for doc, first, last in spans
            for value in [[(hash_value(one.encode()), len(one)) for one in text.values[first:last]]]
        ]
    for sinks in (judge.values, judge.sites):
        for piece, value in sinks.items():
            pairs = list(dict.fromkeys(zip(value.had, value.by, strict=True)))
            found[f"{piece} value"] = (
                list(value.numbers),
                [had for had, _ in pairs],
                [by for _, by in pairs],
            )
    for piece, number in judge.numbers.items():
        found[f"{piece} number"] = list(zip(number.docs, map(repr, number.values), strict=True))
    for piece, code in judge.codes.items():
        found[f"{piece} code"] = [*zip(code.docs, code.found, strict=True)]
        assert not code.docs or len(code.codes) < 255
    for piece, docs in judge.present.items():
        found[f"{piece} present"] = docs.tolist()
    for piece, sites in judge.present_sites.items():
        found[f"{piece} present sites"] = sites.tolist()
    for piece, point in judge.points.items():
        found[f"{piece} point"] = list(zip(point.sites, point.lat, point.lon, strict=True))
    for piece, values in written.found.items():
        found[f"{piece} written"] = values
    return {name: one for name, one in found.items() if one and one != ([], [], [])}


def taken(raws: Sequence[bytes]) -> Taken:
    """What the compiled walk takes."""
    words = Words()
    collector = Collector(FIRST, words)
    for raw in raws:
        collector.collect(raw)
    words.learn()
    found: Taken = {"sites": collector.site_study.tolist(), "sizes": collector.sizes.tolist()}
    for piece, text in collector.texts.items():
        values = defaultdict(list)
        for doc, number, length in zip(text.value_docs, text.numbers, text.lengths, strict=True):
            values[int(doc)].append((int(number), int(length)))
        spans = zip(text.docs, text.starts, [*text.starts[1:], len(text.tokens)], strict=True)
        found[f"{piece} text"] = [
            (int(doc), values[int(doc)], [words.listed[token] for token in text.tokens[start:end]])
            for doc, start, end in spans
        ]
    for piece, value in collector.values.items():
        found[f"{piece} value"] = (value.texts(), value.had.tolist(), value.by.tolist())
    for piece, pairs in collector.numbers.items():
        found[f"{piece} number"] = list(
            zip(pairs.docs.tolist(), map(repr, pairs.found.tolist()), strict=True)
        )
    for piece, pairs in collector.codes.items():
        found[f"{piece} code"] = list(zip(pairs.docs.tolist(), pairs.found.tolist(), strict=True))
    for piece, docs in collector.present.items():
        found[f"{piece} present"] = docs.tolist()
    for piece, sites in collector.present_sites.items():
        found[f"{piece} present sites"] = sites.tolist()
    for piece, point in collector.points.items():
        found[f"{piece} point"] = list(
            zip(point.sites.tolist(), point.lat.tolist(), point.lon.tolist(), strict=True)
        )
    for piece, value in collector.written.items():
        if not piece.endswith("Year"):
            texts = value.texts()
            found[f"{piece} written"] = [
                (doc, texts[number])
                for doc, number in zip(value.by.tolist(), value.had.tolist(), strict=True)
            ]
    return {name: one for name, one in found.items() if one and one != ([], [], [])}


def assert_same(raws: Sequence[bytes]) -> None:
    wanted, found = judged(raws), taken(raws)
    assert found.keys() == wanted.keys()
    for name, one in wanted.items():
        assert found[name] == one, name


def test_invented_studies() -> None:
    assert_same([orjson.dumps(generate_study(number, seed=11)) for number in range(30)])


@needs_shared
def test_real_studies() -> None:
    lines = [raw for at, raw in enumerate(iter_lines(REGISTRY / "studies.v2.ndjson.zst")) if at % 12 == 0]
    assert_same(lines)
    assert_same([json.dumps(orjson.loads(raw), indent=1).encode() for raw in lines[:20]])


ODD: list[Any] = [
    *(None, True, False, 0, -0.0, 1, -1, 2.5, 1e308, 1e-320, 10**30, -(10**30), 2**63, 2**64 - 1, -(2**63), 0.1 + 0.2),
    *("", "\u0000", "2023-02-30", "2023-02", "2023", "18 Years", "RECRUITING", "a&lt;b &amp c &amp; d", "Crohn\u2019s `s"),
    *("\U0001f600 \U00020000", 'a "b" \\ / \b\f\n\r\t', "x" * 300),
    *([], {}, [[]], [[1, "a"]], [None, {}], {"a": {"b": []}}, ["a", 1, True, None, "b"], [{}, {"date": "2020"}, "a"]),
]  # fmt: skip


def holders_of(found: Any) -> list[tuple[Any, Any]]:
    """Every place in a record: what holds it and its key."""
    pairs = list(found.items()) if isinstance(found, dict) else list(enumerate(found))
    return [
        place
        for key, value in pairs
        for place in [(found, key), *(holders_of(value) if isinstance(value, dict | list) else [])]
    ]


def test_values_of_other_types_at_every_place() -> None:
    source, raws = random.Random(5), []
    for number in range(120):
        record = orjson.loads(orjson.dumps(generate_study(number % 40, seed=12)))
        for _ in range(source.randrange(1, 6)):
            holder, key = source.choice(holders_of(record))
            holder[key] = source.choice([*ODD, [holder[key]], [holder[key], holder[key]]])
        raws.append(json.dumps(record, ensure_ascii=source.random() < 0.5).encode())
    assert_same([raw for raw in raws if orjson.loads(raw) is not None])


_LEAVES = (
    st.sampled_from([one for one in ODD if not isinstance(one, dict | list)])
    | st.text(max_size=12)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
)


@cache
def values_at(path: str, kind: str, *, is_struct: bool, is_enum: bool) -> st.SearchStrategy[Any]:
    one: st.SearchStrategy[Any] = _LEAVES
    if is_struct:
        one = records_at(path) | one
    elif kind == "GeoPoint":
        one = st.dictionaries(st.sampled_from(["lat", "lon", "x"]), _LEAVES) | one
    elif is_enum:
        one = st.sampled_from(list(enum_values(kind))) | one
    return one | st.lists(one, max_size=3)


@cache
def records_at(path: str) -> st.SearchStrategy[Any]:
    """Objects at a place of the catalogue, with some of its keys and others."""
    below = {
        field.name: st.deferred(
            lambda field=field: values_at(
                field.path, field.type, is_struct=field.is_struct, is_enum=field.is_enum
            )
        )
        for field in children().get(path, ())
    }
    keys = st.lists(st.sampled_from([*below, "other"]), max_size=6, unique=True)
    return keys.flatmap(
        lambda chosen: st.fixed_dictionaries({key: below.get(key, _LEAVES) for key in chosen})
    )


def is_read_back(value: Any) -> bool:
    """Whether JSON can say it: a text of half a character is none."""
    try:
        orjson.loads(json.dumps(value, ensure_ascii=False).encode())
    except (ValueError, UnicodeEncodeError):
        return False
    return True


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(records_at("").filter(is_read_back), min_size=1, max_size=3), st.booleans())
def test_any_json_along_the_catalogue(records: list[Any], escaped: bool) -> None:
    assert_same([json.dumps(record, ensure_ascii=escaped).encode() for record in records])


SITES = "protocolSection.contactsLocationsModule"


def nested(path: str, value: bytes) -> bytes:
    for key in reversed(path.split(".")):
        value = b'{"%s":%s}' % (key.encode(), value)
    return value


@pytest.mark.parametrize(
    "raw",
    [
        b'{"hasResults":true,"hasResults":false}',
        b'{"hasResults":true,"has\\u0052esults":false}',
        b'{"\\u0068asResults":true}',
        b'{"un\\u006bnown":1,"hasResults":true,"a":{"b":1,"b":2}}',
        b'{"a":' + b"[" * 900 + b"]" * 900 + b',"hasResults":true,"hasResults":false}',
        nested("protocolSection.identificationModule", b'{"briefTitle":"new words","briefTitle":"other &gt; words"}'),
        nested("protocolSection.conditionsModule", b'{"conditions":["a","b"],"keywords":["x"],"conditions":["c"]}'),
        nested(SITES, b'{"locations":[{"country":"A","geoPoint":{"lat":1,"lat":2,"lon":3}},{"country":"A"},{"country":"B"}]}'),
        nested(SITES, b'{"locations":[{"geoPoint":{"l\\u0061t":1,"lon":2}}],"locations":{"country":"A"}}'),
        nested(SITES, b'{"locations":[{"country":["A","B"]},[{"country":"C"}],{"country":"A"},5]}'),
        nested(SITES, b'{"locations":[{"geoPoint":{"lat":true,"lon":-0.1000000000000000055511151231257827}}]}'),
        nested(SITES, b'{"locations":[{"geoPoint":{"lat":90.00000000000000000000001,"lon":180}},{"geoPoint":{"lat":91,"lon":0}}]}'),
        nested(SITES, b'{"locations":[{"geoPoint":[{"lat":1,"lon":2},7,{"lat":3}]},{"geoPoint":{"lat":"1","lon":2}},{"geoPoint":{}}]}'),
        nested("protocolSection.sponsorCollaboratorsModule", b'{"leadSponsor":[{"name":"A"}],"collaborators":{"name":"B"}}'),
        nested("protocolSection.referencesModule", b'{"references":[{"retractions":[1,2]},{"retractions":null},{"retractions":3},4]}'),
        nested("protocolSection.statusModule", b'{"startDateStruct":[{"date":"2020-01"},{"date":["2021"]},{"date":2022}]}'),
        nested("protocolSection.designModule.enrollmentInfo", b'{"count":[1,2.0,3e0,-0,-0.0,18446744073709551615,18446744073709551616,true]}'),
        nested("protocolSection.eligibilityModule", b'{"minimumAge":"18 Years","maximumAge":["2 Months",3]}'),
        b'{"protocolSection":[{"identificationModule":{"briefTitle":"a"}},{"identificationModule":{"briefTitle":"b"}}]}',
        b' \n{ "hasResults" :\ttrue , "protocolSection" : { } } \r\n',
        b'{"protocolSection":{"identificationModule":{"briefTitle":"\\ud83d\\ude00 \\u00e9\\/\\b\\f\\n\\r\\t\\"\\\\ \\u0000"}}}',
    ],
)  # fmt: skip
def test_what_json_leaves_to_its_readers(raw: bytes) -> None:
    other = nested("protocolSection.identificationModule.briefTitle", b'"before and after"')
    assert_same([other, raw, other])


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b" ", b"[]", b"1", b"null", b"{", b"{}x", b"{} {}", b'{"a"}', b'{"a":}', b'{"a":1,}', b'{"a":1 "b":2}'),
        *(b'{"a":[1,]}', b'{"a":[1 2]}', b'{"a":[}', b'{"a":{]}', b'{"hasResults":tru}', b'{"hasResults":truE}', b"{\x00}"),
        *(b'{"hasResults":01}', b'{"hasResults":-}', b'{"hasResults":1.}', b'{"hasResults":1e}', b'{"hasResults":.5}'),
        *(b'{"a":"\x01"}', b'{"a":"', b'{"a":"\\', b'{"a', b'{"protocolSection":{"identificationModule":{"briefTitle":"\\x"}}}'),
        *(nested("protocolSection.identificationModule.briefTitle", one) for one in (b'"\\ud800"', b'"\\udc00"', b'"\\ud800\\u0041"')),
        *(nested("protocolSection.identificationModule.briefTitle", one) for one in (b'"\\u12"', b'"\\uzzzz"', b'"a\nb"', b'"\\ud800\\')),
        *(nested("protocolSection.conditionsModule.conditions", one) for one in (b'["a",]', b'["a" "b"]', b'["a"')),
        *(nested(SITES, b'{"locations":[{"geoPoint":%s}]}' % one) for one in (b'{"lat":}', b'{"lat":1,}', b"{1}", b'{"lat":1 "lon":2}')),
        b'{"a":' + b"[" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused_and_leaves_nothing(raw: bytes) -> None:
    words = Words()
    collector = Collector(FIRST, words)
    known = nested("protocolSection.identificationModule.briefTitle", b'"words that are known"')
    collector.collect(known)
    with pytest.raises(ValueError):  # orjson's words, or ours
        collector.collect(raw)
    collector.collect(known)
    assert (collector.next_doc, len(words)) == (FIRST + 2, 4)
    assert collector.texts["BriefTitle"].docs.tolist() == [FIRST, FIRST + 1]


CHANGES: list[Callable[[random.Random, bytes], bytes]] = [
    lambda source, raw: raw[: source.randrange(len(raw))],
    lambda source, raw: (at := source.randrange(len(raw)), raw[:at] + raw[at + 1 :])[1],
    lambda source, raw: (
        at := source.randrange(len(raw)),
        raw[:at] + bytes([source.randrange(256)]) + raw[at:],
    )[1],
    lambda source, raw: (
        at := source.randrange(len(raw)),
        raw[:at] + bytes([raw[at] ^ 1 << source.randrange(8)]) + raw[at + 1 :],
    )[1],
    lambda source, raw: (at := source.randrange(len(raw)), raw[at:] + raw[:at])[1],
]


def test_damaged_studies_are_taken_as_they_are_read_or_refused() -> None:
    """Never another answer than the judge's, however the bytes are damaged; what is no JSON never ends the build's memory."""
    source = random.Random(9)
    whole = [orjson.dumps(generate_study(number, seed=13)) for number in range(20)]
    sound, refused = [], 0
    collector = Collector(FIRST, Words())
    for _ in range(3000):
        raw = source.choice(CHANGES)(source, source.choice(whole))
        try:
            if isinstance(orjson.loads(raw), dict):
                sound.append(raw)
                continue
        except ValueError:
            refused += 1
        with suppress(ValueError):  # bytes that are no UTF-8 may pass
            collector.collect(raw)
    assert refused > 1000
    assert len(sound) > 100
    assert_same(sound[:150])


def test_what_teaches_synonyms_is_all_that_is_learned_from() -> None:
    whole, parts = Learner(), Learner()
    collector = Collector(0, Words())
    raws = [orjson.dumps(generate_study(number, seed=14)) for number in range(40)]
    raws += [
        b'{"protocolSection":[{"identificationModule":{"briefTitle":"Not a place for Titles (NPT)"}}]}',
        b'{"protocolSection":{"identificationModule":{"briefTitle":"One"},"identificationModule":{"briefTitle":"two words"}}}',
        b'{"protocolSection":{"identificationModule":[{"briefTitle":"three words"}],"descriptionModule":"x"},"derivedSection":1}',
    ]
    for raw in raws:
        whole.learn(orjson.loads(raw))
        collector.collect(raw)
        parts.learn(collector.parts())
    assert vars(parts) == vars(whole)
    assert whole.plain_words


def test_arrays_outlive_the_collector() -> None:
    words = Words()
    collector = Collector(0, words)
    collector.collect(nested("protocolSection.identificationModule.briefTitle", b'"some words"'))
    texts = collector.texts["BriefTitle"]
    del collector
    assert np.array_equal(texts.tokens, [0, 1, 2, 0])
