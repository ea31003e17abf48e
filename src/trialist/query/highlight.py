"""Where a text says what a query asks: the places that are shown to a reader."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from trialist.query.asked import Around, terms_of
from trialist.query.nodes import Coverage
from trialist.query.study_query import StudyQuery
from trialist.query.wanted import Part, Wanted
from trialist.vocabulary.text import WordSpan, find_words, fold_words
from trialist.vocabulary.thesaurus import Thesaurus, Words

Span = tuple[int, int]
"""Where something begins and ends, in characters."""


@dataclass(frozen=True, slots=True)
class _Sought:
    """What one term looks for: sequences by their first word, where in a value, in which fields."""

    sequences: dict[str, list[Words]]
    coverage: Coverage
    as_spelled: bool
    pieces: frozenset[str]


class Highlighter:
    """What a request looks for in words, made ready once for many texts."""

    def __init__(self, query: StudyQuery, thesaurus: Thesaurus) -> None:
        self._sought = [_sought(around, around.wanted(term, thesaurus)) for term, around in terms_of(query)]

    def spans(self, text: str, piece: str | None = None) -> list[Span]:
        """The places of a text that say what is asked, in order and apart; with `piece` only what is asked of that field.

        The text is one value of the field.
        """
        if not self._sought:
            return []
        words = find_words(text)
        folded = fold_words(word.text for word in words)
        found: list[Span] = []
        for one in self._sought:
            if piece is None or piece in one.pieces:
                said = [word.text for word in words] if one.as_spelled else folded
                found.extend(_places(one, words, said))
        return merged(found)


def merged(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, overlapping ones joined."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def stands_at(words: Sequence[str], said: Sequence[str], place: int, coverage: Coverage) -> bool:
    """Whether a value's words hold a sequence at a place, and where `coverage` wants it."""
    end = place + len(words)
    if coverage in (Coverage.FULL_MATCH, Coverage.STARTS_WITH) and place:
        return False
    if coverage in (Coverage.FULL_MATCH, Coverage.ENDS_WITH) and end != len(said):
        return False
    return tuple(said[place:end]) == tuple(words)


def all_sequences(wanted: Wanted) -> Iterator[Words]:
    """Every sequence of folded words that may stand for a term, or for a part of it."""
    yield from wanted.phrases
    waiting: list[Part] = list(wanted.parts)
    for part in waiting:
        yield from part.plain
        yield from part.alternatives
        waiting.extend(part.words)


def _sought(around: Around, wanted: Wanted) -> _Sought:
    sequences: defaultdict[str, list[Words]] = defaultdict(list)
    for words in dict.fromkeys([wanted.exact] if wanted.exact else all_sequences(wanted)):
        if words:
            sequences[words[0]].append(words)
    pieces = frozenset(field.piece for field in around.target.fields)
    return _Sought(dict(sequences), around.coverage, bool(wanted.exact), pieces)


def _places(sought: _Sought, words: Sequence[WordSpan], said: Sequence[str]) -> Iterator[Span]:
    """The longest sequence at each word that begins one."""
    for place, word in enumerate(said):
        known = [
            one for one in sought.sequences.get(word, ()) if stands_at(one, said, place, sought.coverage)
        ]
        if known:
            yield words[place].start, words[place + max(map(len, known)) - 1].end
