"""Bounds of what no table has a variable for: measures by their own words, doses, counts."""

from __future__ import annotations

from collections.abc import Sequence

from trialist.criteria.attached import Attached
from trialist.criteria.clause import Clause
from trialist.criteria.lexicon import Hit, word_set
from trialist.criteria.nodes import Basis, Count, Quantity
from trialist.criteria.open_words import exposure_heads, heads
from trialist.criteria.quantities import Bound
from trialist.criteria.tokens import Token

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
    if bound.shape not in {"compared", "range", "behind"} or bound.first < limit or _are_years(bound):
        return None
    is_time = bound.unit is not None and bound.unit.dimension in {"time", "half_lives"}
    if _is_of_several(clause, bound):
        return None
    dose = (_dose(clause, bound, hits) or _size(clause, bound, hits)) if not is_time else None
    if dose is not None:
        return dose
    last, opened = _before_the_number(tokens, bound, limit)
    end = last
    if last - 3 >= limit and tokens[last - 1].text == ")" and tokens[last - 3].text == "(":
        last -= 3  # `panel reactive antibody (PRA)`: the abbreviation stands beside its name
    first = _name_before(clause, last, limit)
    words = [tokens[at].text for at in range(first, last)]
    if words and set(words) <= _SCALES and first - 3 > limit and tokens[first - 1].text == ")":
        first = _before_parenthesis(clause, first, limit)  # `Medication Adherence Scale (MMAS) score < 6`
        words = [tokens[at].text for at in range(first, last)]
    known = _TURNING if words and words[-1] in _SCALES else _KNOWN  # a `depression scale` is no depression
    inside = [hit for group in hits for hit in group if first <= hit.first < last and hit.entry.kind in known]
    if not words or (inside and not _is_measured_of_it(clause, bound, inside, last)):
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
    if (
        is_time
        and words[-1] == "duration"
        and words[-2:-1]
        and (words[-2] in heads() or words[-2] in exposure_heads())
    ):
        return None  # `foot ulcer duration > 6 weeks`: the time of the ulcer
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


def _is_measured_of_it(clause: Clause, bound: Bound, inside: Sequence[Hit], last: int) -> bool:
    """`nicotine strength > 6 mg/mL`: whether a known thing only says of what something is measured, which is named behind it."""
    if bound.unit is None or bound.unit.dimension in {"time", "half_lives", "count"}:
        return False
    if any(hit.entry.kind in _TURNING for hit in inside) or max(hit.last for hit in inside) >= last:
        return False
    return clause.tokens[last - 1].text in _MEASURES


_MEASURES = word_set("measured_things")


def _are_years(bound: Bound) -> bool:
    """`criteria of 1999-2013`: the years of a calendar."""
    low, high = bound.interval.lower, bound.interval.upper
    both = low is not None and high is not None and bound.unit is None
    return both and low is not None and high is not None and 1900 <= low < high <= 2100


def _before_the_number(tokens: Sequence[Token], bound: Bound, limit: int) -> tuple[int, bool]:
    """Where what stands before a number ends, small words left out; and whether a parenthesis opens between the two."""
    last, opened = bound.first, False
    while last > limit and tokens[last - 1].text in _SMALL and bound.first - last < 4:
        opened = opened or tokens[last - 1].text == "("
        last -= 1
    if last - 2 > limit and tokens[last - 2].text == "at" and tokens[last - 1].text in _MOMENTS:
        last -= 2  # `pulmonary pressure at rest < 50 mmHg`
    return last, opened


_SMALL = frozenset(
    {"of", "is", "was", "be", "a", ":", "the", "(", "are", "must", "should", "to", "between", "at"}
)
_MOMENTS = frozenset({"rest", "baseline", "screening", "inclusion", "enrollment", "entry", "peak"})
_TURNING = frozenset({"negation", "exception", "optional"})
_STARTS_ANEW = frozenset(
    {
        "of", "on", "at", "from", "to", "prior", "before", "after", "since", "per", "than", "years", "year", "old", "x", "when", "due",
        "during", "over", "under", "despite", "without", "not", "following", "daily", "twice", "times", "time", "above", "below", "greater", "higher", "lower", "less", "more",
    }
)  # fmt: skip


