"""Bounds and steps → atoms: which variable a number is of, and which scale a grade is of.

The variable is the nearest one whose dimension fits the unit: before the number, else right behind it, else the one of the
number before (`< 50 or > 100`), else what the unit alone says (kg/m2), else the heading. Nothing else is guessed: a number
without a variable stays opaque.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Any

from trialist.criteria.clause import Clause
from trialist.criteria.lexicon import Hit, things, variables, word_set
from trialist.criteria.nodes import (
    Alternatives,
    And,
    Basis,
    Count,
    Demographic,
    Expr,
    Interval,
    Judgement,
    Or,
    Ordinal,
    Quantity,
    Span,
)
from trialist.criteria.ordinals import read_steps, scale_row
from trialist.criteria.quantities import Bound
from trialist.criteria.tokens import Token

_CONCENTRATIONS = frozenset(
    {
        "mass_concentration", "molar_concentration", "activity_concentration", "enzyme", "creatinine", "bilirubin", "glucose", "cholesterol",
        "triglycerides", "calcium", "magnesium", "phosphate", "testosterone", "uric_acid", "copies",
    }
)  # fmt: skip
_ALSO = {
    ("fraction", "volume"), ("clearance", "flow"), ("dose", "mass"), ("dose", "fraction"), ("dose", "dose"), ("mass_rate", "mass_concentration"),
    ("ratio", "mass_fraction"), ("ratio", "fraction"), ("length", "letters"), ("copies", "activity_concentration"), ("copies", "cell_concentration"),
    ("cell_concentration", "fraction"), ("fraction", "cell_concentration"), ("flow", "volume"), ("fraction", "mass_concentration"), ("ratio", "mass_concentration"),
    ("resistance", "resistance"), ("score", "fraction"), ("score", "length"), ("score", "time"), ("count_rate", "count_rate"), ("absorbed_dose", "absorbed_dose"),
    ("length", "percentile"), ("mass", "percentile"), ("bmi", "percentile"), ("mass_concentration", "fraction"), ("activity_concentration", "fraction"),
    ("length", "fraction"), ("letters", "fraction"), ("letters", "score"), ("mass_fraction", "mass_fraction"), ("clearance", "fraction"), ("score", "z_score"),
    ("bmi", "z_score"), ("length", "z_score"), ("mass", "z_score"), ("mass", "fraction"), ("temperature", "temperature"), ("time", "fraction"), ("volume", "volume"),
}  # fmt: skip
_BY_UNIT = {
    "kg/m2": "bmi", "mL/min/{1.73_m2}": "egfr", "{pack_years}": "pack_years", "{cigarettes}/d": "cigarettes", "{drinks}/d": "alcohol", "{drinks}/wk": "alcohol",
    "Cel": "temperature", "[degF]": "temperature", "{letters}": "bcva",
}  # fmt: skip
_SHORT = frozenset({"ms", "s"})
_AGE_WORDS = frozenset({"age", "aged", "ages", "old", "older", "younger", "elder", "ageing"})
_BETWEEN = word_set("between_variable_and_number")
_LIFE = frozenset({"expectancy", "survival", "lifespan", "expected life"})
_COUNT_NOUNS = {"{times}"}


@dataclass(frozen=True, slots=True)
class Attached:
    """An atom (or several joined) and the tokens it takes, `first` to `last` (exclusive)."""

    first: int
    last: int
    expr: Expr


def read_ordinals(clause: Clause, hits: Sequence[Sequence[Hit]]) -> list[Attached]:
    """The grades of a clause with their scales."""
    found: list[Attached] = []
    taken: set[int] = set()
    for group in hits:
        hit = next((one for one in group if one.entry.kind == "scale"), None)
        if hit is None or hit.first in taken:
            continue
        one = _ordinal_of(clause, hit)
        if one is not None and not taken & set(range(one.first, one.last)):
            found.append(one)
            taken |= set(range(one.first, one.last))
    for place, token in enumerate(clause.tokens):
        if place in taken or token.text not in {"grade", "grades", "stage", "stages", "class"}:
            continue
        one = _loose_grade(clause, place, taken)
        if one is not None:
            found.append(one)
            taken |= set(range(one.first, one.last))
    return found


def _ordinal_of(clause: Clause, hit: Hit) -> Attached | None:
    """Steps behind a scale's name, or `grade II-IV` right before it."""
    tokens, text = clause.tokens, clause.text
    scale_id = hit.entry.id
    row = scale_row(scale_id)
    if not row["words"]:
        return None
    place = hit.last
    while (
        place + 2 < len(tokens)
        and tokens[place].text == "("
        and (things().at(tokens, place + 1, text) or tokens[place + 2].text == ")")
    ):
        closing = next(
            (at for at in range(place, min(place + 7, len(tokens))) if tokens[at].text == ")"), None
        )
        if closing is None or any(token.kind in {"num", "op"} for token in tokens[place:closing]):
            break
        place = closing + 1
    if scale_id == "ecog" and (value := _large_number(tokens, place)) is not None and value >= 10:
        scale_id, row = "kps", scale_row("kps")
    is_disease = scale_id in {"agvhd_grade", "cgvhd_severity", "ckd_stage", "cancer_stage"}
    steps = None
    if not is_disease or _says_grade(tokens, place):
        steps = read_steps(tokens, place, text, row)
    if steps is not None:
        expr = Ordinal(
            scale_id, steps.allowed, clause.span(hit.first, steps.last), version=_version(row, clause)
        )
        return Attached(hit.first, steps.last, expr)
    before = _steps_before(clause, hit.first, scale_id)
    if before is not None:
        first, allowed = before
        return Attached(
            first,
            hit.last,
            Ordinal(scale_id, allowed, clause.span(first, hit.last), version=_version(row, clause)),
        )
    return None


