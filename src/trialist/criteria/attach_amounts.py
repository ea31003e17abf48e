"""How much of what is named: doses, sizes, durations of episodes, changes, and names between two signs."""

from __future__ import annotations

from collections.abc import Sequence

from trialist.criteria.attached import Attached
from trialist.criteria.clause import Clause
from trialist.criteria.lexicon import Hit, word_set
from trialist.criteria.nodes import Quantity
from trialist.criteria.quantities import Bound
from trialist.criteria.tokens import Token

LONGEST_NAME = 5
NO_NAME = word_set("no_names")
SAYING = frozenset(
    {"score", "scores", "result", "results", "index", "ratio", "level", "levels", "value", "rate", "count"}
)
TURNING = frozenset({"negation", "exception", "optional"})
KNOWN = frozenset(
    {"condition", "drug", "procedure", "marker", "serology", "negation", "exception", "optional"}
)
_DOSES = frozenset({"mass", "dose", "mass_rate", "dose_rate", "activity"})


def read_amount(clause: Clause, bound: Bound, limit: int, hits: Sequence[Sequence[Hit]]) -> Attached | None:
    """How much, how large or how long something is that is named beside a number; the thing itself stays an atom of its own."""
    if bound.unit is not None and bound.unit.dimension in {"time", "half_lives"}:
        return _how_long(clause, bound, limit, hits)
    return _dose(clause, bound, hits) or _size(clause, bound, hits) or _change(clause, bound, limit, hits)


def read_between_signs(clause: Clause, bound: Bound, hits: Sequence[Sequence[Hit]]) -> Attached | None:
    """`6 ≤ antral follicle count (AFC) ≤ 16`: the words between the two signs are the name."""
    tokens = clause.tokens
    signs = [at for at in range(bound.first, bound.last) if tokens[at].text in {"≤", "<"}]
    first, last = signs[0] + 1, signs[-1]
    end = last - 3 if tokens[last - 1].text == ")" and last - 3 > first else last
    kinds = {hit.entry.kind for group in hits for hit in group if first <= hit.first < end}
    if not 0 < end - first <= LONGEST_NAME or kinds & KNOWN:
        return None
    if any(tokens[at].kind != "word" or tokens[at].text in NO_NAME for at in range(first, end)):
        return None
    begins = bound.first - 1 if bound.first and tokens[bound.first - 1].text == "between" else bound.first
    unit = bound.unit.ucum if bound.unit is not None else ""
    clause.rules.append("quantity/unnamed")
    span, name = clause.span(begins, bound.last), clause.said(first, last)
    return Attached(
        begins, bound.last, Quantity("", bound.interval, unit, span, basis=bound.basis, surface=name)
    )


GOING_ON = frozenset({"lasting", "lasted", "lasts"})


def _how_long(clause: Clause, bound: Bound, limit: int, hits: Sequence[Sequence[Hit]]) -> Attached | None:
    """`tachycardia lasting > 30 seconds`, `loss of consciousness > 30 min`: how long each time goes on, no distance from an anchor."""
    tokens, at = clause.tokens, bound.first - 1
    if at < limit or bound.unit is None or bound.unit.ucum not in {"s", "ms", "min", "h"}:
        return None
    if tokens[at].text in GOING_ON:
        first, start = name_before(clause, at, limit), at
        is_named = first < at and tokens[at - 1].text not in word_set("units_of_time")
    else:
        at, start = (at if tokens[at].text in {"of", "for", "("} else bound.first), bound.first
        first = next(
            (one[0].first for one in hits if one[0].last == at and one[0].entry.kind == "condition"), at
        )
        behind = tokens[bound.last].text if bound.last < len(tokens) else "."
        is_named = first < at and bound.unit.ucum != "h" and behind in _CLOSING
    if not is_named:
        return None
    clause.rules.append("quantity/duration")
    span, name = clause.span(start, bound.last), f"duration of {clause.said(first, at)}"
    return Attached(start, bound.last, Quantity("", bound.interval, bound.unit.ucum, span, surface=name))


_CLOSING = frozenset({".", ",", ";", ")", "and", "or", "with", "in"})


