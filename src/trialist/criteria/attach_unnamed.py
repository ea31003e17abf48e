"""Bounds of what no table has a variable for: measures by their own words, doses, counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trialist.criteria.attach_amounts import (
    GOING_ON,
    KNOWN,
    LONGEST_NAME,
    NO_NAME,
    SAYING,
    TURNING,
    before_its_long_form,
    name_before,
    read_amount,
    read_between_signs,
    read_extent,
)
from trialist.criteria.attached import Attached
from trialist.criteria.clause import Clause
from trialist.criteria.lexicon import Hit, word_set
from trialist.criteria.nodes import Basis, Count, Quantity
from trialist.criteria.open_words import exposure_heads, heads
from trialist.criteria.quantities import Bound
from trialist.criteria.tokens import Token

_COUNT_NOUNS = {"{times}"}
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


def read_unnamed(
    clause: Clause, bound: Bound, limit: int, upper: int, hits: Sequence[Sequence[Hit]]
) -> Attached | None:
    """A threshold of a measure that no table knows: the words right before it are its name (`IQ < 70`, `PRA > 20%`)."""
    tokens = clause.tokens
    if bound.shape == "around":
        return read_between_signs(clause, bound, hits)
    if bound.shape not in {"compared", "range", "behind"} or bound.first < limit or _are_years(bound):
        return None
    if _is_of_several(clause, bound):
        return None
    amount = read_amount(clause, bound, limit, hits)
    if amount is not None:
        return amount
    name = _name_of(clause, bound, limit)
    if not _is_its_name(clause, bound, name, hits):
        return None
    after = bound.last
    if after < len(tokens) and tokens[after].text == ")" and name.opened:
        after += 1
    unit = bound.unit.ucum if bound.unit is not None else ("1" if bound.basis is not Basis.ABSOLUTE else "")
    clause.rules.append("quantity/unnamed")
    expr = Quantity(
        "",
        bound.interval,
        unit,
        clause.span(name.first, after),
        basis=bound.basis,
        surface=clause.said(name.first, name.end),
    )
    return Attached(name.first, after, expr)


@dataclass(frozen=True, slots=True)
class _Name:
    """The words `first` to `last` (exclusive) before a number; an abbreviation of them in parentheses reaches to `end`."""

    first: int
    last: int
    end: int
    opened: bool


def _name_of(clause: Clause, bound: Bound, limit: int) -> _Name:
    """The words that may name what a number is of."""
    tokens = clause.tokens
    last, opened = _before_the_number(tokens, bound, limit)
    end = last
    if last - 3 >= limit and tokens[last - 1].text == ")" and tokens[last - 3].text == "(":
        last -= 3  # `panel reactive antibody (PRA)`: the abbreviation stands beside its name
    first = before_its_long_form(clause, last, limit)
    if first == last:
        first = name_before(clause, last, limit)
    words = {tokens[at].text for at in range(first, last)}
    if words and words <= _SCALES and first - 3 > limit and tokens[first - 1].text == ")":
        first = _before_parenthesis(clause, first, limit)  # `Medication Adherence Scale (MMAS) score < 6`
    return _Name(first, last, end, opened)


def _is_its_name(clause: Clause, bound: Bound, name: _Name, hits: Sequence[Sequence[Hit]]) -> bool:
    """Whether words before a number name a measure: no known thing, no time, nothing that says too little."""
    words = [clause.tokens[at].text for at in range(name.first, name.last)]
    if not words or not _says_enough(words, bound):
        return False
    known = TURNING if words[-1] in _SCALES else KNOWN  # a `depression scale` is no depression
    inside = [
        hit
        for group in hits
        for hit in group
        if name.first <= hit.first < name.last and hit.entry.kind in known
    ]
    if inside and not (
        _is_abbreviated(clause, bound, name, hits) or _is_measured_of_it(clause, bound, inside, name.last)
    ):
        return False
    if bound.unit is None or bound.unit.dimension not in {"time", "half_lives"}:
        return True
    if words[-1] not in _LASTING and bound.unit.ucum not in {"s", "ms", "min"}:
        return False
    # `foot ulcer duration > 6 weeks`: the time of the ulcer
    return words[-1] != "duration" or not (set(words[-2:-1]) & (heads() | exposure_heads()))


def _says_enough(words: Sequence[str], bound: Bound) -> bool:
    """Whether words can name what a number is of at all."""
    if bound.unit is not None and bound.unit.dimension == "time_rate" and not set(words) & _ACTIVITIES:
        return False  # `present at least 8 hours per day`
    if words[-1] in GOING_ON and set(words[-2:-1]) & word_set("units_of_time"):
        return False  # `in the last 4 months lasting > 5 hours`
    if not set(words) - {"an", "the", "at", "age", "ages"}:
        return False  # `diagnosed at an age below 18`
    says = [word for word in words if word not in _BETWEEN and len(word) > 1]
    return bool(says) or bool(set(words) & SAYING and bound.unit is not None)


def _is_abbreviated(clause: Clause, bound: Bound, name: _Name, hits: Sequence[Sequence[Hit]]) -> bool:
    """`Pain (VPS) > 3`: whether an unknown abbreviation behind a known thing is what is measured."""
    if name.end != name.last + 3 or bound.unit is not None:
        return False
    at = name.end - 2
    return clause.said(at, at + 1).isupper() and not any(hit.first == at for group in hits for hit in group)


_ACTIVITIES = word_set("activities")


def _is_measured_of_it(clause: Clause, bound: Bound, inside: Sequence[Hit], last: int) -> bool:
    """`nicotine strength > 6 mg/mL`: whether a known thing only says of what something is measured, which is named behind it."""
    if bound.unit is None or bound.unit.dimension in {"time", "half_lives", "count"}:
        return False
    if any(hit.entry.kind in TURNING for hit in inside) or max(hit.last for hit in inside) >= last:
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
_STARTS_ANEW = frozenset(
    {
        "of", "on", "at", "from", "to", "prior", "before", "after", "since", "per", "than", "years", "year", "old", "x", "when", "due",
        "during", "over", "under", "despite", "without", "not", "following", "daily", "twice", "times", "time", "above", "below", "greater", "higher", "lower", "less", "more",
    }
)  # fmt: skip


def _before_parenthesis(clause: Clause, first: int, limit: int) -> int:
    """Where a name begins whose abbreviation in parentheses stands before a place; the place itself where there is none."""
    tokens = clause.tokens
    opened = next((at for at in range(first - 2, max(limit, first - 6), -1) if tokens[at].text == "("), None)
    start = name_before(clause, opened, limit) if opened is not None else first
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
    if (extent := read_extent(clause, bound)) is not None:
        return extent
    if (
        bound.shape not in ({"compared", "behind"} if bound.unit is None else {"compared", "behind", "range"})
        or bound.basis is not Basis.ABSOLUTE
        or (bound.unit is not None and bound.unit.dimension in _NOT_BEHIND)
        or _is_of_several(clause, bound)
    ):
        return None
    if bound.shape == "range" and _says(clause.tokens, bound.last, "of"):
        return None  # `2-9% of adults`
    scored = is_a_score(clause.tokens, bound) and (bound.unit is None or bound.unit.dimension == "score")
    first, last = _name_behind(clause, bound, upper, scored)
    words = {clause.tokens[at].text for at in range(first, last)}
    kinds = {hit.entry.kind for group in hits for hit in group if first <= hit.first < last}
    if not words or kinds & TURNING or {"failure", "rate"} <= words:  # of a contraceptive
        return None
    if bound.unit is None and words & word_set("units_of_time"):
        return None  # `no more than 3 cumulative months`
    name = clause.said(first, last)
    if scored:
        return _scored(clause, bound, last, name) if words & _SCALES or name[:1].isupper() else None
    is_rate = bound.unit is not None and bound.unit.dimension == "time_rate"
    if is_rate and not words & _ACTIVITIES:
        return None
    if (
        kinds
        and not is_rate
        and not (bound.unit is None and _is_of_events(clause, bound, hits, (first, last)))
    ):
        return None
    span = clause.span(bound.first, last)
    if bound.unit is not None:
        clause.rules.append("quantity/behind")
        return Attached(bound.first, last, Quantity("", bound.interval, bound.unit.ucum, span, surface=name))
    before = clause.tokens[bound.first - 1].text if bound.first else ""
    is_alone = _is_past_one(bound) and _is_said_of_one(clause, first, last, before)
    is_plural = bool(kinds) or _is_plural(clause.tokens[last - 1].text) or is_alone
    if not is_plural or not _is_whole(bound) or before == "by":
        return None  # `evaluated by two or more surgeons` counts nobody's
    clause.rules.append("count/unnamed")
    return Attached(bound.first, last, Count(name, bound.interval, span))


_OF_EVENTS = frozenset({"condition", "procedure", "drug", "history", "status", "severity"})


def _is_said_of_one(clause: Clause, first: int, last: int, before: str) -> bool:
    """Whether words behind one name what is counted, and neither a rank (`1st degree`), a part (`one-third`) nor how often (`one drink per day`)."""
    words = [token.text for token in clause.tokens[first:last]]
    behind = clause.tokens[last].text if last < len(clause.tokens) else ""
    if before in _LEADING_IN or behind in _GOING_ON_BEHIND or words[0] in _NO_WHOLE:
        return False
    return all(word.isalpha() for word in words) and not set(words) & {
        "by",
        "for",
        "with",
        "in",
        "on",
        "that",
    }


_LEADING_IN = frozenset({"on", "by", "in", "at", "for", "to", "from"})
_GOING_ON_BEHIND = frozenset({"-", "per", "a", "each", "every", "/", "daily", "weekly"})
_NO_WHOLE = frozenset({"st", "third", "half", "quarter", "fourth", "fifth", "x"})


def _is_past_one(bound: Bound) -> bool:
    """`≤ 1 previous transfer`, `more than one stroke`: one is counted in the singular; having any at all is less, or more, than what is asked."""
    one = bound.interval
    return one.upper == 1 or (one.lower == 1 and not one.lower_inclusive)


def _is_of_events(
    clause: Clause, bound: Bound, hits: Sequence[Sequence[Hit]], place: tuple[int, int]
) -> bool:
    """`≥ 2 previous myocardial infarctions`: whether what is counted ends in known things in the plural, and says nothing else that turns it."""
    first, last = place
    inside = [group for group in hits if first <= group[0].first < last]
    kinds = {hit.entry.kind for group in inside for hit in group} - {"response"}
    named = [group for group in inside if any(hit.entry.kind in {"condition", "procedure"} for hit in group)]
    if not named or not kinds <= _OF_EVENTS or len(named) > 1 or named[0][0].last != last:
        return False
    written = clause.said(last - 1, last)  # `UTIs`
    before = clause.tokens[bound.first - 1].text if bound.first else ""
    if _is_past_one(bound) and _is_said_of_one(clause, first, last, before):
        return True
    return _is_plural(clause.tokens[last - 1].text) or (written[-1:] == "s" and written[:-1].isupper())


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
        if (word in NO_NAME and not (scored and word in _SCALES)) or word in {"and", "or"}:
            break
        if word in _STARTS_ANEW and not (word == "of" and last > first):
            break
        last += 1
    while last > first and tokens[last - 1].text in {"of", "the", "a"}:
        last -= 1
    return (first, last) if last - first <= LONGEST_NAME + (4 if scored else 0) else (first, first)


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


def _is_of_several(clause: Clause, bound: Bound) -> bool:
    """`at least 2 of the following`: a count of criteria."""
    behind = [token.text for token in clause.tokens[bound.last : bound.last + 2]]
    return bound.unit is None and (behind[:1] == ["of"] or behind[:1] == ["following"])


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
