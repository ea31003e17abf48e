"""What criteria can be asked about: a variable in one unit, an age, a scale, or a thing that a person has or has not.

A subject's values are numbers: a variable's in its canonical unit, an age's in days, a step's place on its scale, and 1 or
0 for having a thing or not. So one kind of interval serves all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

from trialist.criteria.lexicon import read_rules, scales, tables, variables
from trialist.criteria.nodes import (
    Atom,
    Basis,
    Biomarker,
    Concept,
    Demographic,
    Exposure,
    Interval,
    Ordinal,
    Quantity,
    ReproState,
    Result,
    Trialwise,
)
from trialist.criteria.quick import quick
from trialist.record.ages import Age, AgeUnit
from trialist.vocabulary.text import read_table
from trialist.vocabulary.units import Unit, can_convert, convert_exactly, find_unit, read_substances

AGE = "age"
HAS, HAS_NOT = Fraction(1), Fraction(0)
_AGE_UNITS = {
    "a": AgeUnit.YEAR,
    "mo": AgeUnit.MONTH,
    "wk": AgeUnit.WEEK,
    "d": AgeUnit.DAY,
    "h": AgeUnit.HOUR,
    "min": AgeUnit.MINUTE,
}
_ONE_UNIT = frozenset({"%", "1", "{score}", "kg/m2", "mm[Hg]", "ms"})
"""Units beside which no other is in use, so that one that was left out is not in doubt."""
STATES = (
    "pregnant",
    "lactating",
    "child_bearing_potential",
    "postmenopausal",
    "sterile",
    "planning_pregnancy",
)
TRIALS = ("other_trial", "this_trial", "investigational_product")
OUTCOMES = {"positive": HAS, "negative": HAS_NOT}
THING_KINDS = ("condition", "drug", "procedure", "serology", "marker")


@quick
@dataclass(frozen=True, slots=True)
class Stretch:
    """Values of a subject from `lower` to `upper`; a bound that is None is open."""

    lower: Fraction | None = None
    upper: Fraction | None = None
    lower_inclusive: bool = True
    upper_inclusive: bool = True

    def __post_init__(self) -> None:
        if self.lower is self.upper and self.lower_inclusive and self.upper_inclusive:
            return  # one value, or all: most are, and comparing fractions takes long
        if self.lower is not None and self.upper is not None:
            is_point = self.lower == self.upper and self.lower_inclusive and self.upper_inclusive
            if self.lower >= self.upper and not is_point:
                raise ValueError("a stretch is not empty")

    def holds(self, value: Fraction) -> bool:
        """Whether a value lies in it."""
        if self.lower is not None and (
            value < self.lower or (value == self.lower and not self.lower_inclusive)
        ):
            return False
        return not (
            self.upper is not None
            and (value > self.upper or (value == self.upper and not self.upper_inclusive))
        )


@cache
def kind_of(subject_id: str) -> str:
    """The table that an id stands in: variable, scale, condition, drug, procedure, serology, marker; also age, state, trial."""
    if subject_id == AGE:
        return AGE
    if subject_id in STATES:
        return "state"
    if subject_id in TRIALS:
        return "trial"
    return next((kind for kind, rows in tables().items() if subject_id in rows), "")


def is_measured(subject_id: str) -> bool:
    """Whether a subject has values beyond having it or not."""
    return kind_of(subject_id) in ("variable", "scale", AGE)


def _thing_id(atom: Any) -> str:
    found: str = atom.concept_id or atom.broader
    return found


def _condition_id(atom: Concept) -> str:
    return "" if atom.subject or atom.domain != "condition" else _thing_id(atom)


_IDS: Mapping[type, Callable[[Any], str]] = {
    Quantity: lambda atom: atom.variable,
    Demographic: lambda atom: AGE if atom.kind == AGE else "",
    Ordinal: lambda atom: atom.scale,
    Concept: _condition_id,
    Exposure: _thing_id,
    Result: lambda atom: atom.test,
    Biomarker: lambda atom: atom.gene,
    ReproState: lambda atom: atom.state,
    Trialwise: lambda atom: atom.kind if atom.kind in TRIALS else "",
}


def id_of(atom: Atom) -> str:
    """The id of what an atom is about; "" for what cannot be asked about."""
    # Asked of every atom for every value: a table by type takes a third of the time of matching.
    read = _IDS.get(type(atom))
    return "" if read is None else read(atom)


def key_of(atom: Atom) -> str:
    """The subject that an atom's values belong to: its id, with what its numbers are measured in where that is not usual.

    "" for an atom without such values. Two atoms of one id and different keys cannot be compared.
    """
    read = _IDS.get(type(atom))
    found = "" if read is None else read(atom)
    if isinstance(atom, Quantity) and found:
        group = group_of(found, atom.basis, atom.unit)
        return "" if group is None else f"{found}@{group}" if group else found
    return found


@lru_cache(maxsize=4096)
def group_of(variable: str, basis: Basis, unit: str) -> str | None:
    """What a variable's numbers are measured in: "" for its canonical unit, None for what cannot be compared at all."""
    if basis in (Basis.X_ULN, Basis.X_LLN, Basis.X_BASELINE, Basis.Z_SCORE, Basis.PERCENTILE):
        return str(basis)
    if basis is Basis.PERCENT_PREDICTED:
        return str(basis)
    found = find_unit(unit) if unit else None
    if found is None or basis is not Basis.ABSOLUTE:
        return None
    usual = canonical_unit(variable)
    if usual is not None and can_convert(found, usual, substance_of(variable)):
        return ""
    return _base(found)