def _says_grade(tokens: Sequence[Token], place: int) -> bool:
    return any(
        token.text in {"grade", "grades", "stage", "stages", "class"} for token in tokens[place : place + 4]
    )


def _large_number(tokens: Sequence[Token], place: int) -> Decimal | None:
    for token in tokens[place : place + 7]:
        if token.kind == "num":
            return Decimal(token.text.replace(",", ""))
        if token.text in {";", ".", "and", "or"}:
            return None
    return None


def _steps_before(clause: Clause, place: int, scale_id: str) -> tuple[int, tuple[str, ...]] | None:
    """`grade II to IV` or `II-IV grade` that ends right before a place."""
    tokens = clause.tokens
    row = scale_row(scale_id)
    for start in range(max(0, place - 9), place):
        opens = tokens[start].text in {"grade", "grades", "stage", "class", "type"}
        steps = read_steps(tokens, start + 1 if opens else start, clause.text, row, skip=False)
        if steps is None:
            continue
        rest = {token.text for token in tokens[steps.last : place]}
        if rest <= word_set("between_step_and_scale") and (
            opens or rest & {"grade", "grades", "stage", "stages", "class"}
        ):
            return start, steps.allowed
    return None


def _loose_grade(clause: Clause, place: int, taken: set[int]) -> Attached | None:
    """`grade ≥ 2`, `stage III or IV`, `II to IV grades of …` beside no scale's name: the scale follows from the context."""
    tokens, text = clause.tokens, clause.text
    words = {token.text for token in tokens}
    gvhd = bool(words & {"gvhd", "agvhd", "graft"}) or {"hormone", "resistance"} <= words
    if (
        words & {"chronic", "cgvhd"}
        and bool(words & {"gvhd", "cgvhd", "graft"})
        and not words & {"acute", "agvhd"}
    ):
        return None  # grades of chronic disease are no grades of acute disease
    said = {"grades": "grade", "stages": "stage"}.get(tokens[place].text, tokens[place].text)
    scale_id = {"grade": "agvhd_grade" if gvhd else "ctcae", "stage": "cancer_stage", "class": "nyha"}[said]
    if said == "class" and not words & {"heart", "cardiac", "functional", "chf", "dyspnea"}:
        return None
    row = scale_row(scale_id)
    steps = read_steps(tokens, place + 1, text, row, skip=False)
    if steps is not None and not taken & set(range(place, steps.last)):
        return Attached(
            place,
            steps.last,
            Ordinal(
                scale_id,
                steps.allowed,
                clause.span(place, steps.last),
                version=_version(row, clause),
                assumed=("scale",),
            ),
        )
    for start in range(max(0, place - 5), place):
        steps = read_steps(tokens, start, text, row, skip=False)
        if steps is not None and steps.last == place and start not in taken:
            return Attached(
                start,
                place + 1,
                Ordinal(
                    scale_id,
                    steps.allowed,
                    clause.span(start, place + 1),
                    version=_version(row, clause),
                    assumed=("scale",),
                ),
            )
    return None


