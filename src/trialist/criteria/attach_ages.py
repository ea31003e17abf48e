"""Bounds of time that are ages or expected survivals."""

from __future__ import annotations

from collections.abc import Sequence

from trialist.criteria.attached import Attached
from trialist.criteria.clause import Clause
from trialist.criteria.lexicon import word_set
from trialist.criteria.nodes import And, Basis, Demographic, Interval, Judgement
from trialist.criteria.open_words import exposure_heads, heads
from trialist.criteria.quantities import Bound
from trialist.criteria.quick import replace
from trialist.criteria.tokens import Token

_AGE_WORDS = frozenset({"age", "aged", "ages", "old", "older", "younger", "elder", "ageing", "aging"})


def read_age(clause: Clause, bound: Bound) -> Attached | None:
    """An age: beside a word for it, or where a clause says nothing but a span of years and persons."""
    tokens = clause.tokens
    unit = bound.unit
    if unit is not None and (unit.dimension != "time" or unit.ucum in {"min", "s", "ms"}):
        return None
    if bound.basis is not Basis.ABSOLUTE or any(
        value is not None and value < 0 for value in (bound.interval.lower, bound.interval.upper)
    ):
        return None
    lead = [token.text for token in tokens[max(0, bound.first - 7) : bound.first]]
    inside = {token.text for token in tokens[bound.first : bound.last]}
    behind = [token.text for token in tokens[bound.last : bound.last + 3]]
    near = _near_age(lead)
    if bound.first and "older" in inside and _is_of_a_thing(tokens, bound.first):
        return None
    if near and _is_of_an_event(tokens, bound):
        return None
    named = (
        near
        or bool(inside & (_AGE_WORDS | {"old"}))
        or behind[:2] == ["of", "age"]
        or bool(set(behind[:1]) & {"old", "ages", "age"})
        or behind[:3] == ["of", "age", "or"]
    )
    topic = {token.text for token in clause.topic}
    young = (
        unit is not None
        and unit.ucum in {"mo", "wk", "d"}
        and bound.shape == "range"
        and _speaks_of_children(tokens)
    )
    alone = (
        bound.shape != "bare"
        and ((unit is not None and unit.ucum == "a") or young or _is_said_of_persons(tokens, bound))
        and _only_persons(tokens, bound)
    )
    alone = (
        alone
        or _leads(tokens, bound)
        or _is_of_persons_before(tokens, bound)
        or _is_a_lifetime(tokens, bound)
    )
    by_topic = bool(topic & {"age", "ages"}) and len(topic) <= 4 and bound.first <= 2
    if not (named or alone or by_topic) or _is_of_something_else(lead, behind):
        return None
    if unit is None and not (
        near
        or by_topic
        or alone
        or inside & {"age", "ages", "aged"}
        or behind[:1] in (["ages"], ["years"], ["age"])
    ):
        return None
    interval = bound.interval
    assumed: tuple[str, ...] = () if unit is not None else ("unit",)
    if bound.shape == "bare":
        assumed = (*assumed, "comparator")
        clause.defects.append(
            ("lost_comparator", tokens[bound.first].start, tokens[bound.last - 1].end, "", 0.5)
        )
    first = _past_children(tokens, bound)
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


def read_ages_in_two_units(clause: Clause, bounds: Sequence[Bound], place: int) -> Attached | None:
    """`28 days to 18 years`, `between 6 weeks and < 5 years`: from one age to another, each in its own unit."""
    if place + 1 >= len(bounds):
        return None
    low, high = bounds[place], bounds[place + 1]
    if not _is_one_end(low, "lower") or not _is_one_end(high, "upper"):
        return None
    if low.unit is None or high.unit is None or _ORDER.get(low.unit.ucum, 9) >= _ORDER.get(high.unit.ucum, 0):
        return None
    joint = [token.text for token in clause.tokens[low.last : high.first]]
    led_by = clause.tokens[low.first - 1].text if low.first else ""
    joint = joint[2:] if joint[:2] == ["of", "age"] else joint[1:] if joint[:1] == ["old"] else joint
    if joint not in (["to"], ["-"], ["through"], ["until"], ["till"]) and (led_by, joint) != (
        "between",
        ["and"],
    ):
        return None
    interval = replace(low.interval, upper=None)
    first = read_age(clause, replace(low, interval=interval, shape="range", last=high.last))
    if first is None or not isinstance(first.expr, Demographic):
        return None
    upper = Interval(upper=high.interval.upper, upper_inclusive=high.interval.upper_inclusive)
    second = replace(first.expr, interval=upper, unit=high.unit.ucum)
    return replace(first, expr=And((first.expr, second)))


_ORDER = {"min": 0, "h": 1, "d": 2, "wk": 3, "mo": 4, "a": 5}


def _is_one_end(bound: Bound, side: str) -> bool:
    """Whether a bound is a number alone, or has the one side that is asked for."""
    one = bound.interval
    other = one.upper if side == "lower" else one.lower
    return bound.basis is Basis.ABSOLUTE and (
        bound.shape == "bare" or (bound.shape == "compared" and other is None)
    )


