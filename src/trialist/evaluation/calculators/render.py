"""Answers as text for people and as plain JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from trialist.evaluation.calculators.families import FamilyOutcome
from trialist.evaluation.calculators.given import is_undecided
from trialist.evaluation.calculators.intervals import Interval, interval_words, shown
from trialist.evaluation.calculators.nodes import (
    Calculated,
    Definition,
    Input,
    Missing,
    NotApplicable,
    Outcome,
    Unknown,
)
from trialist.evaluation.calculators.values import Daily, Flag, Level, Number, Series, Value
from trialist.evaluation.calculators.words import either_words, rounded, value_words
from trialist.evaluation.truth import Truth


def render_outcome(outcome: Outcome) -> str:
    """An answer with its trace, what is missing, its notes and its source, as lines of text."""
    return "\n".join(_outcome_lines(outcome))


def answer_words(outcome: Outcome) -> str:
    """The answer alone, in a few words: `80 mL/min`, `II`, `yes`, `unknown (II or III)`, `not applicable: …`."""
    match outcome:
        case Calculated(value=Interval() as interval, unit=unit):
            return _with_unit(
                interval_words(rounded(interval, outcome.definition.result_step.decimals)), unit
            )
        case Calculated(value=bool() as value):
            return "yes" if value else "no"
        case Calculated(value=value):
            return str(value)
        case Unknown(possible=Interval() as interval, unit=unit):
            words = interval_words(rounded(interval, outcome.definition.result_step.decimals))
            return f"unknown ({_with_unit(words, unit)})"
        case Unknown(possible=tuple() as options):
            return f"unknown ({either_words(options)})"
        case Unknown():
            return "unknown"
        case NotApplicable(reasons=reasons):
            return f"not applicable: {'; '.join(reasons)}"


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """An answer as JSON values; numbers are decimal texts, so that nothing is rounded on the way."""
    definition = outcome.definition
    told: dict[str, Any] = {
        "calculator": definition.id,
        "title": definition.title,
        "status": _status(outcome),
        "answer": answer_words(outcome),
        "value": None,
        "unit": None,
        "possible": None,
        "missing": [],
        "reasons": [],
    }
    match outcome:
        case Calculated(value=value, unit=unit):
            told["value"] = _interval_json(value) if isinstance(value, Interval) else value
            told["unit"] = unit.code if unit else None
        case Unknown(possible=possible, unit=unit, missing=missing):
            told["possible"] = _interval_json(possible) if isinstance(possible, Interval) else possible
            told["unit"] = unit.code if unit else None
            told["missing"] = [missing_json(one) for one in missing]
        case NotApplicable(reasons=reasons):
            told["reasons"] = list(reasons)
    told["trace"] = [
        {
            "step": line.name,
            "title": line.title,
            "formula": line.how,
            "with_numbers": line.with_numbers,
            "result": line.result,
            "unit": line.unit or None,
            "value": _value_json(line.value),
        }
        for line in outcome.trace
    ]
    return told | {"notes": list(outcome.notes), "source": definition.source, "checked": definition.checked}


def missing_json(missing: Missing) -> dict[str, Any]:
    """Something missing: the inputs of which one would do, and why."""
    return {
        "inputs": [{"name": one.name, "title": one.title, "unit": unit_code(one)} for one in missing.inputs],
        "why": str(missing.why),
        "words": missing.words,
    }


def unit_code(spec: Input) -> str | None:
    """The UCUM code of an input; None for those without a unit, `*` for any unit."""
    if spec.unit is not None:
        return spec.unit.code
    return "*" if spec.kind in ("number", "series") else None


def definition_json(definition: Definition) -> dict[str, Any]:
    """What a definition is and asks for."""
    return {
        "id": definition.id,
        "title": definition.title,
        "families": list(definition.families),
        "unit": definition.result_step.unit or None,
        "inputs": [
            {
                "name": one.name,
                "title": one.title,
                "kind": str(one.kind),
                "unit": unit_code(one),
                "choices": list(one.choices),
            }
            for one in definition.inputs
        ],
        "source": definition.source,
        "checked": definition.checked,
        "notes": list(definition.notes),
    }


def family_json(found: FamilyOutcome) -> dict[str, Any]:
    """A family's answers: those that count, those that were passed over."""
    return {
        "family": found.family.name,
        "title": found.family.title,
        "note": found.family.note or None,
        "counted": [outcome_json(one) for one in found.counted],
        "passed_over": [outcome_json(one) for one in found.passed_over],
    }


def _outcome_lines(outcome: Outcome) -> Iterator[str]:
    yield f"{outcome.definition.title} ({outcome.definition.id})"
    yield f"  = {answer_words(outcome)}"
    if isinstance(outcome, Unknown):
        yield "  missing"
        for missing in outcome.missing:
            names = " or ".join(one.name for one in missing.inputs)
            yield f"    {missing.words}  [{names}]"
    yield "  how"
    for line in outcome.trace:
        yield f"    {line.title}: {_with_unit(line.result, line.unit)}"
        yield f"      {line.how}"
        if line.with_numbers != line.how:
            yield f"      {line.with_numbers}"
    for note in outcome.notes:
        yield f"  note: {note}"
    yield f"  source: {outcome.definition.source}"
    yield f"  checked: {outcome.definition.checked}"


def _with_unit(words: str, unit: object) -> str:
    return f"{words} {unit}".strip() if unit else words


def _status(outcome: Outcome) -> str:
    match outcome:
        case Calculated():
            return "calculated"
        case Unknown():
            return "unknown"
        case NotApplicable():
            return "not_applicable"


def _interval_json(interval: Interval) -> Any:
    """A point as a decimal text; else an object with its ends (null for none)."""
    if interval.is_point:
        return shown(interval.point, 30)
    return {
        "lower": shown(interval.lower, 30) if isinstance(interval.lower, Fraction) else None,
        "lower_included": interval.has_lower,
        "upper": shown(interval.upper, 30) if isinstance(interval.upper, Fraction) else None,
        "upper_included": interval.has_upper,
    }


def _value_json(value: Value) -> Any:
    match value:
        case Number(interval=interval):
            return _interval_json(interval)
        case Level(options=options):
            return options[0] if len(options) == 1 else list(options)
        case Flag(truth=truth):
            return None if is_undecided(value) else truth is Truth.TRUE
        case Series() | Daily():
            return value_words(value)
