"""The two pages the project was asked for with, pair by pair, and every real record beside the checkout."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import orjson
import pytest

from trialist.record import Study
from trialist.record.catalogue import walk_leaves
from trialist.views import View, leaves, public_view, record_view, render_json, render_markdown, render_text
from trialist.views.criteria import split_criteria
from trialist.views.markup import unescape
from trialist.views.nodes import Labelled, Node, Section

from support.shared import REFERENCE, REGISTRY, iter_lines, needs_shared

needs_pages = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason=f"the reference pages are not here: there is no {REFERENCE}"
)
AS_OF = date(2026, 1, 1)
PUBLIC_PAGE = "000_a187c67452cd207b.txt"
RECORD_PAGE = "004_363b93f7fa3db6b6.txt"


def study(nct_id: str) -> Study:
    return Study.from_json((REFERENCE / f"{nct_id}.json").read_bytes())


def labelled(nodes: tuple[Node, ...]) -> list[Labelled]:
    found: list[Labelled] = []
    for node in nodes:
        if isinstance(node, Labelled):
            found.append(node)
        elif isinstance(node, Section):
            found.extend(labelled(node.content))
    return found


# -- the public page ---------------------------------------------------------------------------------------------------

HEADINGS = (
    "Status", "Conditions", "Treatments", "Study type", "Funder types", "Identifiers", "About", "Full description",
    "Enrollment", "Sex", "Ages", "Volunteers", "Inclusion criteria", "Exclusion criteria", "Primary purpose", "Allocation",
    "Interventional model", "Masking", "Trial contacts and locations", "Central trial contact",
)  # fmt: skip


def read_public_page() -> tuple[list[str], dict[str, list[str]]]:
    """The page's lines, and heading → its lines, up to the next heading or part."""
    lines = [line.strip() for line in (REFERENCE / PUBLIC_PAGE).read_text(encoding="utf-8").split("\n")]
    lines = [line for line in lines if line]
    breaks = {
        *HEADINGS,
        "Details and patient eligibility",
        "Trial design",
        "12 participants in 1 patient group",
        "Loading...",
        "Data sourced from clinicaltrials.gov",
    }
    pairs: dict[str, list[str]] = {}
    heading = ""
    for line in lines:
        if line in breaks:
            heading = line
            pairs[heading] = []
        elif heading:
            pairs[heading].append(line)
    return lines, pairs


def shown_lines(node: Labelled) -> list[str]:
    return [" ".join(line.split()) for value in node.values for line in value.text.split("\n")]


@needs_pages
def test_public_page_pair_by_pair() -> None:
    _, pairs = read_public_page()
    view = public_view(study("NCT06321198"), as_of=AS_OF)
    ours = {node.label: shown_lines(node) for section in view.sections for node in labelled(section.content)}
    for heading in HEADINGS:
        assert pairs[heading], heading
        assert ours[heading] == pairs[heading], heading
    assert len(pairs["Exclusion criteria"]) == 17


@needs_pages
def test_public_page_order_and_every_line() -> None:
    lines, _ = read_public_page()
    view = public_view(study("NCT06321198"), as_of=AS_OF)
    start, end = lines.index("Menu") + 1, lines.index("Data sourced from clinicaltrials.gov") + 1
    text = " ".join(render_text(view, width=400).split())
    # Of the page's own furniture only the placeholder of its map; "Description:" and "Treatment:" are our labels without a colon.
    wanted = [line.removesuffix(":") for line in lines[start:end] if line != "Loading..."]
    for line in wanted:
        assert line in text, line
    places = [text.index(line) for line in ("U ", "Enrolling", "Conditions", "Treatments", "Study type", "Funder types", "Identifiers", "Details and patient eligibility", "About", "Full description", "12 estimated patients", "Inclusion criteria", "Exclusion criteria", "Trial design", "12 participants in 1 patient group", "Trial contacts and locations", "Central trial contact", "Data sourced from")]  # fmt: skip
    assert places[1:] == sorted(places[1:])
    assert view.title == lines[start]


