"""Heads of lists: `at least two of the following:` and what stands below them → one expression, or a mere heading."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from trialist.criteria.criterion import Computability, Modality, Polarity
from trialist.criteria.lexicon import glue_words, word_set
from trialist.criteria.nodes import (
    Alternatives,
    And,
    AtLeast,
    Atom,
    Attestation,
    Biomarker,
    Concept,
    Count,
    Demographic,
    ExceptWhen,
    Exposure,
    Expr,
    Not,
    Opaque,
    Ordinal,
    Quantity,
    ReproState,
    Result,
    atoms,
    join_all,
    join_any,
)
from trialist.criteria.statement import Reading, with_expr

_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "either": 1, "any": 1}
_COUNT = re.compile(
    r"\b(?:at least|≥|minimum of|a minimum of)[ ]?(?P<least>one|two|three|four|five|[1-6])(?:[ ]\(?[1-6]\)?)?[ ](?:or more[ ])?(?:\w+[ ]){0,3}?(?:of|from|criteri|following|risk factors)|"
    r"\b(?P<more>one|two|three|four|[1-6])(?:[ ]\([1-6]\))?[ ]or[ ]more[ ](?:of|from|\w+)|\b(?P<plain>one|two|three|four|any|either)(?:[ ]one)?(?:[ ]\([1-6]\))?[ ](?:\w+[ ]){0,2}?(?:of|from)[ ](?:the[ ])?(?:\w+[ ]){0,3}?(?:following|these|below|criteria)|"
    r"\b(?P<either>either)[ ]*:|\bone of\b[^.]{0,40}:[ ]*$|(?P<anyof>\bany of\b)",
    re.IGNORECASE,
)
_ALL = re.compile(
    r"\b(?:all|each|both)\b[^.]{0,30}\b(?:following|of these|criteria|below|conditions)\b|\bboth\b[^.]{0,20}:",
    re.IGNORECASE,
)
_DEFINES = re.compile(
    r"\b(?:defined (?:as|by)|as (?:defined|evidenced|demonstrated|determined|indicated|documented|shown) by|including|as follows|criteria|requirements?|must (?:have|meet|be|fulfill?|satisfy)|"
    r"adequate|sufficient|acceptable|laborator\w+|parameters|values|function|organ|characterized by|meet(?:s|ing)?|fulfil\w*)\b",
    re.IGNORECASE,
)
# What a name means is said by the list, and not whether one item of it is enough.
_MEANS = re.compile(
    r"\b(?:defined (?:as|by)|characteri[sz]ed by|(?:evidenced|manifested|demonstrated|indicated|shown|documented) by|definition|diagnosed by)\b[^.]{0,40}\W*$",
    re.IGNORECASE,
)
_SUFFICES = re.compile(
    r"\b(?:adequate|sufficient|acceptable|normal|reserve|organs?|laborator\w*|functions?|stable|all|each|both)\b",
    re.IGNORECASE,
)
_EMPTY = word_set("of_lists")
_JOINED = re.compile(
    r"\b(?:with|and|plus|who have|having|have|has|meeting|meets?)\b[^.;,]{0,40}$", re.IGNORECASE
)

_OF_HEADS = word_set("of_heads")
_SAYS = (Concept, Exposure, Biomarker, Quantity, Ordinal, Result, Demographic, ReproState, Count)
_LIMITS = (Quantity, Ordinal, Result, Demographic, ReproState)
_GENERAL = frozenset({"concomitant_disease", "concomitant_medication", "prior_therapy", "medication", "medications", "therapy", "good_health", "healthy_volunteer"})  # fmt: skip
_DEFINED = re.compile(
    r"\b(?:defined|characteri[sz]ed|evidenced|indicated|demonstrated|determined|shown|documented|measured|based|classified)\b[^.;]{0,80}$",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"\W*definition of\b.*|[^:]{0,60}\b(?:criteria|requirements|characteristics|values|tests|status)\W*",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\W*(?:if|in case of|(?:for|in|among)(?! (?:inclusion|enrol|eligib|entry|particip|this|addition|order|the (?:study|trial|purpose|present|phase)|study|trial|example|all |at least)))\b[^.;]*:\W*$",
    re.IGNORECASE,
)
_SHORT = 4  # words; what is so short and not understood is a title
_LONG = 12  # words; what is so long says more than that a list stands behind it
_EXCEPTS = re.compile(
    r"\b(?:except(?:ions?|ing)?(?: (?:that|for|if|when|are|include|of))?|unless|other than|apart from|aside from|excluding)(?: the following| (?:are|is) as follows|\s*\([^)]*\))*\W*$|\bexceptions?\W*\([^)]*\)\W*$|\b(?:exceptions? of|except(?: for)?) (?:any of )?the following[^:]{0,70}:\W*$",
    re.IGNORECASE,
)
_INCLUDES = re.compile(
    r"\b(?:including|includes?|such as|e\.?g\.?,?|for example|notably|for instance)(?:,? (?:but|and)? ?(?:is |are )?not (?:be )?limited to)?(?: (?:any|one|either|all) of)?(?: the following| these)?(?: \w+)?\W*$|\bincluding\b[^.;:]{0,100}\bfollowing\b[^.;:]{0,50}:\W*$",
    re.IGNORECASE,
)
_SENTENCE_BEFORE = re.compile(r"[a-z)]\. [A-Z]")
# What stands behind the colon completes the sentence.
_GOES_ON = re.compile(
    r"\b(?:that|which|who|if|when|and|with|is|are|has|have|had|due to|caused by|because of|resulting from|related to|secondary to|for|of|in|to|by)\W*$",
    re.IGNORECASE,
)

# `Obesity-related`: what the items are about, and nothing that is asked for.
_NAMES_A_GROUP = re.compile(r"\W*(?:\w+[- /]){0,5}\w+[- ](?:related|specific)\W*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Composed:
    """The head's reading; `owns_children` says that they decide only through it."""

    reading: Reading
    owns_children: bool


