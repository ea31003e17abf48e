"""Whether a number can be of a variable at all: by its unit, and by how large it is."""

from __future__ import annotations

from decimal import Decimal

from trialist.criteria.lexicon import variables
from trialist.criteria.nodes import (
    Basis,
)
from trialist.criteria.quantities import Bound

CONCENTRATIONS = frozenset(
    {
        "mass_concentration", "molar_concentration", "activity_concentration", "enzyme", "creatinine", "bilirubin", "glucose", "cholesterol",
        "triglycerides", "calcium", "magnesium", "phosphate", "testosterone", "uric_acid", "copies",
    }
)  # fmt: skip
_ALSO = {
    ("fraction", "volume"), ("clearance", "flow"), ("dose", "mass"), ("dose", "fraction"), ("dose", "dose"), ("mass_rate", "mass_concentration"),
    ("ratio", "mass_fraction"), ("ratio", "fraction"), ("length", "letters"), ("copies", "activity_concentration"), ("mass_rate", "mass"), ("copies", "cell_concentration"),
     ("fraction", "cell_concentration"), ("flow", "volume"), ("fraction", "mass_concentration"), ("ratio", "mass_concentration"),
    ("resistance", "resistance"), ("score", "fraction"), ("score", "length"),  ("count_rate", "count_rate"), ("absorbed_dose", "absorbed_dose"),
    ("length", "percentile"), ("mass", "percentile"), ("bmi", "percentile"), ("mass_concentration", "fraction"), ("activity_concentration", "fraction"),
    ("length", "fraction"), ("letters", "fraction"), ("letters", "score"), ("mass_fraction", "mass_fraction"), ("clearance", "fraction"), ("score", "z_score"),
    ("pressure", "percentile"), ("bmi", "z_score"), ("length", "z_score"), ("mass", "z_score"), ("mass", "fraction"), ("temperature", "temperature"), ("time", "fraction"), ("volume", "volume"),
}  # fmt: skip
_SHORT = frozenset({"ms", "s"})
# Cells that are also counted as a share of all.
_SHARES = frozenset({"eosinophils", "alc", "monocytes", "reticulocytes", "cd4", "anc"})


def fits(variable_id: str, bound: Bound) -> bool:
    """Whether a variable can have a bound's unit."""
    row = variables()[variable_id]
    own: str = row["dimension"]
    if bound.basis in {Basis.X_ULN, Basis.X_LLN}:
        return own in CONCENTRATIONS or (
            own in {"time", "ratio", "cell_concentration", "mass_rate", "fraction", "clearance"}
            and variable_id != "qtc"
        )
    if bound.unit is None:
        return _is_plausible(variable_id, bound)
    theirs = bound.unit.dimension
    if own == "cell_concentration" and theirs == "fraction":
        return variable_id in _SHARES
    if own == theirs == "time":
        return (row["unit"] in _SHORT) == (bound.unit.ucum in _SHORT) or bound.unit.ucum in {"min", "h"}
    if own == theirs or own == "" or (own in CONCENTRATIONS and theirs in CONCENTRATIONS):
        return True
    return (own, theirs) in _ALSO


def _is_plausible(variable_id: str, bound: Bound) -> bool:
    """Whether a number without a unit can be a threshold of a variable at all."""
    row = variables()[variable_id]
    values = [value for value in (bound.interval.lower, bound.interval.upper) if value is not None]
    wide = 1000 if row["dimension"] == "cell_concentration" or row["unit"] == "" else 3
    if row["dimension"] == "fraction" and values and all(0 < value <= 1 for value in values):
        return True  # a share written as such
    return all(
        Decimal(str(row["low"])) / wide <= abs(value) <= Decimal(str(row["high"])) * wide or value == 0
        for value in values
    )
