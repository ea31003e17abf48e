"""Age and sex, and what only a person can say: consents, judgements, words that were not understood."""

from __future__ import annotations

import re

from trialist.criteria.nodes import Attestation, Demographic, Interval, Judgement, Opaque
from trialist.criteria.render import render_window
from trialist.evaluation.amounts import (
    amount_words,
    asked_range,
    compare,
    converted,
    known_range,
    relation_words,
)
from trialist.evaluation.answers import Answer, if_agreed
from trialist.evaluation.graded import sex_evidence
from trialist.evaluation.known import Known, evidence_of
from trialist.evaluation.narrative import findings_of, is_inability_silent, shows_only_later
from trialist.evaluation.truth import Truth, not_, truth_of
from trialist.evaluation.verdict import Assumption, Evidence, Need, Who
from trialist.patient.extents import ValueRange
from trialist.patient.facts import Fact, FactKind, age_on

AGE_UNITS = frozenset({"a", "mo", "wk", "d"})
"""The units in which ages are counted: years, months, weeks, days."""
_BIRTH = Need(Who.DATA, "date of birth", "not recorded", "patient/birth", "LOINC 21112-8")
_SEX = Need(Who.DATA, "sex", "not recorded", "patient/sex", "LOINC 46098-0")
_OF_THE_STUDY = re.compile(
    r"investigator|physician|surgeon|opinion|decid|decision|judg|estimat|randomi|study|trial|protocol|screening",
    re.IGNORECASE,
)
_ABBREVIATION = re.compile(r"\b[A-Z][A-Z0-9-]+s?\b")
_TOPICS = {
    "consent": "informed consent",
    "assent": "assent of a minor",
    "compliance": "following the study's procedures",
    "contraception": "contraception as the study asks",
    "language": "the study's language",
    "access": "residence, insurance or access as the study asks",
    "ability": "being able to do what the study asks",
    "refrain": "agreeing to what the study asks",
    "protected": "custody, guardianship or dependence",
    "cognition": "being able to decide",
}


def answer_demographic(atom: Demographic, known: Known) -> Answer:
    """Whether age or sex (or residence, language, ethnicity) is as asked."""
    if atom.kind == "age" and atom.interval is not None:
        return answer_age(atom.interval, atom.unit, known, is_exact="comparator" not in atom.assumed)
    if atom.kind == "sex":
        return answer_sex(atom.values, known)
    facts = [one for one in known.facts(FactKind.DEMOGRAPHIC, atom.kind) if not one.negated]
    need = Need(Who.PERSON, atom.kind, "has to be asked", f"{FactKind.DEMOGRAPHIC}/{atom.kind}")
    evidence = tuple(evidence_of(one, f"{atom.kind}: {one.outcome}") for one in facts)
    wanted = {one.casefold() for one in atom.values}
    if facts and all(one.outcome.casefold() in wanted for one in facts):
        return Answer(Truth.TRUE, tuple(one.words for one in evidence), evidence)
    return Answer(Truth.UNKNOWN, (f"{atom.kind}: {need.why}",), evidence, needs=(need,))