def _announces(text: str) -> bool:
    """Whether a list stands below: it ends as the head of one."""
    return text.rstrip().endswith((":", "-")) or bool(re.search(r"following\W*$", text, re.IGNORECASE))


def compose(
    text: str, polarity: Polarity, head: Reading, below: Sequence[Reading], is_joined: bool = False
) -> Composed:
    """A head of a list with the items below it; `is_joined` says that one of these ends in `and` or `or`."""
    parts = [one.expr for one in below if one.modality in {Modality.REQUIRED, Modality.HEADER} and _says(one)]
    count = _COUNT.search(text)
    every = _ALL.search(text)
    own = _own_part(text, head, count)
    if _NAMES_A_GROUP.fullmatch(text) or (count is None and _CONDITION.match(text)):
        return Composed(_header(head), owns_children=False)
    if not parts or (count is None and every is None and not _announces(text)):
        return Composed(head, owns_children=False)
    least = _least(count) if count is not None else 1
    said_of_all = own if _EXCEPTS.search(text) else _own_part_beside(text, head, own)
    if said_of_all is not None and (found := _with_its_instances(text, polarity, head, said_of_all, parts)):
        return found
    if polarity is Polarity.EXCLUSION:
        return _of_exclusions(text, head, (own, said_of_all), (count, every), parts)
    if every is not None and count is None:
        return Composed(_header(head) if said_of_all is None else _required(head), owns_children=False)
    if count is not None:
        combined = AtLeast(least, tuple(parts)) if 1 < least <= len(parts) else _any(parts)
        return Composed(_joined(head, own, combined), owns_children=True)
    # `Severe illness is defined as:`, with three signs below: one of them or all
    is_meant = not is_joined and _MEANS.search(text) is not None and _SUFFICES.search(text) is None
    if len(parts) == 1 or (not is_meant and (_are_thresholds(parts) or _DEFINES.search(text))):
        return Composed(_header(head) if said_of_all is None else _required(head), owns_children=False)
    choice = Alternatives((_any(parts), _all(parts)))
    return Composed(_joined(head, said_of_all, choice), owns_children=True)


