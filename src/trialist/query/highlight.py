"""Where a text says what a query asks: the places that are shown to a reader."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from trialist.query.asked import Around, terms_of
from trialist.query.nodes import Coverage
from trialist.query.study_query import StudyQuery
from trialist.query.wanted import Part, Wanted
from trialist.vocabulary.text import fold_words, split_words, word_places
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

    def asks(self, piece: str) -> bool:
        """Whether anything is asked of a field."""
        return any(piece in one.pieces for one in self._sought)

    def spans(self, text: str, piece: str | None = None, *, reach: int | None = None) -> list[Span]:
        """The places of a text that say what is asked, in order and apart; with `piece` only what is asked of that field.

        The text is one value of the field. With `reach` those are enough that begin at most so many characters behind
        the first.
        """
        sought = [one for one in self._sought if piece is None or piece in one.pieces]
        if not sought:
            return []
        spelled = split_words(text)
        folded = fold_words(spelled)
        runs = sorted(run for one in sought for run in _runs(one, spelled if one.as_spelled else folded))
        return merged(_placed(text, runs, reach))


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


def _runs(sought: _Sought, said: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The longest sequence at each word that begins one: its first word and the one behind it, by their numbers."""
    sequences = sought.sequences
    # Most texts say nothing of it, and that is found out without a look at each of their words.
    if sequences.keys().isdisjoint(said):
        return
    for place in [place for place, word in enumerate(said) if word in sequences]:
        known = [one for one in sequences[said[place]] if stands_at(one, said, place, sought.coverage)]
        if known:
            yield place, place + max(map(len, known))


def _placed(text: str, runs: Sequence[tuple[int, int]], reach: int | None) -> Iterator[Span]:
    """The places of runs of words, which are in order, in characters; as far as they are wanted."""
    if not runs:
        return
    places = word_places(text)
    known: list[Span] = []
    last = -1
    for first, behind in runs:
        known.extend(islice(places, behind - len(known)) if behind > len(known) else ())
        start, end = known[first][0], known[behind - 1][1]
        if reach is not None and last >= 0 and start > last:
            return
        last = max(last, end, start + reach if reach is not None and last < 0 else 0)
        yield start, end
