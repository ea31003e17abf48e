"""Of whom a statement speaks: of patients or of others, of everybody or of those for whom alone it holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from trialist.criteria.caseless import Caseless, Low
from trialist.criteria.clause import Clause
from trialist.criteria.criterion import Polarity, Population
from trialist.criteria.lexicon import cues
from trialist.criteria.logic import Reader
from trialist.criteria.nodes import (
    And,
    Demographic,
    Expr,
    Opaque,
    ReproState,
    Span,
    join_all,
)
from trialist.criteria.normalise import Normalised
from trialist.criteria.of_whom import end_of_fertile, who_can_bear_or_beget
from trialist.criteria.pieces import read_pieces
from trialist.criteria.split import Item
from trialist.criteria.tokens import tokenise

_PEOPLE: tuple[tuple[Population, str, re.Pattern[str]], ...] = (
    (Population.DONOR, "donor", re.compile(r"^\W*(?:the |potential |prospective |related |unrelated |stem cell |all |healthy )*donors?\b(?! lymphocyte| specific|-| chimerism| cell)(?=[^.;]{0,40}\b(?:must|should|is|are|has|have|will|who|with|age|aged|able|willing|not|unable|eligib)|\s*[:,-])", re.IGNORECASE)),
    (Population.CAREGIVER, "are", re.compile(r"^\W*(?:the )?(?:care-?givers?|carers?|caretakers?|parents?)\b[^.;]{0,40}\b(?:must|should|is|are|has|have|will|who|able|willing|not|unable)\b(?! consent)", re.IGNORECASE)),
    (Population.CONTROL_GROUP, "control", re.compile(r"^\W*(?:healthy )?controls?\b\s*(?:subjects?|participants?|group)?\s*[:,-]", re.IGNORECASE)),
)  # fmt: skip
_MUST = re.compile(
    r"\s*,?\s*(?:and|or)?\s*(?:must|should|will|need to|have to|are required|is required|has to|who are|agree|have a|has a|with a negative|:|,)",
    re.IGNORECASE,
)
_PREFIX = re.compile(r"\W*(?:donors?|recipients?|patients?|controls?|subjects?)\s*:\s*", re.IGNORECASE)
_MEN = re.compile(
    r"^\W*(?P<sex>(?:fertile |sexually active |male |adult )*(?:men|males?|male (?:patients?|subjects?|participants?)|women|females?|female (?:patients?|subjects?|participants?)))(?: (?:patients?|subjects?|participants?))?\s+(?:who[^,;]{0,60}\s)?(?:must|should|will|agree|have to|are required|need)\b",
    re.IGNORECASE,
)
_BEARS = re.compile(r"bearing|potential|reproductive|wocbp|fcbp|fertile", re.IGNORECASE)
_SHORT = 8  # characters: less says nothing of bearing
_FEMALE = re.compile(r"women|female", re.IGNORECASE)
# `for at least 3 months`, `in addition, …`: nobody is named
_NO_GUARD = re.compile(
    r"(?:for|in)[ ]+(?:at least|the|more|less|\d|example|this|addition|order|any|all)\b", re.IGNORECASE
)


@cache
def _guards() -> Mapping[str, Caseless]:
    return {name: Caseless(pattern) for name, pattern in cues()["guard"].items()}


def population_of(said: str, item: Item, low: Low) -> Population:
    """Of whom an item speaks, by its first words or the headings above it."""
    small = low.text if low.is_small else said.lower()
    for who, needed, pattern in _PEOPLE:
        if needed in small and pattern.match(said):
            return who
    return item.population


def inner_guard(expr: And) -> tuple[Expr | None, Expr]:
    """`women of childbearing potential with a negative pregnancy test`: for whom the rest is asked."""
    guards = [
        one for one in expr.of if isinstance(one, ReproState) and one.state == "child_bearing_potential"
    ]
    rest = [one for one in expr.of if one not in guards]
    return (replace(guards[0], time=None), join_all(rest)) if guards and rest else (None, expr)


def read_guard(normalised: Normalised, item: Item) -> tuple[Expr | None, int]:
    """For whom a statement holds, and where what it says begins."""
    low = normalised.low.part(item.start, item.end)
    said = low.text

    def span(start: int, end: int) -> Span:
        return Span(normalised.raw_start(start), normalised.raw_end(end))

    if item.polarity is Polarity.INCLUSION:
        able = _able_to_bear(low)
        if able:
            return ReproState(
                "child_bearing_potential", span(item.start, item.start + able)
            ), item.start + able
        end = end_of_fertile(said)
        if end:
            return who_can_bear_or_beget(said[:end], span(item.start, item.start + end)), item.start + end
        men = _MEN.match(said)
        if men is not None:
            last = item.start + men.end("sex")
            return _of_sex(men["sex"], span(item.start + men.start("sex"), last)), last
    prefix = _PREFIX.match(said)
    if prefix is not None and prefix.end() < len(said):
        return None, item.start + prefix.end()
    found = _guards()["starts"].of(low).match(said)
    if found is None or _NO_GUARD.match(said):
        return None, item.start
    first, last = item.start + found.start("guard"), item.start + found.end("guard")
    text = normalised.text
    inner = Clause(tokenise(text, first, last), text, span)
    expr = Reader(inner, lists_any=False).read(read_pieces(inner)) if inner.tokens else None
    return (expr or Opaque(text[first:last], span(first, last))), item.start + found.end()


def _able_to_bear(low: Low) -> int:
    """Where `women of childbearing potential` ends, of whom alone something is asked behind it; 0 where no item begins so."""
    found = _guards()["child_bearing"].of(low).match(low.text)
    if found is None or found.end() <= _SHORT or not _BEARS.search(found.group()):
        return 0
    return found.end() if _MUST.match(low.text, found.end()) else 0


def _of_sex(who: str, place: Span) -> Expr:
    """`men must use condoms`, `fertile women must …`: of whom something is asked."""
    is_female = _FEMALE.search(who) is not None
    if is_female and "fertile" in who.lower():
        return ReproState("child_bearing_potential", place)
    return Demographic("sex", place, values=("female" if is_female else "male",))