def _of_exclusions(
    text: str,
    head: Reading,
    owns: tuple[Expr | None, Expr | None],
    said: tuple[re.Match[str] | None, re.Match[str] | None],
    parts: Sequence[Expr],
) -> Composed:
    """The head of a list of what excludes: each item does, unless several of them are asked for or the head narrows them."""
    (own, said_of_all), (count, every) = owns, said
    least = _least(count) if count is not None else 1
    if every is not None:
        return Composed(_joined(head, own, _all(parts)), owns_children=True)
    if least > 1 and least <= len(parts):
        return Composed(_joined(head, own, AtLeast(least, tuple(parts))), owns_children=True)
    if count is not None and own is not None and _JOINED.search(text[: count.start()]):
        return Composed(_joined(head, own, _any(parts)), owns_children=True)
    if said_of_all is not None and _GOES_ON.search(text):
        return Composed(_joined(head, said_of_all, _any(parts)), owns_children=True)
    stands = said_of_all is not None and _stands(text, said_of_all)
    return Composed(_required(head) if stands else _header(head), owns_children=False)


def announced(text: str, polarity: Polarity, head: Reading) -> Reading:
    """A line that announces others below which nothing was found: a header, unless it asks for something itself.

    `Diagnosis of COPD, and the following criteria:` asks for the disease, and what else is asked for stands elsewhere.
    """
    own = _own_part_beside(text, head, _own_part(text, head, None))
    is_long = len(text.split()) > _LONG
    if own is None or (polarity is Polarity.EXCLUSION and not is_long and not _stands(text, own)):
        return _header(head)
    if any(isinstance(one, Opaque) for one in atoms(head.expr)):
        return _required(head)
    whole = Opaque(text, next(atoms(head.expr)).span)
    return with_expr(head, Alternatives((head.expr, whole)), _required(head).modality)


def _stands(text: str, own: Expr) -> bool:
    """Whether the head of a list of what excludes excludes by itself as well."""
    return (
        _SENTENCE_BEFORE.search(text) is not None
        or _INCLUDES.search(text) is not None
        or any(isinstance(one, (*_LIMITS, Count)) for one in atoms(own))
    )


def condition_of(text: str, head: Reading) -> Expr | None:
    """`If female:`, `For patients with X:`: of whom alone what stands below is asked; None where a head is no condition."""
    if head.modality is not Modality.HEADER or _CONDITION.match(text) is None:
        return None
    return head.guard or head.expr


def _own_part_beside(text: str, head: Reading, own: Expr | None) -> Expr | None:
    """What is asked for by a head besides the list; None where its words only announce that, or the list defines them."""
    if own is not None and any(isinstance(one, _SAYS) and not _is_general(one, text) for one in atoms(own)):
        return own
    if head.guard is not None or _DEFINED.search(text) or _ABOUT.fullmatch(text):
        return None
    words = [
        word
        for word in re.findall(r"[A-Za-z][A-Za-z'-]+", text.lower())
        if word not in glue_words() and word not in _EMPTY and word not in _OF_HEADS
    ]
    said = all(isinstance(one, Opaque) for one in atoms(head.expr))
    return head.expr if words and said and len(text.split()) > _SHORT else None


def _is_general(one: Atom, text: str) -> bool:
    """`concomitant disease`, `medication`: what is meant is what the list says; `Plasma donation:` is a title."""
    is_free = isinstance(one, (Concept, Exposure)) and not one.concept_id and not one.broader
    if is_free and len(text.split()) < _SHORT:
        return True
    return getattr(one, "concept_id", "") in _GENERAL or getattr(one, "surface", "").lower() in _GENERAL


