"""Shapes of several parts that are read right beside the plain ones: each a kind of sentence whose readings were held against the texts.

A shape stands here when of forty of its readings at least thirty-nine were right in population, denial, times and joints.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from trialist.criteria.clause import Clause
from trialist.criteria.lasting import is_a_length
from trialist.criteria.nodes import (
    Alternatives,
    And,
    Attestation,
    Concept,
    Demographic,
    Exposure,
    Expr,
    Judgement,
    Not,
    Or,
    Ordinal,
    Quantity,
    ReproState,
    Result,
    Trialwise,
    atoms,
    children,
)
from trialist.criteria.questions import between


def is_read_right(clause: Clause, expr: Expr, found: Sequence[Expr], excludes: bool) -> bool:
    """Whether a reading of several parts has one of these shapes."""
    shapes = _IN_EXCLUSIONS if excludes else _IN_INCLUSIONS
    return any(one(clause, expr, found) for one in shapes)


def _has(clause: Clause, words: frozenset[str]) -> bool:
    return not clause.words.isdisjoint(words)


def _is_one_sentence(clause: Clause) -> bool:
    return not any(token.text in {".", ";"} for token in clause.tokens[:-1])


def _are(of: Sequence[Expr], *kinds: type) -> bool:
    return len(of) == len(kinds) and all(isinstance(one, kind) for one, kind in zip(of, kinds, strict=True))


_BRACKETS = frozenset({"(", "[", "e.g", "e.g.", "eg", "including", "such", "like", "i.e", "i.e."})
_OF_MEN = frozenset({"men", "man", "male", "males", "partner", "partners", "all", "both", "unless", "adults"})
_OF_WOMEN = frozenset(
    {"women", "woman", "female", "females", "wocbp", "fcbp", "girls", "childbearing", "child-bearing", "bearing"}
)  # fmt: skip


# --- denials of what is joined ----------------------------------------------------------------------------------------


def _denies_a_list(clause: Clause, expr: Expr, found: Sequence[Expr]) -> bool:
    """`No uncontrolled angina or arrhythmia`: each of them, whether the adjective is of it or not."""
    return (
        isinstance(expr, Not)
        and isinstance(expr.of, Or)
        and all(isinstance(one, Concept) for one in found)
        and all(isinstance(one, Concept) or _is_open_adjective(one) for one in expr.of.of)
        and not _has(clause, _BRACKETS)
        and not any(_is_anothers_or_dated(one) for one in found)
        and not _has(clause, _CAUSES)
    )


def _is_anothers_or_dated(one: Expr) -> bool:
    """Whether more than an adjective may be of one or of all: whose it is, when, of what severity it cannot be borne."""
    return isinstance(one, Concept) and (bool(one.subject) or one.time is not None or one.domain == "allergy")


_CAUSES = frozenset({"caused", "due", "secondary", "from", "because"})


def _is_open_adjective(one: Expr) -> bool:
    return isinstance(one, Alternatives) and all(isinstance(reading, Concept) for reading in one.readings)


def _denies_with_examples(clause: Clause, expr: Expr, found: Sequence[Expr]) -> bool:
    """`No severe lung disease (e.g. COPD)`: the examples are denied by themselves, or only where they are severe."""
    if not isinstance(expr, Not) or not isinstance(expr.of, Alternatives) or len(expr.of.readings) != 2:
        return False
    wide, narrow = expr.of.readings
    return (
        isinstance(narrow, Concept)
        and bool(narrow.examples)
        and isinstance(wide, Or)
        and all(isinstance(one, Concept) for one in wide.of)
        and narrow == wide.of[0]
    )


def _denies_what_an_opinion_limits(clause: Clause, expr: Expr, found: Sequence[Expr]) -> bool:
    """`No medical condition that would preclude the study`."""
    return (
        isinstance(expr, Not)
        and isinstance(expr.of, And)
        and _are(expr.of.of, Concept, Judgement)
        and not _has(clause, _BRACKETS)
        and not _has(clause, _EXCEPTS)
        and _is_one_sentence(clause)
    )


_EXCEPTS = frozenset({"except", "excepting", "unless", "excluding", "besides"})


def _denies_what_requires(clause: Clause, expr: Expr, found: Sequence[Expr]) -> bool:
    """`No active infection requiring systemic antibiotics`."""
    if not isinstance(expr, Not) or not isinstance(expr.of, And) or not _are(expr.of.of, Concept, Exposure):
        return False
    disease, given = found
    return (
        isinstance(given, Exposure)
        and given.role == "required"
        and _REQUIRES.fullmatch(between(clause, disease, given).lower()) is not None
    )


_REQUIRES = re.compile(
    r"\W*(?:that |which )?(?:currently )?(?:requir(?:ing|es?)|needing)(?: treatment with)?\W*"
)
_FOR = re.compile(
    r"\W*(?:therapy |treatment )?for(?: the)?(?: treatment of)?(?: this| their| his| her| any| a| an)*\W*"
)


def _denies_a_treatment_for(clause: Clause, expr: Expr, found: Sequence[Expr]) -> bool:
    """`No prior chemotherapy for lymphoma`: the treatment of this, and of nothing else."""
    if not isinstance(expr, Not) or not isinstance(expr.of, And) or not _are(expr.of.of, Exposure, Concept):
        return False
    given, disease = found
    return (
        isinstance(given, Exposure)
        and isinstance(disease, Concept)
        and given.time is None
        and disease.time is None
        and disease.domain == "condition"
        and bool(disease.concept_id)
        and bool(given.concept_id or given.broader)
        and "vaccin" not in given.surface.lower()
        and "other" not in clause.words
        and _FOR.fullmatch(between(clause, given, disease).lower()) is not None
    )


# --- what women who can bear children do --------------------------------------------------------------------------------


def _is_unprotected(one: Expr) -> bool:
    if not isinstance(one, And) or not _are(one.of, ReproState, Attestation):
        return False
    state, promise = one.of
    return (
        isinstance(state, ReproState)
        and isinstance(promise, Attestation)
        and state.state == "child_bearing_potential"
        and state.time is None
        and promise.topic == "contraception"
        and not promise.affirmed
    )


def _names_women_alone(clause: Clause) -> bool:
    return _has(clause, _OF_WOMEN) and not _has(clause, _OF_MEN) and _is_one_sentence(clause)


def _bears_unprotected(clause: Clause, expr: Expr, found: Sequence[Expr]) -> bool:
    """`women of child-bearing potential who do not use contraception`, behind `pregnant or nursing` or alone."""
    if not _names_women_alone(clause):
        return False
    if _is_unprotected(expr):
        return True
    return (
        isinstance(expr, Or)
        and _is_unprotected(expr.of[-1])
        and all(isinstance(one, ReproState) and one.time is None for one in expr.of[:-1])
    )


def tests_and_promises(clause: Clause, expr: Expr) -> bool:
    """`a negative pregnancy test and agreement to use contraception`."""
    if not isinstance(expr, And) or any(children(one) for one in expr.of) or _has(clause, _OF_MEN):
        return False
    states = [one for one in expr.of if isinstance(one, ReproState)]
    tests = [one for one in expr.of if isinstance(one, Result)]
    promises = [one for one in expr.of if isinstance(one, Attestation)]
    return (
        len(tests) == len(promises) == 1
        and len(expr.of) == 2 + len(states)
        and [one.state for one in states] in ([], ["child_bearing_potential"])
        and tests[0].test == "pregnancy_test"
        and tests[0].outcome == "negative"
        and promises[0].topic == "contraception"
        and promises[0].affirmed
        and _is_one_sentence(clause)
    )


def _pregnant_or_ill(clause: Clause, expr: Expr, found: Sequence[Expr]) -> bool:
    """`pregnancy, breast-feeding or substance abuse`: states and diseases, each by itself."""
    return (
        isinstance(expr, Or)
        and not any(children(one) for one in expr.of)
        and {type(one) for one in expr.of} == {ReproState, Concept}
        and all(getattr(one, "time", None) is None for one in expr.of)
        and all(_is_known_name(one) for one in expr.of if isinstance(one, Concept))
        and not _has(clause, _BRACKETS)
        and not _has(clause, frozenset({"history", "evidence", "during", "this"}))
    )


def _is_known_name(one: Concept) -> bool:
    return bool(one.concept_id) or one.domain == "allergy"


# --- lists of what was given --------------------------------------------------------------------------------------------


def _lists_with_times(clause: Clause, expr: Expr, found: Sequence[Expr]) -> bool:
    """`inhaled steroids in the last 4 weeks or oral steroids in the last 8 weeks`: each with the time behind it."""
    if not isinstance(expr, Or) or not all(isinstance(one, Exposure) for one in expr.of):
        return False
    given = [one for one in expr.of if isinstance(one, Exposure)]
    times = [one.time for one in given]
    if None in times or any(
        one is not None and one.length is None and one.direction.name != "DURING" for one in times
    ):
        return False
    if _has(clause, _BRACKETS) or not _is_one_sentence(clause):
        return False
    assumed = {one.anchor_assumed for one in times if one is not None and one.length is not None}
    ahead = any(
        one is not None and one.length is not None and one.direction.name != "BEFORE" for one in times
    )
    shared = {(one.time, one.role) for one in given}
    return len(assumed) == 1 and not ahead and len(shared) == len(set(times)) and not _has(clause, _AROUND)


_AROUND = frozenset({"after", "since", "duration", "potentially", "expected", "index", "donated", "for"})


def _lists_drugs_of_trials(clause: Clause, expr: Expr, found: Sequence[Expr]) -> bool:
    """`chemotherapy, radiotherapy or investigational agents within 28 days`: one list, with one time."""
    if not isinstance(expr, Or) or any(children(one) for one in expr.of) or _has(clause, _BRACKETS):
        return False
    if {type(one) for one in expr.of} != {Exposure, Trialwise} or not _is_one_sentence(clause):
        return False
    given = [one for one in expr.of if isinstance(one, Exposure)]
    trials = [one for one in expr.of if isinstance(one, Trialwise)]
    times = {one.time for one in given} | {one.time for one in trials}
    return (
        len(times) == 1
        and None not in times
        and all(one.concept_id or one.broader for one in given)
        and "device" not in clause.words
        and not _has(clause, frozenset({"current", "currently", "concurrent", "concomitant"}))
    )


def _given_and_judged(clause: Clause, expr: Expr, found: Sequence[Expr]) -> bool:
    """`any medication that may interfere with the study`: the treatment and the opinion of it."""
    if not isinstance(expr, And) or not _are(expr.of, Exposure, Judgement):
        return False
    opinion = expr.of[1]
    if not isinstance(opinion, Judgement) or opinion.interval is not None:
        return False
    before = [at for at in range(len(clause.tokens)) if clause.span(at, at + 1).end <= opinion.span.start]
    ahead = {clause.tokens[at].text for at in before}
    return ahead.isdisjoint({"or", "and", "and/or", "/", ",", "(", "-", "–", ";", "."}) and not _has(
        clause, _BRACKETS
    )


def _lacks_a_treatment(clause: Clause, expr: Expr, found: Sequence[Expr]) -> bool:
    """`heart block without a pacemaker`, `HIV infection not on antiretrovirals`."""
    if not isinstance(expr, And) or not _are(expr.of, Concept, Not) or len(found) != 2:
        return False
    disease, given = found
    if not isinstance(given, Exposure):
        return False
    return _WITHOUT.fullmatch(between(clause, disease, given).lower()) is not None


_WITHOUT = re.compile(
    r"\W*(?:patients? |subjects? )?(?:without|(?:who are |and |but )?not (?:currently )?(?:on|receiving|taking|using|treated with|receiving treatment with))(?: an?| any| the)?\W*"
)


# --- measures ------------------------------------------------------------------------------------------------------------


def _measures(clause: Clause, expr: Expr, found: Sequence[Expr]) -> bool:
    """`probing depth ≥ 6 mm and attachment loss ≥ 3 mm`: measures of which some have only their words."""
    if not all(isinstance(one, Quantity) for one in found) or not isinstance(expr, (And, Or)):
        return False
    if any(children(one) for one in expr.of) or not _is_one_sentence(clause) or _has(clause, _SEEN):
        return False
    named = [one for one in found if isinstance(one, Quantity) and not one.variable]
    return all(_is_a_measure(one) for one in named) and len(
        {one.span for one in found if isinstance(one, Quantity)}
    ) == len(found)


def _is_a_measure(one: Quantity) -> bool:
    words = one.surface.lower().split()
    return (
        0 < len(words) <= _LONGEST_MEASURE
        and not _ODD.intersection(words)
        and bool(one.unit or "score" in words)
    )


_SEEN = frozenset({"measured", "assessed", "determined"})  # which of two measures is meant by the name
_LONGEST_MEASURE = 5
_ODD = frozenset(
    {"was", "were", "is", "are", "has", "have", "shall", "must", "should", "a", "of", "age", "grade", "days", "change", "changed", "more", "less",
     "than", "or", "and", "with", "in", "for", "by", "from", "to", "class", "stage", "type", "group", "criteria", "exposure", "consumed", "dose",
     "other", "any", "no", "not", "between", "within", "at", "on", "if", "who", "that", "which", "falls", "donated", "per"}
)  # fmt: skip


def _named_with_a_measure(clause: Clause, expr: Expr, found: Sequence[Expr]) -> bool:
    """`liver failure (Child-Pugh score > 12)`: a disease, and in parentheses the measure that limits it."""
    if isinstance(expr, Or):
        pairs = [one for one in expr.of if isinstance(one, And)]
        plain = [one for one in expr.of if one not in pairs]
        return (
            bool(pairs)
            and all(_named_with_a_measure(clause, one, list(atoms(one))) for one in pairs)
            and all(
                isinstance(one, Concept) or (isinstance(one, Quantity) and bool(one.variable))
                for one in plain
            )
        )
    if not isinstance(expr, And) or not _are(expr.of, Concept, Quantity):
        return False
    name, limit = expr.of
    return (
        isinstance(name, Concept)
        and isinstance(limit, Quantity)
        and not limit.variable
        and _is_a_measure(limit)
        and name.time is None
        and between(clause, name, limit).lower().strip() == "("
    )


def _of_one_person(clause: Clause, expr: Expr, found: Sequence[Expr]) -> bool:
    """`men with type 2 diabetes and HbA1c < 9 %`: who somebody is, and what is asked of them at once."""
    if not isinstance(expr, And) or not _is_one_sentence(clause):
        return False
    kinds = frozenset(type(one) for one in found)
    if kinds not in _AT_ONCE or any(isinstance(one, Quantity) and not one.variable for one in found):
        return False
    if not all(not children(one) or _is_by_sex(one) for one in expr.of):
        return False
    if any(getattr(one, "time", None) is not None for one in found):
        return False
    names = [one for one in found if isinstance(one, (Concept, Exposure))]
    if any(one.surface.lower().startswith(_MOMENTS) for one in names):
        return False
    measured = [one.variable for one in expr.of if isinstance(one, Quantity)]
    return len(names) < 2 and len(set(measured)) == len(measured)


_MOMENTS = (
    "start ",
    "initiation ",
    "time ",
    "beginning ",
    "end ",
    "onset ",
)  # `age 50 at the start of tamoxifen`
_AT_ONCE = frozenset(
    frozenset(one)
    for one in (
        (Demographic, Exposure), (Demographic, Ordinal), (Concept, Demographic, Quantity), (Concept, Demographic, Ordinal),
        (Concept, Ordinal, Quantity), (Demographic, Ordinal, Quantity),
    )
)  # fmt: skip


def _is_by_sex(one: Expr) -> bool:
    """`< 13 g/dL in men or < 12 g/dL in women`."""
    return isinstance(one, Or) and all(
        isinstance(part, And) and {type(leaf) for leaf in part.of} == {Demographic, Quantity}
        for part in one.of
    )


def _tested_for_each(clause: Clause, expr: Expr, found: Sequence[Expr]) -> bool:
    """`negative for hepatitis B and C`: several tests, each with its result."""
    if not isinstance(expr, And) or not all(isinstance(one, Result) for one in expr.of):
        return False
    tests = [one for one in expr.of if isinstance(one, Result)]
    return (
        all(one.outcome for one in tests)
        and len({one.test for one in tests}) == len(tests)
        and len({one.time for one in tests}) == 1
        and _is_one_sentence(clause)
        and not _has(clause, frozenset({"or", "/", "confirmed", "antibody", "antibodies"}))
    )


def _free_with_its_limit(clause: Clause, expr: Expr, found: Sequence[Expr]) -> bool:
    """`thrombocytosis (platelets > 500)`, `autoimmune disease requiring systemic steroids`: a name of its own with what limits it."""
    if not isinstance(expr, And) or len(expr.of) != 2 or any(children(one) for one in expr.of):
        return False
    name, limit = expr.of
    if (
        not isinstance(name, Concept)
        or name.domain != "condition"
        or getattr(limit, "time", None) != name.time
    ):
        return False
    if isinstance(limit, Quantity):
        return bool(limit.variable) and between(clause, name, limit).lower().strip() == "("
    requires = isinstance(limit, Exposure) and limit.role == "required"
    return requires and _REQUIRES.fullmatch(between(clause, name, limit).lower()) is not None


def _goes_on_for(clause: Clause, expr: Expr, found: Sequence[Expr]) -> bool:
    """`insomnia for more than a month`: what it is, and its duration."""
    if not isinstance(expr, And) or len(expr.of) != 2:
        return False
    lasting = expr.of[1]
    return (
        isinstance(expr.of[0], Concept | Exposure) and isinstance(lasting, Quantity) and is_a_length(lasting)
    )


_Shape = Callable[[Clause, Expr, Sequence[Expr]], bool]
_IN_BOTH: tuple[_Shape, ...] = (
    _measures,
    _named_with_a_measure,
    _of_one_person,
    _given_and_judged,
    _free_with_its_limit,
    _goes_on_for,
)
_IN_INCLUSIONS: tuple[_Shape, ...] = (
    _denies_a_list,
    _denies_with_examples,
    _denies_what_an_opinion_limits,
    _denies_what_requires,
    _denies_a_treatment_for,
    lambda clause, expr, found: tests_and_promises(clause, expr),
    _tested_for_each,
    *_IN_BOTH,
)
_IN_EXCLUSIONS: tuple[_Shape, ...] = (
    _bears_unprotected,
    _pregnant_or_ill,
    _lists_with_times,
    _lists_drugs_of_trials,
    _lacks_a_treatment,
    *_IN_BOTH,
)
