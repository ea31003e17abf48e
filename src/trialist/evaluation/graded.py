"""Scales, tests, markers and counts against what a criterion asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trialist.criteria.lexicon import tables
from trialist.criteria.nodes import Biomarker, Count, Ordinal, Window
from trialist.criteria.nodes import Result as Test
from trialist.evaluation.amounts import asked_range, compare, known_range, relation_words
from trialist.evaluation.answers import Answer
from trialist.evaluation.kinship import read_kinship
from trialist.evaluation.known import Known, evidence_of, on_day
from trialist.evaluation.latest import choose
from trialist.evaluation.truth import Truth, truth_of
from trialist.evaluation.verdict import Assumption, Evidence, Need, Who
from trialist.patient.facts import Certainty, Fact, FactKind, Sex

# Grades that published schemes give differently for the same organs: whoever is III in one may be IV in the other.
_AMBIGUOUS: Mapping[str, frozenset[str]] = {"agvhd_grade": frozenset({"III", "IV"})}
_OPPOSITES: Mapping[str, str] = {
    "positive": "negative",
    "negative": "positive",
    "detectable": "undetectable",
    "undetectable": "detectable",
    "normal": "abnormal",
    "abnormal": "normal",
    "mutated": "wild_type",
    "wild_type": "mutated",
}
_SAME: Mapping[str, str] = {"detected": "detectable", "not detected": "undetectable", "reactive": "positive"}
_PREGNANCY_TEST = "pregnancy_test"


def answer_ordinal(atom: Ordinal, known: Known) -> Answer:
    """Whether a grade is one of those asked for."""
    name = tables()["scale"][atom.scale]["name"]
    loinc = tables()["scale"][atom.scale].get("loinc", "")
    key = f"{FactKind.GRADE}/{atom.scale}"

    def need(why: str, who: Who = Who.DATA) -> Need:
        return Need(who, name, why, key, f"LOINC {loinc}" if loinc else "")

    if atom.scale in read_kinship()["needs_subject"]["scales"].split():
        why = "what was graded has to be read in the text"
        return Answer(Truth.UNKNOWN, (f"{name}: {why}",), needs=(need(why, Who.READER),))
    facts = [one for one in known.facts(FactKind.GRADE, atom.scale) if not one.negated]
    own = [one for one in facts if one.origin.document != "derived"]
    chosen = choose(own, atom.time, known) if own else choose(facts, atom.time, known)
    if own and chosen.why and len(facts) > len(own):
        chosen = choose(facts, atom.time, known)
    if not facts:
        return Answer(Truth.UNKNOWN, (f"{name}: not recorded",), needs=(need("not recorded"),))
    evidence = tuple(_graded(name, one) for one in chosen.facts)
    if chosen.why:
        return Answer(Truth.UNKNOWN, (f"{name}: {chosen.why}",), evidence=evidence, needs=(need(chosen.why),))
    truths = {_within(atom, one) for one in chosen.facts}
    asked = " or ".join(atom.allowed)
    words = tuple(
        f"{name} {' or '.join(one.steps)}{on_day(one)}: {_verb(_within(atom, one))} {asked}"
        for one in chosen.facts
    )
    assumptions = (*chosen.assumptions, *_scale_assumed(atom, name))
    if {Truth.TRUE, Truth.FALSE} <= truths:
        why = "grades of the same time that contradict"
        return Answer(
            Truth.UNKNOWN,
            (f"{name}: {why}", *words),
            evidence,
            (),
            assumptions,
            (need(why),),
            is_conflict=all(one.origin.document != "derived" for one in chosen.facts),
        )
    truth = truths.pop() if len(truths) == 1 else Truth.UNKNOWN
    needs = () if truth.is_decided else (need("not exact enough, or by another scheme"),)
    return Answer(truth, words, evidence, (), assumptions, needs)


def _within(atom: Ordinal, fact: Fact) -> Truth:
    steps = set(fact.steps)
    scheme = {fact.method.casefold(), *(one.casefold() for one in fact.qualifiers)}
    ambiguous = _AMBIGUOUS.get(atom.scale, frozenset())
    if atom.version and atom.version.casefold() not in scheme and steps & ambiguous:
        steps |= ambiguous
    inside = [one in atom.allowed for one in steps]
    if fact.certainty is Certainty.SUSPECTED:
        return Truth.UNKNOWN
    return truth_of(all(inside) if all(inside) or not any(inside) else None)


def _scale_assumed(atom: Ordinal, name: str) -> tuple[Assumption, ...]:
    said = []
    if "scale" in atom.assumed:
        said.append(Assumption("scale", f"the text names no scale: read as {name}"))
    if not atom.version and tables()["scale"][atom.scale].get("versions"):
        said.append(Assumption("scheme", f"the text names no scheme for {name}: taken as recorded"))
    return tuple(said)


def _verb(truth: Truth) -> str:
    return {
        Truth.TRUE: "is among",
        Truth.FALSE: "is not among",
        Truth.UNKNOWN: "may or may not be among",
    }[truth]


def _graded(name: str, fact: Fact) -> Evidence:
    return evidence_of(fact, f"{name} {' or '.join(fact.steps)}")


def answer_result(atom: Test, known: Known) -> Answer:
    """Whether a test came out as asked."""
    name = _test_name(atom.test)
    loinc = tables()["serology"].get(atom.test, {}).get("loinc", "")
    key = f"{FactKind.RESULT}/{atom.test}"

    def need(why: str, who: Who = Who.DATA) -> Need:
        return Need(who, f"{name} (result)", why, key, f"LOINC {loinc}" if loinc else "")

    if not atom.outcome:
        why = "the text does not say which result"
        return Answer(Truth.UNKNOWN, (f"{name}: {why}",), needs=(need(why, Who.READER),))
    if atom.test == _PREGNANCY_TEST and known.patient.sex is Sex.MALE:
        is_negative = atom.outcome in {"negative", "undetectable"}
        return Answer(
            truth_of(is_negative), ("the patient is male: no pregnancy",), evidence=(sex_evidence(known),)
        )
    facts = [one for test in (atom.test, *_tests_of(atom.test)) for one in _results(known, test)]
    if not facts:
        return Answer(Truth.UNKNOWN, (f"{name}: not recorded",), needs=(need("not recorded"),))
    return _of_outcomes(name, atom.outcome, facts, atom.time, known, need("not recorded"))


def _results(known: Known, test: str) -> Sequence[Fact]:
    return [one for one in known.facts(FactKind.RESULT, test) if not one.negated]


def _tests_of(condition: str) -> tuple[str, ...]:
    """The tests that a criterion means which names the condition ("HIV positive"), and the other way round."""
    rows: Mapping[str, str] = read_kinship()["tests"]
    tests = tuple(test for test, named in rows.items() if named == condition)
    return tests or (
        (rows[condition],) if condition in read_kinship()["tests_both_ways"]["tests"].split() else ()
    )


def _of_outcomes(
    name: str, outcome: str, facts: Sequence[Fact], window: Window | None, known: Known, need: Need
) -> Answer:
    chosen = choose(facts, window, known)
    evidence = tuple(evidence_of(one, f"{name}: {one.outcome}") for one in chosen.facts)
    if chosen.why:
        missing = Need(need.who, need.what, chosen.why, need.key, need.code)
        return Answer(Truth.UNKNOWN, (f"{name}: {chosen.why}",), evidence=evidence, needs=(missing,))
    truths = {_same_outcome(one, outcome) for one in chosen.facts}
    words = tuple(f"{name} {one.outcome}{on_day(one)}" for one in chosen.facts)
    if {Truth.TRUE, Truth.FALSE} <= truths:
        why = "results of the same time that contradict"
        missing = Need(need.who, need.what, why, need.key, need.code)
        return Answer(
            Truth.UNKNOWN, (f"{name}: {why}", *words), evidence, (), (), (missing,), is_conflict=True
        )
    truth = truths.pop() if len(truths) == 1 else Truth.UNKNOWN
    missing = Need(need.who, need.what, f"neither surely {outcome} nor surely not", need.key, need.code)
    return Answer(truth, words, evidence, (), chosen.assumptions, () if truth.is_decided else (missing,))


def _same_outcome(fact: Fact, outcome: str) -> Truth:
    said = fact.outcome.casefold()
    said = _SAME.get(said, said)
    if fact.certainty is Certainty.SUSPECTED:
        return Truth.UNKNOWN
    if said == outcome:
        return Truth.TRUE
    return Truth.FALSE if _OPPOSITES.get(said) == outcome else Truth.UNKNOWN


def answer_biomarker(atom: Biomarker, known: Known) -> Answer:
    """Whether a gene or antigen is as asked; what a text asks in other words is for a reader."""
    name = tables()["marker"].get(atom.gene, {}).get("name", atom.gene)
    need = Need(
        Who.DATA, f"{name} {atom.variant}".strip(), "not recorded", f"{FactKind.BIOMARKER}/{atom.gene}"
    )
    facts = [one for one in known.facts(FactKind.BIOMARKER, atom.gene) if not one.negated]
    if not atom.variant:
        asked = Need(Who.READER, need.what, "what is asked of it has to be read in the text", need.key)
        told = tuple(evidence_of(one, f"{name} {one.outcome}") for one in facts)
        return Answer(Truth.UNKNOWN, (f"{name}: {asked.why}",), evidence=told, needs=(asked,))
    if not facts:
        return Answer(Truth.UNKNOWN, (f"{need.what}: not recorded",), needs=(need,))
    evidence = tuple(evidence_of(one, f"{name} {one.outcome}") for one in facts)
    truths = {_same_outcome(one, atom.variant) for one in facts}
    words = tuple(f"{name} {one.outcome}{on_day(one)}" for one in facts)
    if len(truths) == 1 and Truth.UNKNOWN not in truths:
        return Answer(truths.pop(), words, evidence)
    is_conflict = {Truth.TRUE, Truth.FALSE} <= truths
    why = "results that contradict" if is_conflict else f"neither surely {atom.variant} nor surely not"
    missing = Need(Who.DATA, need.what, why, need.key)
    return Answer(Truth.UNKNOWN, (f"{name}: {why}",), evidence, (), (), (missing,), is_conflict)


def answer_count(atom: Count, known: Known) -> Answer:
    """Whether so many of something were counted."""
    said = atom.of.casefold()
    need = Need(Who.DATA, f"number of {atom.of}", "not recorded")
    facts = [
        one
        for one in known.of_kind(FactKind.COUNT)
        if one.surface.casefold() == said and one.value is not None and not one.negated
    ]
    if not facts:
        return Answer(Truth.UNKNOWN, (f"number of {atom.of}: not recorded",), needs=(need,))
    chosen = choose_count(facts, atom.time, known)
    evidence = tuple(evidence_of(one, f"{one.value} {atom.of}") for one in chosen)
    truths = {
        compare(known_range(one.value), asked_range(atom.interval)) for one in chosen if one.value is not None
    }
    truth = truths.pop() if len(truths) == 1 else Truth.UNKNOWN
    relation = relation_words(atom.interval, truth, "1") if truth.is_decided else "not certain"
    words = tuple(f"{one.value} {atom.of}: {relation}" for one in chosen) or (
        f"number of {atom.of}: none of the time asked for",
    )
    needs = () if truth.is_decided else (Need(Who.DATA, need.what, "not exact, or of another time"),)
    return Answer(truth, words, evidence, (), (), needs, is_conflict=len(truths) > 1)


def choose_count(facts: Sequence[Fact], window: Window | None, known: Known) -> Sequence[Fact]:
    """Counts hold only for the time they were counted in: with a window, none is taken for another time."""
    return facts if window is None else [one for one in facts if choose([one], window, known).why == ""]


def _test_name(test: str) -> str:
    for kind in ("serology", "condition"):
        if test in tables()[kind]:
            name: str = tables()[kind][test]["name"]
            return name
    return test


def sex_evidence(known: Known) -> Evidence:
    """The patient's sex as evidence."""
    return Evidence(f"sex: {known.patient.sex or 'not recorded'}", "patient", "")
