"""Bounds of what no table has a variable for: measures by their own words, doses, counts."""

from __future__ import annotations

from collections.abc import Sequence

from trialist.criteria.attached import Attached
from trialist.criteria.clause import Clause
from trialist.criteria.lexicon import Hit, word_set
from trialist.criteria.nodes import Basis, Count, Quantity
from trialist.criteria.quantities import Bound

_LONGEST_NAME = 5
_COUNT_NOUNS = {"{times}"}
_NO_NAME = word_set("no_names")
_COUNTED = word_set("counted")
_BETWEEN = word_set("between_variable_and_number")
# Times that are the size of something, not a distance from an anchor: `disease duration ≤ 5 years`.
_LASTING = frozenset(
    {
        "duration",
        "time",
        "length",
        "interval",
        "cycle",
        "cycles",
        "period",
        "stay",
        "delay",
        "latency",
        "age",
        "vintage",
        "lasting",
    }
)
_SCALES = frozenset({"scale", "score", "index", "inventory", "questionnaire", "test", "scores", "domain"})
_SAYING = frozenset(
    {"score", "scores", "result", "results", "index", "ratio", "level", "levels", "value", "rate", "count"}
)
_DOSES = frozenset({"mass", "dose", "mass_rate", "dose_rate", "activity"})


def read_unnamed(
    clause: Clause, bound: Bound, limit: int, upper: int, hits: Sequence[Sequence[Hit]]
) -> Attached | None:
    """A threshold of a measure that no table knows: the words right before it are its name (`IQ < 70`, `PRA > 20%`)."""
    tokens = clause.tokens
    if bound.shape not in {"compared", "range", "behind"} or bound.first < limit:
        return None
    is_time = bound.unit is not None and bound.unit.dimension in {"time", "half_lives"}
    if _is_of_several(clause, bound):
        return None
    dose = (_dose(clause, bound, hits) or _size(clause, bound, hits)) if not is_time else None
    if dose is not None:
        return dose
    last, opened = bound.first, False
    while last > limit and (
        tokens[last - 1].text
        in {"of", "is", "was", "be", "a", ":", "the", "(", "are", "must", "should", "to", "between", "at"}
        and bound.first - last < 4
    ):
        opened = opened or tokens[last - 1].text == "("
        last -= 1
    end = last
    if last - 3 >= limit and tokens[last - 1].text == ")" and tokens[last - 3].text == "(":
        last -= 3  # `panel reactive antibody (PRA)`: the abbreviation stands beside its name
    first = last
    while (
        first > limit
        and last - first < _LONGEST_NAME
        and tokens[first - 1].kind == "word"
        and tokens[first - 1].text not in _NO_NAME
    ):
        first -= 1
    words = [tokens[at].text for at in range(first, last)]
    if not words or any(
        first <= hit.first < last for group in hits for hit in group if hit.entry.kind in _KNOWN
    ):
        return None
    if not set(words) - {"an", "the", "at", "age", "ages"}:
        return None  # `diagnosed at an age below 18`
    says = [word for word in words if word not in _BETWEEN and len(word) > 1]
    if not says and not (set(words) & _SAYING and bound.unit is not None):
        return None
    if is_time and (
        words[-1] not in _LASTING and (bound.unit is None or bound.unit.ucum not in {"s", "ms", "min"})
    ):
        return None
    after = bound.last
    if after < len(tokens) and tokens[after].text == ")" and opened:
        after += 1
    unit = bound.unit.ucum if bound.unit is not None else ("1" if bound.basis is not Basis.ABSOLUTE else "")
    clause.rules.append("quantity/unnamed")
    expr = Quantity(
        "",
        bound.interval,
        unit,
        clause.span(first, after),
        basis=bound.basis,
        surface=clause.said(first, end),
    )
    return Attached(first, after, expr)


_KNOWN = frozenset(
    {"condition", "drug", "procedure", "marker", "serology", "negation", "exception", "optional"}
)


def _is_of_several(clause: Clause, bound: Bound) -> bool:
    """`at least 2 of the following`: a count of criteria."""
    behind = [token.text for token in clause.tokens[bound.last : bound.last + 2]]
    return bound.unit is None and (behind[:1] == ["of"] or behind[:1] == ["following"])


def _size(clause: Clause, bound: Bound, hits: Sequence[Sequence[Hit]]) -> Attached | None:
    """`aneurysm > 5 cm`: how large something is; the thing itself stays an atom of its own."""
    if bound.unit is None or bound.unit.dimension not in {"length", "area"}:
        return None
    tokens = clause.tokens
    near = [
        hit
        for group in hits
        for hit in group
        if hit.entry.kind == "condition" and hit.last <= bound.first and bound.first - hit.last <= 2
    ]
    if not near or {token.text for token in tokens[near[-1].last : bound.first]} - {
        "of",
        "(",
        "is",
        "are",
        "with",
        "measuring",
    }:
        return None
    clause.rules.append("quantity/size")
    name = clause.said(near[-1].first, near[-1].last)
    span = clause.span(bound.first, bound.last)
    return Attached(
        bound.first,
        bound.last,
        Quantity("", bound.interval, bound.unit.ucum, span, surface=f"size of {name}"),
    )


def _dose(clause: Clause, bound: Bound, hits: Sequence[Sequence[Hit]]) -> Attached | None:
    """`prednisone > 10 mg/day`, `≥ 1500 mg metformin`: how much of a drug; the drug itself stays an atom of its own."""
    if bound.unit is None or bound.unit.dimension not in _DOSES:
        return None
    tokens = clause.tokens
    near = [
        hit
        for group in hits
        for hit in group
        if hit.entry.kind == "drug"
        and (
            (hit.last <= bound.first and _is_open(clause, hit.last, bound.first))
            or (bound.last <= hit.first and _is_open(clause, bound.last, hit.first))
        )
    ]
    if not near:
        return None
    name = clause.said(near[-1].first, near[-1].last)
    last = bound.last
    if last < len(tokens) and tokens[last].text in {"daily", "/day", "day"}:
        last += 1
    clause.rules.append("quantity/dose")
    expr = Quantity(
        "", bound.interval, bound.unit.ucum, clause.span(bound.first, last), surface=f"dose of {name}"
    )
    return Attached(bound.first, last, expr)


def _is_open(clause: Clause, first: int, last: int) -> bool:
    between = {token.text for token in clause.tokens[first:last]}
    return last - first <= 4 and between <= {
        "at",
        "of",
        "(",
        "dose",
        "doses",
        "daily",
        "a",
        "with",
        "in",
        "the",
        "stable",
    }


def read_count(clause: Clause, bound: Bound) -> Attached | None:
    """`no more than 2 prior regimens`, `at least one measurable lesion`: so many of something."""
    tokens = clause.tokens
    noun_at = bound.last
    if bound.unit is not None and bound.unit.ucum in _COUNT_NOUNS:
        noun_at = bound.last - 1
    elif bound.unit is not None or bound.shape == "bare" or bound.basis is not Basis.ABSOLUTE:
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
