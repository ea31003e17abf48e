"""Measured variables against what a criterion asks: which result counts, in which unit, and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from trialist.criteria.lexicon import variables
from trialist.criteria.nodes import Basis, Interval, Quantity
from trialist.evaluation.amounts import (
    amount_words,
    asked_range,
    compare,
    converted,
    known_range,
    number_words,
    relation_words,
)
from trialist.evaluation.answers import Answer, if_agreed
from trialist.evaluation.calculators import intervals
from trialist.evaluation.kinship import read_kinship
from trialist.evaluation.known import Known, evidence_of, on_day
from trialist.evaluation.latest import Chosen, choose
from trialist.evaluation.truth import Truth
from trialist.evaluation.verdict import Assumption, Calculation, Evidence, Need, Who
from trialist.patient.facts import Fact, FactKind

_MULTIPLES: Mapping[Basis, str] = {Basis.X_ULN: "ULN", Basis.X_LLN: "LLN", Basis.X_BASELINE: "baseline"}
_LIMITS: Mapping[Basis, str] = {
    Basis.X_ULN: "upper limit of normal",
    Basis.X_LLN: "lower limit of normal",
    Basis.X_BASELINE: "baseline value",
}
# A value so many times above the greatest threshold that anybody asks for is in another unit than it says.
_IMPLAUSIBLE = 10
# What the latest result says nothing of.
_AGGREGATES = {"change": "how far it moved is asked", "ever": "results of any time are asked"}


def answer_quantity(atom: Quantity, known: Known) -> Answer:
    """Whether a measured variable is as asked."""
    if atom.aggregate == "change" and known.takes_silence:
        found = _change_beyond_itself(atom, known)
        if found is not None:
            return found
    if atom.aggregate:
        return _missing(atom, _AGGREGATES.get(atom.aggregate, "which results count is not said"))
    if "comparator" in atom.assumed:
        return _without_comparison(atom, known)
    facts = _facts(atom, known)
    if not facts:
        stand_ins = read_kinship()["variables"].get(atom.variable, "").split()
        answers = [
            answer_quantity(replace(atom, variable=one), known)
            for one in stand_ins
            if known.facts(FactKind.MEASUREMENT, one)
        ]
        is_joint = atom.variable == "transaminases" and len(answers) < len(stand_ins)
        if answers and not is_joint:
            why = Need(Who.DATA, _name(atom), "stands for several measures that differ", _key(atom))
            return if_agreed(answers, why)
        return _missing(atom, "not recorded")
    chosen = choose(facts, atom.time, known)
    if chosen.why:
        told = tuple(_evidence(one) for one in chosen.facts)
        found = _missing(atom, chosen.why)
        return replace(found, evidence=told, words=(f"{_name(atom)}: {chosen.why}",))
    return _weigh(atom, chosen, known)


def _change_beyond_itself(atom: Quantity, known: Known) -> Answer | None:
    """That a value has not risen by more than it is; for a narrative, which tells of the value that counts. None where it may have."""
    if atom.basis is not Basis.ABSOLUTE or atom.interval.lower is None or atom.interval.upper is not None:
        return None
    found = answer_quantity(replace(atom, aggregate=""), known)
    if found.truth is not Truth.FALSE:
        return None
    said = f"{_name(atom)} has not risen by more than it is"
    return replace(found, assumptions=(*found.assumptions, Assumption("inference", said)))


def _without_comparison(atom: Quantity, known: Known) -> Answer:
    """A threshold whose comparison sign was lost: at least and at most are both possible."""
    bound = atom.interval.lower if atom.interval.lower is not None else atom.interval.upper
    plain = replace(atom, assumed=tuple(one for one in atom.assumed if one != "comparator"))
    readings = [
        replace(plain, interval=Interval(lower=bound)),
        replace(plain, interval=Interval(upper=bound)),
    ]
    why = Need(
        Who.READER, f"{_name(atom)} beside {bound}", "the text does not say whether at least or at most"
    )
    return if_agreed([answer_quantity(one, known) for one in readings], why)


def _facts(atom: Quantity, known: Known) -> Sequence[Fact]:
    if atom.variable:
        facts = known.facts(FactKind.MEASUREMENT, atom.variable)
    else:
        said = atom.surface.casefold()
        facts = [one for one in known.facts(FactKind.MEASUREMENT, "") if one.surface.casefold() == said]
    measured = [one for one in facts if one.value is not None and not one.negated]
    if (
        atom.basis is Basis.X_BASELINE
    ):  # what a value is compared with says nothing of where it is now, nor does what was before it
        baselines = [one for one in measured if one.baseline]
        measured = [
            one
            for one in measured
            if not one.baseline and not any(_is_before(one, other) for other in baselines)
        ]
    own = [one for one in measured if one.origin.document != "derived"]
    if own and len(own) < len(measured) and not choose(own, atom.time, known).why:
        return own
    return measured


def _is_before(one: Fact, other: Fact) -> bool:
    if one.date is None or other.date is None:
        return False
    return (
        one.date.latest is not None
        and other.date.earliest is not None
        and one.date.latest < other.date.earliest
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    truth: Truth
    words: str
    calculation: Calculation | None
    need: Need | None
    compared: intervals.Interval | None = None


def _weigh(atom: Quantity, chosen: Chosen, known: Known) -> Answer:
    readings = [_read(atom, fact, known) for fact in chosen.facts]
    truths = {one.truth for one in readings}
    evidence = tuple(_evidence(one) for one in chosen.facts)
    assumptions = (*chosen.assumptions, *_assumptions(atom), *_derived(chosen.facts))
    calculations = tuple(one.calculation for one in readings if one.calculation is not None)
    words = tuple(dict.fromkeys(one.words for one in readings))
    compared = tuple(one.compared for one in readings if one.compared is not None)
    if {Truth.TRUE, Truth.FALSE} <= truths:
        is_derived = any(one.origin.document == "derived" for one in chosen.facts)
        why = "the methods answer differently" if is_derived else "results of the same time that contradict"
        need = Need(Who.DATA, _name(atom), why, _key(atom), _code(atom), atom.unit)
        return Answer(
            Truth.UNKNOWN,
            (f"{_name(atom)}: {why}", *words),
            evidence,
            calculations,
            assumptions,
            (need,),
            is_conflict=not is_derived,
            compared=compared,
        )
    truth = truths.pop() if len(truths) == 1 else Truth.UNKNOWN
    needs = tuple(one.need for one in readings if one.need is not None) if truth is Truth.UNKNOWN else ()
    return Answer(truth, words, evidence, calculations, assumptions, needs, compared=compared)


def _read(atom: Quantity, fact: Fact, known: Known) -> _Reading:
    """One result against the criterion."""
    if fact.value is None:
        raise ValueError("a measurement has a value")
    value = known_range(fact.value)
    told = f"{_name(atom)} {amount_words(str(fact.value), fact.unit)}{on_day(fact)}"
    times = _MULTIPLES.get(atom.basis, "")
    if times:
        limit = _limit(atom, fact, known)
        if limit is None or limit <= 0:
            return _open(atom, told, f"its {_LIMITS[atom.basis]} is not known")
        ratio = value * intervals.point(1 / limit)
        unit = amount_words(intervals.shown(limit), fact.unit)
        calculation = Calculation(
            f"{_name(atom)} as a multiple of the {_LIMITS[atom.basis]}",
            f"{amount_words(str(fact.value), fact.unit)} ÷ {unit}",
            f"{number_words(ratio)} × {times}",
        )
        told = f"{told} is {number_words(ratio)} × {times} ({unit})"
        return _told(atom, ratio, told, calculation, times)
    if not atom.unit:
        return _open(atom, told, "the text gives no unit", Who.READER)
    if not fact.unit and atom.unit not in {"1", "{score}", "{points}", "{times}", "{ratio}"}:
        return _open(atom, told, "nobody wrote the result's unit")
    same = converted(value, fact.unit, atom.unit, atom.variable)
    if same is None:
        return _open(atom, told, f"{fact.unit or 'no unit'} cannot be compared with {atom.unit}")
    if _is_implausible(atom, same):
        return _open(atom, told, "the value is not plausible in its unit")
    if same == value:
        return _told(atom, same, told, None, "")
    plain = amount_words(number_words(same), atom.unit)
    converted_to = Calculation(f"{_name(atom)} in another unit", told, plain)
    return _told(atom, same, f"{told} is {plain}", converted_to, "")


def _told(
    atom: Quantity, value: intervals.Interval, told: str, calculation: Calculation | None, times: str
) -> _Reading:
    truth = compare(value, asked_range(atom.interval))
    if truth is Truth.UNKNOWN:
        bound = relation_words(atom.interval, Truth.TRUE, atom.unit, times)
        need = _need(atom, f"not exact enough to say whether it is {bound}")
        return _Reading(truth, f"{told}: {need.why}", calculation, need, value)
    said = f"{told}: {relation_words(atom.interval, truth, atom.unit, times)}"
    return _Reading(truth, said, calculation, None, value)


def _limit(atom: Quantity, fact: Fact, known: Known) -> Fraction | None:
    """What a multiple is of, in the result's own unit."""
    if atom.basis is Basis.X_BASELINE:
        baselines = [one for one in known.facts(FactKind.MEASUREMENT, atom.variable) if one.baseline]
        if len(baselines) != 1 or baselines[0].value is None or baselines[0].value.exact is None:
            return None
        same = converted(known_range(baselines[0].value), baselines[0].unit, fact.unit, atom.variable)
        return None if same is None else same.point
    if fact.reference is None:
        return None
    limit = fact.reference.high if atom.basis is Basis.X_ULN else fact.reference.low
    return None if limit is None else Fraction(limit)