def _version(row: object, clause: Clause) -> str:
    """The published variant of a scale that the clause names."""
    versions = row.get("versions", ()) if isinstance(row, dict) else ()
    said = clause.text[clause.tokens[0].start : clause.tokens[-1].end].lower()
    return next((name for name in versions if name.lower() in said), "")


def attach_bounds(clause: Clause, bounds: Sequence[Bound], hits: Sequence[Sequence[Hit]]) -> list[Attached]:
    """The bounds of a clause with what they are of."""
    found: list[Attached] = []
    measures = [hit for group in hits for hit in group if hit.entry.kind == "variable"]
    last_variables: list[Hit] = []
    last_end = -1
    for place, bound in enumerate(bounds):
        if bound.first < last_end:
            continue
        limit = max((one.last for one in found), default=0)
        upper = bounds[place + 1].first if place + 1 < len(bounds) else len(clause.tokens)
        one = _life_expectancy(clause, bound) or _age(clause, bound)
        if (
            one is None
            and found
            and isinstance(found[-1].expr, Demographic)
            and _follows(clause, last_end, bound)
        ):
            one = _second_age(clause, bound, found[-1].expr)
        if one is None:
            one, chosen = _variable(
                clause,
                bound,
                measures,
                limit,
                upper,
                last_variables if _follows(clause, last_end, bound) else [],
            )
            last_variables = chosen
        if one is None:
            one = _counted(clause, bound) or _unnamed(clause, bound, limit)
        if one is None:
            continue
        found.append(_with_equivalent(clause, one, bounds, place))
        last_end = found[-1].last
        _note(clause, bound)
    return found


def _note(clause: Clause, bound: Bound) -> None:
    for kind, repair, sure in bound.defects:
        clause.defects.append(
            (kind, clause.tokens[bound.first].start, clause.tokens[bound.last - 1].end, repair, sure)
        )


def _follows(clause: Clause, last_end: int, bound: Bound) -> bool:
    """Whether a bound stands right behind the one before, joined by `or`, `and` or a comma."""
    between = [token.text for token in clause.tokens[last_end : bound.first]] if last_end >= 0 else ["?"]
    return bool(between) and len(between) <= 4 and set(between) <= word_set("between_two_bounds")


def _fits(variable_id: str, bound: Bound) -> bool:
    """Whether a variable can have a bound's unit."""
    row = variables()[variable_id]
    own: str = row["dimension"]
    if bound.basis in {Basis.X_ULN, Basis.X_LLN}:
        return own in _CONCENTRATIONS or (
            own in {"time", "ratio", "cell_concentration", "mass_rate", "fraction", "clearance"}
            and variable_id != "qtc"
        )
    if bound.unit is None:
        return _is_plausible(variable_id, bound)
    theirs = bound.unit.dimension
    if own == theirs == "time":
        return (row["unit"] in _SHORT) == (bound.unit.ucum in _SHORT) or bound.unit.ucum in {"min", "h"}
    if own == theirs or own == "" or (own in _CONCENTRATIONS and theirs in _CONCENTRATIONS):
        return True
    return (own, theirs) in _ALSO