def answer_age(interval: Interval, unit: str, known: Known, *, is_exact: bool = True) -> Answer:
    """Whether an age is as asked, in completed units.

    "Over 18" may mean 19 completed years or one day more than 18: between the two it is open.
    """
    birth = known.patient.birth
    if birth is None:
        return Answer(Truth.UNKNOWN, ("age: no date of birth",), needs=(_BIRTH,))
    age = age_on(birth, known.as_of, unit) if unit in AGE_UNITS else None
    if age is None:
        need = Need(Who.DATA, "age", "cannot be worked out in the unit asked for", "patient/birth")
        return Answer(Truth.UNKNOWN, (f"age: {need.why}",), needs=(need,))
    told = amount_words(str(age), unit)
    evidence = (Evidence(f"born {birth}", "patient", str(birth)),)
    readings = [_in_age(age, interval)]
    if interval.lower is not None and not interval.lower_inclusive:
        readings.append(
            _in_age(age, Interval(interval.lower, interval.upper, True, interval.upper_inclusive))
        )
    if not is_exact and interval.lower is not None:
        readings = [
            _in_age(age, Interval(lower=interval.lower)),
            _in_age(age, Interval(upper=interval.lower)),
        ]
    compared = (known_range(age),)
    truths = set(readings)
    truth = truths.pop() if len(truths) == 1 else Truth.UNKNOWN
    assumption = Assumption("age", "ages are counted in completed years, months, weeks or days")
    if truth.is_decided:
        words = f"age {told} on {known.as_of}: {relation_words(interval, truth, unit)}"
        return Answer(truth, (words,), evidence, (), (assumption,), compared=compared)
    why = "not exact enough" if len(set(readings)) == 1 else "the text can be read in two ways at this age"
    need = Need(_BIRTH.who, "date of birth", why, _BIRTH.key, _BIRTH.code)
    if len(set(readings)) > 1:
        need = Need(Who.READER, "age limit", why)
    words = f"age {told} on {known.as_of}: {why}"
    return Answer(Truth.UNKNOWN, (words,), evidence, needs=(need,), compared=compared)


def _in_age(age: ValueRange, interval: Interval) -> Truth:
    return compare(known_range(age), asked_range(interval))


def answer_sex(values: tuple[str, ...], known: Known) -> Answer:
    """Whether the sex is one of those asked for; all sexes are everybody, also who has none recorded."""
    if {"male", "female"} <= set(values):
        return Answer(Truth.TRUE, ("all sexes",))
    if known.patient.sex is None:
        return Answer(Truth.UNKNOWN, ("sex: not recorded",), needs=(_SEX,))
    is_asked = str(known.patient.sex) in values
    relation = "as asked" if is_asked else f"asked is {' or '.join(values)}"
    return Answer(truth_of(is_asked), (f"sex {known.patient.sex}: {relation}",), (sex_evidence(known),))


def answer_attestation(atom: Attestation, known: Known) -> Answer:
    """What a person has to agree to or be able to do: known only where it is recorded."""
    topic = _TOPICS.get(atom.topic, atom.topic)
    need = Need(Who.PERSON, topic, f"only the {atom.by} can say", f"{FactKind.ATTESTATION}/{atom.topic}")
    facts = [one for one in known.facts(FactKind.ATTESTATION, atom.topic) if _is_of(atom, one)]
    evidence = tuple(evidence_of(one, f"{'no ' if one.negated else ''}{topic}") for one in facts)
    truths = {truth_of(not one.negated) for one in facts}
    promised = _promises(known) if atom.topic in _PROMISED and known.policy.takes_silence else ()
    if not facts and promised:
        said = f"{topic}: the note says that the patient will comply, taken for given"
        shown = tuple(evidence_of(one, one.surface) for one in promised)
        return Answer(truth_of(atom.affirmed), (said,), shown, assumptions=(Assumption("absence", said),))
    if not facts and not atom.affirmed and is_inability_silent(atom.topic, known):
        said = f"{topic}: the note says nothing of not being able or willing, taken for given"
        return Answer(Truth.FALSE, (said,), assumptions=(Assumption("absence", said),))
    if len(truths) != 1:
        return Answer(
            Truth.UNKNOWN, (f"{topic}: {need.why}",), evidence, needs=(need,), is_conflict=len(truths) > 1
        )
    truth = truths.pop()
    words = (f"{topic}: {'recorded' if truth is Truth.TRUE else 'refused or not possible'}",)
    return Answer(truth if atom.affirmed else not_(truth), words, evidence)


OF_MANY = frozenset({"ability", "access", "cognition", "protected", "refrain"})
"""Topics under which many different things are asked: an answer to one is none to another."""
_ASKING_WORDS = (
    "able ability capable capability capacity can could cannot unable inability incapable failure fail fails not no must should will "
    "would willing willingness agree agrees agreement have has having had be being been is are do does access to the a an of in on at "
    "for with and or by as who patient patients subject subjects participant participants"
)
_ASKING = frozenset(_ASKING_WORDS.split())


