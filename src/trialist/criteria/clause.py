"""A clause under the eyes of its readers: tokens, the text they stand in, and what was noticed on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from trialist.criteria.caseless import Low, lowered
from trialist.criteria.lexicon import SEXES
from trialist.criteria.nodes import Span
from trialist.criteria.tokens import Token


@dataclass(slots=True)
class Clause:
    """What the readers of a clause share: its tokens, the text they stand in, and how places become raw spans."""

    tokens: Sequence[Token]
    text: str
    locate: Callable[[int, int], Span]
    topic: Sequence[Token] = ()
    topic_text: str = ""
    excludes: bool = False
    depth: int = 0
    defects: list[tuple[str, int, int, str, float]] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    small: Low | None = None
    _words: frozenset[str] = field(default=frozenset(), init=False)
    _words_of: Sequence[Token] = field(default=(), init=False)

    @property
    def low(self) -> Low:
        """The text as patterns look in it that ignore case."""
        if self.small is None:
            self.small = lowered(self.text)
        return self.small

    @property
    def words(self) -> frozenset[str]:
        """The texts of its tokens: what a rule needs is looked for here before its places are."""
        if self._words_of is not self.tokens:
            self._words = frozenset([token[1] for token in self.tokens])
            self._words_of = self.tokens
        return self._words

    def names_a_sex(self) -> bool:
        """Whether a word for a sex stands among the tokens."""
        return not self.words.isdisjoint(SEXES)

    def span(self, first: int, last: int) -> Span:
        """The raw span of tokens `first` to `last` (exclusive)."""
        tokens = self.tokens
        return self.locate(tokens[first][2], tokens[last - 1][3])

    def said(self, first: int, last: int) -> str:
        """The words of tokens `first` to `last` (exclusive)."""
        tokens = self.tokens
        return self.text[tokens[first][2] : tokens[last - 1][3]]
