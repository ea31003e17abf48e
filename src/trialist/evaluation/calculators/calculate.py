"""One definition, applied to what is known of one patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trialist.errors import InvalidParameterError
from trialist.evaluation.calculators.definitions import read_inputs
from trialist.evaluation.calculators.expression import Expression, Scope, evaluate, names_replaced
from trialist.evaluation.calculators.given import Given, Quantity, is_plausible, value_of
from trialist.evaluation.calculators.intervals import INFINITY, Interval, interval_words
from trialist.evaluation.calculators.nodes import (
    Calculated,
    Case,
    Definition,
    Input,
    Line,
    Missing,
    NotApplicable,
    Outcome,
    Step,
    Unknown,
    Why,
)
from trialist.evaluation.calculators.values import (
    NOTHING,
    Flag,
    Level,
    Needs,
    Number,
    Value,
    is_open,
    joined,
)
from trialist.evaluation.calculators.words import formula_words, value_words
from trialist.evaluation.truth import Truth
from trialist.vocabulary.units import parse_unit


@dataclass
class _Sheet:
    """What is worked out so far: values, how they stand in formulas, why inputs are missing, and the lines written."""

    notes: list[str]
    values: dict[str, Value] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    why: dict[str, Why] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)

    def put(self, name: str, value: Value, words: str = "") -> None:
        """Note a value and how it stands in formulas."""
        self.values[name] = value
        self.words[name] = words or formula_words(value)

    def evaluate(self, formula: Expression) -> Value:
        """A formula on what is worked out so far."""
        absent = {name for name, why in self.why.items() if why is not Why.IMPRECISE}
        return evaluate(formula, Scope(self.values, absent))

    def line(
        self, name: str, title: str, formula: Expression, value: Value, step: Step | None = None
    ) -> Line:
        """A formula with its numbers and what came out."""
        unit, decimals = (step.unit, step.decimals) if step is not None else ("", None)
        numbers = names_replaced(formula, self.words)
        return Line(name, title, formula.text, numbers, value_words(value, decimals), unit, value)


def calculate(definition: Definition, given: Mapping[str, Given]) -> Outcome:
    """What the definition says of these values; inputs that are not given count as not known.

    Raises `InvalidParameterError` for an input that the definition does not have, a value of the wrong kind or unit, and
    a value that cannot be.
    """
    known = {one.name for one in definition.inputs}
    for name in given:
        if name not in known:
            raise InvalidParameterError(
                f"{definition.id} does not ask for {name[:60]!r}",
                hint=f"It asks for {', '.join(one.name for one in definition.inputs)}.",
            )
    _refuse_different_units(definition, given)
    sheet = _Sheet(list(definition.notes))
    for spec in definition.inputs:
        _put_input(sheet, spec, given.get(spec.name))
    return _apply(definition, sheet)


def _put_input(sheet: _Sheet, spec: Input, given: Given) -> None:
    """An input as it was given; as not known when it was not, or is not believed."""
    value = value_of(spec, given)
    if given is None:
        sheet.why[spec.name] = Why.ABSENT
        sheet.put(spec.name, value, f"{spec.name}?")
    elif not is_plausible(spec, value):
        sheet.why[spec.name] = Why.IMPLAUSIBLE
        usual = f"{interval_words(spec.plausible)} {spec.unit or ''}".strip()
        sheet.notes.append(
            f"{spec.title}: {value_words(value)} {spec.unit or ''} is not believed (usually {usual}); check the unit."
        )
        sheet.put(spec.name, value_of(spec, None), f"{spec.name}?")
    else:
        sheet.why[spec.name] = Why.IMPRECISE
        # An input in any unit is worked with in base units, which nobody wants to read.
        any_unit = spec.unit is None and isinstance(given, Quantity)
        sheet.put(spec.name, value, _quantity_words(given) if any_unit else "")


def _quantity_words(given: Given) -> str:
    return f"{interval_words(given.interval)} {given.unit}" if isinstance(given, Quantity) else ""


def _apply(definition: Definition, sheet: _Sheet) -> Outcome:
    reasons = []
    open_needs: Needs = NOTHING
    for guard in definition.guards:
        held = sheet.evaluate(guard.holds)
        sheet.lines.append(sheet.line("applies", "applies to this patient", guard.holds, held))
        if isinstance(held, Flag) and held.truth is Truth.FALSE:
            reasons.append(guard.otherwise)
        open_needs |= held.needs
    if reasons:
        return NotApplicable(definition, tuple(reasons), tuple(sheet.lines), tuple(sheet.notes))
    for step in definition.steps:
        sheet.put(step.name, _take(step, sheet))
    return _outcome(definition, sheet, open_needs)


def _outcome(definition: Definition, sheet: _Sheet, open_needs: Needs) -> Outcome:
    """An answer when nothing it depends on is missing; a number may be as inexact as the inputs were."""
    answer = sheet.values[definition.result]
    unit = parse_unit(definition.result_step.unit) if definition.result_step.unit else None
    lines, notes = tuple(sheet.lines), tuple(sheet.notes)
    needs = answer.needs | open_needs
    if is_open(answer) and not needs:
        raise TypeError(f"{definition.id}: not decided, and nothing says why")
    match answer:
        case Number(interval=interval):
            waits = {name for need in needs for name in need if sheet.why[name] is not Why.IMPRECISE}
            if not waits and not open_needs and _is_bounded(interval):
                return Calculated(definition, interval, unit, lines, notes)
            return Unknown(definition, _missing(definition, needs, sheet.why), interval, unit, lines, notes)
        case Level(options=options):
            if not needs:
                return Calculated(definition, options[0], unit, lines, notes)
            return Unknown(definition, _missing(definition, needs, sheet.why), options, unit, lines, notes)
        case Flag(truth=truth):
            if not needs:
                return Calculated(definition, truth is Truth.TRUE, unit, lines, notes)
            return Unknown(definition, _missing(definition, needs, sheet.why), None, unit, lines, notes)
        case _:
            raise TypeError(f"{definition.id}: the result is no answer")


def _is_bounded(interval: Interval) -> bool:
    return interval.lower != -INFINITY or interval.upper != INFINITY


def _missing(definition: Definition, needs: Needs, why: Mapping[str, Why]) -> tuple[Missing, ...]:
    """What is missing, in the order in which the definition asks for it."""
    order = {one.name: place for place, one in enumerate(definition.inputs)}
    found = []
    for need in sorted(needs, key=lambda need: sorted(order[name] for name in need)):
        inputs = tuple(one for one in definition.inputs if one.name in need)
        found.append(Missing(inputs, why[inputs[0].name]))
    return tuple(found)


def _take(step: Step, sheet: _Sheet) -> Value:
    """The value of one step, and its line in the trace."""
    if step.formula is not None:
        value = sheet.evaluate(step.formula)
        sheet.lines.append(sheet.line(step.name, step.title, step.formula, value, step))
        return value
    levels: list[Value] = []
    needs: Needs = NOTHING
    hows, numbers = [], []
    for case in step.cases:
        held: Value = Flag(Truth.TRUE) if case.when is None else sheet.evaluate(case.when)
        if not isinstance(held, Flag):
            raise TypeError(f"{step.name}: a case is decided by a yes or no")
        if held.truth is Truth.FALSE:
            continue
        levels.append(Level(case.levels, _unsaid(step, case)))
        how, number = _case_words(case, sheet, held)
        hows.append(how)
        numbers.append(number)
        needs |= held.needs
        if held.truth is Truth.TRUE:
            break
    value = joined(levels, needs)
    sheet.lines.append(
        Line(step.name, step.title, "; ".join(hows), "; ".join(numbers), value_words(value), step.unit, value)
    )
    return value


def _unsaid(step: Step, case: Case) -> Needs:
    """Where a definition names several levels for one case, a more exact input would be needed to say which."""
    if len(case.levels) == 1:
        return NOTHING
    names = {name for expression in step.expressions for name in expression.names}
    return frozenset({frozenset({name}) for name in names & set(read_inputs())})


def _case_words(case: Case, sheet: _Sheet, held: Flag) -> tuple[str, str]:
    levels = " or ".join(case.levels)
    if case.when is None:
        return f"{levels} otherwise", f"{levels} otherwise"
    numbers = names_replaced(case.when, sheet.words)
    return (
        f"{levels} if {case.when.text}",
        f"{levels} if {numbers}{'' if held.truth.is_decided else ' (not known)'}",
    )


def _refuse_different_units(definition: Definition, given: Mapping[str, Given]) -> None:
    quantities = [given.get(name) for name in definition.same_unit]
    units = [one.unit for one in quantities if isinstance(one, Quantity)]
    if len({unit.dimension for unit in units}) > 1:
        raise InvalidParameterError(
            f"{' and '.join(definition.same_unit)} must be in units of one kind, not "
            f"{' and '.join(unit.code for unit in units)}"
        )