def _name_before(clause: Clause, last: int, limit: int) -> int:
    """Where the name begins that ends at a place; a `scale` ends a name, and is in none."""
    tokens = clause.tokens
    first = last
    while (
        first > limit
        and last - first < _LONGEST_NAME
        and tokens[first - 1].kind == "word"
        and (tokens[first - 1].text not in _NO_NAME or _ends_a_scale(tokens, first, last))
    ):
        first -= 1
    return first


def _ends_a_scale(tokens: Sequence[Token], first: int, last: int) -> bool:
    """Whether the word before a place is the `scale` of a name (`sleepiness scale score`)."""
    return tokens[first - 1].text == "scale" and all(tokens[at].text in _SAYING for at in range(first, last))


def _before_parenthesis(clause: Clause, first: int, limit: int) -> int:
    """Where a name begins whose abbreviation in parentheses stands before a place; the place itself where there is none."""
    tokens = clause.tokens
    opened = next((at for at in range(first - 2, max(limit, first - 6), -1) if tokens[at].text == "("), None)
    start = _name_before(clause, opened, limit) if opened is not None else first
    return first if start == opened else start


def is_a_score(tokens: Sequence[Token], bound: Bound) -> bool:
    """Whether a number is said to be a score, of whatever stands behind it (`a score of > 10 on …`)."""
    at = bound.first - 1
    while at >= 0 and tokens[at].text in {"of", "is", ":", "a", "total"}:
        at -= 1
    behind = tokens[bound.last].text if bound.last < len(tokens) else ""
    return at >= 0 and tokens[at].text in _SCORED and behind in {"on", "in", "at", "by", "using", "according"}


_SCORED = frozenset({"score", "scores", "scored", "scoring", "rating"})


def read_behind(clause: Clause, bound: Bound, upper: int, hits: Sequence[Sequence[Hit]]) -> Attached | None:
    """A threshold whose measure or things counted follow it (`> 50% slough`, `> 14 follicles`, `score ≥ 10 on the … scale`)."""
    if (extent := _extent(clause, bound)) is not None:
        return extent
    if (
        bound.shape not in {"compared", "behind"}
        or bound.basis is not Basis.ABSOLUTE
        or (bound.unit is not None and bound.unit.dimension in _NOT_BEHIND)
        or _is_of_several(clause, bound)
    ):
        return None
    scored = is_a_score(clause.tokens, bound) and (bound.unit is None or bound.unit.dimension == "score")
    first, last = _name_behind(clause, bound, upper, scored)
    words = {clause.tokens[at].text for at in range(first, last)}
    kinds = {hit.entry.kind for group in hits for hit in group if first <= hit.first < last}
    if not words or kinds & _TURNING or {"failure", "rate"} <= words:  # of a contraceptive
        return None
    if bound.unit is None and words & word_set("units_of_time"):
        return None  # `no more than 3 cumulative months`
    name = clause.said(first, last)
    if scored:
        return _scored(clause, bound, last, name) if words & _SCALES or name[:1].isupper() else None
    if kinds and not (bound.unit is None and _is_of_events(clause, hits, first, last)):
        return None
    span = clause.span(bound.first, last)
    if bound.unit is not None:
        clause.rules.append("quantity/behind")
        return Attached(bound.first, last, Quantity("", bound.interval, bound.unit.ucum, span, surface=name))
    before = clause.tokens[bound.first - 1].text if bound.first else ""
    is_plural = bool(kinds) or _is_plural(clause.tokens[last - 1].text)
    if not is_plural or not _is_whole(bound) or before == "by":
        return None  # `evaluated by two or more surgeons` counts nobody's
    clause.rules.append("count/unnamed")
    return Attached(bound.first, last, Count(name, bound.interval, span))


_OF_EVENTS = frozenset({"condition", "procedure", "drug", "history", "status", "severity"})


