"""What joins an atom with the words around it: names, examples, causes, times, choices."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from trialist.criteria.clause import Clause
from trialist.criteria.nodes import (
    Alternatives,
    And,
    Concept,
    Exposure,
    Expr,
    Interval,
    Judgement,
    Not,
    Or,
    atoms,
    join_any,
)
from trialist.criteria.pieces import Piece
from trialist.criteria.qualify import with_time

CUES = frozenset({"history", "given", "current", "planned", "family"})


def is_cue(piece: Piece) -> bool:
    """Whether a piece begins something with a time of its own (`history of`, `diagnosed with`)."""
    return piece.kind in CUES or (piece.kind == "certainty" and "diagnos" in piece.text.lower())


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
    return initials.endswith(letters) and len(letters) > 1


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
    if isinstance(main, (Concept, Exposure)):
        words = tuple(one.surface for one in atoms(named) if isinstance(one, (Concept, Exposure)))
        main = replace(main, examples=words)
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


def timed(expr: Expr, windows: Sequence[Piece], is_shared: bool = False) -> Expr:
    """The expression with the times of some pieces."""
    for piece in windows:
        if piece.timed is None:
            continue
        window = piece.timed.window
        length = window.length
        if (
            piece.timed.since
            and window.anchor_assumed
            and isinstance(expr, Exposure)
            and length is not None
            and length.lower is not None
            and length.upper is None
        ):
            # `at least 4 weeks since chemotherapy`: none in the last 4 weeks; whoever never had any is not asked for it
            recent = Interval(upper=length.lower, upper_inclusive=not length.lower_inclusive)
            expr = Not(with_time(replace(expr, role=""), replace(window, length=recent)))
        else:
            expr = with_time(expr, window, is_shared)
    return expr


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
