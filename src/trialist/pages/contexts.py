"""What the templates are given: one frozen value a page. Every one has a `title`, that of the browser's window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trialist.pages.maps import MapShown
from trialist.views.nodes import Flag, Labelled, Node, Section, Table


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """`error.html`: what went wrong, what to do about it, and ways on: pairs of a label and an address."""

    status: int
    title: str
    message: str
    hint: str
    ways: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AboutPage:
    """`about.html`: what is served, and how to cite it; counts are of a value, its label, and how many studies have it."""

    title: str
    studies: int
    data_date: str
    version: str
    by_type: tuple[tuple[str, str, int], ...]
    by_status: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class StudyHead:
    """`parts/study_head.html`: what stands above every page of one study. `tabs` are label, address, whether it is this page."""

    nct_id: str
    title: str
    status: str
    tone: str
    is_gone: bool
    tabs: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several that a form offers; `count` is None where none is told."""

    value: str
    label: str
    is_chosen: bool
    count: int | None = None


@dataclass(frozen=True, slots=True)
class FindForm:
    """`parts/find_form.html`: the words asked, by the names of their parameters, and what may be chosen.

    `kept` are parameters that the form does not show and sends along. `more_open` says that the part with rarer questions
    is open.
    """

    words: dict[str, str]
    distances: tuple[Choice, ...]
    sexes: tuple[Choice, ...]
    only_open: bool
    kept: tuple[tuple[str, str], ...]
    more_open: bool


@dataclass(frozen=True, slots=True)
class HomePage:
    """`home.html`: the form of the search, and ways to look around: pairs of a label and an address."""

    title: str
    form: FindForm
    examples: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Marked:
    """A piece of a text; `is_hit` where it says what was asked."""

    text: str
    is_hit: bool


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Where in a study something stands that was asked: the field in words, and the text in pieces."""

    field: str
    text: tuple[Marked, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """One study among those found; `place` says of its open sites where they are, `cells` fill the chosen columns."""

    nct_id: str
    url: str
    title: tuple[Marked, ...]
    status: str
    tone: str
    place: str
    facts: tuple[tuple[str, str], ...]
    excerpts: tuple[Excerpt, ...]
    why_url: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FacetGroup:
    """The values of a facet with their counts; `missing` studies say nothing of it, `more` values are not shown."""

    name: str
    heading: str
    choices: tuple[Choice, ...]
    missing: int
    more: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class Paging:
    """Where in the result a page stands; addresses are "" where there is no such page."""

    number: int
    last: int
    first_shown: int
    last_shown: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Help:
    """What may help when little or nothing was found.

    `meant` are a word asked, a word that studies have, and the address of the search with it; `costs` are a part of the
    request, how many studies it finds alone, and how many the others find without it.
    """

    meant: tuple[tuple[str, str, str], ...]
    costs: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class ResultsPage:
    """`results.html`: the studies found. `failure` says why there are none: the request could not be read."""

    title: str
    form: FindForm
    total: int
    sentence: str
    notes: tuple[str, ...]
    chips: tuple[tuple[str, str], ...]
    facets: tuple[FacetGroup, ...]
    cards: tuple[Card, ...]
    headings: tuple[str, ...]
    columns: tuple[Choice, ...]
    sorts: tuple[Choice, ...]
    sizes: tuple[Choice, ...]
    is_table: bool
    views: tuple[tuple[str, str, bool], ...]
    exports: tuple[tuple[str, str], ...]
    paging: Paging
    help: Help
    failure: tuple[str, str] = ("", "")
    others: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class GlossaryPage:
    """`glossary.html`: terms and what they mean, by name."""

    title: str
    terms: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CriterionLine:
    """One criterion: the sponsor's words, ours for it ("" where we have none), and who can answer it.

    Our words stand in `parsed` where they are for a close look only: a part was not understood, or there are two readings. `look` is a word for how `answered_by` is shown; `depth` is how deep in a list it stands; one that `asks` has a box to
    tick.
    """

    id: str
    heading: str
    text: str
    plain: str
    parsed: str
    look: str
    answered_by: str
    notes: tuple[str, ...]
    defects: tuple[str, ...]
    depth: int
    is_header: bool
    asks: bool


@dataclass(frozen=True, slots=True)
class CriterionGroup:
    """The criteria of one kind: `kind` is "inclusion" or "exclusion"."""

    kind: str
    heading: str
    lines: tuple[CriterionLine, ...]


@dataclass(frozen=True, slots=True)
class ChecklistPage:
    """`criteria.html` and `parts/checklist.html`: the criteria, how many were understood, and what is odd about them.

    A finding is a sentence and the ids of the criteria that it is about; what is odd about one alone stands with that one.
    """

    title: str
    head: StudyHead
    is_available: bool
    groups: tuple[CriterionGroup, ...]
    findings: tuple[tuple[str, tuple[str, ...]], ...]
    count: int
    wholly: int
    partly: int
    is_too_long: bool = False


@dataclass(frozen=True, slots=True)
class SiteGroup:
    """Sites of one country or region ("" for all in one list): how many, how many take people now, and the table of them.

    A country of very many sites is told region by region, and has no table.
    """

    name: str
    count: int
    open_count: int
    table: Table | None
    is_open: bool
    regions: tuple[SiteGroup, ...] = ()


@dataclass(frozen=True, slots=True)
class SitesPart:
    """`parts/sites.html`: facts and contacts above the sites, the sites, and what was asked of them."""

    content: tuple[Node, ...]
    groups: tuple[SiteGroup, ...]
    count: int
    shown: int
    open_count: int
    only_open: bool
    place: str
    place_note: str


@dataclass(frozen=True, slots=True)
class StudyPage:
    """`study.html`: the public view. `glance` are the values at the top, `sections` the parts below, in their order.

    `parts` are what diagrams, timeline and map are made of, by name (`study_parts.PARTS`). Criteria that are long are not
    told a second time, one by one (`takes_in_checklist`): the page of their own is a click away.
    """

    title: str
    head: StudyHead
    sponsor: tuple[Labelled, ...]
    avatar: str
    glance: tuple[Node, ...]
    sections: tuple[Section, ...]
    flags: tuple[Flag, ...]
    sites: SitesPart
    parts: Mapping[str, Any]
    source: str
    has_results: bool
    takes_in_checklist: bool


@dataclass(frozen=True, slots=True)
class SimilarPage:
    """`similar.html` and `parts/similar.html`: the studies most like one, each with what both have."""

    title: str
    head: StudyHead
    studies: tuple[tuple[Card, tuple[tuple[str, str], ...]], ...]


@dataclass(frozen=True, slots=True)
class FieldDoc:
    """What is known of a field: its names, its kind, the values it may have, and where its definition stands."""

    title: str
    piece: str
    path: str
    kind: str
    values: tuple[tuple[str, str], ...]
    definition: str
    definition_url: str


@dataclass(frozen=True, slots=True)
class ModuleWay:
    """The way to a module: the section of the record it belongs to, "" for none, what stands there, how many values it holds."""

    title: str
    url: str
    part: str
    about: str
    count: int


@dataclass(frozen=True, slots=True)
class RecordPage:
    """`record.html`: the overview of a record, and the ways to its modules, those of each part in the record's order."""

    title: str
    head: StudyHead
    overview: tuple[Node, ...]
    ways: tuple[tuple[str, tuple[ModuleWay, ...]], ...]
    flags: tuple[Flag, ...]


