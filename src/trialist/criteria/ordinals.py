"""Places on a scale: `ECOG 0-2`, `NYHA class III or IV`, `grade II to IV acute GVHD`, `Karnofsky ≥ 70`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from trialist.criteria.lexicon import comparison_words, scales, word_set
from trialist.criteria.tokens import Token

_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6}
_GRADE_WORDS = word_set("of_scales")
_LEAST = frozenset({"least", "most"})
_NUMBER_WORDS = {"zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5"}


@dataclass(frozen=True, slots=True)
class Steps:
    """The allowed steps of a scale, read at tokens up to `last` (exclusive); `written` is the comparison, "" for a list."""

    allowed: tuple[str, ...]
    last: int
    written: str = ""


def read_steps(
    tokens: Sequence[Token], place: int, text: str, scale: Mapping[str, Any], skip: bool = True
) -> Steps | None:
    """The steps that begin at a token, behind words such as `class` or `score`; None when there are none."""
    start = place
    while skip and place < len(tokens) and place - start < 7 and tokens[place].text in _GRADE_WORDS:
        if tokens[place].text == "at" and tokens[place + 1 : place + 2] and tokens[place + 1].text in _LEAST:
            break  # `a score of at least 70`
        place += 1
    if place >= len(tokens):
        return None
    steps: list[str] = scale["steps"]
    hits = comparison_words().at(tokens, place, text)
    for hit in hits:
        if hit.entry.kind in {"before", "between"}:
            after = hit.last
            while after < len(tokens) and tokens[after].text in {
                "class",
                "grade",
                "stage",
                "of",
                "or",
                "a",
                "score",
            }:
                after += 1
            step = _step(tokens, after, steps)
            if step is not None and hit.entry.kind == "before":
                return _compared(tokens, after, step, hit.entry.id, steps, text, scale)
            if step is not None:
                return _list(tokens, after, steps, text, scale)
    return _list(tokens, place, steps, text, scale)


def read_compared(
    tokens: Sequence[Token], before: int, place: int, text: str, scale: Mapping[str, Any]
) -> tuple[int, Steps] | None:
    """`≥ grade 2`: the steps at or behind a place by a comparison that ends at `before`, and where it begins; None where none does."""
    steps: list[str] = scale["steps"]
    for start in range(max(0, before - _LONGEST_COMPARISON), before):
        for hit in comparison_words().at(tokens, start, text):
            if hit.entry.kind == "before" and hit.last == before and hit.entry.id != "=":
                step = _step(tokens, place, steps)
                found = (
                    None if step is None else _compared(tokens, place, step, hit.entry.id, steps, text, scale)
                )
                return None if found is None else (start, found)
    return None


_LONGEST_COMPARISON = 4  # words


def _step(tokens: Sequence[Token], place: int, steps: Sequence[str]) -> int | None:
    """The index of the step at a token."""
    if place >= len(tokens):
        return None
    said = tokens[place].text.lower()
    said = _NUMBER_WORDS.get(said, said)
    lowered = [step.lower() for step in steps]
    if said in lowered:
        return lowered.index(said)
    if said in _ROMAN and str(_ROMAN[said]) in steps:
        return steps.index(str(_ROMAN[said]))
    if said.isdigit() and len(steps) <= 7:
        for place_of, step in enumerate(lowered):
            if step in _ROMAN and _ROMAN[step] == int(said):
                return place_of
    bare = said.rstrip("abc")
    if len(bare) < len(said) and bare in _ROMAN and steps[-1] == "IV":
        return _step([Token("word", bare, 0, 0)], 0, steps)
    if tokens[place].kind == "num" and len(steps) == 11:
        value = Decimal(said.replace(",", ""))
        return int(value) // 10 if 0 <= value <= 100 and value % 10 == 0 else None
    return None


def _compared(
    tokens: Sequence[Token],
    place: int,
    step: int,
    op: str,
    steps: Sequence[str],
    text: str,
    scale: Mapping[str, Any],
) -> Steps | None:
    if op == "=":
        return _list(tokens, place, steps, text, scale)
    chosen = {
        ">=": steps[step:],
        ">": steps[step + 1 :],
        "<=": steps[: step + 1],
        "<": steps[:step],
    }[op]
    last = _past_percent(tokens, place + 1)
    hits = (
        comparison_words().at(tokens, last + 1, text)
        if last < len(tokens) and tokens[last].text in {"and", "to", "-"} and last + 1 < len(tokens)
        else []
    )
    other = _step(tokens, hits[0].last, steps) if hits and hits[0].entry.kind == "before" else None
    if other is not None and hits[0].entry.id[0] != op[0]:
        second = {
            ">=": steps[other:],
            ">": steps[other + 1 :],
            "<=": steps[: other + 1],
            "<": steps[:other],
            "=": [],
        }
        chosen = [one for one in chosen if one in second[hits[0].entry.id]]
        last = hits[0].last + 1
    return Steps(tuple(chosen), last, op) if chosen else None


def _past_percent(tokens: Sequence[Token], place: int) -> int:
    return place + 1 if place < len(tokens) and tokens[place].text in {"%", "percent", "points"} else place


def _list(
    tokens: Sequence[Token], place: int, steps: Sequence[str], text: str, scale: Mapping[str, Any]
) -> Steps | None:
    """`0-2`, `0, 1 or 2`, `III/IV`, `2 or less`, `70 or better`."""
    first = _step(tokens, place, steps)
    if first is None:
        return None
    chosen = {first}
    last = _past_percent(tokens, place + 1)
    behind = (
        [hit for hit in comparison_words().at(tokens, last, text) if hit.entry.kind == "behind"]
        if last < len(tokens)
        else []
    )
    if behind:
        up = behind[0].entry.id == ">=" or (behind[0].entry.id == "better") == (scale["harm"] == "low")
        if behind[0].entry.id == "<=":
            up = False
        return Steps(tuple(steps[first:] if up else steps[: first + 1]), behind[0].last, ">=" if up else "<=")
    previous = first
    while last < len(tokens):
        after = last
        joined = False
        while after < len(tokens) and tokens[after].text in word_set("between_steps"):
            joined = joined or tokens[after].text in {"-", "to", "through", "~"}
            after += 1
        step = _step(tokens, after, steps) if after > last else None
        if step is None or step <= previous:
            break
        chosen |= set(range(previous, step + 1)) if joined else {step}
        previous, last = step, _past_percent(tokens, after + 1)
    return Steps(tuple(steps[one] for one in sorted(chosen)), last)


def scale_row(scale_id: str) -> Mapping[str, Any]:
    """A scale's row in its table."""
    row: Mapping[str, Any] = scales()[scale_id]
    return row
