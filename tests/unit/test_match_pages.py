"""The Match pages in this process: form, trials, one trial; privacy; hostile values."""

from __future__ import annotations

import dataclasses
import functools
import gc
import io
import logging
import re
import tempfile
from pathlib import Path
from typing import Any

import orjson
import pytest

from trialist.api.app import api_surface
from trialist.demo import generate_study
from trialist.evaluation.encode import NOTICE
from trialist.pages.site import site_surface
from trialist.query.kept import KeptAnswers
from trialist.serving.access_log import AccessLog
from trialist.serving.application import Application
from trialist.vocabulary.text import Folding

from support.loading import settings
from support.posting import kept_in, post_again, post_fields
from support.records import record
from support.serving import Answer, ask, make_registry, site_application

TRIAL = "NCT99900001"
CRITERIA = """Inclusion Criteria:

* Age 18 years or older
* Grade II to IV acute GVHD
* Platelet count of at least 50 x 10^9/L
* Able to give written consent

Exclusion Criteria:

* Known HIV infection
* ALT above 5 x ULN
* Received ruxolitinib within 14 days
"""
BASICS = (
    ("top.age", "44"),
    ("top.sex", "female"),
    ("conditions.0.name", "acute GVHD"),
    ("grades.2.preset", "agvhd_grade"),
    ("grades.2.value", "III"),
    ("values.1.preset", "platelets"),
    ("values.1.unit", "10*9/L"),
    ("q.day", "2026-11-22"),
)


def trial_record(number: int = 900001, text: str = CRITERIA) -> bytes:
    found: dict[str, Any] = record(number)
    section = found["protocolSection"]
    section["conditionsModule"] = {"conditions": ["Acute GVHD"]}
    section["identificationModule"]["briefTitle"] = "[Invented] A drug for acute GVHD"
    section["eligibilityModule"] = {"eligibilityCriteria": text, "minimumAge": "18 Years", "sex": "ALL"}
    return orjson.dumps(found)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    records = [orjson.dumps(generate_study(number, seed=5)) for number in range(20)]
    return make_registry(tmp_path_factory.mktemp("match") / "registry", trial_record(), *records)


@pytest.fixture(scope="module")
def app(directory: Path) -> Application:
    return site_application(directory, max_query_seconds=300.0)


def class_in(answer: Answer) -> str:
    found = re.search(r'<span class="verdict [a-z]+"><span class="verdict-name">([A-Z]+)', answer.text)
    assert found is not None
    return found[1]


def sections_shown(answer: Answer) -> list[str]:
    return re.findall(r'<p class="result [a-z]+"><span>([^<]+)</span>', answer.text)


def test_the_form_leads_to_the_trials_and_these_to_one(app):
    form = ask(app, "/match")
    assert form.status == 200
    found = post_fields(app, "/match/trials", BASICS)
    assert found.status == 200, found.text
    assert "Female, 44 years old" in found.text
    assert TRIAL in found.text
    one = post_again(app, "/match/trial", found, ("trial", TRIAL))
    assert one.status == 200
    assert class_in(one) == "UNDETERMINED"
    assert "platelet count" in one.text
    for page in (form, found, one):
        assert NOTICE in re.sub(r"<[^>]+>", "", page.text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("20", "EXCLUDED"), ("80", "UNDETERMINED"), ("", "UNDETERMINED"), ("<20", "EXCLUDED")],
)
def test_the_class_follows_the_facts(app, value, expected):
    found = post_fields(app, "/match/trial", [*BASICS, ("values.1.value", value), ("trial", TRIAL)])
    assert found.status == 200
    assert class_in(found) == expected
    if expected == "EXCLUDED":
        assert "Rules out" in sections_shown(found)


def test_a_trial_shows_facts_missing_apart_from_what_persons_confirm(app):
    found = post_fields(app, "/match/trial", [*BASICS, ("trial", TRIAL)])
    missing, confirm = found.text.split('id="missing-head"')[1].split('id="confirm-head"')
    assert "platelet count" in missing
    assert "consent" in confirm.split("Point by point")[0]
    assert "consent" not in missing


