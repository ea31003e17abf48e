"""Bounds and steps → atoms: which variable a number is of, and which scale a grade is of.

The variable is the nearest one whose dimension fits the unit: before the number, else right behind it, else the one of the
number before (`< 50 or > 100`), else what the unit alone says (kg/m2), else the heading. Nothing else is guessed: a number
without a variable stays opaque.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from trialist.criteria.attach_ages import (
    read_age,
    read_ages_in_two_units,
    read_life_expectancy,
    read_second_age,
)
from trialist.criteria.attach_fits import fits
from trialist.criteria.attach_pairs import for_sex, read_pressures, with_setting
from trialist.criteria.attach_second import read_second, with_comparison_before
from trialist.criteria.attach_thresholds import (
    PARTS,
    quantity,
    shared_threshold,
    with_change,
    with_equivalent,
)
from trialist.criteria.attach_unnamed import is_a_score, read_behind, read_count, read_unnamed
from trialist.criteria.attached import Attached
from trialist.criteria.clause import Clause
from trialist.criteria.lexicon import Hit, measured_by, things, variables, word_set
from trialist.criteria.nodes import (
    Basis,
    Demographic,
    Expr,
    Quantity,
    Span,
)
from trialist.criteria.quantities import Bound
from trialist.criteria.quick import replace
from trialist.criteria.tokens import Token
from trialist.vocabulary.written_units import Unit

_BY_UNIT = {
    "kg/m2": "bmi", "mL/min/{1.73_m2}": "egfr", "{pack_years}": "pack_years", "{cigarettes}/d": "cigarettes", "{drinks}/d": "alcohol", "{drinks}/wk": "alcohol",
    "Cel": "temperature", "[degF]": "temperature", "{letters}": "bcva",
}  # fmt: skip
_BETWEEN = word_set("between_variable_and_number")


def attach_bounds(clause: Clause, bounds: Sequence[Bound], hits: Sequence[Sequence[Hit]]) -> list[Attached]:
    """The bounds of a clause with what they are of."""
    if not bounds:
        return []
    found: list[Attached] = []
    measures = [hit for group in hits for hit in group if hit.entry.kind == "variable"]
    last_variables: list[Hit] = []
    last_unit: Unit | None = None
    last_end = -1
    leader: Bound | None = None
    for place, written in enumerate(bounds):
        if written.first < last_end:
            continue
        bound = with_comparison_before(clause, written, leader, found[-1]) if found else written
        limit = max((one.last for one in found), default=0)
        if _is_scale_range(clause, bound, found):
            continue
        upper = bounds[place + 1].first if place + 1 < len(bounds) else len(clause.tokens)
        one = (
            read_life_expectancy(clause, bound)
            or read_ages_in_two_units(clause, bounds, place)
            or read_age(clause, bound)
        )
        if (
            one is None
            and found
            and isinstance(found[-1].expr, Demographic)
            and _follows(clause, last_end, bound)
        ):
            one = read_second_age(clause, bound, found[-1].expr)
        if one is None:
            one = read_pressures(clause, bounds, place, measures, limit, found)
        if one is None:
            follows = last_variables if _follows(clause, last_end, bound) else []
            one, chosen = _variable(clause, bound, measures, limit, upper, follows, last_unit)
            last_variables = chosen
            if chosen:
                last_unit = bound.unit or (last_unit if chosen == follows else None)
        if one is None:
            one = (
                read_count(clause, bound)
                or read_unnamed(clause, bound, limit, upper, hits)
                or read_behind(clause, bound, upper, hits)
            )
        if (
            one is None
            and found
            and isinstance(found[-1].expr, Quantity)
            and _follows(clause, last_end, bound)
        ):
            one = read_second(clause, bound, found[-1].expr)
        if one is None:
            continue
        leader = bound
        one = with_equivalent(clause, one, bounds, place)
        found.append(for_sex(clause, with_setting(clause, with_change(clause, one), limit)))
        last_end = found[-1].last
        _note(clause, bound)
    return _units_shared(found)


def _units_shared(found: list[Attached]) -> list[Attached]:
    """`> 5.5 or < 3.5 mmol/L`: the unit behind the second number holds for the first as well."""
    for place, (one, other) in enumerate(pairwise(found)):
        first, second = one.expr, other.expr
        if (
            isinstance(first, Quantity)
            and isinstance(second, Quantity)
            and first.variable == second.variable
            and first.basis is second.basis
            and "unit" in first.assumed
            and "unit" not in second.assumed
        ):
            kept = tuple(word for word in first.assumed if word != "unit")
            found[place] = replace(one, expr=replace(first, unit=second.unit, assumed=kept))
    return found


def _is_scale_range(clause: Clause, bound: Bound, found: Sequence[Attached]) -> bool:
    """`pain > 50 mm (0-100)`, `4 on a scale of 0 to 10`: from where to where a scale goes asks for nothing."""
    lead = [token.text for token in clause.tokens[max(0, bound.first - 3) : bound.first]]
    behind = clause.tokens[bound.last].text if bound.last < len(clause.tokens) else ""
    return (
        bound.shape == "range"
        and bound.interval.lower == 0
        and bool(found)
        and (bool({"scale", "range", "from"} & set(lead)) or (lead[-1:] == ["("] and behind == ")"))
    )


def _note(clause: Clause, bound: Bound) -> None:
    for kind, repair, sure in bound.defects:
        clause.defects.append(
            (kind, clause.tokens[bound.first].start, clause.tokens[bound.last - 1].end, repair, sure)
        )


def _follows(clause: Clause, last_end: int, bound: Bound) -> bool:
    """Whether a bound stands right behind the one before, joined by `or`, `and` or a comma."""
    between = _outside(clause.tokens[last_end : bound.first]) if last_end >= 0 else ["?"]
    return bool(between) and len(between) <= 4 and set(between) <= word_set("between_two_bounds")


def _outside(tokens: Sequence[Token]) -> list[str]:
    """The words between two bounds; `≥ 220 pg/ml (sinus rhythm) or ≥ 660 pg/ml (AF)`: a short parenthesis between them is of the first."""
    words = [token.text for token in tokens]
    if words[:1] == ["("] and ")" in words[1:7]:
        end = words.index(")")
        if not any(token.kind in {"num", "op"} for token in tokens[:end]) and len(words) > end + 1:
            return words[end + 1 :]
    return words


def _variable(
    clause: Clause,
    bound: Bound,
    measures: Sequence[Hit],
    limit: int,
    upper: int,
    before: list[Hit],
    unit: Unit | None,
) -> tuple[Attached | None, list[Hit]]:
    tokens = clause.tokens
    if bound.shape == "around":
        inside = [
            hit
            for hit in measures
            if bound.first < hit.first and hit.last < bound.last and fits(hit.entry.id, bound)
        ]
        chosen = _merge(tokens, inside)
        return (_quantities(clause, bound, chosen, bound.first, bound.last), chosen) if chosen else (None, [])
    previous = [
        hit
        for hit in measures
        if limit <= hit.first and hit.last <= bound.first and not _is_part_of_a_name(clause, bound, hit)
    ]
    if previous and _near(tokens, previous[-1].last, bound.first):
        chosen = _coordinated(tokens, previous)
        fitting = [hit for hit in chosen if fits(hit.entry.id, bound)]
        if fitting and chosen[-1] in fitting:
            return _quantities(clause, bound, fitting, fitting[0].first, bound.last), fitting
    following = [hit for hit in measures if bound.last <= hit.first < upper]
    # A number without a comparison names its measure only where it touches it (`12 weeks gestation`).
    touches = bool(following) and bound.unit is not None and following[0].first == bound.last
    if following and (bound.shape != "bare" or touches) and _is_right_behind(tokens, bound, following[0]):
        chosen = _coordinated_after(tokens, following)
        return _quantities(clause, bound, chosen, bound.first, chosen[-1].last), chosen
    implied = _implied(clause, bound, limit)
    if implied is not None:
        return implied, []
    if before and fits(before[-1].entry.id, bound) and bound.shape != "bare":
        if bound.unit is None and bound.basis is Basis.ABSOLUTE and unit is not None:
            bound = replace(bound, unit=unit)  # `> 14 drinks a week for men, > 7 for women`
        return _quantities(clause, bound, before, bound.first, bound.last), before
    return _by_unit_or_topic(clause, bound), []


def _is_part_of_a_name(clause: Clause, bound: Bound, hit: Hit) -> bool:
    """`diastolic E/e' > 15`, `disc height`, `(…)-5 score`, an acuity of `20/50`: a variable's word, and not the variable."""
    tokens = clause.tokens
    word = tokens[hit.first].text
    if hit.last - hit.first == 1 and word in {"systolic", "diastolic"} and bound.unit is None:
        return bound.first - hit.last > 2
    if hit.entry.id in {"height", "weight"} and hit.first and tokens[hit.first - 1].text in _OTHER_BODIES:
        return True
    if hit.entry.id == "bcva" and bound.unit is None and bound.last < len(tokens):
        return tokens[bound.last].text == "/"
    start = tokens[bound.first].start
    return bound.shape == "bare" and bound.unit is None and clause.text[start - 1 : start] == "-"


