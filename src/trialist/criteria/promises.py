"""What a promise or another trial says beyond its topic: the whole stretch of words that it stands for, and who gives a promise."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trialist.criteria.clause import Clause
from trialist.criteria.nodes import (
    And,
    Attestation,
    Exposure,
    Expr,
    Not,
    Or,
    ReproState,
    Span,
    Trialwise,
    atoms,
    join_all,
    join_any,
    nodes,
    rebuilt,
)
from trialist.criteria.piece import Piece
from trialist.criteria.quick import replace

_WHO = re.compile(
    r"\b(?:(?P<patient>(?:patient|subject|participant|volunteer|donor|child)s?\b(?!['’]?s?['’]? (?:legal(?:ly)? |authori[sz]ed )*(?:parent|guardian|represent|caregiver|carer|famil|relative|mother|father|partner)))"
    r"|(?P<parent>parents?\b(?! study| trial| protocol)|parental|mothers?|fathers?)"
    r"|(?P<guardian>guardians?)\b"
    r"|(?P<representative>representatives?\b(?! of the| sample)|lar\b|surrogates?|prox(?:y|ies)|substitute decision|delegates?)"
    r"|(?P<relative>relatives?\b(?! to)|next of kin|kin\b|famil(?:y|ies)\b(?! history)|family members?|spouses?)"
    r"|(?P<caregiver>care-?[ ]?givers?|carers?|caretakers?))",
    re.IGNORECASE,
)
_BOTH = re.compile(r"\band\b(?!/)|\bas well as\b|&", re.IGNORECASE)
_EITHER = re.compile(r"\bor\b|/", re.IGNORECASE)
# `consent, or that of a guardian`, `(in case of incapacity: a guardian)`: the patient's own as well
_OR_ANOTHER = re.compile(
    r"\bor (?:(?!un|not|refus)\w+ ){0,3}$|/ ?$|\b(?:in case|if|when|unless|where)\b[^;.]*$", re.IGNORECASE
)
_NAMES: Mapping[str, str] = {"guardian": "legal guardian", "representative": "legal representative"}
_Told = Attestation | Trialwise
_OF_THE_PATIENT = frozenset({"contraception", "access", "protected"})
_WHEN = frozenset({"current", "planned", "history", "given"})  # of what stands behind, and of no table
_JOINTS = frozenset({"and", "or", "and/or", "but", "nor", "as", "well"})
_EXAMPLES = frozenset({"e.g", "i.e", "eg", "ie", "including", "such"})


def given_by(topic: str, said: str) -> str:
    """Who gives a promise, each who is named: `patient or legal guardian`."""
    if topic in _OF_THE_PATIENT:
        return "patient"
    found = ""
    named: set[str] = set()
    last = 0
    for match in _WHO.finditer(said):
        who = next(name for name, words in match.groupdict().items() if words)
        if who not in named:
            between = said[last : match.start()]
            both = _BOTH.search(between) is not None and _EITHER.search(between) is None
            if not found:
                joint = "patient or " if who != "patient" and _OR_ANOTHER.search(between) else ""
            else:
                joint = " and " if both else " or "
            found += joint + _NAMES.get(who, who)
            named.add(who)
        last = match.end()
    return found or "patient"


_A_THING = (
    r"(?:abnormalit\w+|disease|diseases|disorders?|illness(?:es)?|syndromes?|psychos[ei]s|retardation|dysfunctions?|impairments?|deficits?|"
    r"psychiatric|addict\w+|depress\w+|infections?|infected|tumou?rs?|cancers?|allerg\w+|deafness|blindness|aphasia|disabilit\w+|(?:ab)?use of|abuse)"
)
_THING = re.compile(
    rf"\b{_A_THING}\b[^;.]*(?:,|\bor\b|/)|(?:,|\bor\b|/)(?! (?:un|not|refus))[^;.]*\b{_A_THING}\b",
    re.IGNORECASE,
)


_CUT = re.compile(r"\b(?:and|or|to|of|the|in|with)$", re.IGNORECASE)


def is_cut(promise: Attestation) -> bool:
    """`speak, read and` before another promise: where the one ends and the other begins was read wrongly."""
    return _CUT.search(promise.surface) is not None


def swallows_a_thing(promise: Attestation, excludes: bool) -> bool:
    """`with abnormalities or unwilling to cooperate`: words of a promise that name what is no promise."""
    return (
        excludes
        and promise.topic not in {"protected", "contraception"}
        and _THING.search(promise.surface) is not None
    )


def is_no_plain_promise(clause: Clause, node: Attestation, excludes: bool) -> bool:
    """Names within the words of a promise; what is required, read as a refusal of it."""
    refuses = not excludes and not node.affirmed and node.topic in {"consent", "assent", "compliance"}
    return refuses or is_cut(node) or swallows_a_thing(node, excludes)


def with_their_words(clause: Clause, pieces: Sequence[Piece], expr: Expr) -> Expr:
    """The promises and other trials of a reading with all the words around them that stand for nothing else.

    Where these alone were read, every word is of one of them; beside other things, those that no piece took.
    """
    every = list(atoms(expr))
    promised = [one for one in every if isinstance(one, _Told)]
    if not promised or not clause.tokens:
        return expr
    starts = [clause.span(at, at + 1).start for at in range(len(clause.tokens))]
    places = {one.span: _place(starts, one.span) for one in promised}
    own = sorted(set(places.values()))
    alone = len(promised) == len(every)
    if alone and any(isinstance(one, Not) for one in nodes(expr)):  # what is denied does not say so again
        own = sorted({*own, *((one.first, one.last) for one in pieces if one.kind == "negation")})
    hard = (
        own
        if alone
        else sorted({(one.first, one.last) for one in pieces if one.kind not in _WHEN} | set(own))
    )
    reach = {}
    for span, (first, last) in places.items():
        lower = max((end for _, end in hard if end <= first), default=0)
        upper = min((begin for begin, _ in hard if begin >= last), default=len(starts))
        if alone:  # what stands between two is of the second from the joint on
            upper = _next_joint(clause, last, upper)
            lower = _next_joint(clause, lower, first) if lower else 0
        reach[span] = (lower, upper)
    return _Telling(clause, places, reach).told(expr)


def _place(starts: Sequence[int], span: Span) -> tuple[int, int]:
    """The tokens within a raw span."""
    first = sum(start < span.start for start in starts)
    return first, max(first + 1, sum(start < span.end for start in starts))


def _next_joint(clause: Clause, first: int, last: int) -> int:
    """The first joint between two places; the second place where there is none and it is not the end."""
    if last >= len(clause.tokens):
        return last
    found = [at for at in range(first, last) if clause.tokens[at].text in _JOINTS | {",", ";", "."}]
    return found[0] if found else first


def _words(clause: Clause, first: int, last: int) -> str:
    while first < last and _is_joint(clause, first):
        first += 1
    at_the_end = last == len(clause.tokens)
    while at_the_end and first < last and clause.tokens[last - 1].text in _JOINTS | {",", ";", ".", ":"}:
        last -= 1
    said = clause.said(first, last) if first < last else ""
    return " ".join(said.split()).strip(" .,;:-–")


def _is_joint(clause: Clause, at: int) -> bool:
    return clause.tokens[at].text in _JOINTS or clause.tokens[at].kind == "punct"


@dataclass(frozen=True, slots=True)
class _Telling:
    """Where the promises of a clause stand among its tokens, and how far the words of each reach."""

    clause: Clause
    places: Mapping[Span, tuple[int, int]]
    reach: Mapping[Span, tuple[int, int]]

    def told(self, expr: Expr) -> Expr:
        """The expression with the words of its promises; what was parted from its own words is one promise again."""
        match expr:
            case Attestation() | Trialwise():
                return self._with_words(expr, *self.reach.get(expr.span, (0, 0)))
            case And(of):
                return join_all(self._joined(of))
            case Or(of):
                return join_any(self._joined(of))
            case _:
                return rebuilt(expr, self.told)

    def _with_words(self, one: _Told, first: int, last: int) -> Expr:
        words = _words(self.clause, first, last) or one.surface
        if isinstance(one, Trialwise):
            return replace(one, surface=words)
        return replace(one, surface=words, by=given_by(one.topic, words))

    def _joined(self, of: Sequence[Expr]) -> list[Expr]:
        """The members of a list; neighbours that are one promise (`desire to` `participate`, `barriers` (`condoms`)) as one."""
        found: list[Expr] = []
        before: Expr | None = None
        for one in of:
            whole = None if before is None else self._as_one(before, one)
            if whole is not None and before is not None:
                found[-1] = self._with_words(whole, self.reach[_span(before)][0], self.reach[_span(one)][1])
                before = None
                continue
            if isinstance(before, Trialwise) and getattr(one, "time", None) == before.time:
                found[-1] = _of_now(found[-1])
            found.append(self.told(one))
            before = one if isinstance(one, _Told) else None
        return found

    def _as_one(self, one: Expr, other: Expr) -> _Told | None:
        """What two neighbours are together, where they are one; None where each stands for itself."""
        if not isinstance(one, _Told) or not isinstance(other, _Told) or one.span == other.span:
            return None
        last, first = self.places[one.span][1], self.places[other.span][0]
        if first < last:
            return None
        between = [self.clause.tokens[at].text for at in range(last, first)]
        span = Span(one.span.start, other.span.end)
        if isinstance(one, Trialwise) and isinstance(
            other, Trialwise
        ):  # `another trial with` `an investigational drug`
            return (
                replace(one, span=span, time=other.time) if between and _JOINS.isdisjoint(between) else None
            )
        if isinstance(one, Trialwise) or isinstance(other, Trialwise):
            return None
        is_aside = all(
            self.clause.tokens[at].kind == "punct" or self.clause.tokens[at].text in _EXAMPLES
            for at in range(last, first)
        )
        is_same = one.topic == other.topic and one.affirmed == other.affirmed
        leads = one.topic in {"refrain", "ability"} and self.places[one.span][0] + _LEADING_WORDS >= last
        if is_aside if is_same else leads and _JOINS.isdisjoint(between):
            return replace(other, span=span, affirmed=one.affirmed and other.affirmed)
        return None


_LEADING_WORDS = 3  # `who desire` to, `is not able` to: of what follows
_NOW = re.compile(
    r"\b(?:current(?:ly)?|ongoing|concurrent(?:ly)?|simultaneous(?:ly)?|presently|(?:is|are) (?:participating|receiving|taking|enrolled|using|being treated))\b",
    re.IGNORECASE,
)
_THEN = re.compile(r"\b(?:has|have|had|prior|previous\w*|recent\w*|past|or|within)\b", re.IGNORECASE)


def is_of_now(one: Trialwise) -> bool:
    """Whether another trial's own words say that it goes on."""
    return _NOW.search(one.surface) is not None and _THEN.search(one.surface) is None