def _is_plausible(variable_id: str, bound: Bound) -> bool:
    """Whether a number without a unit can be a threshold of a variable at all."""
    row = variables()[variable_id]
    values = [value for value in (bound.interval.lower, bound.interval.upper) if value is not None]
    wide = 1000 if row["dimension"] == "cell_concentration" or row["unit"] == "" else 3
    return all(
        Decimal(str(row["low"])) / wide <= abs(value) <= Decimal(str(row["high"])) * wide or value == 0
        for value in values
    )


def _variable(
    clause: Clause, bound: Bound, measures: Sequence[Hit], limit: int, upper: int, before: list[Hit]
) -> tuple[Attached | None, list[Hit]]:
    tokens = clause.tokens
    if bound.shape == "around":
        inside = [
            hit
            for hit in measures
            if bound.first < hit.first and hit.last < bound.last and _fits(hit.entry.id, bound)
        ]
        chosen = _merge(tokens, inside)
        return (_quantities(clause, bound, chosen, bound.first, bound.last), chosen) if chosen else (None, [])
    previous = [hit for hit in measures if limit <= hit.first and hit.last <= bound.first]
    if previous and _near(tokens, previous[-1].last, bound.first):
        chosen = _coordinated(tokens, previous)
        fitting = [hit for hit in chosen if _fits(hit.entry.id, bound)]
        if fitting and chosen[-1] in fitting:
            return _quantities(clause, bound, fitting, fitting[0].first, bound.last), fitting
    following = [hit for hit in measures if bound.last <= hit.first < upper]
    if following and _is_right_behind(tokens, bound, following[0]):
        chosen = _coordinated_after(tokens, following)
        return _quantities(clause, bound, chosen, bound.first, chosen[-1].last), chosen
    if before and _fits(before[-1].entry.id, bound) and bound.shape != "bare":
        return _quantities(clause, bound, before, bound.first, bound.last), before
    if bound.unit is not None and bound.unit.ucum in _BY_UNIT and bound.shape != "bare":
        return _of_id(clause, bound, _BY_UNIT[bound.unit.ucum], ("variable",)), []
    if clause.topic and bound.shape != "bare":
        for place in range(len(clause.topic)):
            for hit in things().at(clause.topic, place, clause.topic_text):
                if hit.entry.kind == "variable" and _fits(hit.entry.id, bound) and len(clause.topic) <= 8:
                    return _of_id(clause, bound, hit.entry.id, ("variable",)), []
    return None, []


_PARTS = frozenset({",", ";", ".", "and", "or", "but"})


def _is_right_behind(tokens: Sequence[Token], bound: Bound, hit: Hit) -> bool:
    """Whether a variable follows its number (`> 50% LVEF`); one without a unit must touch it."""
    says_what = bound.unit is not None or bound.basis is not Basis.ABSOLUTE or hit.first - bound.last <= 1
    joined = any(token.text in _PARTS for token in tokens[bound.last : hit.first])
    return says_what and not joined and _near(tokens, bound.last, hit.first, 4) and _fits(hit.entry.id, bound)


def _near(tokens: Sequence[Token], start: int, end: int, most: int = 14) -> bool:
    """Whether only words that may stand between a variable and its number do."""
    between = tokens[start:end]
    depth = 0
    outside = []
    for token in between:
        if token.text == "(":
            depth += 1
        elif token.text == ")":
            depth = max(0, depth - 1)
        elif depth == 0:
            outside.append(token)
    if depth:
        outside = list(between)
    return len(outside) <= most and all(
        token.text in _BETWEEN
        or (token.kind == "op")
        or len(token.text) == 1
        or token.text in _measure_words()
        for token in outside
    )