def _is_implausible(atom: Quantity, value: intervals.Interval) -> bool:
    most = most_plausible(atom.variable, atom.unit)
    return most is not None and value.lower > most.upper


@lru_cache(4096)
def most_plausible(variable: str, unit: str) -> intervals.Interval | None:
    """The most that a value of a variable in a unit may be to be believed; None where the tables do not say."""
    row = variables().get(variable)
    if row is None or not row["unit"]:
        return None
    return converted(intervals.point(str(row["high"] * _IMPLAUSIBLE)), row["unit"], unit, variable)


def _open(atom: Quantity, told: str, why: str, who: Who = Who.DATA) -> _Reading:
    return _Reading(Truth.UNKNOWN, f"{told}: {why}", None, _need(atom, why, who))


def _missing(atom: Quantity, why: str) -> Answer:
    return Answer(Truth.UNKNOWN, (f"{_name(atom)}: {why}",), needs=(_need(atom, why),))


def _need(atom: Quantity, why: str, who: Who = Who.DATA) -> Need:
    what = _name(atom)
    if atom.basis in _LIMITS:
        what += f" with its {_LIMITS[atom.basis]}"
    unit = "" if atom.basis in _LIMITS else atom.unit
    return Need(who, what, why, _key(atom), _code(atom), unit)