def _is_of(atom: Attestation, fact: Fact) -> bool:
    """Whether a statement answers what is asked: of "able to walk" none about swallowing, nor one about abilities in general."""
    if atom.topic not in OF_MANY:
        return True
    said = asked_words(fact.surface) if fact.surface != fact.id else frozenset()
    return said == asked_words(atom.surface) or (atom.topic == "refrain" and "compl" in said)


def asked_words(text: str) -> frozenset[str]:
    """The beginnings of the words of an ability, an access or a promise, without those that only ask for it."""
    return frozenset(word[:5] for word in words_asked(text))


def words_asked(text: str) -> frozenset[str]:
    """The words of an ability, an access or a promise, without those that only ask for it; of these words it gives the same again."""
    return frozenset(re.findall(r"[^\W_]+", text.casefold())) - _ASKING


_PROMISED = frozenset({"consent", "assent", "compliance", "refrain"})
"""What a note's "will consent and comply" promises; what somebody is able to do, or where they live, is something else."""


def _promises(known: Known) -> tuple[Fact, ...]:
    """What the patient promised, where nothing was refused."""
    facts = (
        *known.facts(FactKind.ATTESTATION, "compliance"),
        *known.facts(FactKind.ATTESTATION, "consent"),
    )
    return () if any(one.negated for one in facts) else facts


def answer_judgement(atom: Judgement, known: Known) -> Answer:
    """What an investigator judges; a life expectancy may be recorded."""
    what = "life expectancy" if atom.topic == "life_expectancy" else f"“{atom.surface}”"
    need = Need(Who.PERSON, what, "only the investigator can say", f"{FactKind.JUDGEMENT}/{atom.topic}")
    facts = [
        one
        for one in known.facts(FactKind.JUDGEMENT, atom.topic)
        if one.value is not None and not one.negated and atom.topic == "life_expectancy"
    ]
    if not facts and known.takes_silence:
        said = f"the note says nothing of {what}: taken not to be so"
        return Answer(Truth.FALSE, (said,), assumptions=(Assumption("absence", said),))
    if atom.interval is None or not facts:
        return Answer(Truth.UNKNOWN, (f"{what}: {need.why}",), needs=(need,))
    answers = []
    for fact in facts:
        value = None if fact.value is None else converted(known_range(fact.value), fact.unit, atom.unit, "")
        truth = Truth.UNKNOWN if value is None else compare(value, asked_range(atom.interval))
        told = f"{what} {amount_words(str(fact.value), fact.unit)}"
        relation = relation_words(atom.interval, truth, atom.unit) if truth.is_decided else "not exact enough"
        needs = () if truth.is_decided else (need,)
        answers.append(Answer(truth, (f"{told}: {relation}",), (evidence_of(fact, told),), needs=needs))
    return answers[0] if len(answers) == 1 else if_agreed(answers, need)


def answer_opaque(atom: Opaque, known: Known) -> Answer:
    """Words that were not understood: a person has to read them, unless silence is taken for absence and none is in the note."""
    said = " ".join(atom.text.split())
    shown = findings_of(said, known)
    if shown:
        evidence = tuple(evidence_of(one, one.surface) for one in shown)
        truths = {truth_of(not one.negated) for one in shown}
        if len(truths) == 1 and (atom.time is None or truths == {Truth.FALSE}):  # when it was is not known
            truth = truths.pop()
            return Answer(truth, (f"{'' if truth is Truth.TRUE else 'no '}{said}",), evidence)
    # An abbreviation that no table has may stand in the note in full.
    written_out = _ABBREVIATION.sub(" ", said)
    if known.is_silent(written_out) and _OF_THE_STUDY.search(said) is None and not shows_only_later(said):
        why = f"“{said}” was not understood, and no word of it is in the note: taken for absent"
        return Answer(Truth.FALSE, (why,), assumptions=(Assumption("absence", why),))
    when = "" if atom.time is None else f" {render_window(atom.time)}"
    need = Need(Who.READER, f"“{said}”{when}", "not understood: has to be read")
    return Answer(Truth.UNKNOWN, (f"“{said}”{when} was not understood",), needs=(need,))
