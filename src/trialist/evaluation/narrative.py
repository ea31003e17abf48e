"""How a reader takes a sentence beside a whole narrative, where the policy `narrative` is asked for: `tables/narrative.toml`.

Words that say how a thing is found, or by whom a consent is given, ask for nothing of their own. Leaving them out is an
assumption of the verdict; no other policy does it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from trialist.criteria.criterion import Criterion, Polarity
from trialist.criteria.nodes import (
    And,
    Attestation,
    Biomarker,
    Concept,
    Demographic,
    Exposure,
    Expr,
    Judgement,
    Opaque,
    Or,
    Ordinal,
    Quantity,
    ReproState,
    Trialwise,
    atoms,
    nodes,
)
from trialist.criteria.nodes import Result as Test
from trialist.evaluation.age_groups import as_aged
from trialist.evaluation.answers import Answer
from trialist.evaluation.caution import is_plain_list, without_promises
from trialist.evaluation.inferring import INFERRED, finding_of
from trialist.evaluation.kinship import narrower
from trialist.evaluation.known import Known, evidence_of
from trialist.evaluation.noting import as_meant, is_aim_of_meeting, read_narrative, shows_by_test, without
from trialist.evaluation.times import is_present
from trialist.evaluation.truth import Truth
from trialist.evaluation.verdict import Assumption, Evidence, Need, Who
from trialist.patient.facts import Certainty, Fact, FactKind, Sex, asked_stems
from trialist.patient.note_rules import read_rules

UNREAD_REST = Assumption("manner", "what of the sentence was not understood is taken to change nothing of it")
"""Where a part of a sentence decides it for a narrative, and for no other record."""

_MEASURED = (Quantity, Test, Ordinal, Biomarker, ReproState)
_WOMEN = frozenset({"pregnant", "lactating", "child_bearing_potential", "planning_pregnancy"})
_MEN_TOO = re.compile(r"\b(?:males?|men|man|partners?|sperm|father\w*|vasectom\w*)\b", re.IGNORECASE)
_SUMMARY = re.compile(r"\b(?:abnormal|laborator|count|value|level|parameter|result|test)", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")


@cache
def _words(row: str) -> frozenset[str]:
    return frozenset(read_narrative()[row]["words"].split())


@cache
def _opening(row: str) -> re.Pattern[str]:
    return re.compile(read_narrative()[row]["opening"], re.IGNORECASE)


def as_noted(criterion: Criterion) -> tuple[Criterion, tuple[Assumption, ...]]:
    """The criterion without the words that ask for nothing of their own, and what that takes for granted."""
    criterion, doubts = as_meant(criterion)
    criterion, groups = as_aged(criterion)
    doubts += groups
    found = list(atoms(criterion.expr))
    left_out = [one for one in found if _is_manner(one, criterion.text)]
    left_out += [one for one in found if _is_unread(one) and _all_in(_said(one), "empty")]
    if any(isinstance(one, Concept) and "acute" in one.status for one in found):
        left_out += [one for one in found if _is_unread(one) and _all_in(_said(one), "flare")]
    if any(isinstance(one, Demographic) and one.kind == "age" for one in found):
        left_out += [one for one in found if _is_unread(one) and _all_in(_said(one), "ages")]
    left_out += _of_consent(found)
    left_out += [one for one in found if is_aim_of_meeting(one)]
    if any(isinstance(one, Trialwise) for one in found):
        left_out += [one for one in found if _is_unread(one) and _all_in(_said(one), "trials")]
    if _opening("examples").search(criterion.text) and sum(map(_is_named, found)) > 1:
        left_out += [one for one in found if isinstance(one, Concept) and one.concept_id == "comorbidity"]
    left_out += [
        one
        for one in found
        if isinstance(one, Concept) and one.broader == "comorbidity" and len(one.examples) > 1
    ]
    expr = without(criterion.expr, lambda one: any(one is other for other in left_out))
    if not left_out or expr is None:
        return criterion, doubts
    names = dict.fromkeys(_said(one) for one in left_out)
    told = tuple(Assumption("manner", f"“{name}” is taken to ask for nothing of its own") for name in names)
    return replace(criterion, expr=expr), (*doubts, *told)


def _said(atom: Any) -> str:
    return str(getattr(atom, "text", "") or getattr(atom, "surface", "") or getattr(atom, "topic", ""))


def _is_unread(atom: Expr) -> bool:
    """Whether an atom is words that were not understood, and nothing more."""
    return isinstance(atom, Opaque) and atom.time is None


def _is_named(atom: Expr) -> bool:
    return isinstance(atom, Concept | Exposure) and atom.concept_id != "comorbidity"


def _all_in(text: str, row: str) -> bool:
    said = {word.casefold() for word in _WORD.findall(text)}
    return bool(said) and said <= _words(row)


def _is_manner(atom: Expr, text: str) -> bool:
    """Whether an atom only says how, from what or by whom something is found."""
    said = _said(atom) if _is_unread(atom) or isinstance(atom, Judgement) else ""
    if not said:
        return False
    is_name = isinstance(atom, Opaque) and all(_is_name(word) for word in _WORD.findall(said))
    openings = [_opening("names")] if is_name else []
    openings += [_opening("manner")] if _all_in(said, "manner") else []
    plain = " ".join(said.split())
    return any(plain in " ".join(match.group().split()) for one in openings for match in one.finditer(text))


def _is_name(word: str) -> bool:
    """Whether a word is one of a society's or classification's name: written with a capital, or a small word between such."""
    is_grade = re.fullmatch(r"[IVX]+|\d+", word) is not None
    return (word[0].isupper() and not is_grade) or word in {"of", "for", "and", "the", "in"}


def _of_consent(found: list[Any]) -> list[Any]:
    """What stands beside a consent without asking for more than it: whose, how, and that somebody is able to give it."""
    given = [one for one in found if isinstance(one, Attestation) and one.topic in {"consent", "assent"}]
    if not given or not all(isinstance(one, Attestation | Opaque | Judgement) for one in found):
        return []
    others = [one for one in found if not any(one is other for other in given)]
    spoken = [one for one in others if not isinstance(one, Attestation)]
    if not all(_all_in(_said(one), "consent") for one in spoken):
        return []
    able = [one for one in others if isinstance(one, Attestation) and one.topic == "ability" and one.affirmed]
    return spoken + (able if all(one.affirmed for one in given) else [])


def is_for_women_only(criterion: Criterion, known: Known) -> bool:
    """Whether all that a sentence asks is about pregnancy and the like, and the patient is a man."""
    if known.patient.sex is not Sex.MALE or _MEN_TOO.search(criterion.text):
        return False
    found = list(atoms(criterion.expr))
    told = [one for one in found if not isinstance(one, Opaque | Attestation)]
    first = found[0]
    return (
        isinstance(first, ReproState)
        and first.state in _WOMEN
        and all(
            isinstance(one, ReproState)
            or (isinstance(one, Test) and one.test == "pregnancy_test")
            or (isinstance(one, Demographic) and one.values == ("female",))
            or (isinstance(one, Exposure) and one.concept_id in {"excipients", "oral_contraceptives"})
            for one in told
        )
    )


def doubt_of_narrative(
    criterion: Criterion, answer: Answer, doubt: Need | None, known: Known, decide: Callable[[Expr], Truth]
) -> Need | None:
    """What has to be read before a decision on a narrative may stand; `doubt` is what would have to be of any record."""
    said = f"“{criterion.text}”"
    if _is_unread_requirement(criterion, answer):
        return Need(Who.READER, said, "what was not understood meets no requirement: has to be read")
    if _is_promise_that_excludes(criterion, answer.truth, decide):
        return Need(Who.READER, said, "a promise does not exclude: has to be read")
    if answer.rests_on_absence:
        return _half_mentioned(criterion, known, decide)
    if _is_inferred_against(criterion, answer):
        return Need(Who.READER, said, "what is only inferred stands against it: has to be read")
    if _is_inferred_diagnosis(criterion, answer):
        return Need(Who.READER, said, "it is only inferred, and nobody made the diagnosis: has to be read")
    unread = [one for one in atoms(criterion.expr) if isinstance(one, Opaque)]
    is_shaped_list = isinstance(criterion.expr, Or) and not is_plain_list(criterion)
    if unread and not is_shaped_list and all(decide(one) is Truth.TRUE for one in unread):
        return None  # the note tells of all of it in the very words
    return None if _is_sure_alternative(criterion, answer.truth, decide) else doubt


def _half_mentioned(criterion: Criterion, known: Known, decide: Callable[[Expr], Truth]) -> Need | None:
    """What has to be read where silence would decide, and a part of the sentence is there or is a value: the rest may be as well."""
    found = list(atoms(criterion.expr))
    parts = [one for one in found if isinstance(one, Concept | Exposure | Test | Quantity | Ordinal)]
    said = f"“{criterion.text}”"
    if any(decide(one) is Truth.TRUE or _is_told_of(one, known, decide) for one in parts):
        return Need(Who.READER, said, "a part of it is there, and the note is silent on the rest")
    if shows_only_later(criterion.text):
        return Need(Who.READER, said, "it shows only later: silence says nothing of it")
    test = shows_by_test(criterion.text, known)
    if test:
        return Need(Who.DATA, said, f"only {test} would show it, and the note tells of none")
    if any(isinstance(one, And) and _names_values(one, decide) for one in nodes(criterion.expr)):
        return Need(Who.READER, said, "it names values, and of those silence says nothing")
    return None


def _is_told_of(atom: Expr, known: Known, decide: Callable[[Expr], Truth]) -> bool:
    """Whether a disease or a treatment that is left open is one of which the note tells: what it is silent on decides nothing."""
    if not isinstance(atom, Concept | Exposure) or not atom.concept_id or decide(atom) is not Truth.UNKNOWN:
        return False
    domain = "exposure" if isinstance(atom, Exposure) else "condition"
    below = {atom.concept_id, *narrower(domain, atom.concept_id)}
    kind = FactKind.EXPOSURE if isinstance(atom, Exposure) else FactKind.CONDITION
    return any({one.id, one.broader} & below and not one.negated for one in known.of_kind(kind))


def _is_sure_alternative(criterion: Criterion, truth: Truth, decide: Callable[[Expr], Truth]) -> bool:
    """Whether one of several alternatives was understood wholly and is there: what was not understood is another one."""
    return (
        truth is Truth.TRUE
        and is_plain_list(criterion)
        and isinstance(criterion.expr, Or)
        and any(
            all(decide(atom) is Truth.TRUE for atom in atoms(one) if isinstance(atom, Opaque))
            and decide(one) is Truth.TRUE
            for one in criterion.expr.of
        )
    )


def _is_inferred_against(criterion: Criterion, answer: Answer) -> bool:
    """Whether something required fails because something else is inferred: what is only probable forbids nothing."""
    return (
        criterion.polarity is Polarity.INCLUSION
        and answer.truth is Truth.FALSE
        and any(one.kind == "inference" for one in answer.assumptions)
        and any(
            item.fact is not None and not item.fact.negated and item.fact.origin.document == INFERRED
            for item in answer.evidence
        )
    )


_DIAGNOSED = re.compile(
    r"\b(?:diagnosis of|diagnosed with|(?:known|confirmed|established|documented) diagnosis)\b", re.IGNORECASE
)
_OR_SUSPECTED = re.compile(r"\bsuspi|\bsuspect", re.IGNORECASE)


def _is_inferred_diagnosis(criterion: Criterion, answer: Answer) -> bool:
    """Whether something excludes that was diagnosed, and the narrative tells only of its signs."""
    return (
        criterion.polarity is Polarity.EXCLUSION
        and answer.truth is Truth.TRUE
        and _DIAGNOSED.search(criterion.text) is not None
        and _OR_SUSPECTED.search(criterion.text) is None
        and any(one.kind == "inference" for one in answer.assumptions)
    )


def _is_promise_that_excludes(criterion: Criterion, truth: Truth, decide: Callable[[Expr], Truth]) -> bool:
    """Whether an exclusion is true only by what the patient agrees to: "participation in …" was read as a promise."""
    if criterion.polarity is not Polarity.EXCLUSION or truth is not Truth.TRUE:
        return False
    if not any(isinstance(one, Attestation) and one.affirmed for one in atoms(criterion.expr)):
        return False
    return decide(without_promises(criterion.expr)) is not Truth.TRUE


def _is_unread_requirement(criterion: Criterion, answer: Answer) -> bool:
    """Whether something required is met by silence on words that were not understood: "not considered candidates for …"."""
    return (
        criterion.polarity is Polarity.INCLUSION
        and answer.truth is Truth.TRUE
        and any("was not understood" in one.words for one in answer.assumptions if one.kind == "absence")
    )


def _names_values(junction: And, decide: Callable[[Expr], Truth]) -> bool:
    """Whether words that were not understood stand beside values that are not known: "abnormal counts (platelets below …)"."""
    if not any(isinstance(one, Opaque) and _SUMMARY.search(one.text) for one in junction.of):
        return False
    measured = [atom for one in junction.of for atom in atoms(one) if isinstance(atom, _MEASURED)]
    return any(decide(one) is Truth.UNKNOWN for one in measured)


def is_inability_silent(topic: str, known: Known) -> bool:
    """Whether a note for which silence is taken for absence says nothing of being unable to do something."""
    row = read_narrative()["inability"].get(topic)
    said = known.patient.note_words
    return bool(row and said and known.policy.takes_silence) and said.isdisjoint(str(row).split("|"))


def says_nothing_of_allergies(known: Known) -> bool:
    """Whether a note for which silence is taken for absence speaks of no allergy at all."""
    said = known.patient.note_words
    stems = read_narrative()["allergies"]["stems"].split("|")
    return known.policy.takes_silence and bool(said) and said.isdisjoint(stems)


def findings_of(words: str, known: Known) -> list[Fact]:
    """What a narrative tells of a symptom or sign that is named by these words alone; for the policy that reads it whole."""
    said = words.casefold()
    named = [
        one for one in known.inferred if one.kind is FactKind.CONDITION and one.surface.casefold() == said
    ]
    if named:
        return named
    name = read_rules().finding_ids.get(said, "") if known.takes_silence else ""
    if not name:
        return []
    is_loose = name in read_rules().loose_findings
    return [
        one
        for one in known.of_kind(FactKind.CONDITION)
        if finding_of(one) == name
        and one.certainty is not Certainty.SUSPECTED
        and (not is_loose or one.surface.casefold() == said)
    ]


_AGREES = re.compile(
    r"\b(?:consent\w*|compl(?:y|iance|iant)|non-?complian\w*|co-?operat\w+|adheren\w+|adhere|refus\w+)\b",
    re.IGNORECASE,
)
_NEARBY = (FactKind.CONDITION, FactKind.EXPOSURE, FactKind.RESULT)


def nearby(criterion: Criterion, known: Known) -> tuple[Evidence, ...]:
    """What a narrative tells in words of something that is required and left open: for whoever reads it, it decides nothing.

    Of an exclusion it is what the patient agrees to, where that is what the sentence is about.
    """
    if criterion.polarity is not Polarity.INCLUSION:
        agreed = known.of_kind(FactKind.ATTESTATION) if _AGREES.search(criterion.text) else []
        return tuple(evidence_of(one, one.surface) for one in agreed if not one.negated)
    asked = known.telling_stems(*map(_said, atoms(criterion.expr)))
    found = [one for kind in _NEARBY for one in known.of_kind(kind) if one not in known.inferred]
    near = [one for one in found if not asked.isdisjoint(asked_stems(one.origin.quote))]
    if any(isinstance(one, Attestation) for one in atoms(criterion.expr)):
        near += known.of_kind(FactKind.ATTESTATION)
    return tuple(evidence_of(one, one.surface) for one in near)


def acute_illness(atom: Concept, known: Known) -> Fact | None:
    """What makes "any acute illness" true of a narrative's patient now; None where it is not asked, or nothing does."""
    words = {word for said in (*atom.status, atom.surface) for word in said.casefold().split()}
    if "acute" not in words or atom.temporality == "history" or not is_present(atom.time):
        return None
    name = "severe acute illness" if atom.severity else "acute illness"
    return next((one for one in known.inferred if one.surface == name), None)


def shows_only_later(text: str) -> bool:
    """Whether words are about what only an operation or the study itself will show."""
    return any(word.casefold() in _words("later") for word in _WORD.findall(text))