_OTHER_BODIES = frozenset(
    {"disc", "disk", "vertebral", "fetal", "placental", "kidney", "prostate", "molecular", "uterine", "ridge"}
)


def _is_right_behind(tokens: Sequence[Token], bound: Bound, hit: Hit) -> bool:
    """Whether a variable follows its number (`> 50% LVEF`); one without a unit must touch it."""
    says_what = bound.unit is not None or bound.basis is not Basis.ABSOLUTE or hit.first - bound.last <= 1
    says_what = says_what or is_a_score(tokens, bound)  # `a score above 18 on the MADRS`
    joined = any(token.text in PARTS for token in tokens[bound.last : hit.first])
    return says_what and not joined and _near(tokens, bound.last, hit.first, 4) and fits(hit.entry.id, bound)


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
        if not between or not between <= word_set("between_variables"):
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
            and _are_one({merged[-1].entry.id, hit.entry.id})
        ):
            closer = hit if merged[-1].entry.id in {"bp", "transaminases"} else merged[-1]
            merged[-1] = replace(closer, first=merged[-1].first, last=hit.last)
        else:
            merged.append(hit)
    return merged


def _are_one(ids: set[str]) -> bool:
    """Whether one of two variables, the second in parentheses, is only said more closely: `systolic blood pressure (BP)`."""
    return ids <= {"creatinine_clearance", "egfr", "transaminases", "inr", "pt"} or ids in (
        {"sbp", "bp"},
        {"dbp", "bp"},
    )


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
        quantity(clause, bound, hit.entry.id, _own_span(clause, bound, hit)) for hit in chosen
    ]
    if len(parts) == 1:
        return Attached(first, last, parts[0])
    between = {token.text for left, right in pairwise(chosen) for token in tokens[left.last : right.first]}
    return Attached(first, last, shared_threshold(parts, between, bound, clause.excludes))


