"""A whole request over a live index → one page of hits with the total, in a deterministic order.

Order: by the sort keys, or by relevance when there are queries, or by nothing; ties by NCT id, newest first. So pages
never overlap and two equal requests give equal pages.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trialist.index.criteria_table import CriteriaTable
from trialist.index.hashing import hash_word
from trialist.index.kernels import find_best, find_nearest
from trialist.index.live import LiveIndex
from trialist.index.segment import NumberField, PointField
from trialist.query.context import Context
from trialist.query.cost import MOST_COST, check_cost
from trialist.query.filters import NCT_IDS
from trialist.query.kept import KeptAnswers
from trialist.query.masks import Mask, Scores
from trialist.query.matching import Check, Reader, distances, go_on
from trialist.query.nodes import Area, Distance, Node, Or, Term
from trialist.query.pages import Hit, Ordered, Page, place_of, write_token
from trialist.query.run import Evaluation
from trialist.query.scoring import DEFAULT_WEIGHTS, Weights
from trialist.query.study_query import RELEVANCE, DecayFunction, GeoDecay, ParamQuery, SortKey, StudyQuery
from trialist.record.nct_id import parse_nct_id
from trialist.vocabulary.thesaurus import Thesaurus

FILTER_AREA = "BasicSearch"
_POSTED = "StudyFirstPostDate"
_FARTHEST = 20_040_000.0  # metres: half around the earth
_MOST_BEST = 20_000
"""For more first studies than this, all that was found is put in order."""
MOST_DECAYED = 10_000
"""With more hits than this, nearness has no say in relevance (as the registry's API documents)."""


class _Ranked(NamedTuple):
    """A study in its place: the keys that decided, its NCT number and its relevance."""

    keys: tuple[float, ...]
    number: int
    score: float


class Selection:
    """What a request finds, before it is cut into pages: a mask and scores over each segment."""

    def __init__(
        self,
        index: LiveIndex,
        query: StudyQuery,
        thesaurus: Thesaurus,
        *,
        weights: Weights = DEFAULT_WEIGHTS,
        read: Reader | None = None,
        check: Check = go_on,
        answers: KeptAnswers | None = None,
        criteria: CriteriaTable | None = None,
        whole: bool = False,
    ) -> None:
        """`read` gives records by NCT number, `check` is called all along, `criteria` are parsed; see `Matcher`.

        `answers` are those of earlier requests to the same index with the same synonyms. `cost_of` says beforehand what
        it costs. `whole` says that what the queries find without the filters will be asked too: they are then looked
        for everywhere at once, which costs less than once among what the filters leave and once again everywhere.
        """
        self.index = index
        self.criteria = criteria
        self.query = query
        self.weights = weights
        self._answers = answers or KeptAnswers(0)
        self.evaluations: list[Evaluation] = []
        self.masks: list[Mask] = []
        self.scores: list[Scores | None] = []
        self._filtered: list[list[Mask]] = []
        self._asked: list[list[Mask]] = []
        self._whole = whole
        for segment, alive in zip(index.segments, index.alive, strict=True):
            reference = self.evaluations[0] if self.evaluations else None
            evaluation = Evaluation(
                segment,
                thesaurus,
                weights=weights,
                reference=reference,
                read=read,
                check=check,
                criteria=criteria,
            )
            self.evaluations.append(evaluation)
            mask, score = self._evaluate(evaluation, alive)
            self.masks.append(mask)
            self.scores.append(score)

    def _evaluate(self, evaluation: Evaluation, alive: Mask) -> tuple[Mask, Scores | None]:
        """What is found in a segment; the mask may be one that is kept, so nobody changes it."""
        filtered = [self._filter(evaluation, node) for node in self.query.filters]
        self._filtered.append(filtered)
        mask = None if self.index.is_whole[len(self._filtered) - 1] else alive
        for one in filtered:
            mask = one if mask is None else mask & one
        score: Scores | None = None
        asked: list[Mask] = []
        self._asked.append(asked)
        # What the filters leave, and then each query, is all that the next one has to look at.
        for query in self.query.queries:
            found, own = self._query(evaluation, query, only=None if self._whole else mask, ranks=self._ranks)
            asked.append(found)
            mask = found if mask is None else mask & found
            score = own if score is None else score if own is None else score + own
        return alive if mask is None else mask, score

    def _filter(self, evaluation: Evaluation, node: Node) -> Mask:
        if (ids := ids_asked(node)) is not None:
            return evaluation.of_ids(ids, NCT_IDS)
        key = (len(self._filtered), node, FILTER_AREA, False)
        kept = self._answers.find(key)
        if kept is not None:
            return kept.answer()[0]
        mask = evaluation.studies(node, Context(FILTER_AREA))
        self._answers.keep(key, mask, None)
        return mask

    def _query(
        self, evaluation: Evaluation, query: ParamQuery, *, only: Mask | None, ranks: bool
    ) -> tuple[Mask, Scores | None]:
        """What a query finds, at least among `only`, and if it ranks how well each fits; None where all fit alike."""
        if (ids := ids_asked(query.node)) is not None:
            return evaluation.of_ids(ids, NCT_IDS), None
        key = (self.evaluations.index(evaluation), query.node, query.area, ranks)
        kept = self._answers.find(key)
        if kept is not None:
            return kept.answer()
        if self._answers.is_asked_again(key):
            only = None
        is_partial = evaluation.look_only_in(only)
        score = np.zeros(evaluation.segment.studies, dtype=np.float32) if ranks else None
        mask = evaluation.studies(query.node, Context(query.area), score)
        evaluation.look_only_in(None)
        if not is_partial:
            self._answers.keep(key, mask, score)
        return mask, score

    @cached_property
    def _unfiltered(self) -> list[Mask]:
        """What would be found in each segment without any filter."""
        found = []
        for place, (evaluation, alive) in enumerate(zip(self.evaluations, self.index.alive, strict=True)):
            mask = alive.copy()
            for one, asked in zip(self.query.queries, self._asked[place], strict=True):
                mask &= asked if self._whole else self._query(evaluation, one, only=None, ranks=False)[0]
            found.append(mask)
        return found

    def masks_without(self, is_left_out: Callable[[Node], bool]) -> list[Mask]:
        """What would be found in each segment without some of the filters."""
        kept = [place for place, node in enumerate(self.query.filters) if not is_left_out(node)]
        if len(kept) == len(self.query.filters):
            return self.masks
        found = []
        for unfiltered, filtered in zip(self._unfiltered, self._filtered, strict=True):
            mask = unfiltered.copy()
            for place in kept:
                mask &= filtered[place]
            found.append(mask)
        return found

    @cached_property
    def _ranks(self) -> bool:
        """Whether relevance decides the order."""
        keys = self.query.sort
        return not keys or any(key.field == RELEVANCE for key in keys)

    @cached_property
    def total(self) -> int:
        """How many studies were found."""
        return int(sum(np.count_nonzero(mask) for mask in self.masks))

    @cached_property
    def unparsed(self) -> int:
        """How many studies cannot be found by their criteria, because these have not been parsed."""
        return sum(
            int(np.count_nonzero(alive & ~evaluation.with_criteria))
            for evaluation, alive in zip(self.evaluations, self.index.alive, strict=True)
        )

    @cached_property
    def numbers(self) -> NDArray[np.uint32]:
        """The NCT numbers of what was found, segment by segment."""
        return self._joined([segment.nct for segment in self.index.segments])

    @cached_property
    def relevance(self) -> NDArray[np.float64]:
        """The score of each of `numbers`, nearness included."""
        found = np.zeros(self.total)
        if self.query.queries and self._ranks:
            scores = [score for score in self.scores if score is not None]
            found = self._joined(scores).astype(np.float64) if scores else found + 1
            found *= self._joined(self._newness)
        if self.query.geo is not None and self._decays:
            found = (found + (not self.query.queries)) * decay(
                self.nearest(self.query.geo), self.query.geo_decay
            )
        return found

    @property
    def _decays(self) -> bool:
        """Whether nearness has a say."""
        return self.query.geo is not None and self.total <= MOST_DECAYED

    @cached_property
    def _newness(self) -> list[NDArray[np.float64]]:
        """What newness makes of a score in each segment: 1 for the first study ever posted, most for the last."""
        first, last = self.evaluations[0].extent(_POSTED)
        most = self.weights.recency

        def newness(evaluation: Evaluation) -> NDArray[np.float64]:
            days = _column(evaluation, _POSTED, highest=False)
            return 1 + most * np.nan_to_num(np.clip((days - first) / max(last - first, 1.0), 0, 1))

        return [
            one.segment.kept(("newness", first, last, most), partial(newness, one))
            for one in self.evaluations
        ]

    def nearest(self, point: Distance) -> NDArray[np.float64]:
        """For each of `numbers` the metres to its nearest site; infinite where no place of a site is known."""
        parts = []
        for evaluation, studies in zip(self.evaluations, self._places, strict=True):
            segment = evaluation.segment
            field = segment.field("LocationGeoPoint")
            if isinstance(field, PointField):
                away = distances(field.lat, field.lon, float(point.lat), float(point.lon))
                starts = field.starts(segment.site_study, segment.studies)
                parts.append(find_nearest(studies, starts, field.place, away))
            else:
                parts.append(np.full(len(studies), math.inf))
        return np.concatenate(parts)

    def _joined(self, values: list[NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate([one[places] for one, places in zip(values, self._places, strict=True)])

    @cached_property
    def _places(self) -> list[NDArray[np.intp]]:
        """The places of what was found in each segment."""
        return [np.flatnonzero(mask) for mask in self.masks]

    # Order

    @cached_property
    def keys(self) -> list[NDArray[np.float64]]:
        """The numbers that decide the order, most important first, each ascending; a missing value is infinite."""
        found = []
        for key in self.query.sort:
            if key.field == RELEVANCE:
                values = self.relevance
            else:
                values = self._joined(
                    [
                        _column(evaluation, key.field, highest=key.descending)
                        for evaluation in self.evaluations
                    ]
                )
            values = -values if key.descending else values
            found.append(np.where(np.isnan(values), np.inf, values))
        if not self.query.sort and (self.query.queries or self.query.geo is not None):
            found.append(-self.relevance)
        found.append(-self.numbers.astype(np.float64))
        return found

    def order(self, most: int) -> NDArray[np.intp]:
        """The places in `numbers` of the first `most` studies, in order."""
        first = self.keys[0]
        candidates = np.arange(len(first))
        if most < len(first):
            limit = np.partition(first, most)[most]
            candidates = np.flatnonzero(first <= limit)
        return candidates[np.lexsort([key[candidates] for key in reversed(self.keys)])][:most]

    def ordered(self) -> Ordered:
        """All that was found, in order: what any page of it can be cut from."""
        order = self.order(self.total)
        return Ordered(
            self.index.generation,
            self.numbers[order],
            self.relevance[order].astype(np.float32),
            tuple(key[order] for key in self.keys),
        )

    def page(self) -> Page:
        """The page that the request asks for; `InvalidParameterError` for a token that none of ours is."""
        offset = self._offset()
        size = self.query.page_size
        ranked = self._ranked(offset, offset + size)
        hits = tuple(Hit(one.number, one.score) for one in ranked)
        token = None
        if len(hits) == size:
            token = write_token(self.index.generation, offset + size, list(ranked[-1].keys))
        return Page(self.total, hits, token)

    def _ranked(self, skipped: int, most: int) -> list[_Ranked]:
        """The first `most` studies in order, but for the `skipped` first of them."""
        key = self.query.sort[0] if self.query.sort else None
        by_relevance = bool(self.query.queries) if key is None else key.field == RELEVANCE
        simple = len(self.query.sort) < 2 and (not by_relevance or key is None or key.descending)
        if simple and most <= _MOST_BEST and not self._decays:
            return self._best(skipped, most, None if by_relevance else key)
        return [
            _Ranked(
                tuple(float(one[at]) for one in self.keys), int(self.numbers[at]), float(self.relevance[at])
            )
            for at in self.order(most)[skipped:]
        ]

    def _best(self, skipped: int, most: int, key: SortKey | None) -> list[_Ranked]:
        """The first by one key, or by relevance, or where nothing was asked by number, without ordering the others."""
        found: list[tuple[NDArray[Any], NDArray[Any]]] = []
        for place, segment in enumerate(self.index.segments):
            evaluation, mask = self.evaluations[place], self.masks[place]
            if key is not None:
                column = _rising(evaluation, key.field, highest=key.descending)
                values, at = find_best(mask, most, factor=column)
            elif self.query.queries:
                newness, highest = self._newness[place], 1 + self.weights.recency
                values, at = find_best(mask, most, self.scores[place], newness, most_factor=highest)
            else:
                values, at = find_best(mask, most)
                values[:] = 0
            found.append((-values, segment.nct[at]))
        values, numbers = (np.concatenate([one[part] for one in found]) for part in range(2))
        order = np.lexsort((-numbers.astype(np.int64), values))[skipped:most]
        has_key = bool(self.query.sort or self.query.queries or self.query.geo is not None)
        return [
            _Ranked(
                (value, -float(number)) if has_key else (-float(number),),
                number,
                -value if key is None else 0.0,
            )
            for value, number in zip(values[order].tolist(), numbers[order].tolist(), strict=True)
        ]

    def _offset(self) -> int:
        """Where the page begins: at the token's place or, if the index has changed since, behind the token's last hit."""
        if self.query.page_token is None:
            return 0
        return place_of(self.query.page_token, self.index.generation, self.keys)


def cost_of(query: StudyQuery, thesaurus: Thesaurus, index: LiveIndex, most: int = MOST_COST) -> int:
    """What a request will cost, in the units of `check_cost`; `LimitExceededError` when it is more than `most`."""
    parts = [
        *((one.node, one.area) for one in query.queries),
        *((node, FILTER_AREA) for node in query.filters),
    ]

    def count(word: str) -> int:
        return index.segments[0].words.count(hash_word(word)) if index.segments else 0

    return check_cost(parts, thesaurus, most, count)


def ids_asked(node: Node) -> tuple[Term, ...] | None:
    """The NCT ids that a node asks for and nothing else; None for other nodes. Finding these costs less than keeping them."""
    if not isinstance(node, Area) or node.area != NCT_IDS or node.size:
        return None
    terms = node.operand.operands if isinstance(node.operand, Or) else (node.operand,)
    ids = tuple(one for one in terms if isinstance(one, Term) and parse_nct_id(one.text) == one.text)
    return ids if len(ids) == len(terms) else None


def _rising(evaluation: Evaluation, piece: str, *, highest: bool) -> NDArray[np.float64]:
    """For every study the number that is the higher the earlier it comes; NaN where there is none."""
    column = _column(evaluation, piece, highest=highest)
    return column if highest else evaluation.segment.kept(("negated", piece), lambda: -column)


def _column(evaluation: Evaluation, piece: str, *, highest: bool) -> NDArray[np.float64]:
    field = evaluation.segment.field(piece)
    if not isinstance(field, NumberField):
        return np.full(evaluation.segment.studies, np.nan)
    return field.column(evaluation.segment.studies, highest=highest)


def decay(metres: NDArray[np.float64], by: GeoDecay) -> NDArray[np.float64]:
    """The factor by which nearness changes relevance, as Elasticsearch's decay functions define it: 1 to 0.

    A study whose places are not known counts as far as the earth allows: its words still decide among its like.
    """
    beyond = np.maximum(np.minimum(metres, _FARTHEST) - by.offset_metres, 0)
    match by.func:
        case DecayFunction.GAUSS:
            found = np.exp(beyond**2 * (math.log(by.decay) / by.scale_metres**2))
        case DecayFunction.EXP:
            found = np.exp(beyond * (math.log(by.decay) / by.scale_metres))
        case DecayFunction.LINEAR:
            reach = by.scale_metres / (1 - by.decay)
            found = np.maximum((reach - beyond) / reach, 0)
    return by.least + (1 - by.least) * found
