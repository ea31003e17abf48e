"""What a calculator is, and what it answers: frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trialist.evaluation.calculators.expression import Expression
from trialist.evaluation.calculators.intervals import EVERYTHING, Interval
from trialist.evaluation.calculators.values import Value
from trialist.vocabulary.units import Unit


class InputKind(StrEnum):
    """The kinds of inputs: `series` are values by day, `days` only days, counted from the transplantation."""

    NUMBER = "number"
    CHOICE = "choice"
    FLAG = "flag"
    SERIES = "series"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Input:
    """What a calculator may ask for.

    `unit` is the one that formulas use; None for an input in any unit. `domain` are the values there can be (others are
    refused), `plausible` those that are believed (others are shown and not used). `is_bare`: may be written without unit.
    """

    name: str
    title: str
    kind: InputKind
    unit: Unit | None = None
    substance: str = ""
    domain: Interval = EVERYTHING
    plausible: Interval = EVERYTHING
    choices: tuple[str, ...] = ()
    is_bare: bool = False

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or not self.title:
            raise ValueError(f"an input needs a name and a title: {self.name!r}")
        if (self.kind is InputKind.CHOICE) != bool(self.choices):
            raise ValueError(f"{self.name}: a choice has choices, nothing else has")
        if not self.domain.holds(self.plausible):
            raise ValueError(f"{self.name}: what is plausible is possible")


@dataclass(frozen=True, slots=True)
class Case:
    """One line of a step that is decided by the first condition that holds; without a condition it is the rest.

    Several `levels` mean that the definition itself does not say which of them.
    """

    levels: tuple[str, ...]
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One value on the way: a formula, or the first of several cases that holds."""

    name: str
    title: str
    unit: str = ""
    decimals: int | None = None
    formula: Expression | None = None
    cases: tuple[Case, ...] = ()

    def __post_init__(self) -> None:
        if (self.formula is None) == (not self.cases):
            raise ValueError(f"{self.name}: a step has a formula or cases")
        if self.cases and (
            self.cases[-1].when is not None or any(case.when is None for case in self.cases[:-1])
        ):
            raise ValueError(f"{self.name}: the last case, and no other, stands without a condition")

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Its formula, or the conditions of its cases."""
        if self.formula is not None:
            return (self.formula,)
        return tuple(case.when for case in self.cases if case.when is not None)


@dataclass(frozen=True, slots=True)
class Guard:
    """For whom a calculator is meant: `otherwise` says so to those for whom it is not."""

    holds: Expression
    otherwise: str


@dataclass(frozen=True, slots=True)
class Definition:
    """One published formula, score, grade or definition, as its file says it.

    `id` is a name and a version; `families` the questions it is one answer to. `source` is the citation, `checked` says
    what stands behind each number, `notes` what was decided or assumed and holds for every answer.
    """

    id: str
    title: str
    source: str
    checked: str
    result: str
    inputs: tuple[Input, ...]
    steps: tuple[Step, ...]
    guards: tuple[Guard, ...] = ()
    families: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    same_unit: tuple[str, ...] = ()

    @property
    def result_step(self) -> Step:
        """The step that is the answer."""
        return next(step for step in self.steps if step.name == self.result)


@dataclass(frozen=True, slots=True)
class Family:
    """A question with several published answers, for when nobody says which one is meant.

    `prefer` are asked first, and the first that answers counts alone; otherwise all `members` that apply must agree.
    With `known_only` those that miss something are passed over as soon as another one has an answer.
    """

    name: str
    title: str
    members: tuple[str, ...]
    prefer: tuple[str, ...] = ()
    known_only: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Scale:
    """An ordinal scale: its levels from the best to the worst, each with what it means; `age` for whom it is meant."""

    name: str
    title: str
    levels: tuple[tuple[str, str], ...]
    source: str
    checked: str
    age: str = ""

    def __post_init__(self) -> None:
        names = [level for level, _ in self.levels]
        if len(set(names)) != len(names) or len(names) < 2:
            raise ValueError(f"{self.name}: a scale has several levels, each once")


class Why(StrEnum):
    """Why an input is missing."""

    ABSENT = "not given"
    IMPRECISE = "not exact enough"
    IMPLAUSIBLE = "implausible"


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that has to be known before there is an answer; any one of `inputs` would do."""

    inputs: tuple[Input, ...]
    why: Why

    @property
    def words(self) -> str:
        """For people: "serum creatinine (mg/dL): not given"."""
        parts = [one.title + (f" ({one.unit})" if one.unit and str(one.unit) else "") for one in self.inputs]
        is_series = all(one.kind is InputKind.SERIES for one in self.inputs)
        why = "more days are needed" if is_series and self.why is Why.IMPRECISE else str(self.why)
        return f"{' or '.join(parts)}: {why}"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a trace: what was worked out, how, with which numbers, and what came out (in words and as a value)."""

    name: str
    title: str
    how: str
    with_numbers: str
    result: str
    unit: str
    value: Value


@dataclass(frozen=True, slots=True)
class Calculated:
    """An answer: a number as an interval (a point, unless an input was not exact), a level, or yes and no."""

    definition: Definition
    value: Interval | str | bool
    unit: Unit | None
    trace: tuple[Line, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer yet: what is missing, and what the answer can still be (None where anything can)."""

    definition: Definition
    missing: tuple[Missing, ...]
    possible: Interval | tuple[str, ...] | None
    unit: Unit | None
    trace: tuple[Line, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.missing:
            raise ValueError("what is unknown is missing something")


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The calculator is not meant for this patient, and why."""

    definition: Definition
    reasons: tuple[str, ...]
    trace: tuple[Line, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.reasons:
            raise ValueError("what does not apply has a reason")


Outcome = Calculated | Unknown | NotApplicable