@needs_pages
def test_public_page_group() -> None:
    view = public_view(study("NCT06321198"), as_of=AS_OF)
    design = next(section for section in view.sections if section.id == "design")
    groups = next(node for node in design.content if isinstance(node, Section))
    assert groups.title == "12 participants in 1 patient group"
    (group,) = (node for node in groups.content if isinstance(node, Section))
    assert group.title == "iMSC injection"
    assert [shown_lines(node) for node in labelled(group.content)] == [
        ["Experimental group"],
        [
            "Low dose injection once a week; Low dose injection twice a week; High dose injection once a week; High dose injection twice a week;"
        ],
        ["Biological: iMSC"],
    ]


# -- the record page ---------------------------------------------------------------------------------------------------

STATUS = "protocolSection.statusModule"
IDS = "protocolSection.identificationModule"
OVERSIGHT = "protocolSection.oversightModule"
SAME = object()
"""Our raw value is the page's, as text."""

# (part of the page, label there) → (our part, our label, our text or SAME). Where the page has a null word ("None", "N/A")
# ours says what the absence means.
RECORD_PAIRS = {
    ("", "Study NCT ID"): ("overview", "Study NCT ID", SAME),
    ("", "Status"): ("overview", "Status", SAME),
    ("", "Last Update Posted"): ("overview", "Last Update Posted", SAME),
    # The page prints the day of submission as the first post; the record holds it under its own name.
    ("", "First Post"): (STATUS, "First Submitted", SAME),
    ("", "Brief Title"): (IDS, "Brief Title", SAME),
    ("", "Sponsor"): ("protocolSection.sponsorCollaboratorsModule", "Sponsor", SAME),
    ("", "Organization"): (IDS, "Organization", "not available"),
    ("Study Overview", "Official Title"): (IDS, "Official Title", SAME),
    ("Study Overview", "Status"): (STATUS, "Status", SAME),
    ("Study Overview", "Status Verified Date"): (STATUS, "Status Verified Date", SAME),
    ("Study Overview", "Last Known Status"): (STATUS, "Last Known Status", "not applicable"),
    ("Study Overview", "Delayed Posting"): (STATUS, "Delayed Posting", "not marked as delayed"),
    ("Study Overview", "If Stopped, Why?"): (STATUS, "If Stopped, Why?", "not stopped"),
    ("Study Overview", "Has Expanded Access"): (STATUS, "Has Expanded Access", "No"),
    ("Study Overview", "If Expanded Access, NCT#"): (STATUS, "If Expanded Access, NCT#", "not applicable"),
    ("Study Overview", "Has Expanded Access, NCT# Status"): (STATUS, "Has Expanded Access, NCT# Status", "not applicable"),
    ("Study Overview", "Acronym"): (IDS, "Acronym", "not available"),
    ("Study Overview", "Brief Summary"): ("protocolSection.descriptionModule", "Brief Summary", SAME),
    ("Study Overview", "Detailed Description"): ("protocolSection.descriptionModule", "Detailed Description", "not available"),
    ("Study Oversight", "Has Oversight DMC"): (OVERSIGHT, "Has Oversight DMC", "not available"),
    ("Study Oversight", "Is a FDA Regulated Drug?"): (OVERSIGHT, "Is a FDA Regulated Drug?", "No"),
    ("Study Oversight", "Is a FDA Regulated Device?"): (OVERSIGHT, "Is a FDA Regulated Device?", "No"),
    ("Study Oversight", "Is an Unapproved Device?"): (OVERSIGHT, "Is an Unapproved Device?", "not available"),
    ("Study Oversight", "Is a PPSD?"): (OVERSIGHT, "Is a PPSD?", "not available"),
    ("Study Oversight", "Is a US Export?"): (OVERSIGHT, "Is a US Export?", "not available"),
    ("Study Oversight", "Is an FDA AA801 Violation?"): (OVERSIGHT, "Is an FDA AA801 Violation?", "not available"),
}  # fmt: skip
# When that site made its own copy is no fact of the study; the flags are tested on their own.
NOT_FIELDS = {"Ignite Creation Date", "Ignite Modification Date", "Is NOT Gene Therapy", "Has Adverse Events"}
_PAIR = re.compile(
    r"^((?:Is|Has|If|Status|Last|Delayed|Official|Acronym|Brief|Detailed|First|Study NCT|Sponsor|Organization|Ignite)[^:]*): ?(.*)$"
)


