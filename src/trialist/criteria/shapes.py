"""Shapes of readings that are wrong more often than right readings may be, each a question about the expression.

Whoever held some hundreds of readings against their texts found one part alone wrong once in sixty, several parts once in eight. A shape
stands here where its readings were wrong far above that and nothing in the words settles which of them are; those of how parts are joined
are in `shapes_joints.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from trialist.criteria.clause import Clause
from trialist.criteria.nodes import (
    Alternatives,
    And,
    Attestation,
    Biomarker,
    Concept,
    Count,
    Demographic,
    Direction,
    ExceptWhen,
    Exposure,
    Expr,
    Judgement,
    Not,
    Or,
    Ordinal,
    Quantity,
    ReproState,
    Result,
    Trialwise,
    atoms,
    children,
    nodes,
)
from trialist.criteria.promises import is_of_now
from trialist.criteria.questions import Named, by_kind, is_graded, name_of
from trialist.criteria.shapes_joints import BY_NODES
from trialist.criteria.shapes_right import is_read_right


def strange_shape(clause: Clause, expr: Expr, found: Sequence[Expr], excludes: bool) -> str:
    """The name of the first shape that a reading should not be believed in; "" where it has none of them."""
    above = _above(clause, found, excludes)
    if above:
        return above
    if any(_lasts(clause, one) for one in found):
        return "lasts"
    if any(_is_past_trial(clause, one) for one in found):
        return "past_trial"
    if len(found) == 1:
        return "reproduction" if isinstance(expr, Not) and isinstance(found[0], Attestation) else ""
    kinds = {type(one) for one in found}
    for name, asks in _BY_KINDS:
        if asks(kinds, found):
            return name
    is_right = is_read_right(clause, expr, found, excludes)
    if not is_right and not _is_known(expr, kinds, found):
        return "unknown_shape"
    settled = set(map(id, _below_alternatives(expr)))
    for node in nodes(expr):
        for name, question in _OF_KIND.get(type(node), ()):
            if (name in _OPEN_ALREADY and id(node) in settled) or (is_right and name in _SEEN_THROUGH):
                continue
            if question(clause, node, found, excludes):
                return name
    return ""


# --- the shapes of several parts that are read right -------------------------------------------------------------------

_KINDS_TOGETHER: frozenset[frozenset[type]] = frozenset(
    frozenset(one)
    for one in (
        (ReproState,), (Demographic,), (Concept,), (Exposure,), (Quantity,), (Ordinal,), (Attestation,), (Judgement,), (Result,), (Trialwise,),
        (ReproState, Attestation), (ReproState, Demographic), (ReproState, Result), (Concept, Demographic), (Concept, Exposure),
        (Concept, Quantity), (Concept, Ordinal), (Concept, Judgement), (Concept, Result), (Concept, Attestation), (Trialwise, Judgement),
        (Quantity, Demographic), (Quantity, Exposure), (Quantity, Result), (Quantity, Ordinal), (Ordinal, Judgement), (Judgement, Attestation), (Attestation, Demographic),
    )
)  # fmt: skip


def _is_known(expr: Expr, kinds: set[type], found: Sequence[Expr]) -> bool:
    """Whether the parts are of kinds, and joined in a way, that is read right as a rule."""
    if Judgement in kinds and _recovers(expr):
        return True
    if frozenset(kinds) not in _KINDS_TOGETHER or any(
        isinstance(one, Quantity) and not one.variable for one in found
    ):
        return False
    if {Quantity, Result} == kinds:
        return _is_normal_or_within(expr)
    return _is_plainly_joined(expr)


def _recovers(expr: Expr) -> bool:
    """`at least 4 weeks since chemotherapy and recovered`: the time, and what only a person can say."""
    of = expr.of if isinstance(expr, And) else ()
    *since, opinion = of or (expr,)
    return (
        isinstance(opinion, Judgement)
        and opinion.topic == "recovery"
        and bool(since)
        and all(
            isinstance(one, Not) and isinstance(one.of, Exposure) and one.of.time is not None for one in since
        )
    )


def _is_normal_or_within(expr: Expr) -> bool:
    """`creatinine normal or at most 2 mg/dL`: one measure, and how far it may be."""
    if not isinstance(expr, Or):
        return False
    of = {getattr(one, "test", None) or getattr(one, "variable", None) for one in expr.of}
    normal = all(one.outcome == "normal" for one in expr.of if isinstance(one, Result))
    return normal and len(of) == 1 and None not in of


def _is_plainly_joined(node: Expr) -> bool:
    match node:
        case Alternatives(readings):
            return all(isinstance(one, (And, Or, ExceptWhen)) or _is_plainly_joined(one) for one in readings)
        case Or(of):
            return _is_a_list(of)
        case And(of):
            return _is_a_whole(of)
        case Not(of):
            plain = (isinstance(of, Or) and not any(children(one) for one in of.of)) or is_graded(of)
            return not children(of) or plain or (isinstance(of, ExceptWhen) and _is_plainly_joined(of))
        case ExceptWhen(main, exception):
            return not children(main) and (not children(exception) or isinstance(exception, Or))
        case _:
            return not children(node)


def _is_a_list(of: Sequence[Expr]) -> bool:
    """`A, B or C`: names, thresholds or states, each perhaps with what makes it narrower; no opinion is one of them."""
    if any(isinstance(one, Judgement) and not _is_a_member(one, of) for one in of):
        return False
    times = {getattr(one, "time", None) for one in of if isinstance(one, Exposure)}
    if len(times) > 1 and None not in times:
        return False
    return all(
        not children(one)
        or isinstance(one, Not)
        or (isinstance(one, Alternatives) and not any(isinstance(leaf, And) for leaf in nodes(one)))
        or (isinstance(one, And) and _is_a_measured_name(one.of))
        for one in of
    )


def _is_a_member(one: Judgement, of: Sequence[Expr]) -> bool:
    """`or any other condition that may interfere`: an opinion that is a choice of its own, the last one."""
    if one is not of[-1] or one.interval is not None:
        return False
    return one.topic == "situations" or one.surface.lower().startswith(("any other", "other"))


def _is_a_measured_name(of: Sequence[Expr]) -> bool:
    """`hypotension (< 90/50 mmHg)`, `dementia with MMSE < 20`, `QTc > 450 ms in men`, `a condition that may interfere`."""
    first, *rest = of
    if isinstance(first, Demographic):
        return all(isinstance(one, Quantity) for one in rest)
    if isinstance(first, Quantity):
        return all(isinstance(one, (Concept, Demographic)) for one in rest)
    limits = (leaf for one in rest for leaf in atoms(one))
    return isinstance(first, Concept) and all(
        isinstance(leaf, (Quantity, Ordinal, Judgement)) for leaf in limits
    )


def _is_a_whole(of: Sequence[Expr]) -> bool:
    """Things asked of one person at once, none of them twice."""
    if all(isinstance(one, Result) and one.outcome == "normal" for one in of):
        return True  # `AST and ALT within normal limits`
    if any(isinstance(one, (Result, ReproState)) for one in of):
        states = [one.state for one in of if isinstance(one, ReproState)]
        return (
            len(of) == 2
            and states == ["child_bearing_potential"]
            and any(isinstance(one, Result) for one in of)
        )
    kinds = {type(leaf) for one in of for leaf in atoms(one)}
    if {Quantity, Exposure} <= kinds:
        return False
    names = [name_of(one) for one in of if isinstance(one, Named)]
    if len(names) > 2 or len(set(names)) < len(names) or (names and any(isinstance(one, Not) for one in of)):
        return False
    scores = [(one.interval, one.time) for one in of if isinstance(one, Quantity) and one.unit == "{score}"]
    if len(set(scores)) < len(scores):
        return False
    return all(
        not children(one) or isinstance(one, (Or, Alternatives)) for one in of if not isinstance(one, Not)
    )


_OPEN_ALREADY = frozenset({"treatments", "limits", "wide_exception", "free_name"})


# how far a denial reaches, and what free words say, is read right in the shapes that were looked at
_SEEN_THROUGH = frozenset({"denial", "free_name"})


def _below_alternatives(expr: Expr) -> Iterator[Expr]:
    """The parts of which the sentence's other reading stands beside them."""
    for node in nodes(expr):
        if isinstance(node, Alternatives):
            for one in node.readings:
                yield from nodes(one)


