"""The criteria of a study one by one: what is said with which of them, and what is told on demand."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest

from trialist.pages.checklist import only_for
from trialist.serving.application import Application

from support.records import record
from support.serving import ask, make_registry, site_application

TEXT = """Inclusion Criteria:

* Age 18 to 55 years
* Age at least 60 years
* Adequate zorbic function as in the protocol
* Signed informed consent given by the patient

Exclusion Criteria:

* Pregnant or breastfeeding
* Pregnant or breastfeeding
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Application:
    found = record(1)
    found["protocolSection"]["eligibilityModule"] = {"eligibilityCriteria": TEXT, "minimumAge": "12 Years"}
    directory: Path = tmp_path_factory.mktemp("checklist") / "registry"
    return site_application(make_registry(directory, orjson.dumps(found)))


def lines(html: str) -> dict[str, str]:
    return dict(re.findall(r'<li class="depth-[^"]*" id="criterion-([^"]*)">(.*?)</li>', html, re.DOTALL))


def test_what_was_understood_is_said_and_the_rest_is_told_on_demand(app: Application) -> None:
    found = lines(ask(app, "/study/NCT99000001/criteria").text)
    assert "We read this as:</span> " in found["i1"]
    assert "<details" not in found["i1"]
    assert "We read this as" not in found["i3"]
    assert "not understood" not in found["i3"].partition("<details")[0]
    assert "Adequate zorbic function" in found["i3"].partition("<details")[0], (
        "the sponsor's words always count"
    )


def test_findings_speak_in_the_sponsors_words_and_lead_to_the_point(app: Application) -> None:
    html = ask(app, "/study/NCT99000001/criteria").text
    noticed = html.partition("What we noticed in the text")[2].partition("</div>")[0]
    assert re.search(r"“Age 18 to 55 years” and “Age at least 60 years” ask for ages", noticed)
    assert "the registry's minimum age is 12 years." in noticed.replace("&#39;", "'")
    anchors = re.findall(r'href="#criterion-([^"]*)"', noticed)
    assert anchors
    assert set(anchors) <= set(lines(html))
    assert not re.search(r"\b[IE][0-9]+\b", noticed)


def test_what_is_odd_about_one_criterion_stands_with_it(app: Application) -> None:
    html = ask(app, "/study/NCT99000001/criteria").text
    noticed = html.partition("What we noticed in the text")[2].partition("</div>")[0]
    assert "Pregnant" not in noticed
    assert "The same words as another criterion." in lines(html)["e2"]


def test_a_part_of_the_study_is_named_by_its_kind() -> None:
    assert only_for([("phase", "2"), ("arm", "Arm B")]) == ["Only for: phase 2.", "Only for: Arm B."]