def _names_exceptions(one: Expr) -> bool:
    return isinstance(one, Opaque) and _EXCEPTS.search(one.text) is not None


def _with_its_instances(
    text: str, polarity: Polarity, head: Reading, own: Expr, parts: Sequence[Expr]
) -> Composed | None:
    """`X, with the following exceptions:`, `X, including:`: what the items are of what the head says; None where it says neither."""
    if _EXCEPTS.search(text):
        main = own.main if isinstance(own, ExceptWhen) else own
        if isinstance(main, And):  # the words of the exception itself
            main = join_all([one for one in main.of if not _names_exceptions(one)] or [main])
        whole: Expr = ExceptWhen(main, _any(parts))
        if polarity is Polarity.INCLUSION:
            whole = Alternatives((whole, join_any([main, *parts])))
        return Composed(with_expr(head, whole, Modality.REQUIRED), owns_children=True)
    if not _INCLUDES.search(text):
        return None
    if polarity is Polarity.EXCLUSION:
        return Composed(
            _required(head), owns_children=False
        )  # each of them excludes, and so does all that the head names
    if _are_thresholds(parts) or any(isinstance(one, _LIMITS) for one in atoms(own)):
        return Composed(_required(head), owns_children=False)
    narrow = Not(_any(parts)) if isinstance(own, Not) else _any(parts)
    return Composed(
        with_expr(head, Alternatives((own, join_all([own, narrow]))), Modality.REQUIRED), owns_children=True
    )


def _required(head: Reading) -> Reading:
    """A head that asks for something by itself as well."""
    return head if head.modality is Modality.PERMISSIVE else replace(head, modality=Modality.REQUIRED)


def _least(count: re.Match[str]) -> int:
    said = next((one for one in count.groups() if one), "one").lower()
    return int(said) if said.isdigit() else _NUMBERS.get(said, 1)


def _own_part(text: str, head: Reading, count: re.Match[str] | None) -> Expr | None:
    """What a head says besides naming the list; None when nothing of it was understood."""
    if not head.understood or re.search(r"\bdefined (?:as|by)\b", text, re.IGNORECASE):
        return None  # the list says what its name means
    if all(isinstance(one, Opaque) for one in atoms(head.expr)):
        rest = text if count is None else text[: count.start()] + " " + text[count.end() :]
        words = [
            word
            for word in re.findall(r"[A-Za-z][A-Za-z'-]+|[0-9]+", rest.lower())
            if word not in glue_words() and word not in _EMPTY
        ]
        return head.expr if words and count is not None else None
    return head.expr


def _says(reading: Reading) -> bool:
    return reading.modality is not Modality.HEADER or reading.understood


def _header(head: Reading) -> Reading:
    """A head that only heads: it decides nothing, its items do."""
    return replace(head, modality=Modality.HEADER)


def _joined(head: Reading, own: Expr | None, combined: Expr) -> Reading:
    expr = combined if own is None else join_all([own, combined])
    reading = with_expr(head, expr, Modality.REQUIRED)
    if head.modality is Modality.PERMISSIVE:
        reading = replace(reading, modality=Modality.PERMISSIVE)
    return (
        reading
        if reading.computability is not Computability.OPAQUE
        else replace(reading, modality=Modality.REQUIRED)
    )


def _any(parts: Sequence[Expr]) -> Expr:
    return join_any(list(parts))


def _all(parts: Sequence[Expr]) -> Expr:
    return join_all(list(parts))


def _are_thresholds(parts: Sequence[Expr]) -> bool:
    """Whether most items are thresholds or statements that hold together, not names of alternatives."""
    kinds = [
        isinstance(part, Not)
        or any(isinstance(one, (Quantity, Ordinal, Attestation, Demographic, Result)) for one in atoms(part))
        for part in parts
    ]
    return sum(kinds) * 2 > len(kinds)
