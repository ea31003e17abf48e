"""From any criterion: patients that satisfy it, that violate it each way, and that miss each fact it rests on.

The patients are made from what the expression says, not by asking the evaluation, so that they can judge it. What nobody can
decide from data (words not understood, judgements, readings that differ) has no such patients: the answer is None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise, product

from trialist.criteria.criterion import Criterion, Polarity
from trialist.criteria.lexicon import scales, variables
from trialist.criteria.nodes import (
    And,
    AtLeast,
    Attestation,
    Basis,
    Biomarker,
    Concept,
    Count,
    Demographic,
    Direction,
    ExceptWhen,
    Exposure,
    Expr,
    Interval,
    Judgement,
    Not,
    Or,
    Ordinal,
    Quantity,
    ReproState,
    Result,
    Trialwise,
    Window,
    atoms,
    children,
)
from trialist.evaluation.kinship import characters, narrower, read_kinship, severity_steps
from trialist.evaluation.measured import most_plausible
from trialist.evaluation.persons import asked_words
from trialist.evaluation.times import PRESENT_ANCHORS, is_present, shift
from trialist.patient.extents import DateRange, ValueRange
from trialist.patient.facts import (
    Certainty,
    Fact,
    FactKind,
    Origin,
    Patient,
    Reference,
    Sex,
    Status,
    birth_from_age,
)

_ORIGIN = Origin("form", resource="invented")
_MOST_WAYS = 24
_TOLERANCE = re.compile(r"contra-?indicat|intoleran|toler|reaction|sensitiv|adverse", re.IGNORECASE)
_UPPER, _LOWER, _BASE = Decimal(40), Decimal(10), Decimal(20)


@dataclass(frozen=True, slots=True)
class Demand:
    """What has to be so of one thing: the fact or the attribute, and its key (what else speaks of the same thing)."""

    key: str
    fact: Fact | None = None
    interval: Interval | None = None
    inside: bool = True
    unit: str = ""
    sex: Sex | None = None
    atom: Quantity | Demographic | None = None


Way = tuple[Demand, ...]
"""Demands that together make an expression true, or false."""


@dataclass(frozen=True, slots=True)
class Invented:
    """The patients of a criterion.

    `satisfying` holds one for each way to meet it, `violating` one for each way not to; of `missing` nothing is known, or all
    but one fact that it needs.
    """

    satisfying: tuple[Patient, ...]
    violating: tuple[Patient, ...]
    missing: tuple[Patient, ...] = field(default=())


def invent_for(criterion: Criterion, as_of: date) -> Invented | None:
    """Patients for a criterion as of a day; None where data cannot decide it, or nobody can meet it."""
    found = list(atoms(criterion.expr))
    if len(found) > 1 and any(isinstance(one, Attestation) for one in found):
        return None  # beside other things nobody knows how far it reaches
    if any(isinstance(one, Concept) and one.domain == "allergy" for one in found) and _TOLERANCE.search(
        criterion.text
    ):
        return None  # not every intolerance or contraindication is an allergy
    return invent_for_expr(criterion.expr, criterion.polarity, as_of)


def invent_for_expr(expr: Expr, polarity: Polarity, as_of: date) -> Invented | None:
    """Patients for an expression that includes or excludes by being true."""
    true, false = ways(expr, True, as_of), ways(expr, False, as_of)
    if true is None or false is None:
        return None
    holding, failing = _patients(true, as_of), _patients(false, as_of)
    if not holding or not failing:
        return None
    missing = [Patient()]
    if all(isinstance(one, And) or not children(one) for one in (expr, *children(expr))):
        missing += [one for patient in holding[:1] for one in _without_each(patient)]
    if polarity is Polarity.EXCLUSION:
        holding, failing = failing, holding
    return Invented(tuple(holding), tuple(failing), tuple(missing))


def ways(expr: Expr, truth: bool, as_of: date) -> list[Way] | None:
    """Every way (up to some) in which an expression becomes true, or false; None where data cannot decide it."""
    match expr:
        case And(of):
            return _all(of, truth, as_of) if truth else _any(_without_exceptions(of), truth, as_of)
        case Or(of):
            return _any(of, truth, as_of) if truth else _all(of, truth, as_of)
        case Not(of):
            return ways(of, not truth, as_of)
        case AtLeast(count, of):
            return _so_many(count if truth else len(of) - count + 1, of, truth, as_of)
        case ExceptWhen(main, exception) if truth:
            return ways(And((main, Not(exception))), truth, as_of)
        case ExceptWhen(
            main
        ):  # who has both may have another one besides: only the main one's absence is sure
            return ways(main, truth, as_of)
        case _:
            return _atom_ways(expr, truth, as_of)


def _without_exceptions(parts: Sequence[Expr]) -> Sequence[Expr]:
    """The parts without "and not" of a kind of another part: who has both may have another one besides."""
    named = [one for part in parts for one in atoms(part) if isinstance(one, Concept | Exposure)]

    def is_exception(part: Expr) -> bool:
        return isinstance(part, Not) and any(
            isinstance(one, Concept | Exposure)
            and any(
                one.concept_id in narrower(domain, other.concept_id)
                or (other is not one and other.concept_id == one.concept_id)
                or (not one.concept_id and other is not one)
                for other in named
                for domain in ("condition", "exposure")
            )
            for one in atoms(part)
        )

    kept = [one for one in parts if not is_exception(one)]
    return kept or parts


def _all(parts: Sequence[Expr], truth: bool, as_of: date) -> list[Way] | None:
    """Each part in one of its ways, together: the first ways of all, and one part in each of its others."""
    found = [ways(one, truth, as_of) for one in parts]
    if any(one is None for one in found):
        return None
    each = [one for one in found if one is not None]
    if any(not one for one in each):
        return []
    joined = [tuple(demand for way in choice for demand in way) for choice in _choices(each)]
    return joined[:_MOST_WAYS]


def _choices(each: Sequence[list[Way]]) -> Iterator[tuple[Way, ...]]:
    total = 1
    for one in each:
        total *= len(one)
    if total <= _MOST_WAYS:
        yield from product(*each)
        return
    first = tuple(one[0] for one in each)
    yield first
    for place, options in enumerate(each):
        for other in options[1:]:
            yield (*first[:place], other, *first[place + 1 :])


def _any(parts: Sequence[Expr], truth: bool, as_of: date) -> list[Way] | None:
    """One part made so, the others the opposite: so that it is that one which decides."""
    every = [(ways(one, truth, as_of), ways(one, not truth, as_of)) for one in parts]
    if any(own is None or other is None for own, other in every):
        return None
    found: list[Way] = []
    for place, (own, _) in enumerate(every):
        rest = [other[0] for at, (_, other) in enumerate(every) if at != place and other]
        found += [(*way, *(demand for one in rest for demand in one)) for way in own or ()]
        # Where both cannot be together, the part alone decides as well.
        found += [way for way in own or () if rest]
    return found[: 2 * _MOST_WAYS]


def _so_many(count: int, parts: Sequence[Expr], truth: bool, as_of: date) -> list[Way] | None:
    found = [ways(one, truth, as_of) for one in parts]
    other = [ways(one, not truth, as_of) for one in parts]
    if any(one is None for one in (*found, *other)):
        return None
    chosen = [one[0] for one in found[:count] if one]
    rest = [one[0] for one in other[count:] if one]
    return [tuple(demand for way in (*chosen, *rest) for demand in way)] if len(chosen) == count else []


def _fact(kind: FactKind, fact_id: str, as_of: date, **more: object) -> Fact:
    said: dict[str, object] = {"recorded": DateRange.on(as_of), **more}
    return Fact(kind, fact_id, _ORIGIN, **said)  # type: ignore[arg-type]  # each caller names fields with their types


def _atom_ways(atom: Expr, truth: bool, as_of: date) -> list[Way] | None:
    match atom:
        case Demographic(kind="age") if atom.interval is not None and "comparator" not in atom.assumed:
            return [(Demand("age", interval=atom.interval, inside=truth, unit=atom.unit, atom=atom),)]
        case Demographic(kind="sex"):
            return _sex(atom, truth)
        case Demographic(kind="residence" | "language" | "ethnicity") if truth:
            outcome = atom.values[0].casefold()
            return [(Demand(atom.kind, fact=_fact(FactKind.DEMOGRAPHIC, atom.kind, as_of, outcome=outcome)),)]
        case Quantity():
            return _quantity(atom, truth, as_of)
        case Ordinal():
            return _ordinal(atom, truth, as_of)
        case Concept():
            return _concept(atom, truth, as_of)
        case Exposure():
            return _exposure(atom, truth, as_of)
        case _:
            return _other_ways(atom, truth, as_of)


def _other_ways(atom: Expr, truth: bool, as_of: date) -> list[Way] | None:
    match atom:
        case Result() if atom.outcome in _OPPOSITE:
            outcome = atom.outcome if truth else _OPPOSITE[atom.outcome]
            day = _inside(atom.time, as_of)
            if day is None:
                return None
            return [
                (
                    Demand(
                        f"result/{atom.test}",
                        fact=_fact(
                            FactKind.RESULT, atom.test, as_of, outcome=outcome, date=DateRange.on(day)
                        ),
                    ),
                )
            ]
        case Biomarker() if atom.variant in _OPPOSITE:
            outcome = atom.variant if truth else _OPPOSITE[atom.variant]
            return [
                (
                    Demand(
                        f"marker/{atom.gene}",
                        fact=_fact(FactKind.BIOMARKER, atom.gene, as_of, outcome=outcome),
                    ),
                )
            ]
        case ReproState() if is_present(atom.time):
            status = Status.ACTIVE if truth else Status.UNSTATED
            fact = _fact(FactKind.STATE, atom.state, as_of, negated=not truth, status=status)
            return [(Demand(f"state/{atom.state}", fact=fact), Demand("sex", sex=Sex.FEMALE))]
        case Trialwise() if atom.kind != "study_part":
            return _presence(FactKind.TRIAL, atom.kind, "", atom.time, truth, as_of, {})
        case Attestation():
            is_yes = truth is atom.affirmed
            fact = _fact(FactKind.ATTESTATION, atom.topic, as_of, surface=atom.surface, negated=not is_yes)
            which = " ".join(sorted(asked_words(atom.surface)))
            return [(Demand(f"attestation/{atom.topic}/{which}", fact=fact),)]
        case Judgement() if atom.interval is not None and atom.unit and atom.topic == "life_expectancy":
            return _numbers(
                atom.interval,
                truth,
                lambda value: _fact(FactKind.JUDGEMENT, atom.topic, as_of, value=value, unit=atom.unit),
                atom.topic,
            )
        case Count() if is_present(atom.time):
            return _numbers(
                atom.interval,
                truth,
                lambda value: _fact(FactKind.COUNT, "", as_of, surface=atom.of, value=value),
                atom.of,
            )
        case _:
            return None


_OPPOSITE = {
    "positive": "negative", "negative": "positive", "detectable": "undetectable", "undetectable": "detectable", "normal": "abnormal",
    "abnormal": "normal", "mutated": "wild_type", "wild_type": "mutated",
}  # fmt: skip


def _sex(atom: Demographic, truth: bool) -> list[Way] | None:
    """The sexes asked for, or the others; who asks for all asks nothing."""
    asked = {Sex(one) for one in atom.values if one in set(Sex)}
    wanted = asked if truth else set(Sex) - asked
    if asked == set(Sex):
        return None
    return [(Demand("sex", sex=one),) for one in sorted(wanted)]


def _inside(window: Window | None, as_of: date) -> date | None:
    """A day that lies in a window; None where no day surely does, or it lies in the future."""
    if is_present(window):
        return as_of
    if window is None or window.anchor not in PRESENT_ANCHORS or window.direction is not Direction.BEFORE:
        return None
    if window.length is None:
        return as_of
    if window.or_half_lives is not None or window.unit not in {"a", "mo", "wk", "d"}:
        return None
    low = window.length.lower or Decimal(0)
    high = window.length.upper if window.length.upper is not None else low + 1
    near, far = shift(as_of, -low, window.unit), shift(as_of, -high, window.unit)
    middle = far + (near - far) / 2
    return middle if far < middle < near else None


def _quantity(atom: Quantity, truth: bool, as_of: date) -> list[Way] | None:
    day = _inside(atom.time, as_of)
    bases = {Basis.ABSOLUTE, Basis.X_ULN, Basis.X_LLN, Basis.X_BASELINE}
    if day is None or atom.basis not in bases or atom.aggregate or "comparator" in atom.assumed:
        return None
    if atom.basis is Basis.ABSOLUTE and not atom.unit:
        return None
    name = atom.variable or atom.surface.casefold()
    value = Demand(
        f"quantity/{name}/{atom.basis}/{atom.unit}/{day}",
        interval=atom.interval,
        inside=truth,
        unit=atom.unit,
        atom=atom,
    )
    if atom.basis is not Basis.X_BASELINE:
        return [(value,)]
    before = _fact(
        FactKind.MEASUREMENT,
        atom.variable,
        as_of,
        surface=atom.surface,
        value=ValueRange.exactly(_BASE),
        unit=_own_unit(atom.variable),
        date=DateRange.on(day - timedelta(days=60)),
        baseline=True,
    )
    return [(Demand(f"baseline/{name}", fact=before), value)]


def _ordinal(atom: Ordinal, truth: bool, as_of: date) -> list[Way] | None:
    day = _inside(atom.time, as_of)
    if day is None or atom.scale == "ctcae":
        return None
    steps = [step for step in scales()[atom.scale]["steps"] if (step in atom.allowed) is truth]
    return [
        (
            Demand(
                f"grade/{atom.scale}",
                fact=_fact(
                    FactKind.GRADE,
                    atom.scale,
                    as_of,
                    steps=(step,),
                    date=DateRange.on(day),
                    method=atom.version,
                ),
            ),
        )
        for step in steps
    ]


def _concept(atom: Concept, truth: bool, as_of: date) -> list[Way] | None:
    if (
        atom.concept_id in characters("relative")
        or atom.subject == "family"
        or (not atom.concept_id and atom.broader)
    ):
        return None
    if atom.caused_by or atom.not_caused_by or len(atom.status) > 1 or len(atom.severity) > 1:
        return None
    if any(severity_steps(one) is None for one in atom.severity):
        return None  # "significant" is for a physician to say
    kind = FactKind.ALLERGY if atom.domain == "allergy" else FactKind.CONDITION
    words: dict[str, object] = {
        "qualifiers": tuple(one.split(" or ")[0] for one in atom.status),
        "severity": tuple(one.split(" or ")[0] for one in atom.severity),
    }
    if atom.certainty == "confirmed":
        words["certainty"] = Certainty.CONFIRMED
    if not truth:
        words = {}
    return _presence(
        kind,
        atom.concept_id,
        atom.surface,
        atom.time,
        truth,
        as_of,
        words,
        is_over=bool({"resolved"} & set(atom.status)),
    )


def _exposure(atom: Exposure, truth: bool, as_of: date) -> list[Way] | None:
    if atom.concept_id in characters("relative") or (not atom.concept_id and atom.broader):
        return None
    if atom.response or len(atom.status) > 1 or len(atom.route) > 1:
        return None
    if atom.role == "required" and not truth:
        return None  # who is not given it may need it
    words: dict[str, object] = (
        {
            "qualifiers": tuple(one.split(" or ")[0] for one in atom.status),
            "route": tuple(one.split(" or ")[0] for one in atom.route),
            "domain": atom.kind,
        }
        if truth
        else {"domain": atom.kind}
    )
    if atom.role == "planned":
        fact = _fact(
            FactKind.EXPOSURE,
            atom.concept_id,
            as_of,
            surface=atom.surface,
            status=Status.PLANNED,
            negated=not truth,
            **words,
        )
        return [(Demand(f"planned/{atom.concept_id or atom.surface}", fact=fact),)]
    return _presence(
        FactKind.EXPOSURE, atom.concept_id, atom.surface, atom.time, truth, as_of, words, is_over=False
    )


def _presence(
    kind: FactKind,
    fact_id: str,
    surface: str,
    window: Window | None,
    truth: bool,
    as_of: date,
    words: dict[str, object],
    is_over: bool = False,
) -> list[Way] | None:
    """It is there, on a day of the window and going on; or it is denied for all time."""
    day = _inside(window, as_of)
    if day is None:
        return None
    key = f"{kind}/{fact_id or surface.casefold()}"
    if not truth:
        return [(Demand(key, fact=_fact(kind, fact_id, as_of, surface=surface, negated=True, **words)),)]
    goes_on = is_present(window) and not is_over
    said = {**words, "status": Status.ACTIVE if goes_on else Status.ENDED, "date": DateRange.on(day)}
    if not goes_on:
        said["end"] = DateRange.on(day)
    return [(Demand(key, fact=_fact(kind, fact_id, as_of, surface=surface, **said)),)]


def _numbers(interval: Interval, truth: bool, build: Callable[[ValueRange], Fact], name: str) -> list[Way]:
    """A fact for a value inside an interval, or for one on each side outside of it."""
    found: list[Way] = []
    for value in _candidates([(interval, truth)]):
        fact = build(ValueRange.exactly(value))
        found.append((Demand(f"number/{name}", fact=fact),))
    return found


def _candidates(demands: Sequence[tuple[Interval, bool]], whole: bool = False) -> list[Decimal]:
    """Numbers that meet all demands, one for each stretch between the bounds; never below zero unless a bound is."""
    bounds = sorted({end for one, _ in demands for end in (one.lower, one.upper) if end is not None})
    step = Decimal(1) if whole else max(Decimal("0.01"), abs(bounds[0]) / 100)
    tried = [bounds[0] - step, *bounds, bounds[-1] + step]
    tried += [(one + other) / 2 for one, other in pairwise(bounds)]
    if whole:
        tried = [Decimal(int(one)) for one in tried if one == int(one)]
    least = min(Decimal(0), bounds[0])
    fitting = [
        one
        for one in tried
        if one >= least and all(interval.holds(one) is inside for interval, inside in demands)
    ]
    return sorted(dict.fromkeys(fitting))


def _patients(found: Sequence[Way], as_of: date) -> list[Patient]:
    """The patients of the ways that can be: contradictory demands make none."""
    made: list[Patient] = []
    for way in found:
        made += _solve(way, as_of)
        if len(made) >= 2 * _MOST_WAYS:
            break
    return list(dict.fromkeys(made))


def _solve(way: Way, as_of: date) -> list[Patient]:
    """The patients of one way: for each number asked for, a value that meets all that is asked of it."""
    by_key: dict[str, list[Demand]] = {}
    for demand in way:
        by_key.setdefault(demand.key, []).append(demand)
    if _contradicts(way):
        return []
    patients = [Patient(sex=Sex.FEMALE if "sex" not in by_key else None)]
    for key, demands in by_key.items():
        options = _options(key, demands, as_of)
        if not options:
            return []
        patients = [_joined(patient, option) for patient in patients for option in options][:_MOST_WAYS]
    return patients


def _contradicts(way: Way) -> bool:
    """Whether something is denied of which a kind is there, or a variable is asked for on two days."""
    facts = [one.fact for one in way if one.fact is not None]
    for denied in facts:
        if denied.negated and denied.id:
            domain = "condition" if denied.kind is FactKind.CONDITION else "exposure"
            below = narrower(domain, denied.id)
            if any(not one.negated and one.id in below for one in facts):
                return True
    if _tells_otherwise(facts):
        return True
    tests = read_kinship()["tests"]
    tested = {tests.get(one.id, one.id) for one in facts if one.kind is FactKind.RESULT}
    if any(one.kind is FactKind.CONDITION and one.id in tested for one in facts):
        return True  # a test and a statement about one infection: which of them counts is another question
    days: dict[str, set[str]] = {}
    for one in way:
        if one.key.startswith("quantity/"):
            _, name, *rest = one.key.split("/")
            days.setdefault(name, set()).add("/".join(rest))
    return any(len(one) > 1 for one in days.values())


def _tells_otherwise(facts: Sequence[Fact]) -> bool:
    """Whether tests of one thing come out differently, or a pregnancy is told otherwise than its test."""
    tests = read_kinship()["tests"]
    outcomes: dict[str, set[str]] = {}
    for one in facts:
        if one.kind is FactKind.RESULT:
            outcomes.setdefault(tests.get(one.id, one.id), set()).add(one.outcome)
        elif one.kind is FactKind.STATE and one.id == "pregnant":
            outcomes.setdefault("pregnancy_test", set()).add("negative" if one.negated else "positive")
    return any(len(one) > 1 for one in outcomes.values())


def _is_same_test(one: Fact, other: Fact) -> bool:
    tests = read_kinship()["tests"]
    return other.kind is FactKind.RESULT and tests.get(one.id, one.id) == tests.get(other.id, other.id)


def _joined(patient: Patient, option: Fact | Sex | DateRange) -> Patient:
    match option:
        case Sex():
            return replace(patient, sex=option)
        case DateRange():
            return replace(patient, birth=option)
        case _:
            return replace(patient, facts=(*patient.facts, option))


def _options(key: str, demands: Sequence[Demand], as_of: date) -> list[Fact] | list[Sex] | list[DateRange]:
    first = demands[0]
    if key == "sex":
        sexes = {one.sex for one in demands}
        return [first.sex] if len(sexes) == 1 and first.sex is not None else []
    if first.interval is None:
        facts = {one.fact for one in demands}
        return [first.fact] if len(facts) == 1 and first.fact is not None else []
    asked = [(one.interval, one.inside) for one in demands if one.interval is not None]
    if key == "age":
        if len({one.unit for one in demands}) > 1 or first.unit not in {"a", "mo", "wk", "d"}:
            return []
        ages = [int(one) for one in _candidates(asked, whole=True) if one >= 0]
        ages = [
            one for one in ages if not _is_on_open_bound(one, asked) and (first.unit != "a" or one <= 120)
        ]
        return [birth_from_age(one, one, first.unit, DateRange.on(as_of)) for one in ages]
    return [_measured(first, value, as_of) for value in _candidates(asked) if _is_believed(first, value)]


def _is_believed(demand: Demand, value: Decimal) -> bool:
    """Whether anybody has such a value: a threshold in a wrong unit is above all that is believed."""
    atom = demand.atom
    if not isinstance(atom, Quantity) or atom.basis is not Basis.ABSOLUTE:
        return True
    most = most_plausible(atom.variable, atom.unit)
    return most is None or Fraction(value) <= most.upper


def _is_on_open_bound(age: int, asked: Sequence[tuple[Interval, bool]]) -> bool:
    """Whether an age is one of which "over 18" does not say whether it is meant."""
    return any(not one.lower_inclusive and one.lower == age for one, _ in asked)


def _measured(demand: Demand, value: Decimal, as_of: date) -> Fact:
    atom = demand.atom
    if not isinstance(atom, Quantity):
        raise TypeError("a measurement is of a quantity")
    day = DateRange.on(_inside(atom.time, as_of) or as_of)
    reference, unit, number = None, atom.unit, value
    if atom.basis is not Basis.ABSOLUTE:
        unit = _own_unit(atom.variable)
        limit = {Basis.X_ULN: _UPPER, Basis.X_LLN: _LOWER}.get(atom.basis, _BASE)
        number = value * limit
        reference = {Basis.X_ULN: Reference(high=_UPPER), Basis.X_LLN: Reference(low=_LOWER)}.get(atom.basis)
    return _fact(
        FactKind.MEASUREMENT,
        atom.variable,
        as_of,
        surface=atom.surface,
        value=ValueRange.exactly(number),
        unit=unit,
        reference=reference,
        date=day,
    )


def _own_unit(variable: str) -> str:
    unit: str = variables()[variable]["unit"] if variable in variables() else ""
    return unit or "U/L"


def _without_each(patient: Patient) -> Iterator[Patient]:
    """The patient without each of the facts, one at a time, and without birth and sex where they were asked for."""
    stand_ins = read_kinship()["variables"]
    for fact in patient.facts:
        rest = tuple(one for one in patient.facts if one is not fact)
        if {one.id for one in rest} & set(stand_ins.get(fact.id, "").split()):
            continue  # others say the same
        if fact.kind is FactKind.RESULT and any(_is_same_test(fact, one) for one in rest):
            continue
        below = {*narrower("condition", fact.id), *narrower("exposure", fact.id)}
        if not any(one.id in below or (one.id == fact.id and one.baseline == fact.baseline) for one in rest):
            yield replace(patient, facts=rest)
    if patient.birth is not None:
        yield replace(patient, birth=None)
