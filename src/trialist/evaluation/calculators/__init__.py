"""Clinical formulas, scores, grades and definitions, each published, cited, and held in a table that a clinician can review.

`find_definition` finds one, `calculate` applies it to typed values, and the answer is `Calculated`, `Unknown` (with what is
missing and what it can still be) or `NotApplicable`. A `Family` is a question with several published answers. Every number
and condition stands in `tables/*.toml`; `expression` says what their formulas may use.
"""

from trialist.evaluation.calculators.calculate import calculate
from trialist.evaluation.calculators.definitions import (
    find_definition,
    read_definitions,
    read_families,
    read_inputs,
    read_scales,
)
from trialist.evaluation.calculators.families import (
    Decision,
    FamilyOutcome,
    ask_family,
    decide_flag,
    decide_level,
    decide_number,
    family_definitions,
    family_inputs,
)
from trialist.evaluation.calculators.given import DayValues, Given, Quantity, parse_given, parse_quantity
from trialist.evaluation.calculators.intervals import Interval
from trialist.evaluation.calculators.nodes import (
    Calculated,
    Definition,
    Family,
    Input,
    InputKind,
    Line,
    Missing,
    NotApplicable,
    Outcome,
    Scale,
    Unknown,
    Why,
)
from trialist.evaluation.calculators.render import answer_words, outcome_json, render_outcome

__all__ = [
    "Calculated",
    "DayValues",
    "Decision",
    "Definition",
    "Family",
    "FamilyOutcome",
    "Given",
    "Input",
    "InputKind",
    "Interval",
    "Line",
    "Missing",
    "NotApplicable",
    "Outcome",
    "Quantity",
    "Scale",
    "Unknown",
    "Why",
    "answer_words",
    "ask_family",
    "calculate",
    "decide_flag",
    "decide_level",
    "decide_number",
    "family_definitions",
    "family_inputs",
    "find_definition",
    "outcome_json",
    "parse_given",
    "parse_quantity",
    "read_definitions",
    "read_families",
    "read_inputs",
    "read_scales",
    "render_outcome",
]
