"""What the words of a reading say against it: the patterns of `rules/doubts.toml`, names that are none, times that were lost."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from trialist.criteria.clause import Clause
from trialist.criteria.lasting import is_a_length
from trialist.criteria.lexicon import read_rules, word_set
from trialist.criteria.nodes import Concept, Demographic, Exposure, Expr, Quantity


@cache
def _rules() -> Mapping[str, Any]:
    return read_rules("doubts.toml")


@dataclass(frozen=True, slots=True)
class _Words:
    """A pattern that raises a doubt: the words without which it is not tried, of how many atoms at least, beside which kinds."""

    name: str
    pattern: re.Pattern[str]
    needs: frozenset[str]
    atoms: int
    beside: frozenset[str]
    only_excludes: bool


@cache
def _patterns() -> tuple[_Words, ...]:
    return tuple(
        _Words(
            name,
            re.compile(row["words"], re.IGNORECASE),
            frozenset(row["needs"].split()),
            int(row.get("atoms", "1")),
            frozenset(row.get("beside", "").split()),
            row.get("in", "") == "exclusion",
        )
        for name, row in _rules()["doubts"].items()
    )


@cache
def _patterns_by_word() -> Mapping[str, tuple[int, ...]]:
    """For each word that a pattern needs, the places of the patterns that need it."""
    found: dict[str, tuple[int, ...]] = {}
    for at, one in enumerate(_patterns()):
        for word in one.needs:
            found[word] = (*found.get(word, ()), at)
    return found


_OF_LENGTH = frozenset({"duration", "shorter_than"})


def strange_words(clause: Clause, found: Sequence[Expr], excludes: bool) -> str:
    """The name of the first pattern that finds what it doubts in the words; "" where none does."""
    by_word = _patterns_by_word()
    is_timed = any(isinstance(one, Quantity) and is_a_length(one) for one in found)
    said = clause.said(0, len(clause.tokens))
    for at in sorted({at for word in clause.words & by_word.keys() for at in by_word[word]}):
        one = _patterns()[at]
        if (
            len(found) >= one.atoms
            and (excludes or not one.only_excludes)
            and (not one.beside or not one.beside.isdisjoint(type(atom).__name__ for atom in found))
            and not (is_timed and one.name in _OF_LENGTH)
            and one.pattern.search(said)
        ):
            return one.name
    return ""


@cache
def _no_names() -> tuple[frozenset[str], re.Pattern[str]]:
    names = _rules()["no_names"]
    return frozenset(names["words"].split()), re.compile(names["pattern"], re.IGNORECASE)


def is_no_name(one: Concept | Exposure) -> bool:
    """Whether what was taken for a name is a word of the sentence around it."""
    cause = getattr(one, "caused_by", "") or getattr(one, "not_caused_by", "")
    if cause and _CLAUSE_WITHIN.search(cause):
        return True
    if one.concept_id or one.broader:
        return False
    words, pattern = _no_names()
    surface = one.surface.lower()
    if isinstance(one, Concept) and one.domain == "condition" and _IS_GIVEN.search(surface):
        return True
    return surface in words or _SITES.issuperset(surface.split()) or pattern.search(surface) is not None


# What is given is no disease: `anti-obesity agents`.
_SITES = word_set("body_sites") | word_set("beside_body_sites")

_IS_GIVEN = re.compile(
    r"\b(?:agents?|drugs?|medications?|medicines?|therap(?:y|ies)|inhibitors?|blockers?|supplements?|vaccines?|products?)$"
)

_CLAUSE_WITHIN = re.compile(r"\b(?:has|have|is|are|was|were)\b|[0-9]")

_OPPOSITES = (
    {"active", "inactive"}, {"treated", "untreated"}, {"controlled", "uncontrolled"}, {"stable", "unstable"}, {"acute", "chronic"},
    {"symptomatic", "asymptomatic"}, {"resolved", "unresolved"}, {"benign", "malignant"}, {"resectable", "unresectable"},
)  # fmt: skip


def contradicts_itself(one: Expr) -> bool:
    """`meningitis (active or inactive)`: a choice that was read as both at once."""
    status = getattr(one, "status", ())
    return len(status) > 1 and any(pair.issubset(status) for pair in _OPPOSITES)


_UNITS = word_set("units_of_time")

_TIME = re.compile(
    r"(?<![\w.])(?P<number>[0-9]+(?:\.[0-9]+)?|one|two|three|four|five|six|eight|twelve)[ -]+(?:days?|weeks?|wks?|months?|years?|yrs?|hours?|hrs?|h|half-lives)\b",
    re.IGNORECASE,
)

_NUMBERS = dict(
    zip(
        ("one", "two", "three", "four", "five", "six", "eight", "twelve"),
        (1, 2, 3, 4, 5, 6, 8, 12),
        strict=True,
    )
)


def loses_a_time(clause: Clause, found: Sequence[Expr]) -> bool:
    """Whether a length of time stands in the words and in nothing that was read."""
    if clause.words.isdisjoint(_UNITS):
        return False
    numbers: set[Decimal] = set()
    spans: list[tuple[int, int]] = []
    for one in found:
        window = getattr(one, "time", None)
        for interval in (getattr(one, "interval", None), getattr(window, "length", None)):
            if interval is not None:
                numbers.update(end for end in (interval.lower, interval.upper) if end is not None)
        if window is not None and window.or_half_lives is not None:
            numbers.add(window.or_half_lives)
        span = getattr(one, "span", None)
        if span is not None:
            spans.append((span.start, span.end))
    first = clause.tokens[0].start
    for place in _TIME.finditer(clause.text, first, clause.tokens[-1].end):
        said = place["number"].lower()
        if Decimal(_NUMBERS.get(said, said)) in numbers or any(isinstance(one, Demographic) for one in found):
            continue
        raw = clause.locate(place.start(), place.end())
        # the unit may stand behind words that were not understood with the number in them
        if not any(start <= raw.start < end for start, end in spans):
            return True
    return False