def read_second_age(clause: Clause, bound: Bound, before: Demographic) -> Attached | None:
    """`age less than 10 or greater than 55 years`: the second bound is an age as well."""
    if bound.shape == "bare" or (bound.unit is not None and bound.unit.ucum not in {before.unit, "a", "mo"}):
        return None
    unit = bound.unit.ucum if bound.unit is not None else before.unit
    expr = Demographic("age", clause.span(bound.first, bound.last), bound.interval, unit)
    return Attached(bound.first, bound.last, expr)


def _speaks_of_children(tokens: Sequence[Token]) -> bool:
    return any(
        token.text in {"children", "child", "infants", "neonates", "newborns", "boys", "girls"}
        for token in tokens
    )


def _is_said_of_persons(tokens: Sequence[Token], bound: Bound) -> bool:
    """`under 18`: a bare number behind a word that is said of ages."""
    values = [value for value in (bound.interval.lower, bound.interval.upper) if value is not None]
    return (
        bound.unit is None
        and bound.shape == "compared"
        and tokens[bound.first].text in {"under", "over", "below", "above", "younger", "older"}
        and all(1 <= value <= 110 for value in values)
    )


def _leads(tokens: Sequence[Token], bound: Bound) -> bool:
    """`18-65 years cirrhotic patients`: a wide span of years that a clause begins with, and that stands beside nothing."""
    low, high = bound.interval.lower, bound.interval.upper
    if bound.shape != "range" or bound.unit is None or bound.unit.ucum != "a":
        return False
    if any(token.text not in word_set("persons") for token in tokens[: bound.first]):
        return False
    behind = tokens[bound.last].text if bound.last < len(tokens) else ""
    is_wide = low is not None and high is not None and high - low >= 10
    return is_wide and behind not in word_set("other_ages_behind") | {"of", "from", "to", "in", "with"}


def _is_of_a_thing(tokens: Sequence[Token], first: int) -> bool:
    """`surgery no older than 30 days`, `ulcers older than 1 year`: how long ago something was, and nobody's age."""
    at = first - 1
    while at > 0 and tokens[at].text in {"no", "not", "is", "are", "that", "which", "("}:
        at -= 1
    noun = tokens[at].text
    if any(token.text in _PERSONS for token in tokens[:at]):
        return False
    return noun not in _PERSONS and (
        noun in heads() or noun in exposure_heads() or noun.endswith(("itis", "osis", "omas"))
    )


def _is_a_lifetime(tokens: Sequence[Token], bound: Bound) -> bool:
    """`alopecia between 18 and 60 years`: so wide a span of years, led in by nothing, is no time that something lasts."""
    low, high = bound.interval.lower, bound.interval.upper
    if bound.shape != "range" or bound.unit is None or bound.unit.ucum != "a" or low is None or high is None:
        return False
    before = tokens[bound.first - 1].text if bound.first else ""
    behind = tokens[bound.last].text if bound.last < len(tokens) else ""
    if before in word_set("leading_a_window") | _LASTING or behind in word_set("other_ages_behind") | {
        "of",
        "from",
        "to",
    }:
        return False
    return low >= 12 and high - low >= 20


_LASTING = frozenset({"of", "duration", "lasting", "lasted", "every"})
_PERSONS = frozenset(
    {
        "patients", "patient", "subjects", "subject", "participants", "participant", "adults", "adult", "children", "volunteers", "individuals", "persons", "people",
        "recipients", "recipient", "donors", "donor", "men", "women", "males", "females", "male", "female", "boys", "girls", "infants", "adolescents",
    }
)  # fmt: skip
_BEGINS_ANEW = frozenset(
    {
        "and",
        "or",
        ",",
        ";",
        ".",
        "with",
        "who",
        "whose",
        "having",
        "undergoing",
        "requiring",
        "diagnosed",
        "suffering",
        "scheduled",
        "weighing",
    }
)
_ADULTS = frozenset({"adults", "adult"})
_CHILDREN = frozenset({"children", "infants", "boys", "girls", "neonates", "newborns"})


def _is_of_persons_before(tokens: Sequence[Token], bound: Bound) -> bool:
    """`patients under 18 years or …`, `children 6 months to 14 years who …`: years right behind persons that a clause begins with."""
    unit = bound.unit
    if bound.shape not in {"compared", "behind", "range"} or unit is None or bound.first == 0:
        return False
    noun = tokens[bound.first - 1].text
    if noun not in _PERSONS:
        return False
    values = [one for one in (bound.interval.lower, bound.interval.upper) if one is not None]
    if any(token.text not in word_set("persons") for token in tokens[: bound.first]):
        # `kidney transplant recipients over 18 years`
        return (
            bound.first > 1
            and unit.ucum == "a"
            and bound.shape != "behind"
            and min(values) >= 12
            and _follows_persons(tokens, bound)
        )
    young = unit.ucum in {"mo", "wk", "d"} and noun in _CHILDREN and bound.shape == "range"
    behind = tokens[bound.last].text if bound.last < len(tokens) else "."
    return (unit.ucum == "a" or young) and behind in _BEGINS_ANEW


