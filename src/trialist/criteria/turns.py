"""Sentences that turn or limit what they say: negation, exception, condition, definition, examples, what is left open."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile

from trialist.criteria.exempt import excepted, late_windows, of_last_or_all, promises, with_nor, with_role
from trialist.criteria.gather import is_of_all, timed, with_examples
from trialist.criteria.junctions import end_of_definition, next_threshold, strip_joints
from trialist.criteria.lexicon import word_set
from trialist.criteria.linking import speaks_of_others
from trialist.criteria.member import opaque
from trialist.criteria.nodes import (
    Alternatives,
    Demographic,
    Expr,
    Judgement,
    Not,
    Opaque,
    ReproState,
    atoms,
    join_all,
    join_any,
)
from trialist.criteria.parentheses import as_drugs
from trialist.criteria.piece import Piece
from trialist.criteria.sentences import Sentences

_RESTART = word_set("new_verbs")
_NEEDED = word_set("needed")


def read_optional(reader: Sentences, pieces: list[Piece], place: int) -> Expr | None:
    """`surgery with or without radiotherapy`: what is left open is asked of nobody."""
    end = next(
        (
            at
            for at in range(place + 1, len(pieces))
            if (pieces[at].kind == "joint" and pieces[at].text in {",", "and", "but"})
            or isinstance(pieces[at].expr, Demographic)
        ),
        len(pieces),
    )
    reader.clause.rules.append("left_open")
    if end < len(pieces) and pieces[end].text == ",":
        open_too = opaque(reader.clause, pieces[end + 1 :]) if end + 1 < len(pieces) else None
        before = reader.sentence(pieces[:place])
        return before if open_too is None else open_too if before is None else join_all([before, open_too])
    return reader.sentence(pieces[:place] + pieces[end:])


def read_negated(reader: Sentences, pieces: list[Piece], place: int) -> Expr | None:
    """`A, no B`: what stands before a negation, what it denies, and what it does not reach."""
    behind_it = pieces[place].last
    if behind_it < len(reader.clause.tokens) and reader.clause.tokens[behind_it].text in _NEEDED:
        first = reader.listed(strip_joints(pieces[:place])) if place else None
        unread = opaque(
            reader.clause, pieces[place:]
        )  # `not required for …`: what is open, and not what is denied
        return unread if first is None else join_all([first, unread])
    pieces = with_nor(pieces, place)
    end = _end_of_negation(reader, pieces, place)
    inner = reader.below(True).sentence(pieces[place + 1 : end])
    left = [one for one in pieces[place + 1 : end] if one.kind != "joint" and one.first < one.last]
    if inner is None and left:
        inner = opaque(reader.clause, left)  # `without evidence of disease`
    negated = Not(inner) if inner is not None else None
    before = reader.listed(strip_joints(pieces[:place])) if place else None
    behind = reader.sentence(pieces[end:]) if end < len(pieces) else None
    if before is not None and negated is not None and behind is None:
        of_last = _of_the_last(reader, pieces[:place], negated)
        if of_last is not None:
            return Alternatives((join_all([before, negated]), of_last))
    parts = [part for part in (before, negated, behind) if part is not None]
    if not parts:
        return None
    if behind is not None and len(parts) > 1 and _is_a_choice(reader, pieces, place, end):
        return join_any([join_all(parts[:-1]), behind])
    joint = pieces[place - 1].text if place and pieces[place - 1].kind == "joint" else "and"
    if (
        before is not None
        and len(parts) > 1
        and reader.lists_any
        and speaks_of_others(reader.clause, pieces[place])
    ):
        return join_any([before, join_all(parts[1:])])
    if len(parts) > 1 and joint == "or":
        return join_any(parts)
    return join_all(parts)


def _of_the_last(reader: Sentences, before: list[Piece], negated: Expr) -> Expr | None:
    """`angina, or block without pacemaker`: what is denied of the last member alone; None where there is no list of choices."""
    cut = next((at for at in range(len(before) - 1, -1, -1) if before[at].kind == "joint"), None)
    if cut is None or cut == len(before) - 1:
        return None
    joint = before[cut].text
    if joint != "or" and not (reader.lists_any and joint in {",", "/", "and"}):
        return None
    first, last = reader.listed(strip_joints(before[:cut])), reader.listed(before[cut + 1 :])
    return None if first is None or last is None else join_any([first, join_all([last, negated])])


def _end_of_negation(reader: Sentences, pieces: list[Piece], place: int) -> int:
    """A negation reaches to the end of its sentence, or to a `but`, or to a joint behind which a new verb stands."""
    tokens = reader.clause.tokens
    for at in range(place + 1, len(pieces)):
        piece = pieces[at]
        if piece.kind == "joint" and (piece.text == "but" or promises(pieces, at)):
            return at
        if piece.kind == "negation" and pieces[at - 1].kind == "joint" and at > place + 1:
            return at - 1
        after = tokens[piece.last].text if piece.kind == "joint" and piece.last < len(tokens) else ""
        if piece.kind == "joint" and piece.text == "and" and after in _RESTART:
            return at
        if piece.kind == "joint" and (after == "presence" or (piece.text == "," and after in _PREDICATES)):
            return at  # `absence of X or presence of Y`
        if piece.kind == "joint" and place and reader.lists_any and _begins_a_state(pieces, place, at):
            return at  # `women without contraception, pregnancy or breast-feeding`
    return len(pieces)


def _next_predicate(reader: Sentences, pieces: list[Piece], place: int) -> int:
    """Where a comma stands behind which something else is had (`diseases other than cataract, have contraindications to …`)."""
    tokens = reader.clause.tokens
    for at in range(place + 2, len(pieces) - 1):
        last = pieces[at].last
        if (
            pieces[at].kind == "joint"
            and pieces[at].text == ","
            and last < len(tokens)
            and tokens[last].text in {"have", "has"}
        ):
            return at
    return len(pieces)


_PREDICATES = frozenset({"have", "has", "having", "must", "will"})


def _is_a_choice(reader: Sentences, pieces: list[Piece], place: int, end: int) -> bool:
    """Whether what a negation does not reach is asked for instead: a presence or a state behind `or`, in what excludes also behind a comma."""
    joint = pieces[end]
    if joint.kind != "joint" or not (joint.text == "or" or (reader.lists_any and joint.text == ",")):
        return False
    tokens = reader.clause.tokens
    after = tokens[joint.last].text if joint.last < len(tokens) else ""
    return after == "presence" or (reader.lists_any and _begins_a_state(pieces, place, end))


def _begins_a_state(pieces: list[Piece], place: int, at: int) -> bool:
    """Whether pregnancy or the like stands behind a joint, and nothing of its kind between it and the negation."""
    behind = pieces[at + 1].expr if at + 1 < len(pieces) else None
    return isinstance(behind, ReproState) and not any(
        isinstance(one.expr, ReproState) for one in pieces[place + 1 : at]
    )


def read_except(reader: Sentences, pieces: list[Piece], place: int) -> Expr | None:
    """`A except B`: all of the first that is none of the second, and what follows both."""
    end = next(
        (at for at in range(place + 1, len(pieces)) if pieces[at].kind == "close_examples"), len(pieces)
    )
    end = min(end, next_threshold(pieces, place), _next_predicate(reader, pieces, place))
    if end == len(pieces) and (late := late_windows(pieces, place)):
        kept = pieces[: -len(late)]
        early = read_except(reader, strip_joints(kept), place)  # `…, except X, within 2 weeks`: of all
        return early if early is None else timed(early, late)
    main = reader.sentence(pieces[:place])
    if main is None and not any(one.kind == "joint" for one in pieces[:place]):
        main = _unsaid_main(reader, pieces[place].first)
    pieces = _with_one_exception(pieces, place, end)
    opinion = (
        pieces[end - 1].expr
        if end == len(pieces) and end - place > 2 and is_of_all(pieces[end - 1])
        else None
    )
    if isinstance(opinion, Judgement) and main is not None:
        whole = read_except(
            reader, pieces[: end - 1], place
        )  # `… other than X, judged by the investigator …`: of all
        return opinion if whole is None else join_all([whole, opinion])
    exception = reader.below(True).sentence(pieces[place + 1 : end])
    of_persons = (
        main is None and not pieces[:place] and (end == len(pieces) or pieces[end].kind == "close_examples")
    )
    if (main is None and not of_persons) or exception is None:
        unread = opaque(reader.clause, pieces)
        return join_all([main, unread]) if main is not None and exception is None else unread
    rest = strip_joints(pieces[end + 1 :]) if end + 1 < len(pieces) else []
    # `patients other than women`
    whole = (
        Not(exception) if main is None else excepted(main, exception, pieces[place].text, reader.lists_any)
    )
    if not rest:
        return whole
    if all(one.kind == "window" for one in rest):
        return timed(whole, rest)
    behind = reader.sentence(rest)
    if behind is None:
        return whole
    joined = pieces[end] if pieces[end].kind == "joint" else pieces[end + 1]
    joint = joined.text if joined.kind == "joint" else "and"
    is_any = joint == "or" or (joint in {",", "and", ";"} and reader.lists_any and joined.kind == "joint")
    return join_any([whole, behind]) if is_any else join_all([whole, behind])


def _unsaid_main(reader: Sentences, end: int) -> Expr | None:
    """`any condition other than …`: what an exception is made of, in words that say too little; None where they name persons alone."""
    tokens = reader.clause.tokens
    start = end
    while start and tokens[start - 1].kind == "word" and tokens[start - 1].text not in {"and", "or"}:
        start -= 1
    if all(token.text in word_set("persons") for token in tokens[start:end]):
        return None
    return Opaque(reader.clause.said(start, end), reader.clause.span(start, end))


def _with_one_exception(pieces: list[Piece], place: int, end: int) -> list[Piece]:
    """`A besides B, except C`: an exception behind a joint is one more of the first, and none of what is excepted."""
    found = list(pieces)
    for at in range(place + 2, end):
        if pieces[at].kind == "exception" and pieces[at].text != "unless" and pieces[at - 1].kind == "joint":
            found[at] = replace(pieces[at], kind="glue")
    return found


def read_if(reader: Sentences, pieces: list[Piece], place: int) -> Expr | None:
    """`A, or B if C` limits B alone; `A if C` asks for A only where C holds."""
    either = [at for at in range(place) if pieces[at].kind == "joint" and pieces[at].text == "or"]
    condition = reader.below(False).sentence(pieces[place + 1 :])
    if either and condition is not None:
        first, last = reader.sentence(pieces[: either[-1]]), reader.sentence(pieces[either[-1] + 1 : place])
        if first is not None and last is not None:
            return of_last_or_all(first, last, condition)
    main = reader.sentence(pieces[:place])
    if main is None or condition is None:
        if main is not None and pieces[place].text == "if":  # `if any`, `if applicable`: of whom is not said
            rest = opaque(reader.clause, pieces[place:])
            return join_all([main, rest]) if reader.lists_any else join_any([main, rest])
        return main if condition is None else condition
    if reader.lists_any:
        return join_all([main, condition])
    return join_any([condition.of if isinstance(condition, Not) else Not(condition), main])


def read_defined(reader: Sentences, pieces: list[Piece], place: int) -> Expr | None:
    """`renal failure, defined as creatinine > 2 mg/dL`: the definition decides."""
    cut = next((at for at in range(place - 1, 0, -1) if pieces[at].kind == "joint"), None)
    end = end_of_definition(pieces, place)
    if end < len(pieces):
        first = read_defined(reader, pieces[:end], place)
        rest = reader.sentence(pieces[end:])
        parts = [one for one in (first, rest) if one is not None]
        is_any = reader.lists_any or pieces[end].text == "or"
        return None if not parts else join_any(parts) if is_any else join_all(parts)
    if cut is not None:
        head, tail = reader.sentence(pieces[:cut]), read_defined(reader, pieces[cut + 1 :], place - cut - 1)
        if head is not None and tail is not None:
            is_any = pieces[cut].text == "or" or (reader.lists_any and pieces[cut].text in {",", "and", "/"})
            narrow = join_any([head, tail]) if is_any else join_all([head, tail])
            return narrow if not is_any else Alternatives((narrow, tail))
    name = reader.sentence(pieces[:place])
    definition = reader.sentence(pieces[place + 1 :])
    if definition is None or name is None:
        return name if definition is None else definition
    if any(isinstance(one, Opaque) for one in atoms(definition)):
        return join_all([name, definition])
    reader.clause.rules.append("defined_as")
    return definition


def read_examples(reader: Sentences, pieces: list[Piece], place: int) -> Expr | None:
    """`cardiac disease such as stroke or angina`: each example is an instance of what it exemplifies."""
    end = next(
        (at for at in range(place + 1, len(pieces)) if pieces[at].kind == "close_examples"), len(pieces)
    )
    main = reader.sentence(pieces[:place])
    inner = [one for one in pieces[place + 1 : end] if one.kind != "close_examples"]
    after: list[Piece] = []
    opinions: list[Piece] = []
    while end == len(pieces) and len(inner) > 1 and is_of_all(inner[-1]):
        last = inner.pop()  # `cancer including melanoma within one year`: of both
        (after if last.timed is not None else opinions).append(last)
    if place and (said_of := pieces[place - 1].expr) is not None:
        inner = as_drugs(reader, said_of, inner) or inner
    named = reader.below(True).sentence(inner)
    behind = list(pieces[end + 1 :])
    times = list(takewhile(lambda one: one.kind == "window", behind))
    rest = reader.sentence(behind[len(times) :]) if len(behind) > len(times) else None
    if main is not None and reader.lists_any:
        rest = rest if rest is None else with_role(main, rest)
        named = named if named is None else with_role(main, named, with_time=True)
    if main is None:
        main = named
    elif named is not None:
        main = with_examples(main, named)
    if main is not None:
        main = timed(main, [*times, *after])  # `major surgery (e.g. …) within 30 days`
    if main is not None and opinions:
        main = join_all([main, *(one.expr for one in opinions if one.expr is not None)])
    if rest is None or main is None:
        return main if rest is None else rest
    joint = pieces[end + 1].text if pieces[end + 1].kind == "joint" else "and"
    return (
        join_any([main, rest])
        if (joint in {"or", ","} and reader.lists_any) or joint == "or"
        else join_all([main, rest])
    )
