"""The search: the first page of the site, and what was found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from trialist.errors import (
    InvalidParameterError,
    LimitExceededError,
    QuerySyntaxError,
    TrialistError,
    UnknownFieldError,
)
from trialist.pages.addresses import Pairs, changed, without, written
from trialist.pages.asked import Asked
from trialist.pages.cards import MOST_MARKED, UNMARKED, card_of
from trialist.pages.columns import COLUMNS, USUAL
from trialist.pages.contexts import (
    Card,
    Choice,
    FacetGroup,
    Help,
    HomePage,
    Paging,
    ResultsPage,
)
from trialist.pages.find_asked import (
    FACETS,
    FILTERS,
    SINGLE,
    SIZES,
    SORTS,
    WORDS,
    Search,
    page_number,
    page_size,
    read_search,
)
from trialist.pages.find_form import form_of
from trialist.pages.illnesses import asking_for, illnesses
from trialist.pages.shown import Shown, moved
from trialist.query.hits import Selection
from trialist.query.pages import write_token
from trialist.record.enums import enums
from trialist.registry.answering import Shown as OfHits
from trialist.registry.answering import hits_told
from trialist.registry.searching import Facet
from trialist.serving.statuses import STATUSES
from trialist.views.tables import words

PATH = "/find"
_KNOWN = frozenset({*WORDS, *FILTERS, *SINGLE, "col"})
_OPEN_GROUPS = frozenset({"status", "country", "phase"})
_MOST_CONDITIONS = 12
_FACET_SIZES = {"country": 12, "condition": asking_for(_MOST_CONDITIONS), "start-year": 12}
_UNREADABLE = (InvalidParameterError, QuerySyntaxError, UnknownFieldError, LimitExceededError)
_EXPORTS = (("CSV table", "csv"), ("RIS", "ris"), ("BibTeX", "bib"), ("JSON", "json"))
_OTHER_SPONSORS = {
    "OTHER": "Hospital, university or other",
    "INDIV": "Person",
    "NETWORK": "Network",
    "UNKNOWN": "Not known",
    "AMBIG": "Not clear",
}
"""What a page of a study calls "Other" in one word."""
_CHIPS = {
    "cond": "Condition",
    "intr": "Treatment",
    "place": "Place",
    "q": "Words",
    "title": "Title",
    "sponsor": "Sponsor",
    "outcome": "Measured",
    "id": "Number",
    "within": "Distance",
    "years": "Age",
    "sex": "Sex",
    "state": "Region",
    "city": "Town",
    "facility": "Hospital",
    "intervention": "Treatment",
    "purpose": "Aim",
    "masking": "Who knows the treatment",
    **FACETS,
}


def home_page(asked: Asked) -> Shown:
    """`/`: the form alone, and ways to look around."""
    finder = asked.served.finder
    selection = finder.select({}, check=asked.check)
    facet = illnesses(finder.facets(selection, ["condition"], most=asking_for(10))["condition"], 10)
    examples = tuple((one.label, written(PATH, (("cond", one.value),))) for one in facet.counts)
    return Shown(
        "home.html", HomePage("Find a clinical study", form_of(asked, keeps_filters=False), examples)
    )


def results_page(asked: Asked) -> Any:
    """`/find`: the studies that are found. An address with empty parameters leads to the same one without them."""
    given = given_of(asked)
    if len(given) != len(asked.given):
        return moved(written(PATH, given))
    try:
        search = read_search(asked)
        number = page_number(asked)
    except _UNREADABLE as error:
        return _unreadable(asked, given, error)
    finder = asked.served.finder
    query = search.query
    try:
        asked.weigh(finder, query)
        if number > 1:
            offset = (number - 1) * query.page_size
            query = replace(query, page_token=write_token(finder.index.generation, offset, []))
        most = asked.settings.max_query_cost
        selection = finder.select(query, most_cost=most, check=asked.check, facets=FACETS)
    except _UNREADABLE as error:
        return _unreadable(asked, given, error)
    return Shown("results.html", _results(asked, given, replace(search, query=query), selection, number))


def given_of(asked: Asked) -> Pairs:
    """The parameters that mean something, as they were given."""
    return tuple((name, value) for name, value in asked.given if name in _KNOWN and value.strip())


def _results(asked: Asked, given: Pairs, search: Search, selection: Selection, number: int) -> ResultsPage:
    finder, total = asked.served.finder, selection.total
    is_table = asked.text("view") == "table"
    columns = tuple(name for name in asked.texts("col") if name in COLUMNS) or USUAL
    facets = finder.facets(selection, list(FACETS), most=8, sizes=_FACET_SIZES, check=asked.check)
    facets = {**facets, "condition": illnesses(facets["condition"], _MOST_CONDITIONS)}
    return ResultsPage(
        title=f"{total:,} {'study' if total == 1 else 'studies'} found",
        form=form_of(asked, keeps_filters=False),
        total=total,
        sentence=search.sentence,
        notes=search.notes,
        chips=tuple(_chips(given)),
        facets=tuple(_group(facet, asked) for facet in facets.values() if facet.counts),
        cards=tuple(_cards(asked, search, selection, columns, is_table=is_table)),
        headings=tuple(COLUMNS[name][0] for name in columns),
        columns=tuple(Choice(name, column[0], name in columns) for name, column in COLUMNS.items()),
        sorts=tuple(Choice(name, label, name == asked.text("sort")) for name, (label, _) in SORTS.items()),
        sizes=tuple(Choice(str(size), str(size), size == page_size(asked)) for size in SIZES),
        is_table=is_table,
        views=_views(given, is_table=is_table),
        exports=tuple(
            (
                label,
                written(
                    f"{PATH}/export", (*changed(given, {}, but=("page", "view", "size", "col")), ("as", form))
                ),
            )
            for label, form in _EXPORTS
        ),
        others=_others(given),
        paging=_paging(given, number, total, search.query.page_size),
        help=_help(asked, given, search, total),
    )


def _cards(
    asked: Asked, search: Search, selection: Selection, columns: tuple[str, ...], *, is_table: bool
) -> Iterator[Card]:
    finder, read = asked.served.finder, asked.served.records.read
    marks = 0 if is_table else MOST_MARKED
    told = OfHits(asked.today, search.near, highlights=marks, why=False, unmarked=UNMARKED)
    hits = selection.page().hits
    asks = changed(given_of(asked), {}, but=("page", "view", "size", "col", "sort"))
    found_hits = hits_told(finder, read, search.query, hits, told)
    for hit, (found, study) in zip(hits, found_hits, strict=True):
        asked.check()
        why_url = "" if is_table or not asks else written(f"{PATH}/why/{hit.nct_id}", asks)
        cells = columns if is_table else ()
        yield card_of(
            found, study, cells, place="" if search.near is None else asked.text("place"), why_url=why_url
        )


def _others(given: Pairs) -> tuple[str, str]:
    """The addresses of the landscape of a search and of its feed."""
    asked = changed(given, {}, but=("page", "view", "size", "col", "sort"))
    return written("/landscape", asked), written("/feed", asked)


def _views(given: Pairs, *, is_table: bool) -> tuple[tuple[str, str, bool], ...]:
    return (
        ("Cards", written(PATH, changed(given, {"view": ""})), not is_table),
        ("Table", written(PATH, changed(given, {"view": "table"})), is_table),
    )


def _chips(given: Pairs) -> Iterator[tuple[str, str]]:
    """What was chosen, each with the address of the search without it."""
    for name, value in given:
        value = value.strip()
        left = written(PATH, without(given, name, value, but=("page",)))
        if name == "open":
            yield "Takes people now", left
        elif name in _CHIPS:
            yield f"{_CHIPS[name]}: {_chip_words(name, value)}", left


def _chip_words(name: str, value: str) -> str:
    if name == "within":
        return f"within {value.removesuffix('km')} km"
    if name == "years":
        return f"{value} years" if value.isdigit() else value
    return _labels().get((name, value), value)


@cache
def _labels() -> Mapping[tuple[str, str], str]:
    """What the values of facets that are codes are called."""
    kinds = {
        "status": ("Status", "OverallStatus"),
        "phase": ("Phase", "Phase"),
        "type": ("StudyType", "StudyType"),
        "age": ("StandardAge", "StdAge"),
        "intervention-type": ("InterventionType", "InterventionType"),
        "sponsor-class": ("AgencyClass", "LeadSponsorClass"),
        "purpose": ("PrimaryPurpose", "DesignPrimaryPurpose"),
        "masking": ("DesignMasking", "DesignMasking"),
    }
    found = {
        (name, value): known.label_for(piece)
        for name, (kind, piece) in kinds.items()
        for value, known in (enums()[kind].values.items() if kind in enums() else ())
    }
    found |= {
        ("sponsor-class", value): label for value, label in {**words()["funder"], **_OTHER_SPONSORS}.items()
    }
    for name in ("healthy", "results"):
        found |= {(name, "true"): "Yes", (name, "false"): "No"}
    return found


def _group(facet: Facet, asked: Asked) -> FacetGroup:
    chosen = asked.texts(facet.name)
    choices = [
        Choice(one.value, _labels().get((facet.name, one.value), one.label), one.value in chosen, one.count)
        for one in facet.counts
    ]
    listed = {one.value for one in choices}
    choices += [
        Choice(value, _labels().get((facet.name, value), value), True, 0)
        for value in chosen
        if value not in listed
    ]
    return FacetGroup(
        facet.name,
        FACETS[facet.name],
        tuple(choices),
        facet.missing,
        max(0, facet.distinct - len(facet.counts)),
        bool(chosen) or facet.name in _OPEN_GROUPS,
    )


def _paging(given: Pairs, number: int, total: int, size: int) -> Paging:
    last = max(1, -(-total // size))

    def address(page: int) -> str:
        return written(PATH, changed(given, {"page": str(page) if page > 1 else ""}))

    return Paging(
        number,
        last,
        min(total, (number - 1) * size + 1),
        min(total, number * size),
        address(min(number - 1, last)) if number > 1 else "",
        address(number + 1) if number < last else "",
    )


def _help(asked: Asked, given: Pairs, search: Search, total: int) -> Help:
    """What may help: words that studies have, always; what each part costs, where nothing was found."""
    finder = asked.served.finder
    meant = []
    for one in finder.suggest(search.query):
        for nearest in one.nearest:
            pairs = tuple(
                (name, value.replace(one.word, nearest) if name in WORDS else value)
                for name, value in given
                if name != "page"
            )
            meant.append((one.word, nearest, written(PATH, pairs)))
    costs = finder.costs(search.query, check=asked.check) if not total else []
    return Help(tuple(meant), tuple((one.asked, one.alone, one.without) for one in costs))


def _unreadable(asked: Asked, given: Pairs, error: TrialistError) -> Shown:
    """The page of a search that could not be read: the form as it was filled in, and what is wrong."""
    nothing = Paging(1, 1, 0, 0, "", "")
    page = ResultsPage(
        "We could not read this search",
        form_of(asked, keeps_filters=True),
        0, "", (), tuple(_chips(given)), (), (), (), (), (), (), False, (), (), nothing, Help((), ()),
        (error.message, error.hint),
    )  # fmt: skip
    return Shown("results.html", page, STATUSES[type(error)])