# --- what stands above -------------------------------------------------------------------------------------------------

_TIME_ABOVE = re.compile(
    r"\b(?:within|during|last|past|previous|preceding|prior|in)\b[^.;:]{0,30}\b(?:days?|weeks?|months?|years?(?! (?:old|of age|and|or))|hours?)\b",
    re.IGNORECASE,
)
# `Infection within 2 weeks before enrolment;`: the item before, and no head of a list
_IS_A_STATEMENT = re.compile(r"^(?!.*\b(?:following|below|these)\b).*[.;]\W*$", re.IGNORECASE | re.DOTALL)
_FORBIDS = re.compile(
    r"\b(?:must not|should not|may not|cannot|can not|not (?:meet|have|be|allowed|permitted|eligible)|none of|prohibited|forbidden|disallowed|excluded|exclude|exclusion|ineligible|absence of|free of)\b",
    re.IGNORECASE,
)
# `Patients whose laboratory data do not meet the following:` among what excludes
_UNMET = re.compile(
    r"\b(?:not|fail\w*(?: to)?|unable to|without|inability to) (?:\w+ )?(?:meet|meeting|fulfil\w*|satisfy\w*|achieve|comply)\b",
    re.IGNORECASE,
)
_NO = re.compile(r"\W*no (?!restriction|limit|more|less|age)", re.IGNORECASE)
_ASKS_FOR = re.compile(
    r"\b(?:must|should|need to|are required to) (?!not\b)(?:have|be|meet|fulfil)", re.IGNORECASE
)


