"""What joins an atom with the words around it: names, examples, causes, times, choices."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeGuard

from trialist.criteria.clause import Clause
from trialist.criteria.lexicon import word_set
from trialist.criteria.nodes import (
    Alternatives,
    And,
    Attestation,
    Concept,
    Direction,
    Exposure,
    Expr,
    Interval,
    Judgement,
    Not,
    Opaque,
    Or,
    Ordinal,
    Quantity,
    ReproState,
    Result,
    Trialwise,
    Window,
    atoms,
    join_all,
    join_any,
    rebuilt,
)
from trialist.criteria.piece import Piece
from trialist.criteria.qualify import with_time
from trialist.criteria.quick import replace

CUES = frozenset({"history", "given", "current", "planned", "family"})


def is_cue(piece: Piece) -> bool:
    """Whether a piece begins something with a time of its own (`history of`, `diagnosed with`)."""
    return piece.kind in CUES or (
        piece.kind == "certainty" and any(word in piece.text.lower() for word in ("diagnos", "document"))
    )


def is_abbreviation(clause: Clause, said: Sequence[Piece]) -> bool:
    """`(ICF)`, `(AE)`: capitals that stand for the words before them."""
    words = [clause.said(one.first, one.last) for one in said]
    return len(words) <= 2 and all(
        sum(char.isupper() for char in word) >= 2 and len(word) <= 8 for word in words
    )


def abbreviates(clause: Clause, piece: Piece, before: Sequence[Piece]) -> bool:
    """Whether a word in parentheses is made of the first letters of the words before it (`diabetes mellitus (DM)`)."""
    letters = clause.said(piece.first, piece.last).lower()
    if not letters.isalpha() or len(letters) > 6 or piece.last - piece.first > 1:
        return False
    tokens = clause.tokens[max(0, piece.first - 2 - len(letters)) : piece.first]
    initials = "".join(token.text[0].lower() for token in tokens if token.kind == "word")
    return letters in initials[-len(letters) - 1 :] and len(letters) > 1


def last_token(segment: Sequence[Piece]) -> int:
    """The place of the last token that is no time."""
    return max((one.last for one in segment if one.kind != "window"), default=0) - 1


def with_cause(concept: Concept, by: str, is_so: bool) -> Concept:
    """A condition with what caused it, or surely did not."""
    return replace(concept, caused_by=by) if is_so else replace(concept, not_caused_by=by)


def widen(expr: Expr, surface: str, clause: Clause, piece: Piece) -> Expr:
    """A known name with unknown words before it: narrower than the known one."""
    span = clause.span(piece.first, piece.last)
    if isinstance(expr, (Concept, Exposure)):
        is_other = surface.lower().startswith(
            "non"
        )  # `non-haematological malignancy` lies outside the known one
        broader = "" if is_other else expr.concept_id or expr.broader
        return replace(expr, surface=surface, span=span, concept_id="", broader=broader)
    return expr


def with_examples(main: Expr, named: Expr) -> Expr:
    """The main thing with its examples; where it is qualified, whether they are meant by themselves is left open."""
    named = _as_allergies(main, named)
    if isinstance(main, (Judgement, Attestation, Quantity, Ordinal)):
        # `a survival of 6 months, including all other diseases`: of what these are examples is not said
        said = [one for one in atoms(named) if isinstance(one, (Concept, Exposure))]
        return join_all([main, Opaque(said[0].surface, said[0].span)]) if said else join_any([main, named])
    if isinstance(main, (Concept, Exposure)):
        words = tuple(one.surface for one in atoms(named) if isinstance(one, (Concept, Exposure)))
        main = replace(main, examples=tuple(dict.fromkeys(words)))
        if isinstance(main, Concept) and main.domain == "allergy":
            # `contraindication to levodopa, such as glaucoma`: reasons why, or reasons by themselves
            return Alternatives((join_any([main, named]), main))
        plain = any(
            isinstance(one, (Concept, Exposure)) and not one.status and not getattr(one, "severity", ())
            for one in atoms(named)
        )
        if plain and (main.status or (isinstance(main, Concept) and main.severity)):
            # `terminal illness (e.g. cancer)`: whether cancer that is not terminal is meant as well is not said
            return Alternatives((join_any([main, named]), main))
    if isinstance(main, And):
        # `lung disease requiring oxygen, such as COPD`: whether any COPD is meant is not said
        return Alternatives((join_any([main, named]), main))
    return join_any([main, named])


def _as_allergies(main: Expr, named: Expr) -> Expr:
    """`hypersensitive to antibiotics such as penicillin`: the examples cannot be borne either."""
    last = main.of[-1] if isinstance(main, Or) else main
    if not isinstance(last, Concept) or last.domain != "allergy":
        return named
    if isinstance(named, Exposure):
        return Concept("allergy", named.surface, named.span, concept_id=named.concept_id)
    if isinstance(named, (Or, And, Alternatives)):
        return rebuilt(named, lambda one: _as_allergies(main, one))
    return named


def timed(expr: Expr, windows: Sequence[Piece], is_shared: bool = False) -> Expr:
    """The expression with the times of some pieces."""
    for piece in windows:
        if piece.timed is None:
            continue
        window = piece.timed.window
        length = window.length
        if piece.timed.loose and isinstance(expr, Exposure) and expr.role == "planned":
            window = replace(window, direction=Direction.AFTER)  # `expected within 30 days of enrolment`
        recent = _recent(window) if piece.timed.since else None
        if recent is not None and isinstance(expr, (Exposure, Trialwise)):
            # `at least 4 weeks since chemotherapy`: none in the last 4 weeks; whoever never had any is not asked for it
            bare = replace(expr, role="") if isinstance(expr, Exposure) else expr
            expr = Not(with_time(bare, recent))
        elif recent is not None and _has_a_time_beside(expr):
            expr = join_all([timed(expr.of[0], [piece]), *expr.of[1:]])
        elif recent is not None and isinstance(expr, Concept) and expr.time is None:
            # `at least 6 months since infarction`: whether somebody who never had one is meant is not said
            expr = Alternatives((with_time(expr, window), Not(with_time(expr, recent))))
        else:
            if piece.timed.loose and isinstance(expr, And) and _is_ahead(expr) and length is not None:
                window = replace(window, direction=Direction.AFTER)
            expr = with_time(expr, window, is_shared)
            expr = unread_at(expr, window) if all(isinstance(one, Opaque) for one in atoms(expr)) else expr
    return expr


def _has_a_time_beside(expr: Expr) -> TypeGuard[And]:
    """`chemotherapy (6 weeks for nitrosoureas)`: a treatment, and others with a time of their own."""
    return (
        isinstance(expr, And)
        and isinstance(expr.of[0], Exposure)
        and all(getattr(leaf, "time", None) is not None for one in expr.of[1:] for leaf in atoms(one))
    )


def _recent(window: Window) -> Window | None:
    """The time that must be free of what `at least 4 weeks since` speaks of; None where no least time is counted back from now."""
    length = window.length
    if not window.anchor_assumed or length is None or length.lower is None or length.upper is not None:
        return None
    return replace(window, length=Interval(upper=length.lower, upper_inclusive=not length.lower_inclusive))


def fold_since(exprs: list[Expr], joints: list[str]) -> tuple[list[Expr], list[str]]:
    """`at least 4 weeks since chemotherapy or surgery`: so long since either, not since one of them; the members with such a time as one."""
    out: list[list[Expr]] = []
    kept: list[str] = []
    for at, one in enumerate(exprs):
        if at and joints[at - 1] == "or" and _is_since(one) and all(_is_since(other) for other in out[-1]):
            out[-1].append(one)
        else:
            out.append([one])
            kept.extend(joints[at - 1 : at])
    return [_since_each(run) for run in out], kept


def _since_each(run: list[Expr]) -> Expr:
    """Members of one time as one; alone or unread, they stay as they are."""
    if len(run) == 1 or all(isinstance(one, Opaque) for one in run):
        return run[0] if len(run) == 1 else join_any(run)
    free = join_all([one.readings[1] if isinstance(one, Alternatives) else one for one in run])
    if not any(isinstance(one, Alternatives) for one in run):
        return free
    return Alternatives(
        (join_any([one.readings[0] if isinstance(one, Alternatives) else one for one in run]), free)
    )


def _is_since(expr: Expr) -> bool:
    """Whether it was not within a time, may not have been, or is words that nobody read."""
    return isinstance(expr, (Not, Opaque)) or _may_be_free(expr)


def _may_be_free(expr: Expr) -> bool:
    """Whether one reading says when something was, and the other that it was not since."""
    return (
        isinstance(expr, Alternatives)
        and len(expr.readings) == 2
        and isinstance(expr.readings[0], Concept)
        and isinstance(expr.readings[1], Not)
    )


def unread_at(expr: Expr, window: Window) -> Expr:
    """Words that nobody understood, with the time that was read beside them."""
    if isinstance(expr, Opaque):
        return expr if expr.time is not None else replace(expr, time=window)
    return rebuilt(expr, lambda one: unread_at(one, window)) if isinstance(expr, (And, Or)) else expr


def _is_ahead(expr: And) -> bool:
    """`surgery planned for a prolapse within 12 months of randomisation`: the months lie ahead."""
    return any(isinstance(one, Exposure) and one.role == "planned" for one in expr.of)


def share_links(members: list[tuple[str, Expr]], clause: Clause) -> list[tuple[str, Expr]]:
    """`sternotomy for stenosis or bypass`, `A or B during C`: what is linked with one member may be linked with all."""
    joints = {joint for joint, _ in members[1:]}
    exprs = [expr for _, expr in members]
    if len(members) < 2 or joints - {",", "or", "/"} or "or" not in joints:
        return members
    plain = join_any(list(exprs))
    first, last = exprs[0], exprs[-1]
    if (
        isinstance(first, And)
        and _is_pair(first)
        and all(_is_plain(one, first.of[1]) for one in exprs[1:])
        and _link(clause, first.of[1]) in _AIMS
    ):
        shared = join_all([first.of[0], join_any([first.of[1], *exprs[1:]])])
        return [("", Alternatives((plain, shared)))]
    if (
        isinstance(last, And)
        and _is_pair(last)
        and all(_is_plain(one, last.of[0]) for one in exprs[:-1])
        and _link(clause, last.of[1]) in _TIMES
    ):
        shared = join_all([join_any([*exprs[:-1], last.of[0]]), last.of[1]])
        return [("", Alternatives((plain, shared)))]
    return members


_AIMS = frozenset({"for", "of", "with", "to", "by", "either"})
_TIMES = frozenset({"during", "while", "for", "after", "following", "on"})


def _is_pair(expr: Expr) -> bool:
    return (
        isinstance(expr, And)
        and len(expr.of) == 2
        and all(isinstance(one, (Concept, Exposure)) for one in expr.of)
    )


def _is_plain(expr: Expr, like: Expr) -> bool:
    """Whether a member is of a kind with another, and says nothing of its own."""
    return (
        type(expr) is type(like) and not getattr(expr, "time", None) and not getattr(expr, "temporality", "")
    )


def _link(clause: Clause, expr: Expr) -> str:
    """The word before a thing, past small ones."""
    span = getattr(expr, "span", None)
    at = next(
        (at for at in range(len(clause.tokens)) if span and clause.span(at, at + 1).start >= span.start), 0
    )
    while at > 1 and clause.tokens[at - 1].text in {"the", "a", "an", "either", "any", "induction"}:
        at -= 1
    return clause.tokens[at - 1].text if at else ""


def _takes_time(expr: Expr) -> bool:
    """Whether something in an expression has a time, or can do without one."""
    return any(
        getattr(one, "time", None) is not None
        or isinstance(one, (ReproState, Attestation, Judgement, Opaque))
        for one in atoms(expr)
    )


def is_that(pieces: Sequence[Piece], place: int) -> bool:
    """`severe renal impairment, i.e. GFR < 30`: whether a threshold says what is meant, and gives no example."""
    if pieces[place].kind != "examples" or pieces[place].text not in {"i.e", "ie", "namely"}:
        return False
    behind = next((one for one in pieces[place + 1 :] if one.kind != "joint"), None)
    is_last = not any(one.kind == "close_examples" for one in pieces[place:-1])
    return behind is not None and isinstance(behind.expr, (Quantity, Ordinal)) and is_last


def is_of_all(piece: Piece) -> bool:
    """`cancer including melanoma within one year`, `…, that in the opinion …`: what stands behind the examples and is not of them alone."""
    said = piece.text.lower().lstrip(" ,")
    return piece.kind in {"window", "joint"} or (
        isinstance(piece.expr, Judgement)
        and said.startswith(
            ("that", "which", "in the", "could", "would", "may ", "might", "considered", "judged", "deemed")
        )
    )


def counted_to_itself(windows: Sequence[Piece]) -> list[Piece]:
    """`within 3 months of (or after) a myocardial infarction`: the infarction was so long ago, counted from now."""
    out: list[Piece] = []
    for piece in windows:
        window = piece.timed.window if piece.timed is not None else None
        if piece.timed is not None and window is not None and window.anchor == "event":
            back = replace(window, anchor="screening", anchor_assumed=True, direction=Direction.BEFORE)
            is_since = piece.timed.since and window.direction is not Direction.AFTER
            piece = replace(piece, timed=replace(piece.timed, window=back, since=is_since))
        out.append(piece)
    return out


def led_by(
    segment: Sequence[Piece], windows: list[Piece], leading: list[Piece], has_members: bool
) -> tuple[list[Piece], list[Piece], list[Piece]]:
    """The times of a member, those that lead the list, and those that lead this member: the first of its list alone has any."""
    first = [] if has_members else counted_to_itself(leading)
    if windows and segment[0] is windows[0] and segment[-1] is not windows[0]:
        own = counted_to_itself(windows[:1])
        return [*own, *windows[1:]], leading if has_members else [*leading, *own], first
    return windows, leading, first


def timed_since(
    members: list[tuple[str, Expr]], windows: Sequence[Piece], since: int, joint: str
) -> list[tuple[str, Expr]]:
    """The members with a time behind the last of them; whether one before a cue has it too is left open where only `or` parts them."""
    out: list[tuple[str, Expr]] = []
    parted_by = members[since][0] if since < len(members) else joint
    for at, (one, member) in enumerate(members):
        if at >= since:
            member = timed(member, windows, is_shared=True)
        elif at == since - 1 and parted_by in {"or", "/"} and isinstance(member, (Concept, Exposure, And)):
            both = timed(member, windows, is_shared=True)
            member = member if both == member else Alternatives((member, both))
        out.append((one, member))
    return out


def timed_alone(
    members: list[tuple[str, Expr]], windows: Sequence[Piece], joint: str, unread: Expr
) -> list[tuple[str, Expr]]:
    """The members with times that stand behind a joint by themselves; what none of them can take is left unread."""
    last = members[-1][1]
    if getattr(last, "time", None) is None:
        found = [(one, timed(member, windows)) for one, member in members]
        long = any(one.timed is not None and one.timed.window.length is not None for one in windows)
        return [*found, ("and", unread)] if long and not any(_takes_time(one) for _, one in found) else found
    had = getattr(last, "time", None)
    return [
        (one, _with_second_time(member, windows, joint) if getattr(member, "time", None) == had else member)
        for one, member in members
    ]


def _with_second_time(expr: Expr, windows: Sequence[Piece], joint: str) -> Expr:
    """`EASI ≥ 16 at screening and baseline`: the same again at the second time."""
    said = [one for one in windows if one.timed is not None]
    had = getattr(expr, "time", None)
    is_named = isinstance(expr, (Concept, Exposure))
    if had is None or not said or joint not in {"and", "or", "/"} or (is_named and joint != "or"):
        return expr
    if not isinstance(expr, (Quantity, Ordinal, Result, Concept, Exposure)):
        return expr
    more = [
        replace(expr, time=one.timed.window)
        for one in said
        if one.timed is not None and one.timed.window != had
    ]
    if not more:
        return expr
    return join_all([expr, *more]) if joint == "and" else join_any([expr, *more])


_METHODS = word_set("methods")


def settle_members(
    members: list[tuple[str, Expr]], clause: Clause, lists_any: bool
) -> list[tuple[str, Expr]]:
    """The members, where some are not members: another way to see the same, an opinion of all of them."""
    if len(members) < 2:
        return members
    out: list[tuple[str, Expr]] = []
    besides: list[Expr] = []
    for joint, expr in members:
        before = out[-1][1] if out else None
        if out and isinstance(expr, (Concept, Exposure)) and expr.surface.lower().startswith("despite "):
            besides.append(expr)
        elif (
            isinstance(before, (Quantity, Concept))
            and before.method
            and isinstance(expr, Exposure)
            and {expr.concept_id, expr.broader} & _METHODS
        ):  # `by echocardiography or MUGA`
            out[-1] = (out[-1][0], replace(before, method=f"{before.method} {joint} {expr.surface}"))
        else:
            out.append((joint, expr))
    out = share_links(_with_opinions(out, clause, lists_any), clause)
    if besides:  # `> 140 mmHg, > 90 mmHg, despite treatment`: of both
        joints = [joint for joint, _ in out][1:]
        is_any = "or" in joints or (lists_any and "and" not in joints)
        whole = [expr for _, expr in out]
        return [("", join_all([join_any(whole) if is_any else join_all(whole), *besides]))]
    return out


def _with_opinions(
    members: list[tuple[str, Expr]], clause: Clause, lists_any: bool
) -> list[tuple[str, Expr]]:
    """The members, where the last one carries an opinion that may be of all (`renal or hepatic disease that may interfere`).

    `any other condition that …` speaks of the last one alone.
    """
    last = members[-1][1] if members else None
    if len(members) == 2 and isinstance(last, Judgement):
        return _with_a_condition(members, last, clause)
    if len(members) < 2 or not isinstance(last, And):
        return members
    if not isinstance(last.of[-1], Judgement):
        return _with_thresholds(members, last, lists_any)
    opinion = last.of[-1]
    if opinion.topic == "life_expectancy" or not opinion.surface.lower().lstrip(" ,(").startswith(_OF_ALL):
        return members
    joints = {joint for joint, _ in members[1:]}
    if not joints <= {",", "or", "/"} and not (lists_any and joints <= {",", "and"}):
        return members
    if not lists_any and "or" not in joints:
        return members
    if any(isinstance(one, Judgement) for _, expr in members[:-1] for one in atoms(expr)):
        return members
    names = [expr for _, expr in members[:-1]] + [join_all(list(last.of[:-1]))]
    if _speaks_of_the_rest(clause, last.of[0]):
        return members
    shared = join_all([join_any(names), opinion])
    alone = join_any([expr for _, expr in members])
    return [("", Alternatives((shared, alone)))]


_OR_CONDITION = re.compile(
    r"\W*(?:and/)?or (?:any |a )?(?:medical |clinical )?(?:conditions?|disorders?|illness(?:es)?|diseases?|findings?|abnormalit\w+),?\W*$",
    re.IGNORECASE,
)


def _with_a_condition(
    members: list[tuple[str, Expr]], opinion: Judgement, clause: Clause
) -> list[tuple[str, Expr]]:
    """`a serious illness or condition that, in the opinion …`: the opinion may be of the illness as well."""
    first = members[0][1]
    span = getattr(first, "span", None)
    if span is None or not isinstance(first, (Concept, Exposure)):
        return members
    between = [
        token
        for at, token in enumerate(clause.tokens)
        if span.end <= clause.span(at, at + 1).start < opinion.span.start
    ]
    said = clause.text[between[0].start : between[-1].end] if between else ""
    if _OR_CONDITION.fullmatch(said) is None:
        return members
    return [("", Alternatives((join_any([first, opinion]), join_all([first, opinion]))))]


def _with_thresholds(members: list[tuple[str, Expr]], last: And, lists_any: bool) -> list[tuple[str, Expr]]:
    """`hepatic or renal impairment (ALT > 3 x ULN or creatinine > 265)`: the thresholds may be of both."""
    names = [expr for _, expr in members[:-1]] + [last.of[0]]
    if not all(isinstance(one, (Concept, Exposure, Alternatives)) for one in names) or len(last.of) != 2:
        return members
    joints = {joint for joint, _ in members[1:]}
    if not all(isinstance(one, (Quantity, Ordinal)) for one in atoms(last.of[1])) or not (
        joints <= {",", "or", "/"} or (lists_any and joints <= {",", "or", "/", "and"})
    ):
        return members
    alone = join_any([expr for _, expr in members])
    return [("", Alternatives((alone, join_all([join_any(names), last.of[1]]))))]


_OF_ALL = (
    "that",
    "which",
    "who",
    "in the",
    "as judged",
    "as determined",
    "at the",
    "deemed",
    "considered",
    "judged",
    "preclud",
    "interfer",
    "could",
    "would",
    "may",
    "might",
)


def _speaks_of_the_rest(clause: Clause, expr: Expr) -> bool:
    """Whether a member begins with `other`: it names what the others leave out."""
    span = getattr(expr, "span", None)
    if span is None:
        return False
    at = next((at for at in range(len(clause.tokens)) if clause.span(at, at + 1).start >= span.start), None)
    return at is not None and any(token.text == "other" for token in clause.tokens[max(0, at - 3) : at + 2])


def gather_choices(members: list[tuple[str, Expr]]) -> list[tuple[str, Expr]]:
    """`disease requiring steroids or other drugs`: the second drug is a choice beside the first, not beside the disease."""
    out: list[tuple[str, Expr]] = []
    for joint, expr in members:
        before = out[-1][1] if out else None
        if (
            joint == "or"
            and isinstance(before, And)
            and isinstance(expr, Exposure)
            and isinstance(before.of[0], Concept)
        ):
            last = before.of[-1]
            first = last.of[0] if isinstance(last, Or) else last
            if isinstance(first, Exposure) and first.role == expr.role and first.role and not expr.time:
                out[-1] = (out[-1][0], And((*before.of[:-1], join_any([last, expr]))))
                continue
        out.append((joint, expr))
    return out


_OPINION = re.compile(
    r"(?:in|at|per|by|according to|based on|under|as (?:judged|determined|assessed|deemed|considered|evaluated|defined|decided) by)[ ]+(?:the[ ]+)?"
    r"(?:(?:opinion|judge?ment|discretion|view|assessment)[ ]+of[ ]+(?:the[ ]+)?)?(?:\w+[ ]+){0,2}?"
    r"(?:investigator|physician|doctor|clinician|pi|sponsor|researcher|oncologist|surgeon)s?(?:'?s'?)?(?:[ ]+(?:opinion|judge?ment|discretion|view|assessment))?",
    re.IGNORECASE,
)


def is_an_opinion(expr: Expr, joint: str) -> bool:
    """`in the opinion of the investigator` behind a comma: of all that stands before it, not one thing more."""
    if not isinstance(expr, Judgement):
        return False
    said = expr.surface.strip(" ,.;").lower()
    return (joint == "," and said.startswith(("which ", "that ", "who "))) or _OPINION.fullmatch(
        said
    ) is not None