def _balanced(tokens: Sequence[Token]) -> bool:
    return sum(token.text == "(" for token in tokens) <= sum(token.text == ")" for token in tokens)


def _own_span(clause: Clause, bound: Bound, hit: Hit) -> Span:
    return clause.span(min(hit.first, bound.first), max(hit.last, bound.last))


def _by_unit_or_topic(clause: Clause, bound: Bound) -> Attached | None:
    """What the unit alone says (kg/m2), else what the heading names."""
    if bound.unit is not None and bound.unit.ucum in _BY_UNIT and bound.shape != "bare":
        return _of_id(clause, bound, _BY_UNIT[bound.unit.ucum], ("variable",))
    if clause.topic and bound.shape != "bare":
        for place in range(len(clause.topic)):
            for hit in things().at(clause.topic, place, clause.topic_text):
                if hit.entry.kind == "variable" and fits(hit.entry.id, bound) and len(clause.topic) <= 8:
                    return _of_id(clause, bound, hit.entry.id, ("variable",))
    return None


def _implied(clause: Clause, bound: Bound, limit: int) -> Attached | None:
    """`hyperkalaemia (≥ 5.5 mmol/L)`: the measure that a condition is named by; the condition stays an atom of its own."""
    tokens = clause.tokens
    place = bound.first
    while (
        place > limit
        and tokens[place - 1].text in {"(", ":", "defined", "as", "of", "[", "with", "i.e", ","}
        and bound.first - place < 4
    ):
        place -= 1
    if bound.shape == "bare":
        return None
    for start in range(max(limit, place - 7), place):
        for hit in things().at(tokens, start, clause.text):
            variable_id = (
                measured_by().get(hit.entry.id)
                if hit.entry.kind == "condition" and hit.last == place
                else None
            )
            is_beside = place < bound.first or hit.entry.id in {"hfref", "hfpef"}
            if variable_id is not None and is_beside and fits(variable_id, bound):
                return _of_id(clause, bound, variable_id, ("variable",))
    return None


def _of_id(clause: Clause, bound: Bound, variable_id: str, assumed: tuple[str, ...]) -> Attached:
    expr = quantity(clause, bound, variable_id, clause.span(bound.first, bound.last), assumed)
    return Attached(bound.first, bound.last, expr)