def _evidence(fact: Fact) -> Evidence:
    row = variables().get(fact.id, {})
    name = row.get("name", fact.surface or fact.id)
    reference = ""
    if fact.reference is not None:
        low, high = fact.reference.low, fact.reference.high
        reference = f" (normal {'' if low is None else low}–{'' if high is None else high})"
    return evidence_of(fact, f"{name} {amount_words(str(fact.value), fact.unit)}{reference}")


def _name(atom: Quantity) -> str:
    row = variables().get(atom.variable)
    name: str = atom.surface if row is None else row["name"]
    return name


def _key(atom: Quantity) -> str:
    return f"{FactKind.MEASUREMENT}/{atom.variable}" if atom.variable else ""


def _code(atom: Quantity) -> str:
    row = variables().get(atom.variable, {})
    return f"LOINC {row['loinc']}" if row.get("loinc") else ""


def _assumptions(atom: Quantity) -> tuple[Assumption, ...]:
    said = []
    if "unit" in atom.assumed:
        said.append(Assumption("unit", f"the text gives no unit for {_name(atom)}: taken as {atom.unit}"))
    if "variable" in atom.assumed:
        said.append(Assumption("variable", f"the text does not name {_name(atom)}: taken from the unit"))
    if atom.time is not None and atom.time.anchor_assumed:
        said.append(
            Assumption("anchor", "the text does not say from when time counts: taken from the day asked")
        )
    return tuple(said)


def _derived(facts: Sequence[Fact]) -> tuple[Assumption, ...]:
    return tuple(
        Assumption("derived", f"{_name_of(one)} was worked out by {one.origin.resource}")
        for one in facts
        if one.origin.document == "derived"
    )


def _name_of(fact: Fact) -> str:
    name: str = variables().get(fact.id, {}).get("name", fact.id)
    return name
