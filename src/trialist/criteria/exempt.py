"""Who is exempt from what: exceptions of a threshold, limits for some alone, and objects that may be shared by a list."""

from __future__ import annotations

from collections.abc import Sequence

from trialist.criteria.clause import Clause
from trialist.criteria.lexicon import word_set
from trialist.criteria.nodes import (
    Alternatives,
    And,
    Attestation,
    Concept,
    ExceptWhen,
    Exposure,
    Expr,
    Interval,
    Not,
    Or,
    Ordinal,
    Quantity,
    atoms,
    join_all,
    join_any,
    rebuilt,
)
from trialist.criteria.piece import Piece
from trialist.criteria.quick import replace

_LINKS = word_set("linking_two_things")


def excepted(main: Expr, exception: Expr, said: str, lists_any: bool) -> Expr:
    """The main thing with its exception: what is asked for is not asked of the exception, what is forbidden is not forbidden there.

    `bilirubin at most 1.5 (except in Gilbert's syndrome)` asks nothing of whoever has the syndrome.
    """
    if lists_any:
        return _of_last_or_all(main, exception)
    if said.lower() == "but not":
        return join_all([main, Not(exception)])  # `at least 50 kg, but not obese`
    is_limit = isinstance(main, (Quantity, Ordinal))
    if said.lower().startswith("unless") or is_limit:
        return join_any([main, exception])
    if isinstance(main, And) and isinstance(main.of[-1], (Quantity, Ordinal)):
        # which of the thresholds the exception is from is not said
        of_last = join_all([*main.of[:-1], join_any([main.of[-1], exception])])
        return Alternatives((of_last, join_any([main, exception])))
    return _of_last_or_all(main, exception)


def _of_last_or_all(main: Expr, exception: Expr) -> Expr:
    """`tachycardia or arrest outside of a coronary syndrome`: from which of several things the exception is made is not said."""
    whole = ExceptWhen(main, exception)
    if not isinstance(main, Or) or not isinstance(main.of[-1], (Concept, Exposure, Quantity)):
        return whole
    if any(getattr(one, "examples", ()) for one in main.of):
        return whole
    return Alternatives((whole, join_any([*main.of[:-1], ExceptWhen(main.of[-1], exception)])))


def of_last_or_all(first: Expr, last: Expr, condition: Expr) -> Expr:
    """`NT-proBNP >= 660 or BNP >= 240 if in atrial fibrillation`: the condition of the last, or of both."""
    alone = join_any([first, join_all([last, condition])])
    limits = isinstance(first, Quantity) and isinstance(last, Quantity)
    if not limits or getattr(first, "variable", "") == getattr(last, "variable", ""):
        return alone
    return Alternatives((alone, join_all([join_any([first, last]), condition])))


def loosened(expr: Expr) -> Expr:
    """`bilirubin <= 2 x ULN (<= 3 x ULN with Gilbert's syndrome)`: the second limit instead of the first, for some."""
    if not isinstance(expr, And):
        return expr
    parts = list(expr.of)
    for at, one in enumerate(parts):
        guarded = _guarded(one)
        if guarded is None:
            continue
        condition, limit = guarded
        first = next((place for place in range(at) if _is_within(parts[place], limit)), None)
        if first is not None:
            parts[first] = join_any([parts[first], join_all([condition, limit])])
            del parts[at]
            return loosened(join_all(parts))
    return expr


def as_choice(expr: Expr) -> Expr:
    """`…; or QTc < 480 in those with bundle branch block`: as one of several choices it takes both."""
    guarded = _guarded(expr)
    return expr if guarded is None else join_all(list(guarded))


def _guarded(expr: Expr) -> tuple[Expr, Quantity] | None:
    """The condition and the limit of `limit, if condition`."""
    if not isinstance(expr, Or) or len(expr.of) != 2:
        return None
    denied, limit = expr.of
    return (denied.of, limit) if isinstance(denied, Not) and isinstance(limit, Quantity) else None


def _is_within(expr: Expr, wide: Quantity) -> bool:
    """Whether all that a limit allows another of the same measure allows as well."""
    if not isinstance(expr, Quantity):
        return False
    same = (expr.variable, expr.basis, expr.unit) == (wide.variable, wide.basis, wide.unit)
    return bool(expr.variable) and same and _holds(wide.interval, expr.interval)


def _holds(wide: Interval, narrow: Interval) -> bool:
    low = wide.lower is None or (narrow.lower is not None and narrow.lower >= wide.lower)
    high = wide.upper is None or (narrow.upper is not None and narrow.upper <= wide.upper)
    return low and high


def begins_with_or(pieces: Sequence[Piece]) -> bool:
    """Whether a part begins with `or`: it is another choice beside the parts before it."""
    return bool(pieces) and pieces[0].kind == "joint" and pieces[0].text == "or"


def with_nor(pieces: list[Piece], place: int) -> list[Piece]:
    """The pieces, `nor` behind a negation as one more thing that it denies."""
    if not any(one.kind == "negation" and one.text.lower() == "nor" for one in pieces[place + 1 :]):
        return pieces
    return [
        replace(one, kind="joint", text="or")
        if at > place and one.kind == "negation" and one.text.lower() == "nor"
        else one
        for at, one in enumerate(pieces)
    ]


