"""What speaks against ages, numbers, stages and times that were read: limits of others, or of something else."""

from __future__ import annotations

import re

from trialist.criteria.clause import Clause
from trialist.criteria.lexicon import variables
from trialist.criteria.nodes import (
    And,
    Attestation,
    Basis,
    Concept,
    Count,
    Demographic,
    Exposure,
    Not,
    Opaque,
    Or,
    Ordinal,
    Quantity,
    ReproState,
    Result,
    Trialwise,
    atoms,
)
from trialist.criteria.questions import Things

Dated = Quantity | Ordinal | Concept | Exposure | Result | ReproState | Trialwise | Count | Opaque
"""The kinds of parts that can have a time."""

_OF_THEN = frozenset(
    {"diagnosis", "diagnosed", "onset", "transplant", "transplantation", "menopause", "injury"}
)

_AT_A_LATER_VISIT = re.compile(r"\bvisit (?:[2-9]|1[0-9])\b", re.IGNORECASE)

_AT_A_VACCINATION = re.compile(
    r"\b(?:time|day|date|at) (?:of )?(?:the )?(?:first |1st |initial |study |dose of |administration of )*(?:vaccination|immuni[sz]ation|vaccine)",
    re.IGNORECASE,
)


def is_odd_age(clause: Clause, age: Demographic) -> bool:
    """Whether an age that stands alone may be that of another time: of the diagnosis, of a later visit, of a vaccination."""
    if age.kind != "age":
        return False
    said = clause.said(0, len(clause.tokens))
    return (
        any(token.text in _OF_THEN for token in clause.tokens)
        or _AT_A_LATER_VISIT.search(said) is not None
        or _AT_A_VACCINATION.search(said) is not None
    )


def chooses_an_age(clause: Clause, node: Or, excludes: bool) -> bool:
    """`healthy male and/or female subjects aged 18 to 55`: nobody is asked for an age instead of something else."""
    if excludes:
        return False
    ages = [isinstance(one, Demographic) and one.kind == "age" for one in node.of]
    return any(ages) and not all(ages)


def is_of_each_sex(clause: Clause, node: And | Or, excludes: bool) -> bool:
    """`< 110 g/L (male) and < 100 g/L (female)`: thresholds of which the sexes were lost."""
    limits = [one for one in node.of if isinstance(one, Quantity)]
    pairs = {(one.variable, one.basis) for one in limits}
    if len(limits) < 2 or len(pairs) == len(limits) or not clause.names_a_sex():
        return False
    return not any(isinstance(one, Demographic) and one.kind == "sex" for one in atoms(node))


def limits_the_looser(clause: Clause, node: And, excludes: bool) -> bool:
    """Two thresholds of one measure, one of them multiplied otherwise, that are asked of the same people at once."""
    if excludes:
        return False
    limits = [one for one in node.of if isinstance(one, Quantity) and not one.time]
    for at, one in enumerate(limits):
        for other in limits[at + 1 :]:
            same = one.variable == other.variable and one.variable and one.basis is other.basis
            if same and one.basis is not Basis.ABSOLUTE and one.interval != other.interval:
                return True
    return False


def names_its_limit(clause: Clause, node: And | Or, excludes: bool) -> bool:
    """`elevated liver enzymes (ALT or AST > 3 x ULN)`: how high says the limit, and not any height."""
    if "(" not in clause.words:
        return False
    limits = [one for one in atoms(node) if isinstance(one, Quantity)]
    return any("limit" in one.assumed for one in limits) and not all("limit" in one.assumed for one in limits)


def denies_a_limit(clause: Clause, node: Not, excludes: bool) -> bool:
    """`No organ dysfunction: ejection fraction > 45 %`: what says what is meant, or begins anew, below a negation."""
    found = list(atoms(node.of))
    if isinstance(node.of, And) and any(isinstance(one, Attestation) for one in node.of.of):
        return True
    if excludes and isinstance(node.of, (Trialwise, Attestation)):
        return True
    mixed = any(isinstance(one, Quantity) for one in found) and any(isinstance(one, Things) for one in found)
    ahead = any(
        (window := getattr(one, "time", None)) is not None
        and window.length is not None
        and window.length.upper is None
        for one in found
    )
    return (mixed and isinstance(node.of, And)) or ahead


def is_a_stage_of_nothing(clause: Clause, node: Or, excludes: bool) -> bool:
    """`stage III, IV or recurrent lymphoma`: the stages are of the lymphoma as well."""
    return any(isinstance(one, Ordinal) and one.scale == "cancer_stage" for one in node.of) and any(
        isinstance(one, Concept) for one in node.of
    )


def has_a_scale_beside(clause: Clause, node: And, excludes: bool) -> bool:
    """`severe COPD stage III or CKD (eGFR < 30)`: a stage of kidneys or cancers beside a disease of something else."""
    scales = {one.scale for one in node.of if isinstance(one, Ordinal) and "scale" in one.assumed}
    return "ckd_stage" in scales and not any(
        isinstance(one, Concept) and ("kidney" in one.concept_id or "renal" in one.concept_id or "ckd" in one.concept_id)
        for one in node.of
    )  # fmt: skip


_AGES = 18  # years; no result is that old


def counts_in_time(clause: Clause, node: Dated, excludes: bool) -> bool:
    """`alcohol within 6 months`, `40-49 years: BNP …`: a time as the value of what is no time, an age as a time."""
    window = getattr(node, "time", None)
    length = None if window is None else window.length
    if window is not None and length is not None and window.unit == "a":
        return bool((length.lower or length.upper or 0) >= _AGES)
    if not isinstance(node, Quantity) or node.unit not in {"h", "d", "wk", "mo", "a"} or not node.variable:
        return False
    return bool(variables()[node.variable]["dimension"] != "time")


def counts_from_an_event(clause: Clause, node: Or, excludes: bool) -> bool:
    """`within 12 months of active treatment with any chemotherapy, radiation or …`: one time for a list that goes on."""
    windows = [getattr(one, "time", None) for one in node.of]
    return any(
        window is not None and window.anchor == "event" and window.length is not None for window in windows
    ) and any(window is None for window in windows)
