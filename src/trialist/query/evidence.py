"""Where a study says a term: the fields, the words, and by which synonym, variant or part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from trialist.query.areas import ValueKind, kind_of, resolve_area
from trialist.query.asked import Around
from trialist.query.english import name_of
from trialist.query.highlight import stands_at
from trialist.query.nodes import Coverage, Term
from trialist.query.scan_values import sizes_of, values_of
from trialist.query.wanted import Part, Wanted, enum_values_said
from trialist.record.catalogue import Field
from trialist.record.study import Study
from trialist.record.unparsed import Unparsed
from trialist.vocabulary.text import WordSpan, find_words, fold_words
from trialist.vocabulary.thesaurus import Thesaurus, Words

_MOST_EVIDENCE = 6
_MOST_VALUES = 5
_MARGIN = 40
_WORDED = (ValueKind.TEXT, ValueKind.NCT_ID)


class How(StrEnum):
    """How far what stands in a study is from what was asked."""

    EXACT = "in exactly this spelling"
    ASKED = "as asked"
    VARIANT = "another form"
    SYNONYM = "synonym"
    PART = "part"
    PART_VARIANT = "another form of a part"
    PART_SYNONYM = "synonym of a part"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One place where a study says a term.

    `words` are those of the text, `stands_for` what was asked, `source` where a synonym comes from ("" for none),
    `excerpt` the words with some text around them.
    """

    piece: str
    field: str
    how: How
    words: str
    stands_for: str
    source: str
    excerpt: str

    def sentence(self) -> str:
        """The evidence to read."""
        by = "" if self.how is How.ASKED else f", {self.how} of “{self.stands_for}”"
        if self.how in (How.EXACT, How.PART):
            by = f", {self.how}"
        if self.how in (How.PART_VARIANT, How.PART_SYNONYM):
            by = f", {self.how}: “{self.stands_for}”"
        source = f" ({self.source})" if self.source else ""
        return f"“{self.words}”{by}{source}, in {self.field}: {self.excerpt}"


@dataclass(frozen=True, slots=True)
class Held:
    """A study's own values in one field, the first of them, and how many there are."""

    piece: str
    field: str
    values: tuple[str, ...]
    count: int

    def sentence(self) -> str:
        """The values to read."""
        if not self.count:
            return f"its {self.field} has no value"
        more = f" and {self.count - len(self.values):,} more" * (self.count > len(self.values))
        return f"its {self.field}: {'; '.join(self.values)}{more}"


def values_held(study: Study, field: Field, size: bool = False) -> Held:
    """A study's values in a field, or with `size` the lengths of the list; what cannot be read is told as it is."""
    name = name_of(resolve_area(field.piece))
    if size:
        sizes = [str(one) for one in sizes_of(study, field)]
        return Held(field.piece, f"number of values in {name}", tuple(sizes[:_MOST_VALUES]), len(sizes))
    found = tuple(values_of(study, None, field)) if field.indexed_only else study[field.piece]
    several = found if isinstance(found, tuple) else (found,)
    texts = [_shown(value) for value in several if value is not None]
    distinct = tuple(dict.fromkeys(texts))
    return Held(field.piece, name, distinct[:_MOST_VALUES], len(distinct))


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Unparsed):
        return f"{value.raw!r} (cannot be read)"
    text = " ".join(str(value).split())
    return text if len(text) <= 2 * _MARGIN else text[: 2 * _MARGIN] + "…"