def read_record_page(file: Path) -> dict[tuple[str, str], str]:
    """(part, label) → value; a value of several paragraphs goes on until the next label."""
    found: dict[tuple[str, str], str] = {}
    part, label = "", ""
    for line in file.read_text(encoding="utf-8").split("\n"):
        pair = _PAIR.match(line)
        if line.strip() in {"Study Overview", "Study Oversight"}:
            part, label = line.strip(), ""
        elif pair:
            label = pair[1]
            found[part, label] = pair[2]
        elif label and line.strip():
            found[part, label] += "\n\n" + line
    return found


@needs_pages
def test_record_page_pair_by_pair() -> None:
    page = read_record_page(REFERENCE / RECORD_PAGE)
    view = record_view(study("NCT06171906"))
    parts = {
        section.id: {node.label: node.values for node in labelled(section.content)}
        for section in view.sections
    }
    pairs = {key: value for key, value in page.items() if key[1] not in NOT_FIELDS}
    assert pairs.keys() == RECORD_PAIRS.keys()
    for key, said in pairs.items():
        place, label, expected = RECORD_PAIRS[key]
        (value,) = parts[place][label]
        if expected is SAME:
            assert str(value.raw) == said, key
        else:
            assert value.text == expected, key
            assert said in {"None", "N/A", "No", "Not Stopped", "False", ""}, key


@needs_pages
def test_record_page_flags_with_the_right_polarity() -> None:
    page = read_record_page(REFERENCE / RECORD_PAGE)
    flags = {flag.id: flag for flag in record_view(study("NCT06171906")).flags}
    # The page says "Is NOT Gene Therapy: False" of plain stromal cells: that they are a gene therapy. They are not.
    assert page["", "Is NOT Gene Therapy"] == "False"
    assert flags["gene_therapy"].state.value == "no"
    assert flags["cell_therapy"].state.value == "yes"
    assert page["", "Has Adverse Events"] == "False"
    assert flags["has_adverse_events"].state.value == "no"
    assert all(flag.evidence for flag in flags.values() if flag.state.value != "unknown")


@needs_pages
def test_missing_criteria_are_not_available() -> None:
    loaded = study("NCT06171906")
    for view in (public_view(loaded, as_of=AS_OF), record_view(loaded)):
        found = [
            node for section in view.sections for node in labelled(section.content) if "riteria" in node.label
        ]
        assert [node.values[0].text for node in found] == ["not available"]
        text = orjson.dumps(render_json(view)).decode()
        assert '"value":null,"availability":"not available"' in text


# -- every real record -------------------------------------------------------------------------------------------------


def check_real(loaded: Study) -> View:
    view = record_view(loaded)
    wanted = sorted((pointer, repr(value)) for _, pointer, value in walk_leaves(loaded.record))
    assert sorted((pointer, repr(value)) for pointer, value in leaves(view)) == wanted, loaded.nct_id
    assert not any(section.id == "rest" for section in view.sections)
    return view


@needs_shared
def test_real_records_are_complete_and_written() -> None:
    for place, line in enumerate(iter_lines(REGISTRY / "studies.v2.ndjson.zst")):
        if place % 15 or len(line) > 400_000:
            continue
        loaded = Study.from_json(line)
        view = check_real(loaded)
        public = public_view(loaded, as_of=AS_OF)
        if place % 60 == 0:
            for each in (view, public):
                render_text(each)
                render_markdown(each)
                orjson.dumps(render_json(each))


@needs_shared
def test_real_criteria_lose_no_word() -> None:
    def words(text: str) -> list[str]:
        return sorted(re.findall(r"\w", unescape(unescape(text))))

    for place, line in enumerate(iter_lines(REGISTRY / "studies.v2.ndjson.zst")):
        if place % 5:
            continue
        raw = Study.from_json(line)["EligibilityCriteria"]
        if not isinstance(raw, str):
            continue
        found = split_criteria(raw)
        blocks = found.whole or (*found.inclusion, *found.exclusion)
        text = "".join(f"{block.marker} {block.text}" for block in blocks)
        if found.is_divided:
            # The two headings are ours now; whatever else stood in their lines is still there.
            for heading in ("inclusion", "exclusion"):
                spelled = re.search(
                    rf"(?i)(?:\w[.)] ?)?\b(?:non-?)?{heading}s?(?: criteria| criterion)?", raw
                )
                assert spelled
        missing = len(words(raw)) - len(words(text))
        assert 0 <= missing <= (44 if found.is_divided else 0), raw