def name_before(clause: Clause, last: int, limit: int) -> int:
    """Where the name begins that ends at a place; a `scale` ends a name, and is in none."""
    tokens = clause.tokens
    first = last
    while (
        first > limit
        and last - first < LONGEST_NAME
        and tokens[first - 1].kind == "word"
        and (tokens[first - 1].text not in NO_NAME or _ends_a_scale(tokens, first, last))
    ):
        first -= 1
    return first


def _ends_a_scale(tokens: Sequence[Token], first: int, last: int) -> bool:
    """Whether the word before a place is the `scale` of a name (`sleepiness scale score`)."""
    return tokens[first - 1].text == "scale" and all(tokens[at].text in SAYING for at in range(first, last))


def before_its_long_form(clause: Clause, last: int, limit: int) -> int:
    """`MLA (minimal luminal area) < 4 mm2`: where an abbreviation stands whose name in parentheses ends at a place, else the place."""
    tokens = clause.tokens
    if last - 4 < limit or tokens[last - 1].text != ")":
        return last
    opened = next(
        (at for at in range(last - 2, max(limit, last - 3 - LONGEST_NAME), -1) if tokens[at].text == "("),
        None,
    )
    if (
        opened is None
        or opened == limit
        or any(tokens[at].kind != "word" for at in range(opened + 1, last - 1))
    ):
        return last
    said = clause.said(opened - 1, opened)
    letters = "".join(tokens[at].text[0] for at in range(opened + 1, last - 1))
    return opened - 1 if said.isupper() and said.lower() == letters else last


def _change(clause: Clause, bound: Bound, limit: int, hits: Sequence[Sequence[Hit]]) -> Attached | None:
    """`decrease in size of the ulcer by ≥ 30%`: how much something has changed, which all the words before the number name."""
    tokens = clause.tokens
    at = bound.first - 1
    if (
        at < limit
        or tokens[at].text != "by"
        or bound.unit is None
        or bound.unit.dimension in {"time", "half_lives"}
    ):
        return None
    if bound.unit.ucum == "[IU]":
        return None  # `by 2 units`: of whatever scale
    first = next(
        (one for one in range(at - 1, max(limit, at - 11) - 1, -1) if tokens[one].text in _CHANGING), None
    )
    if first is None or tokens[first + 1].text not in {"in", "of"}:
        return None
    if any(token.text in _PARTED or token.kind in {"num", "op"} for token in tokens[first:at]):
        return None
    if any(hit.entry.kind in TURNING for group in hits for hit in group if first <= hit.first < at):
        return None
    clause.rules.append("quantity/unnamed")
    span, name = clause.span(first, bound.last), clause.said(first, at)
    return Attached(
        first,
        bound.last,
        Quantity("", bound.interval, bound.unit.ucum, span, basis=bound.basis, surface=name),
    )


_CHANGING = frozenset(
    {"change", "decrease", "reduction", "increase", "rise", "decline", "improvement", "drop", "fall"}
)
_PARTED = frozenset({",", ";", ".", "and", "or", "with", "who", "after", "before", "within", "during"})


def read_extent(clause: Clause, bound: Bound) -> Attached | None:
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


_EXTENT_OF = {"length": "size", "area": "size", "dioptre": "degree", "volume": "volume"}


def _size(clause: Clause, bound: Bound, hits: Sequence[Sequence[Hit]]) -> Attached | None:
    """`aneurysm > 5 cm`, `myopia > 6 D`, `blood loss > 500 mL`: how large something is; the thing itself stays an atom of its own."""
    extent = _EXTENT_OF.get(bound.unit.dimension) if bound.unit is not None else None
    if bound.unit is None or extent is None:
        return None
    tokens = clause.tokens
    near = [
        hit
        for group in hits
        for hit in group
        if (hit.entry.kind == "condition" or hit.entry.id == "blood_donation")
        and hit.last <= bound.first
        and bound.first - hit.last <= 2
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
        bound.first, last, Quantity("", bound.interval, bound.unit.ucum, span, surface=f"{extent} of {name}")
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
        "treatment",
        "therapy",
        "[",
    }
