"""Browsing: conditions and treatments by the tree of MeSH, sponsors by name; each has a page of its own and a feed.

The tree is read from the studies: each says which terms stand above its own. Where a study has a single term, those above
it are that term's and no other's: from such studies the tree is exact, and as complete as they are. It needs no file of MeSH.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from trialist.errors import InvalidParameterError
from trialist.pages.addresses import written
from trialist.pages.asked import Asked
from trialist.pages.find import PATH as FIND
from trialist.pages.shown import Shown
from trialist.query.hits import Selection
from trialist.registry.searching import Facet
from trialist.vocabulary.sponsors import display_name, spellings_of

PATH = "/browse"
_MOST = 400
_EVERY = 1_000_000
_LONGEST = 300
_LETTERS_FROM = 60


@dataclass(frozen=True, slots=True)
class Kind:
    """What can be browsed: words for one and many, and the fields of the terms, those above them, their number, the branches."""

    one: str
    many: str
    term: str
    above: str
    number: str
    branch: str


KINDS: Mapping[str, Kind] = {
    "conditions": Kind(
        "condition",
        "conditions",
        "ConditionMeshTerm",
        "ConditionAncestorTerm",
        "NumConditionMeshes",
        "ConditionBrowseBranchName",
    ),
    "treatments": Kind(
        "treatment",
        "treatments",
        "InterventionMeshTerm",
        "InterventionAncestorTerm",
        "NumInterventionMeshes",
        "InterventionBrowseBranchName",
    ),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A name with how many studies have it, and the address of its page."""

    name: str
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class BrowsePage:
    """`browse.html`: where browsing begins."""

    title: str
    lists: tuple[tuple[str, str, tuple[Entry, ...]], ...]


@dataclass(frozen=True, slots=True)
class ListPage:
    """`browse_list.html`: names of one kind; `letters` groups them by first letter. `branches` are ways into the tree."""

    title: str
    about: str
    branches: tuple[Entry, ...]
    letters: tuple[tuple[str, tuple[Entry, ...]], ...]
    shown: int
    distinct: int


@dataclass(frozen=True, slots=True)
class TermPage:
    """`browse_term.html`: one condition, treatment or sponsor. `names` are the registry's other names for a sponsor.

    `lists` hold what the studies have besides: a heading and its entries.
    """

    title: str
    kind: str
    crumb: tuple[str, str]
    names: tuple[str, ...]
    count: int
    open_count: int
    with_results: int
    wider: tuple[Entry, ...]
    narrower: tuple[Entry, ...]
    lists: tuple[tuple[str, tuple[Entry, ...]], ...]
    find_url: str
    open_url: str
    landscape_url: str
    feed_url: str


def browse_page(asked: Asked) -> Shown:
    """`/browse`."""
    selection = asked.served.finder.select({}, check=asked.check)
    lists = []
    for name, kind in KINDS.items():
        facet = _facet(asked, selection, kind.term, 12)
        lists.append((kind.many.capitalize(), f"{PATH}/{name}", _terms(name, facet)))
    sponsors = tuple(_sponsors(asked, selection).values())
    top = sorted(sponsors, key=lambda one: (-one.count, one.name))[:12]
    lists.append(("Sponsors", f"{PATH}/sponsors", tuple(top)))
    return Shown("browse.html", BrowsePage("Look around", tuple(lists)))


def terms_page(asked: Asked) -> Shown:
    """`/browse/conditions` and `/browse/treatments`: all of a kind, or with `name` the page of one."""
    which = asked.path["kind"]
    kind = KINDS.get(which)
    if kind is None:
        raise InvalidParameterError(
            f"“{which[:40]}” cannot be browsed", hint=f"There is {', '.join((*KINDS, 'sponsors'))}."
        )
    name = asked.text("name")[:_LONGEST]
    selection = asked.served.finder.select({}, check=asked.check)
    if name:
        return _term(asked, which, kind, name)
    facet = _facet(asked, selection, kind.term, _MOST)
    branches = _facet(asked, selection, kind.branch, 60)
    page = ListPage(
        kind.many.capitalize(),
        f"The {kind.many} that most studies have, in the words of MeSH, the U.S. library's list of medical terms.",
        tuple(
            Entry(one.label, one.count, written(FIND, (("q", _exact(kind.branch, one.value)),)))
            for one in branches.counts
        ),
        _by_letter(_terms(which, facet)),
        len(facet.counts),
        facet.distinct,
    )
    return Shown("browse_list.html", page)


def sponsors_page(asked: Asked) -> Shown:
    """`/browse/sponsors`: the sponsors with most studies, or with `name` the page of one."""
    name = asked.text("name")[:_LONGEST]
    if name:
        return _sponsor(asked, name)
    selection = asked.served.finder.select({}, check=asked.check)
    known = _sponsors(asked, selection)
    top = sorted(known.values(), key=lambda one: (-one.count, one.name))[:_MOST]
    about = "Who leads the studies. Different spellings of one name are taken together where we know them."
    distinct = max(len(top), _facet(asked, selection, "LeadSponsorName", 1).distinct)
    page = ListPage("Sponsors", about, (), _by_letter(tuple(top)), len(top), distinct)
    return Shown("browse_list.html", page)


