"""What a reading may have left out or joined wrongly, seen once it stands: it then keeps the words beside itself as a second reading.

Only readings of which every part was understood are asked: the others are open already. Each doubt has a name, kept among
the rules that made a criterion. What the words say against a reading is in `doubts_words.py`, with its patterns in
`rules/doubts.toml`; what its parts say, by their subjects, in `doubts_promises.py`, `doubts_names.py` and `doubts_limits.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any, get_args

from trialist.criteria.account import unaccounted
from trialist.criteria.as_said import is_a_duration
from trialist.criteria.beside import dates_a_diagnosis, with_its_definition, with_time_of_one
from trialist.criteria.clause import Clause
from trialist.criteria.doubts_limits import (
    Dated,
    chooses_an_age,
    counts_from_an_event,
    counts_in_time,
    denies_a_limit,
    has_a_scale_beside,
    is_a_stage_of_nothing,
    is_odd_age,
    is_of_each_sex,
    limits_the_looser,
    names_its_limit,
)
from trialist.criteria.doubts_names import (
    aims_at_a_disease,
    asks_for_an_allergy,
    bears_beside_an_allergy,
    excepts_in_doubt,
    excepts_itself,
    exemplifies_another,
    has_several_pairs,
    is_a_way_of_seeing,
    is_within_another,
    sees_by_several,
)
from trialist.criteria.doubts_promises import (
    agrees_in_an_exclusion,
    follows_an_opinion,
    is_odd_promise,
    loses_a_test,
    opines_on_numbers,
    swallows_a_list,
    takes_an_object,
)
from trialist.criteria.doubts_words import contradicts_itself, is_no_name, loses_a_time, strange_words
from trialist.criteria.nodes import (
    Alternatives,
    And,
    Attestation,
    Concept,
    Demographic,
    ExceptWhen,
    Exposure,
    Expr,
    Judgement,
    Not,
    Opaque,
    Or,
    Span,
    atoms,
    join_all,
    nodes,
)
from trialist.criteria.piece import Piece
from trialist.criteria.promises import is_no_plain_promise
from trialist.criteria.questions import by_kind
from trialist.criteria.shapes import strange_shape, with_both_times
from trialist.criteria.shapes_right import tests_and_promises


def with_doubt(clause: Clause, pieces: Sequence[Piece], expr: Expr, excludes: bool) -> Expr:
    """The reading; beside it, where something speaks against it, the words themselves as what else it may be."""
    found = list(atoms(expr))
    if Opaque in map(type, found):
        return _half_read(clause, expr, found, excludes)
    if isinstance(expr, Demographic) and not is_odd_age(clause, expr):
        return expr
    if isinstance(expr, Attestation) and not is_odd_promise(clause, expr, excludes):
        return expr
    doubt = (
        _doubt(clause, expr, found, excludes)
        or strange_shape(clause, expr, found, excludes)
        or ("promise" if isinstance(expr, Attestation) else "")
        or ("duration" if is_a_duration(clause, pieces, found) else "")
        or _left_over(clause, pieces, expr)
    )
    if not doubt:
        return with_time_of_one(with_its_definition(clause, with_both_times(clause, expr)))
    return _or_its_words(clause, expr, doubt)


def _left_over(clause: Clause, pieces: Sequence[Piece], expr: Expr) -> str:
    left_over = next(unaccounted(clause, pieces, expr), "")
    return f"words/{left_over}" if left_over else ""


def _half_read(clause: Clause, expr: Expr, found: Sequence[Expr], excludes: bool) -> Expr:
    """What was understood in part: the rest may still decide, and is asked as what was understood wholly is."""
    if _is_open(expr):
        return expr
    doubt = _doubt(clause, expr, found, excludes)
    if not doubt:
        return expr
    of = expr.of if isinstance(expr, And) and not excludes else ()
    ages = list(takewhile(lambda one: isinstance(one, Demographic), of[:-1]))
    if doubt in _OF_AGES or not any(one.kind == "age" for one in ages if isinstance(one, Demographic)):
        return _or_its_words(clause, expr, doubt)
    # `40 to 70 years old, with …`: what stands first and is understood decides by itself
    return join_all([*ages, _or_its_words(clause, join_all(list(of[len(ages) :])), doubt)])


# doubts by which an age may be somebody else's, or that of another time
_OF_AGES = frozenset(
    {"age_of_then", "age_of_another", "age_or", "several_groups", "unit", "duration", "both_joints", "denied", "calendar", "of_both_kinds"}
)  # fmt: skip


def _or_its_words(clause: Clause, expr: Expr, doubt: str) -> Expr:
    """The reading, and beside it the words themselves."""
    clause.rules.append(f"doubt/{doubt}")
    whole = clause.said(0, len(clause.tokens))
    return Alternatives((expr, Opaque(whole, clause.span(0, len(clause.tokens)))))


def all_denied(clause: Clause, expr: Expr, said: str, span: Span) -> Expr:
    """A statement that ends in `are excluded`; where sentences stand before its last, whether they are denied is not said."""
    if not any(token.text in {";", "."} for token in clause.tokens[:-1]):
        return expr
    clause.rules.append("doubt/denied_sentences")
    return Alternatives((expr, Opaque(said, span)))


def guarded(clause: Clause, guard: Expr | None, expr: Expr | None, said: str, span: Span) -> Expr | None:
    """What is asked of some alone; where that is more than one thing, whether all of it is asked of them alone is not said."""
    if guard is None or expr is None:
        return expr
    found = list(atoms(expr))
    if any(isinstance(one, Opaque) for one in found):
        return expr
    is_plain = len(found) == 1 or all(isinstance(one, Attestation) for one in found)
    says_both = any(isinstance(one, Demographic) for one in atoms(guard)) or not _OF_BOTH_SEXES.search(said)
    if (is_plain or tests_and_promises(clause, expr)) and says_both:
        return expr
    clause.rules.append("doubt/guarded")
    return Alternatives((expr, Opaque(said, span)))


def limited(clause: Clause, expr: Expr | None, heading: str, span: Span) -> Expr | None:
    """What stands below `Exclusion criteria for gadolinium enhanced studies`: whom or what else it is of, the heading alone says."""
    if not heading or expr is None or _is_open(expr):
        return expr
    clause.rules.append("doubt/heading")
    return Alternatives((expr, Opaque(heading, span)))


def _is_open(expr: Expr) -> bool:
    """Whether the words themselves are one reading already, so that nothing is decided."""
    return isinstance(expr, Opaque) or (
        isinstance(expr, Alternatives) and any(isinstance(one, Opaque) for one in expr.readings)
    )


# Who may be a man as well is no woman able to bear children.
_OF_BOTH_SEXES = re.compile(r"^\W*(?:all |sexually active )?fertile (?!women|females?|female)", re.IGNORECASE)


def _doubt(clause: Clause, expr: Expr, found: Sequence[Expr], excludes: bool) -> str:
    """The name of the first doubt about a reading; "" where there is none."""
    if any(isinstance(one, (Concept, Exposure)) and is_no_name(one) for one in found):
        return "no_name"
    if dates_a_diagnosis(clause, expr):
        return "time_of_diagnosis"
    if any(contradicts_itself(one) for one in found):
        return "opposites"
    if loses_a_test(clause, found):
        return "test_lost"
    strange = strange_words(clause, found, excludes)
    if strange:
        return strange
    if loses_a_time(clause, found):
        return "time_lost"
    for node in nodes(expr):
        for name, asks in _OF_KIND.get(type(node), ()):
            if asks(clause, node, excludes):
                return name
    return ""


_Question = Callable[[Clause, Any, bool], bool]
QUESTIONS: tuple[tuple[str, tuple[type, ...], _Question], ...] = (
    ("plain_promise", (Attestation,), is_no_plain_promise),
    ("located", (And,), is_within_another),
    ("object", (And, Or), takes_an_object),
    ("aim", (And,), aims_at_a_disease),
    ("age_or", (Or,), chooses_an_age),
    ("agrees", (And, Or, Attestation), agrees_in_an_exclusion),
    ("excepts_itself", (ExceptWhen,), excepts_itself),
    ("exception", (ExceptWhen,), excepts_in_doubt),
    ("allergy", (And,), bears_beside_an_allergy),
    ("opinion", (And,), opines_on_numbers),
    ("examples", (Or,), exemplifies_another),
    ("swallowed", (And, Or, Judgement), swallows_a_list),
    ("follows", (And,), follows_an_opinion),
    ("stage", (Or,), is_a_stage_of_nothing),
    ("denied", (Not,), denies_a_limit),
    ("event", (Or,), counts_from_an_event),
    ("methods", (Or,), sees_by_several),
    ("sexes", (And, Or), is_of_each_sex),
    ("looser", (And,), limits_the_looser),
    ("unit", get_args(Dated), counts_in_time),
    ("pairs", (Or,), has_several_pairs),
    ("scale", (And,), has_a_scale_beside),
    ("seen_by", (And,), is_a_way_of_seeing),
    ("sensitive", (Concept,), asks_for_an_allergy),
    ("names_its_limit", (And, Or), names_its_limit),
)
"""Each with the kinds of parts of which it is asked, which its own signature names."""
_OF_KIND = by_kind(QUESTIONS)