def test_the_filters_need_no_script(app):
    every = post_fields(app, "/match/trial", [*BASICS, ("trial", TRIAL), ("values.1.value", "20")])
    shown = {name: sections_shown(post_again(app, "/match/trial", every, ("trial", TRIAL), ("show", name)))
             for name in ("all", "open", "data", "confirm", "against")}  # fmt: skip
    assert shown["all"] == sections_shown(every)
    assert len(shown["all"]) >= 7
    assert set(shown["against"]) == {"Rules out"}
    assert set(shown["data"]) == {"Facts are missing"}
    assert set(shown["open"]) == {"Facts are missing", "A person must confirm"}
    assert "A person must confirm" in shown["confirm"]
    assert 'type="submit"' in every.text or "<button" in every.text
    assert all(f'name="show" value="{name}"' in every.text for name in shown)


def test_a_file_a_note_and_fields_are_one_person(app):
    form = b"born: 1982\nsex: female\nconditions:\n  - acute GVHD\n"
    found = post_fields(
        app,
        "/match/trials",
        [("note", "She has grade III acute GVHD. ALT 95 U/L."), ("values.1.preset", "platelets"),
         ("values.1.value", "20"), ("values.1.unit", "10*9/L")],
        [("file", "p.yaml", form)],
    )  # fmt: skip
    assert found.status == 200, found.text
    assert "Female, 4" in found.text
    assert "“ALT 95 U/L”" in found.text.replace("&#34;", '"')
    assert "form: values, item 1" in found.text
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [
        {"resource": {"resourceType": "Patient", "id": "7", "birthDate": "1990-01-01", "gender": "male"}},
        {"resource": {"resourceType": "Observation", "id": "x", "status": "final", "code": {"text": "?"}}}]}  # fmt: skip
    read = post_fields(
        app, "/match/trials", [("q.condition", "GVHD")], [("file", "b.json", orjson.dumps(bundle))]
    )
    assert read.status == 200
    assert "Male, 3" in read.text
    assert "not understood" in read.text
    assert "Observation/x" in read.text


def test_what_was_told_can_be_changed(app):
    found = post_fields(app, "/match/trials", [*BASICS, ("note", "Some\nnote"), ("noted", "2026-01-02")],
                        [("file", "p.json", b'{"sex": "female"}')])  # fmt: skip
    form = post_again(app, "/match/edit", found)
    assert form.status == 200
    for said in ('value="44"', ">\nSome\nnote</textarea>", 'value="2026-01-02"', "We still hold the file"):
        assert said in form.text
    dropped = post_fields(app, "/match/trials", [*BASICS, ("kept", kept_in(form)), ("drop_file", "1")])
    kept = post_fields(app, "/match/trials", [("kept", kept_in(form)), ("conditions.0.name", "acute GVHD")])
    assert "We still hold" not in post_again(app, "/match/edit", dropped).text
    assert "Female, age not known" in kept.text


def test_more_rows(app):
    rows = [
        post_fields(app, "/match/edit", [*BASICS, *more]).text.count('name="drugs.')
        for more in ([], [("more", "drugs")])
    ]
    assert rows[1] > rows[0] > 0


def test_every_mistake_is_told_at_its_place_and_nothing_is_believed(app):
    wrong = [
        ("top.born", "1980-13"),
        ("values.1.preset", "platelets"), ("values.1.value", "many"), ("values.1.unit", "10*9/L"),
        ("values.20.name", "platlets"), ("values.20.value", "3"), ("values.20.unit", "10*9/L"),
        ("values.21.name", "ALT"), ("values.21.value", "95"), ("values.21.unit", "kg"),
        ("conditions.0.name", "acute GVHD"),
        ("grades.0.preset", "ecog"), ("grades.0.value", "9"),
        ("noted", "yesterday"), ("note", "x"),
    ]  # fmt: skip
    found = post_fields(app, "/match/trials", wrong, [("file", "p.yaml", b"sexx: male\n")])
    assert found.status == 400
    box = found.text.split('id="mistakes"')[1].split("</div>")[0]
    places = re.findall(r'href="#([^"]+)"', box)
    assert len(places) == 7, box
    for place in places:
        assert f'id="{place}"' in found.text
    assert 'value="many"' in found.text
    assert "What we understood" not in found.text