@cache
def _measure_words() -> frozenset[str]:
    """The words of all names of variables."""
    return frozenset(
        word
        for row in variables().values()
        for phrase in row["words"].split("|")
        for word in phrase.replace("-", " ").lower().split()
    )


def _coordinated(tokens: Sequence[Token], previous: Sequence[Hit]) -> list[Hit]:
    """The variables joined with the nearest one: `ALT or AST`, `AST, ALT and bilirubin`; an abbreviation counts once."""
    chosen = [previous[-1]]
    for hit in reversed(previous[:-1]):
        between = {token.text for token in tokens[hit.last : chosen[0].first]}
        if not between <= word_set("between_variables"):
            break
        chosen.insert(0, hit)
    return _merge(tokens, chosen)


def _merge(tokens: Sequence[Token], chosen: list[Hit]) -> list[Hit]:
    """The same variable named twice, long and short, becomes one mention."""
    merged: list[Hit] = []
    for hit in chosen:
        if (merged and merged[-1].entry.id == hit.entry.id) or (
            merged
            and tokens[merged[-1].last : hit.first]
            and tokens[merged[-1].last].text == "("
            and {merged[-1].entry.id, hit.entry.id}
            <= {"creatinine_clearance", "egfr", "transaminases", "inr", "pt"}
        ):
            merged[-1] = replace(merged[-1], last=hit.last)
        else:
            merged.append(hit)
    return merged


def _coordinated_after(tokens: Sequence[Token], following: Sequence[Hit]) -> list[Hit]:
    chosen = [following[0]]
    for hit in following[1:]:
        between = {token.text for token in tokens[chosen[-1].last : hit.first]}
        if not between <= {"or", "and", "/", "(", ")", "and/or"}:
            break
        chosen.append(hit)
    return _merge(tokens, chosen)


def _quantities(clause: Clause, bound: Bound, chosen: Sequence[Hit], first: int, last: int) -> Attached:
    """One quantity for each variable, joined as the text joins the variables."""
    tokens = clause.tokens
    last = (
        last + 1
        if last < len(tokens)
        and tokens[last].text == ")"
        and any(token.text == "(" for token in tokens[first:last])
        and not _balanced(tokens[first:last])
        else last
    )
    parts: list[Expr] = [
        _quantity(clause, bound, hit.entry.id, _own_span(clause, bound, hit)) for hit in chosen
    ]
    if len(parts) == 1:
        return Attached(first, last, parts[0])
    between = {token.text for left, right in pairwise(chosen) for token in tokens[left.last : right.first]}
    return Attached(first, last, _shared_threshold(parts, between, bound, clause.excludes))


def _shared_threshold(parts: list[Expr], between: set[str], bound: Bound, excludes: bool) -> Expr:
    """Several variables with one threshold. Who writes "ALT or AST below" as a requirement may mean both: two readings."""
    either, both = Or(tuple(parts)), And(tuple(parts))
    says_or = "or" in between
    if says_or and ("/" in between or "and" not in between):
        asks_below = bound.interval.lower is None
        return either if excludes or not asks_below else Alternatives((either, both))
    if excludes:
        return either if "and" not in between else Alternatives((either, both))
    return both


def _balanced(tokens: Sequence[Token]) -> bool:
    return sum(token.text == "(" for token in tokens) <= sum(token.text == ")" for token in tokens)


def _own_span(clause: Clause, bound: Bound, hit: Hit) -> Span:
    return clause.span(min(hit.first, bound.first), max(hit.last, bound.last))


def _of_id(clause: Clause, bound: Bound, variable_id: str, assumed: tuple[str, ...]) -> Attached:
    expr = _quantity(clause, bound, variable_id, clause.span(bound.first, bound.last), assumed)
    return Attached(bound.first, bound.last, expr)


