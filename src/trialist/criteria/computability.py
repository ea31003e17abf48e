"""Who can answer a criterion, and how sure its reading is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trialist.criteria.criterion import Computability, Defect
from trialist.criteria.nodes import (
    Alternatives,
    Attestation,
    Basis,
    Biomarker,
    Concept,
    Demographic,
    Exposure,
    Expr,
    Judgement,
    Opaque,
    Ordinal,
    Quantity,
    ReproState,
    Result,
    Trialwise,
    atoms,
    children,
)

# A severity is data where a published definition or a coded field says what it means.
_GRADED = frozenset(
    {
        "sos_hvod",
        "acute_gvhd",
        "chronic_gvhd",
        "gvhd",
        "aplastic_anemia",
        "scid",
        "hemophilia",
        "copd",
        "asthma",
    }
)
_SURE = {
    Demographic: 0.99,
    Quantity: 0.97,
    Ordinal: 0.96,
    ReproState: 0.97,
    Trialwise: 0.95,
    Attestation: 0.95,
    Judgement: 0.97,
    Result: 0.97,
    Biomarker: 0.9,
}
_VAGUE = frozenset({"comorbidity", "healthy", "organ_failure", "infection"})


def computability(expr: Expr, incomplete: bool) -> Computability:
    """What kind of answer an expression needs."""
    if incomplete:
        return Computability.INCOMPLETE
    found = list(atoms(expr))
    kinds = {type(one) for one in found}
    if len(kinds) == 1 and (alone := _ALONE.get(type(found[0]))) is not None:
        return alone
    if not kinds.isdisjoint(_ALONE) or any(map(_is_vague, found)) or _has_alternatives(expr):
        return Computability.PARTIAL
    return Computability.COMPUTABLE


_ALONE: Mapping[type, Computability] = {
    Opaque: Computability.OPAQUE,
    Attestation: Computability.ATTESTATION,
    Judgement: Computability.JUDGEMENT,
}
"""What these need by themselves; beside others they leave a part open."""


def _is_vague(atom: Expr) -> bool:
    """Whether data alone cannot settle an atom: a severity nobody defined, a cause, a word without a code or a kind."""
    if isinstance(atom, Concept):
        if atom.domain == "allergy":
            return False
        if atom.caused_by or atom.not_caused_by or atom.concept_id in _VAGUE:
            return True
        return bool(atom.severity) and atom.concept_id not in _GRADED
    if isinstance(atom, Exposure):
        return bool(atom.kind == "substance")
    if isinstance(atom, Result):
        return not atom.outcome
    if isinstance(atom, Demographic):
        return "comparator" in atom.assumed
    return isinstance(atom, Quantity) and (
        "comparator" in atom.assumed or not atom.variable or bool(atom.aggregate)
    )


def _has_alternatives(expr: Expr) -> bool:
    waiting = [expr]
    for one in waiting:
        if isinstance(one, Alternatives):
            return True
        waiting.extend(children(one))
    return False


# How often readings were right that somebody held against their texts (bench/criteria_verdicts_v6.tsv), beside those of one part without a time.
_TWO_PARTS, _MORE_PARTS, _TIMED, _OPEN = 0.96, 0.87, 0.94, 0.9


def confidence(expr: Expr, defects: Sequence[Defect], stated: bool) -> float:
    """How sure the reading is, from 0 to 1: the weakest atom, less for several parts, a time, and what had to be assumed or repaired."""
    found = list(atoms(expr))
    sure = min(map(_atom_confidence, found))
    if len(found) > 1:
        sure *= _TWO_PARTS if len(found) == 2 else _MORE_PARTS
    times = [getattr(one, "time", None) for one in found]
    if any(times):
        sure *= _TIMED
    if Opaque in map(type, found) and _has_alternatives(expr):
        sure *= _OPEN
    for defect in defects:
        sure *= max(0.5, defect.confidence)
    return round(sure * (1.0 if stated else 0.9), 3)


def _atom_confidence(atom: Expr) -> float:
    if isinstance(atom, Opaque):
        return 0.3
    if isinstance(atom, (Concept, Exposure)):  # a tuple: a union is made anew at every call
        return 0.97 if atom.concept_id else 0.95
    sure = 0.75 if isinstance(atom, Quantity) and not atom.variable else _SURE.get(type(atom), 0.9)
    assumed = getattr(atom, "assumed", ())
    if "comparator" in assumed:
        sure *= 0.7
    if "variable" in assumed or "scale" in assumed:
        sure *= 0.92
    if isinstance(atom, Quantity) and atom.basis is Basis.ABSOLUTE and "unit" in assumed:
        sure *= 0.96
    return sure
