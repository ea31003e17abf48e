"""What readers must know of the words: which variables, scales and concepts there are, and what a name stands for.

A `Terms` is made where the tables are known (`trialist.evaluation.terms.read_terms`) and given to every reader.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from trialist.patient.extents import ValueRange
from trialist.patient.facts import Certainty, FactKind, Subject
from trialist.vocabulary.units import Unit, can_convert, find_unit


@dataclass(frozen=True, slots=True)
class Variable:
    """Something that is measured.

    `unit` is the one meant when none is written ("" when a written one is needed), `units` those it may have (one of each
    dimension), `substance` that whose molar mass joins them ("" when none is known).
    """

    id: str
    name: str
    unit: str = ""
    units: tuple[str, ...] = ()
    substance: str = ""

    def takes(self, unit: Unit) -> bool:
        """Whether a value of the variable can have a unit."""
        return _takes(self.units, self.substance, unit)


@lru_cache(maxsize=4096)
def _takes(units: tuple[str, ...], substance: str, unit: Unit) -> bool:
    known = [one for one in (find_unit(code) for code in units) if one is not None]
    return not known or any(can_convert(unit, one, substance) for one in known)


@dataclass(frozen=True, slots=True)
class Scale:
    """An ordinal scale and its steps from first to last."""

    id: str
    name: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """What a name stands for: `id` when it is that very thing, `broader` when it is surely a kind of it; never both.

    `kind` is CONDITION, EXPOSURE, RESULT, MEASUREMENT, GRADE, BIOMARKER or STATE; `domain` as in `Fact`.
    """

    kind: FactKind
    id: str = ""
    broader: str = ""
    surface: str = ""
    domain: str = ""
    qualifiers: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    route: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    certainty: Certainty = Certainty.STATED
    subject: Subject = Subject.PATIENT
    is_history: bool = False
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class Mention:
    """Something found at characters `start` to `end` (exclusive) of a sentence.

    A thing has a `kind` (and an id, a broader one, or only its words) and what was read with it; a `cue` says something about
    the things around it: negation, positive, negative, history, current, planned, certainty, family, allergy, status,
    severity, route. `measure` names a variable without a value.
    """

    start: int
    end: int
    surface: str
    kind: FactKind | None = None
    cue: str = ""
    id: str = ""
    broader: str = ""
    domain: str = ""
    value: ValueRange | None = None
    unit: str = ""
    steps: tuple[str, ...] = ()
    outcome: str = ""
    qualifiers: tuple[str, ...] = ()


Tagger = Callable[[str], tuple[Mention, ...]]
"""What a sentence mentions, from left to right, without overlaps."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The tables as readers need them.

    `by_code`: (system, code) → kind and id, for code systems that are free. `read_name` says what a whole name (a code's
    display, what somebody typed) stands for: nothing when that is not sure, several for a combination of drugs.
    `genes`: a gene's symbol → the id of its marker. `flags` are the yes-or-no and `choices` the choices of calculators (id → what may be chosen).
    """

    variables: Mapping[str, Variable]
    scales: Mapping[str, Scale]
    by_code: Mapping[tuple[str, str], tuple[FactKind, str]]
    concepts: Mapping[str, tuple[FactKind, str]]
    read_name: Callable[[str], tuple[Named, ...]]
    genes: Mapping[str, str] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measured:
    """A value with its unit made sure of; `reason` ("" when sound) is a code of `UNRESOLVED_REASONS`, and `why` a sentence."""

    unit: str = ""
    reason: str = ""
    why: str = ""


def check_measure(variable: Variable, value: ValueRange, written: str) -> Measured:
    """The UCUM unit of a value of a variable, or why there is none.

    A unit that is not written is the variable's own where the table says that nobody uses another, else "": such a value
    is kept and shown, and never compared with one that has a unit.
    """
    if not written.strip():
        return Measured(unit=variable.unit)
    unit = find_unit(written)
    if unit is None:
        return Measured(reason="unknown-unit", why=f"{written[:40]!r} is no unit that is known")
    if not variable.takes(unit):
        return Measured(
            reason="impossible-value",
            why=f"{variable.name} cannot be in {written[:40]} (usual: {', '.join(variable.units)})",
        )
    if value.upper is not None and value.upper < 0 and variable.id not in _MAY_BE_NEGATIVE:
        return Measured(reason="impossible-value", why=f"{variable.name} cannot be {value}")
    return Measured(unit="1" if unit.code == "1" else unit.code)


_MAY_BE_NEGATIVE = frozenset({"t_score", "base_deficit", "temperature", "z_score"})
