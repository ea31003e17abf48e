"""Numbers with their comparison, range and unit: islands in a sentence, whatever stands around them.

A bound is not yet about anything: `attach.py` finds its variable. Ranges, comparisons before and behind the number,
and what is asked of them are read here, the numbers themselves by `written_numbers.py`; what is doubtful about them becomes a defect.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from trialist.criteria.lexicon import Hit, comparison_words, word_set
from trialist.criteria.nodes import Basis, Interval
from trialist.criteria.quick import quick, replace
from trialist.criteria.tokens import Token
from trialist.criteria.written_numbers import LLN, ULN, WORDS, Number, read_number, token_after
from trialist.vocabulary.written_units import Unit

_SKIPPED = word_set("before_a_number")


@quick
@dataclass(frozen=True, slots=True)
class Bound:
    """An interval in a unit at tokens `first` to `last` (exclusive).

    `shape` is compared, range, behind or bare; `between` two bounds of "either side" (`< 50 or > 100`) `outside` is True.
    """

    first: int
    last: int
    interval: Interval
    unit: Unit | None
    basis: Basis
    shape: str
    written: str
    defects: tuple[tuple[str, str, float], ...] = ()
    equivalent: bool = False
    unit_end: int = 0


def find_bounds(tokens: Sequence[Token], text: str) -> list[Bound]:
    """All bounds of a run of tokens, from left to right, without overlaps."""
    found: list[Bound] = []
    words = comparison_words()
    starts = words.starts
    after = 0
    for place, (kind, said, _, _) in enumerate(tokens):
        if (kind != "num" and said not in starts and said not in WORDS) or place < after:
            continue
        is_number = kind == "num" or (said in WORDS and kind == "word")
        hits = words.at(tokens, place, text) if said in starts else []
        if not hits and not is_number:
            continue
        bound = _bound_at(tokens, place, text, hits, is_number=is_number)
        if bound is not None:
            found.append(bound)
            after = bound.last
    return found


def _bound_at(
    tokens: Sequence[Token], place: int, text: str, hits: Sequence[Hit], *, is_number: bool
) -> Bound | None:
    for hit in hits:
        if hit.entry.kind == "before":
            bound = _compared(tokens, place, hit.last, hit.entry.id, text)
            if bound is not None:
                return bound
        if hit.entry.kind == "between":
            bound = _range(tokens, place, hit.last, text, stated=True)
            if bound is not None:
                return bound
    if not is_number or (number := read_number(tokens, place, text)) is None:
        return None
    around = _around(tokens, place, number, text)
    if around is not None:
        return around
    last = number.last
    ranged = _range_from(tokens, place, number, text, opening=None, stated=False)
    if ranged is not None:
        return ranged
    number.last = last
    return _single(tokens, place, number, text)


def _interval(op: str, value: Decimal) -> Interval:
    match op:
        case ">=":
            return Interval(lower=value)
        case ">":
            return Interval(lower=value, lower_inclusive=False)
        case "<=":
            return Interval(upper=value)
        case "<":
            return Interval(upper=value, upper_inclusive=False)
        case _:
            return Interval(lower=value, upper=value)


def _compared(tokens: Sequence[Token], first: int, place: int, op: str, text: str) -> Bound | None:
    """`≥ 18 years`, `> 2 x ULN`, `above the ULN`, `≥ 18 and ≤ 75 years`."""
    start = place
    op, place = _said_again(tokens, op, place)
    while place < len(tokens) and tokens[place].text in _SKIPPED and place - start < 4:
        place += 1
    op, place = _said_again(tokens, op, place)
    behind = comparison_words().at(tokens, place, text) if place < len(tokens) else []
    if behind and behind[0].entry.kind == "before" and behind[0].entry.id[0] == op[0]:
        op, place = (behind[0].entry.id if op in {"=", behind[0].entry.id} else op), behind[0].last
    elif behind and behind[0].entry.kind == "before" and op == "=":
        return None
    number = read_number(tokens, place, text, compared=True)
    if number is None:
        return _bare_limit(tokens, first, start, op, text)
    defects = number.defects
    if place + 1 < len(tokens) and (tokens[place + 1].text == "," or tokens[place].text == "-"):
        ranged = _range(tokens, first, place, text, stated=False)
    else:  # without such a sign the number is read the same beside a comparison as alone
        low = replace(number, defects=list(number.defects))
        ranged = _range_from(tokens, first, low, text, opening=None, stated=False)
    if ranged is not None and op in {"=", ">=", "<=", ">"} and ranged.shape == "range":
        if op == ">":  # `> 27 to 45`
            ranged = replace(ranged, interval=replace(ranged.interval, lower_inclusive=False))
        return replace(ranged, first=first)
    second = _second_side(tokens, number, op, text)
    if second is not None:
        return replace(second, first=first)
    if op == "=":
        suffix = _behind(tokens, number.last, text)
        if suffix is not None:
            return _make(
                first, suffix[1], _interval(suffix[0], number.value), number, "behind", suffix[0], defects
            )
    shape = (
        "bare" if op == "=" and tokens[first].text in {"=", "/"} else "compared"
    )  # a sign that may have lost its stroke
    return _make(first, number.last, _interval(op, number.value), number, shape, op, defects)


def _said_again(tokens: Sequence[Token], op: str, place: int) -> tuple[str, int]:
    """`less than or equal to (≤) 40`: the sign in parentheses is the comparison once more, and the surer one."""
    if (
        place + 2 < len(tokens)
        and tokens[place].text in {"(", "["}
        and tokens[place + 1].kind == "op"
        and tokens[place + 2].text in {")", "]"}
    ):
        sign = {"≥": ">=", "≤": "<="}.get(tokens[place + 1].text, tokens[place + 1].text)
        return (sign if sign[0] == op[0] else op), place + 3
    return op, place


def _bare_limit(tokens: Sequence[Token], first: int, place: int, op: str, text: str) -> Bound | None:
    """`above the upper limit of normal`: one times the limit."""
    if place >= len(tokens):
        return None
    for pattern, basis in ((ULN, Basis.X_ULN), (LLN, Basis.X_LLN)):
        found = pattern.match(text, tokens[place].start, tokens[-1].end)
        if basis is Basis.X_ULN and found is not None and found.group().strip().lower().startswith("normal"):
            if tokens[first].text in {"below", "lower", "under"}:  # `below normal`
                basis = Basis.X_LLN
            elif op not in {">", ">="}:
                return None
        elif found is None or not re.search(r"(?i)ULN|UNL|limit|LLN", found.group()):
            continue
        if found is not None:
            last = token_after(tokens, place, found.end())
            rate = re.match(
                r"[ ]?(?:x|X|\*|times)[ ]?(?P<value>[0-9]+(?:\.[0-9]+)?)(?![ ]?10\^?9)", text[found.end() :]
            )
            value = Decimal(1)
            if rate is not None:
                value = Decimal(rate["value"])
                last = token_after(tokens, place, found.end() + rate.end())
            return Bound(first, last, _interval(op, value), None, basis, "compared", op)
    return None


def _second_side(tokens: Sequence[Token], number: Number, op: str, text: str) -> Bound | None:
    """`≥ 18 and ≤ 75 years`, `> 18 to < 60`, `>18-≤60`: the other end of the same interval."""
    place = number.last
    steps = 0
    while (
        place < len(tokens)
        and tokens[place].text in {"and", "to", "-", ",", "but", "or", "years", "years old"}
        and steps < 2
    ):
        if tokens[place].text == "or":
            return None
        place += 1
        steps += 1
    if place >= len(tokens):
        return None
    hits = [hit for hit in comparison_words().at(tokens, place, text) if hit.entry.kind == "before"]
    if not hits:
        return None
    second = hits[0].entry.id
    # `= 18 and = 65`, `= 18 and < 65`: two ends are named, so the first sign was once `≥`
    degraded = op == "=" and steps > 0 and second in {"=", "<", "<="}
    if degraded:
        op, second = ">=", "<=" if second == "=" else second
    if second[0] == op[0] or op == "=" or second == "=":
        return None
    other = read_number(tokens, hits[0].last, text)
    if other is None or (
        number.unit is not None and other.unit is not None and number.unit.dimension != other.unit.dimension
    ):
        return None
    if number.unit is not None and other.unit is not None and number.unit.ucum != other.unit.ucum:
        return None
    sides = (op, number.value), (second, other.value)
    low = next((side for side in sides if side[0][0] == ">"), None)
    high = next((side for side in sides if side[0][0] == "<"), None)
    if low is None or high is None or low[1] >= high[1]:
        return None
    if other.unit is None and other.basis is Basis.ABSOLUTE:
        other.unit, other.basis = number.unit, number.basis
    interval = Interval(low[1], high[1], "=" in low[0], "=" in high[0])
    defects = number.defects + other.defects
    if degraded:
        defects.append(("degraded_comparator", f"from {low[1]} to {high[1]}", 0.95))
    return _make(0, other.last, interval, other, "range", "-", defects)


def _range(tokens: Sequence[Token], first: int, place: int, text: str, stated: bool) -> Bound | None:
    """`18-65 years`, `18 years to 65 years`, `between 18 and 65`, `18 < age < 65` is read elsewhere."""
    while (
        stated
        and place < len(tokens)
        and (tokens[place].text in _SKIPPED or tokens[place].text in _INCLUDING)
    ):
        place += 1
    opening = None
    if place < len(tokens) and tokens[place].kind == "op" and stated:
        opening, place = tokens[place].text, place + 1
    low = read_number(tokens, place, text)
    return None if low is None else _range_from(tokens, first, low, text, opening, stated)


def _range_from(
    tokens: Sequence[Token], first: int, low: Number, text: str, opening: str | None, stated: bool
) -> Bound | None:
    """A range whose lower end has been read."""
    low.last = _past_inclusion(tokens, low.last, stated)
    if low.last >= len(tokens):
        return None
    joins = [hit for hit in comparison_words().at(tokens, low.last, text) if hit.entry.kind == "join"]
    joint = tokens[low.last].text
    if (not joins and joint not in _JOINS) or (
        not stated and joint in {"and", "until", "till", "up", "through"}
    ):
        return None
    closing, after = _closing_sign(tokens, joins[0].last if joins else low.last + 1, text)
    if after < len(tokens) and tokens[after].text in {"the", "age", "of"} and stated:
        after += 1
    high = read_number(tokens, after, text, compared=stated)
    if high is not None and low.unit is not None and high.unit is not None:
        _same_unit(low, high)
    if high is not None and high.value < 0 and high.value < low.value:
        low.value, high.value = high.value, low.value  # `between 0 and -4`
    if high is None or low.value >= high.value:
        return None
    if low.unit is not None and high.unit is None and high.basis is Basis.ABSOLUTE:
        high.unit = low.unit
    if low.unit is not None and high.unit is not None and low.unit.ucum != high.unit.ucum:
        return None
    interval = Interval(low.value, high.value, opening != ">", closing != "<")
    return _make(first, high.last, interval, high, "range", "-", low.defects + high.defects)


def _closing_sign(tokens: Sequence[Token], place: int, text: str) -> tuple[str | None, int]:
    """The comparison before the upper end of a range (`18 to < 65`, `1 month to less than 18 years`), and the place behind it."""
    closing = None
    while place < len(tokens) and tokens[place].kind == "op":
        closing, place = tokens[place].text, place + 1
    words = comparison_words().at(tokens, place, text) if place < len(tokens) else []
    if words and words[0].entry.kind == "before" and words[0].entry.id in {"<", "<="}:
        return words[0].entry.id, words[0].last
    return closing, place


_JOINS = frozenset({"-", "to", "~", "and"})  # also where more words of a comparison follow (`and less than`)


def _past_inclusion(tokens: Sequence[Token], place: int, stated: bool) -> int:
    """Past `(including)` behind a number, and past `of age` between two."""
    words = [token.text for token in tokens[place : place + 3]]
    if words[:1] == ["("] and words[2:] == [")"] and words[1] in {"including", "inclusive", "included"}:
        return place + 3
    return place + 2 if stated and words[:2] == ["of", "age"] else place


def _same_unit(low: Number, high: Number) -> None:
    """`2 months to 17 years`: the upper end in the unit of the lower one, exactly."""
    rates = {("mo", "a"): 12, ("d", "wk"): 7, ("h", "d"): 24, ("min", "h"): 60}
    if (
        low.unit is not None
        and high.unit is not None
        and (rate := rates.get((low.unit.ucum, high.unit.ucum)))
    ):
        high.value, high.unit = high.value * rate, low.unit


def _is_number_at(tokens: Sequence[Token], place: int) -> bool:
    return place < len(tokens) and tokens[place].kind == "num"


def _behind(tokens: Sequence[Token], place: int, text: str) -> tuple[str, int] | None:
    """The comparison behind a number: `or older`, `+`."""
    start = place
    while place < len(tokens) and tokens[place].text in {"of", "age", "old", "("} and place - start < 3:
        place += 1
    for candidate in dict.fromkeys((start, place)):
        if candidate >= len(tokens):
            continue
        if (
            tokens[candidate].text == "+"
            and tokens[candidate].start <= tokens[candidate - 1].end + 1
            and not (candidate + 1 < len(tokens) and tokens[candidate + 1].kind == "num")
        ):
            return ">=", candidate + 1
        found = comparison_words().at(tokens, candidate, text)
        hits = [hit for hit in found if hit.entry.kind == "behind"]
        # `CA-125 at most 1000`: what can stand before a number belongs to the one that follows it
        is_before = len(hits) < len(found) and _is_number_at(tokens, hits[0].last if hits else candidate)
        if hits and not is_before:
            closed = (
                hits[0].last < len(tokens)
                and tokens[hits[0].last].text == ")"
                and tokens[candidate - 1].text == "("
            )
            return hits[0].entry.id, hits[0].last + (1 if closed else 0)
    return None


_INCLUDING = frozenset({",", "and", "including", "inclusive", "inclusively", "ages", "years"})
_MOST_BETWEEN = 9
_TURNED = {"≤": ">=", "<": ">"}


def _around(tokens: Sequence[Token], place: int, low: Number, text: str) -> Bound | None:
    """`18 years ≤ age < 80 years`: two comparisons around a variable; the variable stays free between them."""
    if low.last >= len(tokens) or tokens[low.last].text not in _TURNED:
        return None
    for at in range(low.last + 1, min(len(tokens), low.last + _MOST_BETWEEN)):
        if tokens[at].kind == "num" or tokens[at].text in {";", "."}:
            return None
        if tokens[at].text in _TURNED:
            high = read_number(tokens, at + 1, text)
            if high is None or low.value >= high.value:
                return None
            if high.unit is None and high.basis is Basis.ABSOLUTE:
                high.unit, high.basis = low.unit, low.basis
            interval = Interval(low.value, high.value, tokens[low.last].text == "≤", tokens[at].text == "≤")
            return _make(place, high.last, interval, high, "around", "-", low.defects + high.defects)
    return None


def _single(tokens: Sequence[Token], place: int, number: Number, text: str) -> Bound | None:
    """A number with a comparison behind it, or with none at all."""
    suffix = _behind(tokens, number.last, text)
    if suffix is not None:
        op, last = suffix
        kind = op if op in {"better", "worse"} else "behind"
        op = ">=" if op in {"better", "worse"} else op
        return _make(place, last, _interval(op, number.value), number, kind, op, number.defects)
    if number.is_more:  # `3 times higher than normal`
        return _make(place, number.last, _interval(">", number.value), number, "behind", ">", number.defects)
    return _make(place, number.last, _interval("=", number.value), number, "bare", "", number.defects)


def _make(
    first: int,
    last: int,
    interval: Interval,
    number: Number,
    shape: str,
    written: str,
    defects: list[tuple[str, str, float]],
) -> Bound:
    return Bound(first, last, interval, number.unit, number.basis, shape, written, tuple(defects))
