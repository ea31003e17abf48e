"""What speaks against a promise or an opinion that was read: a refusal that is none, a thing or a list within its words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from trialist.criteria.clause import Clause
from trialist.criteria.lexicon import SEXES
from trialist.criteria.nodes import (
    And,
    Attestation,
    Expr,
    Judgement,
    Or,
    Quantity,
    ReproState,
    Result,
    Trialwise,
    atoms,
)
from trialist.criteria.promises import is_no_plain_promise
from trialist.criteria.questions import Things, between


def is_odd_promise(clause: Clause, promise: Attestation, excludes: bool) -> bool:
    """Whether a promise that stands alone may be none, or another: an exclusion of those who comply, a second one that was lost."""
    said = clause.said(0, len(clause.tokens))
    return (
        is_no_plain_promise(clause, promise, excludes)
        or _NO_PROMISE.search(said) is not None
        or _OF_AN_AGE.match(said) is not None
        or _is_half_a_promise(promise, said)
        or _names_one_sex(clause)
        or _asks_some(promise, said)
        or _TESTED.search(said) is not None
        or (
            promise.topic == "contraception" and not promise.affirmed and not excludes
        )  # `No contraceptives.`
        or agrees_in_an_exclusion(clause, promise, excludes)
    )


# `adults who can consent`: how old they are is asked as well
_OF_AN_AGE = re.compile(
    r"\W*(?:all |any |only )?(?:[\w-]+ ){0,2}(?:adults?|child|children|adolescents?|elderly|pa?ediatric|infants?)\b(?! (?:or (?:legal|parent)|assent|care))",
    re.IGNORECASE,
)

_OF_A_SEX = re.compile(
    r"^\W*(?:\w+ ){0,2}(?:women|woman|females?|men|males?)\b|\b(?:of|in|for|by) (?:all |fertile |adult )?(?:women|females|men|males)\b",
    re.IGNORECASE,
)

_TESTED = re.compile(
    r"\bpregnancy test|\bnegative (?!impact|effect)|\bas (?:defined|described) in the (?:informed )?consent",
    re.IGNORECASE,
)

_OF_SOME = re.compile(
    r"\b(?:child-?[ ]?bearing|reproductive) (?:potential|age|capacity)\b|\bif\b|\bunless\b|\bnot (?:\w+ )?steril|\bwho (?:are|have|is|has)\b",
    re.IGNORECASE,
)


def _asks_some(promise: Attestation, said: str) -> bool:
    """`contraception if able to become pregnant`: of whom it is asked was lost."""
    return promise.topic == "contraception" and _OF_SOME.search(said) is not None


def _names_one_sex(clause: Clause) -> bool:
    sexes = {SEXES[token.text] for token in clause.tokens if token.text in SEXES}
    return len(sexes) == 1 and _OF_A_SEX.search(clause.said(0, len(clause.tokens))) is not None


_REFUSED = re.compile(
    r"\b(?:unable|inability|incapab\w*|cannot|can't|can ?not|not|non|no|unwilling\w*|refus\w+|lack\w*|fail\w*|poor|impair\w*|absence|difficult\w*|declin\w+|impossib\w*|unlikely|noncomplian\w*|incompeten\w*|prison\w*|illitera\w*|barriers?|prevent\w*|prohibit\w*|preclud\w*|interfer\w*|withdr\w*|foreg\w*|forg\w*|withhold\w*|disab\w*|insufficient\w*|problem\w*|incarcerat\w*|vulnerable|guardian\w*|deprived|without (?:consent|informed|legal|capacity|social|health|insurance|access))\b",
    re.IGNORECASE,
)

_BEFORE_IT = re.compile(
    r"\b(?:prior to|before|after|in accordance|according)\b.*|\bconsent process\b", re.IGNORECASE | re.DOTALL
)

_MORE = re.compile(
    r"\b(?:and|or)\b[^.;]*\b(?:follow(?:-up|ing| the| all)?|visits?|comply|compliance|adhere|complete(?! the (?:informed )?consent)|procedures?|schedule|return)\b",
    re.IGNORECASE,
)

_OR_AGREES = re.compile(r"\bor (?:does|do|did|will) not agree\b", re.IGNORECASE)


def _is_half_a_promise(promise: Attestation, said: str) -> bool:
    """`able to stand without help`, `cannot understand or does not agree`: a denial that is none, a second promise that was lost."""
    if not promise.affirmed and not _REFUSED.search(said):
        return True
    if promise.topic == "ability" and _OR_AGREES.search(said):
        return True
    return promise.topic in {"consent", "ability"} and _MORE.search(_BEFORE_IT.sub("", said)) is not None


# What was done in another study, or what the text says of its own lists, is promised by nobody.
_NO_PROMISE = re.compile(
    r"\b(?:did not (?:participate|take part)|(?<!after )(?<!following )(?<!until )complet(?:ed|ion of)|participat(?:ed|ion) in (?!this|the (?:study|trial)\b|study|trial|a\b)|meets? (?:all|any) (?:of )?(?:the )?(?:inclusion|exclusion|eligibility|criteria|following)|"
    r"liv(?:es?|ing) with)\b",
    re.IGNORECASE,
)


def loses_a_test(clause: Clause, found: Sequence[Expr]) -> bool:
    """`must use contraception, and must have a negative pregnancy test`: a promise that took the test with it."""
    promised = [one for one in found if isinstance(one, Attestation) and one.topic == "contraception"]
    if not promised:
        return False
    tested = any(isinstance(one, (Result, ReproState)) and not _is_of_bearing(one) for one in found)
    return not tested and _TESTED.search(clause.said(0, len(clause.tokens))) is not None


def _is_of_bearing(one: Expr) -> bool:
    return isinstance(one, ReproState) and one.state == "child_bearing_potential"


def agrees_in_an_exclusion(clause: Clause, node: And | Or | Attestation, excludes: bool) -> bool:
    """`or informed consent impossible`: nobody is excluded for consenting."""
    parts = node.of if isinstance(node, (And, Or)) else (node,)
    return excludes and any(
        isinstance(one, Attestation) and one.affirmed and one.topic in _WANTED for one in parts
    )


# `patients under legal protection` is no promise at all.
_WANTED = frozenset(
    {"consent", "compliance", "assent", "language", "contraception", "refrain", "access", "ability"}
)

_JOINED = re.compile(r"[,;:.()/]|\b(?:and|or|but|plus)\b", re.IGNORECASE)


def takes_an_object(clause: Clause, node: And | Or, excludes: bool) -> bool:
    """`willing to undergo HIV tests`, `within 30 days of consent`: a thing that belongs to what somebody does."""
    leaves = [list(atoms(one)) for one in node.of]
    for before, after in pairwise(leaves):
        one, other = before[-1], after[0]
        pair = {isinstance(one, Attestation), isinstance(other, Attestation)}
        thing = other if isinstance(one, Attestation) else one
        if pair == {True, False} and isinstance(thing, Trialwise) and not excludes:
            return True  # `treatment plan, laboratory tests and other study procedures`
        if pair == {True, False} and isinstance(thing, Things):
            if isinstance(other, Attestation) and not other.affirmed:
                continue
            if not _JOINED.search(between(clause, one, other)):
                return True
            if isinstance(node, Or) and not excludes:
                return True
            if isinstance(node, Or) and isinstance(one, Attestation) and one.topic == "ability":
                return True
    return False


def swallows_a_list(clause: Clause, node: And | Or | Judgement, excludes: bool) -> bool:
    """`disease which could lead to priapism such as A, B`: names within the words of an opinion."""
    if isinstance(node, (And, Or)) and any(isinstance(one, Judgement) for one in node.of):
        return any(isinstance(one, Judgement) and one.surface.count(" ") > _LONG_OPINION for one in node.of)
    return isinstance(node, Judgement) and _EXAMPLES.search(node.surface) is not None


_LONG_OPINION = 30  # words; a list may have been swallowed

_EXAMPLES = re.compile(r"\b(?:such as|for example|e\.g|including|like)\b", re.IGNORECASE)


def follows_an_opinion(clause: Clause, node: And, excludes: bool) -> bool:
    """`diseases interfering with healing (trauma, etc.)`: examples of what the opinion is about."""
    after = [at for at, one in enumerate(node.of) if isinstance(one, Judgement)]
    return bool(after) and any(isinstance(one, Things) for one in node.of[after[0] + 1 :])


def opines_on_numbers(clause: Clause, node: And, excludes: bool) -> bool:
    """`ALT > 2 x ULN or any other result that the investigator thinks important`: an opinion of the last alone."""
    return any(isinstance(one, Judgement) for one in node.of) and any(
        isinstance(one, Or) and any(isinstance(leaf, Quantity) for leaf in one.of) for one in node.of
    )