def _of_now(one: Expr) -> Expr:
    """`is in another trial, or was within 30 days`: the days are of the second alone."""
    return replace(one, time=None) if isinstance(one, Trialwise) and is_of_now(one) else one


def _span(one: Expr) -> Span:
    return next(atoms(one)).span


_JOINS = _JOINTS | {",", ";", ".", ":", "(", ")", "/"}


_PREVENTS = re.compile(r"\b(?:contracepti\w+|birth[- ]control)\b", re.IGNORECASE)
_ABLE_TO_BEAR = re.compile(
    r"\b(?:wom[ae]n|females?|men|males?|child-?[ ]?bearing|reproductive (?:potential|age|capacity)|fertile)\b",
    re.IGNORECASE,
)


def asked_of_some(above: str, guard: Expr | None, expr: Expr | None) -> str:
    """The line above (`birth control for women able to bear children:`), where it says of whom alone a promise or device is asked."""
    if expr is None or isinstance(guard, ReproState) or not _PREVENTS.search(above):
        return ""
    if not any(isinstance(one, Exposure) or _is_prevention(one) for one in atoms(expr)):
        return ""
    return above if _ABLE_TO_BEAR.search(above) else ""


def _is_prevention(one: Expr) -> bool:
    return isinstance(one, Attestation) and one.topic == "contraception"
