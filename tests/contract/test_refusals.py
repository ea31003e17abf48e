"""Published refusals of the live API, each asked of the application."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from trialist.serving.application import Application

from support.records import raw
from support.serving import application, ask, make_registry
from support.shared import SHARED

PROBES = SHARED / "spec" / "api-v2" / "errors.json"

OTHERWISE = {"GET /studies?fields=ConditionList": 400}
"""Where we answer with another status: the live API breaks down on it, we say that it is no field."""

OWN_WORDS = ("(unknown", "(raw Java", "nginx 404 page")
"""How the list says that the live API's words are not known."""


def probes() -> list[Any]:
    found: list[Any] = json.loads(PROBES.read_text(encoding="utf-8")) if PROBES.is_file() else []
    return [
        pytest.param(probe, asked, id=asked) for probe in found for asked in probe["request"].split(" | ")
    ]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Application:
    return application(make_registry(tmp_path_factory.mktemp("refusals") / "registry", raw(1), raw(2)))


@pytest.mark.skipif(not PROBES.is_file(), reason=f"the list of refusals is not here: there is no {PROBES}")
def test_the_list_of_refusals_is_whole():
    assert len(json.loads(PROBES.read_text(encoding="utf-8"))) == 36


@pytest.mark.parametrize(("probe", "asked"), probes())
def test_what_the_live_api_refuses_is_refused_in_its_words(app, probe, asked):
    found = ask(app, target_of(asked))
    assert found.status == OTHERWISE.get(asked, probe["status"]), found.text
    if found.status in (400, 404):
        kind = probe.get("contentType", "text/plain").partition(";")[0]
        assert found.headers["content-type"].partition(";")[0] == kind
    words = probe["body"]
    if found.status == 200:
        assert found.body == b'{"studies":[\n\n]}'
    elif not words.startswith(OWN_WORDS) and asked not in OTHERWISE:
        assert_says(found.text, words)
    else:
        assert found.text


@pytest.mark.parametrize(
    "parameter",
    [
        "fields",
        "sort",
        "format",
        "markupFormat",
        "countTotal",
        "pageSize",
        "filter.ids",
        "filter.overallStatus",
        "filter.geo",
        "aggFilters",
    ],
)
@pytest.mark.parametrize("blank", ["%20", "%09", ""])
def test_an_empty_parameter_counts_as_not_given_and_a_control_character_as_rubbish(app, parameter, blank):
    whole = ask(app, "/api/v2/studies")
    found = ask(app, f"/api/v2/studies?{parameter}={blank}")
    assert (found.status, found.body) == (whole.status, whole.body)
    assert ask(app, f"/api/v2/studies?{parameter}=%1C").status == 400


def target_of(asked: str) -> str:
    """The request line's address. The published requests stand as they are written by hand, blanks and all."""
    path, _, query = asked.removeprefix("GET ").partition("?")
    if not path.startswith("/"):
        path, query = "/studies", asked.removeprefix("GET ")
    return (path if path.startswith("/api/") else f"/api/v2{path}") + (
        "?" + query.replace(" ", "%20") if query else ""
    )


def assert_says(text: str, words: str) -> None:
    """The text is the words, where an ellipsis stands for anything."""
    pattern = ".*".join(re.escape(part) for part in words.split("..."))
    assert re.fullmatch(pattern, text, re.DOTALL), f"{text!r} is not {words!r}"