def late_windows(pieces: Sequence[Piece], place: int) -> list[Piece]:
    """The times behind a comma behind an exception."""
    at = len(pieces)
    while at > place + 2 and pieces[at - 1].kind == "window":
        at -= 1
    if at == len(pieces):
        return []
    if pieces[at - 1].kind == "joint" and pieces[at - 1].text == ",":
        return list(pieces[at:])
    # `no tobacco other than cigarettes in the past 30 days`: the days are those of the tobacco
    named = all(
        isinstance(one.expr, (Concept, Exposure))
        or (
            one.kind in {"joint", "severity", "status", "word", "measure"}
            and not one.text.endswith(("ed", "ing"))
        )
        for one in pieces[place + 1 : at]
    )
    is_timed = any(one.kind == "window" for one in pieces[:place])
    return list(pieces[at:]) if named and not is_timed else []


def promises(pieces: Sequence[Piece], at: int) -> bool:
    """Whether behind a joint somebody promises something: no negation reaches there (`not nursing, and use contraception`)."""
    behind = next((one for one in pieces[at + 1 :] if one.kind != "joint"), None)
    return behind is not None and isinstance(behind.expr, Attestation) and behind.expr.affirmed


def with_role(main: Expr, expr: Expr, with_time: bool = False) -> Expr:
    """`currently taking mood stabilisers (e.g. lithium), benzodiazepines …`: what stands behind the examples is taken now as well."""
    first = next(iter(atoms(main)))
    if not isinstance(first, Exposure) or not (first.role or first.time):
        return expr
    if isinstance(expr, Exposure):
        time = first.time if with_time and expr.time is None else expr.time
        return replace(expr, role=expr.role or first.role, time=time)
    if isinstance(expr, Or):
        return rebuilt(expr, lambda one: with_role(main, one, with_time))
    return expr


def share_objects(members: list[tuple[str, Expr]], clause: Clause, lists_any: bool) -> list[tuple[str, Expr]]:
    """`…, infection requiring antibiotics or antivirals`: what stands behind a linked pair may be the pair's, or stand alone."""
    for at, (_, expr) in enumerate(members[:-1]):
        joint = members[at + 1][0]
        if not isinstance(expr, And) or not _is_linked_pair(expr, clause):
            continue
        last = expr.of[-1]
        end = at + 1
        while (
            end < len(members)
            and members[end][0] in {"or", "/", "and/or"}
            and _is_bare(members[end][1], last)
        ):
            end += 1
        if end == at + 1 or (joint not in {"or", "/"} and not lists_any):
            continue
        taken = [one for _, one in members[at + 1 : end]]
        alone = join_any([expr, *taken])
        shared = join_all([*expr.of[:-1], join_any([last, *taken])])
        return [*members[:at], (members[at][0], Alternatives((alone, shared))), *members[end:]]
    return _share_aim(members, clause)


def _share_aim(members: list[tuple[str, Expr]], clause: Clause) -> list[tuple[str, Expr]]:
    """`irradiation or brachytherapy for prostate cancer`: what the last is linked with may be of all."""
    joints = {joint for joint, _ in members[1:]}
    last = members[-1][1]
    if len(members) < 2 or "or" not in joints or joints - {"or", ",", "/"}:
        return members
    if not isinstance(last, And) or not _is_linked_pair(last, clause):
        return members
    if type(last.of[0]) is type(last.of[1]) and "for" not in _words_between(last, clause):
        return members
    before = [one for _, one in members[:-1]]
    if not all(_is_bare(one, last.of[0]) for one in before):
        return members
    alone = join_any([*before, last])
    shared = join_all([join_any([*before, last.of[0]]), last.of[1]])
    return [("", Alternatives((alone, shared)))]


def _is_linked_pair(expr: And, clause: Clause) -> bool:
    first, last = expr.of[0], expr.of[-1]
    if isinstance(first, Or):
        first = first.of[-1]
    if (
        len(expr.of) != 2
        or not isinstance(first, (Concept, Exposure))
        or not isinstance(last, (Concept, Exposure))
    ):
        return False
    between = _words_between(expr, clause)
    return bool(between & _LINKS) and not between & {",", ";"}


def _words_between(expr: And, clause: Clause) -> set[str]:
    first, last = expr.of[0], expr.of[-1]
    if isinstance(first, Or):
        first = first.of[-1]
    if not isinstance(first, (Concept, Exposure)) or not isinstance(last, (Concept, Exposure)):
        return set()
    return {
        token.text
        for at, token in enumerate(clause.tokens)
        if first.span.end <= clause.span(at, at + 1).start < last.span.start
    }


def _is_bare(expr: Expr, like: Expr) -> bool:
    """Whether a member is of a kind with another, and begins nothing of its own."""
    if isinstance(expr, Alternatives):
        expr = expr.readings[-1]
    if type(expr) is not type(like) or not isinstance(expr, (Concept, Exposure)):
        return False
    own = getattr(expr, "role", "") or getattr(expr, "temporality", "")
    theirs = getattr(like, "role", "") or getattr(like, "temporality", "")
    return (expr.time is None or expr.time == getattr(like, "time", None)) and (not own or own == theirs)
