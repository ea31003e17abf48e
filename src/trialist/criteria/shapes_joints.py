"""Shapes of readings that are wrong too often, by how their parts are joined: each a question about a part."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from trialist.criteria.clause import Clause
from trialist.criteria.nodes import (
    Alternatives,
    And,
    Attestation,
    Biomarker,
    Concept,
    ExceptWhen,
    Exposure,
    Expr,
    Not,
    Or,
    Ordinal,
    Quantity,
    ReproState,
    Result,
    Trialwise,
    atoms,
    nodes,
)
from trialist.criteria.questions import Named, is_graded, name_of


def _denies_several(clause: Clause, node: Not, found: Sequence[Expr], excludes: bool) -> bool:
    """`not postmenopausal, or not using contraception`: how far a denial reaches."""
    if (
        excludes
        and len(found) > 1
        and not isinstance(node.of, (ReproState, Concept, Exposure, Ordinal, Quantity, Result))
    ):
        return True
    if is_graded(node.of):
        return False
    inner = list(atoms(node.of))
    return any(isinstance(one, And) for one in nodes(node.of)) or (
        len(inner) > 1 and any(isinstance(one, Attestation) for one in inner)
    )


def _excepts_widely(clause: Clause, node: Or | ExceptWhen, found: Sequence[Expr], excludes: bool) -> bool:
    """An exception from several things, or one that is no mere list of names."""
    if isinstance(node, Or) and any(isinstance(one, ExceptWhen) for one in node.of):
        return True
    if not isinstance(node, ExceptWhen):
        return False
    if not isinstance(node.main, (Concept, Exposure, Trialwise)):
        return True
    taken_out = list(atoms(node.exception))
    return any(not isinstance(one, (Concept, Exposure)) for one in taken_out) or (
        isinstance(node.main, Exposure) and node.main.time is not None and clause.tokens[-1].text != ")"
    )


def _is_free(one: Expr) -> bool:
    """Whether a name is known by its words alone."""
    return (
        isinstance(one, Named)
        and not one.concept_id
        and not one.broader
        and getattr(one, "domain", "") != "allergy"
    )


def _joins_a_free_name(clause: Clause, node: And, found: Sequence[Expr], excludes: bool) -> bool:
    """`initial echocardiogram ejection fraction < 40 %`: words beside a thing, which may say something else of it."""
    return any(_is_free(one) for one in node.of) and any(
        isinstance(one, (Exposure, Quantity, Ordinal, Result, Biomarker, Or)) for one in node.of
    )


def _causes_in_a_list(clause: Clause, node: Or, found: Sequence[Expr], excludes: bool) -> bool:
    """`dysfunction due to A, B or C`: the others are causes as well, or things of their own."""
    return any(
        isinstance(one, Concept) and (one.caused_by or one.not_caused_by)
        for leaf in node.of
        for one in atoms(leaf)
    )


def _times_a_pair(clause: Clause, node: And, found: Sequence[Expr], excludes: bool) -> bool:
    """`A for B within 3 months`: one time on two things that are one."""
    timed = [one for one in node.of if isinstance(one, Named) and one.time is not None]
    return len({type(one) for one in timed}) > 1


_BOTH_VERBS = re.compile(r"\band (?:have |has |had )?(?:used|taken|received|taking|using)\b", re.IGNORECASE)


def _joins_trials(clause: Clause, node: And, found: Sequence[Expr], excludes: bool) -> bool:
    """`in other trials and use of other products`: two ways to take part, asked for at once."""
    return (
        not _BOTH_VERBS.search(clause.said(0, len(clause.tokens)))
        and any(isinstance(one, Trialwise) for one in node.of)
        and sum(isinstance(one, (Trialwise, Named)) for one in node.of) > 1
    )


def _joins_reproduction(clause: Clause, node: And, found: Sequence[Expr], excludes: bool) -> bool:
    """`breast-feeding females of childbearing potential without contraception`: states that were joined across a lost line end."""
    states = [one for one in node.of if isinstance(one, ReproState)]
    return excludes and any(one.state in {"pregnant", "lactating"} for one in states)


def _reads_a_number_twice(clause: Clause, node: And, found: Sequence[Expr], excludes: bool) -> bool:
    """`global assessment (IGA) score ≥ 3`: one number that became two thresholds asked for at once."""
    limits = [one for one in node.of if isinstance(one, (Quantity, Ordinal))]
    intervals = [one.interval for one in limits if isinstance(one, Quantity)]
    numbers = sum(token.kind == "num" for token in clause.tokens)
    units = {(one.unit, one.basis) for one in limits if isinstance(one, Quantity)}
    return len(units) > 1 and numbers == 1 and len(set(intervals)) < len(intervals)


def _mixes_tests(clause: Clause, node: Or, found: Sequence[Expr], excludes: bool) -> bool:
    """`positive for HIV Hepatitis B and Hepatitis C`: results of which a comma was lost."""
    return any(isinstance(one, And) and any(isinstance(leaf, Result) for leaf in one.of) for one in node.of)


def _leaves_a_choice_open(clause: Clause, node: Alternatives, found: Sequence[Expr], excludes: bool) -> bool:
    """`idiopathic or heritable hypertension`: a choice of adjectives of which one became part of the name."""
    if len(node.readings) != 2:
        return False
    first, second = node.readings
    return (
        isinstance(first, Or)
        and isinstance(second, Named)
        and second in first.of
        and not second.examples
        and not second.concept_id
        and any(getattr(one, "surface", "") == second.surface and one != second for one in first.of)
    )


def _limits_in_a_list(clause: Clause, node: Or, found: Sequence[Expr], excludes: bool) -> bool:
    """`abnormal function: A > 1, B > 2`: a name with its threshold beside other thresholds, which may say what it means."""
    pairs = [
        one for one in node.of if isinstance(one, And) and any(isinstance(leaf, Concept) for leaf in one.of)
    ]
    limits = [one for one in node.of if isinstance(one, (Quantity, Ordinal))]
    paired = {leaf.variable for one in pairs for leaf in atoms(one) if isinstance(leaf, Quantity)}
    alone = {one.variable for one in limits if isinstance(one, Quantity)}
    return bool(paired) and bool(limits) and not paired <= alone  # `≤ 2.5, or ≤ 5 if …` limits one measure


def _mixes_treatments(clause: Clause, node: Or, found: Sequence[Expr], excludes: bool) -> bool:
    """`A and B or C and D` of things given: what is given together."""
    return any(
        isinstance(one, And) and sum(isinstance(leaf, Exposure) for leaf in one.of) > 0 for one in node.of
    )


def _parts_one_disease(clause: Clause, node: Or, found: Sequence[Expr], excludes: bool) -> bool:
    """`progressive and active disease`: one disease of both kinds, or two."""
    if not all(isinstance(one, Concept) for one in node.of):
        return False
    names = [getattr(one, "concept_id", "") or getattr(one, "surface", "") for one in node.of]
    said = {token.text for token in clause.tokens}
    if len(set(names)) == 1 and said.isdisjoint({"or", "/", ";", "and/or", "either"}):
        return True  # `an uncontrolled, unstable condition`
    return len(set(names)) < len(names) and "and" in said and said.isdisjoint({"or", ",", "/", ";"})


def _elides_a_part(clause: Clause, node: Or, found: Sequence[Expr], excludes: bool) -> bool:
    """`left ventricular aneurysm or thrombus`, `long-term use of A or B`: what stands before the first is of both."""
    first, last = node.of[0], node.of[-1]
    if isinstance(first, Concept) and isinstance(last, Concept) and len(node.of) == 2:
        alone = " " not in last.surface.strip() and not last.surface[:1].isupper()
        return alone and first.surface.count(" ") > 1 and not last.temporality and not last.status
    return (
        isinstance(first, Exposure)
        and (bool(first.route) or not _COURSES.isdisjoint(first.status))
        and any(
            isinstance(one, Exposure)
            and not one.route
            and not one.status
            and one.surface.lower() != first.surface.lower()
            for one in node.of
        )
    )


_COURSES = frozenset(
    {"long-term", "chronic", "regular", "daily", "high-dose", "high dose", "stable dose of", "a stable dose of", "prolonged"}
)  # fmt: skip


def _says_a_name_twice(clause: Clause, node: Or, found: Sequence[Expr], excludes: bool) -> bool:
    """`active liver disease or abnormal liver function (ALT > 2 x ULN)`: two things that became one."""
    names = {name_of(one) for one in node.of if isinstance(one, Concept)}
    return any(
        isinstance(one, And) and isinstance(one.of[0], Concept) and name_of(one.of[0]) in names
        for one in node.of
    )


def _bears_without_contraception(clause: Clause, node: Or, found: Sequence[Expr], excludes: bool) -> bool:
    """`of childbearing potential and not using contraception`: both together."""
    return any(
        isinstance(one, ReproState) and one.state == "child_bearing_potential" for one in node.of
    ) and any(isinstance(one, Attestation) for one in node.of)


def _denies_a_promise(clause: Clause, node: Not, found: Sequence[Expr], excludes: bool) -> bool:
    return isinstance(node.of, Attestation)


_Question = Callable[[Clause, Any, Sequence[Expr], bool], bool]


BY_NODES: tuple[tuple[str, tuple[type, ...], _Question], ...] = (
    ("denial", (Not,), _denies_several),
    ("wide_exception", (Or, ExceptWhen), _excepts_widely),
    ("free_name", (And,), _joins_a_free_name),
    ("causes", (Or,), _causes_in_a_list),
    ("timed_pair", (And,), _times_a_pair),
    ("trials", (And,), _joins_trials),
    ("reproduction", (And,), _joins_reproduction),
    ("one_number", (And,), _reads_a_number_twice),
    ("tests", (Or,), _mixes_tests),
    ("choice", (Alternatives,), _leaves_a_choice_open),
    ("limits", (Or,), _limits_in_a_list),
    ("treatments", (Or,), _mixes_treatments),
    ("one_disease", (Or,), _parts_one_disease),
    ("elided", (Or,), _elides_a_part),
    ("denied_promise", (Not,), _denies_a_promise),
    ("said_twice", (Or,), _says_a_name_twice),
    ("without_contraception", (Or,), _bears_without_contraception),
)
"""Each with the kinds of parts of which it is asked, which its own signature names."""
