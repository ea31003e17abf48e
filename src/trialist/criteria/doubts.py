"""What a reading may have left out or joined wrongly, seen once it stands: it then keeps the words beside itself as a second reading.

Only readings of which every part was understood are asked: the others are open already. Each doubt has a name, kept among
the rules that made a criterion; patterns over the words are in `rules/doubts.toml`, questions about the expression here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import pairwise, takewhile
from typing import Any

from trialist.criteria.account import unaccounted
from trialist.criteria.as_said import is_a_duration, with_allergies_as_said, with_others
from trialist.criteria.beside import (
    dates_a_diagnosis,
    of_one_sex,
    with_current_pregnancy,
    with_diagnosis,
    with_history,
    with_its_definition,
    with_past_or_present,
    with_suspicion,
    with_time_of_one,
)
from trialist.criteria.clause import Clause
from trialist.criteria.lexicon import SEXES, read_rules, variables, word_set
from trialist.criteria.nodes import (
    Alternatives,
    And,
    Attestation,
    Basis,
    Biomarker,
    Concept,
    Count,
    Demographic,
    ExceptWhen,
    Exposure,
    Expr,
    Judgement,
    Not,
    Opaque,
    Or,
    Ordinal,
    Quantity,
    ReproState,
    Result,
    Span,
    Trialwise,
    atoms,
    join_all,
    nodes,
)
from trialist.criteria.piece import Piece
from trialist.criteria.promises import is_no_plain_promise, with_their_words
from trialist.criteria.shapes import strange_shape, with_both_times

_Things = (Concept, Exposure, Result, Biomarker)
_PLAIN = (Demographic, Attestation)


def with_doubt(clause: Clause, pieces: Sequence[Piece], expr: Expr, excludes: bool) -> Expr:
    """The reading; beside it, where something speaks against it, the words themselves as what else it may be."""
    expr = with_their_words(clause, pieces, expr)
    expr = with_others(clause, pieces, with_allergies_as_said(clause, pieces, expr))
    found, read = list(atoms(expr)), expr
    if Opaque in map(type, found):
        return _half_read(clause, expr, found, excludes)
    expr = with_past_or_present(clause, with_suspicion(clause, of_one_sex(clause, expr)))
    expr = with_current_pregnancy(clause, with_diagnosis(clause, with_history(clause, expr)))
    found = found if expr is read else list(atoms(expr))
    if len(found) == 1 and isinstance(expr, _PLAIN) and not _is_odd_alone(clause, expr, excludes):
        return expr
    doubt = _doubt(clause, expr, found, excludes) or strange_shape(clause, expr, found, excludes)
    if not doubt and isinstance(expr, Attestation):
        doubt = "promise"
    if not doubt and is_a_duration(clause, pieces, found):
        doubt = "duration"
    if not doubt:
        left_over = next(unaccounted(clause, pieces, expr), "")
        doubt = f"words/{left_over}" if left_over else ""
    if not doubt:
        return with_time_of_one(with_its_definition(clause, with_both_times(clause, expr)))
    return _or_its_words(clause, expr, doubt)


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
    if is_plain and not _OF_BOTH_SEXES.search(said):
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


def _is_odd_alone(clause: Clause, expr: Demographic | Attestation, excludes: bool) -> bool:
    """Whether a single age or attestation may not be what it seems: an age of then, an exclusion of those who comply."""
    said = clause.said(0, len(clause.tokens))
    if isinstance(expr, Demographic):
        return expr.kind == "age" and (
            any(token.text in _OF_THEN for token in clause.tokens)
            or _AT_A_LATER_VISIT.search(said) is not None
            or _AT_A_VACCINATION.search(said) is not None
        )
    if (
        is_no_plain_promise(clause, expr, excludes)
        or _NO_PROMISE.search(said)
        or _OF_AN_AGE.match(said)
        or _is_half_a_promise(expr, said)
        or _names_one_sex(clause)
        or _asks_some(expr, said)
        or _TESTED.search(said)
        or (expr.topic == "contraception" and not expr.affirmed and not excludes)  # `No contraceptives.`
    ):
        return True
    return _agrees_in_an_exclusion(clause, expr, excludes)


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
    r"\b(?:unable|inability|incapab\w*|cannot|can't|can ?not|not|non|no|unwilling\w*|refus\w+|lack\w*|fail\w*|poor|impair\w*|absence|difficult\w*|declin\w+|impossib\w*|unlikely|noncomplian\w*|incompeten\w*|prison\w*|illitera\w*|barriers?|prevent\w*|prohibit\w*|preclud\w*|interfer\w*|foreg\w*|forg\w*|withhold\w*|disab\w*|insufficient\w*|problem\w*|incarcerat\w*|vulnerable|guardian\w*|deprived|without (?:consent|informed|legal|capacity|social|health|insurance|access))\b",
    re.IGNORECASE,
)
_BEFORE_IT = re.compile(
    r"\b(?:prior to|before|after|in accordance|according)\b.*|\bconsent process\b", re.IGNORECASE | re.DOTALL
)
_MORE = re.compile(
    r"\b(?:and|or)\b[^.;]*\b(?:follow(?:-up|ing| the| all)?|visits?|comply|compliance|adhere|complete|procedures?|schedule|return)\b",
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
    r"\b(?:did not (?:participate|take part)|complet(?:ed|ion of)|participat(?:ed|ion) in (?!this|the (?:study|trial)\b|study|trial|a\b)|meets? (?:all|any) (?:of )?(?:the )?(?:inclusion|exclusion|eligibility|criteria|following)|"
    r"liv(?:es?|ing) with)\b",
    re.IGNORECASE,
)
_AT_A_LATER_VISIT = re.compile(r"\bvisit (?:[2-9]|1[0-9])\b", re.IGNORECASE)
_AT_A_VACCINATION = re.compile(
    r"\b(?:time|day|date|at) (?:of )?(?:the )?(?:first |1st |initial |study |dose of |administration of )*(?:vaccination|immuni[sz]ation|vaccine)",
    re.IGNORECASE,
)
_OF_THEN = frozenset(
    {"diagnosis", "diagnosed", "onset", "transplant", "transplantation", "menopause", "injury"}
)


def _doubt(clause: Clause, expr: Expr, found: Sequence[Expr], excludes: bool) -> str | None:
    """The name of the first doubt about a reading."""
    if any(isinstance(one, (Concept, Exposure)) and _is_no_name(one) for one in found):
        return "no_name"
    if dates_a_diagnosis(clause, expr):
        return "time_of_diagnosis"
    if any(_contradicts_itself(one) for one in found):
        return "opposites"
    if _loses_a_test(clause, found):
        return "test_lost"
    words = clause.words
    said = clause.said(0, len(clause.tokens))
    by_word = _patterns_by_word()
    for at in sorted({at for word in words & by_word.keys() for at in by_word[word]}):
        one = _patterns()[at]
        if (
            len(found) >= one.atoms
            and (excludes or not one.only_excludes)
            and (not one.beside or not one.beside.isdisjoint(type(atom).__name__ for atom in found))
            and one.pattern.search(said)
        ):
            return one.name
    if not words.isdisjoint(_UNITS) and _loses_a_time(clause, found):
        return "time_lost"
    for node in nodes(expr):
        for name, asks in _OF_KIND.get(type(node), ()):
            if asks(clause, node, excludes):
                return name
    return None


_OPPOSITES = (
    {"active", "inactive"}, {"treated", "untreated"}, {"controlled", "uncontrolled"}, {"stable", "unstable"}, {"acute", "chronic"},
    {"symptomatic", "asymptomatic"}, {"resolved", "unresolved"}, {"benign", "malignant"}, {"resectable", "unresectable"},
)  # fmt: skip


def _loses_a_test(clause: Clause, found: Sequence[Expr]) -> bool:
    """`must use contraception, and must have a negative pregnancy test`: a promise that took the test with it."""
    promised = [one for one in found if isinstance(one, Attestation) and one.topic == "contraception"]
    if not promised:
        return False
    tested = any(isinstance(one, (Result, ReproState)) and not _is_of_bearing(one) for one in found)
    return not tested and _TESTED.search(clause.said(0, len(clause.tokens))) is not None


def _is_of_bearing(one: Expr) -> bool:
    return isinstance(one, ReproState) and one.state == "child_bearing_potential"


def _contradicts_itself(one: Expr) -> bool:
    """`meningitis (active or inactive)`: a choice that was read as both at once."""
    status = getattr(one, "status", ())
    return len(status) > 1 and any(pair.issubset(status) for pair in _OPPOSITES)


@cache
def _rules() -> Mapping[str, Any]:
    return read_rules("doubts.toml")


@dataclass(frozen=True, slots=True)
class _Words:
    """A pattern that raises a doubt: the words without which it is not tried, of how many atoms at least, beside which kinds."""

    name: str
    pattern: re.Pattern[str]
    needs: frozenset[str]
    atoms: int
    beside: frozenset[str]
    only_excludes: bool


@cache
def _patterns() -> tuple[_Words, ...]:
    return tuple(
        _Words(
            name,
            re.compile(row["words"], re.IGNORECASE),
            frozenset(row["needs"].split()),
            int(row.get("atoms", "1")),
            frozenset(row.get("beside", "").split()),
            row.get("in", "") == "exclusion",
        )
        for name, row in _rules()["doubts"].items()
    )


@cache
def _patterns_by_word() -> Mapping[str, tuple[int, ...]]:
    """For each word that a pattern needs, the places of the patterns that need it."""
    found: dict[str, tuple[int, ...]] = {}
    for at, one in enumerate(_patterns()):
        for word in one.needs:
            found[word] = (*found.get(word, ()), at)
    return found


@cache
def _no_names() -> tuple[frozenset[str], re.Pattern[str]]:
    names = _rules()["no_names"]
    return frozenset(names["words"].split()), re.compile(names["pattern"], re.IGNORECASE)


def _is_no_name(one: Concept | Exposure) -> bool:
    """Whether what was taken for a name is a word of the sentence around it."""
    cause = getattr(one, "caused_by", "") or getattr(one, "not_caused_by", "")
    if cause and _CLAUSE_WITHIN.search(cause):
        return True
    if one.concept_id or one.broader:
        return False
    words, pattern = _no_names()
    surface = one.surface.lower()
    if isinstance(one, Concept) and one.domain == "condition" and _IS_GIVEN.search(surface):
        return True
    return surface in words or _SITES.issuperset(surface.split()) or pattern.search(surface) is not None


# What is given is no disease: `anti-obesity agents`.
_SITES = word_set("body_sites") | word_set("beside_body_sites")
_IS_GIVEN = re.compile(
    r"\b(?:agents?|drugs?|medications?|medicines?|therap(?:y|ies)|inhibitors?|blockers?|supplements?|vaccines?|products?)$"
)
_CLAUSE_WITHIN = re.compile(r"\b(?:has|have|is|are|was|were)\b|[0-9]")

_UNITS = word_set("units_of_time")
_TIME = re.compile(
    r"(?<![\w.])(?P<number>[0-9]+(?:\.[0-9]+)?|one|two|three|four|five|six|eight|twelve)[ -]+(?:days?|weeks?|wks?|months?|years?|yrs?|hours?|hrs?|h|half-lives)\b",
    re.IGNORECASE,
)
_NUMBERS = dict(
    zip(
        ("one", "two", "three", "four", "five", "six", "eight", "twelve"),
        (1, 2, 3, 4, 5, 6, 8, 12),
        strict=True,
    )
)


def _loses_a_time(clause: Clause, found: Sequence[Expr]) -> bool:
    """Whether a length of time stands in the words and in nothing that was read."""
    numbers: set[Decimal] = set()
    spans: list[tuple[int, int]] = []
    for one in found:
        window = getattr(one, "time", None)
        for interval in (getattr(one, "interval", None), getattr(window, "length", None)):
            if interval is not None:
                numbers.update(end for end in (interval.lower, interval.upper) if end is not None)
        if window is not None and window.or_half_lives is not None:
            numbers.add(window.or_half_lives)
        span = getattr(one, "span", None)
        if span is not None:
            spans.append((span.start, span.end))
    first = clause.tokens[0].start
    for place in _TIME.finditer(clause.text, first, clause.tokens[-1].end):
        said = place["number"].lower()
        if Decimal(_NUMBERS.get(said, said)) in numbers or any(isinstance(one, Demographic) for one in found):
            continue
        raw = clause.locate(place.start(), place.end())
        # the unit may stand behind words that were not understood with the number in them
        if not any(start <= raw.start < end for start, end in spans):
            return True
    return False


# --- questions about a part of the expression --------------------------------------------------------------------------


def _between(clause: Clause, one: Expr, other: Expr) -> str:
    """The words between two atoms."""
    first, second = getattr(one, "span", None), getattr(other, "span", None)
    if first is None or second is None or second.start < first.end:
        return ""
    places = [
        token
        for at, token in enumerate(clause.tokens)
        if first.end <= clause.span(at, at + 1).start < second.start
    ]
    return clause.text[places[0].start : places[-1].end] if places else ""


_JOINED = re.compile(r"[,;:.()/]|\b(?:and|or|but|plus)\b", re.IGNORECASE)


def _takes_an_object(clause: Clause, node: Expr, excludes: bool) -> bool:
    """`willing to undergo HIV tests`, `within 30 days of consent`: a thing that belongs to what somebody does."""
    if not isinstance(node, (And, Or)):
        return False
    leaves = [list(atoms(one)) for one in node.of]
    for before, after in pairwise(leaves):
        one, other = before[-1], after[0]
        pair = {isinstance(one, Attestation), isinstance(other, Attestation)}
        thing = other if isinstance(one, Attestation) else one
        if pair == {True, False} and isinstance(thing, Trialwise) and not excludes:
            return True  # `treatment plan, laboratory tests and other study procedures`
        if pair == {True, False} and isinstance(thing, _Things):
            if isinstance(other, Attestation) and not other.affirmed:
                continue
            if not _JOINED.search(_between(clause, one, other)):
                return True
            if isinstance(node, Or) and not excludes:
                return True
            if isinstance(node, Or) and isinstance(one, Attestation) and one.topic == "ability":
                return True
    return False


_ANYTHING_DONE = frozenset(
    {"surgery", "surgical procedure", "surgeries", "operation", "medication", "medications", "therapy", "treatment", "drug", "drugs", "procedure"}
)  # fmt: skip


def _aims_at_a_disease(clause: Clause, node: Expr, excludes: bool) -> bool:
    """`surgery for glaucoma`: what was done for it, and not anything done beside the disease."""
    if not isinstance(node, And):
        return False
    first, last = node.of[0], node.of[-1]
    done = [one for one in atoms(first) if isinstance(one, Exposure)][-1:]
    return (
        bool(done)
        and isinstance(last, Concept)
        and done[0].surface.lower() in _ANYTHING_DONE
        and re.search(r"\bfor\b", _between(clause, done[0], last)) is not None
    )


_WITHIN = re.compile(r"\W*(?:in|within|inside) (?:the |an? |his |her |their )*$", re.IGNORECASE)


def _is_within_another(clause: Clause, node: Expr, excludes: bool) -> bool:
    """`malignancy in the wound`: where something is, and not two things at once."""
    if not isinstance(node, And):
        return False
    return any(
        isinstance(one, Concept)
        and isinstance(other, Concept)
        and _WITHIN.match(_between(clause, one, other) + " ") is not None
        for one, other in pairwise(node.of)
    )


def _chooses_an_age(clause: Clause, node: Expr, excludes: bool) -> bool:
    """`healthy male and/or female subjects aged 18 to 55`: nobody is asked for an age instead of something else."""
    if not isinstance(node, Or) or excludes:
        return False
    ages = [isinstance(one, Demographic) and one.kind == "age" for one in node.of]
    return any(ages) and not all(ages)


def _agrees_in_an_exclusion(clause: Clause, node: Expr, excludes: bool) -> bool:
    """`or informed consent impossible`: nobody is excluded for consenting."""
    parts = node.of if isinstance(node, (And, Or)) else (node,)
    return excludes and any(
        isinstance(one, Attestation) and one.affirmed and one.topic in _WANTED for one in parts
    )


# `patients under legal protection` is no promise at all.
_WANTED = frozenset(
    {"consent", "compliance", "assent", "language", "contraception", "refrain", "access", "ability"}
)


def _excepts_itself(clause: Clause, node: Expr, excludes: bool) -> bool:
    """`emapalumab, unless emapalumab is no longer detectable`: an exception that takes everything away."""
    if not isinstance(node, ExceptWhen):
        return False
    names = {_name(one) for one in atoms(node.main)} - {""}
    return any(_name(one) in names and not _limits(one) for one in atoms(node.exception))


def _name(one: Expr) -> str:
    return getattr(one, "concept_id", "") or getattr(one, "surface", "").lower()


def _limits(one: Expr) -> bool:
    return any(getattr(one, name, "") for name in ("status", "severity", "role", "time", "temporality"))


def _excepts_in_doubt(clause: Clause, node: Expr, excludes: bool) -> bool:
    """An exception whose own limits may be of one of its members or of all, or of what it is taken from."""
    if not isinstance(node, ExceptWhen):
        return False
    if isinstance(node.main, Or) and any(getattr(one, "examples", ()) for one in atoms(node.main)):
        return True
    exception = node.exception
    if isinstance(exception, And) and any(isinstance(one, Exposure) for one in exception.of):
        return any(isinstance(one, Concept) for one in exception.of)
    timed = [getattr(one, "time", None) is not None for one in atoms(exception)]
    return isinstance(exception, Or) and any(timed)


def _bears_beside_an_allergy(clause: Clause, node: Expr, excludes: bool) -> bool:
    """`allergy to inhibitors (aspirin and clopidogrel)`: the drugs are what cannot be borne, not what is taken."""
    if not isinstance(node, And):
        return False
    allergies = sum(isinstance(one, Concept) and one.domain == "allergy" for one in node.of)
    given = any(isinstance(leaf, Exposure) for one in node.of for leaf in atoms(one))
    is_gloss = allergies > 1 and not any(token.text == "and" for token in clause.tokens)
    return is_gloss or (allergies > 0 and given)  # `allergic to lidocaine (a numbing agent)`


def _opines_on_numbers(clause: Clause, node: Expr, excludes: bool) -> bool:
    """`ALT > 2 x ULN or any other result that the investigator thinks important`: an opinion of the last alone."""
    return (
        isinstance(node, And)
        and any(isinstance(one, Judgement) for one in node.of)
        and any(isinstance(one, Or) and any(isinstance(leaf, Quantity) for leaf in one.of) for one in node.of)
    )


def _exemplifies_another(clause: Clause, node: Expr, excludes: bool) -> bool:
    """`disease requiring immunosuppression, such as lupus`: diseases are no examples of a treatment."""
    if not isinstance(node, Or):
        return False
    named = {word for one in node.of if isinstance(one, Exposure) for word in one.examples}
    return bool(named) and any(
        isinstance(one, Concept) and one.domain == "condition" and one.surface in named for one in atoms(node)
    )


def _swallows_a_list(clause: Clause, node: Expr, excludes: bool) -> bool:
    """`disease which could lead to priapism such as A, B`: names within the words of an opinion."""
    if isinstance(node, (And, Or)) and any(isinstance(one, Judgement) for one in node.of):
        return any(isinstance(one, Judgement) and one.surface.count(" ") > _LONG_OPINION for one in node.of)
    return isinstance(node, Judgement) and _EXAMPLES.search(node.surface) is not None


_LONG_OPINION = 30  # words; a list may have been swallowed


def _follows_an_opinion(clause: Clause, node: Expr, excludes: bool) -> bool:
    """`diseases interfering with healing (trauma, etc.)`: examples of what the opinion is about."""
    if not isinstance(node, And):
        return False
    after = [at for at, one in enumerate(node.of) if isinstance(one, Judgement)]
    return bool(after) and any(isinstance(one, _Things) for one in node.of[after[0] + 1 :])


def _is_a_stage_of_nothing(clause: Clause, node: Expr, excludes: bool) -> bool:
    """`stage III, IV or recurrent lymphoma`: the stages are of the lymphoma as well."""
    return (
        isinstance(node, Or)
        and any(isinstance(one, Ordinal) and one.scale == "cancer_stage" for one in node.of)
        and any(isinstance(one, Concept) for one in node.of)
    )


_EXAMPLES = re.compile(r"\b(?:such as|for example|e\.g|including|like)\b", re.IGNORECASE)


def _denies_a_limit(clause: Clause, node: Expr, excludes: bool) -> bool:
    """`No organ dysfunction: ejection fraction > 45 %`: what says what is meant, or begins anew, below a negation."""
    if not isinstance(node, Not):
        return False
    found = list(atoms(node.of))
    if isinstance(node.of, And) and any(isinstance(one, Attestation) for one in node.of.of):
        return True
    if excludes and isinstance(node.of, (Trialwise, Attestation)):
        return True
    mixed = any(isinstance(one, Quantity) for one in found) and any(isinstance(one, _Things) for one in found)
    ahead = any(
        (window := getattr(one, "time", None)) is not None
        and window.length is not None
        and window.length.upper is None
        for one in found
    )
    return (mixed and isinstance(node.of, And)) or ahead


def _counts_from_an_event(clause: Clause, node: Expr, excludes: bool) -> bool:
    """`within 12 months of active treatment with any chemotherapy, radiation or …`: one time for a list that goes on."""
    if not isinstance(node, Or):
        return False
    windows = [getattr(one, "time", None) for one in node.of]
    return any(
        window is not None and window.anchor == "event" and window.length is not None for window in windows
    ) and any(window is None for window in windows)


def _sees_by_several(clause: Clause, node: Expr, excludes: bool) -> bool:
    """`LVEF < 40 % by MUGA, angiography or echocardiography`: ways to see one thing, read as other things."""
    if not isinstance(node, Or):
        return False
    first = node.of[0]
    leaves = list(atoms(first))
    return (
        len(leaves) > 0
        and bool(getattr(leaves[0], "method", ""))
        and getattr(leaves[0], "domain", "") != "allergy"
        and any(isinstance(one, Exposure) for one in node.of[1:])
    )


def _has_several_pairs(clause: Clause, node: Expr, excludes: bool) -> bool:
    """`treatment with A, B or C for D`: pairs of things that were parted from one list."""
    if not isinstance(node, Or):
        return False
    pairs = [
        one
        for one in node.of
        if isinstance(one, And) and all(isinstance(leaf, (Concept, Exposure)) for leaf in one.of)
    ]
    return len(pairs) > 1


_Question = Callable[[Clause, Expr, bool], bool]
_AGES = 18  # years; no result is that old


def _counts_in_time(clause: Clause, node: Expr, excludes: bool) -> bool:
    """`alcohol within 6 months`, `40-49 years: BNP …`: a time as the value of what is no time, an age as a time."""
    window = getattr(node, "time", None)
    length = None if window is None else window.length
    if window is not None and length is not None and window.unit == "a":
        return bool((length.lower or length.upper or 0) >= _AGES)
    if not isinstance(node, Quantity) or node.unit not in {"h", "d", "wk", "mo", "a"} or not node.variable:
        return False
    return bool(variables()[node.variable]["dimension"] != "time")


def _is_of_each_sex(clause: Clause, node: Expr, excludes: bool) -> bool:
    """`< 110 g/L (male) and < 100 g/L (female)`: thresholds of which the sexes were lost."""
    if not isinstance(node, (And, Or)):
        return False
    limits = [one for one in node.of if isinstance(one, Quantity)]
    pairs = {(one.variable, one.basis) for one in limits}
    if len(limits) < 2 or len(pairs) == len(limits) or not clause.names_a_sex():
        return False
    return not any(isinstance(one, Demographic) and one.kind == "sex" for one in atoms(node))


def _limits_the_looser(clause: Clause, node: Expr, excludes: bool) -> bool:
    """Two thresholds of one measure, one of them multiplied otherwise, that are asked of the same people at once."""
    if not isinstance(node, And) or excludes:
        return False
    limits = [one for one in node.of if isinstance(one, Quantity) and not one.time]
    for at, one in enumerate(limits):
        for other in limits[at + 1 :]:
            same = one.variable == other.variable and one.variable and one.basis is other.basis
            if same and one.basis is not Basis.ABSOLUTE and one.interval != other.interval:
                return True
    return False


def _has_a_scale_beside(clause: Clause, node: Expr, excludes: bool) -> bool:
    """`severe COPD stage III or CKD (eGFR < 30)`: a stage of kidneys or cancers beside a disease of something else."""
    if not isinstance(node, And):
        return False
    scales = {one.scale for one in node.of if isinstance(one, Ordinal) and "scale" in one.assumed}
    return "ckd_stage" in scales and not any(
        isinstance(one, Concept) and ("kidney" in one.concept_id or "renal" in one.concept_id or "ckd" in one.concept_id)
        for one in node.of
    )  # fmt: skip


def _asks_for_an_allergy(clause: Clause, node: Expr, excludes: bool) -> bool:
    """`sensitivity to the drugs that were chosen`: of a virus or a tumour, where it is asked for."""
    if excludes or clause.words.isdisjoint(_SENSITIVE):
        return False
    return isinstance(node, Concept) and node.domain == "allergy"


def _names_its_limit(clause: Clause, node: Expr, excludes: bool) -> bool:
    """`elevated liver enzymes (ALT or AST > 3 x ULN)`: how high says the limit, and not any height."""
    if not isinstance(node, And | Or) or "(" not in clause.words:
        return False
    limits = [one for one in atoms(node) if isinstance(one, Quantity)]
    return any("limit" in one.assumed for one in limits) and not all("limit" in one.assumed for one in limits)


_SENSITIVE = frozenset({"sensitivity", "sensitive", "susceptible", "susceptibility"})
_SEEN_BY = frozenset({"by", "via", "using", "through", "on", "per"})
_OPENS = frozenset({"a", "an", "the", "any", "(", "either", "routine", "standard"})


def _is_a_way_of_seeing(clause: Clause, node: Expr, excludes: bool) -> bool:
    """`dysfunction by echocardiography`, where the first was not understood: how it is seen, and nothing that is asked for."""
    if excludes or not isinstance(node, And) or not any(isinstance(one, Opaque) for one in node.of):
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


_TIMED = (Quantity, Ordinal, Concept, Exposure, Result, ReproState, Trialwise, Count, Opaque)

QUESTIONS: tuple[tuple[str, tuple[type, ...], _Question], ...] = (
    ("plain_promise", (Attestation,), is_no_plain_promise),
    ("located", (And,), _is_within_another),
    ("object", (And, Or), _takes_an_object),
    ("aim", (And,), _aims_at_a_disease),
    ("age_or", (Or,), _chooses_an_age),
    ("agrees", (And, Or, Attestation), _agrees_in_an_exclusion),
    ("excepts_itself", (ExceptWhen,), _excepts_itself),
    ("exception", (ExceptWhen,), _excepts_in_doubt),
    ("allergy", (And,), _bears_beside_an_allergy),
    ("opinion", (And,), _opines_on_numbers),
    ("examples", (Or,), _exemplifies_another),
    ("swallowed", (And, Or, Judgement), _swallows_a_list),
    ("follows", (And,), _follows_an_opinion),
    ("stage", (Or,), _is_a_stage_of_nothing),
    ("denied", (Not,), _denies_a_limit),
    ("event", (Or,), _counts_from_an_event),
    ("methods", (Or,), _sees_by_several),
    ("sexes", (And, Or), _is_of_each_sex),
    ("looser", (And,), _limits_the_looser),
    ("unit", _TIMED, _counts_in_time),
    ("pairs", (Or,), _has_several_pairs),
    ("scale", (And,), _has_a_scale_beside),
    ("seen_by", (And,), _is_a_way_of_seeing),
    ("sensitive", (Concept,), _asks_for_an_allergy),
    ("names_its_limit", (And, Or), _names_its_limit),
)
"""Each with the kinds of parts of which it can be true."""


_OF_KIND: Mapping[type, Sequence[tuple[str, _Question]]] = {
    kind: [(name, asks) for name, kinds, asks in QUESTIONS if kind in kinds]
    for kind in {kind for _, kinds, _ in QUESTIONS for kind in kinds}
}
