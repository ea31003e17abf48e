"""`Finder`: searches over one registry's index, one call a use case."""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson
import zstandard

from trialist.errors import InvalidParameterError, NotBuiltError
from trialist.index.kernels import keep_freed_memory
from trialist.index.live import LiveIndex
from trialist.query.areas import CRITERION_AREAS
from trialist.query.choices import Choices, describe_request, sort_named, with_choices
from trialist.query.cost import MOST_COST
from trialist.query.criterion_choices import CRITERIA_CHOICES, with_criteria
from trialist.query.explain import Explanation, explain
from trialist.query.facets import (
    CRITERION_FACETS,
    Facet,
    FacetCount,
    FacetCounter,
    facet_filter,
    facet_names,
    facet_piece,
    need_unfiltered,
)
from trialist.query.highlight import Highlighter
from trialist.query.hits import Selection, cost_of
from trialist.query.kept import KeptAnswers
from trialist.query.matching import Check, go_on
from trialist.query.nodes import Area, walk
from trialist.query.pages import Hit, Page
from trialist.query.params import read_params
from trialist.query.similar import Similar, similar_studies
from trialist.query.site_counts import SiteCount, SiteCounts, count_sites, sites_where
from trialist.query.study_query import LARGEST_PAGE_SIZE, StudyQuery
from trialist.query.tallies import turn
from trialist.record.study import GeoPoint, Study
from trialist.registry.completing import KINDS, Completion, Completions, is_vetoed
from trialist.registry.criteria_codes import Resolve, resolver
from trialist.registry.criteria_net import CriteriaNet, is_net_current, open_net
from trialist.registry.criteria_table import is_criteria_current, open_criteria
from trialist.registry.indexing import index_directory
from trialist.registry.records import Records
from trialist.registry.sites import OpenSite, locate, open_sites
from trialist.registry.suggesting import Cost, KnownWords, Suggestion, costs
from trialist.registry.synonyms import read_vetoes
from trialist.vocabulary.places import PlaceFound
from trialist.vocabulary.places import make_ready as make_places_ready
from trialist.vocabulary.thesaurus import Thesaurus, Veto

__all__ = [
    "CRITERIA_CHOICES",
    "Choices",
    "Completion",
    "Cost",
    "Explanation",
    "Facet",
    "FacetCount",
    "Finder",
    "Highlighter",
    "Hit",
    "OpenSite",
    "Page",
    "PlaceFound",
    "Selection",
    "Similar",
    "SiteCount",
    "SiteCounts",
    "Suggestion",
    "describe_request",
    "facet_filter",
    "facet_names",
    "sites_where",
    "sort_named",
    "with_choices",
    "with_criteria",
]

Asked = StudyQuery | Mapping[str, str]
"""A request: parameters as the registry's API names them, or a query made of them."""


_MOST_COSTS = 4_096
_COUNTED_OFTEN = (
    *("status", "country", "phase", "type", "age", "healthy", "results", "condition", "intervention-type"),
    *("sponsor-class", "start-year"),
)
_DEGREES = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?\s*,\s*[-+]?[0-9]+(?:\.[0-9]+)?")


