"""The studies most like one, by the same index: what it is about becomes weighted terms, each with its share of the score.

In each group (conditions, interventions, …) a study gets the part of what the study itself would get there, at most all
of it; the groups count by their weights. So a score is from 0 to 1, and 1 is a study about exactly the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialist.index.live import LiveIndex
from trialist.query.context import Context
from trialist.query.masks import Mask, Scores
from trialist.query.nodes import Area, Expanded, Expansion, Node, Term
from trialist.query.run import Evaluation
from trialist.record.study import Study
from trialist.vocabulary.combine import generic_names
from trialist.vocabulary.text import fold_words, split_words
from trialist.vocabulary.thesaurus import STOP_WORDS, Thesaurus, term_key

_LONGEST_TERM = 8
_LEAST_LETTERS = 4
_COMMON = 0.1
"""A word of titles that a larger share of the studies has is no reason to tell."""


@dataclass(frozen=True, slots=True)
class _Group:
    """What two studies may share: the fields it is read from, the area it is looked for in, its weight, at most so many."""

    name: str
    pieces: tuple[str, ...]
    area: str
    weight: float
    most: int
    by_word: bool = False


_GROUPS = (
    _Group("conditions", ("Condition",), "Condition", 0.3, 8),
    _Group("condition MeSH terms", ("ConditionMeshTerm",), "ConditionMeshTerm", 0.2, 8),
    _Group("interventions", ("InterventionName",), "InterventionName", 0.25, 8),
    _Group("keywords", ("Keyword",), "Keyword", 0.1, 10),
    _Group("words of the title", ("BriefTitle",), "BriefTitle", 0.15, 10, by_word=True),
)


@dataclass(frozen=True, slots=True)
class Similar:
    """A study like another one: its NCT number, how much (0 to 1), and what both have, by group."""

    number: int
    score: float
    shared: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def nct_id(self) -> str:
        """The NCT id."""
        return f"NCT{self.number:08d}"


@dataclass(frozen=True, slots=True)
class _Feature:
    group: _Group
    text: str
    node: Node


def similar_studies(
    study: Study,
    index: LiveIndex,
    thesaurus: Thesaurus,
    *,
    within: Sequence[Mask] | None = None,
    most: int = 10,
) -> list[Similar]:
    """The studies most like one, best first, itself left out; with `within` only among these of each segment.

    A study need not be in the index to be asked about.
    """
    features = list(_features(study, thesaurus))
    own = int(study.nct_id[3:]) if study.nct_id else -1
    candidates: list[tuple[float, int, int, int]] = []
    told: list[list[Mask]] = []
    reference: Evaluation | None = None
    for place, segment in enumerate(index.segments):
        evaluation = Evaluation(segment, thesaurus, reference=reference)
        reference = reference or evaluation
        score, masks = _score(evaluation, features, np.flatnonzero(segment.nct == own))
        told.append(masks)
        allowed = index.alive[place] if within is None else within[place]
        allowed = allowed & (segment.nct != own) & (score > 0)
        for at in _best(score, segment.nct, np.flatnonzero(allowed), most):
            candidates.append((-float(score[at]), -int(segment.nct[at]), place, int(at)))
    found = []
    for negative, number, place, at in sorted(candidates)[:most]:
        shared = [
            feature
            for feature, mask in zip(features, told[place], strict=True)
            if mask[at] and not (feature.group.by_word and mask.mean() > _COMMON)
        ]
        found.append(Similar(-number, -negative, tuple(_by_group(shared))))
    return found


def _features(study: Study, thesaurus: Thesaurus) -> Iterator[_Feature]:
    """What a study is about, each thing once a group; names that say nothing by themselves are left out."""
    for group in _GROUPS:
        seen: set[str] = set()
        for text in _texts(study, group):
            words = split_words(text)[:_LONGEST_TERM]
            key = term_key(fold_words(words))
            if not key or key in seen or (not group.by_word and key in generic_names()):
                continue
            seen.add(key)
            node = Expanded(Expansion.CONCEPT, Term(" ".join(words)))
            yield _Feature(group, text, Area(group.area, node))
            if len(seen) == group.most:
                break


def _texts(study: Study, group: _Group) -> Iterator[str]:
    for piece in group.pieces:
        found = study[piece]
        for text in found if isinstance(found, tuple) else (found,):
            if not isinstance(text, str):
                continue
            if not group.by_word:
                yield text
                continue
            # The longest words say most about a title.
            words = [word for word in split_words(text) if len(word) >= _LEAST_LETTERS]
            kept = sorted(dict.fromkeys(words), key=lambda word: -len(word))
            yield from (word for word in kept if not STOP_WORDS & set(fold_words([word])))


def _score(
    evaluation: Evaluation, features: Sequence[_Feature], own: NDArray[np.intp]
) -> tuple[Scores, list[Mask]]:
    """The similarity of every study of a segment, and for each feature which of them share it.

    Of a study that is not in the segment the best score of a group stands for its own.
    """
    studies = evaluation.segment.studies
    total = np.zeros(studies, dtype=np.float32)
    masks: list[Mask] = []
    weights = {feature.group.name: feature.group.weight for feature in features}
    for name, weight in weights.items():
        score = np.zeros(studies, dtype=np.float32)
        for feature in features:
            if feature.group.name == name:
                masks.append(evaluation.studies(feature.node, Context(feature.group.area), score))
        full = float(score[own[0]]) if len(own) else float(score.max(initial=0))
        if full > 0:
            total += np.minimum(score / np.float32(full), 1) * np.float32(weight / sum(weights.values()))
    return total, masks


def _best(
    score: Scores, numbers: NDArray[np.uint32], places: NDArray[np.intp], most: int
) -> NDArray[np.intp]:
    """The places of the best scores, newest first among equals."""
    if len(places) > most:
        least = np.partition(score[places], len(places) - most)[len(places) - most]
        places = places[score[places] >= least]
    order = np.lexsort((-numbers[places].astype(np.int64), -score[places]))
    return places[order][:most]


def _by_group(features: Iterable[_Feature]) -> Iterator[tuple[str, tuple[str, ...]]]:
    found: dict[str, list[str]] = {}
    for feature in features:
        found.setdefault(feature.group.name, []).append(feature.text)
    return ((name, tuple(texts)) for name, texts in found.items())
