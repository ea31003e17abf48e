"""What was understood of a patient, in words, with where each thing was read; and what was not understood."""

from __future__ import annotations

from datetime import date

from trialist.criteria.lexicon import tables
from trialist.evaluation.amounts import unit_words
from trialist.evaluation.calculators import read_inputs
from trialist.evaluation.terms import read_terms
from trialist.pages.match_contexts import FactLine, Understood
from trialist.patient.facts import (
    ANY,
    UNRESOLVED_REASONS,
    Certainty,
    Fact,
    FactKind,
    Patient,
    Status,
    Subject,
    age_on,
)
from trialist.registry.intake import Intake

_GROUPS = {
    FactKind.CONDITION: "Diseases",
    FactKind.EXPOSURE: "Treatments",
    FactKind.GRADE: "Stages and scores",
    FactKind.MEASUREMENT: "Lab values",
    FactKind.RESULT: "Tests",
    FactKind.BIOMARKER: "Genes and markers",
    FactKind.ALLERGY: "Allergies",
    FactKind.STATE: "Pregnancy and birth control",
    FactKind.TRIAL: "Other trials",
    FactKind.FLAG: "Findings",
}
_YES = frozenset(
    {
        FactKind.STATE,
        FactKind.FLAG,
        FactKind.ATTESTATION,
        FactKind.CONDITION,
        FactKind.EXPOSURE,
        FactKind.ALLERGY,
        FactKind.TRIAL,
    }
)
_OTHER, _WORKED_OUT = "Other", "Worked out by our program"
_OF = {Subject.DONOR: "of the donor", Subject.FAMILY: "of the family"}
_STATUS = {Status.ACTIVE: "goes on", Status.ENDED: "ended", Status.PLANNED: "planned"}
_UNIT_OF_AGE = {"a": "year", "mo": "month", "d": "day"}


def understood_of(intake: Intake, as_of: date) -> Understood:
    """What was understood, as of a day."""
    patient = intake.patient or Patient()
    groups: dict[str, list[FactLine]] = {name: [] for name in (*_GROUPS.values(), _OTHER, _WORKED_OUT)}
    for fact in patient.facts:
        is_derived = fact.origin.document == "derived"
        groups[_WORKED_OUT if is_derived else _GROUPS.get(fact.kind, _OTHER)].append(_line(fact))
    unread: dict[str, list[tuple[str, str]]] = {}
    for one in patient.unresolved:
        reason = UNRESOLVED_REASONS[one.reason]
        unread.setdefault(f"{reason[0].upper()}{reason[1:]}", []).append((str(one.origin), one.message))
    return Understood(
        _person(patient, as_of),
        tuple((name, tuple(lines)) for name, lines in groups.items() if lines),
        len(patient.facts) - len(groups[_WORKED_OUT]),
        len(groups[_WORKED_OUT]),
        tuple((reason, tuple(lines)) for reason, lines in sorted(unread.items())),
        len(patient.unresolved),
    )


def _person(patient: Patient, as_of: date) -> str:
    said = [str(patient.sex) if patient.sex is not None else "sex not known", _age(patient, as_of)]
    if patient.is_dead:
        said.append("has died")
    if patient.label:
        said.append(f"“{patient.label}”")
    line = ", ".join(said)
    return f"{line[0].upper()}{line[1:]}"


def _age(patient: Patient, as_of: date) -> str:
    if patient.birth is None:
        return "age not known"
    for unit, least in (("a", 2), ("mo", 2), ("d", 0)):
        age = age_on(patient.birth, as_of, unit)
        if age is None:
            return "not yet born on this day"
        if unit == "d" or (age.lower is not None and age.lower >= least):
            many = "" if age.exact == 1 else "s"
            return f"{age} {_UNIT_OF_AGE[unit]}{many} old".replace("–", " or " if _is_next(age) else " to ")
    return "age not known"


def _is_next(age: object) -> bool:
    lower, upper = getattr(age, "lower", None), getattr(age, "upper", None)
    return lower is not None and upper is not None and upper - lower == 1


def _line(fact: Fact) -> FactLine:
    notes = [_OF[fact.subject]] if fact.subject in _OF else []
    if fact.certainty is Certainty.SUSPECTED:
        notes.append("only suspected: decides nothing alone")
    if not fact.is_resolved:
        notes.append("in no table: known only by these words")
    elif fact.surface and fact.surface.lower() not in (name_of(fact).lower(), fact.id):
        notes.append(f"written as “{fact.surface}”")
    if fact.kind is FactKind.MEASUREMENT and not fact.unit and fact.value is not None:
        notes.append("without a unit")
    if fact.note:
        notes.append(fact.note)
    return FactLine(name_of(fact), _value(fact), _day(fact), _origin(fact), tuple(notes))


def name_of(fact: Fact) -> str:
    """What a fact is about, in the words of the tables, else in its own."""
    if fact.id == ANY:
        return fact.surface or "any"
    terms, inputs = read_terms(), read_inputs()
    if fact.kind is FactKind.MEASUREMENT and fact.id in terms.variables:
        return terms.variables[fact.id].name
    if fact.kind is FactKind.GRADE and fact.id in terms.scales:
        return terms.scales[fact.id].name
    for row in tables().values():
        if fact.id in row and "name" in row[fact.id]:
            return str(row[fact.id]["name"])
    if fact.id in inputs:
        return inputs[fact.id].title
    return (
        fact.id.replace("_", " ") or fact.surface or ", ".join(one.display or one.code for one in fact.codes)
    )


def _value(fact: Fact) -> str:
    said = []
    if fact.negated:
        said.append("no")
    if fact.value is not None:
        said.append(
            f"{fact.value} {unit_words(fact.unit)}".strip() if fact.unit not in ("", "1") else str(fact.value)
        )
    if fact.reference is not None:
        low, high = fact.reference.low, fact.reference.high
        ends = [f"from {low}" if low is not None else "", f"up to {high}" if high is not None else ""]
        said.append(f"(normal {' '.join(one for one in ends if one)})")
    if fact.steps:
        said.append(" or ".join(fact.steps))
    if fact.outcome:
        said.append(fact.outcome.replace("_", " "))
    if fact.status in _STATUS and not fact.negated:
        said.append(_STATUS[fact.status])
    said += [*fact.severity, *fact.qualifiers, *fact.route]
    if not said and fact.kind in _YES:
        said.append("yes")
    return ", ".join(said).replace(", (", " (")


def _day(fact: Fact) -> str:
    begins, ends = fact.date, fact.end
    if begins is not None and ends is not None:
        return f"{begins} to {ends}"
    if ends is not None:
        return f"until {ends}"
    return str(begins) if begins is not None else ""


def _origin(fact: Fact) -> str:
    origin = fact.origin
    if origin.document == "form":
        return f"form: {origin.path}" if origin.path else "form"
    return str(origin)