def _quantity(
    clause: Clause, bound: Bound, variable_id: str, span: Span, assumed: tuple[str, ...] = ()
) -> Expr:
    row = variables()[variable_id]
    interval = bound.interval
    unit = bound.unit.ucum if bound.unit is not None else ""
    if bound.shape == "bare":
        interval, extra = _without_comparison(clause, bound, row["harm"])
        assumed = (*assumed, *extra)
    elif bound.shape in {"better", "worse"}:
        value = interval.lower if interval.lower is not None else interval.upper
        up = (bound.shape == "better") == (row["harm"] == "low")
        interval = Interval(lower=value) if up else Interval(upper=value)
    basis = bound.basis
    if basis in {Basis.X_ULN, Basis.X_LLN, Basis.X_BASELINE}:
        unit = "1"
    elif not unit and row["unit"]:
        unit, assumed = row["unit"], (*assumed, "unit")
    elif not unit and row["dimension"] == "cell_concentration":
        unit, assumed = _counted_in(row, interval), (*assumed, "unit")
    clause.rules.append(f"quantity/{variable_id}")
    return Quantity(variable_id, interval, unit, span, basis=basis, assumed=assumed)


def _counted_in(row: Mapping[str, Any], interval: Interval) -> str:
    """The unit of a count of cells that is written without one: only one of the two usual ones gives a count that exists."""
    values = [value for value in (interval.lower, interval.upper) if value]
    low, high = Decimal(str(row["low"])), Decimal(str(row["high"]))
    for unit, factor in (("10*9/L", 1), ("/uL", 1000)):
        if values and all(low <= value / factor <= high for value in values):
            return unit
    return ""


def _without_comparison(clause: Clause, bound: Bound, harm: str) -> tuple[Interval, tuple[str, ...]]:
    """`within 2 x ULN` is at most twice; a sign `=` or none before a threshold was lost, or the number is meant exactly."""
    tokens = clause.tokens
    value = bound.interval.lower
    if bound.first > 0 and tokens[bound.first - 1].text == "within" and value is not None:
        return Interval(upper=value), ()
    clause.defects.append(("lost_comparator", tokens[bound.first].start, tokens[bound.last - 1].end, "", 0.6))
    return bound.interval, ("comparator",)


def _with_equivalent(clause: Clause, one: Attached, bounds: Sequence[Bound], place: int) -> Attached:
    """Take the same threshold in another unit behind it: `(or 177 µmol/L)`."""
    tokens = clause.tokens
    if place + 1 >= len(bounds) or tokens[one.last - 1].text == ")":
        return one
    following = bounds[place + 1]
    between = {token.text for token in tokens[one.last : following.first]}
    opened = one.last < len(tokens) and tokens[one.last].text in {"(", "["}
    closing = next(
        (
            at
            for at in range(following.last, min(len(tokens), following.last + 3))
            if tokens[at].text in {")", "]"}
        ),
        None,
    )
    own = bounds[place].unit
    other = following.unit
    if not opened or closing is None or own is None or other is None or own.ucum == other.ucum:
        return one
    is_same = own.dimension == other.dimension or {own.dimension, other.dimension} <= _CONCENTRATIONS
    if (
        is_same
        and own.dimension not in {"time"}
        and between <= {"(", "[", "or", "i.e", ".", ",", "approximately", "=", "~"}
    ):
        return replace(one, last=closing + 1)
    return one