def _follows_persons(tokens: Sequence[Token], bound: Bound) -> bool:
    """Whether behind years nothing stands that they would be beside (`women 20 years after menopause`)."""
    behind = tokens[bound.last].text if bound.last < len(tokens) else "."
    return behind not in word_set("other_ages_behind") | {"of", "from", "to", "in"}


def _past_children(tokens: Sequence[Token], bound: Bound) -> int:
    """Where an age begins: at the children or adults that it is said of, else at its number."""
    first = bound.first
    if first and tokens[first - 1].text in _CHILDREN | _ADULTS and _is_of_persons_before(tokens, bound):
        while first and tokens[first - 1].text in _CHILDREN | _ADULTS:
            first -= 1
    return first


_EVENTS = frozenset(
    {
        "diagnosed",
        "diagnosis",
        "onset",
        "began",
        "started",
        "start",
        "occurring",
        "occurred",
        "menarche",
        "menopause",
    }
)


def _is_of_an_event(tokens: Sequence[Token], bound: Bound) -> bool:
    """`diagnosed at an age below 18`: how old somebody was then."""
    lead = [token.text for token in tokens[max(0, bound.first - 12) : bound.first]]
    at = max((place for place, word in enumerate(lead) if word in {"age", "ages"}), default=-1)
    before = lead[max(0, at - 3) : at]
    if at < 1 or not {"at", "before", "by", "after", "from"} & set(before):
        return False
    after = max((place for place, word in enumerate(lead[:at]) if word in {",", ";", ".", "and"}), default=-1)
    return bool(set(lead[after + 1 : at]) & _EVENTS)


def _near_age(lead: Sequence[str]) -> bool:
    for word in reversed(lead):
        if word in {"age", "aged", "ages", "aging", "ageing"}:
            return True
        if word not in word_set("before_an_age"):
            return False
    return False


def _is_of_something_else(lead: Sequence[str], behind: Sequence[str]) -> bool:
    """`gestational age`, `bone age`, `disease duration ≥ 6 months`."""
    said = list(lead)
    if len(said) > 3 and ")" in said[-2:] and "(" in said[-4:]:
        del said[-4:-1]  # `gestational age (GA)`
    words = set(said[-4:])
    if words & word_set("other_ages_before"):
        return True
    return bool(set(behind[:2]) & word_set("other_ages_behind"))


_SHORTENING = frozenset(
    {"limit", "limits", "limiting", "limited", "reduce", "reducing", "shorten", "shortening", "less", "under"}
)


def _turned(interval: Interval) -> Interval:
    """What is left outside an interval with one bound."""
    if interval.lower is not None and interval.upper is None:
        return Interval(upper=interval.lower, upper_inclusive=not interval.lower_inclusive)
    if interval.upper is not None and interval.lower is None:
        return Interval(lower=interval.upper, lower_inclusive=not interval.upper_inclusive)
    return interval


_YEARS = frozenset({"years", "year", "yrs", "yr", "y"})


def _only_persons(tokens: Sequence[Token], bound: Bound) -> bool:
    rest = [
        token.text
        for at, token in enumerate(tokens)
        if not bound.first <= at < bound.last and token.kind not in {"op", "num"} and token.text not in _YEARS
    ]
    return all(
        word in word_set("persons")
        for word in rest
    )  # fmt: skip


_SHORT_TOPIC = 4  # tokens


def read_life_expectancy(clause: Clause, bound: Bound) -> Attached | None:
    """An expected survival: only an investigator can say it."""
    tokens = clause.tokens
    if bound.unit is None or bound.unit.dimension != "time":
        return None
    near = range(max(0, bound.first - 9), min(len(tokens), bound.last + 6))
    words = [tokens[at].text for at in near]
    if bound.first <= 1 and len(clause.topic) <= _SHORT_TOPIC:  # `Life expectancy:` above `At least 12 weeks`
        words = [*words, *(token.text for token in clause.topic)]
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
    within_before = any(token.text == "within" for token in tokens[first : bound.first])
    shortened = any(token.text in _SHORTENING for token in tokens[first : bound.first])
    if bound.shape == "bare" and clause.excludes and not within_before and not shortened:
        return None  # a survival of how long at most, or at least? The sign was lost
    if bound.shape == "bare" and interval.lower is not None:
        within = shortened or any(token.text in {"within"} for token in tokens[first : bound.first])
        interval = Interval(upper=interval.lower) if within else Interval(lower=interval.lower)
    if any(
        token.text in {"not", "unlikely", "no"} for token in tokens[max(0, bound.first - 7) : bound.first]
    ) and not (bound.shape == "compared" and tokens[bound.first].text in {"no", "not"}):
        interval = _turned(interval)  # `not expected to survive more than 48 hours`
    clause.rules.append("life_expectancy")
    expr = Judgement(
        "life_expectancy", clause.said(first, last), clause.span(first, last), interval, bound.unit.ucum
    )
    return Attached(first, last, expr)