def _above(clause: Clause, found: Sequence[Expr], excludes: bool) -> str:
    """What the words above a statement say and it does not: a time, a ban, a demand."""
    said = clause.topic_text
    if not said or all(isinstance(one, (Attestation, Demographic)) for one in found):
        return ""
    is_timed = any(getattr(one, "time", None) for one in found)
    if not is_timed and _TIME_ABOVE.search(said) and not _IS_A_STATEMENT.search(said):
        return "time_above"
    if _NO.match(said):  # `No small round cell tumors, including the following:`
        return "denied_above"
    if excludes:
        if _UNMET.search(said):
            return "denied_above"
        return "asked_above" if _ASKS_FOR.search(said) and not _FORBIDS.search(said) else ""
    return "denied_above" if _FORBIDS.search(said) else ""


# --- times -------------------------------------------------------------------------------------------------------------

_COUNTED_BACK = re.compile(
    r"\b(?:ago|prior|before|after|earlier|previously|preceding|past|last|since|post)\b", re.IGNORECASE
)


def _lasts(clause: Clause, one: Expr) -> bool:
    """`stable angina for at least 3 months`: how long it lasts was read as how long ago it was."""
    window = getattr(one, "time", None)
    if isinstance(one, Quantity) and one.aggregate == "change":
        return window is not None and window.length is not None and window.length.upper is None
    if window is None or not isinstance(one, (Concept, Exposure, Ordinal)) or window.length is None:
        return False
    if (
        window.length.upper is not None
        or window.direction is not Direction.BEFORE
        or not window.anchor_assumed
    ):
        return False
    return not _COUNTED_BACK.search(clause.said(0, len(clause.tokens)))


_TOOK_PART = re.compile(
    r"\b(?:participated|enrolled|took part|taken part|previous|previously|prior|history|past|ever)\b",
    re.IGNORECASE,
)