@pytest.mark.parametrize(
    ("fields", "file", "said"),
    [
        ((), b"", "Tell us something"),
        ((("q.day", "soon"), ("top.sex", "female")), b"", "no day of the calendar"),
        ((), b'{"resourceType": "Bundle", "entry": 3}', "id=\"mistakes\""),
        ((), b"{", "id=\"mistakes\""),
        ((), b'[{"resourceType": "Patient", "id": "1"}, {"resourceType": "Patient", "id": "2"}]', "2 patients"),
        ((("top.sex", "female"),), b"", "nothing is known of the patient"),
        ((("top.sex", "female"), ("q.condition", "GVHD"), ("q.near", "95.0,11.0")), b"", "alert"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_told(app, fields, file, said):
    found = post_fields(app, "/match/trials", fields, [("file", "p.json", file)])
    assert found.status == 400
    assert said.lower() in found.text.lower()


def test_from_a_study_straight_to_its_points(app):
    assert f'href="/match?trial={TRIAL}"' in ask(app, f"/study/{TRIAL}").text
    assert f'href="/match?trial={TRIAL}"' in ask(app, f"/study/{TRIAL}/criteria").text
    form = ask(app, f"/match?trial={TRIAL}")
    assert f'name="q.trial" value="{TRIAL}"' in form.text
    one = post_fields(app, "/match/trials", [*BASICS, ("q.trial", TRIAL)])
    assert "Point by point" in one.text
    assert "Trials for this person" in post_again(app, "/match/trials", one).text
    wrong = post_fields(app, "/match/trials", [("top.age", "old"), ("q.trial", TRIAL)])
    assert f'name="q.trial" value="{TRIAL}"' in wrong.text
    assert "Point by point" not in post_fields(app, "/match/trials", BASICS).text


def test_near_misses_and_the_fact_to_find_out_first(app):
    near = post_fields(app, "/match/trials", [*BASICS, ("values.1.value", "48")])
    assert "Near misses" in near.text
    assert "Platelet count 48" in near.text
    telling = post_fields(app, "/match/trials", BASICS)
    assert "Which fact to find out first" in telling.text


# Refusals


@pytest.mark.parametrize("path", ["/match/trials", "/match/trial", "/match/edit"])
def test_posts_from_elsewhere_are_refused(app, path):
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "", "origin": "http://evil.example"},
    ):
        found = post_fields(app, path, BASICS, **headers)
        assert found.status == 403
        assert "acute" not in found.text
    assert ask(app, path).headers["location"] == "/match"
    assert ask(app, path).status == 303


def test_a_body_beyond_the_setting_is_refused(directory):
    small = site_application(directory, max_patient_bytes=2_000)
    assert post_fields(small, "/match/trials", [("note", "x" * 3_000)]).status == 413
    assert post_fields(small, "/match/edit", [("note", "x" * 300)]).status == 200


def test_a_kept_text_that_was_changed_is_refused(app):
    found = ask(app, "/match/trials", method="POST", body=b"kept=eJwDAAAAAAE%3D", headers={})
    assert (found.status, found.headers["cache-control"]) == (400, "no-store")


# Privacy


def canary_fields(word: str) -> list[tuple[str, str]]:
    """Every field of the form with a word of its own; what must be a number or a day has one that is nowhere else."""
    from trialist.pages.match_form import sections_of
    from trialist.registry.intake import Told

    found = []
    for section in sections_of(Told()):
        fields = [field for field, _ in section.top]
        for part in section.parts:
            for entry in part.entries:
                fields += [*entry.shown, *entry.more]
        found += [(field.name, f"{word}{place}") for place, field in enumerate(fields)]
    return [*found, ("note", f"{word} note. He takes {word}mab."), ("noted", word), ("q.near", word), ("q.within", word),
            ("q.condition", word), ("q.day", word), ("q.policy", word), ("trial", word), ("q.trial", word)]  # fmt: skip


WORD = "Zwitscherling"
SOUND = [
    ("top.label", WORD), ("top.age", "44"), ("conditions.0.name", WORD), ("conditions.0.note", WORD), ("conditions.0.also", WORD),
    ("conditions.1.name", "acute GVHD"), ("drugs.0.name", WORD), ("drugs.0.note", WORD), ("drugs.0.route", WORD),
    ("values.20.name", "ALT"), ("values.20.value", "95"), ("values.20.unit", "U/L"), ("values.20.method", WORD),
    ("about.0.name", "residence"), ("about.0.value", WORD), ("q.condition", f"{WORD}, GVHD"),
    ("note", f"{WORD} is a 58-year-old man with {WORD}itis and acute GVHD."),
]  # fmt: skip
BUNDLE = orjson.dumps(
    [
        {"resourceType": "Patient", "id": WORD, "name": [{"family": WORD}], "birthDate": "1980-01-01"},
        {
            "resourceType": "Condition",
            "id": WORD,
            "code": {"text": WORD},
            "subject": {"reference": f"Patient/{WORD}"},
        },
    ]
)
FILES: tuple[list[tuple[str, str, bytes]], ...] = (
    [],
    [("file", f"{WORD}.json", BUNDLE)],
    [("file", f"{WORD}.yaml", f"{WORD}: {WORD}\n".encode())],
    [("file", f"{WORD}.txt", f"{WORD} has GVHD.".encode())],
    [("file", f"{WORD}.json", b"\xff\xfe" + WORD.encode())],
)


def post_everything(app: Application, monkeypatch: pytest.MonkeyPatch) -> list[Answer]:
    """Sound and unsound forms and files to every path, also with a crash in the middle."""
    found = []
    for files in FILES:
        for path in ("/match/trials", "/match/trial", "/match/edit"):
            for fields in (SOUND, [*SOUND, ("trial", TRIAL)], canary_fields(WORD)):
                found.append(post_fields(app, path, fields, files))
    sound = post_fields(app, "/match/trials", SOUND)
    found.append(post_again(app, "/match/trial", sound, ("trial", WORD), ("show", WORD)))
    found.append(post_again(app, "/match/trials", sound, ("most", WORD)))
    found.append(post_fields(app, "/match/trials", SOUND, **{"sec-fetch-site": "cross-site"}))
    found.append(ask(app, "/match/trials", method="POST", body=f"kept={WORD}&note={WORD}".encode()))

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError(WORD)

    for name in ("evaluation.evaluate.assess", "pages.match.read_told", "pages.site.render"):
        with monkeypatch.context() as patched:
            patched.setattr(f"trialist.{name}", broken)
            if name != "pages.site.render":
                crashed = post_fields(app, "/match/trial", [*SOUND, ("trial", TRIAL)])
                assert crashed.status == 500
                found.append(crashed)
    return found


def test_nothing_of_a_patient_stays_anywhere(directory, tmp_path, monkeypatch):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    out, records = io.BytesIO(), io.StringIO()
    log = AccessLog(out, log_queries=True)
    limits = {"max_query_seconds": 300.0}
    app = Application(dataclasses.replace(settings(directory), **limits), (api_surface, site_surface), log)
    root, handler = logging.getLogger(), logging.StreamHandler(records)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        found = post_everything(app, monkeypatch)
        figures = ask(app, "/api/trialist/v1/metrics").text
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        log.close()
    assert {one.status for one in found} >= {200, 400, 403, 500}
    kept = b"".join(
        file.read_bytes() for folder in (directory, temporary) for file in folder.rglob("*") if file.is_file()
    )
    heads = repr([one.headers for one in found])
    # A page that refuses altogether says nothing of what came; the form that has to be mended is the form of the next post.
    refusals = "".join(one.text for one in found if one.status != 200 and 'id="mistakes"' not in one.text)
    for name, told in {
        "log": out.getvalue().decode(), "records": records.getvalue(), "metrics": figures, "files": kept.decode("latin-1"),
        "headers": heads, "refusals": refusals,
    }.items():  # fmt: skip
        assert WORD.lower() not in told.lower(), name
    assert '"route":"/match/trials"' in out.getvalue().decode(), "the log was written"
    for one in found:
        assert one.headers["cache-control"] == "no-store"
        assert "etag" not in one.headers
        assert "set-cookie" not in one.headers
    assert refusals


def test_what_was_told_stands_only_where_it_is_shown_or_sent_again(app):
    """Not in an address, an attribute of its own, a comment: in texts, in the form's fields, and in the one text of the form."""
    for path, more in (("/match/trials", ()), ("/match/trial", (("trial", TRIAL),)), ("/match/edit", ())):
        page = post_fields(app, path, [*SOUND, *more]).text
        assert "<!--" not in page
        for tag in re.findall(r"<[a-z][^>]*>", page):
            if WORD.lower() in tag.lower():
                assert re.fullmatch(
                    r'<input id="[\w.]+" name="[\w.]+" type="text" value="[^"]*"[^>]*>', tag
                ), tag
        for name in ("href", "action", "formaction", "src", "data-include"):
            assert WORD not in "".join(re.findall(rf'{name}="([^"]*)"', page))


def test_what_is_remembered_for_speed_holds_no_word_of_a_patient(app):
    """The caches of this process: results of searches, normal forms of words, answers of functions."""
    for path in ("/match/trials", "/match/trial", "/match/edit"):
        for files in FILES:
            post_fields(app, path, [*SOUND, ("trial", TRIAL)], files)
    gc.collect()
    holders = []
    for one in gc.get_objects():
        if isinstance(one, functools._lru_cache_wrapper):
            holders += [
                f"{one.__module__}.{one.__qualname__}" for part in gc.get_referents(one) if holds(part)
            ]
        elif isinstance(one, Folding | KeptAnswers) and holds(one if isinstance(one, dict) else vars(one)):
            holders.append(type(one).__name__)
    assert sorted(set(holders)) == []


def holds(one: object, depth: int = 0) -> bool:
    """Whether the word is in a value, or in what it is made of."""
    if isinstance(one, str):
        return WORD.lower() in one.lower()
    if depth > 5:
        return False
    if isinstance(one, dict):
        return any(holds(key, depth + 1) or holds(value, depth + 1) for key, value in list(one.items()))
    if isinstance(one, tuple | list | set | frozenset):
        return any(holds(part, depth + 1) for part in one)
    if dataclasses.is_dataclass(one):
        return any(holds(getattr(one, field.name, None), depth + 1) for field in dataclasses.fields(one))
    return False


def test_the_search_for_holders_finds_one():
    """The test above would see a cache that keeps a word."""

    @functools.lru_cache
    def kept(word: str) -> tuple[str, ...]:
        return (word, word)

    kept(f"{WORD}-seen")
    assert any(holds(part) for part in gc.get_referents(kept))
    folding = Folding()
    assert folding[WORD]
    assert holds(folding)


# Hostile values


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}{% for x in ().__class__ %}",
    "javascript:alert(1)",
    "</textarea><script>alert(1)</script>",
    "\u202eevil\u0000\u0007\ud7ff",
    "' OR 1=1 -- AREA[Phase]PHASE3 ((((",
    "%s%n${jndi:ldap://x}",
)


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_are_shown_and_do_nothing(app, value):
    everywhere = [
        (name, value)
        for name, _ in canary_fields("x")
        if name not in ("trial", "q.trial", "noted") and not name.startswith("q.")
    ]
    for path, fields in (
        (
            "/match/trials",
            [("conditions.0.name", value), ("top.label", value), ("note", value), ("q.condition", value)],
        ),
        ("/match/trial", [("conditions.0.name", value), ("drugs.0.note", value), ("trial", TRIAL)]),
        ("/match/edit", everywhere),
        ("/match/trials", everywhere),
        (
            "/match/trials",
            [("q.near", value), ("q.day", value), ("q.within", value), ("q.policy", value), ("note", "GVHD")],
        ),
    ):
        found = post_fields(app, path, fields, [("file", f"{value}.yaml", b"")])
        assert found.status in (200, 400), found.text[:500]
        assert "<script>alert" not in found.text
        assert "<img" not in found.text
        assert "{{" not in found.text or "{{ 7*7 }}" in found.text
        assert "49" not in re.findall(r'value="(49)"', found.text)
        assert re.search(r"<[a-z][^>]*\son\w+=", re.sub(r'"[^"]*"', '""', found.text)) is None


def test_a_hostile_study_is_shown_as_text(tmp_path_factory):
    text = CRITERIA + "* <script>alert(1)</script> <b onmouseover=alert(1)>HIV</b>\n"
    directory = make_registry(tmp_path_factory.mktemp("hostile") / "registry", trial_record(900002, text))
    found = post_fields(site_application(directory), "/match/trial", [*BASICS, ("trial", "NCT99900002")])
    assert found.status == 200
    assert "<script>alert" not in found.text
    assert "<b on" not in found.text
