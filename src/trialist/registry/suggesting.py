"""What helps somebody who found nothing: words that no study has, and which part of a request cost the hits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from trialist.index.alike import AlikeWords
from trialist.index.hashing import hash_word
from trialist.index.live import LiveIndex
from trialist.query.asked import FILTER_AREA, Around, asked_terms, terms_of
from trialist.query.choices import describe_part
from trialist.query.nodes import And, Area, Node, Term
from trialist.query.study_query import ParamQuery, StudyQuery
from trialist.vocabulary.text import fold_words, split_words
from trialist.vocabulary.thesaurus import STOP_WORDS, Thesaurus
from trialist.vocabulary.variants import nearest_words, reach_of, term_variants

_LEAST_LETTERS = 3
_MOST_PIECES = 8


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A word that no study has, and known words that look like it."""

    word: str
    nearest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """One part of a request: how many studies it finds alone, and how many the rest finds without it."""

    part: str
    asked: str
    alone: int
    without: int


class KnownWords:
    """The words of an index; the likeness of words is made ready when it is first asked for, or by `make_ready`."""

    def __init__(self, index: LiveIndex, thesaurus: Thesaurus) -> None:
        self.index = index
        self.thesaurus = thesaurus
        self._alike: AlikeWords | None = None

    def suggest(self, query: StudyQuery) -> list[Suggestion]:
        """For each word asked that no study has in any form, the nearest words that studies have."""
        found: dict[str, Suggestion] = {}
        for term, _ in terms_of(query):
            spelled = split_words(term.text)
            for word, folded in zip(spelled, fold_words(spelled), strict=True):
                if word not in found and not self._is_known(folded):
                    found[word] = Suggestion(word, self._near(folded))
        return list(found.values())

    def _is_known(self, folded: str) -> bool:
        if len(folded) < _LEAST_LETTERS or folded in STOP_WORDS or any(char.isdigit() for char in folded):
            return True
        variants = {word for variant in term_variants((folded,)) for word in variant}
        return any(map(self._has, variants)) or bool(self.thesaurus.concepts_of((folded,)))

    def _has(self, folded: str) -> bool:
        return any(segment.words.at(hash_word(folded)) >= 0 for segment in self.index.segments)

    def _near(self, folded: str) -> tuple[str, ...]:
        if not self.index.segments:
            return ()
        alike = self.make_ready().find(folded, reach_of(folded))
        return tuple(dict.fromkeys(map(self._spelled, nearest_words(folded, alike))))

    def make_ready(self) -> AlikeWords:
        """The likeness of the words of an index that has some, made when there is none yet."""
        if self._alike is None:
            self._alike = AlikeWords([segment.words for segment in self.index.segments])
        return self._alike

    def _spelled(self, folded: str) -> str:
        """How studies write a folded word; in small letters where some do."""
        spellings = [
            spelled
            for segment in self.index.segments
            for spelled in segment.words.spellings(hash_word(folded))
        ]
        small = [spelled for spelled in spellings if spelled.islower()]
        if folded in spellings or not spellings:
            return folded
        nearest = min(small or spellings, key=len)
        return nearest.lower() if nearest.istitle() else nearest


def costs(query: StudyQuery, thesaurus: Thesaurus, count: Callable[[StudyQuery], int]) -> list[Cost]:
    """For each part of a request how many studies it finds alone, and the others without it; [] for a single part."""
    parts = list(_parts(query, thesaurus))
    if len(parts) < 2:
        return []
    plain = replace(query, sort=(), geo=None, page_token=None)
    found = []
    for place, (name, asked, _) in enumerate(parts):
        others = [part for at, (_, _, part) in enumerate(parts) if at != place]
        alone, without = (_joined(plain, chosen) for chosen in ([parts[place][2]], others))
        found.append(Cost(name, asked, count(alone), count(without)))
    return found


_Piece = ParamQuery | Node


def _joined(plain: StudyQuery, parts: list[_Piece]) -> StudyQuery:
    queries = tuple(part for part in parts if isinstance(part, ParamQuery))
    filters = tuple(part for part in parts if not isinstance(part, ParamQuery))
    return replace(plain, queries=queries, filters=filters)


def _parts(query: StudyQuery, thesaurus: Thesaurus) -> Iterator[tuple[str, str, _Piece]]:
    """The parts that are joined by AND, those inside a query and the known terms of a run of words among them."""
    for one in query.queries:
        for node in _split(one.node, one.area, thesaurus):
            yield f"query.{one.param}", describe_part(node, one.area), ParamQuery(one.param, one.area, node)
    for node in query.filters:
        yield "filter", describe_part(node, FILTER_AREA), node


def _split(node: Node, area: str, thesaurus: Thesaurus) -> Iterator[Node]:
    match node:
        case And(operands):
            for one in operands:
                yield from _split(one, area, thesaurus)
        case Area(name, operand, False):
            for one in _split(operand, name, thesaurus):
                yield Area(name, one)
        case Term(text, False) if len(list(asked_terms(node, Around(area)))) == 1:
            yield from _pieces(text, area, thesaurus)
        case _:
            yield node


def _pieces(text: str, area: str, thesaurus: Thesaurus) -> Iterator[Node]:
    """The known terms and single words of a run of words that may be looked for apart."""
    spelled = split_words(text)
    segments = thesaurus.segments(fold_words(spelled))
    pieces = [spelled[start:end] for start, end in segments]
    kept = [piece for piece in pieces if len(piece) > 1 or piece[0].casefold() not in STOP_WORDS]
    if not 1 < len(kept) <= _MOST_PIECES:
        yield Term(text)
        return
    yield from (Term(" ".join(piece)) for piece in kept)