def _base(unit: Unit) -> str:
    """The name of a unit's dimension, for variables that are measured in more than one."""
    return ".".join(f"{name}{power}" for name, power in unit.dimension) or "1"


@cache
def canonical_unit(variable: str) -> Unit | None:
    """The unit in which a variable's values are kept: that of the table, else the usual one of its substance or dimension."""
    row = variables().get(variable, {})
    if row.get("unit"):
        return find_unit(row["unit"])
    substance = read_substances().get(substance_of(variable))
    if substance is not None:
        return substance.mass
    for unit in read_table("written_units.toml")["unit"].values():
        if row and unit["dimension"] == row["dimension"] and unit["factor"] == "1":
            return find_unit(unit["ucum"])
    return None


@cache
def substance_of(variable: str) -> str:
    """The substance of `molar.toml` that a variable measures; "" for none."""
    named: str = read_rules("kin.toml")["substance"].get(variable, variable)
    return named if named in read_substances() else ""


def canonical(variable: str, basis: Basis, unit: str, value: Decimal) -> Fraction | None:
    """A number as a value of its subject; None for what cannot be compared."""
    if basis is not Basis.ABSOLUTE:
        return Fraction(value)
    found = find_unit(unit) if unit else None
    if found is None:
        return None
    usual = canonical_unit(variable)
    if usual is not None and can_convert(found, usual, substance_of(variable)):
        return convert_exactly(Fraction(value), found, usual, substance_of(variable))
    return Fraction(value) * found.scale + found.offset


def days(value: Decimal, unit: str) -> Fraction | None:
    """An age in days; None for a unit that is none of time."""
    found = _AGE_UNITS.get(unit)
    return None if found is None else Fraction(value) * Age(1, found).days


@cache
def places(scale: str) -> dict[str, int]:
    """Step → place on a scale."""
    return {step: place for place, step in enumerate(scales()[scale]["steps"])}


def stretch_of(atom: Atom) -> Stretch | None:
    """The values of its subject with which a quantity or an age is true; None where they cannot be compared."""
    interval: Interval | None = None
    if isinstance(atom, Quantity):
        if atom.aggregate or {"comparator", "variable"} & set(atom.assumed):
            return None
        if "unit" in atom.assumed and atom.basis is Basis.ABSOLUTE and atom.unit not in _ONE_UNIT:
            return None
        interval = atom.interval
        ends = [
            None if end is None else canonical(atom.variable, atom.basis, atom.unit, end)
            for end in (interval.lower, interval.upper)
        ]
    elif isinstance(atom, Demographic) and atom.kind == AGE and atom.interval is not None:
        if "comparator" in atom.assumed:
            return None
        interval = atom.interval
        ends = [None if end is None else days(end, atom.unit) for end in (interval.lower, interval.upper)]
    if interval is None:
        return None
    for end, own in zip(ends, (interval.lower, interval.upper), strict=True):
        if (end is None) != (own is None):
            return None
    return Stretch(ends[0], ends[1], interval.lower_inclusive, interval.upper_inclusive)
