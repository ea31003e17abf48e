"""Thresholds in pairs: blood pressures (`> 140/90 mmHg`), thresholds that differ between the sexes, and how something was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trialist.criteria.attached import Attached
from trialist.criteria.clause import Clause
from trialist.criteria.lexicon import SEXES, Hit
from trialist.criteria.nodes import Alternatives, And, Count, Demographic, Expr, Interval, Or, Quantity
from trialist.criteria.quantities import Bound
from trialist.criteria.tokens import Token

_PRESSURES = frozenset({"bp", "sbp", "dbp"})


def read_pressures(
    clause: Clause,
    bounds: Sequence[Bound],
    place: int,
    measures: Sequence[Hit],
    limit: int,
    found: Sequence[Attached],
) -> Attached | None:
    """Two pressures parted by a slash. Above: either is too high. Below: as a requirement both, as an exclusion either."""
    tokens, bound = clause.tokens, bounds[place]
    if place + 1 >= len(bounds) or bound.shape != "compared" or bound.last >= len(tokens):
        return None
    second = bounds[place + 1]
    if (
        tokens[bound.last].text != "/"
        or second.first != bound.last + 1
        or second.shape not in {"bare", "compared"}
    ):
        return None
    before = [
        hit
        for hit in measures
        if limit <= hit.first and hit.last <= bound.first and bound.first - hit.last <= 6
    ]
    named = before[-1] if before and before[-1].entry.id in _PRESSURES else None
    in_pressure = second.unit is not None and second.unit.dimension == "pressure"
    number = second.interval.lower if second.interval.lower is not None else second.interval.upper
    again = bool(found) and limit > 0 and _is_pressures(found[-1].expr) and bound.first - limit <= 3
    if (named is None and not again and not (in_pressure and not before)) or number is None:
        return None
    up = bound.interval.lower is not None
    value = bound.interval.lower if up else bound.interval.upper
    if value is None or not (50 <= value <= 260 and 30 <= number <= 160 and number < value):
        return None
    below = (
        Interval(lower=number, lower_inclusive=bound.interval.lower_inclusive)
        if up
        else Interval(upper=number, upper_inclusive=bound.interval.upper_inclusive)
    )
    unit = second.unit.ucum if second.unit is not None else "mm[Hg]"
    assumed = () if second.unit is not None else ("unit",)
    first = bound.first
    while named is not None and first > limit and first > named.first:
        first -= 1
    last = second.last
    span = clause.span(first, last)
    systolic = Quantity("sbp", bound.interval, unit, span, assumed=assumed)
    diastolic = Quantity("dbp", below, unit, span, assumed=assumed)
    clause.rules.append("quantity/pressures")
    either, both = Or((systolic, diastolic)), And((systolic, diastolic))
    if clause.excludes:
        return Attached(first, last, either)
    return Attached(first, last, Alternatives((either, both)) if up else both)


def _is_pressures(expr: Expr) -> bool:
    parts = expr.of if isinstance(expr, (Or, And)) else ()
    return any(isinstance(one, Quantity) and one.variable == "sbp" for one in parts)


def for_sex(clause: Clause, one: Attached) -> Attached:
    """`< 13 g/dL in men`: the threshold of one sex."""
    if not isinstance(one.expr, (Quantity, Count)):
        return one
    behind = sex_behind(clause.tokens, one.last)
    if behind is None:
        return one
    sex, start, last = behind
    who: Expr = Demographic("sex", clause.span(start, start + 1), values=(sex,))
    return replace(one, last=last, expr=And((who, one.expr)))


def sex_behind(tokens: Sequence[Token], place: int) -> tuple[str, int, int] | None:
    """The one sex that is named behind a threshold (`in men`, `(for adult men)`, `(men)`), where its word stands, and where all of it ends."""
    opened = place < len(tokens) and tokens[place].text == "("
    place += opened
    is_led = place < len(tokens) and tokens[place].text in {"in", "for", "if"}
    place += is_led
    while place < len(tokens) and tokens[place].text in {"adult", "a", "the"}:
        place += 1
    sex = SEXES.get(tokens[place].text) if place < len(tokens) else None
    if sex is None:
        return None
    start = place
    place += 1
    if place < len(tokens) and tokens[place].text in {"patients", "subjects", "participants"}:
        place += 1
    behind = [token.text for token in tokens[place : place + 2]]
    if not is_led and not (opened and behind[:1] == [")"]):
        return None
    if len(behind) == 2 and behind[0] in {"and", "or", "/"} and behind[1] in SEXES:
        return None
    return sex, start, place + (opened and behind[:1] == [")"])


_FASTING = frozenset({"fasting", "fasted"})
_ROOM_AIR = "on room air"
_SETTINGS = (("at", "rest"), ("on", "room", "air"), ("in", "room", "air"), ("breathing", "room", "air"), ("at", "room", "air"))  # fmt: skip
_POSTURES = {"sitting": "sitting", "seated": "sitting", "supine": "supine", "standing": "standing"}
_RAISED = frozenset({"elevated", "increased", "raised"})
_LOWERED = frozenset({"decreased", "reduced"})


def with_setting(clause: Clause, one: Attached, limit: int) -> Attached:
    """`resting heart rate > 100`, `SpO2 < 90% on room air`: how it is measured; `elevated BNP (> 200 pg/mL)`: what its number says."""
    if not isinstance(one.expr, Quantity) or not one.expr.variable:
        return one
    tokens, expr = clause.tokens, one.expr
    first, last, method = one.first, one.last, expr.method
    before = tokens[first - 1].text if first > limit else ""
    interval = expr.interval
    if first - 2 >= limit and (tokens[first - 2].text, before) == ("room", "air"):
        first, method = first - 2, _ROOM_AIR
    elif before == "resting":
        first, method = first - 1, "at rest"
    elif before in _POSTURES:
        first, method = first - 1, f"in {_POSTURES[before]} position"
    elif (before in _RAISED and interval.upper is None) or (before in _LOWERED and interval.lower is None):
        first -= 1
    for words in _SETTINGS:
        if tuple(token.text for token in tokens[last : last + len(words)]) == words:
            last, method = last + len(words), "at rest" if words[-1] == "rest" else _ROOM_AIR
            break
    if not method and "fasting" not in expr.variable:
        begins = first - 1 if before in _FASTING else first
        if any(token.text in _FASTING for token in tokens[begins:last]):
            first, method = begins, "fasting"
    if (first, last, method) == (one.first, one.last, expr.method):
        return one
    return Attached(first, last, replace(expr, method=method))