class Finder:
    """The search index of a registry, open for reading; `NotBuiltError` when there is none.

    It answers from the index that was in force when it was opened, whatever is built meanwhile; `refreshed` gives the
    one in force now.
    """

    def __init__(self, directory: Path, *, vetoes: Sequence[Veto] = ()) -> None:
        """`vetoes` hold for this finder alone, besides those of the registry."""
        keep_freed_memory()
        self.directory = directory
        self.vetoes = tuple(vetoes)
        self.index = LiveIndex(index_directory(directory))
        self.criteria = open_criteria(directory)
        self._completions: Completions | None = None
        self._answers: KeptAnswers | None = KeptAnswers()
        self._costs: dict[Hashable, int] | None = {}

    @cached_property
    def thesaurus(self) -> Thesaurus:
        """The synonyms in force."""
        found = Thesaurus.from_json(zstandard.decompress(self.index.thesaurus_file.read_bytes()))
        return found.without([*self._kept_vetoes, *self.vetoes])

    @cached_property
    def net(self) -> CriteriaNet | None:
        """The net of criteria that matching asks; None where there is none that can be used."""
        return open_net(self.directory)

    @cached_property
    def resolve_mesh(self) -> Resolve:
        """What gives the MeSH descriptor of a name, by the vocabulary in force."""
        return resolver(self.thesaurus)

    @cached_property
    def _records(self) -> Records:
        return Records(self.directory)

    @cached_property
    def _kept_vetoes(self) -> list[Veto]:
        return read_vetoes(self.directory)

    @cached_property
    def _words(self) -> KnownWords:
        return KnownWords(self.index, self.thesaurus)

    def _read(self, number: int) -> Mapping[str, Any]:
        """The record of a study; empty where the store has lost it since the index was built."""
        raw = next(self._records.read([number]), b"{}")
        record: Mapping[str, Any] = orjson.loads(raw)
        return record

    @property
    def mark(self) -> str:
        """A text that is another one for another index or other vetoes."""
        parsed = "" if self.criteria is None else self.criteria.generation
        return f"{self.index.generation} {parsed} {[*self._kept_vetoes, *self.vetoes]}"

    def vetoing(self, vetoes: Sequence[Veto]) -> Finder:
        """The same finder with more vetoes; it shares everything that is open."""
        if not vetoes:
            return self
        found = copy(self)
        found.vetoes = (*self.vetoes, *vetoes)
        found._answers = None
        found._costs = None
        vars(found).pop("_words", None)
        vars(found).pop("resolve_mesh", None)
        vars(found)["thesaurus"] = self.thesaurus.without(vetoes)
        return found

    def forgetful(self) -> Finder:
        """The same finder, which keeps nothing of what it finds: for questions that nobody else may learn of."""
        found = copy(self)
        found._answers = None
        found._costs = None
        return found

    def refreshed(self) -> Finder:
        """The finder itself, or a new one if another index or other vetoes have come into force since."""
        is_current = (
            self.index.is_current()
            and self._kept_vetoes == read_vetoes(self.directory)
            and is_criteria_current(self.directory, self.criteria)
            and ("net" not in vars(self) or is_net_current(self.directory, self.net))
        )
        return self if is_current else Finder(self.directory, vetoes=self.vetoes)

    def select(
        self,
        query: Asked,
        *,
        most_cost: int = MOST_COST,
        check: Check = go_on,
        facets: Collection[str] = (),
    ) -> Selection:
        """All that a request finds; `check` is called all along, and what it raises ends the search.

        `facets` are those that will be counted, as far as it is known: it makes them cheaper. `LimitExceededError` for a request dearer than `most_cost`.
        """
        asked = _asked(query)
        self.cost(asked, most_cost)
        return Selection(
            self.index,
            asked,
            self.thesaurus,
            read=self._read,
            check=check,
            answers=self._answers,
            criteria=self.criteria,
            whole=need_unfiltered(asked, facets),
        )

    def cost(self, query: Asked, most: int = MOST_COST) -> int:
        """What a request will cost, in units of about ten microseconds; `LimitExceededError` above `most`."""
        asked = _asked(query)
        key = asked.queries, asked.filters
        known = None if self._costs is None else self._costs.get(key)
        if known is None or known > most:
            known = cost_of(asked, self.thesaurus, self.index, most)
            if self._costs is not None:
                if len(self._costs) >= _MOST_COSTS:
                    self._costs.clear()
                self._costs[key] = known
        return known

    def open_all(self) -> None:
        """Open everything that searches need, so that none waits for it or misses it after a rebuild."""
        self.index.open_all()
        _ = self.thesaurus, self._kept_vetoes, self.net and self.net.many
        # One search for words, places and newness makes the tables that all of these use.
        self.search({"query.term": "ready", "filter.geo": "distance(0,0,1km)"})
        with suppress(NotBuiltError):  # an index that was built before there were any
            self._completions = Completions(self.index)

    def make_ready(self) -> None:
        """Make what searches with facets, the first town and the first misspelt word would wait for, for a process that answers many."""
        for name in _COUNTED_OFTEN:
            for segment in self.index.segments:
                turn(segment, facet_piece(name))
        self.facets(self.select({}), _COUNTED_OFTEN)
        if self.index.segments:
            self._words.make_ready()
        make_places_ready()

    def search(self, query: Asked) -> Page:
        """One page of what a request finds, with the total."""
        return self.select(query).page()

    def criteria_notes(self, query: Asked) -> list[str]:
        """What somebody should know who asks about criteria: how many studies are not parsed and so are never found."""
        asked = _asked(query)
        nodes = [*(one.node for one in asked.queries), *asked.filters]
        if not any(
            isinstance(one, Area) and one.area in CRITERION_AREAS for node in nodes for one in walk(node)
        ):
            return []
        notes = []
        unparsed = self.select(StudyQuery(filters=asked.filters, queries=asked.queries)).unparsed
        if unparsed:
            notes.append(
                f"the criteria of {unparsed:,} studies are not parsed as they are now; none of these is found by them"
            )
        from trialist.criteria.stamp import rules_stamp

        if self.criteria is not None and self.criteria.stamp != rules_stamp():
            notes.append(
                "the criteria were parsed by other rules than those in force: `trialist index` parses them"
            )
        return notes

    def first(self, query: Asked, most: int) -> Page:
        """The first `most` hits from the page that a request asks for, also more than a page holds."""
        asked = _asked(query)
        hits: list[Hit] = []
        page = Page(0, (), asked.page_token)
        while len(hits) < most:
            size = min(most - len(hits), LARGEST_PAGE_SIZE)
            page = self.search(replace(asked, page_size=size, page_token=page.next_token))
            hits.extend(page.hits)
            if page.next_token is None:
                break
        if len(hits) == page.total and asked.page_token is None:
            page = replace(page, next_token=None)  # a full page has a token even where nothing follows
        return replace(page, hits=tuple(hits))

    def ids(self, query: Asked) -> Iterator[str]:
        """The NCT ids of all that a request finds, in its order."""
        selection = self.select(query)
        return (f"NCT{number:08d}" for number in selection.numbers[selection.order(selection.total)].tolist())

    def versions(self, numbers: Sequence[int]) -> list[int]:
        """The versions in which studies stand in the index, by NCT number; 0 for those that do not."""
        return self.index.versions(numbers)

    def facets(
        self,
        selection: Selection,
        names: Sequence[str],
        *,
        most: int = 10,
        sizes: Mapping[str, int] | None = None,
        check: Check = go_on,
    ) -> dict[str, Facet]:
        """For each facet its values and how many of the studies found have each, most first.

        So many values as `sizes` says of a facet, else `most`; `check` is called before each facet. A filter that speaks
        of nothing but the facet's own field is left out of its counts, so that the other choices show what they would
        give. `UnknownFieldError` for a name that is no facet.
        """
        counter = FacetCounter(selection)
        found = {}
        for name in names:
            check()
            shown = (sizes or {}).get(name, most)
            if name in CRITERION_FACETS:
                # They know the criteria's vocabulary, which other searches need not read.
                from trialist.query.criterion_facets import count_criterion_facet

                found[name] = count_criterion_facet(selection, name, shown)
            else:
                found[name] = counter.count(name, shown)
        return found

    def places(self, selection: Selection, name: str, within: Sequence[Area]) -> SiteCounts:
        """The places of a kind (country, state, city, facility) at those sites of the studies found of which all this holds."""
        return count_sites(selection, name, within)

    def explain(self, study: Study, query: Asked) -> Explanation:
        """Why a study is or is not among those found, with its rank and relevance if it is."""
        asked = _asked(query)
        found = explain(study, asked, self.thesaurus)
        selection = self.select(asked)
        number = int(study.nct_id[3:]) if study.nct_id else -1
        places = (selection.numbers == number).nonzero()[0].tolist()
        if not places:
            return replace(found, total=selection.total)
        order = selection.order(selection.total).tolist()
        score = float(selection.relevance[places[0]])
        return replace(found, total=selection.total, rank=order.index(places[0]) + 1, score=score)

    def similar(self, study: Study, *, among: Asked | None = None, most: int = 10) -> list[Similar]:
        """The studies most like one, best first; with `among` only of those that a request finds."""
        masks = None if among is None else self.select(among).masks
        return similar_studies(study, self.index, self.thesaurus, within=masks, most=most)

    def open_sites(self, study: Study, near: GeoPoint | None = None) -> tuple[OpenSite, ...]:
        """The sites of a study that take people now, nearest first."""
        return open_sites(study, near)

    def highlighter(self, query: Asked) -> Highlighter:
        """What finds, in any text, the places that say what is asked."""
        return Highlighter(_asked(query), self.thesaurus)

    def suggest(self, query: Asked) -> list[Suggestion]:
        """For each word asked that no study has in any form, the nearest words that studies have."""
        return self._words.suggest(_asked(query))

    def costs(self, query: Asked, *, check: Check = go_on) -> list[Cost]:
        """For each part of a request how many studies it finds alone, and the others without it."""
        return costs(_asked(query), self.thesaurus, lambda one: self.select(one, check=check).total)

    def complete(self, text: str, kinds: Sequence[str] = tuple(KINDS), *, most: int = 10) -> list[Completion]:
        """Names that begin, or of which a word begins, as typed: of each kind the `most` that most studies have."""
        table = self._completions
        if table is None or table.generation != self.index.generation:
            # The table follows the index by some seconds.
            table = self._completions = Completions(self.index)
        return [one for one in table.find(text, kinds, most) if not is_vetoed(one, self.thesaurus)]

    def place(self, text: str, *, option: str) -> tuple[GeoPoint | None, PlaceFound | None]:
        """The point that a text means (degrees, or a town), and the town that was taken for it if it is no point.

        `option` is what whoever asks calls it, for the error.
        """
        if not text.strip():
            return None, None
        if _DEGREES.fullmatch(text.strip()):
            lat, lon = (float(part) for part in text.split(","))
            try:
                return GeoPoint(lat, lon), None
            except ValueError as error:
                raise InvalidParameterError(
                    f"{option} is {text!r}, which is no place on the earth",
                    hint=f"Degrees north go from -90 to 90, degrees east from -180 to 180: {option} 48.1,11.6",
                ) from error
        found = self.locate(text)
        return GeoPoint(found.place.lat, found.place.lon), found

    def locate(self, text: str) -> PlaceFound:
        """Where a town is; `InvalidParameterError` offers the nearest names."""
        return locate(text, self.index)


def _asked(query: Asked) -> StudyQuery:
    return query if isinstance(query, StudyQuery) else read_params(query, own_areas=True)
