"""The two pages the project was asked for with: the text of our rendered pages has everything that they show, pair by pair."""

from __future__ import annotations

import re
from html import unescape

import pytest

from trialist.serving.application import Application

from support.serving import ask, make_registry, site_application
from support.shared import REFERENCE

pytestmark = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason=f"the reference pages are not here: there is no {REFERENCE}"
)
PUBLIC_PAGE = "000_a187c67452cd207b.txt"
RECORD_PAGE = "004_363b93f7fa3db6b6.txt"
PUBLIC, RECORD = "NCT06321198", "NCT06171906"
HEADINGS = (
    "Status", "Conditions", "Treatments", "Study type", "Funder types", "Identifiers", "About", "Full description",
    "Enrollment", "Sex", "Ages", "Volunteers", "Inclusion criteria", "Exclusion criteria", "Primary purpose", "Allocation",
    "Interventional model", "Masking", "Trial contacts and locations", "Central trial contact",
)  # fmt: skip
FURNITURE = {
    "Loading...",
    "Details and patient eligibility",
    "Trial design",
    "12 participants in 1 patient group",
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Application:
    records = [(REFERENCE / f"{nct_id}.json").read_bytes() for nct_id in (PUBLIC, RECORD)]
    one_line = [record.replace(b"\n", b" ").replace(b"\r", b" ") for record in records]
    return site_application(make_registry(tmp_path_factory.mktemp("site") / "registry", *one_line))


def flat(text: str) -> str:
    return " ".join(unescape(text).split())


def text_of(html: str) -> str:
    """What is written on a page, without what explains a word."""
    html = re.sub(r'<span class="meaning".*?</span>', " ", html, flags=re.DOTALL)
    return flat(re.sub(r"<[^>]+>", " ", html))


def pairs_of(html: str) -> dict[str, list[str]]:
    """Each label of a page with the texts that stand beside it."""
    html = re.sub(
        r'<span class="meaning".*?</span>|<details class="field-doc">.*?</details>',
        " ",
        html,
        flags=re.DOTALL,
    )
    found: dict[str, list[str]] = {}
    for label, text in re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", html, flags=re.DOTALL):
        found.setdefault(text_of(label), []).append(text_of(text))
    return found


def lines_of(name: str) -> list[str]:
    lines = [line.strip() for line in (REFERENCE / name).read_text("utf-8").split("\n")]
    return [line for line in lines if line]


def test_the_public_page_pair_by_pair(app: Application) -> None:
    ours = pairs_of(ask(app, f"/study/{PUBLIC}").text)
    pairs: dict[str, list[str]] = {}
    heading = ""
    for line in lines_of(PUBLIC_PAGE):
        if line in HEADINGS or line in FURNITURE or line.startswith("Data sourced"):
            heading = line
            pairs[heading] = []
        elif heading:
            pairs[heading].append(flat(line))
    for heading in HEADINGS:
        assert pairs[heading], heading
        assert any(" ".join(pairs[heading]) in text for text in ours[heading]), (heading, ours[heading])


def test_the_public_page_line_by_line(app: Application) -> None:
    page = text_of(ask(app, f"/study/{PUBLIC}").text)
    lines = lines_of(PUBLIC_PAGE)
    start, end = lines.index("Menu") + 1, lines.index("Data sourced from clinicaltrials.gov") + 1
    # Of the page's own furniture only the placeholder of its map; a label's colon is ours to set.
    for line in (flat(line).removesuffix(":") for line in lines[start:end] if line != "Loading..."):
        assert line in page, line


def test_the_doses_of_the_only_group_stand_in_their_order(app: Application) -> None:
    """The record puts all cohorts of its dose escalation into the text of one group."""
    html = ask(app, f"/study/{PUBLIC}").text
    listed = re.findall(r'<ol class="cohorts">(.*?)</ol>', html, flags=re.DOTALL)
    assert len(listed) == 1
    cohorts = [text_of(one) for one in re.findall(r"<li[^>]*>(.*?)</li>", listed[0])]
    assert [cohort.split(" ")[0] + " " + cohort.split(" ")[-3] for cohort in cohorts] == [
        "Low once",
        "Low twice",
        "High once",
        "High twice",
    ]


def test_the_criteria_are_all_on_the_checklist(app: Application) -> None:
    page = text_of(ask(app, f"/study/{PUBLIC}/criteria").text)
    lines = lines_of(PUBLIC_PAGE)
    listed = lines[lines.index("Exclusion criteria") + 1 : lines.index("Trial design")]
    assert len(listed) == 17
    for line in listed:
        assert flat(re.sub(r"^[0-9]+\. ", "", line))[:60] in page, line
    assert "The record has no criteria." in text_of(ask(app, f"/study/{RECORD}/criteria").text)


def test_the_record_page_pair_by_pair(app: Application) -> None:
    """Every label of the page stands on ours with its value, or with what its absence means."""
    parts = (
        "",
        "/identificationModule",
        "/statusModule",
        "/sponsorCollaboratorsModule",
        "/descriptionModule",
        "/oversightModule",
    )
    ours: dict[str, list[str]] = {}
    for part in parts:
        for label, texts in pairs_of(ask(app, f"/study/{RECORD}/record{part}").text).items():
            ours.setdefault(label, []).extend(texts)
    labels = ("Study NCT ID", "Status", "Last Update Posted", "First Post", "Brief Title", "Sponsor", "Organization", "Official Title", "Status Verified Date", "Last Known Status", "Delayed Posting", "If Stopped, Why?", "Has Expanded Access", "If Expanded Access, NCT#", "Has Expanded Access, NCT# Status", "Acronym", "Brief Summary", "Detailed Description", "Has Oversight DMC", "Is a FDA Regulated Drug?", "Is a FDA Regulated Device?", "Is an Unapproved Device?", "Is a PPSD?", "Is a US Export?", "Is an FDA AA801 Violation?")  # fmt: skip
    for label in labels:
        assert ours.get(label), label
        assert all(ours[label]), label
    assert any(RECORD in text for text in ours["Study NCT ID"])
    assert {"Is gene therapy", "Has adverse events reported"} <= set(ours)
