"""Facts as short lines, for cases that a person writes by hand."""

from __future__ import annotations

from datetime import date

from trialist.evaluation.terms import read_terms
from trialist.patient.facts import Fact, Patient, Status, Subject

DAY = date(2025, 6, 1)


def fact_line(fact: Fact) -> str:
    """`measurement alt 95 U/L (normal -40) @2025-02-03`: only what is said."""
    parts = [str(fact.kind), fact.id or (f"~{fact.broader}" if fact.broader else f"“{fact.surface}”")]
    if fact.negated:
        parts.insert(0, "not")
    if fact.subject is not Subject.PATIENT:
        parts.insert(0, f"{fact.subject}:")
    if fact.value is not None:
        parts.append(f"{fact.value} {fact.unit}".strip())
    if fact.reference is not None:
        low, high = ("" if end is None else f"{end:f}" for end in (fact.reference.low, fact.reference.high))
        parts.append(f"(normal {low}-{high})")
    parts += ["/".join(fact.steps)] if fact.steps else []
    parts += [f"={fact.outcome}"] if fact.outcome else []
    parts += [f"[{fact.status}]"] if fact.status is not Status.UNSTATED else []
    parts += [f"?{fact.certainty}"] if fact.certainty == "suspected" else []
    parts += [f"+{word}" for word in (*fact.qualifiers, *fact.severity, *fact.route)]
    parts += [f"@{fact.date}"] if fact.date is not None else []
    parts += [f"..{fact.end}"] if fact.end is not None else []
    return " ".join(parts)


def patient_lines(patient: Patient) -> list[str]:
    """Birth, sex and death where known, then every fact."""
    found = [f"born {patient.birth}"] if patient.birth is not None else []
    found += [f"sex {patient.sex}"] if patient.sex is not None else []
    if patient.is_dead is not None:
        found.append(f"dead {patient.death or ''}".strip() if patient.is_dead else "alive")
    return found + [fact_line(fact) for fact in patient.facts]


TERMS = read_terms()