class _Text:
    """One value of a field, its words and where each folded one stands."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def words(self) -> list[WordSpan]:
        return find_words(self.text)

    @cached_property
    def spelled(self) -> list[str]:
        return [word.text for word in self.words]

    @cached_property
    def folded(self) -> list[str]:
        return fold_words(self.spelled)

    @cached_property
    def places(self) -> dict[str, list[int]]:
        found: defaultdict[str, list[int]] = defaultdict(list)
        for place, word in enumerate(self.folded):
            found[word].append(place)
        return found

    def find(self, words: Words, coverage: Coverage, *, as_spelled: bool) -> tuple[int, int] | None:
        """Where a sequence stands, in characters."""
        said = self.spelled if as_spelled else self.folded
        places = range(len(said)) if as_spelled else self.places.get(words[0], ()) if words else ()
        for place in places:
            if stands_at(words, said, place, coverage):
                return self.words[place].start, self.words[place + len(words) - 1].end
        return None


@dataclass(frozen=True, slots=True)
class _Sequence:
    """One sequence that may be found, and what that means; `plain` ones count in every field."""

    words: Words
    how: How
    stands_for: str
    plain: bool
    source: str = ""


class Readings:
    """The texts of one study, read once."""

    def __init__(self, study: Study, thesaurus: Thesaurus) -> None:
        self.study = study
        self.thesaurus = thesaurus
        self._texts: dict[str, list[_Text]] = {}

    def evidence(
        self, term: Term, around: Around
    ) -> tuple[tuple[Evidence, ...], tuple[tuple[str, bool], ...]]:
        """Where the study says a term as a whole or, where it does not, in parts; and which of the parts it says."""
        wanted = around.wanted(term, self.thesaurus)
        whole = list(self._found(list(self._whole(wanted, term)), around, wanted))
        if whole or not wanted.parts:
            return tuple(whole[:_MOST_EVIDENCE]), ()
        evidence: list[Evidence] = []
        parts: list[tuple[str, bool]] = []
        for part in wanted.parts:
            self._part(part, around, wanted, evidence, parts)
        return tuple(evidence), tuple(parts)

    def _part(
        self,
        part: Part,
        around: Around,
        wanted: Wanted,
        evidence: list[Evidence],
        parts: list[tuple[str, bool]],
    ) -> None:
        """Add where a part is said, or else where its words are."""
        found = list(self._found(list(self._of_part(part)), around, wanted, Coverage.CONTAINS))
        if found or not part.words:
            evidence.extend(found[:2])
            parts.append((" ".join(part.plain[0]), bool(found)))
            return
        for word in part.words:
            self._part(word, around, wanted, evidence, parts)

    def _whole(self, wanted: Wanted, term: Term) -> Iterator[_Sequence]:
        """The sequences that say the whole term, nearest first."""
        if wanted.exact:
            yield _Sequence(wanted.exact, How.EXACT, term.text, True)
            return
        sources = self._sources(wanted.words)
        for words in wanted.phrases:
            if words == wanted.words:
                yield _Sequence(words, How.ASKED, term.text, True)
            elif words in wanted.plain:
                yield _Sequence(words, How.VARIANT, term.text, True)
            else:
                yield _Sequence(words, How.SYNONYM, term.text, False, sources.get(words, ""))

    def _of_part(self, part: Part) -> Iterator[_Sequence]:
        """The sequences that say a part of a term, nearest first."""
        asked = part.plain[0]
        sources = self._sources(asked)
        for words in dict.fromkeys([*part.plain, *part.alternatives]):
            if words == asked:
                yield _Sequence(words, How.PART, " ".join(asked), True)
            elif words in part.plain:
                yield _Sequence(words, How.PART_VARIANT, " ".join(asked), True)
            else:
                yield _Sequence(words, How.PART_SYNONYM, " ".join(asked), False, sources.get(words, ""))

    def _sources(self, words: Words) -> dict[Words, str]:
        """Where each synonym comes from, in words."""
        found = {}
        for one in self.thesaurus.synonyms_of(words):
            found[one.words] = one.source + (f", seen {one.count:,} times" if one.count else "")
        return found

    def _found(
        self,
        sequences: Sequence[_Sequence],
        around: Around,
        wanted: Wanted,
        coverage: Coverage | None = None,
    ) -> Iterator[Evidence]:
        """For each field of the area the nearest sequence that it says, if any."""
        area = around.target.area
        flags = {piece: part.synonyms for part in area.parts for piece in part.pieces} if area else {}
        covering = around.coverage if coverage is None else coverage
        for field in dict.fromkeys(around.target.fields):
            counted = flags.get(field.piece, field.synonyms)
            legal = [one for one in sequences if one.plain or counted]
            if field.is_enum:
                yield from self._of_enum(field, legal, wanted)
            elif kind_of(field) in _WORDED:
                found = self._of_text(field, legal, covering, as_spelled=bool(wanted.exact))
                if found is not None:
                    yield found

    def _of_text(
        self, field: Field, sequences: Sequence[_Sequence], coverage: Coverage, *, as_spelled: bool
    ) -> Evidence | None:
        for one in sequences:
            for text in self._values(field):
                span = text.find(one.words, coverage, as_spelled=as_spelled)
                if span is not None:
                    start, end = span
                    said = text.text[start:end]
                    name = name_of(resolve_area(field.piece))
                    excerpt = _excerpt(text.text, start, end)
                    return Evidence(field.piece, name, one.how, said, one.stands_for, one.source, excerpt)
        return None

    def _of_enum(self, field: Field, sequences: Sequence[_Sequence], wanted: Wanted) -> Iterator[Evidence]:
        found = self.study[field.piece]
        held = [
            value for value in (found if isinstance(found, tuple) else (found,)) if isinstance(value, str)
        ]
        for one in sequences:
            words = wanted.words if wanted.exact else one.words
            for value in enum_values_said(field.type, (words,)):
                if value in held:
                    name = name_of(resolve_area(field.piece))
                    yield Evidence(field.piece, name, one.how, value, one.stands_for, one.source, value)
                    return

    def _values(self, field: Field) -> list[_Text]:
        found = self._texts.get(field.piece)
        if found is None:
            value = self.study[field.piece]
            several = value if isinstance(value, tuple) else (value,)
            found = self._texts[field.piece] = [_Text(one) for one in several if isinstance(one, str)]
        return found


def _excerpt(text: str, start: int, end: int) -> str:
    """Some text with what was found, from whole words."""
    first, last = max(0, start - _MARGIN), min(len(text), end + _MARGIN)
    while first and not text[first - 1].isspace() and first > start - 2 * _MARGIN:
        first -= 1
    while last < len(text) and not text[last].isspace() and last < end + 2 * _MARGIN:
        last += 1
    cut = " ".join(text[first:last].split())
    return ("… " if first else "") + cut + (" …" if last < len(text) else "")