def _age(clause: Clause, bound: Bound) -> Attached | None:
    """An age: beside a word for it, or where a clause says nothing but a span of years and persons."""
    tokens = clause.tokens
    unit = bound.unit
    if unit is not None and (unit.dimension != "time" or unit.ucum in {"min", "s", "ms"}):
        return None
    if bound.basis is not Basis.ABSOLUTE:
        return None
    lead = [token.text for token in tokens[max(0, bound.first - 7) : bound.first]]
    inside = {token.text for token in tokens[bound.first : bound.last]}
    behind = [token.text for token in tokens[bound.last : bound.last + 3]]
    near = _near_age(lead)
    named = (
        near
        or bool(inside & (_AGE_WORDS | {"old"}))
        or behind[:2] == ["of", "age"]
        or bool(set(behind[:1]) & {"old"})
        or behind[:3] == ["of", "age", "or"]
    )
    topic = {token.text for token in clause.topic}
    alone = unit is not None and unit.ucum == "a" and bound.shape != "bare" and _only_persons(tokens, bound)
    by_topic = bool(topic & {"age", "ages"}) and len(topic) <= 4 and bound.first <= 2
    if not (named or alone or by_topic) or _is_of_something_else(lead, behind):
        return None
    if unit is None and not (near or by_topic or inside & {"age", "ages", "aged"}):
        return None
    interval = bound.interval
    assumed: tuple[str, ...] = () if unit is not None else ("unit",)
    if bound.shape == "bare":
        assumed = (*assumed, "comparator")
        clause.defects.append(
            ("lost_comparator", tokens[bound.first].start, tokens[bound.last - 1].end, "", 0.5)
        )
    first = bound.first
    while first > 0 and tokens[first - 1].text in {
        "age",
        "aged",
        "ages",
        "of",
        "the",
        ":",
        "is",
        "are",
        "be",
        "at",
        "between",
        "an",
        "from",
    }:
        first -= 1
    last = bound.last
    while last < len(tokens) and tokens[last].text in {"of", "age", "old", "inclusive", "aged"}:
        if tokens[last].text == "of" and not (last + 1 < len(tokens) and tokens[last + 1].text == "age"):
            break
        last += 1
    if not (alone or named):
        assumed = (*assumed, "variable")
    expr = Demographic(
        "age", clause.span(first, last), interval, unit.ucum if unit is not None else "a", assumed=assumed
    )
    clause.rules.append("age")
    return Attached(first, last, expr)


def _second_age(clause: Clause, bound: Bound, before: Demographic) -> Attached | None:
    """`age less than 10 or greater than 55 years`: the second bound is an age as well."""
    if bound.shape == "bare" or (bound.unit is not None and bound.unit.ucum not in {before.unit, "a", "mo"}):
        return None
    unit = bound.unit.ucum if bound.unit is not None else before.unit
    expr = Demographic("age", clause.span(bound.first, bound.last), bound.interval, unit)
    return Attached(bound.first, bound.last, expr)


_LONGEST_NAME = 5


def _unnamed(clause: Clause, bound: Bound, limit: int) -> Attached | None:
    """A threshold of a measure that no table knows: the words right before it are its name (`IQ < 70`)."""
    tokens = clause.tokens
    is_time = bound.unit is not None and bound.unit.dimension in {"time", "half_lives"}
    if bound.shape not in {"compared", "range", "behind"} or is_time or bound.first <= limit:
        return None
    last = bound.first
    while last > limit and (
        tokens[last - 1].text in {"of", "is", "was", "be", "a", ":", "the", "(", "are"}
        and bound.first - last < 3
    ):
        last -= 1
    first = last
    while (
        first > limit
        and last - first < _LONGEST_NAME
        and tokens[first - 1].kind == "word"
        and tokens[first - 1].text not in _NO_NAME
    ):
        first -= 1
    if first == last or all(
        tokens[at].text in _BETWEEN or len(tokens[at].text) == 1 for at in range(first, last)
    ):
        return None
    known = {hit.entry.kind for at in range(first, last) for hit in things().at(tokens, at, clause.text)}
    if known & {"condition", "drug", "procedure", "marker", "serology"}:
        return None
    end = bound.last
    if (
        end < len(tokens)
        and tokens[end].text == ")"
        and any(tokens[at].text == "(" for at in range(last, bound.first))
    ):
        end += 1
    unit = bound.unit.ucum if bound.unit is not None else ("1" if bound.basis is not Basis.ABSOLUTE else "")
    name = clause.said(first, last)
    clause.rules.append("quantity/unnamed")
    expr = Quantity("", bound.interval, unit, clause.span(first, end), basis=bound.basis, surface=name)
    return Attached(first, end, expr)


