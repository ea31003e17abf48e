"""What the templates are given: one frozen value a page. Every one has a `title`, that of the browser's window."""

from __future__ import annotations

from dataclasses import dataclass


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
    """`about.html`: what is served, and how to cite it."""

    title: str
    studies: int
    data_date: str
    version: str
    by_type: tuple[tuple[str, int], ...]
    by_status: tuple[tuple[str, int], ...]


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
    title: tuple[Marked, ...]
    status: str
    tone: str
    place: str
    facts: tuple[tuple[str, str], ...]
    excerpts: tuple[Excerpt, ...]
    why: tuple[tuple[str, tuple[str, ...]], ...]
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