def _is_past_trial(clause: Clause, one: Expr) -> bool:
    """`have participated in other trials`: once, and not now."""
    return (
        isinstance(one, Trialwise)
        and one.kind != "this_trial"
        and one.time is None
        and not is_of_now(one)
        and _TOOK_PART.search(clause.said(0, len(clause.tokens))) is not None
    )


def _shares_a_time_loosely(clause: Clause, expr: Expr) -> bool:
    """`uncontrolled epilepsy or a seizure within the past year`: whether the first has the time is not said."""
    if not isinstance(expr, Or) or not all(isinstance(one, Named) for one in expr.of):
        return False
    times = {getattr(one, "time", None) for one in expr.of}
    window = next(iter(times))
    if len(times) != 1 or window is None or window.length is None:
        return False
    return _BEGINS_ANEW.search(clause.said(0, len(clause.tokens))) is not None


_BEGINS_ANEW = re.compile(
    r"\b(?:or|and/or|and) (?:an?|any|history|prior|previous|current|recent|active|received|underwent|had|has|with|who|use)\b[^,;]*$",
    re.IGNORECASE,
)


def with_both_times(clause: Clause, expr: Expr) -> Expr:
    """Where a time may be of the last member alone: that reading beside the one where it is of all."""
    if not _shares_a_time_loosely(clause, expr) or not isinstance(expr, Or):
        return expr
    without: list[Any] = list(expr.of[:-1])
    return Alternatives((expr, Or((*(replace(one, time=None) for one in without), expr.of[-1]))))


# --- by the kinds of parts ---------------------------------------------------------------------------------------------


def _promises_beside_things(kinds: set[type], found: Sequence[Expr]) -> bool:
    """`anticoagulants that cannot be stopped`, `allergy to … and able to`: what somebody does, and a thing."""
    return Attestation in kinds and not kinds.isdisjoint({Exposure, Trialwise, Biomarker, Count})


def _is_allergic_to_a_study(kinds: set[type], found: Sequence[Expr]) -> bool:
    """`allergy to the investigational product or its components`."""
    return Trialwise in kinds and any(isinstance(one, Concept) and one.domain == "allergy" for one in found)


def _takes_after_an_allergy(kinds: set[type], found: Sequence[Expr]) -> bool:
    """`contraindications for surgery or bone graft`: what stands behind an allergy cannot be borne either."""
    allergic = False
    for one in found:
        if isinstance(one, Concept) and (one.domain == "allergy" or one.surface.lower().startswith("contra")):
            allergic = True
        elif allergic and isinstance(one, Exposure) and not one.role and one.time is None:
            return True
    return False


def _has_many_kinds(kinds: set[type], found: Sequence[Expr]) -> bool:
    return len(kinds) > 3


def _counts_beside(kinds: set[type], found: Sequence[Expr]) -> bool:
    """`more than 6 doses of A or any other B`."""
    return Count in kinds


def _has_a_gene_beside_a_drug(kinds: set[type], found: Sequence[Expr]) -> bool:
    """`anti-CD20 antibodies`: a target that was parted from what is aimed at it."""
    return Biomarker in kinds and Exposure in kinds


def _is_pregnant_for_months(kinds: set[type], found: Sequence[Expr]) -> bool:
    """`pregnant or planning pregnancy within 3 months`: the months are those of the plan."""
    return any(
        isinstance(one, ReproState) and one.state in {"pregnant", "lactating"} and one.time is not None and one.time.length is not None
        for one in found
    )  # fmt: skip


_BY_KINDS: tuple[tuple[str, Callable[[set[type], Sequence[Expr]], bool]], ...] = (
    ("promise", _promises_beside_things),
    ("allergy_to_a_study", _is_allergic_to_a_study),
    ("behind_an_allergy", _takes_after_an_allergy),
    ("many_kinds", _has_many_kinds),
    ("count", _counts_beside),
    ("target", _has_a_gene_beside_a_drug),
    ("pregnant_for", _is_pregnant_for_months),
)
_OF_KIND = by_kind(BY_NODES)