@dataclass(frozen=True, slots=True)
class ModulePage:
    """`module.html`: one module; `place` is its place among the `ways`."""

    title: str
    head: StudyHead
    section: Section
    ways: tuple[ModuleWay, ...]
    place: int
    docs: tuple[FieldDoc, ...]


@dataclass(frozen=True, slots=True)
class JsonNode:
    """A value of a record: its text, or what is below it; with neither, its pointer has a page of its own."""

    key: str
    text: str
    below: tuple[JsonNode, ...]
    summary: str
    pointer: str
    is_long: bool
    is_open: bool


@dataclass(frozen=True, slots=True)
class RawPage:
    """`raw.html`: the JSON below a pointer ("" for all of it)."""

    title: str
    head: StudyHead
    node: JsonNode
    pointer: str
    size: int


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place and how many studies have a site there; `open_count` of them take people there now."""

    name: str
    url: str
    count: int
    open_count: int
    find_url: str


@dataclass(frozen=True, slots=True)
class PlacesPage:
    """`places.html`: places of one kind within others. `crumbs` lead back; `what` is the kind in words, for one and many.

    `more` places are not shown, `unnamed` studies name none. `cards` are studies, where there is nothing narrower.
    """

    title: str
    crumbs: tuple[tuple[str, str], ...]
    here: str
    count: int
    open_count: int
    find_url: str
    open_url: str
    what: tuple[str, str]
    rows: tuple[PlaceRow, ...]
    more: int
    unnamed: int
    letters: tuple[tuple[str, tuple[PlaceRow, ...]], ...]
    map: MapShown | None
    is_of_countries: bool


@dataclass(frozen=True, slots=True)
class WhyPage:
    """`why.html` and `parts/why.html`: each part of a request that holds, and what in the study says so."""

    title: str
    nct_id: str
    name: str
    sentence: str
    why: tuple[tuple[str, tuple[str, ...]], ...]
    back: str