def _is_of_events(clause: Clause, hits: Sequence[Sequence[Hit]], first: int, last: int) -> bool:
    """`≥ 2 previous myocardial infarctions`: whether what is counted ends in known things in the plural, and says nothing else that turns it."""
    inside = [group for group in hits if first <= group[0].first < last]
    kinds = {hit.entry.kind for group in inside for hit in group}
    named = [group for group in inside if any(hit.entry.kind in {"condition", "procedure"} for hit in group)]
    if not named or not kinds <= _OF_EVENTS or len(named) > 1 or named[0][0].last != last:
        return False
    written = clause.said(last - 1, last)  # `UTIs`
    return _is_plural(clause.tokens[last - 1].text) or (written[-1:] == "s" and written[:-1].isupper())


def _extent(clause: Clause, bound: Bound) -> Attached | None:
    """`that is > 0.5 cm and < 2 cm in size`: what was measured is said behind the number; of what, before it."""
    tokens = clause.tokens
    if (
        bound.shape == "bare"
        or bound.unit is None
        or bound.unit.dimension not in {"length", "area", "volume"}
    ):
        return None
    last = _past_extent(tokens, bound.last)
    if last == bound.last:
        return None
    name = clause.said(bound.last + 1, last)
    clause.rules.append("quantity/behind")
    span = clause.span(bound.first, last)
    return Attached(bound.first, last, Quantity("", bound.interval, bound.unit.ucum, span, surface=name))


def _past_extent(tokens: Sequence[Token], place: int) -> int:
    """The place behind `in size`, `in longest diameter`; the same where nothing of the kind stands there."""
    words = [token.text for token in tokens[place : place + 4]]
    at = next((at for at, word in enumerate(words) if word in _EXTENTS), None)
    return place if words[:1] != ["in"] or at is None or not set(words[1:at]) <= _MOST else place + at + 1


_EXTENTS = frozenset({"size", "diameter", "length", "thickness", "depth", "width", "dimension", "dimensions"})
_MOST = frozenset(
    {"the", "longest", "largest", "greatest", "maximum", "maximal", "short", "long", "widest", "axis", "any"}
)


def _scored(clause: Clause, bound: Bound, last: int, name: str) -> Attached:
    """A score on a scale that is named behind it."""
    start = bound.first
    while start and clause.tokens[start - 1].text in _SCORED | {"of", "a", "total"}:
        start -= 1
    clause.rules.append("quantity/behind")
    unit = bound.unit.ucum if bound.unit is not None else ""
    return Attached(start, last, Quantity("", bound.interval, unit, clause.span(start, last), surface=name))


def _name_behind(clause: Clause, bound: Bound, upper: int, scored: bool) -> tuple[int, int]:
    """The words behind a bound that name what it is of; none where they go on too long."""
    tokens = clause.tokens
    first = bound.last + (1 if scored or (bound.unit is not None and _says(tokens, bound.last, "of")) else 0)
    while (
        first < len(tokens) and tokens[first].text in {"the", "all", "its", "to"} and first < bound.last + 4
    ):
        first += 1
    last = first
    while last < min(len(tokens), upper) and tokens[last].kind == "word":
        word = tokens[last].text
        if (word in _NO_NAME and not (scored and word in _SCALES)) or word in {"and", "or"}:
            break
        if word in _STARTS_ANEW and not (word == "of" and last > first):
            break
        last += 1
    while last > first and tokens[last - 1].text in {"of", "the", "a"}:
        last -= 1
    return (first, last) if last - first <= _LONGEST_NAME + (4 if scored else 0) else (first, first)


_NOT_BEHIND = frozenset(
    {
        "time",
        "half_lives",
        "count",
        "mass",
        "dose",
        "mass_rate",
        "dose_rate",
        "activity",
        "percentile",
        "z_score",
    }
)


def _says(tokens: Sequence[Token], place: int, word: str) -> bool:
    return place < len(tokens) and tokens[place].text == word


def _is_plural(word: str) -> bool:
    return len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is"))


def _is_whole(bound: Bound) -> bool:
    values = [value for value in (bound.interval.lower, bound.interval.upper) if value is not None]
    return all(value == value.to_integral_value() and 0 <= value <= 1000 for value in values)


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
    last = _past_extent(tokens, bound.last)
    span = clause.span(bound.first, last)
    return Attached(
        bound.first, last, Quantity("", bound.interval, bound.unit.ucum, span, surface=f"size of {name}")
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