_NO_NAME = word_set("no_names")


def _near_age(lead: Sequence[str]) -> bool:
    for word in reversed(lead):
        if word in {"age", "aged", "ages"}:
            return True
        if word not in word_set("before_an_age"):
            return False
    return False


def _is_of_something_else(lead: Sequence[str], behind: Sequence[str]) -> bool:
    """`gestational age`, `bone age`, `disease duration ≥ 6 months`."""
    words = set(lead[-4:])
    if words & word_set("other_ages_before"):
        return True
    return bool(set(behind[:2]) & word_set("other_ages_behind"))


def _only_persons(tokens: Sequence[Token], bound: Bound) -> bool:
    rest = [token.text for at, token in enumerate(tokens) if not bound.first <= at < bound.last]
    return all(
        word in word_set("persons")
        for word in rest
    )  # fmt: skip


def _life_expectancy(clause: Clause, bound: Bound) -> Attached | None:
    """An expected survival: only an investigator can say it."""
    tokens = clause.tokens
    if bound.unit is None or bound.unit.dimension != "time":
        return None
    near = range(max(0, bound.first - 9), min(len(tokens), bound.last + 6))
    words = [tokens[at].text for at in near]
    if not set(words) & {"expectancy", "survival", "survive", "lifespan", "expectation"} and not (
        {"life", "expected"} <= set(words)
    ):
        return None
    if any(token.text in {";", "."} for token in tokens[min(near) : bound.first]):
        return None
    first = bound.first
    while (
        first > 0
        and tokens[first - 1].text not in {";", ",", ".", "and", "or", "(", "with", "that", "who", "whose"}
        and bound.first - first < 12
    ):
        first -= 1
    last = bound.last
    while last < len(tokens) and tokens[last].text in {
        "of",
        "life",
        "survival",
        "expected",
        "expectancy",
        "to",
        "live",
        "anticipated",
        "estimated",
    }:
        last += 1
    interval = bound.interval
    if bound.shape == "bare" and interval.lower is not None:
        within = any(token.text in {"within"} for token in tokens[first : bound.first])
        interval = Interval(upper=interval.lower) if within else Interval(lower=interval.lower)
    clause.rules.append("life_expectancy")
    expr = Judgement(
        "life_expectancy", clause.said(first, last), clause.span(first, last), interval, bound.unit.ucum
    )
    return Attached(first, last, expr)


def _counted(clause: Clause, bound: Bound) -> Attached | None:
    """`no more than 2 prior regimens`, `at least one measurable lesion`: so many of something."""
    tokens = clause.tokens
    noun_at = bound.last
    if bound.unit is not None and bound.unit.ucum in _COUNT_NOUNS:
        noun_at = bound.last - 1
    elif bound.unit is not None or bound.shape == "bare":
        return None
    last = noun_at
    while last < len(tokens) and last - noun_at < 5:
        word = tokens[last].text
        last += 1
        if word in _COUNTED:
            if (
                last < len(tokens)
                and word in {"lines", "line", "courses", "cycles", "episodes", "doses"}
                and tokens[last].text == "of"
                and last + 1 < len(tokens)
            ):
                last += 2
                while last < len(tokens) and tokens[last].text in {
                    "therapy",
                    "treatment",
                    "chemotherapy",
                    "systemic",
                    "prior",
                    "cytotoxic",
                }:
                    last += 1
            return Attached(
                bound.first,
                last,
                Count(clause.said(noun_at, last), bound.interval, clause.span(bound.first, last)),
            )
        if word in {",", ";", ".", "(", ")", "of", "and", "or", "the"}:
            return None
    return None


_COUNTED = word_set("counted")
