"""What speaks against names that were read beside each other: of a disease and what is done for it, of exceptions, of allergies."""

from __future__ import annotations

import re
from itertools import pairwise

from trialist.criteria.clause import Clause
from trialist.criteria.nodes import (
    And,
    Concept,
    ExceptWhen,
    Exposure,
    Expr,
    Opaque,
    Or,
    Span,
    atoms,
)
from trialist.criteria.questions import between, name_of

_WITHIN = re.compile(r"\W*(?:in|within|inside) (?:the |an? |his |her |their )*$", re.IGNORECASE)


def is_within_another(clause: Clause, node: And, excludes: bool) -> bool:
    """`malignancy in the wound`: where something is, and not two things at once."""
    return any(
        isinstance(one, Concept)
        and isinstance(other, Concept)
        and _WITHIN.match(between(clause, one, other) + " ") is not None
        for one, other in pairwise(node.of)
    )


_ANYTHING_DONE = frozenset(
    {"surgery", "surgical procedure", "surgeries", "operation", "medication", "medications", "therapy", "treatment", "drug", "drugs", "procedure"}
)  # fmt: skip


def aims_at_a_disease(clause: Clause, node: And, excludes: bool) -> bool:
    """`surgery for glaucoma`: what was done for it, and not anything done beside the disease."""
    first, last = node.of[0], node.of[-1]
    done = [one for one in atoms(first) if isinstance(one, Exposure)][-1:]
    return (
        bool(done)
        and isinstance(last, Concept)
        and done[0].surface.lower() in _ANYTHING_DONE
        and re.search(r"\bfor\b", between(clause, done[0], last)) is not None
    )


def excepts_itself(clause: Clause, node: ExceptWhen, excludes: bool) -> bool:
    """`emapalumab, unless emapalumab is no longer detectable`: an exception that takes everything away."""
    names = {name_of(one) for one in atoms(node.main)} - {""}
    return any(name_of(one) in names and not _limits(one) for one in atoms(node.exception))


def _limits(one: Expr) -> bool:
    return any(getattr(one, name, "") for name in ("status", "severity", "role", "time", "temporality"))


def excepts_in_doubt(clause: Clause, node: ExceptWhen, excludes: bool) -> bool:
    """An exception whose own limits may be of one of its members or of all, or of what it is taken from."""
    if isinstance(node.main, Or) and any(getattr(one, "examples", ()) for one in atoms(node.main)):
        return True
    exception = node.exception
    if isinstance(exception, And) and any(isinstance(one, Exposure) for one in exception.of):
        return any(isinstance(one, Concept) for one in exception.of)
    timed = [getattr(one, "time", None) is not None for one in atoms(exception)]
    return isinstance(exception, Or) and any(timed)


def bears_beside_an_allergy(clause: Clause, node: And, excludes: bool) -> bool:
    """`allergy to inhibitors (aspirin and clopidogrel)`: the drugs are what cannot be borne, not what is taken."""
    allergies = sum(isinstance(one, Concept) and one.domain == "allergy" for one in node.of)
    given = any(isinstance(leaf, Exposure) for one in node.of for leaf in atoms(one))
    is_gloss = allergies > 1 and not any(token.text == "and" for token in clause.tokens)
    return is_gloss or (allergies > 0 and given)  # `allergic to lidocaine (a numbing agent)`


def exemplifies_another(clause: Clause, node: Or, excludes: bool) -> bool:
    """`disease requiring immunosuppression, such as lupus`: diseases are no examples of a treatment."""
    named = {word for one in node.of if isinstance(one, Exposure) for word in one.examples}
    return bool(named) and any(
        isinstance(one, Concept) and one.domain == "condition" and one.surface in named for one in atoms(node)
    )


def sees_by_several(clause: Clause, node: Or, excludes: bool) -> bool:
    """`LVEF < 40 % by MUGA, angiography or echocardiography`: ways to see one thing, read as other things."""
    first = node.of[0]
    leaves = list(atoms(first))
    return (
        len(leaves) > 0
        and bool(getattr(leaves[0], "method", ""))
        and getattr(leaves[0], "domain", "") != "allergy"
        and any(isinstance(one, Exposure) for one in node.of[1:])
    )


def has_several_pairs(clause: Clause, node: Or, excludes: bool) -> bool:
    """`treatment with A, B or C for D`: pairs of things that were parted from one list."""
    pairs = [
        one
        for one in node.of
        if isinstance(one, And) and all(isinstance(leaf, (Concept, Exposure)) for leaf in one.of)
    ]
    return len(pairs) > 1


_SENSITIVE = frozenset({"sensitivity", "sensitive", "susceptible", "susceptibility"})


def asks_for_an_allergy(clause: Clause, node: Concept, excludes: bool) -> bool:
    """`sensitivity to the drugs that were chosen`: of a virus or a tumour, where it is asked for."""
    if excludes or clause.words.isdisjoint(_SENSITIVE):
        return False
    return node.domain == "allergy"


_SEEN_BY = frozenset({"by", "via", "using", "through", "on", "per"})

_OPENS = frozenset({"a", "an", "the", "any", "(", "either", "routine", "standard"})


def is_a_way_of_seeing(clause: Clause, node: And, excludes: bool) -> bool:
    """`dysfunction by echocardiography`, where the first was not understood: how it is seen, and nothing that is asked for."""
    if excludes or not any(isinstance(one, Opaque) for one in node.of):
        return False
    return any(
        isinstance(one, Exposure) and one.kind == "procedure" and _word_ahead(clause, one.span) in _SEEN_BY
        for one in node.of
    )


def _word_ahead(clause: Clause, span: Span) -> str:
    """The last word before a place that is more than an article."""
    ahead = [
        token.text for at, token in enumerate(clause.tokens) if clause.span(at, at + 1).start < span.start
    ]
    return next((word for word in reversed(ahead) if word not in _OPENS), "")