def _term(asked: Asked, which: str, kind: Kind, name: str) -> Shown:
    query = f"{_exact(kind.term, name)} OR {_exact(kind.above, name)}"
    selection = _select(asked, query)
    alone = f"AREA[{kind.number}]RANGE[1, 1]"
    wider, narrower = (
        tuple(
            one
            for one in _terms(which, _facet(asked, studies, piece, most))
            if one.name.casefold() != name.casefold()
        )
        for studies, piece, most in (
            (_select(asked, f"{alone} AND {_exact(kind.term, name)}"), kind.above, 40),
            (_select(asked, f"{alone} AND {_exact(kind.above, name)}"), kind.term, 200),
        )
    )
    lists = []
    for other, label in (("treatments", "Treatments studied"), ("conditions", "Conditions studied")):
        if other != which:
            lists.append((label, _terms(other, _facet(asked, selection, KINDS[other].term, 12))))
    lists.append(("Sponsors", _top_sponsors(asked, selection)))
    page = _page(asked, name, kind.one, (kind.many.capitalize(), f"{PATH}/{which}"), query, selection)
    return _shown(page, wider, narrower, tuple(lists), ())


def _sponsor(asked: Asked, name: str) -> Shown:
    shown = display_name(name)
    # Every name that the records write and readers know as this one: looked for among the studies that have its words.
    worded = " OR ".join(_phrase("LeadSponsorName", one) for one in spellings_of(shown)[:50])
    near = _facet(asked, _select(asked, worded), "LeadSponsorName", _EVERY)
    names = [one.value for one in near.counts if display_name(one.value) == shown] or [name]
    query = " OR ".join(_exact("LeadSponsorName", one) for one in names[:50])
    selection = _select(asked, query)
    lists = tuple(
        (label, _terms(which, _facet(asked, selection, KINDS[which].term, 12)))
        for which, label in (("conditions", "Conditions studied"), ("treatments", "Treatments studied"))
    )
    page = _page(asked, shown, "sponsor", ("Sponsors", f"{PATH}/sponsors"), query, selection)
    return _shown(page, (), (), lists, tuple(one for one in names if one != shown))


def _page(
    asked: Asked, name: str, kind: str, crumb: tuple[str, str], query: str, selection: Selection
) -> TermPage:
    takers = _select(asked, f"({query}) AND AREA[OverallStatus]RECRUITING")
    reported = _select(asked, f"({query}) AND AREA[HasResults]true")
    pairs = (("q", query),)
    return TermPage(
        name, kind, crumb, (), selection.total, takers.total, reported.total, (), (), (),
        written(FIND, pairs), written(FIND, (*pairs, ("status", "RECRUITING"))),
        written("/landscape", pairs), written("/feed", pairs),
    )  # fmt: skip


def _shown(
    page: TermPage,
    wider: tuple[Entry, ...],
    narrower: tuple[Entry, ...],
    lists: tuple[tuple[str, tuple[Entry, ...]], ...],
    names: tuple[str, ...],
) -> Shown:
    found = replace(
        page, wider=wider, narrower=narrower, lists=tuple(one for one in lists if one[1]), names=names
    )
    return Shown("browse_term.html", found)


def _select(asked: Asked, query: str) -> Selection:
    return asked.served.finder.select({"query.term": query}, check=asked.check)


def _facet(asked: Asked, selection: Selection, piece: str, most: int) -> Facet:
    asked.check()
    return asked.served.finder.facets(selection, [piece], most=most)[piece]


def _terms(which: str, facet: Facet) -> tuple[Entry, ...]:
    return tuple(
        Entry(one.label, one.count, written(f"{PATH}/{which}", (("name", one.value),)))
        for one in facet.counts
    )


def _sponsors(asked: Asked, selection: Selection) -> dict[str, Entry]:
    """The lead sponsors with most studies by the name that readers know, the spellings of one name taken together."""
    counts: dict[str, int] = {}
    for one in _facet(asked, selection, "LeadSponsorName", _EVERY).counts:
        name = display_name(one.value)
        counts[name] = counts.get(name, 0) + one.count
    return {
        name: Entry(name, count, written(f"{PATH}/sponsors", (("name", name),)))
        for name, count in counts.items()
    }


def _top_sponsors(asked: Asked, selection: Selection) -> tuple[Entry, ...]:
    found = _sponsors(asked, selection).values()
    return tuple(sorted(found, key=lambda one: (-one.count, one.name))[:12])


def _exact(piece: str, value: str) -> str:
    """What asks for the studies of which a field is exactly this."""
    return f"AREA[{piece}]COVERAGE[FullMatch]EXPANSION[None]{_quoted(value)}"


def _phrase(piece: str, value: str) -> str:
    """What asks for the studies of which a field has these words."""
    return f"AREA[{piece}]EXPANSION[None]{_quoted(value)}"


def _quoted(value: str) -> str:
    """A text as one phrase of the query language; its signs cannot end the words."""
    return '"' + " ".join(value.replace("\\", " ").replace('"', " ").split()) + '"'


def _by_letter(entries: tuple[Entry, ...]) -> tuple[tuple[str, tuple[Entry, ...]], ...]:
    ordered = sorted(entries, key=lambda one: one.name.casefold())
    if len(ordered) < _LETTERS_FROM:
        return (("", tuple(ordered)),) if ordered else ()
    letters: dict[str, list[Entry]] = {}
    for one in ordered:
        first = one.name[:1].upper()
        letters.setdefault(first if first.isalpha() else "0–9", []).append(one)
    return tuple((letter, tuple(found)) for letter, found in letters.items())
