"""Grades, stages and classes → ordinals: which scale a step is of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from trialist.criteria.attached import Attached
from trialist.criteria.clause import Clause
from trialist.criteria.lexicon import Hit, things, word_set
from trialist.criteria.nodes import Alternatives, And, Opaque, Or, Ordinal
from trialist.criteria.ordinals import read_compared, read_steps, scale_row
from trialist.criteria.tokens import Token

_STEPPED = frozenset({"grade", "grades", "stage", "stages", "class"})
_LETTERED = re.compile(r"(?P<step>i{1,3}|iv)[abc][0-9]?")


def read_ordinals(clause: Clause, hits: Sequence[Sequence[Hit]]) -> list[Attached]:
    """The grades of a clause with their scales."""
    found = [_from_its_title(clause, one) for one in _ordinals(clause, hits)]
    return _by_either(clause, [_lettered(clause, one) for one in found])


_TITLES = (("performance", "status"), ("performance", "score"), ("performance", "level"))
_BEHIND_A_TITLE = frozenset({":", "(", ",", "-"})


def _from_its_title(clause: Clause, one: Attached) -> Attached:
    """`Performance status: ECOG 0-1`: the title says no more than the scale."""
    tokens, first = clause.tokens, one.first
    if not isinstance(one.expr, Ordinal) or one.expr.scale not in {"ecog", "kps", "lansky"}:
        return one
    while first and tokens[first - 1].text in _BEHIND_A_TITLE:
        first -= 1
    if first < 2 or (tokens[first - 2].text, tokens[first - 1].text) not in _TITLES:
        return one
    first -= 2
    return replace(one, first=first, expr=replace(one.expr, span=clause.span(first, one.last)))


_ADULT_OR_CHILD = {"kps": "lansky", "lansky": "kps"}
_NAMES = {"kps": frozenset({"karnofsky", "kps"}), "lansky": frozenset({"lansky"})}


def _by_either(clause: Clause, found: list[Attached]) -> list[Attached]:
    """`Karnofsky or Lansky score of at least 50`: by the scale for adults or by that for children."""
    if len(found) != 1 or not isinstance(found[0].expr, Ordinal):
        return found
    one = found[0].expr
    other = _ADULT_OR_CHILD.get(one.scale)
    words = [token.text for token in clause.tokens]
    if other is None or not _NAMES[other] & set(words):
        return found
    places = {
        scale: next((at for at, word in enumerate(words) if word in names), -9)
        for scale, names in _NAMES.items()
    }
    first, last = sorted(places.values())
    if last - first > _APART or not {"or", "/"} & set(words[first:last]):
        return found
    first, last = min(first, found[0].first), max(last + 1, found[0].last)
    return [Attached(first, last, Or((one, replace(one, scale=other, version=""))))]


_APART = 7  # words between the names of the two scales


def _lettered(clause: Clause, one: Attached) -> Attached:
    """`stage IIIB or IV`: part of stage III is meant, so whoever has stage III is undecided."""
    expr = one.expr
    if not isinstance(expr, Ordinal) or expr.allowed[-1] not in {"I", "II", "III", "IV"}:
        return one
    words = [token.text for token in clause.tokens[one.first : one.last]]
    partly = {found["step"].upper() for word in words if (found := _LETTERED.fullmatch(word)) is not None}
    partly -= {word.upper() for word in words}
    if not partly & set(expr.allowed):
        return one
    rest = tuple(step for step in expr.allowed if step not in partly)
    if not rest:
        part = Opaque(clause.said(one.first, one.last), expr.span)
        return replace(one, expr=And((expr, part)))
    return replace(one, expr=Alternatives((expr, replace(expr, allowed=rest))))


def _ordinals(clause: Clause, hits: Sequence[Sequence[Hit]]) -> list[Attached]:
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
    if not found and (one := _of_performance(clause)) is not None:
        return [one]
    if clause.words.isdisjoint(_STEPPED):
        return found
    for place, token in enumerate(clause.tokens):
        if place in taken or token.text not in _STEPPED:
            continue
        one = _loose_grade(clause, place, taken)
        if one is not None:
            found.append(one)
            taken |= set(range(one.first, one.last))
    return found


_RATED = frozenset({"calgb", "eortc", "gog", "ncic", "rtog", "swog", "who", "(", ")", ":", "score", "status"})


def _of_performance(clause: Clause) -> Attached | None:
    """`WHO 0-2` or `0-2` below `Performance status:`, whose steps all these groups share."""
    tokens = clause.tokens
    if len(clause.topic) > _SHORT_TOPIC or [one.text for one in clause.topic[:2]] != [
        "performance",
        "status",
    ]:
        return None
    place = 0
    while place < len(tokens) and tokens[place].text in _RATED:
        place += 1
    large = _large_number(tokens, place)
    scale_id = "kps" if large is not None and large >= _PER_CENT else "ecog"
    row = scale_row(scale_id)
    steps = read_steps(tokens, place, clause.text, row, skip=False)
    if steps is None:
        return None
    span = clause.span(0, steps.last)
    return Attached(0, steps.last, Ordinal(scale_id, steps.allowed, span, assumed=("scale",)))


_SHORT_TOPIC = 3  # tokens
_PER_CENT = 10  # steps of ECOG end below, those of Karnofsky begin here


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
    if scale_id == "ecog" and (value := _large_number(tokens, place)) is not None and value >= _PER_CENT:
        scale_id, row = "kps", scale_row("kps")
    is_disease = scale_id in {"agvhd_grade", "cgvhd_severity", "ckd_stage", "cancer_stage"}
    steps = None
    if not is_disease or _says_grade(tokens, place):
        steps = read_steps(tokens, place, text, row)
    if steps is not None:
        first = hit.first
        compared = (
            None if steps.written else read_compared(tokens, first, _at_a_step(tokens, place), text, row)
        )
        if compared is not None:  # `> NYHA class II`
            first, steps = compared
        last = _past_its_disease(tokens, steps.last, scale_id)
        expr = Ordinal(scale_id, steps.allowed, clause.span(first, last), version=_version(row, clause))
        return Attached(first, last, expr)
    before = _steps_before(clause, hit.first, scale_id)
    if before is not None:
        first, allowed = before
        return Attached(
            first,
            hit.last,
            Ordinal(scale_id, allowed, clause.span(first, hit.last), version=_version(row, clause)),
        )
    return None


def _at_a_step(tokens: Sequence[Token], place: int) -> int:
    """Past `grade`, `class` and the like."""
    while place < len(tokens) and tokens[place].text in word_set("of_scales"):
        place += 1
    return place


def _past_its_disease(tokens: Sequence[Token], place: int, scale_id: str) -> int:
    """`NYHA class III or IV heart disease`, `stage IV disease`: what the steps are of, and nothing more."""
    said = [token.text for token in tokens[place : place + 2]]
    if scale_id == "cancer_stage":
        return place + 1 if said[:1] == ["disease"] else place
    is_heart = (
        len(said) == 2 and said[0] in {"heart", "cardiac"} and said[1] in {"disease", "status", "condition"}
    )
    return place + 2 if scale_id == "nyha" and is_heart else place


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


_KIDNEY = frozenset({"ckd", "kidney", "renal", "egfr", "gfr", "nephropathy"})
_ONCOLOGY = word_set("of_oncology")


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
    if scale_id == "ctcae" and not words & word_set("of_toxicity"):
        return None  # grades are of many things
    if said == "class" and not words & {"heart", "cardiac", "functional", "chf", "dyspnea"}:
        return None
    if scale_id == "cancer_stage":
        if words & _KIDNEY:
            scale_id = "ckd_stage"
        elif place + 1 < len(tokens) and tokens[place + 1].kind == "num" and not words & _ONCOLOGY:
            return None  # stages by digits are of many diseases
    row = scale_row(scale_id)
    steps = read_steps(tokens, place + 1, text, row, skip=False)
    first = place
    if steps is not None and not steps.written:
        compared = read_compared(tokens, place, place + 1, text, row)  # `> grade 1`
        first, steps = (place, steps) if compared is None else compared
    if steps is not None and not taken & set(range(first, steps.last)):
        last = _past_its_disease(tokens, steps.last, scale_id)
        return Attached(
            first,
            last,
            Ordinal(
                scale_id,
                steps.allowed,
                clause.span(first, last),
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
